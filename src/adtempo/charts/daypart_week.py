"""The 168 hours of a week: how good each is, how sure that is, and where nothing can be said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.charts.grammar import Document, field, mark, rows
from adtempo.charts.series import draw_nothing

Floats = NDArray[np.float64]

WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
NO_HOURS = "No hourly facts in this period"

FADED = 0.3
"""How strongly an hour is drawn of which nothing can be said."""

STRONGEST = 1.6
"""Lifts beyond this, and below one over it, have the strongest colours."""

LIFT_SCALE = {"type": "log", "domain": [1 / STRONGEST, STRONGEST], "clamp": True, "interpolate": "lab"}
"""Colours of lifts: as far from 1 upwards as downwards, equally strong."""

PALE = 1.25
"""Lifts within this factor of 1 have colours so light that what stands on them is dark; so are faded ones."""

EVERY_THIRD = "datum.value % 3 == 0 ? datum.value : ''"
"""Which hours an axis names."""


@dataclass(frozen=True, slots=True, eq=False)
class LiftFigures:
    """Lifts over a campaign's mean, above 1 is better; NaN where nothing is known.

    Attributes:
        lift: Of each hour of the week, Monday 00:00 first, shape (168,), or of the day, shape (24,).
        low: Lower end of its 95% interval, the same shape.
        high: Upper end.
        label: 1 peak, -1 valley, 0 where nothing can be said.
        words: What an hour's estimate is, with its unit.
    """

    lift: Floats
    low: Floats
    high: Floats
    label: NDArray[np.int8]
    words: tuple[str, ...]


def draw_week(week: LiftFigures) -> Document:
    """Draw a cell per hour: colour is the lift, the line in it the interval's width, faint what is not significant."""
    if not np.isfinite(week.lift).any():
        return draw_nothing(NO_HOURS)
    hours = np.tile(np.arange(24), 7)
    data = rows(
        {
            "hour": hours,
            "span": [f"{hour:02}:00" for hour in hours],
            "day": np.repeat(WEEKDAYS, 24),
            "lift": week.lift,
            "width": np.clip(week.high / week.low - 1, 0, 2),
            "strength": np.where(week.label != 0, 1.0, FADED),
            "pale": (week.label == 0) | (week.lift < PALE) & (week.lift > 1 / PALE),
            "sign": np.select([week.label > 0, week.label < 0], ["▲", "▼"], ""),
            "estimate": week.words,
            "interval": [f"{low:.2f} to {high:.2f}" for low, high in zip(week.low, week.high, strict=True)],
            "said": np.select([week.label > 0, week.label < 0], ["better", "worse"], "no clear difference"),
        }
    )
    plain = {"grid": False, "domain": False}
    x = field("hour:O", title=None, axis={"labelAngle": 0, "labelExpr": EVERY_THIRD, **plain})
    y = field("day:O", title=None, sort=WEEKDAYS, axis=plain)
    tooltip = [
        field("day:N", title="Day"),
        field("span:N", title="Hour"),
        field("estimate:N", title="Estimate"),
        field("lift:Q", format=".2f", title="Times the mean"),
        field("interval:N", title="95%"),
        field("said:N", title="Verdict"),
    ]
    place, strength = {"x": x, "y": y}, field("strength:Q", scale=None)
    color = field("lift:Q", scale=LIFT_SCALE, legend=None)
    cells = mark("rect", {**place, "color": color, "opacity": strength, "tooltip": tooltip}, style="cell")
    size = field("width:Q", scale={"domain": [0, 2], "range": [0, 500]}, legend=None)
    drawn = [
        one | {"transform": [{"filter": which}]}
        for which, on in (("!datum.pale", ""), ("datum.pale", "_on_pale"))
        for one in (
            mark("point", {**place, "size": size, "opacity": strength}, style=f"width{on}", shape="stroke", angle=90),
            mark("text", {**place, "text": field("sign:N")}, style=f"sign{on}"),
        )
    ]
    return {"data": data, "layer": [cells, *drawn]}
