"""The audit log: who did what, append-only, each row holding the hash of the one before it.

A changed, removed or inserted row breaks the chain from there on. A chain shows edits only if its head is also kept
elsewhere: whoever can rewrite every row can rewrite every hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Connection, Index, Table, Text, func, select

from adtempo.domain.errors import Problem
from adtempo.store.engine import Number, UtcTime, metadata

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous_hash", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False, unique=True),
    CheckConstraint("id > 0", name="id_positive"),
    CheckConstraint("actor <> '' AND action <> ''", name="stated"),
    CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name="hashed"),
    Index("ix_audit_log_subject", "subject"),
)
"""One row per state change; `detail` is canonical JSON (sorted keys, ASCII)."""

BEFORE_THE_FIRST = "0" * 64
"""The previous hash of the first row."""

_CHAIN_LOCK = 0x6164_7465_6D70_6F01
"""PostgreSQL advisory lock: one transaction at a time appends. SQLite has its write lock."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of the audit log."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    previous_hash: str
    hash: str


def append_audit(
    connection: Connection, *, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> AuditEntry:
    """Append one row in the caller's transaction, so that a state change and its trace stand or fall together.

    On PostgreSQL other appenders wait until this transaction ends: append last, just before committing.

    Args:
        connection: Of a writing transaction.
        at: When it happened, aware.
        actor: Who did it: a person's name, or the job.
        action: What was done, noun and past participle: ``import.published``, ``account.added``.
        subject: To what, as people name it.
        detail: JSON values only: no float that is not finite, no object of ours.

    Raises:
        ValueError, TypeError: The detail is not plain JSON.
    """
    return append_audits(connection, [(action, subject, detail)], at=at, actor=actor)[0]


def append_audits(
    connection: Connection, done: Sequence[tuple[str, str, Mapping[str, Any]]], *, at: datetime, actor: str
) -> list[AuditEntry]:
    """Append rows of one moment and one actor, in order, as `append_audit` does each.

    Raises:
        ValueError, TypeError: A detail is not plain JSON.
    """
    texts = [json.dumps(detail, sort_keys=True, separators=(",", ":"), allow_nan=False) for _, _, detail in done]
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    last = connection.execute(
        select(audit_log.c.id, audit_log.c.hash).order_by(audit_log.c.id.desc()).limit(1)
    ).one_or_none()
    number, previous = (last.id, last.hash) if last else (0, BEFORE_THE_FIRST)
    rows = []
    for (action, subject, _), text in zip(done, texts, strict=True):
        number += 1
        row: dict[str, Any] = {
            "id": number,
            "at": at,
            "actor": actor,
            "action": action,
            "subject": subject,
            "detail": text,
            "previous_hash": previous,
        }
        row["hash"] = previous = _digest(row)
        rows.append(row)
    connection.execute(audit_log.insert(), rows)
    return [_entry(row) for row in rows]


def load_audit(connection: Connection, *, after: int = 0, limit: int | None = None) -> list[AuditEntry]:
    """Return entries in order, leaving out those up to an id."""
    query = select(audit_log).where(audit_log.c.id > after).order_by(audit_log.c.id).limit(limit)
    return [_entry(row._asdict()) for row in connection.execute(query)]


def load_trail(connection: Connection, subject: str) -> list[AuditEntry]:
    """Return the entries about one subject, in order."""
    query = select(audit_log).where(audit_log.c.subject == subject).order_by(audit_log.c.id)
    return [_entry(row._asdict()) for row in connection.execute(query)]


def verify_audit(connection: Connection, *, kept: str | None = None) -> list[Problem]:
    """Recompute the chain; return what is wrong, row by row, empty = intact.

    Args:
        kept: A hash of the log that was kept elsewhere: without one, rows taken off the end leave no trace.
    """
    problems = []
    if kept is not None and connection.scalar(select(audit_log.c.id).where(audit_log.c.hash == kept)) is None:
        said = "the hash that was kept elsewhere stands in no row: rows were taken off the end, or all were rewritten"
        problems.append(Problem("audit_log", 0, "hash", said))
    expected_id, expected_previous = 1, BEFORE_THE_FIRST
    for found in connection.execute(select(audit_log).order_by(audit_log.c.id)):
        row = found._asdict()
        wrong = {
            "id": row["id"] != expected_id and f"rows {expected_id} to {row['id'] - 1} are missing",
            "previous_hash": row["previous_hash"] != expected_previous and "does not follow from the row before it",
            "hash": row["hash"] != _digest(row) and "was changed after it was written",
        }
        problems += [Problem("audit_log", row["id"], column, message) for column, message in wrong.items() if message]
        expected_id, expected_previous = row["id"] + 1, row["hash"]
    return problems


def _digest(row: Mapping[str, Any]) -> str:
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    stated = [row["id"], at, *(row[name] for name in ("actor", "action", "subject", "detail", "previous_hash"))]
    return hashlib.sha256(json.dumps(stated, separators=(",", ":")).encode()).hexdigest()


def _entry(row: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(**{**row, "at": row["at"].astimezone(UTC), "detail": json.loads(row["detail"])})
