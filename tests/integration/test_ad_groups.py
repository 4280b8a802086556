"""Facts of ad groups: counted once, however they are reported, and what rules over them lead to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adtempo.budgets.replay.run import Replay, replay_rules
from adtempo.budgets.rules.base import Over
from adtempo.budgets.rules.fields import read_rule
from adtempo.budgets.run import BudgetAutoScaler
from adtempo.domain.errors import InvalidInput
from adtempo.domain.proposals import BudgetAction
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.store.accounts import change_campaign, find_campaign
from adtempo.store.engine import transaction
from adtempo.workspace import Workspace

HEADER = (
    "platform,account_id,account_timezone,currency,campaign_id,ad_group_id,ad_id,grain,slot_start,"
    "impressions,clicks,spend,conversions,conversion_value,budget_daily,status"
)
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
RULE = read_rule({"rule_name": "each", "basis": "reported", "over": "ad_group"})


def hours_of(campaign: str, group: str, ad: str, value: float) -> list[str]:
    """The last 24 hours of a campaign, of one of its ad groups, or of one of its ads."""
    slots = (NOW - timedelta(hours=back) for back in range(24, 0, -1))
    budget = "" if group else "200,active"
    figures = f"500,16,5,1,{value / 24:.4f},{budget or ','}"
    return [f"google,g1,UTC,USD,{campaign},{group},{ad},hour,{slot:%Y-%m-%dT%H:00},{figures}" for slot in slots]


@pytest.fixture
def home(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Two campaigns: of one both ad groups win, of the other one loses; one group is told by itself and by its ads."""
    lines = [*hours_of("even", "", "", 1000), *hours_of("uneven", "", "", 800)]
    lines += [*hours_of("even", "e1", "", 500), *hours_of("even", "e2", "", 500)]
    lines += [
        *hours_of("uneven", "u1", "", 750),
        *hours_of("uneven", "u1", "a1", 750),
        *hours_of("uneven", "u2", "a2", 50),
    ]
    path = tmp_path / "facts.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    import_facts(workspace.ledger, path, ImportOptions(), actor="test", now=workspace.now())
    return workspace


@ON_SQLITE
def test_an_ad_group_that_is_told_twice_counts_once(home: Workspace) -> None:
    table = load_fact_table(home.ledger, FactQuery(by=("campaign_id", "ad_group_id"), as_of=NOW))
    values = (table.sums["conversion_value_micros"] / 1e6).round(2).tolist()
    groups = zip(table.keys["campaign_id"].tolist(), table.keys["ad_group_id"].tolist(), strict=True)
    assert dict(zip(groups, values, strict=True)) == pytest.approx(
        {("even", "e1"): 500.0, ("even", "e2"): 500.0, ("uneven", "u1"): 750.0, ("uneven", "u2"): 50.0}, abs=0.01
    )


@ON_SQLITE
def test_a_rule_over_ad_groups_raises_only_where_all_of_them_win(home: Workspace) -> None:
    scaler = BudgetAutoScaler(home)
    plain = read_rule({"rule_name": "plain", "basis": "reported"})
    assert {one.action for one in scaler.evaluate_all(rules=[plain])} == {BudgetAction.SCALE_UP_AGGRESSIVE}
    found = {one.campaign.campaign_id: one for one in scaler.evaluate_all(rules=[RULE])}
    assert found["even"].reason.endswith("ROAS 8.33x (>4.0x) and CTR 3.20% (>3%), and so in each of its ad groups")
    assert (found["even"].action, found["uneven"].action) == (BudgetAction.SCALE_UP_AGGRESSIVE, BudgetAction.MAINTAIN)


@ON_SQLITE
def test_the_pace_of_a_campaign_is_that_of_its_ad_groups(home: Workspace) -> None:
    rows = [{"when": "pace > 1.1", "action": "scale_down", "multiplier": 0.9}]
    rule = read_rule({"rule_name": "p", "basis": "reported", "over": "ad_group", "rows": rows})
    with transaction(home.engine) as connection:
        change_campaign(connection, find_campaign(connection, "even"), planned_budget_micros=50_000_000)
    found = {one.campaign.campaign_id: one.action for one in BudgetAutoScaler(home).evaluate_all(rules=[rule])}
    assert found == {"even": BudgetAction.SCALE_DOWN, "uneven": BudgetAction.MAINTAIN}


@ON_SQLITE
@pytest.mark.parametrize("over", list(Over))
def test_a_campaign_is_evaluated_alone_as_among_all(home: Workspace, over: Over) -> None:
    """Although only its own figures are cut then: what campaigns usually bring is learnt of all."""
    rule = [read_rule({"rule_name": "r", "over": over.value, "confidence": 0.6})]
    for one in BudgetAutoScaler(home).evaluate_all(rules=rule):
        alone = BudgetAutoScaler(home).evaluate(one.campaign.campaign_id, rules=rule)
        assert alone.expected == pytest.approx(one.expected)
        assert (alone.action, alone.new_budget_micros, alone.reason) == (one.action, one.new_budget_micros, one.reason)


@ON_SQLITE
def test_a_replay_refuses_a_rule_over_ad_groups(home: Workspace) -> None:
    day = (NOW - timedelta(days=1)).date()
    with pytest.raises(InvalidInput, match="rule 'each' reads ad groups, of which a replay knows nothing"):
        replay_rules(home, Replay(rules=[RULE], since=day, until=day))
