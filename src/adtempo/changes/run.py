"""What people and jobs do with changes: list them, decide, send what may be sent, find out what became of it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from adtempo.changes.apply import Road, apply_change, build_road, said
from adtempo.changes.approvals import Again, approve_change
from adtempo.changes.recover import Reconciliation, reconcile_changes, recover_changes
from adtempo.changes.revert import revert_change, revert_run
from adtempo.domain.changes import Change, State
from adtempo.domain.errors import InvalidInput
from adtempo.domain.roles import Person
from adtempo.store import changes as stored
from adtempo.store.accounts import find_account, find_campaign
from adtempo.store.audit import AuditEntry, load_trail
from adtempo.store.engine import reading

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sendings:
    """What one turn of the road did.

    Attributes:
        recovered: Changes that were frozen, resolved or ended.
        sent: Approved changes that were worked on, as they stand now.
        waiting: How many could not be worked on yet; they are tried again.
    """

    recovered: tuple[Change, ...]
    sent: tuple[Change, ...]
    waiting: int


def apply_changes(workspace: Workspace, *, actor: str) -> Sendings:
    """Find out what became of earlier changes, then send every approved one; one that fails never stops the others."""
    road = _road(workspace, actor)
    recovered = recover_changes(road)
    with reading(workspace.engine) as connection:
        approved = stored.list_changes(connection, states=[State.APPROVED])
    sent = [_try(road, change) for change in reversed(approved)]
    return Sendings(tuple(recovered), tuple(change for change in sent if change is not None), sent.count(None))


def approve_and_apply(
    workspace: Workspace, change_id: int, *, approver: Person, digest: str | None = None, again: Again | None = None
) -> Change:
    """Let a waiting change pass and send it at once; `approvals.approve_change` says what can stand in the way."""
    approved = approve_change(workspace, change_id, approver=approver, digest=digest, again=again)
    return _try(_road(workspace, approver.name), approved) or approved


def revert_and_apply(
    workspace: Workspace, *, change_id: int | None = None, run: str | None = None, actor: str
) -> list[Change]:
    """Take back one change, or all of a run, and return the inverse changes; those that need no approval are sent.

    Raises:
        InvalidInput: Not exactly one of both is named.
        NotFound: There is no such change, or none of the run that can be taken back.
        Conflict: The change never took hold, or was taken back already.
    """
    if (change_id is None) == (run is None):
        raise InvalidInput("name a change or a run, not both")
    if change_id is not None:
        proposed = [revert_change(workspace, change_id, actor=actor)]
    else:
        proposed = revert_run(workspace, run or "", actor=actor)
    road = _road(workspace, actor)
    return [_try(road, change) or change for change in proposed]


def reconcile(workspace: Workspace, *, actor: str) -> Reconciliation:
    """Read every campaign of the armed accounts back; after a restore, this lets sending start again.

    Raises:
        PlatformUnavailable: A platform does not answer; nothing was let go on.
    """
    return reconcile_changes(_road(workspace, actor))


def load_change(workspace: Workspace, change_id: int) -> Change:
    """Return one change.

    Raises:
        NotFound: There is no such change.
    """
    with reading(workspace.engine) as connection:
        return stored.load_change(connection, change_id)


def load_story(workspace: Workspace, change_id: int) -> tuple[Change, list[AuditEntry]]:
    """Return one change and its rows of the audit log, the oldest first.

    Raises:
        NotFound: There is no such change.
    """
    with reading(workspace.engine) as connection:
        change = stored.load_change(connection, change_id)
        return change, load_trail(connection, f"change {change_id}")


def load_changes(
    workspace: Workspace,
    *,
    states: Collection[State] | None = None,
    account: str | None = None,
    campaign: str | None = None,
    run: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Change]:
    """Return changes, the newest first.

    Args:
        workspace: What is open.
        states: Only in these states.
        account: Only of this account, by its id or as platform:account.
        campaign: Only of this campaign, by its id or as platform:account:campaign.
        run: Only of this run.
        before: Only those with a lower number.
        limit: At most so many.

    Raises:
        NotFound: There is no such account or campaign.
    """
    with reading(workspace.engine) as connection:
        return stored.list_changes(
            connection,
            states=states,
            account=None if account is None else find_account(connection, account).ref,
            campaign=None if campaign is None else find_campaign(connection, campaign),
            run=run,
            before=before,
            limit=limit,
        )


def _road(workspace: Workspace, actor: str) -> Road:
    return build_road(workspace, owner=f"{os.getpid()}:{uuid.uuid4().hex}", actor=actor)


def _try(road: Road, change: Change) -> Change | None:
    try:
        return apply_change(road, change.id)
    except Exception as problem:  # noqa: BLE001 - whatever it was, it stops no other change, and is tried again
        log.warning("change_waits", change=change.id, detail=said(problem))
        return None
