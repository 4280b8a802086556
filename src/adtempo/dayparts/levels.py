"""How good each slot of the week is, from a campaign's own evidence and what it borrows.

Three layers, each drawn towards the one before: blocks of hours that stand out, on every day or on weekends apart;
whole weekdays; and whatever single hours and cells insist on beyond that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.dayparts.borrowing import believe_lenders, join_roots
from adtempo.dayparts.evidence import Evidence, Roots
from adtempo.dayparts.slots import DAY_PARTS, WEEKEND, ByLayout
from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY
from adtempo.stats.blocks import find_blocks
from adtempo.stats.effects import shrink_effects

Floats = NDArray[np.float64]

SPLIT_CHANCE = 0.1
"""Prior probability that weekends have hours of their own."""

WEEKDAY_SPREAD = 0.03
"""How much the roots of weekdays differ where too little was seen to tell."""

_WEEKDAY_SPREAD_WORTH = 4.0  # weekdays that this prior counts for
_KINDS = (np.arange(DAYS_PER_WEEK) >= WEEKEND).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Roots of levels in units of the campaign's mean, arrays of shape (campaigns, slots).

    Attributes:
        root: Expected root, above 1 is better.
        variance: Of that.
    """

    root: Floats
    variance: Floats

    @property
    def lift(self) -> Floats:
        """The expected square: how many times better than the mean."""
        return self.root**2 + self.variance


@dataclass(frozen=True, slots=True, eq=False)
class Chances:
    """Probability that hours stand out above and below, arrays of shape (campaigns, slots)."""

    up: Floats
    down: Floats


@dataclass(frozen=True, slots=True, eq=False)
class WeekLevels:
    """How good every slot is.

    Attributes:
        level: In each way of cutting the week.
        cells: Chances of cells by their hour alone, whatever their weekday.
        hours: Chances of hours of the day.
        times_of_day: Chances of an hour of each.
        split: Probability that weekends have hours of their own, shape (campaigns,).
    """

    level: ByLayout[Level]
    cells: Chances
    hours: Chances
    times_of_day: Chances
    split: Floats


def read_levels(evidence: Evidence, borrowed: Roots) -> WeekLevels:
    """Put the week together.

    Args:
        evidence: What the campaigns' own facts say.
        borrowed: What others say of their hours, shape (campaigns, hours=24).
    """
    hours, chances, split = _read_hours(evidence, borrowed)
    weekdays = _read_weekdays(evidence.days)
    cells = _times(_with_rest(hours, _flat(evidence.cells)), _each_hour(weekdays))
    weight = evidence.exposure
    by_hour = [_over_days(part, weight) for part in (hours.root, hours.variance, chances.up, chances.down)]
    by_time = [_over_times(part, weight.sum(axis=1)) for part in by_hour]
    level = ByLayout(
        cells=cells,
        hours=Level(*by_hour[:2]),
        days=weekdays,
        week_parts=_read_weekdays(_week_parts(evidence.days)),
        times_of_day=Level(*by_time[:2]),
    )
    return WeekLevels(level, chances, Chances(*by_hour[2:]), Chances(*by_time[2:]), split)


def _read_hours(evidence: Evidence, borrowed: Roots) -> tuple[Level, Chances, Floats]:
    """Weigh two stories, one kind of day or weekends apart; return the 168 cells, their chances, and the second's."""
    # What others say is no more about weekdays than about weekends.
    own = join_roots(*(evidence.hours.part(np.s_[:, kind]) for kind in range(2)))
    lent = believe_lenders(own, borrowed)
    half = Roots(lent.value, lent.precision / 2)
    kinds = [join_roots(evidence.hours.part(np.s_[:, kind]), half) for kind in range(2)]
    both = join_roots(*kinds)
    one, *two = (find_blocks(roots.value, roots.precision) for roots in (both, *kinds))
    together = one.log_odds + np.log(1 - SPLIT_CHANCE)
    apart = two[0].log_odds + two[1].log_odds + np.log(SPLIT_CHANCE)
    split = np.exp(apart - np.logaddexp(together, apart))
    share = split[:, None, None]

    def mixed(common: Floats, *kinds: Floats) -> Floats:
        return np.asarray((1 - share) * common[:, None] + share * np.stack(kinds, axis=1))

    mean = mixed(one.mean, *(part.mean for part in two))
    second = mixed(*(part.variance + part.mean**2 for part in (one, *two)))
    level = Level(mean, np.maximum(second - mean**2, 0.0))
    up, down = (mixed(*(getattr(part, name) for part in (one, *two))) for name in ("up", "down"))
    insisted = _with_rest(Level(_row(level.root), _row(level.variance)), _flat(evidence.hours))
    cells = Level(*(_spread(part.reshape(mean.shape)) for part in (insisted.root, insisted.variance)))
    return cells, Chances(_spread(up), _spread(down)), split


def _with_rest(level: Level, own: Roots) -> Level:
    """Let through what a campaign's own slots insist on beyond what is told of them, if it is more than noise."""
    rest = shrink_effects(own.value - level.root, own.precision)
    return Level(level.root + rest.mean, level.variance * (1 - rest.gain) ** 2 + rest.variance)


def _read_weekdays(own: Roots) -> Level:
    found = shrink_effects(own.value - 1, own.precision, spread=WEEKDAY_SPREAD, worth=_WEEKDAY_SPREAD_WORTH)
    return Level(1 + found.mean, found.variance)


def _times(one: Level, other: Level) -> Level:
    """Multiply independent levels."""
    shared = one.variance * other.variance
    return Level(one.root * other.root, one.root**2 * other.variance + other.root**2 * one.variance + shared)


def _week_parts(days: Roots) -> Roots:
    """Return weekdays and weekends as wholes."""
    parts = [join_roots(*(days.part(np.s_[:, day]) for day in np.flatnonzero(kind == _KINDS))) for kind in range(2)]
    return Roots(*(np.stack(part, axis=1) for part in zip(*map(_pair, parts), strict=True)))


def _pair(roots: Roots) -> tuple[Floats, Floats]:
    return roots.value, roots.precision


def _row(part: Floats) -> Floats:
    return part.reshape(len(part), part.shape[1] * part.shape[2])


def _flat(roots: Roots) -> Roots:
    return Roots(*map(_row, _pair(roots)))


def _spread(kinds: Floats) -> Floats:
    """Lay hours of weekdays and weekends out over the 168 cells."""
    return _row(kinds[:, _KINDS])


def _each_hour(days: Level) -> Level:
    return Level(*(np.repeat(part, HOURS_PER_DAY, axis=1) for part in (days.root, days.variance)))


def _over_days(cells: Floats, weight: Floats) -> Floats:
    """Average cells to hours of the day."""
    shape = len(cells), DAYS_PER_WEEK, HOURS_PER_DAY
    return _averaged(np.swapaxes(cells.reshape(shape), 1, 2), np.swapaxes(weight, 1, 2))


def _over_times(hours: Floats, weight: Floats) -> Floats:
    """Average hours to times of the day; that errs on the wide side for variances, as neighbours err together."""
    shape = len(hours), DAY_PARTS, HOURS_PER_DAY // DAY_PARTS
    return _averaged(hours.reshape(shape), weight.reshape(shape))


def _averaged(amounts: Floats, weight: Floats) -> Floats:
    """Average over the last axis; evenly where there is no weight."""
    weight = np.where(weight.sum(axis=-1, keepdims=True) > 0, weight, 1.0)
    return np.asarray((amounts * weight).sum(axis=-1) / weight.sum(axis=-1))
