"""Whether a schedule keeps its promise: which weeks to run it in, worked out before, and what those weeks showed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from adtempo.dayparts.analysis import find_one
from adtempo.dayparts.scheduling import load_schedule
from adtempo.dayparts.sources import Moment, load_hours, load_moment
from adtempo.dayparts.switchback import (
    PAIRS_MAX,
    WEEKS_NEEDED,
    SwitchbackPlan,
    SwitchbackResult,
    judge_pairs,
    plan_switchback,
    weekly_deviation,
)
from adtempo.domain.accounts import Account, CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import DAYS_PER_WEEK
from adtempo.domain.metrics import Better, Metric, find_metric
from adtempo.domain.schedules import KeptSchedule, Way
from adtempo.store import dayparts as stored
from adtempo.store.engine import reading

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

Floats = NDArray[np.float64]

HISTORY_WEEKS = 26
"""How far back weeks are compared to learn how much they differ anyway."""

_WEEK = timedelta(days=DAYS_PER_WEEK)


@dataclass(frozen=True, slots=True)
class ProofWeek:
    """One week of a proof.

    Attributes:
        monday: Its first local day.
        with_schedule: Whether the schedule runs; else the hours are left to the platform.
        value: What the metric came to, late conversions made up for; None before the week is over.
    """

    monday: date
    with_schedule: bool
    value: float | None


@dataclass(frozen=True, slots=True)
class Proof:
    """A plan that follows from the schedule alone, and what came of it so far.

    Attributes:
        schedule: What is to be proved.
        metric: By what.
        plan: How many pairs of weeks it takes, in which order.
        weeks: All weeks of the plan; none where no plan of a year is enough.
        over: Whether all of them are over; who stops at the first good look finds gains where there are none.
        result: What the complete pairs show; None before there are two.
    """

    schedule: KeptSchedule
    metric: Metric
    plan: SwitchbackPlan
    weeks: tuple[ProofWeek, ...]
    over: bool
    result: SwitchbackResult | None

    @property
    def statement(self) -> str:
        """What to do, what it can show, and what it has shown, in words."""
        plan, anyway = self.plan, f"its weeks differ by {self.plan.deviation:.1%} anyway"
        if not plan.pairs:
            return (
                f"The expected gain of {plan.effect:+.1%} cannot be shown within {2 * PAIRS_MAX} weeks (chance "
                f"{plan.power:.0%}): {anyway}, and the smallest gain that could is {plan.detectable:+.1%}."
            )
        what = (
            f"Run the schedule in the weeks named, and today's rhythm in the others: {len(self.weeks)} weeks show a "
            f"gain of {plan.effect:+.1%} with a chance of {plan.power:.0%}; {anyway}."
        )
        if self.result is None:
            return what
        found = self.result
        came = f"{found.pairs} of {plan.pairs} pairs came to {found.effect:+.1%} (95%: {found.low:+.1%} to "
        if not self.over:
            return f"{what} So far {came}{found.high:+.1%}); there is no verdict before the last week is over."
        verdict = (
            "nothing is shown" if not found.shown else "a gain is shown" if found.effect > 0 else "a loss is shown"
        )
        return f"{what} {came}{found.high:+.1%}): {verdict}."


def prove_schedule(workspace: Workspace, schedule_id: str) -> Proof:
    """Return the proof of a schedule; asked again it is the same plan, with what has come since.

    Raises:
        NotFound: There is no such schedule.
        InvalidInput: It promises nothing beyond today's rhythm, or too little is known of how much weeks differ.
    """
    schedule = load_schedule(workspace, schedule_id)
    outlook = schedule.outlook
    if outlook is None or outlook.way is Way.KEEP:
        raise InvalidInput("this schedule is not expected to bring more than today's rhythm: there is nothing to prove")
    _, account = find_one(workspace, str(schedule.campaign))
    with reading(workspace.engine) as connection:
        analysis = stored.load_analysis(connection, schedule.analysis_id)
    assert analysis is not None  # a schedule keeps its analysis
    metric = find_metric(outlook.metric)
    start = _next_monday(schedule.made_at.astimezone(account.zone).date())
    before = load_moment(workspace, analysis.as_of, batch=analysis.batch)
    past = (start - (HISTORY_WEEKS + 1) * _WEEK, HISTORY_WEEKS)
    history = _load_weeks(workspace, before, account, schedule.campaign, metric, past)
    deviation = weekly_deviation(history)
    if deviation is None:
        raise InvalidInput(
            f"how much weeks differ is known from {WEEKS_NEEDED} full weeks of hourly facts on; "
            f"{int(np.isfinite(history).sum())} are there"
        )
    effect = max(outlook.modified, outlook.over_usual)
    plan = plan_switchback(deviation, effect, seed=int(schedule.schedule_id, 16))
    now = load_moment(workspace, workspace.now())
    values = _load_weeks(workspace, now, account, schedule.campaign, metric, (start, len(plan.with_schedule)))
    weeks = tuple(
        ProofWeek(start + place * _WEEK, runs, float(value) if np.isfinite(value) else None)
        for place, (runs, value) in enumerate(zip(plan.with_schedule, values, strict=True))
    )
    runs = np.array(plan.with_schedule, dtype=np.bool_)
    sides = values[runs], values[~runs]
    result = judge_pairs(*(reversed(sides) if metric.better_when is Better.LOWER else sides))
    over = now.last_day(account) >= start + len(weeks) * _WEEK - timedelta(days=1)
    return Proof(schedule, metric, plan, weeks, over, result and replace(result, shown=over and result.shown))


def _next_monday(day: date) -> date:
    return day + timedelta(days=DAYS_PER_WEEK - day.weekday())


def _load_weeks(
    workspace: Workspace, moment: Moment, account: Account, ref: CampaignRef, metric: Metric, span: tuple[date, int]
) -> Floats:
    """Return the metric of consecutive weeks from a Monday on, NaN where a week is not whole, shape (weeks,)."""
    monday, count = span
    values = np.full(count, np.nan)
    if not count:
        return values
    days = monday, monday + count * _WEEK - timedelta(days=1)
    loaded = load_hours(workspace, moment, {account.ref: account}, [ref], metric, days)
    for hours in loaded:
        if hours.panel.metric == metric:
            panel = hours.panel
            top, bottom = (part[0].sum(axis=1) for part in panel.settled())
            week = (panel.days - np.datetime64(monday, "D")).astype(np.int64) // DAYS_PER_WEEK
            tops, bottoms = (np.bincount(week, part, minlength=count) for part in (top, bottom))
            sundays = np.datetime64(monday, "D") + DAYS_PER_WEEK * np.arange(1, count + 1) - 1
            whole = (sundays <= np.datetime64(moment.last_day(account), "D")) & (bottoms > 0)
            values[whole] = tops[whole] / bottoms[whole] * float(metric.scale)
    return values
