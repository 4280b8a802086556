"""The report of each morning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adtempo.store.engine import reading
from adtempo.tracking.keeping import due_day, keep_report

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace


def report_morning(workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
    """Make and keep the report about the last day, once, as soon as it is morning where that day ended last."""
    with reading(workspace.engine) as connection:
        day = due_day(connection, workspace.now())
    kept = None if day is None else keep_report(workspace, day)
    return {"reported": None if kept is None else kept.day.isoformat()}
