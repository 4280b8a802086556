"""The moment a batch begins to count: one transaction, fenced by the leases of all its accounts.

Files are written before; the transaction gives the batch its number, moves the files to the folder that carries the
number, and lists them together with coverage, watermarks and the audit row. Whoever was paused beyond its lease finds
the fence raised and publishes nothing.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from sqlalchemy import Connection

from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.hourweek import day_bounds
from adtempo.facts.ingest import Draft, DraftFile, coverage_row
from adtempo.facts.ledger import SCHEMA_VERSION, STAGING, Ledger
from adtempo.platforms.base import Coverage
from adtempo.store import ledger as manifest
from adtempo.store.accounts import register_accounts, register_campaigns
from adtempo.store.attributes import Attribute, record_attributes
from adtempo.store.audit import append_audit
from adtempo.store.durable import sync_folder
from adtempo.store.engine import transaction
from adtempo.store.leases import Lease, check_leases, release_leases, renew_leases, take_leases
from adtempo.store.ledger import Batch, LedgerFile

ACCOUNT_TTL = timedelta(seconds=120)
"""How long others wait for a silent publisher. A holder that comes back late and unreplaced may still publish."""

WORK_TTL = timedelta(hours=1)
"""From when the files of a silent worker may be swept away; the sweeper takes its lease first."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from.

    Attributes:
        kind: One of `store.ledger.BATCH_KINDS`.
        source: File name, or what was synced.
        actor: Who or what asked for it.
        now: The moment it counts as learnt; pretended in demonstrations.
        observed_at: The newest moment that its rows were observed at.
        digest: SHA-256 of the file, when it is one.
    """

    kind: str
    source: str
    actor: str
    now: datetime
    observed_at: datetime
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder of one's own inside the ledger's, and the lease that keeps sweepers away from it."""

    owner: str
    lease: Lease
    staging: Path


@dataclass(frozen=True, slots=True)
class Writing:
    """The right to publish facts of some accounts out of a workplace."""

    place: Workplace
    accounts: tuple[AccountRef, ...]
    leases: Sequence[Lease]


@contextmanager
def open_workplace(ledger: Ledger) -> Iterator[Workplace]:
    """Open a folder to write files in before they are published; it is gone afterwards.

    Raises:
        LeaseLost: This process was silent for so long that a sweeper removed the folder.
    """
    owner = uuid.uuid4().hex
    lease = take_leases(ledger.engine, [work_lease(owner)], owner=owner, now=datetime.now(UTC), ttl=WORK_TTL)
    staging = ledger.directory / STAGING / owner
    try:
        staging.mkdir(parents=True)
        yield Workplace(owner, lease[0], staging)
    except (OSError, duckdb.IOException):
        with transaction(ledger.engine) as connection:
            check_leases(connection, lease)  # lost, when a sweeper gave up on us and removed the files
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        release_leases(ledger.engine, lease)


@contextmanager
def writing(ledger: Ledger, place: Workplace, accounts: Collection[AccountRef]) -> Iterator[Writing]:
    """Hold the leases of accounts while differences are taken and published.

    Raises:
        LeaseBusy: Somebody else is writing facts of one of them.
    """
    names = sorted(f"facts:{account}" for account in accounts)
    leases = take_leases(ledger.engine, names, owner=place.owner, now=datetime.now(UTC), ttl=ACCOUNT_TTL)
    try:
        yield Writing(place, tuple(accounts), leases)
    finally:
        release_leases(ledger.engine, leases)


def renew_writing(ledger: Ledger, held: Writing) -> None:
    """Say that the publisher is still at work, so that nobody takes its accounts over.

    Raises:
        LeaseLost: Somebody did; what was prepared can no longer be published.
    """
    renew_leases(ledger.engine, held.leases, now=datetime.now(UTC), ttl=ACCOUNT_TTL)


def work_lease(owner: str) -> str:
    """Return the name of the lease that a workplace holds."""
    return f"work:{owner}"


def publish_batch(
    ledger: Ledger,
    held: Writing,
    origin: Origin,
    draft: Draft,
    *,
    accounts: Sequence[Account],
    attributes: pa.Table | None = None,
    coverage: Sequence[Coverage] = (),
    also: Callable[[Connection, int], None] = lambda _connection, _batch: None,
) -> Batch:
    """Make a draft count, with everything that belongs to it, or nothing at all.

    Args:
        ledger: Where to.
        held: The leases of all accounts in the draft.
        origin: Where the batch comes from.
        draft: Files and counts from `ingest`.
        accounts: Every account in the draft, as it was met.
        attributes: Names, status, budgets (ATTRIBUTE_SCHEMA).
        coverage: What was looked at.
        also: Further rows of the same transaction; gets the connection and the batch number.

    Raises:
        LeaseLost: Somebody else took over an account meanwhile; take the differences anew.
        AccountChanged: An account is known with another time zone or currency.
    """
    with transaction(ledger.engine) as connection:
        check_leases(connection, [held.place.lease, *held.leases])
        number = manifest.next_batch(connection)
        files = _move_files(ledger, held, draft, number, origin.now)
        batch = _batch(origin, draft, number)
        manifest.insert_batch(connection, batch)
        manifest.insert_files(connection, files)
        manifest.record_shapes(connection, draft.shapes)
        manifest.insert_coverage(connection, ({**coverage_row(look), "batch": number} for look in coverage))
        _record_names(connection, draft, accounts, attributes, number, origin.now)
        zones = {account.ref: account.zone for account in accounts}
        for ref, until in _complete_until(draft, coverage, zones).items():
            manifest.advance_watermark(connection, ref, until, origin.observed_at, number)
        also(connection, number)
        append_publication(connection, origin, batch, {file.path: file.sha256 for file in files})
    return batch


def append_publication(connection: Connection, origin: Origin, batch: Batch, files: Mapping[str, str]) -> None:
    """Leave the trace of a publication in the audit log; last in its transaction."""
    append_audit(
        connection,
        at=origin.now,
        actor=origin.actor,
        action=f"facts.{origin.kind}",
        subject=f"batch {batch.batch}",
        detail={
            "source": origin.source,
            "rows": batch.rows,
            "posted": batch.posted,
            "restated": batch.restated,
            "rejected": batch.rejected,
            "files": dict(files),
        },
    )


def _move_files(ledger: Ledger, held: Writing, draft: Draft, number: int, now: datetime) -> list[LedgerFile]:
    if not draft.files:
        return []
    folder = ledger.directory / f"batch={number}"
    folder.mkdir(exist_ok=True)
    listed = []
    for position, file in enumerate(draft.files):
        target = folder / f"{held.place.owner}-{position:04d}.parquet"
        file.path.rename(target)
        listed.append(listed_file(ledger, target, file, tier="batch", batches=(number, number), now=now))
    sync_folder(folder)
    sync_folder(ledger.directory)
    return listed


def listed_file(
    ledger: Ledger, path: Path, file: DraftFile, *, tier: str, batches: tuple[int, int], now: datetime
) -> LedgerFile:
    """Return the manifest row of a written file at its final place."""
    place = {"path": path.relative_to(ledger.directory).as_posix(), "tier": tier, "schema_version": SCHEMA_VERSION}
    batch_from, batch_to = batches
    return LedgerFile(**asdict(file) | place, batch_from=batch_from, batch_to=batch_to, published_at=now)


def _batch(origin: Origin, draft: Draft, number: int) -> Batch:
    return Batch(
        batch=number,
        kind=origin.kind,
        source=origin.source,
        digest=origin.digest,
        actor=origin.actor,
        published_at=origin.now,
        observed_at=origin.observed_at,
        rows=draft.rows,
        posted=draft.posted,
        restated=draft.restated,
        unchanged=draft.rows - draft.posted,
        rejected=draft.rejected,
        accounts=sorted({str(campaign.account) for campaign in draft.days}),
    )


def _record_names(
    connection: Connection,
    draft: Draft,
    accounts: Sequence[Account],
    attributes: pa.Table | None,
    number: int,
    now: datetime,
) -> None:
    """Register accounts and campaigns, and work what was said of them into their histories."""
    register_accounts(connection, accounts, at=now)
    zones = {account.ref: account.zone for account in accounts}
    register_campaigns(
        connection,
        {campaign: day_bounds(first, zones[campaign.account])[0] for campaign, (first, _last) in draft.days.items()},
    )
    if attributes is not None:
        moments = ("effective_at", "observed_at")
        rows = (row | {name: row[name].replace(tzinfo=UTC) for name in moments} for row in attributes.to_pylist())
        record_attributes(connection, (Attribute(**row) for row in rows), batch=number)


def _complete_until(
    draft: Draft, coverage: Sequence[Coverage], zones: Mapping[AccountRef, ZoneInfo]
) -> dict[AccountRef, datetime]:
    """Return up to when each account is complete: what a sync covered in hours, else the last day of a file."""
    lasts: dict[AccountRef, date] = {}
    for campaign, (_first, last) in draft.days.items():
        account = campaign.account
        lasts[account] = max(last, lasts.get(account, last))
    until = {account: day_bounds(last, zones[account])[1] for account, last in lasts.items()}
    for look in coverage:
        if look.grain == "hour":
            until[look.account] = min(look.slot_to.replace(tzinfo=UTC), look.observed_at)
    return until
