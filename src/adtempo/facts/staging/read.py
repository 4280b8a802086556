"""One file, read: from a path to `incoming`, or to its first twenty problems."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import duckdb

from adtempo.domain.errors import BadRows, InvalidInput, Problem
from adtempo.facts.formats.base import ImportOptions, StagedFile
from adtempo.facts.staging.checks import (
    has_bad_rows,
    key_rows,
    list_bad_rows,
    list_repeated_rows,
    load_accounts,
    may_repeat,
    problems,
    reasons,
    tell_rows,
)
from adtempo.facts.staging.incoming import reduce_attributes, view_incoming
from adtempo.facts.staging.plan import Plan, make_plan
from adtempo.facts.staging.quality import check_quality
from adtempo.facts.staging.source import Progress, write_numbered, write_rejects
from adtempo.facts.staging.stage import Stage, choose_decimal, place_rows, stage_cells, view_csv, view_numbered

DIRECT_BYTES = 32_000_000
"""From this size on DuckDB reads a CSV file itself; lines are then counted only if something is bad."""


def read_facts_file(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    options: ImportOptions,
    *,
    observed_at: Callable[[], datetime],
    progress: Progress,
) -> StagedFile:
    """Read a file of facts and leave its rows in a connection.

    Afterwards `con` has the view `incoming` (columns of FACT_SCHEMA, unique by key and observed_at) and the table
    `incoming_attributes` (ATTRIBUTE_SCHEMA, only changes). They live as long as the connection and its temp_directory.

    Args:
        con: An in-memory DuckDB with a temp_directory; it may read the file's folder.
        path: A CSV or Parquet file in any of FORMATS, or any other with a mapping.
        options: What the user said about it.
        observed_at: Says when rows without their own `observed_at` were observed, UTC; asked once the cells are read.
        progress: Is told the share that has been read.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The file as a whole cannot be understood.
        BadRows: Some rows are bad and `options.skip_bad` is None.
    """
    plan = make_plan(path, options)
    check_rejects_path(path, options.skip_bad)
    folder = Path(con.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]) / f"stage-{uuid4().hex}"
    folder.mkdir(parents=True)
    stage = _stage_direct(con, plan, folder, observed_at, progress)
    left_out = plan.left_out
    found: list[Problem] = []
    total = rejected = 0
    if stage is None:
        stage = _stage_numbered(con, plan, folder, observed_at, progress)
        found, total = problems(stage, str(path))
        if total and options.skip_bad is None:
            raise BadRows(found, total)
        rejected = int(stage.value("SELECT count(DISTINCT line) FROM bad"))
    rows = int(stage.value(f"SELECT count(*) FROM {stage.good}"))
    if not rows and not rejected:
        raise InvalidInput(f"{path.name}: the file has no rows under its header")
    accounts = load_accounts(stage, path.name)
    left_out += int(stage.value("SELECT count(*) FROM totals"))
    if rejected and options.skip_bad is not None:
        write_rejects(plan.sheet, options.skip_bad, reasons(stage))
    view_incoming(stage)
    reduce_attributes(stage)
    progress(1.0)
    return StagedFile(
        format=plan.format.name,
        rows=rows,
        rejected=rejected,
        left_out=left_out,
        problems=tuple(found),
        accounts=accounts,
        verdicts=check_quality(stage, observed_at()),
        notes=(*plan.notes, *_left_out_note(left_out)),
    )


def check_rejects_path(path: Path, rejects: Path | None) -> None:
    """Refuse a rejects file that cannot be written or is the file itself."""
    if rejects is None:
        return
    if not rejects.parent.is_dir():
        raise InvalidInput(f"--skip-bad {rejects}: there is no folder {rejects.parent}")
    if rejects.resolve() == path.resolve():
        raise InvalidInput(f"--skip-bad {rejects}: that is the file itself; name another")


def _left_out_note(left_out: int) -> tuple[str, ...]:
    return (f"{left_out} totals {'row' if left_out == 1 else 'rows'} left out",) if left_out else ()


def _stage_direct(
    con: duckdb.DuckDBPyConnection, plan: Plan, folder: Path, observed_at: Callable[[], datetime], progress: Progress
) -> Stage | None:
    """Let DuckDB read a large CSV file; None if that cannot be done or anything is bad, so that lines are needed."""
    sheet = plan.sheet
    ambiguous = not plan.format.plain and sheet.delimiter == ";" and plan.mapping.decimal is None
    if (
        sheet.is_parquet
        or ambiguous
        or sheet.encoding not in {"utf-8", "utf-8-sig"}
        or sheet.path.stat().st_size < DIRECT_BYTES
    ):
        return None
    stage = Stage(con, plan, folder, numbered=False, decimal=plan.mapping.decimal or ".")
    view_csv(stage)
    try:
        with _watched(con, progress):
            stage_cells(stage)
    except duckdb.Error:
        return None  # malformed somewhere; the numbered reading says where
    place_rows(stage, observed_at())
    key_rows(stage)
    tell_rows(stage)
    return None if has_bad_rows(stage) or may_repeat(stage) else stage


@contextmanager
def _watched(con: duckdb.DuckDBPyConnection, progress: Progress) -> Iterator[None]:
    """Tell the share that a running query has done, as far as DuckDB knows it."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            share = con.query_progress() / 100
            if 0 <= share <= 1:
                progress(share)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _stage_numbered(
    con: duckdb.DuckDBPyConnection, plan: Plan, folder: Path, observed_at: Callable[[], datetime], progress: Progress
) -> Stage:
    """Read a file with the line of every row, and list its bad rows."""
    path = folder / "numbered.parquet"
    write_numbered(plan.sheet, path, progress)
    stage = Stage(con, plan, folder, numbered=True)
    view_numbered(stage, path)
    stage = replace(stage, decimal=choose_decimal(stage))
    stage_cells(stage)
    place_rows(stage, observed_at())
    list_bad_rows(stage)
    key_rows(stage)
    tell_rows(stage)
    if may_repeat(stage):
        list_repeated_rows(stage)
        tell_rows(stage)
    return stage
