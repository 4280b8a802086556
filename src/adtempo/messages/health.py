"""Whether planning works: how often it succeeds, how long it takes, and which pages keep missing their plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from adtempo.alerts.open import AlertChanges, update_alerts
from adtempo.domain.alerts import Finding, Severity
from adtempo.domain.predictions import RecordedPrediction, Scope
from adtempo.messages.load import MODEL
from adtempo.store.engine import reading, transaction
from adtempo.store.messages import load_pages
from adtempo.store.page_schedules import LoggedBuild, load_last_success, load_log
from adtempo.store.predictions import list_predictions

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

LOOKBACK = timedelta(days=7)
SUCCESS_LEAST = 0.9
SECONDS_MOST = 30.0
SILENCE_MOST = timedelta(hours=24)
ERRORS_MOST = 2
"""In an hour."""

MISSES = 3
"""A page whose last plans so many times running came out outside their 80% interval keeps missing; where plans are
right, chance does so for one page in 125."""

ALERT_TYPES = ("messages_failing", "messages_slow", "messages_silent", "messages_errors", "messages_missing_plan")


@dataclass(frozen=True, slots=True)
class Health:
    """How planning works.

    Attributes:
        runs: Builds and exports in the last seven days.
        success_rate: Share of them that succeeded, 0 to 1; None without any.
        mean_seconds: Mean time of a build; None without any.
        last_success: When something was built or exported last; None if never.
        errors_last_hour: Failures in the last hour.
        findings: What is wrong now.
    """

    runs: int
    success_rate: float | None
    mean_seconds: float | None
    last_success: datetime | None
    errors_last_hour: int
    findings: tuple[Finding, ...]


def load_health(workspace: Workspace) -> Health:
    """Return how planning works now."""
    now = workspace.now()
    with reading(workspace.engine) as connection:
        log = load_log(connection, since=now - LOOKBACK)
        last = load_last_success(connection)
        tracks = {
            page.page_name: list_predictions(connection, scope=Scope("other", page_name=page.page_name), model=MODEL)
            for page in load_pages(connection)
        }
    missing = [finding for page, track in tracks.items() if (finding := judge_plans(page, track))]
    return judge_log(log, last, now, missing)


def judge_log(
    log: Sequence[LoggedBuild], last_success: datetime | None, now: datetime, others: Sequence[Finding] = ()
) -> Health:
    """Hold the log of builds and exports against what planning should be.

    Args:
        log: Of the last seven days.
        last_success: When something was built or exported last; None if never.
    """
    done = [one.status == "SUCCESS" for one in log]
    rate = sum(done) / len(done) if done else None
    seconds = [one.execution_time_seconds for one in log if one.action == "build"]
    mean = sum(seconds) / len(seconds) if seconds else None
    errors = sum(one.status == "ERROR" and one.export_timestamp > now - timedelta(hours=1) for one in log)
    findings = list(others)
    if rate is not None and rate < SUCCESS_LEAST:
        said = f"only {rate:.0%} of {len(done)} builds and exports of messages succeeded in 7 days"
        findings.append(_finding("messages_failing", said, SUCCESS_LEAST, rate))
    if mean is not None and mean > SECONDS_MOST:
        said = f"planning a page's week takes {mean:.0f} seconds on average"
        findings.append(_finding("messages_slow", said, SECONDS_MOST, mean))
    if (log or last_success) and (last_success is None or last_success < now - SILENCE_MOST):
        since = "ever" if last_success is None else f"since {last_success:%Y-%m-%d %H:%M} UTC"
        hours = SILENCE_MOST / timedelta(hours=1)
        waited = None if last_success is None else (now - last_success) / timedelta(hours=1)
        findings.append(_finding("messages_silent", f"no week was planned or exported {since}", hours, waited))
    if errors > ERRORS_MOST:
        said = f"{errors} builds or exports of messages failed within an hour"
        findings.append(_finding("messages_errors", said, float(ERRORS_MOST), float(errors)))
    return Health(len(log), rate, mean, last_success, errors, tuple(findings))


def judge_plans(page_name: str, track: Sequence[RecordedPrediction]) -> Finding | None:
    """Say whether a page keeps missing its plans.

    Args:
        track: Its plans, the latest week first.
    """
    known = [one.comparison for one in track if one.comparison is not None]
    latest = [one for one in known if one.inside80 is not None][:MISSES]
    if len(latest) < MISSES or any(one.inside80 for one in latest):
        return None
    side = {one.error is not None and one.error > 0 for one in latest}
    words = {frozenset({True}): "less", frozenset({False}): "more"}.get(frozenset(side), "now less, now more")
    return _finding(
        "messages_missing_plan",
        f"page {page_name} earned {words} than planned in each of its last {MISSES} weeks; look at its analysis, and "
        "at whether the plans were sent as they are",
        detail=page_name,
    )


def update_message_alerts(workspace: Workspace) -> AlertChanges:
    """Open alerts for what is wrong with planning now, and resolve those whose cause is gone."""
    findings = load_health(workspace).findings
    with transaction(workspace.engine) as connection:
        return update_alerts(connection, findings, alert_types=ALERT_TYPES, accounts=None, now=workspace.now())


def health_body(health: Health) -> dict[str, Any]:
    """Return how planning works as the HTTP API and --json give it."""
    return {
        "status": "ok" if not health.findings else "alert",
        "runs_7_days": health.runs,
        "success_rate_7_days": health.success_rate,
        "mean_seconds_7_days": health.mean_seconds,
        "last_success": None if health.last_success is None else health.last_success.isoformat(),
        "errors_last_hour": health.errors_last_hour,
        "alerts": [
            {
                "alert_type": finding.alert_type,
                "message": finding.message,
                "threshold": finding.threshold,
                "actual_value": finding.actual_value,
            }
            for finding in health.findings
        ],
    }


def _finding(
    alert_type: str, message: str, threshold: float | None = None, actual: float | None = None, detail: str = ""
) -> Finding:
    return Finding(alert_type, Severity.WARNING, message, threshold=threshold, actual_value=actual, detail=detail)
