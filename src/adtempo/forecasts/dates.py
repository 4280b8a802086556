"""Known dates: the public holidays of the country whose time zone an account keeps, and the time of the year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from adtempo.stats.forecasters import KnownDates

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

YEAR = 365.25

_HARMONICS = 3
_DOUBT_OF_YEAR = 4.0  # in units of a day's noise
_DOUBT_OF_ALL, _DOUBT_OF_ONE = 4.0, 1.0  # what holidays do alike, and each its own way


@cache
def _countries() -> Mapping[str, str]:
    """Return the country of each time zone, as the time zone database has it."""
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    return {row[2]: row[0] for row in rows}


def holidays_of(timezone: str, days: Days) -> list[str]:
    """Return the name of the public holiday that each day is, empty where it is none or the country is not known.

    Args:
        timezone: IANA name; UTC is of no country.
        days: Consecutive days, datetime64[D].

    >>> holidays_of("Europe/Berlin", np.arange(np.datetime64("2026-12-24"), np.datetime64("2026-12-26")))
    ['', 'Christmas Day']
    """
    import holidays

    country = _countries().get(timezone, "")
    if country not in holidays.list_supported_countries(include_aliases=False):
        return [""] * len(days)
    calendar = holidays.country_holidays(country, language="en_US")
    return [calendar.get(day, "") for day in days.tolist()]


def reckon_holidays(holidays: Mapping[str, Sequence[str]], shares: Sequence[Mapping[str, float]]) -> KnownDates | None:
    """Return what forecasters need to know of holidays; None where there are none.

    Args:
        holidays: The holiday that each day is, by account, those to come included.
        shares: Of each series, how much of it each account is.
    """
    names = sorted({name for days in holidays.values() for name in days if name})
    if not names:
        return None
    steps = len(next(iter(holidays.values())))
    known = np.zeros((len(shares), 1 + len(names), steps))
    for series, parts in zip(known, shares, strict=True):
        for account, share in parts.items():
            for step, name in enumerate(holidays[account]):
                if name:
                    series[[0, 1 + names.index(name)], step] += share
    return KnownDates(known, np.r_[_DOUBT_OF_ALL, np.full(len(names), _DOUBT_OF_ONE)])


def reckon_year(lengths: Sequence[int], horizon: int) -> KnownDates | None:
    """Return the time of the year of daily series that have seen two years; None where none has.

    Args:
        lengths: Days of each series.
        horizon: Days to come.
    """
    steps = max(lengths)
    if steps < 2 * YEAR:
        return None
    turns = 2 * np.pi * np.outer(np.arange(1, _HARMONICS + 1), np.arange(steps + horizon)) / YEAR
    waves = np.concatenate([np.sin(turns), np.cos(turns)])
    seen = np.array(lengths) >= 2 * YEAR
    return KnownDates(seen[:, None, None] * waves, np.full(len(waves), _DOUBT_OF_YEAR))
