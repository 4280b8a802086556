from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import HOUR, HOURS_PER_WEEK, day_bounds, find_zone, hour_of_week, resolve_local

BERLIN = ZoneInfo("Europe/Berlin")


def real_hours(monday: date, zone: ZoneInfo) -> Counter[int]:
    """Count the real hours of a local week by hour of the week."""
    start, _ = day_bounds(monday, zone)
    end, _ = day_bounds(monday + timedelta(days=7), zone)
    return Counter(hour_of_week(start + n * HOUR, zone) for n in range(int((end - start) / HOUR)))


def test_the_week_starts_on_monday_at_midnight() -> None:
    assert hour_of_week(datetime(2026, 11, 2, tzinfo=BERLIN), BERLIN) == 0
    assert hour_of_week(datetime(2026, 11, 8, 23, 59, tzinfo=BERLIN), BERLIN) == 167


def test_the_hour_is_the_accounts_own_not_the_servers() -> None:
    sunday_evening_in_utc = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
    assert hour_of_week(sunday_evening_in_utc, BERLIN) == 0


def test_a_week_in_spring_has_167_hours_and_one_empty_cell() -> None:
    hours = real_hours(date(2026, 3, 23), BERLIN)
    assert hours.total() == 167
    assert [hour for hour in range(HOURS_PER_WEEK) if not hours[hour]] == [6 * 24 + 2]


def test_a_week_in_autumn_has_169_hours_and_one_double_cell() -> None:
    hours = real_hours(date(2026, 10, 19), BERLIN)
    assert hours.total() == 169
    assert [hour for hour, count in hours.items() if count == 2] == [6 * 24 + 2]


def test_a_time_without_offset_cannot_be_placed() -> None:
    with pytest.raises(InvalidInput, match="without offset"):
        hour_of_week(datetime(2026, 11, 2), BERLIN)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 7, 1), 24),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("America/Santiago", date(2026, 9, 6), 23),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(zone: str, day: date, hours: float) -> None:
    start, end = day_bounds(day, ZoneInfo(zone))
    assert (end - start) / HOUR == hours


def test_an_hour_shown_twice_is_the_first_unless_the_second_is_asked_for() -> None:
    shown_twice = datetime(2026, 10, 25, 2, 30)
    assert resolve_local(shown_twice, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert resolve_local(shown_twice, BERLIN, second=True) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("second", [False, True])
def test_an_hour_that_the_clock_skipped_is_refused(*, second: bool) -> None:
    with pytest.raises(InvalidInput, match="2026-03-29 02:30 did not exist in Europe/Berlin"):
        resolve_local(datetime(2026, 3, 29, 2, 30), BERLIN, second=second)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "..", "/etc", "Europe", "a\0b"])
def test_a_zone_that_does_not_exist_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not a time zone; write an IANA name such as Europe/Berlin"):
        find_zone(name)
