"""What charts of forecasts share: days that are over and days to come in two panels, one above the other.

Both panels are layers of one view, each on its own part of the height, so that the picture has one axis of days, one
column under the pointer, and fills whatever width it is given, which views side by side or stacked cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from adtempo.charts.grammar import Document, field, mark, rows
from adtempo.charts.series import (
    EARLIER,
    EXPECTED,
    MATURE,
    Days,
    Floats,
    day_axis,
    draw_arriving,
    draw_columns,
    draw_lines,
    draw_nothing,
    middays,
    midnights,
)
from adtempo.domain.forecasts import Forecast, Point

REPORTED = "Reported"
TO_COME = "to come"

HEIGHT = 320
"""Pixels of both panels together."""

UPPER, LOWER = (0.46, 0.0), (1.0, 0.54)
"""Where a panel's axis begins and ends, as shares of the height from the top."""


LONG_DAYS, RECENT_DAYS = 800, 56
"""A past of more days stands closer than pixels do, so only its last days are drawn one by one."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure, day by day.

    Attributes:
        name: Of its fields.
        title: What stands at its axis, with the unit.
        points: Its days; both panels of a picture have the same.
        axis: Format of its axis, as d3 reads it.
        say: Writes a value for people.
        level: Where a line is drawn for orientation; None for none.
    """

    name: str
    title: str
    points: Sequence[Point]
    axis: str
    say: Callable[[float], str]
    level: float | None = None


def draw_panels(upper: Panel, lower: Panel, note: str) -> Document:
    """Draw two figures over the same days: reported, expected with 80% and 95% fans, and what was said a week before.

    Args:
        lower: Drawn below it.
        note: What to say where there is nothing to draw.
    """
    if not any(point.reported is not None or point.expected for panel in (upper, lower) for point in panel.points):
        return draw_nothing(note)
    upper, lower = _thinned(upper, lower)
    days = np.array([point.day for point in upper.points], dtype="datetime64[D]")
    over = sum(not point.is_forecast for point in upper.points)
    arriving = days[over - _arriving(upper, lower, over) : over]
    layers = [
        *draw_arriving(arriving),
        _reading(days, over, upper, lower),
        *(_edge(days, over) if 0 < over < len(days) else ()),
        *_panel(upper, days, UPPER),
        *_panel(lower, days, LOWER),
    ]
    return {"layer": layers, "height": HEIGHT, "resolve": {"scale": {"y": "independent"}}}


def _thinned(*panels: Panel) -> list[Panel]:
    """Keep, of each week of a long past, the lowest and the highest day of either figure: others hide behind them."""
    points = panels[0].points
    over = sum(not point.is_forecast for point in points)
    weeks = (over - RECENT_DAYS) // 7 if over > LONG_DAYS else 0
    kept = [np.arange(7 * weeks, len(points))]
    for panel in panels:
        reported = _values([point.reported for point in panel.points[: 7 * weeks]]).reshape(-1, 7)
        lowest, highest = (np.where(np.isnan(reported), edge, reported) for edge in (np.inf, -np.inf))
        kept += [7 * np.arange(weeks) + place for place in (lowest.argmin(axis=1), highest.argmax(axis=1))]
    shown = np.unique(np.concatenate(kept)).tolist()
    return [replace(panel, points=[panel.points[place] for place in shown]) for panel in panels]


def _arriving(upper: Panel, lower: Panel, over: int) -> int:
    """Return how many of the last days that are over are still arriving in either figure."""
    return max(_young(panel.points[:over]) for panel in (upper, lower))


def _young(points: Sequence[Point]) -> int:
    count = 0
    while count < len(points) and (points[-1 - count].maturity or 1.0) < MATURE:
        count += 1
    return count


def _panel(panel: Panel, days: Days, place: tuple[float, float]) -> list[Document]:
    over = sum(not point.is_forecast for point in panel.points)
    # The line of what is expected begins on the last settled day, so that it meets the line of what was reported.
    settled = over - _young(panel.points[:over])
    first = max(settled - 1, 0)
    reported = _values([point.reported for point in panel.points])
    tail = panel.points[first:]
    fan = {end: _values([getattr(point.expected, end, None) for point in tail]) for end in _ENDS}
    if settled and not np.isnan(reported[first]):
        for end in _ENDS:
            fan[end][0] = reported[first]
    earlier = _values([point.earlier.value if point.earlier else None for point in panel.points])
    seen = np.concatenate([reported, earlier, *(fan[end] for end in ("value", "low80", "high80"))])
    seen = np.append(seen, [] if panel.level is None else [panel.level])
    y = _y(panel, seen[np.isfinite(seen)], place)
    expected = np.concatenate([np.full(first, np.nan), fan["value"]])
    lines = {REPORTED: reported, EXPECTED: expected, EARLIER: earlier}
    x = day_axis(days)
    ends = rows({"day": midnights(days[first:]), **fan})
    bands = [
        mark("area", {"x": x, "y": y(f"low{share}", axis=None), "y2": field(f"high{share}")}, ends, style="band")
        for share in (95, 80)
    ]
    level = [
        mark("rule", {"y": y("amount", axis=None)}, rows({"amount": [one]}), style="ideal")
        for one in [panel.level]
        if one is not None
    ]
    # Every layer has a scale of its own, all of a panel's alike; the lines bring the axis. A line of one point would be
    # invisible.
    return [*bands, *level, draw_lines(days, lines, y("amount"), point=len(days) == 1)]


_ENDS = ("value", "low80", "high80", "low95", "high95")


def _y(panel: Panel, seen: Floats, place: tuple[float, float]) -> Callable[..., Document]:
    """Return what places a field on the panel's part of the height; 95% fans that leave it are cut off."""
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
    if low >= 0:
        low = 0.0
    spread = (high - low) or 1.0
    scale = {
        "domain": [low if low == 0 else low - 0.05 * spread, high + 0.05 * spread],
        "range": [{"expr": f"height * {share}"} for share in place],
        "clamp": True,
        "zero": False,
    }
    shown = {"format": panel.axis, "tickCount": 4, "orient": "left"}

    def y(column: str, axis: Document | None = shown) -> Document:
        return field(f"{column}:Q", title=panel.title, scale=scale, axis=axis)

    return y


def _edge(days: Days, over: int) -> tuple[Document, Document]:
    edge = rows({"day": middays(days[over - 1 : over]), "label": [TO_COME]})
    label = {"x": field("day:T"), "y": {"value": 0}, "text": field("label:N")}
    return (
        mark("rule", {"x": field("day:T")}, edge, style="ideal"),
        mark("text", label, edge, style="note", align="left", baseline="top", dx=4, dy=3),
    )


def _reading(days: Days, over: int, *panels: Panel) -> Document:
    """Draw the columns that read the numbers of both panels out."""
    columns: dict[str, Floats | list[str]] = {"state": ["over"] * over + [TO_COME] * (len(days) - over)}
    tooltip = [field("state:N", title="This day is")]
    for panel in panels:
        for name, title, words in (
            ("reported", "reported", [_words(point.reported, panel.say) for point in panel.points]),
            ("expected", "expected (80%)", [_fan_words(point.expected, panel.say) for point in panel.points]),
            ("earlier", "said a week before (80%)", [_fan_words(point.earlier, panel.say) for point in panel.points]),
        ):
            columns[f"{panel.name}_{name}"] = words
            tooltip.append(field(f"{panel.name}_{name}:N", title=f"{panel.title}, {title}"))
    return draw_columns(days, columns, tooltip)


def _words(value: float | None, say: Callable[[float], str]) -> str:
    return "none" if value is None else say(value)


def _fan_words(fan: Forecast | None, say: Callable[[float], str]) -> str:
    return "none" if fan is None else f"{say(fan.value)} ({say(fan.low80)} to {say(fan.high80)})"


def _values(amounts: Sequence[float | None]) -> Floats:
    return np.array([np.nan if one is None else one for one in amounts])
