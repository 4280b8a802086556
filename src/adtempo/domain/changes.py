"""A change of a campaign on its way from proposal to outcome, as the table `scaling_actions` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState
from adtempo.domain.proposals import BudgetAction
from adtempo.domain.verdicts import Verdict


class State(StrEnum):
    """Where a change stands."""

    PROPOSED = "proposed"  # a suggestion: the account is not armed
    BLOCKED = "blocked"  # a guardrail vetoed it
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"  # by a person, or within what needs none
    SENDING = "sending"
    UNKNOWN = "unknown"  # no definite answer; the campaign is frozen until it is read back
    APPLIED = "applied"
    REFUSED = "refused"  # by the platform
    NOT_APPLIED = "not_applied"  # read back: the platform never took it
    EXTERNAL = "external"  # somebody else changed the campaign meanwhile
    REJECTED = "rejected"  # by a person
    CANCELLED = "cancelled"  # a guardrail vetoed it just before it was sent
    EXPIRED = "expired"
    REVERTED = "reverted"  # applied, and taken back later


STEPS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PROPOSED: frozenset({State.REJECTED, State.EXPIRED}),
        State.BLOCKED: frozenset(),
        State.AWAITING_APPROVAL: frozenset({State.APPROVED, State.REJECTED, State.EXPIRED, State.CANCELLED}),
        State.APPROVED: frozenset(
            {
                State.SENDING,
                State.APPLIED,  # the platform holds the target already: no call
                State.EXTERNAL,
                State.CANCELLED,
                State.EXPIRED,
            }
        ),
        State.SENDING: frozenset({State.APPLIED, State.REFUSED, State.UNKNOWN}),
        State.UNKNOWN: frozenset({State.APPLIED, State.NOT_APPLIED, State.EXTERNAL}),
        State.APPLIED: frozenset({State.REVERTED}),
        State.REFUSED: frozenset(),
        State.NOT_APPLIED: frozenset(),
        State.EXTERNAL: frozenset(),
        State.REJECTED: frozenset(),
        State.CANCELLED: frozenset(),
        State.EXPIRED: frozenset(),
        State.REVERTED: frozenset(),
    }
)
"""From each state, those that may follow; what is not here never happens."""

OPEN = frozenset({State.AWAITING_APPROVAL, State.APPROVED, State.SENDING, State.UNKNOWN})
"""States of a change that may still reach the platform: at most one such change per campaign."""

ENDED_IN_VAIN = frozenset(
    {
        State.BLOCKED,
        State.REFUSED,
        State.NOT_APPLIED,
        State.EXTERNAL,
        State.REJECTED,
        State.CANCELLED,
        State.EXPIRED,
    }
)
"""States of a change that never took hold."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who let a change pass, and exactly what they were shown.

    Attributes:
        by: A person's name; `policy` where the policy asks nobody.
        at: When, aware.
        digest: Of what was shown.
    """

    by: str
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change, with all that is known of it.

    Attributes:
        id: Its number.
        campaign: Which campaign.
        action: What sort of change.
        prior: What the campaign must hold before.
        target: What it shall hold.
        asked_budget_micros: The budget that was proposed, before limits pulled it towards the present one.
        currency: Of all amounts.
        policy_key: The policy it was made under.
        policy_title: What people call it.
        policy: The policy's fields as they were, JSON values.
        window: The evaluation window it comes from.
        state: Where it stands.
        reason: Why, one sentence.
        evidence: What it was decided on, JSON values.
        verdicts: What the guardrails said.
        limits: What the limits did, one sentence each.
        digest: Of what is shown to whoever approves.
        actor: Who proposed it.
        as_of: What was known at this moment.
        batch: The ledger's newest batch then.
        created_at: When it was recorded.
        expires_at: Until when it may be approved and sent.
        account_after_micros: All daily budgets of the account with this change and rises in flight.
        approval: Who let it pass; None until then.
        writer: Where it was sent: a platform, the sandbox, or paper; None until then.
        sends: How often it was sent: 0 or 1.
        sent_at: When.
        resolve_after: An unknown outcome is read back from here on.
        finished_at: When its outcome was known.
        answer: What the platform said, or why it ended as it did.
        impressions: How many the figures rest on; None where a person decided.
        doubt: Why the model's automation was not trusted; empty = it was.
        evaluation_id: The evaluation behind it, where one is stored.
        run: The run that made it.
        reverts: The change that it takes back.
    """

    id: int
    campaign: CampaignRef
    action: BudgetAction
    prior: CampaignState
    target: CampaignState
    asked_budget_micros: int
    currency: str
    policy_key: str
    policy_title: str
    policy: Mapping[str, Any]
    window: datetime
    state: State
    reason: str
    evidence: Mapping[str, Any]
    verdicts: tuple[Verdict, ...]
    limits: tuple[str, ...]
    digest: str
    actor: str
    as_of: datetime
    batch: int
    created_at: datetime
    expires_at: datetime
    account_after_micros: int
    approval: Approval | None = None
    writer: str | None = None
    sends: int = 0
    sent_at: datetime | None = None
    resolve_after: datetime | None = None
    finished_at: datetime | None = None
    answer: str = ""
    impressions: int | None = None
    doubt: str = ""
    evaluation_id: int | None = None
    run: str = ""
    reverts: int | None = None

    @property
    def reserved_micros(self) -> int:
        """What it takes of the account's head-room while it is on its way: a cut frees nothing before it is applied."""
        return max(self.prior.rise_to(self.target), 0)
