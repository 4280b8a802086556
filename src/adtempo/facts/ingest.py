"""From absolute values to differences: what a batch of rows adds to what the ledger knows.

Rows stand in a DuckDB table `incoming` (columns of `platforms.base.FACT_SCHEMA`). They are taken in parts by campaign
so that memory is bounded by the part, compared with the ledger in SQL, and written as Parquet files beside the ledger.
Nothing counts yet: `publish` decides that.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.facts.ledger import (
    POSTING_COLUMNS,
    SERIES_KEY,
    Ledger,
    Snapshot,
    attach,
    create_postings,
    query,
    varying,
)
from adtempo.platforms.base import Coverage
from adtempo.store import ledger as manifest
from adtempo.store.durable import digest_of, sync_folder
from adtempo.store.engine import reading
from adtempo.store.rows import row_of

PART_ROWS = 2_000_000
"""Rows that are compared at once; a larger batch is taken campaign range by campaign range."""

ROW_GROUP = 61_440
"""Rows of one Parquet row group, which is read whole: small, so that one campaign costs little of the others."""

_COVERED = pa.schema(
    [
        pa.field("platform", pa.string()),
        pa.field("account_id", pa.string()),
        pa.field("level", pa.string()),
        pa.field("grain", pa.string()),
        pa.field("attribution", pa.string()),
        pa.field("slot_from", pa.timestamp("us")),
        pa.field("slot_to", pa.timestamp("us")),
        pa.field("quantities", pa.list_(pa.string())),
        pa.field("observed_at", pa.timestamp("us")),
        pa.field("batch", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file of postings that is written but does not count yet."""

    path: Path
    rows: int
    bytes: int
    sha256: str
    day_from: date
    day_to: date
    campaign_from: str
    campaign_to: str
    observed_to: datetime


@dataclass(slots=True)
class Draft:
    """All that one batch would post.

    Attributes:
        files: The written files.
        rows: Rows that came in.
        posted: Rows that change the ledger.
        restated: Those of them whose slot was known with another value.
        rejected: Bad rows that were left out on request.
        shapes: Kinds of rows, as `store.ledger.record_shapes` takes them.
        days: First and last local day that came in, per campaign.
    """

    files: list[DraftFile] = field(default_factory=list)
    rows: int = 0
    posted: int = 0
    restated: int = 0
    rejected: int = 0
    shapes: set[tuple[str, str, str, str, str, str]] = field(default_factory=set)
    days: dict[CampaignRef, tuple[date, date]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extent:
    """What a batch of rows reaches over."""

    rows: int
    day_from: date
    day_to: date
    slot_from: datetime
    slot_to: datetime
    observed_from: datetime
    observed_to: datetime
    accounts: tuple[AccountRef, ...]


def number_rows(con: duckdb.DuckDBPyConnection, staging: Path) -> Extent | None:
    """Read `incoming` once: number its series and leave its rows by number; return what they reach over.

    `all_series` and `all_vintages` stay in the connection, the latter as a file in `staging`. None without a row.
    """
    con.execute(query("series"))
    keys = tuple(varying(con, "all_series", SERIES_KEY))
    con.execute(query("vintages", path=staging / "vintages.parquet", keys=keys))
    row = con.execute(
        "SELECT count(*), min(day_local), max(day_local), min(slot), max(slot), min(observed_at), max(observed_at)"
        " FROM all_vintages"
    ).fetchone()
    if row is None or row[0] == 0:
        return None
    accounts = con.execute("SELECT DISTINCT platform, account_id FROM all_series ORDER BY ALL").fetchall()
    return Extent(
        rows=row[0],
        day_from=row[1],
        day_to=row[2],
        slot_from=row[3],
        slot_to=row[4],
        observed_from=row[5].replace(tzinfo=UTC),
        observed_to=row[6].replace(tzinfo=UTC),
        accounts=tuple(AccountRef(*account) for account in accounts),
    )


def ingest_differences(
    con: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    staging: Path,
    *,
    covered: bool,
    progress: Callable[[float], None] = lambda _share: None,
) -> Draft:
    """Compare `incoming` with the ledger and write the differences as files in `staging`.

    The caller holds the leases of all accounts that occur, so that what is compared with cannot change meanwhile.

    Args:
        con: A DuckDB connection with the table `incoming`, allowed to read the ledger and to write `staging`.
        ledger: What is known so far.
        staging: An existing folder of the caller's own.
        covered: Coverage rows will say what was looked at, so equal rows need no sighting of their own.
        progress: Called with the share done, 0 to 1.
    """
    extent = number_rows(con, staging)
    if extent is None:
        return Draft()
    snapshot, looks = _load_known(ledger, extent)
    con.register("covered", looks)
    draft = Draft(rows=extent.rows)
    ranges = list(key_ranges(con, "number", "all_vintages", extent.rows, PART_ROWS))
    for number, (first, last) in enumerate(ranges):
        campaigns = _select_part(con, first, last)
        attach(con, ledger.directory, _narrow(snapshot, *campaigns))
        _post_part(con, extent, campaigns, covered=covered, undone=bool(snapshot.undone))
        write_postings(con, draft, staging / f"{number:04d}.parquet")
        _describe(con, draft)
        progress((number + 1) / len(ranges))
    return draft


def _select_part(con: duckdb.DuckDBPyConnection, first: int, last: int) -> tuple[str, str]:
    """Make one range of series visible as `series` and `vintages`; return its first and last campaign id."""
    con.execute("SET VARIABLE first = $1", [first])
    con.execute("SET VARIABLE last = $1", [last])
    con.execute(query("part"))
    row = con.execute("SELECT min(campaign_id), max(campaign_id) FROM series").fetchone()
    assert row is not None
    return row[0], row[1]


def _load_known(ledger: Ledger, extent: Extent) -> tuple[Snapshot, pa.Table]:
    with reading(ledger.engine) as connection:
        snapshot = ledger.snapshot(since=extent.day_from, until=extent.day_to, connection=connection)
        looks = manifest.load_coverage(connection, extent.accounts, since=extent.observed_from)
    return snapshot, coverage_table(looks)


def coverage_row(look: Coverage) -> dict[str, Any]:
    """Return what a look at a platform covered, without its batch, as the database keeps it."""
    return row_of(
        manifest.coverage,
        look,
        **asdict(look.account),
        slot_from=look.slot_from.replace(tzinfo=UTC),
        slot_to=look.slot_to.replace(tzinfo=UTC),
        quantities=list(look.quantities),
        observed_at=look.observed_at.astimezone(UTC),
    )


def coverage_table(looks: Sequence[Mapping[str, object]]) -> pa.Table:
    """Return coverage rows as DuckDB reads them, times being naive like those of slots."""
    rows = [
        {name: value.replace(tzinfo=None) if isinstance(value, datetime) else value for name, value in look.items()}
        for look in looks
    ]
    return pa.Table.from_pylist(rows, schema=_COVERED)


def _narrow(snapshot: Snapshot, first: str, last: str) -> Snapshot:
    files = tuple(f for f in snapshot.files if f.campaign_to >= first and f.campaign_from <= last)
    return Snapshot(files, snapshot.batch, snapshot.undone)


def key_ranges(
    con: duckdb.DuckDBPyConnection, key: str, source: str, rows: int, part_rows: int
) -> Iterator[tuple[Any, Any]]:
    """Yield (first, last) keys of parts of about `part_rows` rows, in order, without overlap."""
    counts = con.execute(f"SELECT {key}, count(*) FROM {source} GROUP BY 1 ORDER BY 1").fetchall()
    if rows <= part_rows:
        yield counts[0][0], counts[-1][0]
        return
    first, taken = None, 0
    for value, count in counts:
        first = value if first is None else first
        taken += count
        if taken >= part_rows:
            yield first, value
            first, taken = None, 0
    if first is not None:
        yield first, counts[-1][0]


def _post_part(
    con: duckdb.DuckDBPyConnection, extent: Extent, campaigns: tuple[str, str], *, covered: bool, undone: bool
) -> None:
    create_postings(con)
    of_slots = {"slot_from": extent.slot_from, "slot_to": extent.slot_to}
    bounds = of_slots | {"campaign_from": campaigns[0], "campaign_to": campaigns[1]}
    con.execute(query("known", undone=undone, covered=covered), bounds)
    con.execute(query("contested", vintages_repeat=extent.observed_from < extent.observed_to))
    con.execute(query("post_newer", covered=covered))
    if con.execute("SELECT count(*) FROM contested").fetchone() != (0,):
        con.execute(query("post_any", undo=False))


def write_postings(con: duckdb.DuckDBPyConnection, draft: Draft, path: Path) -> None:
    """Add the table `postings` to a draft as one sorted, durable file; nothing is written when it is empty."""
    row = con.execute(query("counts")).fetchone()
    assert row is not None
    rows, posted, restated, day_from, day_to, campaign_from, campaign_to, observed_to = row
    if rows == 0:
        return
    columns = ", ".join(POSTING_COLUMNS)
    con.execute(query("names"))
    con.execute(
        f"COPY (SELECT {columns} FROM postings JOIN names USING (number) ORDER BY number, slot, observed_at)"
        f" TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
    )
    draft.posted += posted
    draft.restated += restated
    draft.files.append(
        DraftFile(
            path=path,
            rows=rows,
            bytes=path.stat().st_size,
            sha256=seal_file(path),
            day_from=day_from,
            day_to=day_to,
            campaign_from=campaign_from,
            campaign_to=campaign_to,
            observed_to=observed_to.replace(tzinfo=UTC),
        )
    )


def _describe(con: duckdb.DuckDBPyConnection, draft: Draft) -> None:
    """Note which campaigns, days and kinds of rows this part has."""
    spans = con.execute(query("series_days")).fetchall()
    for platform, account, campaign, level, grain, attribution, kind, first, last in spans:
        draft.shapes.add((platform, account, level, grain, attribution, kind))
        ref = CampaignRef(platform, account, campaign)
        known = draft.days.get(ref, (first, last))
        draft.days[ref] = (min(first, known[0]), max(last, known[1]))


def seal_file(path: Path) -> str:
    """Make a written file and its name durable, and return its SHA-256."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return digest_of(path)
