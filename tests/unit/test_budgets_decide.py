"""What the rules ask for: the examples that people were promised, and every way to ask for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import roads
from adtempo.budgets.columns import Window
from adtempo.budgets.decide import recommend_choice
from adtempo.budgets.evaluate import doubt_for
from adtempo.budgets.load import find_fitting
from adtempo.budgets.reasons import Explainer
from adtempo.budgets.rules.base import Over, Rule
from adtempo.budgets.rules.fields import read_rule
from adtempo.budgets.tell import find_news
from adtempo.domain.budgets import Basis, Evaluation, Truth
from adtempo.domain.changes import State
from adtempo.domain.errors import InvalidInput
from adtempo.domain.panels import Expected
from adtempo.domain.proposals import BudgetAction
from standings import MICROS, NOW, Seen, Told, evaluate, standing

REPORTED = Rule("r", basis=Basis.REPORTED)

EXCEPTIONAL = Told(200, Seen(impressions=10_000, clicks=320, spend=100, value=450))
LOSING = Told(150, Seen(impressions=10_000, clicks=110, spend=150, value=120))


def one(rule: Rule, told: Told) -> Evaluation:
    return evaluate(rule, told)[0]


def test_an_exceptional_campaign_gets_half_as_much_again() -> None:
    found = one(REPORTED, EXCEPTIONAL)
    assert found.action is BudgetAction.SCALE_UP_AGGRESSIVE
    assert (found.old_budget_micros, found.new_budget_micros) == (200 * MICROS, 300 * MICROS)
    assert found.reason == "Exceptional performance: ROAS 4.50x (>4.0x) and CTR 3.20% (>3%)"
    assert not found.requires_approval


def test_a_losing_campaign_is_paused() -> None:
    found = one(REPORTED, LOSING)
    assert (found.action, found.new_budget_micros) == (BudgetAction.PAUSE, 0)
    assert found.reason == "Critical underperformance: ROAS 0.80x (<1.0x) - pausing to stop losses"


@pytest.mark.parametrize(
    ("value", "action", "budget"),
    [
        (99.99, BudgetAction.PAUSE, 0),
        (100, BudgetAction.SCALE_DOWN, 140),
        (149.99, BudgetAction.SCALE_DOWN, 140),
        (150, BudgetAction.MAINTAIN, 200),
        (300, BudgetAction.MAINTAIN, 200),
        (300.01, BudgetAction.SCALE_UP, 240),
        (450, BudgetAction.SCALE_UP, 240),
    ],
)
def test_reported_figures_follow_exactly_the_table(value: float, action: BudgetAction, budget: float) -> None:
    found = one(REPORTED, Told(200, Seen(spend=100, value=value)))
    assert (found.action, found.new_budget_micros) == (action, budget * MICROS)


def test_a_campaign_that_will_recover_is_not_paused_on_the_expected_basis() -> None:
    told = Told(150, Seen(spend=100, value=80, value_final=(160, 130, 190)))
    assert one(REPORTED, told).action is BudgetAction.PAUSE
    found = one(Rule("r"), told)
    assert found.action is BudgetAction.MAINTAIN
    assert found.on_reported is BudgetAction.PAUSE
    assert found.reason == "Not sure enough to act: ROAS 1.60x (0.80x reported so far), CTR 1.50%"
    assert found.missing == "scale_down needs ROAS is below 1.5x, which is 33% likely (80% needed)"


def test_a_sure_loss_is_cut_on_the_expected_basis_and_says_both_figures() -> None:
    found = one(Rule("r"), Told(150, Seen(spend=100, value=40, value_final=(60, 50, 70))))
    assert found.action is BudgetAction.PAUSE
    assert found.reason == (
        "Critical underperformance: ROAS 0.60x (<1.0x; 0.40x reported so far) - pausing to stop losses"
    )
    assert [judged.truth for judged in found.judgements] == [Truth.TRUE, Truth.TRUE, Truth.FALSE, Truth.FALSE]
    assert found.would_change == "scale_down unless ROAS is below 1.0x"


@pytest.mark.parametrize(
    ("mean", "action", "missing"),
    [
        (150, BudgetAction.MAINTAIN, "pause needs ROAS is below 1.0x, which is 90% likely but not what is expected"),
        (120, BudgetAction.SCALE_DOWN, ""),
        (90, BudgetAction.PAUSE, ""),
    ],
)
def test_a_bad_day_of_rare_results_speaks_against_nobody(mean: float, action: BudgetAction, missing: str) -> None:
    told = Told(150, Seen(spend=100, value=0))
    columns = standing(told)
    value, low80, high80, low95, high95, share = (np.array([end], np.float64) for end in (mean, 0, 100, 0, 900, 1))
    rare = Expected(value, low80, high80, low95, high95, share, np.array(["own"], object))
    matured = replace(columns.windows[Over.CAMPAIGN, 24].matured, conversion_value=rare)
    columns = replace(columns, windows={(Over.CAMPAIGN, 24): Window(matured, np.array([False]))})
    found = Explainer(recommend_choice(Rule("r"), columns, np.arange(1)), columns).evaluations()[0]
    assert found.action is action
    assert found.missing.partition(";")[0] == missing


def test_too_few_impressions_are_no_evidence() -> None:
    found = one(REPORTED, Told(200, Seen(impressions=640, value=900)))
    assert found.action is BudgetAction.MAINTAIN
    assert found.reason == "Too little data: 640 impressions in the last 24 hours (1,000 needed)"
    assert found.missing == "360 more impressions are needed"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (Told(status="PAUSED"), "Not running: its status is PAUSED"),
        (Told(seen=Seen(None, None, None, None, None)), "Not decidable: nothing is known in the last 24 hours"),
        (Told(seen=Seen(spend=0, value=0)), "Not decidable: ROAS n/a, CTR 1.50% in the last 24 hours"),
        (Told(), "Within its targets: ROAS 2.00x, CTR 1.50%"),
        (
            Told(0, Seen(value=350)),
            "Strong performance: ROAS 3.50x (>3.0x) - but no daily budget is known, so nothing can be changed",
        ),
        (
            Told(1_000, Seen(value=350)),
            "Strong performance: ROAS 3.50x (>3.0x) - but its budget stays at most 1000.00 USD a day",
        ),
        (
            Told(10, Seen(value=120)),
            "Underperformance: ROAS 1.20x (<1.5x) - but its budget stays at least 10.00 USD a day",
        ),
    ],
)
def test_nothing_is_done_for_a_reason(told: Told, reason: str) -> None:
    found = one(REPORTED, told)
    assert (found.action, found.reason) == (BudgetAction.MAINTAIN, reason)
    assert found.new_budget_micros == found.old_budget_micros


def test_a_limit_pulls_a_rise_towards_the_present_budget_and_says_so() -> None:
    found = one(REPORTED, Told(900, Seen(value=350)))
    assert found.new_budget_micros == 1_000 * MICROS
    assert found.reason == "Strong performance: ROAS 3.50x (>3.0x) - limited to 1000.00 USD a day"
    assert found.requires_approval


def test_a_limit_that_takes_but_a_micro_is_named_too() -> None:
    found = one(replace(REPORTED, max_daily_budget=240 * MICROS - 1), Told(200, Seen(value=350)))
    assert found.reason == "Strong performance: ROAS 3.50x (>3.0x) - limited to 239.99 USD a day"


@pytest.mark.parametrize(
    ("threshold", "budget", "value", "asks"),
    [(240, 200, 350, False), (239.99, 200, 350, True), (500, 900, 120, False)],
)
def test_a_person_is_asked_for_rises_above_the_threshold_alone(
    threshold: float, budget: float, value: float, asks: bool
) -> None:
    rule = replace(REPORTED, require_approval_threshold=round(threshold * MICROS))
    assert one(rule, Told(budget, Seen(value=value))).requires_approval is asks


@pytest.mark.parametrize(("impressions", "action"), [(1_000, "scale_up"), (999, "maintain")])
def test_as_many_impressions_as_are_needed_are_enough(impressions: int, action: str) -> None:
    assert one(REPORTED, Told(200, Seen(impressions=impressions, value=350))).action == action


def test_full_confidence_acts_on_what_is_certain_and_on_nothing_else() -> None:
    rule = Rule("r", confidence=1.0)
    assert one(rule, Told(200, Seen(value=350))).action is BudgetAction.SCALE_UP
    assert one(rule, Told(200, Seen(value=350, value_final=(350, 250, 450)))).action is BudgetAction.MAINTAIN
    assert one(rule, Told()).reason == "Within its targets: ROAS 2.00x, CTR 1.50%"


def test_a_budget_beyond_its_limit_is_never_pushed_through_it() -> None:
    assert one(REPORTED, Told(1_500, Seen(value=350))).new_budget_micros == 1_500 * MICROS
    assert one(REPORTED, Told(6, Seen(value=120))).new_budget_micros == 6 * MICROS


def test_yen_are_rounded_to_whole_yen_towards_the_present_budget() -> None:
    found = one(REPORTED, Told(12_345, Seen(spend=10_000, value=35_000), currency="JPY"))
    assert found.new_budget_micros == 14_814 * MICROS


def test_each_campaign_is_limited_in_its_own_currency() -> None:
    yen = Told(150_000, Seen(spend=100_000, value=350_000), currency="JPY")
    found = [evaluate(REPORTED, each)[0].new_budget_micros for each in (Told(900, Seen(value=350)), yen)]
    assert found == [1_000 * MICROS, 180_000 * MICROS]


def test_a_rule_of_another_currency_is_refused() -> None:
    columns = standing(Told(currency="EUR"))
    with pytest.raises(InvalidInput, match="is written in USD, the account counts in EUR"):
        recommend_choice(Rule("r", currency="USD"), columns, np.array([0]))


def test_a_day_without_hourly_conversions_says_that_it_is_a_closed_day() -> None:
    columns = standing(Told())
    window = columns.windows["campaign", 24]  # type: ignore[index]
    window.closed_days[:] = True
    from adtempo.budgets.reasons import Explainer

    choice = recommend_choice(REPORTED, columns, np.array([0]))
    assert Explainer(choice, columns).evaluations()[0].window == "the last closed local day"


GENERAL = {
    "rule_name": "Dear and slow",
    "basis": "reported",
    "rows": [
        {"when": "cpa > 12 or (spend > 90 and conversions < 1)", "action": "scale_down", "multiplier": 0.8},
        {"when": "roas(7d) > 2 * roas and cpa < 5", "action": "scale_up", "multiplier": 1.1},
        {"when": "roas < 0.5 * target_roas", "action": "pause"},
        {"when": "pace > 1.2", "action": "scale_down", "multiplier": 0.9},
    ],
}


@pytest.mark.parametrize(
    ("told", "action", "reason"),
    [
        (Told(seen=Seen(conversions=5)), BudgetAction.SCALE_DOWN, "Dear and slow: CPA 20.00 (>12.00)"),
        (
            Told(seen=Seen(conversions=0)),
            BudgetAction.SCALE_DOWN,
            "Dear and slow: spend 100.00 (>90.00) and conversions 0 (<1)",
        ),
        (
            Told(seen=Seen(conversions=40), more={168: Seen(spend=100, value=500)}),
            BudgetAction.SCALE_UP,
            "Dear and slow: ROAS 5.00x over 7 days (>4.0x) and CPA 2.50 (<5.00)",
        ),
        (Told(target_roas=5.0), BudgetAction.PAUSE, "Dear and slow: ROAS 2.00x (<2.5x)"),
        (Told(pace=(1.3, 1.25, 1.35)), BudgetAction.SCALE_DOWN, "Dear and slow: pace 1.30x (>1.2x)"),
    ],
)
def test_general_rules_compare_any_metric_over_any_window(told: Told, action: BudgetAction, reason: str) -> None:
    found = one(read_rule(GENERAL), replace(told, more={168: Seen(), **told.more}))
    assert (found.action, found.reason) == (action, reason)


def test_a_cost_is_only_called_too_high_when_what_still_arrives_cannot_lower_it() -> None:
    rule = read_rule({"rule_name": "c", "rows": [{"when": "cpa > 12", "action": "scale_down", "multiplier": 0.8}]})
    assert one(rule, Told(seen=Seen(conversions=5, conversions_final=(10, 8, 12)))).action is BudgetAction.MAINTAIN
    assert one(rule, Told(seen=Seen(conversions=5, conversions_final=(6, 5, 7)))).action is BudgetAction.SCALE_DOWN


def test_few_results_are_only_called_few_when_what_still_arrives_cannot_make_them_many() -> None:
    rule = read_rule({"rule_name": "n", "rows": [{"when": "conversions < 8", "action": "pause"}]})
    assert one(rule, Told(seen=Seen(conversions=5, conversions_final=(10, 8, 12)))).action is BudgetAction.MAINTAIN
    assert one(rule, Told(seen=Seen(conversions=5, conversions_final=(6, 5, 7)))).action is BudgetAction.PAUSE


def test_the_pace_is_only_called_when_its_interval_says_so() -> None:
    rule = read_rule({"rule_name": "p", "rows": [{"when": "pace > 1.2", "action": "scale_down", "multiplier": 0.9}]})
    assert one(rule, Told(pace=(1.3, 1.1, 1.5))).action is BudgetAction.MAINTAIN
    assert one(rule, Told(pace=(1.3, 1.25, 1.35))).action is BudgetAction.SCALE_DOWN
    assert one(rule, Told()).action is BudgetAction.MAINTAIN


@pytest.mark.parametrize(("above", "told"), [(19.9, True), (20, False)])
def test_how_large_a_change_must_be_to_be_told_is_set(above: float, told: bool) -> None:
    change = roads.bare_change(NOW, state=State.APPLIED)  # 200 -> 220
    assert bool(find_news([change], above)) is told


@pytest.mark.parametrize(("target", "action"), [(1.2, "maintain"), (1.21, "scale_down")])
def test_what_meets_its_target_return_is_not_cut(target: float, action: str) -> None:
    (found,) = evaluate(Rule("r", basis=Basis.REPORTED, target_roas=target), Told(seen=Seen(value=120)))
    assert found.action == action


@pytest.mark.parametrize(("target", "action"), [(10, "maintain"), (9.99, "scale_down")])
def test_what_meets_its_target_cost_is_not_cut(target: float, action: str) -> None:
    rule = Rule("r", basis=Basis.REPORTED, target_cpa=round(target * MICROS))
    (found,) = evaluate(rule, Told(seen=Seen(value=120, conversions=10)))
    assert found.action == action


def test_the_nearest_enabled_rule_counts_and_the_wider_ones_stand_behind_it() -> None:
    """A campaign's own before its account's before one for everybody; of one reach the first."""
    written: list[dict[str, Any]] = [
        {"rule_name": "all"},
        {"rule_name": "account", "account_id": "meta:a1"},
        {"rule_name": "off", "campaign_id": "meta:a1:c1", "enabled": False},
        {"rule_name": "own", "campaign_id": "meta:a1:c1"},
        {"rule_name": "second", "campaign_id": "meta:a1:c1"},
        {"rule_name": "other", "campaign_id": "meta:a1:c2"},
    ]
    rules = [(rule, (place, 1), rule.enabled) for place, rule in enumerate(read_rule(one) for one in written)]
    (campaign,) = standing(Told()).campaigns
    fitting = [rule.rule_name for rule, _ in find_fitting(rules, campaign, "USD")]
    assert fitting == ["own", "second", "account", "all"]
    assert find_fitting(rules[:3], campaign, "USD") == []


def test_a_record_of_failure_doubts_expected_figures_alone() -> None:
    reported, expected = (evaluate(rule, Told())[0] for rule in (REPORTED, Rule("r")))
    doubts = {reported.campaign.account: "its intervals failed"}
    assert (doubt_for(reported, doubts), doubt_for(expected, doubts)) == ("", "its intervals failed")
    assert doubt_for(expected, {}) == ""
