"""Holding rules against campaigns: what they say, and what they would lead to, without doing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from adtempo.budgets.decide import Choice, recommend_choice
from adtempo.budgets.load import Scene
from adtempo.budgets.proposals import proposal_of
from adtempo.budgets.reasons import Explainer
from adtempo.changes.propose import preview_changes
from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.budgets import Basis, Evaluation
from adtempo.domain.changes import Change
from adtempo.domain.errors import AdtempoError
from adtempo.domain.verdicts import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from adtempo.workspace import Workspace

Doubts = Mapping[AccountRef, str]
"""Accounts whose expected figures are not trusted at present, and why."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One evaluation, and where it stands in the choice of its rule."""

    evaluation: Evaluation
    choice: Choice
    place: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Campaigns that could not be evaluated, and why; the others were.

    Attributes:
        rule_name: The rule that could not be held against them.
        campaigns: Which campaigns.
        message: Why, and what to do about it.
    """

    rule_name: str
    campaigns: tuple[CampaignRef, ...]
    message: str


def window_of(at: datetime) -> datetime:
    """Return the start of the window that a moment belongs to: its hour."""
    return at.replace(minute=0, second=0, microsecond=0)


def evaluate_scene(scene: Scene) -> tuple[list[Asked], list[Failure]]:
    """Hold every rule against its campaigns; a rule that cannot be is reported, and stops no other."""
    asked: list[Asked] = []
    failures = []
    for one in scene.assignments:
        try:
            choice = recommend_choice(one.rule, scene.standing, one.where)
            said = Explainer(choice, scene.standing, one.origin).evaluations()
        except AdtempoError as problem:
            campaigns = tuple(scene.standing.campaigns[place].ref for place in one.where)
            failures.append(Failure(one.rule.rule_name, campaigns, problem.message))
            continue
        asked += [Asked(evaluation, choice, place) for place, evaluation in enumerate(said)]
    return asked, failures


def preview_all(workspace: Workspace, asked: Sequence[Asked], doubts: Doubts, *, actor: str) -> list[Evaluation]:
    """Return evaluations with what limits and guardrails would make of them; nothing is recorded."""
    acting = [place for place, one in enumerate(asked) if one.choice.acts[one.place]]
    proposals = [
        proposal_of(
            one.evaluation,
            one.choice,
            one.place,
            window=window_of(one.evaluation.at),
            doubt=doubt_for(one.evaluation, doubts),
        )
        for one in (asked[place] for place in acting)
    ]
    found = [one.evaluation for one in asked]
    for place, change in zip(acting, preview_changes(workspace, proposals, actor=actor), strict=True):
        found[place] = with_change(found[place], change)
    return found


def doubt_for(evaluation: Evaluation, doubts: Doubts) -> str:
    """Return why an evaluation's figures are not trusted; what was reported needs no trust."""
    return doubts.get(evaluation.campaign.account, "") if evaluation.basis is Basis.EXPECTED else ""


def with_change(evaluation: Evaluation, change: Change) -> Evaluation:
    """Return an evaluation with what became of its proposal: the budget within all limits, approval, vetoes."""
    asks = any(verdict.outcome is Outcome.ASK for verdict in change.verdicts)
    moved = change.prior.budget_daily_micros != change.target.budget_daily_micros
    limited = f" - limited: {'; '.join(change.limits)}" if change.limits and moved else ""
    return replace(
        evaluation,
        new_budget_micros=change.target.budget_daily_micros if moved else evaluation.new_budget_micros,
        reason=f"{evaluation.reason}{limited}",
        requires_approval=asks,
        vetoes=vetoes_of(change),
    )


def vetoes_of(change: Change) -> tuple[str, ...]:
    """Return why a change cannot be made now, one sentence each."""
    return tuple(
        " ".join(filter(None, (f"{verdict.reason[:1].upper()}{verdict.reason[1:]}.", verdict.advice)))
        for verdict in change.verdicts
        if verdict.outcome is Outcome.VETO
    )


def totals(asked: Sequence[Asked]) -> dict[str, int]:
    """Return how often each action was asked for."""
    counted: dict[str, int] = {}
    for one in asked:
        counted[one.evaluation.action.value] = counted.get(one.evaluation.action.value, 0) + 1
    return counted
