"""The 168 hours of a week: how good each is, how sure that is, and where nothing can be said."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from adtempo.charts.series import draw_nothing

Floats = NDArray[np.float64]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NO_HOURS = "No hourly facts in this period"

FADED = 0.3
"""How strongly an hour is drawn of which nothing can be said."""

STRONGEST = 1.6
"""Lifts beyond this, and below one over it, have the strongest colours."""


PALE = 1.25
"""Lifts within this factor of 1 have colours so light that signs on them are dark."""


@dataclass(frozen=True, slots=True, eq=False)
class WeekFigures:
    """Lifts over a campaign's mean, above 1 is better; NaN where nothing is known.

    Attributes:
        lift: Of each hour of the week, Monday 00:00 first, shape (168,).
        low: Lower end of its 95% interval, shape (168,).
        high: Upper end, shape (168,).
        label: 1 peak, -1 valley, 0 where nothing can be said, shape (168,).
        words: What an hour's estimate is, with its unit, shape (168,).
    """

    lift: Floats
    low: Floats
    high: Floats
    label: NDArray[np.int8]
    words: tuple[str, ...]


def draw_week(week: WeekFigures) -> alt.TopLevelMixin:
    """Draw a cell per hour: colour is the lift, the line in it the interval's width, faint what is not significant."""
    if not np.isfinite(week.lift).any():
        return draw_nothing(NO_HOURS)
    hours = np.tile(np.arange(24), 7)
    frame = pd.DataFrame(
        {
            "hour": hours,
            "span": [f"{hour:02}:00" for hour in hours],
            "day": np.repeat(WEEKDAYS, 24),
            "lift": week.lift,
            "width": np.clip(week.high / week.low - 1, 0, 2),
            "strength": np.where(week.label != 0, 1.0, FADED),
            "pale": (week.lift < PALE) & (week.lift > 1 / PALE),
            "sign": np.select([week.label > 0, week.label < 0], ["▲", "▼"], ""),
            "estimate": week.words,
            "interval": [f"{low:.2f} to {high:.2f}" for low, high in zip(week.low, week.high, strict=True)],
            "said": np.select([week.label > 0, week.label < 0], ["better", "worse"], "no clear difference"),
        }
    )
    x = alt.X("hour:O", title=None, axis=_hour_axis())
    y = alt.Y("day:O", title=None, sort=list(WEEKDAYS), axis=alt.Axis(grid=False, domain=False))
    tooltip = [
        alt.Tooltip("day:N", title="Day"),
        alt.Tooltip("span:N", title="Hour"),
        alt.Tooltip("estimate:N", title="Estimate"),
        alt.Tooltip("lift:Q", format=".2f", title="Times the mean"),
        alt.Tooltip("interval:N", title="95%"),
        alt.Tooltip("said:N", title="Verdict"),
    ]
    scale = alt.Scale(type="log", domain=[1 / STRONGEST, STRONGEST], clamp=True, interpolate="lab")
    base = alt.Chart(frame)
    strength = alt.Opacity("strength:Q", scale=None)
    cells = base.mark_rect(style="cell").encode(
        x=x, y=y, color=alt.Color("lift:Q", scale=scale, legend=None), opacity=strength, tooltip=tooltip
    )
    size = alt.Size("width:Q", scale=alt.Scale(domain=[0, 2], range=[0, 500]), legend=None)
    widths = base.mark_point(style="width", shape="stroke", angle=90).encode(x=x, y=y, size=size, opacity=strength)
    signs = [
        base.transform_filter(f"{'' if pale else '!'}datum.pale").mark_text(style=style).encode(x=x, y=y, text="sign:N")
        for pale, style in ((False, "sign"), (True, "sign_on_pale"))
    ]
    return alt.layer(cells, widths, *signs)


def _hour_axis() -> alt.Axis:
    return alt.Axis(labelAngle=0, labelExpr="datum.value % 3 == 0 ? datum.value : ''", grid=False, domain=False)
