"""What charts of forecasts share: days that are over and days to come in two panels, one above the other.

Both panels are layers of one view, each on its own part of the height, so that the picture has one axis of days, one
column under the pointer, and fills whatever width it is given, which views side by side or stacked cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from adtempo.charts.series import (
    EARLIER,
    EXPECTED,
    MATURE,
    Days,
    Floats,
    day_axis,
    draw_arriving,
    draw_columns,
    draw_nothing,
    frame_lines,
    line_styles,
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


def draw_panels(upper: Panel, lower: Panel, note: str) -> alt.TopLevelMixin:
    """Draw two figures over the same days: reported, expected with 80% and 95% fans, and what was said a week before.

    Args:
        upper: Drawn on top.
        lower: Drawn below it.
        note: What to say where there is nothing to draw.
    """
    days = np.array([point.day for point in upper.points], dtype="datetime64[D]")
    if not any(point.reported is not None or point.expected for panel in (upper, lower) for point in panel.points):
        return draw_nothing(note)
    over = sum(not point.is_forecast for point in upper.points)
    arriving = days[over - _arriving(upper, lower, over) : over]
    layers = [
        *(draw_arriving(arriving) if len(arriving) else ()),
        _reading(days, over, upper, lower),
        *(_edge(days, over) if 0 < over < len(days) else ()),
        *_panel(upper, days, UPPER),
        *_panel(lower, days, LOWER),
    ]
    return alt.LayerChart(layer=layers, height=HEIGHT, resolve=alt.Resolve(scale=alt.ScaleResolveMap(y="independent")))


def _arriving(upper: Panel, lower: Panel, over: int) -> int:
    """Return how many of the last days that are over are still arriving in either figure."""
    return max(_young(panel.points[:over]) for panel in (upper, lower))


def _young(points: Sequence[Point]) -> int:
    count = 0
    while count < len(points) and (points[-1 - count].maturity or 1.0) < MATURE:
        count += 1
    return count


def _panel(panel: Panel, days: Days, place: tuple[float, float]) -> list[alt.Chart]:
    over = sum(not point.is_forecast for point in panel.points)
    # The line of what is expected begins on the last settled day, so that it meets the line of what was reported.
    settled = over - _young(panel.points[:over])
    first = max(settled - 1, 0)
    reported = _values([point.reported for point in panel.points])
    fan = {end: _values([getattr(one.expected, end, None) for one in panel.points]) for end in _ENDS}
    if settled and not np.isnan(reported[first]):
        for end in _ENDS:
            fan[end][first] = reported[first]
    earlier = _values([point.earlier.value if point.earlier else None for point in panel.points])
    tail = np.arange(len(days)) >= first
    seen = np.concatenate([reported, earlier, *(fan[end][tail] for end in ("value", "low80", "high80"))])
    seen = np.append(seen, [] if panel.level is None else [panel.level])
    y = _y(panel, seen[np.isfinite(seen)], place)
    lines = {REPORTED: reported, EXPECTED: np.where(tail, fan["value"], np.nan), EARLIER: earlier}
    bands = [
        alt.Chart(pd.DataFrame({"day": midnights(days[tail]), "low": fan[low][tail], "high": fan[high][tail]}))
        .mark_area(style="band")
        .encode(x=day_axis(days), y=y("low", axis=None), y2=alt.Y2("high:Q"))
        for low, high in (("low95", "high95"), ("low80", "high80"))
    ]
    level = [
        alt.Chart(pd.DataFrame({"amount": [one]})).mark_rule(style="ideal").encode(y=y("amount", axis=None))
        for one in [panel.level]
        if one is not None
    ]
    # Every layer has a scale of its own, all of a panel's alike; the lines bring the axis. A line of one point would be
    # invisible.
    drawn = (
        alt.Chart(frame_lines(days, lines))
        .mark_line(point=len(days) == 1)
        .encode(x=day_axis(days), y=y("amount"), **line_styles(list(lines)))
    )
    return [*bands, *level, drawn]


_ENDS = ("value", "low80", "high80", "low95", "high95")


def _y(panel: Panel, seen: Floats, place: tuple[float, float]) -> Callable[..., alt.Y]:
    """Return what places a field on the panel's part of the height; 95% fans that leave it are cut off."""
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
    if low >= 0:
        low = 0.0
    spread = (high - low) or 1.0
    scale = alt.Scale(
        domain=[low if low == 0 else low - 0.05 * spread, high + 0.05 * spread],
        range=[{"expr": f"height * {share}"} for share in place],
        clamp=True,
        zero=False,
    )
    shown = alt.Axis(format=panel.axis, tickCount=4, orient="left")

    def y(field: str, axis: alt.Axis | None = shown) -> alt.Y:
        return alt.Y(f"{field}:Q", title=panel.title, scale=scale, axis=axis)

    return y


def _edge(days: Days, over: int) -> tuple[alt.Chart, alt.Chart]:
    edge = alt.Chart(pd.DataFrame({"day": [middays(days[over - 1 : over])[0]], "label": [TO_COME]}))
    line = edge.mark_rule(style="ideal").encode(x=alt.X("day:T"))
    label = edge.mark_text(style="note", align="left", baseline="top", dx=4, dy=3).encode(
        x=alt.X("day:T"), y=alt.value(0), text=alt.Text("label:N")
    )
    return line, label


def _reading(days: Days, over: int, *panels: Panel) -> alt.Chart:
    """Draw the columns that read the numbers of both panels out."""
    columns: dict[str, Floats | list[str]] = {"state": ["over"] * over + [TO_COME] * (len(days) - over)}
    tooltip = [alt.Tooltip("state:N", title="This day is")]
    for panel in panels:
        for field, title, words in (
            ("reported", "reported", [_words(point.reported, panel.say) for point in panel.points]),
            ("expected", "expected (80%)", [_fan_words(point.expected, panel.say) for point in panel.points]),
            ("earlier", "said a week before (80%)", [_fan_words(point.earlier, panel.say) for point in panel.points]),
        ):
            columns[f"{panel.name}_{field}"] = words
            tooltip.append(alt.Tooltip(f"{panel.name}_{field}:N", title=f"{panel.title}, {title}"))
    return draw_columns(days, columns, tooltip)


def _words(value: float | None, say: Callable[[float], str]) -> str:
    return "none" if value is None else say(value)


def _fan_words(fan: Forecast | None, say: Callable[[float], str]) -> str:
    return "none" if fan is None else f"{say(fan.value)} ({say(fan.low80)} to {say(fan.high80)})"


def _values(amounts: Sequence[float | None]) -> Floats:
    return np.array([np.nan if one is None else one for one in amounts])
