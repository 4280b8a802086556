"""Intervals out of errors made on the past: each series has its size of error, all together have its shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from adtempo.stats.forecasters.choice import Choice

Floats = NDArray[np.float64]

LEVELS = (0.025, 0.1, 0.9, 0.975)
"""Which quantiles a fan has: the ends of the central 95% and 80%."""

PATHS = 512
"""How many futures are drawn."""

_POWERS = (0.0, 0.5, 1.0)  # how errors may grow with what is expected: not, as of counts, in proportion
_FLOOR = 0.05  # of the mean size of the series: below it errors shrink no further
_GROWTH = 0.25  # power of the step by which errors grow, where the past tells little
_GROWTH_WEIGHT = 4.0  # origins that this is worth
_GROWTH_MAX = 1.0
_SHAPE_WEIGHT = 16.0  # origins, of all series, that the assumed shape of errors is worth
_FREEDOM_MIN = 3.0
_MEAN_OF_NORMAL = np.sqrt(2 / np.pi)
_LEAST_SHARE = 0.1  # of the mean error: no origin's size is taken to be less
_LEAST = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How far a series strays.

    Attributes:
        sizes: Mean absolute error of the steps to come, shape (horizon,).
        strays: Errors of the past in such sizes, as origins apart from it tell them, shape (origins, steps ahead).
        origins: How many there are, those that share steps counting for less than one.
    """

    sizes: Floats
    strays: Floats
    origins: float


def measure(choice: Choice, history: Floats) -> Spread:
    """Return how large errors are: in proportion to a power of what is expected, and of how far ahead it is.

    A series with no past to tell from strays as it has changed from step to step.

    Args:
        choice: What it gets.
        history: The series, shape (steps,), two or more.
    """
    known = np.isfinite(choice.errors).all(axis=1)
    if not known.any():
        steps = np.arange(1, len(choice.expected) + 1)
        return Spread(np.abs(np.diff(history)).mean() * np.sqrt(steps), choice.errors, 0.0)
    errors, predicted = np.abs(choice.errors[known]), np.abs(choice.predicted[known])
    floor = max(_FLOOR * float(np.abs(history).mean()), _LEAST)
    level = np.maximum(predicted, floor)
    power = min(_POWERS, key=lambda power: (round(_surprise(errors, level**power), 6), power))
    sized = errors / level**power
    growth = _growth_of(sized)
    sized = sized / np.arange(1, sized.shape[1] + 1) ** growth
    means = sized.mean(axis=1)
    ages = np.asarray(choice.ages)[known]
    apart = np.abs(ages[:, None] - ages) >= sized.shape[1]
    others = np.where(apart.any(axis=1), apart @ means / np.maximum(apart.sum(axis=1), 1), means.mean())
    strays = np.full(choice.errors.shape, np.nan)
    others = np.maximum(others, max(_LEAST_SHARE * float(means.mean()), _LEAST))
    strays[known] = np.sign(choice.errors[known]) * sized / others[:, None]
    ahead = np.arange(1, len(choice.expected) + 1)
    sizes = means.mean() * ahead**growth * np.maximum(np.abs(choice.expected), floor) ** power
    return Spread(sizes, strays, 1.0 + float(np.ptp(ages)) / sized.shape[1])


def _surprise(errors: Floats, sizes: Floats) -> float:
    """Return how badly such sizes explain errors: the negative log-likelihood of Laplace's law, best scale."""
    return float(np.log(max((errors / sizes).mean(), _LEAST)) + np.log(sizes).mean())


def _growth_of(sized: Floats) -> float:
    """Return the power of the step by which errors grow, drawn towards what is usual where the past tells little."""
    logs = np.log(np.arange(1, sized.shape[1] + 1))
    logs -= logs.mean()
    overall = float(sized.mean())
    if len(logs) == 1 or overall <= 0:
        return _GROWTH
    means = np.log(np.maximum(sized.mean(axis=0), _FLOOR * overall))
    slope = float(logs @ means) / float(logs @ logs)
    weight = len(sized) / (len(sized) + _GROWTH_WEIGHT)
    return min(max(weight * slope + (1 - weight) * _GROWTH, 0.0), _GROWTH_MAX)


def find_ends(spreads: Sequence[Spread]) -> Floats:
    """Return where the intervals end, in distances from what is expected, shape (series, LEVELS, horizon).

    Errors of all series, each in its own size, that size being told by its other origins, are pooled; the ends are
    their quantiles. The fewer origins there are, the nearer these are to Student's t.

    References:
        Barber, R. F., Candes, E. J., Ramdas, A., Tibshirani, R. J. (2021). Predictive inference with the jackknife+.
        Annals of Statistics 49(1). doi:10.1214/20-AOS1965
    """
    pooled = np.concatenate([spread.strays[np.isfinite(spread.strays)] for spread in spreads])
    levels = np.array(LEVELS)
    total = sum(spread.origins for spread in spreads)
    weight = total / (total + _SHAPE_WEIGHT)
    ends = []
    for spread in spreads:
        shape = stdtrit(max(spread.origins - 1, _FREEDOM_MIN), levels) / _MEAN_OF_NORMAL
        if spread.origins:
            shape = (1 - weight) * shape + weight * np.quantile(pooled, levels)
        rising = np.where(levels < 0.5, np.minimum(shape, 0.0), np.maximum(shape, 0.0))
        ends.append(rising[:, None] * spread.sizes)
    return np.stack(ends)


def draw_strays(spreads: Sequence[Spread], ages: Sequence[Sequence[int]], ends: Floats, seed: int) -> Floats:
    """Return distances of equally likely futures from what is expected, shape (series, PATHS, horizon).

    A future is a random mixture of how all series strayed together at the moments of the past; at each step it is
    then stretched so that the futures' quantiles are the ends of the intervals.

    Args:
        spreads: Of each series.
        ages: How many steps before the end of the series each of its origins lies.
        ends: Of the intervals, as `find_ends` gives them.
        seed: Of the mixtures.

    References:
        Clark, M. et al. (2004). The Schaake shuffle. Journal of Hydrometeorology 5(1).
        doi:10.1175/1525-7541(2004)005<0243:TSSAMF>2.0.CO;2
    """
    rng = np.random.default_rng(seed)
    oldest = max((max(own) for own in ages if len(own)), default=0)
    weights = rng.standard_normal((PATHS, oldest + 1))
    horizon = ends.shape[2]
    scores = ndtri((np.arange(PATHS) + 0.5) / PATHS)
    knots = ndtri(np.array([1e-4, LEVELS[0], LEVELS[1], 0.5, LEVELS[2], LEVELS[3], 1 - 1e-4]))
    futures = np.empty((len(spreads), PATHS, horizon))
    for place, (spread, own) in enumerate(zip(spreads, ages, strict=True)):
        known = np.isfinite(spread.strays).all(axis=1)
        if known.any():
            mixed = weights[:, np.asarray(own)[known]] @ spread.strays[known]
            mixed = np.pad(mixed, ((0, 0), (0, horizon - mixed.shape[1])), mode="edge")
        else:
            mixed = np.cumsum(rng.standard_normal((PATHS, horizon)), axis=1)
        ranks = mixed.argsort(axis=0, kind="stable").argsort(axis=0)
        low95, low80, high80, high95 = ends[place]
        zero = np.zeros(horizon)
        slope_low = (low95 - low80) / (knots[1] - knots[2])
        slope_high = (high95 - high80) / (knots[5] - knots[4])
        lowest = low95 + slope_low * (knots[0] - knots[1])
        highest = high95 + slope_high * (knots[6] - knots[5])
        rows = np.stack([lowest, low95, low80, zero, high80, high95, highest])
        for step in range(horizon):
            futures[place, :, step] = np.interp(scores, knots, rows[:, step])[ranks[:, step]]
    return futures
