"""Which slots are peaks and valleys: beyond the percentiles, materially off the mean, and surely enough so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from adtempo.dayparts.findings import DaypartSettings
from adtempo.dayparts.levels import Chances, Level, WeekLevels
from adtempo.dayparts.slots import ByLayout
from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY
from adtempo.stats.blocks import MATERIAL
from adtempo.stats.multiplicity import false_shares

Floats = NDArray[np.float64]

SURE_SLOT = 0.65
"""At least one slot of a campaign has to be so sure to stand out before any is named."""

SURE_BESIDE = 0.5
"""The others have to be more likely so than not: the edges of a block are never as sure as its middle."""

SURE_DAY = 0.975
"""The same of whole weekdays and parts of the week, read without any help from neighbours."""

_NO_NOISE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Labels (1 peak, -1 valley, 0 normal) and q-values, arrays of shape (campaigns, slots)."""

    label: NDArray[np.int8]
    q_value: Floats


def mark_week(levels: WeekLevels, settings: DaypartSettings) -> ByLayout[Marks]:
    """Mark every slot; a cell stands out by its hour, or with its weekday as a whole."""
    level = levels.level
    days, up_day, down_day = _mark_whole(level.days, _usual_day(level.days))
    weekdays = Level(level.week_parts.root[:, :1], level.week_parts.variance[:, :1])
    weekends, *_ = _mark_whole(level.week_parts, weekdays)
    lift = level.cells.lift
    up = np.maximum(levels.cells.up, np.where(lift >= MATERIAL, np.repeat(up_day, HOURS_PER_DAY, axis=1), 0.0))
    down = np.maximum(
        levels.cells.down, np.where(lift <= 1 / MATERIAL, np.repeat(down_day, HOURS_PER_DAY, axis=1), 0.0)
    )
    return ByLayout(
        cells=_mark_slots(level.cells, Chances(up, down), settings),
        hours=_mark_slots(level.hours, levels.hours, settings),
        days=days,
        week_parts=weekends,
        times_of_day=_mark_slots(level.times_of_day, levels.times_of_day, settings),
    )


def _mark_slots(level: Level, chances: Chances, settings: DaypartSettings) -> Marks:
    lift = level.lift
    valley, peak = np.percentile(lift, (settings.valley_percentile, settings.peak_percentile), axis=1, keepdims=True)
    sure = np.clip(np.maximum(chances.up, chances.down), 0.0, 1.0)
    named = (sure >= SURE_BESIDE) & (sure.max(axis=1, keepdims=True) >= SURE_SLOT)
    is_peak = named & (chances.up > chances.down) & (lift > peak) & (lift > 1)
    is_valley = named & (chances.down > chances.up) & (lift < valley) & (lift < 1)
    return Marks(is_peak.astype(np.int8) - is_valley.astype(np.int8), false_shares(1 - sure))


def _usual_day(days: Level) -> Level:
    """Return the median weekday, which one good day cannot move; of normal levels it errs pi / 2 times as the mean."""
    error = days.variance.mean(axis=1, keepdims=True) * np.pi / 2 / DAYS_PER_WEEK
    return Level(np.median(days.root, axis=1, keepdims=True), error)


def _mark_whole(level: Level, normal: Level) -> tuple[Marks, Floats, Floats]:
    """Mark slots by their own levels; also return how sure each marked one is to be above normal, and below."""
    noise = np.sqrt(np.maximum(level.variance + normal.variance, _NO_NOISE))
    sure = ndtr(np.abs(level.root - normal.root) / noise)
    ratio = (level.root / normal.root) ** 2
    above = (sure >= SURE_DAY) & (ratio >= MATERIAL)
    below = (sure >= SURE_DAY) & (ratio <= 1 / MATERIAL)
    label = above.astype(np.int8) - below.astype(np.int8)
    return Marks(label, false_shares(1 - sure)), np.where(above, sure, 0.0), np.where(below, sure, 0.0)
