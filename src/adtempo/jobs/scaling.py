"""The hourly run of budgets: read what is new, evaluate, propose, send what may be sent; and learning the hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from adtempo.budgets.hours import PEAK_MULTIPLIER, VALLEY_MULTIPLIER
from adtempo.budgets.learning import keep_profiles
from adtempo.budgets.report import run_body
from adtempo.budgets.run import BudgetAutoScaler, Scaled
from adtempo.changes.run import apply_changes, load_change, load_changes
from adtempo.dayparts.analysis import Question
from adtempo.dayparts.findings import CampaignDayparts, DaypartSettings
from adtempo.dayparts.run import DayPartOptimizer
from adtempo.domain.budgets import HourProfile
from adtempo.domain.changes import State
from adtempo.domain.errors import AdtempoError, InvalidInput
from adtempo.domain.hourweek import DAYS_PER_WEEK
from adtempo.jobs.sync import list_readable
from adtempo.tracking.sync import sync_sources

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace

MODES = ("optimize", "learn", "both")
MIN_SAMPLES = 24


def run_budgets(workspace: Workspace, *, mode: str, actor: str) -> dict[str, Any]:
    """Do one window's work and say what came of it; a second run of the window does nothing.

    A source that cannot be read stops no other: what is known is worked on, and only then the run fails.

    Args:
        mode: ``optimize`` (budgets), ``learn`` (at which hours campaigns work) or ``both``.

    Raises:
        InvalidInput: There is no such mode.
        NotFound, PlatformUnavailable: A source could not be read; the rest was done.
    """
    if mode not in MODES:
        raise InvalidInput(f"there is no mode {mode!r}; choose one of {', '.join(MODES)}")
    problems = _sync_each(workspace, actor)
    body: dict[str, Any] = {"mode": mode, "learnt": 0}
    if mode != "optimize":
        body["learnt"] = len(learn_hours(workspace))
    if mode != "learn":
        run = BudgetAutoScaler(workspace).run(actor=actor)
        apply_changes(workspace, actor=actor)
        body |= run_body(run.with_changes(load_changes(workspace, run=run.name)))
    if problems:
        raise problems[0]
    return body


def _sync_each(workspace: Workspace, actor: str) -> list[AdtempoError]:
    """Read every source, and return why some could not be read."""
    problems = []
    readable = list_readable(workspace)
    for source in sorted({account.source for account in readable}):
        accounts = [account for account in readable if account.source == source]
        try:
            sync_sources(workspace, accounts, actor=actor, now=workspace.now())
        except AdtempoError as problem:
            problems.append(problem)
    return problems


def scale_campaigns(workspace: Workspace, campaigns: Sequence[str], *, actor: str) -> list[Scaled]:
    """Evaluate some campaigns at once, propose what was asked for, and send what may be sent.

    Args:
        campaigns: Their ids, or platform:account:campaign.

    Raises:
        NotFound: There is no such campaign.
        InvalidInput: A campaign's rule is disabled, or does not fit its currency.
    """
    scaled = BudgetAutoScaler(workspace).scale(campaigns, actor=actor)
    if any(one.change is not None and one.change.state is State.APPROVED for one in scaled):
        apply_changes(workspace, actor=actor)
        return [
            replace(one, change=load_change(workspace, one.change.id)) if one.change is not None else one
            for one in scaled
        ]
    return scaled


def learn_hours(
    workspace: Workspace, *, campaign: str | None = None, min_samples: int = MIN_SAMPLES
) -> list[HourProfile]:
    """Learn at which hours campaigns work, out of what dayparts find, and keep it.

    Args:
        campaign: Only this one: its id, or platform:account:campaign; None for all.
        min_samples: Measured hours below which nothing is said.

    Raises:
        NotFound: There is no such campaign.
        InvalidInput: The samples are not a number that an analysis can ask for.
    """
    optimizer = DayPartOptimizer(workspace)
    question = Question(settings=DaypartSettings(min_samples=min_samples))
    analyses = [optimizer.analyze(campaign, question)] if campaign else optimizer.analyze_all(question)
    profiles = [_profile(one.found, one.reason, workspace.now()) for one in analyses]
    keep_profiles(workspace, profiles)
    return profiles


def _profile(found: CampaignDayparts, reason: str, at: datetime) -> HourProfile:
    """Return what dayparts found as budgets need it: multipliers around 1, none where there is no pattern."""
    lifts: list[float] = []
    if not found.abstained:
        cells = found.cells if found.weekly else found.hours * DAYS_PER_WEEK
        lifts = [round(min(max(cell.lift or 1.0, VALLEY_MULTIPLIER), PEAK_MULTIPLIER), 3) for cell in cells]
    return HourProfile(
        campaign=found.campaign,
        learnt_at=at,
        samples=found.samples,
        confidence=max((pattern.confidence for pattern in found.patterns), default=0.0),
        peaks=() if found.abstained else found.peak_hours,
        valleys=() if found.abstained else found.valley_hours,
        multipliers=tuple(lifts),
        reason=reason,
    )


def scale_budgets(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    """Run the budgets of this hour."""
    body = run_budgets(workspace, mode="optimize", actor=turn.actor)
    return {name: body[name] for name in ("window", "evaluated", "known", "actions", "states", "failures")}


def learn_nightly(workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
    """Learn the hours of every campaign."""
    profiles = learn_hours(workspace)
    return {"learnt": len(profiles), "patterns": sum(bool(one.multipliers) for one in profiles)}
