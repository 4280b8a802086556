"""What is unusual in the hours of campaigns: jumps, decay and silence, judged by each series' own past. Pure.

Two questions, two answers. *Which hours lie far from what was expected?* is a z-score, for people who look. *What is
worth an alert?* is rarer by far: what a series, left alone, does at most once in so many days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import isnan, nan
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.alerts import Severity
from adtempo.domain.metrics import CLICKS, CONVERSIONS, CPC, CPM, CTR, IMPRESSIONS, SPEND, Better, Metric, format_value
from adtempo.stats.anomaly import Detector, Reading, read_series
from adtempo.stats.anomaly_silence import Silence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ONCE_IN_DAYS = 90.0
"""How rare an hour must be to alert. Rarer alerts find more incidents: a trifle keeps the next day quiet."""

JUDGED = (SPEND, IMPRESSIONS, CLICKS, CONVERSIONS, CTR, CPC, CPM)
"""Metrics whose hours can be judged; returns come too late for that, and are judged over days."""

ALERTED = (SPEND, CTR)
"""Metrics whose jumps and decay alert: what is paid, and what is got for it. The others move with these."""

MATURE_SHARE = 0.9
"""Hours whose conversions have come in to a smaller share are not judged by their conversions."""

CRITICAL_SHARE, WARNING_SHARE = 0.5, 0.1
"""Shares of the usual daily spend at stake from which an anomaly is critical, or a warning."""

USED_UP = 0.95
"""Share of a daily budget whose spending leaves nothing for the rest of the day."""

_OPEN_HOURS = 24.0
"""An incident is over when nothing has been unusual for so long."""

_JUMP = 3.0
_EXPLAINED_HOURS = 72
_USUAL_HOURS = 28 * 24
_DAY_HOURS = 24


class AnomalyKind(StrEnum):
    """What is wrong."""

    UNUSUAL = "unusual"
    SPEND_ANOMALY = "spend_anomaly"
    CTR_DROP = "ctr_drop"
    ROAS_BELOW_TARGET = "roas_below_target"
    HIGH_FREQUENCY = "high_frequency"
    BUDGET_DEPLETED = "budget_depleted"
    BUDGET_CHANGE = "budget_change"
    CAMPAIGN_PAUSED = "campaign_paused"
    TRACKING_BROKEN = "tracking_broken"
    DATA_LATE = "data_late"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One thing that looks wrong.

    Attributes:
        kind: What sort of thing.
        metric: Name of the metric, or of the setting, that shows it.
        severity: By the share of the usual daily spend that is at stake.
        since: When it began, aware, in the account's zone.
        until: When it was last seen (end of that hour, or that moment), aware, in the account's zone.
        message: What is wrong and what to do, in one sentence.
        currency: Of amounts.
        campaign: Which campaign, if one is meant.
        account: Which account, if a whole one is meant.
        actual: What was measured, in the metric's unit; None where there is no number.
        expected: What was to be expected, or the limit, in the metric's unit.
        z: Standardised distance of the farthest hour from what was expected; None where hours are not compared.
        low80: Lower bound of the central 80% interval of what it will come to; None where it is final.
        high80: Upper bound.
        at_stake_micros: What is lost per day if it goes on, micros; None where that is no money or not known.
    """

    kind: AnomalyKind
    metric: str
    severity: Severity
    since: datetime
    until: datetime
    message: str
    currency: str = ""
    campaign: CampaignRef | None = None
    account: AccountRef | None = None
    actual: float | None = None
    expected: float | None = None
    z: float | None = None
    low80: float | None = None
    high80: float | None = None
    at_stake_micros: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HourlySeries:
    """The hours of one campaign, without holes; what nobody measured is NaN, a measured nothing is 0.

    Attributes:
        campaign: Which campaign.
        name: What people call it.
        currency: Of amounts.
        zone: Of its account.
        hours: Hours since 1970 in UTC, rising by one, shape (rows,).
        cells: Hour of the week in the account's zone, shape (rows,).
        amounts: Base quantities by name, each of shape (rows,).
        share: Part of each hour's conversions that has been reported by now, shape (rows,).
    """

    campaign: CampaignRef
    name: str
    currency: str
    zone: ZoneInfo
    hours: Floats
    cells: Ints
    amounts: Mapping[str, Floats]
    share: Floats

    def __len__(self) -> int:
        return len(self.hours)

    def at(self, row: int) -> datetime:
        """Return when an hour begins; the row after the last is when the series ends."""
        moment = datetime.fromtimestamp(0, UTC) + timedelta(hours=float(self.hours[0]) + row)
        return moment.astimezone(self.zone)

    def daily_spend_micros(self) -> float:
        """Return the usual spend of a day, over the last four weeks."""
        spend = self.amounts["spend_micros"][-_USUAL_HOURS:]
        known = spend[~np.isnan(spend)]
        return float(known.mean() * _DAY_HOURS) if len(known) else 0.0

    def values(self, metric: Metric) -> tuple[Floats, Floats | None]:
        """Return a metric per hour in its unit, and the denominators of a ratio."""
        amounts = self.amounts[metric.numerator] * float(metric.scale)
        if metric is CONVERSIONS:
            amounts = np.where(self.share >= MATURE_SHARE, amounts, nan)
        if metric.denominator is None:
            return amounts, None
        below = self.amounts[metric.denominator]
        values = np.divide(amounts, below, out=np.full(len(below), nan), where=below > 0)
        return values, np.nan_to_num(below)


def read_metric(series: HourlySeries, metric: Metric) -> list[Reading]:
    """Judge each hour of a campaign by those before it."""
    values, weights = series.values(metric)
    detector = Detector(once_in_days=ONCE_IN_DAYS, counts=weights is None)
    return read_series(detector, series.hours, series.cells, values, weights)


def estimate_unusual_hours(
    series: HourlySeries, metric: Metric, *, threshold_std: float, since: datetime, until: datetime
) -> Iterator[Anomaly]:
    """Yield the hours that lie far from what was expected.

    Args:
        series: The hours of a campaign, with some weeks before `since` to learn from.
        threshold_std: How far, in standard deviations.
        since: First moment, aware.
        until: End, exclusive, aware.
    """
    first, end = (moment.timestamp() / 3600 for moment in (since, until))
    values, _ = series.values(metric)
    for row, reading in enumerate(read_metric(series, metric)):
        if abs(reading.z) >= threshold_std and first <= series.hours[row] < end:
            yield _unusual(series, metric, (row, row + 1), (float(values[row]), reading.expected), reading.z)


def estimate_incidents(series: HourlySeries, budget_daily_micros: int | None = None) -> Iterator[Anomaly]:
    """Yield what goes on now that is rare enough to alert: spend out of line, CTR below its own level.

    Args:
        series: The hours of a campaign.
        budget_daily_micros: Its daily budget, micros: when that is used up, the quiet rest of the day is no news.
    """
    judged = series if budget_daily_micros is None else _without_used_up(series, budget_daily_micros)
    for metric in ALERTED:
        found = _open_incident(judged, metric, read_metric(judged, metric))
        if found is not None and (metric is SPEND or found.kind is AnomalyKind.CTR_DROP):
            yield found


def _without_used_up(series: HourlySeries, budget_daily_micros: int) -> HourlySeries:
    """Return the series without the quiet hours, of late, that followed when a day's budget was used up."""
    spend = series.amounts["spend_micros"].copy()
    hours_of_day = series.cells % _DAY_HOURS
    spent, rows = 0.0, 0
    for row in range(max(len(series) - _EXPLAINED_HOURS, 0), len(series)):
        if hours_of_day[row] == 0:
            spent, rows = 0.0, 0
        quiet = rows > 0 and spend[row] < spent / rows
        spent, rows = spent + float(np.nan_to_num(spend[row])), rows + 1
        if quiet and spent >= USED_UP * budget_daily_micros:
            spend[row] = nan
    return replace(series, amounts={**series.amounts, "spend_micros": spend})


def _open_incident(series: HourlySeries, metric: Metric, readings: Sequence[Reading]) -> Anomaly | None:
    onsets = [row for row, reading in enumerate(readings) if reading.score >= 0.5]
    if not onsets:
        return None
    rare = [row for row in range(onsets[-1], len(readings)) if readings[row].rarity >= 1]
    if len(series) - rare[-1] > _OPEN_HOURS:
        return None
    z = max((readings[row].z for row in rare), key=abs)
    # A jump shows in its own hours; what crept up shows in a day.
    far = [row for row in rare if readings[row].z * z > 0]
    rows = np.array(far) if abs(z) >= _JUMP else np.arange(max(rare[-1] - _DAY_HOURS + 1, 0), rare[-1] + 1)
    before = np.arange(max(onsets[-1] - _USUAL_HOURS, 0), onsets[-1])
    same_hours = before[np.isin(series.cells[before] % _DAY_HOURS, series.cells[rows] % _DAY_HOURS)]
    actual, expected = _ratio_of_sums(series, metric, rows), _ratio_of_sums(series, metric, same_hours)
    if isnan(actual) or isnan(expected):
        return None
    return _unusual(series, metric, (onsets[-1], rare[-1] + 1), (actual, expected), z)


def _ratio_of_sums(series: HourlySeries, metric: Metric, rows: Ints) -> float:
    values, weights = series.values(metric)
    counted = ~np.isnan(values[rows])
    weight = np.ones(counted.sum()) if weights is None else weights[rows][counted]
    return float((values[rows][counted] * weight).sum() / weight.sum()) if weight.sum() > 0 else nan


def _unusual(
    series: HourlySeries, metric: Metric, rows: tuple[int, int], figures: tuple[float, float], z: float
) -> Anomaly:
    """Say how an hour or an incident differs from what was expected, and what that costs."""
    actual, expected = figures
    kind = {"spend": AnomalyKind.SPEND_ANOMALY}.get(metric.name, AnomalyKind.UNUSUAL)
    if metric is CTR and actual < expected:
        kind = AnomalyKind.CTR_DROP
    lost = _lost_share(metric, actual, expected)
    since = series.at(rows[0])
    per = " an hour" if metric.denominator is None else ""
    shown, usual = (format_value(metric, figure, series.currency) for figure in figures)
    verb = "are" if metric.name.endswith("s") else "is"
    told = f"{metric.name} {verb} {shown}{per} instead of the usual {usual} since {since:%a %d %b %H:%M}"
    return Anomaly(
        kind=kind,
        metric=metric.name,
        severity=judge_severity(lost, at_most=Severity.WARNING if actual < expected else Severity.CRITICAL)
        if metric is SPEND
        else judge_severity(lost),
        since=since,
        until=series.at(rows[1]),
        message=f"{series.name}: {told}; {_advice(metric, above=actual > expected)}.",
        currency=series.currency,
        campaign=series.campaign,
        actual=actual,
        expected=expected,
        z=z,
        at_stake_micros=round(lost * series.daily_spend_micros()) if lost > 0 else None,
    )


def _lost_share(metric: Metric, actual: float, expected: float) -> float:
    """Return which share of the usual daily spend is lost while a metric is off by so much."""
    if metric is SPEND:
        return abs(actual - expected) / expected if expected > 0 else 1.0
    if metric.better_when is Better.HIGHER:
        return max(0.0, 1.0 - actual / expected) if expected > 0 else 0.0
    return max(0.0, 1.0 - expected / actual) if actual > 0 else 0.0


def _advice(metric: Metric, *, above: bool) -> str:
    if metric is SPEND:
        return "check its budget and bids" if above else "check its status, budget and payment"
    if metric in (CPC, CPM):
        return "check its bids and who else is bidding" if above else "nothing to do unless clicks turn worthless"
    if above:
        return "nothing to do unless they turn out worthless"
    return "check its creatives and where its ads lead" if metric is CTR else "check its status and tracking"


def judge_severity(lost: float, at_most: Severity = Severity.CRITICAL) -> Severity:
    """Say how bad it is to lose a share of the usual daily spend.

    >>> judge_severity(0.2).value, judge_severity(0.9, at_most=Severity.WARNING).value
    ('warning', 'warning')
    """
    if lost >= CRITICAL_SHARE and at_most is Severity.CRITICAL:
        return Severity.CRITICAL
    return Severity.WARNING if lost >= WARNING_SHARE else Severity.INFO


def estimate_broken_tracking(series: HourlySeries, daily: tuple[Floats, Floats] | None = None) -> Iterator[Anomaly]:
    """Yield what goes on now that only a broken measurement explains.

    Args:
        series: The hours of a campaign.
        daily: Clicks, discounted by what their conversions have come in to, and conversions, both per local day up
            to the series' end, shape (days,): for platforms that report conversions by day only.
    """
    clicks, conversions = series.amounts["clicks"], series.amounts["conversions_micros"] / 1e6
    if daily is None:
        hours_per_row, trials, events = 1, clicks * series.share, conversions
    else:
        hours_per_row, (trials, events) = _DAY_HOURS, daily
    silent = _silent_rows(hours_per_row, trials, events)
    spend = series.daily_spend_micros()
    if silent and spend > 0:
        row = max(len(series) - silent * hours_per_row, 0)
        lost = float(np.nansum(clicks[row:]))
        told = f"{lost:,.0f} clicks brought no conversion since {series.at(row):%a %d %b %H:%M}"
        yield _tracking(series, CONVERSIONS, row, f"{told}; check the pixel and the landing page", round(spend))
    last = slice(-_DAY_HOURS, None)
    known = ~np.isnan(clicks[last])
    came = float(np.nansum(conversions[last]))
    if known.sum() == _DAY_HOURS and came >= 1 and clicks[last].sum() == 0 and np.nansum(clicks) > 0:
        told = f"{came:,.0f} conversions came without a click for a day; check how its clicks are counted"
        yield _tracking(series, CLICKS, max(len(series) - _DAY_HOURS, 0), told, None)


def _tracking(series: HourlySeries, metric: Metric, row: int, told: str, at_stake_micros: int | None) -> Anomaly:
    return Anomaly(
        kind=AnomalyKind.TRACKING_BROKEN,
        metric=metric.name,
        severity=Severity.CRITICAL if at_stake_micros else Severity.WARNING,
        since=series.at(row),
        until=series.at(len(series)),
        message=f"{series.name}: {told}.",
        currency=series.currency,
        campaign=series.campaign,
        actual=0.0,
        at_stake_micros=at_stake_micros,
    )


def estimate_silent_source(campaigns: Collection[HourlySeries]) -> Anomaly | None:
    """Return that nothing of a whole account has been shown for too long, if so.

    Args:
        campaigns: Of one account, those that should be running.
    """
    if not campaigns:
        return None
    longest = max(campaigns, key=len)
    shown = np.zeros(len(longest))
    known = np.zeros(len(longest), dtype=np.bool_)
    for series in campaigns:
        impressions = series.amounts["impressions"]
        rows = (series.hours - longest.hours[0]).astype(np.int64)
        inside = (rows >= 0) & (rows < len(longest))
        shown[rows[inside]] += np.nan_to_num(impressions[inside])
        known[rows[inside]] |= ~np.isnan(impressions[inside])
    silent = _silent_rows(1, known.astype(np.float64), (shown > 0).astype(np.float64))
    if not silent:
        return None
    since = longest.at(len(longest) - silent)
    at_stake = round(sum(series.daily_spend_micros() for series in campaigns))
    account = longest.campaign.account
    return Anomaly(
        kind=AnomalyKind.TRACKING_BROKEN,
        metric=IMPRESSIONS.name,
        severity=Severity.CRITICAL,
        since=since,
        until=longest.at(len(longest)),
        message=f"{account}: nothing was shown since {since:%a %d %b %H:%M}; check its payment and connection.",
        currency=longest.currency,
        account=account,
        actual=0.0,
        at_stake_micros=at_stake or None,
    )


def _silent_rows(hours_per_row: int, trials: Floats, events: Floats) -> int:
    """Return how many rows the running silence has lasted, if that is too long; else 0."""
    silence = Silence(ONCE_IN_DAYS)
    too_long, last_event = False, -1
    for row, (tried, came) in enumerate(zip(trials.tolist(), events.tolist(), strict=True)):
        if isnan(tried) or isnan(came):
            continue
        score = silence.read(float(hours_per_row), tried, max(came, 0.0))
        if came > 0:
            too_long, last_event = False, row
        else:
            too_long |= score >= 0.5
    return len(trials) - 1 - last_event if too_long else 0
