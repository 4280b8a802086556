"""What an export is: a grid that the platform can hold, and two functions between it and a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import HOURS_PER_WEEK

Grid = tuple[float, ...]
"""Multipliers of a week, Monday first, a whole number of slots per hour: 168, 336 or 672 of them; 0 is off."""

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A schedule as exports see it.

    Attributes:
        title: What it is called in a calendar.
        currency: ISO 4217 code.
        timezone: IANA name of the account's zone.
        first_day: First local day on which it may run.
        multipliers: Of each hour of the week, shape (168,).
        budgets: Amount of each hour of the week as a decimal string, shape (168,).
    """

    title: str
    currency: str
    timezone: str
    first_day: date
    multipliers: Grid
    budgets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """A form in which a schedule can be taken away.

    Attributes:
        name: What commands and addresses call it.
        title: What it is, for people.
        suffix: Ending of the file's name.
        media_type: As HTTP names it.
        keeps: What it can hold, and what somebody must do to use it, in words.
        fit: Turns the hours of a schedule into the grid that it can hold best.
        write: Writes a grid.
        read: Reads one back.
    """

    name: str
    title: str
    suffix: str
    media_type: str
    keeps: str
    fit: Callable[[Grid], Grid]
    write: Callable[[Sheet, Grid], str]
    read: Callable[[str], Grid]


def by_hour(grid: Grid) -> Grid:
    """Return the mean multiplier of each hour of the week, shape (168,).

    >>> by_hour((1.0, 0.0) * 168)[:2]
    (0.5, 0.5)
    """
    size = len(grid) // HOURS_PER_WEEK
    return tuple(sum(grid[start : start + size]) / size for start in range(0, len(grid), size))


def by_day(grid: Grid) -> list[Grid]:
    """Split a week into its days, Monday first."""
    size = len(grid) // 7
    return [grid[start : start + size] for start in range(0, len(grid), size)]


def runs(slots: Grid) -> list[tuple[int, int, float]]:
    """Return (first slot, slot after the last, value) of each stretch of equal slots.

    >>> runs((1.0, 1.0, 0.0))
    [(0, 2, 1.0), (2, 3, 0.0)]
    """
    edges = [place for place in range(1, len(slots)) if slots[place] != slots[place - 1]]
    return [(begin, end, slots[begin]) for begin, end in zip([0, *edges], [*edges, len(slots)], strict=True)]


def same(hours: Grid) -> Grid:
    """Fit nothing: the form holds every hour as it is."""
    return hours


def switched(hours: Grid) -> Grid:
    """Fit to a platform that can only run or not run: an hour is off only where its multiplier is 0."""
    return tuple(float(one > 0) for one in hours)


def check_runs_at_all(grid: Grid) -> None:
    """Refuse a week in which nothing runs.

    Raises:
        InvalidInput: Every slot is off; platforms take an empty schedule for "always on".
    """
    if not any(grid):
        raise InvalidInput(
            "every hour is off, and a platform takes an empty schedule for always on; "
            "leave some hours on, or pause the campaign"
        )


def bad_file(form: str, trouble: str) -> InvalidInput:
    """Return the error about a file that is not what it should be."""
    return InvalidInput(f"this is no {form} schedule: {trouble}; export it again")
