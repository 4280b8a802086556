"""What was spent, what came back and what will have come back, day by day."""

from __future__ import annotations

import numpy as np

from adtempo.charts.grammar import Document, field
from adtempo.charts.series import (
    EXPECTED,
    DailySeries,
    draw_arriving,
    draw_band,
    draw_lines,
    draw_nothing,
    draw_reading,
    in_words,
    only_tail,
)

VALUE, SPEND = "Value reported", "Spend"


def draw_spend_value(series: DailySeries) -> Document:
    """Draw spend and conversion value per day; where value is still arriving, also what it will come to.

    Spend is final within hours, so only its companion is drawn as unfinished.
    """
    if not (np.isfinite(series.spend).any() or np.isfinite(series.value).any()):
        return draw_nothing()
    drawn = {VALUE: series.value, EXPECTED: only_tail(series, series.expected), SPEND: series.spend}
    axis = {"labelExpr": "format(datum.value, '~s')", "tickCount": 5}
    y = field("amount:Q", title=f"{series.currency} per day", axis=axis)
    lines = draw_lines(series.days, drawn, y)
    tooltip = [
        field("spend:Q", format=",.2f", title=f"Spend, {series.currency}"),
        field("value:Q", format=",.2f", title=f"{VALUE}, {series.currency}"),
        field("final:N", title="Expected (80%)"),
    ]
    words = in_words(series.expected, series.low80, series.high80, ",.0f")
    reading = draw_reading(series, {"spend": series.spend, "value": series.value, "final": words}, tooltip)
    arriving = draw_arriving(series.days[series.arriving_from :])
    return {"layer": [*arriving, reading, draw_band(series, series.low80, series.high80), lines]}
