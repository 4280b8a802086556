"""Figures of the last hours, and what they will come to: columns over campaigns, one table per window.

A window of hours is a part of its first local day and every day since. The part is what its hourly rows say, and of
what that day has still to come it gets the share of the clicks that were made in it. Where an account reports
conversions by the day only, a window is closed local days instead, as many as it has full days, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.panels import QUANTITIES, Expected, FactTable, MaturedTable
from adtempo.facts.arrivals import ALL_AGES, MONDAY
from adtempo.facts.freshness import last_heard_day, load_heard
from adtempo.facts.ledger import Ledger
from adtempo.facts.load import FactQuery, load_fact_table, load_hourly_accounts
from adtempo.facts.maturity import CELL, RATE_DAYS, AccountCurves, as_expected, as_reported, load_curves
from adtempo.stats.maturity import DelayCurve, Snapshot, Usual, expect_totals, learn_usual, sum_expectations
from adtempo.store.accounts import load_accounts
from adtempo.store.engine import reading

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]

ARRIVING = ("conversions_micros", "conversion_value_micros")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class WindowTable:
    """Figures of many campaigns, or of groups of them, over one window.

    Attributes:
        matured: One row per campaign or group; nothing measured where there are no facts.
        closed_days: Whether it is closed local days instead, shape (rows,).
    """

    matured: MaturedTable
    closed_days: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """The base quantities of campaigns, of their days or of a part of a day.

    Attributes:
        sums: In the order of QUANTITIES, shape (quantities, campaigns, ...); 0 where not measured.
        known: Whether that was measured, the same shape.
    """

    sums: Ints
    known: Bools

    @classmethod
    def none(cls, *shape: int) -> Figures:
        """Return figures of which nothing is known; shape without the quantities."""
        return cls(np.zeros((len(QUANTITIES), *shape), np.int64), np.zeros((len(QUANTITIES), *shape), np.bool_))

    def first(self, count: int) -> Figures:
        """Return the same of the first so many campaigns."""
        return Figures(self.sums[:, :count], self.known[:, :count])

    def since(self, day: int) -> Figures:
        """Return the same of days from a place on."""
        return Figures(self.sums[:, :, day:], self.known[:, :, day:])

    @classmethod
    def joined(cls, parts: Sequence[Figures]) -> Figures:
        """Return the campaigns of each behind those of the one before."""
        return cls(*(np.concatenate([getattr(one, name) for one in parts], axis=1) for name in ("sums", "known")))

    def of(self, name: str) -> tuple[Ints, Bools]:
        """Return the sums of one quantity, and whether it was measured, each of shape (campaigns, ...)."""
        place = QUANTITIES.index(name)
        return self.sums[place], self.known[place]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What the later hours of the local day that a window begins in hold; arrays of shape (campaigns,).

    Attributes:
        figures: Their sums.
        share: Their share of the day's clicks so far: of what the day has still to come, they get so much.
    """

    figures: Figures
    share: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Delays:
    """How late figures arrive, and what campaigns usually bring.

    Attributes:
        curves: The curves of some accounts.
        of_account: Place of each account's curves, shape (accounts,).
        by_clicks: Whether late figures come from clicks; from spend where nobody counts clicks.
        usual: By the name of a late quantity: what campaigns bring, shape (campaigns, days), learnt when first asked.
    """

    curves: Sequence[AccountCurves]
    of_account: Ints
    by_clicks: bool
    usual: Callable[[str], Usual]


@dataclass(frozen=True, slots=True, eq=False)
class KnownDays:
    """What was known of campaigns at a moment: what windows are cut out of.

    Attributes:
        as_of: The moment of each account, aware, shape (accounts,).
        accounts: Their accounts.
        account: Place of each campaign's account, shape (campaigns,).
        hourly: Whether an account reports conversions by the hour, shape (accounts,).
        closed: The last local day that was over when the account was last heard, shape (accounts,).
        days: Rising local days, shape (days,).
        figures: Of each campaign and day.
        ages: The age of each day at its newest look, as an index of ALL_AGES, shape (accounts, days).
        delays: What the late figures will come to rests on.
        part: What the last so many hours hold of the local days in which they begin, one day per account.
    """

    as_of: Sequence[datetime]
    accounts: Sequence[Account]
    account: Ints
    hourly: Bools
    closed: Days
    days: Days
    figures: Figures
    ages: Ints
    delays: Delays
    part: Callable[[int], Part]


@dataclass(frozen=True, slots=True)
class _Rows:
    """What there is a row of.

    Attributes:
        names: The grouping keys of facts that name one, its platform, account and campaign first.
        keys: Their values, of each.
    """

    names: tuple[str, ...]
    keys: Sequence[tuple[str, ...]]

    def accounts(self) -> list[AccountRef]:
        """Return the account of each."""
        return [AccountRef(*key[:2]) for key in self.keys]

    def campaigns(self) -> set[CampaignRef]:
        """Return all their campaigns."""
        return {CampaignRef(*key[:3]) for key in self.keys}

    def places(self, table: FactTable) -> tuple[Ints, _Rows]:
        """Return which of them each row of a table is about, and them with those that only the table knows behind."""
        places = {key: place for place, key in enumerate(self.keys)}
        columns = [table.keys[name] for name in self.names]
        # Rows of one key lie together: a key is looked up once, where it begins.
        another = np.any([column[1:] != column[:-1] for column in columns], axis=0)
        begins = np.flatnonzero(np.concatenate([[True], another])[: len(table)])
        found = zip(*(column[begins].tolist() for column in columns), strict=True)
        at = np.array([places.setdefault(key, len(places)) for key in found], np.int64)
        return np.repeat(at, np.diff(begins, append=len(table))), replace(self, keys=list(places))


class _Matured(MaturedTable):
    """A table whose expectations are worked out when they are first read: few rules read both."""

    def __init__(self, facts: FactTable, expect: Callable[[str], Expected]) -> None:
        object.__setattr__(self, "facts", facts)
        object.__setattr__(self, "_expect", expect)

    _expect: Callable[[str], Expected]

    @cached_property
    def conversions(self) -> Expected:
        """Expected final conversions of each group."""
        return self._expect("conversions_micros")

    @cached_property
    def conversion_value(self) -> Expected:
        """Expected final conversion value of each group."""
        return self._expect("conversion_value_micros")


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """What one window takes of each campaign's days from a place on; arrays of shape (campaigns, days).

    Attributes:
        first: Place of the first day.
        taken: Whether it takes anything.
        figures: What it takes.
        share: Which share it takes of what is still to come.
    """

    first: int
    taken: Bools
    figures: Figures
    share: Floats


def load_window_tables(
    ledger: Ledger,
    campaigns: Sequence[CampaignRef],
    hours: Collection[int],
    *,
    as_of: datetime,
    batch: int | None = None,
    groups: Mapping[str, Ints],
) -> dict[tuple[str, int], WindowTable]:
    """Return the figures of campaigns over some windows that end at a moment, added up in one or more ways.

    A window of H hours has the hours that began within the last H hours: at half past twelve the last of 24 is half
    over.

    Args:
        ledger: Where the facts are.
        campaigns: Whose figures; the others of their accounts are read along, since rates are learnt of all.
        hours: Lengths of the windows, each 1 or more.
        as_of: The moment, aware: only what platforms had said by then.
        batch: Only what had been published by this batch.
        groups: By name, the row that each campaign adds to, shape (campaigns,); the campaigns of a row are of one
            account.
    """
    rows = _Rows(CELL[:3], [(ref.platform, ref.account_id, ref.campaign_id) for ref in campaigns])
    return cut_windows(_load_known(ledger, rows, max(hours), as_of, batch), hours, groups)


def load_ad_group_tables(
    ledger: Ledger, campaigns: Sequence[CampaignRef], hours: Collection[int], *, as_of: datetime
) -> tuple[Ints, dict[int, WindowTable]]:
    """Return the figures of each ad group of campaigns over some windows that end at a moment.

    Args:
        ledger: Where the facts are.
        campaigns: Whose ad groups; the others of their accounts are read along, since rates are learnt of all.
        hours: Lengths of the windows, each 1 or more.
        as_of: The moment, aware.

    Returns:
        The place of each ad group's campaign, shape (ad groups,), and by length a table with a row per ad group.
    """
    names = (*CELL[:3], "ad_group_id")
    since = first_day(as_of, max(hours)) - timedelta(days=RATE_DAYS)
    table = load_fact_table(ledger, FactQuery(by=names, since=since, campaigns=campaigns, as_of=as_of))
    keys = list(zip(*(table.keys[name].tolist() for name in names), strict=True))
    places = {(ref.platform, ref.account_id, ref.campaign_id): place for place, ref in enumerate(campaigns)}
    of = np.array([places[key[:3]] for key in keys], np.int64)
    if not keys:
        return of, {}
    tables = cut_windows(
        _load_known(ledger, _Rows(names, keys), max(hours), as_of, None), hours, {"": np.arange(len(of))}
    )
    return of, {length: one for (_, length), one in tables.items()}


def first_day(as_of: datetime, longest: int) -> date:
    """Return the first day that windows of so many hours can need at a moment, in any time zone."""
    return as_of.date() - timedelta(days=-(-longest // 24) + 2)


def learn_delays(
    curves: Mapping[AccountRef, AccountCurves],
    accounts: Sequence[Account],
    account: Ints,
    days: Days,
    figures: Figures,
    ages: Ints,
) -> Delays:
    """Return what late figures rest on: the curves, and what campaigns usually bring by them.

    Args:
        curves: The curves of accounts, where conversions were ever reported.
        accounts: All accounts.
        account: Place of each campaign's account, shape (campaigns,).
        days: Rising local days, shape (days,).
        figures: Of each campaign and day.
        ages: As in `KnownDays`.
    """
    order, known = list(curves), list(curves.values())
    places = np.array([order.index(one.ref) if one.ref in curves else 0 for one in accounts], np.int64)
    by_clicks = bool(figures.of("clicks")[0].any())
    # Copies: what is known moves on.
    shown = {
        name: _snapshot(name, places[account], days, figures, ages[account], by_clicks=by_clicks) for name in ARRIVING
    }
    return Delays(known, places, by_clicks, cache(lambda name: learn_usual(shown[name], _curves_of(known, name))))


def cut_windows(
    known: KnownDays, hours: Collection[int], groups: Mapping[str, Ints]
) -> dict[tuple[str, int], WindowTable]:
    """Return the figures of windows that end at the moment of what is known; as `load_window_tables`."""
    closed = ~known.hourly[known.account]
    tables = {}
    for length in sorted(hours):
        cut = _cut(known, length)
        for name, rows in groups.items():
            by_row = np.zeros(rows.max(initial=-1) + 1, bool)
            by_row[rows] = closed
            tables[name, length] = WindowTable(_mature(known, cut, rows), by_row)
    return tables


def join_moments(known: Sequence[KnownDays]) -> KnownDays:
    """Return what was known at several moments of one day, with the same days and delays, as if at one.

    The accounts and the campaigns of each moment stand behind those of the moment before.
    """
    first, count = known[0], len(known[0].accounts)

    def usual(name: str) -> Usual:
        return first.delays.usual(name).repeated(len(known))

    def part(length: int) -> Part:
        parts = [one.part(length) for one in known]
        return Part(Figures.joined([one.figures for one in parts]), np.concatenate([one.share for one in parts]))

    return KnownDays(
        as_of=[now for one in known for now in one.as_of],
        accounts=[account for one in known for account in one.accounts],
        account=np.concatenate([one.account + place * count for place, one in enumerate(known)]),
        hourly=np.concatenate([one.hourly for one in known]),
        closed=np.concatenate([one.closed for one in known]),
        days=first.days,
        figures=Figures.joined([one.figures for one in known]),
        ages=np.concatenate([one.ages for one in known]),
        delays=replace(first.delays, of_account=np.tile(first.delays.of_account, len(known)), usual=usual),
        part=part,
    )


def _load_known(ledger: Ledger, rows: _Rows, longest: int, as_of: datetime, batch: int | None) -> KnownDays:
    asked = len(rows.keys)
    wanted = sorted(set(rows.accounts()))
    with reading(ledger.engine) as connection:
        by_ref = {one.ref: one for one in load_accounts(connection)}
        heard = load_heard(connection, as_of)
    accounts = [by_ref[ref] for ref in wanted]
    first = first_day(as_of, longest)
    since = first - timedelta(days=RATE_DAYS)
    query = FactQuery(by=(*rows.names, "day_local"), since=since, accounts=wanted, as_of=as_of, batch=batch)
    table = load_fact_table(ledger, query)
    days = np.unique(table.keys["day_local"].astype("datetime64[D]"))
    row, everyone = rows.places(table)
    column = np.searchsorted(days, table.keys["day_local"].astype("datetime64[D]"))
    figures = _spread(table, (len(everyone.keys), len(days)), (row, column))
    account = np.array([wanted.index(ref) for ref in everyone.accounts()], np.int64)
    curves = load_curves(ledger, as_of=as_of, batch=batch, since=since)
    latest = len(ALL_AGES) - 1
    ages = np.full((len(accounts), len(days)), latest)
    for place, ref in enumerate(wanted):
        if ref in curves:
            ages[place] = [curves[ref].looks.get(day, latest) for day in days.tolist()]
    by_hour = load_hourly_accounts(ledger, replace(query, since=first))

    def part(length: int) -> Part:
        of_hours = replace(query, by=(*query.by, "hour"), campaigns=rows.campaigns())
        return _load_part(ledger, rows, accounts, account[:asked], as_of - timedelta(hours=length), of_hours)

    delays = learn_delays(curves, accounts, account, days, figures, ages)

    return KnownDays(
        as_of=[as_of] * len(accounts),
        accounts=accounts,
        account=account[:asked],
        hourly=np.array([ref in by_hour for ref in wanted], bool),
        closed=np.array([last_heard_day(one, heard, as_of) for one in accounts], "datetime64[D]"),
        days=days,
        figures=figures.first(asked),
        ages=ages,
        delays=replace(delays, usual=lambda name: delays.usual(name).first(asked)),
        part=part,
    )


def _spread(table: FactTable, shape: tuple[int, ...], where: tuple[Ints, ...]) -> Figures:
    """Return a table's figures as arrays over campaigns and days."""
    figures = Figures.none(*shape)
    for name in QUANTITIES:
        sums, known = figures.of(name)
        sums[where], known[where] = table.sums[name], table.measured[name]
    return figures


def _load_part(
    ledger: Ledger, rows: _Rows, accounts: Sequence[Account], account: Ints, begins: datetime, query: FactQuery
) -> Part:
    """Return what the hours since a moment hold of its local day, and their share of that day's clicks."""
    cut_off = [begins.astimezone(one.zone).date() for one in accounts]
    table = load_fact_table(ledger, replace(query, since=min(cut_off), until=max(cut_off)))
    row, _ = rows.places(table)
    day = np.array(cut_off, "datetime64[D]")[account]
    of_day = table.keys["day_local"].astype("datetime64[D]") == day[row]
    within = of_day & (table.keys["hour"] >= np.datetime64(begins.astimezone(UTC).replace(tzinfo=None), "us"))
    exposure = np.maximum(table.sums["clicks"], 0) + 1e-9  # a day without clicks is shared out by its hours
    count = len(account)
    figures = Figures.none(count)
    for name in QUANTITIES:
        sums, known = figures.of(name)
        np.add.at(sums, row[within], table.sums[name][within])
        np.logical_or.at(known, row[within], table.measured[name][within])
    later, whole = (np.bincount(row[some], exposure[some], count) for some in (within, of_day))
    return Part(figures, later / np.maximum(whole, 1e-9))


def _cut(known: KnownDays, length: int) -> _Cut:
    """Cut one window: whole days as they are, the first day of a window of hours in part."""
    back = timedelta(hours=length)
    span = []
    each = zip(known.accounts, known.as_of, known.hourly, known.closed.tolist(), strict=True)
    for account, now, hourly, closed in each:
        if hourly:
            span.append(((now - back).astimezone(account.zone).date() + _DAY, now.astimezone(account.zone).date()))
        else:
            span.append((closed - timedelta(days=max(1, round(length / 24)) - 1), closed))
    since, until = (np.array(ends, "datetime64[D]")[known.account][:, None] for ends in zip(*span, strict=True))
    first = int(np.searchsorted(known.days, since.min() - 1))
    days, figures = known.days[first:], known.figures.since(first)
    there = figures.known.any(axis=0)
    inside = there & (days >= since) & (days <= until)
    sums, measured = np.where(inside, figures.sums, 0), inside & figures.known
    share = inside.astype(np.float64)
    part = there & known.hourly[known.account][:, None] & (days == since - 1)
    if part.any():
        row, column = np.nonzero(part)
        later = known.part(length)
        share[row, column] = later.share[row]
        sums[:, row, column] = later.figures.sums[:, row]
        measured[:, row, column] = later.figures.known[:, row]
    return _Cut(first, inside | part, Figures(sums, measured), share)


def _mature(known: KnownDays, cut: _Cut, groups: Ints) -> MaturedTable:
    """Add up what a window takes, with what is still to come of it."""
    count = int(groups.max(initial=-1)) + 1
    added = Figures.none(count)
    sums, measured = cut.figures.sums.sum(axis=2), np.asarray(cut.figures.known.any(axis=2))
    for quantity in range(len(QUANTITIES)):
        np.add.at(added.sums[quantity], groups, sums[quantity])
        added.known[quantity][groups[measured[quantity]]] = True
    facts = FactTable({}, *(dict(zip(QUANTITIES, each, strict=True)) for each in (added.sums, added.known)))
    return _Matured(facts, lambda name: _expected(known, cut, name, groups, facts))


def _expected(known: KnownDays, cut: _Cut, name: str, groups: Ints, facts: FactTable) -> Expected:
    delays, first = known.delays, cut.first
    if not delays.curves:
        return as_reported(np.where(facts.measured[name], facts.sums[name] / 1e6, np.nan))
    figures = known.figures.since(first)
    group, ages = delays.of_account[known.account], known.ages[known.account, first:]
    snapshot = _snapshot(name, group, known.days[first:], figures, ages, by_clicks=delays.by_clicks)
    cells = expect_totals(snapshot, _curves_of(delays.curves, name), delays.usual(name).since(first))
    seen = cut.figures.of(name)[0] / 1e6
    parts = replace(
        cells,
        seen=seen,
        value=seen + cut.share * (cells.value - cells.seen),
        noise_variance=cut.share * cells.noise_variance,
        curve_deviation=cut.share * cells.curve_deviation,
        withdrawn=cut.share * cells.withdrawn,
    )
    sums = sum_expectations(parts, np.where(cut.taken, groups[:, None], -1), len(facts))
    return as_expected(replace(sums, unit=np.where(sums.unit > 0, sums.unit, 1.0)), facts.measured[name])


def _snapshot(name: str, group: Ints, days: Days, figures: Figures, ages: Ints, *, by_clicks: bool) -> Snapshot:
    seen, known = figures.of(name)
    exposure = figures.of("clicks")[0] if by_clicks else figures.of("spend_micros")[0] / 1e6
    return Snapshot(
        started=(days - np.datetime64(MONDAY)).astype(np.float64),
        seen=np.where(known, seen / 1e6, np.nan),
        age=ages,
        group=group,
        exposure=exposure.astype(np.float64),
        whole=name == "conversions_micros",
    )


def _curves_of(curves: Sequence[AccountCurves], name: str) -> list[DelayCurve]:
    return [one.conversions if name == "conversions_micros" else one.value for one in curves]
