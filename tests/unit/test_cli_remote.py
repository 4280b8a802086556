import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from adtempo.cli.remote import fetch_body, read_token
from adtempo.cli.session import Session
from adtempo.domain.errors import AdtempoError, Forbidden, InvalidInput, Kind, PlatformUnavailable


class Answers(BaseHTTPRequestHandler):
    """Gives the one answer that a test planted, and keeps what was asked."""

    status, kind, body = 200, "application/json", b"{}"
    asked: dict[str, Any]

    def do_GET(self) -> None:
        Answers.asked = {"path": self.path, "authorization": self.headers.get("Authorization")}
        self.send_response(Answers.status)
        self.send_header("Content-Type", Answers.kind)
        self.end_headers()
        self.wfile.write(Answers.body)

    def log_message(self, *_parts: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as listening:
        thread = Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def plant(monkeypatch: pytest.MonkeyPatch, status: int, body: object, kind: str = "application/json") -> None:
    monkeypatch.setattr(Answers, "status", status)
    monkeypatch.setattr(Answers, "kind", kind)
    monkeypatch.setattr(Answers, "body", json.dumps(body).encode())


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("secret\n")
    path.chmod(0o600)
    return path


def test_the_body_comes_back_as_it_is(server: str, token: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, 200, {"spend": "1.50"})
    body = fetch_body(Session(server=server + "/", token=token), "/api/x", {"since": "2026-11-01", "until": None})
    assert body == {"spend": "1.50"}
    assert Answers.asked == {"path": "/api/x?since=2026-11-01", "authorization": "Bearer secret"}


@pytest.mark.parametrize(
    ("status", "problem", "kind"),
    [
        (404, {"detail": "there is no campaign x", "kind": "not_found"}, Kind.NOT_FOUND),
        (409, {"detail": "twice", "kind": "conflict"}, Kind.CONFLICT),
        (401, {"title": "sign in"}, Kind.FORBIDDEN),
        (403, {}, Kind.FORBIDDEN),
        (404, {}, Kind.NOT_FOUND),
        (409, {}, Kind.CONFLICT),
        (422, {"kind": "no such kind"}, Kind.INVALID),
        (503, {}, Kind.UNAVAILABLE),
    ],
)
def test_a_problem_keeps_its_kind(
    server: str, monkeypatch: pytest.MonkeyPatch, status: int, problem: dict[str, str], kind: Kind
) -> None:
    plant(monkeypatch, status, problem, "application/problem+json")
    with pytest.raises(AdtempoError) as caught:
        fetch_body(Session(server=server), "/api/x", {})
    assert caught.value.kind is kind
    assert caught.value.message == (
        problem.get("detail") or problem.get("title") or f"{server} answered with status {status}"
    )


def test_an_answer_that_is_not_json_is_a_problem(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, 200, "hello", "text/html")
    with pytest.raises(AdtempoError, match="answered with status 200"):
        fetch_body(Session(server=server), "/api/x", {})


def test_nobody_listening_is_unavailable() -> None:
    with pytest.raises(PlatformUnavailable, match="is `adtempo serve` running"):
        fetch_body(Session(server="http://127.0.0.1:1"), "/api/x", {})


def test_a_server_must_be_an_address() -> None:
    with pytest.raises(InvalidInput, match="is not an address"):
        fetch_body(Session(server="http://[::1"), "/api/x", {})


def test_a_token_that_others_can_read_is_refused(token: Path) -> None:
    token.chmod(0o640)
    with pytest.raises(Forbidden, match="chmod 600"):
        read_token(token)


def test_a_token_file_that_is_not_there_is_invalid(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_token(tmp_path / "nothing")
