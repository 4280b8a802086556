"""Forecasts: their quantiles rise, and they do not depend on the unit."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from adtempo.stats.forecasters import FORECASTERS, forecast_panel

QUICK = tuple(one for one in FORECASTERS if one.season_max > 100)

values = st.one_of(st.just(float("nan")), st.integers(-50, 1000).map(float))
series = st.lists(values, min_size=5, max_size=24).map(lambda row: np.array([row]))


@settings(max_examples=25)
@given(series)
def test_quantiles_rise(panel: NDArray[np.float64]) -> None:
    fans = forecast_panel(panel, QUICK, seasons=(3,), horizon=4)
    ends = np.stack([fans.low95, fans.low80, fans.expected, fans.high80, fans.high95])
    assert np.isnan(ends).all() or bool(np.all(np.diff(ends, axis=0) >= 0))


@settings(max_examples=25)
@example(np.array([[63.0, np.nan, 0.0, -2.0, 7.0]]), 0.25)  # a tie between two candidates
@example(np.array([[1.0, 777.0, 0.0, 1.0, np.nan]]), 8.0)  # a tie with seasonal naive
@given(series, st.sampled_from([0.25, 8.0, 1024.0]))
def test_another_unit_gives_the_same_forecast(panel: NDArray[np.float64], unit: float) -> None:
    one = forecast_panel(panel, QUICK, seasons=(3,), horizon=4)
    other = forecast_panel(panel * unit, QUICK, seasons=(3,), horizon=4)
    assert one.chosen == other.chosen
    for name in ("expected", "low95", "high80", "paths"):
        first, second = getattr(one, name) * unit, getattr(other, name)
        assert np.allclose(first, second, rtol=1e-6, atol=1e-6 * unit, equal_nan=True)
