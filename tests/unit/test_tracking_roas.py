"""Return on spend: windows, the advertiser's own conversions, and exchange rates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.domain.accounts import OfflineUse
from adtempo.domain.errors import InvalidInput
from adtempo.domain.panels import Quantities
from adtempo.tracking.roas import (
    OfflinePart,
    Rates,
    Sale,
    check_window,
    choose_attribution,
    click_days,
    estimate_offline,
    estimate_return,
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
    added = estimate_return(REPORTED, "7d_click", 7, OWN, OfflineUse.ADD)
    assert (added.value_micros, added.roas, added.platform_value_micros, added.offline) == (450, 4.5, 300, OWN)
    replaced = estimate_return(REPORTED, "7d_click", 7, OWN, OfflineUse.REPLACE)
    assert (replaced.value_micros, replaced.roas) == (150, 1.5)
    alone = estimate_return(REPORTED, "7d_click", 7, None, OfflineUse.ADD)
    assert (alone.value_micros, alone.roas, alone.offline) == (300, 3.0, None)


def test_no_spend_is_no_return_and_no_value_is_not_zero() -> None:
    assert estimate_return(Quantities(spend_micros=0), "", 7, OWN, OfflineUse.ADD).roas is None
    assert estimate_return(Quantities(spend_micros=5), "", 7, None, OfflineUse.ADD).roas is None
    assert estimate_return(Quantities(spend_micros=100), "", 7, OWN, OfflineUse.ADD).roas == 1.5


def test_the_setting_of_the_window_is_chosen_and_told() -> None:
    assert click_days("7d_click_1d_view") == 7
    assert choose_attribution(["28d_click", "7d_click_1d_view", "7d_click"], 7) == "7d_click"
    assert choose_attribution(["28d_click", ""], 7) is None
    assert estimate_return(REPORTED, "28d_click", 7, None, OfflineUse.ADD).window_matches is False
    assert estimate_return(REPORTED, "7d_click", 7, None, OfflineUse.ADD).window_matches is True


def test_the_newest_rate_known_for_the_day_is_used_in_both_directions() -> None:
    rates = Rates.of([(DAY, "USD", "EUR", Decimal("1.25")), (DAY + timedelta(days=2), "USD", "EUR", Decimal("1.5"))])
    assert rates.convert(100, "EUR", "USD", DAY + timedelta(days=1)) == 125
    assert rates.convert(150, "USD", "EUR", DAY + timedelta(days=9)) == 100
    assert rates.convert(7, "EUR", "EUR", DAY) == 7


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
