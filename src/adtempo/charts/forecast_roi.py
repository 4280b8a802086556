"""What the next days bring back: a bar per channel and window on its intervals."""

from __future__ import annotations

from collections.abc import Sequence

from adtempo.charts.grammar import Document, field, mark, rows
from adtempo.domain.forecasts import WINDOWS, RoiForecast

ROW_HEIGHT, FRAME_HEIGHT = 26, 80
"""Pixels of one bar with its interval, and of axis and legend together."""


def draw_roi_forecast(forecasts: Sequence[RoiForecast]) -> Document:
    """Draw the ROI of each channel over the next 7 and 28 days; thick the 80% interval, thin the 95% one.

    Args:
        forecasts: Of one currency, at least one.
    """
    found = [_row(one) for one in forecasts]
    names = list(dict.fromkeys(one["channel"] for one in found))
    windows = [_window(days) for days in WINDOWS]
    axis = {"domain": False, "ticks": False, "labelLimit": 110}
    place = {"y": field("channel:N", title=None, sort=names, axis=axis), "yOffset": field("window:N", sort=windows)}
    title = f"ROI of spend in {forecasts[0].subject.currency}"
    legend = {"orient": "top", "direction": "horizontal", "title": None, "symbolType": "square", "offset": 4}
    tooltip = [
        field("channel:N", title="Channel"),
        field("window:N", title="Window"),
        field("dates:N", title="Days"),
        field("value:Q", format=".1%", title="ROI"),
        field("interval80:N", title="80%"),
        field("interval95:N", title="95%"),
        field("model:N", title="Forecast by"),
        field("note:N", title="Note"),
    ]
    bars = {
        "x": field("value:Q", title=title, axis={"format": ".0%", "tickCount": 5, "grid": True}),
        "color": field("window:N", scale={"domain": windows}, legend=legend),
        "tooltip": tooltip,
    }
    unknown = {"x": {"datum": 0}, "text": field("unknown:N"), "tooltip": tooltip}
    layers = [
        mark("bar", place | bars, style="returns"),
        mark("rule", {"x": field("value:Q")}, rows({"value": [0.0]}), style="zero"),
        mark("rule", place | {"x": field("low95:Q", title=title), "x2": field("high95")}, style="wide"),
        mark("rule", place | {"x": field("low80:Q", title=title), "x2": field("high80")}, style="narrow"),
        mark("text", place | unknown, style="note", align="left", dx=4)
        | {"transform": [{"filter": "!isValid(datum.value)"}]},
    ]
    return {"data": {"values": found}, "layer": layers, "height": ROW_HEIGHT * len(found) + FRAME_HEIGHT}


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
