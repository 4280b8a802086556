"""Coming in and going out: the first admin's claim, passwords, one-time tokens, sessions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row

from adtempo.domain.errors import Conflict, NotFound, SignInRefused
from adtempo.domain.roles import Person, Role
from adtempo.people.decide import (
    SESSION_LONGEST,
    SIGN_IN_TOKEN_LIFE,
    check_password,
    is_session_open,
    is_worth_noting,
    read_name,
)
from adtempo.people.roster import insert_named
from adtempo.people.secret_texts import draw_secret, hash_password, hash_secret, matches_password
from adtempo.store import people as store
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person and the id of their new session, which is shown this once."""

    person: Person
    session_id: str = field(repr=False)


def is_claimed(engine: Engine) -> bool:
    """Say whether the installation has its first admin."""
    with reading(engine) as connection:
        return store.count_people(connection) > 0


def issue_claim_token(engine: Engine, *, now: datetime) -> str:
    """Return a one-time token that makes its bearer the first admin; an earlier one is void.

    Raises:
        Conflict: There are people already.
    """
    token = draw_secret()
    with transaction(engine) as connection:
        _check_unclaimed(connection)
        store.replace_sign_in_token(
            connection, token_hash=hash_secret(token), person_id=None, expires_at=now + SIGN_IN_TOKEN_LIFE
        )
    return token


def claim_first_admin(engine: Engine, token: str, *, name: str, password: str, now: datetime) -> SignedIn:
    """Make the bearer of the claim token the first admin, and sign them in.

    Raises:
        InvalidInput: The name or the password cannot be one; the token stays good.
        SignInRefused: The token is wrong, used or too old.
        Conflict: There are people already.
    """
    name = read_name(name)
    check_password(password, name)
    hashed = hash_password(password)
    with transaction(engine) as connection:
        row = store.take_sign_in_token(connection, hash_secret(token), now)
        if row is None or row.person_id is not None:
            raise SignInRefused("this sign-in link is wrong, was used, or is too old; restart the server for a new one")
        _check_unclaimed(connection)
        person = insert_named(connection, name, Role.ADMIN, hashed, actor=name, now=now)
        return _open_session(connection, person, now)


def issue_sign_in_token(engine: Engine, name: str, *, actor: str, now: datetime) -> str:
    """Return a one-time token that signs a person in without a password; an earlier one is void.

    Raises:
        NotFound: There is no such person.
    """
    token = draw_secret()
    with transaction(engine) as connection:
        row = store.load_person_row(connection, read_name(name))
        if row is None or row.disabled_at is not None:
            raise NotFound(f"there is nobody called {name!r}; `adtempo users list` shows who there is")
        store.replace_sign_in_token(
            connection, token_hash=hash_secret(token), person_id=row.id, expires_at=now + SIGN_IN_TOKEN_LIFE
        )
        append_audit(connection, at=now, actor=actor, action="sign_in_token.issued", subject=row.name, detail={})
    return token


def sign_in_by_token(engine: Engine, token: str, *, now: datetime) -> SignedIn:
    """Sign in with a one-time token.

    Raises:
        SignInRefused: The token is wrong, used or too old.
    """
    with transaction(engine) as connection:
        taken = store.take_sign_in_token(connection, hash_secret(token), now)
        everybody = {row.id: row for row in store.load_people_rows(connection) if row.disabled_at is None}
        row = everybody.get(taken.person_id) if taken is not None else None
        if row is None:
            raise SignInRefused("this sign-in link is wrong, was used, or is too old; ask for a new one")
        return _open_session(connection, _person(row), now)


def sign_in(engine: Engine, name: str, password: str, *, now: datetime) -> SignedIn:
    """Sign in with name and password.

    Raises:
        SignInRefused: One of them is wrong; which one is not said.
    """
    with reading(engine) as connection:
        row = store.load_person_row(connection, name.strip().lower())
    known = row is not None and row.disabled_at is None
    if not matches_password(password, row.password_hash if row is not None and known else None) or row is None:
        raise SignInRefused
    with transaction(engine) as connection:
        current = store.load_person_row(connection, row.name)
        if current is None or current.disabled_at is not None or current.password_hash != row.password_hash:
            raise SignInRefused
        return _open_session(connection, _person(current), now)


def sign_out(engine: Engine, session_id: str) -> None:
    """Close a session; closing a closed one does nothing."""
    with transaction(engine) as connection:
        store.delete_session(connection, hash_secret(session_id))


def identify(engine: Engine, session_id: str, *, now: datetime) -> Person | None:
    """Return whose open session this is; None if there is no such session or its time is over."""
    hashed = hash_secret(session_id)
    with reading(engine) as connection:
        row = store.load_session_row(connection, hashed)
    if row is None or not is_session_open(seen_at=row.seen_at, expires_at=row.expires_at, now=now):
        return None
    if is_worth_noting(row.seen_at, now):
        with transaction(engine) as connection:
            store.touch_session(connection, hashed, now)
    return replace(_person(row), signed_in_at=row.created_at)


def _open_session(connection: Connection, person: Person, now: datetime) -> SignedIn:
    session_id = draw_secret()
    store.delete_expired(connection, now)
    store.insert_session(
        connection,
        token_hash=hash_secret(session_id),
        person_id=person.id,
        at=now,
        expires_at=now + SESSION_LONGEST,
    )
    append_audit(connection, at=now, actor=person.name, action="person.signed_in", subject=person.name, detail={})
    return SignedIn(person, session_id)


def _check_unclaimed(connection: Connection) -> None:
    if store.count_people(connection):
        raise Conflict("this installation has its admin already; sign in, or ask an admin for a sign-in link")


def _person(row: Row[Any]) -> Person:
    return Person(row.id, row.name, Role(row.role))
