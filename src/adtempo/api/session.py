"""Signing in and out, the first admin's claim, one-time links, one's own password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from adtempo.api.access import FOR_EVERYBODY, READ, Caller, Open, cookie_name, drop_session, keep_session
from adtempo.api.bodies import Asked
from adtempo.domain.errors import Forbidden
from adtempo.domain.roles import Person, Role
from adtempo.people.decide import PASSWORD_LONGEST, PASSWORD_SHORTEST
from adtempo.people.roster import change_password
from adtempo.people.sign_in import claim_first_admin, sign_in, sign_in_by_token, sign_out

router = APIRouter(prefix="/api/session", tags=["session"])

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["ann"])]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=PASSWORD_LONGEST, examples=["correct horse battery"])]
NewPassword = Annotated[
    SecretStr, Field(min_length=PASSWORD_SHORTEST, max_length=PASSWORD_LONGEST, examples=["correct horse battery"])
]
Token = Annotated[SecretStr, Field(min_length=1, max_length=200, examples=["Yq3m0u1eS7cQ"])]


class SignInAsked(Asked):
    """Name and password."""

    name: Name
    password: Secret


class ClaimAsked(Asked):
    """The one-time token of a fresh installation, and who its admin will be."""

    token: Token
    name: Name
    password: NewPassword


class TokenAsked(Asked):
    """A one-time token out of a sign-in link."""

    token: Token


class PasswordAsked(Asked):
    """The password that the person wants."""

    password: NewPassword


class PersonShown(BaseModel):
    """Who is signed in."""

    name: str = Field(examples=["ann"])
    role: Role


def show_person(person: Person) -> PersonShown:
    """Return a person as the API shows one."""
    return PersonShown(name=person.name, role=person.role)


@router.get("", openapi_extra=READ)
def who_am_i(caller: Caller) -> PersonShown:
    """Who is signed in."""
    return show_person(caller)


@router.post("", openapi_extra=FOR_EVERYBODY)
def start_session(asked: SignInAsked, request: Request, response: Response, workspace: Open) -> PersonShown:
    """Sign in with name and password; the answer sets the session's cookie."""
    request.app.state.attempts.check_attempt(request, asked.name)
    signed_in = sign_in(workspace.engine, asked.name, asked.password.get_secret_value(), now=workspace.now())
    keep_session(request, response, signed_in)
    return show_person(signed_in.person)


@router.post("/claim", openapi_extra=FOR_EVERYBODY)
def claim(asked: ClaimAsked, request: Request, response: Response, workspace: Open) -> PersonShown:
    """Become the first admin of a fresh installation, with the one-time token that it printed."""
    request.app.state.attempts.check_attempt(request, "claim")
    signed_in = claim_first_admin(
        workspace.engine,
        asked.token.get_secret_value(),
        name=asked.name,
        password=asked.password.get_secret_value(),
        now=workspace.now(),
    )
    keep_session(request, response, signed_in)
    return show_person(signed_in.person)


@router.post("/token", openapi_extra=FOR_EVERYBODY)
def start_session_by_token(asked: TokenAsked, request: Request, response: Response, workspace: Open) -> PersonShown:
    """Sign in with a one-time link's token; the answer sets the session's cookie."""
    request.app.state.attempts.check_attempt(request, "token")
    signed_in = sign_in_by_token(workspace.engine, asked.token.get_secret_value(), now=workspace.now())
    keep_session(request, response, signed_in)
    return show_person(signed_in.person)


@router.put("/password", openapi_extra=READ)
def set_password(
    asked: PasswordAsked, request: Request, response: Response, workspace: Open, caller: Caller
) -> PersonShown:
    """Set one's own password; all other sessions of the person are closed."""
    if caller.by_script:
        raise Forbidden("a script may not set its person's password")
    password = asked.password.get_secret_value()
    change_password(workspace.engine, caller.name, password, actor=caller.name, now=workspace.now())
    keep_session(request, response, sign_in(workspace.engine, caller.name, password, now=workspace.now()))
    return show_person(caller)


@router.delete("", status_code=204, openapi_extra=READ)
def end_session(request: Request, response: Response, workspace: Open) -> None:
    """Sign out: the session is closed on the server, not only forgotten by the browser."""
    session_id = request.cookies.get(cookie_name(tls=request.app.state.tls))
    if session_id:
        sign_out(workspace.engine, session_id)
    drop_session(request, response)
