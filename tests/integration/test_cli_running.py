"""Commands that go on until somebody ends them."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest
from typer.testing import CliRunner

from adtempo.cli.main import app

FACTS = (
    "platform,account_id,account_timezone,currency,campaign_id,grain,slot_start,impressions,clicks,spend\n"
    "meta,a1,Europe/Berlin,EUR,c1,day,2026-11-02,1000,10,12.50\n"
)


@contextmanager
def started(home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "adtempo", "--home", str(home), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(stream: IO[str] | None, wanted: Callable[[str], bool]) -> str:
    assert stream is not None
    return next(line for line in stream if wanted(line))


def test_serve_invites_answers_and_ends_on_request(tmp_path: Path) -> None:
    with started(tmp_path / "home", "serve", "--port", "0", "--no-jobs") as process:
        link = wait_for(process.stderr, lambda line: "/sign-in#" in line).strip()
        address = link.partition("/sign-in#")[0]
        assert httpx.get(f"{address}/health", timeout=60).status_code == 200
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (stdout, "Traceback" in stderr, process.returncode) == ("", False, 0)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_work_ends_after_the_run_at_hand(tmp_path: Path, ending: signal.Signals) -> None:
    with started(tmp_path / "home", "work") as process:
        wait_for(process.stderr, lambda line: line.startswith("working"))
        process.send_signal(ending)
        stdout, stderr = process.communicate(timeout=60)
    assert (stdout, "Traceback" in stderr, process.returncode) == ("", False, 0)


def test_openapi_is_the_document_of_the_application(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "openapi"])
    assert result.exit_code == 0, result.stderr
    assert {"/health", "/api/tracking/reports/daily"} <= json.loads(result.stdout)["paths"].keys()


def test_watch_takes_in_what_is_dropped_and_says_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "good.csv").write_text(FACTS)
    (folder / "bad.csv").write_text(FACTS.replace("12.50", "a lot"))
    looks = iter([None, None])

    def wait(_seconds: float) -> None:
        if next(looks, "done") == "done":
            raise KeyboardInterrupt

    monkeypatch.setattr("adtempo.cli.facts.time.sleep", wait)
    result = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "watch", str(folder)])
    assert result.exit_code == 0, result.stderr
    assert f"imported {folder / 'done' / 'good.csv'}: import 1: 1 rows, 1 changed the ledger" in result.stdout
    assert f"not imported {folder / 'failed' / 'bad.csv'}: 1 problem; nothing was imported" in result.stdout
    assert "spend" in (folder / "failed" / "bad.csv.reason.txt").read_text()
    assert "stopped" in result.stderr


def test_watch_needs_a_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "watch", str(tmp_path / "nowhere")])
    assert (result.exit_code, "mkdir -p" in result.stderr) == (3, True)
