"""What a check of rules proves, held against an adversary: nothing that rules may ask for ever costs more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from operator import itemgetter

from hypothesis import example, given
from hypothesis import strategies as st

import roads
from adtempo.budgets.check import RuledCampaign, check_rules
from adtempo.budgets.proposals import policy_of
from adtempo.budgets.rules.base import DEFAULT_RULE, Rule, amounts_in
from adtempo.budgets.rules.fields import read_rule
from adtempo.changes.guardrails import check_all
from adtempo.changes.limits import clamp
from adtempo.changes.situation import Sent, Situation
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.policies import PLATFORM_TERMS
from adtempo.domain.proposals import BudgetAction
from adtempo.domain.verdicts import Outcome

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
EURO = 1_000_000

Wish = tuple[int, int, int | None]
"""In which hour, of which campaign, and the budget in euros; None = stop it."""

wishes = st.lists(
    st.tuples(st.integers(0, 167), st.integers(0, 2), st.none() | st.integers(1, 5_000)), min_size=5, max_size=40
)
rules = st.builds(
    lambda ceiling, cap, factor: rule_with(ceiling, max(ceiling, cap), factor),
    st.integers(50, 600),
    st.integers(50, 900),
    st.sampled_from([1.1, 1.5, 3.0, 10.0]),
)


def rule_with(ceiling: int, cap: int, factor: float) -> Rule:
    """A rule that holds nothing back but by these three caps."""
    return read_rule(
        {
            "rule_name": "r",
            "max_daily_budget": ceiling,
            "max_daily_spend_limit": cap,
            "max_change_per_day": factor,
            "min_daily_budget": 1,
            "min_impressions": 0,
            "cooldown_hours": 0,
            "max_changes_per_day": 24,
            "currency": "EUR",
        }
    )


def grant(rule: Rule, budgets: list[int], platform: str, asked: list[Wish]) -> tuple[list[Fraction], int]:
    """Grant every wish that limits and guardrails let pass; return what each day may cost, and the highest sum."""
    account = Account(AccountRef(platform, "a"), "UTC", "EUR", armed=True)
    policy = policy_of(rule, amounts_in(rule, "EUR"), None)
    held = [CampaignState(budget * EURO, Status.ACTIVE) for budget in budgets]
    sent: list[tuple[Sent, ...]] = [()] * len(held)
    tops: list[list[int]] = []
    highest = sum(state.committed_micros for state in held)
    left = sorted(asked, key=itemgetter(0))
    for hour in range(168):
        now = NOW + timedelta(hours=hour)
        if hour % 24 == 0:
            tops.append([state.committed_micros for state in held])
        while left and left[0][0] == hour:
            _, place, euros = left.pop(0)
            place %= len(held)
            prior = held[place]
            target = (
                replace(prior, status=Status.PAUSED)
                if euros is None
                else replace(prior, budget_daily_micros=euros * EURO)
            )
            if prior.status is Status.PAUSED or target == prior:
                continue
            wish = roads.proposal(
                now,
                campaign=CampaignRef(platform, "a", str(place)),
                prior=prior,
                target=target,
                policy=policy,
                action=BudgetAction.PAUSE if euros is None else BudgetAction.SCALE_UP,
            )
            committed = sum(state.committed_micros for state in held)
            situation = Situation(now, account, prior, now, sent[place], committed_micros=committed)
            within, _ = clamp(wish, situation)
            if within is None or any(one.outcome is Outcome.VETO for one in check_all(within, situation)):
                continue
            sent[place] += (Sent(now, prior, within.target),)
            held[place] = within.target
            tops[-1][place] = max(tops[-1][place], within.target.committed_micros)
            highest = max(highest, sum(state.committed_micros for state in held))
    times = Fraction(str(PLATFORM_TERMS[platform].day_overspend_max))
    return [times * sum(day) for day in tops], highest


@given(rules, st.lists(st.integers(1, 400), min_size=1, max_size=3), st.sampled_from(sorted(PLATFORM_TERMS)), wishes)
@example(rule_with(300, 300, 1.5), [100, 100, 100], "google", [(1, 0, None), (2, 1, 150), (3, 2, 150)])
def test_no_wishes_ever_cost_more_than_was_proven(
    rule: Rule, budgets: list[int], platform: str, asked: list[Wish]
) -> None:
    """The example is why a day may pass the account's cap: what a stopped campaign frees goes to the others."""
    campaigns = [
        RuledCampaign(CampaignRef(platform, "a", str(place)), "EUR", budget * EURO, True, (rule,))
        for place, budget in enumerate(budgets)
    ]
    proven = check_rules([rule, DEFAULT_RULE], campaigns).highest_spend[0]
    days, highest = grant(rule, budgets, platform, asked)
    assert days[0] <= proven.day_micros
    assert sum(days) <= proven.week_micros
    assert highest <= proven.budgets_micros
