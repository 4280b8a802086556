"""Forecasts as pictures over HTTP and by command, and the page that shows them: of answers made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adtempo.cli.main import app
from adtempo.domain.forecasts import ForecastStatus, TableStatus
from adtempo.domain.roles import Role
from adtempo.forecasts.run import Forecaster
from adtempo.workspace import open_workspace
from forecasts_said import MADE_AT, TODAY, say_reach_series, say_recommendation, say_roi_forecasts, say_roi_series
from serving import NOW, TestClient, add_people, visit

NAMES = ("roi-forecast", "roi-timeseries", "reach-ctr", "budget-recommendation")
STATUS = ForecastStatus(
    tables=[TableStatus("ml_roi_forecast", MADE_AT, {"EUR": "the campaign c1 has no facts"})],
    facts_until={"EUR": TODAY},
    facts_batch=7,
    models={},
    models_chosen_on={"EUR": TODAY},
    run_status="running",
    run_slot=MADE_AT,
    run_detail=None,
    run_error="the disk is full",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures") / "home"
    with open_workspace(folder, now=NOW) as workspace:
        add_people(workspace)
    return folder


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with open_workspace(home, now=NOW) as workspace:
        yield visit(workspace, Role.OPERATOR)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, Any] = {
        "roi_forecast": say_roi_forecasts(),
        "roi_timeseries": [say_roi_series()],
        "reach_ctr": [say_reach_series()],
        "budget_recommendation": [say_recommendation()],
        "status": STATUS,
    }
    for name, answer in said.items():
        monkeypatch.setattr(Forecaster, name, lambda _self, answer=answer, **_asked: answer)


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_sent_once_and_then_only_when_it_changed(
    client: TestClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/api/ml-dashboard/{name}/chart"
    first = client.get(address, params={"format": "svg", "theme": "dark"})
    assert (first.status_code, first.headers["content-type"]) == (200, "image/svg+xml")
    assert first.headers["cache-control"] == "private, no-cache"
    known = {"If-None-Match": first.headers["etag"]}
    again = client.get(address, params={"format": "svg", "theme": "dark"}, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(address, params={"format": "svg"}, headers=known).status_code == 200
    changed = [replace(one, made_at=NOW) for one in getattr(Forecaster, name.replace("-", "_"))(None)]
    monkeypatch.setattr(Forecaster, name.replace("-", "_"), lambda _self, **_asked: changed)
    assert client.get(address, params={"format": "svg", "theme": "dark"}, headers=known).status_code == 200


@pytest.mark.usefixtures("answers")
def test_a_png_is_the_default_and_a_currency_that_is_not_there_is_refused(client: TestClient) -> None:
    assert client.get("/api/ml-dashboard/roi-forecast/chart").content.startswith(b"\x89PNG")
    refused = client.get("/api/ml-dashboard/roi-forecast/chart", params={"currency": "USD"})
    assert (refused.status_code, refused.json()["detail"]) == (404, "nothing is forecast in USD; there is EUR")
    assert client.get("/api/ml-dashboard/roi-forecast/chart", params={"width": 100}).status_code == 422


@pytest.mark.usefixtures("answers")
def test_the_page_says_what_is_forecast_how_old_that_is_and_what_failed(client: TestClient) -> None:
    page = client.get("/forecasts").text
    for words in (
        "from facts up to 20 Nov 2026, models chosen on 20 Nov 2026, a run is under way",
        "ml_roi_forecast, EUR: the campaign c1 has no facts",
        "The last run: the disk is full",
        "is expected to earn money: ROI 90%, in 8 of 10 cases between",
        "days forecast a week before, ",
        "Impressions, because the platform reports no reach for exactly this",
        "The next 1,000 EUR a day go to Google campaign 0 (600)",
        "None of them has come due yet",
        "Forecast now",
    ):
        assert words in page, words


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("name", NAMES)
def test_the_page_draws_each_chart(client: TestClient, name: str) -> None:
    answer = client.get(f"/forecasts/{name}.json", params={"currency": "EUR"})
    assert (answer.status_code, answer.json()["width"]) == (200, "container")
    assert client.get("/forecasts/other.json").status_code == 404


@pytest.mark.usefixtures("answers")
def test_a_channel_of_which_nothing_can_be_said_says_so(client: TestClient) -> None:
    assert (
        "Nothing can be said of the next 7 days: only 2 days of history"
        in client.get("/forecasts", params={"channel": "tiktok"}).text
    )


def test_without_forecasts_the_page_says_how_to_begin(client: TestClient) -> None:
    assert "Nothing has been forecast yet" in client.get("/forecasts").text
    assert client.get("/api/ml-dashboard/roi-forecast/chart").status_code == 200


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("name", NAMES)
def test_a_command_writes_the_picture(home: Path, tmp_path: Path, name: str) -> None:
    output = tmp_path / "picture.svg"
    words = ["--home", str(home), "--now", NOW.isoformat(), "forecasts", "chart", name, "--output", str(output)]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert "</svg>" in output.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["roi-forecast", "--output", "picture.jpg"], "end it with .png or .svg"),
        (["roi-forecast", "--output", "nowhere/picture.png"], "there is no folder"),
        (["roi", "--output", "picture.png"], "there is no forecast 'roi'; choose one of"),
        (["budget-recommendation", "--channel", "meta", "--output", "picture.png"], "leave --channel out"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(home: Path, words: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["--home", str(home), "forecasts", "chart", *words])
    assert (result.exit_code, said in result.stderr) == (4, True)
