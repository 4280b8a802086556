"""Sums over windows of days, of many campaigns at once, and the share of a window that has arrived. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.money import MICROS
from adtempo.domain.panels import QUANTITIES, FactTable, MaturedTable, Quantities

LATE = ("conversions_micros", "conversion_value_micros")
"""Quantities that arrive late."""

LEARNT = ("own", "shrunk")
"""What an expectation must rest on to be believed before its window is final."""

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class DailyColumns:
    """Columns by local day, to be added up over the days of a window.

    Attributes:
        first: The first of the days.
        columns: By name, each of shape (days,).
    """

    first: date
    columns: Columns

    def window(self, since: date, until: date) -> dict[str, Any]:
        """Return the sums over a window, both days inclusive."""
        begin, end = (since - self.first).days, (until - self.first).days + 1
        days = slice(max(begin, 0), max(end, 0))
        return {name: column[days].sum().item() for name, column in self.columns.items()}


@dataclass(frozen=True, slots=True, eq=False)
class CampaignColumns:
    """Columns of campaigns by local day.

    Attributes:
        first: The first of the days.
        days: How many days there are.
        rows: Where each campaign's rows lie.
        day: The place of each row's day, shape (rows,).
        columns: By name, each of shape (rows,).
    """

    first: date
    days: int
    rows: Mapping[CampaignRef, slice]
    day: NDArray[np.int64]
    columns: Columns

    @classmethod
    def of(cls, table: FactTable, columns: Columns) -> CampaignColumns:
        """Take columns whose rows are those of a table by platform, account, campaign and local day."""
        days = table.keys["day_local"].astype("datetime64[D]")
        first = days.min() if len(days) else np.datetime64("1970-01-01", "D")
        day = (days - first).astype(np.int64)
        return cls(first.item(), int(day.max(initial=0)) + 1, dict(table.campaigns()), day, columns)

    def of_campaigns(self, campaigns: Collection[CampaignRef]) -> DailyColumns:
        """Return the sums over some campaigns; one without rows adds nothing."""
        found = [self.rows[ref] for ref in campaigns if ref in self.rows]
        rows = np.array([row for one in found for row in range(one.start, one.stop)], np.int64)
        sums = {name: np.zeros(self.days, column.dtype) for name, column in self.columns.items()}
        for name, column in self.columns.items():
            np.add.at(sums[name], self.day[rows], column[rows])  # bincount would add doubles
        return DailyColumns(self.first, sums)


def figures_by_day(table: FactTable) -> CampaignColumns:
    """Return the facts of campaigns by local day."""
    measured = {f"has_{name}": table.measured[name].astype(np.int64) for name in QUANTITIES}
    return CampaignColumns.of(table, {**table.sums, **measured})


def figures_of(total: Mapping[str, Any]) -> Quantities | None:
    """Return what a window of `figures_by_day` came to; None where nobody measured anything."""
    known = {name: total[name] for name in QUANTITIES if total[f"has_{name}"]}
    return Quantities(**known) if known else None


def arrivals_by_day(table: MaturedTable) -> CampaignColumns:
    """Return, by local day, what of each late quantity was reported, what it will come to, and how often by guessing.

    Args:
        table: By platform, account, campaign and local day.
    """
    columns = {}
    for name, expected in zip(LATE, (table.conversions, table.conversion_value), strict=True):
        measured = table.facts.measured[name]
        columns[name] = table.facts.sums[name]
        columns[f"final_{name}"] = np.where(measured, expected.value, 0.0)
        columns[f"guessed_{name}"] = (measured & ~np.isin(expected.basis, LEARNT)).astype(np.int64)
    return CampaignColumns.of(table.facts, columns)


def share_arrived(total: Mapping[str, Any], quantity: str) -> float:
    """Return the share of a quantity's expected final sum that a window of `arrivals_by_day` has reported, 0 to 1.

    0 where the expectation rests on anything but the account's own history: that is no reason to stop waiting.
    """
    final = total[f"final_{quantity}"]
    if total[f"guessed_{quantity}"] or final <= 0:
        return 0.0
    return float(min(1.0, total[quantity] / MICROS / final))
