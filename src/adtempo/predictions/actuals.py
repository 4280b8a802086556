"""What the windows of predictions came to, once platforms do not restate them any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, partial
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import channel_of
from adtempo.domain.metrics import Metric, blend, find_metric, value_of
from adtempo.domain.panels import Quantities
from adtempo.domain.predictions import Actual, Prediction, Scope
from adtempo.facts.freshness import last_ended, load_heard
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.maturity import CELL, load_matured_table
from adtempo.predictions.compare import LoadActuals
from adtempo.predictions.page_actuals import load_page_actual
from adtempo.predictions.windows import (
    LATE,
    CampaignColumns,
    arrivals_by_day,
    figures_by_day,
    figures_of,
    share_arrived,
)
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

_AMOUNTS = {"spend_micros", "conversion_value_micros"}


@dataclass(frozen=True, slots=True)
class _Market:
    """Who there is: accounts, when each was last heard, and what campaigns are counted under."""

    accounts: Mapping[AccountRef, Account]
    heard: Mapping[AccountRef, datetime]
    channels: Mapping[CampaignRef, str]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a scope stands for.

    Attributes:
        campaigns: Those that it is about, those of one currency together.
        delivered: Last local day whose delivery is settled in every account that it is about and that was ever heard.
        converted: Last local day whose conversions are settled there.
    """

    campaigns: tuple[tuple[CampaignRef, ...], ...]
    delivered: date
    converted: date


@dataclass(frozen=True, slots=True)
class _Due:
    """A prediction whose window is delivered; `late` is the quantity whose arrival must be judged, if one must."""

    claim: Prediction
    meaning: _Meaning
    metric: Metric
    late: str | None


def actuals_of(workspace: Workspace) -> LoadActuals:
    """Return what says what came true, as known now.

    A window is mature when every account that it is about, if it was ever heard, was heard again after the time in
    which its platform may still restate it. Conversions are mature sooner where the account's own delays have been
    learnt and say that all but a hundredth has arrived. A window of which nothing is known stays open; an amount of
    several currencies is none.
    """
    return partial(_load_actuals, workspace)


def _load_actuals(workspace: Workspace, claims: Sequence[Prediction]) -> list[Actual | None]:
    now = workspace.now()
    with reading(workspace.engine) as connection:
        batch = last_batch(connection)
        meaning_of = cache(partial(_find_meaning, _load_market(connection, now)))
        actuals = {
            claim.prediction_id: load_page_actual(connection, claim, now)
            for claim in claims
            if claim.scope.page_name is not None
        }
    due = [
        _due(claim, meaning)
        for claim in claims
        if claim.scope.page_name is None and claim.until <= (meaning := meaning_of(claim.scope)).delivered
    ]
    for one, actual in zip(due, _judge(workspace, due, now, batch), strict=True):
        actuals[one.claim.prediction_id] = actual
    return [actuals.get(claim.prediction_id) for claim in claims]


def _judge(workspace: Workspace, due: Sequence[_Due], now: datetime, batch: int) -> Iterator[Actual | None]:
    """Yield what each window came to, from one reading of the facts and at most one of what is still to come."""

    def asked(some: Collection[_Due]) -> FactQuery:
        since, until = min(one.claim.since for one in some), max(one.claim.until for one in some)
        return FactQuery(by=CELL, since=since, until=until, as_of=now, batch=batch)

    @cache
    def load_figures() -> CampaignColumns:
        return figures_by_day(load_fact_table(workspace.ledger, asked(due)))

    @cache
    def load_arrivals() -> CampaignColumns:
        late = [one for one in due if one.late is not None]
        return arrivals_by_day(load_matured_table(workspace.ledger, asked(late)))

    columns_of = cache(CampaignColumns.of_campaigns)
    for one in due:
        window = (one.claim.since, one.claim.until)
        parts = [
            part
            for campaigns in one.meaning.campaigns
            if (part := figures_of(columns_of(load_figures(), campaigns).window(*window))) is not None
        ]
        maturity = 1.0
        if parts and one.late is not None:
            meant = tuple(chain.from_iterable(one.meaning.campaigns))
            maturity = share_arrived(columns_of(load_arrivals(), meant).window(*window), one.late)
        ripe = parts and maturity >= MATURE
        yield Actual(_value_of(one.metric, parts), maturity=maturity, as_of=now, batch=batch) if ripe else None


def _value_of(metric: Metric, parts: Sequence[Quantities]) -> float | None:
    """Return a metric of figures that were added up per currency; amounts of several are no amount."""
    if len(parts) > 1 and not _AMOUNTS.isdisjoint({metric.numerator, metric.denominator}):
        return None
    value = value_of(metric, blend(("", part) for part in parts)[1])
    return None if value is None else float(value)


def _load_market(connection: Connection, now: datetime) -> _Market:
    return _Market(
        {account.ref: account for account in load_accounts(connection)},
        load_heard(connection, now),
        {one.ref: channel_of(one) for one in load_campaigns(connection, at=now)},
    )


def _find_meaning(market: _Market, scope: Scope) -> _Meaning:
    by_currency: defaultdict[str, list[CampaignRef]] = defaultdict(list)
    for ref, channel in market.channels.items():
        currency = market.accounts[ref.account].currency
        counted = scope.channel in ("", channel) and currency == scope.currency
        if counted or (scope.channel is None and _covers(scope, ref.account) and scope.campaign in (None, ref)):
            by_currency[currency].append(ref)
    if scope.channel is None:
        accounts = {ref for ref in market.accounts if _covers(scope, ref)}
    else:
        accounts = {ref.account for refs in by_currency.values() for ref in refs}

    def settled(after: timedelta) -> date:
        known = market.heard.keys() & accounts
        return min((last_ended(market.accounts[ref], market.heard[ref] - after) for ref in known), default=date.max)

    campaigns = tuple(map(tuple, by_currency.values()))
    return _Meaning(campaigns, settled(DELIVERY_SETTLES), settled(CONVERSIONS_SETTLE))


def _covers(scope: Scope, account: AccountRef) -> bool:
    return account.platform == scope.platform and scope.account in (None, account)


def _due(claim: Prediction, meaning: _Meaning) -> _Due:
    """Say whether the arrival of conversions has to be judged, and of which quantity."""
    metric = find_metric(claim.metric)
    late = next((name for name in LATE if name in (metric.numerator, metric.denominator)), None)
    return _Due(claim, meaning, metric, late if claim.until > meaning.converted else None)
