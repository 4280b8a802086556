"""Ratios of few observations lean on their group."""

import numpy as np
import pytest

from adtempo.stats.shrinkage import shrink_ratios


def test_one_lucky_click_is_no_winner() -> None:
    shown = np.array([[3.0] + [0.0] * 9, *[[1000.0] * 10] * 4])
    clicks = np.array([[1.0] + [0.0] * 9, [10] * 10, [12] * 10, [9] * 10, [30, 28, 33, 29, 30, 31, 27, 30, 32, 30]])
    found = shrink_ratios(clicks, shown, np.zeros(5), 1.0)
    assert found.raw[0] == pytest.approx(1 / 3)
    assert found.value.argmax() == 4
    assert found.high95[0] > found.value[0] > found.low95[0]


def test_a_unit_without_denominator_is_its_group() -> None:
    found = shrink_ratios([[0, 0], [30, 50], [20, 10]], [[0, 0], [1000, 1000], [1000, 1000]], ["a", "a", "a"], 1.0)
    assert np.isnan(found.raw[0])
    assert found.value[0] == found.pooled[0] == pytest.approx(110 / 4000)


def test_groups_do_not_lean_on_each_other() -> None:
    alone = shrink_ratios([[3, 5], [8, 2]], [[100, 100], [100, 100]], [0, 0], 1.0)
    both = shrink_ratios([[3, 5], [8, 2], [900, 800]], [[100, 100], [100, 100], [1000, 1000]], ["a", "a", "b"], 1.0)
    assert both.value[:2] == pytest.approx(alone.value)


def test_the_intervals_hold_95_percent_of_the_truths() -> None:
    """500 units: 475 expected; below 440 with probability under 1e-6 if each held 95%."""
    rng = np.random.default_rng(5)
    truth = rng.gamma(25, 0.01 / 25, 500)
    shown = np.repeat(rng.integers(200, 3000, (500, 1)), 14, axis=1).astype(float)
    found = shrink_ratios(rng.poisson(truth[:, None] * shown), shown, np.zeros(500), 1.0)
    held = (found.low95 <= truth) & (truth <= found.high95)
    assert held.sum() >= 440
    assert np.abs(found.value - truth).mean() < np.abs(found.raw - truth).mean()


def test_exact_ratios_stay_as_they_are() -> None:
    found = shrink_ratios([[2, 4], [1, 2]], [[1, 2], [1, 2]], [0, 0])
    assert found.value.tolist() == [2, 1]
    assert found.low95.tolist() == found.high95.tolist() == [2, 1]
