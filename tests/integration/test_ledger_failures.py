"""What goes wrong leaves the ledger as it was, and says what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine

from adtempo.domain.accounts import Account
from adtempo.domain.errors import AccountChanged, Conflict, LedgerDamaged, NotFound
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.sweep import GRACE, sweep_ledger
from adtempo.store.engine import reading
from adtempo.store.ledger import load_batches
from strategies_facts import ACCOUNT, Bench, FactRow

ROWS = [FactRow(slot, 0, (10, 1, 100, None, None)) for slot in range(3)]
LATER = [FactRow(slot, 1, (20, 2, 200, None, None)) for slot in range(3)]


@pytest.fixture
def bench(tmp_path: Path, engine: Engine) -> Bench:
    """A ledger with one batch."""
    bench = Bench.open(tmp_path, engine)
    bench.post(ROWS)
    return bench


def spend(bench: Bench) -> int:
    """Return the spend of everything."""
    return sum(q.spend_micros or 0 for _, q in load_fact_table(bench.ledger, FactQuery(by=("platform",))).rows())


def check_nothing_happened(bench: Bench) -> None:
    """Only the first batch counts, and its accounts are free again."""
    with reading(bench.ledger.engine) as connection:
        assert [batch.batch for batch in load_batches(connection)] == [1]
    assert spend(bench) == 300
    sweep_ledger(bench.ledger, now=datetime.now(UTC))
    listed = {file.path for file in bench.ledger.snapshot().files}
    on_disk = {path.relative_to(bench.ledger.directory).as_posix() for path in bench.ledger.directory.rglob("*.*")}
    assert on_disk == listed


@pytest.mark.parametrize(
    "changed", [Account(ACCOUNT.ref, "Asia/Tokyo", "EUR"), Account(ACCOUNT.ref, "UTC", "USD")], ids=["zone", "currency"]
)
def test_a_changed_zone_or_currency_is_refused_and_nothing_is_published(bench: Bench, changed: Account) -> None:
    with pytest.raises(AccountChanged, match="meta:1"):
        bench.post(LATER, accounts=[changed])
    check_nothing_happened(bench)


def test_a_full_disk_while_writing_leaves_nothing_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("adtempo.facts.ingest.seal_file", full)
    with pytest.raises(OSError, match="No space"):
        bench.post(LATER)
    check_nothing_happened(bench)


def test_a_failure_between_moving_files_and_commit_leaves_nothing_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("adtempo.facts.publish.append_audit", broken)
        with pytest.raises(OSError, match="Input/output"):
            bench.post(LATER)
    check_nothing_happened(bench)
    assert bench.post(LATER).batch == 2
    assert spend(bench) == 600


def test_a_compaction_that_fails_changes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("adtempo.facts.compact.append_audit", broken)
        with pytest.raises(OSError, match="Input/output"):
            bench.compact()
    check_nothing_happened(bench)


def test_a_compaction_that_was_overtaken_changes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from adtempo.facts import compact

    rewrite = compact._rewrite

    def slow(*args: object) -> object:
        monkeypatch.setattr(compact, "_rewrite", rewrite)
        written = rewrite(*args)  # type: ignore[arg-type]
        bench.compact()
        return written

    monkeypatch.setattr(compact, "_rewrite", slow)
    with pytest.raises(Conflict, match="another process compacted"):
        bench.compact()
    assert spend(bench) == 300


def test_replaced_files_stay_for_running_readers_and_go_after_a_grace(bench: Bench) -> None:
    before = bench.ledger.snapshot()
    bench.compact()
    assert sweep_ledger(bench.ledger, now=datetime.now(UTC)) == 0
    with bench.ledger.reading(before) as cursor:
        assert cursor.execute("SELECT sum(spend_micros) FROM ledger").fetchone() == (300,)
    assert sweep_ledger(bench.ledger, now=datetime.now(UTC) + GRACE + timedelta(minutes=1)) == len(before.files)
    assert not any((bench.ledger.directory / file.path).exists() for file in before.files)
    assert spend(bench) == 300


@pytest.mark.parametrize("trouble", ["is missing", "has 3 bytes"])
def test_a_missing_or_damaged_file_is_named_and_nothing_is_answered_or_added(bench: Bench, trouble: str) -> None:
    (file,) = bench.ledger.snapshot().files
    path = bench.ledger.directory / file.path
    if trouble == "is missing":
        path.unlink()
    else:
        path.write_bytes(b"PAR")
    for deed in (lambda: spend(bench), lambda: bench.post(LATER), lambda: bench.undo(1), bench.compact):
        with pytest.raises(LedgerDamaged, match=f"{file.path} {trouble}.* backup"):
            deed()


def test_only_what_was_imported_can_be_undone_and_only_once(bench: Bench) -> None:
    with pytest.raises(NotFound, match="there is no import 7"):
        bench.undo(7)
    bench.undo(1)
    with pytest.raises(Conflict, match="undone already, by batch 2"):
        bench.undo(1)
    with pytest.raises(Conflict, match="batch 2 is an undo"):
        bench.undo(2)


def test_readers_tell_time_in_utc_wherever_the_machine_stands(bench: Bench) -> None:
    with bench.ledger.reading(bench.ledger.snapshot()) as cursor:
        settings = "current_setting('TimeZone'), current_setting('parquet_metadata_cache')"
        assert cursor.execute(f"SELECT {settings}").fetchall() == [("UTC", True)]


def test_the_reading_database_is_locked_down(bench: Bench, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    with bench.ledger.reading(bench.ledger.snapshot()) as cursor:
        for statement in (
            f"SELECT * FROM read_csv('{outside}')",
            f"COPY (SELECT 1) TO '{tmp_path / 'stolen.csv'}'",
            f"ATTACH '{tmp_path / 'other.db'}'",
            "SET enable_external_access = true",
            "INSTALL httpfs",
        ):
            with pytest.raises(duckdb.Error):
                cursor.execute(statement)
