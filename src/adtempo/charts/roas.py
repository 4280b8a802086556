"""What a unit of spend brought back, day by day, and what it will have brought back."""

from __future__ import annotations

import altair as alt
import numpy as np

from adtempo.charts.series import (
    EXPECTED,
    DailySeries,
    day_axis,
    draw_arriving,
    draw_band,
    draw_nothing,
    draw_reading,
    frame_lines,
    in_words,
    line_styles,
    only_tail,
)

REPORTED = "ROAS reported"


def draw_roas(series: DailySeries) -> alt.TopLevelMixin:
    """Draw conversion value / spend per day; a day without spend has no ROAS and is left out.

    In the tail that is still arriving, the expected final ROAS and its 80% interval stand above the reported one.
    """
    reported, expected = series.per_spend(series.value), series.per_spend(series.expected)
    low, high = series.per_spend(series.low80), series.per_spend(series.high80)
    if not np.isfinite(reported).any():
        return draw_nothing()
    names = [REPORTED, EXPECTED]
    lines = (
        alt.Chart(frame_lines(series.days, {REPORTED: reported, EXPECTED: only_tail(series, expected)}))
        .mark_line()
        .encode(
            x=day_axis(series.days),
            y=alt.Y("amount:Q", title="ROAS", axis=alt.Axis(format=".1f", tickCount=5)),
            **line_styles(names),
        )
    )
    words = in_words(expected, low, high, ".2f")
    tooltip = [alt.Tooltip("roas:Q", format=".2f", title=REPORTED), alt.Tooltip("final:N", title="Expected (80%)")]
    reading = draw_reading(series, {"roas": reported, "final": words}, tooltip)
    return alt.layer(*draw_arriving(series.days[series.arriving_from :]), reading, draw_band(series, low, high), lines)
