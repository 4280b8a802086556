"""What rules would have been worth, day after day: more value less spend than by doing nothing, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from adtempo.charts.grammar import Document, field, mark, rows
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


def draw_replay(figures: ReplayFigures) -> Document:
    """Draw how the difference grew, with its 95% band around the line of doing nothing."""
    if not (figures.low.any() or figures.high.any()):
        return draw_nothing(NOTHING_DIFFERS)
    days = [(figures.since + timedelta(days=day)).isoformat() for day in range(len(figures.value))]
    found = rows({"day": days, "more": figures.value, "low": figures.low, "high": figures.high})
    x = field("day:T", title=None, axis={"grid": False, "format": "%d %b", "tickCount": 6})
    y = field("more:Q", title=f"{figures.currency} more than by doing nothing", axis={"tickCount": 5})
    tooltip = [
        field("day:T", title="To the end of", format="%d %b %Y"),
        field("more:Q", format="+,.0f", title="Expected"),
        field("low:Q", format="+,.0f", title="95% from"),
        field("high:Q", format="+,.0f", title="to"),
    ]
    band = mark("area", {"x": x, "y": field("low:Q"), "y2": field("high")}, style="band")
    zero = mark("rule", {"y": field("more:Q")}, rows({"more": [0.0]}), style="ideal")
    line = mark("line", {"x": x, "y": y, "tooltip": tooltip}, point=True)
    return {"data": found, "layer": [band, zero, line]}
