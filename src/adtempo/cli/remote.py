"""Asking a running server instead of the home: one request, its body, or the error that it named."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from adtempo.cli.session import Session, print_json, session_of
from adtempo.domain.errors import AdtempoError, Forbidden, InvalidInput, Kind, PlatformUnavailable

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 300.0


class ServerRefused(AdtempoError):
    """The server could not do what was asked."""

    def __init__(self, message: str, kind: Kind) -> None:
        self.kind = kind
        super().__init__(message)


def fetch_body(session: Session, path: str, params: Mapping[str, Any]) -> Any:
    """Return the JSON body of a route of the server that --server names; parameters that are None are left out.

    Raises:
        Forbidden: The token's file can be read by others.
        PlatformUnavailable: The server does not answer.
        ServerRefused: The server answered with a problem; its kind is kept.
    """
    return _ask(session, "GET", path, params=_said(params))


def asks_server(ctx: typer.Context, path: str, params: Mapping[str, Any] | None = None) -> bool:
    """Print what a route of the server says, if one is named with --server, and say whether one is."""
    session = session_of(ctx)
    if session.server:
        print_json(fetch_body(session, path, params or {}))
    return bool(session.server)


def fetch_text(session: Session, path: str, params: Mapping[str, Any]) -> str:
    """Return the text of a file that a route of that server gives; for the rest see `fetch_body`."""
    return _request(session, "GET", path, params=_said(params)).text


def fetch_file(session: Session, path: str, params: Mapping[str, Any]) -> bytes:
    """Return the bytes of a file that a route of that server gives; for the rest see `fetch_body`."""
    return _request(session, "GET", path, params=_said(params)).content


def post_body(session: Session, path: str, fields: Mapping[str, Any]) -> Any:
    """Return the JSON body that a route of that server answers a POST with; fields that are None are left out.

    Raises:
        Forbidden: The token's file can be read by others.
        PlatformUnavailable: The server does not answer.
        ServerRefused: The server answered with a problem; its kind is kept.
    """
    return _ask(session, "POST", path, json=_said(fields))


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in fields.items() if value is not None}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}


def _ask(session: Session, method: str, path: str, **sent: Any) -> Any:
    answer = _request(session, method, path, **sent)
    if "json" not in answer.headers.get("content-type", ""):
        raise _refusal(str(session.server), answer.status_code, None)
    return answer.json()


def _request(session: Session, method: str, path: str, **sent: Any) -> httpx.Response:
    import httpx

    assert session.server is not None
    headers = {"Accept": "application/json"}
    if session.token is not None:
        headers["Authorization"] = f"Bearer {read_token(session.token)}"
    address = f"{session.server.rstrip('/')}{path}"
    try:
        answer = httpx.request(method, address, headers=headers, timeout=TIMEOUT_SECONDS, **sent)
    except httpx.InvalidURL as problem:
        raise InvalidInput(f"--server {session.server} is not an address: {problem}") from None
    except httpx.HTTPError as problem:
        raise PlatformUnavailable(
            f"{session.server} does not answer ({problem}); is `adtempo serve` running?"
        ) from None
    if answer.is_success:
        return answer
    body = answer.json() if "json" in answer.headers.get("content-type", "") else None
    raise _refusal(session.server, answer.status_code, body)


def read_token(path: Path) -> str:
    """Return the token in a file that nobody else can read.

    Raises:
        Forbidden: Others can read the file.
        InvalidInput: There is no such file.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise InvalidInput(f"the token file {path} cannot be read: {problem.strerror}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Forbidden(f"others can read the token in {path}; run: chmod 600 {path}")
    return text.strip()


def _refusal(server: str, status: int, body: Any) -> ServerRefused:
    problem = body if isinstance(body, dict) else {}
    said = problem.get("detail") or problem.get("title") or f"{server} answered with status {status}"
    kinds = {401: Kind.FORBIDDEN, 403: Kind.FORBIDDEN, 404: Kind.NOT_FOUND, 409: Kind.CONFLICT}
    named = problem.get("kind")
    fallback = kinds.get(status, Kind.UNAVAILABLE if status >= 500 else Kind.INVALID)
    return ServerRefused(str(said), Kind(named) if named in set(Kind) else fallback)
