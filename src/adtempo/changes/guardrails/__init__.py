"""What can stop a proposal: one question per file, each a pure function of a proposal and a situation.

Each answers with a verdict: pass, warn, ask a person, or veto, with a reason and advice. The strictest one decides, so
one more guardrail can only make things stricter and their order cannot matter. A guardrail never looks anything up.
"""

from __future__ import annotations

from collections.abc import Callable

from adtempo.changes.guardrails.account_cap import check_account_cap
from adtempo.changes.guardrails.budget_owner import check_budget_owner
from adtempo.changes.guardrails.cooldown import check_cooldown
from adtempo.changes.guardrails.daily_changes import check_daily_changes
from adtempo.changes.guardrails.doubted_model import check_doubted_model
from adtempo.changes.guardrails.enough_evidence import check_enough_evidence
from adtempo.changes.guardrails.external_edit import check_external_edit
from adtempo.changes.guardrails.fresh_facts import check_fresh_facts
from adtempo.changes.guardrails.halt import check_halt
from adtempo.changes.guardrails.large_change import check_large_change
from adtempo.changes.guardrails.learning_phase import check_learning_phase
from adtempo.changes.guardrails.open_change import check_open_change
from adtempo.changes.guardrails.payable import check_payable
from adtempo.changes.guardrails.platform_quota import check_platform_quota
from adtempo.changes.guardrails.quiet_hours import check_quiet_hours
from adtempo.changes.guardrails.top_spender import check_top_spender
from adtempo.changes.situation import Situation
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Verdict

GUARDRAILS: tuple[Callable[[Proposal, Situation], Verdict], ...] = (
    check_account_cap,
    check_budget_owner,
    check_cooldown,
    check_daily_changes,
    check_doubted_model,
    check_enough_evidence,
    check_external_edit,
    check_fresh_facts,
    check_halt,
    check_large_change,
    check_learning_phase,
    check_open_change,
    check_payable,
    check_platform_quota,
    check_quiet_hours,
    check_top_spender,
)
"""Every guardrail, asked when a change is proposed and again just before it is sent."""

WITH_THE_CLOCK = (check_fresh_facts, check_quiet_hours)
"""Those whose answer changes by itself as time goes by, where nothing was sent that grows older."""


def check_all(proposal: Proposal, situation: Situation) -> tuple[Verdict, ...]:
    """Return what every guardrail says."""
    return tuple(check(proposal, situation) for check in GUARDRAILS)
