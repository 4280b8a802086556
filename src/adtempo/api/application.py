"""The application: every area's routes behind the gate, and the document that describes them."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from adtempo.api import (
    accounts,
    alerts,
    anomalies,
    audit,
    budget_replay,
    budgets,
    changes,
    creatives,
    daypart_schedules,
    dayparts,
    forecast_charts,
    forecasts,
    jobs,
    messages,
    operations,
    predictions,
    session,
    tracking,
    users,
)
from adtempo.api.access import COOKIE, READ, check_access
from adtempo.api.attempts import Attempts
from adtempo.api.errors import MEDIA_TYPE, Problem, register_errors
from adtempo.api.gate import SAFE_METHODS, Gate
from adtempo.api.idempotency import HEADER, IdempotentRoute
from adtempo.api.operations import Meter, Metered
from adtempo.api.parameters import check_parameters
from adtempo.domain.roles import EVERYBODY
from adtempo.workspace import Workspace

AREAS = (
    *(operations, session, users, accounts, tracking, creatives, predictions, anomalies, dayparts, daypart_schedules),
    *(budgets, budget_replay, messages, forecasts, forecast_charts, alerts, changes, jobs, audit),
)
"""Every file of routes, in the order in which the document lists them."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
BODY_MAX = 1_000_000

IDEMPOTENCY_HEADER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A request repeated under the same key is done once, and answered as the first time.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}


def create_app(
    workspace: Workspace | None = None,
    *,
    hosts: Collection[str] = LOOPBACK,
    tls: bool = False,
    origins: Collection[str] = (),
) -> FastAPI:
    """Return the application.

    Args:
        workspace: What it serves; None for an application that only describes itself.
        tls: Whether people reach it over https.
        origins: Other origins whose pages may read it with a token; cookies are not for them.
    """
    app = FastAPI(
        title="adtempo",
        version=version("adtempo"),
        summary="When, where and how much to spend on paid media, with the evidence.",
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(check_access)],
    )
    app.state.workspace = workspace
    app.state.tls = tls
    app.state.attempts = Attempts()
    app.state.meter = Meter()
    register_errors(app)
    for area in AREAS:
        app.include_router(area.router, dependencies=[Depends(check_parameters)])

    @app.get("/openapi.json", tags=["operations"], openapi_extra=READ)
    def openapi(request: Request) -> dict[str, Any]:
        """Describe every route (OpenAPI)."""
        document: dict[str, Any] = request.app.openapi()
        return document

    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's own way of replacing it
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=[*origins], allow_methods=["GET"], allow_headers=["Authorization"]
        )
    app.add_middleware(Gate, hosts=hosts, tls=tls, body_max=BODY_MAX)
    app.add_middleware(Metered, meter=app.state.meter)
    return app


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with what holds for every route: problems, who may, idempotency."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    components = document.setdefault("components", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.setdefault("schemas", {}).update(problem.pop("$defs", {}), Problem=problem)
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A person's session."},
        "token": {"type": "http", "scheme": "bearer", "description": "A script's token (`adtempo users token`)."},
    }
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    refusal = {
        "description": "A problem: what went wrong and what to do next.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    once = {
        (method, route.path)
        for area in AREAS
        for route in area.router.routes
        if isinstance(route, IdempotentRoute)
        for method in route.methods or ()
    }
    for path, operations_of_path in document["paths"].items():
        for method, operation in operations_of_path.items():
            operation["responses"].pop("422", None)
            operation["responses"].update({"4XX": refusal, "5XX": refusal})
            operation["security"] = [] if operation["x-action"] == EVERYBODY else [{"session": []}, {"token": []}]
            if method.upper() not in SAFE_METHODS and (method.upper(), path) in once:
                operation.setdefault("parameters", []).append(IDEMPOTENCY_HEADER)
    app.openapi_schema = document
    return document
