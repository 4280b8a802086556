from fractions import Fraction

import pytest

from adtempo.domain.errors import CurrenciesMixed, InvalidInput
from adtempo.domain.money import (
    MAX_MICROS,
    Money,
    format_micros,
    minor_decimals,
    minor_unit_micros,
    parse_micros,
    split_units,
)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("0", 0),
        ("12.34", 12_340_000),
        ("+5", 5_000_000),
        ("-.5", -500_000),
        ("7.", 7_000_000),
        ("0.000001", 1),
        ("1.5000000000", 1_500_000),
        ("000012", 12_000_000),
        ("9000000000000", MAX_MICROS),
    ],
)
def test_a_plain_amount_is_read_exactly(text: str, micros: int) -> None:
    assert parse_micros(text) == micros


@pytest.mark.parametrize("text", ["", ".", "-", "1e3", "1_000", "1,000", " 12 ", "12.3.4", "nan", "0x1", "١٢", "$5"])
def test_what_is_not_plainly_an_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not an amount; write digits with a point"):
        parse_micros(text)


@pytest.mark.parametrize("text", ["0.0000001", "1.0000000000000000000000000000000000001"])
def test_a_digit_beyond_the_micro_is_refused_rather_than_rounded(text: str) -> None:
    with pytest.raises(InvalidInput, match="more than six decimals"):
        parse_micros(text)


@pytest.mark.parametrize("text", ["9000000000000.000001", "-90000000000000", "9" * 5000])
def test_an_amount_beyond_64_bits_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is too large"):
        parse_micros(text)


@pytest.mark.parametrize(
    ("micros", "decimals", "text"),
    [
        (12_340_000, None, "12.34"),
        (1_500, None, "0.0015"),
        (-1, None, "-0.000001"),
        (5_000_000, None, "5.00"),
        (12_345_000, 2, "12.34"),
        (12_355_000, 2, "12.36"),
        (1_500_000, 0, "2"),
        (-1, 2, "0.00"),
        (MAX_MICROS, 3, "9000000000000.000"),
    ],
)
def test_amounts_are_written_without_a_float_in_between(micros: int, decimals: int | None, text: str) -> None:
    assert format_micros(micros, decimals) == text


@pytest.mark.parametrize("currency", "CLP COP CRC HUF ISK IDR JPY KRW PYG TWD VND".split())
def test_meta_takes_these_budgets_in_whole_units(currency: str) -> None:
    assert minor_decimals(currency, "meta") == 0
    assert minor_unit_micros(currency, "meta") == 1_000_000


def test_every_other_budget_goes_to_meta_in_hundredths_even_dinars() -> None:
    assert [minor_decimals(currency, "meta") for currency in ("USD", "EUR", "KWD", "UGX")] == [2, 2, 2, 2]


def test_platforms_without_a_table_of_their_own_follow_iso_4217() -> None:
    for platform in ("google", "tiktok", "other"):
        assert [minor_decimals(currency, platform) for currency in ("HUF", "JPY", "KWD")] == [2, 0, 3]


def test_an_amount_shows_its_currency_and_its_own_decimals() -> None:
    assert str(Money(12_345_678, "USD")) == "12.35 USD"
    assert str(Money(12_345_678, "JPY")) == "12 JPY"


def test_amounts_of_one_currency_add_subtract_and_compare() -> None:
    three, five = Money(3, "EUR"), Money(5, "EUR")
    assert three + five == Money(8, "EUR")
    assert three - five == Money(-2, "EUR")
    assert three < five
    assert five >= three
    assert max(three, five) is five


def test_amounts_of_two_currencies_never_meet() -> None:
    euros, dollars = Money(1, "EUR"), Money(1, "USD")
    for operation in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(CurrenciesMixed, match="EUR and USD cannot be added; import exchange rates first"):
            operation(euros, dollars)
    assert euros != dollars


def test_a_split_gives_the_odd_cents_to_the_largest_remainders() -> None:
    assert Money(10_000_000, "USD").split([Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)]) == [
        Money(5_000_000, "USD"),
        Money(3_330_000, "USD"),
        Money(1_670_000, "USD"),
    ]


def test_a_split_for_meta_uses_the_units_that_meta_takes() -> None:
    parts = Money(100_000_000, "HUF").split([1, 1, 1], "meta")
    assert [part.micros for part in parts] == [34_000_000, 33_000_000, 33_000_000]


def test_an_amount_that_cannot_be_paid_exactly_cannot_be_split() -> None:
    with pytest.raises(InvalidInput, match=r"1\.50 JPY cannot be paid exactly; round it to a multiple of 1\.00"):
        Money(1_500_000, "JPY").split([1, 1])


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, []), (1, [0, 0]), (1, [2, -1])])
def test_a_split_without_sense_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(InvalidInput, match="a split needs"):
        split_units(total, weights)
