"""Drafts the next step of the schema: `python -m adtempo.store.migrations.draft "what it adds"`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.operations.ops import CreateIndexOp, CreateTableOp, MigrateOperation, MigrationScript, OpContainer

from adtempo.store.engine import open_engine, transaction
from adtempo.store.schema import BASE, alembic_config, newest_revision, upgrade


def _adopt_existing(_context: object, _revision: object, scripts: list[MigrationScript]) -> None:
    """Let new tables and indexes be created only where they are missing; `schema.upgrade` checks that they fit."""
    for script in scripts:
        for step in _flat(script.upgrade_ops):
            if isinstance(step, CreateTableOp | CreateIndexOp):
                step.if_not_exists = True


def _flat(steps: OpContainer | None) -> Iterator[MigrateOperation]:
    for step in steps.ops if steps else ():
        if isinstance(step, OpContainer):
            yield from _flat(step)
        else:
            yield step


def draft_revision(message: str) -> Path:
    """Compare a freshly upgraded scratch database with the tables, and write the difference as the next step."""
    versions = Path(__file__).parent / "versions"
    first = not any(versions.glob("[0-9]*.py"))
    number = "0001" if first else f"{int(newest_revision()) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/scratch.db")
        if not first:
            upgrade(engine)
        with transaction(engine) as connection:
            config = alembic_config(connection)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            script = command.revision(
                config,
                message,
                autogenerate=True,
                head=BASE if first else "head",
                rev_id=number,
                process_revision_directives=_adopt_existing,
            )
        engine.dispose()
    return Path(script.path)  # type: ignore[union-attr]  # one revision, since one message was given


if __name__ == "__main__":
    draft_revision(" ".join(sys.argv[1:]) or "unnamed")
