"""The hours of an account: its own days, laid out over UTC, clock changes included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from adtempo.domain.hourweek import HOUR, HOURS_PER_DAY, day_bounds
from adtempo.platforms.sandbox.draws import Floats, Ints

HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(instant: datetime) -> int:
    """Return microseconds since 1970 UTC of a moment with an offset."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int) -> datetime:
    """Return the moment, in UTC, of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=int(us))


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """Hours of one account's calendar from the world's first day to its last.

    Attributes:
        start: First local day.
        starts_us: Start of each hour, microseconds since 1970 UTC, shape (hours,).
        day: Day of the world of each hour, shape (hours,).
        hour_of_week: 0-167 of each hour, shape (hours,).
        day_starts: First hour of each day and, at the end, the number of hours, shape (days + 1,).
    """

    start: date
    starts_us: Ints
    day: Ints
    hour_of_week: Ints
    day_starts: Ints

    def __len__(self) -> int:
        return len(self.starts_us)

    @property
    def days(self) -> int:
        return len(self.day_starts) - 1

    @property
    def hour_of_day(self) -> Ints:
        return self.hour_of_week % HOURS_PER_DAY

    def first_hour_at(self, day: int, hour: int) -> int:
        """Return the first hour of a day of the world whose local label is `hour` or later."""
        if day >= self.days:
            return len(self)
        first, end = self.day_starts[day], self.day_starts[day + 1]
        return int(first + np.searchsorted(self.hour_of_day[first:end], hour))

    def first_hour_from(self, us: int) -> int:
        """Return the first hour that starts at a moment or later."""
        return int(np.searchsorted(self.starts_us, us))

    def elapsed(self, us: int, hours: slice) -> Floats:
        """Return how much of some hours has passed at a moment, 0 to 1, shape (hours,)."""
        return np.clip((us - self.starts_us[hours]) / HOUR_US, 0.0, 1.0)

    def sum_by_day(self, hourly: Floats) -> Floats:
        """Add up hours to days; shape (hours,) to (days,)."""
        return np.add.reduceat(hourly, self.day_starts[:-1])


@lru_cache(maxsize=64)
def account_clock(timezone: str, start: date, days: int) -> Clock:
    """Lay out the hours of an account's days."""
    zone = ZoneInfo(timezone)
    starts: list[int] = []
    cells: list[int] = []
    day_starts = [0]
    for offset in range(days):
        first, end = day_bounds(start + timedelta(days=offset), zone)
        instants = [first + HOUR * step for step in range((end - first) // HOUR)]
        starts += [to_us(instant) for instant in instants]
        cells += [_cell(instant, zone) for instant in instants]
        day_starts.append(len(starts))
    bounds = np.array(day_starts)
    return Clock(
        start=start,
        starts_us=np.array(starts, dtype=np.int64),
        day=np.repeat(np.arange(days), np.diff(bounds)),
        hour_of_week=np.array(cells, dtype=np.int64),
        day_starts=bounds,
    )


def _cell(instant: datetime, zone: ZoneInfo) -> int:
    local = instant.astimezone(zone)
    return local.weekday() * HOURS_PER_DAY + local.hour
