"""The one switch that stops every change: when it was thrown, by whom and why, and who let things go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Column, Connection, Table, Text, select

from adtempo.store.engine import Number, UtcTime, metadata

halts = Table(
    "halts",
    metadata,
    Column("id", Number, primary_key=True),
    Column("halted_at", UtcTime, nullable=False),
    Column("halted_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("holds", Boolean, unique=True),
    Column("resumed_at", UtcTime),
    Column("resumed_by", Text),
    CheckConstraint("halted_by <> ''", name="by_somebody"),
    CheckConstraint("holds IS NULL OR holds", name="holds_or_over"),
    CheckConstraint(
        "(holds IS NULL) = (resumed_at IS NOT NULL) AND (resumed_at IS NULL) = (resumed_by IS NULL)", name="over_dated"
    ),
    sqlite_autoincrement=True,
)
"""One row per halt; `holds` is null when it is over, so that at most one holds."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A halt that holds."""

    at: datetime
    by: str
    reason: str


def load_halt(connection: Connection) -> Halt | None:
    """Return the halt that holds, if one does."""
    row = connection.execute(select(halts).where(halts.c.holds.is_(True))).one_or_none()
    return None if row is None else Halt(row.halted_at, row.halted_by, row.reason)


def insert_halt(connection: Connection, halt: Halt) -> None:
    """Record a halt; none may hold already."""
    connection.execute(halts.insert().values(halted_at=halt.at, halted_by=halt.by, reason=halt.reason, holds=True))


def end_halt(connection: Connection, *, at: datetime, by: str) -> None:
    """End the halt that holds."""
    connection.execute(halts.update().where(halts.c.holds.is_(True)).values(holds=None, resumed_at=at, resumed_by=by))
