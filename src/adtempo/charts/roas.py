"""What a unit of spend brought back, day by day, and what it will have brought back."""

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

REPORTED = "ROAS reported"


def draw_roas(series: DailySeries) -> Document:
    """Draw conversion value / spend per day; a day without spend has no ROAS and is left out.

    In the tail that is still arriving, the expected final ROAS and its 80% interval stand above the reported one.
    """
    reported, expected = series.per_spend(series.value), series.per_spend(series.expected)
    low, high = series.per_spend(series.low80), series.per_spend(series.high80)
    if not np.isfinite(reported).any():
        return draw_nothing()
    drawn = {REPORTED: reported, EXPECTED: only_tail(series, expected)}
    y = field("amount:Q", title="ROAS", axis={"format": ".1f", "tickCount": 5})
    lines = draw_lines(series.days, drawn, y)
    words = in_words(expected, low, high, ".2f")
    tooltip = [field("roas:Q", format=".2f", title=REPORTED), field("final:N", title="Expected (80%)")]
    reading = draw_reading(series, {"roas": reported, "final": words}, tooltip)
    arriving = draw_arriving(series.days[series.arriving_from :])
    return {"layer": [*arriving, reading, draw_band(series, low, high), lines]}
