"""Every step of a change, together with its audit row: they stand or fall in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from adtempo.changes.lifecycle import check_step
from adtempo.domain.changes import OPEN, Change, State
from adtempo.store import changes as stored
from adtempo.store.audit import append_audit, append_audits


def record_changes(connection: Connection, drafted: Sequence[Change], *, actor: str, at: datetime) -> list[Change]:
    """Record new changes, at least one, and return them with their numbers.

    Args:
        connection: Of a writing transaction that has locked their account.
        drafted: What is recorded.
        actor: Who proposed them.
        at: The moment, aware.
    """
    numbers = stored.insert_changes(connection, drafted)
    recorded = [replace(change, id=number) for change, number in zip(drafted, numbers, strict=True)]
    done = [(f"change.{change.state}", f"change {change.id}", _begun(change)) for change in recorded]
    append_audits(connection, done, at=at, actor=actor)
    return recorded


def _begun(change: Change) -> dict[str, Any]:
    return {
        "campaign": str(change.campaign),
        "action": change.action,
        "prior": asdict(change.prior),
        "target": asdict(change.target),
        "currency": change.currency,
        "policy": change.policy_key,
        "window": change.window.isoformat(),
        "digest": change.digest,
        "approved_by": None if change.approval is None else change.approval.by,
        "reverts": change.reverts,
        "reason": change.reason,
    }


def record_step(
    connection: Connection, change: Change, after: State, *, actor: str, at: datetime, **values: Any
) -> Change:
    """Take a change one step further and return it.

    Args:
        connection: Of a writing transaction that holds the change's row.
        change: As it stands.
        after: Where it goes.
        actor: Who takes it there.
        at: The moment, aware.
        **values: Columns that change with it.

    Raises:
        Conflict: There is no such step.
    """
    check_step(change, after)
    values["state"] = after
    if after not in OPEN and after is not State.REVERTED:
        values["finished_at"] = at
    stored.update_change(connection, change.id, **values)
    moved = stored.load_change(connection, change.id)
    detail: dict[str, Any] = {"campaign": str(change.campaign), "before": change.state, "sends": moved.sends}
    if "answer" in values:
        detail["answer"] = values["answer"]
    if after is State.SENDING:
        detail |= {"target": asdict(change.target), "writer": moved.writer}
    subject = f"change {moved.id}"
    append_audit(connection, at=at, actor=actor, action=f"change.{moved.state}", subject=subject, detail=detail)
    return moved


def record_revision(connection: Connection, change: Change, drafted: Change, *, actor: str, at: datetime) -> None:
    """Put what would be proposed now in the place of a waiting change.

    Args:
        connection: Of a writing transaction that holds the change's row.
        change: As it stands.
        drafted: What takes its place; it waits until its own time is over.
        actor: Who caused it.
        at: The moment, aware.
    """
    stored.revise_change(connection, change.id, drafted)
    detail = {
        "campaign": str(change.campaign),
        "prior": asdict(drafted.prior),
        "target": asdict(drafted.target),
        "digest": drafted.digest,
        "reason": drafted.reason,
    }
    append_audit(connection, at=at, actor=actor, action="change.revised", subject=f"change {change.id}", detail=detail)
