"""Where the hours come from: the ledger, the advertiser's own conversions, and which metric they can carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from adtempo.dayparts.panel import HourlyPanel, lay_out_hours
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.metrics import CPC, CPM, CTR, Metric
from adtempo.domain.money import MICROS
from adtempo.facts.freshness import last_ended, load_heard
from adtempo.facts.load import FactQuery
from adtempo.facts.load_hours import HourFacts, load_hour_facts
from adtempo.facts.maturity import AccountCurves, load_curves
from adtempo.store.conversions import load_conversions
from adtempo.store.engine import reading
from adtempo.store.ledger import last_batch, load_watermarks

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_INSTEAD = (CPC, CTR)
"""Of clicks, in the order of preference, where hours carry no conversions."""

_HOUR = np.timedelta64(1, "h")


class Conversions(StrEnum):
    """Whose conversions were counted by the hour."""

    PLATFORM = "platform"
    OWN = "own"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known, and when: the same for every campaign of one question.

    Attributes:
        as_of: The moment, aware.
        batch: The ledger's newest batch then.
        curves: How late each account's conversions arrive.
        heard: When each account was last heard.
        complete_until: Up to when each account's facts are complete.
    """

    as_of: datetime
    batch: int
    curves: Mapping[AccountRef, AccountCurves]
    heard: Mapping[AccountRef, datetime]
    complete_until: Mapping[AccountRef, datetime]

    def last_day(self, account: Account) -> date:
        """Return the last local day of an account that is over and has facts."""
        over = last_ended(account, self.as_of)
        if account.ref not in self.complete_until:
            return over
        moment = self.complete_until[account.ref] - timedelta(microseconds=1)
        return min(moment.astimezone(account.zone).date(), over)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedHours:
    """Hours of campaigns that can carry one metric, each laid on its calendar.

    Attributes:
        panel: The two sums of the metric.
        delivery: Spend and impressions of the same hours.
        conversions: Whose conversions are counted.
        first_days: First local day with hourly facts of each campaign; none at all where there are no facts.
    """

    panel: HourlyPanel
    delivery: HourlyPanel
    conversions: Conversions
    first_days: tuple[date, ...]


def load_moment(workspace: Workspace, as_of: datetime, *, batch: int | None = None) -> Moment:
    """Return what is known at a moment, by a batch of the ledger where one is named."""
    with reading(workspace.engine) as connection:
        complete = load_watermarks(connection)
        batch = last_batch(connection) if batch is None else batch
        heard = load_heard(connection, as_of)
    return Moment(as_of, batch, load_curves(workspace.ledger, as_of=as_of, batch=batch), heard, complete)


def load_hours(
    workspace: Workspace,
    moment: Moment,
    accounts: Mapping[AccountRef, Account],
    campaigns: Collection[CampaignRef],
    metric: Metric,
    days: tuple[date, date],
) -> list[LoadedHours]:
    """Return the hours of some campaigns, those of one metric together.

    Where hours carry no conversions, first-party conversions count by the hour of their click; where there are none,
    a metric of clicks is analysed instead. A day's conversions are never spread over its hours.

    Args:
        accounts: Theirs, and maybe others.
        campaigns: Which ones; those without hourly facts are left out of the answer.
        metric: What is asked for, a ratio.
        days: First and last local day, inclusive.
    """
    query = FactQuery(
        by=("hour",),
        since=days[0],
        until=days[1],
        campaigns=list(campaigns),
        as_of=moment.as_of,
        batch=moment.batch,
    )
    facts = load_hour_facts(workspace.ledger, query, moment.curves, moment.heard)
    if not facts.campaigns:
        return []
    own = _load_own(workspace, moment, accounts, facts, days) if _needs_conversions(metric) else {}
    kinds: dict[tuple[str, Conversions], list[int]] = defaultdict(list)
    metrics: dict[str, Metric] = {}
    for place in range(len(facts.campaigns)):
        found, whose = _carried(metric, facts, place, own)
        metrics[found.name] = found
        kinds[found.name, whose].append(place)
    return [_lay_out(facts, places, metrics[name], whose, own) for (name, whose), places in kinds.items()]


def _needs_conversions(metric: Metric) -> bool:
    return "conversion" in metric.numerator or "conversion" in (metric.denominator or "")


def _carried(
    metric: Metric, facts: HourFacts, place: int, own: Mapping[str, Mapping[int, Ints]]
) -> tuple[Metric, Conversions]:
    """Return the metric that a campaign's hours can carry, and whose conversions."""
    if not _needs_conversions(metric):
        return metric, Conversions.NONE
    rows = facts.rows(place)
    wanted = [name for name in (metric.numerator, metric.denominator or "") if "conversion" in name]
    if all(facts.table.measured[name][rows].any() for name in wanted):
        return metric, Conversions.PLATFORM
    if all(place in own.get(name, {}) for name in wanted):
        return metric, Conversions.OWN
    for instead in _INSTEAD:
        names = (instead.numerator, instead.denominator or "")
        if all(facts.table.measured[name][rows].any() for name in names):
            return instead, Conversions.NONE
    return metric, Conversions.NONE


def _lay_out(
    facts: HourFacts,
    places: Sequence[int],
    metric: Metric,
    whose: Conversions,
    own: Mapping[str, Mapping[int, Ints]],
) -> LoadedHours:
    renumbered = np.full(len(facts.campaigns), -1)
    renumbered[places] = np.arange(len(places))
    rows = np.flatnonzero(renumbered[facts.places] >= 0)
    campaigns = [facts.campaigns[place] for place in places]
    place, days, hours = renumbered[facts.places[rows]], facts.days[rows], facts.hours[rows]

    def amounts(name: str) -> Ints:
        if whose is Conversions.OWN and name in own:
            return np.concatenate([own[name][one] for one in places])
        return facts.table.sums[name][rows]

    def known(*names: str | None) -> Bools:
        stated = [name for name in names if name and not (whose is Conversions.OWN and name in own)]
        there: Bools = np.logical_and.reduce([facts.table.measured[name][rows] for name in stated])
        return there

    def lay(one: Metric, shares: NDArray[np.float64] | None = None) -> HourlyPanel:
        top, bottom, there = (
            amounts(one.numerator),
            amounts(one.denominator or ""),
            known(one.numerator, one.denominator),
        )
        sums = np.where(there, top, 0), np.where(there, bottom, 0)
        return lay_out_hours(one, campaigns, place, days, hours, sums, shares)

    late = facts.shares[rows] if _needs_conversions(metric) and (facts.shares[rows] < 1).any() else None
    begins = np.searchsorted(place, np.arange(len(places)))
    return LoadedHours(lay(metric, late), lay(CPM), whose, tuple(days[begins].astype(object).tolist()))


def _load_own(
    workspace: Workspace,
    moment: Moment,
    accounts: Mapping[AccountRef, Account],
    facts: HourFacts,
    days: tuple[date, date],
) -> dict[str, dict[int, Ints]]:
    """Return first-party conversions and their value by the hour of the click: one amount per row of a campaign.

    Only campaigns whose hours carry no conversions are looked up; value counts only where all of it is in the account's
    currency. A click outside the hours that are known cannot be set against their spend.
    """
    measured = facts.table.measured["conversions_micros"]
    blind = [place for place in range(len(facts.campaigns)) if not measured[facts.rows(place)].any()]
    if not blind:
        return {}
    bounds = {
        ref: (day_bounds(days[0], accounts[ref].zone)[0], day_bounds(days[1], accounts[ref].zone)[1])
        for ref in {facts.campaigns[place].account for place in blind}
    }
    with reading(workspace.engine) as connection:
        found = load_conversions(
            connection,
            campaigns=[facts.campaigns[place] for place in blind],
            since=min(since for since, _ in bounds.values()),
            as_of=moment.as_of,
            batch=moment.batch,
        )
    clicked = defaultdict(list)
    for one in found:
        since, until = bounds[one.campaign.account]
        if one.click_time is not None and since <= one.click_time < until:
            clicked[one.campaign].append((one.click_time.replace(tzinfo=None), one))
    own: dict[str, dict[int, Ints]] = {"conversions_micros": {}, "conversion_value_micros": {}}
    for place in blind:
        mine = clicked[facts.campaigns[place]]
        starts = facts.table.keys["hour"][facts.rows(place)]
        moments = np.array([clicked_at for clicked_at, _ in mine], "datetime64[us]")
        row = np.searchsorted(starts, moments, side="right") - 1
        inside = (row >= 0) & (moments < starts[np.maximum(row, 0)] + _HOUR)
        if not inside.any():
            continue
        kept = row[inside]
        own["conversions_micros"][place] = np.bincount(kept, minlength=len(starts)) * MICROS
        if {one.currency for _, one in mine} == {accounts[facts.campaigns[place].account].currency}:
            values = np.array([one.value_micros for _, one in mine], np.int64)[inside]
            sums = np.zeros(len(starts), np.int64)
            np.add.at(sums, kept, values)
            own["conversion_value_micros"][place] = sums
    return own
