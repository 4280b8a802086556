"""What the system did of late, and whether it was right. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from adtempo.domain.accounts import CampaignRef


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that waits for somebody.

    Attributes:
        severity: info, warning or critical.
        message: What is wrong.
        campaign: Which campaign it is about, if one.
    """

    severity: str
    message: str
    campaign: CampaignRef | None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How right the predictions were that came due.

    Attributes:
        compared: How many had an actual value.
        accuracy: Their mean accuracy, 0 to 100.
        inside80: How many of those with an 80% interval came true inside it.
        with80: How many had one.
    """

    compared: int
    accuracy: float | None
    inside80: int
    with80: int


@dataclass(frozen=True, slots=True)
class Decisions:
    """Changes of budgets and of what runs.

    Attributes:
        applied: Those that took hold.
        vetoed: Those that a guardrail stopped.
        in_vain: Those that came to nothing otherwise: rejected, run out, refused by the platform, overtaken.
        waiting: Those that wait for a person's approval.
        suggested: Those that stand as suggestions, since their account is not armed.
    """

    applied: int = 0
    vetoed: int = 0
    in_vain: int = 0
    waiting: int = 0
    suggested: int = 0


@dataclass(frozen=True, slots=True)
class Activity:
    """What the system did in the last day before a moment.

    Attributes:
        since: From when.
        syncs: Times that accounts were read from their platforms.
        files: Files of facts that were imported.
        posted: Figures that were new or changed.
        restated: Those of them that were known with another value.
        opened: Alerts that were opened.
        resolved: Alerts that resolved.
        waiting: Open alerts that nobody has acknowledged, the worst first.
        verdicts: How right the predictions were that came due.
        decisions: What became of changes, and which stand now.
    """

    since: datetime
    syncs: int
    files: int
    posted: int
    restated: int
    opened: int
    resolved: int
    waiting: tuple[OpenAlert, ...]
    verdicts: Verdicts
    decisions: Decisions = Decisions()

    @property
    def alerted(self) -> frozenset[CampaignRef]:
        """Campaigns that an open alert is about."""
        return frozenset(alert.campaign for alert in self.waiting if alert.campaign is not None)


def activity_sentences(activity: Activity) -> tuple[str, ...]:
    """Return what was done, one sentence each."""
    looked = [_many(activity.syncs, "sync"), _many(activity.files, "file")]
    said = [f"{' and '.join(part for part in looked if part)} brought {activity.posted:,} new or changed figures"]
    said[0] += f", {activity.restated:,} of them corrections." if activity.restated else "."
    if not activity.syncs and not activity.files:
        said = ["No facts came in during the last 24 hours."]
    if activity.opened or activity.resolved:
        opened = _many(activity.opened, "alert") or "No alert"
        said.append(f"{opened} opened, {activity.resolved} resolved, {len(activity.waiting)} waiting.")
    said.append(_decided(activity.decisions))
    verdicts = activity.verdicts
    if verdicts.accuracy is None:
        return (*said, "No prediction came due.")
    said.append(
        f"{_many(verdicts.compared, 'prediction')} came due: {verdicts.accuracy:.0f} of 100 points for accuracy"
        + (f", {verdicts.inside80} of {verdicts.with80} inside the 80% interval." if verdicts.with80 else ".")
    )
    return tuple(said)


def _decided(decisions: Decisions) -> str:
    parts = [
        f"{_many(decisions.applied, 'change')} applied" if decisions.applied else "",
        f"{decisions.vetoed} vetoed by guardrails" if decisions.vetoed else "",
        f"{decisions.in_vain} came to nothing" if decisions.in_vain else "",
        f"{decisions.waiting} waiting for approval" if decisions.waiting else "",
        f"{_many(decisions.suggested, 'suggestion')} standing" if decisions.suggested else "",
    ]
    said = ", ".join(part for part in parts if part)
    return f"Decisions: {said}." if said else "No change was decided, and none is waiting."


def activity_body(activity: Activity) -> dict[str, Any]:
    """Return what was done as the HTTP API and --json give it."""
    verdicts = activity.verdicts
    return {
        "since": activity.since.isoformat(),
        "syncs": activity.syncs,
        "files": activity.files,
        "posted": activity.posted,
        "restated": activity.restated,
        "alerts_opened": activity.opened,
        "alerts_resolved": activity.resolved,
        "alerts_waiting": len(activity.waiting),
        **{f"changes_{name}": count for name, count in asdict(activity.decisions).items()},
        "predictions_compared": verdicts.compared,
        "predictions_accuracy": verdicts.accuracy,
        "predictions_inside80": verdicts.inside80,
        "predictions_with80": verdicts.with80,
    }


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}" if count else ""
