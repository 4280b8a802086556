"""How a month will end: the days that remain, weekday by weekday as the last four weeks were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

Z80 = 1.2815515655446004
"""The 90th percentile of the normal distribution: 80% lie between minus and plus this many standard deviations."""

LOOK_BACK_DAYS = 28


def expect_rest(by_day: Mapping[date, int], through: date, rest: Sequence[date]) -> tuple[float, float] | None:
    """Return the mean and standard deviation of the sum over the days that remain; None without a day to learn from.

    Args:
        by_day: Amount per day up to `through`; a day without an entry is 0 after the first entry, unknown before it.
        through: Last day that counts.
        rest: The days that remain.
    """
    if not by_day:
        return None
    first = max(min(by_day), through - timedelta(days=LOOK_BACK_DAYS - 1))
    days = [first + timedelta(days=number) for number in range((through - first).days + 1)]
    if not days:
        return None
    amounts = np.array([by_day.get(day, 0) for day in days], float)
    weekday = np.array([day.weekday() for day in days])
    level = amounts.mean()
    # A weekday's own mean, drawn to the overall one as if that had been seen once.
    means = {
        number: (amounts[weekday == number].sum() + level) / ((weekday == number).sum() + 1) for number in range(7)
    }
    residuals = amounts - np.array([means[number] for number in weekday])
    noise = float(residuals.std(ddof=1)) if len(days) > 1 else float(level)
    # Days stray on their own, and the level itself is only known from so many of them.
    spread = noise * np.sqrt(len(rest) + len(rest) ** 2 / len(days))
    return sum(float(means[day.weekday()]) for day in rest), float(spread)
