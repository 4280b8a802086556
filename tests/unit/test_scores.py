"""The measures of forecasts, by hand."""

import numpy as np
import pytest

from adtempo.stats.scores import coverage, mase, msis, naive_scale, owa, smape, wape

ACTUAL = np.array([10.0, 20.0])
EXPECTED = np.array([12.0, 20.0])


def test_errors_are_as_the_competition_defines_them() -> None:
    assert smape(ACTUAL, EXPECTED) == pytest.approx(200 * (2 / 22) / 2)
    assert naive_scale(np.array([1.0, 5.0, 2.0, 9.0]), 2) == 2.5
    assert mase(ACTUAL, EXPECTED, 2.5) == pytest.approx(0.4)
    assert owa(9.0, 1.2, smape_naive2=18.0, mase_naive2=2.4) == 0.5


def test_nothing_expected_and_nothing_come_is_no_error() -> None:
    assert smape(np.zeros(2), np.zeros(2)) == 0


def test_an_interval_costs_its_width_and_forty_times_what_lies_outside() -> None:
    low, high = np.array([8.0, 21.0]), np.array([11.0, 23.0])
    assert msis(ACTUAL, low, high, 2.0) == pytest.approx((3 + 2 + 40 * 1) / 2 / 2)
    assert coverage(ACTUAL, low, high) == 0.5


def test_wape_is_a_ratio_of_sums() -> None:
    assert wape(ACTUAL, EXPECTED) == pytest.approx(2 / 30)
