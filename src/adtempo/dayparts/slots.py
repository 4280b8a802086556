"""The five ways of cutting a week, and how sums over its 168 cells add up to each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

WEEKEND = 5
"""First weekday of the weekend, Monday being 0."""

DAY_PARTS = 4
"""Night, morning, afternoon and evening, six hours each."""


T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True, eq=False)
class ByLayout(Generic[T]):
    """One thing per way of cutting the week, such as an array of shape (campaigns, slots).

    Attributes:
        cells: 168 hours of the week, Monday 00:00 first.
        hours: 24 hours of the day.
        days: 7 weekdays.
        week_parts: Weekdays and weekends.
        times_of_day: Night, morning, afternoon and evening.
    """

    cells: T
    hours: T
    days: T
    week_parts: T
    times_of_day: T

    def each(self, work: Callable[..., U], *others: ByLayout[Any]) -> ByLayout[U]:
        """Do the same in each of the ways; further things are handed over beside."""
        return ByLayout(
            *(
                work(*(getattr(one, name) for one in (self, *others)))
                for name in ("cells", "hours", "days", "week_parts", "times_of_day")
            )
        )


def add_up(cells: NDArray[Any]) -> ByLayout[NDArray[Any]]:
    """Add up cells of shape (campaigns, weekdays=7, hours=24) in each of the five ways.

    >>> add_up(np.ones((1, 7, 24))).times_of_day
    array([[42., 42., 42., 42.]])
    """
    campaigns = len(cells)
    hours, days = cells.sum(axis=1), cells.sum(axis=2)
    return ByLayout(
        cells=cells.reshape(campaigns, cells.shape[1] * cells.shape[2]),
        hours=hours,
        days=days,
        week_parts=np.stack([days[:, :WEEKEND].sum(axis=1), days[:, WEEKEND:].sum(axis=1)], axis=1),
        times_of_day=hours.reshape(campaigns, DAY_PARTS, hours.shape[1] // DAY_PARTS).sum(axis=2),
    )
