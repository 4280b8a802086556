"""Laws of shrinkage and of falls."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from adtempo.stats.shrinkage import shrink_ratios
from adtempo.stats.trend import find_declines

UNITS, DAYS = 5, 16
COUNTS = arrays(np.int64, (UNITS, DAYS), elements=st.integers(0, 300))
LABELS = st.lists(st.integers(0, 2), min_size=UNITS, max_size=UNITS)
Counts = NDArray[np.int64]


@given(COUNTS, COUNTS, LABELS)
def test_the_shrunk_value_lies_between_raw_and_pooled_and_in_its_interval(
    tops: Counts, bottoms: Counts, group: list[int]
) -> None:
    found = shrink_ratios(tops, bottoms, group, 1.0)
    raw = np.where(np.isnan(found.raw), found.pooled, found.raw)
    slack = 1e-9 * (1 + np.maximum(raw, found.pooled))
    assert (found.value >= np.minimum(raw, found.pooled) - slack).all()
    assert (found.value <= np.maximum(raw, found.pooled) + slack).all()
    assert (found.low95 <= found.value).all()
    assert (found.value <= found.high95).all()


@given(COUNTS, st.integers(2, 8))
def test_the_more_data_the_more_a_ratio_is_its_own(tops: Counts, times: int) -> None:
    bottoms = np.full((UNITS, DAYS), 1000)
    few = shrink_ratios(tops, bottoms, np.zeros(UNITS), 1.0)
    many = shrink_ratios(np.tile(tops, (1, times)), np.tile(bottoms, (1, times)), np.zeros(UNITS), 1.0)
    assert (many.weight >= few.weight - 1e-9).all()
    assert (np.abs(many.value - many.raw) <= np.abs(few.value - few.raw) + 1e-9).all()


@given(COUNTS, COUNTS, LABELS, st.permutations(range(UNITS)))
def test_order_does_not_matter(tops: Counts, bottoms: Counts, group: list[int], order: list[int]) -> None:
    moved = [group[place] for place in order]
    shrunk = shrink_ratios(tops, bottoms, group, 1.0).value[order]
    np.testing.assert_allclose(shrink_ratios(tops[order], bottoms[order], moved, 1.0).value, shrunk, rtol=1e-9)


@settings(max_examples=25)
@given(COUNTS, LABELS, st.permutations(range(UNITS)))
def test_the_order_of_series_does_not_matter(clicks: Counts, family: list[int], order: list[int]) -> None:
    shown = np.full((UNITS, DAYS), 10_000)
    odds = find_declines(clicks, shown, family, np.zeros(UNITS)).odds[order]
    moved = find_declines(clicks[order], shown, [family[place] for place in order], np.zeros(UNITS)).odds
    np.testing.assert_allclose(moved, odds, rtol=1e-5, atol=1e-9)


@settings(max_examples=25)
@given(COUNTS, LABELS, st.integers(2, 50))
def test_exposure_counted_in_another_unit_changes_no_score(clicks: Counts, family: list[int], unit: int) -> None:
    shown = np.full((UNITS, DAYS), 10_000)
    one = find_declines(clicks, shown, family, np.zeros(UNITS))
    other = find_declines(clicks, shown * unit, family, np.zeros(UNITS))
    np.testing.assert_allclose(other.odds, one.odds, rtol=1e-5, atol=1e-9)


@settings(max_examples=25)
@given(COUNTS, COUNTS, LABELS)
def test_scores_and_probabilities_are_between_0_and_1(clicks: Counts, shown: Counts, family: list[int]) -> None:
    found = find_declines(clicks, shown, family, np.zeros(UNITS))
    known = ~np.isnan(found.probability)
    for values in (found.score, found.probability[known], found.fall[known]):
        assert ((values >= 0) & (values <= 1)).all()
