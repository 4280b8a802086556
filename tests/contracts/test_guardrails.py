"""What every guardrail must keep to, and for each a situation in which it alone speaks up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import roads
from adtempo.changes import guardrails
from adtempo.changes.guardrails import GUARDRAILS, check_all
from adtempo.changes.situation import Sent, Situation
from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.proposals import BudgetAction, Proposal
from adtempo.domain.verdicts import Outcome, Verdict, strictest

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ACCOUNT = Account(roads.ACCOUNT, "Europe/Berlin", "EUR", armed=True)
CALM = Situation(now=NOW, account=ACCOUNT, known=roads.ACTIVE, facts_until=NOW, committed_micros=roads.BUDGET)
SMALL = roads.proposal(NOW)
PAUSE = roads.pause(NOW)
PAUSED = CampaignState(roads.BUDGET, Status.PAUSED)
START = roads.proposal(NOW, prior=PAUSED, target=roads.ACTIVE, action=BudgetAction.REVERT, reverts=1)
BACK = roads.proposal(NOW, euros=180, action=BudgetAction.REVERT, reverts=1)
PENNY = CampaignState(40 * roads.EURO, Status.ACTIVE)  # less than a platform takes
STOP_PENNY = replace(PAUSE, prior=PENNY, target=replace(PENNY, status=Status.PAUSED), currency="USD")
META = replace(ACCOUNT, ref=AccountRef("meta", "1"))
DOLLARS = replace(ACCOUNT, currency="USD")


def sent(hours: float, count: int = 1) -> tuple[Sent, ...]:
    """Changes that were sent so many hours ago."""
    return (Sent(NOW - timedelta(hours=hours), roads.ACTIVE, roads.ACTIVE),) * count


LATELY = {"account": META, "known": PAUSED, "sent": sent(1.5, 4)}
TRIPS: dict[str, list[tuple[Outcome, Proposal, dict[str, Any]]]] = {
    "account_cap": [
        (Outcome.VETO, START, {"known": PAUSED, "committed_micros": 4_900 * roads.EURO}),
        (Outcome.VETO, SMALL, {"committed_micros": 4_981 * roads.EURO}),
    ],
    "budget_owner": [(Outcome.VETO, SMALL, {"known": None})],
    "cooldown": [(Outcome.VETO, SMALL, {"account": META, "sent": sent(5)})],
    "daily_changes": [(Outcome.VETO, SMALL, {"account": META, "sent": sent(23, 3)})],
    "doubted_model": [(Outcome.ASK, roads.proposal(NOW, doubt="its intervals hold 50% instead of 80%"), {})],
    "enough_evidence": [
        (Outcome.VETO, roads.proposal(NOW, policy=roads.policy(impressions_min=5001)), {}),
        (Outcome.VETO, roads.proposal(NOW, impressions=None), {}),
    ],
    "external_edit": [(Outcome.VETO, SMALL, {"known": CampaignState(1, Status.ACTIVE)})],
    "fresh_facts": [
        (Outcome.VETO, SMALL, {"facts_until": None}),
        (Outcome.VETO, SMALL, {"facts_until": NOW - timedelta(hours=14)}),
    ],
    "halt": [(Outcome.VETO, SMALL, {"halted": "ann halted all changes"})],
    "large_change": [
        (Outcome.ASK, roads.proposal(NOW, euros=239, policy=roads.policy(approval_above_micros=230 * roads.EURO)), {}),
        (Outcome.ASK, roads.proposal(NOW, policy=roads.policy(auto_approve_up_to_micros=19 * roads.EURO)), {}),
    ],
    "learning_phase": [
        (Outcome.VETO, SMALL, {"sent": sent(47)}),
        (Outcome.WARN, roads.proposal(NOW, euros=241), {}),
        (Outcome.WARN, roads.proposal(NOW, euros=159), {}),
    ],
    "open_change": [(Outcome.VETO, SMALL, {"open_change": 7})],
    "payable": [
        (Outcome.VETO, roads.proposal(NOW, currency="USD"), {}),
        (Outcome.VETO, roads.proposal(NOW, euros=220.001), {}),
        (Outcome.VETO, roads.proposal(NOW, euros=160, prior=roads.ACTIVE), {"account": replace(META, currency="HUF")}),
    ],
    "platform_quota": [(Outcome.VETO, START, {"account": META, "known": PAUSED, "sent": sent(0.9, 4)})],
    "quiet_hours": [(Outcome.VETO, roads.proposal(NOW, policy=roads.policy(quiet_hours=(13,))), {})],
    "top_spender": [(Outcome.ASK, PAUSE, {"top_spender": True})],
}
CASES = [(name, *case) for name, cases in TRIPS.items() for case in cases]
NEAR_MISSES: list[tuple[Proposal, dict[str, Any]]] = [
    (SMALL, {}),
    (PAUSE, {}),
    (SMALL, {"account": META, "sent": sent(7, 2)}),
    (SMALL, {"sent": sent(48)}),
    (SMALL, {"facts_until": NOW - timedelta(hours=13)}),  # local midnight: every closed day is complete
    (SMALL, {"committed_micros": 4_980 * roads.EURO}),
    (BACK, {"account": META, "sent": sent(0.5, 3), "facts_until": None}),
    (replace(BACK, policy=roads.policy(quiet_hours=(13,), changes_per_day_max=1)), {"sent": sent(1)}),
    (roads.proposal(NOW, euros=199), {"top_spender": True}),
    (roads.proposal(NOW, euros=190), {"committed_micros": 6_000 * roads.EURO}),
    (roads.proposal(NOW, euros=190, policy=roads.policy(approval_above_micros=100 * roads.EURO)), {}),
    (roads.proposal(NOW, policy=roads.policy(facts_age_hours_max=20.0)), {"facts_until": NOW - timedelta(hours=14)}),
    (replace(BACK, impressions=None), {}),
    (replace(START, policy=roads.policy(auto_approve_up_to_micros=roads.BUDGET)), LATELY),
    (STOP_PENNY, {"account": replace(DOLLARS, ref=roads.ACCOUNT), "known": PENNY}),
    (replace(PAUSE, action=BudgetAction.REVERT, reverts=1), {"top_spender": True}),
]


@pytest.mark.parametrize(("name", "outcome", "proposal", "changes"), CASES)
def test_a_guardrail_speaks_up_and_says_why(
    name: str, outcome: Outcome, proposal: Proposal, changes: dict[str, Any]
) -> None:
    verdict = next(one for one in check_all(proposal, replace(CALM, **changes)) if one.guardrail == name)
    assert verdict.outcome is outcome
    assert verdict.reason
    assert verdict.advice or outcome is Outcome.WARN


@pytest.mark.parametrize(("proposal", "changes"), NEAR_MISSES)
def test_nothing_stands_in_the_way_of_what_is_within_bounds(proposal: Proposal, changes: dict[str, Any]) -> None:
    verdicts = check_all(proposal, replace(CALM, **changes))
    assert [verdict for verdict in verdicts if verdict.outcome in {Outcome.ASK, Outcome.VETO}] == []


def test_every_guardrail_has_its_case_and_is_named_after_its_file() -> None:
    names = [verdict.guardrail for verdict in check_all(SMALL, CALM)]
    files = {path.stem for path in Path(guardrails.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(names) == files == TRIPS.keys()
    assert len(names) == len(GUARDRAILS)


@pytest.mark.parametrize("check", GUARDRAILS)
def test_a_guardrail_is_a_function_of_what_it_is_given(check: Callable[[Proposal, Situation], Verdict]) -> None:
    assert check(SMALL, CALM) == check(SMALL, CALM)
    assert check(SMALL, CALM).reason


def test_one_more_verdict_can_only_be_stricter_whatever_the_order() -> None:
    mild_first = list(Outcome)
    verdicts = [Verdict(str(outcome), outcome, "x") for outcome in mild_first]
    for count in range(len(verdicts)):
        for some in permutations(verdicts, count):
            for more in verdicts:
                assert mild_first.index(strictest([*some, more])) >= mild_first.index(strictest(some))
                assert strictest([*some, more]) is strictest([more, *reversed(some)])


def test_a_minimum_that_a_platform_publishes_holds() -> None:
    account = replace(DOLLARS, ref=roads.ACCOUNT)
    low = roads.proposal(
        NOW, euros=49, currency="USD", policy=roads.policy(), prior=CampaignState(51 * roads.EURO, Status.ACTIVE)
    )
    verdict = next(one for one in check_all(low, replace(CALM, account=account)) if one.guardrail == "payable")
    assert verdict.outcome is Outcome.VETO
    assert "minimum is 50.00 USD" in verdict.reason
