"""Seasonal naive, profiles and regressions, on series whose future is plain."""

import numpy as np
import pytest

from adtempo.stats.forecasters.models import (
    forecast_changes,
    forecast_naive,
    forecast_profile,
    forecast_regression,
    of_logs,
)
from adtempo.stats.forecasters.nixtla import forecast_mstl

WEEKS = np.tile([10.0, 12.0, 15.0, 11.0, 9.0, 20.0, 30.0], 8)


def test_seasonal_naive_repeats_the_last_season() -> None:
    assert forecast_naive(np.arange(10.0), (7,), 9).tolist() == [3, 4, 5, 6, 7, 8, 9, 3, 4]


def test_seasonal_naive_of_less_than_a_season_repeats_the_last_value() -> None:
    assert forecast_naive(np.arange(5.0), (7,), 3).tolist() == [4, 4, 4]
    assert forecast_naive(np.arange(5.0), (), 2).tolist() == [4, 4]


@pytest.mark.parametrize("model", [forecast_profile, forecast_regression, forecast_changes])
def test_what_repeats_itself_goes_on(model: object) -> None:
    assert callable(model)
    assert model(WEEKS, (7,), 10) == pytest.approx(np.r_[WEEKS[:7], WEEKS[:3]], rel=0.05)


def test_a_profile_keeps_the_shape_at_the_newest_level() -> None:
    lifted = np.r_[WEEKS[:42], WEEKS[42:] + 100]
    expected = forecast_profile(lifted, (7,), 7)
    assert expected.mean() == pytest.approx(WEEKS.mean() + 100, rel=0.1)
    assert expected.argmax() == 6


def test_without_a_season_a_profile_is_the_last_value() -> None:
    assert forecast_profile(np.array([1.0, 5.0, 3.0]), (), 2).tolist() == [3, 3]


def test_changes_carry_a_trend_on() -> None:
    growing = WEEKS + np.arange(len(WEEKS)) * 2.0
    come = np.tile(WEEKS[:7], 2) + (len(WEEKS) + np.arange(14)) * 2.0
    assert forecast_changes(growing, (7,), 14) == pytest.approx(come, rel=0.01)


def test_a_regression_never_leads_far_beyond_what_was_seen() -> None:
    exploding = np.power(1.3, np.arange(40.0))
    assert forecast_regression(exploding, (), 50).max() <= 1.5 * np.ptp(exploding) + exploding.min() + 1e-6


def test_a_series_too_short_to_regress_has_no_answer() -> None:
    assert np.isnan(forecast_regression(np.array([1.0, 2.0]), (), 2)).all()
    assert np.isnan(forecast_changes(np.array([1.0, 2.0, 4.0]), (), 2)).all()


def test_logs_are_of_positive_series_square_roots_of_those_that_reach_zero_and_nothing_below() -> None:
    model = of_logs(forecast_naive)
    assert model(np.array([2.0, 8.0]), (), 1) == pytest.approx([8.0])
    assert model(np.array([0.0, 9.0]), (), 1) == pytest.approx([9.0])
    assert np.isnan(model(np.array([-1.0, 9.0]), (), 1)).all()


def test_what_another_library_cannot_fit_has_no_answer() -> None:
    assert np.isnan(forecast_mstl(np.array([1.0]), (7,), 2)).all()
