from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

import strategies
from adtempo.domain.money import Money, format_micros, minor_unit_micros, parse_micros, split_units


@given(strategies.micros)
def test_parsing_undoes_formatting(micros: int) -> None:
    assert parse_micros(format_micros(micros)) == micros


@given(strategies.micros, st.integers(0, 6))
def test_rounding_for_show_is_off_by_half_a_unit_at_most(micros: int, decimals: int) -> None:
    shown = Fraction(format_micros(micros, decimals)) * 10**6
    assert abs(shown - micros) <= Fraction(10 ** (6 - decimals), 2)


@given(st.decimals(-(10**9), 10**9, places=6, allow_nan=False, allow_infinity=False))
def test_reading_an_amount_loses_nothing(amount: Decimal) -> None:
    assert Fraction(parse_micros(f"{amount:f}"), 10**6) == Fraction(amount)


@given(st.integers(0, 10**15), strategies.weights)
def test_a_split_sums_to_the_whole(total: int, weights: list[int | Fraction]) -> None:
    parts = split_units(total, weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)


@given(st.integers(0, 10**15), strategies.weights)
def test_no_part_is_a_whole_unit_away_from_its_exact_share(total: int, weights: list[int | Fraction]) -> None:
    exact = [Fraction(total) * weight / Fraction(sum(weights)) for weight in weights]
    assert all(abs(part - share) < 1 for part, share in zip(split_units(total, weights), exact, strict=True))


@given(st.integers(0, 10**15), strategies.weights, st.integers(1, 10**6))
def test_only_the_proportions_of_the_weights_matter(total: int, weights: list[int | Fraction], k: int) -> None:
    assert split_units(total, weights) == split_units(total, [weight * k for weight in weights])


@given(strategies.amounts, strategies.weights, strategies.platforms)
def test_money_is_split_into_payable_parts(amount: Money, weights: list[int | Fraction], platform: str | None) -> None:
    unit = minor_unit_micros(amount.currency, platform)
    whole = Money(amount.micros // unit * unit, amount.currency)
    parts = whole.split(weights, platform)
    assert sum((part.micros for part in parts), 0) == whole.micros
    assert all(part.micros % unit == 0 and part.currency == amount.currency for part in parts)


@given(strategies.amounts, strategies.amounts)
def test_subtracting_undoes_adding(one: Money, other: Money) -> None:
    assume(one.currency == other.currency)
    assert one + other - other == one
