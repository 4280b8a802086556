"""Return on spend with an attribution window and with the sales that the platform cannot see. Pure.

A platform counts a conversion under a setting of its own (``7d_click_1d_view``); the advertiser's own conversions
carry the moment of the click, so that any window can be laid on them. Both parts are always shown: adding them is right
where the platform cannot see these sales, replacing where it counts the same ones.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from adtempo.domain.accounts import CampaignRef, OfflineUse
from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import ROAS, value_of
from adtempo.domain.panels import Quantities
from adtempo.tracking.expected import ExpectedFigure

WINDOWS = (1, 7, 28)
"""Days after the click within which a conversion counts."""

DEFAULT_WINDOW = 7

_CURRENCY = re.compile("[A-Z]{3}")
_BASES = ("own", "shrunk", "platform", "prior", "none")
_CLICK_DAYS = re.compile(r"(\d+)d_click")

Convert = Callable[[int, str, date], int]
"""Turns micros of a currency on a day into micros of the currency that is asked for."""

CampaignDays = Mapping[tuple[Any, date], Quantities]
"""What campaigns, or whole accounts, did on local days."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One conversion that the advertiser counted itself.

    Attributes:
        happened_at: When, aware.
        value_micros: Worth, in micros of `currency`.
        currency: ISO 4217.
        clicked_at: When the ad was clicked, aware; None where nobody knows.
    """

    happened_at: datetime
    value_micros: int
    currency: str
    clicked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OfflinePart:
    """What the advertiser's own conversions come to.

    Attributes:
        conversions: How many fell into the days and the window.
        value_micros: Their worth in micros of the currency that is asked for.
        without_click: How many of them were placed by the day of the conversion, since the click is not known.
    """

    conversions: int
    value_micros: int
    without_click: int


@dataclass(frozen=True, slots=True)
class Return:
    """Return on spend, with where it comes from.

    Attributes:
        spend_micros: Spend; None where nobody measured it.
        platform_value_micros: Value that the platform reports; None where it reports none.
        attributions: Settings under which it was reported; an empty one did not say.
        window_matches: Whether they count clicks of exactly the window that was asked for.
        offline: The advertiser's own conversions; None when they were not asked for.
        value_micros: The value that counts.
        roas: Value / spend; None without spend or without any value measured.
    """

    spend_micros: int | None
    platform_value_micros: int | None
    attributions: tuple[str, ...]
    window_matches: bool
    offline: OfflinePart | None
    value_micros: int | None
    roas: float | None


@dataclass(frozen=True, slots=True)
class LatePart:
    """What platforms have not reported yet, of accounts in one currency.

    Attributes:
        coming: Expected value to come, in major units of the currency that is asked for.
        low80: Lower bound of the central 80% interval.
        high80: Upper bound.
        low95: Lower bound of the central 95% interval.
        high95: Upper bound.
        basis: What it rests on: own, shrunk, platform, prior or none.
    """

    coming: float
    low80: float
    high80: float
    low95: float
    high95: float
    basis: str


@dataclass(frozen=True, slots=True)
class ExpectedReturn:
    """What a return will come to once everything has arrived.

    Attributes:
        roas: Value / spend.
        maturity: Share of the expected value that is known, 0 to 1; None without any.
        basis: The least that any part of it rests on: own, shrunk, platform, prior or none.
    """

    roas: ExpectedFigure
    maturity: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class RoasReport:
    """Return on spend of one campaign or of many together, over local days.

    Attributes:
        campaigns: Whose.
        since: First local day, inclusive.
        until: Last local day, inclusive.
        as_of: What was known at this moment, UTC.
        window_days: The attribution window that was asked for.
        currency: ISO 4217 code of the amounts.
        total: The return with its parts.
        expected: What it will come to; None where the platforms' late conversions do not count.
    """

    campaigns: tuple[CampaignRef, ...]
    since: date
    until: date
    as_of: datetime
    window_days: int
    currency: str
    total: Return
    expected: ExpectedReturn | None = None

    @property
    def roas(self) -> float | None:
        """Value / spend; None without spend or without any value measured."""
        return self.total.roas

    @property
    def absent_because(self) -> str | None:
        """Why there is no ROAS; None where there is one."""
        if self.roas is not None:
            return None
        if self.total.spend_micros is None:
            return f"no spend was reported for {self.since} to {self.until}"
        if self.total.spend_micros <= 0:
            return f"nothing was spent from {self.since} to {self.until}"
        return "the platform reports no conversion value"


def check_window(days: int) -> int:
    """Return an attribution window that can be asked for.

    Raises:
        InvalidInput: It is not one of WINDOWS.
    """
    if days not in WINDOWS:
        raise InvalidInput(f"an attribution window has 1, 7 or 28 days, not {days}")
    return days


def check_currency(code: str | None) -> str | None:
    """Return a currency that can be asked for; None asks for none.

    Raises:
        InvalidInput: It is not written like an ISO 4217 code.
    """
    if code is not None and not _CURRENCY.fullmatch(code):
        raise InvalidInput(f"{code!r} is not a currency; write its ISO 4217 code, such as EUR")
    return code


def click_days(attribution: str) -> int | None:
    """Return how many days after a click an attribution setting counts; None where its name does not say.

    >>> click_days("7d_click_1d_view"), click_days("")
    (7, None)
    """
    match = _CLICK_DAYS.search(attribution)
    return int(match[1]) if match else None


def choose_attribution(settings: Collection[str], window_days: int) -> str | None:
    """Return the setting to read of several that an account is reported under: that of the window, if there is one."""
    fitting = sorted(setting for setting in settings if click_days(setting) == window_days)
    return fitting[0] if fitting else None


def estimate_offline(
    sales: Iterable[Sale], since: date, until: date, window_days: int, zone: ZoneInfo, convert: Convert
) -> OfflinePart:
    """Add up the advertiser's own conversions whose click fell on these days and that came within the window.

    Args:
        sales: Of one campaign, each once.
        since: First local day of the clicks, inclusive.
        until: Last local day, inclusive.
        window_days: Longest time from click to conversion.
        zone: The account's zone, in which days are counted.
        convert: Into the account's currency, at the rate of the conversion's day.
    """
    window = timedelta(days=window_days)
    conversions = value = without_click = 0
    for sale in sales:
        placed_at = sale.clicked_at or sale.happened_at
        if not since <= placed_at.astimezone(zone).date() <= until or sale.happened_at - placed_at > window:
            continue
        conversions += 1
        without_click += sale.clicked_at is None
        value += convert(sale.value_micros, sale.currency, sale.happened_at.astimezone(zone).date())
    return OfflinePart(conversions, value, without_click)


def estimate_return(
    figures: Quantities, attributions: Collection[str], window_days: int, offline: OfflinePart | None, use: OfflineUse
) -> Return:
    """Put the platform's value and the advertiser's own together as the account wants it.

    Args:
        attributions: The settings under which it does.
        window_days: The window that was asked for.
        offline: The advertiser's own conversions; None leaves them out.
        use: Whether they are added to the platform's or replace them.
    """
    platform = figures.conversion_value_micros
    if offline is None:
        value = platform
    elif use is OfflineUse.REPLACE:
        value = offline.value_micros
    else:
        value = (platform or 0) + offline.value_micros
    return Return(
        spend_micros=figures.spend_micros,
        platform_value_micros=platform,
        attributions=tuple(sorted(attributions)),
        window_matches={click_days(attribution) for attribution in attributions} == {window_days},
        offline=offline,
        value_micros=value,
        roas=_ratio(figures.spend_micros, value),
    )


def blend_returns(parts: Sequence[Return]) -> Return:
    """Add up returns in one currency; the blended return is the ratio of the sums.

    Args:
        parts: At least one, all with or all without the advertiser's own conversions.
    """
    spend = _sum(part.spend_micros for part in parts)
    value = _sum(part.value_micros for part in parts)
    own = [part.offline for part in parts if part.offline is not None]
    offline = OfflinePart(
        sum(part.conversions for part in own),
        sum(part.value_micros for part in own),
        sum(part.without_click for part in own),
    )
    return Return(
        spend_micros=spend,
        platform_value_micros=_sum(part.platform_value_micros for part in parts),
        attributions=tuple(sorted({setting for part in parts for setting in part.attributions})),
        window_matches=all(part.window_matches for part in parts if part.attributions)
        and any(part.attributions for part in parts),
        offline=offline if own else None,
        value_micros=value,
        roas=_ratio(spend, value),
    )


def expect_return(total: Return, late: Sequence[LatePart]) -> ExpectedReturn | None:
    """Say what a return will come to, by what platforms have not reported yet.

    The advertiser's own conversions count as they are known. Parts of different currencies are of different accounts:
    their errors are taken as independent.

    Args:
        late: What is still to come, per currency.
    """
    if not late or not total.spend_micros or total.spend_micros < 0 or total.value_micros is None:
        return None
    known, spend = total.value_micros / 1e6, total.spend_micros / 1e6
    value = known + sum(part.coming for part in late)

    def below(name: str) -> float:
        return (value - math.hypot(*(part.coming - getattr(part, name) for part in late))) / spend

    def above(name: str) -> float:
        return (value + math.hypot(*(getattr(part, name) - part.coming for part in late))) / spend

    return ExpectedReturn(
        roas=ExpectedFigure(value / spend, below("low80"), above("high80"), below("low95"), above("high95")),
        maturity=min(max(known / value, 0.0), 1.0) if value > 0 else None,
        basis=max((part.basis for part in late), key=_BASES.index),
    )


def estimate_reported(
    record: CampaignDays, under: Mapping[str, CampaignDays], window_days: int, convert: Callable[[int, date], int]
) -> tuple[Quantities, frozenset[str]]:
    """Add up what a platform reports, day by day under the setting of the window where there is one.

    Spend does not depend on the setting, so it is always that of record. On a day without a fitting setting the value
    of record counts, and every setting that reported a value then is named.

    Args:
        under: The same campaigns and days as reported under each setting.
        window_days: The window that was asked for.
        convert: From the account's currency, at the rate of the day.

    Returns:
        Spend and conversion value, None where no day was measured; the settings under which the value was reported.
    """
    spend: list[int] = []
    value: list[int] = []
    used: set[str] = set()
    for cell, figures in record.items():
        if figures.spend_micros is not None:
            spend.append(convert(figures.spend_micros, cell[1]))
        reported = {
            setting: amount
            for setting, days in under.items()
            if cell in days and (amount := days[cell].conversion_value_micros) is not None
        }
        fitting = choose_attribution(reported, window_days)
        amount = figures.conversion_value_micros if fitting is None else reported[fitting]
        if amount is not None:
            value.append(convert(amount, cell[1]))
            used |= reported.keys() if fitting is None else {fitting}
    sums = Quantities(spend_micros=_sum(spend), conversion_value_micros=_sum(value))
    return sums, frozenset(used)


def _ratio(spend_micros: int | None, value_micros: int | None) -> float | None:
    return value_of(ROAS, Quantities(spend_micros=spend_micros, conversion_value_micros=value_micros))


def _sum(amounts: Iterable[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Rates:
    """Exchange rates as they were imported: (day, currency, base) to what one unit of the base was worth."""

    by_pair: Mapping[tuple[str, str], list[tuple[date, Decimal]]]

    @classmethod
    def of(cls, rates: Iterable[tuple[date, str, str, Decimal]]) -> Rates:
        """Collect rates (day, currency, base, rate); each pair may be read in both directions."""
        by_pair: dict[tuple[str, str], list[tuple[date, Decimal]]] = {}
        for day, currency, base, rate in rates:
            by_pair.setdefault((base, currency), []).append((day, rate))
            by_pair.setdefault((currency, base), []).append((day, 1 / rate))
        return cls({pair: sorted(known) for pair, known in by_pair.items()})

    def convert(self, micros: int, currency: str, into: str, day: date) -> int:
        """Return an amount in another currency at the newest rate that was known for the day, rounded half to even.

        Two currencies that have no rate of their own meet through a third one: a central bank quotes all against its
        own.

        Raises:
            InvalidInput: There is no rate of the pair on or before the day.
        """
        if currency == into:
            return micros
        rate = self._rate(currency, into, day) or self._rate_through(currency, into, day)
        if rate is None:
            raise InvalidInput(
                f"there is no exchange rate from {currency} to {into} on or before {day}; import it (import rates FILE)"
            )
        return int((micros * rate).to_integral_value())

    def _rate(self, currency: str, into: str, day: date) -> Decimal | None:
        known = self.by_pair.get((currency, into), [])
        place = bisect_right(known, day, key=lambda rate: rate[0])
        return known[place - 1][1] if place else None

    def _rate_through(self, currency: str, into: str, day: date) -> Decimal | None:
        for middle in sorted({second for first, second in self.by_pair if first == currency}):
            first, second = self._rate(currency, middle, day), self._rate(middle, into, day)
            if first is not None and second is not None:
                return first * second
        return None
