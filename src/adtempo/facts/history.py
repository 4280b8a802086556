"""What was known at one moment after another: the ledger read once, and lived through look by look.

All postings of the span come in the order in which they were observed; going on to a moment adds those up to it and
nothing else. What comes out at a moment is what `windows` would load for it, except that delays and what campaigns
usually bring are learnt once a day, at its first moment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.panels import QUANTITIES
from adtempo.facts.arrivals import ALL_AGES, MONDAY, Arrivals, Kind
from adtempo.facts.freshness import last_heard_day
from adtempo.facts.ledger import Ledger, query, zone_table
from adtempo.facts.load import FactQuery, load_snapshot
from adtempo.facts.maturity import LEARN_DAYS, RATE_DAYS, fit_curves
from adtempo.facts.record import Record
from adtempo.facts.windows import Delays, Figures, KnownDays, Part, first_day, learn_delays
from adtempo.store import ledger as manifest
from adtempo.store.accounts import load_accounts
from adtempo.store.engine import reading
from adtempo.store.rows import CAMPAIGN

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]

_HOUR_US = 3_600_000_000
_DAY = np.timedelta64(1, "D")
_SPEND = QUANTITIES.index("spend_micros")


@dataclass(frozen=True, slots=True, eq=False)
class _Postings:
    """Differences in the order of looks; arrays of shape (postings,)."""

    observed_us: Ints
    row: Ints
    kind: Ints
    day: Ints
    hour: Ints
    alive: NDArray[np.bool_]
    figures: Figures


@dataclass(frozen=True, slots=True, eq=False)
class _Looks:
    """What looks added to the days of accounts, in their order; `group` is the place of each in `groups`."""

    observed_us: Ints
    group: Ints
    groups: Sequence[tuple[AccountRef, Kind]]
    columns: Mapping[str, NDArray[Any]]
    coverage: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """How many times what really was: figures as they would have been under other budgets.

    Attributes:
        spend_by_day: Of spend, shape (campaigns, days).
        volume_by_day: Of everything else, the same shape.
        spend_by_hour: Of spend, shape (campaigns, hours).
        volume_by_hour: Of everything else, the same shape.
    """

    spend_by_day: Floats
    volume_by_day: Floats
    spend_by_hour: Floats
    volume_by_hour: Floats

    @classmethod
    def once(cls, campaigns: int, days: int, hours: int) -> Times:
        """Return everything as it really was; a slot's campaigns lie side by side, as in a record."""
        return cls(*(np.ones((slots, campaigns)).T for slots in (days, days, hours, hours)))


def _copied(figures: Figures) -> Figures:
    return Figures(figures.sums.copy("K"), figures.known.copy("K"))


def _multiplied(figures: Figures, spend: Floats, volume: Floats) -> Figures:
    amounts = figures.sums * volume
    amounts[_SPEND] = figures.sums[_SPEND] * spend
    return Figures(np.rint(amounts, out=amounts).astype(np.int64), figures.known)


@dataclass(frozen=True, slots=True)
class Span:
    """Which moments are lived through, and what is needed for them.

    Attributes:
        since: The first moment, aware.
        until: The last moment, aware.
        windows: Lengths of the windows in hours, one or more.
    """

    since: datetime
    until: datetime
    windows: Collection[int]

    @property
    def longest(self) -> int:
        """The longest window in hours."""
        return max(self.windows)

    @property
    def first(self) -> date:
        """The first local day that is needed."""
        needed = first_day(self.since, self.longest) - timedelta(days=RATE_DAYS)
        return min(needed, self.since.date() - timedelta(days=LEARN_DAYS))

    @property
    def days(self) -> int:
        """How many local days."""
        return (self.until.date() - self.first).days + 2


@dataclass(frozen=True, slots=True, eq=False)
class _Hours:
    """The hours of the local days in which the windows of one length begin.

    Attributes:
        low: Place of the first hour.
        figures: Of campaigns and hours, as they really were.
        of_day: Which of the hours are of the local day, shape (accounts, hours).
        within: Which of these the windows take, the same shape.
    """

    low: int
    figures: Figures
    of_day: NDArray[np.bool_]
    within: NDArray[np.bool_]

    def part(self, account: Ints, times: Times | None) -> Part:
        """Return what windows take of their first day, and its share of that day's clicks."""
        figures, hours = self.figures, slice(self.low, self.low + self.of_day.shape[1])
        if times is not None:
            figures = _multiplied(figures, times.spend_by_hour[:, hours], times.volume_by_hour[:, hours])
        within = self.within[account]
        there = figures.known.any(axis=0) & self.of_day[account]
        exposure = np.where(there, np.maximum(figures.of("clicks")[0], 0) + 1e-9, 0.0)
        return Part(
            Figures(np.where(within, figures.sums, 0).sum(axis=2), np.any(within & figures.known, axis=2)),
            np.where(within, exposure, 0.0).sum(axis=1) / np.maximum(exposure.sum(axis=1), 1e-9),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was known at one moment; it stays as it is while history goes on.

    Attributes:
        days: As it really was.
        low: Place of the first day.
        hours: By the length of windows, the hours of the days in which they begin.
    """

    days: KnownDays
    low: int
    hours: Mapping[int, _Hours]

    def known(self, times: Times | None = None) -> KnownDays:
        """Return what is known of the days that windows can need.

        Args:
            times: As it would be under other budgets; None for as it is.
        """
        if times is None:
            return self.days
        days = slice(self.low, self.low + len(self.days.days))
        figures = _multiplied(self.days.figures, times.spend_by_day[:, days], times.volume_by_day[:, days])
        parts = {length: hours.part(self.days.account, times) for length, hours in self.hours.items()}
        return replace(self.days, figures=figures, part=parts.__getitem__)


class History:
    """The ledger at one moment after another; `go_to` goes on, never back.

    Attributes:
        campaigns: All campaigns of the accounts, shape (campaigns,).
        accounts: Their accounts.
        account: Place of each campaign's account, shape (campaigns,).
        first: The first local day.
        opening_us: The first hour, microseconds since 1970 UTC.
        days: All local days, shape (days,).
    """

    def __init__(
        self,
        campaigns: Sequence[CampaignRef],
        accounts: Mapping[AccountRef, Account],
        span: Span,
        postings: _Postings,
        looks: _Looks,
        kinds: Sequence[Kind],
        heard: Sequence[tuple[datetime, AccountRef]],
    ) -> None:
        self.campaigns = campaigns
        wanted = sorted({ref.account for ref in campaigns})
        self.accounts = [accounts[ref] for ref in wanted]
        self.account = np.array([wanted.index(ref.account) for ref in campaigns], np.int64)
        self.first, self.days = span.first, np.datetime64(span.first) + np.arange(span.days)
        self._span = span
        self._postings, self._looks, self._heard = postings, looks, heard
        self._arrivals = {ref: Arrivals(one, span.first, span.days) for ref, one in accounts.items()}
        self._starts_us = np.array([_starts_us(one, span.first, span.days) for one in self.accounts])
        self._by_day = Record(kinds, (len(campaigns), span.days), self._starts_us[self.account, 1:])
        self.opening_us = hour_floor(self._starts_us.min() + _lead(span) * 24 * _HOUR_US)
        hours = int((self._starts_us.max() - self.opening_us) // _HOUR_US)
        self._by_hour = Record(kinds, (len(campaigns), hours))
        self._posted = self._looked = self._covered = self._told = 0
        self._shown_us = np.zeros(len(self.accounts), np.int64)
        self._heard_at: dict[AccountRef, datetime] = {}
        self._learnt_on: date | None = None
        self._delays: Delays | None = None
        self._kinds: dict[AccountRef, Kind] = {}
        self.now = span.since

    def go_to(self, moment: datetime) -> None:
        """Learn everything that had been observed by a moment, aware."""
        self.now = moment
        self._post(self._postings, _us(moment))
        self._look(self._looks, moment)
        while self._told < len(self._heard) and self._heard[self._told][0] <= moment:
            at, ref = self._heard[self._told]
            self._heard_at[ref] = max(at, self._heard_at.get(ref, at))
            self._told += 1
        if self._learnt_on != moment.date():
            self._learn(moment)

    def place_of(self, day: date) -> int:
        """Return the place of a local day."""
        return (day - self.first).days

    def place_of_hour(self, moment: datetime) -> int:
        """Return the place of the hour that a moment lies in."""
        return int((_us(moment) - self.opening_us) // _HOUR_US)

    def look(self) -> Look:
        """Return what is known now of the days that windows can need."""
        now, low, high = self.now, self._low, self.place_of(self.now.date()) + 2
        hours = {length: self._hours(now - timedelta(hours=length)) for length in self._span.windows}
        assert self._delays is not None, "delays are learnt on the way to a moment"
        learnt, since = self._delays, low - self._learnt_from
        days = KnownDays(
            as_of=[now] * len(self.accounts),
            accounts=self.accounts,
            account=self.account,
            hourly=self._hourly(first_day(now, self._span.longest)),
            closed=np.array(self._closed(), "datetime64[D]"),
            days=self.days[low:high],
            figures=_copied(self._by_day.figures(low, high)),
            ages=self._ages(low, high),
            delays=replace(learnt, usual=lambda name: learnt.usual(name).since(since)),
            part=lambda length: hours[length].part(self.account, None),
        )
        return Look(days, low, hours)

    def heard_until(self, account: AccountRef) -> datetime | None:
        """Return when an account was last heard; None where it never was."""
        shown_us = int(self._shown_us[[one.ref for one in self.accounts].index(account)])
        shown = datetime.fromtimestamp(shown_us / 1e6, UTC) if shown_us else None
        return max((at for at in (self._heard_at.get(account), shown) if at is not None), default=None)

    def spent(self, since: date, until: date) -> Ints:
        """Return what campaigns are known to have spent on some local days, both inclusive, shape (campaigns,)."""
        figures = self._by_day.figures(self.place_of(since), self.place_of(until) + 1)
        return np.asarray(figures.sums[_SPEND].sum(axis=1))

    def weights(self) -> Floats:
        """Return how a campaign's days are shared out over hours: by clicks as they came in the end, else by spend.

        Returns:
            Shape (campaigns, hours); 0 where there are no hourly rows.
        """
        found = np.zeros((len(self.campaigns), self._by_hour.slots))
        of_hours = (self._postings.hour >= 0) & (self._postings.hour < self._by_hour.slots)
        clicks, _ = self._postings.figures.of("clicks")
        amounts = clicks if clicks.any() else self._postings.figures.sums[_SPEND]
        for kind in np.unique(self._postings.kind[of_hours]):
            one = of_hours & (self._postings.kind == kind)
            of_kind = np.zeros_like(found)
            np.add.at(of_kind, (self._postings.row[one], self._postings.hour[one]), amounts[one])
            found = np.maximum(found, of_kind)
        return found

    def days_of_hours(self) -> Ints:
        """Return the place of the local day of every hour, shape (accounts, hours)."""
        starts_us = self.opening_us + np.arange(self._by_hour.slots) * _HOUR_US + self._offsets()[:, None]
        days = [
            np.searchsorted(begins, hours, side="right") - 1
            for begins, hours in zip(self._starts_us, starts_us, strict=True)
        ]
        return np.asarray(np.clip(np.stack(days), 0, len(self.days) - 1), np.int64)

    def _post(self, postings: _Postings, now_us: int) -> None:
        end = int(np.searchsorted(postings.observed_us, now_us, side="right"))
        part = slice(self._posted, end)
        self._posted = end
        if part.start == part.stop:
            return
        added = Figures(postings.figures.sums[:, part], postings.figures.known[:, part])
        row, kind, seen = postings.row[part], postings.kind[part], postings.observed_us[part]
        np.maximum.at(self._shown_us, self.account[row], seen)
        alive, hour = postings.alive[part], postings.hour[part]
        looked = np.where(alive, seen, 0)
        self._by_day.post(row, postings.day[part], kind, added, looked)
        inside = (hour >= 0) & (hour < self._by_hour.slots)
        added = Figures(added.sums[:, inside], added.known[:, inside])
        self._by_hour.post(row[inside], hour[inside], kind[inside], added, looked[inside])

    def _look(self, looks: _Looks, moment: datetime) -> None:
        end = int(np.searchsorted(looks.observed_us, _us(moment), side="right"))
        group = looks.group[self._looked : end]
        for number in np.unique(group):
            ref, kind = looks.groups[number]
            where = self._looked + np.flatnonzero(group == number)
            self._arrivals[ref].add(kind, {name: column[where] for name, column in looks.columns.items()})
        self._looked = end
        while self._covered < len(looks.coverage) and looks.coverage[self._covered]["observed_at"] <= moment:
            look = looks.coverage[self._covered]
            self._arrivals[AccountRef(look["platform"], look["account_id"])].look(look)
            self._covered += 1

    def _learn(self, moment: datetime) -> None:
        """Learn delays and usual rates from what is known now, as `load_curves` does."""
        self._learnt_on = moment.date()
        lengthy = timedelta(days=-(-self._span.longest // 24))
        first = min(first_day(moment, self._span.longest), *(day - lengthy for day in self._closed()))
        self._low = max(self.place_of(first), 0)
        end = self.place_of(moment.date()) + 2
        first = first_day(moment, self._span.longest) - timedelta(days=RATE_DAYS)
        low = self.place_of(min(first, moment.date() - timedelta(days=LEARN_DAYS)))
        self._kinds = {ref: kind for ref, one in self._arrivals.items() if (kind := one.best(low, end)) is not None}
        vintages = {ref: self._arrivals[ref].vintages(kind, low, end) for ref, kind in self._kinds.items()}
        curves = fit_curves(vintages, (moment.date() - MONDAY).days + 2.0)
        self._learnt_from = low = self.place_of(first)
        known = self._by_day.figures(low, end)
        figures = Figures(np.ascontiguousarray(known.sums), np.ascontiguousarray(known.known))
        ages = self._ages(low, end)
        self._delays = learn_delays(curves, self.accounts, self.account, self.days[low:end], figures, ages)

    def _ages(self, low: int, high: int) -> Ints:
        latest = len(ALL_AGES) - 1
        ages = np.full((len(self.accounts), high - low), latest)
        for place, account in enumerate(self.accounts):
            if account.ref in self._kinds:
                newest = self._arrivals[account.ref].newest(self._kinds[account.ref], low, high)
                ages[place] = np.where(newest >= 0, newest, latest)
        return ages

    def _hourly(self, begins: date) -> NDArray[np.bool_]:
        """Return which accounts have reported conversions of hours since a local day."""
        day, now = self.place_of(begins), self.place_of_hour(self.now) + 1
        found = np.zeros(len(self.accounts), np.bool_)
        low = max(int((self._starts_us[:, day].min() - self.opening_us) // _HOUR_US), 0)
        told = self._by_hour.figures(low, now).of("conversions_micros")[1].any(axis=1)
        np.logical_or.at(found, self.account, told)
        return found

    def _hours(self, begins: datetime) -> _Hours:
        """Return the hours of the local day in which a moment lies."""
        days = np.array([self.place_of(begins.astimezone(one.zone).date()) for one in self.accounts])
        starts, ends = (self._starts_us[np.arange(len(days)), days + more] for more in (0, 1))
        low = max(int((starts.min() - self.opening_us) // _HOUR_US), 0)
        high = -int((self.opening_us - ends.max()) // _HOUR_US)
        slots = self.opening_us + np.arange(low, high) * _HOUR_US + self._offsets()[:, None]
        of_day = (slots >= starts[:, None]) & (slots < ends[:, None])
        return _Hours(low, _copied(self._by_hour.figures(low, high)), of_day, of_day & (slots >= _us(begins)))

    def _closed(self) -> list[date]:
        """Return the last local day of each account that was over when it was last heard."""
        return [last_heard_day(one, self._heard_at, self.now) for one in self.accounts]

    def _offsets(self) -> Ints:
        """Return how far into an hour of UTC the hours of accounts begin, microseconds, shape (accounts,)."""
        return self._starts_us[:, 0] % _HOUR_US


def open_history(ledger: Ledger, campaigns: Sequence[CampaignRef], span: Span) -> History:
    """Read what was ever observed of campaigns by the end of a span.

    Args:
        ledger: Where the facts are.
        campaigns: All campaigns of their accounts.
        span: Which moments.
    """
    wanted = sorted({ref.account for ref in campaigns})
    known = FactQuery(
        by=("account_id",), since=span.first, until=span.until.date() + timedelta(days=1), as_of=span.until
    )
    with reading(ledger.engine) as connection:
        accounts = {account.ref: account for account in load_accounts(connection)}
        snapshot = load_snapshot(ledger, known, connection)
        coverage = [look for look in manifest.load_coverage(connection, accounts) if look["observed_at"] <= span.until]
        shapes = manifest.load_shapes(connection)
        heard = sorted(
            (batch.observed_at, AccountRef(*text.split(":", 1)))
            for batch in manifest.load_batches(connection, ("file", "sync"))
            if batch.undone_by is None
            for text in batch.accounts
        )
    kinds = sorted({shape[2:5] for shape in shapes if shape[5] == ""}, key=lambda kind: kind[1:])
    conditions, values = known.conditions()
    with ledger.reading(snapshot) as cursor:
        cursor.register("zones", zone_table(accounts.values()))
        cursor.register("places", _numbered(CAMPAIGN, campaigns, "row"))
        cursor.register("kinds", _numbered(("level", "grain", "attribution"), kinds, "kind"))
        parts = any(level != "campaign" for level, _, _ in kinds)
        sql = query("history", conditions=conditions, undone=bool(snapshot.undone), parts=parts)
        postings = cursor.sql(sql, params=values).to_arrow_table()
        del values["conversion_type"]
        sql = query("arrivals", conditions=conditions, each_look=True)
        looks = cursor.sql(sql, params=values).to_arrow_table()
    coverage.sort(key=lambda look: look["observed_at"])
    opening = hour_floor(
        min(_starts_us(accounts[ref], span.first, 1)[0] for ref in wanted) + _lead(span) * 24 * _HOUR_US
    )
    return History(
        campaigns,
        accounts,
        span,
        _read_postings(postings, span.first, opening),
        _read_looks(looks, coverage),
        kinds,
        heard,
    )


def hour_floor(us: int) -> int:
    """Return the start of the hour of UTC that a moment lies in; microseconds since 1970."""
    return int(us) // _HOUR_US * _HOUR_US


def _lead(span: Span) -> int:
    """Return how many of the first days need no hours: they lie before every window."""
    return max((first_day(span.since, span.longest) - span.first).days - 1, 0)


def _us(moment: datetime) -> int:
    return int((moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))


def _starts_us(account: Account, first: date, days: int) -> list[int]:
    """Return when local days begin, and when the last one ends."""
    return [_us(day_bounds(first + timedelta(days=day), account.zone)[0]) for day in range(days + 1)]


def _numbered(names: tuple[str, ...], rows: Sequence[Any], number: str) -> pa.Table:
    texts = {
        name: pa.array([row[place] if isinstance(row, tuple) else getattr(row, name) for row in rows], pa.string())
        for place, name in enumerate(names)
    }
    return pa.table({**texts, number: pa.array(range(len(rows)), pa.int64())})


def _read_postings(table: pa.Table, first: date, opening_us: int) -> _Postings:
    def column(name: str) -> NDArray[Any]:
        return np.asarray(table.column(name).to_numpy())

    slot = column("slot").astype("datetime64[us]")
    of_hours = ~np.isnat(slot)
    hour = np.where(of_hours, (np.where(of_hours, slot.astype(np.int64), 0) - opening_us) // _HOUR_US, -1)
    return _Postings(
        observed_us=column("observed_at").astype("datetime64[us]").astype(np.int64),
        row=column("row"),
        kind=column("kind"),
        day=(column("day_local").astype("datetime64[D]") - np.datetime64(first)).astype(np.int64),
        hour=hour,
        alive=column("alive"),
        figures=Figures(*(np.stack([column(before + name) for name in QUANTITIES]) for before in ("", "has_"))),
    )


def _read_looks(table: pa.Table, coverage: Sequence[Mapping[str, Any]]) -> _Looks:
    names = ("platform", "account_id", "level", "grain", "attribution")
    coded = [table.column(name).combine_chunks().dictionary_encode() for name in names]
    codes = np.stack([np.asarray(one.indices, np.int64) for one in coded])
    found, group = np.unique(codes, axis=1, return_inverse=True)
    texts = [one.dictionary.to_pylist() for one in coded]
    groups = []
    for number in range(found.shape[1]):
        platform, account_id, *kind = (text[code] for text, code in zip(texts, found[:, number], strict=True))
        groups.append((AccountRef(platform, account_id), (kind[0], kind[1], kind[2])))
    wanted = ("day_local", "age_hours", "conversions", "value", "single_sum", "single_squares", "looked")
    columns = {name: np.asarray(table.column(name).to_numpy()) for name in wanted}
    observed = np.asarray(table.column("observed_at").to_numpy()).astype("datetime64[us]").astype(np.int64)
    return _Looks(observed, group.reshape(-1), groups, columns, coverage)
