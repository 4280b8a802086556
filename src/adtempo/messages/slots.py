"""When a week's messages go out: an exact optimiser (OR-Tools CP-SAT) on a grid of quarter hours.

The grid consists of real quarter hours between the page's own midnights, so that a week with a clock change has 668 or
676 of them and every gap is real time. First the PPVs are placed for the most value, such that the Bumps still fit;
then the Bumps are placed around them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from adtempo.domain.errors import WeekInfeasible
from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY, day_bounds, hour_of_week
from adtempo.domain.messages import Bools, Floats, Ints, MessageType

GRID = timedelta(minutes=15)
BUMP_GAP = timedelta(minutes=30)
"""A Bump keeps so far away from anything."""

EVERY_HOUR = frozenset(range(HOURS_PER_DAY))

SOLVE_SECONDS = 4.0
"""CP-SAT's deterministic time: the same on every machine, about as many seconds; then the best known is taken."""

FEASIBLE_SECONDS = 0.5
"""The same, where the only question is whether a week fits; what stays open counts as not fitting."""

_VALUE_UNITS = 10_000
"""CP-SAT counts in whole numbers: one average PPV is worth so many."""


class Slot(NamedTuple):
    """When one message goes out, UTC, and what it is."""

    at: datetime
    kind: MessageType


@dataclass(frozen=True)
class Week:
    """What is asked of a week.

    Attributes:
        start: First local day.
        zone: The page's own.
        ppv: Paid messages.
        bump: Free follow-ups.
        gap: Least time between two PPVs.
        hour_values: Expected value of a PPV by hour of week, 1 on average, shape (hours=168,).
        cooling_days: First days without PPV.
        hours: Allowed hours of the local day.
        quiet_days: Weekdays without messages, Monday = 0.
        not_before: Nothing goes out before, aware.
        around: Messages of the weeks before and after, which gaps are kept to.
        even: Whether the days' numbers of one kind may differ by one at most, where there is room.
    """

    start: date
    zone: ZoneInfo
    ppv: int
    bump: int
    gap: timedelta
    hour_values: Floats
    cooling_days: int = 0
    hours: frozenset[int] = EVERY_HOUR
    quiet_days: frozenset[int] = frozenset()
    not_before: datetime | None = None
    around: tuple[Slot, ...] = ()
    even: bool = True

    @cached_property
    def grid(self) -> Grid:
        """Its quarter hours."""
        return _make_grid(self)


@dataclass(frozen=True, eq=False)
class Grid:
    """The quarter hours of a week; arrays of shape (slots,).

    Attributes:
        at: Their instants, UTC.
        day: Which day of the week asked for, 0 to 6.
        hour: Hour of the week, Monday 00:00 = 0.
        ppv: Whether a PPV may go out then.
        bump: Whether a Bump may.
    """

    at: Sequence[datetime]
    day: Ints
    hour: Ints
    ppv: Bools
    bump: Bools


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """When a week's messages go out.

    Attributes:
        slots: In order of time.
        value: Summed hour values of the PPVs.
        bound: No plan under the same conditions can be worth more.
        between: Bumps that lie between two PPVs of their day.
        notes: What had to bend, in sentences.
    """

    slots: tuple[Slot, ...]
    value: float
    bound: float
    between: int
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """Share of the bound that a better plan might still gain; 0 where this is proven optimal."""
        return max(0.0, (self.bound - self.value) / self.bound) if self.bound > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One condition, and how little of it must give so that the week fits.

    Attributes:
        constraint: Which condition.
        needed: What would be enough, in words.
    """

    constraint: str
    needed: str


def plan_slots(week: Week) -> SlotPlan:
    """Return the most valuable times for a week's messages.

    Raises:
        WeekInfeasible: Nothing fits; the error says which conditions bind and how little each would have to give.
    """
    notes: tuple[str, ...] = ()
    placed = _place_all(week)
    if placed is None and week.even:
        week = replace(week, even=False)
        placed = _place_all(week)
        notes = ("the days' numbers of messages differ by more than one, because an even week does not fit",)
    if placed is None:
        ways = "; or ".join(f"{one.constraint}: {one.needed}" for one in list_relaxations(week))
        enough = f"each of these alone is enough: {ways}" if ways else "several of its conditions must give at once"
        raise WeekInfeasible(f"{week.ppv} PPV and {week.bump} Bump do not fit the week from {week.start}; {enough}")
    paid, bound, free, between = placed
    grid = week.grid
    slots = [Slot(grid.at[place], MessageType.PPV) for place in paid]
    slots += [Slot(grid.at[place], MessageType.BUMP) for place in free]
    value = float(week.hour_values[grid.hour[paid]].sum())
    return SlotPlan(tuple(sorted(slots)), value, bound, between, notes)


def _make_grid(week: Week) -> Grid:
    days = [day_bounds(week.start + timedelta(days=day), week.zone) for day in range(DAYS_PER_WEEK)]
    at: list[datetime] = []
    day_of: list[int] = []
    for place, (begins, ends) in enumerate(days):
        quarters = [begins + GRID * step for step in range((ends - begins) // GRID)]
        at += quarters
        day_of += [place] * len(quarters)
    local = [instant.astimezone(week.zone) for instant in at]
    day = np.array(day_of)
    open_at = np.array(
        [
            moment.hour in week.hours
            and moment.weekday() not in week.quiet_days
            and (week.not_before is None or instant >= week.not_before)
            and _keeps_away(instant, week.around, BUMP_GAP, None)
            for instant, moment in zip(at, local, strict=True)
        ]
    )
    apart = np.array([_keeps_away(instant, week.around, week.gap, MessageType.PPV) for instant in at])
    return Grid(
        at=at,
        day=day,
        hour=np.array([hour_of_week(instant, week.zone) for instant in at]),
        ppv=open_at & apart & (day >= week.cooling_days),
        bump=open_at,
    )


def _keeps_away(instant: datetime, around: Sequence[Slot], least: timedelta, kind: MessageType | None) -> bool:
    return all(abs(instant - slot.at) >= least for slot in around if kind in (None, slot.kind))


def _place_all(week: Week) -> tuple[list[int], float, list[int], int] | None:
    """Return the places of the PPVs, a bound on their value, the places of the Bumps, and how many of them lie between.

    Without Bumps the problem is far smaller, and nearly always they fit around its answer, which then is the best.
    None where the week does not fit.
    """
    for with_bumps in (False, True):
        placed = _place_ppvs(week, with_bumps=with_bumps)
        around = None if placed is None else _place_bumps(week, placed[0])
        if placed is None or around is not None:
            break
    return None if placed is None or around is None else (*placed, *around)


def _place_ppvs(week: Week, *, with_bumps: bool, only_feasible: bool = False) -> tuple[list[int], float] | None:
    """Return the places of the PPVs and a bound on their value; None where the week does not fit."""
    from ortools.sat.python import cp_model

    grid, model = week.grid, cp_model.CpModel()
    places = np.flatnonzero(grid.ppv).tolist()
    if _room(places, week.gap) < week.ppv or _room(np.flatnonzero(grid.bump).tolist(), BUMP_GAP) < week.bump + week.ppv:
        return None  # this is most of what does not fit, and needs no solver
    paid = _add_kind(model, week, MessageType.PPV, places)
    if with_bumps:
        free = _add_kind(model, week, MessageType.BUMP, np.flatnonzero(grid.bump).tolist())
        everything = [[kind[place] for kind in (paid, free) if place in kind] for place in range(len(grid.at))]
        for window in _windows(everything, BUMP_GAP):
            model.add_at_most_one(window)
    if not only_feasible:
        worth = np.rint(week.hour_values[grid.hour] * _VALUE_UNITS).astype(int).tolist()
        model.maximize(sum(worth[place] * var for place, var in paid.items()))
    solver = _solve(model, FEASIBLE_SECONDS if only_feasible else SOLVE_SECONDS)
    if solver is None:
        return None
    chosen = [place for place, var in paid.items() if solver.value(var)]
    slack = max(0.0, solver.best_objective_bound - solver.objective_value) / _VALUE_UNITS
    return chosen, float(week.hour_values[grid.hour[chosen]].sum()) + slack


def _place_bumps(week: Week, paid: Sequence[int]) -> tuple[list[int], int] | None:
    """Return the places of the Bumps around placed PPVs, and how many of them lie between two of a day.

    None where they do not fit.
    """
    from ortools.sat.python import cp_model

    grid, model = week.grid, cp_model.CpModel()
    near = round(BUMP_GAP / GRID)
    blocked = {place + step for place in paid for step in range(1 - near, near)}
    open_places = [place for place in np.flatnonzero(grid.bump).tolist() if place not in blocked]
    free = _add_kind(model, week, MessageType.BUMP, open_places)
    inner = _between(grid, paid)
    # Lying between two PPVs goes before the hour: all hours together are worth less than one Bump between.
    all_hours = float(week.hour_values.max()) * _VALUE_UNITS * max(1, week.bump)
    worth = week.hour_values[grid.hour] * _VALUE_UNITS + inner * (all_hours + 1)
    model.maximize(sum(round(worth[place]) * var for place, var in free.items()))
    solver = _solve(model, SOLVE_SECONDS)
    if solver is None:
        return None
    places = [place for place, var in free.items() if solver.value(var)]
    return places, int(inner[places].sum()) if places else 0


def _add_kind(model: Any, week: Week, kind: MessageType, places: Sequence[int]) -> dict[int, Any]:
    """Add the messages of one kind to a model: how many, how far apart, and how even; return a variable per place."""
    grid, paid = week.grid, kind is MessageType.PPV
    at = {place: model.new_bool_var("") for place in places}
    model.add(sum(at.values()) == (week.ppv if paid else week.bump))
    every = [[at[place]] if place in at else [] for place in range(len(grid.at))]
    for window in _windows(every, week.gap if paid else BUMP_GAP):
        model.add_at_most_one(window)
    if week.even:
        for day, (least, most) in enumerate(_even_share(week, kind)):
            model.add_linear_constraint(sum(var for place, var in at.items() if grid.day[place] == day), least, most)
    return at


def _between(grid: Grid, paid: Sequence[int]) -> Bools:
    inner = np.zeros(len(grid.at), dtype=bool)
    for day in range(DAYS_PER_WEEK):
        of_day = [place for place in paid if grid.day[place] == day]
        if of_day:
            inner[min(of_day) + 1 : max(of_day)] = True
    return inner


def _windows(variables: Sequence[Sequence[Any]], apart: timedelta) -> Iterator[list[Any]]:
    """Yield the variables of every stretch of quarter hours in which only one message may lie."""
    length = -(-apart // GRID)
    for first in range(len(variables)):
        window = [var for place in variables[first : first + length] for var in place]
        if variables[first] and len(window) > 1:
            yield window


def _even_share(week: Week, kind: MessageType) -> list[tuple[int, int]]:
    """Return the least and the most of a kind on each day: as even as the days' room allows."""
    grid = week.grid
    allowed, count, apart = grid.bump, week.bump, 2 * BUMP_GAP
    if kind is MessageType.PPV:
        allowed, count, apart = grid.ppv, week.ppv, week.gap
    room = [_room(np.flatnonzero(allowed & (grid.day == day)).tolist(), apart) for day in range(DAYS_PER_WEEK)]
    level = next((level for level in range(count + 1) if sum(min(level, most) for most in room) >= count), count)
    return [(min(most, level - 1) if level else 0, min(most, level)) for most in room]


def _room(places: Sequence[int], apart: timedelta) -> int:
    length, taken, last = -(-apart // GRID), 0, None
    for place in places:
        if last is None or place - last >= length:
            taken, last = taken + 1, place
    return taken


def _solve(model: Any, seconds: float) -> Any:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1  # the same answer every time; a batch uses the other processors
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = seconds
    status = solver.solve(model)
    return solver if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def list_relaxations(week: Week) -> Iterator[Relaxation]:
    """Yield each condition of a week that does not fit which alone could make room, with the least it must give."""
    for constraint, most, relax, words in _ways(week):
        if most and _place_ppvs(relax(most), with_bumps=True, only_feasible=True) is not None:
            low, high = 1, most  # what is enough stays enough when more is given
            while low < high:
                middle = (low + high) // 2
                if _place_ppvs(relax(middle), with_bumps=True, only_feasible=True) is None:
                    low = middle + 1
                else:
                    high = middle
            yield Relaxation(constraint, words(relax(low)))


def _ways(week: Week) -> list[tuple[str, int, Callable[[int], Week], Callable[[Week], str]]]:
    """Return each condition with how many steps it can give, the week after so many, and that week in words."""
    closed = sorted(EVERY_HOUR - week.hours, key=lambda hour: (_distance(hour, week.hours), hour))
    quiet = sorted(week.quiet_days)
    was = {MessageType.PPV: week.ppv, MessageType.BUMP: week.bump}
    return [
        (
            "least gap",
            max(0, (week.gap - 2 * GRID) // GRID),
            lambda steps: replace(week, gap=week.gap - steps * GRID),
            lambda given: f"{_minutes(given.gap)} instead of {_minutes(week.gap)} minutes between PPVs",
        ),
        (
            "allowed hours",
            len(closed),
            lambda steps: replace(week, hours=week.hours | set(closed[:steps])),
            lambda given: "also " + ", ".join(f"{hour:02}:00" for hour in sorted(given.hours - week.hours)),
        ),
        (
            "quiet days",
            len(quiet),
            lambda steps: replace(week, quiet_days=frozenset(quiet[steps:])),
            lambda given: f"{len(given.quiet_days)} instead of {len(quiet)}",
        ),
        (
            "cooling",
            week.cooling_days,
            lambda steps: replace(week, cooling_days=week.cooling_days - steps),
            lambda given: f"{given.cooling_days} instead of {week.cooling_days} days without PPV",
        ),
        (
            "PPVs",
            week.ppv,
            lambda steps: replace(week, ppv=week.ppv - steps),
            lambda given: f"{given.ppv} instead of {was[MessageType.PPV]}",
        ),
        (
            "Bumps",
            week.bump,
            lambda steps: replace(week, bump=week.bump - steps),
            lambda given: f"{given.bump} instead of {was[MessageType.BUMP]}",
        ),
    ]


def _distance(hour: int, hours: frozenset[int]) -> int:
    return min((min((hour - one) % HOURS_PER_DAY, (one - hour) % HOURS_PER_DAY) for one in hours), default=0)


def _minutes(span: timedelta) -> int:
    return int(span / timedelta(minutes=1))
