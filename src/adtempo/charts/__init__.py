"""Pictures: arrays enter, a Vega-Lite document leaves.

One definition serves the page (interactive), the PNG and the SVG. A chart knows neither where its numbers were stored
nor which theme it is seen in: colours come from `theme.py`. To add one: a file with one pure `draw_` function, and one
line in CHARTS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from adtempo.charts.calibration import draw_calibration
from adtempo.charts.daypart_hours import draw_hours
from adtempo.charts.daypart_plan import draw_plan
from adtempo.charts.daypart_week import draw_week
from adtempo.charts.forecast_budget import draw_budget_recommendation
from adtempo.charts.forecast_roi import draw_roi_forecast
from adtempo.charts.forecast_series import draw_reach_ctr, draw_roi_timeseries
from adtempo.charts.grammar import Document
from adtempo.charts.replay import draw_replay
from adtempo.charts.roas import draw_roas
from adtempo.charts.spend_value import draw_spend_value


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture that a page can show.

    Attributes:
        name: Its name in addresses.
        title: What it shows, in words that stand above it.
        reads: What it draws: days (a `DailySeries`), quantiles (a sequence of `Calibrated`), or the hours of a week
            or of a day (`LiftFigures`) or of a schedule (`PlanFigures`), what a `Forecaster` said, or the difference
            that rules make (`ReplayFigures`).
        draw: The pure function that draws it.
    """

    name: str
    title: str
    reads: Literal["days", "quantiles", "week", "hours", "plan", "forecast", "replay"]
    draw: Callable[[Any], Document]


CHARTS = (
    Chart("spend-value", "Spend and conversion value per day", "days", draw_spend_value),
    Chart("roas", "ROAS per day", "days", draw_roas),
    Chart("calibration", "Are the intervals as wide as they claim?", "quantiles", draw_calibration),
    Chart("daypart-week", "How good each hour of the week is", "week", draw_week),
    Chart("daypart-hours", "How good each hour of the day is, and how sure that is", "hours", draw_hours),
    Chart("daypart-plan", "What each hour gets", "plan", draw_plan),
    Chart("roi-forecast", "What the next days bring back", "forecast", draw_roi_forecast),
    Chart("roi-timeseries", "ROI and conversions, past and to come", "forecast", draw_roi_timeseries),
    Chart("reach-ctr", "Reach and CTR, past and to come", "forecast", draw_reach_ctr),
    Chart(
        "budget-recommendation",
        "Today's budgets, the proposed ones, and where the next 1,000 goes",
        "forecast",
        draw_budget_recommendation,
    ),
    Chart("replay", "Net of spend against doing nothing", "replay", draw_replay),
)

DAILY = tuple(chart for chart in CHARTS if chart.reads == "days")
"""Charts of days, which every page about campaigns shows."""
