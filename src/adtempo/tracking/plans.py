"""Month to date against what was planned, of campaigns and of the accounts and labels that they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from adtempo.domain.accounts import Account, CampaignRef
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import NotFound
from adtempo.facts.freshness import last_heard_day, load_heard
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.stats.month_end import LOOK_BACK_DAYS
from adtempo.store.engine import reading
from adtempo.tracking.pacing import BudgetPace, estimate_pacing
from adtempo.tracking.scope import EVERYTHING, Chosen, Scope, load_scope

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

Planned = Sequence[tuple[Campaign, Account]]


def load_budgets(workspace: Workspace, scope: Scope, *, as_of: datetime) -> tuple[BudgetPace, ...]:
    """Return how spend goes against the plans of some campaigns, and of their accounts and labels.

    The plan of an account or a label is the sum of the plans of its campaigns, and only their spend is held against it.

    Args:
        scope: Which campaigns; those without a plan are left out.

    Raises:
        NotFound: There is no such campaign or account, or none of those asked for has a plan.
    """
    with reading(workspace.engine) as connection:
        chosen = load_scope(connection, scope, at=as_of)
        heard = load_heard(connection, as_of)
    planned = [(campaign, account) for campaign, account in chosen.campaigns if campaign.planned_budget_micros]
    if not planned:
        if scope == EVERYTHING:
            return ()
        raise NotFound(
            f"{scope} has no planned budget; say what you plan: adtempo campaigns set CAMPAIGN --planned-budget AMOUNT"
        )
    through = {campaign.ref: last_heard_day(account, heard, as_of) for campaign, account in planned}
    spend = _load_spend(workspace, planned, min(through.values()), as_of)
    return tuple(
        _budget(kind, name, members, through, spend) for kind, name, members in _groups(planned, chosen, scope)
    )


def _groups(planned: Planned, chosen: Chosen, scope: Scope) -> list[tuple[str, str, Planned]]:
    """Return what plans add up to, the widest first; a scope narrower than a group does not show the group."""
    accounts: dict[str, list[tuple[Campaign, Account]]] = defaultdict(list)
    labels: dict[tuple[str, str], list[tuple[Campaign, Account]]] = defaultdict(list)
    for campaign, account in planned:
        accounts[str(account.ref)].append((campaign, account))
        if campaign.label:
            labels[campaign.label, account.currency].append((campaign, account))
    groups: list[tuple[str, str, Planned]] = []
    if chosen.all or scope == Scope(account=scope.account):
        groups += [("account", name, members) for name, members in sorted(accounts.items())]
    if chosen.all or scope == Scope(label=scope.label):
        groups += [("label", label, members) for (label, _), members in sorted(labels.items())]
    return groups + [("campaign", str(campaign.ref), [(campaign, account)]) for campaign, account in planned]


def _budget(
    kind: str,
    name: str,
    members: Planned,
    through: dict[CampaignRef, date],
    spend: dict[CampaignRef, dict[date, int]],
) -> BudgetPace:
    until = min(through[campaign.ref] for campaign, _ in members)
    days: dict[date, int] = defaultdict(int)
    for campaign, _ in members:
        for day, micros in spend.get(campaign.ref, {}).items():
            if day <= until:
                days[day] += micros
    campaign, account = members[0]
    label = campaign.label or campaign.name or campaign.ref.campaign_id if kind == "campaign" else name
    plan = sum(campaign.planned_budget_micros or 0 for campaign, _ in members)
    return BudgetPace(kind, name, label, account.currency, len(members), estimate_pacing(days, plan, until))


def _load_spend(
    workspace: Workspace, planned: Planned, oldest: date, as_of: datetime
) -> dict[CampaignRef, dict[date, int]]:
    query = FactQuery(
        by=("platform", "account_id", "campaign_id", "day_local"),
        since=min(oldest.replace(day=1), oldest - timedelta(days=LOOK_BACK_DAYS - 1)),
        campaigns=[campaign.ref for campaign, _ in planned],
        as_of=as_of,
    )
    spend: dict[CampaignRef, dict[date, int]] = defaultdict(dict)
    for keys, figures in load_fact_table(workspace.ledger, query).rows():
        if figures.spend_micros is not None:
            spend[CampaignRef(*map(str, keys[:3]))][keys[3]] = figures.spend_micros
    return spend
