"""The schema as a whole: all its tables, bringing a database up to them, and checking that it fits.

Migrations run in one transaction under one lock, so of two processes that start at once one migrates and the other
waits and finds it done. Alembic is loaded only when there is something to migrate.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Connection, Engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, NoReferenceError

from adtempo.domain.errors import Conflict
from adtempo.store import (
    accounts,
    alerts,
    attributes,
    audit,
    budgets,
    changes,
    channels,
    conversions,
    dayparts,
    forecasts,
    halts,
    idempotency,
    jobs,
    leases,
    ledger,
    messages,
    page_schedules,
    people,
    predictions,
    readings,
    reports,
    state,
)
from adtempo.store.engine import Identifier, UtcTime, metadata, reading, transaction

if TYPE_CHECKING:
    from alembic.config import Config

NOUNS = (
    *(accounts, alerts, attributes, audit, budgets, changes, channels, conversions, dayparts, forecasts, halts),
    *(idempotency, jobs, leases, ledger, messages, page_schedules, people, predictions, readings, reports, state),
)
"""The files that define tables; a new one is added here."""

BASE = "base"
"""The revision before the first: no tables."""

_MIGRATION_LOCK = 0x6164_7465_6D70_6F02
"""PostgreSQL advisory lock: one process at a time migrates. SQLite has its write lock."""


def _render_item(kind: str, item: object, _context: object) -> str | bool:
    if kind == "type" and isinstance(item, UtcTime):
        return "UtcTime()"
    return "Identifier" if item is Identifier else False


ALEMBIC_OPTIONS: Mapping[str, Any] = {
    "target_metadata": metadata,
    "render_as_batch": True,
    "render_item": _render_item,
    "compare_type": True,
}
"""How Alembic compares and writes, for migrating, drafting and checking alike."""


def newest_revision() -> str:
    """Return the newest revision that this version of the program knows."""
    names = (file.name for file in resources.files("adtempo.store.migrations").joinpath("versions").iterdir())
    return max(name.partition("_")[0] for name in names if name.endswith(".py") and name[0].isdigit())


def load_revision(connection: Connection) -> str:
    """Return the revision of a database, BASE where there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return BASE
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or BASE


def upgrade(engine: Engine) -> bool:
    """Bring a database up to the newest revision; return whether there was anything to do.

    Tables that exist already (made by hand, or half-made) are adopted if they fit.

    Raises:
        Conflict: Existing tables do not fit, or a newer version of the program has migrated the database; nothing was
            changed.
    """
    newest = newest_revision()
    with reading(engine) as connection:
        if load_revision(connection) == newest:
            return False
    with transaction(engine) as connection:
        _lock(connection)
        revision = load_revision(connection)
        if revision == newest:
            return False
        if revision != BASE and revision > newest:
            raise Conflict(
                f"the database has revision {revision}, this version of adtempo knows {newest}: a newer version was "
                "here; install that version, or restore a backup from before"
            )
        try:
            _run_alembic(connection, "upgrade", "head")
        except DBAPIError as error:
            raise Conflict(
                f"existing tables do not fit: {error.orig}; move them away, or point DATABASE_URL to another database"
            ) from error
        differences = find_differences(connection)
        if differences:
            raise Conflict(
                "existing tables do not fit; move them away, or point DATABASE_URL to another database: "
                + "; ".join(differences[:10])
            )
    return True


def downgrade(engine: Engine, revision: str) -> None:
    """Take a database back to an older revision, with everything that newer tables and columns hold.

    Raises:
        Conflict: There is no such revision below the present one.
    """
    from alembic.util import CommandError

    with transaction(engine) as connection:
        _lock(connection)
        try:
            _run_alembic(connection, "downgrade", revision)
        except CommandError as error:
            raise Conflict(f"the database cannot go back to revision {revision}: {error}") from error


def check(engine: Engine) -> list[str]:
    """Return how the database differs from the tables of this version, in words; empty = it fits."""
    with reading(engine) as connection:
        return find_differences(connection)


def find_differences(connection: Connection) -> list[str]:
    """Return how the database behind a connection differs from the tables of this version, in words."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    migration = MigrationContext.configure(connection, opts=dict(ALEMBIC_OPTIONS))
    try:
        found = [_in_words(step) for step in compare_metadata(migration, metadata)]
    except NoReferenceError as error:  # a table lacks even the columns that others refer to
        return [str(error)]
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in present:
            continue  # already among the differences
        wanted = {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)}
        there = {str(constraint["name"]) for constraint in inspector.get_check_constraints(table.name)}
        found += [f"{table.name} lacks check {name}" for name in sorted(wanted - there)]
        found += [f"{table.name} has an unknown check {name}" for name in sorted(there - wanted)]
        key = inspector.get_pk_constraint(table.name)["constrained_columns"]
        if key != [column.name for column in table.primary_key]:
            found.append(f"{table.name} has another primary key: {', '.join(key) or 'none'}")
    return found


def stats(engine: Engine) -> dict[str, int]:
    """Return the number of rows of every table."""
    with reading(engine) as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in sorted(metadata.sorted_tables, key=lambda table: table.name)
        }


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; there is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "adtempo.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _run_alembic(connection: Connection, direction: str, revision: str) -> None:
    from alembic import command

    getattr(command, direction)(alembic_config(connection), revision)


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))


def _in_words(step: Any) -> str:
    if isinstance(step, list):  # several changes of one column
        return "; ".join(_in_words(part) for part in step)
    kind = str(step[0]).replace("_", " ")
    named = [str(getattr(part, "name", part)) for part in step[1:] if part is not None and not isinstance(part, dict)]
    return f"{kind}: {' '.join(named)}"
