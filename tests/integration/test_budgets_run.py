"""The auto-scaler on both databases: what it keeps, what it proposes, and what it leaves alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from adtempo.alerts.open import load_alerts
from adtempo.budgets.dashboard import dashboard_body
from adtempo.budgets.report import check_body, run_body
from adtempo.budgets.rules.base import Rule
from adtempo.budgets.rules.fields import read_rule
from adtempo.budgets.run import BudgetAutoScaler, Run
from adtempo.changes.approvals import approve_change
from adtempo.changes.halt import halt_changes
from adtempo.changes.run import apply_changes, load_change, load_changes
from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.budgets import Evaluation
from adtempo.domain.changes import State
from adtempo.domain.errors import ChangeMoved, Conflict, InvalidInput, NotFound
from adtempo.domain.proposals import BudgetAction
from adtempo.domain.roles import Person, Role
from adtempo.facts.evaluations import archive_evaluations
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.facts.sql import answer_sql
from adtempo.jobs.deciding import evaluate_again
from adtempo.jobs.scaling import learn_hours, run_budgets, scale_campaigns
from adtempo.store import budgets as stored
from adtempo.store.accounts import change_account, change_campaign, find_account, find_campaign, register_accounts
from adtempo.store.audit import load_audit
from adtempo.store.engine import reading, transaction
from adtempo.store.schema import stats
from adtempo.workspace import Workspace

HEADER = (
    "platform,account_id,account_timezone,currency,campaign_id,campaign_name,niche,grain,slot_start,"
    "impressions,clicks,spend,conversions,conversion_value,budget_daily,status"
)
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what only reads: one database is enough."""


def hours_of(
    campaign: str, value: float, *, budget: float = 200, spend: float = 120, status: str = "active"
) -> list[str]:
    """A campaign's last 24 hours; CTR is 3.2%."""
    figures = f"500,16,{spend / 24:.4f},1,{value / 24:.4f},{budget:.2f},{status}"
    slots = (NOW - timedelta(hours=back) for back in range(24, 0, -1))
    return [
        f"google,g1,UTC,USD,{campaign},Brand {campaign},shoes,hour,{slot:%Y-%m-%dT%H:00},{figures}" for slot in slots
    ]


def day_of(campaign: str, day: str, value: float) -> str:
    return f"meta,m1,UTC,EUR,{campaign},Daily {campaign},shoes,day,{day},12000,384,120,24,{value},200,active"


def take_in(workspace: Workspace, folder: Path, *lines: str) -> None:
    path = folder / f"facts{len(list(folder.glob('facts*')))}.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    import_facts(workspace.ledger, path, ImportOptions(), actor="test", now=workspace.now())


@pytest.fixture
def home(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Four campaigns on reported figures: one great, one fair, one losing, one that does not run."""
    lines = [*hours_of("great", 540), *hours_of("fair", 240), *hours_of("losing", 96)]
    take_in(workspace, tmp_path, *lines, *hours_of("off", 96, status="paused"))
    add(workspace, rule_name="all", basis="reported")
    return workspace


def add(workspace: Workspace, **fields: Any) -> int:
    return BudgetAutoScaler(workspace).add_rules([read_rule(fields)], actor="ann")[0].rule_id


def run(workspace: Workspace) -> Run:
    return BudgetAutoScaler(workspace).run(actor="ann")


def evaluate(workspace: Workspace, campaign: str, **more: Any) -> Evaluation:
    return BudgetAutoScaler(workspace).evaluate(campaign, **more)


def arm(workspace: Workspace) -> None:
    with transaction(workspace.engine) as connection:
        change_account(connection, find_account(connection, "g1").ref, armed=True)


# Evaluating


@ON_SQLITE
def test_an_evaluation_says_what_the_rule_asks_for_and_stores_nothing(home: Workspace) -> None:
    before = stats(home.engine)
    found = evaluate(home, "great")
    assert (found.action, found.new_budget_micros, found.rule_name) == (
        BudgetAction.SCALE_UP_AGGRESSIVE,
        300_000_000,
        "all",
    )
    assert found.reason == "Exceptional performance: ROAS 4.50x (>4.0x) and CTR 3.20% (>3%)"
    assert evaluate(home, "losing").reason.endswith("ROAS 0.80x (<1.0x) - pausing to stop losses")
    assert [one.action for one in BudgetAutoScaler(home).evaluate_all()] == [
        BudgetAction.MAINTAIN,
        BudgetAction.SCALE_UP_AGGRESSIVE,
        BudgetAction.PAUSE,
        BudgetAction.MAINTAIN,
    ]
    assert stats(home.engine) == before


@ON_SQLITE
def test_a_given_rule_file_is_evaluated_instead_of_the_stored_rules(home: Workspace) -> None:
    found = evaluate(home, "great", rules=[read_rule({"rule_name": "calm", "basis": "reported", "ctr_aggressive": 9})])
    assert (found.rule_name, found.action, found.rule_id) == ("calm", BudgetAction.SCALE_UP, None)


@ON_SQLITE
def test_an_evaluation_as_of_the_past_sees_only_what_was_known_then(home: Workspace) -> None:
    found = evaluate(home, "great", as_of=NOW - timedelta(days=1))
    assert found.reason.startswith("Not decidable: nothing is known in")


@ON_SQLITE
def test_an_unknown_campaign_is_not_found(home: Workspace) -> None:
    with pytest.raises(NotFound):
        evaluate(home, "nosuch")
    with pytest.raises(NotFound, match="no campaign was named"):
        BudgetAutoScaler(home).evaluate_all([])


@ON_SQLITE
def test_a_rule_that_does_not_fit_the_currency_is_refused(home: Workspace) -> None:
    rule = read_rule({"rule_name": "x", "campaign_id": "great", "currency": "EUR"})
    with pytest.raises(InvalidInput, match="is written in EUR, the account counts in USD"):
        evaluate(home, "great", rules=[rule])


@ON_SQLITE
def test_conversions_by_the_day_are_judged_on_the_closed_day(workspace: Workspace, tmp_path: Path) -> None:
    take_in(workspace, tmp_path, day_of("d", "2026-03-02", 999), day_of("d", "2026-03-03", 540))
    found = evaluate(workspace, "d", rules=[Rule("r", basis=read_rule({"rule_name": "b", "basis": "reported"}).basis)])
    assert (found.window, found.metrics["roas"]) == ("the last closed local day", 4.5)


@ON_SQLITE
def test_the_figures_of_a_niche_decide_for_each_of_its_campaigns(home: Workspace) -> None:
    rule = read_rule({"rule_name": "n", "basis": "reported", "over": "niche"})
    found = evaluate(home, "losing", rules=[rule])
    assert (found.metrics["spend"], found.action) == (480_000_000.0, BudgetAction.MAINTAIN)


@ON_SQLITE
def test_the_pace_of_the_month_can_be_a_condition(home: Workspace) -> None:
    rule = read_rule(
        {
            "rule_name": "p",
            "basis": "reported",
            "rows": [{"when": "pace > 1.1", "action": "scale_down", "multiplier": 0.9}],
        }
    )
    assert evaluate(home, "great", rules=[rule]).action is BudgetAction.MAINTAIN
    with transaction(home.engine) as connection:
        change_campaign(connection, find_campaign(connection, "great"), planned_budget_micros=50_000_000)
    found = evaluate(home, "great", rules=[rule])
    assert (found.action, found.new_budget_micros) == (BudgetAction.SCALE_DOWN, 180_000_000)


@ON_SQLITE
def test_the_pace_of_a_label_or_an_account_decides_for_each_of_its_campaigns(home: Workspace) -> None:
    rows = [{"when": "pace > 1.1", "action": "scale_down", "multiplier": 0.9}]
    rules = {
        over: read_rule({"rule_name": over, "basis": "reported", "over": over, "rows": rows})
        for over in ("campaign", "label", "platform")
    }
    with transaction(home.engine) as connection:
        planned, rich = (find_campaign(connection, name) for name in ("great", "losing"))
        change_campaign(connection, planned, planned_budget_micros=50_000_000, label="brand")
        change_campaign(connection, rich, planned_budget_micros=5_000_000_000)

    def asked(campaign: str) -> dict[str, bool]:
        return {
            over: evaluate(home, campaign, rules=[rule]).action is BudgetAction.SCALE_DOWN
            for over, rule in rules.items()
        }

    assert asked("great") == {"campaign": True, "label": True, "platform": False}
    with transaction(home.engine) as connection:
        change_campaign(connection, rich, label="brand")
    assert asked("great") == {"campaign": True, "label": False, "platform": False}
    with transaction(home.engine) as connection:
        change_campaign(connection, rich, planned_budget_micros=60_000_000)
    assert asked("losing") == {"campaign": True, "label": True, "platform": True}


# The hourly run


def test_a_run_keeps_every_evaluation_and_proposes_what_is_asked_for(home: Workspace) -> None:
    done = run(home)
    assert (done.evaluated, done.known, done.actions) == (3, 0, {"scale_up_aggressive": 1, "maintain": 1, "pause": 1})
    assert done.states == {"proposed": 2}
    assert {one.campaign.campaign_id for one in load_changes(home, run=done.name)} == {"great", "losing"}
    kept = {one.campaign.campaign_id: one for _, one in BudgetAutoScaler(home).load_evaluations()}
    assert set(kept) == {"great", "fair", "losing"}
    assert kept["fair"].reason == "Within its targets: ROAS 2.00x, CTR 3.20%"
    assert kept["great"].judgements[2].condition == "roas > 4 and ctr > 3"
    assert stats(home.engine)["campaign_performance_snapshots"] == 3
    assert run_body(done)["changes"][0]["state"] == "proposed"


def test_a_second_run_of_the_same_hour_does_nothing(home: Workspace) -> None:
    run(home)
    before = stats(home.engine)
    again = run(home)
    assert (again.evaluated, again.known, again.scaled) == (0, 3, ())
    assert stats(home.engine) == before


def test_the_next_hour_is_evaluated_anew_and_suggests_nothing_twice(home: Workspace) -> None:
    first = run(home)
    later = run(replace(home, pretended_now=NOW + timedelta(minutes=60)))
    assert later.evaluated == 3
    assert {one.change and one.change.id for one in later.scaled} <= {
        one.change and one.change.id for one in first.scaled
    }


@ON_SQLITE
def test_a_wish_that_is_vetoed_every_hour_is_one_record(home: Workspace) -> None:
    halt_changes(home, actor="ann")
    for hours in range(3):
        done = run(replace(home, pretended_now=NOW + timedelta(hours=hours)))
    assert (done.evaluated, done.states, len(load_changes(home))) == (3, {"blocked": 2}, 2)
    kept = BudgetAutoScaler(home).load_evaluations()
    assert Counter(one.campaign.campaign_id for _, one in kept if one.vetoes) == {"great": 3, "losing": 3}


def test_snapshots_are_forgotten_after_a_month_and_evaluations_are_not(home: Workspace) -> None:
    run(home)
    run(replace(home, pretended_now=NOW + timedelta(days=31)))
    kept = stats(home.engine)
    assert (kept["campaign_performance_snapshots"], kept["scaling_evaluations"]) == (3, 6)


def test_old_evaluations_move_to_the_ledger_and_are_read_as_before(home: Workspace) -> None:
    run(home)
    later = replace(home, pretended_now=NOW + timedelta(days=31))
    run(later)
    scaler, campaign = BudgetAutoScaler(later), "google:g1:great"
    asked: list[dict[str, Any]] = [{}, {"limit": 4}, {"campaign": campaign}, {"since": NOW + timedelta(days=1)}]
    before = [scaler.load_evaluations(**more) for more in asked]
    counted = "SELECT count(*), count(DISTINCT id), max(vetoes LIKE '[%') FROM scaling_evaluations"
    told = answer_sql(later.ledger, counted, now=later.now()).rows
    assert archive_evaluations(later.ledger, actor="test", now=later.now()) == 3
    assert stats(later.engine)["scaling_evaluations"] == 3
    assert [scaler.load_evaluations(**more) for more in asked] == before
    assert answer_sql(later.ledger, counted, now=later.now()).rows == told == [(6, 6, True)]
    assert sum(file.rows for file in later.ledger.snapshot().files) == 96  # facts know nothing of it
    assert archive_evaluations(later.ledger, actor="test", now=later.now()) == 0


@ON_SQLITE
def test_evaluations_that_changed_while_they_were_moved_stay(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(connection: Connection, since: datetime, until: datetime, *, count: int) -> None:
        delete_evaluations(connection, since, until, count=count + 1)

    run(home)
    delete_evaluations = stored.delete_evaluations
    monkeypatch.setattr(stored, "delete_evaluations", meanwhile)
    with pytest.raises(Conflict, match="another process moved these evaluations"):
        archive_evaluations(home.ledger, actor="test", now=NOW + timedelta(days=31))
    assert len(BudgetAutoScaler(home).load_evaluations()) == stats(home.engine)["scaling_evaluations"] == 3


def test_a_pause_is_told_and_replaced_by_the_next_news(home: Workspace) -> None:
    run(home)
    (alert,) = load_alerts(home)
    assert alert.finding.message.startswith("pause (daily budget 200.00 USD), suggested: Critical underperformance")
    run(replace(home, pretended_now=NOW + timedelta(days=2)))
    assert load_alerts(home) == []


def test_a_large_change_is_told_with_where_to_decide(workspace: Workspace, tmp_path: Path) -> None:
    take_in(workspace, tmp_path, *hours_of("huge", 540 * 20, budget=4000, spend=120 * 20))
    add(workspace, rule_name="big", basis="reported", max_daily_budget=9000, max_daily_spend_limit=9000)
    run(workspace)
    (alert,) = load_alerts(workspace)
    assert "daily budget 4000.00 USD -> 6000.00 USD, suggested: " in alert.finding.message
    arm(workspace)
    settings = workspace.settings.model_copy(update={"public_url": "https://ads.example.com"})
    run(replace(workspace, pretended_now=NOW + timedelta(hours=1), settings=settings))
    (alert,) = load_alerts(workspace)
    assert "waits for approval at https://ads.example.com/approvals: Exceptional" in alert.finding.message


def test_one_rule_that_cannot_be_held_against_a_campaign_stops_no_other(home: Workspace, tmp_path: Path) -> None:
    lines = [line.replace("google,g1,UTC,USD", "google,g2,UTC,XAU") for line in hours_of("gold", 540)]
    take_in(home, tmp_path, *lines)
    done = run(home)
    assert [(one.rule_name, [ref.campaign_id for ref in one.campaigns]) for one in done.failures] == [("all", ["gold"])]
    assert "there is no default max_daily_budget in XAU" in done.failures[0].message
    assert done.evaluated == 3


def test_an_armed_account_sends_what_needs_nobody_and_queues_the_rest(home: Workspace) -> None:
    arm(home)
    done = run(home)
    states = {one.evaluation.campaign.campaign_id: one.change.state for one in done.scaled if one.change}
    assert states["great"] is State.APPROVED
    assert states["losing"] in {State.APPROVED, State.AWAITING_APPROVAL}


def test_what_was_done_later_does_not_stand_in_the_way_of_an_hour_before(home: Workspace) -> None:
    arm(home)
    then = replace(home, pretended_now=NOW + timedelta(hours=2))
    run(then)
    apply_changes(then, actor="test")
    halt_changes(then, actor="ann")
    now = " ".join(evaluate(then, "great").vetoes)
    assert "The campaign was changed at" in now
    assert "Ann halted all changes" in now
    before = evaluate(then, "great", as_of=NOW)
    assert (before.action, before.vetoes) == ("scale_up_aggressive", ())


def test_asking_for_one_campaign_proposes_it_once(home: Workspace) -> None:
    first, second = (scale_campaigns(home, ["great"], actor="ann")[0] for _ in range(2))
    assert first.change is not None
    assert second.change is not None
    assert first.change.id == second.change.id
    assert scale_campaigns(home, ["fair"], actor="ann")[0].change is None


def test_a_change_is_evaluated_anew_when_it_is_approved(home: Workspace) -> None:
    (scaled,) = scale_campaigns(home, ["great"], actor="ann")
    assert scaled.change is not None
    again = evaluate_again(home)(scaled.change)
    assert again is not None
    assert again.target.budget_daily_micros == 300_000_000
    assert evaluate_again(replace(home, pretended_now=NOW + timedelta(days=3)))(scaled.change) is None


@ON_SQLITE
def test_facts_that_were_restated_are_newer_facts(home: Workspace, tmp_path: Path) -> None:
    arm(home)
    BudgetAutoScaler(home).change_rule(1, {"auto_approve_up_to": 0}, actor="ann")
    waiting = {one.evaluation.campaign.campaign_id: one.change for one in run(home).scaled}["great"]
    assert waiting is not None
    take_in(home, tmp_path, *hours_of("great", 400))
    with pytest.raises(ChangeMoved, match="newer facts have come in, so change .* was evaluated anew and differs now"):
        approve_change(home, waiting.id, approver=Person(1, "ann", Role.APPROVER), again=evaluate_again(home))
    revised = load_change(home, waiting.id)
    assert (revised.state, revised.action) == (State.AWAITING_APPROVAL, BudgetAction.SCALE_UP)


def test_the_command_s_run_learns_and_optimizes(home: Workspace) -> None:
    body = run_budgets(home, mode="both", actor="ann")
    assert (body["evaluated"], body["learnt"]) == (3, 4)
    assert run_budgets(home, mode="learn", actor="ann") == {"mode": "learn", "learnt": 4}
    with pytest.raises(InvalidInput, match="there is no mode 'best'; choose one of optimize, learn, both"):
        run_budgets(home, mode="best", actor="ann")


def test_a_source_that_cannot_be_read_stops_no_other(home: Workspace) -> None:
    lost = Account(AccountRef("tiktok", "t1"), "UTC", "EUR", "Lost", "sandbox")
    with transaction(home.engine) as connection:
        register_accounts(connection, [lost], at=NOW)
    with pytest.raises(NotFound, match="market"):
        run_budgets(home, mode="optimize", actor="ann")
    assert len(load_changes(home)) == 2


# Rules


def test_a_campaigns_own_rule_beats_its_accounts_and_that_the_default(home: Workspace) -> None:
    assert evaluate(home, "great").rule_name == "all"
    add(home, rule_name="account", account_id="g1", basis="reported")
    assert evaluate(home, "great").rule_name == "account"
    number = add(home, rule_name="own", campaign_id="great", basis="reported")
    assert (evaluate(home, "great").rule_name, evaluate(home, "fair").rule_name) == ("own", "account")
    BudgetAutoScaler(home).remove_rule(number, actor="ann")
    assert evaluate(home, "great").rule_name == "account"


def test_of_rules_of_one_reach_the_first_enabled_one_counts(home: Workspace) -> None:
    scaler = BudgetAutoScaler(home)
    second = add(home, rule_name="second", basis="reported")
    assert evaluate(home, "great").rule_name == "all"
    scaler.change_rule(1, {"position": 9}, actor="ann")
    assert evaluate(home, "great").rule_name == "second"
    scaler.change_rule(second, {"enabled": False}, actor="ann")
    assert evaluate(home, "great").rule_name == "all"


def test_a_campaign_whose_own_rule_is_disabled_is_left_alone(home: Workspace) -> None:
    add(home, rule_name="hands off", campaign_id="great", enabled=False)
    with pytest.raises(InvalidInput, match="the rules for campaign google:g1:great are disabled"):
        evaluate(home, "great")
    done = run(home)
    assert (done.evaluated, done.unruled) == (2, 1)
    kinds = [one["kind"] for one in check_body(BudgetAutoScaler(home).check())["findings"]]
    assert "gap" in kinds


def test_every_change_of_a_rule_is_a_version_with_an_audit_row(home: Workspace) -> None:
    scaler = BudgetAutoScaler(home)
    changed = scaler.change_rule(1, {"roas_pause": 0.8, "max_daily_budget": "700"}, actor="bob")
    assert (changed.version, changed.fields["roas_pause"], changed.fields["max_daily_budget"]) == (2, 0.8, "700.00")
    back = scaler.change_rule(1, {"max_daily_budget": None}, actor="bob")
    assert back.fields["max_daily_budget"] is None
    scaler.remove_rule(1, actor="bob")
    assert scaler.load_rules() == []
    with pytest.raises(NotFound, match="rule 1 was deleted"):
        scaler.load_rule(1)
    with pytest.raises(NotFound, match="there is no rule 7"):
        scaler.load_rule(7)
    with reading(home.engine) as connection:
        assert [one.version for one in stored.load_rule_versions(connection, 1)] == [4, 3, 2, 1]
        actions = [one.action for one in load_audit(connection) if one.subject.startswith("rule 1")]
    assert actions == ["rule.added", "rule.changed", "rule.changed", "rule.removed"]


def test_two_writers_of_one_version_are_told_apart(home: Workspace) -> None:
    (rule,) = BudgetAutoScaler(home).load_rules()
    with pytest.raises(Conflict, match="rule 1 was changed by somebody else"), transaction(home.engine) as connection:
        stored.insert_rule(connection, rule)


@pytest.mark.parametrize(
    ("fields", "problem", "error"),
    [
        ({"account_id": "nosuch"}, "there is no account", NotFound),
        ({"campaign_id": "nosuch"}, "there is no campaign", NotFound),
        ({"account_id": "g1", "currency": "EUR"}, "is written in EUR, the account counts in USD", InvalidInput),
        ({"min_daily_budget": 9000, "max_daily_spend_limit": 5, "currency": "USD"}, "is above", InvalidInput),
    ],
)
def test_a_rule_that_fits_nothing_is_refused(
    home: Workspace, fields: dict[str, Any], problem: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=problem):
        add(home, rule_name="bad", **fields)
    with pytest.raises(InvalidInput, match="position: must be a whole number"):
        BudgetAutoScaler(home).change_rule(1, {"position": 0}, actor="ann")


def test_a_campaign_of_another_account_is_no_campaign_of_this_one(home: Workspace, tmp_path: Path) -> None:
    take_in(home, tmp_path, day_of("d", "2026-03-03", 540))
    with pytest.raises(InvalidInput, match="does not belong to account google:g1"):
        add(home, rule_name="bad", account_id="g1", campaign_id="d")
    scaler = BudgetAutoScaler(home)
    assert scaler.name_campaigns(["great"], "g1") == ["google:g1:great"]
    with pytest.raises(NotFound):
        scaler.name_campaigns(["d"], "g1")
    with pytest.raises(NotFound, match="is not one of account google:g1"):
        scaler.name_campaigns(["meta:m1:d"], "g1")


# Dashboard and hours


@ON_SQLITE
def test_the_dashboard_counts_every_evaluation(home: Workspace) -> None:
    run(home)
    body = dashboard_body(BudgetAutoScaler(home).load_dashboard())
    nothing = dict.fromkeys(("executed", "pending", "rejected", "blocked", "unknown", "expired"), 0)
    assert body["summary"] == {"total_actions": 3, "suggested": 2, "execution_rate": 0.0, **nothing}
    actions = {"scale_up_aggressive": 1, "scale_up": 0, "maintain": 1, "scale_down": 0, "pause": 1}
    assert body["action_breakdown"] == actions
    assert body["budget_impact"]["net_change"] == "0.00"
    assert body["performance"]["by_currency"][0]["spend_below_roas_1"] == "240.00"
    with pytest.raises(InvalidInput, match="40 days cannot be shown"):
        BudgetAutoScaler(home).load_dashboard(40)


@ON_SQLITE
def test_an_empty_home_has_an_empty_dashboard_and_run(workspace: Workspace) -> None:
    body = dashboard_body(BudgetAutoScaler(workspace).load_dashboard())
    assert (body["summary"]["execution_rate"], body["performance"]["avg_roas"]) == (None, None)
    assert run(workspace).evaluated == 0
    assert BudgetAutoScaler(workspace).evaluate_all() == []


@ON_SQLITE
def test_hours_without_enough_samples_have_no_pattern(home: Workspace) -> None:
    (profile,) = learn_hours(home, campaign="great")
    assert (profile.peaks, profile.multipliers) == ((), ())
    assert profile.reason
