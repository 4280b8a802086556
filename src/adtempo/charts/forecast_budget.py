"""How a day's money should be shared out: from what each campaign gets today to what is proposed."""

from __future__ import annotations

from collections import Counter

from adtempo.charts.grammar import Document, field, mark
from adtempo.charts.series import draw_nothing
from adtempo.domain.forecasts import BudgetLine, BudgetRecommendation, Level

ROW_HEIGHT, FRAME_HEIGHT = 22, 80
"""Pixels of one campaign, and of axis and legend together."""

CAMPAIGNS_SHOWN = 20
"""At most so many, those that change most; the table beside the picture has all."""

MICROS = 1_000_000


def draw_budget_recommendation(found: BudgetRecommendation) -> Document:
    """Draw each campaign's day from today to proposed, within what was allowed."""
    if not found.lines:
        return draw_nothing(found.note)
    lines = _rows(found)
    axis = {
        "domain": False,
        "ticks": False,
        "labelLimit": 170,
        "labelFontWeight": {"condition": {"test": "datum.label[0] != ' '", "value": "bold"}, "value": "normal"},
    }
    y = field("title:N", title=None, sort=[line["title"] for line in lines], axis=axis)
    title = f"{found.currency} a day (dot: today)"
    tooltip = [
        field("name:N", title="What"),
        field("today:Q", format=",.2f", title=f"Today, {found.currency}"),
        field("proposed:Q", format=",.2f", title=f"Proposed, {found.currency}"),
        field("bounds:N", title="Allowed"),
        field("sentence:N", title="Why"),
    ]

    def at(column: str) -> Document:
        x = field(f"{column}:Q", title=title, scale={"zero": True}, axis={"tickCount": 5, "format": "~s"})
        return {"y": y, "x": x}

    way = field("way:N", scale={"domain": _WAYS, "range": _SHAPES}, legend=_LEGEND)
    layers = [
        mark("bar", at("lowest") | {"x2": field("highest"), "tooltip": tooltip}, style="allowed"),
        mark("rule", at("today") | {"x2": field("proposed")}, style="move"),
        mark("point", at("today") | {"tooltip": tooltip}, style="today"),
        mark("point", at("proposed") | {"shape": way, "tooltip": tooltip}, style="proposed"),
        mark("text", {"y": y, "x": {"datum": 0}, "text": field("said:N")}, style="said", align="left", dx=4),
    ]
    return {"data": {"values": lines}, "layer": layers, "height": ROW_HEIGHT * len(lines) + FRAME_HEIGHT}


_WAYS = ["more", "less", "as today", "untried"]
_SHAPES = ["triangle-right", "triangle-left", "circle", "diamond"]
_LEGEND = {"orient": "top", "direction": "horizontal", "columns": 2, "title": None, "offset": 4}


def _rows(found: BudgetRecommendation) -> list[dict[str, object]]:
    """Return the channels as headings, each above those of its campaigns that change most."""
    campaigns = [line for line in found.lines if line.subject.level is Level.CAMPAIGN]
    channels = [line for line in found.lines if line.subject.level is Level.CHANNEL]
    most = sorted(campaigns, key=lambda line: -abs(line.proposed_micros - line.today_micros))[:CAMPAIGNS_SHOWN]
    shown = {line.subject for line in most}
    titles = Counter(line.title for line in most)
    rows = []
    for channel in channels:
        rows.append(_heading(channel.channel, _said(channel)))
        rows += [
            _row(line, line.title if titles[line.title] == 1 else f"{line.title} ({line.subject.name})")
            for line in campaigns
            if line.channel == channel.channel and line.subject in shown
        ]
    if len(campaigns) > len(most):
        rows.append(_heading("...", f"and {len(campaigns) - len(most)} campaigns that change less"))
    return rows


def _heading(title: str, said: str) -> dict[str, object]:
    return {"title": title, "said": said}


def _said(line: BudgetLine) -> str:
    return f"{line.today_micros / MICROS:,.0f} to {line.proposed_micros / MICROS:,.0f}"


def _row(line: BudgetLine, title: str) -> dict[str, object]:
    change = line.proposed_micros - line.today_micros
    way = _WAYS[0] if change > 0 else _WAYS[1] if change < 0 else _WAYS[2]
    return {
        "said": "",
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
