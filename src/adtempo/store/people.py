"""Tables and queries of people, their sessions and their tokens.

Of every secret only a hash is stored: argon2id of passwords, SHA-256 of random tokens (256 bits cannot be guessed, so
a fast hash suffices). Deciding who may come in is the business of `people`, not of this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Connection, ForeignKey, Index, Row, Table, Text, func, select

from adtempo.domain.roles import Person, Role
from adtempo.store.engine import Identifier, Number, UtcTime, metadata

people = Table(
    "people",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Identifier, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    CheckConstraint("name <> '' AND name = lower(name)", name="name_lower"),
    CheckConstraint("role IN ('viewer', 'operator', 'approver', 'admin')", name="role_known"),
    CheckConstraint("password_hash LIKE '$argon2id$%'", name="password_hashed"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Identifier, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    CheckConstraint("length(hash) = 64", name="hashed"),
    CheckConstraint("created_at <= seen_at AND created_at < expires_at", name="times_ordered"),
    Index("ix_sessions_person", "person_id"),
)
"""Open sessions; a revoked one is deleted."""

sign_in_tokens = Table(
    "sign_in_tokens",
    metadata,
    Column("hash", Identifier, primary_key=True),
    Column("person_id", ForeignKey("people.id")),
    Column("expires_at", UtcTime, nullable=False),
    CheckConstraint("length(hash) = 64", name="hashed"),
    Index("ix_sign_in_tokens_person", "person_id"),
)
"""Open one-time tokens, deleted by their use; without a person it claims the first admin."""

script_tokens = Table(
    "script_tokens",
    metadata,
    Column("id", Number, primary_key=True),
    Column("hash", Identifier, nullable=False, unique=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("used_at", UtcTime),
    Column("revoked_at", UtcTime),
    CheckConstraint("length(hash) = 64", name="hashed"),
    CheckConstraint("label <> ''", name="labelled"),
    CheckConstraint("created_at < expires_at", name="times_ordered"),
    Index("ix_script_tokens_person", "person_id"),
    sqlite_autoincrement=True,
)


def insert_person(connection: Connection, *, name: str, role: Role, password_hash: str | None, at: datetime) -> Person:
    """Add a person; the name must be new."""
    number = connection.execute(
        people.insert().values(name=name, role=role, password_hash=password_hash, created_at=at).returning(people.c.id)
    ).scalar_one()
    return Person(number, name, role)


def update_person(connection: Connection, person_id: int, **values: Any) -> None:
    """Change role, password_hash or disabled_at."""
    connection.execute(people.update().where(people.c.id == person_id).values(values))


def load_person_row(connection: Connection, name: str) -> Row[*tuple[Any, ...]] | None:
    """Return a person's row by name."""
    return connection.execute(select(people).where(people.c.name == name)).one_or_none()


def load_people_rows(connection: Connection) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return everybody, disabled people too, in the order of names."""
    return connection.execute(select(people).order_by(people.c.name)).all()


def count_people(connection: Connection) -> int:
    """Return how many people there are, disabled ones too."""
    return connection.scalar(select(func.count()).select_from(people)) or 0


def count_admins(connection: Connection) -> int:
    """Return how many people who are not disabled are admins; their rows stay locked until the transaction ends."""
    query = select(people.c.id).where(people.c.role == Role.ADMIN, people.c.disabled_at.is_(None)).with_for_update()
    return len(connection.execute(query).all())


def insert_session(
    connection: Connection, *, token_hash: str, person_id: int, at: datetime, expires_at: datetime
) -> None:
    """Open a session."""
    connection.execute(
        sessions.insert().values(hash=token_hash, person_id=person_id, created_at=at, seen_at=at, expires_at=expires_at)
    )


def load_session_row(connection: Connection, token_hash: str) -> Row[*tuple[Any, ...]] | None:
    """Return a session joined with its person."""
    query = (
        select(
            sessions.c.created_at, sessions.c.seen_at, sessions.c.expires_at, people.c.id, people.c.name, people.c.role
        )
        .join(people, people.c.id == sessions.c.person_id)
        .where(sessions.c.hash == token_hash, people.c.disabled_at.is_(None))
    )
    return connection.execute(query).one_or_none()


def touch_session(connection: Connection, token_hash: str, at: datetime) -> None:
    """Note that a session was used."""
    connection.execute(
        sessions.update().where(sessions.c.hash == token_hash, sessions.c.seen_at < at).values(seen_at=at)
    )


def delete_session(connection: Connection, token_hash: str) -> None:
    """Close one session."""
    connection.execute(sessions.delete().where(sessions.c.hash == token_hash))


def delete_sessions_of(connection: Connection, person_id: int) -> None:
    """Close every session of a person."""
    connection.execute(sessions.delete().where(sessions.c.person_id == person_id))


def delete_expired(connection: Connection, now: datetime) -> None:
    """Forget sessions and one-time tokens whose time is over."""
    connection.execute(sessions.delete().where(sessions.c.expires_at <= now))
    connection.execute(sign_in_tokens.delete().where(sign_in_tokens.c.expires_at <= now))


def replace_sign_in_token(
    connection: Connection, *, token_hash: str, person_id: int | None, expires_at: datetime
) -> None:
    """Store a one-time token; the one before it (of the same person, or of the claim) is void."""
    connection.execute(sign_in_tokens.delete().where(sign_in_tokens.c.person_id.is_not_distinct_from(person_id)))
    connection.execute(sign_in_tokens.insert().values(hash=token_hash, person_id=person_id, expires_at=expires_at))


def take_sign_in_token(connection: Connection, token_hash: str, now: datetime) -> Row[*tuple[Any, ...]] | None:
    """Use a one-time token up and return its row; None if there is no such token or its time is over."""
    return connection.execute(
        sign_in_tokens.delete()
        .where(sign_in_tokens.c.hash == token_hash, sign_in_tokens.c.expires_at > now)
        .returning(*sign_in_tokens.c)
    ).one_or_none()


def insert_script_token(
    connection: Connection, *, token_hash: str, person_id: int, label: str, at: datetime, expires_at: datetime | None
) -> int:
    """Store a script token and return its number."""
    number: int = connection.execute(
        script_tokens.insert()
        .values(hash=token_hash, person_id=person_id, label=label, created_at=at, expires_at=expires_at)
        .returning(script_tokens.c.id)
    ).scalar_one()
    return number


def load_script_token_row(connection: Connection, token_hash: str) -> Row[*tuple[Any, ...]] | None:
    """Return a script token that is not revoked, joined with its person."""
    query = (
        select(script_tokens.c.expires_at, script_tokens.c.used_at, people.c.id, people.c.name, people.c.role)
        .join(people, people.c.id == script_tokens.c.person_id)
        .where(script_tokens.c.hash == token_hash, script_tokens.c.revoked_at.is_(None), people.c.disabled_at.is_(None))
    )
    return connection.execute(query).one_or_none()


def load_script_token_rows(connection: Connection) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return every script token with the name of its person, newest first, without the hash."""
    columns = [column for column in script_tokens.c if column.name not in ("hash", "person_id")]
    query = (
        select(*columns, people.c.name)
        .join(people, people.c.id == script_tokens.c.person_id)
        .order_by(script_tokens.c.id.desc())
    )
    return connection.execute(query).all()


def touch_script_token(connection: Connection, token_hash: str, at: datetime) -> None:
    """Note that a script token was used."""
    connection.execute(script_tokens.update().where(script_tokens.c.hash == token_hash).values(used_at=at))


def revoke_script_tokens(
    connection: Connection, *, at: datetime, token_id: int | None = None, person_id: int | None = None
) -> int:
    """Revoke one token, or all of a person; return how many that were."""
    which = script_tokens.c.id == token_id if token_id is not None else script_tokens.c.person_id == person_id
    return connection.execute(
        script_tokens.update().where(which, script_tokens.c.revoked_at.is_(None)).values(revoked_at=at)
    ).rowcount
