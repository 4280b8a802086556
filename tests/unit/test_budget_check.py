"""What a set of rules can do at worst: contradictions, gaps, swings, growth, idle rows, and the highest spend."""

from __future__ import annotations

from typing import Any

import pytest

from adtempo.budgets.check import Finding, RuledCampaign, Trouble, check_rules
from adtempo.budgets.rules.base import DEFAULT_RULE, Rule
from adtempo.budgets.rules.fields import read_rule
from adtempo.domain.accounts import CampaignRef

MICROS = 1_000_000


def rule(name: str, **fields: Any) -> Rule:
    return read_rule({"rule_name": name, **fields})


def rows(name: str, *rows: tuple[str, str, float | None], **fields: Any) -> Rule:
    return rule(
        name, rows=[{"when": when, "action": action, "multiplier": factor} for when, action, factor in rows], **fields
    )


def campaign(
    number: int, *fitting: Rule, budget: float = 100.0, platform: str = "google", **more: Any
) -> RuledCampaign:
    ref = CampaignRef(platform, "a", f"c{number}")
    return RuledCampaign(ref, "USD", round(budget * MICROS), more.get("active", True), fitting)


def found(kind: Trouble, *rules: Rule, campaigns: tuple[RuledCampaign, ...] = ()) -> list[Finding]:
    findings = check_rules([*rules, DEFAULT_RULE], campaigns).findings
    return [one for one in findings if one.kind is kind and one.rules != ("default",)]


def test_the_shipped_rule_has_no_fault_but_growth() -> None:
    findings = check_rules([DEFAULT_RULE], [campaign(1, DEFAULT_RULE)]).findings
    assert [one.kind for one in findings] == [Trouble.COMPOUNDING]
    assert findings[0].message == (
        "rule 'default': rises of 50% up to 3 times a day are 3.38-fold, held to 1.5-fold; in a week a budget can grow "
        "17.1-fold, up to max_daily_budget"
    )


def test_two_rules_for_one_campaign_that_disagree_are_named_with_it() -> None:
    up, down = rows("up", ("roas > 2", "scale_up", 1.2)), rows("down", ("spend > 50", "scale_down", 0.8))
    pair = found(Trouble.CONTRADICTION, up, down, campaigns=(campaign(7, up, down), campaign(8, up, down)))
    assert [(one.rules, str(one.campaign)) for one in pair] == [(("up", "down"), "google:a:c7")]
    assert pair[0].message == (
        "rules 'up' and 'down' are both for google:a:c7: at ROAS 2.02x, spend 50.50 the first asks for scale_up and "
        "the second for scale_down; the first counts"
    )


def test_rows_that_fight_within_one_rule_are_named() -> None:
    fighting = rows("f", ("roas > 2", "scale_up", 1.2), ("spend > 50", "pause", None))
    message = found(Trouble.CONTRADICTION, fighting)[0].message
    assert message == (
        "rule 'f': at spend 50.50, ROAS 2.02x one row asks for scale_up and another for pause; the more severe wins"
    )


def test_a_row_that_never_wins_is_idle() -> None:
    idle = rows(
        "i", ("roas < 2", "pause", None), ("roas < 1", "scale_down", 0.7), ("ctr > 3 and ctr < 2", "pause", None)
    )
    assert [one.message.partition(" never")[0] for one in found(Trouble.UNREACHABLE, idle)][:2] == [
        "rule 'i': its row for pause (ctr > 3 and ctr < 2)",
        "rule 'i': its row for scale_down (roas < 1)",
    ]


def test_a_rule_that_no_campaign_follows_is_idle() -> None:
    alone, behind = rule("first"), rule("second")
    idle = found(Trouble.UNREACHABLE, alone, behind, campaigns=(campaign(1, alone, behind),))
    assert [one.rules for one in idle] == [("second",)]


def test_nothing_that_stops_a_loser_is_a_gap() -> None:
    only_up = rows("u", ("roas > 2", "scale_up", 1.2))
    assert "never lowers a budget and never pauses" in found(Trouble.GAP, only_up)[0].message


def test_campaigns_without_a_rule_are_a_gap() -> None:
    gap = found(Trouble.GAP, campaigns=(campaign(1), campaign(2)))
    assert gap[0].message == "2 campaigns follow no rule, since their own are disabled; the first is google:a:c1"


@pytest.mark.parametrize(
    ("swings", "fields"),
    [
        (True, {"roas_scale_up": 1.6, "roas_scale_up_aggressive": 2, "multiplier_up": 1.4}),
        (False, {"roas_scale_up": 2.5}),
    ],
)
def test_a_rise_that_leads_to_a_cut_is_an_oscillation(swings: bool, fields: dict[str, Any]) -> None:
    assert bool(found(Trouble.OSCILLATION, rule("o", **fields))) is swings


def test_slow_growth_is_not_worth_a_word() -> None:
    slow = rule("slow", multiplier_up=1.02, multiplier_aggressive_up=1.05, max_changes_per_day=1)
    assert found(Trouble.COMPOUNDING, slow) == []


def test_too_many_cases_are_drawn_and_still_found() -> None:
    when = " and ".join(f"{metric} > 1" for metric in ("roas", "ctr", "cpc", "cpm", "cpa", "cvr", "clicks"))
    many = rows("m", (when, "scale_up", 1.2), ("spend(7d) < 2 * spend(3d)", "scale_down", 0.9))
    assert found(Trouble.CONTRADICTION, many)


@pytest.mark.parametrize(
    ("fields", "budgets", "day", "week", "by"),
    [
        # 100 grows 1.5-fold a day to the ceiling of 1,000; Google may spend twice a day's budget.
        ({}, [100], 300, 2 * (150 + 225 + 337.5 + 506.25 + 759.375 + 1000 + 1000), "campaigns"),
        ({"max_daily_spend_limit": 240}, [100, 100], 480, 3360, "account"),
        ({"max_daily_spend_limit": 150}, [100, 100], 400, 2800, "account"),
        ({"max_daily_budget": 120}, [100], 240, 1680, "campaigns"),
        ({"rows": [{"when": "roas < 1", "action": "pause"}]}, [100], 200, 1400, "campaigns"),
    ],
)
def test_the_highest_spend_is_proven(
    fields: dict[str, Any], budgets: list[float], day: float, week: float, by: str
) -> None:
    one = rule("r", **fields)
    members = tuple(campaign(number, one, budget=budget) for number, budget in enumerate(budgets))
    paused = campaign(9, one, active=False)
    proven = check_rules([one, DEFAULT_RULE], (*members, paused)).highest_spend[0]
    assert (proven.day_micros, proven.week_micros, proven.capped_by) == (day * MICROS, round(week * MICROS, -4), by)


def test_a_campaign_that_is_left_alone_keeps_its_budget() -> None:
    proven = check_rules([DEFAULT_RULE], (campaign(1, budget=50, platform="other"),)).highest_spend[0]
    assert (proven.day_micros, proven.week_micros) == (50 * MICROS, 350 * MICROS)
