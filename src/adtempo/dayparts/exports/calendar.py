"""iCalendar: one weekly event per stretch of hours that get more or less than the rest.

References:
    RFC 5545 (2009), doi:10.17487/RFC5545.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from adtempo.dayparts.exports.base import DAYS, Export, Grid, Sheet, bad_file, by_day, runs, same
from adtempo.domain.hourweek import HOURS_PER_DAY, HOURS_PER_WEEK

WEEKS = 52
"""How long the events repeat: past a year, somebody should look again."""

_FORM = "iCalendar"
_USUAL = 1.0
_FOLD = 74
_EVENT = re.compile(r"BEGIN:VEVENT\n(.*?)END:VEVENT\n", re.DOTALL)
_PARTS = {
    "hour": re.compile(r"^DTSTART;[^:]*:\d{8}T(\d\d)0000$", re.MULTILINE),
    "length": re.compile(r"^DURATION:PT(\d+)H$", re.MULTILINE),
    "days": re.compile(r"^RRULE:.*BYDAY=([A-Z,]+)", re.MULTILINE),
    "multiplier": re.compile(r"^X-ADTEMPO-MULTIPLIER:(\S+)$", re.MULTILINE),
}


def write(sheet: Sheet, grid: Grid) -> str:
    """Write a calendar; hours with the multiplier 1 have no event."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//adtempo//dayparts//EN",
        *_zone_lines(sheet.timezone, sheet.first_day),
    ]
    for (begin, end, multiplier), days in _stretches(grid).items():
        first = next(day for number in range(7) if (day := sheet.first_day + timedelta(days=number)).weekday() in days)
        until = datetime.combine(sheet.first_day + timedelta(weeks=WEEKS), time(), UTC)
        amounts = ", ".join(sheet.budgets[days[0] * HOURS_PER_DAY + hour] for hour in range(begin, end))
        lines += [
            "BEGIN:VEVENT",
            f"UID:{days[0]}-{begin}-{first:%Y%m%d}-{multiplier:g}@adtempo",
            f"DTSTAMP:{sheet.first_day:%Y%m%d}T000000Z",
            f"DTSTART;TZID={sheet.timezone}:{first:%Y%m%d}T{begin:02}0000",
            f"DURATION:PT{end - begin}H",
            f"RRULE:FREQ=WEEKLY;UNTIL={until:%Y%m%dT%H%M%SZ};BYDAY={','.join(DAYS[day][:2].upper() for day in days)}",
            f"SUMMARY:{_escape(_words(sheet.title, multiplier))}",
            f"DESCRIPTION:{_escape(f'Budget of its hours: {amounts} {sheet.currency}')}",
            f"X-ADTEMPO-MULTIPLIER:{multiplier!r}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _fold(line))


def read(text: str) -> Grid:
    """Read the multipliers back.

    Raises:
        InvalidInput: The file holds no calendar of ours.
    """
    plain = text.replace("\r\n", "\n").replace("\n ", "")
    if not plain.startswith("BEGIN:VCALENDAR\n"):
        raise bad_file(_FORM, "it does not begin with BEGIN:VCALENDAR")
    hours = [_USUAL] * HOURS_PER_WEEK
    starts = {name[:2].upper(): day for day, name in enumerate(DAYS)}
    for event in _EVENT.findall(plain):
        found = {name: pattern.search(event) for name, pattern in _PARTS.items()}
        said = {name: match[1] for name, match in found.items() if match is not None}
        try:
            begin, length, multiplier = int(said["hour"]), int(said["length"]), float(said["multiplier"])
            for name in said["days"].split(","):
                for hour in range(begin, begin + length):
                    hours[starts[name] * HOURS_PER_DAY + hour] = multiplier
        except (ValueError, LookupError) as problem:
            raise bad_file(_FORM, f"an event lacks or misstates {problem}") from None
    return tuple(hours)


def _stretches(grid: Grid) -> dict[tuple[int, int, float], list[int]]:
    """Return the weekdays of each stretch of hours that differ from the rest."""
    found: dict[tuple[int, int, float], list[int]] = {}
    for day, hours in enumerate(by_day(grid)):
        for begin, end, value in runs(hours):
            if value != _USUAL:
                found.setdefault((begin, end, value), []).append(day)
    return found


def _words(title: str, multiplier: float) -> str:
    return f"{title}: off" if multiplier == 0 else f"{title}: {multiplier:g} x the usual budget"


@cache
def _zone_lines(timezone: str, first_day: date) -> tuple[str, ...]:
    """Describe the zone's clock changes as far as the events reach."""
    return ("BEGIN:VTIMEZONE", f"TZID:{timezone}", *_clock_changes(ZoneInfo(timezone), first_day), "END:VTIMEZONE")


def _clock_changes(zone: ZoneInfo, first_day: date) -> Iterator[str]:
    start = datetime.combine(first_day - timedelta(days=1), time(), UTC)
    hours = (start + timedelta(hours=number) for number in range((WEEKS * 7 + 2) * HOURS_PER_DAY))
    before: timedelta | None = None
    for moment in hours:
        local = moment.astimezone(zone)
        offset = local.utcoffset() or timedelta()
        if offset == before:
            continue
        kind = "DAYLIGHT" if local.dst() else "STANDARD"
        shown = (moment + (offset if before is None else before)).replace(tzinfo=None)
        yield from (
            f"BEGIN:{kind}",
            f"DTSTART:{shown:%Y%m%dT%H%M%S}",
            f"TZOFFSETFROM:{_offset(offset if before is None else before)}",
            f"TZOFFSETTO:{_offset(offset)}",
            f"TZNAME:{local.tzname()}",
            f"END:{kind}",
        )
        before = offset


def _offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


def _escape(text: str) -> str:
    return re.sub(r"([\\;,])", r"\\\1", text).replace("\n", "\\n")


def _fold(line: str) -> Iterator[str]:
    """Break a line that is too long, counting bytes, so that no character is torn apart."""
    part, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _FOLD:
            yield part
            part, size = " ", 1
        part, size = part + character, size + width
    yield part


ICS = Export(
    name="ics",
    title="Calendar",
    suffix="ics",
    media_type="text/calendar",
    keeps=(
        "The calendar holds every hour that gets more or less than the rest, each week for a year, for people and "
        "for tools that read calendars."
    ),
    fit=same,
    write=write,
    read=read,
)
