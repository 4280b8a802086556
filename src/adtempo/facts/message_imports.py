"""Files about creators' pages come in: captions of the bank, and messages that were sent, with what they earned."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from adtempo.domain.accounts import AccountRef
from adtempo.facts.imports import ImportResult
from adtempo.facts.ledger import Ledger
from adtempo.facts.record_imports import RecordImport, Records
from adtempo.facts.staging.page_records import read_captions_file, read_messages_file
from adtempo.facts.staging.records import RecordFile
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


def _read_messages(ledger: Ledger, file: RecordFile) -> Records:
    with reading(ledger.engine) as connection:
        zones = {page.page_name: page.timezone for page in load_pages(connection)}
        bank = load_caption_ids(connection)
    staged = read_messages_file(file, zones=zones, bank=bank)
    met = {row["page_name"]: row.pop("page_timezone") for row in staged.rows}
    found = [SentMessage(**row) for row in staged.rows]

    def record(connection: Connection, batch: int) -> Recorded:
        register_pages(connection, met, at=file.now)
        return record_messages(connection, found, batch=batch)

    return Records(staged, record, [AccountRef(PAGE, name) for name in sorted(met)])


def _read_captions(_ledger: Ledger, file: RecordFile) -> Records:
    staged = read_captions_file(file)
    found = [Caption(**row) for row in staged.rows]
    return Records(staged, lambda connection, batch: record_captions(connection, found, batch=batch))


import_messages = RecordImport("messages", _read_messages)
"""Messages that pages sent, and what they earned; it registers the pages it meets."""

import_captions = RecordImport("captions", _read_captions)
"""Captions of the bank; one that comes again is described anew."""


def import_rows(
    ledger: Ledger,
    take: RecordImport,
    rows: Sequence[Mapping[str, object]],
    *,
    actor: str,
    now: datetime,
    dry_run: bool,
) -> ImportResult:
    """Import rows that somebody sent as if they stood in a file, whole or not at all; the first is its line 2.

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
