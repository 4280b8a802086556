"""Return on spend: windows, the advertiser's own conversions, and exchange rates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.domain.accounts import CampaignRef, OfflineUse
from adtempo.domain.errors import InvalidInput
from adtempo.domain.panels import Quantities
from adtempo.tracking.expected import ExpectedFigure
from adtempo.tracking.roas import (
    LatePart,
    OfflinePart,
    Rates,
    Return,
    Sale,
    blend_returns,
    check_currency,
    check_window,
    choose_attribution,
    click_days,
    estimate_offline,
    estimate_reported,
    estimate_return,
    expect_return,
)

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 11, 10)
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
REPORTED = Quantities(spend_micros=100, conversion_value_micros=300)
OWN = OfflinePart(conversions=2, value_micros=150, without_click=0)


def same(micros: int, _currency: str, _day: date) -> int:
    return micros


def offline(*sales: Sale, window: int = 7) -> OfflinePart:
    return estimate_offline(sales, DAY, DAY, window, BERLIN, same)


@pytest.mark.parametrize("days", [0, 2, 30, -7])
def test_only_known_windows_can_be_asked_for(days: int) -> None:
    with pytest.raises(InvalidInput, match=f"1, 7 or 28 days, not {days}"):
        check_window(days)


@pytest.mark.parametrize("days", [1, 7, 28])
def test_the_known_windows_can_be_asked_for(days: int) -> None:
    assert check_window(days) == days


def test_the_click_decides_the_day_and_the_window_the_rest() -> None:
    late = Sale(NOON + timedelta(days=7), 5, "EUR", NOON)
    too_late = Sale(NOON + timedelta(days=7, seconds=1), 7, "EUR", NOON)
    assert offline(late, too_late) == OfflinePart(1, 5, 0)
    assert offline(late, too_late, window=28) == OfflinePart(2, 12, 0)
    assert offline(late, too_late, window=1) == OfflinePart(0, 0, 0)


def test_a_click_belongs_to_its_day_in_the_zone_of_the_account() -> None:
    before_midnight = datetime(2026, 11, 9, 23, 30, tzinfo=UTC)
    assert offline(Sale(before_midnight, 5, "EUR", before_midnight)).conversions == 1


def test_without_a_click_the_conversion_decides_and_is_flagged() -> None:
    assert offline(Sale(NOON, 5, "EUR")) == OfflinePart(1, 5, 1)
    assert offline(Sale(NOON + timedelta(days=1), 5, "EUR")) == OfflinePart(0, 0, 0)


def test_own_conversions_are_added_or_replace_and_both_parts_are_shown() -> None:
    added = estimate_return(REPORTED, ["7d_click"], 7, OWN, OfflineUse.ADD)
    assert (added.value_micros, added.roas, added.platform_value_micros, added.offline) == (450, 4.5, 300, OWN)
    replaced = estimate_return(REPORTED, ["7d_click"], 7, OWN, OfflineUse.REPLACE)
    assert (replaced.value_micros, replaced.roas) == (150, 1.5)
    alone = estimate_return(REPORTED, ["7d_click"], 7, None, OfflineUse.ADD)
    assert (alone.value_micros, alone.roas, alone.offline) == (300, 3.0, None)


def test_no_spend_is_no_return_and_no_value_is_not_zero() -> None:
    assert estimate_return(Quantities(spend_micros=0), [""], 7, OWN, OfflineUse.ADD).roas is None
    assert estimate_return(Quantities(spend_micros=5), [""], 7, None, OfflineUse.ADD).roas is None
    assert estimate_return(Quantities(spend_micros=100), [""], 7, OWN, OfflineUse.ADD).roas == 1.5


def test_the_setting_of_the_window_is_chosen_and_told() -> None:
    assert click_days("7d_click_1d_view") == 7
    assert choose_attribution(["28d_click", "7d_click_1d_view", "7d_click"], 7) == "7d_click"
    assert choose_attribution(["28d_click", ""], 7) is None
    assert estimate_return(REPORTED, ["28d_click"], 7, None, OfflineUse.ADD).window_matches is False
    assert estimate_return(REPORTED, ["7d_click"], 7, None, OfflineUse.ADD).window_matches is True


def test_the_newest_rate_known_for_the_day_is_used_in_both_directions() -> None:
    rates = Rates.of([(DAY, "USD", "EUR", Decimal("1.25")), (DAY + timedelta(days=2), "USD", "EUR", Decimal("1.5"))])
    assert rates.convert(100, "EUR", "USD", DAY + timedelta(days=1)) == 125
    assert rates.convert(150, "USD", "EUR", DAY + timedelta(days=9)) == 100
    assert rates.convert(7, "EUR", "EUR", DAY) == 7


def test_currencies_without_a_rate_of_their_own_meet_through_a_third() -> None:
    rates = Rates.of(
        [
            (DAY, "AUD", "CHF", Decimal("1.7")),
            (DAY, "GBP", "EUR", Decimal("0.8")),
            (DAY, "USD", "EUR", Decimal("1.2")),
        ]
    )
    assert rates.convert(800, "GBP", "USD", DAY) == 1200
    with pytest.raises(InvalidInput, match="from GBP to AUD"):
        rates.convert(800, "GBP", "AUD", DAY)


def test_a_currency_is_three_capitals() -> None:
    assert (check_currency(None), check_currency("EUR")) == (None, "EUR")
    with pytest.raises(InvalidInput, match="'eur' is not a currency"):
        check_currency("eur")


C1 = CampaignRef("meta", "a1", "c1")
NEXT = DAY + timedelta(days=1)


def in_full(micros: int, _day: date) -> int:
    return micros


def test_each_day_counts_under_the_setting_of_the_window_where_there_is_one() -> None:
    record = {(C1, DAY): Quantities(spend_micros=10, conversion_value_micros=50), (C1, NEXT): REPORTED}
    under = {
        "28d_click": {(C1, DAY): Quantities(conversion_value_micros=50), (C1, NEXT): REPORTED},
        "7d_click": {(C1, DAY): Quantities(conversion_value_micros=40), (C1, NEXT): Quantities(spend_micros=3)},
    }
    assert estimate_reported(record, under, 7, in_full) == (
        Quantities(spend_micros=110, conversion_value_micros=340),
        frozenset({"7d_click", "28d_click"}),
    )
    assert estimate_reported(record, under, 28, in_full)[0].conversion_value_micros == 350
    assert estimate_reported(record, under, 28, in_full)[1] == {"28d_click"}


def test_days_are_converted_at_their_own_rate_and_what_nobody_measured_stays_absent() -> None:
    record = {(C1, DAY): Quantities(spend_micros=10), (C1, NEXT): Quantities(impressions=4)}
    doubled = estimate_reported(record, {"": record}, 7, lambda micros, day: micros * (2 if day == DAY else 3))
    assert doubled == (Quantities(spend_micros=20), frozenset())
    assert estimate_reported({}, {}, 7, in_full) == (Quantities(), frozenset())


RETURNS = st.builds(
    lambda spend, value, own: estimate_return(
        Quantities(spend_micros=spend, conversion_value_micros=value), ["7d_click"], 7, own, OfflineUse.ADD
    ),
    st.none() | st.integers(0, 10**12),
    st.none() | st.integers(0, 10**12),
    st.builds(OfflinePart, st.integers(0, 9), st.integers(0, 10**9), st.integers(0, 9)),
)


@given(st.lists(RETURNS, min_size=1, max_size=6), st.integers(0, 5))
def test_regrouping_never_changes_a_blended_return(parts: list[Return], cut: int) -> None:
    left, right = parts[:cut], parts[cut:]
    halves = [blend_returns(half) for half in (left, right) if half]
    assert blend_returns(halves) == blend_returns(parts) == blend_returns(parts[::-1])


def test_a_blend_names_every_setting_and_matches_only_where_all_do() -> None:
    seven = estimate_return(REPORTED, ["7d_click"], 7, None, OfflineUse.ADD)
    other = estimate_return(REPORTED, ["28d_click"], 7, None, OfflineUse.ADD)
    silent = estimate_return(Quantities(), [], 7, None, OfflineUse.ADD)
    both = blend_returns([seven, other])
    assert (both.attributions, both.window_matches, both.offline) == (("28d_click", "7d_click"), False, None)
    assert blend_returns([seven, silent]).window_matches is True
    assert blend_returns([silent]).window_matches is False


@pytest.mark.parametrize("day", [DAY - timedelta(days=1)])
def test_a_missing_rate_is_named_with_its_cure(day: date) -> None:
    rates = Rates.of([(DAY, "USD", "EUR", Decimal("1.25"))])
    with pytest.raises(InvalidInput, match=r"from EUR to USD on or before 2026-11-09; import it"):
        rates.convert(100, "EUR", "USD", day)


@given(
    st.lists(st.integers(0, 40), max_size=30),
    st.sampled_from([1, 7]),
)
def test_a_longer_window_never_counts_less(delays: list[int], window: int) -> None:
    sales = [Sale(NOON + timedelta(days=delay), 1, "EUR", NOON) for delay in delays]
    assert offline(*sales, window=window).conversions <= offline(*sales, window=28).conversions <= len(sales)


KNOWN = Return(200_000_000, 300_000_000, ("7d_click",), True, None, 300_000_000, 1.5)


def test_a_return_will_come_to_what_is_known_and_what_is_coming() -> None:
    expected = expect_return(KNOWN, [LatePart(100.0, 60.0, 160.0, 20.0, 220.0, "own")])
    assert expected is not None
    assert expected.roas == ExpectedFigure(2.0, 1.8, 2.3, 1.6, 2.6)
    assert (expected.maturity, expected.basis) == (0.75, "own")


def test_parts_of_several_currencies_err_independently_and_rest_on_the_least() -> None:
    expected = expect_return(
        KNOWN, [LatePart(50.0, 20.0, 80.0, 0, 100, "own"), LatePart(50.0, 10, 90, 0, 100, "prior")]
    )
    assert expected is not None
    assert (expected.roas.value, expected.roas.low80, expected.roas.high80) == (2.0, 1.75, 2.25)
    assert expected.basis == "prior"


def test_nothing_is_expected_of_what_is_not_late_not_measured_or_cost_nothing() -> None:
    late = [LatePart(0.0, 0.0, 0.0, 0.0, 0.0, "none")]
    assert expect_return(KNOWN, []) is None
    assert expect_return(replace(KNOWN, spend_micros=0), late) is None
    assert expect_return(replace(KNOWN, value_micros=None), late) is None
    nothing = expect_return(replace(KNOWN, value_micros=0), late)
    assert nothing is not None
    assert (nothing.roas.value, nothing.maturity) == (0.0, None)
