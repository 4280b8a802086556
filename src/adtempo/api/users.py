"""Who belongs here: for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from adtempo.api.access import ADMINISTER, Caller, Open
from adtempo.api.bodies import Asked
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Paged
from adtempo.api.session import PersonShown, show_person
from adtempo.domain.roles import Role
from adtempo.people.roster import add_person, change_role, disable_person, load_people

router = APIRouter(prefix="/api/users", tags=["users"], route_class=IdempotentRoute)

NAME = r"^[a-z0-9][a-z0-9._@+-]{0,99}$"
UserName = Annotated[str, Path(pattern=NAME, description="Sign-in name.", examples=["ann"])]


class UserAsked(Asked):
    """A new person."""

    name: str = Field(pattern=NAME, examples=["ann"])
    role: Role = Role.VIEWER


class RoleAsked(Asked):
    """Another role."""

    role: Role


class UsersShown(BaseModel):
    """Everybody who is not disabled."""

    users: list[PersonShown]


@router.get("", responses={200: {"headers": LINK}}, openapi_extra=ADMINISTER)
def list_users(workspace: Open, pager: Paged) -> UsersShown:
    """List who belongs here, in the order of names."""
    page = pager.turn(load_people(workspace.engine), lambda person: person.name)
    return UsersShown(users=[show_person(person) for person in page])


@router.post("", status_code=201, openapi_extra=ADMINISTER)
def add_user(asked: UserAsked, workspace: Open, caller: Caller) -> PersonShown:
    """Add a person; `adtempo login --name NAME` prints the one-time link with which they come in."""
    return show_person(add_person(workspace.engine, asked.name, asked.role, actor=caller.name, now=workspace.now()))


@router.put("/{name}/role", openapi_extra=ADMINISTER)
def set_role(name: UserName, asked: RoleAsked, workspace: Open, caller: Caller) -> PersonShown:
    """Give a person another role; their sessions are closed."""
    return show_person(change_role(workspace.engine, name, asked.role, actor=caller.name, now=workspace.now()))


@router.delete("/{name}", status_code=204, openapi_extra=ADMINISTER)
def disable_user(name: UserName, workspace: Open, caller: Caller) -> None:
    """Shut a person out: sessions closed, tokens revoked, the name stays taken."""
    disable_person(workspace.engine, name, actor=caller.name, now=workspace.now())
