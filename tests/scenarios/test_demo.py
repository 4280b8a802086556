"""The demo as a stranger sees it, and what can be asked of its home afterwards."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adtempo.cli.main import app

NOW = "2026-11-20T09:00:00+00:00"


BRUNO = shutil.which("bru")
COLLECTION = Path(__file__).resolve().parents[2] / "bruno"


def demo(home: Path, now: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "adtempo", "--home", str(home), "--now", now, "demo", "--no-serve"]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, env=environment)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def story(home: Path) -> str:
    return demo(home, NOW).stdout


@pytest.fixture
def asked(home: Path, story: str) -> Any:
    assert story

    def ask(*words: str) -> Result:
        return CliRunner().invoke(app, ["--home", str(home), "--now", NOW, *words])

    return ask


def test_the_story_says_that_it_is_simulated_and_what_was_done(story: str) -> None:
    assert story.startswith("Thursday 19 November 2026\n  Simulated market. As known on 2026-11-20 09:00 UTC.")
    assert "All of this is simulated: no ad platform was contacted, no money was spent" in story
    assert "6 accounts with 36 campaigns on Meta, Google and TikTok were read at 33 moments" in story
    for currency in ("EUR", "INR", "JPY", "USD"):
        assert f"{currency}  best" in story
        assert f"{currency}  worst" in story
    assert "Conversions arrive late" in story


def test_the_morning_has_something_to_say(story: str) -> None:
    """What was planted is found, plans are held against spend, and claims were judged."""
    needs, done = (part.split("\n\n")[0] for part in story.split("What needs you")[1].split("was it right\n"))
    for campaign in ("Retail Bestsellers Berlin: spend is", "Retail Bestsellers Search: "):
        assert f"critical: {campaign}" in needs
    assert "tiktok:3001: November is going to end at" in needs
    assert "over its plan" in needs
    assert int(re.findall(r"(\d+) predictions came due", done)[0]) > 72  # the simple model's, and our own forecasts
    assert "expected (80%)" in story


def test_the_rules_suggest_changes_and_say_why(story: str, asked: Any) -> None:
    suggested = story.partition("What the rules would change now")[2].partition("When the money works")[0]
    assert "the daily budget of campaign" in suggested
    assert "performance: ROAS" in suggested
    listed = json.loads(asked("changes", "list", "--json").stdout)["changes"]
    assert {one["state"] for one in listed} == {"proposed"}


def test_what_comes_next_is_told_with_how_sure_that_is(story: str, asked: Any) -> None:
    ahead = story.partition("What comes next")[2].partition("Try next")[0]
    assert re.search(r"EUR  next  7 days  ROI \d\.\d\d \(80%: \d\.\d\d to \d\.\d\d\)", ahead)
    assert ahead.count("The next 1,000 ") == 4
    series = json.loads(asked("forecasts", "show", "roi-timeseries", "--channel", "meta", "--json").stdout)["series"]
    held = [point for point in series[0]["conversions"] if point["earlier"] is not None]
    assert len(held) == 8  # what was said two weeks ago, a week ahead and more


def test_its_pages_are_full(asked: Any) -> None:
    accuracy = json.loads(asked("predictions", "accuracy", "--json").stdout)
    assert accuracy["count"] >= 144
    assert len(json.loads(asked("report", "list", "--json").stdout)["reports"]) == 1
    assert len(json.loads(asked("alerts", "list", "--json").stdout)["alerts"]) >= 3


def test_every_command_that_the_story_recommends_works(story: str, home: Path, asked: Any) -> None:
    recommended = [line.split("  ")[1] for line in story.splitlines() if line.startswith("  adtempo --home ")]
    assert len(recommended) == 13
    for line in recommended[:-1]:
        words = line.split()[3:]
        assert asked(*words).exit_code == 0, line


def test_the_last_days_grew_and_the_ledger_remembers_how(asked: Any) -> None:
    words = ("metrics", "100201", "--since", "2026-11-12", "--until", "2026-11-12", "--json")
    then = json.loads(asked(*words, "--as-of", "2026-11-13T09:00+00:00").stdout)["reported"]
    today = json.loads(asked(*words).stdout)["reported"]
    assert then["spend"] == today["spend"]
    assert then["conversions"] < today["conversions"]


def test_a_second_run_adds_only_the_news(home: Path, asked: Any, tmp_path: Path) -> None:
    before = json.loads(asked("facts", "stats", "--json").stdout)
    later = tmp_path / "home"
    shutil.copytree(home, later)
    again = demo(later, "2026-11-20T10:00:00+00:00")
    after = json.loads(CliRunner().invoke(app, ["--home", str(later), "facts", "stats", "--json"]).stdout)
    assert "were read at 34 moments" in again.stdout
    assert 0 < after["postings"] - before["postings"] < before["postings"] / 10


def test_questions_of_ones_own_agree_with_the_metrics(asked: Any) -> None:
    question = (
        "SELECT spend, revenue, roas, reach, synced_at, currency FROM campaign_metrics WHERE campaign_id = '100201'"
    )
    body = json.loads(asked("facts", "sql", f"{question} AND date = '2026-11-12'", "--json").stdout)
    (row,) = body["rows"]
    words = ("metrics", "100201", "--since", "2026-11-12", "--until", "2026-11-12", "--json")
    reported = json.loads(asked(*words).stdout)["reported"]
    assert body["columns"] == ["spend", "revenue", "roas", "reach", "synced_at", "currency"]
    assert (float(row[0]), float(row[1]), row[3]) == (
        float(reported["spend"]),
        float(reported["conversion_value"]),
        reported["reach"],
    )
    assert row[2] == pytest.approx(reported["roas"])
    assert row[4].startswith("2026-11-20T09:00")
    assert row[5] == "USD"


def test_dayparts_and_creatives_add_up_to_their_campaigns(asked: Any) -> None:
    day = date(2026, 11, 12)
    totals = []
    for view in ("campaign_metrics", "creative_metrics", "daypart_performance"):
        question = f"SELECT sum(spend), count(*) FROM {view} WHERE campaign_id = '300101' AND date = '{day}'"
        totals.append(json.loads(asked("facts", "sql", question, "--json").stdout)["rows"][0])
    assert totals[0][0] == totals[1][0] == totals[2][0]
    assert [rows for _, rows in totals] == [1, 3, 24]
    question = (
        "SELECT DISTINCT niche, day_of_week FROM daypart_performance WHERE date = '2026-11-12' AND niche = 'saas'"
    )
    assert asked("facts", "sql", question).stdout.split() == ["niche", "day_of_week", "saas", "3"]


@pytest.mark.parametrize(
    "question",
    [
        "COPY (SELECT 1) TO 'stolen.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH 'other.db'",
        "SET enable_external_access = true",
        "CREATE TABLE mine AS SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT * FROM ledger",
        "SELEC",
        "",
    ],
)
def test_a_question_can_neither_change_nor_leave_anything(asked: Any, question: str) -> None:
    result = asked("facts", "sql", question)
    assert (result.exit_code, result.stdout) == (4, "")


def test_compaction_changes_no_number(asked: Any) -> None:
    words = ("report", "daily", "--date", "2026-11-12", "--json")
    before = asked(*words).stdout
    assert asked("facts", "compact").exit_code == 0
    assert asked(*words).stdout == before
    files = json.loads(asked("facts", "files", "--json").stdout)["files"]
    assert {file["tier"] for file in files} <= {"day", "month"}
    assert asked("facts", "files").stdout.startswith("path")


@pytest.mark.skipif(BRUNO is None, reason="no Bruno here; install its command line: npm install --global @usebruno/cli")
def test_the_bruno_collection_runs_green_against_the_served_demo(home: Path, story: str, tmp_path: Path) -> None:
    assert story
    shutil.copytree(home, tmp_path / "home")
    adtempo = [sys.executable, "-m", "adtempo", "--home", str(tmp_path / "home"), "--now", NOW]

    def say(*words: str) -> str:
        return subprocess.run([*adtempo, *words], capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    link = say("users", "add", "anna", "--role", "admin")
    say("users", "add", "olga", "--role", "operator")
    say("users", "token", "olga", "--output", str(tmp_path / "token"))
    served = subprocess.Popen([*adtempo, "serve", "--no-jobs", "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert served.stderr is not None
        address = re.search(r"http://\S+", served.stderr.readline())
        assert address is not None
        given = {
            "baseUrl": address[0],
            "token": (tmp_path / "token").read_text("utf-8").strip(),
            "link": link.partition("#")[2],
        }
        variables = [word for name, text in given.items() for word in ("--env-var", f"{name}={text}")]
        command = [str(BRUNO), "run", "--env", "local", "--reporter-json", str(tmp_path / "run.json"), *variables]
        done = subprocess.run(command, cwd=COLLECTION, capture_output=True, text=True, check=False, timeout=240)
    finally:
        served.terminate()
        served.communicate(timeout=30)
    (run,) = json.loads((tmp_path / "run.json").read_text("utf-8"))
    failed = [
        (request["path"], check["error"], request["response"]["data"])
        for request in run["results"]
        for check in request["assertionResults"]
        if check["status"] != "pass"
    ]
    assert (failed, done.returncode) == ([], 0)


def test_the_demo_refuses_a_home_with_real_accounts(tmp_path: Path) -> None:
    words = ["--home", str(tmp_path / "home")]
    CliRunner().invoke(app, [*words, "accounts", "add", "meta:a1", "--timezone", "UTC", "--currency", "EUR"])
    result = CliRunner().invoke(app, [*words, "demo", "--no-serve"])
    assert (result.exit_code, "a home of its own" in result.stderr) == (5, True)
