"""What a unit of spend brought back, day by day."""

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


def draw_roas(series: DailySeries) -> alt.TopLevelMixin:
    """Draw conversion value / spend per day; a day without spend has no ROAS and is left out."""
    ratio = np.full(len(series.days), np.nan)
    np.divide(series.value, series.spend, out=ratio, where=np.isfinite(series.spend) & (series.spend > 0))
    if not np.isfinite(ratio).any():
        return draw_nothing()
    line = (
        alt.Chart(frame_lines(series, {"ROAS": ratio}, dashed="ROAS"))
        .mark_line()
        .encode(
            x=day_axis(series),
            y=alt.Y("amount:Q", title="ROAS, as reported", axis=alt.Axis(format=".1f", tickCount=5)),
            color=alt.Color("series:N", scale=alt.Scale(domain=["ROAS"]), legend=None),
            strokeDash=DASHES,
        )
    )
    reading = draw_reading(series, {"roas": ratio}, [alt.Tooltip("roas:Q", format=".2f", title="ROAS")])
    return alt.layer(*draw_arriving(series), reading, line)
