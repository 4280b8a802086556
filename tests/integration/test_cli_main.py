"""The command line as scripts see it: exit codes, streams, and what it costs to start."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import structlog
from typer import Context
from typer.testing import CliRunner

import adtempo as adtempo_package
from adtempo.cli.main import EXIT_CODES, app, hoist
from adtempo.cli.session import Session, opened
from adtempo.domain.errors import Kind

HEAVY = {"altair", "duckdb", "fastapi", "httpx", "numpy", "pandas", "pyarrow", "rich", "scipy", "sqlalchemy"}


def adtempo(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "adtempo", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path) -> Path:
    """A home with its tables: a process of its own would take a second to make them."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copyfile(sqlite_template, home / "adtempo.db")
    return home


@pytest.fixture
def open_token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("secret")
    path.chmod(0o644)
    return path


def test_what_is_logged_leaves_standard_output_to_the_answer(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(cast(Context, SimpleNamespace(find_object=lambda _: Session(home=home)))):
        structlog.get_logger().warning("change_waits", change=1)
    said = capsys.readouterr()
    assert (said.out, "change_waits" in said.err) == ("", True)


def test_every_kind_of_error_has_its_own_exit_code() -> None:
    assert EXIT_CODES.keys() == set(Kind)
    assert sorted(EXIT_CODES.values()) == [3, 4, 5, 6, 7, 8]


def test_done_is_0_and_only_the_result_is_on_standard_output(home: Path) -> None:
    added = adtempo(home, "accounts", "add", "meta:a1", "--timezone", "Europe/Berlin", "--currency", "EUR")
    assert (added.returncode, added.stdout, added.stderr) == (0, "", "added: meta:a1\n")
    listed = adtempo(home, "accounts", "list", "--json")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert json.loads(listed.stdout)["accounts"][0]["account_id"] == "a1"


@pytest.mark.parametrize(
    ("words", "code", "cure"),
    [
        (["metrics", "nosuch"], 3, "adtempo campaigns list"),
        (["--now", "yesterday", "accounts", "list"], 4, "write it as"),
        (["accounts", "add", "myspace:a1", "--timezone", "UTC", "--currency", "EUR"], 4, "platform:id"),
        (["accounts", "list", "--server", "http://127.0.0.1:1"], 7, "adtempo serve"),
    ],
)
def test_a_problem_is_one_line_with_its_cure_and_its_exit_code(
    home: Path, words: list[str], code: int, cure: str
) -> None:
    run = adtempo(home, *words)
    assert (run.returncode, run.stdout) == (code, "")
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert cure in run.stderr


def test_a_conflict_is_5(home: Path) -> None:
    words = ("accounts", "add", "meta:a1", "--timezone", "UTC", "--currency", "EUR")
    assert adtempo(home, *words).returncode == 0
    again = adtempo(home, *words)
    assert (again.returncode, again.stdout) == (5, "")
    assert "adtempo accounts set" in again.stderr


def test_what_is_forbidden_is_6(home: Path, open_token: Path) -> None:
    run = adtempo(home, "accounts", "list", "--server", "http://127.0.0.1:1", "--token", str(open_token))
    assert (run.returncode, run.stderr) == (
        6,
        f"error: others can read the token in {open_token}; run: chmod 600 {open_token}\n",
    )


@pytest.mark.parametrize("words", [["nosuch"], ["metrics"], ["metrics", "c", "--nosuch"], ["accounts"]])
def test_wrong_usage_is_2(home: Path, words: list[str]) -> None:
    run = adtempo(home, *words)
    assert (run.returncode, run.stdout if words != ["accounts"] else "") == (2, "")


def test_a_traceback_is_shown_only_on_request(home: Path) -> None:
    assert "Traceback" not in adtempo(home, "metrics", "nosuch").stderr
    assert "Traceback" in adtempo(home, "metrics", "nosuch", "--debug").stderr


def test_anything_unexpected_is_1_and_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a line\nand another")

    monkeypatch.setattr("adtempo.accounts.run.load_accounts", fail)
    words = ["--home", str(home), "accounts", "list"]
    run = CliRunner().invoke(app, words)
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.stderr == "error: RuntimeError: a line and another (add --debug to see where)\n"
    assert isinstance(CliRunner().invoke(app, [*words, "--debug"]).exception, RuntimeError)


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from adtempo.cli.main import app\n"
        "try:\n    app(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "print(' '.join(sorted({name.split('.')[0] for name in sys.modules})), file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert "Commands:" in run.stdout
    assert HEAVY & set(run.stderr.split()) == set()


def test_importing_adtempo_costs_nothing_and_offers_everything() -> None:
    script = "import sys, adtempo; print(*sorted(sys.modules)); print(adtempo.open_workspace.__name__, *dir(adtempo))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    before, after = run.stdout.splitlines()
    assert HEAVY & {name.split(".")[0] for name in before.split()} == set()
    assert {"open_workspace", "CampaignTracker"} <= set(after.split())
    with pytest.raises(AttributeError, match="nosuch"):
        getattr(adtempo_package, "nosuch")  # noqa: B009  # a name that a type checker would refuse


def test_version_is_the_installed_one() -> None:
    run = CliRunner().invoke(app, ["--version"])
    assert (run.exit_code, run.stdout.count(".")) == (0, 2)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (["metrics", "c", "--home", "h"], ["--home", "h", "metrics", "c"]),
        (["metrics", "--now=T", "c"], ["--now=T", "metrics", "c"]),
        (["metrics", "c", "--debug", "--json"], ["--debug", "metrics", "c", "--json"]),
        (["facts", "sql", "--", "--home"], ["facts", "sql", "--", "--home"]),
        (["metrics", "--home"], ["--home", "metrics"]),
    ],
)
def test_global_options_may_stand_anywhere(said: list[str], meant: list[str]) -> None:
    assert hoist(said) == meant
