"""A day's budget by the hour: the promised example, exact sums, and what platforms can take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.budgets.hours import EDITS_MAX, multipliers_of, plan_day
from adtempo.domain.errors import InvalidInput
from adtempo.domain.money import Money

MICROS = 1_000_000
DAY = Money(240 * MICROS, "USD")
PEAKS, VALLEYS = {10, 11, 12, 18, 19, 20, 21}, set(range(1, 7))


def test_240_a_day_is_shared_out_as_promised() -> None:
    hourly = plan_day(DAY, multipliers_of(PEAKS, VALLEYS), "meta").hourly
    for hour, amount in enumerate(hourly):
        promised = 14.69 if hour in PEAKS else 4.90 if hour in VALLEYS else 9.80
        assert abs(amount.micros / MICROS - promised) < 0.011
    assert sum(amount.micros for amount in hourly) == DAY.micros


def test_edits_come_as_near_as_so_many_changes_can() -> None:
    plan = plan_day(DAY, multipliers_of(PEAKS, VALLEYS), "meta")
    assert [edit.hour for edit in plan.edits] == [0, 7, 10, 13, 18, 22]
    assert str(plan.edits[2].daily_budget) == "352.65 USD"
    assert sum(amount.micros for amount in plan.delivered) == DAY.micros
    assert "it may spend up to 1.75 times the highest of these budgets in a day, 617.14 USD" in plan.note


def test_a_platform_that_wants_days_between_changes_gets_none() -> None:
    plan = plan_day(DAY, multipliers_of(PEAKS, VALLEYS), "tiktok")
    assert plan.edits == ()
    assert plan.note == (
        "tiktok wants changes 48 hours apart, so no budget can follow the hours there; "
        "the budget stays 240.00 USD all day"
    )


def test_hours_that_are_alike_need_no_change() -> None:
    assert plan_day(DAY, (1.0,) * 24, "meta").note.startswith("all hours are alike")


@pytest.mark.parametrize(("peaks", "valleys"), [({24}, set()), ({3}, {3})])
def test_an_hour_is_one_of_the_day_and_not_both(peaks: set[int], valleys: set[int]) -> None:
    with pytest.raises(InvalidInput, match="hours of the day"):
        multipliers_of(peaks, valleys)


@given(
    st.integers(24, 10**6),
    st.lists(st.sampled_from([0.5, 0.75, 1.0, 1.2, 1.5]), min_size=24, max_size=24),
    st.sampled_from(["meta", "google", "tiktok"]),
)
def test_plans_sum_exactly_and_keep_to_the_number_of_edits(units: int, hours: list[float], platform: str) -> None:
    total = Money(units * 100 * MICROS, "JPY")
    plan = plan_day(total, hours, platform)
    for amounts in (plan.hourly, plan.delivered):
        assert sum(amount.micros for amount in amounts) == total.micros
    assert len(plan.edits) <= EDITS_MAX
    assert all(0 <= edit.hour < 24 for edit in plan.edits)
