"""Automation is demoted by its own record and comes back: claims are made once a day, scored, and believed or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adtempo.accounts.run import load_accounts
from adtempo.budgets.run import BudgetAutoScaler
from adtempo.budgets.trust import CASES_MIN, MODEL, claim_returns, doubt_of, load_doubts
from adtempo.changes.run import load_changes
from adtempo.domain.accounts import AccountRef
from adtempo.domain.predictions import Actual
from adtempo.domain.verdicts import Outcome
from adtempo.predictions.claims import Claim
from adtempo.predictions.compare import compare_predictions
from adtempo.predictions.record import load_predictions, record_prediction
from adtempo.predictions.score import share_of
from adtempo.workspace import Workspace
from serving import NOW, open_market

DOUBTED, OTHER = AccountRef("meta", "act_1001"), AccountRef("meta", "act_1002")


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Workspace]:
    with open_market(tmp_path) as workspace:
        yield workspace


def claim_and_score(market: Workspace, *, held: int, missed: int) -> None:
    """Give an account a record: so many of its 80% intervals held the truth, so many did not."""
    for number in range(held + missed):
        day = (NOW - timedelta(days=40 + number)).date()
        before = replace(market, pretended_now=datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        claim = Claim(
            f"{MODEL}:{number}", "roas", day, day, 2.0, MODEL, campaign="100103", interval={"low80": 1.5, "high80": 2.5}
        )
        record_prediction(before, claim, actor="test")
    truths = iter([2.0] * held + [9.0] * missed)
    compare_predictions(market, lambda claims: [Actual(next(truths), 1.0, NOW, 1) for _ in claims])


@pytest.mark.parametrize(
    ("held", "of", "trusted"),
    [(0, CASES_MIN - 1, True), (8, 20, False), (16, 20, True), (13, 20, True), (60, 100, False), (75, 100, True)],
)
def test_only_a_clear_and_long_enough_record_of_failure_costs_trust(held: int, of: int, trusted: bool) -> None:
    assert (doubt_of(share_of([True] * held + [False] * (of - held))) == "") is trusted


def test_without_a_record_there_is_no_doubt() -> None:
    assert doubt_of(None) == ""


def test_a_bad_record_makes_the_accounts_proposals_ask_a_person(market: Workspace) -> None:
    claim_and_score(market, held=5, missed=20)
    assert load_doubts(market, NOW) == {
        DOUBTED: "expected figures are not trusted at present: their 80% intervals held the truth in only 20% of 25 "
        "cases of the last 30 days"
    }
    BudgetAutoScaler(market).run(actor="test")
    said = {
        (change.campaign.account, verdict.outcome)
        for change in load_changes(market)
        for verdict in change.verdicts
        if verdict.guardrail == "doubted_model"
    }
    assert said == {(DOUBTED, Outcome.ASK), (OTHER, Outcome.PASS)}


def test_trust_comes_back_with_the_record(market: Workspace) -> None:
    claim_and_score(market, held=5, missed=20)
    assert load_doubts(replace(market, pretended_now=NOW + timedelta(days=31)), NOW + timedelta(days=31)) == {}


def test_returns_are_claimed_once_in_the_last_hour_of_the_local_day(market: Workspace) -> None:
    accounts = load_accounts(market)
    late = NOW.replace(hour=22, minute=15)  # Berlin's last hour
    then = replace(market, pretended_now=late)
    assert claim_returns(market, accounts, at=NOW, actor="test") == 0
    made = claim_returns(then, accounts, at=late, actor="test")
    claims = [one.prediction for one in load_predictions(then, model=MODEL)]
    assert len(claims) == made > 6
    assert {str(one.scope.account) for one in claims} == {"meta:act_1001", "tiktok:3001"}
    assert all(one.interval["low80"] <= one.value <= one.interval["high80"] for one in claims)
    later = late + timedelta(minutes=30)
    assert claim_returns(replace(market, pretended_now=later), accounts, at=later, actor="test") == 0
