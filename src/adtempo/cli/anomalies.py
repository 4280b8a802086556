"""anomalies list|detect|score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adtempo.cli.session import note


def score(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with the columns timestamp and value.")],
    output: Annotated[Path, typer.Option("--output", metavar="OUT", help="Where the scores go.")],
) -> None:
    """Score each row of a plain series: 0.5 and above is a new alert; needs no workspace."""
    from adtempo.tracking.score_file import score_file

    rows = score_file(source, output)
    note(f"{rows} rows scored: {output}")


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    anomalies = typer.Typer(help="What is unusual, in campaigns or in any series.", no_args_is_help=True)
    anomalies.command("score")(score)
    app.add_typer(anomalies, name="anomalies")
