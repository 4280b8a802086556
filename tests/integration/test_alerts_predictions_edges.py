"""Predictions and alerts by route and by command: the same answers, the same refusals, no secret in any of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adtempo.alerts.open import raise_alert
from adtempo.cli.main import app
from adtempo.domain.alerts import Finding, Severity
from adtempo.domain.money import Money
from adtempo.domain.roles import Role
from adtempo.store.accounts import find_campaign
from adtempo.store.engine import transaction
from adtempo.workspace import Workspace
from receiving import LOOPBACK, Receiver, taking_webhooks
from serving import NOW, TestClient, add_people, open_market, visit

CAMPAIGN = "300201"
CLAIM = {
    "prediction_id": "p1",
    "campaign": CAMPAIGN,
    "metric": "roas",
    "since": "2026-03-05",
    "until": "2026-03-05",
    "value": 2.5,
    "low80": "2.0",
    "high80": 3,
    "model": "nightly",
}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with open_market(tmp_path_factory.mktemp("edges")) as workspace:
        add_people(workspace)
        yield workspace


@pytest.fixture
def client(market: Workspace) -> TestClient:
    return visit(market, Role.ADMIN)


@pytest.fixture
def webhooks() -> Iterator[Receiver]:
    with taking_webhooks() as receiver:
        yield receiver


def run(market: Workspace, *words: str, code: int = 0, typed: str | None = None) -> str:
    arguments = ["--home", str(market.home), "--now", NOW.isoformat(), *words]
    done = CliRunner().invoke(app, arguments, input=typed)
    assert done.exit_code == code, done.output
    return done.output


def body(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_prediction_is_recorded_read_and_never_changed(client: TestClient) -> None:
    first = body(client.post("/api/tracking/predictions", json=CLAIM), 201)
    assert (first["value"], first["low80"], first["late"], first["actual"]) == (2.5, 2.0, False, None)
    assert body(client.post("/api/tracking/predictions", json=CLAIM), 201) == first
    assert body(client.get("/api/tracking/predictions/p1")) == first
    assert body(client.get(f"/api/tracking/predictions?campaign={CAMPAIGN}"))["predictions"] == [first]
    assert body(client.post("/api/tracking/predictions", json={**CLAIM, "value": 3}), 409)["kind"] == "conflict"
    over = {**CLAIM, "prediction_id": "p2", "since": "2026-03-01", "until": "2026-03-01"}
    assert "that is no prediction" in body(client.post("/api/tracking/predictions", json=over), 422)["detail"]
    nobody = {**CLAIM, "prediction_id": "p2", "campaign": "nosuch"}
    assert body(client.post("/api/tracking/predictions", json=nobody), 404)["kind"] == "not_found"
    assert client.get("/api/tracking/predictions/p9").status_code == 404


def test_comparing_by_route_tells_what_waits(client: TestClient) -> None:
    client.post("/api/tracking/predictions", json=CLAIM)
    assert body(client.post("/api/tracking/predictions/compare")) == {"comparisons": [], "compared": 0, "waiting": 0}
    assert body(client.get("/api/tracking/predictions/comparisons")) == {"comparisons": []}
    found = body(client.get("/api/tracking/predictions/accuracy?days=7&model=nightly"))
    assert (found["days"], found["model"], found["count"], found["avg_accuracy"]) == (7, "nightly", 0, None)
    assert client.get("/api/tracking/predictions/accuracy?days=0").status_code == 422


def test_a_mature_prediction_is_compared_by_command(market: Workspace) -> None:
    made = ["--prediction-id", "old", "--campaign", CAMPAIGN, "--metric", "spend", "--since", "2026-02-01"]
    made += ["--value", "100", "--low80", "50", "--high80", "200", "--model", "past", "--made-at", "2026-01-31T00:00Z"]
    assert "recorded: 1" in run(market, "predictions", "record", *made)
    (kept,) = json.loads(run(market, "predictions", "record", *made, "--json"))["predictions"]
    assert (kept["late"], kept["value"]) == (True, "100.00")
    done = run(market, "predictions", "compare", "--campaign", CAMPAIGN)
    assert "old" in done
    assert "compared: 1" in done
    assert json.loads(run(market, "predictions", "compare", "--json"))["compared"] == 0
    told = run(market, "predictions", "accuracy", "--model", "past")
    assert "avg_accuracy" in told
    assert " of 1 (" in told
    found = json.loads(run(market, "predictions", "accuracy", "--model", "past", "--days", "3", "--json"))
    assert (found["count"], [one["model"] for one in found["by"]]) == (1, ["past"])


def test_a_file_of_predictions_is_recorded_by_command(market: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"prediction_id,campaign,metric,since,value,model\nf1,{CAMPAIGN},ctr,2026-03-06,1.5,m\n")
    assert "recorded: 1" in run(market, "predictions", "record", str(path))
    assert "not both" in run(market, "predictions", "record", str(path), "--model", "m", code=4)
    assert "not both" in run(market, "predictions", "record", code=4)
    assert "value, model is missing" in run(
        market, "predictions", "record", "--prediction-id", "x", "--metric", "ctr", "--since", "2026-03-06", code=4
    )


def test_alerts_are_listed_and_acknowledged(market: Workspace, client: TestClient) -> None:
    assert "nothing is wrong" in run(market, "alerts", "list", "--campaign", CAMPAIGN)
    with transaction(market.engine) as connection:
        ref = find_campaign(connection, CAMPAIGN)
        found = Finding(
            *("spend_anomaly", Severity.CRITICAL, "It spends oddly.", ref),
            metric_name="spend",
            threshold=50_000_000.0,
            actual_value=90_500_000.0,
            at_stake=Money(40_500_000, "USD"),
        )
        raise_alert(connection, found, now=NOW)
    (alert,) = body(client.get(f"/api/tracking/alerts?campaign={CAMPAIGN}"))["alerts"]
    assert (alert["alert_type"], alert["severity"], alert["resolved"]) == ("spend_anomaly", "critical", False)
    assert (alert["threshold"], alert["actual_value"], alert["money_at_stake"]) == ("50.00", "90.50", "40.50")
    told = run(market, "alerts", "list", "--campaign", CAMPAIGN)
    assert "It spends oddly." in told
    assert "is known to" in run(market, "alerts", "ack", str(alert["id"]))
    again = body(client.post(f"/api/tracking/alerts/{alert['id']}/acknowledge"))
    assert again["acknowledged_by"] == market.actor
    assert client.post("/api/tracking/alerts/999/acknowledge").status_code == 404
    assert body(client.get("/api/tracking/alerts?resolved=yes"))["alerts"] == []
    assert len(json.loads(run(market, "alerts", "list", "--all", "--json"))["alerts"]) == 1


def test_channels_are_added_tried_listed_and_removed_by_route(client: TestClient, webhooks: Receiver) -> None:
    asked = {"name": "team", "url": webhooks.webhook, "allow_address": LOOPBACK, "quiet_hours": "22:00-07:00"}
    added = client.post("/api/tracking/alerts/channels", json=asked)
    assert body(added, 201)["address"] == f"json://localhost:{webhooks.port}/***"
    assert body(client.post("/api/tracking/alerts/channels", json=asked), 409)["kind"] == "conflict"
    (shown,) = body(client.get("/api/tracking/alerts/channels"))["channels"]
    assert (shown["quiet_hours"], shown["digest"], shown["account"]) == ("22:00-07:00", "none", None)
    tried = body(client.post("/api/tracking/alerts/channels/team/test"))
    assert tried == {"tests": [{"channel": "team", "sent": True, "error": None}]}
    assert client.get("/api/tracking/alerts/deliveries").json() == {"deliveries": []}
    assert client.delete("/api/tracking/alerts/channels/team").status_code == 204
    assert client.delete("/api/tracking/alerts/channels/team").status_code == 404
    assert "secret" not in added.text + json.dumps([shown, tried])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"allow_address": None}, 403),
        ({"allow_address": "localhost"}, 422),
        ({"url": "gopher://x"}, 422),
        ({"quiet_hours": "22:00-22:00"}, 422),
        ({"account": "nosuch"}, 404),
        ({"severity": "bad"}, 422),
    ],
)
def test_a_channel_that_cannot_work_is_refused(
    client: TestClient, webhooks: Receiver, change: dict[str, Any], status: int
) -> None:
    asked = {"name": "bad", "url": webhooks.webhook, "allow_address": LOOPBACK, **change}
    answer = client.post("/api/tracking/alerts/channels", json=asked)
    assert answer.status_code == status, answer.text
    assert "secret" not in answer.text


def test_only_an_admin_in_person_may_add_a_channel(market: Workspace, webhooks: Receiver) -> None:
    asked = {"name": "sly", "url": webhooks.webhook, "allow_address": LOOPBACK}
    for role in set(Role) - {Role.ADMIN}:
        assert visit(market, role).post("/api/tracking/alerts/channels", json=asked).status_code == 403


def test_channels_are_added_tried_and_removed_by_command(market: Workspace, webhooks: Receiver) -> None:
    told = run(
        *(market, "alerts", "channels", "add", "ops", "-", "--allow-address", LOOPBACK, "--digest", "hour"),
        typed=f"{webhooks.webhook}\n",
    )
    assert "added: ops" in told
    listed = run(market, "alerts", "channels", "list")
    assert "hour" in listed
    assert "sent" in run(market, "alerts", "test", "ops")
    webhooks.statuses.append(500)
    failed = run(market, "alerts", "test", code=7)
    assert "not delivered to ops" in failed
    assert json.loads(run(market, "alerts", "test", "--json"))["tests"][0]["sent"]
    assert "id" in run(market, "alerts", "deliveries")
    assert "removed: ops" in run(market, "alerts", "channels", "remove", "ops")
    assert "there is no channel yet" in run(market, "alerts", "test")
    assert "secret" not in told + listed + failed
