"""db upgrade|downgrade|stats|backup|restore."""

from __future__ import annotations

from typing import Annotated

import typer

from adtempo.cli.session import AsJson, note, opened, print_json, print_table


def upgrade(ctx: typer.Context) -> None:
    """Create what is missing and migrate the database to this version; every command does so by itself."""
    from adtempo.store.schema import newest_revision

    with opened(ctx):
        note(f"the database has revision {newest_revision()}, the newest")


def downgrade(
    ctx: typer.Context,
    revision: Annotated[str, typer.Argument(metavar="REVISION", help="An older revision; base drops all tables.")],
) -> None:
    """Take the database back to an older version, dropping what newer tables hold."""
    from adtempo.store import schema

    with opened(ctx) as workspace:
        schema.downgrade(workspace.engine, revision)
    note(f"the database has revision {revision}; the next command of this version migrates it again")


def stats(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Count the rows of every table."""
    from adtempo.store import schema

    with opened(ctx) as workspace:
        rows = schema.stats(workspace.engine)
    if as_json:
        print_json({"tables": rows})
    else:
        print_table(("table", "rows"), list(rows.items()), right=("rows",))


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    db = typer.Typer(help="The operational database.", no_args_is_help=True)
    db.command("upgrade")(upgrade)
    db.command("downgrade")(downgrade)
    db.command("stats")(stats)
    app.add_typer(db, name="db")
