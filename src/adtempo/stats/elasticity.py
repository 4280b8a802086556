"""Diminishing returns of one spender: how much less than twice comes of twice the money.

Each further impression costs more in proportion to what was already spent, so x times the usual spend brings
ln(1 + k x) / ln(1 + k) times the usual result. How steep that is, k, is learnt from how results followed spend where it
varied by itself, and where that says little, from a wide prior. Probabilities are kept of a grid of values of k.

References:
    Diminishing returns of advertising in the small: Simon, J. L., Arndt, J. (1980). The shape of the advertising
        response function. Journal of Advertising Research 20(4).
    Within-estimator with errors clustered by row: Cameron, A. C., Miller, D. L. (2015). A practitioner's guide to
        cluster-robust inference. Journal of Human Resources 50(2). doi:10.3368/jhr.50.2.317
    Units drawn towards their group: DerSimonian, R., Laird, N. (1986). Meta-analysis in clinical trials. Controlled
        Clinical Trials 7(3). doi:10.1016/0197-2456(86)90046-2
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

STEEPNESS = np.geomspace(0.02, 20.0, 25)
"""Values of k that are weighed against each other, shape (25,)."""

PRIOR_MEDIAN, PRIOR_SPREAD = 0.5, 1.0
"""Of k before anything is seen, log-normal: doubling the spend brings between 1.3 and 1.95 times as much."""

ELASTICITY_ERROR = 0.08
"""The least error of a learnt elasticity: spend and delivery also move together for reasons of the auction."""

APART = 0.1
"""How far the elasticities of a group's members lie from their mean, standard deviation."""

_IMPOSSIBLE = -700.0
"""Log likelihood below which amounts contradict every value, and so speak for none."""

_ELASTICITY = STEEPNESS / ((1 + STEEPNESS) * np.log1p(STEEPNESS))
_PER_STEP = np.abs(np.gradient(_ELASTICITY, np.log(STEEPNESS)))
"""How much elasticity a step of the grid covers: its many flat values differ little in it."""

_LOG_PRIOR = -0.5 * ((np.log(STEEPNESS) - np.log(PRIOR_MEDIAN)) / PRIOR_SPREAD) ** 2


def grown(times: ArrayLike, steepness: ArrayLike) -> Floats:
    """Return how many times the usual result comes of so many times the usual spend; shapes broadcast.

    >>> float(grown(1.0, 0.5)), float(grown(0.0, 0.5)), round(float(grown(2.0, 0.5)), 3)
    (1.0, 0.0, 1.71)
    """
    steep = np.asarray(steepness, np.float64)
    return np.asarray(np.log1p(steep * np.asarray(times, np.float64)) / np.log1p(steep))


def fit_steepness(spend: ArrayLike, delivered: ArrayLike) -> Floats:
    """Return the probability of each value in STEEPNESS, shape (25,).

    Args:
        spend: Rows and columns that each have a level of their own, such as days and hours, shape (rows, columns).
        delivered: What it bought, the same shape.
    """
    return _normed(_LOG_PRIOR + _evidence(_slope(spend, delivered)))


def fit_group(members: Sequence[tuple[ArrayLike, ArrayLike]]) -> Floats:
    """Return the same for every member of a group, each drawn towards the group; shape (members, 25).

    Members are normal around their group in elasticity: without the width of the grid's steps in it, what is not known
    of them would lean to its many flat values, and promise too much of many times the usual spend.

    Args:
        members: Spend and what it bought of each, as for `fit_steepness`.
    """
    seen = [_slope(spend, bought) for spend, bought in members]
    single, wider = ([_evidence(one, apart) for one in seen] for apart in (0.0, APART))
    group = _normed(_LOG_PRIOR + np.sum(wider, axis=0))
    mean = float(group @ _ELASTICITY)
    variance = float(group @ (_ELASTICITY - mean) ** 2) + APART**2
    around = np.log(_PER_STEP) - 0.5 * (_ELASTICITY - mean) ** 2 / variance
    return np.stack([_normed(around + own) for own in single])


def _evidence(seen: tuple[float, float] | None, apart: float = 0.0) -> Floats:
    """Return the log likelihood of each value in STEEPNESS; zeros where amounts say nothing.

    The elasticity at the usual spend is k / ((1 + k) ln(1 + k)).

    Args:
        seen: The elasticity and its variance, as `_slope` has them.
        apart: Standard deviation of what else the elasticity may be off by.
    """
    if seen is None:
        return np.zeros(len(STEEPNESS))
    slope, variance = seen
    found = -0.5 * (_ELASTICITY - slope) ** 2 / (variance + ELASTICITY_ERROR**2 + apart**2)
    return np.asarray(found) if found.max() > _IMPOSSIBLE else np.zeros(len(STEEPNESS))


def _slope(spend: ArrayLike, delivered: ArrayLike) -> tuple[float, float] | None:
    """Return how much more was delivered where more was spent, within rows and columns, and its variance.

    None where amounts say nothing.
    """
    money, bought = np.asarray(spend, np.float64), np.asarray(delivered, np.float64)
    known = (money > 0) & (bought > 0)
    rows = np.flatnonzero(known.sum(axis=1) > 1)
    if len(rows) < 3:
        return None
    mask = known[rows]
    logs = np.log(np.where(mask, [money[rows], bought[rows]], 1.0))
    x, y = (_within(values, mask) for values in logs)
    variation = float((x**2).sum())
    if variation < 1e-6 * mask.sum():  # always the same amounts: nothing to learn from
        return None
    slope = float((x * y).sum()) / variation
    residual = np.where(mask, y - slope * x, 0.0)
    return slope, float((((x * residual).sum(axis=1)) ** 2).sum() / variation**2)


def _normed(logs: Floats) -> Floats:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _within(values: Floats, mask: NDArray[np.bool_]) -> Floats:
    """Take out what rows have in common and what columns have in common."""
    left = np.where(mask, values, 0.0)
    for _ in range(8):
        for axis in (0, 1):
            count = np.maximum(mask.sum(axis=axis, keepdims=True), 1)
            left = np.where(mask, left - left.sum(axis=axis, keepdims=True) / count, 0.0)
    return left
