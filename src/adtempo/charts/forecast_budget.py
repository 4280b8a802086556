"""How a day's money should be shared out: from what each campaign gets today to what is proposed."""

from __future__ import annotations

from collections import Counter

import altair as alt
import pandas as pd

from adtempo.charts.series import draw_nothing
from adtempo.domain.forecasts import BudgetLine, BudgetRecommendation, Level

ROW_HEIGHT, FRAME_HEIGHT = 22, 80
"""Pixels of one campaign, and of axis and legend together."""

CAMPAIGNS_SHOWN = 20
"""At most so many, those that change most; the table beside the picture has all."""

MICROS = 1_000_000


def draw_budget_recommendation(found: BudgetRecommendation) -> alt.TopLevelMixin:
    """Draw each campaign's day from today to proposed, within what was allowed."""
    if not found.lines:
        return draw_nothing(found.note)
    frame = pd.DataFrame(_rows(found))
    y = alt.Y(
        "title:N",
        title=None,
        sort=list(frame["title"]),
        axis=alt.Axis(
            domain=False,
            ticks=False,
            labelLimit=170,
            labelFontWeight={"condition": {"test": "datum.label[0] != ' '", "value": "bold"}, "value": "normal"},
        ),
    )
    title = f"{found.currency} a day (dot: today)"
    scale = alt.Scale(zero=True)
    tooltip = [
        alt.Tooltip("name:N", title="What"),
        alt.Tooltip("today:Q", format=",.2f", title=f"Today, {found.currency}"),
        alt.Tooltip("proposed:Q", format=",.2f", title=f"Proposed, {found.currency}"),
        alt.Tooltip("bounds:N", title="Allowed"),
        alt.Tooltip("sentence:N", title="Why"),
    ]
    base = alt.Chart(frame).encode(y=y)

    def x(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5, format="~s"))

    allowed = base.mark_bar(style="allowed").encode(x=x("lowest"), x2=alt.X2("highest:Q"), tooltip=tooltip)
    move = base.mark_rule(style="move").encode(x=x("today"), x2=alt.X2("proposed:Q"))
    today = base.mark_point(style="today").encode(x=x("today"), tooltip=tooltip)
    to = base.mark_point(style="proposed").encode(
        x=x("proposed"),
        shape=alt.Shape("way:N", scale=alt.Scale(domain=_WAYS, range=_SHAPES), legend=_LEGEND),
        tooltip=tooltip,
    )
    said = base.mark_text(style="said", align="left", dx=4).encode(x=alt.datum(0), text=alt.Text("said:N"))
    return alt.layer(allowed, move, today, to, said).properties(height=ROW_HEIGHT * len(frame) + FRAME_HEIGHT)


_WAYS = ["more", "less", "as today", "untried"]
_SHAPES = ["triangle-right", "triangle-left", "circle", "diamond"]
_LEGEND = alt.Legend(orient="top", direction="horizontal", columns=2, title=None, offset=4)


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
