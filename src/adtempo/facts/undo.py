"""Taking an import back: its looks count no longer, and the difference that makes is posted.

Nothing is removed. What the ledger said before the undo can still be asked for by batch number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from adtempo.domain.accounts import AccountRef
from adtempo.domain.errors import Conflict
from adtempo.facts.ingest import Draft, coverage_table, key_ranges, write_postings
from adtempo.facts.ledger import Ledger, Snapshot, attach, create_postings, open_workbench, query
from adtempo.facts.publish import Origin, Writing, open_workplace, publish_batch, renew_writing, writing
from adtempo.store import ledger as manifest
from adtempo.store.attributes import undo_attributes
from adtempo.store.conversions import conversions, exchange_rates
from adtempo.store.engine import reading
from adtempo.store.ledger import Batch
from adtempo.store.messages import captions, page_messages
from adtempo.store.observations import undo_observations

PART_ROWS = 500_000
"""Postings whose slots are differenced anew at once."""

_REPORTED = (conversions, exchange_rates, captions, page_messages)


def undo_import(
    ledger: Ledger, number: int, *, actor: str, now: datetime, progress: Callable[[float], None] = lambda _share: None
) -> Batch:
    """Take one import back and return the batch that did it.

    Raises:
        NotFound: There is no such batch.
        Conflict: It is not an import of a file, or was taken back already.
        LeaseBusy: Somebody is writing facts of one of its accounts.
    """
    accounts = [AccountRef(*account.split(":", 1)) for account in _load_undoable(ledger, number).accounts]
    with open_workplace(ledger) as place, writing(ledger, place, accounts) as held:
        batch = _load_undoable(ledger, number)

        def settle(connection: Connection, undone_by: int) -> None:
            manifest.mark_undone(connection, number, undone_by)
            undo_attributes(connection, batch=number, undone_by=undone_by)
            undo_observations(connection, _REPORTED, batch=number, undone_by=undone_by)

        origin = Origin("undo", batch.source, actor, now, now)
        draft = _post_undo(ledger, held, number, progress)
        return publish_batch(ledger, held, origin, draft, accounts=(), also=settle)


def _load_undoable(ledger: Ledger, number: int) -> Batch:
    with reading(ledger.engine) as connection:
        batch = manifest.load_batch(connection, number)
    if batch.kind not in manifest.IMPORT_KINDS:
        article = "an" if batch.kind == "undo" else "a"
        raise Conflict(f"batch {number} is {article} {batch.kind}; only imports of files can be undone")
    if batch.undone_by is not None:
        raise Conflict(f"import {number} was undone already, by batch {batch.undone_by}")
    return batch


def _post_undo(ledger: Ledger, held: Writing, number: int, progress: Callable[[float], None]) -> Draft:
    snapshot = ledger.snapshot()
    mine = tuple(file for file in snapshot.files if file.batch_from <= number <= file.batch_to)
    draft = Draft()
    with open_workbench(ledger.directory, held.place.staging) as con:
        attach(con, ledger.directory, replace(snapshot, files=mine))
        of_batch = f"(FROM ledger WHERE batch = {number})"
        span = con.execute(
            f"SELECT count(*), min(day_local), max(day_local), min(observed_at) FROM {of_batch}"
        ).fetchone()
        if span is None or span[0] == 0:
            return draft
        rows, day_from, day_to, observed_from = span
        around = tuple(file for file in snapshot.files if file.day_to >= day_from and file.day_from <= day_to)
        ranges = list(key_ranges(con, "campaign_id", of_batch, rows, PART_ROWS))
        attach(con, ledger.directory, Snapshot(around, snapshot.batch, {**snapshot.undone, number: number}))
        with reading(ledger.engine) as connection:
            looks = manifest.load_coverage(connection, held.accounts, since=observed_from.replace(tzinfo=UTC))
        con.register("covered", coverage_table(looks))
        con.execute("SET VARIABLE batch = $1", [number])
        for position, (first, last) in enumerate(ranges):
            con.execute("SET VARIABLE first = $1", [first])
            con.execute("SET VARIABLE last = $1", [last])
            create_postings(con)
            con.execute(query("undo"))
            con.execute(query("post_any", undo=True))
            write_postings(con, draft, held.place.staging / f"{position:04d}.parquet")
            renew_writing(ledger, held)
            progress((position + 1) / len(ranges))
    draft.posted = draft.restated = 0  # no row came in
    return draft
