"""Figures of the last hours, and what they will come to: columns over campaigns, one table per window.

A window of hours is a part of its first local day and every day since. The part is what its hourly rows say, and of
what that day has still to come it gets the share of the clicks that were made in it. Where an account reports
conversions by the day only, a window is closed local days instead, as many as it has full days, and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.panels import QUANTITIES, Expected, FactTable, MaturedTable
from adtempo.facts.freshness import last_heard_day, load_heard
from adtempo.facts.ledger import Ledger
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.maturity import (
    CELL,
    RATE_DAYS,
    CellGrid,
    as_expected,
    as_reported,
    expect_cells,
    load_curves,
)
from adtempo.stats.maturity import Expectation, sum_expectations
from adtempo.store.accounts import load_accounts
from adtempo.store.engine import reading

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_DAY = timedelta(days=1)
_NAMES = ["platform", "account_id", "campaign_id"]
_ARRIVING = ("conversions_micros", "conversion_value_micros")


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
class _Scene:
    """What windows are cut out of: one row of `frame` per campaign and local day.

    `place` is the campaign of each row among those asked for, or -1; `account` the place of its account in `order`.
    """

    as_of: datetime
    place: Ints
    account: Ints
    order: Sequence[AccountRef]
    frame: pd.DataFrame
    cells: Mapping[str, Expectation | None]
    grid: CellGrid
    accounts: Mapping[AccountRef, Account]
    hourly: frozenset[AccountRef]
    heard: Mapping[AccountRef, datetime]

    def days_of(self, days: Mapping[AccountRef, date]) -> NDArray[np.datetime64]:
        """Return a day of each row's account, shape (rows,)."""
        return np.array([days[ref] for ref in self.order], dtype="datetime64[D]")[self.account]


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """What one window takes of each row of a scene.

    Attributes:
        taken: Whether it takes anything, shape (rows,).
        figures: What it takes of each quantity, shape (rows,).
        known: Whether that was measured, shape (rows,).
        share: Which share it takes of what is still to come, shape (rows,).
    """

    taken: Bools
    figures: Mapping[str, Ints]
    known: Mapping[str, Bools]
    share: NDArray[np.float64]


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
        campaigns: Whose figures; other campaigns of their accounts are read as well, since rates are learnt of all.
        hours: Lengths of the windows, each 1 or more.
        as_of: The moment, aware: only what platforms had said by then.
        batch: Only what had been published by this batch.
        groups: By name, the row that each campaign adds to, shape (campaigns,); the campaigns of a row are of one
            account.
    """
    scene = _load_scene(ledger, campaigns, max(hours), as_of, batch)
    closed = np.array([ref.account not in scene.hourly for ref in campaigns], bool)
    tables = {}
    for length in sorted(hours):
        cut = _cut(ledger, scene, length, batch)
        for name, rows in groups.items():
            by_row = np.zeros(rows.max(initial=-1) + 1, bool)
            by_row[rows] = closed
            tables[name, length] = WindowTable(_mature(scene, cut, rows), by_row)
    return tables


def _load_scene(
    ledger: Ledger, campaigns: Sequence[CampaignRef], longest: int, as_of: datetime, batch: int | None
) -> _Scene:
    wanted = {ref.account for ref in campaigns}
    with reading(ledger.engine) as connection:
        accounts = {one.ref: one for one in load_accounts(connection) if one.ref in wanted}
        heard = load_heard(connection, as_of)
    first = as_of.date() - timedelta(days=-(-longest // 24) + 2)
    since = first - timedelta(days=RATE_DAYS)
    known = FactQuery(by=CELL, since=since, accounts=wanted, as_of=as_of, batch=batch)
    table = load_fact_table(ledger, known)
    frame = pd.DataFrame({**table.keys, **table.sums, **{f"has_{name}": table.measured[name] for name in QUANTITIES}})
    grid = CellGrid.of(frame, load_curves(ledger, as_of=as_of, batch=batch, since=since))
    by_hour = load_fact_table(ledger, replace(known, by=("platform", "account_id", "hour_of_week"), since=first))
    measured = by_hour.measured["conversions_micros"]
    pairs = zip(by_hour.keys["platform"][measured], by_hour.keys["account_id"][measured], strict=True)
    places = pd.MultiIndex.from_tuples([(ref.platform, ref.account_id, ref.campaign_id) for ref in campaigns])
    account, order = pd.factorize(pd.MultiIndex.from_frame(frame[_NAMES[:2]]))
    return _Scene(
        as_of=as_of,
        place=places.get_indexer(pd.MultiIndex.from_frame(frame[_NAMES])).astype(np.int64),
        account=account.astype(np.int64),
        order=[AccountRef(*pair) for pair in order],
        frame=frame,
        cells={name: expect_cells(grid, frame, name) for name in _ARRIVING},
        grid=grid,
        accounts=accounts,
        hourly=frozenset(AccountRef(*pair) for pair in set(pairs)),
        heard=heard,
    )


def _cut(ledger: Ledger, scene: _Scene, length: int, batch: int | None) -> _Cut:
    """Cut one window out of a scene: whole days as they are, the first day of a window of hours in part."""
    frame = scene.frame
    begins = scene.as_of - timedelta(hours=length)
    first, last, cut_off = {}, {}, {}
    for ref, account in scene.accounts.items():
        if ref in scene.hourly:
            cut_off[ref] = begins.astimezone(account.zone).date()
            first[ref], last[ref] = cut_off[ref] + _DAY, scene.as_of.astimezone(account.zone).date()
        else:
            last[ref] = last_heard_day(account, scene.heard, scene.as_of)
            first[ref] = last[ref] - timedelta(days=max(1, round(length / 24)) - 1)
    days = frame["day_local"].to_numpy("datetime64[D]")
    since = scene.days_of(first)
    inside = (days >= since) & (days <= scene.days_of(last)) & (scene.place >= 0)
    part = np.array([ref in cut_off for ref in scene.order], bool)[scene.account] & (scene.place >= 0)
    part &= days == since - np.timedelta64(1, "D")
    share = np.where(inside, 1.0, 0.0)
    figures = {name: np.where(inside, frame[name], 0).astype(np.int64) for name in QUANTITIES}
    known = {name: inside & frame[f"has_{name}"].to_numpy(bool) for name in QUANTITIES}
    if part.any():
        rows = np.flatnonzero(part)
        hours = _load_part(ledger, scene, begins, cut_off, batch)
        hours = hours.reindex(pd.MultiIndex.from_frame(frame.loc[rows, list(CELL)]))
        share[rows] = hours["share"].fillna(0.0).to_numpy(float)
        for name in QUANTITIES:
            figures[name][rows] = hours[name].fillna(0).to_numpy(np.int64)
            known[name][rows] = hours[f"has_{name}"].fillna(0).to_numpy(float) > 0
    return _Cut(inside | part, figures, known, share)


def _load_part(
    ledger: Ledger, scene: _Scene, begins: datetime, cut_off: Mapping[AccountRef, date], batch: int | None
) -> pd.DataFrame:
    """Return, per campaign and day that a window begins in, its figures since the beginning and its share of clicks."""
    days = set(cut_off.values())
    table = load_fact_table(
        ledger,
        FactQuery(
            by=(*CELL, "hour"),
            since=min(days),
            until=max(days),
            accounts=list(cut_off),
            as_of=scene.as_of,
            batch=batch,
        ),
    )
    names = [*QUANTITIES, *(f"has_{name}" for name in QUANTITIES)]
    rows = pd.DataFrame({**table.keys, **table.sums, **{f"has_{name}": table.measured[name] for name in QUANTITIES}})
    rows["exposure"] = rows["clicks"].clip(lower=0) + 1e-9  # a day without clicks is shared out by its hours
    keys = list(CELL)
    within = table.keys["hour"] >= np.datetime64(begins.astimezone(UTC).replace(tzinfo=None), "us")
    summed = rows[within].groupby(keys)[[*names, "exposure"]].sum()
    summed["share"] = summed["exposure"] / rows.groupby(keys)["exposure"].sum().reindex(summed.index)
    return summed


def _mature(scene: _Scene, cut: _Cut, groups: Ints) -> MaturedTable:
    """Add up what a window takes, with what is still to come of it."""
    count = int(groups.max(initial=-1)) + 1
    place = np.where(cut.taken, groups[scene.place], -1)
    chosen = place >= 0
    sums, measured = {}, {}
    for name in QUANTITIES:
        sums[name] = np.zeros(count, np.int64)
        np.add.at(sums[name], place[chosen], cut.figures[name][chosen])
        measured[name] = np.bincount(place[chosen & cut.known[name]], minlength=count) > 0
    facts = FactTable({}, sums, measured)
    return MaturedTable(facts, *(_expected(scene, cut, name, place, facts) for name in _ARRIVING))


def _expected(scene: _Scene, cut: _Cut, name: str, place: Ints, facts: FactTable) -> Expected:
    cells = scene.cells[name]
    if cells is None:
        return as_reported(np.where(facts.measured[name], facts.sums[name] / 1e6, np.nan))
    grid = scene.grid
    seen, share = np.zeros(grid.shape), np.zeros(grid.shape)
    seen[grid.series, grid.cohort] = cut.figures[name] / 1e6
    share[grid.series, grid.cohort] = cut.share
    target = np.full(grid.shape, -1, np.int64)
    target[grid.series, grid.cohort] = place
    parts = replace(
        cells,
        seen=seen,
        value=seen + share * (cells.value - cells.seen),
        noise_variance=share * cells.noise_variance,
        curve_deviation=share * cells.curve_deviation,
        withdrawn=share * cells.withdrawn,
    )
    sums = sum_expectations(parts, target, len(facts))
    return as_expected(replace(sums, unit=np.where(sums.unit > 0, sums.unit, 1.0)), facts.measured[name])
