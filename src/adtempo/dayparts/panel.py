"""The hours of many campaigns, laid on their local calendars: what every estimate of dayparts reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY
from adtempo.domain.metrics import Better, Metric

_MONDAY = np.datetime64("1970-01-05", "D")


@dataclass(frozen=True, slots=True, eq=False)
class HourlyPanel:
    """The two sums of one metric, per campaign and hour of the account's own clock.

    An hour that nobody measured and an hour without anything to divide by are alike: denominator 0, and both are
    skipped. A day whose clock shows an hour twice has a second row, with the same date, that holds only the second
    showing; an hour that the clock skips stays empty.

    Attributes:
        metric: What is measured.
        campaigns: Whose hours.
        days: Local dates, oldest first, shape (days,), datetime64[D].
        numerators: As the ledger stores them, shape (campaigns, days, hours=24), int64.
        denominators: The same; for a metric without a denominator 1 where the hour was measured.
        shares: Share of its conversions that each hour has reported so far, 0 to 1, the same shape; None where
            conversions play no part or all have arrived.
    """

    metric: Metric
    campaigns: tuple[CampaignRef, ...]
    days: NDArray[np.datetime64]
    numerators: NDArray[np.int64]
    denominators: NDArray[np.int64]
    shares: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        shape = (len(self.campaigns), len(self.days), HOURS_PER_DAY)
        parts = [self.numerators, self.denominators] + ([] if self.shares is None else [self.shares])
        if any(part.shape != shape for part in parts):
            raise InvalidInput(f"the hours of this panel have to be laid out as campaigns x days x hours, {shape}")

    def __len__(self) -> int:
        return len(self.campaigns)

    @property
    def weekdays(self) -> NDArray[np.int64]:
        """Weekday of each row, Monday 0, shape (days,)."""
        return np.asarray((self.days - _MONDAY).astype(np.int64) % DAYS_PER_WEEK)

    @property
    def counts_costs(self) -> bool:
        """Whether less is better, so that what happens stands below the line (CPA counts conversions)."""
        return self.metric.better_when is Better.LOWER

    def settled(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return both sums as floats, late conversions made up for; 0 and 0 where there is nothing to divide by.

        Instead of guessing at conversions to come, what they are held against is cut to what has reported.
        """
        known = (self.denominators > 0).astype(np.float64)
        shares = known if self.shares is None else known * self.shares
        above, below = (shares, known) if self.counts_costs else (known, shares)
        bottoms = np.multiply(self.denominators, below)
        return np.multiply(self.numerators, above) * (bottoms > 0), bottoms

    def part(self, campaigns: slice) -> HourlyPanel:
        """Return some of the campaigns; nothing is copied."""
        return HourlyPanel(
            metric=self.metric,
            campaigns=self.campaigns[campaigns],
            days=self.days,
            numerators=self.numerators[campaigns],
            denominators=self.denominators[campaigns],
            shares=None if self.shares is None else self.shares[campaigns],
        )


def lay_out_hours(
    metric: Metric,
    campaigns: Sequence[CampaignRef],
    places: ArrayLike,
    days: ArrayLike,
    hours: ArrayLike,
    sums: tuple[ArrayLike, ArrayLike],
    shares: ArrayLike | None = None,
) -> HourlyPanel:
    """Lay facts of hours, in order of time for each campaign, on the calendar.

    Args:
        places: Which of the campaigns each fact is of, integers, shape (facts,).
        days: Its local date, datetime64[D], shape (facts,).
        hours: Its hour of the local day, 0-23, shape (facts,).
        sums: Numerators and denominators, integers, each of shape (facts,).
        shares: Share of its conversions that each has reported, shape (facts,); None: all.

    Raises:
        InvalidInput: A campaign has one hour of one day more than twice.
    """
    place, hour = np.asarray(places, np.int64), np.asarray(hours, np.int64)
    day = np.asarray(days, "datetime64[D]")
    first = day.min() if len(day) else _MONDAY
    row = (day - first).astype(np.int64)
    length = int(row.max(initial=-1)) + 1
    slot = (place * length + row) * HOURS_PER_DAY + hour
    times = np.bincount(slot, minlength=1)
    if times.max() > 2:
        raise InvalidInput("a campaign has one hour of one day more than twice; add up its facts by campaign and hour")
    # Facts come in order, so of two in one slot the later is the clock's second showing of the hour.
    repeated = np.flatnonzero(times[slot] > 1)
    second = np.setdiff1d(repeated, repeated[np.unique(slot[repeated], return_index=True)[1]])
    extra = np.unique(row[second])
    calendar = np.concatenate([np.arange(length), extra])
    order = np.argsort(calendar, kind="stable")
    row[second] = length + np.searchsorted(extra, row[second])
    where = place, np.argsort(order)[row], hour
    shape = (len(campaigns), len(calendar), HOURS_PER_DAY)
    numerators, denominators = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    numerators[where], denominators[where] = sums
    reported = None
    if shares is not None:
        reported = np.ones(shape)
        reported[where] = shares
    return HourlyPanel(metric, tuple(campaigns), first + calendar[order], numerators, denominators, reported)
