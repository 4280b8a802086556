"""Numbers and moments in words, the same on every page. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from adtempo.charts.series import MATURE
from adtempo.domain.accounts import Account, CampaignRef
from adtempo.domain.metrics import ABSENT, Metric, Unit, format_value
from adtempo.domain.money import MICROS, format_micros, minor_decimals
from adtempo.tracking.expected import ExpectedFigure, ExpectedFigures

_WHOLE_FROM = 10_000 * MICROS
_WHOLE_FROM_COUNT = 100
_HOUR, _DAY = 3600, 86400

BASES = {
    "own": "the account's own delays",
    "shrunk": "the account's own delays, drawn to those of its platform",
    "platform": "the delays of its platform",
    "prior": "a general delay curve, because too little has been seen to learn one",
    "none": "nothing: no delays are known, so what is reported is shown as it is",
}


Line = dict[str, Any]
"""A row, card or entry in words, by the names under which a template reads them; nothing else does."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a page, what stands beside it, and its explanation."""

    name: str
    amount: str
    aside: str
    explain: tuple[str, ...]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a row: as text, as a number to sort by, and what it means."""

    text: str
    value: float | None
    explain: str = ""


def number_text(metric: Metric, value: float | None, currency: str, *, rounded: bool = True) -> str:
    """Write a value with separators and without its currency, which stands beside it.

    Args:
        value: In the metric's unit; None where there is none.
        currency: ISO 4217 code, for how many decimals an amount has.
        rounded: Whether large amounts are written without decimals; not where numbers stand below each other.
    """
    if value is None:
        return ABSENT
    if metric.unit is Unit.COUNT:
        return f"{value:,.1f}" if value % 1 and (abs(value) < _WHOLE_FROM_COUNT or not rounded) else f"{value:,.0f}"
    if metric.unit is not Unit.MICROS:
        return format_value(metric, value, currency)
    decimals = 0 if rounded and abs(value) >= _WHOLE_FROM else minor_decimals(currency)
    return f"{Decimal(format_micros(round(value), decimals)):,f}"


def stored_unit(metric: Metric, number: float | None) -> float | None:
    """Return an expected figure in the metric's unit: amounts in micros."""
    return number * MICROS if number is not None and metric.unit is Unit.MICROS else number


def expected_text(metric: Metric, figure: ExpectedFigure, currency: str) -> str:
    """Write what a figure will come to with its 80% interval; empty where that is unknown."""
    if figure.value is None:
        return ""
    value, low, high = (
        number_text(metric, stored_unit(metric, number), currency)
        for number in (figure.value, figure.low80, figure.high80)
    )
    if low == value == high:
        return value
    return f"{value} ({low if figure.low80 is not None else '0'} to {high if figure.high80 is not None else '∞'})"


def figure_of(metric: Metric, expected: ExpectedFigures | None) -> ExpectedFigure | None:
    """Return what is expected of a metric; None where nothing is."""
    found: ExpectedFigure | None = getattr(expected, metric.name, None)
    return None if found is None or found.value is None else found


def maturity_text(expected: ExpectedFigures | None) -> str:
    """Say how much of what is expected has been reported, and how that is known."""
    if expected is None or expected.maturity is None:
        return ""
    share = f"{expected.maturity:.1%}" if expected.maturity >= MATURE else f"{expected.maturity:.0%}"
    return f"Maturity: {share} of the expected final figure has been reported. Learnt from {BASES[expected.basis]}."


def label_account(account: Account) -> str:
    """Return what to call an account on a screen."""
    return f"{account.name or account.ref.account_id} · {account.ref.platform}"


def campaign_address(ref: CampaignRef) -> str:
    """Return the address of a campaign's page."""
    return "/campaigns/" + "/".join(quote(part, safe="") for part in (ref.platform, ref.account_id, ref.campaign_id))


def format_days(since: date, until: date) -> str:
    """Write a period as people do.

    >>> format_days(date(2026, 10, 22), date(2026, 11, 20))
    '22 Oct to 20 Nov 2026'
    """
    if since == until:
        return day_text(until, year=True)
    first = f"{since.day} {since:%b}" + (f" {since.year}" if since.year != until.year else "")
    return f"{first} to {until.day} {until:%b} {until.year}"


def day_text(day: date, *, year: bool = False) -> str:
    """Write a day as people do.

    >>> day_text(date(2026, 11, 20)), day_text(date(2026, 11, 20), year=True)
    ('Fri 20 Nov', '20 Nov 2026')
    """
    return f"{day.day} {day:%b %Y}" if year else f"{day:%a} {day.day} {day:%b}"


def moment_text(moment: datetime) -> str:
    """Write a moment exactly, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def age_text(moment: datetime, now: datetime) -> str:
    """Say how long ago a moment was.

    >>> from datetime import UTC
    >>> age_text(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 5, 30, tzinfo=UTC))
    '5 h ago'
    """
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h ago"
    return f"{seconds // _DAY:.0f} days ago"
