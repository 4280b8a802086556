"""The whole OpenAPI document, driven by schemathesis: no server error, no answer that the document does not promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.schemas import BaseSchema

from adtempo.api.application import create_app
from adtempo.domain.roles import Role
from adtempo.server import build_app
from serving import add_people, open_market, visit

load_all_checks()
PROMISES = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "unsupported_method",
        "allow_header_conformance",
    ]
)

HOST = {"Host": "127.0.0.1"}
EXAMPLES = 6
EXAMPLES_DEAR = 1
DEAR = {"/api/tracking/anomalies", "/api/tracking/anomalies/hours"}
"""Routes that read every hour of every campaign."""

ENDS_SESSIONS = {("DELETE", "/api/session"), ("PUT", "/api/session/password")}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    with open_market(tmp_path_factory.mktemp("contract")) as workspace:
        token = add_people(workspace)[Role.ADMIN]
        cookie = f"adtempo={visit(workspace, Role.ADMIN).cookies['adtempo']}"
        app = build_app(workspace)
        app.state.callers = {
            "person": {**HOST, "Cookie": cookie},
            "script": {**HOST, "Authorization": f"Bearer {token}"},
        }
        yield schemathesis.openapi.from_asgi("/openapi.json", app, headers={**HOST, "Cookie": cookie})


OPERATIONS = [(method, path) for path, methods in create_app().openapi()["paths"].items() for method in methods]


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
def test_the_api_keeps_what_its_document_promises(
    api: BaseSchema, method: str, path: str, mode: schemathesis.GenerationMode
) -> None:
    operation = api[path][method.upper()]
    caller = api.app.state.callers["script" if (method.upper(), path) in ENDS_SESSIONS else "person"]

    @settings(
        max_examples=EXAMPLES_DEAR if path in DEAR else EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def keeps(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=caller, checks=PROMISES, timeout=600)  # type: ignore[arg-type]  # its own registry's type

    try:
        keeps()
    except Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE, "no request fits the document"
