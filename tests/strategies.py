"""What Hypothesis draws: money, moments, zones, figures of facts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from adtempo.domain.money import MAX_MICROS, Money
from adtempo.domain.panels import QUANTITIES, Quantities

currencies = st.sampled_from(["USD", "EUR", "JPY", "KWD", "HUF", "CLF", "TWD"])
"""Two, none, three and four decimals, and two on which Meta and ISO 4217 differ."""

platforms = st.sampled_from([None, "meta", "google", "tiktok"])

micros = st.integers(-MAX_MICROS, MAX_MICROS)

amounts = st.builds(Money, st.integers(0, 10**15), currencies)

weights = st.lists(st.integers(0, 10**9) | st.fractions(0, 10**6), min_size=1, max_size=30).filter(any)
"""Weights of a split: not negative, not all zero."""

zones = st.sampled_from(
    [
        "UTC",
        "America/New_York",
        "America/Santiago",  # the clock skips midnight
        "Asia/Kolkata",  # half an hour off
        "Asia/Tokyo",  # no summer time
        "Australia/Lord_Howe",  # half an hour of summer time
        "Europe/Berlin",
        "Pacific/Apia",  # skipped a whole day in 2011
        "Pacific/Chatham",  # three quarters of an hour off
    ]
).map(ZoneInfo)

days = st.dates(date(2010, 1, 1), date(2035, 12, 31))

instants = st.datetimes(datetime(2010, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))


def quantities(most: int = 10**12) -> st.SearchStrategy[Quantities]:
    """Draw figures of one group of facts, each possibly not measured.

    Args:
        most: Largest amount of any quantity.
    """
    figure = st.none() | st.integers(0, most)
    return st.builds(Quantities, **dict.fromkeys([*QUANTITIES, "reach"], figure))
