"""From what is known of one campaign to the lines of its page; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adtempo.domain.accounts import Account
from adtempo.domain.campaigns import Campaign
from adtempo.domain.metrics import CONVERSION_VALUE, CONVERSIONS, CPA, ROAS, SPEND, find_metric, value_of
from adtempo.domain.money import Money
from adtempo.domain.predictions import RecordedPrediction
from adtempo.store.attributes import Attribute
from adtempo.tracking.anomalies import Anomaly
from adtempo.tracking.anomalies_report import shown_figure
from adtempo.tracking.creatives import CreativeFatigue, CreativeRef, RankedCreative
from adtempo.tracking.expected import ExpectedFigure
from adtempo.tracking.pacing import BudgetPace
from adtempo.web.pages.figures import EXPECTED_ROAS, INTERVAL, Column, expected_cell, maturity_cell, titled
from adtempo.web.pages.outlook import Matured, Outlook, as_known
from adtempo.web.pages.wording import Cell, Line, day_text, figure_of, format_days, moment_text, number_text

DAYS_SHOWN = 14

_SAID = {"name": "Name", "status": "Status", "budget_daily_micros": "Daily budget", "niche": "Niche"}


@dataclass(frozen=True, slots=True)
class GoalLine:
    """Something that people want of a campaign, and how it stands."""

    name: str
    wanted: str
    stands: str
    tone: str
    explain: str


def day_columns(currency: str, as_of: datetime) -> tuple[Column, ...]:
    """Return the columns of the table of days."""
    known = as_known(as_of)
    reported = [
        Column(titled(metric, name, currency), f"{metric.description} {known}")
        for metric, name in (
            (SPEND, "Spend"),
            (CONVERSIONS, "Conversions"),
            (CONVERSION_VALUE, "Value"),
            (ROAS, "ROAS"),
        )
    ]
    maturity = Column("Maturity", f"Reported conversion value / its expected final value. {known}")
    expected = Column(EXPECTED_ROAS, f"Expected final conversion value / spend. {INTERVAL} {known}")
    return (*reported, maturity, expected)


def day_rows(outlook: Outlook, currency: str) -> list[Line]:
    """Return the newest days of a campaign, the newest first."""
    return [
        {
            "day": day_text(day),
            "date": day.isoformat(),
            "late": outlook.arriving is not None and day >= outlook.arriving,
            "cells": _day_cells(outlook.days[day], currency),
        }
        for day in sorted(outlook.days, reverse=True)[:DAYS_SHOWN]
    ]


def _day_cells(matured: Matured, currency: str) -> tuple[Cell, ...]:
    reported = []
    for metric in (SPEND, CONVERSIONS, CONVERSION_VALUE, ROAS):
        value = value_of(metric, matured.figures)
        reported.append(Cell(number_text(metric, value, currency, rounded=False), value, metric.description))
    return (*reported, maturity_cell(matured), expected_cell(ROAS, matured, currency))


def creative_rows(
    tired: Sequence[CreativeFatigue], by_ctr: Sequence[RankedCreative], by_roas: Sequence[RankedCreative]
) -> list[Line]:
    """Return the creatives of a campaign, the best likely CTR first.

    Args:
        by_ctr: Each by its likely CTR.
        by_roas: Each by its likely ROAS.
    """
    ctr = {one.creative.creative: one for one in by_ctr}
    roas = {one.creative.creative: one for one in by_roas}
    order = [one.creative.creative for one in by_ctr]
    fatigue = {one.creative.creative: one for one in tired}
    order += [ref for ref in fatigue if ref not in ctr]
    return [_creative_row(ref, fatigue.get(ref), ctr.get(ref), roas.get(ref)) for ref in order]


def _creative_row(
    ref: CreativeRef, tired: CreativeFatigue | None, ctr: RankedCreative | None, roas: RankedCreative | None
) -> Line:
    found = ctr.creative if ctr is not None else tired and tired.creative
    impressions = (found.figures.impressions or 0) if found else 0
    days = format_days(found.first_day, found.last_day) if found else ""
    fatigue = Cell("n/a", None, "Nothing was shown in the last days.")
    if tired is not None and tired.ctr.fall is not None:
        fatigue = Cell(
            f"{tired.fatigue_score:.2f}",
            tired.fatigue_score,
            f"0 fresh, 1 worn out; flagged from 0.5 on. {tired.reason}",
        )
    return {
        "creative_id": ref.creative_id,
        "impressions": Cell(f"{impressions:,}", impressions, f"Times it was shown, {days}."),
        "ctr": _ranked_cell(ctr, "%", "clicks / impressions"),
        "roas": _ranked_cell(roas, "", "conversion value / spend, once all has arrived,"),
        "fatigue": fatigue,
        "recommendation": str(tired.recommendation) if tired is not None else "",
        "reason": tired.reason if tired is not None else "",
    }


def _ranked_cell(ranked: RankedCreative | None, sign: str, formula: str) -> Cell:
    if ranked is None:
        return Cell("n/a", None, "Shown too seldom to say.")
    return Cell(
        f"{ranked.expected:.2f}{sign} ({ranked.low95:.2f} to {ranked.high95:.2f})",
        ranked.expected,
        f"What {formula} is likely to be: {ranked.raw:.2f}{sign} so far, drawn towards the campaign the more, the "
        "less is known. In brackets: its 95% interval.",
    )


def prediction_rows(predictions: Sequence[RecordedPrediction], currency: str) -> list[Line]:
    """Return claims in words, each with how it came out."""
    return [_prediction_row(one, currency) for one in predictions]


def _prediction_row(recorded: RecordedPrediction, currency: str) -> Line:
    claim, found = recorded.prediction, recorded.comparison
    metric = find_metric(claim.metric)
    predicted = number_text(metric, claim.value, currency)
    if "low80" in claim.interval:
        low, high = (number_text(metric, claim.interval[end], currency) for end in ("low80", "high80"))
        predicted += f" ({low} to {high})"
    actual, verdict, tone = "", "waits until its window is mature", ""
    if found is not None:
        actual = number_text(metric, found.actual.value, currency)
        verdict, tone = _verdict(recorded)
    return {
        "metric": metric.name.upper() if len(metric.name) <= len("roas") else metric.name.replace("_", " "),
        "window": format_days(claim.since, claim.until),
        "predicted": predicted,
        "model": claim.model,
        "actual": actual,
        "verdict": verdict,
        "tone": tone,
        "explain": f"{metric.description} Said by {claim.model} on {moment_text(claim.made_at)}. {INTERVAL}",
    }


def _verdict(recorded: RecordedPrediction) -> tuple[str, str]:
    found = recorded.comparison
    if found is None or found.accuracy is None:
        return "no actual value", ""
    inside = {True: ", inside its 80%", False: ", outside its 80%", None: ""}[found.inside80]
    return (
        f"{found.accuracy:.0f} of 100{inside}",
        "bad" if found.inside80 is False else "good" if found.inside80 else "",
    )


def unusual_rows(anomalies: Sequence[Anomaly]) -> list[Line]:
    """Return unusual hours as lines, the newest first."""
    return [
        {
            "hour": f"{day_text(one.since.date())}, {one.since:%H:%M}",
            "metric": find_metric(one.metric).name,
            "actual": shown_figure(one, one.actual) or "n/a",
            "expected": shown_figure(one, one.expected) or "n/a",
            "distance": Cell(
                f"{one.z:+.1f}", one.z, "In standard deviations of what is usual at this hour of the week."
            ),
        }
        for one in anomalies
    ]


def goal_lines(campaign: Campaign, outlook: Outlook, budget: BudgetPace | None, currency: str) -> list[GoalLine]:
    """Return what people want of a campaign and how it stands against what it will come to.

    Args:
        outlook: What it did in the period.
        budget: Its month against its plan, where it has one.
    """
    lines = []
    expected = outlook.total.expected
    if campaign.target_roas is not None:
        stands, tone = stands_against(figure_of(ROAS, expected), campaign.target_roas, higher_is_better=True)
        explain = f"The expected final ROAS of the period against the target. {INTERVAL}"
        lines.append(GoalLine("Target ROAS", f"{campaign.target_roas:.2f}", stands, tone, explain))
    if campaign.target_cpa_micros is not None:
        wanted = campaign.target_cpa_micros / 1e6
        stands, tone = stands_against(figure_of(CPA, expected), wanted, higher_is_better=False)
        explain = f"The expected final CPA of the period against the target. {INTERVAL}"
        lines.append(GoalLine("Target CPA", str(Money(campaign.target_cpa_micros, currency)), stands, tone, explain))
    if budget is not None:
        pacing = budget.pacing
        tone = "bad" if budget.off_plan else "good" if budget.against_plan == "on" else ""
        spent, planned = (
            f"{number_text(SPEND, micros, currency)} {currency}"
            for micros in (pacing.spent_micros, pacing.planned_micros)
        )
        stands = f"{spent} spent by {day_text(pacing.through)}, "
        if pacing.expected_micros is None:
            stands += "nothing to learn the pace from yet"
        else:
            end = number_text(SPEND, pacing.expected_micros, currency)
            stands += f"going to end at {end} {currency}, {budget.against_plan} plan"
        lines.append(GoalLine(f"Plan for {pacing.month:%B}", planned, stands, tone, pace_words(budget)))
    return lines


def pace_words(budget: BudgetPace) -> str:
    """Say where a month's spend is expected to end."""
    pacing = budget.pacing
    if pacing.expected_micros is None or pacing.low80_micros is None or pacing.high80_micros is None:
        return "Spend of the month so far against the plan."
    spend = [
        Money(micros, budget.currency) for micros in (pacing.expected_micros, pacing.low80_micros, pacing.high80_micros)
    ]
    return (
        f"Spend of the month so far, and the rest as the same weekdays of the last four weeks: {spend[0]} at its end, "
        f"with a probability of 80% between {spend[1]} and {spend[2]}."
    )


def stands_against(figure: ExpectedFigure | None, wanted: float, *, higher_is_better: bool) -> tuple[str, str]:
    """Say how an expected figure stands against what is wanted, and whether that is good or bad."""
    if figure is None or figure.value is None:
        return "nothing to hold against it in this period", ""
    above = figure.low80 is not None and figure.low80 >= wanted
    below = figure.high80 is not None and figure.high80 < wanted
    said = f"expected {figure.value:,.2f}"
    if not above and not below:
        return f"{said}: cannot tell yet, the target lies inside the 80% interval", ""
    return f"{said}: {'above' if above else 'below'} it", "good" if above == higher_is_better else "bad"


def history_lines(history: Sequence[Attribute], account: Account) -> list[Line]:
    """Return what a campaign was called and allowed to spend, the newest first."""
    return [
        {
            "name": _SAID[one.attribute],
            "value": str(Money(int(one.value), account.currency))
            if one.attribute == "budget_daily_micros"
            else one.value,
            "since": f"{one.effective_at.astimezone(account.zone):%-d %b %Y, %H:%M}",
        }
        for one in history
    ]


def facts_line(campaign: Campaign, account: Account) -> list[str]:
    """Return what a campaign is, in a few words."""
    budget = campaign.budget_daily_micros
    said = [campaign.status or "", f"{Money(budget, account.currency)} a day" if budget else "", campaign.niche or ""]
    return [one for one in said if one]
