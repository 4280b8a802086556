"""Anomalies through the tracker, the commands and the routes: what is found, and what is refused and why."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from adtempo.alerts.open import load_alerts
from adtempo.cli.main import app
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.domain.roles import Role
from adtempo.tracking.anomalies import AnomalyKind
from adtempo.tracking.detection import load_anomalies, load_unusual_hours, update_anomaly_alerts
from adtempo.tracking.run import CampaignTracker
from adtempo.workspace import Workspace, open_workspace
from serving import add_people, open_market, visit

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 2, 16, 12, tzinfo=UTC)
HEADER = (
    "platform,account_id,account_timezone,currency,campaign_id,campaign_name,grain,slot_start,"
    "impressions,clicks,spend,conversions,conversion_value,budget_daily,status"
)


def hourly_file(folder: Path, zone: str = "Europe/Berlin", begin: datetime = BEGIN) -> Path:
    """Six weeks of one campaign by the hour: half a day is missing, single hours of nothing are left out.

    Its last three hours cost four times as much.
    """
    rng = np.random.default_rng(3)
    lines = [HEADER]
    hours = int((NOW - begin) / timedelta(hours=1))
    for hour in range(hours):
        if 300 <= hour < 330 or hour % 97 == 5:
            continue
        spend = 40 * rng.lognormal(0, 0.1) * (4 if hour >= hours - 3 else 1)
        cells = ["meta", "1", zone, "EUR", "c1", "Shoes", "hour", (begin + timedelta(hours=hour)).isoformat()]
        cells += [str(rng.poisson(4000)), str(rng.poisson(60)), f"{spend:.2f}", str(rng.poisson(3)), "90.00"]
        lines.append(",".join([*cells, "2000.00", "active"]))
    path = folder / "facts.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home), "--now", NOW.isoformat(), *words])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hours")
    imported = run(folder / "home", "import", "facts", str(hourly_file(folder)))
    assert imported.exit_code == 0, imported.stderr
    wished = run(folder / "home", "campaigns", "set", "c1", "--target-roas", "5")
    assert wished.exit_code == 0, wished.stderr
    return folder / "home"


@pytest.fixture
def opened(home: Path) -> Iterator[Workspace]:
    with open_workspace(home, now=NOW) as workspace:
        yield workspace


def test_what_is_wrong_now_is_found_in_an_imported_file(opened: Workspace) -> None:
    found = {one.kind: one for one in load_anomalies(opened)}
    assert set(found) == {AnomalyKind.SPEND_ANOMALY, AnomalyKind.ROAS_BELOW_TARGET}
    spend = found[AnomalyKind.SPEND_ANOMALY]
    assert (spend.since, spend.until) == (NOW - timedelta(hours=3), NOW)
    assert spend.actual == pytest.approx(160e6, rel=0.15)
    returned = found[AnomalyKind.ROAS_BELOW_TARGET]
    assert returned.high80 is not None
    assert returned.high80 < 5.0
    assert returned.at_stake_micros is not None
    assert load_anomalies(opened, "c1") == load_anomalies(opened)
    assert load_anomalies(opened, as_of=NOW - timedelta(days=60)) == ()


def test_the_class_that_people_know_finds_hours_and_opens_alerts_once(opened: Workspace) -> None:
    tracker = CampaignTracker(opened)
    found = tracker.detect_anomalies("c1", ["spend"], 4)
    assert {one.since for one in found} == {NOW - timedelta(hours=hours) for hours in (1, 2, 3)}
    assert all(abs(one.z or 0) >= 4 for one in found)
    assert len(tracker.detect_anomalies("c1")) > len(found)
    tracker.alert_on_anomaly("c1")
    assert len(tracker.alert_on_anomaly("c1")) == 2
    assert {alert.finding.alert_type for alert in load_alerts(opened)} == {"spend_anomaly", "roas_below_target"}
    assert update_anomaly_alerts(opened).seen_again == 2


def test_a_missing_half_day_is_no_anomaly(opened: Workspace) -> None:
    gap = [BEGIN + timedelta(hours=hour) for hour in range(290, 340)]
    found = load_unusual_hours(opened, "c1", ["spend"], 6, since=gap[0].date(), until=gap[-1].date())
    assert [one for one in found if one.since in gap] == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--campaign", "nosuch"], 3, "nosuch"),
        (["--campaign", "c1", "--since", "2020-01-01", "--until", "2020-01-03"], 3, "no hourly facts"),
        (["--campaign", "c1", "--since", "0001-01-01", "--until", "0001-01-03"], 4, "swap them"),
        (["--metric", "roas"], 4, "choose from spend, impressions, clicks, conversions, ctr, cpc, cpm"),
        (["--metric", "nosuch"], 4, "choose from spend"),
        (["--threshold-std", "0"], 4, "use 2 or more"),
        (["--threshold-std", "-1"], 4, "use 2 or more"),
        (["--threshold-std", "nan"], 4, "use 2 or more"),
        (["--since", "2026-02-03", "--until", "2026-02-01"], 4, "swap them"),
        (["--since", "2027-01-01"], 4, "lies in the future"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_to_do(home: Path, words: list[str], code: int, said: str) -> None:
    result = run(home, "anomalies", "detect", *words)
    assert (result.exit_code, result.stderr.count("\n")) == (code, 1), result.stderr
    assert said in result.stderr


def test_the_tracker_refuses_the_same(opened: Workspace) -> None:
    tracker = CampaignTracker(opened)
    with pytest.raises(NotFound):
        tracker.alert_on_anomaly("nosuch")
    with pytest.raises(InvalidInput):
        tracker.detect_anomalies("c1", ["nosuch"])
    with pytest.raises(InvalidInput):
        tracker.detect_anomalies("c1", threshold_std=0)
    with pytest.raises(NotFound):
        tracker.detect_anomalies("c1", since=date(2026, 1, 1), until=date(2026, 1, 2))


def test_the_commands_say_it_to_people_and_to_scripts(home: Path) -> None:
    listed = run(home, "anomalies", "list")
    assert "Shoes: spend is 1" in listed.stdout
    body = json.loads(run(home, "anomalies", "list", "--json").stdout)["anomalies"]
    assert {one["metric"] for one in body} == {"spend", "roas"}
    spend = next(one for one in body if one["metric"] == "spend")
    assert (spend["severity"], spend["currency"], spend["campaign_id"]) == ("critical", "EUR", "c1")
    assert float(spend["actual_value"]) > 3 * float(spend["expected_value"])
    shown = run(home, "anomalies", "detect", "--metric", "ctr", "--threshold-std", "9")
    assert "no hour lies 9 standard deviations" in shown.stderr
    empty = run(home.parent / "empty", "anomalies", "list")
    assert "nothing is wrong" in empty.stderr


def test_a_zone_of_half_hours_has_whole_hours_too(tmp_path: Path) -> None:
    imported = run(
        tmp_path / "home", "import", "facts", str(hourly_file(tmp_path, "Asia/Kolkata", BEGIN + timedelta(minutes=30)))
    )
    assert imported.exit_code == 0, imported.stderr
    with open_workspace(tmp_path / "home", now=NOW) as workspace:
        (spend,) = load_anomalies(workspace)
        assert spend.kind is AnomalyKind.SPEND_ANOMALY
        assert spend.until == NOW - timedelta(minutes=30)


def test_routes_give_pages_and_refuse_what_is_unknown(tmp_path: Path) -> None:
    with open_market(tmp_path) as workspace:
        add_people(workspace)
        client = visit(workspace, Role.VIEWER)
        first = client.get("/api/tracking/anomalies/hours?campaign=300201&limit=2")
        assert first.status_code == 200, first.text
        assert len(first.json()["anomalies"]) == 2
        assert 'rel="next"' in first.headers["link"]
        assert client.get("/api/tracking/anomalies?campaign=nosuch").status_code == 404
        assert client.get("/api/tracking/anomalies/hours?metric=nosuch").status_code == 422
        assert client.get("/api/tracking/anomalies/hours?threshold_std=0").status_code == 422


def test_scoring_a_file_needs_no_home_and_imports_little(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("timestamp,value\n2026-01-01 00:00:00,1\n", encoding="utf-8")
    script = (
        "import sys; from adtempo.cli.main import app\n"
        f"try: app(['--home', '{tmp_path}/none', 'anomalies', 'score', '{source}', '--output', '{target}'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'duckdb', 'sqlalchemy', 'pandas', 'fastapi'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n", done.stderr
    assert target.read_text("utf-8") == "timestamp,value,anomaly_score\n2026-01-01 00:00:00,1,0.0\n"
    assert not (tmp_path / "none").exists()
    missing = CliRunner().invoke(app, ["anomalies", "score", str(tmp_path / "no.csv"), "--output", str(target)])
    assert missing.exit_code == 4
