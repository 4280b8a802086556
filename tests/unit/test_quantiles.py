"""Chances read off a few quantiles, against SciPy's own distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from adtempo.stats.quantiles import chance_above, guess_median

LEVELS = (0.025, 0.1, 0.9, 0.975)


@pytest.mark.parametrize("threshold", [-3.0, -1.96, -1.0, 0.0, 0.7, 1.2815515655446004, 2.5])
def test_of_a_normal_number_the_chance_is_exact(threshold: float) -> None:
    ends = [[stats.norm.ppf(level)] for level in LEVELS]
    assert chance_above(ends, LEVELS, threshold)[0] == pytest.approx(stats.norm.sf(threshold), abs=1e-9)


@pytest.mark.parametrize("shape", [4.0, 10.0, 40.0])
def test_of_a_skewed_number_it_is_within_four_points(shape: float) -> None:
    ends = [[stats.gamma.ppf(level, shape)] for level in LEVELS]
    five = [*ends[:2], guess_median(*ends).tolist(), *ends[2:]]
    levels = (0.025, 0.1, 0.5, 0.9, 0.975)
    for level in np.linspace(0.01, 0.99, 50):
        threshold = float(stats.gamma.ppf(level, shape))
        assert chance_above(five, levels, threshold)[0] == pytest.approx(1 - level, abs=0.04)


@pytest.mark.parametrize(
    ("ends", "threshold", "chance"),
    [
        ([5, 5, 5, 5], 4.9, 1.0),  # nothing more can come
        ([5, 5, 5, 5], 5.0, 0.0),
        ([5, 5, 8, 9], 4.9, 1.0),  # never below what was seen
        ([0, 0, 3, 3], 3.0, 0.025),  # and hardly above a flat top
        ([0, 0, 3, 3], 0.0, 0.9),
        ([0, 2, 2, 4], 2.0, 0.1),
        ([float("nan")] * 4, 1.0, float("nan")),
        ([1, 2, 3, 4], float("nan"), float("nan")),
    ],
)
def test_where_there_is_no_doubt_none_is_made_up(ends: list[float], threshold: float, chance: float) -> None:
    found = chance_above([[end] for end in ends], LEVELS, threshold)[0]
    assert found == pytest.approx(chance, nan_ok=True)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4).map(sorted),
    st.lists(st.floats(-2e6, 2e6), min_size=2, max_size=2).map(sorted),
)
def test_a_higher_threshold_is_never_more_likely_to_be_passed(ends: list[float], thresholds: list[float]) -> None:
    knots = [[end, end] for end in ends]
    low, high = chance_above(knots, LEVELS, thresholds)
    assert 0 <= high <= low + 1e-12 <= 1 + 1e-12
