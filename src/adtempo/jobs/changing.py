"""Sending what is approved, and finding out what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adtempo.changes.run import apply_changes

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace


def send_changes(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    """Resolve what can be resolved, then send every approved change, each at most once."""
    done = apply_changes(workspace, actor=turn.actor)
    return {"recovered": len(done.recovered), "sent": len(done.sent), "waiting": done.waiting}
