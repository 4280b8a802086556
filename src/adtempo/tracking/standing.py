"""What is wrong with how campaigns stand: their budgets, status, returns, frequency, and how old facts are. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from adtempo.domain.accounts import Account
from adtempo.domain.alerts import Severity
from adtempo.domain.campaigns import Campaign
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.metrics import FREQUENCY, ROAS, SPEND, format_value
from adtempo.tracking.anomalies import USED_UP, Anomaly, AnomalyKind, HourlySeries, judge_severity
from adtempo.tracking.expected import ExpectedFigures

FREQUENCY_MAX = 3.0
"""Impressions per person and day from which people see an ad too often."""

BUDGET_STEP_MICROS = 500_000_000
"""A change of a daily budget by more than this (in the account's currency) is critical."""

RETURN_DAYS = 7
"""Closed days over which a return is held against its target."""

LATE = timedelta(hours=3)
VERY_LATE = timedelta(hours=24)
"""Age of the newest complete hour of an account that is read every hour: a warning, and critical."""

_HOURS_LEFT_MIN = 3
_STOPPED = 0.05
_NOTICEABLE = 0.2
_PAUSED = ("pause", "disable")


@dataclass(frozen=True, slots=True)
class Return:
    """What the last closed days brought back.

    Attributes:
        since: First local day.
        until: Last local day, inclusive.
        spend_micros: Spend of these days.
        expected: What their late parts will come to.
    """

    since: date
    until: date
    spend_micros: int
    expected: ExpectedFigures


@dataclass(frozen=True, slots=True)
class Standing:
    """How a campaign stands at a moment.

    Attributes:
        campaign: With the status and budget that hold now.
        before: The same campaign a day earlier.
        account: Its account.
        now: The moment, aware.
        series: Its hours; None where it has no hourly facts.
        returned: What the last closed days brought back; None without facts.
        frequency: Impressions per person on the last closed day; None where reach is not reported.
    """

    campaign: Campaign
    before: Campaign
    account: Account
    now: datetime
    series: HourlySeries | None = None
    returned: Return | None = None
    frequency: float | None = None

    @property
    def name(self) -> str:
        """What people call the campaign."""
        return self.campaign.label or self.campaign.name or self.campaign.ref.campaign_id


def is_paused(campaign: Campaign) -> bool:
    """Say whether a platform's word for a campaign's state means that it does not run.

    >>> from adtempo.domain.accounts import CampaignRef
    >>> is_paused(Campaign(CampaignRef("meta", "1", "c"), datetime(2026, 1, 1), status="PAUSED"))
    True
    """
    return (campaign.status or "").lower().startswith(_PAUSED)


def estimate_standing(standing: Standing) -> Iterator[Anomaly]:
    """Yield what is wrong with how a campaign stands."""
    for found in (
        _paused(standing),
        _budget_changed(standing),
        _budget_depleted(standing),
        _below_target(standing),
        _too_frequent(standing),
    ):
        if found is not None:
            yield found


def estimate_late(account: Account, complete_until: datetime | None, now: datetime) -> Anomaly | None:
    """Return that an account, which is read every hour, has not been heard for too long; None if it has.

    Args:
        complete_until: Up to when its facts are complete, aware; None where it never was read.
    """
    if complete_until is None or now - complete_until < LATE:
        return None
    since = complete_until.astimezone(account.zone)
    return Anomaly(
        kind=AnomalyKind.DATA_LATE,
        metric="complete_until",
        severity=Severity.CRITICAL if now - complete_until >= VERY_LATE else Severity.WARNING,
        since=since,
        until=now.astimezone(account.zone),
        message=f"{account.ref}: facts end at {since:%a %d %b %H:%M}; run `adtempo sync` and look at what it says.",
        currency=account.currency,
        account=account.ref,
    )


def _say(standing: Standing, kind: AnomalyKind, metric: str, severity: Severity, told: str, **more: object) -> Anomaly:
    zone = standing.account.zone
    moments = {"since": (standing.now - timedelta(days=1)).astimezone(zone), "until": standing.now.astimezone(zone)}
    return Anomaly(
        kind=kind,
        metric=metric,
        severity=severity,
        message=f"{standing.name}: {told}.",
        currency=standing.account.currency,
        campaign=standing.campaign.ref,
        **(moments | more),  # type: ignore[arg-type]  # fields of Anomaly by name
    )


def _paused(standing: Standing) -> Anomaly | None:
    if not is_paused(standing.campaign) or is_paused(standing.before) or standing.before.status is None:
        return None
    told = "was paused within the last day; resume it if nobody meant that"
    return _say(standing, AnomalyKind.CAMPAIGN_PAUSED, "status", Severity.WARNING, told)


def _budget_changed(standing: Standing) -> Anomaly | None:
    old, new = standing.before.budget_daily_micros, standing.campaign.budget_daily_micros
    if old is None or new is None or old == new:
        return None
    step = abs(new - old)
    severity = Severity.WARNING if step >= _NOTICEABLE * old else Severity.INFO
    if step > BUDGET_STEP_MICROS:
        severity = Severity.CRITICAL
    currency = standing.account.currency
    shown = [format_value(SPEND, micros, currency) for micros in (old, new)]
    told = f"its daily budget went from {shown[0]} to {shown[1]}; set it back if nobody meant that"
    more = {"actual": float(new), "expected": float(old), "at_stake_micros": new - old if new > old else None}
    return _say(standing, AnomalyKind.BUDGET_CHANGE, "budget_daily", severity, told, **more)


def _budget_depleted(standing: Standing) -> Anomaly | None:
    series, budget = standing.series, standing.campaign.budget_daily_micros
    if series is None or not budget or is_paused(standing.campaign) or not len(series):
        return None
    end = series.at(len(series))
    last = series.at(len(series) - 1)
    midnight, next_midnight = day_bounds(last.date(), series.zone)
    rows = min(round((end - midnight) / timedelta(hours=1)), len(series))
    spend = np.nan_to_num(series.amounts["spend_micros"][-rows:])
    left = (next_midnight - end) / timedelta(hours=1)
    spent = float(spend.sum())
    if left < _HOURS_LEFT_MIN or spent < USED_UP * budget or spend[-1] > _STOPPED * spent / rows:
        return None
    busy = int(np.flatnonzero(spend > _STOPPED * spent / rows)[-1])
    stopped = series.at(len(series) - rows + busy + 1)
    shown = format_value(SPEND, budget, series.currency)
    return _say(
        standing,
        AnomalyKind.BUDGET_DEPLETED,
        SPEND.name,
        Severity.WARNING,
        f"its daily budget of {shown} was used up by {stopped:%a %d %b %H:%M}; raise it, or slow its bids",
        since=stopped,
        until=end,
        actual=spent,
        expected=float(budget),
    )


def _below_target(standing: Standing) -> Anomaly | None:
    target, returned = standing.campaign.target_roas, standing.returned
    if target is None or returned is None or returned.spend_micros <= 0:
        return None
    roas = returned.expected.roas
    if roas.value is None or roas.high80 is None or roas.high80 >= target:
        return None
    days = (returned.until - returned.since).days + 1
    daily_spend = returned.spend_micros / days
    begin, end = (
        day_bounds(returned.since, standing.account.zone)[0],
        day_bounds(returned.until, standing.account.zone)[1],
    )
    told = (
        f"spend of the last {days} closed days will come to a ROAS of {roas.value:.2f} (90% sure: at most "
        f"{roas.high80:.2f}), below its target of {target:.2f}; lower its budget or its bids"
    )
    return _say(
        standing,
        AnomalyKind.ROAS_BELOW_TARGET,
        ROAS.name,
        judge_severity(1 - roas.value / target),
        told,
        since=begin.astimezone(standing.account.zone),
        until=end.astimezone(standing.account.zone),
        actual=roas.value,
        expected=target,
        low80=roas.low80,
        high80=roas.high80,
        at_stake_micros=round(max(0.0, target - roas.value) * daily_spend),
    )


def _too_frequent(standing: Standing) -> Anomaly | None:
    if standing.frequency is None or standing.frequency < FREQUENCY_MAX:
        return None
    told = f"people saw it {standing.frequency:.1f} times on the last closed day; widen its audience or refresh its ads"
    severity = Severity.WARNING if standing.frequency >= 2 * FREQUENCY_MAX else Severity.INFO
    more = {"actual": standing.frequency, "expected": FREQUENCY_MAX}
    return _say(standing, AnomalyKind.HIGH_FREQUENCY, FREQUENCY.name, severity, told, **more)
