"""What each hour gets under a schedule: bars of a day, or the cells of a week where weekdays differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.charts.daypart_week import EVERY_THIRD, LIFT_SCALE, STRONGEST, WEEKDAYS
from adtempo.charts.grammar import Document, field, mark, rows

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


def draw_plan(plan: PlanFigures) -> Document:
    """Draw what every hour gets, beside what it would get evenly."""
    count = len(plan.amounts)
    hours = np.arange(count) % 24
    data = rows(
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
    x = field("hour:O", title=None, axis={"labelAngle": 0, "labelExpr": EVERY_THIRD, "grid": False})
    tooltip = [
        field("day:N", title="Day"),
        field("span:N", title="Hour"),
        field("gets:N", title="Gets"),
        field("multiplier:Q", format=".2f", title="Multiplier"),
    ]
    if count > 24:
        y = field("day:O", title=None, sort=WEEKDAYS, axis={"grid": False, "domain": False})
        color = field("tone:Q", scale=LIFT_SCALE, legend=None)
        cells = mark("rect", {"x": x, "y": y, "color": color, "tooltip": tooltip}, style="cell")
        signs = mark("text", {"x": x, "y": y, "text": field("sign:N")}, style="sign")
        return {"data": data, "layer": [cells, signs]}
    y = field("amount:Q", title=f"{plan.currency} an hour", axis={"tickCount": 5})
    bars = mark("bar", {"x": x, "y": y, "tooltip": tooltip}, style="amount")
    even = mark("rule", {"y": field("amount:Q")}, rows({"amount": [plan.even]}), style="ideal")
    return {"data": data, "layer": [bars, even]}
