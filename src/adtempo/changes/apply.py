"""Sending a change: read, write down, call once, read back. The only file that may open a writer.

The order is the promise. What is written down before the call says that it may have happened, so whoever finds a
change in `sending` knows that it must be read back and never sent again. A platform that cannot be read before the call
changes nothing; one that does not answer it leaves an unknown outcome, and the campaign is frozen until it is resolved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from adtempo.alerts.open import raise_alert, resolve_alert
from adtempo.changes.assemble import load_scene, see
from adtempo.changes.digest import digest_of
from adtempo.changes.guardrails import check_all
from adtempo.changes.lifecycle import judge_before
from adtempo.changes.propose import read_proposal
from adtempo.changes.trail import record_step
from adtempo.domain.accounts import Account, CampaignRef
from adtempo.domain.alerts import Finding, Severity
from adtempo.domain.campaigns import CampaignState
from adtempo.domain.changes import Change, State
from adtempo.domain.errors import AdtempoError, LeaseLost, NotFound, PlatformRejected
from adtempo.domain.money import Money
from adtempo.domain.verdicts import Outcome, Verdict
from adtempo.platforms.base import Writer
from adtempo.platforms.writers import choose_writer, open_writer
from adtempo.store import changes as stored
from adtempo.store.accounts import load_account
from adtempo.store.engine import reading, transaction
from adtempo.store.leases import Lease, check_leases, release_leases, take_leases
from adtempo.store.readings import load_shown, record_reading

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

CALL = timedelta(seconds=20)
"""No call of a writer takes longer: every connector's time limits lie below it."""

LEASE = timedelta(minutes=2)

QUARANTINE = timedelta(minutes=5)
"""For how long a call without an answer may still take hold; platforms publish no such number."""


@dataclass(frozen=True, slots=True)
class Road:
    """What sending needs of the world.

    Attributes:
        engine: The operational database.
        open: Returns the name and the writer of an account.
        now: The moment that changes are judged at, aware.
        real_now: The real time, which leases are about.
        owner: Who holds the leases, unique per run.
        actor: Who does it, for the audit log.
    """

    engine: Engine
    open: Callable[[Account], tuple[str, Writer]]
    now: Callable[[], datetime]
    real_now: Callable[[], datetime]
    owner: str
    actor: str


def build_road(workspace: Workspace, *, owner: str, actor: str) -> Road:
    """Return the road of a workspace: each account's changes go where `choose_writer` says.

    Args:
        workspace: What is open.
        owner: Who holds the leases, unique per run.
        actor: Who does it, for the audit log.
    """

    def believed(campaign: CampaignRef, now: datetime) -> tuple[CampaignState, datetime] | None:
        with reading(workspace.engine) as connection:
            known = load_shown(connection, campaign.account, at=now, campaign=campaign).get(campaign)
        return None if known is None else (known.state, known.at)

    def open_for(account: Account) -> tuple[str, Writer]:
        name = choose_writer(account.source, pretended=workspace.pretended)
        return name, open_writer(name, workspace.home / name, believed)

    return Road(workspace.engine, open_for, workspace.now, lambda: datetime.now(UTC), owner, actor)


def apply_change(road: Road, change_id: int) -> Change:
    """Send an approved change, at most once, and return where it stands then; any other change stays as it is.

    Args:
        road: The world.
        change_id: Its number.

    Raises:
        NotFound: There is no such change, or its account takes no changes.
        LeaseBusy, LeaseLost: Another process works on the campaign.
        PlatformUnavailable: The platform could not be read before the call; nothing was changed.
    """
    with reading(road.engine) as connection:
        change = stored.load_change(connection, change_id)
        account = load_account(connection, change.campaign.account)
    if change.state is not State.APPROVED:
        return change
    name, writer = road.open(account)
    lease = take_lease(road, change.campaign)
    try:
        return _send(road, change, lease, name, writer)
    finally:
        release_leases(road.engine, [lease])


def take_lease(road: Road, campaign: CampaignRef) -> Lease:
    """Take the right to work on a campaign.

    Raises:
        LeaseBusy: Another process has it.
    """
    taken = take_leases(road.engine, [f"campaign:{campaign}"], owner=road.owner, now=road.real_now(), ttl=LEASE)
    return taken[0]


def _send(road: Road, change: Change, lease: Lease, name: str, writer: Writer) -> Change:
    try:
        seen = writer.fetch_state(change.campaign, road.now())
    except NotFound as problem:
        return _finish(road, change, lease, State.EXTERNAL, problem.message)
    change = _write_ahead(road, change, lease, name, seen)
    if change.state is not State.SENDING:
        return change
    try:
        _call(writer, change, road.now())
    except (PlatformRejected, NotFound) as problem:
        return _finish(road, change, lease, State.REFUSED, problem.message)
    except Exception as problem:  # noqa: BLE001 - whatever it was, it was no definite answer
        return _finish(road, change, lease, State.UNKNOWN, f"no definite answer: {said(problem)}")
    try:
        seen = writer.fetch_state(change.campaign, road.now())
    except Exception as problem:  # noqa: BLE001 - a yes that cannot be read back is no outcome yet
        return _finish(road, change, lease, State.UNKNOWN, f"the platform said yes, then: {said(problem)}")
    if seen != change.target:
        return _finish(road, change, lease, State.UNKNOWN, "the platform said yes, and holds something else")
    return _finish(road, change, lease, State.APPLIED, "read back as it was asked", seen)


def _call(writer: Writer, change: Change, now: datetime) -> None:
    if change.prior.budget_daily_micros != change.target.budget_daily_micros:
        writer.apply_budget(change.campaign, change.target.budget_daily_micros, now)
    else:
        writer.apply_status(change.campaign, change.target.status, now)


def said(problem: Exception) -> str:
    """Return what an exception says, ours or not."""
    return problem.message if isinstance(problem, AdtempoError) else f"{type(problem).__name__}: {problem}"


def _write_ahead(road: Road, change: Change, lease: Lease, name: str, seen: CampaignState) -> Change:
    """Write down that the call is about to be made, having checked everything again; or end the change here."""
    now = road.now()
    with transaction(road.engine) as connection:
        check_leases(connection, [lease])
        if lease.expires_at - road.real_now() < CALL:
            raise LeaseLost("the lease would run out during the call; nothing was sent, it is tried again")
        stored.lock_account(connection, change.campaign.account)
        change = stored.load_change(connection, change.id, lock=True)
        record_reading(connection, change.campaign, seen, now)
        if change.state is not State.APPROVED:
            return change
        judged = judge_before(change, seen)
        if judged is State.APPLIED:
            return _end(connection, road, change, State.APPLIED, "the platform holds it already; no call was made")
        if judged is State.EXTERNAL:
            held = f"{Money(seen.budget_daily_micros, change.currency)}, {seen.status}"
            answer = f"somebody else changed the campaign: it holds {held}"
            return _end(connection, road, change, State.EXTERNAL, answer)
        scene = load_scene(connection, change.campaign.account, now=now, campaign=change.campaign)
        verdicts = check_all(read_proposal(change), see(scene.without(change.campaign), change.campaign))
        after, answer = _recheck(change, verdicts, scene.account, now)
        values: dict[str, object] = {"answer": answer}
        if after is State.SENDING:
            values |= {"sends": change.sends + 1, "sent_at": now, "fence": lease.fence, "writer": name}
        return record_step(connection, change, after, actor=road.actor, at=now, **values)


def _recheck(change: Change, verdicts: tuple[Verdict, ...], account: Account, now: datetime) -> tuple[State, str]:
    """Return where a change goes that is about to be sent, and why."""
    if now >= change.expires_at:
        return State.EXPIRED, "it was not sent in time"
    if change.approval is None or change.approval.digest != digest_of(change):
        return State.CANCELLED, "it is not what was approved"
    if not account.armed:
        return State.CANCELLED, f"account {account.ref} is not armed any more"
    vetoes = [verdict.reason for verdict in verdicts if verdict.outcome is Outcome.VETO]
    if vetoes:
        return State.CANCELLED, "; ".join(vetoes)
    return State.SENDING, ""


def _finish(
    road: Road, change: Change, lease: Lease, after: State, answer: str, seen: CampaignState | None = None
) -> Change:
    with transaction(road.engine) as connection:
        check_leases(connection, [lease])
        current = stored.load_change(connection, change.id, lock=True)
        if current.state is not change.state:
            return current
        if seen is not None:
            record_reading(connection, change.campaign, seen, road.now())
        if after is State.UNKNOWN:
            return freeze(connection, road, change, answer)
        return _end(connection, road, change, after, answer)


def freeze(connection: Connection, road: Road, change: Change, answer: str) -> Change:
    """Note that nobody knows what became of a call; the campaign is read back when no call can take hold any more.

    Args:
        connection: Of a writing transaction that holds the change's row.
        road: The world.
        change: A change that was sent.
        answer: Why nobody knows.
    """
    now = road.now()
    assert change.sent_at is not None
    resolve_after = max(change.sent_at + CALL, now) + QUARANTINE
    moved = record_step(
        connection, change, State.UNKNOWN, actor=road.actor, at=now, answer=answer, resolve_after=resolve_after
    )
    raise_alert(connection, unknown_outcome(moved), now=now)
    return moved


def _end(connection: Connection, road: Road, change: Change, after: State, answer: str) -> Change:
    moved = record_step(connection, change, after, actor=road.actor, at=road.now(), answer=answer)
    return settle(connection, road, moved)


def settle(connection: Connection, road: Road, change: Change) -> Change:
    """Draw what follows from an outcome: a change that was taken back is reverted, an alert about it is over.

    Args:
        connection: Of a writing transaction that holds the change's row.
        road: The world.
        change: A change whose outcome is known now.
    """
    if change.state is State.APPLIED and change.reverts is not None:
        original = stored.load_change(connection, change.reverts, lock=True)
        record_step(connection, original, State.REVERTED, actor=road.actor, at=road.now())
    resolve_alert(connection, unknown_outcome(change), now=road.now())
    return change


def unknown_outcome(change: Change) -> Finding:
    """Return what people are told while the outcome of a change is unknown."""
    message = f"Nobody knows yet whether change {change.id} of campaign {change.campaign} took hold; it is frozen."
    return Finding("change_unknown", Severity.WARNING, message, campaign=change.campaign)
