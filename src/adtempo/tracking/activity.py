"""What the system did of late, and whether it was right. Pure."""

from __future__ import annotations

from dataclasses import dataclass
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
        said.append(f"{activity.opened} alerts opened, {activity.resolved} resolved, {len(activity.waiting)} wait.")
    verdicts = activity.verdicts
    if verdicts.accuracy is None:
        return (*said, "No prediction came due.")
    said.append(
        f"{_many(verdicts.compared, 'prediction')} came due: {verdicts.accuracy:.0f} of 100 points for accuracy"
        + (f", {verdicts.inside80} of {verdicts.with80} inside the 80% interval." if verdicts.with80 else ".")
    )
    return tuple(said)


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
        "predictions_compared": verdicts.compared,
        "predictions_accuracy": verdicts.accuracy,
        "predictions_inside80": verdicts.inside80,
        "predictions_with80": verdicts.with80,
    }


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}" if count else ""
