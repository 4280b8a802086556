"""Which slots are peaks and valleys: beyond the percentiles, materially off the mean, and more likely so than not."""

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

SURE_ENOUGH = 0.5
"""Probability from which a slot is named. Among all named ones far fewer are false than 1 - this: q says how many."""

SURE_DAY = 0.975
"""The same of whole weekdays and parts of the week, read without any help from neighbours."""

EVIDENCE_MIN = 2.0
"""Where the hours as a whole are not at least so many times likelier with a pattern than without, none is believed."""

_NO_NOISE = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Labels (1 peak, -1 valley, 0 normal) and q-values, arrays of shape (campaigns, slots)."""

    label: NDArray[np.int8]
    q_value: Floats


def mark_week(levels: WeekLevels, settings: DaypartSettings) -> ByLayout[Marks]:
    """Mark every slot; a cell stands out by its hour, or with its weekday as a whole."""
    level = levels.level
    believed = levels.log_odds[:, None] >= np.log(EVIDENCE_MIN)
    cells, hours, times = (
        Chances(chances.up * believed, chances.down * believed)
        for chances in (levels.cells, levels.hours, levels.times_of_day)
    )
    days, up_day, down_day = _mark_whole(level.days, _usual_day(level.days))
    lift = level.cells.lift
    up = np.maximum(cells.up, np.where(lift >= MATERIAL, np.repeat(up_day, HOURS_PER_DAY, axis=1), 0.0))
    down = np.maximum(
        levels.cells.down, np.where(lift <= 1 / MATERIAL, np.repeat(down_day, HOURS_PER_DAY, axis=1), 0.0)
    )
    return ByLayout(
        cells=_mark_slots(level.cells, Chances(up, down), settings),
        hours=_mark_slots(level.hours, hours, settings),
        days=days,
        week_parts=_mark_whole(level.week_parts, Level(level.week_parts.root[:, :1], level.week_parts.variance[:, :1]))[
            0
        ],
        times_of_day=_mark_slots(level.times_of_day, times, settings),
    )


def _mark_slots(level: Level, chances: Chances, settings: DaypartSettings) -> Marks:
    lift = level.lift
    valley, peak = np.percentile(lift, (settings.valley_percentile, settings.peak_percentile), axis=1, keepdims=True)
    is_peak = (chances.up >= SURE_ENOUGH) & (lift > peak) & (lift > 1)
    is_valley = (chances.down >= SURE_ENOUGH) & (lift < valley) & (lift < 1)
    doubt = 1 - np.clip(np.maximum(chances.up, chances.down), 0.0, 1.0)
    return Marks(is_peak.astype(np.int8) - is_valley.astype(np.int8), false_shares(doubt))


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
