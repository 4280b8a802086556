"""The one switch: stopping every change at once, and letting things go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adtempo.changes.assemble import load_halted
from adtempo.domain.errors import Conflict
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction
from adtempo.store.halts import Halt, end_halt, insert_halt, load_halt

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


def halt_changes(workspace: Workspace, *, actor: str, reason: str = "") -> str:
    """Stop every change that was not sent yet, and return why nothing is sent; halting twice changes nothing.

    Args:
        workspace: What is open.
        actor: Who halts.
        reason: Why, for those who ask later.
    """
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        if load_halt(connection) is None:
            insert_halt(connection, Halt(now, actor, reason))
            append_audit(
                connection, at=now, actor=actor, action="changes.halted", subject="", detail={"reason": reason}
            )
        return load_halted(connection)


def resume_changes(workspace: Workspace, *, actor: str) -> str:
    """Let changes go on, and return why nothing is sent all the same; empty = nothing stands in the way.

    Raises:
        Conflict: Nothing is halted.
    """
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        if load_halt(connection) is None:
            raise Conflict(load_halted(connection) or "nothing is halted")
        end_halt(connection, at=now, by=actor)
        append_audit(connection, at=now, actor=actor, action="changes.resumed", subject="", detail={})
        return load_halted(connection)


def why_halted(workspace: Workspace) -> str:
    """Return why nothing is sent at present; empty = changes are sent."""
    with reading(workspace.engine) as connection:
        return load_halted(connection)
