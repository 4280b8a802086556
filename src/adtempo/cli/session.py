"""What every command shares: the global options, the open workspace, and how a result is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.domain.errors import InvalidInput

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Session:
    """The global options.

    Attributes:
        home: Folder of the workspace; None for what the environment says, else ``~/.adtempo``.
        now: The moment to pretend that it is; None for the clock.
        server: Address of a running server to ask instead of the home.
        token: File that holds the token for that server.
    """

    home: Path | None = None
    now: datetime | None = None
    server: str | None = None
    token: Path | None = None


def read_moment(text: str) -> datetime:
    """Read a moment as ISO 8601; without an offset it is UTC.

    >>> read_moment("2026-11-02T09:00+01:00").isoformat()
    '2026-11-02T08:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is not a moment; write it as 2026-11-02T09:00+01:00 (without offset: UTC)"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def read_day(text: str) -> date:
    """Read a day as ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a day; write it as 2026-11-02") from None


AsJson = Annotated[bool, typer.Option("--json", help="Print exactly the body that the HTTP API returns.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", parser=read_moment, metavar="T", help="What was known at T (ISO 8601; no offset: UTC)."),
]
Since = Annotated[date | None, typer.Option("--since", parser=read_day, metavar="DAY", help="First day, inclusive.")]
Until = Annotated[date | None, typer.Option("--until", parser=read_day, metavar="DAY", help="Last day, inclusive.")]


def session_of(ctx: typer.Context) -> Session:
    """Return the global options of this run."""
    return ctx.find_object(Session) or Session()


@contextmanager
def opened(ctx: typer.Context) -> Iterator[Workspace]:
    """Open the home (the first command creates and migrates it) and close it afterwards; log to standard error."""
    import structlog

    from adtempo.workspace import open_workspace

    session = session_of(ctx)
    if session.server:
        raise InvalidInput(f"{ctx.command_path} works on a home of this machine; leave --server out")
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    with open_workspace(session.home, now=session.now) as workspace:
        yield workspace


def print_json(body: Any) -> None:
    """Print a body as the HTTP API encodes it."""
    typer.echo(json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def note(text: str) -> None:
    """Say something that is not the result."""
    typer.echo(text, err=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> None:
    """Print rows as aligned plain text.

    Args:
        rows: Cells; None is shown as a dash.
        right: Titles of the columns to align right (numbers).
    """
    cells = [[("-" if cell is None else str(cell)) for cell in row] for row in rows]
    widths = [max(len(line[place]) for line in (list(header), *cells)) for place in range(len(header))]

    def line(row: Sequence[str]) -> str:
        aligned = (
            cell.rjust(width) if title in right else cell.ljust(width)
            for cell, width, title in zip(row, widths, header, strict=True)
        )
        return "  ".join(aligned).rstrip()

    for row in (header, *cells):
        typer.echo(line(row))


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print names and values one below the other."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        typer.echo(f"{name.ljust(width)}  {'-' if value is None else value}")


@contextmanager
def shown_progress(what: str) -> Iterator[Callable[[str, float], None]]:
    """Show one long piece of work on standard error, where that is a terminal.

    Yields a function that takes the name of the step and the share of it that is done, 0 to 1.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    quiet = not sys.stderr.isatty()
    with Progress(*columns, console=Console(file=sys.stderr), disable=quiet, transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda step, share: bar.update(task, description=f"{what}: {step}", completed=share)
