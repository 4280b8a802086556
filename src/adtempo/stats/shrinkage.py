"""Ratios of few observations drawn towards those of their group, so that luck does not top a ranking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv

Floats = NDArray[np.float64]

_TAIL_95 = 0.025


@dataclass(frozen=True, slots=True, eq=False)
class ShrunkRatios:
    """What each unit's ratio is likely to be, shape (units,).

    Attributes:
        raw: Sum of numerators / sum of denominators; NaN without a denominator.
        value: The same drawn towards the group's: between raw and pooled, pooled without a denominator.
        low95: Lower end of the 95% interval of `value`.
        high95: Its upper end.
        pooled: The group's ratio.
        weight: Share of `value` that is the unit's own, 0 to 1.
    """

    raw: Floats
    value: Floats
    low95: Floats
    high95: Floats
    pooled: Floats
    weight: Floats


def shrink_ratios(
    numerators: ArrayLike, denominators: ArrayLike, group: ArrayLike, one: float | None = None
) -> ShrunkRatios:
    """Draw ratios of sums towards their group's, the more the less is known of them.

    Empirical Bayes: how noisy a ratio is, is learnt from how it differs from day to day within units; how different
    units really are, from how much more they differ than that noise explains. Nothing is assumed about what is
    counted, so clicks, money and conversions are treated alike. The interval is a gamma distribution's with the same
    mean and variance, the posterior that counts would have.

    Args:
        numerators: At least 0, shape (units, days).
        denominators: At least 0, shape (units, days).
        group: Units of one label are drawn towards each other; shape (units,).
        one: What one event adds to the numerator, where events are counted: then noise is at least Poisson's, so that
            units seen on a single day are not taken for exact.

    References:
        Efron and Morris (1975), Data analysis using Stein's estimator, doi:10.1080/01621459.1975.10479864.
        DerSimonian and Laird (1986), Meta-analysis in clinical trials, doi:10.1016/0197-2456(86)90046-2.
    """
    tops, bottoms = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    labels = np.unique(np.asarray(group), return_inverse=True)[1]

    def gathered(amounts: Floats) -> Floats:
        return np.asarray(np.bincount(labels, weights=amounts)[labels])

    top, bottom = tops.sum(axis=1), bottoms.sum(axis=1)
    raw = _divide(top, bottom)
    pooled = _divide(gathered(top), gathered(bottom))
    noise = _divide(gathered(_squares_within(tops, bottoms, raw)), gathered(_days_beyond_one(bottoms)))
    if one is not None:
        noise = np.maximum(noise, one * pooled)
    units = gathered((bottom > 0).astype(np.float64))
    scatter = gathered(bottom * (raw - pooled) ** 2)
    spread = np.maximum(
        _divide(scatter - (units - 1) * noise, gathered(bottom) - _divide(gathered(bottom**2), gathered(bottom))), 0.0
    )
    weight = _divide(spread * bottom, spread * bottom + noise)
    weight = np.where((noise == 0) & (bottom > 0), 1.0, weight)
    value = np.where(bottom > 0, weight * raw + (1 - weight) * pooled, pooled)
    variance = (1 - weight) * spread + (1 - weight) ** 2 * _divide(noise, gathered(bottom))
    low, high = _gamma_interval(value, variance)
    return ShrunkRatios(np.where(bottom > 0, raw, np.nan), value, low, high, pooled, weight)


def _squares_within(tops: Floats, bottoms: Floats, raw: Floats) -> Floats:
    return np.asarray(_divide((tops - raw[:, None] * bottoms) ** 2, bottoms).sum(axis=1))


def _days_beyond_one(bottoms: Floats) -> Floats:
    return np.asarray(np.maximum(np.count_nonzero(bottoms, axis=1) - 1.0, 0.0))


def _gamma_interval(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the 95% interval of gamma distributions; a point where there is no variance."""
    certain = (variance <= 0) | (mean <= 0)
    shape = np.where(certain, 1.0, mean**2 / np.where(certain, 1.0, variance))
    scale = np.where(certain, 0.0, variance / np.where(certain, 1.0, mean))
    ends = (gammaincinv(shape, tail) * scale for tail in (_TAIL_95, 1 - _TAIL_95))
    low, high = (np.where(certain, mean, end) for end in ends)
    # Of a very skewed distribution even the mean can lie beyond the quantile; the interval holds its point.
    return np.minimum(low, mean), np.maximum(high, mean)


def _divide(top: Floats, bottom: Floats) -> Floats:
    """Divide, 0 where there is nothing to divide by."""
    result: Floats = np.divide(top, bottom, out=np.zeros(np.shape(top)), where=bottom > 0)
    return result
