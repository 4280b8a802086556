"""Hours of campaigns as anomalies need them: complete, without holes, a measured nothing told from the unknown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import Campaign
from adtempo.domain.panels import QUANTITIES, FactTable
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.load_hours import share_of_clicks
from adtempo.facts.maturity import AccountCurves, load_curves
from adtempo.store import ledger as manifest
from adtempo.store.engine import reading
from adtempo.tracking.anomalies import Floats, HourlySeries, Ints

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

HISTORY = timedelta(days=63)
"""What detectors learn from: they remember eight weeks, and say little of the first one."""

_BY_HOUR = ("platform", "account_id", "campaign_id", "hour")
_BY_DAY = ("platform", "account_id", "campaign_id", "day_local")
_HOUR = timedelta(hours=1)

_RowsOf = Sequence[tuple[CampaignRef, slice]]


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """What is known of the hours of some accounts.

    Attributes:
        series: Of each campaign with hourly facts.
        daily: Clicks, discounted by what their conversions have come in to, and conversions per day, of campaigns
            whose hours carry no conversions.
        complete_until: Up to when each account's hours are complete, aware; one never read is absent.
    """

    series: Mapping[CampaignRef, HourlySeries]
    daily: Mapping[CampaignRef, tuple[Floats, Floats]]
    complete_until: Mapping[AccountRef, datetime]


@dataclass(frozen=True, slots=True, eq=False)
class _Calendar:
    """The hours of one account that may be judged.

    Attributes:
        begin: Seconds since 1970 at the first.
        cells: Hour of the week in the account's zone, shape (hours,).
        covered: Whether a look covered it, shape (hours,).
        share: Part of its conversions that has been reported, shape (hours,).
    """

    begin: int
    cells: Ints
    covered: NDArray[np.bool_]
    share: Floats


def load_hours(
    workspace: Workspace,
    accounts: Mapping[AccountRef, Account],
    campaigns: Collection[Campaign],
    *,
    since: datetime,
    as_of: datetime,
) -> Hours:
    """Return the complete hours of campaigns as known at a moment.

    An hour without facts is a measured nothing where a sync covered it, from a campaign's first fact on. Elsewhere,
    and wherever facts come from files, nobody can tell it from an hour that was left out: it is unknown.

    Args:
        accounts: Of these campaigns, by their references.
        since: First moment to judge, aware; HISTORY before it is loaded too.
    """
    if not campaigns:
        return Hours({}, {}, {})
    first = (since - HISTORY).replace(minute=0, second=0, microsecond=0)
    refs = [campaign.ref for campaign in campaigns]
    query = FactQuery(by=_BY_HOUR, since=first.date() - timedelta(days=1), campaigns=refs, as_of=as_of)
    table = load_fact_table(workspace.ledger, query)
    with reading(workspace.engine) as connection:
        looks = [
            look
            for look in manifest.load_coverage(connection, accounts)
            if look["grain"] == "hour" and look["level"] == "campaign" and look["observed_at"] <= as_of
        ]
    curves = load_curves(workspace.ledger, as_of=as_of)
    rows_of = table.campaigns()
    complete = _complete_until(looks, table, rows_of, as_of)
    begins = _begins(table, rows_of, first)
    calendars = {
        ref: _calendar(accounts[ref], looks, (begin, complete[ref]), curves.get(ref), as_of)
        for ref, begin in begins.items()
        if complete[ref] >= begin + _HOUR
    }
    by_ref = {campaign.ref: campaign for campaign in campaigns}
    found = {
        ref: _series(by_ref[ref], accounts[ref.account], calendars[ref.account], table, rows)
        for ref, rows in rows_of
        if ref.account in calendars
    }
    series = {ref: one for ref, one in found.items() if one is not None}
    return Hours(series, _load_daily(workspace, series, curves, as_of), complete)


def _complete_until(
    looks: Sequence[Mapping[str, Any]], table: FactTable, rows_of: _RowsOf, as_of: datetime
) -> dict[AccountRef, datetime]:
    """Return up to when hours are complete: what a sync covered, else the day of the last hour of a file."""
    until: dict[AccountRef, datetime] = {}
    for look in looks:
        ref = AccountRef(look["platform"], look["account_id"])
        end = min(look["slot_to"], look["observed_at"])
        until[ref] = max(end, until.get(ref, end))
    newest: dict[AccountRef, datetime] = {}
    for campaign, rows in rows_of:
        last = _moment(table.keys["hour"][rows].max())
        newest[campaign.account] = max(last, newest.get(campaign.account, last))
    for ref, hour in newest.items():
        until.setdefault(ref, min(hour + _HOUR, as_of))
    return until


def _begins(table: FactTable, rows_of: _RowsOf, first: datetime) -> dict[AccountRef, datetime]:
    """Return the first hour with facts of each account, or one soon after the first asked for where that is later.

    Where an account's clock is half an hour off, so are its hours.
    """
    begins: dict[AccountRef, datetime] = {}
    for campaign, rows in rows_of:
        begin = _moment(table.keys["hour"][rows].min())
        begin += _HOUR * max(-((begin - first) // _HOUR), 0)
        begins[campaign.account] = min(begin, begins.get(campaign.account, begin))
    return begins


def _moment(hour: np.datetime64) -> datetime:
    naive: datetime = hour.astype("datetime64[us]").item()
    return naive.replace(tzinfo=UTC)


def _calendar(
    account: Account,
    looks: Sequence[Mapping[str, Any]],
    bounds: tuple[datetime, datetime],
    curves: AccountCurves | None,
    as_of: datetime,
) -> _Calendar:
    first, end = bounds
    begin = int(first.timestamp())
    count = (int(end.timestamp()) - begin) // 3600  # whole hours
    age_hours = (as_of.timestamp() - begin) / 3600 - np.arange(count, dtype=np.float64) - 0.5
    local = [(first + _HOUR * number).astimezone(account.zone) for number in range(count)]
    change = np.zeros(count + 1, dtype=np.int64)
    for look in looks:
        if AccountRef(look["platform"], look["account_id"]) != account.ref:
            continue
        since, until = (
            min(max((int(moment.timestamp()) - begin) // 3600, 0), count)
            for moment in (look["slot_from"], look["slot_to"])
        )
        change[since] += 1
        change[until] -= 1
    return _Calendar(
        begin=begin,
        cells=np.array([moment.weekday() * 24 + moment.hour for moment in local], dtype=np.int64),
        covered=change.cumsum()[:count] > 0,
        share=np.ones(count) if curves is None else share_of_clicks(curves, age_hours),
    )


def _series(
    campaign: Campaign, account: Account, calendar: _Calendar, table: FactTable, rows: slice
) -> HourlySeries | None:
    place = (table.keys["hour"][rows].astype("datetime64[s]").astype(np.int64) - calendar.begin) // 3600
    inside = (place >= 0) & (place < len(calendar.cells))
    place = place[inside]
    if not len(place):
        return None
    start = int(place.min())
    covered = calendar.covered[start:]
    amounts = {}
    for name in QUANTITIES:
        measured = table.measured[name][rows][inside]
        values = np.where(covered & measured.any(), 0.0, np.nan)
        values[place - start] = np.where(measured, table.sums[name][rows][inside], np.nan)
        amounts[name] = values
    hours = calendar.begin / 3600 + start + np.arange(len(covered), dtype=np.float64)
    return HourlySeries(
        campaign=campaign.ref,
        name=campaign.label or campaign.name or campaign.ref.campaign_id,
        currency=account.currency,
        zone=account.zone,
        hours=hours,
        cells=calendar.cells[start:],
        amounts=amounts,
        share=calendar.share[start:],
    )


def _load_daily(
    workspace: Workspace,
    series: Mapping[CampaignRef, HourlySeries],
    curves: Mapping[AccountRef, AccountCurves],
    as_of: datetime,
) -> dict[CampaignRef, tuple[Floats, Floats]]:
    blind = {ref: one for ref, one in series.items() if np.isnan(one.amounts["conversions_micros"]).all()}
    if not blind:
        return {}
    since = min(one.at(0).date() for one in blind.values())
    query = FactQuery(by=_BY_DAY, since=since, campaigns=list(blind), as_of=as_of)
    found: dict[CampaignRef, dict[date, tuple[float, float]]] = {}
    for (*entity, day), amounts in load_fact_table(workspace.ledger, query).rows():
        if amounts.clicks is not None and amounts.conversions_micros is not None:
            found.setdefault(CampaignRef(*entity), {})[day] = (amounts.clicks, amounts.conversions_micros / 1e6)
    daily = {}
    for ref, days in found.items():
        one = blind[ref]
        last = one.at(len(one) - 1).date()
        calendar = [min(days) + timedelta(days=number) for number in range((last - min(days)).days + 1)]
        clicks, conversions = (np.array([days.get(day, (0, 0.0))[part] for day in calendar], float) for part in (0, 1))
        curve = curves.get(ref.account)
        if curve is not None:
            ages = (np.datetime64(last) - np.array(calendar, dtype="datetime64[D]")).astype(np.float64) * 24 + 12
            clicks *= share_of_clicks(curve, ages)
        daily[ref] = (clicks, conversions)
    return daily
