"""What was said of campaigns, wherever it lies: in the database for thirty days, then in files of the ledger.

A day that has had its time is written to one Parquet file, listed in the manifest, and taken out of the table, in one
transaction: whoever reads both sees every evaluation once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.budgets import Evaluation
from adtempo.facts.ingest import DraftFile, seal_file
from adtempo.facts.ledger import Ledger, check_files
from adtempo.facts.publish import listed_file, open_workplace
from adtempo.store import budgets as stored
from adtempo.store import ledger as manifest
from adtempo.store.audit import append_audit
from adtempo.store.durable import sync_folder
from adtempo.store.engine import reading, transaction
from adtempo.store.leases import check_leases
from adtempo.store.rows import CAMPAIGN

KEPT = timedelta(days=30)
"""For how long evaluations stay in the database."""

_KINDS: Mapping[type, pa.DataType] = {
    int: pa.int64(),
    str: pa.string(),
    bool: pa.bool_(),
    float: pa.float64(),
    datetime: pa.timestamp("us", tz="UTC"),
    object: pa.string(),
}
SCHEMA = pa.schema([(name, _KINDS[kind]) for name, kind in stored.EVALUATION_COLUMNS.items()])
"""The columns of `scaling_evaluations`; JSON as text."""

_NESTED = tuple(name for name, kind in stored.EVALUATION_COLUMNS.items() if kind is object)


def archive_evaluations(ledger: Ledger, *, actor: str, now: datetime) -> int:
    """Move the evaluations of days that have had their time into files, day by day, and return how many those were.

    Raises:
        Conflict: Another process moved the same evaluations meanwhile; it lost nothing.
    """
    moved, until = 0, (now.astimezone(UTC) - KEPT).date()
    while True:
        with reading(ledger.engine) as connection:
            oldest = stored.oldest_evaluation(connection)
        if oldest is None or oldest.date() >= until:
            return moved
        moved += _archive_day(ledger, oldest.date(), actor, now)


def load_evaluations(
    ledger: Ledger,
    *,
    since: datetime | None = None,
    campaign: CampaignRef | None = None,
    limit: int | None = None,
) -> list[tuple[int, Evaluation]]:
    """Return evaluations with their numbers, the newest first."""
    with reading(ledger.engine) as connection:
        found = stored.list_evaluations(connection, since=since, campaign=campaign, limit=limit)
        files = _files(ledger, connection, since, campaign)
    for path in reversed(files):
        if limit is not None and len(found) >= limit:
            break
        rows = [stored.read_evaluation(row) for row in _rows(path, campaign)]
        older = [(number, one) for number, one in rows if since is None or one.at >= since]
        found += sorted(older, key=lambda each: (each[1].at, each[0]), reverse=True)
    return found[:limit]


def load_evaluation_table(ledger: Ledger) -> pa.Table:
    """Return every evaluation there is, in the columns of `SCHEMA`."""
    with reading(ledger.engine) as connection:
        live = [_table(rows) for rows in stored.stream_evaluations(connection)]
        files = _files(ledger, connection, None, None)
    return pa.concat_tables([SCHEMA.empty_table(), *live, *(pq.read_table(path) for path in files)])


def _archive_day(ledger: Ledger, day: date, actor: str, now: datetime) -> int:
    begins = datetime.combine(day, time(), UTC)
    ends = begins + timedelta(days=1)
    with open_workplace(ledger) as place:
        written = place.staging / "evaluations.parquet"
        with reading(ledger.engine) as connection, pq.ParquetWriter(written, SCHEMA, compression="zstd") as writer:
            for rows in stored.stream_evaluations(connection, since=begins, until=ends):
                writer.write_table(_table(rows))
        file, batches = _describe(written, day)
        folder = ledger.directory / manifest.EVALUATIONS
        folder.mkdir(exist_ok=True)
        with transaction(ledger.engine) as connection:
            check_leases(connection, [place.lease])
            stored.delete_evaluations(connection, begins, ends, count=file.rows)
            path = folder / f"{day}-{place.owner}-0000.parquet"
            written.rename(path)
            sync_folder(folder)
            listed = listed_file(ledger, path, file, tier=manifest.EVALUATIONS, batches=batches, now=now)
            manifest.insert_files(connection, [listed])
            detail = {"day": day.isoformat(), "rows": file.rows, "files": {listed.path: listed.sha256}}
            append_audit(
                connection, at=now, actor=actor, action="evaluations.archived", subject=listed.path, detail=detail
            )
    return file.rows


def _describe(path: Path, day: date) -> tuple[DraftFile, tuple[int, int]]:
    table = pq.read_table(path, columns=["campaign_id", "batch", "evaluated_at"])
    campaigns, batches = table["campaign_id"].to_pylist(), table["batch"].to_pylist()
    file = DraftFile(
        path=path,
        rows=table.num_rows,
        bytes=path.stat().st_size,
        sha256=seal_file(path),
        day_from=day,
        day_to=day,
        campaign_from=min(campaigns),
        campaign_to=max(campaigns),
        observed_to=max(table["evaluated_at"].to_pylist()),
    )
    return file, (min(batches), max(batches))


def _files(ledger: Ledger, connection: Connection, since: datetime | None, campaign: CampaignRef | None) -> list[Path]:
    """Return the files that may hold what is asked for, by their days."""
    files = manifest.load_files(
        connection,
        since=None if since is None else since.astimezone(UTC).date(),
        campaigns=None if campaign is None else [campaign.campaign_id],
        tiers=[manifest.EVALUATIONS],
    )
    check_files(ledger.directory, files)
    return [ledger.directory / file.path for file in sorted(files, key=lambda file: file.day_from)]


def _rows(path: Path, campaign: CampaignRef | None) -> Iterator[dict[str, Any]]:
    """Return the rows of a file as the database would give them."""
    wanted = None if campaign is None else [(name, "=", getattr(campaign, name)) for name in CAMPAIGN]
    for row in pq.read_table(path, filters=wanted).to_pylist():
        yield row | {name: json.loads(row[name]) for name in _NESTED}


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    columns = {name: [row[name] for row in rows] for name in SCHEMA.names}
    nested = {name: [json.dumps(value) for value in columns[name]] for name in _NESTED}
    return pa.table(columns | nested, schema=SCHEMA)
