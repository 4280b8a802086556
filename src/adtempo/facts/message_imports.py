"""Files about creators' pages come in: captions of the bank, and messages that were sent, with what they earned."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from adtempo.domain.accounts import AccountRef
from adtempo.facts.imports import ImportResult, Progress
from adtempo.facts.ledger import Ledger
from adtempo.facts.publish import Origin
from adtempo.facts.record_imports import first_observed, publish_records
from adtempo.facts.staging.page_records import read_captions_file, read_messages_file
from adtempo.store.engine import reading
from adtempo.store.messages import (
    Caption,
    SentMessage,
    load_caption_ids,
    load_pages,
    record_captions,
    record_messages,
    register_pages,
)
from adtempo.store.observations import Recorded

PAGE = "page"
"""In the place of the platform: whose rows a batch of messages brought, and which lease keeps others away."""


def import_messages(
    ledger: Ledger,
    path: Path,
    *,
    actor: str,
    now: datetime,
    skip_bad: Path | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _step, _share: None,
) -> ImportResult:
    """Import a file of sent messages, whole or not at all; it registers the pages it meets.

    A message that comes again with other numbers is a later report of the same one.

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
    with reading(ledger.engine) as connection:
        zones = {page.page_name: page.timezone for page in load_pages(connection)}
        bank = load_caption_ids(connection)
    staged = read_messages_file(
        path,
        zones=zones,
        bank=bank,
        skip_bad=skip_bad,
        observed_at=observed_at,
        progress=lambda share: progress("reading", share),
    )
    rows = staged.rows.to_pylist()
    met = {row["page_name"]: row.pop("page_timezone") for row in rows}
    found = [
        SentMessage(
            **{
                **row,
                "sent_at": row["sent_at"].replace(tzinfo=UTC),
                "observed_at": row["observed_at"].replace(tzinfo=UTC),
            }
        )
        for row in rows
    ]

    def record(connection: Connection, batch: int) -> Recorded:
        register_pages(connection, met, at=now)
        return record_messages(connection, found, batch=batch)

    origin = Origin("messages", path.name, actor, now, observed_at, digest)
    accounts = [AccountRef(PAGE, name) for name in sorted(met)]
    return publish_records(ledger, origin, staged, accounts, record, dry_run=dry_run)


def import_captions(
    ledger: Ledger,
    path: Path,
    *,
    actor: str,
    now: datetime,
    skip_bad: Path | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _step, _share: None,
) -> ImportResult:
    """Import a file of the caption bank, whole or not at all; a caption that comes again is described anew.

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
    staged = read_captions_file(path, skip_bad=skip_bad, progress=lambda share: progress("reading", share))
    found = [Caption(**row, observed_at=observed_at) for row in staged.rows.to_pylist()]

    def record(connection: Connection, batch: int) -> Recorded:
        return record_captions(connection, found, batch=batch)

    origin = Origin("captions", path.name, actor, now, observed_at, digest)
    return publish_records(ledger, origin, staged, [], record, dry_run=dry_run)


def import_rows(
    ledger: Ledger,
    take: Callable[..., ImportResult],
    rows: Sequence[Mapping[str, object]],
    *,
    actor: str,
    now: datetime,
    dry_run: bool,
) -> ImportResult:
    """Import rows that somebody sent as if they stood in a file, whole or not at all; the first is its line 2.

    Args:
        ledger: Where to.
        take: `import_captions` or `import_messages`.
        rows: At least one, all with the columns of that file.
        actor: Who sends them.
        now: The moment they count as learnt, aware.
        dry_run: Read and check, but publish nothing.

    Raises:
        BadRows: Rows are bad; nothing was imported.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows(rows)
        return take(ledger, path, actor=actor, now=now, dry_run=dry_run)
