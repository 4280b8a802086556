"""What the return on spend is made of, read from where it lies: facts, the advertiser's own conversions, rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from adtempo.domain.accounts import Account, AccountRef, CampaignRef, OfflineUse
from adtempo.domain.errors import CurrenciesMixed, NotFound
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.money import MICROS
from adtempo.domain.panels import Quantities
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.maturity import load_matured_tables
from adtempo.store.conversions import load_conversions, load_rates
from adtempo.store.engine import reading
from adtempo.store.ledger import load_shapes
from adtempo.tracking.roas import (
    CampaignDays,
    LatePart,
    OfflinePart,
    Rates,
    RoasReport,
    Sale,
    blend_returns,
    estimate_offline,
    estimate_reported,
    estimate_return,
    expect_return,
)
from adtempo.tracking.scope import Chosen

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

_NAMED_MAX = 500
"""More campaigns than a query can name are found by their accounts."""

_BY_CAMPAIGN = ("platform", "account_id", "campaign_id", "day_local")
_BY_ACCOUNT = ("platform", "account_id", "day_local")


@dataclass(frozen=True, slots=True)
class RoasQuestion:
    """What return is asked for.

    Attributes:
        since: First local day, inclusive; None for the first one with facts.
        until: Last local day, inclusive; None for the last one with facts.
        as_of: What was known at this moment, aware.
        window_days: The attribution window.
        include_offline: Whether the advertiser's own conversions count.
        currency: In which currency; None for that of the accounts, if they have one in common.
    """

    since: date | None
    until: date | None
    as_of: datetime
    window_days: int
    include_offline: bool = False
    currency: str | None = None


def load_roas(workspace: Workspace, chosen: Chosen, asked: RoasQuestion) -> RoasReport:
    """Return what some campaigns brought back, as one ratio of sums.

    Raises:
        NotFound: No day was asked for and no facts are known.
        CurrenciesMixed: The campaigns are in several currencies, and no common one was asked for.
        InvalidInput: An exchange rate is missing.
    """
    currency = asked.currency or _only_currency(chosen)
    with reading(workspace.engine) as connection:
        rates = Rates.of(
            (one.date, one.currency, one.base, one.rate) for one in load_rates(connection, as_of=asked.as_of)
        )
    settings = _load_settings(workspace, chosen)
    # The setting is chosen per campaign and day; where there is nothing to choose, days of accounts tell the same.
    by = _BY_CAMPAIGN if any(len(found) > 1 for found in settings.values()) else _BY_ACCOUNT
    record = _load_days(workspace, chosen.refs, asked, None, by)
    days = [day for of_account in record.values() for _, day in of_account]
    since, until = asked.since or min(days, default=asked.until), asked.until or max(days, default=asked.since)
    if since is None or until is None:
        raise NotFound(
            f"nothing was known of these campaigns on {asked.as_of:%Y-%m-%d %H:%M} UTC; "
            "import facts or choose a later moment"
        )
    under = _load_under(workspace, chosen, asked, record, settings)
    offline = _load_offline(workspace, chosen, asked, (since, until), currency, rates) if asked.include_offline else {}
    parts = []
    counted: dict[str, int] = defaultdict(int)
    for ref, account in chosen.accounts.items():
        figures, used = estimate_reported(
            record.get(ref, {}),
            under.get(ref, {}),
            asked.window_days,
            partial(_convert_from, rates, account.currency, currency),
        )
        parts.append(estimate_return(figures, used, asked.window_days, offline.get(ref), account.offline))
        if _platform_counts(account, asked):
            counted[account.currency] += figures.conversion_value_micros or 0
    refs = tuple(campaign.ref for campaign, _ in chosen.campaigns)
    total = blend_returns(parts)
    late = _load_late(workspace, chosen, replace(asked, since=since, until=until), counted, currency, rates)
    return RoasReport(refs, since, until, asked.as_of, asked.window_days, currency, total, expect_return(total, late))


def _platform_counts(account: Account, asked: RoasQuestion) -> bool:
    return not asked.include_offline or account.offline is OfflineUse.ADD


def _load_late(
    workspace: Workspace,
    chosen: Chosen,
    asked: RoasQuestion,
    counted: Mapping[str, int],
    into: str,
    rates: Rates,
) -> list[LatePart]:
    """Return what platforms have not reported yet, per currency of accounts, in the currency that is asked for.

    It is learnt from the source of record. Under another setting, or at exchange rates, it comes in proportion.

    Args:
        asked: Of which days, known when.
        counted: The platforms' value that counts, per currency of accounts, in micros of the one that is asked for.
        into: The one that is asked for.
    """
    campaigns = [one.ref for one, account in chosen.campaigns if _platform_counts(account, asked)]
    if not campaigns:
        return []
    query = FactQuery(
        by=("platform",),
        since=asked.since,
        until=asked.until,
        campaigns=None if chosen.all and len(campaigns) == len(chosen.campaigns) else campaigns,
        as_of=asked.as_of,
    )
    (table,) = load_matured_tables(workspace.ledger, query, [("currency",)])
    late = []
    for group, ((currency,), figures) in enumerate(table.facts.rows()):
        if figures.conversion_value_micros is None:
            continue
        record = figures.conversion_value_micros / MICROS
        if record > 0:
            scale = counted[currency] / MICROS / record
        else:
            scale = rates.convert(MICROS, currency, into, asked.until or asked.as_of.date()) / MICROS
        value = table.conversion_value
        coming, low80, high80, low95, high95 = (
            (float(numbers[group]) - record) * scale
            for numbers in (value.value, value.low80, value.high80, value.low95, value.high95)
        )
        late.append(LatePart(coming, low80, high80, low95, high95, str(value.basis[group])))
    return late


def _only_currency(chosen: Chosen) -> str:
    currencies = sorted({account.currency for account in chosen.accounts.values()})
    if len(currencies) > 1:
        raise CurrenciesMixed(currencies)
    return currencies[0]


def _load_days(
    workspace: Workspace,
    campaigns: Collection[CampaignRef] | None,
    asked: RoasQuestion,
    attribution: str | None,
    by: tuple[str, ...],
) -> dict[AccountRef, CampaignDays]:
    query = FactQuery(
        by=by,
        since=asked.since,
        until=asked.until,
        campaigns=campaigns,
        as_of=asked.as_of,
        attribution=attribution,
    )
    days: dict[AccountRef, dict[tuple[Any, date], Quantities]] = defaultdict(dict)
    for (*names, day), figures in load_fact_table(workspace.ledger, query).rows():
        days[AccountRef(*names[:2])][tuple(names), day] = figures
    return dict(days)


def _load_settings(workspace: Workspace, chosen: Chosen) -> dict[AccountRef, set[str]]:
    """Return the settings under which each account was ever reported."""
    settings: dict[AccountRef, set[str]] = defaultdict(set)
    accounts = chosen.accounts
    with reading(workspace.engine) as connection:
        for platform, account_id, _level, _grain, attribution, kind in load_shapes(connection):
            if kind == "" and (ref := AccountRef(platform, account_id)) in accounts:
                settings[ref].add(attribution)
    return settings


def _load_under(
    workspace: Workspace,
    chosen: Chosen,
    asked: RoasQuestion,
    record: Mapping[AccountRef, CampaignDays],
    settings: Mapping[AccountRef, Collection[str]],
) -> dict[AccountRef, dict[str, CampaignDays]]:
    """Return what was reported under each setting; where there is only one, that is the record itself."""
    under: dict[AccountRef, dict[str, CampaignDays]] = {
        ref: dict.fromkeys(found, record.get(ref, {})) for ref, found in settings.items() if len(found) == 1
    }
    several = {ref: found for ref, found in settings.items() if len(found) > 1}
    for setting in sorted({one for found in several.values() for one in found}):
        accounts = [ref for ref, found in several.items() if setting in found]
        campaigns = [campaign.ref for campaign, account in chosen.campaigns if account.ref in accounts]
        for ref, days in _load_days(workspace, campaigns, asked, setting, _BY_CAMPAIGN).items():
            under.setdefault(ref, {})[setting] = days
    return under


def _load_offline(
    workspace: Workspace,
    chosen: Chosen,
    asked: RoasQuestion,
    days: tuple[date, date],
    currency: str,
    rates: Rates,
) -> dict[AccountRef, OfflinePart]:
    """Return what the advertiser's own conversions come to, per account."""
    bounds = [(day_bounds(days[0], one.zone)[0], day_bounds(days[1], one.zone)[1]) for one in chosen.accounts.values()]
    with reading(workspace.engine) as connection:
        found = load_conversions(
            connection,
            within=None if chosen.all else list(chosen.accounts),
            campaigns=chosen.refs if len(chosen.campaigns) <= _NAMED_MAX else None,
            since=min(start for start, _ in bounds),
            until=max(end for _, end in bounds) + timedelta(days=asked.window_days),
            as_of=asked.as_of,
        )
    wanted = {campaign.ref for campaign, _ in chosen.campaigns}
    sales: dict[AccountRef, list[Sale]] = defaultdict(list)
    for one in found:
        if one.campaign in wanted:
            sale = Sale(one.conversion_time, one.value_micros, one.currency, one.click_time)
            sales[one.campaign.account].append(sale)

    def add_up(account: Account) -> OfflinePart:
        convert = partial(_convert_into, rates, currency)
        return estimate_offline(sales[account.ref], *days, asked.window_days, account.zone, convert)

    return {ref: add_up(account) for ref, account in chosen.accounts.items()}


def _convert_from(rates: Rates, currency: str, into: str, micros: int, day: date) -> int:
    return rates.convert(micros, currency, into, day)


def _convert_into(rates: Rates, into: str, micros: int, currency: str, day: date) -> int:
    return rates.convert(micros, currency, into, day)
