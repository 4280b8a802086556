"""The `adtempo` command: global options, exit codes, and the table of areas."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from adtempo.cli import (
    accounts,
    alerts,
    anomalies,
    audit,
    budgets,
    changes,
    creatives,
    dayparts,
    demo,
    doctor,
    facts,
    forecasts,
    messages,
    predictions,
    running,
    store,
    tracking,
    users,
)
from adtempo.cli.session import Session, read_moment
from adtempo.domain.errors import AdtempoError, Kind

EXIT_CODES = {
    Kind.NOT_FOUND: 3,
    Kind.INVALID: 4,
    Kind.CONFLICT: 5,
    Kind.FORBIDDEN: 6,
    Kind.UNAVAILABLE: 7,
    Kind.UNKNOWN_OUTCOME: 8,
}
"""What a script can tell from the exit code; 0 is done, 2 wrong usage, 1 anything else."""

AREAS = (
    demo,
    facts,
    tracking,
    creatives,
    predictions,
    anomalies,
    dayparts,
    budgets,
    messages,
    forecasts,
    alerts,
    changes,
    accounts,
    running,
    doctor,
    store,
    users,
    audit,
)
"""Every file of commands, in the order in which `adtempo --help` lists them."""

_GLOBAL_OPTIONS = {"--home": 1, "--now": 1, "--server": 1, "--token": 1, "--debug": 0}


def hoist(arguments: Sequence[str]) -> list[str]:
    """Move the global options to the front, so that they may stand anywhere.

    >>> hoist(["metrics", "c1", "--home", "x"])
    ['--home', 'x', 'metrics', 'c1']
    """
    front: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            rest += [word, *waiting]
            break
        name, equals, _ = word.partition("=")
        if name not in _GLOBAL_OPTIONS:
            rest.append(word)
            continue
        values = 0 if equals else _GLOBAL_OPTIONS[name]
        front += [word, *waiting[:values]]
        del waiting[:values]
    return front + rest


class Root(TyperGroup):
    """The outermost command: takes global options anywhere and turns errors into exit codes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let global options stand anywhere on the line."""
        return super().parse_args(ctx, hoist(args))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and say in one line what went wrong and in the exit code what sort of problem it was."""
        words = kwargs.get("args") or (args[0] if args and args[0] else sys.argv[1:])
        try:
            return super().main(*args, **kwargs)
        except AdtempoError as problem:
            if "--debug" in words:
                raise
            typer.echo(f"error: {problem.message}", err=True)
            sys.exit(EXIT_CODES[problem.kind])
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as problem:
            if "--debug" in words:
                raise
            place = f"{problem.filename}: {problem.strerror}"
            typer.echo(f"error: {place}; name another file, or make its folder", err=True)
            sys.exit(EXIT_CODES[Kind.INVALID])
        except Exception as problem:
            if "--debug" in words:
                raise
            said = " ".join(f"{type(problem).__name__}: {problem}".split())
            typer.echo(f"error: {said} (add --debug to see where)", err=True)
            sys.exit(1)


app = typer.Typer(
    cls=Root,
    name="adtempo",
    help="When, where and how much to spend on paid media, with the evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:  # so Typer calls it
    if wanted:
        from importlib.metadata import version

        typer.echo(version("adtempo"))
        raise typer.Exit


@app.callback()
def start(
    ctx: typer.Context,
    *,
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the workspace (ADTEMPO_HOME; default ~/.adtempo).")
    ] = None,
    now: Annotated[
        datetime | None,
        typer.Option("--now", parser=read_moment, metavar="T", help="Pretend that it is T; sends nothing."),
    ] = None,
    server: Annotated[
        str | None, typer.Option("--server", metavar="URL", help="Ask this server; answers are printed as JSON.")
    ] = None,
    token: Annotated[
        Path | None, typer.Option("--token", metavar="FILE", help="Who asks the server: a file of `users token`.")
    ] = None,
    _debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the global options; they may stand anywhere on the line."""
    ctx.obj = Session(home=home, now=now, server=server, token=token)


for area in AREAS:
    area.register(app)
