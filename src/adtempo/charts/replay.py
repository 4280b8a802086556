"""What rules would have been worth, day after day: more value less spend than by doing nothing, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from adtempo.charts.series import draw_nothing

Floats = NDArray[np.float64]

NOTHING_DIFFERS = "Nothing would have come out differently"


@dataclass(frozen=True, slots=True, eq=False)
class ReplayFigures:
    """More value less spend than by doing nothing since the first day, in major units; arrays of shape (days,).

    Attributes:
        since: First day.
        value: Expected.
        low: Lower end of the 95% interval.
        high: Its upper end.
        currency: ISO 4217 code.
    """

    since: date
    value: Floats
    low: Floats
    high: Floats
    currency: str


def draw_replay(figures: ReplayFigures) -> alt.TopLevelMixin:
    """Draw how the difference grew, with its 95% band around the line of doing nothing."""
    if not (figures.low.any() or figures.high.any()):
        return draw_nothing(NOTHING_DIFFERS)
    days = [(figures.since + timedelta(days=day)).isoformat() for day in range(len(figures.value))]
    frame = pd.DataFrame({"day": days, "more": figures.value, "low": figures.low, "high": figures.high})
    x = alt.X("day:T", title=None, axis=alt.Axis(grid=False, format="%d %b", tickCount=6))
    y = alt.Y("more:Q", title=f"{figures.currency} more than by doing nothing", axis=alt.Axis(tickCount=5))
    tooltip = [
        alt.Tooltip("day:T", title="To the end of", format="%d %b %Y"),
        alt.Tooltip("more:Q", format="+,.0f", title="Expected"),
        alt.Tooltip("low:Q", format="+,.0f", title="95% from"),
        alt.Tooltip("high:Q", format="+,.0f", title="to"),
    ]
    base = alt.Chart(frame)
    zero = alt.Chart(pd.DataFrame({"more": [0.0]})).mark_rule(style="ideal").encode(y="more:Q")
    band = base.mark_area(style="band").encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    line = base.mark_line(point=True).encode(x=x, y=y, tooltip=tooltip)
    return alt.layer(band, zero, line)
