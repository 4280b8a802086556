import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adtempo.cli import doctor
from adtempo.cli.doctor import State, check_home, check_python, check_settings, check_time, check_workspace
from adtempo.cli.main import app
from adtempo.store.engine import transaction
from adtempo.store.jobs import claim_run, fail_run, finish_run, insert_slots
from adtempo.store.ledger import Batch, LedgerFile, insert_batch, insert_files
from adtempo.workspace import Workspace, open_workspace

NOW = datetime(2026, 11, 4, 6, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "home", database_url=database_url) as opened:
        yield opened


def states(workspace: Workspace) -> dict[str, State]:
    return {check.name: check.state for check in check_workspace(workspace, NOW)}


def messages(workspace: Workspace) -> dict[str, str]:
    return {check.name: check.message for check in check_workspace(workspace, NOW)}


def test_a_fresh_home_is_sound_apart_from_its_jobs(workspace: Workspace) -> None:
    assert states(workspace) == {"database": State.OK, "ledger": State.OK, "jobs": State.WARN}
    assert "adtempo serve" in messages(workspace)["jobs"]


def test_a_table_that_is_gone_is_a_failure(workspace: Workspace) -> None:
    with transaction(workspace.engine) as connection:
        connection.exec_driver_sql("DROP TABLE watermarks")
    assert states(workspace)["database"] is State.FAIL
    assert "watermarks" in messages(workspace)["database"]


@pytest.fixture
def listed(workspace: Workspace) -> Path:
    """A file of the ledger as it should be."""
    path = workspace.ledger_dir / "f.parquet"
    path.write_bytes(b"facts")
    day = NOW.date()
    with transaction(workspace.engine) as connection:
        insert_batch(connection, Batch(1, "file", "f.csv", None, "ann", NOW, NOW, 1, 1, 0, 0, 0, ["meta:a1"]))
        insert_files(
            connection,
            [
                LedgerFile(
                    path="f.parquet",
                    tier="batch",
                    schema_version=1,
                    batch_from=1,
                    batch_to=1,
                    rows=1,
                    bytes=5,
                    sha256=sha256(b"facts").hexdigest(),
                    day_from=day,
                    day_to=day,
                    campaign_from="c",
                    campaign_to="c",
                    observed_to=NOW,
                    published_at=NOW,
                )
            ],
        )
    return path


def test_a_ledger_file_that_was_changed_cut_or_lost_is_a_failure(workspace: Workspace, listed: Path) -> None:
    assert messages(workspace)["ledger"] == "all 1 files there and unchanged"
    for change, said in (
        (lambda: listed.write_bytes(b"faked"), "f.parquet was changed"),
        (lambda: listed.write_bytes(b"fact"), "f.parquet has 4 bytes instead of 5"),
        (listed.unlink, "f.parquet is missing"),
    ):
        change()
        assert states(workspace)["ledger"] is State.FAIL
        assert messages(workspace)["ledger"].startswith(said)


def test_jobs_are_alive_silent_or_failed(workspace: Workspace) -> None:
    def run(slot: datetime, *, done: bool) -> None:
        with transaction(workspace.engine) as connection:
            insert_slots(connection, "sync", [slot])
        claimed = claim_run(workspace.engine, ["sync"], owner="me", now=slot, ttl=timedelta(minutes=1))
        assert claimed is not None
        with transaction(workspace.engine) as connection:
            if done:
                finish_run(connection, claimed, at=slot, detail={})
            else:
                fail_run(connection, claimed, at=slot, error="no answer", retry_at=None)

    run(NOW - timedelta(days=1), done=True)
    assert "the last one ran for 2026-11-03 06:00 UTC; start them" in messages(workspace)["jobs"]
    run(NOW, done=True)
    assert states(workspace)["jobs"] is State.OK
    run(NOW + timedelta(hours=1), done=False)
    assert messages(workspace)["jobs"] == "sync failed for 2026-11-04 07:00 UTC: no answer"


def test_a_home_that_others_may_enter_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (check,) = check_home(tmp_path)
    assert (check.state, check.message) == (State.WARN, f"others may look into {tmp_path}; run: chmod 700 {tmp_path}")


def test_a_home_that_is_a_file_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "home"
    path.write_text("")
    (check,) = check_home(path)
    assert check.state is State.FAIL


def test_a_home_that_is_not_there_is_made_by_the_first_command(tmp_path: Path) -> None:
    (check,) = check_home(tmp_path / "nowhere")
    assert "the first command makes it" in check.message


def test_a_clock_from_before_this_program_is_a_failure() -> None:
    clock, zones = check_time(datetime(1970, 1, 1, tzinfo=UTC))
    assert (clock.state, zones.state) == (State.FAIL, State.OK)


def test_a_missing_package_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_installed", lambda name: name != "duckdb")
    _, packages = check_python()
    assert (packages.state, packages.message) == (State.FAIL, "missing: duckdb; run: pip install duckdb")


def test_an_old_python_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PYTHON_MIN", (99, 0))
    assert next(check_python()).state is State.FAIL


def test_every_setting_is_named_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:hunter2@host/db")
    checks = {check.name: check.message for check in check_settings()}
    assert checks["DATABASE_URL"].startswith("set. ")
    assert "hunter2" not in " ".join(checks.values())
    assert "ADTEMPO_HOME" in checks


def test_the_doctor_reports_everything_and_1_where_something_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    sound = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "doctor", "--json"])
    assert sound.exit_code == 0
    assert {"python", "home", "database", "ledger", "jobs"} <= {
        check["name"] for check in json.loads(sound.stdout)["checks"]
    }
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    broken = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "doctor"])
    assert broken.exit_code == 1
    assert "fail  workspace" in broken.stdout
