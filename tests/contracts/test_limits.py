"""For each limit a wish that it alone pulls towards the present budget, up and down."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import roads
from adtempo.changes.assemble import Scene
from adtempo.changes.limits import LIMITS, clamp
from adtempo.changes.propose import draft_change
from adtempo.changes.situation import Sent, Situation
from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.store.readings import Known

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
META = Account(AccountRef("meta", "1"), "UTC", "EUR", armed=True)
TIKTOK = replace(META, ref=AccountRef("tiktok", "1"))


def sent(euros: float, hours: float) -> dict[str, Any]:
    """A change that brought the campaign from so much to what it holds, so many hours ago."""
    before = CampaignState(round(euros * roads.EURO), Status.ACTIVE)
    return {"sent": (Sent(NOW - timedelta(hours=hours), before, roads.ACTIVE),)}


CASES: list[tuple[str, float, float | None, dict[str, Any], dict[str, Any]]] = [
    ("range of daily budgets", 240, 230, {"budget_daily_max_micros": 230 * roads.EURO}, {}),
    ("range of daily budgets", 160, 170, {"budget_daily_min_micros": 170 * roads.EURO}, {}),
    ("account's daily cap", 240, 210, {}, {"committed_micros": 4_990 * roads.EURO}),
    ("account's daily cap", 240, None, {}, {"committed_micros": 6_000 * roads.EURO}),
    ("largest step of 5%", 240, 210, {"step_max_ratio": 0.05}, {}),
    ("largest step of 5%", 160, 190, {"step_max_ratio": 0.05}, {}),
    ("largest step of 30%", 280, 260, {"step_max_ratio": 0.35}, {"account": TIKTOK}),
    ("largest step of 30%", 136, 140, {}, {"account": TIKTOK}),
    ("largest step of 10%", 240, 220, {"step_max_ratio": 0.1}, {"account": TIKTOK}),
    ("factor of 1.2 in 24 hours", 250, 240, {"day_change_max": 1.2}, {}),
    ("factor of 1.5 in 24 hours", 280, 240, {}, sent(160, 23)),
    ("factor of 1.5 in 24 hours", 160, 190, {}, sent(285, 23)),
    ("", 280, 280, {}, sent(160, 25)),
]


@pytest.mark.parametrize(("name", "asked", "given", "policy", "situation"), CASES)
def test_a_limit_pulls_towards_the_present_budget_and_says_so(
    name: str, asked: float, given: float | None, policy: dict[str, Any], situation: dict[str, Any]
) -> None:
    around = replace(Situation(now=NOW, account=META, known=roads.ACTIVE, facts_until=NOW), **situation)
    campaign = replace(roads.campaign(), platform=around.account.ref.platform)
    within, said = clamp(roads.proposal(NOW, euros=asked, campaign=campaign, policy=roads.policy(**policy)), around)
    assert (within and within.target.budget_daily_micros) == (None if given is None else given * roads.EURO)
    assert len(said) == bool(name)
    assert name in "".join(said)


def test_a_change_waits_as_long_as_its_policy_says() -> None:
    scene = Scene(NOW, META, {roads.campaign(): Known(roads.ACTIVE, NOW)}, NOW, "", roads.BUDGET, {}, {})
    wish = roads.proposal(NOW, policy=roads.policy(approval_hours=3.0))
    assert draft_change(scene, wish, actor="test").expires_at == NOW + timedelta(hours=3)


def test_every_limit_has_its_case() -> None:
    assert len({name.split(" of ")[0] for name, *_ in CASES if name}) == len(LIMITS)
