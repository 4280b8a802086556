"""People, rules and the clock in any order: approvals, caps, head-room and the lifecycle hold after every step."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import roads
from adtempo.changes.approvals import reject_change
from adtempo.changes.halt import halt_changes, resume_changes
from adtempo.changes.propose import propose_changes, read_proposal
from adtempo.changes.run import apply_changes, approve_and_apply, load_changes, reconcile, revert_and_apply
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.changes import OPEN, State
from adtempo.domain.errors import Conflict
from adtempo.platforms.sandbox.market import open_market
from adtempo.store.accounts import change_account, load_account
from adtempo.store.audit import verify_audit
from adtempo.store.engine import reading, transaction
from adtempo.workspace import open_workspace

START = datetime(2026, 3, 4, 12, tzinfo=UTC)
CAP = 700 * roads.EURO
CEILING = 330 * roads.EURO
POLICY = roads.policy(
    budget_daily_max_micros=CEILING,
    account_daily_max_micros=CAP,
    approval_above_micros=300 * roads.EURO,
    auto_approve_up_to_micros=30 * roads.EURO,
)
numbers = st.integers(1, 3)


@cache
def furnished() -> Path:
    """A home as every example begins with it."""
    home = Path(tempfile.mkdtemp(prefix="adtempo-machine-")) / "home"
    with open_workspace(home, now=START) as workspace:
        roads.furnish(workspace, count=3)
    return home


class RoadMachine(RuleBasedStateMachine):
    """One account with three campaigns."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="adtempo-example-"))
        shutil.copytree(furnished(), self.folder / "home")
        self.workspace = open_workspace(self.folder / "home", now=START)
        self.market = open_market(self.folder / "home" / "sandbox")
        self.batch = 1
        self.by_hand = False
        self.stopped_at: int | None = None

    def teardown(self) -> None:
        with reading(self.workspace.engine) as connection:
            assert verify_audit(connection) == []
        self.workspace.close()
        shutil.rmtree(self.folder)

    def edits(self) -> int:
        made = self.market.load_edits(roads.ACCOUNT).values()
        return sum(edit.actor == "adtempo" for edits in made for edit in edits)

    @initialize()
    def begin(self) -> None:
        assert self.edits() == 0

    @rule(number=numbers, euros=st.integers(5, 500))
    def propose(self, number: int, euros: int) -> None:
        now = self.workspace.now()
        prior = self.market.load_state(roads.campaign(number), now)
        target = CampaignState(euros * roads.EURO, prior.status)
        if target != prior:
            wish = roads.proposal(now, number, prior=prior, target=target, policy=POLICY, window=now)
            propose_changes(self.workspace, [wish], actor="rule")

    @rule(number=numbers)
    def pause(self, number: int) -> None:
        now = self.workspace.now()
        prior = self.market.load_state(roads.campaign(number), now)
        if prior.status is Status.ACTIVE:
            target = replace(prior, status=Status.PAUSED)
            wish = replace(roads.pause(now, number), prior=prior, target=target, policy=POLICY, window=now)
            propose_changes(self.workspace, [wish], actor="rule")

    @rule(yes=st.booleans())
    def decide(self, yes: bool) -> None:
        for change in load_changes(self.workspace, states=[State.AWAITING_APPROVAL, State.PROPOSED], limit=1):
            with suppress(Conflict):  # not armed, halted, or not what it was any more
                if yes:
                    approve_and_apply(self.workspace, change.id, approver=roads.ANN, again=read_proposal)
                else:
                    reject_change(self.workspace, change.id, approver=roads.ANN)

    @rule()
    def work(self) -> None:
        apply_changes(self.workspace, actor="job")

    @rule()
    def take_back(self) -> None:
        for change in load_changes(self.workspace, states=[State.APPLIED], limit=1):
            with suppress(Conflict):  # it is being taken back already
                revert_and_apply(self.workspace, change_id=change.id, actor="bob")

    @rule(on=st.booleans())
    def switch(self, on: bool) -> None:
        if on:
            halt_changes(self.workspace, actor="ann")
            self.stopped_at = self.edits()
        elif self.stopped_at is not None:
            resume_changes(self.workspace, actor="bob")
            self.stopped_at = None

    @rule(armed=st.booleans())
    def arm(self, armed: bool) -> None:
        with transaction(self.workspace.engine) as connection:
            change_account(connection, roads.ACCOUNT, armed=armed)

    @rule(number=numbers, euros=st.integers(50, 400))
    def edit_by_hand(self, number: int, euros: int) -> None:
        self.market.record_edit(
            roads.campaign(number), roads.EDITED, str(euros * roads.EURO), self.workspace.now(), "human"
        )
        self.by_hand = True
        reconcile(self.workspace, actor="bob")

    @rule(hours=st.sampled_from([1, 13, 49]))
    def let_time_pass(self, hours: int) -> None:
        self.workspace = replace(self.workspace, pretended_now=self.workspace.now() + timedelta(hours=hours))
        self.batch += 1
        with transaction(self.workspace.engine) as connection:
            roads.bring_facts(connection, self.workspace.now(), self.batch)

    @invariant()
    def every_edit_was_written_down_and_approved(self) -> None:
        changes = load_changes(self.workspace)
        sent = [change for change in changes if change.sends]
        assert self.edits() == len(sent)
        assert all(change.approval is not None and change.approval.digest == change.digest for change in sent)
        assert max(Counter(change.campaign for change in changes if change.state in OPEN).values(), default=0) <= 1

    @invariant()
    def nothing_is_sent_against_the_switch(self) -> None:
        assert self.stopped_at is None or self.edits() == self.stopped_at

    @invariant()
    def the_caps_hold(self) -> None:
        now = self.workspace.now()
        held = [self.market.load_state(roads.campaign(number), now) for number in (1, 2, 3)]
        if not self.by_hand:
            assert sum(state.committed_micros for state in held) <= CAP
            assert max(state.budget_daily_micros for state in held) <= CEILING
        with reading(self.workspace.engine) as connection:
            armed = load_account(connection, roads.ACCOUNT).armed
        waiting = load_changes(self.workspace, states=[State.APPROVED])
        assert armed or all(change.approval is not None for change in waiting)


TestRoadMachine = RoadMachine.TestCase
TestRoadMachine.settings = settings(
    max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
