"""The overview: what was spent, what came back and will come back, what needs a person, how fresh that is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from adtempo.accounts.run import load_campaigns
from adtempo.alerts.open import load_alerts
from adtempo.charts import DAILY
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.panels import Quantities
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.web.pages.alerts import names_of, view_attention
from adtempo.web.pages.choice import Asked, Choice, Known, choices, choose, load_known
from adtempo.web.pages.figures import Before, CurrencyTotal, View, figures_by_campaign, rank_currencies, view_currency
from adtempo.web.pages.outlook import BY_CAMPAIGN, load_outlook, take
from adtempo.web.pages.routing import READ, Open, PageRoute, render
from adtempo.web.pages.wording import format_days
from adtempo.workspace import Workspace

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LATE = timedelta(hours=3)
"""A synced account is heard every hour; after three somebody should look."""

TOP = 10
"""Campaigns on the overview; the others have a page of their own."""


@dataclass(frozen=True, slots=True)
class FreshnessLine:
    """One sentence on how far the facts reach."""

    text: str
    late: bool


@router.get("/", openapi_extra=READ)
def overview(request: Request, workspace: Open, asked: Annotated[Asked, Query()]) -> Response:
    """Show the overview."""
    known = load_known(workspace)
    choice = choose(known, asked)
    names = names_of(load_campaigns(workspace))
    totals, view = load_view(request, workspace, known, choice, names)
    return render(
        request,
        "overview.html",
        view=view,
        currencies=totals,
        charts=DAILY,
        top=TOP,
        attention=view_attention(load_alerts(workspace), names, known.now),
        freshness=_freshness(known, choice),
        nothing=f"Nothing was reported for {format_days(choice.since, choice.until)}.",
        latest=_latest(known, choice),
        **choices(known, asked),
    )


def load_view(
    request: Request, workspace: Workspace, known: Known, choice: Choice, names: dict[CampaignRef, str]
) -> tuple[tuple[CurrencyTotal, ...], View | None]:
    """Return the total of each currency and the view of the first; None where nothing is known of the period."""
    figures = _load(workspace, choice, known.now)
    if not figures:
        return (), None
    totals = rank_currencies(choice, known.accounts, figures)
    chosen = replace(choice, currency=totals[0].currency)
    outlook = take(request, workspace, known, chosen, lambda: load_outlook(workspace, known, chosen))
    before = load_before(workspace, choice, known.now)
    return totals, view_currency(chosen, known.accounts, names, outlook, before, known.now)


def _load(workspace: Workspace, choice: Choice, as_of: datetime) -> dict[CampaignRef, Quantities]:
    accounts = None if choice.account is None else [choice.account]
    query = FactQuery(
        by=BY_CAMPAIGN,
        since=choice.since,
        until=choice.until,
        campaigns=None if choice.campaign is None else [choice.campaign],
        accounts=accounts,
        as_of=as_of,
    )
    return figures_by_campaign(load_fact_table(workspace.ledger, query))


def load_before(workspace: Workspace, choice: Choice, as_of: datetime) -> Before:
    """Load the period before, as it looked when it was as old as the chosen one is now; else as it is known now."""
    length = timedelta(days=choice.days)
    earlier = replace(choice, since=choice.since - length, until=choice.until - length)
    then = _load(workspace, earlier, as_of - length)
    if then:
        return Before(then, same_age=True)
    return Before(_load(workspace, earlier, as_of), same_age=False)


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
