"""Hours of the week in an account's own time zone.

The week starts Monday 00:00: hour 0 is Monday 00:00-00:59, hour 167 is Sunday 23:00-23:59. An instant belongs to
exactly one hour of the week, so a week with a clock change has 167 or 169 real hours but always 168 cells: the
skipped hour's cell gets nothing, the repeated hour's cell gets both.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adtempo.domain.errors import InvalidInput

HOURS_PER_DAY = 24
DAYS_PER_WEEK = 7
HOURS_PER_WEEK = 168
HOUR = timedelta(hours=1)


def find_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises:
        InvalidInput: There is no such zone.

    >>> find_zone("America/New_York").key
    'America/New_York'
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a name can also lead to a folder, or out of it
        raise InvalidInput(f"{name!r} is not a time zone; write an IANA name such as Europe/Berlin") from error


def hour_of_week(instant: datetime, zone: ZoneInfo) -> int:
    """Return 0-167 for an instant, Monday 00:00 local being 0.

    Args:
        instant: A moment with an offset; naive datetimes are refused.
        zone: The account's time zone.

    Raises:
        InvalidInput: The datetime is naive.

    >>> hour_of_week(datetime(2026, 11, 2, 0, 30, tzinfo=UTC), ZoneInfo("UTC"))
    0
    """
    if instant.tzinfo is None:
        raise InvalidInput("a time without offset cannot be placed in the week")
    local = instant.astimezone(zone)
    return local.weekday() * HOURS_PER_DAY + local.hour


@lru_cache(maxsize=4096)
def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a local day and of the next one, in UTC.

    The difference is 23, 24 or 25 hours in most zones (half-hour changes exist, and Samoa once skipped a whole day).

    >>> start, end = day_bounds(date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    >>> (end - start) / HOUR
    23.0
    """
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # fold=0 is right twice: of two midnights it is the first, and where the clock skipped midnight it is the jump.
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def resolve_local(naive: datetime, zone: ZoneInfo, *, second: bool = False) -> datetime:
    """Turn a local wall-clock time into UTC.

    Args:
        naive: Local time without offset.
        zone: The account's time zone.
        second: For an hour that the clock shows twice: take its second occurrence.

    Raises:
        InvalidInput: The clock never showed this time (skipped in spring).

    >>> resolve_local(datetime(2026, 10, 25, 2, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-10-25T00:30:00+00:00'
    >>> resolve_local(datetime(2026, 10, 25, 2, 30), ZoneInfo("Europe/Berlin"), second=True).isoformat()
    '2026-10-25T01:30:00+00:00'
    """
    instant = naive.replace(tzinfo=zone, fold=int(second)).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != naive:
        raise InvalidInput(f"{naive:%Y-%m-%d %H:%M} did not exist in {zone.key}: the clock skipped it")
    return instant
