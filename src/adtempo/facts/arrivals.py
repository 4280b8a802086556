"""How the days of an account filled up: what each look added, laid out by day and by the day's age at the look.

Each local day of an account is a cohort; each look at it, by a sync's coverage or by a file, says how much of it had
come by then. A day first seen at an age is "so much by that age", never an arrival. Looks may be added as they were
made, so that what was known at one moment after another is read once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import Account
from adtempo.domain.hourweek import day_bounds
from adtempo.stats.maturity import Vintages

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PARTIAL_AGES = np.arange(1, 24) / 24
AGES = np.concatenate([np.arange(24, 48) / 24, np.arange(2, 30)])
"""Ages of a day since its start at which vintages are compared: hours below 48, then days; final at the last one."""

ALL_AGES = np.concatenate([PARTIAL_AGES, AGES])
MONDAY = date(1970, 1, 5)

KIND = ("level", "grain", "attribution")
Kind = tuple[str, str, str]
"""Level, grain and attribution of rows."""

_LEVEL_RANK = {"campaign": 0, "ad_group": 1, "ad": 2}


@dataclass(frozen=True, slots=True, eq=False)
class AccountVintages:
    """One account's vintages in the two quantities that arrive late.

    Attributes:
        conversions: Of conversion counts.
        value: Of conversion value.
        newest: The age at each day's newest look as an index of ALL_AGES, -1 where nobody looked, shape (days,).
    """

    conversions: Vintages
    value: Vintages
    newest: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """What one kind of rows shows; arrays of shape (days, ages), those of single conversions (days,)."""

    conversions: Ints
    value: Ints
    there: Bools
    looked: Bools
    single_sum: Floats
    single_squares: Floats


class Arrivals:
    """One account's days since a first one, filled up look by look."""

    def __init__(self, account: Account, first: date, days: int) -> None:
        self.account = account
        self._first = first
        self._starts = np.array(
            [day_bounds(first + timedelta(days=number), account.zone)[0].timestamp() / 3600 for number in range(days)]
        )
        self._kinds: dict[Kind, _Held] = {}

    def add(self, kind: Kind, rows: Mapping[str, NDArray[Any]]) -> None:
        """Add what rows of one kind showed.

        Args:
            kind: Their level, grain and attribution.
            rows: Columns of ``arrivals.sql``; days before the first and after the last one are left out.
        """
        held = self._of(kind)
        day = (rows["day_local"].astype("datetime64[D]") - np.datetime64(self._first)).astype(np.int64)
        inside = (day >= 0) & (day < len(self._starts))
        day, age = day[inside], _age_index(rows["age_hours"][inside] / 24)
        np.add.at(held.conversions, (day, age), rows["conversions"][inside].astype(np.int64))
        np.add.at(held.value, (day, age), rows["value"][inside].astype(np.int64))
        np.add.at(held.single_sum, day, rows["single_sum"][inside].astype(np.float64))
        np.add.at(held.single_squares, day, rows["single_squares"][inside].astype(np.float64))
        held.there[day, age] = True
        looked = rows["looked"][inside].astype(bool)
        held.looked[day[looked], age[looked]] = True

    def look(self, look: Mapping[str, Any]) -> None:
        """Add one row of a sync's coverage."""
        if "conversions_micros" not in look["quantities"]:
            return
        inside = self._covered(look)
        age_days = (look["observed_at"].timestamp() / 3600 - self._starts[inside]) / 24
        begun = age_days > 0
        days = np.arange(inside.start, inside.stop)[begun]
        self._of((look["level"], look["grain"], look["attribution"])).looked[days, _age_index(age_days[begun])] = True

    def best(self, first: int = 0, end: int | None = None) -> Kind | None:
        """Return the kind of rows that says most about some days; None where none shows conversions.

        Args:
            first: Place of the first day.
            end: Place after the last day; None for all.
        """
        ranked = [
            (_LEVEL_RANK[kind[0]], kind[1], -int(np.flatnonzero(there.any(axis=1))[-1]), -int(there.sum()), kind)
            for kind, held in self._kinds.items()
            if (there := held.there[first:end]).any()
        ]
        return min(ranked)[-1] if ranked else None

    def newest(self, kind: Kind, first: int = 0, end: int | None = None) -> Ints:
        """Return the age at each day's newest look as an index of ALL_AGES, -1 where nobody looked, shape (days,)."""
        looked = self._kinds[kind].looked[first:end]
        return np.where(looked.any(axis=1), len(ALL_AGES) - 1 - looked[:, ::-1].argmax(axis=1), -1)

    def vintages(self, kind: Kind, first: int = 0, end: int | None = None) -> AccountVintages:
        """Return the vintages of some days out of one kind of rows."""
        held, days = self._kinds[kind], slice(first, len(self._starts) if end is None else end)
        started = np.arange(days.start, days.stop, dtype=np.float64) + (self._first - MONDAY).days
        singles = float(held.single_sum[days].sum())
        size = float(held.single_squares[days].sum()) / singles if singles > 0 else _mean_value(held, days)

        def vintages(added: Ints, unit: float) -> Vintages:
            seen = np.where(held.looked[days], added[days].cumsum(axis=1) / 1e6, np.nan)
            return Vintages(started, AGES, seen[:, len(PARTIAL_AGES) :], unit)

        newest = self.newest(kind, days.start, days.stop)
        return AccountVintages(vintages(held.conversions, 1.0), vintages(held.value, size), newest)

    def _of(self, kind: Kind) -> _Held:
        if kind not in self._kinds:
            shape = (len(self._starts), len(ALL_AGES))
            counts, flags = np.zeros((2, *shape), np.int64), np.zeros((2, *shape), np.bool_)
            self._kinds[kind] = _Held(*counts, *flags, *np.zeros((2, len(self._starts))))
        return self._kinds[kind]

    def _covered(self, look: Mapping[str, Any]) -> slice:
        """Return the places of the local days that a look covered whole or up to its own moment."""
        zone = self.account.zone if look["grain"] == "hour" else UTC
        begins: datetime = look["slot_from"].astimezone(zone)
        ends: datetime = (look["slot_to"] - timedelta(seconds=1)).astimezone(zone)
        bounds = ((begins.date() - self._first).days, (ends.date() - self._first).days + 1)
        return slice(*(min(max(bound, 0), len(self._starts)) for bound in bounds))


def _mean_value(kind: _Held, days: slice) -> float:
    conversions, value = float(kind.conversions[days].sum()), float(kind.value[days].sum())
    return value / conversions if conversions > 0 and value > 0 else 1.0


def _age_index(age_days: Floats) -> Ints:
    """Return the newest of the ages that has been reached; what is younger than an hour counts as an hour."""
    return np.clip(np.searchsorted(ALL_AGES, age_days + 1e-9, side="right") - 1, 0, len(ALL_AGES) - 1)
