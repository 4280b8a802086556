"""Forecasts by route, by command and by the clock: the same answers, the same refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adtempo import Forecaster
from adtempo.cli.main import app
from adtempo.domain.errors import InvalidInput
from adtempo.domain.roles import Role
from adtempo.jobs.runner import request_run, run_next
from adtempo.jobs.schedule import FORECASTS, due_jobs
from adtempo.people.script_tokens import issue_script_token
from adtempo.settings import read_settings
from adtempo.store.engine import reading
from adtempo.store.jobs import load_runs
from adtempo.workspace import Workspace, open_workspace
from plain_forecasts import be_quick
from serving import NOW, TestClient, add_people, listening, open_market, visit

ROOT = "/api/ml-dashboard"
NAMES = ("roi-forecast", "roi-timeseries", "reach-ctr", "budget-recommendation")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with pytest.MonkeyPatch.context() as patch, open_market(tmp_path_factory.mktemp("edges")) as workspace:
        be_quick(patch)
        add_people(workspace)
        Forecaster(workspace).run()
        yield workspace


@pytest.fixture
def client(market: Workspace) -> TestClient:
    return visit(market, Role.VIEWER)


def run(home: Path, *words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["--home", str(home), "--now", NOW.isoformat(), *words])
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize("name", NAMES)
def test_a_command_prints_exactly_what_the_route_answers(market: Workspace, client: TestClient, name: str) -> None:
    answer = client.get(f"{ROOT}/{name}/data")
    assert answer.status_code == 200, answer.text
    (rows,) = answer.json().values()
    assert rows
    assert json.loads(run(market.home, "forecasts", "show", name, "--json").stdout) == answer.json()


def test_a_channel_or_a_level_alone_can_be_asked_for(market: Workspace, client: TestClient) -> None:
    def names(found: dict[str, Any], key: str) -> set[str]:
        return {one["name"] for one in found[key]}

    assert names(client.get(f"{ROOT}/roi-forecast/data?channel=meta").json(), "forecasts") == {"meta"}
    assert names(client.get(f"{ROOT}/reach-ctr/data?channel=meta&days=3").json(), "series") == {"meta"}
    campaigns = client.get(f"{ROOT}/roi-forecast/data?level=campaign").json()["forecasts"]
    assert all(one["level"] == "campaign" and one["name"].count(":") == 2 for one in campaigns)
    unknown = client.get(f"{ROOT}/roi-timeseries/data?channel=radio")
    assert (unknown.status_code, unknown.json()["kind"]) == (404, "not_found")
    assert "choose one of google, meta, tiktok" in unknown.json()["detail"]
    assert client.get(f"{ROOT}/roi-timeseries/data?days=0").status_code == 422
    assert "no channel 'radio'" in run(market.home, "forecasts", "show", "--channel", "radio", code=3).stderr
    assert "no forecast 'roy'" in run(market.home, "forecasts", "show", "roy", code=4).stderr
    refused = run(market.home, "forecasts", "show", "budget-recommendation", "--channel", "meta", code=4)
    assert "leave --channel out" in refused.stderr


def test_a_recommendation_is_a_table_of_sentences_and_proposes_nothing(market: Workspace, client: TestClient) -> None:
    found = client.get(f"{ROOT}/budget-recommendation/data").json()["recommendations"]
    assert [one["currency"] for one in found] == ["EUR", "INR", "JPY", "USD"]
    euros = found[0]
    assert euros["next_1000"].startswith("The next 1,000 EUR, over 28 days: ")
    campaigns = [line for line in euros["lines"] if line["level"] == "campaign"]
    for name in ("today", "proposed"):
        assert sum(float(line[name]) for line in campaigns) == pytest.approx(float(euros["total"]))
    assert sum(float(line["next"]) for line in campaigns) == pytest.approx(1000)
    admin = visit(market, Role.ADMIN)
    assert admin.get("/api/changes").json()["changes"] == []


def test_status_says_when_tables_were_filled_and_how_old_their_facts_are(client: TestClient) -> None:
    found = client.get(f"{ROOT}/status").json()
    assert [one["table"] for one in found["tables"]] == [
        *("ml_roi_forecast", "ml_roi_timeseries", "ml_reach_ctr_timeseries", "ml_budget_recommendation"),
    ]
    assert all(one["filled_at"] == NOW.isoformat() and not one["failures"] for one in found["tables"])
    assert {one["facts_until"] for one in found["currencies"]} == {"2026-03-03"}
    assert found["facts_batch"] > 0


def test_asking_again_joins_the_open_run_and_status_follows_it(market: Workspace, client: TestClient) -> None:
    assert client.post(f"{ROOT}/sync-now").status_code == 403
    operator = visit(market, Role.ADMIN)
    first, second = (operator.post(f"{ROOT}/sync-now") for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert client.get(f"{ROOT}/status").json()["run"]["status"] == "due"
    shown: list[Any] = []
    joined: list[Any] = []
    real = Forecaster.run

    def watched(self: Forecaster, **said: Any) -> Any:
        done = real(self, **said)
        shown.append(client.get(f"{ROOT}/status").json()["run"])
        joined.append(operator.post(f"{ROOT}/sync-now").json())
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Forecaster, "run", watched)
        ended = run_next(market, [FORECASTS], owner="test", now=lambda: datetime.now(UTC) + timedelta(seconds=1))
    assert ended is not None
    assert [(one["status"], one["detail"]) for one in shown] == [("running", {"step": "done", "share": 1.0})]
    assert [(one["status"], one["slot"]) for one in joined] == [("running", first.json()["slot"])]
    done = client.get(f"{ROOT}/status").json()["run"]
    assert (done["status"], done["detail"]["unchanged"]) == ("done", ["EUR", "INR", "JPY", "USD"])


def test_people_read_tables_and_sentences(market: Workspace) -> None:
    shown = run(market.home, "forecasts", "show").stdout
    assert "80% interval" in shown
    assert "meta" in shown
    assert "conversions expected" in run(market.home, "forecasts", "show", "roi-timeseries", "--channel", "meta").stdout
    reach = run(market.home, "forecasts", "show", "reach-ctr", "--channel", "google")
    assert "impressions expected" in reach.stdout
    assert "reach of several campaigns does not add up" in reach.stderr
    assert "The next 1,000 EUR" in run(market.home, "forecasts", "show", "budget-recommendation").stdout
    again = run(market.home, "forecasts", "run")
    assert "ml_roi_forecast" in again.stdout
    assert "nothing new: EUR, INR, JPY, USD" in again.stderr
    assert json.loads(run(market.home, "forecasts", "run", "--json").stdout)["currencies"] == []


def test_a_server_is_asked_for_the_same(market: Workspace, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(add_token(market), encoding="utf-8")
    token.chmod(0o600)
    with listening(market) as address:
        words = ("forecasts", "show", "--channel", "meta", "--server", address, "--token", str(token))
        asked = json.loads(run(market.home, *words).stdout)
    assert asked == json.loads(run(market.home, "forecasts", "show", "--channel", "meta", "--json").stdout)


def add_token(workspace: Workspace) -> str:
    return issue_script_token(workspace.engine, "viewer", "test", actor="test", now=NOW)


def test_before_the_first_run_there_is_nothing_and_it_says_what_to_do(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "home", now=NOW) as workspace:
        assert "adtempo forecasts run" in run(workspace.home, "forecasts", "show").stderr
        assert "no facts to forecast from" in run(workspace.home, "forecasts", "run", code=3).stderr
        assert visit(workspace).get(f"{ROOT}/roi-forecast/data").status_code == 401
        request_run(workspace.engine, FORECASTS, NOW)
        run_next(workspace, [FORECASTS], owner="test", now=lambda: NOW + timedelta(seconds=1))
        with reading(workspace.engine) as connection:
            (ended,) = load_runs(connection, job="forecasts")
    assert (ended.status, ended.detail) == ("done", {"step": "there are no facts to forecast from", "share": 1.0})


def test_the_clock_of_forecasts_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert next(job.cron for job in due_jobs(read_settings()) if job.name == "forecasts") == "*/30 * * * *"
    monkeypatch.setenv("ADTEMPO_FORECASTS_CRON", "5 * * * *")
    assert next(job.cron for job in due_jobs(read_settings()) if job.name == "forecasts") == "5 * * * *"
    monkeypatch.setenv("ADTEMPO_FORECASTS_CRON", "often")
    with pytest.raises(InvalidInput, match=r"forecasts_cron.*write it as \*/30"):
        read_settings()
