"""Turning what a rule asks for into proposals: all that budgets can do to money."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adtempo.budgets.decide import Choice
from adtempo.budgets.rules.base import Amounts, Rule
from adtempo.domain.budgets import Evaluation
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.policies import Policy
from adtempo.domain.proposals import BudgetAction, Proposal

POLICY_KEY = "budgets"
"""All budget rules are one policy: a campaign gets at most one change of them in a window, whichever rule asks."""


def policy_of(rule: Rule, amounts: Amounts, version: int | None) -> Policy:
    """Return the limits that a rule puts on changes."""
    return Policy(
        key=POLICY_KEY,
        title=f"{rule.rule_name} v{version}" if version is not None else rule.rule_name,
        budget_daily_min_micros=amounts.min_daily_budget,
        budget_daily_max_micros=amounts.max_daily_budget,
        account_daily_max_micros=amounts.max_daily_spend_limit,
        day_change_max=rule.max_change_per_day,
        cooldown_hours=rule.cooldown_hours,
        changes_per_day_max=rule.max_changes_per_day,
        approval_above_micros=amounts.require_approval_threshold,
        auto_approve_up_to_micros=amounts.auto_approve_up_to,
        impressions_min=rule.min_impressions,
        quiet_hours=rule.quiet_hours,
    )


def proposal_of(
    evaluation: Evaluation,
    choice: Choice,
    place: int,
    *,
    window: datetime,
    doubt: str = "",
    run: str = "",
    evaluation_id: int | None = None,
) -> Proposal:
    """Return the change that an evaluation asks for.

    Args:
        evaluation: One that asks for something.
        choice: The choice that it is of.
        place: Its place there.
        window: Start of its window, aware.
        doubt: Why the expectation is not trusted at present; empty = it is.
        run: Which run made it.
        evaluation_id: Its number where it is kept.
    """
    assert evaluation.old_budget_micros is not None, "nothing is asked for where no budget is known"
    prior = CampaignState(evaluation.old_budget_micros, Status.ACTIVE)
    stops = evaluation.action is BudgetAction.PAUSE
    target = CampaignState(int(choice.target_micros[place]), Status.PAUSED if stops else Status.ACTIVE)
    return Proposal(
        campaign=evaluation.campaign,
        action=evaluation.action,
        prior=prior,
        target=target,
        currency=evaluation.currency,
        policy=policy_of(choice.rule, choice.amounts, evaluation.rule_version),
        window=window,
        reason=evaluation.reason,
        as_of=evaluation.at,
        batch=evaluation.batch,
        evidence=evidence_of(evaluation),
        impressions=int(choice.impressions[place]),
        doubt=doubt,
        evaluation_id=evaluation_id,
        run=run,
    )


def evidence_of(evaluation: Evaluation) -> dict[str, Any]:
    """Return what a decision rests on, as whoever approves it is shown."""
    return {
        "rule": evaluation.rule_name,
        "basis": evaluation.basis.value,
        "window": evaluation.window,
        "metrics": dict(evaluation.metrics),
        "expected": dict(evaluation.expected),
        "on_reported": evaluation.on_reported.value,
        "would_change": evaluation.would_change,
        "conditions": [
            {
                "action": judged.action.value,
                "condition": judged.condition,
                "truth": judged.truth.value,
                "probability": judged.probability,
            }
            for judged in evaluation.judgements
        ],
    }
