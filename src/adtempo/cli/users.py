"""users add|list|role|password|token|tokens|revoke|disable, and login."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from adtempo.cli.session import AsJson, note, opened, print_json, print_table
from adtempo.domain.errors import InvalidInput
from adtempo.domain.roles import Person, Role

UserName = Annotated[str, typer.Argument(metavar="NAME", help="Sign-in name.")]
RoleName = Annotated[Role, typer.Option("--role", help="What they may do.")]
Server = Annotated[str, typer.Option("--url", help="Where people reach the dashboard.")]

DASHBOARD = "http://127.0.0.1:8000"


def list_users(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List who belongs here."""
    from adtempo.people.roster import load_people

    with opened(ctx) as workspace:
        people = [{"name": person.name, "role": person.role.value} for person in load_people(workspace.engine)]
    if as_json:
        print_json({"users": people})
    else:
        print_table(("name", "role"), [list(person.values()) for person in people])


def add_user(ctx: typer.Context, name: UserName, role: RoleName = Role.VIEWER, url: Server = DASHBOARD) -> None:
    """Add a person and print the one-time link with which they sign in and set a password."""
    from adtempo.people.roster import add_person
    from adtempo.people.sign_in import issue_sign_in_token

    with opened(ctx) as workspace:
        engine, now, actor = workspace.engine, workspace.now(), workspace.actor
        person = add_person(engine, name, role, actor=actor, now=now)
        token = issue_sign_in_token(engine, person.name, actor=actor, now=now)
    typer.echo(sign_in_link(url, token))


def login(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Option("--name", help="Who signs in; default: you, or the only admin.")] = None,
    url: Server = DASHBOARD,
) -> None:
    """Print a one-time link that signs you in to the dashboard; the first one makes you its admin."""
    from adtempo.people.roster import load_people
    from adtempo.people.sign_in import is_claimed, issue_claim_token, issue_sign_in_token

    with opened(ctx) as workspace:
        engine, now, actor = workspace.engine, workspace.now(), workspace.actor
        if not is_claimed(engine):
            token = issue_claim_token(engine, now=now)
        else:
            who = name or _myself(actor, load_people(engine))
            token = issue_sign_in_token(engine, who, actor=actor, now=now)
    typer.echo(sign_in_link(url, token))


def _myself(actor: str, people: Sequence[Person]) -> str:
    names = [person.name for person in people]
    admins = [person.name for person in people if person.role is Role.ADMIN]
    if actor in names:
        return actor
    if len(admins) == 1:
        return admins[0]
    raise InvalidInput(f"there are several admins; say who signs in with --name, one of {', '.join(names)}")


def sign_in_link(url: str, token: str) -> str:
    """Return the address that signs in whoever opens it, once."""
    return f"{url.rstrip('/')}/sign-in#{token}"  # behind the #, so that no log sees the token


def change_user_role(
    ctx: typer.Context, name: UserName, role: Annotated[Role, typer.Argument(help="What they may do.")]
) -> None:
    """Give a person another role; their sessions are closed."""
    from adtempo.people.roster import change_role

    with opened(ctx) as workspace:
        person = change_role(workspace.engine, name, role, actor=workspace.actor, now=workspace.now())
    note(f"{person.name} is {person.role.value} now")


def set_password(ctx: typer.Context, name: UserName) -> None:
    """Set a person's password (asked for, or the first line of standard input); their sessions are closed."""
    from adtempo.people.roster import change_password

    asked = sys.stdin.isatty()
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True) if asked else None
    with opened(ctx) as workspace:
        said = password if password is not None else sys.stdin.readline().rstrip("\n")
        change_password(workspace.engine, name, said, actor=workspace.actor, now=workspace.now())
    note(f"the password of {name} is set")


def issue_token(
    ctx: typer.Context,
    name: UserName,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Where to write it; only you can read it.")],
    label: Annotated[str, typer.Option("--label", help="What it is for.")] = "script",
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="How long it is good for; default: until revoked.")
    ] = None,
) -> None:
    """Write a token with which a script acts for a person (use it as --token FILE)."""
    from adtempo.people.script_tokens import issue_script_token
    from adtempo.people.secret_texts import write_secret

    if not output.absolute().parent.is_dir():
        raise InvalidInput(f"there is no folder {output.absolute().parent}; make it first")
    with opened(ctx) as workspace:
        life = None if days is None else timedelta(days=days)
        token = issue_script_token(workspace.engine, name, label, actor=workspace.actor, now=workspace.now(), life=life)
        write_secret(output, token)
    note(f"written: {output}")


def list_tokens(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the tokens of scripts; their texts were shown once."""
    from adtempo.people.script_tokens import load_script_tokens

    keys = ("id", "name", "label", "created_at", "expires_at", "used_at", "revoked_at")
    with opened(ctx) as workspace:
        tokens = [{key: _plain(getattr(token, key)) for key in keys} for token in load_script_tokens(workspace.engine)]
    if as_json:
        print_json({"tokens": tokens})
    else:
        print_table(keys, [list(token.values()) for token in tokens], right=("id",))


def revoke_token(
    ctx: typer.Context, token: Annotated[int, typer.Argument(metavar="ID", help="As `users tokens` shows it.")]
) -> None:
    """Make a token useless at once."""
    from adtempo.people.script_tokens import revoke_script_token

    with opened(ctx) as workspace:
        revoke_script_token(workspace.engine, token, actor=workspace.actor, now=workspace.now())
    note(f"token {token} is revoked")


def disable_user(ctx: typer.Context, name: UserName) -> None:
    """Shut a person out: sessions closed, tokens revoked, the name stays taken."""
    from adtempo.people.roster import disable_person

    with opened(ctx) as workspace:
        disable_person(workspace.engine, name, actor=workspace.actor, now=workspace.now())
    note(f"{name} is shut out")


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    app.command("login")(login)
    users = typer.Typer(help="Who belongs here, and what they may do.", no_args_is_help=True)
    for name, command in (
        ("list", list_users),
        ("add", add_user),
        ("role", change_user_role),
        ("password", set_password),
        ("token", issue_token),
        ("tokens", list_tokens),
        ("revoke", revoke_token),
        ("disable", disable_user),
    ):
        users.command(name)(command)
    app.add_typer(users, name="users")
