"""Fans hold what they promise, and where nothing can beat seasonal naive little is lost by trying."""

import numpy as np
import pytest
from numpy.typing import NDArray

from adtempo.stats.forecasters import QUICK, Fans, forecast_panel
from adtempo.stats.scores import coverage, wape

Floats = NDArray[np.float64]

SERIES, DAYS, AHEAD = 600, 84, 7
INSTANT = tuple(one for one in QUICK if one.season_max == np.inf)


def forecast(series: Floats) -> Fans:
    return forecast_panel(series[:, :-AHEAD], INSTANT, seasons=(7,), horizon=AHEAD, nonnegative=True)


@pytest.mark.calibration
def test_intervals_hold_what_they_promise() -> None:
    """Days of one series are taken as one draw: the share has a standard error of 0.016 and 0.009.

    The bounds are six of those away, so correct code fails with a chance below 1e-8.
    """
    rng = np.random.default_rng(20261121)
    level = 100 * np.exp(np.cumsum(rng.normal(0, rng.choice([0.0, 0.02, 0.05], (SERIES, 1)), (SERIES, DAYS)), axis=1))
    week = 1 + 0.3 * rng.uniform(-1, 1, (SERIES, 7))[:, np.arange(DAYS) % 7]
    shape = rng.choice([10.0, 40.0, 160.0], (SERIES, 1))
    series = level * week * rng.gamma(shape, 1 / shape, (SERIES, DAYS))
    fans, came = forecast(series), series[:, -AHEAD:]
    assert coverage(came, fans.low80, fans.high80) == pytest.approx(0.80, abs=0.10)
    assert coverage(came, fans.low95, fans.high95) == pytest.approx(0.95, abs=0.05)


@pytest.mark.calibration
def test_where_seasonal_naive_is_best_little_is_lost() -> None:
    """Each weekday walks at random, so that no forecast is better than the week before.

    The error is that of 600 series; its ratio to seasonal naive's has a standard error below 0.01, so that a loss of
    nothing would be taken for one of a tenth with a chance below 1e-8.
    """
    rng = np.random.default_rng(7)
    walks = rng.normal(0, 10, (SERIES, DAYS // 7, 7)).cumsum(axis=1)
    series = np.maximum(300 + walks.reshape(SERIES, DAYS), 0.0)
    fans, came = forecast(series), series[:, -AHEAD:]
    assert wape(came, fans.expected) < 1.1 * wape(came, series[:, -2 * AHEAD : -AHEAD])
