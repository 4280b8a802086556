"""Times in files: read strictly, and turned into UTC by Python's own time zones.

A file of millions of rows has few distinct times, so each is resolved once, here, instead of by the database, whose
time zones shift a skipped hour silently and choose another of two equal hours. An hour slot begins on a full hour of
the account's own clock: in a zone of half hours that is half past in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adtempo.domain.accounts import Grain
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import day_bounds, hour_of_week, resolve_local

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(?: ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_HOUR = re.compile(r"([0-9]{1,2})(?::00(?::00)?(?: ?[-~] ?([0-9]{1,2}):(00|59)(?::(?:00|59))?)?)?")
_WRITTEN = ("%b %d, %Y", "%B %d, %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d", "%d.%m.%Y")
_SLASHED = {"%m/%d/%Y": "month first", "%d/%m/%Y": "day first"}
_YEARS = range(1990, 2101)

ReadMoment = Callable[[str], tuple[datetime, timedelta | None]]
"""Reads a text as (wall-clock time, offset from UTC or None)."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of the ledger.

    Attributes:
        slot: Hour: its start in UTC; day: local midnight. Naive, as in FACT_SCHEMA.
        second: The same for the second of two hours that the clock shows alike; else None.
        day_local: The local day.
        hour_of_week: 0-167 for hours; None for days.
        starts_at: Start of the slot in UTC, naive.
    """

    slot: datetime
    second: datetime | None
    day_local: date
    hour_of_week: int | None
    starts_at: datetime


def read_iso(text: str) -> tuple[datetime, timedelta | None]:
    """Read an ISO 8601 date or time.

    Raises:
        InvalidInput: The text is something else, or no such time exists.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{text[:40]!r} is not an ISO 8601 time; write 2026-11-07 or 2026-11-07T13:00:00+01:00")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not a time: {error}") from error
    if moment.year not in _YEARS:
        raise InvalidInput(f"{text!r} is not a plausible date")
    moment += timedelta(microseconds=int(f"{fraction or '':0<6}"[:6]))
    return moment, None if offset is None else _offset(text, offset)


def _offset(text: str, offset: str) -> timedelta:
    if offset == "Z":
        return timedelta(0)
    hours, minutes = int(offset[1:3]), int(offset[-2:]) if len(offset) > 3 else 0
    if hours > 15 or minutes > 59:
        raise InvalidInput(f"{text!r} has an offset that does not exist")
    size = timedelta(hours=hours, minutes=minutes)
    return -size if offset[0] == "-" else size


def written_reader(texts: Iterable[str], date_format: str | None) -> ReadMoment:
    """Return what reads the dates of one file as people write them.

    Args:
        texts: All distinct dates of the file: they show whether the month comes first.
        date_format: A format as in strptime that every date follows; None tells from the dates.

    Raises:
        InvalidInput: Every date would fit month first as well as day first.
    """
    if date_format is not None:
        formats: tuple[str, ...] = (date_format,)
    else:
        slashed = [text for text in texts if "/" in text[:4]]
        orders = [order for order in _SLASHED if all(_parsed(text, order) for text in slashed)]
        if slashed and len(orders) > 1:
            either = " or ".join(f'date_format = "{order}" ({words})' for order, words in _SLASHED.items())
            raise InvalidInput(f"dates such as {slashed[0]} can be read two ways; say {either} in a mapping file")
        formats = (*_WRITTEN, *orders)

    def read(text: str) -> tuple[datetime, timedelta | None]:
        if date_format is None and _ISO.fullmatch(text):
            return read_iso(text)
        for form in formats:
            moment = _parsed(text, form)
            if moment is not None and moment.year in _YEARS:
                return moment.replace(tzinfo=None), moment.utcoffset()
        expected = f"of the form {date_format}" if date_format else "that can be read; write 2026-11-07"
        raise InvalidInput(f"{text[:40]!r} is not a date {expected}")

    return read


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - local to the account until its zone is known
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        InvalidInput: There is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(f"{name[:40]!r} is not an IANA time zone; write one such as Europe/Berlin") from error


def resolve_moment(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment that a text means, in UTC without offset; without one it is local to the zone."""
    naive, offset = read_iso(text)
    return _instant(naive, offset, zone).replace(tzinfo=None)


def _instant(naive: datetime, offset: timedelta | None, zone: ZoneInfo) -> datetime:
    if offset is None:
        return resolve_local(naive, zone)
    return naive.replace(tzinfo=timezone(offset)).astimezone(UTC)


def resolve_slot(grain: str, text: str, hour: str, zone: ZoneInfo, read: ReadMoment) -> Slot:
    """Return the slot that a date or time, perhaps with an hour of day beside it, means in an account.

    Args:
        grain: ``hour`` or ``day``.
        text: The date or time.
        hour: The hour of day as it stands in a column of its own; empty if there is none.
        zone: The account's time zone.
        read: Reads the text.

    Raises:
        InvalidInput: The text cannot be read, the clock never showed this time, or no slot begins there.
    """
    naive, offset = read(text)
    if grain == Grain.DAY:
        return _day_slot(text, naive, offset, zone)
    if hour:
        naive = _with_hour(naive, hour)
    instant = _instant(naive, offset, zone)
    local = instant.astimezone(zone)
    if (local.minute, local.second, local.microsecond) != (0, 0, 0):
        raise InvalidInput(f"{text[:40]!r} is not the start of an hour on the account's clock ({zone.key})")
    second = resolve_local(naive, zone, second=True) if offset is None else instant
    start = instant.replace(tzinfo=None)
    return Slot(
        slot=start,
        second=second.replace(tzinfo=None) if second != instant else None,
        day_local=local.date(),
        hour_of_week=hour_of_week(instant, zone),
        starts_at=start,
    )


def _day_slot(text: str, naive: datetime, offset: timedelta | None, zone: ZoneInfo) -> Slot:
    day = naive.date()
    if offset is not None:
        instant = _instant(naive, offset, zone)
        day = instant.astimezone(zone).date()
        begins = instant == day_bounds(day, zone)[0]
    else:
        begins = naive.time() == datetime.min.time()
    if not begins:
        raise InvalidInput(f"{text[:40]!r} is not the start of a day in {zone.key}")
    start = day_bounds(day, zone)[0].replace(tzinfo=None)
    return Slot(datetime.combine(day, datetime.min.time()), None, day, None, start)


def _with_hour(naive: datetime, hour: str) -> datetime:
    """Add an hour of day: ``13``, ``13:00``, ``13:00:00 - 13:59:59``, or a date and time of its own."""
    if _ISO.fullmatch(hour) and len(hour) > 10:
        moment, offset = read_iso(hour)
        if offset is not None or moment.date() != naive.date():
            raise InvalidInput(f"the hour {hour[:40]!r} is not on the day beside it")
        return moment
    match = _HOUR.fullmatch(hour.strip())
    if match is None or int(match[1]) > 23 or not _one_hour(match):
        raise InvalidInput(f"{hour[:40]!r} is not an hour of the day; write 13 or 13:00:00 - 13:59:59")
    midnight = datetime.combine(naive.date(), datetime.min.time())
    moment = midnight + timedelta(hours=int(match[1]))
    if naive not in {midnight, moment}:
        raise InvalidInput(f"the hour {hour[:40]!r} contradicts the time beside it")
    return moment


def _one_hour(match: re.Match[str]) -> bool:
    start, end, minute = int(match[1]), match[2], match[3]
    if end is None:
        return True
    return int(end) == start if minute == "59" else int(end) in {start + 1, (start + 1) % 24}
