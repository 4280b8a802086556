"""Hours and weekdays in words, and how a schedule is best put to work. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from adtempo.domain.hourweek import HOURS_PER_DAY
from adtempo.domain.schedules import Outlook, Way

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NAMED_DAYS = {(0, 1, 2, 3, 4, 5, 6): "every day", (0, 1, 2, 3, 4): "Monday to Friday", (5, 6): "at weekends"}


def hours_text(hours: Sequence[int]) -> str:
    """Write hours of the day as spans of the clock.

    >>> hours_text((22, 23, 0)), hours_text((9, 10, 14)), hours_text(range(24))
    ('22:00-01:00', '09:00-11:00 and 14:00-15:00', 'all day')
    """
    if len(hours) == HOURS_PER_DAY:
        return "all day"
    spans: list[list[int]] = []
    for hour in hours:
        if spans and hour == spans[-1][1] % HOURS_PER_DAY:
            spans[-1][1] = hour + 1
        else:
            spans.append([hour, hour + 1])
    return " and ".join(f"{begin:02}:00-{end % HOURS_PER_DAY:02}:00" for begin, end in spans)


def days_text(days: Sequence[int]) -> str:
    """Write weekdays as people do.

    >>> days_text((5, 6)), days_text((0, 2))
    ('at weekends', 'on Mon and Wed')
    """
    return _NAMED_DAYS.get(tuple(days)) or f"on {' and '.join(_WEEKDAYS[day] for day in days)}"


def way_text(outlook: Outlook) -> str:
    """Say how to put a schedule to work, and what that is expected to bring beyond today's rhythm."""
    if outlook.way is Way.KEEP:
        return "Keep your hours as they are: this schedule is not expected to bring more than today's rhythm does."
    if outlook.way is Way.BUDGETS:
        return f"Run it as budgets by the hour: {outlook.over_usual:+.1%} on today's rhythm."
    gain, low, high = (f"{one:+.1%}" for one in (outlook.modified, outlook.modified_low, outlook.modified_high))
    return (
        f"Run its multipliers as modifiers on today's rhythm: {gain} (95%: {low} to {high}). As budgets by the hour, "
        f"which start from even hours, it would come to {outlook.over_usual:+.1%}."
    )
