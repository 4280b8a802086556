"""Dayparts: when a campaign's money works, a schedule beside it, and the forms to take it away in."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from adtempo.accounts.run import load_campaigns
from adtempo.charts import CHARTS
from adtempo.charts.daypart_plan import PlanFigures
from adtempo.charts.daypart_week import LiftFigures
from adtempo.dayparts.analysis import Analysis, Question
from adtempo.dayparts.decide import Recommendation, Step
from adtempo.dayparts.exports import EXPORTS, Export
from adtempo.dayparts.findings import LABELS, Label, SlotFigures
from adtempo.dayparts.run import DayPartOptimizer
from adtempo.dayparts.scheduling import NOTHING_LOST, Draft, Wish, draft_schedule, price_export
from adtempo.dayparts.wording import days_text, hours_text, way_text
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.domain.metrics import METRICS, Metric, find_metric
from adtempo.domain.money import MICROS, format_micros, minor_decimals
from adtempo.domain.roles import Action
from adtempo.domain.schedules import KeptSchedule, Strategy
from adtempo.web.pages.alerts import names_of
from adtempo.web.pages.charting import Form, answer_chart
from adtempo.web.pages.choice import PictureAsked, find_campaign, load_known
from adtempo.web.pages.routing import READ, Open, PageRoute, render
from adtempo.web.pages.wording import Cell, Line, campaign_address, day_text, format_days, label_account, number_text

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PERIODS = (14, 30, 60, 90)
RECENT = 10
BY_READS = {chart.reads: chart for chart in CHARTS if chart.reads in {"week", "hours", "plan"}}
RATIOS = tuple(one for one in METRICS if one.denominator not in (None, "reach"))


class DaypartsAsked(PictureAsked):
    """Which campaign, judged how, and the schedule that is tried out."""

    campaign: str = Field(default="", max_length=600)
    metric: str = Field(default="roas", max_length=20)
    days: int = Field(default=30, ge=1, le=730)
    strategy: Strategy = Strategy.BALANCED
    budget: str = Field(default="", max_length=30)

    @property
    def question(self) -> Question:
        """What is asked of the hours."""
        return Question(self.days, self.metric)


@router.get("/dayparts", openapi_extra=READ)
def dayparts_page(request: Request, workspace: Open, asked: Annotated[DaypartsAsked, Query()]) -> Response:
    """Show when one campaign's money works, and a schedule to try out."""
    known = load_known(workspace)
    listed = load_campaigns(workspace)
    if not listed:
        return render(request, "dayparts.html", found=None, simulated=known.simulated)
    optimizer = DayPartOptimizer(workspace)
    name = asked.campaign or optimizer.load_clearest() or str(listed[0][0].ref)
    if not any(str(one.ref) == name for one, _ in listed):
        raise NotFound(f"There is no campaign {name}.")
    found = optimizer.analyze(name, asked.question)
    draft, refused = _try_out(found, asked)
    names = names_of(listed)
    query = urlencode({"campaign": found.campaign.ref, "metric": asked.metric, "days": asked.days})
    budget = draft_budget(found, asked)
    return render(
        request,
        "dayparts.html",
        found=found,
        name=names.get(found.campaign.ref, found.campaign.ref.campaign_id),
        address=campaign_address(found.campaign.ref),
        owner=label_account(found.account),
        window=format_days(found.since, found.until),
        verdict=_verdict(found),
        metric=found.metric.name.upper(),
        charts=BY_READS,
        query=query,
        plan_query=f"{query}&{urlencode({'strategy': asked.strategy, 'budget': budget})}",
        hours=[_row(found.metric, hour, one, found.account.currency) for hour, one in enumerate(found.found.hours)],
        draft=draft,
        promise=None if draft is None else _promise(draft),
        advice="" if draft is None or draft.outlook is None else way_text(draft.outlook),
        refused=refused,
        kept=[_kept(one) for one in optimizer.load_schedules(name)[:RECENT]],
        asked=asked,
        budget=budget,
        campaigns=[(str(one.ref), f"{names[one.ref]} · {label_account(owner)}") for one, owner in listed],
        strategies=list(Strategy),
        metrics=RATIOS,
        periods=sorted({*PERIODS, asked.days}),
        may_plan=request.state.person.may(Action.PLAN),
        simulated=known.simulated,
    )


@router.get("/dayparts/{name}.{form}", openapi_extra=READ)
def dayparts_chart(
    request: Request,
    workspace: Open,
    name: Annotated[str, Path(max_length=40)],
    form: Form,
    asked: Annotated[DaypartsAsked, Query()],
) -> Response:
    """Draw one chart of a campaign's hours."""
    chart = next((one for one in BY_READS.values() if one.name == name), None)
    if chart is None:
        raise NotFound(f"There is no chart {name}; there are {', '.join(one.name for one in BY_READS.values())}.")
    found = DayPartOptimizer(workspace).analyze(str(find_campaign(workspace, asked.campaign)), asked.question)
    drawn = chart.draw(_figures(chart.reads, found, asked))
    return answer_chart(request, drawn, form, asked)


def draft_budget(found: Analysis, asked: DaypartsAsked) -> str:
    """Return the budget that is tried out: what was typed, else what the campaign has or spends on a day."""
    if asked.budget:
        return asked.budget
    decimals = minor_decimals(found.account.currency, found.campaign.ref.platform)
    spent = found.delivery.numerators[0].sum(axis=1)
    usual = int(spent[spent > 0].mean()) if (spent > 0).any() else 100 * MICROS
    return format_micros(found.campaign.budget_daily_micros or usual, decimals)


def _try_out(found: Analysis, asked: DaypartsAsked) -> tuple[Draft | None, str]:
    """Return the schedule that is tried out, or why there is none."""
    try:
        return draft_schedule(found, Wish(draft_budget(found, asked), asked.strategy)), ""
    except InvalidInput as problem:
        return None, problem.message


def _figures(reads: str, found: Analysis, asked: DaypartsAsked) -> Any:
    if reads == "plan":
        draft, refused = _try_out(found, asked)
        if draft is None:
            raise InvalidInput(refused)
        plan = draft.plan
        amounts = plan.day_budgets() if plan.week is None else plan.week_budgets()
        return PlanFigures(
            multipliers=np.array(plan.day if plan.week is None else plan.week),
            amounts=np.array([part.micros / MICROS for part in amounts]),
            even=plan.total.micros / MICROS / 24,
            currency=plan.total.currency,
        )
    slots = found.found.cells if reads == "week" else found.found.hours
    low, lift, high = (
        np.array([np.nan if (value := getattr(one, name)) is None else value for one in slots])
        for name in ("lift_low", "lift", "lift_high")
    )
    label = np.array([LABELS.index(one.label) - 1 for one in slots], np.int8)
    words = tuple(_estimate_text(found.metric, one, found.account.currency) for one in slots)
    return LiftFigures(lift, low, high, label, words)


def _verdict(found: Analysis) -> tuple[str, str]:
    """Say in a sentence what to do and why, or that there is nothing to do, and what it would take."""
    made = found.recommendations
    if made[0].action is Step.KEEP_FLAT:
        return "Nothing to do: leave the hours as they are.", made[0].reason
    notes = " ".join(found.notes)
    if made[0].action is Step.KEEP_HOURS:
        return "Your hours are already right: keep them.", f"{made[0].reason}. {notes}".strip()
    said = []
    for step, verb in ((Step.SPEND_MORE, "more"), (Step.SPEND_LESS, "less")):
        spans = ", ".join(_step_text(one) for one in made if one.action is step)
        if spans:
            said.append(f"Spend {verb} than now at {spans}.")
    metric = found.metric.name.upper()
    why = f"{metric} there differs from the campaign's mean by more than chance among 168 hours would explain. {notes}"
    return " ".join(said), why.strip()


def _step_text(one: Recommendation) -> str:
    where = f"{hours_text(one.hours)} {days_text(one.days)}"
    gain = "" if one.expected_gain is None else f", {one.expected_gain:+.1%} expected"
    return f"{where} ({one.expected_lift:.2f}x{gain})"


def _promise(draft: Draft) -> tuple[tuple[str, str, str], ...]:
    """Return what a schedule is expected to come to: name, number, explanation."""
    outlook = draft.outlook
    if outlook is None:
        return ()
    metric, currency = find_metric(outlook.metric), draft.plan.total.currency
    value, low, high = (number_text(metric, one, currency) for one in (outlook.expected, outlook.low, outlook.high))
    spread = f"95%: {outlook.uplift_low:+.1%} to {outlook.uplift_high:+.1%}"
    best = max(outlook.modified, outlook.over_usual)
    expected = (f"Expected {metric.name.upper()}", value, f"95%: {low} to {high}, over the next 28 days")
    if draft.plan.flat:
        return (expected,)
    return (
        expected,
        ("Against even hours", f"{outlook.uplift:+.1%}", spread),
        ("Against today's rhythm", f"{best:+.1%}", "the hours as they are spent now; run as said below"),
    )


def _row(metric: Metric, hour: int, one: SlotFigures, currency: str) -> Line:
    def times(value: float | None) -> str:
        return "n/a" if value is None else f"{value:.2f}"

    lift = f"{times(one.lift)} ({times(one.lift_low)} to {times(one.lift_high)})"
    q_text = "n/a" if one.q_value is None else "<0.001" if one.q_value < 0.001 else f"{one.q_value:.3f}"
    cells = (
        Cell(str(one.n), one.n),
        Cell(_estimate_text(metric, one, currency), one.estimate),
        Cell(lift, one.lift),
        Cell(q_text, one.q_value),
        Cell(number_text(metric, one.mean, currency), one.mean),
    )
    return {
        "name": f"{hour:02}:00",
        "cells": cells,
        "label": "" if one.label is Label.NORMAL else one.label.value,
    }


def _estimate_text(metric: Metric, one: SlotFigures, currency: str) -> str:
    value, low, high = (
        number_text(metric, end, currency) for end in (one.estimate, one.estimate_low, one.estimate_high)
    )
    return value if one.estimate is None else f"{value} ({low} to {high})"


def _kept(one: KeptSchedule) -> Line:
    outlook = one.outlook
    return {
        "schedule_id": one.schedule_id,
        "version": one.version,
        "strategy": one.strategy.value,
        "budget": str(one.plan.total),
        "made": day_text(one.made_at.date(), year=True),
        "expected": "flat"
        if one.plan.flat
        else "n/a"
        if outlook is None
        else f"{outlook.uplift:+.1%} against even hours",
        "forms": [_form(one, export) for export in EXPORTS],
    }


def _form(schedule: KeptSchedule, export: Export) -> Line:
    lost, statement = price_export(schedule, export)
    return {
        "name": export.name,
        "words": f"{export.title}. {statement}",
        "loses": f"-{lost:.0%}" if lost is not None and lost >= NOTHING_LOST else "",
    }
