"""Laws of rules: whatever the figures, limits hold, scale does not matter, and more doubt never acts more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adtempo.budgets.decide import Choice, recommend_choice
from adtempo.budgets.rules.base import Rule
from adtempo.budgets.rules.fields import read_rule
from adtempo.domain.budgets import Basis
from adtempo.domain.proposals import BudgetAction
from standings import MICROS, Seen, Told, standing

amounts = st.integers(1, 2_000).map(float)


@st.composite
def finals(draw: st.DrawFn, reported: float) -> tuple[float, float, float]:
    """An expected final value and its interval, none of it below what was reported."""
    ends = sorted(reported + draw(st.floats(0, 3_000)) for _ in range(3))
    return ends[1], ends[0], ends[2]


@st.composite
def campaigns(draw: st.DrawFn) -> Told:
    value = draw(st.floats(0, 3_000))
    seen = Seen(
        impressions=draw(st.integers(0, 20_000)),
        clicks=draw(st.integers(0, 800)),
        spend=draw(st.floats(0, 1_000)),
        value=value,
        value_final=draw(finals(value)),
    )
    return Told(float(draw(amounts)), seen)


rules = st.builds(
    lambda basis, low, high, day: read_rule(
        {"rule_name": "r", "basis": basis, "min_daily_budget": low, "max_daily_budget": high, "max_change_per_day": day}
    ),
    st.sampled_from([Basis.EXPECTED, Basis.REPORTED]),
    st.integers(1, 50),
    st.integers(50, 3_000),
    st.sampled_from([1.1, 1.3, 1.5, 2.0]),
)


def choose(rule: Rule, *told: Told) -> Choice:
    return recommend_choice(rule, standing(*told, rule=rule), np.arange(len(told)))


@given(rules, campaigns())
def test_whatever_a_rule_says_the_target_is_within_its_limits(rule: Rule, told: Told) -> None:
    choice = choose(rule, told)
    budget, target = round(told.budget * MICROS), int(choice.target_micros[0])
    assert target <= max(budget, rule.max_daily_budget or 0)
    assert target >= min(budget, rule.min_daily_budget or 0)
    assert budget / rule.max_change_per_day - 1 <= target <= budget * rule.max_change_per_day + 1
    assert target % 10_000 == 0 or target == budget


@given(campaigns(), st.integers(2, 50))
def test_a_currency_worth_less_changes_no_action(told: Told, factor: int) -> None:
    seen = told.seen
    assert seen.spend is not None
    assert seen.value is not None
    assert seen.value_final is not None
    spend, value = round(seen.spend, 2), round(seen.value, 2)
    middle, low, high = (round(end, 2) for end in seen.value_final)
    one = replace(told, seen=replace(seen, spend=spend, value=value, value_final=(middle, low, high)))
    many = replace(
        told,
        budget=told.budget * factor,
        seen=replace(
            seen, spend=spend * factor, value=value * factor, value_final=(middle * factor, low * factor, high * factor)
        ),
    )
    wide = {"min_daily_budget": 1, "max_daily_budget": 10**6, "max_daily_spend_limit": 10**7}
    choice = choose(read_rule({"rule_name": "r", **wide}), one, many)
    if np.all(np.abs(choice.found.chances[0].low - 0.8) > 1e-6):
        assert choice.row[0] == choice.row[1]
        assert abs(choice.target_micros[1] - factor * choice.target_micros[0]) <= factor * 10_000


@given(campaigns())
def test_who_must_be_surer_acts_only_where_others_would(told: Told) -> None:
    bold, careful = (choose(read_rule({"rule_name": "r", "confidence": sure}), told) for sure in (0.6, 0.95))
    if careful.acts[0]:
        severity = [BudgetAction.PAUSE, BudgetAction.SCALE_DOWN]
        assert bold.acts[0] or bold.limited[0] or bold.row[0] >= 0
        if careful.action(0) in severity:
            assert bold.rows[bold.row[0]].action in severity


@given(st.lists(campaigns(), min_size=1, max_size=5), rules)
def test_a_campaign_is_judged_the_same_alone_and_among_others(told: list[Told], rule: Rule) -> None:
    together = choose(rule, *told)
    for place, one in enumerate(told):
        alone = choose(rule, one)
        assert (alone.row[0], alone.target_micros[0], alone.cause[0]) == (
            together.row[place],
            together.target_micros[place],
            together.cause[place],
        )
