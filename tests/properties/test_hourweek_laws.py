from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given

import strategies
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import HOURS_PER_WEEK, day_bounds, hour_of_week, resolve_local


@given(strategies.instants, strategies.zones)
def test_every_instant_belongs_to_one_hour_of_the_week(instant: datetime, zone: ZoneInfo) -> None:
    hour = hour_of_week(instant, zone)
    local = instant.astimezone(zone)
    assert 0 <= hour < HOURS_PER_WEEK
    assert divmod(hour, 24) == (local.weekday(), local.hour)


@given(strategies.days, strategies.zones)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    assert day_bounds(day, zone)[1] == day_bounds(day + timedelta(days=1), zone)[0]


@given(strategies.instants, strategies.zones)
def test_an_instant_lies_within_its_own_local_day(instant: datetime, zone: ZoneInfo) -> None:
    start, end = day_bounds(instant.astimezone(zone).date(), zone)
    assert start <= instant < end


@given(strategies.instants, strategies.zones)
def test_local_time_and_its_occurrence_give_the_instant_back(instant: datetime, zone: ZoneInfo) -> None:
    local = instant.astimezone(zone)
    assert resolve_local(local.replace(tzinfo=None), zone, second=bool(local.fold)) == instant


@given(strategies.instants, strategies.zones)
def test_a_local_time_either_existed_or_is_refused(instant: datetime, zone: ZoneInfo) -> None:
    wall = instant.replace(tzinfo=None)
    try:
        resolved = resolve_local(wall, zone)
    except InvalidInput:
        assume(False)
    assert resolved.astimezone(zone).replace(tzinfo=None) == wall
