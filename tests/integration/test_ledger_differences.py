"""Traps of differencing, each once: what the laws of the ledger promise, in examples that a person can follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from adtempo.domain.panels import QUANTITIES, Quantities
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.store.engine import reading
from adtempo.store.ledger import load_batch
from strategies_facts import Bench, FactRow, Sync, moment


@pytest.fixture
def bench(tmp_path: Path, engine: Engine) -> Bench:
    """An empty ledger."""
    return Bench.open(tmp_path, engine)


def row(looked: int, spend: int | None, clicks: int | None = None, *, slot: int = 0) -> FactRow:
    """Return one look at one hour."""
    return FactRow(slot, looked, (None, clicks, spend, None, None))


def sync(looked: int, *rows: FactRow, quantities: tuple[str, ...] = ("spend_micros",)) -> Sync:
    """Return a sync of the first two hours that measures spend."""
    return Sync(looked, 0, 1, quantities, rows)


def spends(bench: Bench, *looked: int | None, batch: int | None = None) -> list[int | None]:
    """Return the spend of the first hour as of these moments; None = now."""
    tables = [bench.hours(as_of=at, batch=batch) for at in looked or (None,)]
    return [table.get(("c1", 0), Quantities()).spend_micros for table in tables]


def test_importing_twice_posts_nothing(bench: Bench) -> None:
    rows = [row(0, 5), row(3, 8), row(1, 5, slot=1)]
    first, second = bench.post(rows), bench.post(rows)
    assert (first.posted, first.restated, first.unchanged) == (3, 1, 0)
    assert (second.posted, second.restated, second.unchanged) == (0, 0, 3)
    assert spends(bench, None, 2) == [8, 5]
    assert bench.ledger.snapshot().batch == 2
    assert len(bench.ledger.snapshot().files) == 1


def test_a_vintage_that_arrives_late_ends_at_the_next_sighting(bench: Bench) -> None:
    bench.post([row(0, 5)])
    bench.post([row(4, 5)])
    bench.post([row(2, 9)])
    assert spends(bench, 0, 2, 3, 4, None) == [5, 9, 9, 5, 5]


def test_of_two_looks_at_one_moment_the_later_batch_wins_until_it_is_undone(bench: Bench) -> None:
    bench.post([row(1, 5), row(3, 6)])
    second = bench.post([row(1, 9)])
    assert spends(bench, 1, 3) == [9, 6]
    assert spends(bench, 1, batch=second.batch - 1) == [5]
    bench.undo(second.batch)
    assert spends(bench, 1, 3) == [5, 6]
    assert spends(bench, 1, batch=second.batch) == [9]


def test_a_sync_confirms_what_it_does_not_post(bench: Bench) -> None:
    bench.sync(sync(1, row(1, 5)))
    assert bench.sync(sync(5, row(5, 5))).posted == 0
    bench.post([row(3, 9)])
    assert spends(bench, 1, 3, 4, 5, None) == [5, 9, 9, 5, 5]


def test_what_a_sync_does_not_show_is_zero_from_then_on(bench: Bench) -> None:
    bench.post([row(0, 5, 2), row(0, 7, slot=30)])
    bench.sync(sync(2))
    assert spends(bench, 1, 2) == [5, 0]
    assert bench.hours()["c1", 0].clicks == 2
    assert bench.hours()["c1", 30].spend_micros == 7
    bench.post([row(1, 9)])
    assert spends(bench, 1, 2) == [9, 0]


def test_a_sync_that_arrives_late_counts_at_its_own_time(bench: Bench) -> None:
    bench.sync(sync(1, row(1, 5)))
    bench.sync(sync(5, row(5, 5)))
    bench.sync(sync(3))
    assert spends(bench, 2, 3, 4, 5) == [5, 0, 0, 5]


def test_a_newer_file_leaves_the_history_between_an_old_file_and_a_sync_alone(bench: Bench) -> None:
    bench.sync(sync(5))
    bench.post([row(3, 7)])
    bench.post([row(8, 1), row(9, 2)])
    assert spends(bench, 3, 4, 5, 7, 8, 9) == [7, 7, 0, 0, 1, 2]


def test_an_undo_at_the_moment_of_a_sync_gives_the_sync_its_word_back(bench: Bench) -> None:
    bench.post([row(3, 7)])
    bench.sync(sync(5, row(5, 7)))
    taken = bench.post([row(5, 9)])
    assert spends(bench, 5) == [9]
    bench.undo(taken.batch)
    assert spends(bench, 3, 5) == [7, 7]


@pytest.mark.parametrize("spend", [0, 7])
def test_what_a_sync_confirmed_stays_measured_when_the_file_before_it_is_undone(bench: Bench, spend: int) -> None:
    taken = bench.post([row(3, spend, 4)])
    bench.sync(sync(5, row(5, spend)))
    bench.undo(taken.batch)
    assert spends(bench, 3, 5, None) == [None, spend, spend]
    assert bench.hours()["c1", 0].clicks is None


def test_a_sync_that_measures_zero_of_a_known_hour_says_so(bench: Bench) -> None:
    bench.post([row(0, None, 4)])
    bench.sync(sync(1, row(1, 0)))
    assert spends(bench, 0, 1) == [None, 0]


def test_a_correction_beside_a_look_is_no_look(bench: Bench) -> None:
    earlier = bench.post([row(5, 3, 1)])
    late = bench.post([row(2, 8, None), row(5, None, 2)])
    assert spends(bench, 2, 5) == [8, 3]
    bench.undo(earlier.batch)
    assert spends(bench, 2, 5) == [8, 8]
    bench.undo(late.batch)
    assert bench.hours() == {}


def test_named_conversion_types_are_not_in_the_coverage_of_a_sync(bench: Bench) -> None:
    def lead(looked: int, count: int) -> FactRow:
        return FactRow(0, looked, (None, None, None, count, None), conversion_type="lead")

    bench.sync(sync(1, lead(1, 5)))
    bench.sync(sync(5, lead(5, 5)))
    bench.post([lead(3, 9)])
    assert [bench.hours(kind="lead", as_of=at)["c1", 0].conversions_micros for at in (1, 3, 5)] == [5, 9, 5]
    bench.sync(sync(6))
    assert bench.hours(kind="lead")["c1", 0].conversions_micros == 5


def test_undo_then_import_again_is_the_identity_whatever_came_between(bench: Bench) -> None:
    rows = [row(1, 5, 1), row(4, 6, 2), row(2, 3, slot=1)]
    first = bench.post(rows)
    other = bench.post([row(1, 5, 1), row(3, 8)])
    bench.sync(sync(5, row(5, 9)))
    before = [bench.hours(as_of=at) for at in range(7)]
    undo = bench.undo(first.batch)
    assert (undo.rows, undo.posted, undo.unchanged) == (0, 0, 0)
    assert spends(bench, 1, 3, 4, 5) == [None, 8, 8, 9]
    assert spends(bench, 1, 3, 4, 5, batch=other.batch) == [5, 8, 6, 6]
    bench.post(rows)
    assert [bench.hours(as_of=at) for at in range(7)] == before
    with reading(bench.ledger.engine) as connection:
        assert load_batch(connection, first.batch).undone_by == undo.batch


def test_hours_of_two_days_and_a_month_end_survive_compaction(bench: Bench) -> None:
    for looked in range(4):
        bench.post([FactRow(slot, looked, (slot, 1, looked, None, 0)) for slot in range(0, 96, 7)])
    before = [(at, batch, bench.hours(as_of=at, batch=batch)) for at in range(4) for batch in (None, 1, 2, 3)]
    for days, tiers in ((0, {"day"}), (30, {"day", "month"}), (60, {"month"})):
        bench.compact(days)
        assert {file.tier for file in bench.ledger.snapshot().files} == tiers
        assert [(at, batch, bench.hours(as_of=at, batch=batch)) for at, batch, _ in before] == before
    bench.post([row(9, 50)])
    bench.compact(60)
    assert spends(bench) == [50]
    assert len(bench.ledger.snapshot().files) == 3


def test_a_quantity_that_nobody_measured_is_no_zero(bench: Bench) -> None:
    bench.post([row(0, 5)])
    table = load_fact_table(bench.ledger, FactQuery(by=("platform",), as_of=moment(0)))
    assert {name: bool(table.measured[name][0]) for name in QUANTITIES} == {
        name: name == "spend_micros" for name in QUANTITIES
    }
