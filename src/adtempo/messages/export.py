"""A planned week as files: CSV for whoever sends it, iCalendar for whoever looks at it. Texts stay exact."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from adtempo.domain.errors import InvalidInput
from adtempo.domain.spreadsheets import neutral
from adtempo.store.page_schedules import Schedule, ScheduledMessage

COLUMNS = (
    "schedule_id",
    "page_name",
    "day_of_week",
    "scheduled_send_time",
    "message_type",
    "caption_id",
    "caption_text",
    "price_tier",
    "content_category",
    "has_urgency",
    "performance_score",
)
"""What a schedule's CSV holds, in this order; scripts read it."""

SHOWN_MINUTES = 15
"""How long a message is in a calendar, so that it can be seen."""

_ICS_LINE = 75


def schedule_rows(schedule: Schedule, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return the messages of a week with the columns of the CSV, sorted by time; times are the page's own."""
    return [_row(schedule, one, one.scheduled_send_time.astimezone(zone)) for one in schedule.messages]


def schedule_csv(schedule: Schedule, zone: ZoneInfo, *, raw: bool = False) -> str:
    """Return a week as CSV.

    Args:
        raw: Leave texts as they are, also where a spreadsheet would take them for formulas.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in schedule_rows(schedule, zone):
        writer.writerow([_cell(value, raw=raw) for value in row.values()])
    return text.getvalue()


def schedule_ics(schedule: Schedule, now: datetime) -> str:
    """Return a week as iCalendar, times in UTC.

    Args:
        now: When it is written, aware.

    References:
        Desruisseaux (2009), iCalendar, RFC 5545.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//adtempo//messages//EN", "CALSCALE:GREGORIAN"]
    for one in schedule.messages:
        until = one.scheduled_send_time + timedelta(minutes=SHOWN_MINUTES)
        lines += [
            "BEGIN:VEVENT",
            f"UID:{schedule.schedule_id}-{one.scheduled_send_time:%Y%m%dT%H%M}@adtempo",
            f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
            f"DTSTART:{one.scheduled_send_time:%Y%m%dT%H%M%SZ}",
            f"DTEND:{until:%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{_ics_text(f'{schedule.page_name}: {one.message_type} {one.price_tier}')}",
            f"DESCRIPTION:{_ics_text(f'{one.caption_id}: {one.caption_text}')}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def write_whole(path: Path, text: str) -> None:
    """Write a file such that it appears only when it is complete.

    Raises:
        InvalidInput: It cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, "utf-8", newline="")
        part.replace(path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written ({error.strerror}); name another file") from error


def _row(schedule: Schedule, one: ScheduledMessage, local: datetime) -> dict[str, Any]:
    return {
        "schedule_id": schedule.schedule_id,
        "page_name": schedule.page_name,
        "day_of_week": f"{local:%A}",
        "scheduled_send_time": local.isoformat(),
        "message_type": one.message_type,
        "caption_id": one.caption_id,
        "caption_text": one.caption_text,
        "price_tier": one.price_tier,
        "content_category": one.content_category,
        "has_urgency": one.has_urgency,
        "performance_score": one.performance_score,
    }


def _cell(value: Any, *, raw: bool) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if raw or not isinstance(value, str) else neutral(value)


def _ics_text(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, escaped)
    return text


def _folded(line: str) -> Sequence[str]:
    """Cut a line into pieces of at most 75 octets, the later ones led by a blank; no character is cut in two."""
    pieces, piece = [], ""
    for character in line:
        if len((piece + character).encode()) > _ICS_LINE:
            pieces.append(piece)
            piece = " "
        piece += character
    return [*pieces, piece]
