"""What each hour gets under a schedule: bars of a day, or the cells of a week where weekdays differ."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from adtempo.charts.daypart_week import STRONGEST, WEEKDAYS

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PlanFigures:
    """A schedule in numbers.

    Attributes:
        multipliers: Of each hour of the day, shape (24,), or of the week, shape (168,).
        amounts: What each of them gets, in major units, the same shape.
        even: What each hour of a day would get if all got the same.
        currency: ISO 4217 code.
    """

    multipliers: Floats
    amounts: Floats
    even: float
    currency: str


def draw_plan(plan: PlanFigures) -> alt.TopLevelMixin:
    """Draw what every hour gets, beside what it would get evenly."""
    count = len(plan.amounts)
    hours = np.arange(count) % 24
    frame = pd.DataFrame(
        {
            "hour": hours,
            "span": [f"{hour:02}:00" for hour in hours],
            "day": [WEEKDAYS[place // 24] if count > 24 else "every day" for place in range(count)],
            "amount": plan.amounts,
            "multiplier": plan.multipliers,
            "tone": np.clip(plan.multipliers, 1 / STRONGEST, STRONGEST),
            "sign": ["" if one == 1 else f"{one:.2g}" for one in plan.multipliers],
            "gets": [f"{amount:,.2f} {plan.currency}" for amount in plan.amounts],
        }
    )
    axis = alt.Axis(labelAngle=0, labelExpr="datum.value % 3 == 0 ? datum.value : ''", grid=False)
    x = alt.X("hour:O", title=None, axis=axis)
    tooltip = [
        alt.Tooltip("day:N", title="Day"),
        alt.Tooltip("span:N", title="Hour"),
        alt.Tooltip("gets:N", title="Gets"),
        alt.Tooltip("multiplier:Q", format=".2f", title="Multiplier"),
    ]
    base = alt.Chart(frame)
    if count > 24:
        scale = alt.Scale(type="log", domain=[1 / STRONGEST, STRONGEST], clamp=True, interpolate="lab")
        y = alt.Y("day:O", title=None, sort=list(WEEKDAYS), axis=alt.Axis(grid=False, domain=False))
        color = alt.Color("tone:Q", scale=scale, legend=None)
        cells = base.mark_rect(style="cell").encode(x=x, y=y, color=color, tooltip=tooltip)
        signs = base.mark_text(style="sign").encode(x=x, y=y, text="sign:N")
        return alt.layer(cells, signs)
    y = alt.Y("amount:Q", title=f"{plan.currency} an hour", axis=alt.Axis(tickCount=5))
    bars = base.mark_bar(style="amount").encode(x=x, y=y, tooltip=tooltip)
    level = pd.DataFrame({"amount": [plan.even]})
    even = alt.Chart(level).mark_rule(style="ideal").encode(y=alt.Y("amount:Q"))
    return alt.layer(bars, even)
