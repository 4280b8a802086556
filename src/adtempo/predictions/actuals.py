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
    DailyColumns,
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


@dataclass(frozen=True, slots=True, eq=False)
class _Market:
    """Who there is: accounts, when each was last heard, and what their campaigns are counted under."""

    accounts: Sequence[Account]
    heard: Mapping[AccountRef, datetime]
    channels: Mapping[AccountRef, Mapping[CampaignRef, str]]


@dataclass(frozen=True, slots=True, eq=False)
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

    @cache
    def figures(meaning: _Meaning) -> list[DailyColumns]:
        return [load_figures().of_campaigns(campaigns) for campaigns in meaning.campaigns]

    @cache
    def arrivals(meaning: _Meaning) -> DailyColumns:
        return load_arrivals().of_campaigns([*chain.from_iterable(meaning.campaigns)])

    for one in due:
        window = (one.claim.since, one.claim.until)
        totals = [figures_of(days.window(*window)) for days in figures(one.meaning)]
        parts = [total for total in totals if total is not None]
        maturity = 1.0
        if parts and one.late is not None:
            maturity = share_arrived(arrivals(one.meaning).window(*window), one.late)
        ripe = parts and maturity >= MATURE
        yield Actual(_value_of(one.metric, parts), maturity=maturity, as_of=now, batch=batch) if ripe else None


def _value_of(metric: Metric, parts: Sequence[Quantities]) -> float | None:
    """Return a metric of figures that were added up per currency; amounts of several are no amount."""
    if len(parts) > 1 and not _AMOUNTS.isdisjoint({metric.numerator, metric.denominator}):
        return None
    value = value_of(metric, blend(("", part) for part in parts)[1])
    return None if value is None else float(value)


def _load_market(connection: Connection, now: datetime) -> _Market:
    channels: defaultdict[AccountRef, dict[CampaignRef, str]] = defaultdict(dict)
    for one in load_campaigns(connection, at=now):
        channels[one.ref.account][one.ref] = channel_of(one)
    return _Market(load_accounts(connection), load_heard(connection, now), channels)


def _find_meaning(market: _Market, scope: Scope) -> _Meaning:
    by_currency: defaultdict[str, list[CampaignRef]] = defaultdict(list)
    heard: list[tuple[Account, datetime]] = []
    for account in market.accounts:
        if not _covers(scope, account):
            continue
        campaigns = [scope.campaign] if scope.campaign else _counted(market, scope, account.ref)
        by_currency[account.currency] += campaigns
        if account.ref in market.heard and (campaigns or scope.channel is None):
            heard.append((account, market.heard[account.ref]))

    def settled(after: timedelta) -> date:
        return min((last_ended(account, moment - after) for account, moment in heard), default=date.max)

    return _Meaning(tuple(map(tuple, by_currency.values())), settled(DELIVERY_SETTLES), settled(CONVERSIONS_SETTLE))


def _covers(scope: Scope, account: Account) -> bool:
    if scope.channel is not None:
        return account.currency == scope.currency
    return account.ref.platform == scope.platform and scope.account in (None, account.ref)


def _counted(market: _Market, scope: Scope, account: AccountRef) -> list[CampaignRef]:
    known = market.channels.get(account, {})
    return [ref for ref, channel in known.items() if scope.channel in (None, "", channel)]


def _due(claim: Prediction, meaning: _Meaning) -> _Due:
    """Say whether the arrival of conversions has to be judged, and of which quantity."""
    metric = find_metric(claim.metric)
    late = next((name for name in LATE if name in (metric.numerator, metric.denominator)), None)
    return _Due(claim, meaning, metric, late if claim.until > meaning.converted else None)
