"""A day's budget by the hour: amounts that sum exactly, and the edits with which a platform comes near. Pure.

A platform takes one daily budget and spends it over the day as it likes; it takes no hourly one. An hour's amount is
reached by setting the daily budget to 24 times it while it lasts, as far as the platform paces evenly, and each such
step is a budget change, of which there are only so many.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import HOURS_PER_DAY
from adtempo.domain.money import Money, minor_unit_micros
from adtempo.domain.policies import PLATFORM_TERMS
from adtempo.domain.schedules import allocate

PEAK_MULTIPLIER = 1.5
VALLEY_MULTIPLIER = 0.5

EDITS_MAX = 6
"""At most so many budget changes a day, whatever the platform would take: each one makes it pace anew."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the daily budget.

    Attributes:
        hour: Local hour of the day at which it is made.
        daily_budget: What the daily budget is set to.
    """

    hour: int
    daily_budget: Money


@dataclass(frozen=True, slots=True)
class HourlyPlan:
    """A day's budget by the hour, and how to get near it.

    Attributes:
        total: The day's budget.
        hourly: Target of each hour, shape (24,); they sum to the total exactly.
        edits: Budget changes of a day, the first at midnight or empty where the platform takes none.
        delivered: What each hour gets by them under even pacing, shape (24,).
        note: What can and cannot be expected of them, one sentence.
    """

    total: Money
    hourly: tuple[Money, ...]
    edits: tuple[Edit, ...]
    delivered: tuple[Money, ...]
    note: str


def multipliers_of(peaks: Collection[int], valleys: Collection[int]) -> tuple[float, ...]:
    """Return the multiplier of each hour of the day: peaks more, valleys less, the rest 1.

    Raises:
        InvalidInput: An hour is none, or is both.
    """
    if not {*peaks, *valleys} <= set(range(HOURS_PER_DAY)) or set(peaks) & set(valleys):
        raise InvalidInput("peaks and valleys are hours of the day, 0 to 23, and none is both")
    return tuple(
        PEAK_MULTIPLIER if hour in peaks else VALLEY_MULTIPLIER if hour in valleys else 1.0
        for hour in range(HOURS_PER_DAY)
    )


def plan_day(total: Money, multipliers: Sequence[float], platform: str) -> HourlyPlan:
    """Share a day's budget out over its hours, and find the edits that come nearest to that.

    Args:
        total: The day's budget.
        multipliers: One per hour of the day, shape (24,).
        platform: Whose minor units and limits count.

    Raises:
        InvalidInput: A multiplier is none, or the budget is too small to share out.
    """
    hourly = allocate(total, multipliers, platform)
    terms = PLATFORM_TERMS[platform]
    most = 0 if terms.spacing_hours > 0 else EDITS_MAX
    blocks = _merge(list(multipliers), most)
    if len(blocks) == 1:
        flat = allocate(total, (1.0,) * HOURS_PER_DAY, platform)
        why = (
            f"{platform} wants changes {terms.spacing_hours:g} hours apart, so no budget can follow the hours there"
            if terms.spacing_hours > 0
            else "all hours are alike, so there is nothing to change"
        )
        return HourlyPlan(total, hourly, (), flat, f"{why}; the budget stays {total} all day")
    levels = [level for level, (first, last) in blocks for _ in range(first, last)]
    delivered = allocate(total, [float(level) for level in levels], platform)
    edits = tuple(Edit(first, _daily(total, level, levels, platform)) for level, (first, _) in blocks)
    highest = max(edit.daily_budget.micros for edit in edits)
    note = (
        f"delivered as shown if {platform} spends evenly from each change on; it may spend up to "
        f"{terms.day_overspend_max:g} times the highest of these budgets in a day, "
        f"{Money(round(highest * terms.day_overspend_max), total.currency)}, and lowering one later takes nothing back"
    )
    return HourlyPlan(total, hourly, edits, delivered, note)


def _daily(total: Money, level: Fraction, levels: Sequence[Fraction], platform: str) -> Money:
    """Return the daily budget at which an hour gets its share: 24 times that, rounded down to a payable amount."""
    unit = minor_unit_micros(total.currency, platform)
    return Money(int(total.micros * level / sum(levels) * HOURS_PER_DAY) // unit * unit, total.currency)


def _merge(multipliers: Sequence[float], edits_max: int) -> list[tuple[Fraction, tuple[int, int]]]:
    """Return blocks of hours with one level each: at most `edits_max` of them, nearest to the multipliers.

    Dynamic programming over where blocks end; the error of a block is the sum of squares around its mean.
    """
    exact = [Fraction(str(one)) for one in multipliers]
    hours = len(exact)
    most = max(edits_max, 1)

    def error(first: int, last: int) -> Fraction:
        mean = sum(exact[first:last], Fraction(0)) / (last - first)
        return sum(((one - mean) ** 2 for one in exact[first:last]), Fraction(0))

    errors = {(first, last): error(first, last) for first in range(hours) for last in range(first + 1, hours + 1)}
    best: list[dict[int, tuple[Fraction, tuple[int, ...]]]] = [{0: (Fraction(0), ())}]
    for _ in range(most):
        step: dict[int, tuple[Fraction, tuple[int, ...]]] = {}
        for first, (so_far, starts) in best[-1].items():
            for last in range(first + 1, hours + 1):
                candidate = (so_far + errors[first, last], (*starts, first))
                if last not in step or candidate[0] < step[last][0]:
                    step[last] = candidate
        best.append(step)
    found = min((step[hours] for step in best[1:] if hours in step), key=lambda one: (one[0], len(one[1])))
    ends = [*found[1][1:], hours]
    blocks = list(zip(found[1], ends, strict=True))
    return [(sum(exact[first:last], Fraction(0)) / (last - first), (first, last)) for first, last in blocks]
