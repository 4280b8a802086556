"""Finding out what became of changes: after a crash, a lost answer, or a restored backup. Nothing is ever sent here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from adtempo.changes.apply import Road, freeze, said, settle, take_lease
from adtempo.changes.lifecycle import judge_after
from adtempo.changes.trail import record_step
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState
from adtempo.domain.changes import Change, State
from adtempo.domain.errors import NotFound
from adtempo.store import changes as stored
from adtempo.store.accounts import load_account, load_accounts
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction
from adtempo.store.leases import Lease, check_leases, release_leases
from adtempo.store.readings import Known, load_known, record_reading
from adtempo.store.state import load_restored_at, mark_reconciled

log = structlog.get_logger()

APART = timedelta(seconds=30)
"""How far apart the two readings lie that must agree."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A campaign that holds something else than was believed.

    Attributes:
        campaign: Which campaign.
        believed: What it was last seen to hold; None where nobody had said.
        found: What it holds; None where the platform does not know it any more.
    """

    campaign: CampaignRef
    believed: CampaignState | None
    found: CampaignState | None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What reading everything back came to.

    Attributes:
        campaigns: How many were read.
        differences: Those that hold something else than was believed.
        cancelled: Changes that were on their way when a backup was made, and are not any more.
        waiting: Changes whose outcome is still unknown.
    """

    campaigns: int
    differences: tuple[Difference, ...]
    cancelled: int
    waiting: int


def recover_changes(road: Road) -> list[Change]:
    """Freeze what crashed in the middle, resolve what can be, end what ran out; return the changes that moved.

    A campaign that another process works on, or whose platform cannot be asked, waits for the next time and stops no
    other.
    """
    now = road.now()
    with reading(road.engine) as connection:
        due = stored.list_due(connection, now)
    crashed = [change for change in due if change.state is State.SENDING]
    ready = [change for change in due if change.state is State.UNKNOWN]
    over = [change for change in due if change.state not in {State.SENDING, State.UNKNOWN}]
    moved = [_under_lease(road, change, _freeze_crashed) for change in crashed]
    moved += [_under_lease(road, change, _resolve) for change in ready]
    moved += [_expire(road, change) for change in over]
    return [change for change in moved if change is not None]


def reconcile_changes(road: Road) -> Reconciliation:
    """Read every campaign of the armed accounts back; after a restore, this lets sending start again.

    After a restore, changes that were waiting to be sent are cancelled: they may have been sent after the backup.

    Raises:
        PlatformUnavailable: A platform does not answer; nothing was let go on.
    """
    with reading(road.engine) as connection:
        restored = load_restored_at(connection) is not None
        accounts = [account for account in load_accounts(connection) if account.armed]
        known = {account.ref: load_known(connection, account.ref, at=road.now()) for account in accounts}
    cancelled = _cancel_waiting(road) if restored else 0
    recover_changes(road)
    found: dict[CampaignRef, CampaignState | None] = {}
    believed: dict[CampaignRef, Known] = {}
    for account in accounts:
        _, writer = road.open(account)
        believed |= known[account.ref]
        for campaign in known[account.ref]:
            try:
                found[campaign] = writer.fetch_state(campaign, road.now())
            except NotFound:
                found[campaign] = None
    now = road.now()
    differences = [
        Difference(campaign, believed[campaign].state, state)
        for campaign, state in found.items()
        if believed[campaign].state != state
    ]
    with transaction(road.engine) as connection:
        for campaign, state in found.items():
            if state is not None:
                record_reading(connection, campaign, state, now)
        waiting = len(stored.list_changes(connection, states=[State.SENDING, State.UNKNOWN]))
        done = Reconciliation(len(found), tuple(differences), cancelled, waiting)
        if restored:
            mark_reconciled(connection)
        detail = {"campaigns": len(found), "differences": [str(one.campaign) for one in differences]}
        append_audit(connection, at=now, actor=road.actor, action="changes.reconciled", subject="", detail=detail)
    return done


def _cancel_waiting(road: Road) -> int:
    with transaction(road.engine) as connection:
        waiting = stored.list_changes(connection, states=[State.AWAITING_APPROVAL, State.APPROVED])
        answer = "the workspace was restored from a backup; it may have been sent since"
        for change in waiting:
            record_step(connection, change, State.CANCELLED, actor=road.actor, at=road.now(), answer=answer)
    return len(waiting)


def _under_lease(road: Road, change: Change, work: Callable[[Road, Change, Lease], Change | None]) -> Change | None:
    try:
        lease = take_lease(road, change.campaign)
        try:
            return work(road, change, lease)
        finally:
            release_leases(road.engine, [lease])
    except Exception as problem:  # noqa: BLE001 - whatever it was, it stops no other change, and is tried again
        log.warning("change_waits", change=change.id, detail=said(problem))
        return None


def _freeze_crashed(road: Road, change: Change, lease: Lease) -> Change | None:
    with transaction(road.engine) as connection:
        check_leases(connection, [lease])
        change = stored.load_change(connection, change.id, lock=True)
        if change.state is not State.SENDING:
            return None
        return freeze(connection, road, change, "the process that sent it ended before it could say what came of it")


def _resolve(road: Road, change: Change, lease: Lease) -> Change | None:
    """Read a frozen campaign back: two readings that lie apart and agree say what became of its change."""
    with reading(road.engine) as connection:
        account = load_account(connection, change.campaign.account)
    _, writer = road.open(account)
    try:
        seen = writer.fetch_state(change.campaign, road.now())
    except NotFound as problem:
        return _conclude(road, change, lease, State.EXTERNAL, problem.message)
    now = road.now()
    with transaction(road.engine) as connection:
        check_leases(connection, [lease])
        first = stored.load_seen(connection, change.id)
        if first is None or first[0] != seen:
            stored.update_change(
                connection,
                change.id,
                seen_budget_micros=seen.budget_daily_micros,
                seen_status=seen.status,
                seen_at=now,
            )
            return None
        if now - first[1] < APART:
            return None
        record_reading(connection, change.campaign, seen, now)
    return _conclude(road, change, lease, judge_after(change, seen), "read back twice")


def _conclude(road: Road, change: Change, lease: Lease, after: State, answer: str) -> Change | None:
    with transaction(road.engine) as connection:
        check_leases(connection, [lease])
        change = stored.load_change(connection, change.id, lock=True)
        if change.state is not State.UNKNOWN:
            return None
        moved = record_step(
            connection, change, after, actor=road.actor, at=road.now(), answer=answer, resolve_after=None
        )
        return settle(connection, road, moved)


def _expire(road: Road, change: Change) -> Change | None:
    with transaction(road.engine) as connection:
        current = stored.load_change(connection, change.id, lock=True)
        if current.state is not change.state:
            return None
        answer = "nobody decided in time" if change.approval is None else "it was not sent in time"
        return record_step(connection, current, State.EXPIRED, actor=road.actor, at=road.now(), answer=answer)
