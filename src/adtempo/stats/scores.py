"""How good forecasts were: the measures by which public benchmarks of forecasting are read.

References:
    Makridakis, S., Spiliotis, E., Assimakopoulos, V. (2020). The M4 Competition: 100,000 time series and 61 forecasting
    methods. International Journal of Forecasting 36(1). doi:10.1016/j.ijforecast.2019.04.014
    Gneiting, T., Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. Journal of the
    American Statistical Association 102(477). doi:10.1198/016214506000001437
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def smape(actual: Floats, expected: Floats) -> float:
    """Return the symmetric mean absolute percentage error, 0 to 200; where both are zero there is no error.

    >>> smape(np.array([100.0, 0.0]), np.array([100.0, 0.0]))
    0.0
    """
    size = np.abs(actual) + np.abs(expected)
    return float(200 * np.mean(np.abs(actual - expected) / np.where(size > 0, size, 1.0)))


def naive_scale(history: Floats, season: int) -> float:
    """Return how much a series changes over a season on average: the unit of MASE and MSIS."""
    return float(np.mean(np.abs(history[season:] - history[:-season])))


def mase(actual: Floats, expected: Floats, scale: float) -> float:
    """Return the mean absolute error in units of `naive_scale`."""
    return float(np.mean(np.abs(actual - expected)) / scale)


def msis(actual: Floats, low95: Floats, high95: Floats, scale: float) -> float:
    """Return the mean width of 95% intervals, plus 40 times what lies outside, in units of `naive_scale`."""
    outside = np.maximum(low95 - actual, 0.0) + np.maximum(actual - high95, 0.0)
    return float(np.mean(high95 - low95 + 2 / 0.05 * outside) / scale)


def owa(smape_all: float, mase_all: float, *, smape_naive2: float, mase_naive2: float) -> float:
    """Return the overall weighted average of M4: both errors against those of its benchmark Naive2, averaged."""
    return (smape_all / smape_naive2 + mase_all / mase_naive2) / 2


def wape(actual: Floats, expected: Floats) -> float:
    """Return the sum of absolute errors as a share of the sum of what came.

    >>> wape(np.array([90.0, 110.0]), np.array([100.0, 100.0]))
    0.1
    """
    return float(np.abs(actual - expected).sum() / np.abs(actual).sum())


def coverage(actual: Floats, low: Floats, high: Floats) -> float:
    """Return the share of what came that lies inside its interval."""
    return float(np.mean((actual >= low) & (actual <= high)))
