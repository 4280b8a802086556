"""Pictures: arrays enter, a Vega-Lite chart leaves.

One definition serves the page (interactive), the PNG and the SVG. A chart knows neither where its numbers were stored
nor which theme it is seen in: colours come from `theme.py`. To add one: a file with one pure `draw_` function, and one
line in CHARTS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import altair as alt

from adtempo.web.charts.roas import draw_roas
from adtempo.web.charts.series import DailySeries
from adtempo.web.charts.spend_value import draw_spend_value


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture that a page can show.

    Attributes:
        name: Its name in addresses.
        title: What it shows, in words that stand above it.
        draw: The pure function that draws it.
    """

    name: str
    title: str
    draw: Callable[[DailySeries], alt.TopLevelMixin]


CHARTS = (
    Chart("spend-value", "Spend and conversion value per day", draw_spend_value),
    Chart("roas", "ROAS per day", draw_roas),
)
