"""What recent cohorts will come to, with intervals.

What a cohort shows is one witness of its final total, the recent matured rate of the same series per unit of exposure
another. They are weighed by their variances, so that a cohort of an hour ago with nothing yet is expected to do as its
series does, and an old one is taken at its word.

References:
    Bornhuetter, R. L., Ferguson, R. E. (1972). The actuary and IBNR. Proceedings of the CAS 59.
    Mack, T. (2000). Credible claims reserves: the Benktander method. ASTIN Bulletin 30(2).
        doi:10.2143/AST.30.2.504639
    Bühlmann, H., Straub, E. (1970). Glaubwürdigkeit für Schadensätze. Bulletin of the Swiss Association of Actuaries
        70: credibility.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv

from adtempo.stats.maturity.curves import WEEKDAYS, Basis, DelayCurve
from adtempo.stats.maturity.rates import Outlook, Usual, expect_rates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLIND = int(Basis.NONE)

LEVELS = (0.80, 0.95)
"""Probabilities of the intervals."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What many series show of their cohorts at one moment.

    Attributes:
        started: Start of each cohort in local days, 0 being a Monday 00:00; shape (cohorts,), rising.
        seen: Totals seen, NaN where a series has no such cohort; shape (series, cohorts).
        age: Index of the age at which they were seen, broadcast to the same shape.
        exposure: What the totals come from (clicks, or spend), same shape; None: days are comparable.
        group: Position of each series' curve, shape (series,).
        unit: Size of one arrival of each series, shape (series,); None: that of its curve.
        whole: Whether arrivals are counted, so that only whole units come.
    """

    started: Floats
    seen: Floats
    age: Ints
    group: Ints
    exposure: Floats | None = None
    unit: Floats | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """Expected final totals; arrays of shape (series, cohorts), or (sums,) after `sum_expectations`.

    Attributes:
        seen: What was seen.
        value: Expected final total.
        maturity: Share of it that was seen, 0 to 1; where nothing is expected, the share that has usually arrived.
        basis: `Basis` of the correction.
        noise_variance: Variance by chance, its own in each cell.
        curve_deviation: Standard deviation through the curve, shared by the cells of a group.
        withdrawn: How much may still be taken back, on average.
        unit: Size of one arrival.
        whole: Whether arrivals are counted.
    """

    seen: Floats
    value: Floats
    maturity: Floats
    basis: Ints
    noise_variance: Floats
    curve_deviation: Floats
    withdrawn: Floats
    unit: Floats
    whole: bool

    def interval(self, *probabilities: float) -> Floats:
        """Return the lower and upper bound of central intervals, in turn, shape (2 x intervals, ...).

        What is to come is taken as gamma distributed; less than half an arrival is none, and of counts only whole
        arrivals come. Where nothing can come any more, both bounds are what was seen.

        Args:
            probabilities: Out of `LEVELS`.
        """
        ends = self._quantiles(*((1 + side * each) / 2 for each in probabilities for side in (-1, 1)))
        ends[::2] = np.minimum(np.maximum(ends[::2], np.minimum(self.seen, 0.0)), self.value)
        ends[1::2] = np.maximum(ends[1::2], self.value)
        return ends

    def median(self) -> Floats:
        """Return the total that is as likely to be passed as not: nearest on average, but medians do not add up."""
        in_doubt = self.curve_deviation > np.abs(self.value - self.seen)
        return np.where(in_doubt, self.value, np.maximum(self._quantiles(0.5)[0], np.minimum(self.seen, 0.0)))

    def _quantiles(self, *probabilities: float) -> Floats:
        variance = self.noise_variance + self.curve_deviation**2
        coming = self.value - self.seen
        shift = 2 * self.withdrawn + np.maximum(self.curve_deviation - np.maximum(coming, 0.0), 0.0)
        later = _gamma_quantiles(np.maximum(coming + shift, 0.0), variance, probabilities)
        return np.asarray(self.seen + self._arrivals(later - shift))

    def _arrivals(self, to_come: Floats) -> Floats:
        """Return what is to come in whole arrivals, or at least in none that are less than half a one."""
        counted = np.rint(to_come / self.unit)
        return np.where(self.whole | (counted == 0), counted * self.unit, to_come)


def learn_usual(snapshot: Snapshot, curves: Sequence[DelayCurve]) -> Usual:
    """Return what series usually bring, learnt from what all their cohorts show.

    Args:
        snapshot: What they show.
        curves: The curves that `snapshot.group` points to.
    """
    share, _, _, _ = _look_up(snapshot, np.broadcast_to(snapshot.age, snapshot.seen.shape), curves)
    return expect_rates(_outlook(snapshot, curves, share))


def expect_totals(snapshot: Snapshot, curves: Sequence[DelayCurve], usual: Usual | None = None) -> Expectation:
    """Return what the cohorts of all series will come to.

    Args:
        snapshot: What they show.
        curves: The curves that `snapshot.group` points to.
        usual: What the series usually bring, of the same cohorts; None to learn it from these.
    """
    share, gross, variance, basis = _look_up(snapshot, np.broadcast_to(snapshot.age, snapshot.seen.shape), curves)
    outlook = _outlook(snapshot, curves, share)
    seen, unit, noise = outlook.seen, outlook.unit, outlook.noise
    known_usual = expect_rates(outlook) if usual is None else usual
    usual_total, doubt = known_usual.per_exposure * outlook.exposure, known_usual.doubt
    reached = np.maximum(share, 1e-9)
    by_itself = seen / reached
    known = usual_total > 0
    level = np.where(known, usual_total, by_itself)
    chance = unit / np.maximum(level * reached, 1e-12) + noise * np.clip(1 - reached, 0, 1) / reached + variance
    own = doubt / (doubt + chance)
    total = own * by_itself + (1 - own) * level
    blind = basis == _BLIND
    coming = np.where(blind, 0.0, (1 - share) * total)
    value = np.maximum(seen + coming, np.minimum(seen, 0.0))
    size = np.where(blind, np.abs(seen) + unit, np.abs(total))
    later = np.where(blind, 0.0, gross) * size
    spare = np.where(blind, 0.0, 1 - share) * size
    noise_variance = unit * later + noise * np.clip(share * (1 - share), 0, None) * size**2
    noise_variance += spare**2 * np.where(known, doubt * (1 - own), chance)
    return Expectation(
        seen=seen,
        value=value,
        maturity=np.clip(np.where(value > 0, seen / np.where(value > 0, value, 1), np.minimum(share, 1)), 0, 1),
        basis=basis,
        noise_variance=noise_variance,
        curve_deviation=np.sqrt(variance) * size,
        withdrawn=np.maximum(later - spare, 0.0) / 2,
        unit=unit,
        whole=snapshot.whole,
    )


def _outlook(snapshot: Snapshot, curves: Sequence[DelayCurve], share: Floats) -> Outlook:
    """Return what is known of the series, exposure where they have a cohort."""
    units = np.array([curve.unit for curve in curves])[snapshot.group] if snapshot.unit is None else snapshot.unit
    noise = np.array([curve.share_noise for curve in curves])[snapshot.group][:, None]
    there = np.isfinite(snapshot.seen)
    exposure = 1.0 if snapshot.exposure is None else np.where(np.isfinite(snapshot.exposure), snapshot.exposure, 0.0)
    return Outlook(
        started=snapshot.started,
        seen=np.where(there, snapshot.seen, 0.0),
        share=share,
        exposure=np.where(there, exposure, 0.0),
        unit=np.broadcast_to(units[:, None], there.shape),
        noise=noise,
        group=snapshot.group,
    )


def sum_expectations(cells: Expectation, into: Ints, sums: int) -> Expectation:
    """Return the expectation of sums of cells: chance averages out, what the curve has wrong does not.

    Args:
        cells: Expectations of single cells.
        into: Which sum each cell belongs to, same shape; negative: none.
        sums: How many sums there are.
    """
    chosen = into >= 0
    where = into[chosen]

    def add(numbers: Floats) -> Floats:
        return np.bincount(where, numbers[chosen], sums).astype(np.float64)

    seen, value, count = add(cells.seen), add(cells.value), np.bincount(where, minlength=sums)
    usual = np.where(count > 0, add(cells.maturity) / np.maximum(count, 1), 1)
    basis = np.zeros(sums, dtype=np.int64)
    np.maximum.at(basis, where, cells.basis[chosen])
    weight = np.abs(cells.value) + 1e-12
    return Expectation(
        seen=seen,
        value=value,
        maturity=np.clip(np.where(value > 0, seen / np.where(value > 0, value, 1), usual), 0, 1),
        basis=basis,
        noise_variance=add(cells.noise_variance),
        curve_deviation=add(cells.curve_deviation),
        withdrawn=add(cells.withdrawn),
        unit=add(weight * cells.unit) / np.maximum(add(weight), 1e-12),
        whole=cells.whole,
    )


def _look_up(snapshot: Snapshot, age: Ints, curves: Sequence[DelayCurve]) -> tuple[Floats, Floats, Floats, Ints]:
    """Return share, gross movement to come, log variance and basis of each cell."""
    share, gross, variance = (np.empty(age.shape) for _ in range(3))
    basis = np.empty(age.shape, dtype=np.int64)
    weekday = (np.floor(snapshot.started) % WEEKDAYS).astype(np.int64)
    for group, curve in enumerate(curves):
        rows = np.flatnonzero(snapshot.group == group)
        era, at = curve.eras(snapshot.started)[None], age[rows]
        share[rows] = curve.share[era, weekday[None], at]
        gross[rows], variance[rows] = curve.gross[era, at], curve.log_variance[era, at]
        basis[rows] = curve.basis[era, at]
    return share, gross, variance, basis


_SHAPES = np.exp(np.linspace(-9, 16, 1001))
_LOG_SHAPES = np.log(_SHAPES)


@cache
def _gamma_table(probability: float) -> Floats:
    return np.asarray(gammaincinv(_SHAPES, probability) / _SHAPES)


def _gamma_quantiles(mean: ArrayLike, variance: ArrayLike, probabilities: Sequence[float]) -> Floats:
    """Return quantiles of gamma distributions, shape (probabilities, ...); the mean where there is no variance.

    They are read from a table by the distributions' shape.
    """
    centre, spread = np.asarray(mean, dtype=np.float64), np.asarray(variance, dtype=np.float64)
    certain = (spread <= 0) | (centre <= 0)
    shape = np.where(certain, 1.0, centre**2 / np.where(spread <= 0, 1.0, spread))
    logs = np.log(np.maximum(shape, _SHAPES[0]))
    relative = np.stack([np.interp(logs, _LOG_SHAPES, _gamma_table(probability)) for probability in probabilities])
    return np.where(certain, centre, centre * relative)
