"""Spend against plan: month to date and the expected end of the month."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.tracking.pacing import BudgetPace, Pace, Pacing, estimate_pacing, pacing_body

FIRST = date(2026, 11, 1)


def days(number: int, spend: int, since: date = FIRST) -> dict[date, int]:
    return {since + timedelta(days=day): spend for day in range(number)}


@pytest.mark.parametrize(
    ("daily", "pace"), [(100, Pace.ON_TRACK), (80, Pace.UNDER), (120, Pace.OVER), (95, Pace.ON_TRACK)]
)
def test_a_steady_month_ends_where_it_is_going(daily: int, pace: Pace) -> None:
    found = estimate_pacing(days(10, daily), 3_000, FIRST + timedelta(days=9))
    assert (found.spent_micros, found.expected_micros, found.pace) == (10 * daily, 30 * daily, pace)
    assert found.low80_micros == found.high80_micros == 30 * daily
    assert found.daily_micros == (3_000 - 10 * daily) // 20


def test_weekends_that_cost_less_are_expected_to_again() -> None:
    since = date(2026, 10, 1)
    spend = {day: 200 if day.weekday() < 5 else 20 for day in (since + timedelta(days=number) for number in range(45))}
    through = max(spend)
    found = estimate_pacing(spend, 5_000, through)
    rest = [through + timedelta(days=ahead) for ahead in range(1, 17)]
    truth = found.spent_micros + sum(200 if day.weekday() < 5 else 20 for day in rest)
    assert found.expected_micros == pytest.approx(truth, rel=0.05)


def test_noise_widens_the_interval_and_calls_nothing() -> None:
    spend = {FIRST + timedelta(days=number): (20, 400)[number % 2] for number in range(6)}
    found = estimate_pacing(spend, 5_500, FIRST + timedelta(days=5))
    assert found.low80_micros is not None
    assert found.high80_micros is not None
    assert found.low80_micros < 5_500 < found.high80_micros
    assert found.pace is Pace.ON_TRACK


def test_no_spend_known_is_unknown_pace() -> None:
    found = estimate_pacing({}, 3_000, FIRST + timedelta(days=9))
    assert (found.spent_micros, found.expected_micros, found.pace) == (0, None, Pace.UNKNOWN)


def test_facts_that_start_later_than_the_day_tell_nothing_yet() -> None:
    found = estimate_pacing(days(3, 100, FIRST + timedelta(days=20)), 3_000, FIRST + timedelta(days=5))
    assert found.pace is Pace.UNKNOWN


def test_on_the_last_day_the_month_is_what_it_was() -> None:
    found = estimate_pacing(days(30, 100), 3_000, date(2026, 11, 30))
    assert (found.expected_micros, found.low80_micros, found.high80_micros) == (3_000, 3_000, 3_000)
    assert found.daily_micros is None


def test_one_day_is_enough_for_a_wide_guess() -> None:
    found = estimate_pacing(days(1, 100), 3_000, FIRST)
    assert found.expected_micros == 3_000
    assert found.low80_micros is not None
    assert found.low80_micros < 2_000


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=28), st.integers(1, 5))
def test_scaling_every_amount_scales_the_answer(spends: list[int], factor: int) -> None:
    spend = {FIRST + timedelta(days=number): amount for number, amount in enumerate(spends)}
    through = max(spend)
    one = estimate_pacing(spend, 3_000, through)
    many = estimate_pacing({day: factor * amount for day, amount in spend.items()}, factor * 3_000, through)
    assert many.spent_micros == factor * one.spent_micros
    assert many.expected_micros == pytest.approx(factor * (one.expected_micros or 0), abs=factor)
    assert one.spent_micros <= (one.low80_micros or 0) <= (one.expected_micros or 0) <= (one.high80_micros or 0)


def budget(pacing: Pacing) -> BudgetPace:
    return BudgetPace("campaign", "meta:a1:c1", "Autumn", "EUR", 1, pacing)


def test_a_budget_reads_as_a_sentence() -> None:
    start, end = FIRST + timedelta(days=9), date(2026, 11, 30)
    over = budget(estimate_pacing(days(10, 4_000_000), 50_000_000, start))
    assert over.off_plan
    assert str(over) == (
        "Autumn: November is going to end at 120.00 EUR, over its plan of 50.00 EUR (40.00 EUR spent by Tue 10); "
        "0.50 EUR a day from here would meet it"
    )
    spent = budget(estimate_pacing(days(10, 4_000_000), 30_000_000, start))
    assert str(spent).endswith("(40.00 EUR spent by Tue 10); the plan is used up")
    on = budget(estimate_pacing(days(10, 1_000_000), 30_000_000, start))
    assert "on its plan of 30.00 EUR" in str(on)
    assert not on.off_plan
    doubtful = budget(replace(on.pacing, expected_micros=36_000_000, high80_micros=40_000_000))
    assert "is going to end at 36.00 EUR, perhaps over its plan of 30.00 EUR" in str(doubtful)
    assert budget(replace(on.pacing, expected_micros=24_000_000)).against_plan == "perhaps under"
    unknown = budget(estimate_pacing({}, 30_000_000, start))
    assert str(unknown) == "Autumn: 0.00 EUR spent by Tue 10 of 30.00 EUR planned for November"
    assert str(budget(estimate_pacing(days(30, 1), 30_000_000, end))).startswith("Autumn: 0.00 EUR spent by Mon 30")


def test_a_body_has_amounts_as_strings_and_absent_ones_as_null() -> None:
    (body,) = pacing_body([budget(estimate_pacing({}, 30_000_000, FIRST))], datetime(2026, 11, 2, tzinfo=UTC))[
        "budgets"
    ]
    assert (body["planned"], body["spent"], body["expected"], body["low80"]) == ("30.00", "0.00", None, None)
    assert (body["month"], body["through"], body["pace"]) == ("2026-11-01", "2026-11-01", "unknown")
