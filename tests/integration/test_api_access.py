"""Every route x every kind of caller: denied by default, and nothing slips in without an action."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from adtempo.api.application import create_app
from adtempo.domain.roles import EVERYBODY, PERMISSIONS, Action, Role
from adtempo.server import build_app
from adtempo.workspace import Workspace, open_workspace
from serving import NOW, PASSWORD, TestClient, add_people, visit


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with open_workspace(tmp_path_factory.mktemp("access"), now=NOW) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def tokens(market: Workspace) -> dict[Role, str]:
    return add_people(market)


def routes_of(app: FastAPI) -> list[tuple[str, str, str]]:
    """(method, an address that fits, stated action) of every route."""
    found = []
    for route in app.router.routes:
        for inner in _flat(route):
            for method in sorted(inner.methods or ()):
                action = (inner.openapi_extra or {}).get("x-action", "")
                found.append((method, re.sub(r"\{[a-z]+\}", "x", inner.path), str(action)))
    return found


def _flat(route: object) -> Iterator[APIRoute]:
    if isinstance(route, APIRoute):
        yield route
    else:
        for inner in getattr(getattr(route, "original_router", None), "routes", []):
            yield from _flat(inner)


def test_every_route_states_an_action(market: Workspace) -> None:
    routes = routes_of(build_app(market))
    assert len(routes) > 30
    assert [route for route in routes if route[2] not in {*Action, EVERYBODY}] == []


def test_what_everybody_may_ask_for_is_a_short_list(market: Workspace) -> None:
    open_to_all = {f"{method} {path}" for method, path, action in routes_of(build_app(market)) if action == EVERYBODY}
    assert open_to_all == {
        "GET /health",
        "GET /ready",
        "POST /api/session",
        "POST /api/session/claim",
        "POST /api/session/token",
        "GET /sign-in",
        "GET /static/x",
        "GET /assets/vega.js",
    }


def test_strangers_are_let_in_nowhere_else(market: Workspace, tokens: dict[Role, str]) -> None:
    stranger = visit(market)
    for method, path, action in routes_of(build_app(market)):
        if action != EVERYBODY:
            answer = stranger.request(method, path)
            at_the_door = answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in")
            assert at_the_door, f"{method} {path} answered {answer.status_code}"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("by_script", [False, True], ids=["in person", "by script"])
def test_each_role_may_do_what_the_table_says_and_nothing_else(
    market: Workspace, tokens: dict[Role, str], role: Role, by_script: bool
) -> None:
    client = visit(market) if by_script else visit(market, role)
    headers = {"Authorization": f"Bearer {tokens[role]}"} if by_script else {}
    in_person = {Action.APPROVE, Action.ARM, Action.ADMINISTER}
    for method, path, action in routes_of(build_app(market)):
        if action == EVERYBODY or (method, path) in {("DELETE", "/api/session"), ("PUT", "/api/session/password")}:
            continue
        answer = client.request(method, path, headers=headers)
        allowed = role in PERMISSIONS[Action(action)] and not (by_script and action in in_person)
        assert (answer.status_code != 403) == allowed, f"{role} {method} {path} answered {answer.status_code}"
        assert answer.status_code not in {401, 500}


def test_a_route_without_an_action_lets_nobody_in(market: Workspace, tokens: dict[Role, str]) -> None:
    forgotten = APIRouter()

    @forgotten.get("/forgotten")
    def forgotten_route() -> str:
        return "secret"

    app = create_app(market)
    app.include_router(forgotten)
    client = TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {tokens[Role.ADMIN]}"})
    assert client.get("/forgotten").status_code == 403


def test_wrong_tokens_and_cookies_are_strangers(market: Workspace, tokens: dict[Role, str]) -> None:
    client = visit(market)
    assert client.get("/api/accounts", headers={"Authorization": "Bearer adtempo_wrong"}).status_code == 401
    assert client.get("/api/accounts", headers={"Cookie": "adtempo=wrong"}).status_code == 401
    assert client.get("/api/accounts", headers={"Authorization": f"Basic {tokens[Role.ADMIN]}"}).status_code == 401


def test_a_disabled_person_is_out_at_once(tmp_path: Path) -> None:
    with open_workspace(tmp_path, now=NOW) as workspace:
        add_people(workspace)
        viewer, admin = visit(workspace, Role.VIEWER), visit(workspace, Role.ADMIN)
        assert viewer.get("/api/accounts").status_code == 200
        assert admin.delete("/api/users/viewer").status_code == 204
        assert viewer.get("/api/accounts").status_code == 401
        again = viewer.post("/api/session", json={"name": "viewer", "password": PASSWORD})
        assert again.status_code == 401
