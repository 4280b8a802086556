"""What is true of the whole workspace: today, whether it was restored from a backup and not reconciled since."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Connection, Integer, Table, select

from adtempo.store.engine import UtcTime, insert_into, metadata

workspace_state = Table(
    "workspace_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("restored_at", UtcTime),
    CheckConstraint("id = 1", name="one_row"),
)


def mark_restored(connection: Connection, at: datetime) -> None:
    """Note that the database comes from a backup: what it believes about the platforms is old, so nothing is sent."""
    _write(connection, at)


def mark_reconciled(connection: Connection) -> None:
    """Note that every campaign was read back since the restore: sending may start again."""
    _write(connection, None)


def load_restored_at(connection: Connection) -> datetime | None:
    """Return when the workspace was restored from a backup; None if it never was, or was reconciled since."""
    restored_at: datetime | None = connection.scalar(select(workspace_state.c.restored_at))
    return restored_at


def _write(connection: Connection, restored_at: datetime | None) -> None:
    statement = insert_into(connection, workspace_state).values(id=1, restored_at=restored_at)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[workspace_state.c.id], set_={"restored_at": statement.excluded.restored_at}
        )
    )
