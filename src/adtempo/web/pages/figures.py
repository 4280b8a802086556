"""From grouped facts to the words and numbers of the overview; pure.

Amounts of two currencies never meet: every currency has a total of its own, and the page shows one of them in full. The
period before is compared as it looked at the same age, so that conversions still arriving do not look like a loss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import numpy as np

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.metrics import (
    ABSENT,
    CONVERSION_VALUE,
    CONVERSIONS,
    CPA,
    CTR,
    ROAS,
    SPEND,
    Better,
    Metric,
    Unit,
    blend,
    format_value,
    value_of,
)
from adtempo.domain.money import MICROS, format_micros, minor_decimals
from adtempo.domain.panels import FactTable, Quantities
from adtempo.web.charts.series import DailySeries

TILES = ((SPEND, "Spend"), (CONVERSION_VALUE, "Conversion value"), (ROAS, "ROAS"), (CPA, "CPA"), (CTR, "CTR"))
COLUMNS = (*TILES[:3], (CONVERSIONS, "Conversions"), *TILES[3:])

ARRIVING = timedelta(days=7)
"""Platforms credit a conversion up to a week after the click (their usual setting), so younger days still grow."""

_ARROWS = ("▲", "▼")
_STEADY = 0.0005
_WHOLE_FROM = 10_000 * MICROS


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked to see.

    Attributes:
        since: First local day, inclusive.
        until: Last local day, inclusive.
        account: Of one account only.
        currency: The currency shown in full; None for the one with the most campaigns.
    """

    since: date
    until: date
    account: AccountRef | None = None
    currency: str | None = None

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.until - self.since).days + 1

    def query(self, **other: str) -> str:
        """Return the address parameters of this choice, with some of them replaced."""
        chosen = {"account": self.account, "days": self.days, "until": self.until, "currency": self.currency, **other}
        return urlencode({name: value for name, value in chosen.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Tile:
    """One number, how it changed, and what it means."""

    name: str
    amount: str
    unit: str
    change: str
    changed: bool
    tone: str
    formula: str
    compared: str


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """One currency's total in a few words, and the address that shows it in full."""

    currency: str
    spend: str
    roas: str
    query: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table of campaigns."""

    name: str
    formula: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a row: as text, and as a number to sort by."""

    text: str
    value: float | None


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign of the table."""

    campaign_id: str
    name: str
    account: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What the overview shows of one currency."""

    currency: str
    currencies: tuple[CurrencyTotal, ...]
    tiles: tuple[Tile, ...]
    columns: tuple[Column, ...]
    campaigns: tuple[CampaignRow, ...]
    window: str
    known: str
    arriving: str
    query: str


@dataclass(frozen=True, slots=True)
class Before:
    """The period of equal length before the chosen one.

    Attributes:
        figures: What the campaigns did then.
        same_age: Whether those are the figures known when that period was as old as the chosen one is now.
    """

    figures: Mapping[CampaignRef, Quantities]
    same_age: bool


def figures_by_campaign(table: FactTable) -> dict[CampaignRef, Quantities]:
    """Return each campaign's figures from sums by platform, account_id and campaign_id."""
    return {CampaignRef(*map(str, keys)): figures for keys, figures in table.rows()}


def view_currency(
    choice: Choice,
    accounts: Mapping[AccountRef, Account],
    names: Mapping[CampaignRef, str],
    figures: Mapping[CampaignRef, Quantities],
    before: Before,
    as_of: datetime,
) -> View | None:
    """Say what the campaigns did in the chosen period, in one currency; None if nothing is known of it.

    Args:
        choice: Period, account and currency.
        accounts: Every account that has facts.
        names: What campaigns are called; those without a name are called by their id.
        figures: What the campaigns did in the period.
        before: What they did in the period before.
        as_of: What was known at this moment.
    """
    if not figures:
        return None
    currency_of = {ref: accounts[ref.account].currency for ref in {*figures, *before.figures}}
    counts = Counter(currency_of[ref] for ref in figures)
    ranked = sorted(counts, key=lambda code: (-counts[code], code))
    currency = choice.currency if choice.currency is not None and choice.currency in counts else ranked[0]
    chosen = {ref: amounts for ref, amounts in figures.items() if currency_of[ref] == currency}
    earlier = [(currency, amounts) for ref, amounts in before.figures.items() if currency_of[ref] == currency]
    total = blend((currency, amounts) for amounts in chosen.values())[1]
    earlier_total = blend(earlier)[1] if earlier else None
    window = f"{format_days(choice.since, choice.until)}, each day in its account's own time zone."
    return View(
        currency=currency,
        currencies=tuple(_currency_total(code, choice, figures, currency_of) for code in ranked),
        tiles=tuple(
            _tile(metric, name, currency, total, earlier_total, _compared(choice, before)) for metric, name in TILES
        ),
        columns=tuple(Column(_titled(metric, name, currency), metric.description) for metric, name in COLUMNS),
        campaigns=_campaign_rows(chosen, names, accounts, currency),
        window=window,
        known=f"As reported by the platforms and known here on {as_of:%Y-%m-%d %H:%M} UTC.",
        arriving=_arriving(choice, as_of),
        query=choice.query(currency=currency),
    )


def daily_series(
    table: FactTable, accounts: Mapping[AccountRef, Account], choice: Choice, as_of: datetime
) -> DailySeries:
    """Return spend and value of the chosen currency, one entry per day of the period.

    Args:
        table: Sums by platform, account_id and day_local.
        accounts: Every account that has facts.
        choice: The period, and the currency; amounts of other currencies are left out.
        as_of: What was known at this moment.
    """
    days = np.arange(np.datetime64(choice.since), np.datetime64(choice.until) + 1)
    wanted = np.array(
        [
            accounts[AccountRef(str(platform), str(account_id))].currency == choice.currency
            for platform, account_id in zip(table.keys["platform"], table.keys["account_id"], strict=True)
        ],
        dtype=bool,
    )
    places = (table.keys["day_local"].astype("datetime64[D]") - days[0]).astype(int)
    amounts = []
    for name in ("spend_micros", "conversion_value_micros"):
        known = wanted & table.measured[name]
        sums, seen = np.zeros(len(days), np.int64), np.zeros(len(days), bool)
        np.add.at(sums, places[known], table.sums[name][known])
        seen[places[known]] = True
        amounts.append(np.where(seen, sums / MICROS, np.nan))
    return DailySeries(
        days=days,
        spend=amounts[0],
        value=amounts[1],
        currency=choice.currency or "",
        arriving_from=(as_of - ARRIVING).date() + timedelta(days=1),
    )


def format_days(since: date, until: date) -> str:
    """Write a period as people do.

    >>> format_days(date(2026, 10, 22), date(2026, 11, 20))
    '22 Oct to 20 Nov 2026'
    """
    first = f"{since.day} {since:%b}" + (f" {since.year}" if since.year != until.year else "")
    return f"{first} to {until.day} {until:%b} {until.year}"


def _titled(metric: Metric, name: str, currency: str) -> str:
    return f"{name}, {currency}" if metric.unit is Unit.MICROS else name


def _currency_total(
    currency: str,
    choice: Choice,
    figures: Mapping[CampaignRef, Quantities],
    currency_of: Mapping[CampaignRef, str],
) -> CurrencyTotal:
    total = blend((currency, amounts) for ref, amounts in figures.items() if currency_of[ref] == currency)[1]
    return CurrencyTotal(
        currency=currency,
        spend=_number(SPEND, value_of(SPEND, total), currency),
        roas=_number(ROAS, value_of(ROAS, total), currency),
        query=choice.query(currency=currency),
    )


def _tile(
    metric: Metric, name: str, currency: str, total: Quantities, before: Quantities | None, compared: str
) -> Tile:
    value = value_of(metric, total)
    earlier = value_of(metric, before) if before else None
    change, tone = _change(metric, value, earlier)
    was = f" It was {_number(metric, earlier, currency)}." if earlier is not None else ""
    return Tile(
        name=name,
        amount=_number(metric, value, currency),
        unit=currency if metric.unit is Unit.MICROS and value is not None else "",
        change=change,
        changed=bool(change) and change[0] in _ARROWS,
        tone=tone,
        formula=metric.description,
        compared=f"{compared}{was}",
    )


def _change(metric: Metric, value: float | None, earlier: float | None) -> tuple[str, str]:
    if value is None or earlier is None or earlier <= 0:
        return "nothing to compare with", ""
    share = value / earlier - 1
    if abs(share) < _STEADY:
        return "unchanged", ""
    if metric.better_when is Better.NEITHER:
        tone = ""
    else:
        tone = "good" if (share > 0) == (metric.better_when is Better.HIGHER) else "bad"
    return f"{_ARROWS[share < 0]} {abs(share):.1%}", tone


def _compared(choice: Choice, before: Before) -> str:
    if not before.figures:
        return "Nothing is known of the period before."
    last = choice.since - timedelta(days=1)
    days = format_days(last - timedelta(days=choice.days - 1), last)
    if before.same_age:
        return f"Change: against {days} as it looked at the same age."
    return f"Change: against {days} as known now, so young days look worse than they are."


def _number(metric: Metric, value: float | None, currency: str, *, rounded: bool = True) -> str:
    """Write a value with separators and without its currency, which stands beside it.

    Args:
        metric: What it is.
        value: In the metric's unit; None where there is none.
        currency: ISO 4217 code, for how many decimals an amount has.
        rounded: Whether large amounts are written without decimals; not where numbers stand below each other.
    """
    if value is None:
        return ABSENT
    if metric is CONVERSIONS:
        return f"{value:,.1f}"
    if metric.unit is not Unit.MICROS:
        return format_value(metric, value, currency)
    decimals = 0 if rounded and abs(value) >= _WHOLE_FROM else minor_decimals(currency)
    return f"{Decimal(format_micros(round(value), decimals)):,f}"


def _campaign_rows(
    figures: Mapping[CampaignRef, Quantities],
    names: Mapping[CampaignRef, str],
    accounts: Mapping[AccountRef, Account],
    currency: str,
) -> tuple[CampaignRow, ...]:
    heaviest_first = sorted(figures, key=lambda ref: (-(figures[ref].spend_micros or 0), ref))
    return tuple(
        CampaignRow(
            campaign_id=ref.campaign_id,
            name=names.get(ref) or ref.campaign_id,
            account=label_account(accounts[ref.account]),
            cells=_cells(figures[ref], currency),
        )
        for ref in heaviest_first
    )


def _cells(figures: Quantities, currency: str) -> tuple[Cell, ...]:
    values: Sequence[tuple[Metric, float | None]] = [(metric, value_of(metric, figures)) for metric, _ in COLUMNS]
    return tuple(Cell(_number(metric, value, currency, rounded=False), value) for metric, value in values)


def label_account(account: Account) -> str:
    """Return what to call an account on a screen."""
    return f"{account.name or account.ref.account_id} · {account.ref.platform}"


def _arriving(choice: Choice, as_of: datetime) -> str:
    if choice.until <= (as_of - ARRIVING).date():
        return ""
    return (
        "Shaded days are still arriving: platforms credit conversions up to 7 days after the click, so the value "
        "and ROAS of these days will rise."
    )
