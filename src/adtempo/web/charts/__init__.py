"""Pictures: arrays enter, a Vega-Lite chart leaves.

One definition serves the page (interactive), the PNG and the SVG. A chart knows neither where its numbers were stored
nor which theme it is seen in: colours come from `theme.py`. To add one: a file with one pure `draw_` function, and one
line in CHARTS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from adtempo.web.charts.calibration import draw_calibration
from adtempo.web.charts.roas import draw_roas
from adtempo.web.charts.spend_value import draw_spend_value


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture that a page can show.

    Attributes:
        name: Its name in addresses.
        title: What it shows, in words that stand above it.
        reads: What it draws: days (a `DailySeries`) or quantiles (a sequence of `Calibrated`).
        draw: The pure function that draws it.
    """

    name: str
    title: str
    reads: Literal["days", "quantiles"]
    draw: Callable[[Any], alt.TopLevelMixin]


CHARTS = (
    Chart("spend-value", "Spend and conversion value per day", "days", draw_spend_value),
    Chart("roas", "ROAS per day", "days", draw_roas),
    Chart("calibration", "Are the intervals as wide as they claim?", "quantiles", draw_calibration),
)

DAILY = tuple(chart for chart in CHARTS if chart.reads == "days")
"""Charts of days, which every page about campaigns shows."""
