"""A request repeated under one Idempotency-Key is done once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adtempo.domain.roles import Role
from adtempo.store.engine import transaction
from adtempo.store.idempotency import KEPT, begin_request, delete_old_requests, forget_request
from adtempo.workspace import Workspace
from serving import TestClient, add_people, visit

BOB = {"name": "bob", "role": "viewer"}
KEY = {"Idempotency-Key": "k-1"}


@pytest.fixture
def admin(workspace: Workspace) -> TestClient:
    add_people(workspace)
    return visit(workspace, Role.ADMIN)


def test_the_second_answer_is_the_first_one(admin: TestClient) -> None:
    first = admin.post("/api/users", json=BOB, headers=KEY)
    second = admin.post("/api/users", json=BOB, headers=KEY)
    assert (first.status_code, first.content) == (second.status_code, second.content) == (201, first.content)
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


def test_without_a_key_it_is_done_again(admin: TestClient) -> None:
    assert admin.post("/api/users", json=BOB).status_code == 201
    assert admin.post("/api/users", json=BOB).status_code == 409


def test_one_key_is_for_one_request(admin: TestClient) -> None:
    admin.post("/api/users", json=BOB, headers=KEY)
    other = admin.post("/api/users", json={"name": "eve", "role": "viewer"}, headers=KEY)
    assert other.status_code == 409
    assert "another request" in other.json()["detail"]


def test_a_refused_request_may_be_mended_under_its_key(admin: TestClient) -> None:
    assert admin.post("/api/users", json={"name": "!"}, headers=KEY).status_code == 422
    assert admin.post("/api/users", json=BOB, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "caf\xe9"])
def test_a_key_that_cannot_be_one_is_refused(admin: TestClient, key: str) -> None:
    answer = admin.post("/api/users", json=BOB, headers={"Idempotency-Key": key.encode("latin-1")})
    assert answer.status_code == 422


def test_a_request_at_work_is_not_done_beside_itself(workspace: Workspace) -> None:
    now = workspace.now()
    assert begin_request(workspace.engine, "a" * 64, "b" * 64, now) is None
    known = begin_request(workspace.engine, "a" * 64, "b" * 64, now)
    assert known is not None
    assert known.answer is None
    forget_request(workspace.engine, "a" * 64)
    assert begin_request(workspace.engine, "a" * 64, "b" * 64, now) is None


def test_answers_are_forgotten_after_a_day(workspace: Workspace) -> None:
    now = workspace.now()
    begin_request(workspace.engine, "a" * 64, "b" * 64, now)
    with transaction(workspace.engine) as connection:
        delete_old_requests(connection, now + KEPT + timedelta(seconds=1))
    assert begin_request(workspace.engine, "a" * 64, "c" * 64, now) is None
