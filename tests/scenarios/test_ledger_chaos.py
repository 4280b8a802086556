"""Writers of the ledger are killed at random while a reader checks that what is published adds up."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import Engine

from adtempo.domain.errors import LedgerDamaged
from adtempo.facts.ledger import Ledger
from adtempo.facts.sweep import sweep_ledger
from adtempo.store.engine import reading
from adtempo.store.ledger import last_batch, load_files, load_known_paths
from ledger_workers import expected_and_found, work

KILLS, SECONDS = 25, 10
"""How many processes are killed on each database, and for how long at most."""

WRITERS = 4


def test_killed_writers_never_change_a_total_and_leave_nothing_behind(
    tmp_path: Path, engine: Engine, database_url: str
) -> None:
    ledger = Ledger(tmp_path / "ledger", engine)
    chance = random.Random(8)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ledger_workers"])

    def start() -> BaseProcess:
        arguments = (database_url, str(ledger.directory), chance.randrange(1000))
        process = context.Process(target=work, args=arguments, daemon=True)
        process.start()
        return process

    workers = [start() for _ in range(WRITERS)]
    kills, checks, until = 0, 0, time.monotonic() + SECONDS
    while checks < 5 or (kills < KILLS and time.monotonic() < until):
        await_batches(engine, chance.randrange(1, 4))
        checks += check_totals(engine, ledger)
        assert all(process.exitcode is None for process in workers), "a writer failed by itself"
        process = workers.pop(chance.randrange(WRITERS))
        process.kill()
        process.join()
        workers.append(start())
        kills += 1
    for process in workers:
        process.kill()
        process.join()
    expected, found = expected_and_found(engine, ledger)
    assert found == expected
    assert len(found) == 2
    check_files(engine, ledger)


def await_batches(engine: Engine, more: int) -> None:
    """Wait until so many more batches are published, at most three seconds."""
    patience = time.monotonic() + 3
    with reading(engine) as connection:
        enough = last_batch(connection) + more
    while time.monotonic() < patience:
        time.sleep(0.02)
        with reading(engine) as connection:
            if last_batch(connection) >= enough:
                return


def check_totals(engine: Engine, ledger: Ledger) -> bool:
    """Compare totals with what was published; False when there is nothing to compare yet."""
    try:
        expected, found = expected_and_found(engine, ledger)
    except LedgerDamaged as error:
        gone = error.path
    else:
        assert found == expected
        return len(found) == 2
    # This reader was slower than the shortened grace of replaced files.
    with reading(engine) as connection:
        assert gone not in {file.path for file in load_files(connection)}
    return False


def check_files(engine: Engine, ledger: Ledger) -> None:
    """Every listed file is there and whole; a sweep, when all the dead are given up, leaves exactly those."""
    with reading(engine) as connection:
        listed = {file.path: file.sha256 for file in load_files(connection)}
    time.sleep(3.1)
    sweep_ledger(ledger, now=datetime.now(UTC) + timedelta(hours=2))
    on_disk = {path.relative_to(ledger.directory).as_posix(): path for path in ledger.directory.rglob("*.parquet")}
    assert set(on_disk) == set(listed)
    assert {path: hashlib.sha256(file.read_bytes()).hexdigest() for path, file in on_disk.items()} == listed
    with reading(engine) as connection:
        assert load_known_paths(connection) == set(listed)
    assert list((ledger.directory / "staging").iterdir()) == []
