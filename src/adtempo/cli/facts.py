"""import facts|conversions|rates|captions|messages, imports list|undo, watch, and facts stats|compact|files|sql."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.cli.options import optional, takes_together
from adtempo.cli.session import AsJson, note, opened, print_fields, print_json, print_table, shown_progress
from adtempo.facts.formats import FORMATS, ImportOptions

if TYPE_CHECKING:
    from adtempo.facts.imports import ImportResult
    from adtempo.workspace import Workspace

LOOK_SECONDS = 2.0
"""How often `watch` looks at its folder."""

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="CSV or Parquet files.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and count, publish nothing.")]
SkipBad = Annotated[Path | None, typer.Option(help="Import the good rows and write the bad ones to this file.")]
Number = Annotated[int, typer.Argument(metavar="IMPORT", help="Its number, as `imports list` shows it.")]

OPTIONS = {
    "format": f"One of {', '.join(known.name for known in FORMATS)}; default: recognised by the header.",
    "mapping": "TOML file that names columns and constants; overrides everything.",
    "timezone": "IANA name, where the file has none.",
    "currency": "ISO 4217 code, where the file has none.",
    "account_id": "Account, where the file has none.",
    "platform": "Platform, where the file has none.",
    "year": "Year of dates that have none.",
    "value": "Column of the conversion value, where several could be meant.",
    "clicks": "Column of the clicks, where several could be meant.",
    "conversions": "Column of the conversions, where several could be meant; none leaves them out.",
    "skip_bad": "Import the good rows and write the bad ones to this file.",
}
"""What the user can say about a file: the fields of `ImportOptions`, each an option of the same name."""


_KINDS = {name: part.annotation for name, part in inspect.signature(ImportOptions, eval_str=True).parameters.items()}
takes_import_options = takes_together("options", optional(OPTIONS, _KINDS), lambda said: ImportOptions(**said))


@takes_import_options
def import_facts(
    ctx: typer.Context, files: Files, options: ImportOptions, *, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Import files of facts: canonical, exports of the platforms' ad managers, or any other with a mapping.

    Each file is taken in whole or not at all; taking it in twice changes nothing.
    """
    with opened(ctx) as workspace:
        for path in files:
            result = _import_file(workspace, path, options, dry_run=dry_run)
            _show_result(path, result, as_json=as_json)


def import_conversions(
    ctx: typer.Context,
    files: Files,
    *,
    timezone: Annotated[str | None, typer.Option(help="IANA name for times without an offset.")] = None,
    skip_bad: SkipBad = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Import files of offline or first-party conversions; ids deduplicate."""
    from adtempo.facts.record_imports import import_conversions as import_file

    _import_records(ctx, files, import_file, skip_bad=skip_bad, dry_run=dry_run, as_json=as_json, timezone=timezone)


def import_rates(
    ctx: typer.Context, files: Files, *, skip_bad: SkipBad = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Import files of exchange rates: what one unit of the base was worth on a day."""
    from adtempo.facts.record_imports import import_rates as import_file

    _import_records(ctx, files, import_file, skip_bad=skip_bad, dry_run=dry_run, as_json=as_json)


def import_captions(
    ctx: typer.Context, files: Files, *, skip_bad: SkipBad = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Import files of captions: the texts that creators' pages send messages with."""
    from adtempo.facts.message_imports import import_captions as import_file

    _import_records(ctx, files, import_file, skip_bad=skip_bad, dry_run=dry_run, as_json=as_json)


def import_messages(
    ctx: typer.Context, files: Files, *, skip_bad: SkipBad = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Import files of messages that creators' pages sent, with what they earned; a later report corrects."""
    from adtempo.facts.message_imports import import_messages as import_file

    _import_records(ctx, files, import_file, skip_bad=skip_bad, dry_run=dry_run, as_json=as_json)


def _import_records(
    ctx: typer.Context,
    files: list[Path],
    import_file: Callable[..., ImportResult],
    *,
    skip_bad: Path | None,
    dry_run: bool,
    as_json: bool,
    **more: Any,
) -> None:
    with opened(ctx) as workspace:
        for path in files:
            with shown_progress(path.name) as progress:
                result = import_file(
                    workspace.ledger,
                    path,
                    actor=workspace.actor,
                    now=workspace.now(),
                    skip_bad=skip_bad,
                    dry_run=dry_run,
                    progress=progress,
                    **more,
                )
            _show_result(path, result, as_json=as_json)


def _note_oddities(path: Path, result: ImportResult) -> None:
    for said in result.notes:
        note(f"{path.name}: {said}")
    for verdict in result.verdicts:
        note(f"{verdict.severity}: {verdict.count} rows, such as {verdict.example}; {verdict.advice}")


def _show_result(path: Path, result: ImportResult, *, as_json: bool) -> None:
    _note_oddities(path, result)
    if as_json:
        from adtempo.facts.imports import import_body

        print_json(import_body(result))
    else:
        typer.echo(f"{path}: {in_words(result)}")


def _import_file(workspace: Workspace, path: Path, options: ImportOptions, *, dry_run: bool = False) -> ImportResult:
    from adtempo.facts.imports import import_facts as import_file

    with shown_progress(path.name) as progress:
        return import_file(
            workspace.ledger,
            path,
            options,
            actor=workspace.actor,
            now=workspace.now(),
            dry_run=dry_run,
            progress=progress,
        )


def in_words(result: ImportResult) -> str:
    """Return what an import did in one line."""
    done = "nothing published (dry run)" if result.batch is None else f"import {result.batch}"
    return (
        f"{done}: {result.rows} rows, {result.posted} changed the ledger ({result.restated} restated), "
        f"{result.unchanged} unchanged, {result.rejected} rejected"
    )


@takes_import_options
def watch(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where files are dropped.")],
    options: ImportOptions,
) -> None:
    """Import what is dropped into a folder, until interrupted; files move to done/, or to failed/ with the reason."""
    from adtempo.jobs.watch import FolderWatch

    with opened(ctx) as workspace:

        def take_in(path: Path) -> str:
            result = _import_file(workspace, path, options)
            _note_oddities(path, result)
            return in_words(result)

        watching = FolderWatch(folder, take_in)
        note(f"watching {folder}; Ctrl+C ends it")
        try:
            while True:
                for taken in watching.look():
                    typer.echo(f"{'imported' if taken.imported else 'not imported'} {taken.path}: {taken.outcome}")
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            note("stopped; whatever is in the folder is taken in next time")


def list_imports(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List what was imported, newest first."""
    from adtempo.store.engine import reading
    from adtempo.store.ledger import IMPORT_KINDS, load_batches

    with opened(ctx) as workspace, reading(workspace.engine) as connection:
        batches = load_batches(connection, IMPORT_KINDS)
    keys = ("batch", "source", "published_at", "rows", "posted", "restated", "rejected", "actor", "undone_by")
    if as_json:
        print_json({"imports": [{name: _plain(value) for name, value in asdict(batch).items()} for batch in batches]})
    else:
        print_table(keys, [[_plain(getattr(batch, key)) for key in keys] for batch in batches], right=keys[3:7])


def undo_import(ctx: typer.Context, number: Number) -> None:
    """Take an import back; nothing is removed, the difference is posted."""
    from adtempo.facts.undo import undo_import as undo

    with opened(ctx) as workspace, shown_progress(f"import {number}") as progress:
        batch = undo(
            workspace.ledger,
            number,
            actor=workspace.actor,
            now=workspace.now(),
            progress=lambda share: progress("undoing", share),
        )
    note(f"import {number} is undone by batch {batch.batch}")


def stats(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Say how large the ledger is and over which days it reaches."""
    with opened(ctx) as workspace:
        snapshot = workspace.ledger.snapshot()
    files = snapshot.files
    postings, size = sum(file.rows for file in files), sum(file.bytes for file in files)
    body = {
        "postings": postings,
        "files": len(files),
        "bytes": size,
        "bytes_per_posting": round(size / postings, 2) if postings else None,
        "first_day": min((file.day_from for file in files), default=None),
        "last_day": max((file.day_to for file in files), default=None),
        "newest_batch": snapshot.batch,
    }
    shown = {name: _plain(value) for name, value in body.items()}
    if as_json:
        print_json(shown)
    else:
        print_fields(shown)


def list_files(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the Parquet files that the ledger consists of."""
    with opened(ctx) as workspace:
        files = workspace.ledger.snapshot().files
    if as_json:
        print_json({"files": [{name: _plain(value) for name, value in asdict(file).items()} for file in files]})
        return
    keys = ("path", "tier", "rows", "bytes", "day_from", "day_to", "batch_from", "batch_to")
    rows = [[_plain(getattr(file, key)) for key in keys] for file in files]
    print_table(keys, rows, right=("rows", "bytes", "batch_from", "batch_to"))


def compact(ctx: typer.Context) -> None:
    """Rewrite fresh files into days and months, and remove what nobody can need; no sum changes."""
    from datetime import UTC, datetime

    from adtempo.facts.compact import compact_ledger
    from adtempo.facts.sweep import sweep_ledger

    with opened(ctx) as workspace, shown_progress("ledger") as progress:
        done = compact_ledger(
            workspace.ledger,
            actor=workspace.actor,
            now=workspace.now(),
            progress=lambda share: progress("compacting", share),
        )
        removed = sweep_ledger(workspace.ledger, now=datetime.now(UTC))
    note(f"{done.files_before} files became {done.files_after}; {removed} old ones removed")


def ask(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(metavar="SELECT", help="In DuckDB's SQL.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Ask the views campaign_metrics, creative_metrics, daypart_performance, scaling_evaluations; nothing changes."""
    from adtempo.facts.sql import answer_sql

    with opened(ctx) as workspace:
        answer = answer_sql(workspace.ledger, question, now=workspace.now())
    rows = [[_plain(cell) for cell in row] for row in answer.rows]
    if as_json:
        print_json({"columns": list(answer.columns), "rows": rows})
    else:
        print_table(answer.columns, rows)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    taking_in = typer.Typer(help="Take files in.", no_args_is_help=True)
    taking_in.command("facts")(import_facts)
    taking_in.command("conversions")(import_conversions)
    taking_in.command("rates")(import_rates)
    taking_in.command("captions")(import_captions)
    taking_in.command("messages")(import_messages)
    app.add_typer(taking_in, name="import")
    imports = typer.Typer(help="What was taken in, and taking it back.", no_args_is_help=True)
    imports.command("list")(list_imports)
    imports.command("undo")(undo_import)
    app.add_typer(imports, name="imports")
    app.command("watch")(watch)
    facts = typer.Typer(help="The ledger of facts.", no_args_is_help=True)
    facts.command("stats")(stats)
    facts.command("files")(list_files)
    facts.command("compact")(compact)
    facts.command("sql")(ask)
    app.add_typer(facts, name="facts")
