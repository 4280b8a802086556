"""How far apart the rows of a plain file are, and after how many of them things repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Moment = datetime | int
T = TypeVar("T")

_DAY = 86_400
_WEEK = 7 * _DAY
_PATTERNS = ("%Y-%m", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S")
_NAMES = {60: "minute", 3600: "hour", _DAY: "day", _WEEK: "week"}
_MONTHS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}
_WEEKS_A_YEAR = 52
_WORKING_DAYS_MIN = 10  # with fewer days, that there is no weekend among them says nothing
_SPARSE = 10  # more steps than so many times the rows are no even grain


@dataclass(frozen=True, slots=True)
class Grain:
    """How far one step is.

    Attributes:
        name: In words.
        seasons: Steps after which things tend to repeat, rising.
    """

    name: str
    seasons: tuple[int, ...] = ()

    def seasons_with(self, season: int | None) -> tuple[int, ...]:
        """Return the seasons where the main one was named: it, and what this grain has of its multiples.

        >>> Grain("hour", (24, 168)).seasons_with(24)
        (24, 168)
        >>> Grain("day", (7,)).seasons_with(30)
        (30,)
        """
        if season is None:
            return self.seasons
        longer = (one for one in self.seasons if one > season and one % season == 0)
        return (season, *longer) if season > 1 else ()


def read_moment(text: str) -> Moment:
    """Read a date or time, ISO 8601 or as 2026-03 or 2026/03/04, or a whole number that counts steps.

    Raises:
        ValueError: It is neither.
    """
    text = text.strip()
    if text.lstrip("-").isdecimal() and len(text) < 8:
        return int(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        for pattern in _PATTERNS:
            try:
                return datetime.strptime(text, pattern)  # noqa: DTZ007 - the file's own clock
            except ValueError:
                continue
        raise


def place_moments(moments: Sequence[Sequence[Moment]]) -> tuple[Grain, list[Integers]] | None:
    """Return how far one step is, and the step of each moment from its series' first; None if they lie unevenly.

    Times with an offset count by the clock of their place where all show the same hour, otherwise by UTC.

    Args:
        moments: Of each series, rising, none twice; either all numbers or all times.
    """
    numbers = [[one for one in series if isinstance(one, int)] for series in moments]
    if numbers[0]:
        return _evenly(_each(numbers, int), lambda step: Grain("1" if step == 1 else f"{step:,}"))
    times = [[one for one in series if isinstance(one, datetime)] for series in moments]
    everything = [one for series in times for one in series]
    if len({one.time() for one in everything}) > 1:
        return _evenly(_each(times, _seconds), _grain_of)
    if _are_months(everything):
        return _evenly(
            _each(times, lambda one: one.year * 12 + one.month),
            lambda step: Grain(
                _MONTHS.get(step, f"{step} months"), (12 // step,) if step < 12 and 12 % step == 0 else ()
            ),
        )
    days = sorted({one.date() for one in everything})
    apart = Counter(np.diff([one.toordinal() for one in days]).tolist())
    if len(days) >= _WORKING_DAYS_MIN and max(one.weekday() for one in days) < 5 and apart.most_common(1)[0][0] == 1:
        start = np.datetime64(days[0])
        count = _each(times, lambda one: int(np.busday_count(start, np.datetime64(one.date()))))
        return _evenly(count, lambda _: Grain("working day", (5,)))
    return _evenly(_each(times, lambda one: one.toordinal() * _DAY), _grain_of)


def _each(moments: Sequence[Sequence[T]], tick: Callable[[T], int]) -> list[Integers]:
    return [np.array([tick(one) for one in series], dtype=np.int64) for series in moments]


def _seconds(moment: datetime) -> int:
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _are_months(times: Sequence[datetime]) -> bool:
    """Return whether all lie on one day of the month, or all on its last."""
    days = {one.day for one in times}
    last = all((one + timedelta(days=1)).day == 1 for one in times)
    return len({(one.year, one.month) for one in times}) > 1 and (len(days) == 1 or last)


def _evenly(ticks: Sequence[Integers], name: Callable[[int], Grain]) -> tuple[Grain, list[Integers]] | None:
    """Return the grain of ticks and their steps: the longest step on which all lie."""
    gaps = np.concatenate([np.diff(series) for series in ticks])
    if not len(gaps):
        return name(1), [np.zeros(1, dtype=np.int64) for _ in ticks]
    step = int(np.gcd.reduce(gaps))
    if int(gaps.sum()) // step > _SPARSE * (len(gaps) + 1):
        return None
    return name(step), [(series - series[0]) // step for series in ticks]


def _grain_of(seconds: int) -> Grain:
    """Return what a step of so many seconds is called, and how many of them a day and a week have.

    >>> _grain_of(300)
    Grain(name='5 minutes', seasons=(288, 2016))
    >>> _grain_of(604800)
    Grain(name='week', seasons=(52,))
    """
    unit = next((one for one in (_WEEK, _DAY, 3600, 60) if seconds % one == 0), 1)
    count = seconds // unit
    one = _NAMES.get(unit, "second")
    name = one if count == 1 else f"{count} {one}s"
    if seconds == _WEEK:
        return Grain(name, (_WEEKS_A_YEAR,))
    return Grain(name, tuple(span // seconds for span in (_DAY, _WEEK) if span % seconds == 0 and span > seconds))
