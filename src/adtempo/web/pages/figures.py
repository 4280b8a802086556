"""From figures and their expectations to tiles and tables; pure.

Amounts of two currencies never meet: every currency has a total of its own, and a page shows one of them in full. The
period before is compared as it looked at the same age, so that conversions still arriving do not look like a loss; and
no return of a period that is still arriving is shown without what it will come to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.metrics import (
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
    value_of,
)
from adtempo.domain.panels import FactTable, Quantities
from adtempo.web.pages.choice import Choice
from adtempo.web.pages.outlook import Matured, Outlook, as_known
from adtempo.web.pages.wording import (
    Cell,
    campaign_address,
    day_text,
    expected_text,
    figure_of,
    format_days,
    label_account,
    maturity_text,
    number_text,
)

TILES = (
    (SPEND, "Spend"),
    (CONVERSION_VALUE, "Conversion value"),
    (ROAS, "ROAS"),
    (CONVERSIONS, "Conversions"),
    (CPA, "CPA"),
    (CTR, "CTR"),
)
EXPECTED_ROAS = "Expected ROAS"

INTERVAL = "In brackets: it will lie there with a probability of 80%."

_ARROWS = ("▲", "▼")
_STEADY = 0.0005


@dataclass(frozen=True, slots=True)
class Tile:
    """One number, what it will come to, how it changed, and what it means."""

    name: str
    amount: str
    unit: str
    expected: str
    change: str
    changed: bool
    tone: str
    explain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """One currency's total in a few words, and the address that shows it in full."""

    currency: str
    spend: str
    campaigns: int
    query: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    explain: str


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign of the table."""

    campaign_id: str
    address: str
    name: str
    account: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows of one currency."""

    currency: str
    tiles: tuple[Tile, ...]
    columns: tuple[Column, ...]
    campaigns: tuple[CampaignRow, ...]
    window: str
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


def rank_currencies(
    choice: Choice, accounts: Mapping[AccountRef, Account], figures: Mapping[CampaignRef, Quantities]
) -> tuple[CurrencyTotal, ...]:
    """Return the total of each currency; the chosen one, or else the one with the most campaigns, comes first.

    Args:
        figures: What the campaigns did in the period.
    """
    currency_of = {ref: accounts[ref.account].currency for ref in figures}
    counts = Counter(currency_of.values())
    ranked = sorted(counts, key=lambda code: (code != choice.currency, -counts[code], code))
    totals = []
    for code in ranked:
        total = blend((code, amounts) for ref, amounts in figures.items() if currency_of[ref] == code)[1]
        spend = number_text(SPEND, value_of(SPEND, total), code)
        totals.append(CurrencyTotal(code, spend, counts[code], choice.query(currency=code)))
    return tuple(totals)


def view_currency(
    choice: Choice,
    accounts: Mapping[AccountRef, Account],
    names: Mapping[CampaignRef, str],
    outlook: Outlook,
    before: Before,
    as_of: datetime,
) -> View:
    """Say what campaigns of one currency did in the chosen period, and what that will come to.

    Args:
        choice: Period, account and currency.
        names: What campaigns are called; those without a name are called by their id.
        outlook: What the campaigns of the currency did.
        before: What all campaigns did in the period before.
        as_of: What was known at this moment.
    """
    currency = choice.currency or ""
    earlier = [
        (currency, amounts) for ref, amounts in before.figures.items() if accounts[ref.account].currency == currency
    ]
    window = f"{format_days(choice.since, choice.until)}, each day in its account's own time zone."
    context = (window, as_known(as_of))
    earlier_total = blend(earlier)[1] if earlier else None
    return View(
        currency=currency,
        tiles=view_tiles(
            outlook,
            earlier_total,
            currency,
            context,
            compared_text(choice, known_before=bool(before.figures), same_age=before.same_age),
        ),
        columns=_columns(currency, context),
        campaigns=_campaign_rows(outlook, names, accounts, currency),
        window=window,
        arriving=arriving_text(outlook),
        query=choice.query(currency=currency),
    )


def view_tiles(
    outlook: Outlook, before: Quantities | None, currency: str, context: Sequence[str], compared: str
) -> tuple[Tile, ...]:
    """Return one tile per number of TILES.

    Args:
        before: What was done in the period before; None if nothing is known.
        context: Of which days and known when, one sentence each.
    """
    late = outlook.arriving is not None
    return tuple(
        _tile(metric, name, currency, outlook.total, late, before, (context, compared)) for metric, name in TILES
    )


def arriving_text(outlook: Outlook) -> str:
    """Say from when on days are still arriving; empty where all is complete."""
    if outlook.arriving is None:
        return ""
    return (
        f"Shaded: from {day_text(outlook.arriving)} on, less than 95% of what these days will come to has been "
        "reported. The dashed line is the expected final figure, its band holds the truth with a probability of 80%."
    )


def titled(metric: Metric, name: str, currency: str) -> str:
    """Return the heading of a column."""
    return f"{name}, {currency}" if metric.unit is Unit.MICROS else name


def expected_cell(metric: Metric, matured: Matured, currency: str) -> Cell:
    """Return what a metric will come to, with its interval."""
    figure = figure_of(metric, matured.expected)
    if figure is None:
        return Cell("n/a", None, "Nothing is expected: nothing was measured.")
    return Cell(expected_text(metric, figure, currency), figure.value, f"{INTERVAL} {maturity_text(matured.expected)}")


def maturity_cell(matured: Matured) -> Cell:
    """Return how much of what is expected has been reported."""
    share = matured.expected.maturity
    if share is None:
        return Cell("n/a", None, "No delays are known.")
    return Cell(f"{share:.0%}", share, maturity_text(matured.expected))


def _columns(currency: str, context: Sequence[str]) -> tuple[Column, ...]:
    columns = []
    for metric, name in TILES:
        columns.append(Column(titled(metric, name, currency), " ".join([metric.description, *context])))
        if metric is ROAS:
            words = "Expected final conversion value / spend."
            columns.append(Column(EXPECTED_ROAS, " ".join([words, INTERVAL, *context])))
    return tuple(columns)


def _tile(
    metric: Metric,
    name: str,
    currency: str,
    matured: Matured,
    late: bool,  # noqa: FBT001 - a fact about the figures, not a switch
    before: Quantities | None,
    said: tuple[Sequence[str], str],
) -> Tile:
    context, compared = said
    value = value_of(metric, matured.figures)
    earlier = value_of(metric, before) if before else None
    change, tone = _change(metric, value, earlier)
    was = f" It was {number_text(metric, earlier, currency)}." if earlier is not None else ""
    figure = figure_of(metric, matured.expected)
    expected = expected_text(metric, figure, currency) if late and figure is not None else ""
    mature = [INTERVAL, maturity_text(matured.expected)] if expected else []
    return Tile(
        name=name,
        amount=number_text(metric, value, currency),
        unit=currency if metric.unit is Unit.MICROS and value is not None else "",
        expected=expected,
        change=change,
        changed=bool(change) and change[0] in _ARROWS,
        tone=tone,
        explain=(metric.description, *mature, *context, f"{compared}{was}"),
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


def compared_text(choice: Choice, *, known_before: bool, same_age: bool) -> str:
    """Say what a change is against.

    Args:
        known_before: Whether anything is known of the period before.
        same_age: Whether that is what was known when it was as old as the chosen one is now.
    """
    if not known_before:
        return "Nothing is known of the period before."
    last = choice.since - timedelta(days=1)
    days = format_days(last - timedelta(days=choice.days - 1), last)
    if same_age:
        return f"Change: against {days} as it looked at the same age."
    return f"Change: against {days} as known now, so young days look worse than they are."


def _campaign_rows(
    outlook: Outlook,
    names: Mapping[CampaignRef, str],
    accounts: Mapping[AccountRef, Account],
    currency: str,
) -> tuple[CampaignRow, ...]:
    figures = outlook.campaigns
    heaviest_first = sorted(figures, key=lambda ref: (-(figures[ref].figures.spend_micros or 0), ref))
    return tuple(
        CampaignRow(
            campaign_id=ref.campaign_id,
            address=campaign_address(ref),
            name=names.get(ref) or ref.campaign_id,
            account=label_account(accounts[ref.account]),
            cells=_cells(figures[ref], currency),
        )
        for ref in heaviest_first
    )


def _cells(matured: Matured, currency: str) -> tuple[Cell, ...]:
    cells = []
    for metric, _ in TILES:
        value = value_of(metric, matured.figures)
        figure = figure_of(metric, matured.expected)
        will = (
            f"Expected {expected_text(metric, figure, currency)}. {maturity_text(matured.expected)}" if figure else ""
        )
        cells.append(Cell(number_text(metric, value, currency, rounded=False), value, will))
        if metric is ROAS:
            cells.append(expected_cell(ROAS, matured, currency))
    return tuple(cells)
