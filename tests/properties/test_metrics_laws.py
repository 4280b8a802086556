from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import strategies
from adtempo.domain.metrics import METRICS, Metric, blend, plain_value, value_of, values_of
from adtempo.domain.panels import QUANTITIES, Quantities

metrics = st.sampled_from(METRICS)
groups = st.lists(strategies.quantities(2**62), min_size=1, max_size=8)


@given(metrics, st.lists(strategies.quantities(), min_size=1, max_size=8), st.data())
def test_regrouping_never_changes_a_total_ratio(metric: Metric, parts: list[Quantities], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(parts)))
    pieces = [blend([("EUR", part) for part in piece]) for piece in (parts[:cut], parts[cut:]) if piece]
    at_once = blend([("EUR", part) for part in data.draw(st.permutations(parts))])
    assert value_of(metric, blend(pieces)[1]) == value_of(metric, at_once[1])


@given(metrics, strategies.quantities(2**62))
def test_the_only_rounding_is_that_of_the_last_division(metric: Metric, figures: Quantities) -> None:
    value = value_of(metric, figures)
    if value is not None:
        bottom = 1 if metric.denominator is None else getattr(figures, metric.denominator)
        exact = Fraction(getattr(figures, metric.numerator)) * metric.scale / bottom
        assert value == (exact if isinstance(value, int) else float(exact))


@given(metrics, groups)
def test_many_groups_at_once_give_the_same_numbers_as_one_by_one(metric: Metric, parts: list[Quantities]) -> None:
    names = (*QUANTITIES, "reach")
    columns = {name: [getattr(part, name) for part in parts] for name in names}
    sums = {name: np.array([amount or 0 for amount in column], np.int64) for name, column in columns.items()}
    measured = {name: np.array([amount is not None for amount in column]) for name, column in columns.items()}
    one_by_one = [value_of(metric, part) for part in parts]
    expected = [np.nan if value is None else float(value) for value in one_by_one]
    np.testing.assert_array_equal(values_of(metric, sums, measured), expected)


@given(metrics, strategies.quantities())
def test_amounts_reach_machines_exactly_to_the_micro(metric: Metric, figures: Quantities) -> None:
    value = value_of(metric, figures)
    plain = plain_value(metric, value)
    if isinstance(plain, str) and value is not None:
        assert abs(Fraction(plain) * 10**6 - Fraction(value)) <= Fraction(1, 2)
