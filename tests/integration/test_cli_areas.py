"""The areas of the command line that need no facts, on a home of its own, on both databases."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adtempo.cli.main import app
from adtempo.domain.accounts import CampaignRef
from adtempo.people.sign_in import claim_first_admin
from adtempo.store.accounts import register_campaigns
from adtempo.store.engine import transaction
from adtempo.workspace import open_workspace

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return tmp_path / "home"


@pytest.fixture
def run(home: Path) -> Run:
    def adtempo(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, ["--home", str(home), *words], input=typed)

    return adtempo


def said(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def actions(home: Path) -> list[str]:
    with open_workspace(home) as workspace, workspace.engine.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT action FROM audit_log ORDER BY id")]


def add_account(run: Run) -> None:
    assert run("accounts", "add", "meta:a1", "--timezone", "Asia/Tokyo", "--currency", "JPY").exit_code == 0


def test_an_account_is_added_named_armed_and_disarmed_with_a_trace(run: Run, home: Path) -> None:
    add_account(run)
    assert "armed     yes" not in run("accounts", "list").stdout
    named = run("accounts", "set", "a1", "--name", "Tokyo", "--client", "Sakura", "--approver-limit", "2000")
    assert "approver_limit  2000.00" in named.stdout
    assert "armed           yes" in run("accounts", "arm", "meta:a1").stdout
    (account,) = said(run("accounts", "list", "--json"))["accounts"]
    assert (account["name"], account["client"], account["armed"]) == ("Tokyo", "Sakura", True)
    run("accounts", "disarm", "a1")
    run("accounts", "set", "a1", "--client", "", "--approver-limit", "")
    (account,) = said(run("accounts", "list", "--json"))["accounts"]
    assert (account["client"], account["approver_limit"], account["armed"]) == (None, None, False)
    assert actions(home) == [
        "account.added",
        "account.changed",
        "account.armed",
        "account.disarmed",
        "account.changed",
    ]


def test_an_unknown_time_zone_is_invalid(run: Run) -> None:
    result = run("accounts", "add", "meta:a1", "--timezone", "Mars/Olympus", "--currency", "JPY")
    assert (result.exit_code, "IANA name" in result.stderr) == (4, True)


def add_campaign(home: Path) -> None:
    with open_workspace(home) as workspace, transaction(workspace.engine) as connection:
        register_campaigns(connection, {CampaignRef("meta", "a1", "c1"): workspace.now()})


def test_what_is_wanted_of_a_campaign_is_set_shown_and_taken_back(run: Run, home: Path) -> None:
    add_account(run)
    add_campaign(home)
    wishes = ("--target-roas", "2.5", "--target-cpa", "1200", "--planned-budget", "90000", "--label", "Autumn")
    assert run("campaigns", "set", "c1", *wishes).exit_code == 0
    (campaign,) = said(run("campaigns", "list", "--account", "a1", "--json"))["campaigns"]
    assert (campaign["target_roas"], campaign["target_cpa"], campaign["planned_budget"], campaign["label"]) == (
        2.5,
        "1200.00",
        "90000.00",
        "Autumn",
    )
    assert "Autumn" not in run("campaigns", "set", "c1", "--label", "", "--target-cpa", "").stdout
    (campaign,) = said(run("campaigns", "list", "--json"))["campaigns"]
    assert (campaign["target_cpa"], campaign["label"], campaign["target_roas"]) == (None, None, 2.5)
    assert "2.5" in run("campaigns", "list").stdout


def test_an_amount_that_cannot_be_is_invalid(run: Run, home: Path) -> None:
    add_account(run)
    add_campaign(home)
    for amount in ("0", "-1", "1e3", "abc"):
        assert run("campaigns", "set", "c1", "--target-cpa", amount).exit_code == 4


def token_of(link: str) -> str:
    assert link.startswith("http://127.0.0.1:8000/sign-in#")
    return link.strip().partition("#")[2]


def claim(home: Path, link: str) -> None:
    with open_workspace(home) as workspace:
        claim_first_admin(
            workspace.engine, token_of(link), name="ann", password="a long pass phrase", now=workspace.now()
        )


def test_the_first_login_makes_the_admin_and_the_next_signs_that_one_in(run: Run, home: Path) -> None:
    claim(home, run("login").stdout)
    assert said(run("users", "list", "--json")) == {"users": [{"name": "ann", "role": "admin"}]}
    assert token_of(run("login").stdout)
    assert "ann" in run("users", "list").stdout


def test_with_several_admins_login_asks_who(run: Run, home: Path) -> None:
    claim(home, run("login").stdout)
    assert token_of(run("users", "add", "bob", "--role", "admin").stdout)
    result = run("login")
    assert (result.exit_code, "--name" in result.stderr) == (4, True)
    assert token_of(run("login", "--name", "bob").stdout)


def test_people_change_and_go(run: Run, home: Path) -> None:
    claim(home, run("login").stdout)
    run("users", "add", "bob")
    assert run("users", "role", "bob", "approver").exit_code == 0
    assert run("users", "password", "bob", typed="another long phrase\n").exit_code == 0
    assert run("users", "password", "bob", typed="short\n").exit_code == 4
    assert run("users", "disable", "bob").exit_code == 0
    assert run("users", "role", "bob", "viewer").exit_code == 3
    assert run("users", "disable", "ann").exit_code == 5


def test_a_token_is_written_for_its_owner_only_and_revoked(run: Run, home: Path, tmp_path: Path) -> None:
    claim(home, run("login").stdout)
    path = tmp_path / "token"
    result = run("users", "token", "ann", "--output", str(path), "--days", "3")
    assert (result.exit_code, result.stdout) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (token,) = said(run("users", "tokens", "--json"))["tokens"]
    assert (token["name"], token["label"], token["revoked_at"]) == ("ann", "script", None)
    assert path.read_text().strip() not in run("users", "tokens").stdout
    assert run("users", "revoke", str(token["id"])).exit_code == 0
    assert run("users", "revoke", str(token["id"])).exit_code == 3
    assert run("users", "token", "ann", "--output", str(tmp_path / "no" / "token")).exit_code == 4


def test_the_audit_log_proves_itself_and_shows_tampering(run: Run, home: Path) -> None:
    add_account(run)
    assert said(run("audit", "verify", "--json")) == {"intact": True, "problems": []}
    assert run("audit", "verify").stdout.startswith("intact: 1 entries")
    (entry,) = map(json.loads, run("audit", "export").stdout.splitlines())
    assert (entry["action"], entry["subject"]) == ("account.added", "meta:a1")
    assert run("audit", "export", "--after", "1").stdout == ""
    with open_workspace(home) as workspace, transaction(workspace.engine) as connection:
        connection.exec_driver_sql("UPDATE audit_log SET actor = 'mallory'")
    result = run("audit", "verify", "--json")
    assert result.exit_code == 5
    assert not json.loads(result.stdout)["intact"]


def test_the_database_goes_down_and_up(run: Run) -> None:
    add_account(run)
    assert said(run("db", "stats", "--json"))["tables"]["accounts"] == 1
    assert run("db", "downgrade", "base").exit_code == 0
    assert run("db", "downgrade", "nosuch").exit_code == 5
    assert run("db", "upgrade").exit_code == 0
    assert "accounts" in run("db", "stats").stdout
    assert said(run("db", "stats", "--json"))["tables"]["accounts"] == 0


def test_a_backup_comes_back_in_an_empty_home(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_account(run)
    folder = str(tmp_path / "backup")
    assert run("db", "backup", folder).exit_code == 0
    assert run("db", "backup", folder).exit_code == 5
    assert run("db", "restore", folder).exit_code == 5
    monkeypatch.delenv("DATABASE_URL")
    assert run("db", "restore", folder).exit_code == 0
    assert said(run("accounts", "list", "--json"))["accounts"][0]["account_id"] == "a1"


def test_a_pretended_moment_is_the_moment(run: Run, home: Path) -> None:
    run("--now", "2026-11-02T09:00+01:00", "accounts", "add", "meta:a1", "--timezone", "UTC", "--currency", "EUR")
    (entry,) = map(json.loads, run("audit", "export").stdout.splitlines())
    assert entry["at"] == "2026-11-02T08:00:00+00:00"


def test_what_needs_the_home_refuses_a_server(run: Run) -> None:
    result = run("db", "stats", "--server", "http://127.0.0.1:8000")
    assert (result.exit_code, "leave --server out" in result.stderr) == (4, True)
