"""Files of single records come in: offline and first-party conversions, and exchange rates.

They are rows of the operational database, published as a batch like facts are, so that they can be undone and asked for
as of any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import NotFound
from adtempo.facts.imports import ImportResult, Progress, content_digest
from adtempo.facts.ledger import Ledger
from adtempo.facts.publish import Origin, append_publication, open_workplace, writing
from adtempo.facts.staging.records import StagedRecords, read_conversions_file, read_rates_file
from adtempo.store import ledger as manifest
from adtempo.store.accounts import find_campaign
from adtempo.store.conversions import Conversion, ExchangeRate, record_conversions, record_rates
from adtempo.store.engine import reading, transaction
from adtempo.store.leases import check_leases
from adtempo.store.ledger import Batch
from adtempo.store.observations import Recorded


def import_conversions(
    ledger: Ledger,
    path: Path,
    *,
    actor: str,
    now: datetime,
    timezone: str | None = None,
    skip_bad: Path | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _step, _share: None,
) -> ImportResult:
    """Import a file of conversions that the advertiser counted itself, whole or not at all; ids deduplicate.

    Args:
        ledger: Where to.
        path: A CSV file.
        actor: Who imports it.
        now: The moment it counts as learnt, aware.
        timezone: IANA name for times without an offset.
        skip_bad: Where to write bad rows; None refuses the file because of them.
        dry_run: Read and check, but publish nothing.
        progress: Called while it goes on.

    Raises:
        NotFound: There is no such file, or a campaign in it is not known.
        InvalidInput: It is no such file, or a campaign id is ambiguous.
        BadRows: Rows are bad and were not to be skipped; nothing was imported.
    """
    observed_at, digest = first_observed(ledger, path, now)
    staged = read_conversions_file(
        path,
        timezone=timezone,
        skip_bad=skip_bad,
        observed_at=observed_at,
        progress=lambda share: progress("reading", share),
    )
    campaigns = _find_campaigns(ledger, set(staged.rows.column("campaign_id").to_pylist()), path)
    found = [_conversion(row, campaigns[row["campaign_id"]]) for row in staged.rows.to_pylist()]

    def record(connection: Connection, batch: int) -> Recorded:
        return record_conversions(connection, found, batch=batch)

    origin = Origin("conversions", path.name, actor, now, observed_at, digest)
    accounts = sorted({campaign.account for campaign in campaigns.values()})
    return publish_records(ledger, origin, staged, accounts, record, dry_run=dry_run)


def import_rates(
    ledger: Ledger,
    path: Path,
    *,
    actor: str,
    now: datetime,
    skip_bad: Path | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _step, _share: None,
) -> ImportResult:
    """Import a file of exchange rates, whole or not at all: what one unit of the base was worth on a day.

    Args:
        ledger: Where to.
        path: A CSV file.
        actor: Who imports it.
        now: The moment it counts as learnt, aware.
        skip_bad: Where to write bad rows; None refuses the file because of them.
        dry_run: Read and check, but publish nothing.
        progress: Called while it goes on.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such file.
        BadRows: Rows are bad and were not to be skipped; nothing was imported.
    """
    observed_at, digest = first_observed(ledger, path, now)
    staged = read_rates_file(path, skip_bad=skip_bad, progress=lambda share: progress("reading", share))
    found = [
        ExchangeRate(row["day"], row["currency"], row["base"], row["rate"].normalize(), observed_at)
        for row in staged.rows.to_pylist()
    ]

    def record(connection: Connection, batch: int) -> Recorded:
        return record_rates(connection, found, batch=batch)

    origin = Origin("rates", path.name, actor, now, observed_at, digest)
    return publish_records(ledger, origin, staged, [], record, dry_run=dry_run)


def first_observed(ledger: Ledger, path: Path, now: datetime) -> tuple[datetime, str]:
    """Return when a file's content was first taken in (now, if it never was), and its digest."""
    digest = content_digest(path)
    with reading(ledger.engine) as connection:
        earlier = manifest.load_batch_of_digest(connection, digest)
    return now if earlier is None else earlier.observed_at, digest


def _find_campaigns(ledger: Ledger, names: Collection[str], path: Path) -> dict[str, CampaignRef]:
    with reading(ledger.engine) as connection:
        try:
            return {name: find_campaign(connection, name) for name in names}
        except NotFound as unknown:
            raise NotFound(f"{path.name}: {unknown.message}; import its facts first") from None


def _conversion(row: Mapping[str, Any], campaign: CampaignRef) -> Conversion:
    clicked = row["click_time"]
    return Conversion(
        campaign=campaign,
        conversion_id=row["conversion_id"],
        conversion_time=row["conversion_time"].replace(tzinfo=UTC),
        value_micros=row["value_micros"],
        currency=row["currency"],
        observed_at=row["observed_at"].replace(tzinfo=UTC),
        click_time=None if clicked is None else clicked.replace(tzinfo=UTC),
        ad_id=row["ad_id"],
    )


def publish_records(
    ledger: Ledger,
    origin: Origin,
    staged: StagedRecords,
    accounts: Collection[AccountRef],
    record: Callable[[Connection, int], Recorded],
    *,
    dry_run: bool,
) -> ImportResult:
    """Publish the records of a file as one batch, in one transaction, and say what that did.

    Args:
        ledger: Where to.
        origin: Where the file comes from.
        staged: What it holds.
        accounts: Whose leases are held while the records are written.
        record: Writes them in a transaction, as a batch of a number.
        dry_run: Do everything, and take it back.
    """
    rows = staged.rows.num_rows
    with (
        open_workplace(ledger) as place,
        writing(ledger, place, accounts) as held,
        transaction(ledger.engine) as connection,
    ):
        check_leases(connection, [place.lease, *held.leases])
        savepoint = connection.begin_nested()
        number = manifest.next_batch(connection)
        recorded = record(connection, number)
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
            accounts=[str(account) for account in accounts],
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
