"""A file comes in: read, checked, compared with the ledger, published; or refused whole."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adtempo.domain.errors import NotFound, Problem
from adtempo.facts.formats import ImportOptions, QualityVerdict, StagedFile
from adtempo.facts.ingest import ingest_differences
from adtempo.facts.ledger import Ledger, open_workbench
from adtempo.facts.publish import Origin, open_workplace, publish_batch, renew_writing, writing
from adtempo.facts.staging import read_facts_file
from adtempo.store import ledger as manifest
from adtempo.store.durable import digest_of
from adtempo.store.engine import reading

Progress = Callable[[str, float], None]
"""Called with the step's name and the share of it that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did.

    Attributes:
        batch: Number to undo it by; None when nothing was published (a dry run).
        rows: Rows that were read and are good.
        posted: Rows that changed the ledger.
        restated: Those of them whose slot was known with another value.
        unchanged: Rows that confirmed what was known.
        rejected: Bad rows that were left out on request.
        problems: The first of them.
        verdicts: What is odd but possible.
        notes: What else the reader should know, in sentences.
    """

    batch: int | None
    rows: int
    posted: int
    restated: int
    unchanged: int
    rejected: int
    problems: tuple[Problem, ...]
    verdicts: tuple[QualityVerdict, ...]
    notes: tuple[str, ...]


def import_body(result: ImportResult) -> dict[str, Any]:
    """Return what an import did as the HTTP API and --json give it."""
    return asdict(result)


def import_facts(
    ledger: Ledger,
    path: Path,
    options: ImportOptions,
    *,
    actor: str,
    now: datetime,
    dry_run: bool = False,
    progress: Progress = lambda _step, _share: None,
) -> ImportResult:
    """Import one file of facts, whole or not at all.

    A file whose rows do not say when they were observed was observed when its content was first imported, so that
    importing it twice changes nothing.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The file is not understood; the message says what to add.
        BadRows: Rows are bad and were not to be skipped; nothing was imported.
        AccountChanged: The file gives a known account another time zone or currency.
        LeaseBusy: Somebody is writing facts of the same account.
    """
    with (
        ThreadPoolExecutor(1) as beside,
        open_workplace(ledger) as place,
        open_workbench(ledger.directory, place.staging, [path.parent]) as con,
    ):
        digest = beside.submit(content_digest, path)

        def observed_at() -> datetime:
            return first_observed(ledger, digest.result(), now).astimezone(UTC)

        staged = read_facts_file(
            con, path, options, observed_at=observed_at, progress=lambda share: progress("reading", share)
        )
        with writing(ledger, place, [account.ref for account in staged.accounts]) as held:

            def compared(share: float) -> None:
                renew_writing(ledger, held)
                progress("comparing", share)

            draft = ingest_differences(con, ledger, place.staging, covered=False, progress=compared)
            draft.rejected = staged.rejected
            attributes = con.sql("FROM incoming_attributes").to_arrow_table()
            origin = Origin("file", path.name, actor, now, observed_at(), digest.result())
            if dry_run:
                return _result(staged, None, draft.rows, draft.posted, draft.restated)
            batch = publish_batch(
                ledger,
                held,
                origin,
                draft,
                accounts=staged.accounts,
                attributes=attributes,
            )
    return _result(staged, batch.batch, batch.rows, batch.posted, batch.restated)


def _result(staged: StagedFile, batch: int | None, rows: int, posted: int, restated: int) -> ImportResult:
    return ImportResult(
        batch=batch,
        rows=rows,
        posted=posted,
        restated=restated,
        unchanged=rows - posted,
        rejected=staged.rejected,
        problems=staged.problems,
        verdicts=staged.verdicts,
        notes=staged.notes,
    )


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        NotFound: There is no such file.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    return digest_of(path)


def first_observed(ledger: Ledger, digest: str, now: datetime) -> datetime:
    """Return when a file's content was first taken in; now, if it never was."""
    with reading(ledger.engine) as connection:
        earlier = manifest.load_batch_of_digest(connection, digest)
    return now if earlier is None else earlier.observed_at
