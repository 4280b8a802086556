"""Fewer and better sorted files: fresh batches into days, old days into months. No sum changes.

Postings are moved, never merged: each keeps its moment and its batch, so that everything that could be asked before can
be asked after. Replaced files stay on disk for running readers, and are swept later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from adtempo.facts.ingest import ROW_GROUP, DraftFile, key_ranges, seal_file
from adtempo.facts.ledger import COMPACTED_COLUMNS, Ledger, open_workbench, relation
from adtempo.facts.publish import Workplace, listed_file, open_workplace
from adtempo.store import ledger as manifest
from adtempo.store.audit import append_audit
from adtempo.store.durable import sync_folder
from adtempo.store.engine import transaction
from adtempo.store.leases import check_leases
from adtempo.store.ledger import LedgerFile

RECENT = timedelta(days=35)
"""Days younger than this keep files of their own, since syncs read and restate them; older ones go into months."""

FILE_ROWS = 3_000_000
"""Postings of one compacted file; more are divided by campaign."""

MERGE_FILES = 8
"""A day or month with so many files is written anew as one; before, late postings get a file beside it."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """The span of local days that one compacted file holds, both inclusive."""

    tier: str
    day_from: date
    day_to: date


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a compaction did."""

    files_before: int
    files_after: int
    rows: int


def compact_ledger(
    ledger: Ledger, *, actor: str, now: datetime, progress: Callable[[float], None] = lambda _share: None
) -> Compaction:
    """Rewrite fresh files into days, and days that are no longer restated into months.

    Raises:
        Conflict: Another process compacted the same files meanwhile; nothing was changed.
    """
    live = ledger.snapshot().files
    recent = now.date() - RECENT
    inputs = _inputs(live, recent)
    if not inputs:
        return Compaction(len(live), len(live), 0)
    with open_workplace(ledger) as place, open_workbench(ledger.directory, place.staging) as con:
        written = _rewrite(con, ledger, place, inputs, recent, progress)
        with transaction(ledger.engine) as connection:
            check_leases(connection, [place.lease])
            assert sum(file.rows for _target, file, _batches in written) == sum(file.rows for file in inputs)
            outputs = _move(ledger, place, written, now)
            # Readers that hold the old list live in real time, whatever moment is pretended.
            manifest.supersede_files(connection, [file.path for file in inputs], datetime.now(UTC))
            manifest.insert_files(connection, outputs)
            append_audit(
                connection,
                at=now,
                actor=actor,
                action="facts.compacted",
                subject=f"{len(inputs)} files",
                detail={"from": [file.path for file in inputs], "to": {file.path: file.sha256 for file in outputs}},
            )
    rows = sum(file.rows for file in outputs)
    return Compaction(len(live), len(live) - len(inputs) + len(outputs), rows)


def _inputs(live: Sequence[LedgerFile], recent: date) -> list[LedgerFile]:
    """Return the files to rewrite: fresh ones, days that have grown old, and spans that have too many files."""
    moving = [file for file in live if file.tier == "batch" or _has_aged(file, recent)]
    settled = [file for file in live if file not in moving]
    targets = {target for file in moving for target in _targets(file, recent)}
    crowd = Counter(_targets(file, recent)[0] for file in settled)
    return moving + [
        file
        for file in settled
        if (target := _targets(file, recent)[0]) in targets and crowd[target] + 1 >= MERGE_FILES
    ]


def _has_aged(file: LedgerFile, recent: date) -> bool:
    return file.tier == "day" and file.day_to < recent.replace(day=1)


def _targets(file: LedgerFile, recent: date) -> list[Target]:
    """Return the spans that a file's days belong to: whole months once all of a month is old, else single days."""
    targets = []
    day = file.day_from
    while day <= file.day_to:
        target = _target(day, recent)
        targets.append(target)
        day = target.day_to + timedelta(days=1)
    return targets


def _target(day: date, recent: date) -> Target:
    if day >= recent.replace(day=1):
        return Target("day", day, day)
    first = day.replace(day=1)
    return Target("month", first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def _rewrite(
    con: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    place: Workplace,
    inputs: Sequence[LedgerFile],
    recent: date,
    progress: Callable[[float], None],
) -> list[tuple[Target, DraftFile, tuple[int, int]]]:
    """Write the postings of the inputs anew, span by span, and return the files with their batches."""
    targets = sorted({target for file in inputs for target in _targets(file, recent)})
    written: list[tuple[Target, DraftFile, tuple[int, int]]] = []
    for position, target in enumerate(targets):
        files = [file for file in inputs if file.day_from <= target.day_to and file.day_to >= target.day_from]
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW span AS SELECT * FROM ({relation(ledger.directory, files)})"
            f" WHERE day_local BETWEEN DATE '{target.day_from}' AND DATE '{target.day_to}'"
        )
        rows = con.execute("SELECT count(*) FROM span").fetchone()
        assert rows is not None
        for first, last in key_ranges(con, "campaign_id", "span", rows[0], FILE_ROWS) if rows[0] else ():
            path = place.staging / f"{len(written):04d}.parquet"
            columns = ", ".join(COMPACTED_COLUMNS)
            con.execute("SET VARIABLE first = $1", [first])
            con.execute("SET VARIABLE last = $1", [last])
            con.execute(
                f"COPY (SELECT {columns} FROM span"
                " WHERE campaign_id BETWEEN getvariable('first') AND getvariable('last')"
                f" ORDER BY campaign_id, series, slot, observed_at, batch) TO '{path}'"
                f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
            )
            written.append((target, *_describe(con, path)))
        progress((position + 1) / len(targets))
    return written


def _describe(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[DraftFile, tuple[int, int]]:
    row = con.execute(
        "SELECT count(*), min(day_local), max(day_local), min(campaign_id), max(campaign_id), max(observed_at),"
        f" min(batch), max(batch) FROM read_parquet('{path}', hive_partitioning = false)"
    ).fetchone()
    assert row is not None
    file = DraftFile(
        path=path,
        rows=row[0],
        bytes=path.stat().st_size,
        sha256=seal_file(path),
        day_from=row[1],
        day_to=row[2],
        campaign_from=row[3],
        campaign_to=row[4],
        observed_to=row[5].replace(tzinfo=UTC),
    )
    return file, (row[6], row[7])


def _move(
    ledger: Ledger, place: Workplace, written: Sequence[tuple[Target, DraftFile, tuple[int, int]]], now: datetime
) -> list[LedgerFile]:
    """Move written files to their folders; they do not count until they are listed."""
    listed = []
    for position, (target, file, batches) in enumerate(written):
        folder = ledger.directory / target.tier
        folder.mkdir(exist_ok=True)
        path = folder / f"{target.day_from}-{place.owner}-{position:04d}.parquet"
        file.path.rename(path)
        listed.append(listed_file(ledger, path, file, tier=target.tier, batches=batches, now=now))
    for tier in {target.tier for target, _file, _batches in written}:
        sync_folder(ledger.directory / tier)
    return listed
