"""A plan of when to spend: multipliers of the hours of a week, and the money they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil, isfinite

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import HOURS_PER_DAY, HOURS_PER_WEEK
from adtempo.domain.money import Money, format_micros, minor_unit_micros

MULTIPLIER_MAX = 10.0
"""The largest step that any platform's schedule can express (Google Ads bid modifiers)."""

GAIN_MIN = 0.0005
"""A smaller gain reads +0.0%, and is none."""


class Strategy(StrEnum):
    """How far a schedule goes."""

    CONSERVATIVE = "conservative"
    BALANCED = "balanced"
    AGGRESSIVE = "aggressive"


class Way(StrEnum):
    """How a schedule is best put to work."""

    BUDGETS = "budgets"
    MODIFIERS = "modifiers"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """How much of a daily budget each hour gets; the week starts Monday 00:00 in the account's own zone.

    Attributes:
        total: Budget of every day.
        day: Multiplier of each hour of any day, shape (24,).
        week: Multiplier of each hour of the week, shape (168,); None where all weekdays are alike.
        platform: Whose minor units the amounts are whole numbers of.
    """

    total: Money
    day: tuple[float, ...]
    week: tuple[float, ...] | None
    platform: str

    def __post_init__(self) -> None:
        assert len(self.day) == HOURS_PER_DAY
        assert self.week is None or len(self.week) == HOURS_PER_WEEK
        for hours in (self.day, *self.days):
            allocate(self.total, hours, self.platform)

    @property
    def multipliers(self) -> tuple[float, ...]:
        """Multiplier of each hour of the week, shape (168,)."""
        return self.week if self.week is not None else self.day * 7

    @property
    def days(self) -> tuple[tuple[float, ...], ...]:
        """The multipliers of each weekday, shape (7, 24)."""
        hours = self.multipliers
        return tuple(hours[start : start + HOURS_PER_DAY] for start in range(0, HOURS_PER_WEEK, HOURS_PER_DAY))

    @property
    def flat(self) -> bool:
        """Whether every hour gets the same."""
        return len(set(self.multipliers)) == 1

    def day_budgets(self) -> tuple[Money, ...]:
        """Return the budget of each hour of any day, shape (24,); it sums to the total exactly."""
        return allocate(self.total, self.day, self.platform)

    def week_budgets(self) -> tuple[Money, ...]:
        """Return the budget of each hour of the week, shape (168,); each day sums to the total exactly."""
        if self.week is None:
            return self.day_budgets() * 7
        return tuple(part for hours in self.days for part in allocate(self.total, hours, self.platform))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a schedule is expected to come to, and how much better that is than running flat, and than today's hours.

    A platform already spends where its traffic is. So the hours as they are spent now, today's rhythm, are the measure
    of whether to act; budgets by the hour start from even hours instead, and modifiers start from that rhythm.

    Attributes:
        metric: Name of a metric; the numbers are in its unit.
        expected: Expected value over the days after the schedule was made.
        low: Lower end of its 95% interval.
        high: Upper end.
        uplift: Expected improvement over the flat schedule of the same budget, as a ratio; above 0 is better.
        uplift_low: Lower end of its 95% interval.
        uplift_high: Upper end.
        over_usual: Of the schedule's budgets, the expected improvement over today's rhythm.
        modified: Of its multipliers as modifiers on today's rhythm, the expected improvement over it.
        modified_low: Lower end of its 95% interval.
        modified_high: Upper end.
    """

    metric: str
    expected: float
    low: float
    high: float
    uplift: float
    uplift_low: float
    uplift_high: float
    over_usual: float
    modified: float
    modified_low: float
    modified_high: float

    @property
    def way(self) -> Way:
        """How to put the schedule to work; not at all where today's rhythm is expected to bring as much."""
        if max(self.modified, self.over_usual) < GAIN_MIN:
            return Way.KEEP
        return Way.MODIFIERS if self.modified >= self.over_usual else Way.BUDGETS


@dataclass(frozen=True, slots=True)
class KeptSchedule:
    """A schedule as it is kept: never changed, a new one of its campaign gets the next version.

    Attributes:
        schedule_id: Its own for ever.
        version: Of its campaign's schedules, from 1.
        campaign: For which campaign.
        analysis_id: The analysis that it rests on.
        strategy: How far it goes.
        timezone: The account's zone, in which its hours are counted.
        plan: Its multipliers and amounts.
        outlook: What was expected of it; None where nothing could be said.
        made_at: When it was made, aware.
        actor: Who made it.
        basis: What the expectation rests on, for pricing changes of it later: plain JSON values.
        reason: What its analysis found, or why it is flat, in words.
    """

    schedule_id: str
    version: int
    campaign: CampaignRef
    analysis_id: str
    strategy: Strategy
    timezone: str
    plan: WeekPlan
    outlook: Outlook | None
    made_at: datetime
    actor: str
    basis: dict[str, object]
    reason: str


def allocate(total: Money, multipliers: Sequence[float], platform: str | None = None) -> tuple[Money, ...]:
    """Share a day's budget out over hours in proportion to their multipliers, exact to the minor unit.

    Args:
        total: The day's budget.
        multipliers: One per hour, at least 0, not all 0.
        platform: Whose minor units; None is ISO 4217.

    Raises:
        InvalidInput: A multiplier is negative, not finite or above MULTIPLIER_MAX, or all are 0; or the budget is not
            positive, not payable, or leaves some hour that should run without the smallest payable amount.

    >>> [str(part) for part in allocate(Money(1_000_000, "USD"), [1.5, 0.5, 1.0])]
    ['0.50 USD', '0.17 USD', '0.33 USD']
    """
    _check_allocation(total, multipliers, platform)
    return tuple(total.split([Decimal(str(one)) for one in multipliers], platform))


def _check_allocation(total: Money, multipliers: Sequence[float], platform: str | None) -> None:
    if not all(isfinite(one) and 0 <= one <= MULTIPLIER_MAX for one in multipliers):
        raise InvalidInput(f"a multiplier must be a number from 0 to {MULTIPLIER_MAX:g}; 0 switches its hours off")
    running = [Fraction(str(one)) for one in multipliers if one > 0]
    if not running:
        raise InvalidInput("every hour has the multiplier 0, so nothing would ever run; leave some hours above 0")
    if total.micros <= 0:
        raise InvalidInput(f"a daily budget of {total} buys nothing; give an amount above 0")
    unit = minor_unit_micros(total.currency, platform)
    least = ceil(sum(running) / min(running)) * unit
    if total.micros < least:
        raise InvalidInput(
            f"{format_micros(total.micros)} {total.currency} a day leaves hours with less than {format_micros(unit)} "
            f"{total.currency}, the least that can be paid; give at least {Money(least, total.currency)}, or switch "
            "hours off with the multiplier 0"
        )
