"""What a campaign's own hours say, freed of its days, on a scale where noise does not depend on the level.

A good day lifts all its hours, so every hour is compared with its own day. What is left is counts: how many events an
hour brought against how many its day would have brought it at the campaign's normal level. Their noise is larger than
Poisson's (a conversion is worth more or less), so events are counted in units of what one of them adds to the noise,
learnt from the campaign's own scatter. The square root of such a count has the same noise at any level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adtempo.dayparts.panel import HourlyPanel
from adtempo.dayparts.slots import WEEKEND
from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY

Floats = NDArray[np.float64]

_SWEEPS = 2
_BLOCK = 3  # hours; noise that lasts shows in their sums
_ROOT_SHIFT = 0.375  # Anscombe's: keeps the noise of roots level down to a few counts
_DUE_SHIFT = 0.125  # with which the expected square of a root is the level plus the root's variance

DAY_SPREAD = 0.1
"""How much days differ beyond counting, as a ratio, where too few were seen to tell."""

FEW_EVENTS = 20.0
"""Of fewer events an hour of the day, over the whole look-back, single ones can make an hour look good."""

_DAY_SPREAD_WORTH = 3.0  # days that this prior counts for
_TREND_DAYS = 14  # a shorter look-back has no trend worth taking off


@dataclass(frozen=True, slots=True, eq=False)
class Roots:
    """Square roots of levels, in units of the campaign's mean, with their precisions (0: nothing was measured)."""

    value: Floats
    precision: Floats

    def part(self, rows: Any) -> Roots:
        return Roots(self.value[rows], self.precision[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What campaigns' own facts say; above 1 is better, whatever the metric.

    Attributes:
        hours: Roots by kind of day, weekdays and weekends, and hour, shape (campaigns, kinds=2, hours=24).
        cells: The same by weekday and hour, in units of their kind of day and weekday, shape (campaigns, 7, 24).
        days: The same by weekday, shape (campaigns, 7).
        level_variance: Of the root of the campaign's mean itself, shape (campaigns,).
        exposure: What each cell was given to work with, shape (campaigns, 7, 24); weights for means over slots.
    """

    hours: Roots
    cells: Roots
    days: Roots
    level_variance: Floats
    exposure: Floats


def gather_evidence(panel: HourlyPanel, half_life_days: float) -> Evidence:
    """Weigh the hours of each campaign; newer days weigh more."""
    events, exposure = _sides(panel)
    age = (panel.days[-1:] - panel.days).astype(np.float64)
    recency = 0.5 ** (age / half_life_days)
    member = (panel.weekdays == np.arange(DAYS_PER_WEEK)[:, None]).astype(np.float64)
    fitted, base = np.zeros_like(exposure), np.zeros_like(exposure)
    of_hour = np.zeros_like(exposure)
    for kind in (panel.weekdays < WEEKEND, panel.weekdays >= WEEKEND):
        if kind.any():
            fitted[:, kind], base[:, kind] = _fit(events[:, kind], exposure[:, kind], recency[kind])
            of_hour[:, kind] = fitted[:, kind].sum(axis=1, keepdims=True)
    size, own_size = _event_sizes(events, fitted, of_hour)
    weigh, weigh_twice = member * recency, member * recency**2
    seen, expected = np.matmul(weigh, events), np.matmul(weigh, base)
    # Weighted counts scatter as if each event had this size; of equal weights it is 1.
    spread = _divide(np.matmul(weigh_twice, fitted).sum(axis=1), np.matmul(weigh, fitted).sum(axis=1))[:, None]
    unit = own_size[:, None] * np.where(spread > 0, spread, 1.0)
    kinds = (slice(None, WEEKEND), slice(WEEKEND, None))
    seen_kind, expected_kind = (
        np.stack([part[:, kind].sum(axis=1) for kind in kinds], axis=1) for part in (seen, expected)
    )
    normal = _divide(seen_kind.sum(axis=2), expected_kind.sum(axis=2))
    hours = _roots(seen_kind, normal[..., None] * expected_kind, unit)
    by_weekday = _divide(seen.sum(axis=2), expected.sum(axis=2))
    cells = _roots(seen, by_weekday[..., None] * expected, unit)
    days, level_variance = _weigh_days(events.sum(axis=2), _worth(fitted, base, exposure), recency, member, size)
    return Evidence(hours, cells, days, level_variance, np.matmul(weigh, exposure))


def _sides(panel: HourlyPanel) -> tuple[Floats, Floats]:
    """Return what is counted and what it is counted against; late conversions shrink the latter."""
    events, exposure = panel.settled()
    if panel.counts_costs:
        events, exposure = exposure, events
    # Floats of a handy size: what a campaign's average hour was given is 1.
    scale = _divide(np.count_nonzero(exposure, axis=(1, 2)), exposure.sum(axis=(1, 2)))
    exposure *= scale[:, None, None]
    return events * (exposure > 0), exposure


def _fit(events: Floats, exposure: Floats, recency: Floats) -> tuple[Floats, Floats]:
    """Fit hour x day; return what was to be expected of each slot, and the same of an hour at normal level."""
    by_day, by_hour = events.sum(axis=2), np.matmul(recency, events)
    rate = np.ones((len(events), HOURS_PER_DAY))
    for _ in range(_SWEEPS):
        level = _divide(by_day, np.matmul(exposure, rate[:, :, None])[..., 0])
        rate = _divide(by_hour, np.matmul((level * recency)[:, None], exposure)[:, 0])
    base = exposure * level[:, :, None]
    return base * rate[:, None], base


def _event_sizes(events: Floats, fitted: Floats, of_hour: Floats) -> tuple[Floats, Floats]:
    """Return variance over mean of what is counted: of campaigns, shape (campaigns,), and of their hours of the day.

    It is 1 for plain counts. Each slot's share in its day, and in what was fitted to its hour, was used to fit it: so
    much scatter is missing. Sums over three hours are looked at too: noise that lasts is larger there. An hour whose
    own days scatter more than the campaign's is known less well than the others; where events are few, less well than
    the campaign's noise would have it: a few great orders make no peak.
    """
    campaigns, days, hours = events.shape
    sizes = []
    for width in (1, _BLOCK):
        shape = (campaigns, days, hours // width, width)
        got, due, hour = (part if width == 1 else part.reshape(shape).sum(axis=3) for part in (events, fitted, of_hour))
        scatter = ((got - due) ** 2).sum(axis=1)
        free = (due * (1 - _divide(due, due.sum(axis=2, keepdims=True))) * (1 - _divide(due, hour))).sum(axis=1)
        sizes.append(_divide(scatter.sum(axis=1), free.sum(axis=1)))
        if width == 1:
            excess = np.maximum(_divide(_divide(scatter, free), sizes[0][:, None]), 1.0)
    size = np.maximum(*sizes)
    many = _divide(fitted.sum(axis=(1, 2)), size) >= FEW_EVENTS * hours
    return size, size[:, None] * excess / np.where(many, excess.mean(axis=1), 1.0)[:, None]


def _roots(seen: Floats, expected: Floats, unit: Floats) -> Roots:
    """Return roots of seen over expected, both counted in units."""
    known = (unit > 0) & (expected > 0)
    got, due = _divide(seen, unit) + _ROOT_SHIFT, _divide(expected, unit) + _DUE_SHIFT
    return Roots(np.where(known, np.sqrt(got / due), 1.0), np.where(known, 4 * due, 0.0))


def _worth(fitted: Floats, base: Floats, exposure: Floats) -> Floats:
    """Return what each day was given to work with, in units of an hour at normal level, shape (campaigns, days)."""
    return np.asarray(np.where(base > 0, exposure * _divide(fitted, base), exposure).sum(axis=2))


def _weigh_days(events: Floats, worth: Floats, recency: Floats, member: Floats, size: Floats) -> tuple[Roots, Floats]:
    """Compare weekdays, free of trend; return their roots and the variance of the root of the campaign's mean."""
    time = np.arange(len(recency)) - (len(recency) - 1) / 2
    weight = recency * worth
    mean = _divide((recency * events).sum(axis=1), weight.sum(axis=1))[:, None]
    middle = _divide((weight * time).sum(axis=1), weight.sum(axis=1))[:, None]
    slope = _divide(
        (recency * (events - mean * worth) * (time - middle)).sum(axis=1),
        (weight * (time - middle) ** 2).sum(axis=1) * mean[:, 0],
    )[:, None]
    trend = np.clip(1 + slope * (time - middle), 0.2, 5.0) if len(recency) >= _TREND_DAYS else 1.0
    due = mean * worth * trend
    factor = _divide((recency * events) @ member.T, (recency * due) @ member.T)
    fit = due * (factor @ member)
    count = np.count_nonzero(worth, axis=1)
    free = np.maximum(count - DAYS_PER_WEEK - 1.0, 0.0)
    excess = _divide(((events - fit) ** 2 - size[:, None] * fit).sum(axis=1), (fit**2).sum(axis=1))
    used = _divide(count, np.maximum(free, 1.0))
    spread = (free * np.maximum(excess * used, 0.0) + _DAY_SPREAD_WORTH * DAY_SPREAD**2) / (free + _DAY_SPREAD_WORTH)

    def variance(rows: Floats) -> Floats:
        total, squares = (recency * due) @ rows.T, (recency**2 * due) @ rows.T
        squared = (recency**2 * due**2) @ rows.T
        return np.asarray(_divide(size[:, None] * squares + spread[:, None] * squared, total**2) / 4)

    of_days = variance(member)
    known = of_days > 0
    precision = np.divide(1.0, of_days, out=np.zeros_like(of_days), where=known)
    value = np.where(known, np.sqrt(np.maximum(factor, 0.0)), 1.0)
    return Roots(value, precision), variance(np.ones((1, len(recency))))[:, 0]


def _divide(top: Any, bottom: Any) -> Floats:
    """Divide, 0 where there is nothing to divide by."""
    top, bottom = np.broadcast_arrays(top, bottom)
    return np.asarray(np.divide(top, bottom, out=np.zeros(bottom.shape), where=bottom > 0))
