"""CSV: one row per hour of the week, with everything in it."""

from __future__ import annotations

import csv
import io

from adtempo.dayparts.exports.base import DAYS, Export, Grid, Sheet, bad_file, same
from adtempo.domain.hourweek import HOURS_PER_DAY, HOURS_PER_WEEK

_COLUMNS = ("day_of_week", "day", "hour", "multiplier", "budget", "currency", "timezone")
_FORM = "CSV"


def write(sheet: Sheet, grid: Grid) -> str:
    """Write a header and 168 rows, Monday first."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for place, (multiplier, budget) in enumerate(zip(grid, sheet.budgets, strict=True)):
        day, hour = divmod(place, HOURS_PER_DAY)
        rows.writerow((day, DAYS[day], hour, multiplier, budget, sheet.currency, sheet.timezone))
    return text.getvalue()


def read(text: str) -> Grid:
    """Read the multipliers back.

    Raises:
        InvalidInput: The file holds something else, or not every hour once.
    """
    hours: dict[int, float] = {}
    try:
        for row in csv.DictReader(text.splitlines()):
            hours[int(row["day_of_week"]) * HOURS_PER_DAY + int(row["hour"])] = float(row["multiplier"])
    except (KeyError, ValueError, TypeError) as problem:
        raise bad_file(_FORM, str(problem)) from None
    if sorted(hours) != list(range(HOURS_PER_WEEK)):
        raise bad_file(_FORM, f"it must have each of the {HOURS_PER_WEEK} hours of the week once")
    return tuple(hours[place] for place in range(HOURS_PER_WEEK))


CSV = Export(
    name="csv",
    title="Table of the 168 hours",
    suffix="csv",
    media_type="text/csv",
    keeps="The table holds every hour with its multiplier and amount.",
    fit=same,
    write=write,
    read=read,
)
