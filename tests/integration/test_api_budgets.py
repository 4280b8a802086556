"""The routes of budgets: what they say, what they refuse, and that a dry run leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from adtempo.changes.run import load_changes
from adtempo.cli.main import app
from adtempo.domain.roles import Role
from adtempo.store.schema import stats
from adtempo.workspace import Workspace
from serving import NOW, TestClient, add_people, open_market, visit

AREA = "/api/auto-scaler"
CAMPAIGN = "100202"
REPORTED = {"rule_name": "word", "basis": "reported", "min_impressions": 1}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with open_market(tmp_path_factory.mktemp("budgets")) as workspace:
        add_people(workspace)
        yield workspace


@pytest.fixture(scope="module")
def admin(market: Workspace) -> TestClient:
    return visit(market, Role.ADMIN)


def command(market: Workspace, *words: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(market.home), "--now", NOW.isoformat(), "budgets", *words])


def test_a_dry_run_says_what_the_command_says_and_stores_nothing(market: Workspace, admin: TestClient) -> None:
    before = stats(market.engine)
    answer = admin.post(f"{AREA}/evaluate", json={"campaign_id": CAMPAIGN, "account_id": "act_1002", "dry_run": True})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    local = command(market, "evaluate", "--campaign", CAMPAIGN, "--json")
    assert local.exit_code == 0, local.stderr
    assert {**said, "action_id": None} == said
    shown = {name: value for name, value in said.items() if name not in {"action_id", "state"}}
    assert shown == json.loads(local.stdout)
    after = stats(market.engine)
    for table in ("scaling_evaluations", "scaling_actions", "audit_log"):
        assert before.get(table) == after.get(table)


def test_evaluating_proposes_and_the_proposal_can_be_seen(admin: TestClient) -> None:
    admin.post(f"{AREA}/rules", json={**REPORTED, "roas_scale_up": 0.1, "roas_scale_down": 0.1, "roas_pause": 0.1})
    body = {"campaign_ids": [CAMPAIGN, "100203"], "account_id": "act_1002"}
    found = admin.post(f"{AREA}/evaluate-bulk", json=body).json()["evaluations"]
    assert {one["state"] for one in found} == {"proposed"}
    history = admin.get(f"{AREA}/actions/history", params={"campaign_id": CAMPAIGN}).json()["changes"]
    assert [one["id"] for one in history] == [found[0]["action_id"]]
    assert admin.get(f"{AREA}/actions/pending").json() == {"changes": []}
    said = admin.get(f"{AREA}/evaluations", params={"campaign_id": CAMPAIGN}).json()["evaluations"]
    assert said[0]["reason"] == found[0]["reason"]
    refused = admin.post(f"{AREA}/approve", json={"action_id": found[0]["action_id"], "approved": True})
    assert refused.status_code == 409
    rejected = admin.post(f"{AREA}/approve", json={"action_id": found[0]["action_id"], "approved": False})
    assert rejected.json()["state"] == "rejected"


def test_nobody_approves_in_another_name(admin: TestClient) -> None:
    answer = admin.post(f"{AREA}/approve", json={"action_id": 1, "approved": True, "approved_by": "somebody"})
    assert (answer.status_code, answer.json()["kind"]) == (403, "forbidden")
    assert "you are signed in as admin" in answer.json()["detail"]


def test_rules_are_made_changed_and_taken_away(admin: TestClient) -> None:
    made = admin.post(f"{AREA}/rules", json={"rule_name": "Careful", "confidence": 0.9, "max_daily_budget": "750"})
    assert made.status_code == 201, made.text
    rule = made.json()
    assert (rule["version"], rule["max_daily_budget"], rule["sentence"][:19]) == (1, "750.00", "For every campaign,")
    changed = admin.put(f"{AREA}/rules/{rule['id']}", json={"confidence": 0.95, "max_daily_budget": None}).json()
    assert (changed["version"], changed["confidence"], changed["max_daily_budget"]) == (2, 0.95, None)
    assert admin.get(f"{AREA}/rules/{rule['id']}").json() == changed
    assert rule["id"] in [one["id"] for one in admin.get(f"{AREA}/rules").json()["rules"]]
    assert admin.delete(f"{AREA}/rules/{rule['id']}").status_code == 204
    assert admin.get(f"{AREA}/rules/{rule['id']}").status_code == 404


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"rule_name": "x", "roas_pause": 9}, "roas_pause: 9 is above"),
        ({"rule_name": "x", "rows": [{"when": "roi > 1", "action": "pause"}]}, "there is no metric 'roi' here"),
        ({}, "rule_name: is missing"),
    ],
)
def test_a_bad_rule_is_refused_with_its_field(admin: TestClient, fields: dict[str, object], problem: str) -> None:
    answer = admin.post(f"{AREA}/rules", json=fields)
    assert answer.status_code in {400, 422}
    assert problem in answer.json()["detail"]


def test_viewers_read_and_do_not_plan(market: Workspace) -> None:
    viewer = visit(market, Role.VIEWER)
    assert viewer.get(f"{AREA}/rules/check").status_code == 200
    assert viewer.get(f"{AREA}/dashboard", params={"days": 3}).json()["days"] == 3
    assert viewer.post(f"{AREA}/rules", json={"rule_name": "x"}).status_code == 403
    assert viewer.post(f"{AREA}/evaluate", json={"campaign_id": CAMPAIGN}).status_code == 403


def test_hours_are_learnt_reported_and_planned(admin: TestClient) -> None:
    assert admin.get(f"{AREA}/time-optimization/report/{CAMPAIGN}").status_code == 404
    learnt = admin.post(f"{AREA}/time-optimization/learn", params={"campaign_id": CAMPAIGN, "min_samples": 24})
    assert learnt.status_code == 200, learnt.text
    assert learnt.json()["learnt"] == 1
    assert admin.get(f"{AREA}/time-optimization/report/{CAMPAIGN}").json()["campaign_id"] == CAMPAIGN
    plan = admin.get(f"{AREA}/time-optimization/schedule/{CAMPAIGN}", params={"daily_budget": "240"}).json()
    assert sum(map(float, plan["schedule"][0]["hourly_budgets"])) == pytest.approx(240)


def test_commands_print_for_people(market: Workspace) -> None:
    said = command(market, "evaluate", "--campaign", "200203").stdout
    assert "action" in said
    assert "Otherwise: " in said
    assert len(command(market, "evaluate", "--all").stdout.splitlines()) == 37
    assert "in 24 hours" in command(market, "check").stdout
    assert "execution rate" in command(market, "dashboard").stdout
    listed = command(market, "rules", "list").stdout
    assert listed.splitlines()[-1].startswith("default: For every campaign, over the last 24 hours")
    assert command(market, "evaluate").exit_code == 4
    assert command(market, "run", "--mode", "best").exit_code == 4


def test_commands_write_rules(market: Workspace) -> None:
    folder = market.home.parent
    good, bad = folder / "good.toml", folder / "bad.toml"
    good.write_text(
        '[[rule]]\nrule_name = "From a file"\ncampaign_id = "300101"\nbasis = "reported"\n', encoding="utf-8"
    )
    bad.write_text('[[rule]]\nrule_name = "x"\nroi = 3\n', encoding="utf-8")
    assert command(market, "rules", "add", str(bad)).exit_code == 4
    assert command(market, "rules", "add", str(folder / "none.toml")).exit_code == 4
    added = command(market, "rules", "add", str(good), "--json")
    assert added.exit_code == 0, added.stderr
    number = str(json.loads(added.stdout)["rules"][0]["id"])
    changed = command(market, "rules", "set", number, "roas_pause=0.8", "label=brand", "label=")
    assert "pause when ROAS is below 0.8x" in changed.stdout
    assert command(market, "rules", "set", number, "roas_pause").exit_code == 4
    assert "(v2)" in command(market, "rules", "show", number).stdout
    assert "From a file" in command(market, "evaluate", "--campaign", "300101", "--rules", str(good)).stdout
    assert command(market, "check", "--rules", str(good)).exit_code == 0
    assert command(market, "rules", "remove", number).exit_code == 0
    assert command(market, "rules", "show", number).exit_code == 3


def test_hours_are_printed_for_people(market: Workspace) -> None:
    assert "learnt: 1" in command(market, "hours", "learn", "--campaign", "300104").stderr
    assert "confidence" in command(market, "hours", "report", "--campaign", "300104").stdout
    assert "delivered" in command(market, "hours", "schedule", "--campaign", "300104").stdout


def test_the_hourly_run_is_a_command(market: Workspace) -> None:
    first = command(market, "run", "--json")
    assert first.exit_code == 0, first.stderr
    assert json.loads(first.stdout)["evaluated"] > 30
    assert "evaluated" in command(market, "run").stdout
    assert {one.actor for one in load_changes(market, run=json.loads(first.stdout)["run"])} <= {
        f"job:budgets by {market.actor}"
    }
    kept = json.loads(command(market, "evaluations", "--campaign", CAMPAIGN, "--json").stdout)
    assert kept == visit(market, Role.VIEWER).get(f"{AREA}/evaluations", params={"campaign_id": CAMPAIGN}).json()
    assert [one["campaign_id"] for one in kept["evaluations"]] == [CAMPAIGN]
    assert kept["evaluations"][0]["reason"] in command(market, "evaluations").stdout
    shown = command(market, "dashboard").stdout
    assert "execution rate" in shown
    assert "{" not in shown
