"""Messages from the command line and over HTTP: exit codes, batches, health, and plans held against the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adtempo.alerts.open import load_alerts
from adtempo.cli.main import app
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.domain.predictions import Actual, Comparison, Prediction, RecordedPrediction, Scope
from adtempo.domain.roles import Role
from adtempo.facts.message_imports import import_messages
from adtempo.messages.batch import BatchAsked, build_batch, read_pages
from adtempo.messages.health import health_body, judge_log, judge_plans, load_health, update_message_alerts
from adtempo.messages.report import read_hours, read_quiet_days
from adtempo.messages.run import ScheduleBuilder
from adtempo.platforms.sandbox.pages import PageSpec
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.compare import compare_predictions
from adtempo.server import build_app
from adtempo.store import page_schedules as planned
from adtempo.store.engine import transaction
from adtempo.store.page_schedules import LoggedBuild, Schedule
from adtempo.workspace import Workspace, open_workspace
from page_files import import_simulated, write
from serving import ADDRESS, TestClient, add_people

PAGES = [
    PageSpec("ava", fans=1_500, ppv_weekly=6, bump_weekly=4, wear=0.02),
    PageSpec("bob", "Asia/Tokyo", fans=900, ppv_weekly=5, bump_weekly=4, wear=0.02),
]
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MONDAY = date(2026, 3, 9)
BUILD = ("messages", "build", "--start-date", "2026-03-09")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two simulated pages; tests copy nothing of it and change only what is their own."""
    folder = tmp_path_factory.mktemp("messages")
    with open_workspace(folder / "home", now=NOW) as workspace:
        import_simulated(workspace, folder, PAGES, now=NOW, weeks=10)
    return folder / "home"


@pytest.fixture
def run(filled: Path, tmp_path: Path) -> Callable[..., Any]:
    import shutil

    home = tmp_path / "home"
    shutil.copytree(filled, home)
    return lambda *words: CliRunner().invoke(app, ["--home", str(home), "--now", NOW.isoformat(), *words])


def test_volume_needs_no_workspace(tmp_path: Path) -> None:
    home = tmp_path / "never"
    words = ["--home", str(home), "messages", "volume", "--tier", "LARGE", "--saturation", ".7"]
    answer = CliRunner().invoke(app, [*words, "--json"])
    assert json.loads(answer.stdout) == {
        "tier": "LARGE",
        "saturation": 0.7,
        "zone": "RED",
        "ppv": 8,
        "bump": 24,
        "gap_minutes": 150,
        "cooling_days": 2,
    }
    assert "gap_minutes   150" in CliRunner().invoke(app, words).stdout
    assert not home.exists()


def test_a_week_from_the_command_line(run: Callable[..., Any], tmp_path: Path) -> None:
    target = tmp_path / "ava.csv"
    built = run(*BUILD, "--page-name", "ava", "--output", str(target), "--seed", "5", "--json")
    body = json.loads(built.stdout)
    assert (built.exit_code, body["seed"], body["page_name"]) == (0, 5, "ava")
    assert len(target.read_text().splitlines()) == body["total_messages"] + 1
    schedule_id = body["schedule_id"]
    shown = run("messages", "show", schedule_id)
    assert "planned value" in shown.stdout
    assert json.loads(run("messages", "show", schedule_id, "--json").stdout) == body
    assert schedule_id in run("messages", "show").stdout
    assert body["messages"][0]["caption_id"] in run("messages", "locks", "--page-name", "ava").stdout
    assert run("messages", "export", schedule_id, "--output", str(tmp_path / "a.ics")).exit_code == 0
    assert (tmp_path / "a.ics").read_text().startswith("BEGIN:VCALENDAR")
    assert run("messages", "export", schedule_id, "--output", str(tmp_path / "b.csv"), "--raw").exit_code == 0
    unlocked = run("messages", "unlock", schedule_id)
    assert f"captions released: {body['total_messages']}" in unlocked.stderr
    assert run("messages", "unlock", schedule_id).exit_code == 5
    assert json.loads(run("messages", "locks", "--json").stdout) == {"locks": []}
    assert run("messages", "health").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((*BUILD, "--page-name", "nobody"), 3, "there is no page 'nobody'"),
        (("messages", "build", "--start-date", "2026-03-03", "--page-name", "ava"), 4, "begins in the past"),
        ((*BUILD,), 4, "one of --page-name P, --all, --pages FILE"),
        ((*BUILD, "--all", "--page-name", "ava"), 4, "one of --page-name P, --all, --pages FILE"),
        ((*BUILD, "--pages", "nowhere.txt"), 3, "there is no file nowhere.txt"),
        (("messages", "volume", "--tier", "HUGE", "--saturation", "0"), 4, "no tier 'HUGE'"),
        (("messages", "analyze", "--page-name", "nobody"), 3, "there is no page"),
        (("messages", "pages", "set", "new"), 4, "say where it is with --timezone"),
        (("messages", "pages", "set", "ava", "--hours", "25-"), 4, "are not hours of the day"),
        (("messages", "pages", "set", "ava", "--quiet-days", "someday"), 4, "'someday' is no weekday"),
    ],
)
def test_bad_input_is_named_with_its_exit_code(
    run: Callable[..., Any], words: tuple[str, ...], code: int, said: str
) -> None:
    answer = run(*words)
    assert (answer.exit_code, said in answer.stderr) == (code, True), answer.stderr


def test_pages_are_set_and_listed(run: Callable[..., Any]) -> None:
    assert run("messages", "pages", "set", "ava", "--hours", "18-20", "--rest-days", "20").exit_code == 0
    assert run("messages", "pages", "set", "ava", "--quiet-days", "sunday").exit_code == 0
    assert run("messages", "pages", "set", "new", "--timezone", "UTC").exit_code == 0
    pages = {page["page_name"]: page for page in json.loads(run("messages", "pages", "list", "--json").stdout)["pages"]}
    assert pages["ava"]["hours"] == [18, 19, 20]
    assert (pages["ava"]["rest_days"], pages["ava"]["quiet_days"]) == (20, ["sunday"])
    assert pages["new"]["timezone"] == "UTC"
    assert "Asia/Tokyo" in run("messages", "pages", "list").stdout
    assert read_hours("8") == (8,)
    assert read_quiet_days("none") == ()


def test_an_analysis_from_the_command_line_has_eight_sections(run: Callable[..., Any]) -> None:
    body = json.loads(run("messages", "analyze", "--page-name", "ava", "--json").stdout)
    assert list(body)[1:] == [
        *("classification", "saturation", "segment", "hours", "weekdays", "price_tiers", "categories", "captions"),
    ]
    assert len(body["hours"]["levels"]) == 168
    assert "saturation" in run("messages", "analyze", "--page-name", "ava").stdout


def test_a_batch_goes_on_where_one_page_fails(run: Callable[..., Any], tmp_path: Path) -> None:
    names = write(tmp_path / "pages.txt", "page_name\nava\nnobody\n\nbob\n")
    folder = tmp_path / "weeks"
    answer = run(*BUILD, "--pages", str(names), "--output", str(folder))
    assert answer.exit_code == 1
    assert "planned: 2; failed: 1" in answer.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["ava.csv", "bob.csv"]
    again = run(*BUILD, "--all", "--json")
    body = json.loads(again.stdout)
    assert (body["built"], body["failed"]) == (0, 2)
    assert all("add --replace" in page["error"] for page in body["pages"])
    assert run(*BUILD, "--all", "--replace").exit_code == 0


def test_bad_batches_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no page to plan"):
        build_batch(workspace, BatchAsked([], MONDAY), actor="ann")
    blocked = write(tmp_path / "file", "")
    with pytest.raises(InvalidInput, match="cannot be made"):
        build_batch(workspace, BatchAsked(["ava"], MONDAY, folder=blocked / "x"), actor="ann")
    with pytest.raises(NotFound):
        read_pages(tmp_path / "none")
    with pytest.raises(InvalidInput, match="names no page"):
        read_pages(write(tmp_path / "empty", "page_name\n"))
    (tmp_path / "odd").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="no page|UTF-8"):
        read_pages(tmp_path / "odd")


def test_whatever_breaks_for_one_page_stops_no_other(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    shutil.copytree(filled, tmp_path / "home")
    real = ScheduleBuilder.build_week

    def broken(self: ScheduleBuilder, page_name: str, *more: Any, **named: Any) -> planned.Schedule:
        if page_name == "ava":
            raise RuntimeError("broken")
        return real(self, page_name, *more, **named)

    monkeypatch.setattr(ScheduleBuilder, "build_week", broken)
    seen: list[float] = []
    with open_workspace(tmp_path / "home", now=NOW) as workspace:
        asked = BatchAsked(["ava", "bob"], MONDAY)
        found = build_batch(workspace, asked, actor="ann", progress=lambda _, share: seen.append(share))
    assert [one.error for one in found] == ["RuntimeError: broken", None]
    assert seen == [0.5, 1.0]


def logged(hours_ago: float, status: str = "SUCCESS", seconds: float = 1.0) -> LoggedBuild:
    failed = status == "ERROR"
    return LoggedBuild(
        None, "ava", "build", NOW - timedelta(hours=hours_ago), 1, seconds, status, "broken" if failed else None
    )


def kinds(log: list[LoggedBuild], last: datetime | None) -> list[str]:
    return [finding.alert_type for finding in judge_log(log, last, NOW).findings]


def test_health_holds_to_its_thresholds() -> None:
    recent = NOW - timedelta(hours=1)
    assert kinds([], None) == []
    assert kinds([logged(2)] * 9 + [logged(2, "ERROR")], recent) == []
    assert kinds([logged(2)] * 8 + [logged(2, "ERROR")], recent) == ["messages_failing"]
    assert kinds([logged(2, seconds=30.0)], recent) == []
    assert kinds([logged(2, seconds=30.1)], recent) == ["messages_slow"]
    assert kinds([logged(25)], NOW - timedelta(hours=25)) == ["messages_silent"]
    assert kinds([logged(0.5)] * 30 + [logged(0.5, "ERROR")] * 2, recent) == []
    assert kinds([logged(0.5)] * 30 + [logged(0.5, "ERROR")] * 3, recent) == ["messages_errors"]
    assert kinds([logged(0.5, "ERROR")], None) == ["messages_failing", "messages_silent"]


def claim(week: int, inside: bool | None, error: float) -> RecordedPrediction:
    since = MONDAY - timedelta(weeks=week)
    prediction = Prediction(
        f"w{week}", Scope("other", page_name="ava"), "conversion_value", since, since, 1.0, "messages", NOW, {}
    )
    comparison = Comparison(Actual(1.0, 1.0, NOW, 1), error, error, inside, inside, 50.0)
    return RecordedPrediction(prediction, NOW, "ann", 6, late=False, compared_at=NOW, comparison=comparison)


def test_a_page_that_keeps_missing_its_plans_is_flagged() -> None:
    less = [claim(week, False, 1.0) for week in range(3)]
    finding = judge_plans("ava", less)
    assert finding is not None
    assert "page ava earned less than planned in each of its last 3 weeks" in finding.message
    mixed = judge_plans("ava", [*less[:2], claim(3, False, -1.0)])
    assert mixed is not None
    assert "now less, now more" in mixed.message
    assert judge_plans("ava", less[:2]) is None
    assert judge_plans("ava", [claim(0, True, 0.0), *less]) is None
    assert judge_plans("ava", [replace(less[0], comparison=None), *less]) is not None


def test_alerts_of_planning_open_and_resolve(workspace: Workspace) -> None:
    with transaction(workspace.engine) as connection:
        for _ in range(3):
            planned.log_build(connection, logged(0.1, "ERROR"))
    assert update_message_alerts(workspace).opened == 3
    body = health_body(load_health(workspace))
    assert (body["status"], body["errors_last_hour"]) == ("alert", 3)
    assert {alert.finding.alert_type for alert in load_alerts(workspace)} == {
        alert["alert_type"] for alert in body["alerts"]
    }
    later = replace(workspace, pretended_now=NOW + timedelta(days=8))
    with transaction(workspace.engine) as connection:
        planned.log_build(connection, replace(logged(-8 * 24 + 1, "ERROR")))
    assert update_message_alerts(later).resolved == 1


def report(path: Path, week: Schedule, purchases: int) -> Path:
    """Write what a planned week brought: so many sales of each paid message, at 10."""
    lines = ["page_name,page_timezone,sent_at,message_type,caption_id,price,recipients,views,purchases,revenue"]
    for one in week.messages:
        price, sold = (10, purchases) if one.message_type == "PPV" else (0, 0)
        at = one.scheduled_send_time.isoformat()
        row = (week.page_name, "Europe/Berlin", at, one.message_type, one.caption_id, price, 1500, 900, sold, sold * 10)
        lines.append(",".join(map(str, row)))
    return write(path, "\n".join(lines) + "\n")


def test_a_plan_is_held_against_what_the_page_earned(workspace: Workspace, tmp_path: Path) -> None:
    import_simulated(workspace, tmp_path, PAGES[:1], now=NOW, weeks=8)
    builder = ScheduleBuilder(workspace)
    kept = builder.build_week("ava", MONDAY, actor="ann")
    gone = builder.build_week("ava", MONDAY + timedelta(weeks=1), actor="ann")
    builder.unlock(gone.schedule_id, actor="ann")
    early, late = datetime(2026, 3, 17, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC)
    import_messages(workspace.ledger, report(tmp_path / "results.csv", kept, 2), actor="ann", now=early)
    soon = replace(workspace, pretended_now=early)
    assert compare_predictions(soon, actuals_of(soon)).compared == ()
    import_messages(workspace.ledger, report(tmp_path / "again.csv", kept, 3), actor="ann", now=late)
    then = replace(workspace, pretended_now=late + timedelta(days=10))
    done = compare_predictions(then, actuals_of(then))
    found = {one.prediction.prediction_id: one.comparison.actual for one in done.compared if one.comparison}
    paid = sum(one.message_type == "PPV" for one in kept.messages)
    assert found[kept.schedule_id].value == 30 * paid * 1e6
    assert found[gone.schedule_id].value is None, "a withdrawn plan is not judged"
    assert done.waiting == 0


def test_a_page_that_misses_three_plans_is_flagged_and_its_next_plan_is_less_sure(
    workspace: Workspace, tmp_path: Path
) -> None:
    import_simulated(workspace, tmp_path, PAGES[:1], now=NOW, weeks=8)
    widths, flagged = [], []
    for week in range(4):
        start = MONDAY + timedelta(weeks=2 * week)
        before = datetime.combine(start, datetime.min.time(), UTC) - timedelta(days=2)
        at = replace(workspace, pretended_now=before)
        compare_predictions(at, actuals_of(at))
        flagged.append("messages_missing_plan" in {one.alert_type for one in load_health(at).findings})
        plan = ScheduleBuilder(at).build_week("ava", start, actor="ann")
        widths.append(float(plan.plan["high80"]) / float(plan.plan["low80"]))
        few = round(plan.planned_value_micros / 1e7 / len(plan.messages) / 4)
        over = before + timedelta(days=13)
        import_messages(workspace.ledger, report(tmp_path / f"{week}.csv", plan, few), actor="ann", now=over)
    assert flagged == [False, False, False, True]
    assert widths[-1] > widths[0]


def test_messages_over_http(filled: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(filled, tmp_path / "home")
    with open_workspace(tmp_path / "home", now=NOW) as workspace:
        tokens = add_people(workspace)
        client = TestClient(build_app(workspace), base_url=ADDRESS)

        def ask(method: str, path: str, role: Role = Role.OPERATOR, **sent: Any) -> Any:
            return client.request(
                method, f"/api/messages{path}", headers={"Authorization": f"Bearer {tokens[role]}"}, **sent
            )

        asked = {"page_name": "ava", "start_date": "2026-03-09"}
        assert ask("POST", "/schedules", Role.VIEWER, json=asked).status_code == 403
        built = ask("POST", "/schedules", json=asked)
        assert built.status_code == 201, built.text
        assert ask("POST", "/schedules", json=asked).status_code == 409
        schedule_id = built.json()["schedule_id"]
        assert ask("GET", f"/schedules/{schedule_id}", Role.VIEWER).json() == built.json()
        assert ask("GET", f"/schedules/{schedule_id}/csv").text.count("\n") == built.json()["total_messages"] + 1
        assert ask("GET", f"/schedules/{schedule_id}/calendar").text.startswith("BEGIN:VCALENDAR")
        assert ask("GET", "/schedules?page_name=ava").json()["schedules"][0]["schedule_id"] == schedule_id
        assert ask("GET", "/captions?page_name=bob&limit=3").json()["captions"][0]["page_name"] == "bob"
        assert len(ask("GET", "/locks?page_name=ava").json()["locks"]) == built.json()["total_messages"]
        batch = ask("POST", "/schedules/batch", json={"start_date": "2026-03-09"}).json()
        assert (batch["built"], batch["failed"]) == (1, 1)
        assert ask("POST", f"/schedules/{schedule_id}/unlock").json()["released"] == built.json()["total_messages"]
        set_to = ask("PUT", "/pages/ava", json={"timezone": "Europe/Berlin", "hours": [20], "quiet_days": ["monday"]})
        assert set_to.json()["quiet_days"] == ["monday"]
        assert ask("PUT", "/pages/ava", json={"timezone": "UTC"}).status_code == 409
        assert ask("GET", "/analysis?page_name=nobody").status_code == 404
        assert ask("GET", "/analysis?page_name=ava").json()["page_name"] == "ava"
        assert ask("GET", "/health").json()["status"] == "ok"
