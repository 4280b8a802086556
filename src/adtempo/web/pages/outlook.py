"""What a choice of campaigns did and what that will come to: one look at the ledger for a page and all its charts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar, cast

import numpy as np
from fastapi import Request

from adtempo.charts.series import DailySeries
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.money import MICROS
from adtempo.domain.panels import MaturedTable, Quantities
from adtempo.facts.load import FactQuery
from adtempo.facts.maturity import load_matured_tables
from adtempo.tracking.expected import ExpectedFigures, estimate_expected
from adtempo.web.pages.choice import Choice, Known
from adtempo.workspace import Workspace

BY_CAMPAIGN = ("platform", "account_id", "campaign_id")

_FRESH = timedelta(minutes=5)
_KEPT_MAX = 64

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Matured:
    """Figures as reported, and what their late part will come to."""

    figures: Quantities
    expected: ExpectedFigures


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """One currency's campaigns over a period.

    Attributes:
        total: All of them together.
        campaigns: Each of them.
        days: Each day with facts, in order.
        series: The same days as arrays, without gaps.
    """

    total: Matured
    campaigns: Mapping[CampaignRef, Matured]
    days: Mapping[date, Matured]
    series: DailySeries

    @property
    def arriving(self) -> date | None:
        """The first day that is still arriving; None where all is complete."""
        place = self.series.arriving_from
        return None if place == len(self.series.days) else cast("date", self.series.days[place].astype(date))


class Shelf:
    """Keeps the newest few results; who asks for what is just being computed waits for it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._busy: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def take(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """Return what is kept under a key, else make and keep it."""
        with self._lock:
            turn = self._busy.setdefault(key, threading.Lock())
        with turn:
            if key not in self._kept:
                made = make()
                with self._lock:
                    self._kept[key] = made
                    while len(self._kept) > _KEPT_MAX:
                        old, _ = self._kept.popitem(last=False)
                        self._busy.pop(old, None)
                return made
            return cast("Result", self._kept[key])


def take(request: Request, workspace: Workspace, known: Known, what: Hashable, make: Callable[[], Result]) -> Result:
    """Return a result that holds as long as the ledger has nothing newer, for a few minutes."""
    shelf: Shelf = request.app.state.shelf
    slot = int(known.now.timestamp() // _FRESH.total_seconds())
    return shelf.take((workspace.home, known.batch, slot, what), make)


def load_outlook(workspace: Workspace, known: Known, choice: Choice) -> Outlook:
    """Look at the campaigns of one currency.

    Args:
        choice: The period and the campaigns; its currency is stated.
    """
    accounts = [
        ref
        for ref, account in known.accounts.items()
        if account.currency == choice.currency and choice.account in {None, ref}
    ]
    facts = FactQuery(
        by=BY_CAMPAIGN,
        since=choice.since,
        until=choice.until,
        campaigns=None if choice.campaign is None else [choice.campaign],
        accounts=accounts,
        as_of=known.now,
    )
    campaigns, total, days = load_matured_tables(workspace.ledger, facts, [BY_CAMPAIGN, (), ("day_local",)])
    refs = [CampaignRef(*map(str, keys)) for keys, _ in campaigns.facts.rows()]
    dates: list[date] = days.facts.keys["day_local"].astype("datetime64[D]").tolist()
    return Outlook(
        total=_matured(total, 0),
        campaigns={ref: _matured(campaigns, place) for place, ref in enumerate(refs)},
        days={day: _matured(days, place) for place, day in enumerate(dates)},
        series=daily_series(days, choice),
    )


def daily_series(days: MaturedTable, choice: Choice) -> DailySeries:
    """Return spend and value, one entry per day of the period.

    Args:
        days: Facts of one currency by day_local.
        choice: The period and its currency.
    """
    every = np.arange(np.datetime64(choice.since), np.datetime64(choice.until) + 1)
    places = (days.facts.keys["day_local"].astype("datetime64[D]") - every[0]).astype(int)

    def spread(amounts: np.ndarray) -> np.ndarray:
        row = np.full(len(every), np.nan)
        row[places] = amounts
        return row

    def measured(name: str) -> np.ndarray:
        return spread(np.where(days.facts.measured[name], days.facts.sums[name] / MICROS, np.nan))

    value = days.conversion_value
    return DailySeries(
        days=every,
        spend=measured("spend_micros"),
        value=measured("conversion_value_micros"),
        expected=spread(value.value),
        low80=spread(value.low80),
        high80=spread(value.high80),
        maturity=spread(value.maturity),
        currency=choice.currency or "",
    )


def as_known(now: datetime) -> str:
    """Say up to when this is what was known."""
    return f"As reported by the platforms and known here on {now:%Y-%m-%d %H:%M} UTC."


def _matured(table: MaturedTable, group: int) -> Matured:
    return Matured(table.facts.quantities(group), estimate_expected(table, group))
