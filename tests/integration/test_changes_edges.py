"""Changes over HTTP, on pages and on the command line: the same bodies, the same refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import roads
from adtempo.changes.propose import propose_changes
from adtempo.changes.run import load_change
from adtempo.cli.main import app
from adtempo.domain.changes import State
from adtempo.domain.roles import Role
from adtempo.jobs.changing import send_changes
from adtempo.jobs.runner import Turn
from adtempo.people.secret_texts import write_secret
from adtempo.store.jobs import JobRun
from adtempo.workspace import Workspace, open_workspace
from serving import NOW, PASSWORD, TestClient, add_people, listening, visit

STRICT = roads.policy(auto_approve_up_to_micros=0)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    """A home with a raise that waits, one that does not, and a suggestion would-be."""
    with open_workspace(tmp_path / "home", now=NOW) as workspace:
        roads.furnish(workspace, count=3)
        evidence = {"roas": 3.5, "reported": {"spend": "100.00"}, "missing": None, "notes": ["a", "b"]}
        wishes = [roads.proposal(NOW, policy=STRICT, evidence=evidence), roads.proposal(NOW, 2)]
        propose_changes(workspace, wishes, actor="rule")
        yield workspace


def client(workspace: Workspace, role: Role) -> TestClient:
    return visit(workspace, role)


def test_an_approver_decides_over_http(home: Workspace) -> None:
    add_people(home)
    approver = client(home, Role.APPROVER)
    shown = approver.get("/api/changes?state=awaiting_approval&account=t1&campaign=1").json()["changes"]
    assert [one["id"] for one in shown] == [1]
    stale = approver.post("/api/changes/1/approve", json={"digest": "0" * 64})
    assert (stale.status_code, stale.json()["kind"]) == (409, "conflict")
    done = approver.post("/api/changes/1/approve", json={"digest": shown[0]["digest"]})
    assert (done.status_code, done.json()["state"], done.json()["approved_by"]) == (200, "applied", "approver")
    assert approver.get("/api/changes/1").json() == done.json()
    assert approver.get("/api/changes/1/story").json()["story"][-1] == "It took hold."
    late = client(home, Role.ADMIN).post("/api/changes/1/approve", json={})
    assert "applied by approver already" in late.json()["detail"]
    assert approver.post("/api/changes/9/reject", json={"reason": ""}).status_code == 404


def test_who_may_not_is_refused(home: Workspace) -> None:
    tokens = add_people(home)
    script = {"Authorization": f"Bearer {tokens[Role.ADMIN]}"}
    for role, path in ((Role.OPERATOR, "1/approve"), (Role.VIEWER, "halt"), (Role.APPROVER, "resume")):
        assert client(home, role).post(f"/api/changes/{path}", json={}).status_code == 403
    for path in ("1/approve", "1/reject", "resume", "reconcile"):
        assert visit(home).post(f"/api/changes/{path}", json={}, headers=script).status_code == 403


def test_a_session_that_was_left_open_moves_no_money(home: Workspace) -> None:
    add_people(home)
    approver = client(home, Role.APPROVER)
    approver.app.state.workspace = replace(home, pretended_now=NOW + timedelta(minutes=31))  # type: ignore[attr-defined]
    assert approver.get("/api/changes/1").status_code == 200
    refused = approver.post("/api/changes/1/approve", json={})
    assert (refused.status_code, refused.json()["detail"][:13]) == (401, "Sign in again")
    assert approver.post("/api/changes/halt", json={"reason": ""}).status_code == 200
    assert load_change(home, 1).state is State.AWAITING_APPROVAL
    again = {"name": "approver", "password": PASSWORD}
    assert approver.post("/api/session", json=again).status_code == 200
    assert approver.post("/api/changes/1/reject", json={"reason": ""}).status_code == 200


def test_halting_and_taking_back_over_http(home: Workspace) -> None:
    add_people(home)
    admin = client(home, Role.ADMIN)
    send_changes(
        home, Turn(JobRun("changes", NOW, "running", "o", 1, NOW, NOW, 1, None, None, None, None), lambda: NOW)
    )
    assert load_change(home, 2).state is State.APPLIED
    back = admin.post("/api/changes/2/revert").json()
    assert (back["state"], back["reverts"], back["action"]) == ("applied", 2, "revert")
    assert admin.post("/api/changes/revert", json={"run": "none"}).status_code == 404
    assert admin.post("/api/changes/halt", json={"reason": "look"}).json()["halted"] is True
    assert admin.get("/api/changes/halt").json()["reason"].endswith("look")
    assert admin.post("/api/changes/1/approve", json={}).status_code == 409
    assert "No change is sent" in admin.get("/approvals").text
    assert admin.post("/api/changes/resume").json() == {"halted": False, "reason": ""}
    assert admin.post("/api/changes/resume").status_code == 409
    assert admin.post("/api/changes/reconcile").json()["campaigns"] == 3


def test_lists_are_read_page_by_page(home: Workspace) -> None:
    add_people(home)
    viewer = client(home, Role.VIEWER)
    for path in ("/api/changes", "/api/auto-scaler/actions/history"):
        first = viewer.get(f"{path}?limit=1")
        second = viewer.get(first.links["next"]["url"])
        assert [one["id"] for page in (first, second) for one in page.json()["changes"]] == [2, 1]
        assert (second.links, viewer.get(f"{path}?limit=2").links) == ({}, {})
        assert viewer.get(f"{path}?cursor=eHg").status_code == 422


def test_pages_show_what_waits_and_what_happened(home: Workspace) -> None:
    add_people(home)
    approver = client(home, Role.APPROVER)
    page = approver.get("/approvals").text
    assert "Raise the daily budget of campaign tiktok:t1:1 from 200.00 EUR to 220.00 EUR." in page
    assert load_change(home, 1).digest in page
    assert "the rise of 20.00 EUR is above 0.00 EUR" in page
    assert "spend 100.00" in page
    assert 'action="/api/changes/halt"' in page
    assert "Your role may look" in client(home, Role.VIEWER).get("/approvals").text
    assert "awaiting approval" in approver.get("/history").text
    approver.post("/api/changes/1/approve", json={})
    assert "Nothing waits for a person" in approver.get("/approvals").text
    operator = client(home, Role.OPERATOR)
    assert "Take this change back" in operator.get("/history/1").text
    operator.post("/api/changes/1/revert")
    assert "takes back" in operator.get("/history/3").text
    assert operator.get("/history/99").status_code == 404


def test_suggestions_are_shown_apart(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "home", now=NOW) as workspace:
        roads.furnish(workspace, armed=False)
        propose_changes(workspace, [roads.proposal(NOW)], actor="rule")
        add_people(workspace)
        page = client(workspace, Role.APPROVER).get("/approvals").text
    assert "Suggestions" in page
    assert "Dismiss" in page
    assert "/approve" not in page


def command(workspace: Workspace, *words: str) -> tuple[int, str, str]:
    """Run a command on a home and return its exit code and what it said."""
    done = CliRunner().invoke(app, ["--home", str(workspace.home), "--now", NOW.isoformat(), "changes", *words])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_line_decides_explains_and_takes_back(home: Workspace) -> None:
    code, out, _ = command(home, "list")
    assert code == 0
    assert "awaiting_approval" in out
    assert command(home, "approve", "1", "--digest", "0" * 64)[0] == 5
    code, _, said = command(home, "approve", "1")
    assert (code, "It took hold" in said) == (0, True)
    assert "applied by" in command(home, "explain", "1")[1]
    assert "asked_budget" in command(home, "show", "1")[1]
    assert command(home, "show", "9")[0] == 3
    code, out, _ = command(home, "revert", "1", "--json")
    assert (code, json.loads(out)["reverts"]) == (0, 1)
    assert command(home, "revert", "1")[0] == 5
    assert command(home, "revert")[0] == 4
    assert command(home, "list", "--format", "csv")[1].count("\n") == 1
    assert command(home, "list", "--state", "applied", "--format", "csv")[1].startswith("Campaign ID,Campaign Budget")
    assert command(home, "list", "--campaign", "3")[2] == "no changes\n"


def test_the_command_line_halts_rejects_and_reconciles(home: Workspace) -> None:
    assert command(home, "halt", "--show")[2] == "changes are sent: nothing is halted\n"
    assert "look" in command(home, "halt", "--reason", "look")[2]
    assert "look" in command(home, "halt", "--show")[2]
    assert json.loads(command(home, "halt", "--json")[1])["halted"] is True
    assert command(home, "approve", "1")[0] == 5
    assert "nothing is halted" in command(home, "resume")[2]
    assert command(home, "resume", "--json")[0] == 5
    assert json.loads(command(home, "reject", "1", "--reason", "no", "--json")[1])["answer"] == "no"
    market = roads.build_market(home.home / "sandbox", 3)
    market.record_edit(roads.campaign(3), roads.EDITED, "1000000", NOW + timedelta(seconds=0), "human")
    assert "200.00, active" in command(home, "reconcile")[1]
    assert json.loads(command(home, "reconcile", "--json")[1])["differences"] == []
    assert command(home, "halt", "--json")[0] == 0
    assert json.loads(command(home, "resume", "--json")[1]) == {"halted": False, "reason": ""}
    made = propose_changes(home, [roads.proposal(NOW, 3, window=NOW + timedelta(hours=1))], actor="rule")[0]
    assert made.state is State.BLOCKED
    assert command(home, "revert", "--run", "none")[0] == 3


def test_a_server_is_asked_for_the_same(home: Workspace, tmp_path: Path) -> None:
    token = tmp_path / "token"
    write_secret(token, add_people(home)[Role.OPERATOR])
    send_changes(
        home, Turn(JobRun("changes", NOW, "running", "o", 1, NOW, NOW, 1, None, None, None, None), lambda: NOW)
    )
    with listening(home) as address:
        for words in (["list"], ["list", "--state", "applied"], ["show", "1"], ["explain", "1"], ["halt", "--show"]):
            local = command(home, *words, "--json")[1]
            done = CliRunner().invoke(app, ["--server", address, "--token", str(token), "changes", *words])
            assert done.stdout == local
        far = ["--server", address, "--token", str(token), "changes"]
        for words in (["list"], ["list", "--state", "applied", "--state", "awaiting_approval"]):
            done = CliRunner().invoke(app, [*far, *words, "--format", "csv"])
            assert done.stdout == command(home, *words, "--format", "csv")[1]
            assert done.stdout.startswith("account_id,campaign_id" if len(words) == 1 else "Campaign ID,")
        for words in (["revert", "2"], ["halt", "--reason", "x"]):
            done = CliRunner().invoke(app, [*far, *words])
            assert done.exit_code == 0, done.stderr
        refused = CliRunner().invoke(app, [*far, "approve", "1"])
        assert refused.exit_code == 4
