"""How charts look: one configuration per theme, and the step from a chart to a finished document."""

from __future__ import annotations

from dataclasses import dataclass

from adtempo.charts.grammar import Document

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one theme; series colours differ in lightness too, so that they read in grey."""

    ink: str
    muted: str
    line: str
    surface: str
    tail: str
    series: tuple[str, ...]
    worse_to_better: tuple[str, ...]


THEMES = {
    "light": Theme(
        *("#14181d", "#5b6672", "#e4e8ec", "#ffffff", "#eef1f4"),
        series=("#1b4f9c", "#4f8fe6", "#d98318"),
        worse_to_better=("#b5650b", "#efcb98", "#e8ebef", "#a3c3ef", "#1b4f9c"),
    ),
    "dark": Theme(
        *("#e6e9ed", "#98a3af", "#272d35", "#161a1f", "#1e242b"),
        series=("#8ab8ff", "#4f86d6", "#c97a1c"),
        worse_to_better=("#e59a3a", "#6b4a1e", "#2a3038", "#2f5c9e", "#8ab8ff"),
    ),
}


HEIGHT = 240
"""Pixels of a plot where nobody asks for another height and the chart has none of its own."""

NARROW = 400
"""A picture of fewer pixels is `narrow`, which charts may ask: three words of a legend do not fit beside each other."""


def finish_chart(chart: Document, theme: str, width: int | None, height: int | None) -> Document:
    """Return the Vega-Lite document of a chart in one theme.

    Args:
        chart: What a `draw_` function returned.
        theme: ``light`` or ``dark``.
        width: Pixels of the plot; None fills the element that the page gives it.
        height: Pixels of the plot; None for as much as it needs.
    """
    return {
        **(chart if width is None else _without_reading(chart)),
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": _config(THEMES[theme]),
        # Of the whole picture; `width` becomes that of the plot alone, too late for what decides how wide the plot is.
        "params": [{"name": "narrow", "expr": f"({'containerSize()[0]' if width is None else width}) < {NARROW}"}],
        "width": width or "container",
        "height": height or chart.get("height", HEIGHT),
        "autosize": {"type": "fit", "contains": "padding"},
    }


def _without_reading(chart: Document) -> Document:
    """Take out what only answers a pointer: a picture has none, and drawing it takes as long as all the rest."""
    return chart | {
        name: [layer for layer in layers if layer["mark"].get("style") != "reading"]
        for name, layers in chart.items()
        if name == "layer"
    }


def _config(theme: Theme) -> Document:
    return {
        "background": theme.surface,
        "font": FONT,
        "padding": {"left": 4, "right": 12, "top": 8, "bottom": 4},
        "view": {"stroke": None},
        "axis": {
            "labelColor": theme.muted,
            "titleColor": theme.muted,
            "labelFontSize": 11,
            "labelLimit": 0,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "gridColor": theme.line,
            "domainColor": theme.line,
            "tickColor": theme.line,
            "titlePadding": 8,
        },
        "axisY": {"domain": False, "ticks": False, "labelPadding": 6},
        "line": {"strokeWidth": 2},
        "range": {"category": list(theme.series), "heatmap": list(theme.worse_to_better)},
        "legend": {
            "labelColor": theme.ink,
            "labelFontSize": 12,
            "labelLimit": 0,
            "symbolStrokeWidth": 2,
            "columnPadding": 10,
            "columns": {"expr": "narrow ? 2 : 0"},
        },
        "style": {
            "arriving": {"color": theme.tail},
            "note": {"color": theme.muted, "fontSize": 11},
            "band": {"color": theme.series[1], "fillOpacity": 0.18},
            "ideal": {"color": theme.muted, "strokeDash": [4, 3], "strokeWidth": 1},
            "spread": {"color": theme.series[0], "strokeWidth": 2, "opacity": 0.45},
            "dot": {"color": theme.series[0], "size": 90, "opacity": 1},
            "reading": {"color": theme.line},
            "cell": {"stroke": theme.surface, "strokeWidth": 1},
            "width": {"color": theme.surface, "strokeWidth": 1.2, "filled": False},
            "width_on_pale": {"color": theme.ink, "strokeWidth": 1.2, "filled": False},
            "sign": {"color": theme.surface, "fontSize": 9},
            "sign_on_pale": {"color": theme.ink, "fontSize": 9},
            "interval": {"color": theme.series[0], "strokeWidth": 2},
            "hour": {"color": theme.series[0], "fontSize": 11},
            "amount": {"color": theme.series[1]},
            "returns": {"opacity": 0.6},
            "zero": {"color": theme.muted, "strokeWidth": 1},
            "wide": {"color": theme.ink, "strokeWidth": 1},
            "narrow": {"color": theme.ink, "strokeWidth": 3},
            "allowed": {"color": theme.line, "height": 10},
            "move": {"color": theme.series[0], "strokeWidth": 2},
            "today": {"color": theme.series[0], "filled": True, "size": 45, "opacity": 1},
            "proposed": {"color": theme.series[0], "filled": True, "size": 90, "opacity": 1},
            "said": {"color": theme.ink, "fontSize": 11},
            "empty": {"color": theme.muted, "fontSize": 13},
        },
    }
