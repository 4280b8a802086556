"""Coming in and going out, and what every request passes before any route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adtempo import web
from adtempo.api.application import create_app
from adtempo.domain.errors import InvalidInput
from adtempo.domain.roles import Role
from adtempo.people.roster import add_person
from adtempo.people.sign_in import issue_claim_token, issue_sign_in_token
from adtempo.server import build_app
from adtempo.settings import read_settings
from adtempo.workspace import Workspace
from serving import PASSWORD, TestClient, add_people, open_market, visit

ANN = {"name": "ann", "password": PASSWORD}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with open_market(tmp_path_factory.mktemp("session")) as workspace:
        add_people(workspace)
        yield workspace


def test_the_claim_works_once_and_signs_in(workspace: Workspace) -> None:
    token = issue_claim_token(workspace.engine, now=workspace.now())
    client = visit(workspace)
    assert client.post("/api/session/claim", json={**ANN, "token": "wrong"}).status_code == 401
    assert client.post("/api/session/claim", json={**ANN, "token": token}).json() == {"name": "ann", "role": "admin"}
    assert client.get("/api/session").json()["name"] == "ann"
    again = visit(workspace).post("/api/session/claim", json={**ANN, "name": "eve", "token": token})
    assert again.status_code == 401


def test_a_one_time_link_signs_in_and_a_password_can_be_set(workspace: Workspace) -> None:
    claim = issue_claim_token(workspace.engine, now=workspace.now())
    visit(workspace).post("/api/session/claim", json={**ANN, "token": claim})
    add_person(workspace.engine, "bob", Role.OPERATOR, actor="ann", now=workspace.now())
    token = issue_sign_in_token(workspace.engine, "bob", actor="ann", now=workspace.now())
    bob, thief = visit(workspace), visit(workspace)
    assert bob.post("/api/session/token", json={"token": token}).json()["role"] == "operator"
    assert thief.post("/api/session/token", json={"token": token}).status_code == 401
    assert bob.put("/api/session/password", json={"password": "four words are enough"}).status_code == 200
    assert bob.get("/api/session").status_code == 200
    again = visit(workspace).post("/api/session", json={"name": "bob", "password": "four words are enough"})
    assert again.status_code == 200


def test_the_cookie_is_for_the_browser_alone(market: Workspace) -> None:
    cookie = visit(market).post("/api/session", json={"name": "viewer", "password": PASSWORD}).headers["set-cookie"]
    assert cookie.startswith("adtempo=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_under_tls_the_cookie_belongs_to_this_host_and_is_secure(market: Workspace) -> None:
    app = create_app(market, hosts=("ads.example.com",), tls=True)
    client = TestClient(app, base_url="https://ads.example.com")
    answer = client.post("/api/session", json={"name": "viewer", "password": PASSWORD})
    assert answer.headers["set-cookie"].startswith("__Host-adtempo=")
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"]
    assert client.get("/api/session").status_code == 200


def test_pages_of_a_named_origin_may_read_with_a_token_and_change_nothing(workspace: Workspace) -> None:
    bearer = {"Authorization": f"Bearer {add_people(workspace)[Role.ADMIN]}"}
    settings = workspace.settings.model_copy(update={"cors_origins": "https://bi.example.com, https://b.example"})
    client = TestClient(build_app(replace(workspace, settings=settings)), base_url="http://127.0.0.1")
    origin = {"Origin": "https://bi.example.com"}
    asked = {**origin, "Access-Control-Request-Headers": "authorization"}
    may = client.options("/api/accounts", headers={**asked, "Access-Control-Request-Method": "GET"})
    assert (may.status_code, may.headers["access-control-allow-origin"]) == (200, "https://bi.example.com")
    assert client.options("/api/accounts", headers={**asked, "Access-Control-Request-Method": "PUT"}).status_code == 400
    read = client.get("/api/accounts", headers={**origin, **bearer})
    assert (read.status_code, read.headers["access-control-allow-origin"]) == (200, "https://bi.example.com")
    assert "access-control-allow-credentials" not in read.headers
    stranger = client.get("/api/accounts", headers={"Origin": "https://c.example", **bearer})
    assert "access-control-allow-origin" not in stranger.headers
    assert client.post("/api/changes/halt", json={}, headers={**origin, **bearer}).status_code == 403


def test_nobody_elses_pages_may_read_unless_a_setting_says_so(market: Workspace) -> None:
    origin = {"Origin": "https://bi.example.com", "Access-Control-Request-Method": "GET"}
    assert "access-control-allow-origin" not in visit(market).options("/api/accounts", headers=origin).headers


@pytest.mark.parametrize(
    "origins", ["*", "bi.example.com", "https://bi.example.com/page", "https://a.example https://b"]
)
def test_an_origin_is_a_scheme_and_a_host(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    monkeypatch.setenv("ADTEMPO_CORS_ORIGINS", origins)
    with pytest.raises(InvalidInput, match="cors_origins"):
        read_settings()


def test_signing_out_closes_the_session_on_the_server(market: Workspace) -> None:
    client = visit(market, Role.VIEWER)
    session_id = client.cookies["adtempo"]
    assert client.delete("/api/session").status_code == 204
    thief = visit(market)
    assert thief.get("/api/session", headers={"Cookie": f"adtempo={session_id}"}).status_code == 401


def test_a_wrong_name_and_a_wrong_password_are_told_apart_by_nobody(market: Workspace) -> None:
    client = visit(market)
    wrong_name = client.post("/api/session", json={"name": "nobody", "password": PASSWORD})
    wrong_password = client.post("/api/session", json={"name": "viewer", "password": "wrong horse battery"})
    assert wrong_name.json() == wrong_password.json()
    assert wrong_name.status_code == 401


def test_guessing_passwords_is_slowed_down(market: Workspace) -> None:
    client = visit(market)
    answers = [client.post("/api/session", json={"name": "viewer", "password": "guess"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["retryable"] is True


def test_a_script_may_not_set_its_persons_password(workspace: Workspace) -> None:
    tokens = add_people(workspace)
    headers = {"Authorization": f"Bearer {tokens[Role.ADMIN]}"}
    answer = visit(workspace).put("/api/session/password", json={"password": PASSWORD}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
    ],
)
def test_another_sites_page_changes_nothing(market: Workspace, headers: dict[str, str]) -> None:
    client = visit(market, Role.OPERATOR)
    answer = client.post("/api/tracking/sync", headers=headers)
    assert answer.status_code == 403
    assert "own pages" in answer.json()["detail"]


def test_our_own_pages_and_scripts_may(market: Workspace) -> None:
    client = visit(market, Role.OPERATOR)
    for headers in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://127.0.0.1"}):
        assert client.post("/api/tracking/sync", headers=headers).status_code == 202


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]"])
def test_another_name_for_this_address_is_refused(market: Workspace, host: str) -> None:
    assert visit(market).get("/health", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000"])
def test_our_own_names_are_fine(market: Workspace, host: str) -> None:
    assert visit(market).get("/health", headers={"Host": host}).status_code == 200


def test_a_form_is_not_json(market: Workspace) -> None:
    answer = visit(market).post("/api/session", data={"name": "viewer", "password": PASSWORD})
    assert answer.status_code == 422
    assert "application/json" in answer.json()["detail"]


def test_a_body_is_bounded_and_has_a_length(market: Workspace) -> None:
    client = visit(market)
    large = client.post("/api/session", content=b" " * 1_000_001, headers={"Content-Type": "application/json"})
    endless = client.post("/api/session", content=iter([b"{}"]), headers={"Content-Type": "application/json"})
    assert large.status_code == endless.status_code == 422
    assert "larger" in large.json()["detail"]
    assert "Content-Length" in endless.json()["detail"]


@pytest.mark.parametrize("path", ["/sign-in", "/api/accounts", "/nowhere", "/static/app.css"])
def test_every_answer_carries_the_security_headers(market: Workspace, path: str) -> None:
    headers = visit(market).get(path).headers
    assert "'unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_no_template_has_anything_inline_or_from_elsewhere() -> None:
    for file in (Path(web.__file__).parent / "templates").glob("*.html"):
        text = file.read_text("utf-8")
        assert " style=" not in text, file
        assert "<style" not in text, file
        assert " onclick" not in text, file
        assert "http://" not in text, file
        assert "https://" not in text, file
        assert len(re.findall(r'<script( type="module")? src="/static/', text)) == text.count("<script"), file


def test_a_form_without_its_script_goes_nowhere() -> None:
    """Sent plainly it would show JSON, and put a password into the address."""
    for file in (Path(web.__file__).parent / "templates").glob("*.html"):
        for form in re.findall(r"<form [^>]*>", file.read_text("utf-8")):
            assert 'method="get"' in form or 'method="dialog" data-send=' in form, (file, form)
