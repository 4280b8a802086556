"""Sending changes and finding out what became of them, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

import judge
import roads
from adtempo.alerts.open import load_alerts
from adtempo.changes import recover
from adtempo.changes.apply import CALL, LEASE, QUARANTINE, Road, apply_change, build_road, take_lease
from adtempo.changes.propose import propose_changes
from adtempo.changes.recover import APART, reconcile_changes, recover_changes
from adtempo.changes.run import apply_changes, load_change, load_changes, reconcile
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.changes import Change, State
from adtempo.domain.errors import (
    LeaseBusy,
    LeaseLost,
    NotFound,
    PlatformOutcomeUnknown,
    PlatformRejected,
    PlatformUnavailable,
)
from adtempo.platforms.sandbox.edits import Field
from adtempo.store.accounts import change_account
from adtempo.store.backup import back_up, restore
from adtempo.store.changes import update_change
from adtempo.store.engine import open_engine, transaction
from adtempo.store.leases import Lease, release_leases
from adtempo.store.state import mark_restored
from adtempo.workspace import Workspace, open_workspace

RAISED = CampaignState(220 * roads.EURO, Status.ACTIVE)


@dataclass
class Puppet:
    """A writer that does as it is told: what it holds, and what to raise at each call."""

    held: CampaignState = roads.ACTIVE
    reads: list[Exception | None] = field(default_factory=list)
    write: Exception | None = None
    takes: bool = True
    calls: int = 0
    before_read: Callable[[], None] = lambda: None

    def fetch_state(self, campaign: CampaignRef, now: datetime) -> CampaignState:
        self.before_read()
        problem = self.reads.pop(0) if self.reads else None
        if problem is not None:
            raise problem
        return self.held

    def apply_budget(self, campaign: CampaignRef, budget_daily_micros: int, now: datetime) -> None:
        self.calls += 1
        if self.takes:
            self.held = replace(self.held, budget_daily_micros=budget_daily_micros)
        if self.write is not None:
            raise self.write

    def apply_status(self, campaign: CampaignRef, status: Status, now: datetime) -> None:
        self.calls += 1
        self.held = replace(self.held, status=status)


def road(workspace: Workspace, puppet: Puppet, *, later: timedelta = timedelta(), engine: Engine | None = None) -> Road:
    """A road to a puppet, some time later."""
    now = workspace.now() + later
    return Road(engine or workspace.engine, lambda _: ("sandbox", puppet), lambda: now, lambda: now, "test", "test")


@pytest.fixture
def approved(workspace: Workspace) -> Change:
    """A small raise that needs no person."""
    roads.furnish(workspace)
    return propose_changes(workspace, [roads.proposal(workspace.now())], actor="rule")[0]


def test_an_approved_change_is_sent_once_read_back_and_told_whole(workspace: Workspace, approved: Change) -> None:
    sent = apply_changes(workspace, actor="job").sent
    assert [(change.state, change.sends, change.writer) for change in sent] == [(State.APPLIED, 1, "sandbox")]
    assert apply_changes(workspace, actor="job").sent == ()
    assert apply_change(build_road(workspace, owner="o", actor="a"), approved.id).state is State.APPLIED
    told = judge.read_trail(workspace.engine)
    assert told["change 1"].steps == ["approved", "sending", "applied"]
    assert judge.judge(told, judge.read_edits(workspace.home / "sandbox")) == []


def test_a_pause_changes_the_status_and_not_the_budget(workspace: Workspace) -> None:
    market = roads.furnish(workspace)
    propose_changes(workspace, [roads.pause(workspace.now())], actor="rule")
    apply_changes(workspace, actor="job")
    assert roads.held(market, workspace.now()) == CampaignState(roads.BUDGET, Status.PAUSED)


def test_what_somebody_else_changed_is_left_alone(workspace: Workspace, approved: Change) -> None:
    market = roads.build_market(workspace.home / "sandbox")
    market.record_edit(roads.campaign(), Field.BUDGET, "300000000", workspace.now(), "human")
    change = apply_changes(workspace, actor="job").sent[0]
    assert (change.state, change.sends) == (State.EXTERNAL, 0)
    assert "it holds 300.00 EUR, active" in change.answer


def test_what_the_platform_holds_already_needs_no_call(workspace: Workspace, approved: Change) -> None:
    puppet = Puppet(RAISED)
    assert apply_change(road(workspace, puppet), approved.id).state is State.APPLIED
    assert puppet.calls == 0


def test_a_refusal_ends_it_and_a_later_window_may_try_again(workspace: Workspace, approved: Change) -> None:
    puppet = Puppet(write=PlatformRejected("the budget is locked"), takes=False)
    change = apply_change(road(workspace, puppet), approved.id)
    assert (change.state, change.answer) == (State.REFUSED, "the budget is locked")
    window = workspace.now() + timedelta(hours=1)
    again = propose_changes(workspace, [roads.proposal(workspace.now(), window=window)], actor="rule")[0]
    assert again.state is State.APPROVED


def test_a_platform_that_cannot_be_read_changes_nothing(workspace: Workspace, approved: Change) -> None:
    puppet = Puppet(reads=[PlatformUnavailable()])
    with pytest.raises(PlatformUnavailable):
        apply_change(road(workspace, puppet), approved.id)
    assert (puppet.calls, load_change(workspace, approved.id).state) == (0, State.APPROVED)


def test_a_campaign_that_is_gone_is_left_alone(workspace: Workspace, approved: Change) -> None:
    assert apply_change(road(workspace, Puppet(reads=[NotFound("gone")])), approved.id).state is State.EXTERNAL


def test_whatever_goes_wrong_with_one_change_stops_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads.furnish(workspace, count=2)
    now, bug = workspace.now(), RuntimeError("a bug of a connector")
    propose_changes(workspace, [roads.proposal(now), roads.proposal(now, 2)], actor="rule")
    puppet = Puppet(reads=[bug, None, PlatformUnavailable()])
    monkeypatch.setattr("adtempo.changes.apply.open_writer", lambda *_: puppet)
    done = apply_changes(workspace, actor="job")
    assert ([change.state for change in done.sent], done.waiting, puppet.calls) == ([State.UNKNOWN], 1, 1)
    puppet.held, puppet.reads = roads.ACTIVE, [None, PlatformUnavailable()]
    assert [change.state for change in apply_changes(workspace, actor="job").sent] == [State.UNKNOWN]
    puppet.reads = [bug, None, None, None]
    for later in (CALL + QUARANTINE, CALL + QUARANTINE + APART):
        resolved = recover_changes(road(workspace, puppet, later=later))
    assert len(resolved) == 1


@pytest.mark.parametrize(
    ("puppet", "outcome"),
    [
        (Puppet(write=PlatformOutcomeUnknown()), State.APPLIED),
        (Puppet(write=PlatformOutcomeUnknown(), takes=False), State.NOT_APPLIED),
        (Puppet(write=RuntimeError("a bug of a connector")), State.APPLIED),
        (Puppet(reads=[None, PlatformUnavailable()]), State.APPLIED),
        (Puppet(takes=False), State.NOT_APPLIED),
    ],
    ids=["answer_lost", "lost", "bug", "not_read_back", "yes_but_no"],
)
def test_an_unclear_outcome_freezes_the_campaign_until_two_readings_agree(
    workspace: Workspace, approved: Change, puppet: Puppet, outcome: State
) -> None:
    puppet = replace(puppet, reads=list(puppet.reads))
    frozen = apply_change(road(workspace, puppet), approved.id)
    assert (frozen.state, puppet.calls) == (State.UNKNOWN, 1)
    assert [alert.finding.alert_type for alert in load_alerts(workspace)] == ["change_unknown"]
    window = workspace.now() + timedelta(hours=1)
    assert (
        propose_changes(workspace, [roads.proposal(workspace.now(), window=window)], actor="r")[0].state
        is State.BLOCKED
    )
    assert recover_changes(road(workspace, puppet, later=QUARANTINE)) == []
    ready = CALL + QUARANTINE
    puppet.reads = [PlatformUnavailable()]
    for later in (ready, ready, ready + APART / 2):
        assert recover_changes(road(workspace, puppet, later=later)) == []
    resolved = recover_changes(road(workspace, puppet, later=ready + APART))
    assert [(change.state, change.sends) for change in resolved] == [(outcome, 1)]
    assert puppet.calls == 1
    assert load_alerts(workspace) == []


def test_two_readings_that_differ_are_followed_by_a_third(workspace: Workspace, approved: Change) -> None:
    puppet = Puppet(write=PlatformOutcomeUnknown(), takes=False)
    apply_change(road(workspace, puppet), approved.id)
    ready = CALL + QUARANTINE
    recover_changes(road(workspace, puppet, later=ready))
    puppet.held = CampaignState(1_000_000, Status.ACTIVE)
    assert recover_changes(road(workspace, puppet, later=ready + APART)) == []
    resolved = recover_changes(road(workspace, puppet, later=ready + 2 * APART))
    assert [change.state for change in resolved] == [State.EXTERNAL]


def test_a_frozen_campaign_that_is_gone_is_external(workspace: Workspace, approved: Change) -> None:
    puppet = Puppet(write=PlatformOutcomeUnknown(), takes=False)
    apply_change(road(workspace, puppet), approved.id)
    puppet.reads = [NotFound("gone")]
    resolved = recover_changes(road(workspace, puppet, later=CALL + QUARANTINE))
    assert [change.state for change in resolved] == [State.EXTERNAL]


def test_nothing_is_sent_when_the_write_ahead_cannot_commit(workspace: Workspace, approved: Change) -> None:
    """The disk fills up, or the database becomes read-only, just before the call."""
    puppet = Puppet()

    def fail(*arguments: Any) -> None:
        if "UPDATE scaling_actions" in arguments[2]:
            raise OperationalError("UPDATE", {}, Exception("database or disk is full"))

    event.listen(workspace.engine, "before_cursor_execute", fail)
    with pytest.raises(OperationalError):
        apply_change(road(workspace, puppet), approved.id)
    event.remove(workspace.engine, "before_cursor_execute", fail)
    assert (puppet.calls, load_change(workspace, approved.id).state) == (0, State.APPROVED)


def test_a_database_file_that_cannot_be_written_sends_nothing(tmp_path: Path, now: datetime) -> None:
    with open_workspace(tmp_path, now=now) as workspace:
        roads.furnish(workspace)
        change = propose_changes(workspace, [roads.proposal(now)], actor="rule")[0]
        closed = open_engine(f"sqlite:///file:{tmp_path / 'adtempo.db'}?mode=ro&uri=true")
        puppet = Puppet()
        with pytest.raises(OperationalError, match="readonly"):
            apply_change(road(workspace, puppet, engine=closed), change.id)
        closed.dispose()
        assert (puppet.calls, load_change(workspace, change.id).state) == (0, State.APPROVED)


def test_an_answer_that_cannot_be_written_down_is_read_back_later(workspace: Workspace, approved: Change) -> None:
    puppet = Puppet()

    def fail(*arguments: Any) -> None:
        if puppet.calls and "UPDATE scaling_actions" in arguments[2]:
            raise OperationalError("UPDATE", {}, Exception("database or disk is full"))

    event.listen(workspace.engine, "before_cursor_execute", fail)
    with pytest.raises(OperationalError):
        apply_change(road(workspace, puppet), approved.id)
    event.remove(workspace.engine, "before_cursor_execute", fail)
    assert load_change(workspace, approved.id).state is State.SENDING
    frozen = recover_changes(road(workspace, puppet))
    assert [change.state for change in frozen] == [State.UNKNOWN]
    ready = 2 * (CALL + QUARANTINE)
    recover_changes(road(workspace, puppet, later=ready))
    resolved = recover_changes(road(workspace, puppet, later=ready + APART))
    assert [(change.state, change.sends) for change in resolved] == [(State.APPLIED, 1)]


def test_a_row_that_was_edited_after_its_approval_is_not_sent(workspace: Workspace, approved: Change) -> None:
    with transaction(workspace.engine) as connection:
        connection.execute(text("UPDATE scaling_actions SET new_budget_micros = 230000000"))
    change = apply_changes(workspace, actor="job").sent[0]
    assert (change.state, change.answer, change.sends) == (State.CANCELLED, "it is not what was approved", 0)


def test_a_disarmed_account_is_not_touched(workspace: Workspace, approved: Change) -> None:
    with transaction(workspace.engine) as connection:
        change_account(connection, roads.ACCOUNT, armed=False)
    change = apply_changes(workspace, actor="job").sent[0]
    assert change.state is State.CANCELLED
    assert "not armed any more" in change.answer


def test_a_change_that_waited_too_long_is_not_sent(workspace: Workspace, approved: Change) -> None:
    late = timedelta(hours=13)
    assert apply_change(road(workspace, Puppet(), later=late), approved.id).state is State.EXPIRED


def test_what_ran_out_ends(workspace: Workspace) -> None:
    roads.furnish(workspace, count=2)
    now, strict = workspace.now(), roads.policy(auto_approve_up_to_micros=0)
    propose_changes(workspace, [roads.proposal(now, policy=strict), roads.proposal(now, 2)], actor="rule")
    ended = recover_changes(road(workspace, Puppet(), later=timedelta(hours=12)))
    assert {(change.state, change.answer) for change in ended} == {
        (State.EXPIRED, "nobody decided in time"),
        (State.EXPIRED, "it was not sent in time"),
    }


def test_two_processes_never_work_on_one_campaign(workspace: Workspace, approved: Change) -> None:
    puppet = Puppet()
    first = road(workspace, puppet)
    lease = take_lease(first, approved.campaign)
    with pytest.raises(LeaseBusy):
        apply_change(first, approved.id)
    with transaction(workspace.engine) as connection:
        update_change(
            connection,
            approved.id,
            state=State.SENDING,
            sends=1,
            sent_at=workspace.now(),
            fence=lease.fence,
            writer="sandbox",
        )
    assert recover_changes(first) == []
    release_leases(workspace.engine, [lease])
    assert puppet.calls == 0


def test_a_lease_that_would_run_out_during_the_call_stops_it(workspace: Workspace, approved: Change) -> None:
    puppet = Puppet()
    here = road(workspace, puppet)
    moments = iter([workspace.now(), workspace.now() + LEASE])
    with pytest.raises(LeaseLost, match="would run out"):
        apply_change(replace(here, real_now=lambda: next(moments)), approved.id)
    assert puppet.calls == 0


@pytest.mark.parametrize("problem", [None, NotFound("gone")])
def test_a_change_that_ended_while_the_platform_was_read_is_not_sent(
    workspace: Workspace, approved: Change, problem: Exception | None
) -> None:
    def expire() -> None:
        with transaction(workspace.engine) as connection:
            update_change(connection, approved.id, state=State.EXPIRED, finished_at=workspace.now())

    puppet = Puppet(reads=[problem], before_read=expire)
    assert apply_change(road(workspace, puppet), approved.id).state is State.EXPIRED
    assert puppet.calls == 0


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN, State.APPROVED])
def test_recovery_leaves_alone_what_moved_meanwhile(
    workspace: Workspace, approved: Change, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process resolved the change between the look at the list and the lease."""
    now = workspace.now()
    values: dict[str, Any] = {"state": state, "expires_at": now + timedelta(seconds=1)}
    if state is not State.APPROVED:
        values |= {"sends": 1, "sent_at": now, "fence": 1, "writer": "sandbox"}
    if state is State.UNKNOWN:
        values["resolve_after"] = now
    with transaction(workspace.engine) as connection:
        update_change(connection, approved.id, **values)

    def meanwhile() -> None:
        with transaction(workspace.engine) as connection:
            update_change(connection, approved.id, state=State.APPLIED, finished_at=now, resolve_after=None)

    def lease_late(here: Road, campaign: CampaignRef) -> Lease:
        meanwhile()
        return take_lease(here, campaign)

    def expire_late(here: Road, change: Change) -> Change | None:
        meanwhile()
        return expire(here, change)

    expire = recover._expire
    monkeypatch.setattr(recover, "take_lease", lease_late)
    monkeypatch.setattr(recover, "_expire", expire_late)
    puppet = Puppet(reads=[NotFound("gone")])
    assert recover_changes(road(workspace, puppet, later=timedelta(seconds=1))) == []
    assert load_change(workspace, approved.id).state is State.APPLIED


def test_one_change_that_fails_never_stops_the_others(workspace: Workspace) -> None:
    roads.furnish(workspace, count=2)
    now = workspace.now()
    first, second = propose_changes(workspace, [roads.proposal(now), roads.proposal(now, 2)], actor="rule")
    here = build_road(workspace, owner="somebody", actor="x")
    take_lease(here, first.campaign)
    done = apply_changes(workspace, actor="job")
    assert ([change.id for change in done.sent], done.waiting) == ([second.id], 1)


def test_a_restored_database_sends_nothing_until_everything_was_read_back(workspace: Workspace) -> None:
    market = roads.furnish(workspace, count=3)
    now, strict = workspace.now(), roads.policy(auto_approve_up_to_micros=0)
    propose_changes(workspace, [roads.proposal(now), roads.proposal(now, 2, policy=strict)], actor="rule")
    with transaction(workspace.engine) as connection:
        mark_restored(connection, now)
    market.record_edit(roads.campaign(3), Field.BUDGET, "1000000", now, "human")
    assert [change.state for change in apply_changes(workspace, actor="job").sent] == [State.CANCELLED]
    blocked = propose_changes(workspace, [roads.proposal(now, 3)], actor="rule")[0]
    assert blocked.state is State.BLOCKED
    done = reconcile(workspace, actor="bob")
    assert (done.campaigns, done.cancelled, done.waiting) == (3, 1, 0)
    assert [(one.campaign, one.found) for one in done.differences] == [
        (roads.campaign(3), CampaignState(1_000_000, Status.ACTIVE))
    ]
    window = now + timedelta(hours=1)
    assert propose_changes(workspace, [roads.proposal(now, window=window)], actor="r")[0].state is State.APPROVED
    assert reconcile(workspace, actor="bob").cancelled == 0
    assert len(load_changes(workspace, account="t1", campaign="1")) == 2


def test_reconciling_names_campaigns_that_are_gone_and_stops_where_a_platform_is_silent(
    workspace: Workspace, approved: Change
) -> None:
    done = reconcile_changes(road(workspace, Puppet(reads=[NotFound("gone")])))
    assert [one.found for one in done.differences] == [None]
    with transaction(workspace.engine) as connection:
        mark_restored(connection, workspace.now())
    with pytest.raises(PlatformUnavailable):
        reconcile_changes(road(workspace, Puppet(reads=[PlatformUnavailable()])))
    later = roads.pause(workspace.now(), window=workspace.now() + timedelta(hours=1))
    assert propose_changes(workspace, [later], actor="r")[0].state is State.BLOCKED


def test_a_backup_restored_elsewhere_sends_nothing_until_it_is_reconciled(tmp_path: Path, now: datetime) -> None:
    """The drill: a change is approved, backed up, then sent; the restored copy must not send it a second time."""
    with open_workspace(tmp_path / "home", now=now) as workspace:
        market = roads.furnish(workspace)
        change = propose_changes(workspace, [roads.proposal(now)], actor="rule")[0]
        back_up(workspace.engine, workspace.ledger_dir, tmp_path / "backup", at=now)
        apply_changes(workspace, actor="job")
    with open_workspace(tmp_path / "copy", now=now) as copy:
        restore(copy.engine, copy.ledger_dir, tmp_path / "backup", at=now, actor="ann")
        (tmp_path / "home" / "sandbox").rename(copy.home / "sandbox")
        market = roads.build_market(copy.home / "sandbox")
        apply_changes(copy, actor="job")
        assert load_change(copy, change.id).sends == 0
        later = roads.proposal(now, window=now + timedelta(hours=1), prior=RAISED, euros=230)
        assert propose_changes(copy, [later], actor="rule")[0].state is State.BLOCKED
        reconcile(copy, actor="ann")
        assert [edit.new for edit in market.load_edits(roads.ACCOUNT)["1"]] == ["220000000"]
        later = replace(later, window=now + timedelta(hours=2))
        assert propose_changes(copy, [later], actor="rule")[0].state is State.APPROVED
