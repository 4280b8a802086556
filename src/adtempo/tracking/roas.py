"""Return on spend with an attribution window and with the sales that the platform cannot see. Pure.

A platform counts a conversion under a setting of its own (``7d_click_1d_view``); the advertiser's own conversions
carry the moment of the click, so that any window can be laid on them. Both parts are always shown: adding them is right
where the platform cannot see these sales, replacing where it counts the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from adtempo.domain.accounts import OfflineUse
from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import ROAS, value_of
from adtempo.domain.panels import Quantities

WINDOWS = (1, 7, 28)
"""Days after the click within which a conversion counts."""

DEFAULT_WINDOW = 7

_CLICK_DAYS = re.compile(r"(\d+)d_click")

Convert = Callable[[int, str, date], int]
"""Turns micros of a currency on a day into micros of the account's currency."""


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
        value_micros: Their worth in micros of the account's currency.
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
        attribution: Setting under which it was reported; empty where it did not say.
        window_matches: Whether that setting counts clicks of exactly the window that was asked for.
        offline: The advertiser's own conversions; None when they were not asked for.
        value_micros: The value that counts.
        roas: Value / spend; None without spend or without any value measured.
    """

    spend_micros: int | None
    platform_value_micros: int | None
    attribution: str
    window_matches: bool
    offline: OfflinePart | None
    value_micros: int | None
    roas: float | None


def check_window(days: int) -> int:
    """Return an attribution window that can be asked for.

    Raises:
        InvalidInput: It is not one of WINDOWS.
    """
    if days not in WINDOWS:
        raise InvalidInput(f"an attribution window has 1, 7 or 28 days, not {days}")
    return days


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
    figures: Quantities, attribution: str, window_days: int, offline: OfflinePart | None, use: OfflineUse
) -> Return:
    """Put the platform's value and the advertiser's own together as the account wants it.

    Args:
        figures: What the platform reports.
        attribution: The setting under which it does.
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
        attribution=attribution,
        window_matches=click_days(attribution) == window_days,
        offline=offline,
        value_micros=value,
        roas=value_of(ROAS, Quantities(spend_micros=figures.spend_micros, conversion_value_micros=value)),
    )


@dataclass(frozen=True, slots=True)
class Rates:
    """Exchange rates as they were imported: (day, currency, base) to what one unit of the base was worth."""

    by_pair: dict[tuple[str, str], list[tuple[date, Decimal]]]

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

        Raises:
            InvalidInput: There is no rate of the pair on or before the day.
        """
        if currency == into:
            return micros
        known = [rate for of_day, rate in self.by_pair.get((currency, into), []) if of_day <= day]
        if not known:
            raise InvalidInput(
                f"there is no exchange rate from {currency} to {into} on or before {day}; import it (import rates FILE)"
            )
        return int((micros * known[-1]).to_integral_value())
