"""The 24 hours of the day: each with its interval, so that a difference can be told from noise."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from adtempo.charts.series import draw_nothing

Floats = NDArray[np.float64]

NO_HOURS = "No hourly facts in this period"

MARGIN = 0.06
"""Part of the chart's height that stays free above and below the intervals."""


@dataclass(frozen=True, slots=True, eq=False)
class HourFigures:
    """Lifts over a campaign's mean, above 1 is better; NaN where nothing is known, each of shape (24,).

    Attributes:
        lift: Of each hour of the day.
        low: Lower end of its 95% interval.
        high: Upper end.
        label: 1 peak, -1 valley, 0 where nothing can be said.
        words: What an hour's estimate is, with its unit.
    """

    lift: Floats
    low: Floats
    high: Floats
    label: NDArray[np.int8]
    words: tuple[str, ...]


def draw_hours(hours: HourFigures) -> alt.TopLevelMixin:
    """Draw each hour as a dot on its interval; full dots are significant, faint ones are not."""
    if not np.isfinite(hours.lift).any():
        return draw_nothing(NO_HOURS)
    frame = pd.DataFrame(
        {
            "hour": np.arange(24),
            "span": [f"{hour:02}:00" for hour in range(24)],
            "lift": hours.lift,
            "low": hours.low,
            "high": hours.high,
            "estimate": hours.words,
            "strength": np.where(hours.label != 0, 1.0, 0.4),
            "sign": np.select([hours.label > 0, hours.label < 0], ["▲", "▼"], "●"),
            "said": np.select([hours.label > 0, hours.label < 0], ["better", "worse"], "no clear difference"),
        }
    )
    x = alt.X("hour:O", title=None, axis=alt.Axis(labelAngle=0, labelExpr="datum.value % 3 == 0 ? datum.value : ''"))
    least, most = min(float(np.nanmin(hours.low)), 0.8), max(float(np.nanmax(hours.high)), 1.2)
    room = MARGIN * (most - least)  # lest the longest interval is cut off by the edge
    scale = alt.Scale(domain=[max(least - room, 0.0), most + room], zero=False)
    y = alt.Y("lift:Q", title="Times the campaign's mean", scale=scale, axis=alt.Axis(tickCount=5, format=".1f"))
    tooltip = [
        alt.Tooltip("span:N", title="Hour"),
        alt.Tooltip("estimate:N", title="Estimate"),
        alt.Tooltip("lift:Q", format=".2f", title="Times the mean"),
        alt.Tooltip("low:Q", format=".2f", title="95% from"),
        alt.Tooltip("high:Q", format=".2f", title="to"),
        alt.Tooltip("said:N", title="Verdict"),
    ]
    base = alt.Chart(frame)
    strength = alt.Opacity("strength:Q", scale=None)
    mean = alt.Chart(pd.DataFrame({"lift": [1.0]})).mark_rule(style="ideal").encode(y=alt.Y("lift:Q", scale=scale))
    spread = base.mark_rule(style="interval").encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q", opacity=strength)
    dots = base.mark_text(style="hour").encode(x=x, y=y, text="sign:N", opacity=strength, tooltip=tooltip)
    return alt.layer(mean, spread, dots)
