"""What creatives did, read from where it lies."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.metrics import FREQUENCY, value_of
from adtempo.domain.panels import FactTable
from adtempo.facts.freshness import last_ended, load_heard
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.load_hours import share_of_clicks
from adtempo.facts.maturity import load_curves
from adtempo.store import accounts as stored
from adtempo.store.engine import reading
from adtempo.tracking.campaign_facts import Campaigns, check_days, load_day_figures
from adtempo.tracking.creatives import CREATIVE_KEYS, CreativeFatigue, estimate_creative_fatigue

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

FATIGUE_DAYS = timedelta(days=60)
"""What a creative's wear is judged by."""

_DAY = timedelta(days=1)


def load_currencies(workspace: Workspace) -> dict[AccountRef, str]:
    """Return the currency of every account."""
    with reading(workspace.engine) as connection:
        return {account.ref: account.currency for account in stored.load_accounts(connection)}


def load_creative_facts(
    workspace: Workspace, campaigns: Campaigns, since: date | None, until: date | None, as_of: datetime
) -> FactTable:
    """Return what creatives did per local day, both days inclusive.

    Raises:
        InvalidInput: The days are in the wrong order.
    """
    check_days(since, until)
    query = FactQuery(by=CREATIVE_KEYS, since=since, until=until, campaigns=campaigns, as_of=as_of)
    return load_fact_table(workspace.ledger, query)


def load_arrived(workspace: Workspace, facts: FactTable, as_of: datetime) -> dict[AccountRef, dict[date, float]]:
    """Return which share of the conversions of each account's days has been reported, where delays are known.

    Args:
        facts: Whose days; platform and day_local are among the keys.
    """
    curves = load_curves(workspace.ledger, as_of=as_of, platforms=set(facts.keys["platform"].tolist()))
    with reading(workspace.engine) as connection:
        accounts = {account.ref: account for account in stored.load_accounts(connection)}
        heard = load_heard(connection, as_of)
    days: list[date] = np.unique(facts.keys["day_local"]).tolist()
    found = {}
    for ref, curve in curves.items():
        noons = [datetime.combine(day, time(12), accounts[ref].zone).timestamp() for day in days]
        ages = (heard.get(ref, as_of).timestamp() - np.array(noons)) / 3600
        found[ref] = dict(zip(days, share_of_clicks(curve, np.maximum(ages, 1.0)).tolist(), strict=True))
    return found


def load_fatigue(
    workspace: Workspace, campaign: CampaignRef | None, until: date | None, as_of: datetime
) -> tuple[CreativeFatigue, ...]:
    """Say of each creative whether it has worn out, the most tired first.

    Args:
        campaign: Only creatives of this campaign; None for all.
        until: As it was at the end of this local day; None for the last one that has ended everywhere.
    """
    with reading(workspace.engine) as connection:
        accounts = [
            account
            for account in stored.load_accounts(connection)
            if campaign is None or account.ref == campaign.account
        ]
    until = until or min((last_ended(account, as_of) for account in accounts), default=as_of.date() - _DAY)
    # The whole account: its noise is what a creative's own is held against.
    query = FactQuery(
        by=CREATIVE_KEYS,
        since=until - FATIGUE_DAYS + _DAY,
        until=until,
        accounts=[account.ref for account in accounts],
        as_of=as_of,
    )
    facts = load_fact_table(workspace.ledger, query)
    seen = {
        ref: often
        for ref, figures in load_day_figures(workspace, until, None, as_of).items()
        if (often := value_of(FREQUENCY, figures)) is not None
    }
    found = estimate_creative_fatigue(facts, load_currencies(workspace), seen)
    return tuple(one for one in found if campaign is None or one.creative.creative.campaign == campaign)
