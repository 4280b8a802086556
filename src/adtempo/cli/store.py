"""db upgrade|downgrade|stats|backup|restore."""

from __future__ import annotations

from pathlib import Path
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


def backup(
    ctx: typer.Context, folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder to write.")]
) -> None:
    """Copy the database and exactly the ledger files that it lists, while everything keeps running."""
    from adtempo.store.backup import back_up

    with opened(ctx) as workspace:
        saved = back_up(workspace.engine, workspace.ledger_dir, folder, at=workspace.now())
    note(f"saved in {folder}: {len(saved.tables)} tables, {len(saved.files)} ledger files")


def restore(
    ctx: typer.Context, folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `db backup` wrote.")]
) -> None:
    """Fill an empty home from a backup; nothing is sent to a platform until it is reconciled."""
    from adtempo.store import backup as backups

    with opened(ctx) as workspace:
        at, actor = workspace.now(), workspace.actor
        found = backups.restore(workspace.engine, workspace.ledger_dir, folder, at=at, actor=actor)
    note(f"restored what was known on {found.made_at:%Y-%m-%d %H:%M} UTC; look at it with: adtempo doctor")


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    db = typer.Typer(help="The operational database.", no_args_is_help=True)
    db.command("upgrade")(upgrade)
    db.command("downgrade")(downgrade)
    db.command("stats")(stats)
    db.command("backup")(backup)
    db.command("restore")(restore)
    app.add_typer(db, name="db")
