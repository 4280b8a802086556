"""What a few quantiles say of every other value: the chance that a number in doubt lies above a threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

_LEAST = 1e-290
"""A width below which a division would leave the range of doubles."""


def guess_median(low95: ArrayLike, low80: ArrayLike, high80: ArrayLike, high95: ArrayLike) -> Floats:
    """Return where the median of numbers lies whose central intervals are known: their skew shows in both.

    The first two terms of the Cornish-Fisher expansion, value = a + b z + c (z^2 - 1), whose a and c the sums of the
    intervals' ends give; the median is a - c, held inside the narrower interval.

    References:
        Cornish, E. A., Fisher, R. A. (1938). Moments and cumulants in the specification of distributions. Revue de
        l'Institut International de Statistique 5(4), 307-320. doi:10.2307/1400905
    """
    narrow = (np.asarray(low80, np.float64) + np.asarray(high80, np.float64)) / 2
    wide = (np.asarray(low95, np.float64) + np.asarray(high95, np.float64)) / 2
    near, far = ndtri(0.9) ** 2 - 1, ndtri(0.975) ** 2 - 1
    skew = (wide - narrow) / (far - near)
    return np.asarray(np.clip(narrow - skew * (near + 1), low80, high80))


def chance_above(quantiles: Sequence[ArrayLike], levels: Sequence[float], threshold: ArrayLike) -> Floats:
    """Return the probability that numbers known by a few quantiles lie above thresholds, shape (numbers,).

    Between the quantiles, and beyond them, each is taken to be as a normal one would be: straight lines of the value
    over the normal score. Where all quantiles are one value there is no doubt, and only a larger one lies above.

    Args:
        quantiles: Values, rising, one array of shape (numbers,) per level; NaN where nothing is known.
        levels: Their probabilities, rising, between 0 and 1, two or more.
        threshold: What they are held against, shape (numbers,) or one for all.

    Returns:
        Probabilities; NaN where a quantile or the threshold is.

    >>> chance_above([[80.0], [120.0]], [0.1, 0.9], 100.0)
    array([0.5])
    >>> chance_above([[7.0], [7.0]], [0.1, 0.9], [7.0])
    array([0.])
    """
    knots = np.stack([np.atleast_1d(np.asarray(one, np.float64)) for one in quantiles])
    limit = np.broadcast_to(np.asarray(threshold, np.float64), knots.shape[1:])
    scores = np.asarray(ndtri(np.asarray(levels, np.float64)))[:, None]
    low, high = knots[:-1], knots[1:]
    wide = high > low
    share = (limit - low) / np.where(wide, np.maximum(high - low, _LEAST), 1.0)
    lines = scores[:-1] + (scores[1:] - scores[:-1]) * share
    reaches, ends = limit >= low, limit < high
    reaches[0] = ends[-1] = True
    found = _pick(wide & reaches & ends, lines, np.where(limit < knots[0], -np.inf, np.inf))
    # A flat end has no line of its own: what lies beyond it is beyond doubt.
    found = np.where((limit < knots[0]) & (low[0] == high[0]), -np.inf, found)
    found = np.where((limit >= knots[-1]) & (low[-1] == high[-1]), np.inf, found)
    # In front of a flat middle the line ends where it jumps.
    jumps = ((low == high) & (limit == low))[::-1]
    found = _pick(jumps, np.broadcast_to(scores[:0:-1], jumps.shape), found)
    certain = knots[0] == knots[-1]
    found = np.where(certain, np.where(limit < knots[0], -np.inf, np.inf), found)
    unknown = np.isnan(knots).any(axis=0) | np.isnan(limit)
    return np.where(unknown, np.nan, ndtr(-found))


def _pick(which: NDArray[np.bool_], values: Floats, otherwise: Floats) -> Floats:
    """Return the first value that is meant of each column."""
    chosen = values[which.argmax(axis=0), np.arange(which.shape[1])]
    return np.where(which.any(axis=0), chosen, otherwise)
