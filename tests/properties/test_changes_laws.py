"""Laws of limits, of the lifecycle and of taking back."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import roads
from adtempo.changes import limits
from adtempo.changes.guardrails import WITH_THE_CLOCK
from adtempo.changes.lifecycle import check_step, first_state, judge_after, judge_before
from adtempo.changes.limits import LIMITS, clamp, exact
from adtempo.changes.propose import judge_proposal
from adtempo.changes.situation import Sent, Situation
from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.changes import ENDED_IN_VAIN, OPEN, STEPS, State
from adtempo.domain.errors import Conflict, InvalidInput
from adtempo.domain.policies import PLATFORM_TERMS
from adtempo.domain.proposals import BudgetAction, Proposal
from adtempo.domain.verdicts import Outcome, Verdict

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
CENT = 10_000
budgets = st.integers(1, 300_000).map(lambda cents: cents * CENT)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Proposal, Situation]:
    """A proposal of a budget, under any policy, in any situation."""
    prior, target = draw(budgets), draw(budgets)
    low, high, cap = sorted(draw(st.lists(budgets, min_size=3, max_size=3)))
    policy = roads.policy(
        budget_daily_min_micros=low,
        budget_daily_max_micros=high,
        account_daily_max_micros=cap,
        day_change_max=draw(st.sampled_from([1.1, 1.5, 3.0])),
        step_max_ratio=draw(st.sampled_from([None, 0.2, 1.5])),
    )
    platform = draw(st.sampled_from(sorted(PLATFORM_TERMS)))
    proposal = roads.proposal(
        NOW,
        campaign=replace(roads.campaign(), platform=platform),
        prior=CampaignState(prior, Status.ACTIVE),
        target=CampaignState(target if target != prior else target + CENT, Status.ACTIVE),
        policy=policy,
    )
    moments = st.timedeltas(timedelta(), timedelta(hours=48)).map(lambda ago: NOW - ago)
    states = budgets.map(lambda micros: CampaignState(micros, Status.ACTIVE))
    sent = draw(st.lists(st.builds(Sent, moments, states, states), max_size=3))
    account = Account(AccountRef(platform, "t1"), "UTC", "EUR", armed=True)
    return proposal, Situation(NOW, account, proposal.prior, NOW, tuple(sent), committed_micros=draw(budgets))


@given(cases())
def test_a_budget_stays_between_the_present_and_the_asked_one_and_inside_every_limit(
    case: tuple[Proposal, Situation],
) -> None:
    proposal, situation = case
    clamped, said = clamp(proposal, situation)
    prior, asked = proposal.prior.budget_daily_micros, proposal.target.budget_daily_micros
    if clamped is None:
        assert said
        return
    target = clamped.target.budget_daily_micros
    assert min(prior, asked) <= target <= max(prior, asked)
    assert (target == asked) or said
    assert target % CENT == 0
    for limit in LIMITS:
        bounds = limit(proposal, situation)
        if target > prior:
            assert bounds.high_micros is None or target <= bounds.high_micros
        else:
            assert target >= bounds.low_micros


@given(cases(), st.randoms(use_true_random=False))
def test_limits_commute_and_one_more_is_only_stricter(case: tuple[Proposal, Situation], rng: random.Random) -> None:
    proposal, situation = case
    every = clamp(proposal, situation)[0]
    some = list(LIMITS)
    rng.shuffle(some)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "LIMITS", tuple(some))
        assert clamp(proposal, situation)[0] == every
        patch.setattr(limits, "LIMITS", tuple(some[1:]))
        fewer = clamp(proposal, situation)[0]
    prior = proposal.prior.budget_daily_micros
    moved = 0 if every is None else abs(every.target.budget_daily_micros - prior)
    assert moved <= (0 if fewer is None else abs(fewer.target.budget_daily_micros - prior))


@given(cases(), st.timedeltas(timedelta(), timedelta(days=9)), st.timedeltas(timedelta(), timedelta(days=9)), budgets)
def test_where_nothing_was_sent_only_what_looks_at_the_clock_answers_otherwise_later(
    case: tuple[Proposal, Situation], later: timedelta, stale: timedelta, more: int
) -> None:
    """A replay does not ask a stopped wish again while its head-room and the clock's guardrails are as they were."""
    proposal, situation = case
    now = replace(situation, sent=())
    full = situation.committed_micros >= proposal.policy.account_daily_max_micros
    committed = situation.committed_micros + (more if full else 0)
    then = replace(now, now=NOW + later, facts_until=NOW + later - stale, committed_micros=committed)

    def stops(at: Situation) -> set[str]:
        _, _, verdicts = judge_proposal(proposal, at)
        clock = {check(proposal, at).guardrail for check in WITH_THE_CLOCK}
        return {one.guardrail for one in verdicts if one.outcome is Outcome.VETO} - clock

    assert stops(now) == stops(then)


def test_a_day_of_raises_never_exceeds_the_factor_of_the_day() -> None:
    policy = roads.policy(
        day_change_max=1.5, step_max_ratio=0.5, budget_daily_max_micros=10**12, account_daily_max_micros=10**12
    )
    account = Account(AccountRef("other", "t1"), "UTC", "EUR", armed=True)
    state = roads.ACTIVE
    sent: tuple[Sent, ...] = ()
    for hour in range(24):
        now = NOW + timedelta(hours=hour)
        target = CampaignState(round(state.budget_daily_micros * 1.2) // CENT * CENT, Status.ACTIVE)
        proposal = roads.proposal(
            now, campaign=replace(roads.campaign(), platform="other"), prior=state, target=target, policy=policy
        )
        clamped, _ = clamp(proposal, Situation(now, account, state, now, sent))
        if clamped is not None:
            sent += (Sent(now, state, clamped.target),)
            state = clamped.target
    assert state.budget_daily_micros == roads.BUDGET * 3 // 2


def test_a_pause_and_a_revert_are_not_clamped_by_steps() -> None:
    account = Account(roads.ACCOUNT, "UTC", "EUR", armed=True)
    situation = Situation(NOW, account, roads.ACTIVE, NOW)
    pause = roads.pause(NOW)
    assert clamp(pause, situation) == (pause, ())
    back = roads.proposal(NOW, euros=100, action=BudgetAction.REVERT)
    assert clamp(back, situation) == (back, ())


def test_no_way_leads_to_sending_but_through_an_approval() -> None:
    assert [state for state, after in STEPS.items() if State.SENDING in after] == [State.APPROVED]
    assert [state for state, after in STEPS.items() if State.UNKNOWN in after] == [State.SENDING]


def test_a_step_that_no_change_may_take_is_refused(now: datetime) -> None:
    with pytest.raises(Conflict, match="is approved; it cannot become not applied"):
        check_step(roads.bare_change(now), State.NOT_APPLIED)


def test_what_ended_in_vain_never_moves_again_and_every_open_change_can_end() -> None:
    assert all(not STEPS[state] for state in ENDED_IN_VAIN)
    assert all(STEPS[state] - OPEN for state in OPEN)
    assert STEPS.keys() == set(State)


@pytest.mark.parametrize(
    ("armed", "outcome", "state"),
    [
        (True, Outcome.WARN, State.APPROVED),
        (True, Outcome.ASK, State.AWAITING_APPROVAL),
        (True, Outcome.VETO, State.BLOCKED),
        (False, Outcome.PASS, State.PROPOSED),
        (False, Outcome.VETO, State.BLOCKED),
    ],
)
def test_a_change_begins_where_its_strictest_verdict_says(armed: bool, outcome: Outcome, state: State) -> None:
    assert first_state([Verdict("x", outcome, "x")], armed=armed) is state


def test_a_reading_is_the_target_the_prior_or_somebody_elses(now: datetime) -> None:
    change = roads.bare_change(now)
    other = CampaignState(1, Status.ACTIVE)
    readings = (change.target, change.prior, other)
    assert [judge_before(change, seen) for seen in readings] == [State.APPLIED, None, State.EXTERNAL]
    assert [judge_after(change, seen) for seen in readings] == [State.APPLIED, State.NOT_APPLIED, State.EXTERNAL]


def test_numbers_are_what_people_wrote() -> None:
    assert exact(0.1) == Fraction(1, 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": ""},
        {"budget_daily_min_micros": 0},
        {"budget_daily_max_micros": 5001 * roads.EURO},
        {"day_change_max": 1.0},
        {"step_max_ratio": 0.0},
        {"approval_above_micros": -1},
        {"changes_per_day_max": 0},
        {"approval_hours": 0.0},
        {"quiet_hours": (24,)},
        {"quiet_hours": tuple(range(24))},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        roads.policy(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"target": roads.ACTIVE},
        {"target": CampaignState(1, Status.PAUSED)},
        {"target": CampaignState(0, Status.ACTIVE)},
        {"reason": ""},
        {"window": datetime(2026, 3, 4)},
    ],
)
def test_a_proposal_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        roads.proposal(NOW, **changes)
