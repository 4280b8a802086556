"""Opening a home: created and migrated once, cheap afterwards, clear about what is wrong."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adtempo.domain.errors import Conflict, DatabaseUnavailable, InvalidInput
from adtempo.settings import Settings, read_settings
from adtempo.store.engine import transaction
from adtempo.store.schema import check
from adtempo.workspace import Workspace, open_workspace


def test_the_first_opening_makes_a_private_migrated_home(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "deep" / "home") as workspace:
        assert check(workspace.engine) == []
        assert workspace.ledger_dir.is_dir()
        assert stat.S_IMODE(workspace.home.stat().st_mode) == 0o700
        assert workspace.actor == workspace.home.owner()
        assert (workspace.home / "adtempo.db").is_file()


def test_a_workspace_on_either_database_has_a_ledger(workspace: Workspace) -> None:
    assert workspace.ledger is workspace.ledger
    assert workspace.ledger.directory == workspace.ledger_dir


def test_a_second_opening_does_not_load_alembic(tmp_path: Path) -> None:
    open_workspace(tmp_path).close()
    program = (
        "import sys; from adtempo.workspace import open_workspace; open_workspace(sys.argv[1]).close(); "
        "sys.exit('alembic' in sys.modules or 'duckdb' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 0


def test_the_clock_runs_or_is_pretended(tmp_path: Path, now: datetime) -> None:
    with open_workspace(tmp_path) as workspace:
        assert not workspace.pretended
        assert abs(workspace.now() - datetime.now(UTC)) < timedelta(minutes=1)
        assert workspace.now().tzinfo is UTC
    with open_workspace(tmp_path, now=now) as workspace:
        assert workspace.pretended
        assert workspace.now() == now
    with pytest.raises(InvalidInput, match="no time zone"):
        open_workspace(tmp_path, now=now.replace(tzinfo=None))


def test_the_environment_says_where_the_home_and_the_database_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADTEMPO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    with open_workspace() as workspace:
        assert workspace.home == tmp_path / "home"
    assert (tmp_path / "other.db").is_file()
    assert not (tmp_path / "home" / "adtempo.db").exists()


def test_an_argument_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADTEMPO_HOME", str(tmp_path / "a"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@localhost/none")
    with open_workspace(tmp_path / "b", database_url=f"sqlite:///{tmp_path / 'c.db'}") as workspace:
        assert workspace.home == tmp_path / "b"


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInput, match="cannot be made"):
        open_workspace(tmp_path / "file" / "home")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "adtempo.db").write_text("this is a diary, not a database" * 100)
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        open_workspace(tmp_path)


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        open_workspace(tmp_path, database_url=f"postgresql://nobody@/none?host={tmp_path}")


def test_a_database_of_a_newer_version_is_told(workspace: Workspace) -> None:
    with transaction(workspace.engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    url = workspace.engine.url.render_as_string(hide_password=False)
    with pytest.raises(Conflict, match="newer version"):
        open_workspace(workspace.home, database_url=url)


def test_settings_hide_the_password_and_are_all_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter2@h/d")
    assert "hunter2" not in repr(read_settings())
    assert all(field.description for field in Settings.model_fields.values())
