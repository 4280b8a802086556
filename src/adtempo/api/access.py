"""Who asks, and may they: checked before every route, denied by default.

A route states the action that it is, as `openapi_extra=READ`; FOR_EVERYBODY lets everybody in, and a
route that states nothing lets nobody in. People come with the cookie of a session, scripts with a token.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from adtempo.domain.errors import Forbidden, SignInAgain, SignInRequired
from adtempo.domain.roles import EVERYBODY, Action, Person
from adtempo.people.decide import SESSION_LONGEST
from adtempo.people.script_tokens import identify_script
from adtempo.people.sign_in import SignedIn, identify
from adtempo.workspace import Workspace

READ: dict[str, Any] = {"x-action": Action.READ}
INGEST: dict[str, Any] = {"x-action": Action.INGEST}
PLAN: dict[str, Any] = {"x-action": Action.PLAN}
APPROVE: dict[str, Any] = {"x-action": Action.APPROVE}
HALT: dict[str, Any] = {"x-action": Action.HALT}
ARM: dict[str, Any] = {"x-action": Action.ARM}
ADMINISTER: dict[str, Any] = {"x-action": Action.ADMINISTER}
FOR_EVERYBODY: dict[str, Any] = {"x-action": EVERYBODY}
"""What a route can be."""

COOKIE = "adtempo"
COOKIE_TLS = "__Host-adtempo"
"""Under TLS the name itself makes browsers refuse it from anywhere but this host."""


def check_access(request: Request) -> None:
    """Find out who asks and refuse them what they may not do.

    Raises:
        SignInRequired: Nobody is signed in, and the route is not for everybody.
        SignInAgain: They signed in too long ago for what moves money.
        Forbidden: The person may not do this, or the route states no action.
    """
    person = _identify(request)
    request.state.person = person
    stated = getattr(request.scope.get("route"), "openapi_extra", None) or {}
    if "x-action" not in stated:
        raise Forbidden("This address says of nobody that they may use it.")
    action = stated["x-action"]
    if action == EVERYBODY:
        return
    if person is None:
        raise SignInRequired
    if not person.may(action):
        who = "a script" if person.by_script else f"a person with the role {person.role}"
        raise Forbidden(f"{who} may not {action}; ask an admin")
    if person.must_sign_in_again(action, workspace_of(request).now()):
        raise SignInAgain


def person_of(request: Request) -> Person:
    """Return who asks; only for routes that are not for everybody."""
    person: Person = request.state.person
    return person


def workspace_of(request: Request) -> Workspace:
    """Return the workspace that this application serves."""
    workspace: Workspace = request.app.state.workspace
    return workspace


Caller = Annotated[Person, Depends(person_of)]
Open = Annotated[Workspace, Depends(workspace_of)]


def keep_session(request: Request, response: Response, signed_in: SignedIn) -> None:
    """Give the browser the cookie of a new session."""
    tls = request.app.state.tls
    response.set_cookie(
        cookie_name(tls=tls),
        signed_in.session_id,
        max_age=int(SESSION_LONGEST.total_seconds()),
        path="/",
        secure=tls,
        httponly=True,
        samesite="lax",
    )


def drop_session(request: Request, response: Response) -> None:
    """Take the cookie back."""
    tls = request.app.state.tls
    response.delete_cookie(cookie_name(tls=tls), path="/", secure=tls, httponly=True, samesite="lax")


def cookie_name(*, tls: bool) -> str:
    """Return the name of the session's cookie."""
    return COOKIE_TLS if tls else COOKIE


def _identify(request: Request) -> Person | None:
    workspace = workspace_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return identify_script(workspace.engine, token.strip(), now=workspace.now())
    session_id = request.cookies.get(cookie_name(tls=request.app.state.tls))
    return identify(workspace.engine, session_id, now=workspace.now()) if session_id else None
