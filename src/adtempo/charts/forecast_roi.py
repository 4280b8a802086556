"""What the next days bring back: a bar per channel and window on its intervals."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from adtempo.domain.forecasts import WINDOWS, RoiForecast

ROW_HEIGHT, FRAME_HEIGHT = 26, 80
"""Pixels of one bar with its interval, and of axis and legend together."""


def draw_roi_forecast(forecasts: Sequence[RoiForecast]) -> alt.TopLevelMixin:
    """Draw the ROI of each channel over the next 7 and 28 days; thick the 80% interval, thin the 95% one.

    Args:
        forecasts: Of one currency, at least one.
    """
    frame = pd.DataFrame([_row(one) for one in forecasts])
    names = list(dict.fromkeys(frame["channel"]))
    windows = [_window(days) for days in WINDOWS]
    y = alt.Y("channel:N", title=None, sort=names, axis=alt.Axis(domain=False, ticks=False, labelLimit=110))
    row = alt.YOffset("window:N", sort=windows)
    title = f"ROI of spend in {forecasts[0].subject.currency}"
    axis = alt.Axis(format=".0%", tickCount=5, grid=True)
    legend = alt.Legend(orient="top", direction="horizontal", title=None, symbolType="square", offset=4)
    tooltip = [
        alt.Tooltip("channel:N", title="Channel"),
        alt.Tooltip("window:N", title="Window"),
        alt.Tooltip("dates:N", title="Days"),
        alt.Tooltip("value:Q", format=".1%", title="ROI"),
        alt.Tooltip("interval80:N", title="80%"),
        alt.Tooltip("interval95:N", title="95%"),
        alt.Tooltip("model:N", title="Forecast by"),
        alt.Tooltip("note:N", title="Note"),
    ]
    base = alt.Chart(frame).encode(y=y, yOffset=row)
    bars = base.mark_bar(style="returns").encode(
        x=alt.X("value:Q", title=title, axis=axis),
        color=alt.Color("window:N", scale=alt.Scale(domain=windows), legend=legend),
        tooltip=tooltip,
    )
    wide = base.mark_rule(style="wide").encode(x=alt.X("low95:Q", title=title), x2=alt.X2("high95:Q"))
    narrow = base.mark_rule(style="narrow").encode(x=alt.X("low80:Q", title=title), x2=alt.X2("high80:Q"))
    unknown = (
        base.transform_filter("!isValid(datum.value)")
        .mark_text(style="note", align="left", dx=4)
        .encode(x=alt.datum(0), text=alt.Text("unknown:N"), tooltip=tooltip)
    )
    zero = alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(style="zero").encode(x=alt.X("value:Q"))
    return alt.layer(bars, zero, wide, narrow, unknown).properties(height=ROW_HEIGHT * len(frame) + FRAME_HEIGHT)


def _row(one: RoiForecast) -> dict[str, object]:
    roi = one.roi
    return {
        "channel": one.subject.name or "all channels",
        "window": _window(one.days),
        "dates": f"{one.since:%-d %b} to {one.until:%-d %b %Y}",
        "value": None if roi is None else roi.value,
        "low80": None if roi is None else roi.low80,
        "high80": None if roi is None else roi.high80,
        "low95": None if roi is None else roi.low95,
        "high95": None if roi is None else roi.high95,
        "interval80": "" if roi is None else f"{roi.low80:.1%} to {roi.high80:.1%}",
        "interval95": "" if roi is None else f"{roi.low95:.1%} to {roi.high95:.1%}",
        "unknown": "nothing can be said",
        "model": one.model,
        "note": one.note,
    }


def _window(days: int) -> str:
    return f"next {days} days"
