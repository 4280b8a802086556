"""Rules as people write them: read, refused, said in a sentence, and the same again when written back."""

from __future__ import annotations

from typing import Any

import pytest

from adtempo.budgets.rules import recommend_rows
from adtempo.budgets.rules.base import DEFAULT_AMOUNTS, DEFAULT_RULE, PER_DOLLAR, Rule, amounts_in, windows_in
from adtempo.budgets.rules.conditions import read_condition
from adtempo.budgets.rules.fields import read_rule, read_rules, write_rule
from adtempo.budgets.rules.sentences import condition_words, rule_sentence
from adtempo.domain.errors import InvalidInput
from adtempo.domain.proposals import BudgetAction

MICROS = 1_000_000

GENERAL = """
[[rule]]
rule_name = "Night shift"
account_id = "meta:act_1"
label = "night"
over = "niche"
basis = "reported"
rows = [
  {when = "roas(7d) > 1.2 * target_roas and (ctr > 2 or cpc < 0.5)", action = "scale_up", multiplier = 1.1},
  {when = "cpa > 40", action = "pause"},
]
quiet_hours = [1, 2]
"""


def test_the_shipped_rule_reads_like_a_sentence() -> None:
    assert rule_sentence(DEFAULT_RULE) == (
        "For every campaign, over the last 24 hours with at least 1,000 impressions, on expected final figures when at "
        "least 80% sure: pause when ROAS is below 1.0x; scale down 30% when ROAS is below 1.5x; scale up 50% "
        "(aggressive) when ROAS is above 4.0x and CTR is above 3%; scale up 20% when ROAS is above 3.0x; otherwise "
        "maintain; budgets stay between 10 USD or its like and 1,000 USD or its like a day, move at most 1.5-fold in "
        "24 hours, 3 times, 6 hours apart; the account stays within 5,000 USD or its like a day; a person approves "
        "budgets above 500 USD or its like and rises of more than 100 USD or its like."
    )


def test_a_general_rule_reads_like_a_sentence() -> None:
    sentence = rule_sentence(read_rules(GENERAL)[0])
    assert sentence.startswith(
        "For every campaign labelled night of account meta:act_1, over the last 24 hours with at least 1,000 "
        "impressions, on the figures reported so far: pause when CPA is above 40.00 of its niche in the account; "
        "scale up 10% when ROAS over 7 days is above 1.2 times its target ROAS and (CTR is above 2% or CPC is below "
        "0.50) of its niche in the account; otherwise maintain;"
    )
    assert sentence.endswith("nothing changes in the hours 1, 2.")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"campaign_id": "c1", "enabled": False}, ["For campaign c1,", "; it is disabled."]),
        ({"name_pattern": "Brand*", "currency": "EUR"}, ["every campaign named like Brand* in EUR,"]),
        ({"max_daily_budget": "250.50", "window_hours": 72}, ["over the last 3 days", "and 250.50 a day"]),
        (
            {"target_roas": 2, "target_cpa": 30},
            ["ROAS is above 3.0x and ROAS is at least 2.0x and CPA is at most 30.00"],
        ),
        ({"over": "platform"}, ["of its whole account"]),
    ],
)
def test_every_field_is_said(written: dict[str, Any], words: list[str]) -> None:
    sentence = rule_sentence(read_rule({"rule_name": "r", **written}))
    assert all(word in sentence for word in words), sentence


def test_a_rule_written_back_is_the_same_rule() -> None:
    for rule in (DEFAULT_RULE, *read_rules(GENERAL), read_rule({"rule_name": "x", "target_cpa": "12.5"})):
        assert read_rule(write_rule(rule)) == rule


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({"roas_scale_upp": 3}, "roas_scale_upp: there is no such field; did you mean roas_scale_up?"),
        ({"zzz": 3}, "zzz: there is no such field; fields are rule_name, account_id"),
        ({"roas_pause": 2}, "roas_pause: 2 is above roas_scale_down .1.5.; thresholds must rise"),
        ({"roas_scale_up": "much"}, "roas_scale_up: must be a number from 0 to 1000, not 'much'"),
        ({"window_hours": 1.5}, "window_hours: must be a whole number from 1 to 672, not 1.5"),
        ({"min_impressions": True}, "min_impressions: must be a whole number"),
        ({"max_daily_budget": -5}, "max_daily_budget: must be above 0, not -5"),
        ({"max_daily_budget": "1,000"}, "max_daily_budget: '1,000' is not an amount"),
        ({"max_daily_budget": [1]}, "max_daily_budget: must be an amount"),
        ({"min_daily_budget": 50, "max_daily_budget": 20}, "min_daily_budget: is above max_daily_budget"),
        ({"enabled": "yes"}, "enabled: must be true or false"),
        ({"label": ""}, "label: must be a text of 1 to 200 characters"),
        ({"basis": "hoped"}, "basis: must be one of expected, reported"),
        ({"currency": "euro"}, "currency: must be an ISO 4217 code"),
        ({"confidence": 0.2}, "confidence: must be a number from 0.5 to 1"),
        ({"multiplier_up": 2}, "multiplier_up: is above multiplier_aggressive_up"),
        ({"quiet_hours": 3}, "quiet_hours: must be a list of hours"),
        ({"quiet_hours": list(range(24))}, "quiet_hours: cannot be the whole day"),
        ({"campaign_id": "c", "name_pattern": "x*"}, "name_pattern: does nothing beside campaign_id"),
        ({"rows": 5}, "rows: must be a list"),
        ({"rows": "pause when roas < 1\nstop it"}, "rows: row 2 must be like 'scale_up 1.2 when roas > 3'"),
        ({"rows": "scale_up 1.2.3 when roas > 1"}, "row 1: must be a number from 1.01 to 10, not '1.2.3'"),
        ({"quiet_hours": "1, noon"}, "quiet_hours: must be a whole number from 0 to 23, not ' noon'"),
        ({"rows": [5]}, "rows: row 1 must be a table"),
        ({"rows": [{"if": "x"}]}, "rows: row 1 has no field 'if'"),
        ({"rows": [{"when": "roas > 1", "action": "delete"}]}, "row 1: must be one of scale_up_aggressive"),
        ({"rows": [{"when": "roas > 1", "action": "scale_up"}]}, "row 1: must be a number from 1.01 to 10"),
        ({"rows": [{"when": "roas > 1", "action": "pause", "multiplier": 2}]}, "a pause takes no multiplier"),
        ({"rows": [{"when": "roas > 1", "action": "pause"}], "roas_pause": 0.5}, "roas_pause: does nothing in a rule"),
        ({"rows": [{"when": "roi > 1", "action": "pause"}]}, "row 1: the condition 'roi > 1' cannot be read"),
    ],
)
def test_bad_rules_are_refused_with_field_and_cure(written: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        read_rule({"rule_name": "r", **written})


def test_rows_and_hours_can_be_written_in_words() -> None:
    tables = [
        {"when": "roas(7d) > 3 and ctr > 2", "action": "scale_up", "multiplier": 1.25},
        {"when": "cpa > 40", "action": "pause"},
    ]
    lines = "scale_up 1.25 when roas(7d) > 3 and ctr > 2\n  pause when cpa > 40\n"
    said = read_rule({"rule_name": "r", "rows": lines, "quiet_hours": "22, 23"})
    assert said == read_rule({"rule_name": "r", "rows": tables, "quiet_hours": [22, 23]})


def test_a_sentence_rounds_nothing_away() -> None:
    sentence = rule_sentence(
        read_rule({"rule_name": "r", "roas_pause": 0.996, "multiplier_up": 1.015, "confidence": 0.995})
    )
    assert all(words in sentence for words in ("below 0.996x", "scale up 1.5%", "at least 99.5% sure"))


def test_a_rule_has_a_name() -> None:
    with pytest.raises(InvalidInput, match="rule_name: is missing"):
        read_rule({})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[rule]", "rules.toml is not TOML"),
        ("x = 1", r"must hold one or more \[\[rule\]\] tables"),
        ("rule = []", r"must hold one or more \[\[rule\]\] tables"),
        ('[[rule]]\nrule_name = "a"\n[[rule]]\nrule_name = "a"', "rule 2 'a': rule_name: another rule of this file"),
        ("[[rule]]\nroas_pause = 9\n[[rule]]\nx = 1", "(?s)rule 1: rule_name: is missing.*rule 2: x: there is no such"),
        ("[[rule]]\n" * 25, "and 5 more"),
    ],
)
def test_a_bad_file_is_refused_whole_with_every_problem(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        read_rules(text, "rules.toml")


@pytest.mark.parametrize(
    "text",
    [
        "roas > 4 and ctr > 3",
        "roas(24h) < 0.5 * roas(7d) or spend(7d) >= 100.00 and conversions(36h) < 1",
        "cpa > 1.2 * target_cpa",
        "(roas > 1 or ctr > 2) and cpc <= 0.75",
        "pace > 1.1",
        "roas < target_roas",
        "impressions > 1234567 and clicks > 0.00001",
        "cpa > 1.23456789 * target_cpa",
    ],
)
def test_a_condition_written_back_reads_the_same(text: str) -> None:
    condition = read_condition(text)
    assert read_condition(str(condition)) == condition
    assert str(condition) == text.replace("24h", "1d")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no metric"),
        ("roas", "at its end: after roas expected one of"),
        ("roas > ", "there is no metric None here"),
        ("frequency > 3", "there is no metric 'frequency' here; choose one of spend"),
        ("roas > 3 xor ctr > 2", "at 'xor ctr > 2': expected and, or, or the end"),
        ("(roas > 3", "a bracket is not closed"),
        ("(" * 400 + "roas > 3" + ")" * 400, "brackets are at most 20 deep"),
        ("roas(0h) > 3", "a window is 1h to 28d long"),
        ("pace(7d) > 3", "pace is of the month and takes no window"),
        ("roas > 2 * cpa", "can be compared with a number, a target or itself"),
        ("ctr > target_roas", "ctr cannot be compared with target_roas"),
    ],
)
def test_a_bad_condition_says_where_and_why(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        read_condition(text)


def test_conditions_are_said_in_words() -> None:
    words = condition_words(read_condition("roas(24h) < 0.5 * roas(7d) or pace >= 1.1"))
    assert words == "ROAS over 24 hours is below 0.5 times ROAS over 7 days or pace is at least 1.1x"


def test_the_windows_of_a_rule_are_all_that_its_rows_read() -> None:
    rule = read_rules(GENERAL)[0]
    assert windows_in(rule, recommend_rows(rule)) == {24, 168}
    assert [row.action for row in recommend_rows(rule)] == [BudgetAction.PAUSE, BudgetAction.SCALE_UP]


# Amounts


def test_amounts_that_nobody_wrote_are_converted_coarsely() -> None:
    assert amounts_in(DEFAULT_RULE, "USD").max_daily_budget == 1_000 * MICROS
    assert amounts_in(DEFAULT_RULE, "JPY").max_daily_budget == 200_000 * MICROS
    assert amounts_in(DEFAULT_RULE, "INR").auto_approve_up_to == 8_000 * MICROS
    for currency in PER_DOLLAR:
        assert amounts_in(DEFAULT_RULE, currency).min_daily_budget > 0
    assert set(DEFAULT_AMOUNTS) == set(amounts_in(DEFAULT_RULE, "USD").__dataclass_fields__)


def test_what_people_wrote_is_in_the_accounts_currency() -> None:
    assert amounts_in(read_rule({"rule_name": "r", "max_daily_budget": 300}), "JPY").max_daily_budget == 300 * MICROS


@pytest.mark.parametrize(
    ("written", "low", "high", "account"),
    [
        ({"max_daily_budget": 8_000}, 10, 8_000, 8_000),
        ({"min_daily_budget": 2_000}, 2_000, 2_000, 5_000),
        ({"max_daily_budget": 5}, 5, 5, 5_000),
        ({"max_daily_spend_limit": 400}, 10, 400, 400),
    ],
)
def test_defaults_follow_what_is_written(written: dict[str, Any], low: int, high: int, account: int) -> None:
    found = amounts_in(read_rule({"rule_name": "r", **written}), "USD")
    assert (found.min_daily_budget, found.max_daily_budget, found.max_daily_spend_limit) == (
        low * MICROS,
        high * MICROS,
        account * MICROS,
    )


@pytest.mark.parametrize(
    ("rule", "currency", "problem"),
    [
        (Rule("r", currency="USD"), "EUR", "is written in USD, the account counts in EUR"),
        (Rule("r"), "XAU", "there is no default max_daily_budget in XAU; state"),
        (Rule("r", min_daily_budget=9 * MICROS, max_daily_spend_limit=5 * MICROS), "USD", "min_daily_budget is above"),
        (Rule("r", min_daily_budget=1_000), "JPY", "must be an amount that JPY can pay"),
    ],
)
def test_amounts_that_do_not_fit_are_refused(rule: Rule, currency: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        amounts_in(rule, currency)
