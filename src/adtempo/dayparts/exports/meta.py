"""Meta: `adset_schedule`, whole hours on or off, for ad sets with a lifetime budget; else a plan of pauses.

References:
    Marketing API v26, ad set reference (2026): minutes from 00:00, days 0 (Sunday) to 6, ``timezone_type``
    ``ADVERTISER``; schedules need a lifetime budget.
"""

from __future__ import annotations

import json
from typing import Any

from adtempo.dayparts.exports.base import DAYS, Export, Grid, Sheet, bad_file, by_day, check_runs_at_all, runs, switched
from adtempo.domain.hourweek import HOURS_PER_DAY, HOURS_PER_WEEK

_MINUTES = 60
_FORM = "Meta"


def write(sheet: Sheet, grid: Grid) -> str:
    """Write the fields of an ad set, and the same week as pauses for ad sets with a daily budget."""
    check_runs_at_all(grid)
    document = {
        "lifetime_budget_needed": {
            "pacing_type": ["day_parting"],
            "adset_schedule": [
                {
                    "start_minute": begin * _MINUTES,
                    "end_minute": end * _MINUTES,
                    "days": days,
                    "timezone_type": "ADVERTISER",
                }
                for (begin, end), days in _stretches(grid).items()
            ],
        },
        "daily_budget_instead": {"timezone": sheet.timezone, "changes": _changes(grid)},
    }
    return json.dumps(document, indent=1) + "\n"


def read(text: str) -> Grid:
    """Read the schedule back.

    Raises:
        InvalidInput: The file holds something else.
    """
    hours = [0.0] * HOURS_PER_WEEK
    try:
        for one in json.loads(text)["lifetime_budget_needed"]["adset_schedule"]:
            begin, odd_begin = divmod(one["start_minute"], _MINUTES)
            end, odd_end = divmod(one["end_minute"], _MINUTES)
            if odd_begin or odd_end or not 0 <= begin < end <= HOURS_PER_DAY:
                raise bad_file(_FORM, "Meta takes whole hours within one day")
            for sunday_first in one["days"]:
                day = range(7)[sunday_first] - 1  # Monday is 0 with us; their Sunday wraps round to the end
                for hour in range(begin, end):
                    hours[day % 7 * HOURS_PER_DAY + hour] = 1.0
    except (ValueError, LookupError, TypeError) as problem:
        raise bad_file(_FORM, str(problem)) from None
    check_runs_at_all(tuple(hours))
    return tuple(hours)


def _stretches(grid: Grid) -> dict[tuple[int, int], list[int]]:
    """Return the weekdays (Sunday is 0) of each stretch of hours that runs."""
    found: dict[tuple[int, int], list[int]] = {}
    for day, hours in enumerate(by_day(grid)):
        for begin, end, value in runs(hours):
            if value:
                found.setdefault((begin, end), []).append((day + 1) % 7)
    return {hours: sorted(days) for hours, days in found.items()}


def _changes(grid: Grid) -> list[dict[str, Any]]:
    """Return when to pause and when to resume; at most one change an hour, and Meta allows four."""
    return [
        {"day": DAYS[slot // HOURS_PER_DAY], "hour": slot % HOURS_PER_DAY, "status": "ACTIVE" if value else "PAUSED"}
        for slot, value in enumerate(grid)
        if value != grid[slot - 1]
    ]


META = Export(
    name="meta",
    title="Meta ad set schedule",
    suffix="json",
    media_type="application/json",
    keeps=(
        "Meta switches whole hours of an ad set on or off, and only where it has a lifetime budget; the file also "
        "holds the pauses that do the same under a daily budget, one change an hour at most, though each makes Meta "
        "plan its day anew. An hour is off only where its multiplier is 0: more and less cannot be said."
    ),
    fit=switched,
    write=write,
    read=read,
)
