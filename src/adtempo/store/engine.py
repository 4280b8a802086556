"""How the operational database is opened, and the two ways of talking to it: a transaction, or a snapshot."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.types import TypeDecorator

from adtempo.domain.errors import InvalidInput

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of the operational database, with names that are the same on both databases."""

BUSY_SECONDS = 30
"""How long a SQLite writer waits for the one before it."""

_WRITES = "adtempo_writes"

_PASSING = {"40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03"}
"""PostgreSQL: serialization, deadlock, too many clients, a lock not given, shutting down, crashed, starting."""

Identifier = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared and sorted by code point, as Python and SQLite do, whatever the language of the server."""


Number = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database counts up: SQLite does so for its own integers alone."""


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds, in and out, sortable on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What it is outside the database."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: nobody knows what moment it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone to be stored, got naive {value.isoformat()}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return the stored moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_engine(url: str) -> Engine:
    """Open a pool of connections to the operational database; nothing is read or created yet.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user@host/database`` (psycopg 3 is implied).

    Raises:
        InvalidInput: The URL is neither, or the PostgreSQL driver is not installed.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidInput(
            "DATABASE_URL is not a database URL; write sqlite:///path or postgresql://user@host/database"
        ) from None
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        case "postgresql" | "postgres" | "postgresql+psycopg":
            try:
                return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
            except ModuleNotFoundError:
                raise InvalidInput("PostgreSQL needs its driver: pip install 'adtempo[postgres]'") from None
        case other:
            raise InvalidInput(f"DATABASE_URL names {other}; use sqlite:///path or postgresql://user@host/database")


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Open a writing transaction: committed when the block ends, rolled back when it raises.

    On SQLite it takes the write lock at once (BEGIN IMMEDIATE): a reader that turns writer half-way could not be
    retried safely.
    """
    with engine.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a read-only snapshot: every query of the block sees the database at one moment, and writing is refused."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            with connection.begin():
                connection.exec_driver_sql("PRAGMA query_only = ON")
                try:
                    yield connection
                finally:
                    connection.exec_driver_sql("PRAGMA query_only = OFF")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can say what to do on a conflict; both databases have it, each in a class of its own."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def is_transient(problem: OperationalError) -> bool:
    """Say whether the same work may succeed soon: the database was busy, or the connection to it was lost."""
    code = getattr(problem.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    state = getattr(problem.orig, "sqlstate", "")  # psycopg has None where no server answered
    return state is None or state.startswith("08") or state in _PASSING


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would otherwise begin transactions of its own, never immediate
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
