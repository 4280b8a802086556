"""The overview: what was spent, what came back, and how fresh that is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from adtempo.accounts.run import load_accounts, load_campaigns
from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.errors import NotFound
from adtempo.domain.panels import FactTable
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.store.engine import reading
from adtempo.store.ledger import load_watermarks
from adtempo.web.charts import CHARTS, Chart
from adtempo.web.charts.theme import THEMES, finish_chart, picture_png, picture_svg
from adtempo.web.pages.figures import (
    Before,
    Choice,
    daily_series,
    figures_by_campaign,
    format_days,
    label_account,
    view_currency,
)
from adtempo.web.pages.routing import READ, Open, PageRoute, chosen_theme, render
from adtempo.workspace import Workspace

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PERIODS = (7, 14, 30, 90)
LATE = timedelta(hours=3)
"""A synced account is heard every hour; after three somebody should look."""

_BY_CAMPAIGN = ("platform", "account_id", "campaign_id")
_BY_DAY = ("platform", "account_id", "day_local")


class Asked(BaseModel):
    """What a person asks to see, as it stands in the address."""

    account: str = Field(default="", max_length=300)
    days: int = Field(default=30, ge=1, le=366)
    until: date | None = Field(default=None, ge=date(2000, 1, 1), le=date(2199, 12, 31))
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")


class ChartAsked(Asked):
    """The same, and how the picture should look."""

    theme: Literal["light", "dark"] | None = None
    width: int = Field(default=640, ge=200, le=2000)
    height: int = Field(default=240, ge=120, le=1200)


@dataclass(frozen=True, slots=True)
class Known:
    """The accounts of the workspace and up to when each one's facts are complete."""

    accounts: Mapping[AccountRef, Account]
    complete_until: Mapping[AccountRef, datetime]
    now: datetime

    def last_day(self, within: Collection[AccountRef]) -> date:
        """Return the last local day with facts, or today where there are none."""
        moment = timedelta(microseconds=1)
        days = [
            (until - moment).astimezone(self.accounts[ref].zone).date()
            for ref, until in self.complete_until.items()
            if ref in within
        ]
        return min(max(days, default=self.now.date()), self.now.date() + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class FreshnessLine:
    """One sentence on how far the facts reach."""

    text: str
    late: bool


def _load_known(workspace: Workspace) -> Known:
    accounts = {account.ref: account for account in load_accounts(workspace)}
    with reading(workspace.engine) as connection:
        return Known(accounts, load_watermarks(connection), workspace.now())


def _choose(known: Known, asked: Asked) -> Choice:
    ref = next((ref for ref in known.accounts if str(ref) == asked.account), None)
    if asked.account and ref is None:
        raise NotFound(f"There is no account {asked.account}.")
    last = asked.until or known.last_day([ref] if ref else known.accounts)
    return Choice(last - timedelta(days=asked.days - 1), last, ref, asked.currency)


@router.get("/", openapi_extra=READ)
def overview(request: Request, workspace: Open, asked: Annotated[Asked, Query()]) -> Response:
    """Show the overview."""
    known = _load_known(workspace)
    choice = _choose(known, asked)
    campaigns = load_campaigns(workspace)
    names = {campaign.ref: campaign.label or campaign.name or "" for campaign, _ in campaigns}
    figures = figures_by_campaign(_load(workspace, _BY_CAMPAIGN, choice, known.now))
    view = view_currency(choice, known.accounts, names, figures, _load_before(workspace, choice, known.now), known.now)
    return render(
        request,
        "overview.html",
        view=view,
        charts=CHARTS,
        choice=asked,
        periods=sorted({*PERIODS, asked.days}),
        accounts=[{"key": str(ref), "label": label_account(found)} for ref, found in known.accounts.items()],
        freshness=_freshness(known, choice),
        nothing=f"Nothing was reported for {format_days(choice.since, choice.until)}.",
        latest=_latest(known, choice),
        simulated={found.source for found in known.accounts.values()} == {"sandbox"},
    )


@router.get("/chart/{name}.{form}", openapi_extra=READ)
def chart(
    request: Request,
    workspace: Open,
    name: Annotated[str, Path(max_length=40)],
    form: Literal["json", "png", "svg"],
    asked: Annotated[ChartAsked, Query()],
) -> Response:
    """Draw one chart: as a Vega-Lite document for the page, as PNG or as SVG."""
    wanted = _find_chart(name)
    known = _load_known(workspace)
    choice = _choose(known, asked)
    if choice.currency is None:
        choice = replace(choice, currency=min((found.currency for found in known.accounts.values()), default=""))
    table = _load(workspace, _BY_DAY, choice, known.now)
    drawn = wanted.draw(daily_series(table, known.accounts, choice, known.now))
    theme = asked.theme or chosen_theme(request) or next(iter(THEMES))
    body, media_type = _picture(finish_chart(drawn, theme, None if form == "json" else asked.width, asked.height), form)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _picture(document: dict[str, Any], form: str) -> tuple[bytes, str]:
    match form:
        case "png":
            return picture_png(document), "image/png"
        case "svg":
            return picture_svg(document).encode(), "image/svg+xml"
        case _:
            return json.dumps(document).encode(), "application/json"


def _find_chart(name: str) -> Chart:
    for known in CHARTS:
        if known.name == name:
            return known
    raise NotFound(f"There is no chart {name}; there are {', '.join(known.name for known in CHARTS)}.")


def _load(workspace: Workspace, by: tuple[str, ...], choice: Choice, as_of: datetime) -> FactTable:
    accounts = None if choice.account is None else [choice.account]
    query = FactQuery(by=by, since=choice.since, until=choice.until, accounts=accounts, as_of=as_of)
    return load_fact_table(workspace.ledger, query)


def _load_before(workspace: Workspace, choice: Choice, as_of: datetime) -> Before:
    """Load the period before, as it looked when it was as old as the chosen one is now; else as it is known now."""
    length = timedelta(days=choice.days)
    earlier = Choice(choice.since - length, choice.until - length, choice.account)
    then = figures_by_campaign(_load(workspace, _BY_CAMPAIGN, earlier, as_of - length))
    if then:
        return Before(then, same_age=True)
    return Before(figures_by_campaign(_load(workspace, _BY_CAMPAIGN, earlier, as_of)), same_age=False)


def _freshness(known: Known, choice: Choice) -> list[FreshnessLine]:
    wanted = [choice.account] if choice.account else list(known.accounts)
    reached = {ref: known.complete_until[ref] for ref in wanted if ref in known.complete_until}
    lines = []
    if reached:
        oldest = min(reached, key=lambda ref: reached[ref])
        local = reached[oldest].astimezone(known.accounts[oldest].zone)
        whose = "Facts are" if len(reached) == 1 else f"Facts of {len(reached)} accounts are"
        late = known.accounts[oldest].source != "file" and known.now - reached[oldest] > LATE
        text = f"{whose} complete up to {local.day} {local:%b %Y, %H:%M} ({known.accounts[oldest].timezone})"
        lines.append(FreshnessLine(text, late))
    silent = len(wanted) - len(reached)
    if silent and reached:
        noun = "account has" if silent == 1 else "accounts have"
        lines.append(FreshnessLine(f"{silent} {noun} no facts yet", late=True))
    return lines


def _latest(known: Known, choice: Choice) -> dict[str, str] | None:
    last = known.last_day([choice.account] if choice.account else known.accounts)
    if last == choice.until:
        return None
    latest = replace(choice, since=last - timedelta(days=choice.days - 1), until=last)
    return {"query": latest.query(), "text": f"the {choice.days} days up to {last.day} {last:%b %Y}"}
