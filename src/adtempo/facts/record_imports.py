"""Files of single records come in: offline and first-party conversions, and exchange rates.

They are rows of the operational database, published as a batch like facts are, so that they can be undone and asked for
as of any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import NotFound
from adtempo.facts.imports import ImportResult, Progress, content_digest, first_observed
from adtempo.facts.ledger import Ledger
from adtempo.facts.publish import Origin, append_publication, open_workplace, writing
from adtempo.facts.staging.records import RecordFile, StagedRecords, read_conversions_file, read_rates_file
from adtempo.store import ledger as manifest
from adtempo.store.accounts import find_campaign
from adtempo.store.conversions import Conversion, ExchangeRate, record_conversions, record_rates
from adtempo.store.engine import reading, transaction
from adtempo.store.leases import check_leases
from adtempo.store.ledger import Batch
from adtempo.store.observations import Recorded


@dataclass(frozen=True, slots=True)
class Records:
    """What a file of records came to.

    Attributes:
        staged: Its rows.
        record: Writes them in a transaction, as a batch of a number.
        accounts: Whose leases are held meanwhile.
    """

    staged: StagedRecords
    record: Callable[[Connection, int], Recorded]
    accounts: Collection[AccountRef] = ()


@dataclass(frozen=True, slots=True)
class RecordImport:
    """How files of one kind of records come in; called, it imports one, whole or not at all.

    Attributes:
        kind: One of IMPORT_KINDS.
        read: Reads a file; takes what else can be said about it.
    """

    kind: str
    read: Callable[..., Records]

    def __call__(
        self,
        ledger: Ledger,
        path: Path,
        *,
        actor: str,
        now: datetime,
        skip_bad: Path | None = None,
        dry_run: bool = False,
        progress: Progress = lambda _step, _share: None,
        **more: Any,
    ) -> ImportResult:
        """Import a file; what it says again of something known with other values is a later report of the same.

        Args:
            ledger: Where to.
            path: A CSV file.
            actor: Who imports it.
            now: The moment it counts as learnt, aware.
            skip_bad: Where to write bad rows; None refuses the file because of them.
            dry_run: Read and check, but publish nothing.
            progress: Called while it goes on.
            **more: What else `read` takes.

        Raises:
            NotFound: There is no such file, or a campaign in it is not known.
            InvalidInput: It is no such file, or a campaign id is ambiguous.
            BadRows: Rows are bad and were not to be skipped; nothing was imported.
        """
        digest = content_digest(path)
        observed_at = first_observed(ledger, digest, now)
        file = RecordFile(path, skip_bad, now, observed_at, lambda share: progress("reading", share))
        records = self.read(ledger, file, **more)
        origin = Origin(self.kind, path.name, actor, now, observed_at, digest)
        return _publish_records(ledger, origin, records, dry_run=dry_run)


def _read_conversions(ledger: Ledger, file: RecordFile, timezone: str | None = None) -> Records:
    staged = read_conversions_file(file, timezone=timezone)
    campaigns = _find_campaigns(ledger, {row["campaign_id"] for row in staged.rows}, file.path)
    found = [Conversion(campaigns[row.pop("campaign_id")], **row) for row in staged.rows]
    accounts = sorted({campaign.account for campaign in campaigns.values()})
    return Records(staged, lambda connection, batch: record_conversions(connection, found, batch=batch), accounts)


def _read_rates(_ledger: Ledger, file: RecordFile) -> Records:
    staged = read_rates_file(file)
    found = [ExchangeRate(**row) for row in staged.rows]
    return Records(staged, lambda connection, batch: record_rates(connection, found, batch=batch))


import_conversions = RecordImport("conversions", _read_conversions)
"""Conversions that the advertiser counted itself; ids deduplicate. `timezone` (IANA) is for times without an offset."""

import_rates = RecordImport("rates", _read_rates)
"""Exchange rates: what one unit of the base was worth on a day."""


def _find_campaigns(ledger: Ledger, names: Collection[str], path: Path) -> dict[str, CampaignRef]:
    with reading(ledger.engine) as connection:
        try:
            return {name: find_campaign(connection, name) for name in names}
        except NotFound as unknown:
            raise NotFound(f"{path.name}: {unknown.message}; import its facts first") from None


def _publish_records(ledger: Ledger, origin: Origin, records: Records, *, dry_run: bool) -> ImportResult:
    """Publish the records of a file as one batch, in one transaction, and say what that did."""
    staged = records.staged
    rows = len(staged.rows)
    with (
        open_workplace(ledger) as place,
        writing(ledger, place, records.accounts) as held,
        transaction(ledger.engine) as connection,
    ):
        check_leases(connection, [place.lease, *held.leases])
        savepoint = connection.begin_nested()
        number = manifest.next_batch(connection)
        recorded = records.record(connection, number)
        batch = Batch(
            batch=number,
            kind=origin.kind,
            source=origin.source,
            digest=origin.digest,
            actor=origin.actor,
            published_at=origin.now,
            observed_at=origin.observed_at,
            rows=rows,
            posted=recorded.posted + recorded.restated,
            restated=recorded.restated,
            unchanged=recorded.unchanged,
            rejected=staged.rejected,
            accounts=[str(account) for account in records.accounts],
        )
        manifest.insert_batch(connection, batch)
        append_publication(connection, origin, batch, files={})
        if dry_run:
            savepoint.rollback()
    return ImportResult(
        batch=None if dry_run else number,
        rows=rows,
        posted=batch.posted,
        restated=batch.restated,
        unchanged=batch.unchanged,
        rejected=staged.rejected,
        problems=staged.problems,
        verdicts=(),
        notes=(f"{staged.repeated} rows said again what an earlier one said",) if staged.repeated else (),
    )
