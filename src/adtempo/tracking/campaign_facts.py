"""What campaigns did, read from where it lies: their facts, their reach, and who they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from adtempo.domain.accounts import Account, CampaignRef
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import InvalidInput
from adtempo.domain.panels import Quantities
from adtempo.facts.load import FactQuery, load_fact_table, load_reach
from adtempo.facts.maturity import load_matured_table
from adtempo.store import accounts as stored
from adtempo.store.engine import reading
from adtempo.tracking.estimate import CampaignMetrics, Figures, Profile, estimate_figures, estimate_metrics
from adtempo.tracking.expected import estimate_expected
from adtempo.tracking.export import export_lines
from adtempo.tracking.results import load_results
from adtempo.tracking.sync import FROM_SANDBOX

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

BY_CAMPAIGN = ("platform", "account_id", "campaign_id")

Campaigns = Collection[CampaignRef] | None


def profile_of(campaign: Campaign, account: Account) -> Profile:
    """Return what is known of a campaign apart from its facts."""
    return Profile(
        ref=campaign.ref,
        currency=account.currency,
        name=campaign.label or campaign.name or "",
        target_roas=campaign.target_roas,
        simulated=account.source == FROM_SANDBOX,
    )


def load_profile(workspace: Workspace, campaign: str) -> Profile:
    """Return what is known of a campaign, named by its id or as platform:account:campaign.

    Raises:
        NotFound: There is no such campaign.
    """
    with reading(workspace.engine) as connection:
        ref = stored.find_campaign(connection, campaign)
        account = stored.load_account(connection, ref.account)
        found = stored.load_campaigns(connection, at=workspace.now(), within=[ref.account])
    return next(profile_of(one, account) for one in found if one.ref == ref)


def load_figures(
    workspace: Workspace, since: date | None, until: date | None, as_of: datetime
) -> dict[Profile, Quantities]:
    """Return the figures of every campaign over local days, both inclusive, as known at a moment."""
    query = FactQuery(by=BY_CAMPAIGN, since=since, until=until, as_of=as_of)
    figures = estimate_figures(load_fact_table(workspace.ledger, query))
    with reading(workspace.engine) as connection:
        accounts = {account.ref: account for account in stored.load_accounts(connection)}
        known = stored.load_campaigns(connection, at=as_of)
    return {profile_of(one, accounts[one.ref.account]): figures[one.ref] for one in known if one.ref in figures}


def load_day_figures(workspace: Workspace, day: date, campaigns: Campaigns, as_of: datetime) -> Figures:
    """Return what campaigns did on one local day, with their reach."""
    query = FactQuery(by=BY_CAMPAIGN, since=day, until=day, campaigns=campaigns, as_of=as_of)
    figures = estimate_figures(load_fact_table(workspace.ledger, query))
    reach = load_reach(workspace.ledger, query)
    return {ref: replace(amounts, reach=reach.get((ref, day))) for ref, amounts in figures.items()}


def load_metrics(
    workspace: Workspace, profile: Profile, since: date | None, until: date | None, as_of: datetime
) -> CampaignMetrics:
    """Return a campaign's figures over local days, with what the late part of them will come to.

    Raises:
        NotFound: No day was asked for and no facts are known.
        InvalidInput: The days are in the wrong order.
    """
    check_days(since, until)
    query = FactQuery(by=("day_local",), since=since, until=until, campaigns=[profile.ref], as_of=as_of)
    found = estimate_metrics(profile, load_fact_table(workspace.ledger, query), since, until, as_of)
    asked = replace(query, by=("campaign_id",), since=found.since, until=found.until)
    matured = load_matured_table(workspace.ledger, asked)
    found = replace(
        found,
        results=load_results(workspace, profile.ref, found.figures, (found.since, found.until), as_of),
        expected=estimate_expected(matured, 0) if len(matured) else None,
    )
    if found.since != found.until:
        return found
    reach = load_reach(workspace.ledger, asked).get((profile.ref, found.since))
    return replace(found, figures=replace(found.figures, reach=reach))


def load_export(
    workspace: Workspace, profile: Profile, since: date | None, until: date | None, as_of: datetime
) -> Iterator[str]:
    """Yield the lines of a CSV of a campaign per local day with facts, header first.

    Raises:
        InvalidInput: The days are in the wrong order.
    """
    check_days(since, until)
    query = FactQuery(by=("day_local",), since=since, until=until, campaigns=[profile.ref], as_of=as_of)
    matured = load_matured_table(workspace.ledger, query)
    reach = load_reach(workspace.ledger, query)
    days = (
        (day, replace(figures, reach=reach.get((profile.ref, day))), estimate_expected(matured, place))
        for place, ((day,), figures) in enumerate(matured.facts.rows())
    )
    return export_lines(profile, days)


def check_days(since: date | None, until: date | None) -> None:
    """Refuse what is no day, and days in the wrong order.

    Raises:
        InvalidInput: One is no date, or the last one lies before the first.
    """
    days: tuple[object, ...] = (since, until)
    for day in days:
        if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
            raise InvalidInput(f"{day!r} is no day; give a date, such as datetime.date(2026, 11, 18)")
    if since is not None and until is not None and until < since:
        raise InvalidInput(f"until {until} is before since {since}; swap them")
