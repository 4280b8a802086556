"""Who belongs here: adding people, changing roles and passwords, disabling."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row

from adtempo.domain.errors import Conflict, NotFound
from adtempo.domain.roles import Person, Role
from adtempo.people.decide import check_password, read_name
from adtempo.people.secret_texts import hash_password
from adtempo.store import people as store
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction


def load_people(engine: Engine) -> list[Person]:
    """Return everybody who is not disabled, in the order of names."""
    with reading(engine) as connection:
        rows = store.load_people_rows(connection)
    return [_person(row) for row in rows if row.disabled_at is None]


def add_person(engine: Engine, name: str, role: Role, *, actor: str, now: datetime) -> Person:
    """Add a person, who signs in with a one-time token first and then sets a password.

    Raises:
        InvalidInput: The name cannot be one.
        Conflict: There is such a person already, or nobody is admin yet and this one would not be either.
    """
    name = read_name(name)
    with transaction(engine) as connection:
        if role is not Role.ADMIN and store.count_admins(connection) == 0:
            raise Conflict(f"nobody is admin yet: add one first, such as: adtempo users add {name} --role admin")
        return insert_named(connection, name, role, None, actor=actor, now=now)


def change_role(engine: Engine, name: str, role: Role, *, actor: str, now: datetime) -> Person:
    """Give a person another role and close their sessions.

    Raises:
        NotFound: There is no such person.
        Conflict: Nobody would be admin any more.
    """
    with transaction(engine) as connection:
        row = _load(connection, name)
        _keep_an_admin(connection, row, stays=role is Role.ADMIN)
        store.update_person(connection, row.id, role=role)
        store.delete_sessions_of(connection, row.id)
        detail = {"from": row.role, "to": role}
        append_audit(connection, at=now, actor=actor, action="person.role_changed", subject=row.name, detail=detail)
    return Person(row.id, row.name, role)


def change_password(engine: Engine, name: str, password: str, *, actor: str, now: datetime) -> None:
    """Set a person's password and close their sessions.

    Raises:
        NotFound: There is no such person.
        InvalidInput: The password is too easy to guess.
    """
    check_password(password, read_name(name))
    hashed = hash_password(password)
    with transaction(engine) as connection:
        row = _load(connection, name)
        store.update_person(connection, row.id, password_hash=hashed)
        store.delete_sessions_of(connection, row.id)
        append_audit(connection, at=now, actor=actor, action="person.password_changed", subject=row.name, detail={})


def disable_person(engine: Engine, name: str, *, actor: str, now: datetime) -> None:
    """Shut a person out: sessions are closed, script tokens revoked, the name stays taken.

    Raises:
        NotFound: There is no such person.
        Conflict: Nobody would be admin any more.
    """
    with transaction(engine) as connection:
        row = _load(connection, name)
        _keep_an_admin(connection, row, stays=False)
        store.update_person(connection, row.id, disabled_at=now)
        store.delete_sessions_of(connection, row.id)
        store.revoke_script_tokens(connection, at=now, person_id=row.id)
        append_audit(connection, at=now, actor=actor, action="person.disabled", subject=row.name, detail={})


def insert_named(
    connection: Connection, name: str, role: Role, password_hash: str | None, *, actor: str, now: datetime
) -> Person:
    """Add a person in the caller's transaction, under a name out of `read_name`.

    Raises:
        Conflict: There is such a person already.
    """
    if store.load_person_row(connection, name) is not None:
        raise Conflict(f"there is a person called {name} already; choose another name")
    person = store.insert_person(connection, name=name, role=role, password_hash=password_hash, at=now)
    append_audit(connection, at=now, actor=actor, action="person.added", subject=name, detail={"role": role})
    return person


def _keep_an_admin(connection: Connection, row: Row[Any], *, stays: bool) -> None:
    if row.role == Role.ADMIN and not stays and store.count_admins(connection) == 1:
        raise Conflict(f"{row.name} is the only admin; make somebody else admin first")


def _load(connection: Connection, name: str) -> Row[Any]:
    row = store.load_person_row(connection, read_name(name))
    if row is None or row.disabled_at is not None:
        raise NotFound(f"there is nobody called {name!r}; `adtempo users list` shows who there is")
    return row


def _person(row: Row[Any]) -> Person:
    return Person(row.id, row.name, Role(row.role))
