"""What to do about a campaign's week: recommendations in words, and the multipliers of a schedule. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from adtempo.dayparts.findings import CampaignDayparts, Label, Pattern, SlotFigures
from adtempo.dayparts.response import Gain, HourResponse
from adtempo.dayparts.wording import days_text, hours_text
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY, HOURS_PER_WEEK
from adtempo.domain.metrics import Metric
from adtempo.domain.money import Money
from adtempo.domain.schedules import MULTIPLIER_MAX, Strategy, WeekPlan

PEAK_MULTIPLIERS = {Strategy.CONSERVATIVE: 1.2, Strategy.BALANCED: 1.5, Strategy.AGGRESSIVE: 2.0}
"""On peaks; aggressive adds the strength of the pattern, 0 to 1."""

VALLEY_MULTIPLIER = 0.5

CLEAR, LARGE = 1.1, 1.2
"""A lift that is surely beyond the first is of medium priority, beyond the second of high."""


class Priority(StrEnum):
    """How much a recommendation matters."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Step(StrEnum):
    """What to do."""

    SPEND_MORE = "spend_more"
    SPEND_LESS = "spend_less"
    KEEP_FLAT = "keep_flat"
    KEEP_HOURS = "keep_hours"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One thing to do.

    Attributes:
        priority: How much it matters.
        action: What to do.
        reason: Why, in words.
        hours: In which hours of the day, 0-23; none where nothing should change.
        days: On which weekdays, Monday 0.
        expected_lift: How many times better those hours are than the campaign's mean; None where nothing can be said.
        lift_low: Lower end of its 95% interval.
        lift_high: Its upper end.
        expected_gain: Of the usual multiplier there on top of today's rhythm, the improvement over it, as a ratio.
        gain_low: Lower end of its 95% interval.
        gain_high: Its upper end.
    """

    priority: Priority
    action: Step
    reason: str
    hours: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    expected_lift: float | None = None
    lift_low: float | None = None
    lift_high: float | None = None
    expected_gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None


def recommend_actions(found: CampaignDayparts, response: HourResponse | None) -> tuple[Recommendation, ...]:
    """Return what to do about a campaign's hours, what matters most first.

    A better hour is no reason to spend more in it as long as it already gets what it can use: a step is recommended
    only where it is expected to bring more than today's rhythm does.

    Args:
        found: What is known of the campaign's week.
        response: What money brings in each hour; None where nothing can be said.
    """
    if found.abstained:
        return (Recommendation(Priority.LOW, Step.KEEP_FLAT, found.reason),)
    priced = [(one, None if response is None else _price(one, response)) for one in found.patterns]
    made = [_recommend(found.metric, one, gain) for one, gain in priced if gain is None or gain.expected > 0]
    if not made:
        spans = ", ".join(f"{hours_text(one.hours)} {days_text(one.days)}" for one in found.patterns)
        reason = f"{spans} differ from the other hours, but moving money there is not expected to bring more"
        return (Recommendation(Priority.LOW, Step.KEEP_HOURS, reason),)
    order = list(Priority)
    return tuple(sorted(made, key=lambda one: order.index(one.priority)))


def _usual_multiplier(pattern: Pattern) -> float:
    return PEAK_MULTIPLIERS[Strategy.BALANCED] if pattern.kind is Label.PEAK else VALLEY_MULTIPLIER


def _price(pattern: Pattern, response: HourResponse) -> Gain:
    """Return what the usual multiplier in the hours of one pattern brings on top of today's rhythm."""
    multipliers = np.ones((DAYS_PER_WEEK, HOURS_PER_DAY))
    multipliers[np.ix_(pattern.days, pattern.hours)] = _usual_multiplier(pattern)
    return response.gain_of_modifiers(multipliers.ravel())


def _recommend(metric: Metric, pattern: Pattern, gain: Gain | None) -> Recommendation:
    better = pattern.kind is Label.PEAK
    sure = pattern.lift_low if better else 1 / pattern.lift_high
    times = f"{pattern.lift:.2f} times ({pattern.lift_low:.2f} to {pattern.lift_high:.2f})"
    reason = (
        f"{hours_text(pattern.hours)} {days_text(pattern.days)}: {metric.name.upper()} is {times} as good as the "
        f"campaign's mean; {min(pattern.confidence, 0.999):.1%} sure"
    )
    if gain is not None:
        there = f"{_usual_multiplier(pattern):g} times today's spend there"
        reason += f"; {there} is expected to bring {gain.expected:+.1%} (95%: {gain.low:+.1%} to {gain.high:+.1%})"
    return Recommendation(
        priority=Priority.HIGH if sure >= LARGE else Priority.MEDIUM if sure >= CLEAR else Priority.LOW,
        action=Step.SPEND_MORE if better else Step.SPEND_LESS,
        reason=reason,
        hours=pattern.hours,
        days=pattern.days,
        expected_lift=pattern.lift,
        lift_low=pattern.lift_low,
        lift_high=pattern.lift_high,
        expected_gain=None if gain is None else gain.expected,
        gain_low=None if gain is None else gain.low,
        gain_high=None if gain is None else gain.high,
    )


def recommend_plan(
    found: CampaignDayparts,
    total: Money,
    strategy: Strategy,
    *,
    platform: str,
    peak_multiplier: float | None = None,
    valley_multiplier: float | None = None,
) -> WeekPlan:
    """Return how to share a daily budget out over the hours; evenly where no usable pattern was found.

    Args:
        found: What is known of the campaign's week.
        strategy: How far to go on peaks.
        platform: Whose minor units the amounts are.
        peak_multiplier: Instead of the strategy's.
        valley_multiplier: Instead of VALLEY_MULTIPLIER.

    Raises:
        InvalidInput: A multiplier or the budget is not possible.
    """
    _check_multipliers(peak_multiplier, valley_multiplier)
    low = VALLEY_MULTIPLIER if valley_multiplier is None else valley_multiplier

    def multiplier(figures: SlotFigures, patterns: Sequence[Pattern]) -> float:
        if found.abstained or figures.label is Label.NORMAL:
            return 1.0
        if figures.label is Label.VALLEY:
            return low
        if peak_multiplier is not None:
            return peak_multiplier
        strength = max((one.strength for one in patterns if one.kind is Label.PEAK), default=0.0)
        return PEAK_MULTIPLIERS[strategy] + (round(strength, 2) if strategy is Strategy.AGGRESSIVE else 0.0)

    of_hour = [[one for one in found.patterns if hour in one.hours] for hour in range(HOURS_PER_DAY)]
    day = tuple(multiplier(found.hours[hour], of_hour[hour]) for hour in range(HOURS_PER_DAY))
    week = None
    if found.weekly and not found.abstained:
        week = tuple(
            multiplier(found.cells[cell], [one for one in of_hour[cell % HOURS_PER_DAY] if weekday in one.days])
            for cell in range(HOURS_PER_WEEK)
            for weekday in [cell // HOURS_PER_DAY]
        )
        week = None if week == day * DAYS_PER_WEEK else week
    return WeekPlan(total, day, week, platform)


def _check_multipliers(peak: float | None, valley: float | None) -> None:
    if peak is not None and not 0 < peak <= MULTIPLIER_MAX:
        raise InvalidInput(f"the multiplier of peaks must be above 0 and at most {MULTIPLIER_MAX:g}, not {peak:g}")
    if valley is not None and not 0 <= valley <= MULTIPLIER_MAX:
        raise InvalidInput(f"the multiplier of valleys must be from 0 (off) to {MULTIPLIER_MAX:g}, not {valley:g}")
