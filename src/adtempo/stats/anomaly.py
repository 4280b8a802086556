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

    __slots__ = ("_blocks", "_excess", "_exponent", "_least", "_level", "_needed", "_period", "_room", "_seen")

    def __init__(self, needed: float, least: int, room: int) -> None:
        self._needed, self._least, self._room = needed, least, room
        self._seen = 0
        self._blocks: deque[float] = deque(maxlen=room)
        self._level, self._period = inf, 0.0
        self._exponent, self._excess = 0.0, 1.0

    def add(self, largest: float) -> None:
        """Close a block and fit anew."""
        self._seen += 1
        self._blocks.append(min(largest, self._alert_level()))
        if len(self._blocks) > max(self._least, self._seen - min(self._seen / 3, self._room / 8)):
            self._blocks.popleft()  # swings of the first week, in which the profile was learnt, say little
        count = len(self._blocks)
        if count < self._least:
            return
        ordered = sorted(self._blocks, reverse=True)
        tail = max(2, int(count * _TAIL_SHARE))
        self._level = ordered[tail - 1]
        if self._level > 0:
            logs = sum(log(block / self._level) for block in ordered[: tail - 1])
            self._exponent, self._excess = _PRIOR_BLOCKS + tail - 1, _PRIOR_BLOCKS * _PRIOR_EXCESS + logs
            self._period = (count + 1) / tail
        else:  # it hardly ever moves: all that can be said is how often it did (Laplace's rule of succession)
            self._exponent = 0.0
            self._period = (count + 1) / (sum(block > 0 for block in ordered) + 1)

    def rarity(self, evidence: float) -> float:
        """Return how many blocks pass until one reaches this, over the number that alerts; 0 for the ordinary."""
        if evidence <= self._level:
            return 0.0
        rarity = self._period / self._needed
        if self._exponent:
            rarity *= (1.0 + log(evidence / self._level) / self._excess) ** self._exponent
        return rarity

    def _alert_level(self) -> float:
        if not self._exponent:
            return inf
        ratio = max(self._needed / self._period, 1.0)
        log_excess = self._excess * (ratio ** (1.0 / self._exponent) - 1.0)
        return float(self._level * exp(min(log_excess, _LOG_MAX)))


class _Lookout:
    """One watch at work: two levels, and how far they usually swing apart."""

    def __init__(self, watch: Watch, once_in_days: float) -> None:
        per_day = 24.0 / watch.block_hours
        self._watch = watch
        self._room = round(MEMORY_DAYS * per_day)
        self._tail = _Tail(once_in_days * per_day / watch.share, watch.blocks_min, self._room)
        self._fast_gain = self._slow_gain = 0.0
        self._fast_weight = self._slow_weight = 0.0
        self._fast = self.slow = 0.0
        self._filled_hours = 0.0
        self._blocks = 0
        self._largest = [0.0, 0.0]  # swing up and swing down, in the running block
        self._usual = [0.0, 0.0]  # the same, on average over blocks
        self._units = [0.0, 0.0]  # 1 / usual
        self._peak = 0.0  # evidence, in the running block

    def start(self, value: float, weight: float) -> None:
        """Take the first row as it is."""
        self._fast = self.slow = value
        self._fast_weight = self._slow_weight = weight

    def pace(self, step_hours: float) -> None:
        """Take note of how far apart rows are."""
        self._fast_gain = 1.0 - exp(-step_hours / self._watch.fast_hours)
        self._slow_gain = 1.0 - exp(-1.0 / max(self._watch.slow_hours / step_hours, _SLOW_ROWS))

    def look(self, value: float, weight: float, mean_gain: float, clip: float) -> float:
        """Follow the fast average and return the rarity of where it is now."""
        if self._watch.clipped:
            value = max(self.slow - clip, min(self.slow + clip, value))
        gain = max(self._fast_gain, mean_gain)
        self._fast_weight += gain * (weight - self._fast_weight)
        self._fast += gain * weight / self._fast_weight * (value - self._fast)
        swing = self._fast - self.slow
        if self._fast_weight < self._slow_weight:
            swing *= sqrt(self._fast_weight / self._slow_weight)
        side = 0
        if swing < 0:
            side, swing = 1, -swing
        if swing <= _DUST * abs(value):
            swing = 0.0
        self._largest[side] = max(self._largest[side], swing)
        unit = self._units[side]
        evidence = swing * unit if unit else float(swing > 0)
        self._peak = max(self._peak, evidence)
        return self._tail.rarity(evidence)

    def learn(self, value: float, weight: float, mean_gain: float, clip: float) -> None:
        """Move the slow level, by no more than a clipped residual asks for."""
        gain = max(self._slow_gain, mean_gain)
        self._slow_weight += gain * (weight - self._slow_weight)
        residual = value - self.slow
        if residual > clip:
            residual = clip
        elif residual < -clip:
            residual = -clip
        self.slow += gain * weight / self._slow_weight * residual

    def tick(self, step_hours: float) -> None:
        """Let observed time pass; close the block when it is full."""
        self._filled_hours += step_hours
        if self._filled_hours < self._watch.block_hours:
            return
        self._filled_hours = 0.0
        self._blocks += 1
        if self._blocks > 1:  # before, evidence had no unit
            self._tail.add(self._peak)
        for side, largest in enumerate(self._largest):
            usual = self._usual[side]
            if usual > 0:
                largest = min(largest, _CLIP * usual)  # noqa: PLW2901
            self._usual[side] = usual + (largest - usual) / min(self._blocks, self._room)
        fallback = max(self._usual)
        self._units = [1.0 / (usual or fallback) if fallback else 0.0 for usual in self._usual]
        self._largest = [0.0, 0.0]
        self._peak = 0.0


class _Profile:
    """What the hour of the day, the weekday and the hour of the week add to the level."""

    def __init__(self) -> None:
        self._hours, self._hour_visits = [0.0] * 24, [0.0] * 24
        self._weekdays, self._weekday_visits = [0.0] * 7, [0.0] * 7
        self._cells, self._cell_visits = [0.0] * 168, [0.0] * 168

    def at(self, cell: int) -> float:
        """Return what is expected on top of the level in an hour of the week."""
        return self._hours[cell % 24] + self._weekdays[cell // 24] + self._cells[cell]

    def learn(self, cell: int, residual: float, visit: float) -> None:
        """Move the three parts by a clipped residual; a visit of a whole hour counts 1."""
        for values, visits, place, memory, shrinkage in (
            (self._hours, self._hour_visits, cell % 24, _VISITS_OF_HOUR, 1.0),
            (self._weekdays, self._weekday_visits, cell // 24, _VISITS_OF_WEEKDAY, _WEEKDAY_SHRINKAGE),
            (self._cells, self._cell_visits, cell, _VISITS_OF_CELL, _CELL_SHRINKAGE),
        ):
            visits[place] = seen = min(visits[place] + visit, memory)
            values[place] += visit / (seen + shrinkage) * residual


class Detector:
    """Reads one series row by row; its state is small and does not grow.

    Only observed time counts: a gap neither ages the baseline nor alerts by itself. A time that does not advance (the
    second 02:30 of a clock change in local time) counts as one more row at the usual distance.

    Args:
        watches: Time scales to look at.
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
        self._lookouts = [_Lookout(watch, once_in_days) for watch in watches]
        self._counts = counts
        self._profile = _Profile()
        self._rows = 0
        self._hours = 0.0
        self._step = 0.0
        self._scale = 0.0  # mean absolute residual
        self._scale_gain = 0.0
        self._alert_hours = self._unusual_hours = -inf  # times of the last alert and of the last row as rare as one

    def read(self, hours: float, cell: int, value: float, weight: float = 1.0) -> Reading:
        """Judge one row by those before it, then learn from it.

        Args:
            hours: Time of the row, in hours since any moment.
            cell: Hour of the week, 0-167, in the time zone that people live in.
            value: A number; a row without one (NaN) is as good as no row.
            weight: For a ratio its denominator, above 0; it says how exact the value is.
        """
        if not (isfinite(value) and weight > 0):
            return _ABSENT
        if self._counts:
            value = sqrt(max(value, 0.0))
        self._rows += 1
        self._advance(hours)
        seasonal = self._profile.at(cell)
        rest = value - seasonal
        if self._rows == 1:
            for lookout in self._lookouts:
                lookout.start(rest, weight)
        mean_gain = 1.0 / self._rows
        clip = _CLIP * self._scale if self._rows > _TRUSTING_ROWS else inf
        rarity = 0.0
        for lookout in self._lookouts:
            rarity = max(rarity, lookout.look(rest, weight, mean_gain, clip))
        level = self._lookouts[0].slow
        reading = Reading(
            self._score(rarity),
            (rest - level) / (1.2533 * self._scale) if self._scale > 0 else 0.0,
            self._shown(level + seasonal),
            rarity,
        )
        self._learn(cell, rest, weight, mean_gain, clip)
        return reading

    def _advance(self, hours: float) -> None:
        apart = hours - self._hours
        self._hours = hours
        if self._rows < 2 or apart <= 0:
            return
        # A gap counts as at most two steps; rows that have become rarer are believed within a few of them.
        step = min(apart, 2 * self._step) if self._step > 0 else apart
        if step != self._step:
            self._step = step
            self._scale_gain = 1.0 - exp(-step / _SCALE_HOURS)
            for lookout in self._lookouts:
                lookout.pace(step)

    def _score(self, rarity: float) -> float:
        score = 1.0 if rarity == inf else rarity / (1.0 + rarity)
        if rarity < 1:
            return score
        quiet_hours = max(QUIET_HOURS, 1.5 * self._step)
        is_new = self._hours - self._alert_hours >= ALERT_HOURS and self._hours - self._unusual_hours >= quiet_hours
        self._unusual_hours = self._hours
        if not is_new:
            return score / 2.01
        self._alert_hours = self._hours
        return score

    def _learn(self, cell: int, rest: float, weight: float, mean_gain: float, clip: float) -> None:
        residual = max(-clip, min(clip, rest - self._lookouts[0].slow))
        for lookout in self._lookouts:
            lookout.learn(rest, weight, mean_gain, clip)
            lookout.tick(self._step)
        self._scale += max(self._scale_gain, mean_gain) * (abs(residual) - self._scale)
        if self._rows > _TRUSTING_ROWS:
            self._profile.learn(cell, residual, min(self._step, 1.0))

    def _shown(self, expected: float) -> float:
        return max(expected, 0.0) ** 2 if self._counts else expected


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
    exactness: Iterable[float] = repeat(1.0) if weights is None else weights.tolist()
    return list(map(detector.read, hours.tolist(), cells.tolist(), values.tolist(), exactness))


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
