"""Misspelt and repeated parameters of a request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adtempo.domain.roles import Role
from serving import TestClient, add_people, open_market, visit


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("parameters")
    with open_market(folder) as workspace:
        add_people(workspace)
        yield visit(workspace, Role.VIEWER)


def test_a_misspelt_parameter_is_refused_and_the_right_ones_are_named(client: TestClient) -> None:
    answer = client.get("/api/tracking/predictions?modell=nightly")
    assert answer.status_code == 422
    assert "knows no parameter 'modell'; it takes " in answer.json()["detail"]
    assert "model" in answer.json()["detail"]


def test_a_route_without_parameters_says_so(client: TestClient) -> None:
    answer = client.get("/health?verbose=1")
    assert answer.json()["detail"] == "this address knows no parameter 'verbose'; it takes none"


def test_one_value_cannot_be_given_twice(client: TestClient) -> None:
    answer = client.get("/api/tracking/predictions?model=a&model=b")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "the parameter 'model' stands twice; give it once"


def test_a_list_may_be_given_twice(client: TestClient) -> None:
    assert client.get("/api/tracking/reports/daily?campaign=200101&campaign=200102").status_code == 200
