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


def chance_above(quantiles: ArrayLike, levels: Sequence[float], threshold: ArrayLike) -> Floats:
    """Return the probability that numbers known by a few quantiles lie above thresholds, in the thresholds' shape.

    Between the quantiles, and beyond them, each is taken to be as a normal one would be: straight lines of the value
    over the normal score. Where all quantiles are one value there is no doubt, and only a larger one lies above.

    Args:
        quantiles: Values, rising with the levels, shape (levels, numbers); NaN where nothing is known.
        levels: Their probabilities, rising, between 0 and 1, two or more.
        threshold: What they are held against, shape (..., numbers) or one for all.

    Returns:
        Probabilities; NaN where a quantile or the threshold is.

    >>> chance_above([[80.0], [120.0]], [0.1, 0.9], 100.0)
    array([0.5])
    >>> chance_above([[7.0], [7.0]], [0.1, 0.9], [7.0])
    array([0.])
    """
    knots, limit = np.asarray(quantiles, np.float64), np.atleast_1d(np.asarray(threshold, np.float64))
    scores = np.asarray(ndtri(np.asarray(levels, np.float64)))
    passed = (limit[..., None, :] >= knots).sum(axis=-2)
    line, column = np.minimum(np.maximum(passed - 1, 0), len(knots) - 2), np.arange(knots.shape[1])
    low, high = knots[line, column], knots[line + 1, column]
    wide = high > low
    share = (limit - low) / np.where(wide, np.maximum(high - low, _LEAST), 1.0)
    # A flat end has no line of its own: what lies beyond it is beyond doubt.
    beyond = np.where(passed == 0, -np.inf, np.inf)
    found = np.where(wide, scores[line] + (scores[line + 1] - scores[line]) * share, beyond)
    flat = (knots[:-1] == knots[1:]) & (knots[0] < knots[-1])
    if flat.any():  # in front of a flat middle the line ends where it jumps
        jumps = flat & (knots[:-1] == limit[..., None, :])
        last = scores[len(flat) - jumps[..., ::-1, :].argmax(axis=-2)]
        found = np.where(jumps.any(axis=-2), last, found)
    unknown = np.isnan(knots).any(axis=0) | np.isnan(limit)
    return np.where(unknown, np.nan, ndtr(-found))
