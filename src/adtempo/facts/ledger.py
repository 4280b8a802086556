"""Where postings live: immutable Parquet files, listed in a manifest, read by a locked-down DuckDB.

A posting is one difference: how the figures of one entity, slot, attribution setting and conversion type changed at
one moment of observation. Fresh files lie in ``batch=N/`` and take N from their path, since a batch gets its number
only when it is published; compacted files carry the number in a column. A file that the manifest does not list does
not exist.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from jinja2 import Environment, StrictUndefined
from sqlalchemy import Connection, Engine

from adtempo.domain.accounts import Account
from adtempo.domain.errors import LedgerDamaged
from adtempo.domain.panels import QUANTITIES
from adtempo.store import ledger as manifest
from adtempo.store.engine import reading
from adtempo.store.ledger import LedgerFile

SCHEMA_VERSION = 1
"""Version of the Parquet columns below; listed with every file, so that a later one can be read beside it."""

SERIES_KEY = ("campaign_id", "platform", "account_id", "level", "entity_id", "grain", "conversion_type", "attribution")
"""What one series of slots belongs to. With the slot it is the key of a fact; files are sorted by it.

Each posting also carries `series`, a name-based UUID of this key: sixteen bytes to join and group by instead of eight
texts, the same on every machine for ever.
"""

_COLUMNS = {
    "series": "UUID",
    **dict.fromkeys(SERIES_KEY, "VARCHAR"),
    "slot": "TIMESTAMP",
    "observed_at": "TIMESTAMP",
    "day_local": "DATE",
    "hour_of_week": "SMALLINT",
    "ad_group_id": "VARCHAR",
    "creative_id": "VARCHAR",
    "sighted": "BOOLEAN",
    **dict.fromkeys(QUANTITIES, "BIGINT"),
    "reach": "BIGINT",
}
POSTING_COLUMNS = tuple(_COLUMNS)
"""Columns of a posting. `sighted`: the batch looked at this slot at this moment (else it only corrects a later look).
The quantities are differences, null where the look did not measure them; reach is not additive and kept as reported.
"""

COMPACTED_COLUMNS = (*POSTING_COLUMNS, "batch")

STAGING = "staging"
"""Folder inside the ledger's where files are written before they are published."""

WORK_MEMORY_MB = 1_200
"""Memory for imports, compaction and undo."""

_TEMPLATES = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)  # noqa: S701


@lru_cache(maxsize=256)
def query(name: str, **parts: Any) -> str:
    """Return the SQL of ``queries/<name>.sql``, written out for every quantity."""
    text = package_files("adtempo.facts").joinpath("queries", f"{name}.sql").read_text("utf-8")
    return _TEMPLATES.from_string(text).render(quantities=QUANTITIES, series_key=SERIES_KEY, **parts)


def open_duckdb(allowed: Collection[Path], *, memory_mb: int, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that can touch nothing but the given folders and files, and cannot be unlocked.

    Args:
        allowed: Folders and files it may read and write.
        memory_mb: Limit of its memory; beyond it works on disk.
        spill: Folder for work beyond the memory limit.
    """
    con = duckdb.connect(":memory:")
    con.execute("SET autoinstall_known_extensions = false")
    con.execute("SET autoload_known_extensions = false")
    con.execute("SET GLOBAL TimeZone = 'UTC'")  # global: a cursor does not take over what is set for one session
    con.execute("SET preserve_insertion_order = false")
    con.execute("SET GLOBAL parquet_metadata_cache = true")
    con.execute(f"SET memory_limit = '{memory_mb}MB'")
    folders = [str(path) + "/" for path in allowed if path.is_dir()]
    singles = [str(path) for path in allowed if not path.is_dir()]
    if spill is not None:
        con.execute("SET temp_directory = $1", [str(spill)])
        folders.append(str(spill) + "/")
    con.execute("SET allowed_directories = $1", [folders])
    con.execute("SET allowed_paths = $1", [singles])
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


@contextmanager
def open_workbench(
    directory: Path, staging: Path, allowed: Collection[Path] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB for taking differences: bounded memory, working on disk in a folder of its own."""
    spill = staging / "spill"
    spill.mkdir()
    with open_duckdb([directory, *allowed], memory_mb=WORK_MEMORY_MB, spill=spill) as con:
        yield con


def varying(con: duckdb.DuckDBPyConnection, relation: str, columns: Iterable[str]) -> list[str]:
    """Return the columns that have several values; a join that compares millions of rows needs no others.

    Args:
        con: Where the relation is.
        relation: A small table of what is distinct in a large one.
        columns: Columns of it, null being a value.
    """
    names = list(columns)
    # count(DISTINCT) would build a hash table per column
    several = ", ".join(f"min({name}) <> max({name}) OR count({name}) BETWEEN 1 AND count(*) - 1" for name in names)
    (found,) = con.execute(f"SELECT {several} FROM {relation}").fetchall()
    return [name for name, has_several in zip(names, found, strict=True) if has_several]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The ledger at one moment: the files that count, the newest batch, and which batches were taken back."""

    files: tuple[LedgerFile, ...]
    batch: int
    undone: Mapping[int, int]


@dataclass(slots=True)
class Ledger:
    """A folder of postings and the database that says which of them count.

    Attributes:
        directory: Folder of the Parquet files.
        engine: The operational database, with the manifest.
    """

    directory: Path
    engine: Engine
    _reader: duckdb.DuckDBPyConnection | None = None
    _opening: Any = None

    def __post_init__(self) -> None:
        self._opening = threading.Lock()

    def snapshot(
        self,
        *,
        since: date | None = None,
        until: date | None = None,
        campaigns: Collection[str] | None = None,
        connection: Connection | None = None,
    ) -> Snapshot:
        """Return the live files that may hold facts of these local days and campaign ids, as of one moment.

        Args:
            since: First local day, inclusive.
            until: Last local day, inclusive.
            campaigns: Bare campaign ids; None means all.
            connection: An open connection to take part in; else one of its own.
        """
        if connection is None:
            with reading(self.engine) as own:
                return self.snapshot(since=since, until=until, campaigns=campaigns, connection=own)
        listed = manifest.load_files(connection, since=since, until=until, campaigns=campaigns)
        return Snapshot(tuple(listed), manifest.last_batch(connection), manifest.load_undone(connection))

    @contextmanager
    def reading(self, snapshot: Snapshot) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a cursor with a view `ledger` over a snapshot's files and a table `undone` of batches taken back."""
        with self._opening:
            if self._reader is None:
                self.directory.mkdir(parents=True, exist_ok=True)
                self._reader = open_duckdb([self.directory], memory_mb=4_000)
        with self._reader.cursor() as cursor:
            attach(cursor, self.directory, snapshot)
            yield cursor


def attach(con: duckdb.DuckDBPyConnection, directory: Path, snapshot: Snapshot) -> None:
    """Make a snapshot visible in a DuckDB connection, as the view `ledger` and the table `undone`."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW ledger AS {relation(directory, snapshot.files)}")
    con.register("undone", pa.table({"batch": pa.array(sorted(snapshot.undone), pa.int64())}))


def relation(directory: Path, files: Sequence[LedgerFile]) -> str:
    """Return the SQL of all postings in these files, with their batch.

    Raises:
        LedgerDamaged: A file is not there, or not as long as it was when it was listed.
    """
    names = ", ".join(POSTING_COLUMNS)
    sources = []
    fresh = [file for file in files if file.tier == "batch"]
    compacted = [file for file in files if file.tier != "batch"]
    if fresh:
        listed = _list(directory, fresh)
        sources.append(
            f"SELECT {names}, batch FROM read_parquet({listed},"
            " hive_partitioning = true, hive_types = {'batch': BIGINT})"
        )
    if compacted:
        listed = _list(directory, compacted)
        sources.append(f"SELECT {names}, batch FROM read_parquet({listed}, hive_partitioning = false)")
    if not sources:
        empty = ", ".join(f"NULL::{kind} AS {name}" for name, kind in _COLUMNS.items())
        return f"SELECT {empty}, NULL::BIGINT AS batch WHERE false"
    return " UNION ALL ".join(sources)


def _list(directory: Path, files: Sequence[LedgerFile]) -> str:
    check_files(directory, files)
    quoted = (str(directory / file.path).replace("'", "''") for file in files)
    return "[" + ", ".join(f"'{path}'" for path in quoted) + "]"


def check_files(directory: Path, files: Iterable[LedgerFile]) -> None:
    """Check that listed files are there.

    Raises:
        LedgerDamaged: A file is not there, or not as long as it was when it was listed.
    """
    for file in files:
        try:
            size = (directory / file.path).stat().st_size
        except FileNotFoundError:
            raise LedgerDamaged(file.path, f"is missing from {directory}") from None
        if size != file.bytes:
            raise LedgerDamaged(file.path, f"has {size} bytes instead of {file.bytes}")


def zone_table(accounts: Iterable[Account]) -> pa.Table:
    """Return the time zones of accounts as SQL joins them."""
    known = list(accounts)
    return pa.table(
        {
            "platform": pa.array([account.ref.platform for account in known], pa.string()),
            "account_id": pa.array([account.ref.account_id for account in known], pa.string()),
            "timezone": pa.array([account.timezone for account in known], pa.string()),
        }
    )


def create_postings(con: duckdb.DuckDBPyConnection) -> None:
    """Create the empty table `postings` that differences are collected in, by the number of their series."""
    of_series = ("series", *SERIES_KEY)
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items() if name not in of_series)
    con.execute(f"CREATE OR REPLACE TEMP TABLE postings (number INTEGER, {columns}, first_seen BOOLEAN)")
