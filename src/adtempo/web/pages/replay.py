"""Replay: what the rules would have done over some days, in sentences, as a chart and change by change."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from adtempo.budgets.replay.report import replay_body
from adtempo.budgets.replay.run import Replay, replay_rules
from adtempo.budgets.run import BudgetAutoScaler
from adtempo.charts.replay import ReplayFigures, draw_replay
from adtempo.domain.errors import InvalidInput
from adtempo.domain.roles import Action
from adtempo.web.pages.charting import Form, answer_chart
from adtempo.web.pages.choice import Known, PictureAsked, load_known
from adtempo.web.pages.outlook import take
from adtempo.web.pages.routing import Open, PageRoute, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PLAN: dict[str, Any] = {"x-action": Action.PLAN}
DAYS, DAYS_MAX = 14, 62
FIRED_SHOWN = 200


class ReplayAsked(PictureAsked):
    """Which days; the last two weeks unless stated."""

    since: date | None = None
    until: date | None = None
    currency: str | None = None


@router.get("/budgets/replay", openapi_extra=PLAN)
def replay_page(request: Request, workspace: Open, asked: Annotated[ReplayAsked, Query()]) -> Response:
    """Show what the stored rules would have done, and what that would have come to."""
    known = load_known(workspace)
    since, until = _days(known, asked)
    body = _load(request, workspace, known, since, until)
    days = {"since": since.isoformat(), "until": until.isoformat()}
    course = body["courses"][0]
    return render(
        request,
        "replay.html",
        body=body,
        fired=course["fired"][:FIRED_SHOWN],
        more=max(len(course["fired"]) - FIRED_SHOWN, 0),
        charts=[
            (f"Net of spend against doing nothing, {one['currency']}", urlencode(days | {"currency": one["currency"]}))
            for one in course["money"]
            if one["better_ratio"] is not None
        ],
        simulated=known.simulated,
    )


@router.get("/budgets/replay/net.{form}", openapi_extra=PLAN)
def replay_chart(request: Request, workspace: Open, form: Form, asked: Annotated[ReplayAsked, Query()]) -> Response:
    """Draw how the difference to doing nothing grew, in one currency."""
    known = load_known(workspace)
    since, until = _days(known, asked)
    body = _load(request, workspace, known, since, until)
    found = [one for one in body["courses"][0]["money"] if asked.currency in (None, one["currency"])]
    if not found:
        raise InvalidInput(f"no account counts in {asked.currency}")
    days = {
        name: np.array([float(day[name]) for day in found[0]["more_net_by_day"]])
        for name in ("value", "low95", "high95")
    }
    figures = ReplayFigures(since, days["value"], days["low95"], days["high95"], found[0]["currency"])
    return answer_chart(request, draw_replay(figures), form, asked)


def _days(known: Known, asked: ReplayAsked) -> tuple[date, date]:
    until = asked.until or known.now.date() - timedelta(days=1)
    since = asked.since or until - timedelta(days=DAYS - 1)
    if (until - since).days >= DAYS_MAX:
        raise InvalidInput(f"a page replays at most {DAYS_MAX} days; longer ones are for adtempo budgets replay")
    return since, until


def _load(request: Request, workspace: Open, known: Known, since: date, until: date) -> dict[str, Any]:
    """Return the replay of the stored rules; page and chart share one."""
    rules = tuple((one.rule_id, one.version) for one in BudgetAutoScaler(workspace).load_rules())
    asked = Replay(None, since, until)
    key = ("replay", since, until, rules)
    return take(request, workspace, known, key, lambda: replay_body(replay_rules(workspace, asked)))
