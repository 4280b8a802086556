"""A served workspace for tests: a home with a synced sandbox market, people of every role, and clients who are them."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from fastapi import APIRouter, FastAPI

from adtempo.domain.roles import Role
from adtempo.jobs.sync import list_readable
from adtempo.people.roster import add_person, change_password
from adtempo.people.script_tokens import issue_script_token
from adtempo.people.sign_in import claim_first_admin, issue_claim_token
from adtempo.platforms.readers import open_reader
from adtempo.platforms.sandbox.demo import demo_world
from adtempo.platforms.sandbox.market import create_market
from adtempo.server import build_app
from adtempo.store.accounts import register_accounts
from adtempo.store.engine import transaction
from adtempo.tracking.sync import source_folder, sync_sources
from adtempo.workspace import Workspace, open_workspace

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2, which nothing else here needs
    from fastapi.testclient import TestClient as TestClient  # noqa: PLC0414 - shared with the tests

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
ADDRESS = "http://127.0.0.1"


@cache
def _market_home() -> Path:
    """Build once per process: two vintages of a market, thirty days apart."""
    home = Path(tempfile.mkdtemp(prefix="adtempo-market-")) / "home"
    with open_workspace(home, now=NOW) as workspace:
        folder = source_folder(workspace, "sandbox")
        create_market(folder, demo_world(NOW.date()))
        with transaction(workspace.engine) as connection:
            register_accounts(connection, open_reader("sandbox", folder).fetch_accounts(), at=NOW)
        for age in (30, 0):
            since = (NOW - timedelta(days=55)).date()
            accounts = list_readable(workspace)
            sync_sources(workspace, accounts, actor="test", now=NOW - timedelta(days=age), since=since)
    return home


@contextmanager
def open_market(folder: Path) -> Iterator[Workspace]:
    """Open a copy of a home with a synced sandbox market."""
    home = folder / "market"
    shutil.copytree(_market_home(), home)
    with open_workspace(home, now=NOW) as workspace:
        yield workspace


def add_people(workspace: Workspace) -> dict[Role, str]:
    """Add one person per role, named like it, and return their script tokens."""
    token = issue_claim_token(workspace.engine, now=workspace.now())
    claim_first_admin(workspace.engine, token, name="admin", password=PASSWORD, now=workspace.now())
    for role in set(Role) - {Role.ADMIN}:
        add_person(workspace.engine, role.value, role, actor="test", now=workspace.now())
        change_password(workspace.engine, role.value, PASSWORD, actor="test", now=workspace.now())
    return {
        role: issue_script_token(workspace.engine, role.value, "test", actor="test", now=workspace.now())
        for role in Role
    }


def visit(workspace: Workspace, role: Role | None = None) -> TestClient:
    """Return a client of the workspace's application, signed in as the person of a role."""
    client = TestClient(_app(workspace), base_url=ADDRESS, follow_redirects=False)
    if role is not None:
        answer = client.post("/api/session", json={"name": role.value, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
    return client


def _app(workspace: Workspace) -> FastAPI:
    """Return an application of its own, but for its routes: to work those out takes longer than most requests."""
    app = build_app(workspace)
    app.router = _router()
    return app


@cache
def _router() -> APIRouter:
    with TemporaryDirectory() as home, open_workspace(home) as workspace:
        return build_app(workspace).router


@contextmanager
def listening(workspace: Workspace) -> Iterator[str]:
    """Serve a workspace on a free port and yield the address."""
    server = uvicorn.Server(uvicorn.Config(_app(workspace), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"{ADDRESS}:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
