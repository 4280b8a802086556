"""Hours and weekdays in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from adtempo.domain.hourweek import HOURS_PER_DAY

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NAMED_DAYS = {(0, 1, 2, 3, 4, 5, 6): "every day", (0, 1, 2, 3, 4): "Monday to Friday", (5, 6): "at weekends"}


def hours_text(hours: Sequence[int]) -> str:
    """Write hours of the day as spans of the clock.

    >>> hours_text((22, 23, 0)), hours_text((9, 10, 14))
    ('22:00-01:00', '09:00-11:00 and 14:00-15:00')
    """
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
