"""Requests that were sent with an Idempotency-Key, and what was answered."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Column, Connection, Engine, Integer, LargeBinary, Table, Text, select

from adtempo.store.engine import Identifier, UtcTime, metadata, transaction
from adtempo.store.rows import insert_first, read_row

KEPT = timedelta(hours=24)

idempotent_requests = Table(
    "idempotent_requests",
    metadata,
    Column("name", Identifier, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("begun_at", UtcTime, nullable=False),
    Column("status", Integer),
    Column("media_type", Text),
    Column("body", LargeBinary),
    CheckConstraint("length(name) = 64 AND length(digest) = 64", name="hashed"),
    CheckConstraint("(status IS NULL) = (body IS NULL) AND (status IS NULL) = (media_type IS NULL)", name="answered"),
)
"""One row per request; without an answer it is still being worked on. Keys and bodies are kept as hashes only."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class KnownRequest:
    """A request that came before.

    Attributes:
        digest: Hash of its body.
        answer: What was answered; None while it is being worked on.
    """

    digest: str
    answer: Answer | None


def begin_request(engine: Engine, name: str, digest: str, now: datetime) -> KnownRequest | None:
    """Note a request and return None, or return the one that came before.

    Args:
        name: Hash of who asks what under which key.
        digest: Hash of the body.
    """
    with transaction(engine) as connection:
        delete_old_requests(connection, now)
        if insert_first(connection, idempotent_requests, {"name": name, "digest": digest, "begun_at": now}):
            return None
        row = connection.execute(select(idempotent_requests).where(idempotent_requests.c.name == name)).one()
    return KnownRequest(row.digest, None if row.status is None else read_row(Answer, row))


def keep_answer(engine: Engine, name: str, answer: Answer) -> None:
    """Keep what was answered."""
    with transaction(engine) as connection:
        connection.execute(
            idempotent_requests.update().where(idempotent_requests.c.name == name).values(asdict(answer))
        )


def forget_request(engine: Engine, name: str) -> None:
    """Forget a request that failed, so that it can be sent again under its key."""
    with transaction(engine) as connection:
        connection.execute(idempotent_requests.delete().where(idempotent_requests.c.name == name))


def delete_old_requests(connection: Connection, now: datetime) -> None:
    """Forget requests that are older than KEPT, also those whose process died over them."""
    connection.execute(idempotent_requests.delete().where(idempotent_requests.c.begun_at < now - KEPT))
