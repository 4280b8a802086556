"""Keeping the house: compacting the ledger's files, forgetting what has had its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adtempo.facts.compact import compact_ledger
from adtempo.facts.evaluations import archive_evaluations
from adtempo.facts.publish import work_lease
from adtempo.facts.sweep import sweep_ledger
from adtempo.store.dayparts import delete_old_analyses
from adtempo.store.engine import transaction
from adtempo.store.idempotency import delete_old_requests
from adtempo.store.leases import delete_leases
from adtempo.store.people import delete_expired

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace

LEASES_KEPT = timedelta(days=1)
"""So long after it ran out nobody comes back to a lease of its own."""


ANALYSES_KEPT = timedelta(days=90)
"""What hours looked like longer ago follows from the facts again; analyses of kept schedules stay."""


def compact_files(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    """Rewrite the ledger's fresh files into days and months, move old evaluations, sweep what nobody reads any more."""
    archived = archive_evaluations(workspace.ledger, actor=turn.actor, now=workspace.now())
    done = compact_ledger(workspace.ledger, actor=turn.actor, now=workspace.now())
    swept = sweep_ledger(workspace.ledger, now=datetime.now(UTC))
    return {"files_before": done.files_before, "files_after": done.files_after, "archived": archived, "swept": swept}


def forget_expired(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    """Delete sessions and links that ran out, answers to repeated requests, leases of finished work, old analyses."""
    detail: Mapping[str, object] = {}
    with transaction(workspace.engine) as connection:
        delete_expired(connection, workspace.now())
        delete_old_requests(connection, workspace.now())
        delete_old_analyses(connection, workspace.now() - ANALYSES_KEPT)
        delete_leases(connection, work_lease(""), datetime.now(UTC) - LEASES_KEPT)
        turn.finish(connection, detail)
    return detail
