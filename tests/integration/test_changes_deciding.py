"""Proposing, approving, rejecting, halting, taking back: what people may do, and clear refusals of the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import roads
from adtempo.changes.approvals import approve_change, reject_change
from adtempo.changes.bulk import write_bulk_file
from adtempo.changes.explain import tell_evidence
from adtempo.changes.halt import halt_changes, resume_changes, why_halted
from adtempo.changes.propose import preview_changes, propose_changes
from adtempo.changes.recover import Difference, Reconciliation
from adtempo.changes.report import change_body, changes_body, halt_body, reconciliation_body, story_body
from adtempo.changes.run import (
    apply_changes,
    approve_and_apply,
    load_change,
    load_changes,
    load_story,
    reconcile,
    revert_and_apply,
)
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.changes import Change, State
from adtempo.domain.errors import (
    ApprovalExpired,
    ChangeMoved,
    ChangesHalted,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
)
from adtempo.domain.proposals import Proposal
from adtempo.platforms.sandbox.edits import Field
from adtempo.store.accounts import change_account
from adtempo.store.audit import verify_audit
from adtempo.store.changes import insert_changes
from adtempo.store.engine import reading, transaction
from adtempo.store.readings import record_reading
from adtempo.workspace import Workspace

STRICT = roads.policy(auto_approve_up_to_micros=0)


def later(workspace: Workspace, hours: float) -> Workspace:
    """The same home, some hours later."""
    return replace(workspace, pretended_now=workspace.now() + timedelta(hours=hours))


def wait(workspace: Workspace, **changes: object) -> Change:
    """A raise that waits for a person."""
    roads.furnish(workspace, count=2)
    return propose_changes(workspace, [roads.proposal(workspace.now(), policy=STRICT, **changes)], actor="rule")[0]  # type: ignore[arg-type]


def test_a_second_proposal_of_a_window_is_the_first(workspace: Workspace) -> None:
    roads.furnish(workspace)
    wish = roads.proposal(workspace.now())
    first, again = propose_changes(workspace, [wish, wish], actor="rule")
    assert first == again == propose_changes(workspace, [wish], actor="rule")[0]
    assert len(load_changes(workspace)) == 1
    other = replace(wish, policy=roads.policy(key="rule:2"))
    blocked = propose_changes(workspace, [other], actor="rule")[0]
    assert (blocked.state, blocked.answer) == (State.BLOCKED, "")
    assert "change 1 of this campaign is still on its way" in story_body(*load_story(workspace, blocked.id))["story"][3]


def test_a_wish_that_is_vetoed_again_is_the_record_that_stands(workspace: Workspace) -> None:
    """It becomes another one as soon as something else is asked for, or something else stands in its way."""
    roads.furnish(workspace)
    halt_changes(workspace, actor="bob")

    def ask(hours: float, **changes: Any) -> Change:
        hour = later(workspace, hours)
        return propose_changes(hour, [roads.proposal(hour.now(), policy=STRICT, **changes)], actor="rule")[0]

    assert [ask(0).id, ask(1).id, ask(2, euros=240).id, ask(3).id, ask(4).id] == [1, 1, 2, 3, 3]
    assert [ask(30).id, ask(31).id] == [4, 4]  # by now the facts are old, too
    assert len(load_changes(workspace)) == 4
    resume_changes(workspace, actor="bob")
    with transaction(workspace.engine) as connection:
        roads.bring_facts(connection, later(workspace, 32).now(), 2)
    assert (ask(32).id, ask(32).state) == (5, State.AWAITING_APPROVAL)
    assert [ask(33).id, ask(34).id] == [6, 6]
    assert "change 5 of this campaign is still on its way" in str(ask(35).verdicts)


def test_a_cool_down_of_a_week_lasts_a_week(workspace: Workspace) -> None:
    """The last change is remembered however old it is; none older than two days is but for it."""
    roads.furnish(workspace)
    weekly = roads.policy(cooldown_hours=168.0)

    def ask(hours: int) -> Change:
        hour = later(workspace, hours)
        with transaction(hour.engine) as connection:
            roads.bring_facts(connection, hour.now(), 2 + hours)
        made = propose_changes(hour, [roads.proposal(hour.now(), policy=weekly)], actor="rule")[0]
        apply_changes(hour, actor="job")
        return load_change(hour, made.id)

    assert ask(0).state is State.APPLIED
    for hours in (60, 167):
        assert "less than 168 hours ago" in str(ask(hours).verdicts)
    assert "no change within the last 168 hours" in str(ask(169).verdicts)


def test_a_suggestion_stands_until_it_runs_out(workspace: Workspace) -> None:
    roads.furnish(workspace, armed=False)
    numbers = []
    for hours in (0, 1, 5, 13):
        hour = later(workspace, hours)
        with transaction(workspace.engine) as connection:
            roads.bring_facts(connection, hour.now(), 2 + hours)
        numbers.append(propose_changes(hour, [roads.proposal(hour.now())], actor="rule")[0].id)
    assert numbers == [1, 1, 1, 2]


def test_a_preview_says_what_would_be_recorded_and_records_nothing(workspace: Workspace) -> None:
    roads.furnish(workspace)
    wish = roads.proposal(workspace.now(), euros=2000)
    seen = preview_changes(workspace, [wish], actor="ann")[0]
    assert (seen.id, seen.target.budget_daily_micros) == (0, 260 * roads.EURO)
    assert load_changes(workspace) == []
    made = propose_changes(workspace, [wish], actor="ann")[0]
    assert (made.target, made.state, made.digest) == (seen.target, seen.state, seen.digest)


def test_raises_in_flight_share_the_head_room_of_the_account(workspace: Workspace) -> None:
    roads.furnish(workspace, count=3)
    now, policy = workspace.now(), roads.policy(account_daily_max_micros=1000 * roads.EURO)
    tight = replace(policy, account_daily_max_micros=650 * roads.EURO, budget_daily_max_micros=650 * roads.EURO)
    wishes = [roads.proposal(now, number, euros=240, policy=tight) for number in (1, 2, 3)]
    made = propose_changes(workspace, wishes, actor="rule")
    assert [change.target.budget_daily_micros // roads.EURO for change in made] == [240, 210, 240]
    assert [change.state for change in made] == [State.APPROVED, State.APPROVED, State.BLOCKED]
    assert "leave nothing of the change" in made[2].verdicts[-1].reason
    assert max(change.account_after_micros for change in made[:2]) == 650 * roads.EURO
    apply_changes(workspace, actor="job")
    with reading(workspace.engine) as connection:
        held = connection.execute(text("SELECT sum(budget_daily_micros) FROM campaign_readings")).scalar()
    assert held == 650 * roads.EURO


def test_the_schema_itself_refuses_a_second_open_change_and_a_second_revert(workspace: Workspace) -> None:
    roads.furnish(workspace)
    now = workspace.now()
    first = propose_changes(workspace, [roads.proposal(now)], actor="rule")[0]
    for changes in ({"policy_key": "other"}, {"policy_key": "third", "window": now}):
        with pytest.raises(IntegrityError, match=r"(?i)unique"), transaction(workspace.engine) as connection:
            insert_changes(connection, [replace(first, **changes)])
    apply_changes(workspace, actor="job")
    back = revert_and_apply(workspace, change_id=first.id, actor="bob")[0]
    unsent = {"state": State.PROPOSED, "sends": 0, "sent_at": None, "writer": None, "finished_at": None}
    second = replace(back, policy_key="again", **unsent)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError, match=r"(?i)unique"), transaction(workspace.engine) as connection:
        insert_changes(connection, [second])


def test_a_person_approves_and_it_is_sent_at_once(workspace: Workspace) -> None:
    change = wait(workspace)
    done = approve_and_apply(workspace, change.id, approver=roads.ANN, digest=change.digest)
    assert (done.state, done.approval and done.approval.by, done.sends) == (State.APPLIED, "ann", 1)
    with pytest.raises(Conflict, match="applied by ann already"):
        approve_and_apply(workspace, change.id, approver=roads.BOB)
    with pytest.raises(Conflict, match="already"):
        reject_change(workspace, change.id, approver=roads.BOB)


def test_a_viewer_may_not_decide(workspace: Workspace) -> None:
    change = wait(workspace)
    for decide in (approve_change, reject_change):
        with pytest.raises(Forbidden, match="vera may not"):
            decide(workspace, change.id, approver=roads.VERA)
    assert load_change(workspace, change.id) == change


def test_whoever_asked_for_a_large_change_does_not_approve_it(workspace: Workspace) -> None:
    roads.furnish(workspace)
    policy = roads.policy(approval_above_micros=100 * roads.EURO)
    change = propose_changes(workspace, [roads.proposal(workspace.now(), policy=policy)], actor="ann")[0]
    with pytest.raises(Forbidden, match="somebody else"):
        approve_change(workspace, change.id, approver=roads.ANN)
    assert approve_change(workspace, change.id, approver=roads.BOB).state is State.APPROVED


def test_of_two_proposals_at_once_the_second_meets_the_first_by_its_number(workspace: Workspace) -> None:
    roads.furnish(workspace, count=2)
    now = workspace.now()
    other = roads.proposal(now, policy=roads.policy(key="rule:2"))
    wishes = [roads.proposal(now), other, roads.proposal(now, 2), roads.proposal(now)]
    first, second, third, again = propose_changes(workspace, wishes, actor="rule")
    assert (first, first.id != third.id) == (again, True)
    said = next(one for one in second.verdicts if one.guardrail == "open_change")
    assert said.reason == f"change {first.id} of this campaign is still on its way"
    assert third.account_after_micros - first.account_after_micros == third.reserved_micros


def test_an_approver_decides_on_no_more_than_the_account_allows(workspace: Workspace) -> None:
    change = wait(workspace)
    budget = change.target.budget_daily_micros
    with transaction(workspace.engine) as connection:
        change_account(connection, roads.ACCOUNT, approver_limit_micros=budget - 1)
    with pytest.raises(Forbidden, match="approvers decide on budgets up to .* ask an admin"):
        approve_change(workspace, change.id, approver=roads.ANN)
    with transaction(workspace.engine) as connection:
        change_account(connection, roads.ACCOUNT, approver_limit_micros=budget)
    assert approve_change(workspace, change.id, approver=roads.ANN).state is State.APPROVED


def test_above_the_limit_of_approvers_an_admin_decides(workspace: Workspace) -> None:
    change = wait(workspace)
    with transaction(workspace.engine) as connection:
        change_account(connection, roads.ACCOUNT, approver_limit_micros=1)
    assert approve_change(workspace, change.id, approver=roads.BOB).state is State.APPROVED


def test_another_digest_than_the_one_shown_is_refused(workspace: Workspace) -> None:
    change = wait(workspace)
    with pytest.raises(ChangeMoved, match="not what you were shown"):
        approve_change(workspace, change.id, approver=roads.ANN, digest="0" * 64)


def test_an_approval_that_comes_too_late_is_refused_and_ends_the_change(workspace: Workspace) -> None:
    change = wait(workspace)
    with pytest.raises(ApprovalExpired, match="expired at 2026-03-05 00:00"):
        approve_change(later(workspace, 12), change.id, approver=roads.ANN)
    assert load_change(workspace, change.id).state is State.EXPIRED


def test_a_rejected_change_stays_rejected(workspace: Workspace) -> None:
    change = wait(workspace)
    assert reject_change(workspace, change.id, approver=roads.ANN, reason="not now").answer == "not now"
    with pytest.raises(Conflict, match="rejected already"):
        approve_change(workspace, change.id, approver=roads.BOB)


def test_an_account_that_is_not_armed_gets_suggestions_only(workspace: Workspace) -> None:
    market = roads.furnish(workspace, count=2, armed=False)
    wishes = [roads.proposal(workspace.now(), number) for number in (1, 2)]
    one, two = propose_changes(workspace, wishes, actor="rule")
    assert one.state is State.PROPOSED
    for armed, said in ((False, "is not armed, so"), (True, "was suggested before account tiktok:t1 was armed")):
        with transaction(workspace.engine) as connection:
            change_account(connection, roads.ACCOUNT, armed=armed)
        with pytest.raises(Conflict, match=said):
            approve_change(workspace, one.id, approver=roads.ANN)
    assert apply_changes(workspace, actor="job").sent == ()
    assert roads.held(market, workspace.now()) == roads.ACTIVE
    assert reject_change(workspace, one.id, approver=roads.ANN).state is State.REJECTED
    assert write_bulk_file([two]) == "Campaign ID,Campaign Budget,Campaign Status\r\nid:2,220.00,On\r\n"


@pytest.mark.parametrize(
    ("again", "state", "said"),
    [
        (None, State.AWAITING_APPROVAL, "newer facts have come in; reject it"),
        (lambda _: None, State.CANCELLED, "there is nothing to change"),
        (lambda change: roads.proposal(change.as_of, currency="USD"), State.CANCELLED, "a guardrail vetoes it"),
        (lambda change: roads.proposal(change.as_of, euros=230, policy=STRICT), State.AWAITING_APPROVAL, "differs now"),
    ],
)
def test_what_moved_since_is_evaluated_anew(
    workspace: Workspace, again: Callable[[Change], Proposal | None] | None, state: State, said: str
) -> None:
    change = wait(workspace)
    with transaction(workspace.engine) as connection:
        roads.bring_facts(connection, workspace.now(), 2)
    with pytest.raises(ChangeMoved, match=said):
        approve_change(workspace, change.id, approver=roads.ANN, digest=change.digest, again=again)
    after = load_change(workspace, change.id)
    assert after.state is state
    if "differs" in said:
        assert after.target.budget_daily_micros == 230 * roads.EURO
        with pytest.raises(ChangeMoved, match="not what you were shown"):
            approve_change(workspace, change.id, approver=roads.ANN, digest=change.digest, again=again)
        done = approve_and_apply(workspace, change.id, approver=roads.ANN, digest=after.digest, again=again)
        assert done.state is State.APPLIED


def test_the_same_change_evaluated_anew_proceeds(workspace: Workspace) -> None:
    change = wait(workspace)
    with transaction(workspace.engine) as connection:
        roads.bring_facts(connection, workspace.now(), 2)

    def again(waiting: Change) -> Proposal:
        return roads.proposal(waiting.as_of, policy=STRICT)

    assert approve_change(workspace, change.id, approver=roads.ANN, again=again).state is State.APPROVED


def test_a_budget_that_somebody_moved_since_is_noticed_at_approval(workspace: Workspace) -> None:
    change = wait(workspace)
    moved = CampaignState(1_000_000, Status.ACTIVE)
    with transaction(workspace.engine) as connection:
        record_reading(connection, change.campaign, moved, workspace.now())
    with pytest.raises(ChangeMoved, match="another budget or status"):
        approve_change(workspace, change.id, approver=roads.ANN)


def test_one_switch_stops_everything_and_one_person_lets_it_go_on(workspace: Workspace) -> None:
    change = wait(workspace)
    sure = propose_changes(workspace, [roads.proposal(workspace.now(), 2)], actor="rule")[0]
    said = halt_changes(workspace, actor="ann", reason="something is off")
    assert said == halt_changes(workspace, actor="bob") == why_halted(workspace)
    assert said == "ann halted all changes at 2026-03-04 12:00 UTC: something is off"
    assert halt_body(said) == {"halted": True, "reason": said}
    with pytest.raises(ChangesHalted, match="ann halted"):
        approve_change(workspace, change.id, approver=roads.BOB)
    assert [one.state for one in apply_changes(workspace, actor="job").sent] == [State.CANCELLED]
    assert load_change(workspace, sure.id).answer == said
    assert resume_changes(workspace, actor="bob") == ""
    with pytest.raises(Conflict, match="nothing is halted"):
        resume_changes(workspace, actor="bob")
    assert approve_and_apply(workspace, change.id, approver=roads.BOB).state is State.APPLIED
    assert halt_changes(workspace, actor="ann") == "ann halted all changes at 2026-03-04 12:00 UTC"


@pytest.mark.parametrize("make", [roads.proposal, roads.pause])
def test_taking_back_restores_what_was(workspace: Workspace, make: Callable[..., Proposal]) -> None:
    market = roads.furnish(workspace)
    generous = roads.policy(auto_approve_up_to_micros=200 * roads.EURO)
    change = propose_changes(workspace, [make(workspace.now(), policy=generous)], actor="rule")[0]
    with pytest.raises(Conflict, match="is approved; only an applied"):
        revert_and_apply(workspace, change_id=change.id, actor="bob")
    apply_changes(workspace, actor="job")
    back = revert_and_apply(workspace, change_id=change.id, actor="bob")[0]
    assert (back.state, back.reverts) == (State.APPLIED, change.id)
    assert roads.held(market, workspace.now()) == roads.ACTIVE
    assert load_change(workspace, change.id).state is State.REVERTED
    with pytest.raises(Conflict, match=f"taken back by change {back.id}"):
        revert_and_apply(workspace, change_id=change.id, actor="bob")
    with pytest.raises(NotFound, match="no change of run"):
        revert_and_apply(workspace, run="nothing", actor="bob")
    with reading(workspace.engine) as connection:
        assert verify_audit(connection) == []


def test_a_whole_run_is_taken_back(workspace: Workspace) -> None:
    market = roads.furnish(workspace, count=2)
    made = propose_changes(workspace, [roads.proposal(workspace.now(), number) for number in (1, 2)], actor="rule")
    apply_changes(workspace, actor="job")
    back = revert_and_apply(workspace, run=made[0].run, actor="bob")
    assert [change.state for change in back] == [State.APPLIED, State.APPLIED]
    assert [roads.held(market, workspace.now(), number) for number in (1, 2)] == [roads.ACTIVE, roads.ACTIVE]
    for names in ({}, {"change_id": 1, "run": "x"}):
        with pytest.raises(InvalidInput, match="not both"):
            revert_and_apply(workspace, actor="bob", **names)  # type: ignore[arg-type]


def test_taking_back_a_cut_that_needs_a_person_waits_for_another_one(workspace: Workspace) -> None:
    roads.furnish(workspace)
    policy = roads.policy(approval_above_micros=150 * roads.EURO)
    change = propose_changes(workspace, [roads.proposal(workspace.now(), euros=150, policy=policy)], actor="rule")[0]
    apply_changes(workspace, actor="job")
    back = revert_and_apply(workspace, change_id=change.id, actor="ann")[0]
    assert back.state is State.AWAITING_APPROVAL
    with transaction(workspace.engine) as connection:
        roads.bring_facts(connection, workspace.now(), 2)
    with pytest.raises(Forbidden):
        approve_and_apply(workspace, back.id, approver=roads.ANN, again=lambda _: None)
    done = approve_and_apply(workspace, back.id, approver=roads.BOB, again=lambda _: None)
    assert done.state is State.APPLIED


def test_a_budget_that_a_person_moved_since_is_not_taken_back_over_them(workspace: Workspace) -> None:
    market = roads.furnish(workspace)
    change = propose_changes(workspace, [roads.proposal(workspace.now())], actor="rule")[0]
    apply_changes(workspace, actor="job")
    market.record_edit(change.campaign, Field.BUDGET, "90000000", workspace.now(), "human")
    reconcile(workspace, actor="bob")
    assert revert_and_apply(workspace, change_id=change.id, actor="bob")[0].state is State.BLOCKED


def test_the_story_of_a_change_tells_why_and_what_became_of_it(workspace: Workspace) -> None:
    change = wait(workspace, euros=300)
    approve_and_apply(workspace, change.id, approver=roads.ANN)
    story = story_body(*load_story(workspace, change.id))["story"]
    assert story[0] == "Change 1: Raise the daily budget of campaign tiktok:t1:1 from 200.00 EUR to 260.00 EUR."
    assert story[1] == "Why: ROAS 3.50x (>3.0x)"
    assert "Limit: 300.00 EUR was asked; the largest step of 30% allows at most 260.00 EUR." in story
    assert any("asks for a person: the rise of 60.00 EUR is above 0.00 EUR" in sentence for sentence in story)
    assert [sentence.split("UTC  ")[1].split(" (")[0] for sentence in story if "(audit" in sentence] == [
        "awaiting approval by rule",
        "approved by ann",
        "sending by ann",
        "applied by ann: read back as it was asked",
    ]
    assert story[-1] == "It took hold."
    body = change_body(load_change(workspace, change.id))
    assert (body["old_budget"], body["new_budget"], body["asked_budget"]) == ("200.00", "260.00", "300.00")
    assert changes_body([]) == {"changes": []}


def test_evidence_is_told_in_words_and_given_as_decimal_strings(now: datetime) -> None:
    evidence = {
        "rule": "asks",
        "metrics": {"spend": 442_990_000.0, "roas": 2.43, "cpa": None},
        "conditions": [
            {"action": "scale_up", "condition": "roas > 1.6", "truth": "true", "probability": 0.9},
            {"action": "pause", "condition": "roas < 1", "truth": "uncertain", "probability": None},
        ],
        "on_reported": {"roas": 3.5, "notes": ["a", None]},
    }
    change = roads.bare_change(now, evidence=evidence)
    assert tell_evidence(change) == [
        ("rule", "asks"),
        ("metrics", "spend 442.99 EUR, ROAS 2.43, CPA n/a"),
        ("conditions", "scale up when roas > 1.6: true (90% likely); pause when roas < 1: uncertain"),
        ("on reported", "roas 3.5, notes a; n/a"),
    ]
    assert change_body(change)["evidence"]["metrics"] == {"spend": "442.99", "roas": 2.43, "cpa": None}


def test_every_state_has_an_ending(workspace: Workspace) -> None:
    change = roads.bare_change(workspace.now(), resolve_after=workspace.now())
    endings = [change_body(replace(change, state=state))["standing"] for state in State]
    assert len(set(endings)) == len(State)
    start = replace(change, prior=CampaignState(1, Status.PAUSED), target=CampaignState(1, Status.ACTIVE))
    assert change_body(start)["summary"] == "Start campaign tiktok:t1:1."


def test_bulk_files_have_the_columns_of_their_platform(workspace: Workspace) -> None:
    change = roads.bare_change(workspace.now())
    one = {
        platform: replace(change, campaign=replace(change.campaign, platform=platform, campaign_id="=1"))
        for platform in ("meta", "google", "other")
    }
    assert write_bulk_file([one["meta"]]).splitlines() == [
        "Campaign ID,Campaign Daily Budget,Campaign Status",
        "'=1,220.00,ACTIVE",
    ]
    assert write_bulk_file([one["google"]]).splitlines()[1] == "Edit,t1,'=1,220.00,Enabled"
    assert write_bulk_file([one["other"]]).splitlines()[1] == "t1,'=1,220.00,active"
    assert write_bulk_file([]).startswith("account_id,")
    again = replace(one["other"], id=one["other"].id + 1, target=CampaignState(230 * roads.EURO, Status.ACTIVE))
    assert write_bulk_file([again, one["other"]]).splitlines()[1:] == ["t1,'=1,230.00,active"]
    with pytest.raises(InvalidInput, match="google and meta have different columns"):
        write_bulk_file([one["meta"], one["google"]])


def test_differences_that_reconciling_found_are_told(workspace: Workspace) -> None:
    market = roads.furnish(workspace)
    market.record_edit(roads.campaign(), Field.BUDGET, "90000000", workspace.now(), "human")
    body = reconciliation_body(reconcile(workspace, actor="bob"))
    assert body["differences"] == [
        {
            "campaign": "tiktok:t1:1",
            "believed": {"budget": "200.00", "status": "active"},
            "found": {"budget": "90.00", "status": "active"},
        }
    ]
    gone = Difference(roads.campaign(), roads.ACTIVE, None)
    assert reconciliation_body(Reconciliation(1, (gone,), 0, 0))["differences"][0]["found"] is None
