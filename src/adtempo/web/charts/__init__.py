"""Pictures: arrays enter, a Vega-Lite chart leaves.

One definition serves the page (interactive), the PNG and the SVG. A chart knows neither where its numbers were stored
nor which theme it is seen in: colours come from `theme.py`. To add one: a file with one pure `draw_` function, and one
line below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import altair as alt

from adtempo.web.charts.calibration import Calibrated, draw_calibration
from adtempo.web.charts.roas import draw_roas
from adtempo.web.charts.series import DailySeries
from adtempo.web.charts.spend_value import draw_spend_value

Data = TypeVar("Data")


@dataclass(frozen=True, slots=True)
class Chart(Generic[Data]):
    """One picture that a page can show.

    Attributes:
        name: Its name in addresses.
        title: What it shows, in words that stand above it.
        draw: The pure function that draws it.
    """

    name: str
    title: str
    draw: Callable[[Data], alt.TopLevelMixin]


CHARTS: tuple[Chart[DailySeries], ...] = (
    Chart("spend-value", "Spend and conversion value per day", draw_spend_value),
    Chart("roas", "ROAS per day", draw_roas),
)
"""Charts of days."""

CALIBRATION: Chart[Sequence[Calibrated]] = Chart(
    "calibration", "Are the intervals as wide as they claim?", draw_calibration
)
