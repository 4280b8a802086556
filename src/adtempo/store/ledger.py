"""Tables of the fact ledger: batches, the manifest of files, what was covered, and how far facts are complete.

The facts themselves are Parquet files; these rows say which of them count. A file that is not listed here does not
exist, so publishing is one transaction on these tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    and_,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from adtempo.domain.accounts import AccountRef
from adtempo.domain.errors import Conflict, NotFound
from adtempo.store.engine import Identifier, UtcTime, metadata
from adtempo.store.rows import insert_first, of, of_any

IMPORT_KINDS = ("file", "conversions", "rates", "messages", "captions")
"""Batches that came from a file and can be undone."""

BATCH_KINDS = (*IMPORT_KINDS, "sync", "undo")
POSTING_TIERS = ("batch", "day", "month")
EVALUATIONS = "evaluations"
"""The tier of files that hold no postings but what was said of campaigns."""

ledger_state = Table(
    "ledger_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("last_batch", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
    comment="The last batch number given. Numbers are given at publication, so their order is the order of commits.",
)

ledger_batches = Table(
    "ledger_batches",
    metadata,
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("source", String, nullable=False),
    Column("digest", String),
    Column("actor", String, nullable=False),
    Column("published_at", UtcTime, nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("posted", BigInteger, nullable=False),
    Column("restated", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("accounts", JSON(none_as_null=True), nullable=False),
    Column("undone_by", BigInteger, ForeignKey("ledger_batches.batch", deferrable=True)),
    CheckConstraint(f"kind IN ({', '.join(map(repr, BATCH_KINDS))})", name="kind_known"),
    CheckConstraint("undone_by > batch", name="undone_later"),
    Index("ix_ledger_batches_digest", "digest"),
)

ledger_files = Table(
    "ledger_files",
    metadata,
    Column("path", String, primary_key=True),
    Column("tier", String, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("batch_from", BigInteger, nullable=False),
    Column("batch_to", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("day_from", Date, nullable=False),
    Column("day_to", Date, nullable=False),
    Column("campaign_from", Identifier, nullable=False),
    Column("campaign_to", Identifier, nullable=False),
    Column("observed_to", UtcTime, nullable=False),
    Column("published_at", UtcTime, nullable=False),
    Column("superseded_at", UtcTime),
    CheckConstraint(f"tier IN ({', '.join(map(repr, (*POSTING_TIERS, EVALUATIONS)))})", name="tier_known"),
    CheckConstraint("batch_from <= batch_to", name="batches_ordered"),
    CheckConstraint("day_from <= day_to", name="days_ordered"),
    CheckConstraint("rows > 0", name="not_empty"),
    Index("ix_ledger_files_live", "superseded_at", "day_to"),
)

ledger_shapes = Table(
    "ledger_shapes",
    metadata,
    Column("platform", String, primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("level", String, primary_key=True),
    Column("grain", String, primary_key=True),
    Column("attribution", String, primary_key=True),
    Column("conversion_type", String, primary_key=True),
    comment="Which kinds of rows an account has: where there is only one, nothing can be counted twice.",
)

coverage = Table(
    "coverage",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("platform", String, nullable=False),
    Column("account_id", String, nullable=False),
    Column("level", String, nullable=False),
    Column("grain", String, nullable=False),
    Column("attribution", String, nullable=False),
    Column("slot_from", UtcTime, nullable=False, comment="hours: UTC; days: local midnight written as UTC"),
    Column("slot_to", UtcTime, nullable=False),
    Column("quantities", JSON(none_as_null=True), nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("batch", BigInteger, ForeignKey("ledger_batches.batch"), nullable=False),
    CheckConstraint("slot_from < slot_to", name="slots_ordered"),
    Index("ix_coverage_account", "platform", "account_id", "observed_at"),
)

watermarks = Table(
    "watermarks",
    metadata,
    Column("platform", String, primary_key=True),
    Column("account_id", String, primary_key=True),
    Column("complete_until", UtcTime, nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("batch", BigInteger, ForeignKey("ledger_batches.batch"), nullable=False),
    comment="Facts of the account are complete up to here.",
)


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """One immutable Parquet file as the manifest lists it; `path` is relative to the ledger's folder."""

    path: str
    tier: str
    schema_version: int
    batch_from: int
    batch_to: int
    rows: int
    bytes: int
    sha256: str
    day_from: date
    day_to: date
    campaign_from: str
    campaign_to: str
    observed_to: datetime
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """One publication: what was taken in, by whom, when, and what it changed.

    Attributes:
        rows: Rows that were read.
        posted: Rows that changed the ledger (first sightings and restatements).
        restated: Those of them whose slot was known with another value.
        unchanged: Rows that confirmed what was known.
        rejected: Bad rows left out on request.
        undone_by: The batch that took this one back.
    """

    batch: int
    kind: str
    source: str
    digest: str | None
    actor: str
    published_at: datetime
    observed_at: datetime
    rows: int
    posted: int
    restated: int
    unchanged: int
    rejected: int
    accounts: list[str]
    undone_by: int | None = None


def next_batch(connection: Connection) -> int:
    """Give the next batch number; the row's lock is held until commit, so numbers are committed in order."""
    number = connection.execute(
        update(ledger_state).values(last_batch=ledger_state.c.last_batch + 1).returning(ledger_state.c.last_batch)
    ).scalar()
    if number is None:
        insert_first(connection, ledger_state, {"id": 1, "last_batch": 0})
        return next_batch(connection)
    return int(number)


def last_batch(connection: Connection) -> int:
    """Return the newest published batch number, 0 in an empty ledger."""
    return connection.execute(select(func.max(ledger_batches.c.batch))).scalar() or 0


def insert_batch(connection: Connection, batch: Batch) -> None:
    """Record a publication."""
    connection.execute(insert(ledger_batches).values(asdict(batch)))


def load_batches(connection: Connection, kinds: Collection[str] = BATCH_KINDS) -> list[Batch]:
    """Return publications, newest first."""
    query = select(ledger_batches).where(ledger_batches.c.kind.in_(kinds)).order_by(ledger_batches.c.batch.desc())
    return [Batch(**row._mapping) for row in connection.execute(query)]


def load_batch(connection: Connection, number: int) -> Batch:
    """Return one publication.

    Raises:
        NotFound: There is no such batch.
    """
    row = connection.execute(select(ledger_batches).where(ledger_batches.c.batch == number)).one_or_none()
    if row is None:
        raise NotFound(f"there is no import {number}; `adtempo imports list` shows them")
    return Batch(**row._mapping)


def load_batch_of_digest(connection: Connection, digest: str) -> Batch | None:
    """Return the first publication of a file with this content (not the undone state: the moment still counts)."""
    query = select(ledger_batches).where(ledger_batches.c.digest == digest).order_by(ledger_batches.c.batch).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else Batch(**row._mapping)


def mark_undone(connection: Connection, number: int, undone_by: int) -> None:
    """Record that a batch was taken back.

    Raises:
        Conflict: It was taken back already.
    """
    done = connection.execute(
        update(ledger_batches)
        .where(ledger_batches.c.batch == number, ledger_batches.c.undone_by.is_(None))
        .values(undone_by=undone_by)
    )
    if done.rowcount != 1:
        raise Conflict(f"import {number} was undone already")


def load_undone(connection: Connection) -> dict[int, int]:
    """Return {undone batch: batch that undid it}."""
    query = select(ledger_batches.c.batch, ledger_batches.c.undone_by).where(ledger_batches.c.undone_by.is_not(None))
    return {row.batch: row.undone_by for row in connection.execute(query)}


def insert_files(connection: Connection, files: Iterable[LedgerFile]) -> None:
    """List files in the manifest: from the commit on they count."""
    rows = [asdict(file) for file in files]
    if rows:
        connection.execute(insert(ledger_files), rows)


def load_files(
    connection: Connection,
    *,
    since: date | None = None,
    until: date | None = None,
    campaigns: Collection[str] | None = None,
    tiers: Collection[str] = POSTING_TIERS,
) -> list[LedgerFile]:
    """Return the live files that may hold what is of these days (inclusive) and campaigns, oldest batch first."""
    columns = [column for column in ledger_files.c if column.name != "superseded_at"]
    query = select(*columns).where(ledger_files.c.superseded_at.is_(None), ledger_files.c.tier.in_(tiers))
    if since is not None:
        query = query.where(ledger_files.c.day_to >= since)
    if until is not None:
        query = query.where(ledger_files.c.day_from <= until)
    if campaigns is not None and len(campaigns) <= 100:
        spans = [
            and_(ledger_files.c.campaign_from <= campaign, ledger_files.c.campaign_to >= campaign)
            for campaign in campaigns
        ]
        query = query.where(or_(false(), *spans))  # no campaign is in no file
    query = query.order_by(ledger_files.c.batch_from, ledger_files.c.path)
    return [LedgerFile(**row._mapping) for row in connection.execute(query)]


def supersede_files(connection: Connection, paths: Sequence[str], at: datetime) -> None:
    """Take files out of the manifest because others now hold their postings.

    Raises:
        Conflict: One of them is no longer live; the caller's replacement must not be published.
    """
    done = connection.execute(
        update(ledger_files)
        .where(ledger_files.c.path.in_(paths), ledger_files.c.superseded_at.is_(None))
        .values(superseded_at=at)
    )
    if done.rowcount != len(paths):
        raise Conflict("another process compacted these files in the meantime; nothing was changed")


def load_superseded(connection: Connection, before: datetime) -> list[str]:
    """Return paths of files that were superseded before a moment and are still listed."""
    query = select(ledger_files.c.path).where(ledger_files.c.superseded_at < before)
    return list(connection.execute(query).scalars())


def load_known_paths(connection: Connection) -> set[str]:
    """Return the path of every listed file, live or superseded."""
    return set(connection.execute(select(ledger_files.c.path)).scalars())


def delete_files(connection: Connection, paths: Sequence[str]) -> None:
    """Forget superseded files once they are removed from disk."""
    connection.execute(
        ledger_files.delete().where(ledger_files.c.path.in_(paths), ledger_files.c.superseded_at.is_not(None))
    )


def record_shapes(connection: Connection, shapes: Iterable[tuple[str, str, str, str, str, str]]) -> None:
    """Remember kinds of rows (platform, account_id, level, grain, attribution, conversion_type)."""
    known = {tuple(row) for row in connection.execute(select(*ledger_shapes.c))}
    names = [column.name for column in ledger_shapes.c]
    fresh = [dict(zip(names, shape, strict=True)) for shape in set(shapes) - known]
    if fresh:
        connection.execute(insert(ledger_shapes), fresh)


def load_shapes(connection: Connection) -> list[tuple[str, str, str, str, str, str]]:
    """Return every kind of row there is, as `record_shapes` takes them."""
    return [(r[0], r[1], r[2], r[3], r[4], r[5]) for r in connection.execute(select(*ledger_shapes.c))]


def insert_coverage(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Record what a look covered."""
    values = [dict(row) for row in rows]
    if values:
        connection.execute(insert(coverage), values)


def load_coverage(
    connection: Connection, accounts: Collection[AccountRef], since: datetime | None = None
) -> list[Mapping[str, Any]]:
    """Return the coverage rows of accounts that were observed at or after a moment."""
    query = select(*(column for column in coverage.c if column.name != "id")).where(of_any(coverage, accounts))
    if since is not None:
        query = query.where(coverage.c.observed_at >= since)
    return [dict(row._mapping) for row in connection.execute(query)]


def advance_watermark(
    connection: Connection, account: AccountRef, complete_until: datetime, observed_at: datetime, batch: int
) -> None:
    """Move an account's watermark forward; it never moves back."""
    here = of(watermarks, account)
    old = connection.execute(select(watermarks.c.complete_until).where(here)).scalar()
    values = {"complete_until": complete_until, "observed_at": observed_at, "batch": batch}
    if old is None:
        connection.execute(insert(watermarks).values(asdict(account) | values))
    elif complete_until > old:
        connection.execute(update(watermarks).where(here).values(values))


def load_watermarks(connection: Connection) -> dict[AccountRef, datetime]:
    """Return up to when each account's facts are complete."""
    query = select(watermarks.c.platform, watermarks.c.account_id, watermarks.c.complete_until)
    return {AccountRef(row.platform, row.account_id): row.complete_until for row in connection.execute(query)}


def has_newer_facts(connection: Connection, account: AccountRef, batch: int) -> bool:
    """Say whether facts of an account were published, or taken back, after a batch."""
    table = ledger_batches.c
    query = select(table.accounts).where(table.batch > batch, table.kind.in_(("file", "sync", "undo")))
    return any(str(account) in accounts for accounts in connection.execute(query).scalars())
