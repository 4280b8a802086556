"""Campaigns: the list of all, and one page with everything that is known of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from adtempo.accounts.run import load_campaigns
from adtempo.alerts.open import load_alerts
from adtempo.charts import DAILY
from adtempo.domain.accounts import Account, CampaignRef
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import NotFound
from adtempo.domain.metrics import CTR, ROAS
from adtempo.domain.roles import Action
from adtempo.predictions.record import load_predictions
from adtempo.store.attributes import load_history
from adtempo.store.engine import reading
from adtempo.tracking.anomalies import ALERTED, Anomaly
from adtempo.tracking.creatives import CreativeFatigue, RankedCreative
from adtempo.tracking.pacing import BudgetPace
from adtempo.tracking.run import CampaignTracker
from adtempo.tracking.scope import Scope
from adtempo.web.pages.alerts import names_of, view_alert, worst_first
from adtempo.web.pages.campaign_view import (
    creative_rows,
    day_columns,
    day_rows,
    facts_line,
    goal_lines,
    history_lines,
    prediction_rows,
    unusual_rows,
)
from adtempo.web.pages.choice import Asked, Choice, Known, choices, choose, load_known
from adtempo.web.pages.figures import arriving_text, compared_text, view_tiles
from adtempo.web.pages.goals import by_address, with_goals
from adtempo.web.pages.outlook import Outlook, as_known, load_outlook, take
from adtempo.web.pages.overview import load_before, load_view
from adtempo.web.pages.routing import READ, Open, PageRoute, render
from adtempo.web.pages.wording import campaign_address, format_days, label_account
from adtempo.workspace import Workspace

router = APIRouter(route_class=PageRoute, include_in_schema=False)

RECENT = 10
CREATIVES = 20
FAR = 3.0
"""Standard deviations from which an hour is shown: by chance one in a few hundred is."""


@dataclass(frozen=True, slots=True)
class Creatives:
    """The creatives of a campaign, looked at in three ways."""

    tired: tuple[CreativeFatigue, ...]
    by_ctr: tuple[RankedCreative, ...]
    by_roas: tuple[RankedCreative, ...]


@router.get("/campaigns", openapi_extra=READ)
def campaigns_page(request: Request, workspace: Open, asked: Annotated[Asked, Query()]) -> Response:
    """List the campaigns of one currency, and those that did nothing in the period."""
    known = load_known(workspace)
    choice = choose(known, asked)
    listed = load_campaigns(workspace)
    totals, view = load_view(request, workspace, known, choice, names_of(listed))
    if view is not None:
        chosen = replace(choice, currency=view.currency)
        outlook = take(request, workspace, known, chosen, lambda: load_outlook(workspace, known, chosen))
        budgets = {one.name: one for one in CampaignTracker(workspace).load_budgets() if one.kind == "campaign"}
        view = with_goals(view, by_address([one for one, _ in listed]), outlook, budgets)
    shown = {row.address for row in view.campaigns} if view else set()
    silent = [
        {"address": campaign_address(one.ref), "name": one.label or one.name or one.ref.campaign_id}
        for one, account in listed
        if choice.account in {None, account.ref}
        and account.currency == (view.currency if view else account.currency)
        and campaign_address(one.ref) not in shown
    ]
    window = format_days(choice.since, choice.until)
    return render(
        request, "campaigns.html", view=view, currencies=totals, silent=silent, window=window, **choices(known, asked)
    )


@router.get("/campaigns/{platform}/{account}/{campaign:path}", openapi_extra=READ)
def campaign_page(
    request: Request, workspace: Open, platform: str, account: str, campaign: str, asked: Annotated[Asked, Query()]
) -> Response:
    """Show everything that is known of one campaign."""
    ref = CampaignRef(platform, account, campaign)
    known = load_known(workspace)
    found, owner = _find(workspace, ref)
    names = names_of([(found, owner)])
    choice = choose(known, asked, ref)
    outlook = take(request, workspace, known, choice, lambda: load_outlook(workspace, known, choice))
    alerts = load_alerts(workspace, resolved=None, campaign=str(ref))
    open_now = [alert for alert in alerts if not alert.resolved]
    gone = [alert for alert in alerts if alert.resolved][:RECENT]
    with reading(workspace.engine) as connection:
        history = load_history(connection, ref, limit=RECENT)
    return render(
        request,
        "campaign.html",
        name=found.label or found.name or ref.campaign_id,
        ref=ref,
        owner=label_account(owner),
        facts=facts_line(found, owner),
        currency=owner.currency,
        charts=DAILY,
        query=choice.query(),
        window=format_days(choice.since, choice.until),
        zone=owner.timezone,
        open=worst_first(open_now, names, known.now),
        gone=[view_alert(alert, names, known.now) for alert in gone],
        may_acknowledge=request.state.person.may(Action.PLAN),
        predictions=prediction_rows(load_predictions(workspace, campaign=str(ref), limit=RECENT), owner.currency),
        goals=goal_lines(found, outlook, _load_budget(workspace, found), owner.currency),
        history=history_lines(history, owner),
        unusual=unusual_rows(take(request, workspace, known, ("unusual", ref), lambda: _load_unusual(workspace, ref))),
        here=campaign_address(ref),
        latest=_latest(known, choice),
        **_figures(request, workspace, known, choice, outlook),
        **choices(known, asked),
    )


def _find(workspace: Workspace, ref: CampaignRef) -> tuple[Campaign, Account]:
    for found, owner in load_campaigns(workspace):
        if found.ref == ref:
            return found, owner
    raise NotFound(f"There is no campaign {ref}; the list of campaigns shows those there are.")


def _figures(request: Request, workspace: Workspace, known: Known, choice: Choice, outlook: Outlook) -> dict[str, Any]:
    """Return what the page shows of the period; no tiles where nothing was reported."""
    if not outlook.days or choice.campaign is None:
        return {"tiles": (), "columns": (), "days": [], "creatives": [], "arriving": ""}
    before = load_before(workspace, choice, known.now)
    compared = compared_text(choice, known_before=bool(before.figures), same_age=before.same_age)
    currency = choice.currency or ""
    zone = known.accounts[choice.campaign.account].timezone
    context = (f"{format_days(choice.since, choice.until)}, days in {zone}.", as_known(known.now))
    creatives = take(
        request,
        workspace,
        known,
        ("creatives", choice),
        lambda: _load_creatives(workspace, choice),
    )
    return {
        "tiles": view_tiles(outlook, before.figures.get(choice.campaign), currency, context, compared),
        "columns": day_columns(currency, known.now),
        "days": day_rows(outlook, currency),
        "creatives": creative_rows(creatives.tired, creatives.by_ctr, creatives.by_roas),
        "arriving": arriving_text(outlook),
    }


def _load_creatives(workspace: Workspace, choice: Choice) -> Creatives:
    tracker = CampaignTracker(workspace)
    name = str(choice.campaign)
    by_ctr, by_roas = (
        tracker.get_top_creatives(
            metric.name, top=CREATIVES, campaign_id=name, since=choice.since, until=choice.until, as_of=workspace.now()
        )
        for metric in (CTR, ROAS)
    )
    return Creatives(tracker.get_creative_fatigue(name)[:CREATIVES], by_ctr, by_roas)


def _load_unusual(workspace: Workspace, ref: CampaignRef) -> tuple[Anomaly, ...]:
    """Return the newest hours far out of line; none where a campaign has no hourly facts."""
    try:
        found = CampaignTracker(workspace).detect_anomalies(str(ref), [one.name for one in ALERTED], FAR)
    except NotFound:
        return ()
    return found[:RECENT]


def _load_budget(workspace: Workspace, campaign: Campaign) -> BudgetPace | None:
    if campaign.planned_budget_micros is None:
        return None
    return CampaignTracker(workspace).load_budgets(Scope((str(campaign.ref),)))[0]


def _latest(known: Known, choice: Choice) -> dict[str, str] | None:
    """Return where the newest facts of the campaign's account are, if not here."""
    if choice.account is None or (last := known.last_day([choice.account])) == choice.until:
        return None
    return {
        "query": f"days={choice.days}&until={last}",
        "text": f"the {choice.days} days up to {last.day} {last:%b %Y}",
    }
