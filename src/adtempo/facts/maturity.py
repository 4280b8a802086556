"""What recent facts will become: delay curves learnt from the ledger's own vintages, applied to what it shows.

Each local day of an account is a cohort; each look at it, by a sync's coverage or by a file, says how much of it had
come by then. A day first seen at an age is "so much by that age", never an arrival. Curves are learnt per account from
one kind of rows, shrunk to those of its platform, and these to a prior. Every capability reads recent numbers here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.panels import QUANTITIES, Expected, FactTable, MaturedTable
from adtempo.facts.arrivals import AGES, ALL_AGES, KIND, MONDAY, PARTIAL_AGES, AccountVintages, Arrivals
from adtempo.facts.ledger import Ledger, query, zone_table
from adtempo.facts.load import FactQuery, load_fact_table, load_snapshot
from adtempo.stats.maturity import (
    Basis,
    DelayCurve,
    Expectation,
    Snapshot,
    expect_totals,
    fit_curve,
    prior_curve,
    stack_vintages,
    sum_expectations,
)
from adtempo.stats.maturity.partial import cohort_share, prepend_partial_day
from adtempo.store import ledger as manifest
from adtempo.store.accounts import load_accounts
from adtempo.store.engine import reading

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BASES = np.array([basis.name.lower() for basis in Basis], dtype=object)

PRIOR_DELAYS = (np.array([1 / 24, 1.0, 3.0, 7.0, 14.0, 28.0]), np.array([0.30, 0.55, 0.75, 0.92, 0.97, 1.0]))
"""Delay from click to conversion in days, and the share that has come by then, until an account's own is known.

Assumed: practitioners multiply a day-old return by 1.14 to 1.6, and platforms restate for up to 28 days.
"""

LEARN_DAYS = 120
"""Cohorts that delay curves are learnt from."""

RATE_DAYS = 60
"""Days before the asked ones from which a campaign's usual conversion rate is known."""

CELL = ("platform", "account_id", "campaign_id", "day_local")
"""What expectations are made of: one campaign's local day."""


@dataclass(frozen=True, eq=False)
class AccountCurves:
    """How late an account's figures arrive; each curve is learnt when it is first read: few read both.

    Attributes:
        fit: Learns the curve of a quantity of `AccountVintages`.
        looks: Per local day, the age at its newest look as an index of the curves' ages.
    """

    fit: Callable[[str], DelayCurve]
    looks: Mapping[date, int]

    @cached_property
    def conversions(self) -> DelayCurve:
        """Curve of conversion counts, over ages from an hour on."""
        return self.fit("conversions")

    @cached_property
    def value(self) -> DelayCurve:
        """Curve of conversion value."""
        return self.fit("value")


def load_curves(
    ledger: Ledger,
    *,
    as_of: datetime,
    batch: int | None = None,
    since: date | None = None,
    platforms: Collection[str] | None = None,
) -> dict[AccountRef, AccountCurves]:
    """Learn the delay curves of every account from what was known at a moment.

    Args:
        ledger: Where the vintages are.
        as_of: The moment, aware.
        batch: Only what had been published by this batch.
        since: Earliest day whose looks are needed; None for LEARN_DAYS back.
        platforms: Only accounts on these, which learn nothing from others; None for all.
    """
    first = min(since or as_of.date(), as_of.date() - timedelta(days=LEARN_DAYS))
    known = FactQuery(by=("account_id",), since=first, until=as_of.date() + timedelta(days=1), as_of=as_of, batch=batch)
    with reading(ledger.engine) as connection:
        accounts = {
            account.ref: account
            for account in load_accounts(connection)
            if platforms is None or account.ref.platform in platforms
        }
        snapshot = load_snapshot(ledger, known, connection)
        coverage = manifest.load_coverage(connection, accounts) if accounts else []
    if not snapshot.files or not accounts:
        return {}
    conditions, values = known.conditions()
    del values["conversion_type"]
    with ledger.reading(snapshot) as cursor:
        cursor.register("zones", zone_table(accounts.values()))
        rows = cursor.sql(query("arrivals", conditions=conditions, each_look=False), params=values).df()
    filled = {ref: Arrivals(account, first, (as_of.date() - first).days + 2) for ref, account in accounts.items()}
    by_kind = rows.groupby(["platform", "account_id", *KIND]) if len(rows) else ()
    for (platform, account_id, *kind), shown in by_kind:
        filled[AccountRef(platform, account_id)].add(tuple(kind), {name: shown[name].to_numpy() for name in shown})
    for look in coverage:
        if _was_known(look, as_of, batch):
            filled[AccountRef(look["platform"], look["account_id"])].look(look)
    known_by = {ref: one.vintages(kind) for ref, one in filled.items() if (kind := one.best()) is not None}
    return fit_curves(known_by, (as_of.date() - MONDAY).days + 2.0)


def _was_known(look: Mapping[str, Any], as_of: datetime, batch: int | None) -> bool:
    return look["observed_at"] <= as_of and (batch is None or look["batch"] <= batch)


def fit_curves(vintages: Mapping[AccountRef, AccountVintages], now: float) -> dict[AccountRef, AccountCurves]:
    """Learn curves: of each platform, shrunk to the prior, and of each account, shrunk to its platform's.

    Args:
        vintages: Of each account that shows conversions.
        now: The moment, in days since a Monday 00:00 like the vintages' cohorts; what was seen later does not count.
    """
    prior = prior_curve(AGES, np.maximum.accumulate(cohort_share(AGES, *PRIOR_DELAYS)))

    @cache
    def fit_platform(platform: str, name: str) -> tuple[DelayCurve, bool]:
        own = [getattr(found, name) for account, found in vintages.items() if account.platform == platform]
        return fit_curve(stack_vintages(own), prior, now), len(own) == 1

    def fit(account: AccountRef, name: str) -> DelayCurve:
        wide, alone = fit_platform(account.platform, name)
        curve = wide if alone else fit_curve(getattr(vintages[account], name), wide, now)
        return prepend_partial_day(curve, PARTIAL_AGES, *PRIOR_DELAYS)

    return {account: AccountCurves(partial(fit, account), _looks(found)) for account, found in vintages.items()}


def _looks(found: AccountVintages) -> dict[date, int]:
    started = found.conversions.started.tolist()
    ages = zip(started, found.newest.tolist(), strict=True)
    return {MONDAY + timedelta(days=day): age for day, age in ages if age >= 0}


def load_matured_table(ledger: Ledger, facts: FactQuery) -> MaturedTable:
    """Return grouped sums of facts with the expected final value of what is still arriving.

    Args:
        ledger: Where the facts are.
        facts: Which facts, grouped by any of platform, account_id, campaign_id and day_local; `as_of` is needed.
    """
    return load_matured_tables(ledger, facts, [facts.by])[0]


def load_matured_tables(
    ledger: Ledger,
    facts: FactQuery,
    groupings: Sequence[tuple[str, ...]],
    *,
    channels: Mapping[CampaignRef, str] | None = None,
) -> tuple[MaturedTable, ...]:
    """Return the same facts grouped in several ways, learning from the vintages once.

    Args:
        ledger: Where the facts are.
        facts: Which facts, as for `load_matured_table`; how they are grouped stands in `groupings`.
        groupings: Each any of platform, account_id, campaign_id, day_local, the account's currency, and the channel;
            an empty one adds everything up.
        channels: What campaigns are counted under, if channel is among the groupings.
    """
    assert facts.as_of is not None, "maturity is always as of a moment"
    since = None if facts.since is None else facts.since - timedelta(days=RATE_DAYS)
    cells = load_fact_table(ledger, replace(facts, by=CELL, since=since))
    platforms = set(cells.keys["platform"].tolist())
    curves = load_curves(ledger, as_of=facts.as_of, batch=facts.batch, since=since, platforms=platforms)
    with reading(ledger.engine) as connection:
        currencies = {account.ref: account.currency for account in load_accounts(connection)}
    frame = pd.DataFrame({**cells.keys, **cells.sums, **{f"has_{name}": cells.measured[name] for name in QUANTITIES}})
    place, accounts = _distinct(frame, "platform", "account_id")
    frame["currency"] = np.array([currencies[AccountRef(*account)] for account in accounts], dtype=object)[place]
    if channels is not None:
        place, campaigns = _distinct(frame, *CELL[:3])
        frame["channel"] = np.array([channels[CampaignRef(*ref)] for ref in campaigns], dtype=object)[place]
    asked = np.ones(len(frame), bool) if facts.since is None else cells.keys["day_local"] >= np.datetime64(facts.since)
    grid = CellGrid.of(frame, curves)
    late = {name: expect_cells(grid, frame, name) for name in ("conversions_micros", "conversion_value_micros")}
    tables = []
    for by in groupings:
        reported, into = _add_up(frame, by, asked)
        tables.append(MaturedTable(reported, *(_expected(grid, into, reported, *cells) for cells in late.items())))
    return tuple(tables)


def _add_up(frame: pd.DataFrame, by: tuple[str, ...], asked: NDArray[np.bool_]) -> tuple[FactTable, Ints]:
    """Return what cells add up to, ordered by its keys, and the group of each; -1 for days only loaded to learn from.

    The source of record is chosen per campaign and day, so sums of cells are what the ledger itself would say.
    """
    into = np.full(len(frame), -1, dtype=np.int64)
    keys: dict[str, NDArray[Any]] = {}
    if by:
        grouped = frame.loc[asked, list(by)].groupby(list(by))
        into[asked] = grouped.ngroup().to_numpy(np.int64)
        first = frame[asked].iloc[np.unique(into[asked], return_index=True)[1]]
        keys = {key: first[key].to_numpy("datetime64[D]" if key == "day_local" else object) for key in by}
    else:
        into[asked] = 0
    groups = len(next(iter(keys.values()))) if by else int(asked.any())
    sums, measured = {}, {}
    for name in QUANTITIES:
        known = asked & frame[f"has_{name}"].to_numpy(bool)
        sums[name] = np.zeros(groups, dtype=np.int64)
        np.add.at(sums[name], into[known], frame[name].to_numpy(np.int64)[known])  # bincount would add doubles
        measured[name] = np.bincount(into[known], minlength=groups) > 0
    return FactTable(keys, sums, measured), into


def _distinct(frame: pd.DataFrame, *names: str) -> tuple[Ints, list[tuple[str, ...]]]:
    """Return the position of each row's key among the distinct ones, and these."""
    place = np.asarray(frame.groupby(list(names)).ngroup(), dtype=np.int64)
    first = frame[list(names)].iloc[np.unique(place, return_index=True)[1]]
    return place, list(first.itertuples(index=False, name=None))


@dataclass(frozen=True, slots=True, eq=False)
class CellGrid:
    """Where each cell (row) stands in a matrix of campaigns by days, and what its age and curve are."""

    series: Ints
    cohort: Ints
    shape: tuple[int, int]
    started: Floats
    age: Ints
    group: Ints
    curves: Sequence[AccountCurves]

    @classmethod
    def of(cls, frame: pd.DataFrame, curves: Mapping[AccountRef, AccountCurves]) -> CellGrid:
        series, campaigns = _distinct(frame, *CELL[:3])
        days = np.unique(frame["day_local"].to_numpy().astype("datetime64[D]"))
        cohort = np.searchsorted(days, frame["day_local"].to_numpy().astype("datetime64[D]"))
        order = list(curves)
        places = {(ref.platform, ref.account_id): place for place, ref in enumerate(order)}
        group = np.array([places.get((platform, account), 0) for platform, account, _campaign in campaigns], np.int64)
        known = [curves[ref] for ref in order]
        last = len(ALL_AGES) - 1
        by_account = np.array([[one.looks.get(day, last) for day in days.tolist()] for one in known], np.int64)
        return cls(
            series=series,
            cohort=cohort.astype(np.int64),
            shape=(len(campaigns), len(days)),
            started=(days - np.datetime64(MONDAY)).astype(float),
            age=by_account[group] if known else np.zeros((len(campaigns), len(days)), np.int64),
            group=group,
            curves=known,
        )

    def spread(self, column: NDArray[Any]) -> Floats:
        """Return a column of cells as a matrix, NaN where there is no cell."""
        matrix = np.full(self.shape, np.nan)
        matrix[self.series, self.cohort] = column
        return matrix


def _expected(grid: CellGrid, into: Ints, reported: FactTable, name: str, cells: Expectation | None) -> Expected:
    """Return the expectation of one quantity for the groups of a table."""
    groups, measured = len(reported), reported.measured[name]
    if cells is None:
        return as_reported(np.where(measured, reported.sums[name] / 1e6, np.nan))
    target = np.full(grid.shape, -1, dtype=np.int64)
    target[grid.series, grid.cohort] = into
    return as_expected(sum_expectations(cells, target, groups), measured)


def expect_cells(grid: CellGrid, frame: pd.DataFrame, name: str) -> Expectation | None:
    """Return the expectation of one quantity in every cell, shape (campaigns, days); None where nothing is known.

    Args:
        grid: Where the rows of the frame stand.
        frame: One row per campaign and local day: CELL, the quantities, and ``has_`` each.
        name: ``conversions_micros`` or ``conversion_value_micros``.
    """
    if not grid.curves:
        return None
    counts = name == "conversions_micros"
    clicks = frame["clicks"].where(frame["has_clicks"], 0).to_numpy(float)
    exposure = clicks if clicks.sum() > 0 else frame["spend_micros"].to_numpy(float) / 1e6
    matrix = Snapshot(
        started=grid.started,
        seen=grid.spread(np.where(frame[f"has_{name}"], frame[name] / 1e6, np.nan)),
        age=grid.age,
        group=grid.group,
        exposure=grid.spread(exposure),
        whole=counts,
    )
    return expect_totals(matrix, [curve.conversions if counts else curve.value for curve in grid.curves])


def as_reported(seen: Floats) -> Expected:
    """Return what was seen as if nothing more could come, where nobody knows better; shape (groups,)."""
    return Expected(seen, seen, seen, seen, seen, np.full(len(seen), np.nan), np.full(len(seen), "none", object))


def as_expected(sums: Expectation, measured: NDArray[np.bool_]) -> Expected:
    """Return sums of cells with their intervals, NaN where nobody measured anything."""
    numbers = np.stack([sums.value, *sums.interval(0.80, 0.95), sums.maturity])
    value, low80, high80, low95, high95, maturity = np.where(measured, numbers, np.nan)
    return Expected(value, low80, high80, low95, high95, maturity, _BASES[sums.basis])
