"""What is unusual in a series: one causal score per row, and one alert per incident.

The question is not how many standard deviations (tails of real series are anything but normal) but how often this
series, left alone, does something like this. What it does less than once in so many days is an alert.

1. *Baseline.* An additive profile (hour of day + weekday + hour of week, the last shrunk until about eight weeks
   exist) and slow levels, learnt from clipped residuals, so that a spike moves neither.
2. *Evidence.* How far a fast average lies above or below a slow level, each side in units of its own usual largest
   swing per block (six hours, or one row where rows are rarer).
3. *Tail.* The largest evidence of each block over 56 days; its upper quarter follows a Pareto law whose exponent has a
   Gamma prior, which gives the predictive chance of a block beyond x. Blocks, so that the 50 rows of one incident
   count once; predictive, so that three days of history claim little. What alerted is remembered at the alert level:
   it must not hide the next incident, yet what comes back every few days is soon ordinary.
4. *Score* = T / (T + R): T is the return period of the evidence, R the one that alerts.

References:
    Lavin and Ahmad (2015), Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark,
    doi:10.1109/ICMLA.2015.141. Ahmad, Lavin, Purdy and Agha (2017), Unsupervised real-time anomaly detection for
    streaming data, doi:10.1016/j.neucom.2017.04.070. Siffer, Fouque, Termier and Largouet (2017), Anomaly detection
    in streams with extreme value theory, doi:10.1145/3097983.3098144. Hill (1975), A simple general approach to
    inference about the tail of a distribution, doi:10.1214/aos/1176343247.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat
from math import exp, inf, isfinite, log, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ONCE_IN_DAYS = 10.0
"""How rare a row must be to alert unless asked otherwise: left alone, a series alerts at most about this often."""

ALERT_HOURS, QUIET_HOURS = 24.0, 6.0
"""An alert needs this distance from the one before, and from the last row that was as rare: the same incident."""

MEMORY_DAYS = 56.0
"""Swings of longer ago are forgotten."""

_TAIL_SHARE = 0.25
_PRIOR_BLOCKS, _PRIOR_EXCESS = 5.0, 0.3
"""The Gamma prior of the Pareto exponent, worth so many blocks of such a mean log excess."""

_CLIP = 3.0
"""A residual beyond this many mean absolute residuals teaches the baseline no more than this."""

_LOG_MAX = 700.0  # exp of more is no double

_DUST = 1e-9
"""A swing smaller than this share of the value is rounding."""

_SLOW_ROWS = 24.0
"""A slow level remembers at least so many rows, however rare they are."""

_TRUSTING_ROWS = 10
_SCALE_HOURS = 168.0
_VISITS_OF_HOUR, _VISITS_OF_WEEKDAY, _VISITS_OF_CELL = 14.0, 96.0, 8.0
"""Memory of the parts of the profile, in hours of their own: two weeks, four weeks, eight weeks."""

_WEEKDAY_SHRINKAGE, _CELL_SHRINKAGE = 24.0, 4.0
"""Hours of their own after which they are believed half: a weekday after one, an hour of the week after four."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One time scale on which to look.

    Attributes:
        fast_hours: Memory of the average that is watched.
        slow_hours: Memory of the level it is compared with.
        block_hours: Largest swings are taken per block of this much observed time.
        blocks_min: Blocks to see before the first alert.
        share: Part of the false alarms that this watch may spend; the shares of a detector add to 1.
        clipped: Whether one extreme row counts as no more than a large one: it is a jump, not a trend.
    """

    fast_hours: float
    slow_hours: float
    block_hours: float
    blocks_min: int
    share: float = 1.0
    clipped: bool = False


WATCHES = (
    Watch(fast_hours=0.5, slow_hours=24.0, block_hours=6.0, blocks_min=8, share=0.8),
    Watch(fast_hours=6.0, slow_hours=168.0, block_hours=24.0, blocks_min=14, share=0.1, clipped=True),
    Watch(fast_hours=24.0, slow_hours=672.0, block_hours=24.0, blocks_min=21, share=0.1, clipped=True),
)
"""Jumps against the last day, bad half-days against the last week, slow decay against the last month.

Most incidents are jumps, so jumps may spend most of the false alarms.
"""


class Reading(NamedTuple):
    """What a detector says about one row.

    Attributes:
        score: 0 to 1; from 0.5 on this row opens an incident.
        z: Standardised distance from the baseline, negative below it; for tables, alerts do not use it.
        expected: What the baseline expected, in the unit of the values.
        rarity: How many times rarer than asked for the evidence is; 1 alerts.
    """

    score: float
    z: float
    expected: float
    rarity: float


_THURSDAY = 72  # 1970-01-01 was one

_ABSENT = Reading(0.0, nan, nan, 0.0)


class _Tail:
    """How rare the largest evidence of a block is, judged by the blocks before."""

    __slots__ = (
        "_blocks",
        "_excess",
        "_exponent",
        "_least",
        "_needed",
        "_ordered",
        "_period",
        "_room",
        "_seen",
        "_size",
        "level",
    )

    def __init__(self, needed: float, least: int, room: int) -> None:
        self._needed, self._least, self._room = needed, least, room
        self._seen = 0
        self._blocks: deque[float] = deque()
        self._ordered: list[float] = []  # the same, rising
        self._size = 0
        self._exponent, self._excess, self._period = 0.0, 1.0, 0.0
        self.level = inf
        """Evidence up to this is ordinary."""

    def add(self, largest: float) -> None:
        """Close a block and fit anew."""
        self._seen += 1
        block = min(largest, self._alert_level())
        self._blocks.append(block)
        insort(self._ordered, block)
        forgotten = -inf
        # Swings of the first week, in which the profile was learnt, say little.
        if len(self._blocks) > min(self._room, max(self._least, self._seen - min(self._seen / 3, self._room / 8))):
            forgotten = self._blocks.popleft()
            del self._ordered[bisect_left(self._ordered, forgotten)]
        count = len(self._blocks)
        if count < self._least:
            return
        size = max(2, int(count * _TAIL_SHARE))
        if size != self._size or block > self.level or forgotten >= self.level:
            self._fit(size)
        above = size if self.level > 0 else count - bisect_right(self._ordered, 0.0) + 1
        self._period = (count + 1) / above

    def _fit(self, size: int) -> None:
        """Fit the law of the largest blocks, so many; nothing below them matters."""
        self._size = size
        self.level = level = self._ordered[-size]
        if level > 0:
            logs = sum([log(block / level) for block in self._ordered[:-size:-1]])
            self._exponent, self._excess = _PRIOR_BLOCKS + size - 1, _PRIOR_BLOCKS * _PRIOR_EXCESS + logs
        else:  # it hardly ever moves: all that can be said is how often it did (Laplace's rule of succession)
            self._exponent = 0.0

    def rarity(self, evidence: float) -> float:
        """Return how many blocks pass until one reaches this, which is above the level, over the number that alerts."""
        rarity = self._period / self._needed
        if self._exponent:
            rarity *= (1.0 + log(evidence / self.level) / self._excess) ** self._exponent
        return rarity

    def _alert_level(self) -> float:
        if not self._exponent:
            return inf
        ratio = max(self._needed / self._period, 1.0)
        log_excess = self._excess * (ratio ** (1.0 / self._exponent) - 1.0)
        return float(self.level * exp(min(log_excess, _LOG_MAX)))


_Row = tuple[float, float, float, float, float, float, float, float]
"""What the baseline says of a row before it learns from it; a tuple, since names would take as long as all the rest.

Time of the row in hours; usual distance from the row before; the value without its season; its weight; 1 / rows so far
(what is young follows the mean); the size beyond which a residual teaches no more; the standardised distance from the
baseline; what the baseline expected.
"""


class _Baseline:
    """What is expected of a row: a level, and what the hour of the day, the weekday and the hour of the week add."""

    def __init__(self, slow_hours: float, *, counts: bool) -> None:
        self._slow_hours, self._counts = slow_hours, counts
        self._clock = (0, 0.0, 0.0)  # rows, time of the last one, usual distance between them
        self._state = (0.0, 0.0, 0.0)  # level, its weight, mean absolute residual
        self._parts = tuple(([0.0] * size, [0.0] * size) for size in (24, 7, 168))  # what each adds, and its visits

    def read(self, rows: Iterable[tuple[float, int, float, float]]) -> list[_Row | None]:
        """Judge rows of (hours, cell, value, weight) by those before them, then learn; None for what is no row."""
        judged: list[_Row | None] = []
        counts, (count, clock, step) = self._counts, self._clock
        (by_hour, hour_visits), (by_weekday, weekday_visits), (by_cell, cell_visits) = self._parts
        level, level_weight, scale = self._state
        level_gain, scale_gain = _slow_gain(self._slow_hours, step), _gain(_SCALE_HOURS, step)
        for hours, cell, value, weight in rows:
            if not (isfinite(value) and weight > 0):
                judged.append(None)
                continue
            if counts:
                value = sqrt(max(value, 0.0))  # noqa: PLW2901
            count += 1
            apart, clock = hours - clock, hours
            if apart != step and apart > 0 and count > 1:
                # A gap counts as at most two steps; rows that have become rarer are believed within a few of them.
                step = min(apart, 2 * step) if step > 0 else apart
                level_gain, scale_gain = _slow_gain(self._slow_hours, step), _gain(_SCALE_HOURS, step)
            hour, weekday = cell % 24, cell // 24
            seasonal = by_hour[hour] + by_weekday[weekday] + by_cell[cell]
            rest = value - seasonal
            if count == 1:
                level, level_weight = rest, weight
            mean_gain = 1.0 / count
            clip = _CLIP * scale if count > _TRUSTING_ROWS else inf
            residual = rest - level
            expected = level + seasonal
            z = residual / (1.2533 * scale) if scale > 0 else 0.0
            if counts:
                expected = max(expected, 0.0) ** 2
            judged.append((hours, step, rest, weight, mean_gain, clip, z, expected))
            if residual > clip or residual < -clip:
                residual = clip if residual > 0 else -clip
            gain = max(level_gain, mean_gain)
            level_weight += gain * (weight - level_weight)
            level += gain * weight / level_weight * residual
            scale += max(scale_gain, mean_gain) * (abs(residual) - scale)
            if count > _TRUSTING_ROWS:
                visit = min(step, 1.0)  # of a whole hour
                hour_visits[hour] = seen = min(hour_visits[hour] + visit, _VISITS_OF_HOUR)
                by_hour[hour] += visit / (seen + 1.0) * residual
                weekday_visits[weekday] = seen = min(weekday_visits[weekday] + visit, _VISITS_OF_WEEKDAY)
                by_weekday[weekday] += visit / (seen + _WEEKDAY_SHRINKAGE) * residual
                cell_visits[cell] = seen = min(cell_visits[cell] + visit, _VISITS_OF_CELL)
                by_cell[cell] += visit / (seen + _CELL_SHRINKAGE) * residual
        self._clock = (count, clock, step)
        self._state = (level, level_weight, scale)
        return judged


class _Lookout:
    """One watch at work: two levels, and how far they usually swing apart."""

    def __init__(self, watch: Watch, once_in_days: float) -> None:
        per_day = 24.0 / watch.block_hours
        self._watch = watch
        self._room = round(MEMORY_DAYS * per_day)
        self._tail = _Tail(once_in_days * per_day / watch.share, watch.blocks_min, self._room)
        self._step = 0.0
        self._fast = (0.0, 0.0)  # level and weight
        self._slow = (0.0, 0.0)
        self._filled_hours = 0.0
        self._blocks = 0
        self._largest = [0.0, 0.0]  # swing up and swing down, in the running block
        self._usual = [0.0, 0.0]  # the same, on average over blocks
        self._units = [0.0, 0.0]  # 1 / usual

    def read(self, rows: Iterable[_Row]) -> list[float]:
        """Return how rare the swing of the fast average is at each row, learning from it.

        The slow level moves by no more than a clipped residual asks for.
        """
        watch, tail, step, filled = self._watch, self._tail, self._step, self._filled_hours
        clipped, block_hours, largest, units = watch.clipped, watch.block_hours, self._largest, self._units
        (fast, fast_weight), (slow, slow_weight) = self._fast, self._slow
        fast_gain, slow_gain = _gain(watch.fast_hours, step), _slow_gain(watch.slow_hours, step)
        rarities = []
        for _, step_hours, value, weight, mean_gain, clip, _, _ in rows:
            if step_hours != step:
                step = step_hours
                fast_gain, slow_gain = _gain(watch.fast_hours, step), _slow_gain(watch.slow_hours, step)
            if not slow_weight:
                fast, fast_weight, slow, slow_weight = value, weight, value, weight
            residual = value - slow
            if residual > clip or residual < -clip:
                residual = clip if residual > 0 else -clip
                if clipped:
                    value = slow + residual  # noqa: PLW2901
            gain = max(fast_gain, mean_gain)
            fast_weight += gain * (weight - fast_weight)
            fast += gain * weight / fast_weight * (value - fast)
            swing = fast - slow
            if fast_weight < slow_weight:
                swing *= sqrt(fast_weight / slow_weight)
            side = 0
            if swing < 0:
                side, swing = 1, -swing
            if swing <= _DUST * abs(value):
                swing = 0.0
            largest[side] = max(largest[side], swing)
            unit = units[side]
            evidence = swing * unit if unit else float(swing > 0)
            rarities.append(tail.rarity(evidence) if evidence > tail.level else 0.0)
            gain = max(slow_gain, mean_gain)
            slow_weight += gain * (weight - slow_weight)
            slow += gain * weight / slow_weight * residual
            filled += step
            if filled >= block_hours:
                filled = 0.0
                self._close_block()
        self._step, self._filled_hours = step, filled
        self._fast, self._slow = (fast, fast_weight), (slow, slow_weight)
        return rarities

    def _close_block(self) -> None:
        self._blocks += 1
        if self._blocks > 1:  # before, evidence had no unit
            up, down = map(_evidence, self._largest, self._units)
            self._tail.add(max(up, down))
        for side, largest in enumerate(self._largest):
            usual = self._usual[side]
            if usual > 0:
                largest = min(largest, _CLIP * usual)  # noqa: PLW2901
            self._usual[side] = usual + (largest - usual) / min(self._blocks, self._room)
        fallback = max(self._usual)
        self._units[:] = [1.0 / (usual or fallback) if fallback else 0.0 for usual in self._usual]
        self._largest[:] = 0.0, 0.0


def _evidence(swing: float, unit: float) -> float:
    return swing * unit if unit else float(swing > 0)


def _gain(memory_hours: float, step_hours: float) -> float:
    """Return by how much an average moves towards a new row."""
    return 1.0 - exp(-step_hours / memory_hours)


def _slow_gain(memory_hours: float, step_hours: float) -> float:
    return 1.0 - exp(-1.0 / max(memory_hours / step_hours, _SLOW_ROWS)) if step_hours > 0 else 0.0


class Detector:
    """Reads one series row by row; its state is small and does not grow.

    Only observed time counts: a gap neither ages the baseline nor alerts by itself. A time that does not advance (the
    second 02:30 of a clock change in local time) counts as one more row at the usual distance.

    Args:
        watches: Time scales to look at; the slow level of the first is the baseline's.
        once_in_days: How rare a row must be to alert, in days of observed time. Whoever watches n series and wants
            about one false alert in ten days asks for 10 n days.
        counts: The values are counts or amounts, whose noise grows with the root of their size; they are watched as
            roots, and negative ones count as 0.

    >>> detector = Detector()
    >>> scores = [detector.read(hour, hour % 168, 10.0 + hour % 3).score for hour in range(200)]
    >>> max(scores) < 0.5 <= detector.read(200, 32, 50.0).score
    True
    """

    def __init__(
        self, watches: tuple[Watch, ...] = WATCHES, *, once_in_days: float = ONCE_IN_DAYS, counts: bool = False
    ) -> None:
        self._baseline = _Baseline(watches[0].slow_hours, counts=counts)
        self._lookouts = [_Lookout(watch, once_in_days) for watch in watches]
        self._alert_hours = self._unusual_hours = -inf  # times of the last alert and of the last row as rare as one

    def read(self, hours: float, cell: int, value: float, weight: float = 1.0) -> Reading:
        """Judge one row by those before it, then learn from it.

        Args:
            hours: Time of the row, in hours since any moment.
            cell: Hour of the week, 0-167, in the time zone that people live in.
            value: A number; a row without one (NaN) is as good as no row.
            weight: For a ratio its denominator, above 0; it says how exact the value is.
        """
        return self.read_rows([(hours, cell, value, weight)])[0]

    def read_rows(self, rows: Iterable[tuple[float, int, float, float]]) -> list[Reading]:
        """Judge many rows of (hours, cell, value, weight); the same as one by one, in a fraction of the time."""
        judged = self._baseline.read(rows)
        known = [row for row in judged if row is not None]
        rarities = map(max, *(lookout.read(known) for lookout in self._lookouts), repeat(0.0))
        readings = []
        for row in judged:
            if row is None:
                readings.append(_ABSENT)
                continue
            hours, step, *_, z, expected = row
            rarity = next(rarities)
            readings.append(Reading(self._score(hours, step, rarity) if rarity else 0.0, z, expected, rarity))
        return readings

    def _score(self, hours: float, step: float, rarity: float) -> float:
        score = 1.0 if rarity == inf else rarity / (1.0 + rarity)
        if rarity < 1:
            return score
        is_new = hours - self._alert_hours >= ALERT_HOURS and hours - self._unusual_hours >= max(
            QUIET_HOURS, 1.5 * step
        )
        self._unusual_hours = hours
        if not is_new:
            return score / 2.01
        self._alert_hours = hours
        return score


def read_series(
    detector: Detector, hours: Floats, cells: NDArray[np.int64], values: Floats, weights: Floats | None = None
) -> list[Reading]:
    """Read many rows; the same as one by one.

    Args:
        detector: Whose state moves on.
        hours: Time of each row, in hours since any moment, shape (rows,).
        cells: Hour of the week of each row, 0-167, shape (rows,).
        values: Shape (rows,); NaN where there is none.
        weights: Denominators of ratios, shape (rows,); None: all rows are equally exact.
    """
    exactness = np.ones(len(values)) if weights is None else weights
    rows = zip(hours.tolist(), cells.tolist(), values.tolist(), exactness.tolist(), strict=True)
    return detector.read_rows(rows)


def score_series(timestamps: NDArray[np.datetime64], values: Floats) -> Floats:
    """Score a plain series; each score uses nothing later than its row.

    Args:
        timestamps: In the clock that people live by, shape (rows,); any distance, gaps allowed.
        values: Shape (rows,); NaN where there is none.

    Returns:
        Scores from 0 to 1, shape (rows,); from 0.5 on a row opens an incident, at most once in 24 hours.

    >>> days = np.arange("2026-01-05", "2026-04-15", dtype="datetime64[D]")
    >>> values = np.where(np.arange(100) == 90, 80.0, 10.0 + np.arange(100) % 3)
    >>> np.flatnonzero(score_series(days, values) >= 0.5)
    array([90])
    """
    seconds = timestamps.astype("datetime64[s]").astype(np.int64)
    cells = (seconds // 3600 + _THURSDAY) % 168
    readings = read_series(Detector(), seconds / 3600.0, cells, np.asarray(values, dtype=np.float64))
    return np.array([reading.score for reading in readings], dtype=np.float64)
