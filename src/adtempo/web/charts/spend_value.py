"""What was spent and what came back, day by day."""

from __future__ import annotations

import altair as alt
import numpy as np

from adtempo.web.charts.series import (
    DASHES,
    DailySeries,
    day_axis,
    draw_arriving,
    draw_nothing,
    draw_reading,
    frame_lines,
)

VALUE, SPEND = "Conversion value", "Spend"


def draw_spend_value(series: DailySeries) -> alt.TopLevelMixin:
    """Draw spend and conversion value per day; value that is still arriving is dashed.

    Spend is final within hours, so only its companion is drawn as unfinished.
    """
    if not (np.isfinite(series.spend).any() or np.isfinite(series.value).any()):
        return draw_nothing()
    rows = frame_lines(series, {VALUE: series.value, SPEND: series.spend}, dashed=VALUE)
    color = alt.Color(
        "series:N",
        scale=alt.Scale(domain=[VALUE, SPEND]),
        legend=alt.Legend(orient="top", direction="horizontal", title=None, symbolType="stroke", offset=4),
    )
    lines = (
        alt.Chart(rows)
        .mark_line()
        .encode(
            x=day_axis(series),
            y=alt.Y(
                "amount:Q",
                title=f"{series.currency} per day",
                axis=alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=5),
            ),
            color=color,
            strokeDash=DASHES,
        )
    )
    tooltip = [
        alt.Tooltip("spend:Q", format=",.2f", title=f"Spend, {series.currency}"),
        alt.Tooltip("value:Q", format=",.2f", title=f"Conversion value, {series.currency}"),
    ]
    reading = draw_reading(series, {"spend": series.spend, "value": series.value}, tooltip)
    return alt.layer(*draw_arriving(series), reading, lines)
