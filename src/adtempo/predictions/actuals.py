"""What a prediction's window came to, once platforms do not restate it any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import channel_of
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.metrics import blend, find_metric, value_of
from adtempo.domain.money import MICROS
from adtempo.domain.panels import MaturedTable, Quantities
from adtempo.domain.predictions import Actual, Prediction
from adtempo.facts.freshness import load_heard
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.maturity import load_matured_table
from adtempo.predictions.compare import LoadActual
from adtempo.predictions.page_actuals import load_page_actual
from adtempo.store.accounts import load_accounts, load_campaigns
from adtempo.store.engine import reading
from adtempo.store.ledger import last_batch

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

DELIVERY_SETTLES = timedelta(days=3)
"""Platforms still correct impressions, clicks and spend for about so long."""

CONVERSIONS_SETTLE = timedelta(days=28)
"""The longest attribution window: what comes later is not credited to the window any more."""

MATURE = 0.99
"""So much of what is expected must have arrived."""

LEARNT = {"own", "shrunk"}
"""What an expectation must rest on to be believed before CONVERSIONS_SETTLE."""

_BY_CAMPAIGN = ("platform", "account_id", "campaign_id")


def actuals_of(workspace: Workspace) -> LoadActual:
    """Return what says what came true, as known now.

    A window is mature when every account that it is about, if it was ever heard, was heard again after the time in
    which its platform may still restate it. Conversions are mature sooner where the account's own delays have been
    learnt and say that all but a hundredth has arrived. A window of which nothing is known stays open.
    """
    now = workspace.now()
    with reading(workspace.engine) as connection:
        accounts = {account.ref: account for account in load_accounts(connection)}
        batch = last_batch(connection)
        heard = load_heard(connection, now)
        channels = {one.ref: channel_of(one) for one in load_campaigns(connection, at=now)}

    def asked(since: date, until: date) -> FactQuery:
        return FactQuery(by=_BY_CAMPAIGN, since=since, until=until, as_of=now, batch=batch)

    @cache
    def load_figures(since: date, until: date) -> dict[CampaignRef, Quantities]:
        rows = load_fact_table(workspace.ledger, asked(since, until)).rows()
        return {CampaignRef(*key): figures for key, figures in rows}

    @cache
    def load_matured(since: date, until: date) -> MaturedTable:
        return load_matured_table(workspace.ledger, asked(since, until))

    def means(claim: Prediction, campaign: CampaignRef) -> bool:
        if claim.scope.channel is not None:
            currency = accounts[campaign.account].currency
            counted = claim.scope.channel in {"", channels.get(campaign)}
            return counted and currency == claim.scope.currency
        return covers(claim, campaign.account) and claim.scope.campaign in (None, campaign)

    def covers(claim: Prediction, account: AccountRef) -> bool:
        if claim.scope.channel is not None:
            return any(ref.account == account and means(claim, ref) for ref in channels)
        return account.platform == claim.scope.platform and claim.scope.account in (None, account)

    def load_actual(claim: Prediction) -> Actual | None:
        if claim.scope.page_name is not None:
            with reading(workspace.engine) as connection:
                return load_page_actual(connection, claim, now)
        figures = {ref: found for ref, found in load_figures(claim.since, claim.until).items() if means(claim, ref)}
        meant = [accounts[ref] for ref in heard if covers(claim, ref)]
        if not figures or not all(_is_settled(claim, account, heard, DELIVERY_SETTLES) for account in meant):
            return None
        late = _late_quantity(claim)
        maturity = 1.0
        if late is not None and not all(_is_settled(claim, account, heard, CONVERSIONS_SETTLE) for account in meant):
            maturity = share_arrived(load_matured(claim.since, claim.until), figures, late)
            if maturity < MATURE:
                return None
        _, total = blend((accounts[ref.account].currency, found) for ref, found in figures.items())
        value = value_of(find_metric(claim.metric), total)
        return Actual(None if value is None else float(value), maturity=maturity, as_of=now, batch=batch)

    return load_actual


def share_arrived(table: MaturedTable, campaigns: Collection[CampaignRef], quantity: str) -> float:
    """Return the share of a quantity's expected final sum over campaigns that has been reported, 0 to 1.

    0 where the expectation rests on anything but the account's own history: that is no reason to stop waiting.

    Args:
        table: Grouped by platform, account and campaign.
        campaigns: Which of its rows.
        quantity: `conversions_micros` or `conversion_value_micros`.
    """
    expected = table.conversions if quantity == "conversions_micros" else table.conversion_value
    reported = final = 0.0
    for group, (key, _) in enumerate(table.facts.rows()):
        if CampaignRef(*key) not in campaigns or not table.facts.measured[quantity][group]:
            continue
        if expected.basis[group] not in LEARNT:
            return 0.0
        reported += float(table.facts.sums[quantity][group]) / MICROS
        final += float(expected.value[group])
    return min(1.0, reported / final) if final > 0 else 0.0


def _late_quantity(claim: Prediction) -> str | None:
    """Return the quantity of the prediction's metric that arrives late, if one does."""
    metric = find_metric(claim.metric)
    return next((name for name in (metric.numerator, metric.denominator or "") if "conversion" in name), None)


def _is_settled(claim: Prediction, account: Account, heard: Mapping[AccountRef, datetime], settles: timedelta) -> bool:
    end = day_bounds(claim.until, account.zone)[1]
    return heard[account.ref] >= end + settles
