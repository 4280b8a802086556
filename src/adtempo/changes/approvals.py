"""Who may let a change pass, and until when: a signed-in person decides on exactly what they were shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from adtempo.changes.assemble import load_halted, load_scene
from adtempo.changes.digest import digest_of
from adtempo.changes.lifecycle import in_words
from adtempo.changes.propose import draft_change, read_proposal
from adtempo.changes.trail import record_revision, record_step
from adtempo.domain.changes import Change, State
from adtempo.domain.errors import ApprovalExpired, ChangeMoved, ChangesHalted, Conflict, Forbidden
from adtempo.domain.money import Money
from adtempo.domain.proposals import Proposal
from adtempo.domain.roles import Action, Person, Role
from adtempo.store import changes as stored
from adtempo.store.accounts import load_account
from adtempo.store.engine import reading, transaction
from adtempo.store.ledger import has_newer_facts
from adtempo.store.readings import load_known

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

Again = Callable[[Change], Proposal | None]
"""Evaluates the campaign of a change anew; None where there is nothing to change any more."""


def approve_change(
    workspace: Workspace, change_id: int, *, approver: Person, digest: str | None = None, again: Again | None = None
) -> Change:
    """Let a waiting change pass and return it; sending it is the next step, not this one.

    If facts or platform moved since it was proposed, it is evaluated anew: the same change proceeds, another one takes
    its place in the queue.

    Args:
        workspace: What is open.
        change_id: Its number.
        approver: Who decides, signed in.
        digest: Of what they were shown; None = as it stands now.
        again: How to evaluate anew; None where nothing can.

    Raises:
        NotFound: There is no such change.
        Forbidden: The person may not approve, not so much, or asked for the change themselves.
        ApprovalExpired: Its time is over.
        ChangesHalted: Nothing is sent at present.
        ChangeMoved: It is not what was shown, or not what would be proposed now.
        Conflict: It waits for nobody: it was decided on already, or its account is not armed.
    """
    _check_may(approver)
    with reading(workspace.engine) as connection:
        change = stored.load_change(connection, change_id)
        moved = find_moved(connection, change, workspace.now())
    if read_proposal(change).by_person:
        again = None  # only whoever asked for it can say what they want now
    proposal = again(change) if moved and again is not None and change.state is State.AWAITING_APPROVAL else None
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        stored.lock_account(connection, change.campaign.account)
        change = stored.load_change(connection, change_id, lock=True)
        _check_waiting(connection, change, approver, digest)
        if now < change.expires_at:
            moved = find_moved(connection, change, now)
            problem = _reconsider(connection, change, moved, proposal, again is not None, approver.name, now)
            if problem is None:
                values = {"approved_by": approver.name, "approved_at": now, "approved_digest": change.digest}
                return record_step(connection, change, State.APPROVED, actor=approver.name, at=now, **values)
        else:
            answer = "nobody decided in time"
            record_step(connection, change, State.EXPIRED, actor=approver.name, at=now, answer=answer)
            problem = ApprovalExpired(f"change {change_id} expired at {change.expires_at:%Y-%m-%d %H:%M} UTC")
    raise problem


def reject_change(workspace: Workspace, change_id: int, *, approver: Person, reason: str = "") -> Change:
    """Refuse a waiting change, or wave a suggestion aside, and return it.

    Raises:
        NotFound: There is no such change.
        Forbidden: The person may not decide.
        Conflict: It was decided on already.
    """
    _check_may(approver)
    with transaction(workspace.engine) as connection:
        change = stored.load_change(connection, change_id, lock=True)
        if change.state not in {State.AWAITING_APPROVAL, State.PROPOSED}:
            raise Conflict(_decided(change))
        answer = reason or f"rejected by {approver.name}"
        return record_step(connection, change, State.REJECTED, actor=approver.name, at=workspace.now(), answer=answer)


def find_moved(connection: Connection, change: Change, now: datetime) -> list[str]:
    """Return what moved since a change was proposed, one sentence each.

    Args:
        connection: Any connection.
        change: Which change.
        now: The moment, aware.
    """
    moved = []
    account = change.campaign.account
    known = load_known(connection, account, at=now, campaign=change.campaign).get(change.campaign)
    if known is not None and known.state != change.prior:
        moved.append("the campaign holds another budget or status")
    if not read_proposal(change).by_person and has_newer_facts(connection, account, change.batch):
        moved.append("newer facts have come in")
    return moved


def _reconsider(
    connection: Connection,
    change: Change,
    moved: list[str],
    proposal: Proposal | None,
    evaluated: bool,  # noqa: FBT001 - None is a possible result of an evaluation
    actor: str,
    at: datetime,
) -> Conflict | None:
    """Hold a change against what would be proposed now; return the problem if it is not the same any more."""
    if not moved:
        return None
    since = " and ".join(moved)
    if not evaluated:
        return ChangeMoved(f"since change {change.id} was proposed, {since}; reject it, the next window decides anew")
    if proposal is None:
        answer = f"{since}; evaluated anew, there is nothing to change"
        record_step(connection, change, State.CANCELLED, actor=actor, at=at, answer=answer)
        return ChangeMoved(f"change {change.id} was cancelled: {answer}")
    scene = load_scene(connection, change.campaign.account, now=at, campaign=change.campaign)
    drafted = draft_change(scene.without(change.campaign), proposal, actor=change.actor)
    if drafted.state is State.BLOCKED:
        answer = f"{since}; evaluated anew, a guardrail vetoes it"
        record_step(connection, change, State.CANCELLED, actor=actor, at=at, answer=answer)
        return ChangeMoved(f"change {change.id} was cancelled: {answer}")
    if (drafted.action, drafted.prior, drafted.target) == (change.action, change.prior, change.target):
        return None
    revised = replace(drafted, policy_key=change.policy_key, window=change.window, run=change.run)
    record_revision(connection, change, replace(revised, digest=digest_of(revised)), actor=actor, at=at)
    return ChangeMoved(f"{since}, so change {change.id} was evaluated anew and differs now; look at it again")


def _check_may(approver: Person) -> None:
    if not approver.may(Action.APPROVE):
        raise Forbidden(f"{approver.name} may not approve or reject changes; ask an approver or an admin")


def _check_waiting(connection: Connection, change: Change, approver: Person, digest: str | None) -> None:
    account = load_account(connection, change.campaign.account)
    if change.state is State.PROPOSED and account.armed:
        raise Conflict(
            f"change {change.id} was suggested before account {account.ref} was armed and stays a suggestion; the next "
            "window proposes afresh: adtempo budgets run"
        )
    if not account.armed:
        raise Conflict(
            f"account {account.ref} is not armed, so change {change.id} is only a suggestion; arm the account "
            f"with adtempo accounts arm {account.ref}, then the next window proposes afresh"
        )
    if change.state is not State.AWAITING_APPROVAL:
        raise Conflict(_decided(change))
    if halted := load_halted(connection):
        raise ChangesHalted(halted)
    if digest is not None and digest != change.digest:
        raise ChangeMoved(f"change {change.id} is not what you were shown any more; look at it again")
    limit = account.approver_limit_micros
    if limit is not None and change.target.committed_micros > limit and approver.role is not Role.ADMIN:
        allowed = Money(limit, change.currency)
        raise Forbidden(f"in account {account.ref} approvers decide on budgets up to {allowed} a day; ask an admin")
    proposal = read_proposal(change)
    if change.actor == approver.name and proposal.target.committed_micros > proposal.policy.approval_above_micros:
        raise Forbidden(f"{approver.name} asked for change {change.id}; somebody else must approve it")


def _decided(change: Change) -> str:
    by = f" by {change.approval.by}" if change.approval is not None else ""
    return f"change {change.id} is {in_words(change.state)}{by} already; adtempo changes explain {change.id} says more"
