"""The closed days of every campaign as arrays, matured, one panel per currency."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import Campaign, Status, channel_of, read_status
from adtempo.domain.panels import QUANTITIES, Expected, FactTable, MaturedTable
from adtempo.facts.freshness import last_heard_day, load_heard
from adtempo.facts.load import FactQuery, load_reach
from adtempo.facts.maturity import CELL, load_matured_tables
from adtempo.forecasts.dates import holidays_of
from adtempo.forecasts.estimate import HORIZON, SERIES, CampaignPanel
from adtempo.store.accounts import load_accounts, load_campaigns
from adtempo.store.attributes import load_budgets
from adtempo.store.engine import reading
from adtempo.store.ledger import last_batch

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

Floats = NDArray[np.float64]

HISTORY_DAYS = 400
"""Local days that forecasts are learnt from: a year, and the weeks by which it is compared with the one before."""

LIVE = timedelta(days=7)
"""An account heard so much later than another does not wait for it."""

_MICROS = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class PastDays:
    """What is known of the closed days of a channel, or of everything, shape (days,); NaN where nothing was measured.

    Attributes:
        reported: By name in QUANTITIES, as platforms say, in the units of SERIES.
        value: What conversion value will come to, major units.
        conversions: What conversions will come to.
        reach: People reached, where one campaign is all there is and its platform says so; None otherwise.
    """

    reported: Mapping[str, Floats]
    value: Expected
    conversions: Expected
    reach: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class CurrencyFacts:
    """All that forecasts of one currency are made from.

    Attributes:
        currency: ISO 4217.
        batch: The ledger's newest batch.
        panel: Campaigns by closed local days.
        campaigns: In the order of the panel.
        past: By channel, and under the empty name everything.
        digest: Of all that may change a forecast.
    """

    currency: str
    batch: int
    panel: CampaignPanel
    campaigns: Sequence[Campaign]
    past: Mapping[str, PastDays]
    digest: str


def load_facts(workspace: Workspace) -> dict[str, CurrencyFacts]:
    """Return what is known now, by currency; one without any fact is left out."""
    now = workspace.now()
    with reading(workspace.engine) as connection:
        accounts = {account.ref: account for account in load_accounts(connection)}
        campaigns = {campaign.ref: campaign for campaign in load_campaigns(connection, at=now)}
        heard = load_heard(connection, now)
        batch = last_batch(connection)
        said = load_budgets(connection, until=now)
    ended = {account.currency: _last_day(account.currency, accounts, heard, now) for account in accounts.values()}
    if not ended:
        return {}
    query = FactQuery(by=CELL, since=min(ended.values()) - timedelta(days=HISTORY_DAYS - 1), as_of=now, batch=batch)
    cells, channels, totals = load_matured_tables(
        workspace.ledger,
        query,
        [CELL, ("currency", "channel", "day_local"), ("currency", "day_local")],
        channels={ref: channel_of(campaign) for ref, campaign in campaigns.items()},
    )
    reach = load_reach(workspace.ledger, query)
    refs = [CampaignRef(*key) for key in zip(*(cells.facts.keys[name].tolist() for name in CELL[:3]), strict=True)]
    currency_of = np.array([accounts[ref.account].currency for ref in refs], dtype=object)
    budgets: dict[CampaignRef, list[tuple[date, float]]] = {}
    for ref, moment, micros in said:
        budgets.setdefault(ref, []).append((moment.astimezone(accounts[ref.account].zone).date(), micros / _MICROS))
    found = {}
    for currency in sorted(ended):
        rows = currency_of == currency
        days = cells.facts.keys["day_local"]
        rows &= days <= np.datetime64(ended[currency])
        if not rows.any():
            continue
        span = np.arange(days[rows].min(), days[rows].max() + 1)
        mine = sorted({ref for ref, chosen in zip(refs, rows.tolist(), strict=True) if chosen})
        panel = _panel(cells, refs, rows, [campaigns[ref] for ref in mine], span, budgets, accounts)
        past = {"": _past(totals, (currency,), span)}
        for channel in sorted(set(panel.channels)):
            alone = [ref for ref, name in zip(mine, panel.channels, strict=True) if name == channel]
            past[channel] = _past(channels, (currency, channel), span, _reach(reach, alone, span))
        digest = _digest(cells.facts, rows, panel, [campaigns[ref] for ref in mine])
        found[currency] = CurrencyFacts(currency, batch, panel, [campaigns[ref] for ref in mine], past, digest)
    return found


def _last_day(
    currency: str, accounts: Mapping[AccountRef, Account], heard: Mapping[AccountRef, datetime], now: datetime
) -> date:
    """Return the last local day that every account of a currency that is still heard knows whole."""
    mine = [account for account in accounts.values() if account.currency == currency]
    days = [last_heard_day(account, heard, now) for account in mine if account.ref in heard] or [now.date()]
    return min(day for day in days if day >= max(days) - LIVE)


def _panel(
    cells: MaturedTable,
    refs: Sequence[CampaignRef],
    rows: NDArray[np.bool_],
    campaigns: Sequence[Campaign],
    span: Any,
    budgets: Mapping[CampaignRef, Sequence[tuple[date, float]]],
    accounts: Mapping[AccountRef, Account],
) -> CampaignPanel:
    """Return campaigns by days; a day without a row brought a campaign nothing."""
    place = {campaign.ref: row for row, campaign in enumerate(campaigns)}
    chosen = np.flatnonzero(rows)
    row = np.array([place[refs[one]] for one in chosen.tolist()], dtype=np.int64)
    column = (cells.facts.keys["day_local"][chosen] - span[0]).astype(np.int64)

    def spread(numbers: NDArray[Any]) -> Floats:
        matrix = np.zeros((len(campaigns), len(span)))
        matrix[row, column] = np.nan_to_num(numbers[chosen])
        return matrix

    sums = cells.facts.sums
    series = {
        "spend": spread(sums["spend_micros"] / _MICROS),
        "value": spread(cells.conversion_value.value),
        "conversions": spread(cells.conversions.value),
        "impressions": spread(sums["impressions"].astype(float)),
        "clicks": spread(sums["clicks"].astype(float)),
    }
    seen = np.zeros(len(span), dtype=np.bool_)
    seen[column] = True
    return CampaignPanel(
        days=span,
        seen=seen,
        channels=tuple(channel_of(campaign) for campaign in campaigns),
        accounts=tuple(str(campaign.ref.account) for campaign in campaigns),
        names=tuple(str(campaign.ref) for campaign in campaigns),
        running=np.array([read_status(campaign.status) is Status.ACTIVE for campaign in campaigns], dtype=np.bool_),
        budgets=np.stack([_budgets(budgets.get(campaign.ref, ()), span) for campaign in campaigns]),
        series={name: series[name] for name in SERIES},
        has_value=bool(cells.facts.measured["conversion_value_micros"][chosen].any()),
        holidays={
            str(ref): holidays_of(accounts[ref].timezone, np.arange(span[0], span[-1] + 1 + HORIZON))
            for ref in {campaign.ref.account for campaign in campaigns}
        },
        replanned=np.zeros(len(campaigns), np.bool_),
    )


def _budgets(said: Sequence[tuple[date, float]], span: Any) -> Floats:
    """Return the daily budget that held when each day ended, and today's, shape (days + 1,).

    Args:
        said: From which day on and how much, the oldest first.
        span: The days.
    """
    line = np.full(len(span) + 1, np.inf)
    for day, amount in said:
        line[min(max(int((np.datetime64(day) - span[0]).astype(int)), 0), len(span)) :] = amount
    return line


def _past(table: MaturedTable, key: tuple[str, ...], span: Any, reach: Floats | None = None) -> PastDays:
    """Return the days of one group of a table, on the calendar of a panel."""
    days = table.facts.keys["day_local"]
    chosen = (days >= span[0]) & (days <= span[-1])
    for name, wanted in zip(("currency", "channel"), key, strict=False):
        chosen &= table.facts.keys[name] == wanted
    column = (days[chosen] - span[0]).astype(np.int64)

    def spread(numbers: NDArray[Any]) -> Floats:
        line = np.full(len(span), np.nan)
        line[column] = numbers[chosen]
        return line

    def expected(one: Expected) -> Expected:
        value, low80, high80, low95, high95 = map(spread, (one.value, one.low80, one.high80, one.low95, one.high95))
        return Expected(value, low80, high80, low95, high95, spread(one.maturity), np.empty(0, object))

    reported = {
        name: spread(np.where(table.facts.measured[name], table.facts.sums[name], np.nan)) for name in QUANTITIES
    }
    return PastDays(reported, expected(table.conversion_value), expected(table.conversions), reach)


def _reach(reach: Mapping[tuple[CampaignRef, date], int], campaigns: Sequence[CampaignRef], span: Any) -> Floats | None:
    """Return the reach of a channel by day; None unless it is one campaign's: reach does not add up."""
    if len(campaigns) != 1:
        return None
    line = np.array([reach.get((campaigns[0], day), np.nan) for day in span.tolist()], dtype=np.float64)
    return None if np.isnan(line).all() else line


def _digest(facts: FactTable, rows: NDArray[np.bool_], panel: CampaignPanel, campaigns: Sequence[Campaign]) -> str:
    digest = hashlib.sha256(str(panel.days[-1]).encode())
    for campaign in campaigns:
        said = (str(campaign.ref), channel_of(campaign), campaign.name, campaign.status, campaign.budget_daily_micros)
        digest.update(repr(said).encode())
    digest.update(np.ascontiguousarray(panel.budgets).tobytes())
    for name in QUANTITIES:
        digest.update(np.ascontiguousarray(facts.sums[name][rows]).tobytes())
    return digest.hexdigest()
