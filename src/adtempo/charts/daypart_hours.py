"""The 24 hours of the day: each with its interval, so that a difference can be told from noise."""

from __future__ import annotations

import numpy as np

from adtempo.charts.daypart_week import EVERY_THIRD, NO_HOURS, LiftFigures
from adtempo.charts.grammar import Document, field, mark, rows
from adtempo.charts.series import draw_nothing

MARGIN = 0.06
"""Part of the chart's height that stays free above and below the intervals."""


def draw_hours(hours: LiftFigures) -> Document:
    """Draw each hour as a dot on its interval; full dots are significant, faint ones are not."""
    if not np.isfinite(hours.lift).any():
        return draw_nothing(NO_HOURS)
    data = rows(
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
    x = field("hour:O", title=None, axis={"labelAngle": 0, "labelExpr": EVERY_THIRD})
    least, most = min(float(np.nanmin(hours.low)), 0.8), max(float(np.nanmax(hours.high)), 1.2)
    room = MARGIN * (most - least)  # lest the longest interval is cut off by the edge
    scale = {"domain": [max(least - room, 0.0), most + room], "zero": False}
    y = field("lift:Q", title="Times the campaign's mean", scale=scale, axis={"tickCount": 5, "format": ".1f"})
    tooltip = [
        field("span:N", title="Hour"),
        field("estimate:N", title="Estimate"),
        field("lift:Q", format=".2f", title="Times the mean"),
        field("low:Q", format=".2f", title="95% from"),
        field("high:Q", format=".2f", title="to"),
        field("said:N", title="Verdict"),
    ]
    each = {"x": x, "opacity": field("strength:Q", scale=None)}
    mean = mark("rule", {"y": field("lift:Q", scale=scale)}, rows({"lift": [1.0]}), style="ideal")
    spread = mark("rule", {**each, "y": field("low:Q", scale=scale), "y2": field("high")}, style="interval")
    dots = mark("text", {**each, "y": y, "text": field("sign:N"), "tooltip": tooltip}, style="hour")
    return {"data": data, "layer": [mean, spread, dots]}
