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


def test_every_pair_of_rows_that_fight_is_named() -> None:
    fighting = rows(
        "f",
        ("roas > 2", "scale_up", 1.2),
        ("ctr > 3", "scale_up", 1.1),
        ("spend > 50", "pause", None),
        ("cpc > 9", "scale_down", 0.9),
    )
    asked = [one.message.partition("asks for ")[2] for one in found(Trouble.CONTRADICTION, fighting)]
    assert len(asked) == 4
    assert sum(one.startswith("scale_up and another for pause") for one in asked) == 2


@pytest.mark.parametrize(
    ("up", "down", "message"),
    [
        (
            rows("up", ("roas > 2", "scale_up", 1.2)),
            rows("down", ("roas < 2", "scale_down", 0.8), window_hours=168),
            "at ROAS 2.02x over 24 hours, ROAS 1.0x over 7 days the first",
        ),
        (
            rows("up", ("roas > 2", "scale_up", 1.2), over="niche"),
            rows("down", ("roas < 2", "scale_down", 0.8)),
            "at ROAS of its niche in the account 2.02x, ROAS 1.0x the first",
        ),
        (
            rows("up", ("roas > 2", "scale_up", 1.2)),
            rows("down", ("roas < 2", "scale_down", 0.8), basis="reported"),
            "at expected ROAS 2.02x, reported ROAS 1.0x the first",
        ),
    ],
)
def test_the_same_metric_of_other_hours_or_of_others_is_another_figure(up: Rule, down: Rule, message: str) -> None:
    pair = found(Trouble.CONTRADICTION, up, down, campaigns=(campaign(1, up, down),))
    assert message in pair[0].message


def test_a_window_that_is_the_rules_own_is_the_same_figure() -> None:
    once = rows("o", ("roas > 2", "scale_up", 1.2), ("roas(1d) < 1", "scale_down", 0.8))
    assert found(Trouble.CONTRADICTION, once) == []


def test_paces_and_targets_are_figures_without_a_window() -> None:
    fighting = rows("p", ("pace > 1.1 and cpa > target_cpa", "scale_down", 0.9), ("pace < 2", "scale_up", 1.1))
    message = found(Trouble.CONTRADICTION, fighting)[0].message
    assert "pace 1." in message
    assert "target cpa " in message


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
        # 100 grows 1.5-fold a day to the ceiling of 1,000; Google may spend twice a day's highest budget.
        ({}, [100], 300, 2 * (150 + 225 + 337.5 + 506.25 + 759.375 + 1000 + 1000), "campaigns"),
        # What one campaign's cut frees another may take on the same day: 1.5 times the account's cap.
        ({"max_daily_spend_limit": 240}, [100, 100], 600, 600 + 6 * 720, "account"),
        ({"max_daily_spend_limit": 150}, [100, 100], 600, 4200, "account"),
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


def test_running_campaigns_of_unknown_budget_are_counted_and_not_guessed() -> None:
    known, unknown = campaign(1, DEFAULT_RULE, budget=50), campaign(2, DEFAULT_RULE, budget=0)
    proven = check_rules([DEFAULT_RULE], (known, unknown)).highest_spend[0]
    assert (proven.unknown, proven.budgets_micros) == (1, check_rules([], [known]).highest_spend[0].budgets_micros)


def test_a_campaign_that_is_left_alone_keeps_its_budget() -> None:
    proven = check_rules([DEFAULT_RULE], (campaign(1, budget=50, platform="other"),)).highest_spend[0]
    assert (proven.day_micros, proven.week_micros) == (50 * MICROS, 350 * MICROS)
