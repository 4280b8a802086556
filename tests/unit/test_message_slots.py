"""Times of a week: constraints hold, the plan is proven best, DST weeks are right, and what does not fit says why."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from adtempo.domain.errors import WeekInfeasible
from adtempo.domain.messages import MessageType, Tier
from adtempo.messages.slots import BUMP_GAP, GRID, Slot, SlotPlan, Week, list_relaxations, plan_slots
from adtempo.messages.volume import plan_volume

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 9)
PPV, BUMP = MessageType.PPV, MessageType.BUMP
EVENING = np.where(np.arange(168) % 24 >= 18, 1.5, 1.0)


def week_of(tier: Tier, saturation: float, start: date = MONDAY, zone: ZoneInfo = BERLIN) -> Week:
    volume = plan_volume(tier, saturation)
    values = np.exp(np.random.default_rng(1).normal(0, 0.3, 168))
    return Week(
        start=start,
        zone=zone,
        ppv=volume.ppv,
        bump=volume.bump,
        gap=timedelta(minutes=volume.gap_minutes),
        hour_values=values,
        cooling_days=volume.cooling_days,
        hours=frozenset(range(8, 24)),
    )


def times(plan: SlotPlan, kind: MessageType) -> list[datetime]:
    return [slot.at for slot in plan.slots if slot.kind is kind]


def check(week: Week, plan: SlotPlan) -> None:
    paid, free = times(plan, PPV), times(plan, BUMP)
    local = [slot.at.astimezone(week.zone) for slot in plan.slots]
    assert (len(paid), len(free)) == (week.ppv, week.bump)
    assert all(later - earlier >= week.gap for earlier, later in pairwise(paid))
    assert all(later.at - earlier.at >= BUMP_GAP for earlier, later in pairwise(plan.slots))
    assert all(moment.hour in week.hours and moment.weekday() not in week.quiet_days for moment in local)
    assert all(moment.minute % (GRID // timedelta(minutes=1)) == 0 for moment in local)
    days = [(moment.astimezone(week.zone).date() - week.start).days for moment in paid]
    assert all(week.cooling_days <= day < 7 for day in days)
    assert 0.0 <= plan.gap < 1e-3


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("saturation", [0.2, 0.8])
def test_every_tier_and_zone_fits_and_keeps_its_conditions(tier: Tier, saturation: float) -> None:
    week = week_of(tier, saturation)
    plan = plan_slots(week)
    check(week, plan)
    assert plan.notes == ()
    for kind, first in ((PPV, week.cooling_days), (BUMP, 0)):
        counts = Counter(moment.astimezone(BERLIN).date() for moment in times(plan, kind))
        spread = [counts[MONDAY + timedelta(days=day)] for day in range(first, 7)]
        assert max(spread) - min(spread) <= 1, "spread over days"


@pytest.mark.parametrize(("start", "quarters"), [(date(2026, 3, 23), 668), (date(2026, 10, 19), 676)])
def test_a_week_with_a_clock_change_has_its_real_hours(start: date, quarters: int) -> None:
    week = week_of(Tier.MEGA, 0.2, start)
    assert len(week.grid.at) == quarters
    check(week, plan_slots(week))


def test_bumps_lie_between_the_ppvs_of_their_day_where_possible() -> None:
    week = week_of(Tier.LARGE, 0.2)
    plan = plan_slots(week)
    inside = 0
    for day in range(7):
        paid = [moment for moment in times(plan, PPV) if moment.astimezone(BERLIN).date() == MONDAY + timedelta(day)]
        inside += sum(min(paid) < moment < max(paid) for moment in times(plan, BUMP)) if paid else 0
    assert plan.between == inside == week.bump


def test_the_best_hours_are_taken_first() -> None:
    week = replace(week_of(Tier.MICRO, 0.2), hour_values=EVENING)
    plan = plan_slots(week)
    assert plan.value == pytest.approx(1.5 * week.ppv)
    assert plan.gap == 0.0
    assert all(moment.astimezone(BERLIN).hour >= 18 for moment in times(plan, PPV))


def test_messages_of_the_weeks_beside_keep_their_distance() -> None:
    around = (Slot(datetime(2026, 3, 9, 17, 0, tzinfo=UTC), PPV), Slot(datetime(2026, 3, 9, 20, 0, tzinfo=UTC), BUMP))
    week = replace(week_of(Tier.SMALL, 0.2), around=around, hour_values=EVENING)
    plan = plan_slots(week)
    check(week, plan)
    assert all(abs(moment - around[0].at) >= week.gap for moment in times(plan, PPV))
    assert all(abs(slot.at - around[1].at) >= BUMP_GAP for slot in plan.slots)


def test_nothing_is_planned_before_now() -> None:
    now = datetime(2026, 3, 10, 19, 7, tzinfo=UTC)
    week = replace(week_of(Tier.MEGA, 0.2), not_before=now)
    plan = plan_slots(week)
    check(week, plan)
    assert plan.slots[0].at >= now


def test_quiet_days_are_quiet() -> None:
    week = replace(week_of(Tier.MEDIUM, 0.4), quiet_days=frozenset({0, 6}))
    check(week, plan_slots(week))


def test_an_empty_week_is_empty() -> None:
    assert plan_slots(replace(week_of(Tier.MICRO, 0.2), ppv=0, bump=0)).slots == ()
    assert plan_slots(replace(week_of(Tier.MICRO, 0.2), ppv=0, bump=0)).gap == 0.0


def test_an_uneven_week_is_said_to_be_one() -> None:
    late = datetime(2026, 3, 15, 21, 0, tzinfo=UTC)  # the last day has room for one PPV, the others for two
    around = (Slot(datetime(2026, 3, 14, 23, 0, tzinfo=UTC), BUMP),)
    tight = Week(
        start=MONDAY,
        zone=ZoneInfo("UTC"),
        ppv=3,
        bump=0,
        gap=timedelta(hours=20),
        hour_values=np.ones(168),
        hours=frozenset({0, 23}),
        not_before=late - timedelta(days=1),
        around=around,
    )
    with pytest.raises(WeekInfeasible):
        plan_slots(tight)
    crossing = replace(tight, ppv=2, gap=timedelta(hours=23), around=(), hours=frozenset({0, 22, 23}))
    plan = plan_slots(crossing)
    check(crossing, plan)


@pytest.mark.parametrize(
    ("change", "constraint", "needed"),
    [
        ({"gap": timedelta(hours=12)}, "least gap", "465 instead of 720 minutes between PPVs"),
        ({"hours": frozenset({20})}, "allowed hours", "also "),
        ({"quiet_days": frozenset({0, 1, 2, 3, 4, 5}), "bump": 2}, "quiet days", "5 instead of 6"),
        ({"cooling_days": 6}, "cooling", "instead of 6 days without PPV"),
        ({"hours": frozenset({20}), "bump": 2}, "PPVs", "7 instead of 21"),
        ({"bump": 400, "ppv": 1}, "Bumps", "instead of 400"),
    ],
)
def test_a_week_that_does_not_fit_names_what_binds_and_how_little_it_must_give(
    change: dict[str, object], constraint: str, needed: str
) -> None:
    week = replace(week_of(Tier.MEGA, 0.2), **change)  # type: ignore[arg-type]
    with pytest.raises(WeekInfeasible, match=f"do not fit the week from {MONDAY}"):
        plan_slots(week)
    ways = {one.constraint: one.needed for one in list_relaxations(replace(week, even=False))}
    assert needed in ways[constraint]


def test_a_week_that_no_single_condition_can_save_says_so() -> None:
    week = replace(week_of(Tier.MICRO, 0.2), hours=frozenset({20}), quiet_days=frozenset(range(6)), ppv=9, bump=300)
    with pytest.raises(WeekInfeasible, match="several of its conditions must give at once"):
        plan_slots(week)


def test_the_named_relaxation_is_enough_and_a_smaller_one_is_not() -> None:
    week = replace(week_of(Tier.MEGA, 0.2), gap=timedelta(hours=12))
    ways = {one.constraint: one.needed for one in list_relaxations(replace(week, even=False))}
    least = int(ways["least gap"].split()[0])
    check_gap = replace(week, gap=timedelta(minutes=least))
    check(check_gap, plan_slots(check_gap))
    with pytest.raises(WeekInfeasible):
        plan_slots(replace(week, gap=timedelta(minutes=least + 15)))
