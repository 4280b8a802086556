"""How a day's money should be shared out, from today to what is proposed, and beside it what a little more brings back.

Both panels are layers of one view, each on its own part of the width, so that a campaign is one row and the picture
fills whatever width it is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from adtempo.charts.grammar import Document, field, mark, rows
from adtempo.charts.series import draw_nothing
from adtempo.domain.forecasts import BudgetLine, BudgetRecommendation, Level

ROW_HEIGHT, FRAME_HEIGHT = 22, 80
"""Pixels of one campaign, and of axis and legend together."""

CAMPAIGNS_SHOWN = 12
"""At most so many, those with a part of the next 1,000 before those that change most; the table has all."""

SHORTENED = (
    "length(datum.label) > (narrow ? 18 : 28)"
    " ? slice(datum.label, 0, narrow ? 9 : 14) + '…' + slice(datum.label, narrow ? -8 : -13) : datum.label"
)
"""By letters, since a limit in pixels has every name measured once more for each time it is placed; names often differ
in their ends."""

MICROS = 1_000_000


def draw_budget_recommendation(found: BudgetRecommendation) -> Document:
    """Draw each campaign's day from today to proposed, within what was allowed."""
    if not found.lines:
        return draw_nothing(found.note)
    lines = [{"place": place, **row} for place, row in enumerate(_rows(found))]
    axis = {
        "domain": False,
        "ticks": False,
        "labelExpr": SHORTENED,
        "labelFontWeight": {"condition": {"test": "datum.label[0] != ' '", "value": "bold"}, "value": "normal"},
    }
    y = field("title:N", title=None, sort={"field": "place", "op": "min"}, axis=axis)
    tooltip = [
        field("name:N", title="What"),
        field("today:Q", format=",.2f", title=f"Today, {found.currency}"),
        field("proposed:Q", format=",.2f", title=f"Proposed, {found.currency}"),
        field("bounds:N", title="Allowed"),
        field("part:N", title="Of the next 1,000"),
        field("returns:N", title="A little more brings back (80%)"),
        field("sentence:N", title="Why"),
    ]
    spent = _panel(f"{found.currency} a day", [line.get(name) for line in lines for name in _ENDS], SPENT)
    brought = _panel(["Next 1,000:", "1 brings"], [1.0, *(line.get("high80") for line in lines)], BROUGHT)
    way = field("way:N", scale={"domain": _WAYS, "range": _SHAPES}, legend=_LEGEND)
    row = {"y": y, "tooltip": tooltip}
    layers = [
        mark("bar", row | {"x": spent("lowest", axis=_AXIS), "x2": field("highest")}, style="allowed"),
        mark("rule", {"y": y, "x": spent("today"), "x2": field("proposed")}, style="move"),
        mark("point", row | {"x": spent("today")}, style="today"),
        mark("point", row | {"x": spent("proposed"), "shape": way}, style="proposed"),
        _text("said", {"y": y, "x": spent("zero")}, align="left", dx=4),
        mark("rule", {"x": brought("amount")}, rows({"amount": [1.0]}), style="ideal"),
        mark("rule", row | {"x": brought("low80", axis=_AXIS), "x2": field("high80")}, style="narrow"),
        mark("point", row | {"x": brought("brings")}, style="today"),
        _text("part", {"y": y, "x": brought("zero")}, align="right", dx=-6),
    ]
    return {
        "data": {"values": lines},
        "layer": layers,
        "height": ROW_HEIGHT * len(lines) + FRAME_HEIGHT,
        "resolve": {"scale": {"x": "independent"}},
    }


SPENT, BROUGHT = (0.0, 0.55), (0.72, 1.0)
"""Where a panel begins and ends, as shares of the width."""

_ENDS = ("today", "proposed", "highest")
_AXIS = {"tickCount": 3, "format": "~s", "labelSeparation": 6, "orient": "bottom"}


def _panel(title: str | list[str], seen: Sequence[Any], place: tuple[float, float]) -> Callable[..., Document]:
    """Return what places a field on the panel's part of the width; its axis is drawn by the layer that asks."""
    most = max((one for one in seen if one is not None), default=0.0) or 1.0
    scale = {"domain": [0, 1.05 * most], "range": [{"expr": f"width * {share}"} for share in place]}

    def x(column: str, axis: Document | None = None) -> Document:
        return field(f"{column}:Q", title=title, scale=scale, axis=axis)

    return x


def _text(column: str, place: Document, **look: Any) -> Document:
    texts = mark("text", place | {"text": field(f"{column}:N")}, style="said", **look)
    return texts | {"transform": [{"filter": f"datum.{column}"}]}


_WAYS = ["more", "less", "as today", "untried"]
_SHAPES = ["triangle-right", "triangle-left", "circle", "diamond"]
_LEGEND = {"orient": "top", "direction": "horizontal", "columns": 2, "title": None, "offset": 4}


def _rows(found: BudgetRecommendation) -> list[dict[str, Any]]:
    """Return the channels as headings, each above those of its campaigns that change most."""
    campaigns = [line for line in found.lines if line.subject.level is Level.CAMPAIGN]
    channels = [line for line in found.lines if line.subject.level is Level.CHANNEL]
    told = sorted(campaigns, key=lambda line: (not line.next_micros, -abs(line.proposed_micros - line.today_micros)))
    most = told[:CAMPAIGNS_SHOWN]
    shown = {line.subject for line in most}
    titles = Counter(line.title for line in most)
    drawn = []
    for channel in channels:
        drawn.append(_heading(channel.channel, _said(channel)))
        drawn += [
            _row(line, line.title if titles[line.title] == 1 else f"{line.title} ({line.subject.name})")
            for line in campaigns
            if line.channel == channel.channel and line.subject in shown
        ]
    if len(campaigns) > len(most):
        drawn.append(_heading("...", f"and {len(campaigns) - len(most)} that change less"))
    return drawn


def _heading(title: str, said: str) -> dict[str, Any]:
    return {"title": title, "said": said, "part": "", "zero": 0.0}


def _said(line: BudgetLine) -> str:
    return f"{line.today_micros / MICROS:,.0f} to {line.proposed_micros / MICROS:,.0f}"


def _part(line: BudgetLine) -> str:
    return f"{line.next_micros / MICROS:,.0f}" if line.next_micros else ""


def _row(line: BudgetLine, title: str) -> dict[str, Any]:
    change = line.proposed_micros - line.today_micros
    way = _WAYS[0] if change > 0 else _WAYS[1] if change < 0 else _WAYS[2]
    brings = line.next_return
    return {
        "said": "",
        "part": _part(line),
        "zero": 0.0,
        "brings": brings and brings.value,
        "low80": brings and brings.low80,
        "high80": brings and brings.high80,
        "returns": f"{brings.value:.2f} ({brings.low80:.2f} to {brings.high80:.2f})" if brings else "no curve",
        "title": f"  {title}",
        "name": line.title,
        "today": line.today_micros / MICROS,
        "proposed": line.proposed_micros / MICROS,
        "lowest": line.lowest_micros / MICROS,
        "highest": line.highest_micros / MICROS,
        "bounds": f"{line.lowest_micros / MICROS:,.2f} to {line.highest_micros / MICROS:,.2f}",
        "way": _WAYS[3] if line.extrapolates else way,
        "sentence": line.sentence,
    }
