"""Errors as problem documents (RFC 9457): what went wrong, whether to try again, never where in our code."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from adtempo.domain.errors import AdtempoError, BadRows, Kind, SignInRefused, SignInRequired, TooManyAttempts

STATUSES = {
    Kind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.CONFLICT: HTTPStatus.CONFLICT,
    Kind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Kind.UNKNOWN_OUTCOME: HTTPStatus.BAD_GATEWAY,
}
"""What each sort of problem is in HTTP; the command line has its own table of exit codes."""

KINDS = {
    HTTPStatus.UNAUTHORIZED: Kind.FORBIDDEN,
    HTTPStatus.FORBIDDEN: Kind.FORBIDDEN,
    HTTPStatus.NOT_FOUND: Kind.NOT_FOUND,
    HTTPStatus.CONFLICT: Kind.CONFLICT,
}
"""The sort of problem that a status of the framework is; any other is invalid."""

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger()


class FieldProblem(BaseModel):
    """One field of the request that is not valid."""

    field: str = Field(description="Where it stands, such as body.name or query.since.")
    message: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "there is no campaign 'c9'; `adtempo campaigns list` shows those there are",
                    "instance": "/api/tracking/campaigns/c9",
                    "kind": "not_found",
                    "retryable": False,
                    "errors": [],
                }
            ]
        }
    )

    type: str = Field(default="about:blank", description="Always about:blank: kind says what sort of problem it is.")
    title: str = Field(description="The name of the HTTP status.")
    status: int
    detail: str = Field(description="What went wrong and what to do next.")
    instance: str = Field(description="The path that was asked for.")
    kind: Kind
    retryable: bool = Field(description="Whether the same request may succeed later.")
    errors: list[FieldProblem] = Field(default=[], description="The fields that are not valid, where fields are meant.")


def status_of(problem: AdtempoError) -> HTTPStatus:
    """Return the HTTP status of an error."""
    if isinstance(problem, SignInRequired | SignInRefused):
        return HTTPStatus.UNAUTHORIZED
    if isinstance(problem, TooManyAttempts):
        return HTTPStatus.TOO_MANY_REQUESTS
    return STATUSES[problem.kind]


def answer_problem(path: str, problem: AdtempoError) -> JSONResponse:
    """Return the problem document of an error."""
    status = status_of(problem)
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(problem, TooManyAttempts):
        headers["Retry-After"] = str(problem.wait_seconds)
    errors = []
    if isinstance(problem, BadRows):
        errors = [
            FieldProblem(field=f"{bad.file}:{bad.row}:{bad.column}", message=bad.message) for bad in problem.problems
        ]
    return _answer(path, status, problem.message, problem.kind, problem.retryable, errors, headers)


def register_errors(app: FastAPI) -> None:
    """Answer every error of the application with a problem document."""

    @app.exception_handler(AdtempoError)
    def known(request: Request, problem: AdtempoError) -> JSONResponse:
        return answer_problem(request.url.path, problem)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, problem: RequestValidationError) -> JSONResponse:
        errors = [
            FieldProblem(field=".".join(str(part) for part in error["loc"]), message=error["msg"])
            for error in problem.errors()
        ]
        said = "; ".join(f"{error.field}: {error.message}" for error in errors)
        return _answer(request.url.path, HTTPStatus.UNPROCESSABLE_ENTITY, said, Kind.INVALID, False, errors)

    @app.exception_handler(HTTPException)
    def refused(request: Request, problem: HTTPException) -> JSONResponse:
        status = HTTPStatus(problem.status_code)
        kind = KINDS.get(status, Kind.INVALID)
        detail = problem.detail if problem.detail != status.phrase else status.description or status.phrase
        return _answer(request.url.path, status, detail, kind, False, [], dict(problem.headers or {}))

    @app.exception_handler(Exception)
    def unexpected(request: Request, problem: Exception) -> JSONResponse:
        log.error("request_failed", path=request.url.path, method=request.method, exc_info=problem)
        detail = "Something went wrong on our side; the server's log says what. The request can be tried again."
        return _answer(request.url.path, HTTPStatus.INTERNAL_SERVER_ERROR, detail, Kind.UNAVAILABLE, True)


def _answer(
    path: str,
    status: HTTPStatus,
    detail: str,
    kind: Kind,
    retryable: bool,
    errors: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body: dict[str, Any] = Problem(
        title=status.phrase,
        status=status.value,
        detail=detail,
        instance=path,
        kind=kind,
        retryable=retryable,
        errors=errors or [],
    ).model_dump(mode="json")
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)
