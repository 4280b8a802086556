"""Forecasts: what comes next, where money should go, and how right that has been."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from adtempo.charts import CHARTS
from adtempo.charts.said import currency_of, draw_said, of_currency
from adtempo.domain.errors import NotFound
from adtempo.domain.forecasts import (
    Audience,
    BudgetLine,
    BudgetRecommendation,
    Forecast,
    ForecastStatus,
    Level,
    Point,
    ReachSeries,
    RoiForecast,
    RoiSeries,
)
from adtempo.domain.money import MICROS
from adtempo.domain.roles import Action
from adtempo.forecasts.claims import MODEL
from adtempo.forecasts.run import Forecaster
from adtempo.predictions.compare import load_accuracy
from adtempo.web.pages.charting import Form, answer_chart
from adtempo.web.pages.choice import PictureAsked, load_known
from adtempo.web.pages.predictions import view_scores
from adtempo.web.pages.routing import READ, Open, PageRoute, render
from adtempo.web.pages.wording import Cell, age_text, day_text, format_days, moment_text

router = APIRouter(route_class=PageRoute, include_in_schema=False)

FORECASTS = {chart.name: chart for chart in CHARTS if chart.reads == "forecast"}
NAMES = tuple(FORECASTS)
SCORED_DAYS = 90
NONE = "n/a"


class ForecastsAsked(BaseModel):
    """In which currency, of which channel."""

    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    channel: str = Field(default="", max_length=100)


class ForecastPictureAsked(ForecastsAsked, PictureAsked):
    """The same, and how the picture should look."""


@dataclass(frozen=True, slots=True)
class Table:
    """The numbers of a picture; the first cell of a row names it.

    Attributes:
        heads: Names of the columns.
        rows: One tuple of cells each.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One of the four forecasts.

    Attributes:
        chart: Its picture.
        meaning: What it says now, in a sentence.
        table: Its numbers.
        note: What to know about it; empty if nothing.
    """

    chart: Any
    meaning: str
    table: Table
    note: str


@router.get("/forecasts", openapi_extra=READ)
def forecasts_page(request: Request, workspace: Open, asked: Annotated[ForecastsAsked, Query()]) -> Response:
    """Show the four forecasts of one currency, how old they are, and how right earlier ones were."""
    forecaster, known = Forecaster(workspace), load_known(workspace)
    status = forecaster.status()
    everything = forecaster.roi_forecast()
    currencies = sorted({currency_of(one) for one in everything})
    returns = of_currency(everything, asked.currency)
    record = load_accuracy(workspace, days=SCORED_DAYS, model=MODEL)
    currency = currency_of(returns[0]) if returns else None
    return render(
        request,
        "forecasts.html",
        sections=_sections(forecaster, returns, currency, asked.channel) if returns else (),
        currencies=currencies,
        currency=currency,
        channels=sorted({one.subject.name for one in returns if one.subject.level is Level.CHANNEL}),
        channel=asked.channel,
        query=urlencode({"currency": currency or "", "channel": asked.channel}),
        age=_status_lines(status, known.now),
        failures=_failures(status),
        scores=view_scores(record.overall, SCORED_DAYS) if record.overall.count else (),
        model=MODEL,
        may_run=request.state.person.may(Action.INGEST),
        simulated=known.simulated,
    )


@router.get("/forecasts/{name}.{form}", openapi_extra=READ)
def forecasts_chart(
    request: Request,
    workspace: Open,
    name: Annotated[str, Path(max_length=40)],
    form: Form,
    asked: Annotated[ForecastPictureAsked, Query()],
) -> Response:
    """Draw one of the four forecasts."""
    forecaster, channel = Forecaster(workspace), asked.channel or None
    questions: dict[str, Callable[[], Sequence[Any]]] = dict(
        zip(
            NAMES,
            (
                lambda: forecaster.roi_forecast(channel=channel),
                lambda: forecaster.roi_timeseries(channel=channel),
                lambda: forecaster.reach_ctr(channel=channel),
                forecaster.budget_recommendation,
            ),
            strict=True,
        )
    )
    if name not in questions:
        raise NotFound(f"There is no chart {name}; there are {', '.join(NAMES)}.")
    return answer_chart(request, draw_said(questions[name](), asked.currency), form, asked)


def _sections(
    forecaster: Forecaster, returns: Sequence[RoiForecast], currency: str | None, channel: str
) -> tuple[Section, ...]:
    series = of_currency(forecaster.roi_timeseries(channel=channel or None), currency)[0]
    reach = of_currency(forecaster.reach_ctr(channel=channel or None), currency)[0]
    shown = [one for one in returns if not channel or one.subject.name == channel]
    sections = [
        Section(FORECASTS[NAMES[0]], returns_meaning(shown), _returns_table(shown), ""),
        Section(FORECASTS[NAMES[1]], series_meaning(series), _series_table(series), series.note),
        Section(FORECASTS[NAMES[2]], reach_meaning(reach), _reach_table(reach), reach.note),
    ]
    return (
        *sections,
        *(
            Section(FORECASTS[NAMES[3]], budget_meaning(found), _budget_table(found), found.note)
            for found in forecaster.budget_recommendation()
            if found.currency == currency
        ),
    )


def returns_meaning(forecasts: Sequence[RoiForecast]) -> str:
    """Say what the shortest window brings back."""
    first = forecasts[0]
    if first.roi is None:
        return f"Nothing can be said of the next {first.days} days: {first.note or 'no spend is expected'}."
    sure = "is expected to" if first.roi.low80 > 0 or first.roi.high80 < 0 else "may or may not"
    return (
        f"Spend of {format_days(first.since, first.until)} {sure} {'earn' if first.roi.value > 0 else 'lose'} money: "
        f"ROI {first.roi.value:.0%}, in 8 of 10 cases between {first.roi.low80:.0%} and {first.roi.high80:.0%}."
    )


def series_meaning(series: RoiSeries) -> str:
    """Say how the forecasts of ROI that were made a week before its days did."""
    return "Recent days are still arriving; the dashed line is what they come to. " + _came_true(series.roi)


def reach_meaning(series: ReachSeries) -> str:
    """Say what is counted, and how its forecasts did."""
    counted = (
        "Impressions, because the platform reports no reach for exactly this"
        if series.measure is Audience.IMPRESSIONS
        else "People reached, as the platform reports it"
    )
    return f"{counted}; below it, the share that clicks. " + _came_true(series.ctr)


def budget_meaning(found: BudgetRecommendation) -> str:
    """Say what moving money would bring, and where the next 1,000 goes."""
    if found.gain is None:
        return found.note or "Nothing can be said."
    low, high = _money(found.gain.low80, found.currency), _money(found.gain.high80, found.currency)
    return (
        f"With the same {_money(found.total_micros, found.currency)} a day, shared out as proposed, "
        f"{_money(found.gain.value, found.currency)} more value a day is expected, in 8 of 10 cases {low} to {high}. "
        f"{found.next_sentence}"
    )


def _came_true(points: Sequence[Point]) -> str:
    """Say how often the truth lay inside the 80% interval that was stated a week before."""
    judged = [
        (point.earlier, point.expected.value if point.expected else point.reported)
        for point in points
        if point.earlier and not point.is_forecast
    ]
    inside = [truth for said, truth in judged if truth is not None and said.low80 <= truth <= said.high80]
    if not judged:
        return "No day that was forecast a week before is over yet."
    return f"Of {len(judged)} days forecast a week before, {len(inside)} came to lie inside their 80% interval."


def _returns_table(forecasts: Sequence[RoiForecast]) -> Table:
    rows = []
    for one in forecasts:
        say = partial(_money, currency=one.subject.currency)
        rows.append(
            (
                Cell(one.subject.name or "all channels", None),
                Cell(f"{one.days} days", one.days),
                _fan_cell(one.spend, say),
                _fan_cell(one.value, say),
                _fan_cell(one.roi, "{:.1%}".format),
                Cell(one.model, None, one.note),
            )
        )
    return Table(("Channel", "Window", "Spend (80%)", "Value (80%)", "ROI (80%)", "Forecast by"), tuple(rows))


def _series_table(series: RoiSeries) -> Table:
    percent, count = "{:.1%}".format, "{:,.1f}".format
    return _days_table((("ROI", series.roi, percent), ("Conversions", series.conversions, count)))


def _reach_table(series: ReachSeries) -> Table:
    audience, ctr = series.measure.capitalize(), "{:.2f}%".format
    return _days_table(((audience, series.audience, "{:,.0f}".format), ("CTR", series.ctr, ctr)))


def _days_table(figures: Sequence[tuple[str, Sequence[Point], Callable[[float], str]]]) -> Table:
    heads = (
        "Day",
        *(f"{name} {part}" for name, *_ in figures for part in ("reported", "expected (80%)", "said before (80%)")),
    )
    rows = []
    for points in zip(*(points for _, points, _ in figures), strict=True):
        cells = [Cell(day_text(points[0].day, year=True), points[0].day.toordinal())]
        for point, (_, _, say) in zip(points, figures, strict=True):
            reported = Cell(NONE if point.reported is None else say(point.reported), point.reported)
            cells += [reported, _fan_cell(point.expected, say), _fan_cell(point.earlier, say)]
        rows.append(tuple(cells))
    return Table(heads, tuple(reversed(rows)))


def _budget_table(found: BudgetRecommendation) -> Table:
    rows = tuple(_line_cells(line, found.currency) for line in found.lines)
    heads = ("Campaign", "Today", "Proposed", "Of the next 1,000", "The next brings back (80%)", "Why")
    return Table(heads, rows)


def _line_cells(line: BudgetLine, currency: str) -> tuple[Cell, ...]:
    title = line.title if line.subject.level is Level.CAMPAIGN else f"{line.title}, in all"
    amounts = (line.today_micros, line.proposed_micros, line.next_micros)
    return (
        Cell(title, None, line.subject.name),
        *(Cell(_money(amount, currency), amount) for amount in amounts),
        _fan_cell(line.next_return, "{:.2f}".format),
        Cell(line.sentence, None),
    )


def _fan_cell(fan: Forecast | None, say: Callable[[float], str]) -> Cell:
    if fan is None:
        return Cell(NONE, None)
    return Cell(f"{say(fan.value)} ({say(fan.low80)} to {say(fan.high80)})", fan.value)


def _status_lines(status: ForecastStatus, now: datetime) -> list[str]:
    filled = [table.filled_at for table in status.tables if table.filled_at]
    lines = []
    if filled:
        lines.append(f"Last changed {age_text(max(filled), now)} ({moment_text(max(filled))})")
    if status.facts_until:
        lines.append(f"from facts up to {day_text(min(status.facts_until.values()), year=True)}")
    if status.models_chosen_on:
        lines.append(f"models chosen on {day_text(min(status.models_chosen_on.values()), year=True)}")
    if status.run_status in {"due", "running"}:
        lines.append("a run is under way")
    return lines


def _failures(status: ForecastStatus) -> list[str]:
    said = [
        f"{table.table}, {currency}: {words}"
        for table in status.tables
        for currency, words in sorted(table.failures.items())
    ]
    return [*said, *([f"The last run: {status.run_error}"] if status.run_error else [])]


def _money(micros: float, currency: str) -> str:
    return f"{micros / MICROS:,.0f} {currency}"
