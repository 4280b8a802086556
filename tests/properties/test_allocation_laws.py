"""Laws of every split, whatever the curves."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from adtempo.stats.response import ResponsePosterior, allocate

ITEMS = 3
positive = st.floats(0.1, 10.0)
rows = st.lists(positive, min_size=ITEMS, max_size=ITEMS).map(lambda row: np.array([row]))
posteriors = st.builds(
    lambda top, half, shape: ResponsePosterior(
        top, half, 0.5 + shape / 3, np.zeros((1, ITEMS)), np.zeros(1), np.full(ITEMS, 5.0)
    ),
    rows,
    rows,
    rows,
)


@settings(max_examples=12, deadline=None)
@given(posteriors, rows, rows, st.floats(0.0, 1.0))
def test_a_split_sums_to_the_total_keeps_its_bounds_and_beats_any_other(
    posterior: ResponsePosterior, ends: np.ndarray, wishes: np.ndarray, place: float
) -> None:
    low, high = ends[0] / 2, ends[0]
    total = float(low.sum() + place * (high - low).sum())
    plan = allocate(posterior, total, low, high, current=wishes[0])
    assert np.isclose(plan.amounts.sum(), total)
    assert (plan.amounts >= low - 1e-6).all()
    assert (plan.amounts <= high + 1e-6).all()
    other = low + place * (high - low)
    assert posterior.respond(other).sum() <= plan.expected.value + 1e-6
    assert posterior.respond(other).sum() <= plan.expected.value + plan.gap + 1e-9


@settings(max_examples=4, deadline=None)
@given(posteriors, st.floats(0.01, 1000.0))
def test_another_currency_changes_nothing(posterior: ResponsePosterior, rate: float) -> None:
    other = ResponsePosterior(
        posterior.top * rate,
        posterior.half * rate,
        posterior.shape,
        posterior.keep,
        posterior.base,
        posterior.highest * rate,
    )
    low, high = np.zeros(ITEMS), np.full(ITEMS, 6.0)
    here = allocate(posterior, 9.0, low, high, current=np.ones(ITEMS))
    there = allocate(other, 9.0 * rate, low, high * rate, current=np.ones(ITEMS))
    assert np.isclose(there.expected.value, here.expected.value * rate, rtol=1e-6)
