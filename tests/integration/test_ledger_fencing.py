"""Two publishers of one account never count one difference twice, whoever is slow, paused or killed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.errors import LeaseBusy, LeaseLost
from adtempo.facts.ingest import Draft, ingest_differences
from adtempo.facts.ledger import open_workbench
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.publish import Origin, Writing, open_workplace, publish_batch, renew_writing, writing
from adtempo.facts.sweep import sweep_ledger
from adtempo.store.engine import reading
from adtempo.store.ledger import last_batch, load_batches
from strategies_facts import ACCOUNT, Bench, FactRow, facts

ROWS = [FactRow(slot, 0, (10, 1, 100, None, None)) for slot in range(3)]
OTHER = Account(AccountRef("google", "2"), "UTC", "EUR")


@pytest.fixture
def bench(tmp_path: Path, engine: Engine) -> Bench:
    """An empty ledger."""
    return Bench.open(tmp_path, engine)


@contextmanager
def paused(bench: Bench) -> Iterator[tuple[Writing, Draft]]:
    """A publisher that has taken its differences and now sleeps before it publishes them."""
    with ExitStack() as stack:
        place = stack.enter_context(open_workplace(bench.ledger))
        con = stack.enter_context(open_workbench(bench.ledger.directory, place.staging))
        con.register("incoming", facts(ROWS))
        held = stack.enter_context(writing(bench.ledger, place, [ACCOUNT.ref]))
        yield held, ingest_differences(con, bench.ledger, place.staging, covered=False)


def publish(bench: Bench, held: Writing, draft: Draft, now: datetime) -> None:
    """Publish what a paused publisher had in hand."""
    publish_batch(bench.ledger, held, Origin("file", "f.csv", "me", now, now), draft, accounts=[ACCOUNT])


def spend(bench: Bench) -> int:
    """Return the spend of everything."""
    return sum(q.spend_micros or 0 for _, q in load_fact_table(bench.ledger, FactQuery(by=("platform",))).rows())


def files_on_disk(bench: Bench) -> set[str]:
    """Return the path of every Parquet file in the ledger's folder."""
    return {path.relative_to(bench.ledger.directory).as_posix() for path in bench.ledger.directory.rglob("*.parquet")}


def test_a_second_publisher_of_the_account_is_told_to_wait_and_others_proceed(bench: Bench) -> None:
    with paused(bench):
        with pytest.raises(LeaseBusy, match="facts:meta:1"):
            bench.post(ROWS)
        bench.post([FactRow(0, 0, (1, 1, 7, None, None), account=OTHER)], accounts=[OTHER])
    bench.post(ROWS)
    assert spend(bench) == 307


def test_a_publisher_paused_beyond_its_lease_publishes_nothing(
    bench: Bench, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adtempo.facts.publish.ACCOUNT_TTL", timedelta(0))
    with paused(bench) as (held, draft):
        bench.post(ROWS)
        listed = {file.path for file in bench.ledger.snapshot().files}
        with pytest.raises(LeaseLost, match="nothing was written"):
            publish(bench, held, draft, now)
    assert spend(bench) == 300
    with reading(bench.ledger.engine) as connection:
        assert [batch.batch for batch in load_batches(connection)] == [1]
    assert files_on_disk(bench) == listed


def test_a_publisher_at_work_keeps_its_accounts_and_hears_early_that_it_lost_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        with monkeypatch.context() as patched:
            patched.setattr("adtempo.facts.publish.ACCOUNT_TTL", timedelta(0))
            held, _draft = stack.enter_context(paused(bench))
        renew_writing(bench.ledger, held)
        with pytest.raises(LeaseBusy):
            bench.post(ROWS)
    monkeypatch.setattr("adtempo.facts.publish.ACCOUNT_TTL", timedelta(0))
    with paused(bench) as (held, _draft):
        bench.post(ROWS)
        with pytest.raises(LeaseLost):
            renew_writing(bench.ledger, held)


def test_a_publisher_that_comes_back_late_and_unreplaced_publishes(
    bench: Bench, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adtempo.facts.publish.ACCOUNT_TTL", timedelta(0))
    with paused(bench) as (held, draft):
        publish(bench, held, draft, now)
    assert spend(bench) == 300


def test_a_publisher_whose_files_were_swept_away_publishes_nothing(
    bench: Bench, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with paused(bench) as (held, draft):
        assert sweep_ledger(bench.ledger, now=now) == 0
        publish(bench, held, draft, now)
    monkeypatch.setattr("adtempo.facts.publish.WORK_TTL", timedelta(0))
    with paused(bench) as (held, draft):
        assert sweep_ledger(bench.ledger, now=now) == 1
        assert not held.place.staging.exists()
        with pytest.raises(LeaseLost):
            publish(bench, held, draft, now)
    with pytest.raises(LeaseLost, match="no longer held"), paused(bench) as (held, draft):
        sweep_ledger(bench.ledger, now=now)
        (held.place.staging / "0001.parquet").write_bytes(b"")
    assert spend(bench) == 300


def test_an_undo_paused_beyond_its_lease_undoes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = bench.post(ROWS)
    monkeypatch.setattr("adtempo.facts.publish.ACCOUNT_TTL", timedelta(0))
    real = publish_batch

    def overtaken(*args: object, **more: object) -> object:
        monkeypatch.setattr("adtempo.facts.undo.publish_batch", real)
        bench.post([FactRow(0, 1, (20, 2, 500, None, None))])
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("adtempo.facts.undo.publish_batch", overtaken)
    with pytest.raises(LeaseLost):
        bench.undo(taken.batch)
    assert spend(bench) == 700
    bench.undo(taken.batch)
    assert spend(bench) == 500


def in_threads(*deeds: Callable[[], None]) -> None:
    """Run deeds at the same time and raise what any of them raised."""
    with ThreadPoolExecutor(len(deeds)) as pool:
        for running in [pool.submit(deed) for deed in deeds]:
            running.result()


def test_many_publishers_at_once_count_everything_once_and_in_the_order_of_commits(bench: Bench) -> None:
    accounts = [Account(AccountRef("meta", str(number)), "UTC", "EUR") for number in range(2)]
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    def import_both() -> None:
        for account in accounts:
            rows = [FactRow(slot, 0, (10, 1, 100, None, None), account=account) for slot in range(3)]
            while True:
                try:
                    bench.post(rows, accounts=[account])
                    break
                except (LeaseBusy, LeaseLost):
                    continue

    def publish_all() -> None:
        try:
            in_threads(import_both, import_both, import_both)
        finally:
            done.set()

    def watch() -> None:
        while not done.wait(0.005):
            with reading(bench.ledger.engine) as connection:
                seen.append((last_batch(connection), len(load_batches(connection))))

    in_threads(publish_all, watch)
    assert spend(bench) == 600
    with reading(bench.ledger.engine) as connection:
        batches = load_batches(connection)
    assert [batch.batch for batch in reversed(batches)] == list(range(1, 7))
    assert sorted(batch.posted for batch in batches) == [0, 0, 0, 0, 3, 3]
    assert all(newest == count for newest, count in seen), "a batch became visible before an earlier one"
