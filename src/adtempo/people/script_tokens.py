"""Tokens for scripts: they act for a person, but may not do what needs the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from adtempo.domain.errors import NotFound
from adtempo.domain.roles import Person, Role
from adtempo.people.decide import is_worth_noting, read_name
from adtempo.people.secret_texts import SCRIPT_PREFIX, draw_secret, hash_secret
from adtempo.store import people as store
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction


@dataclass(frozen=True, slots=True)
class ScriptToken:
    """What is known of a token; its text was shown once.

    Attributes:
        id: Its number, for revoking.
        name: Whom it acts for.
        label: What it is for.
        created_at: When it was issued.
        expires_at: When it ends; None = when it is revoked.
        used_at: When it was last used, to the minute.
        revoked_at: When it was revoked.
    """

    id: int
    name: str
    label: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


def issue_script_token(
    engine: Engine, name: str, label: str, *, actor: str, now: datetime, life: timedelta | None = None
) -> str:
    """Return a new token that acts for a person.

    Args:
        life: How long it is good for; None = until revoked.

    Raises:
        NotFound: There is no such person.
    """
    token = draw_secret(SCRIPT_PREFIX)
    with transaction(engine) as connection:
        row = store.load_person_row(connection, read_name(name))
        if row is None or row.disabled_at is not None:
            raise NotFound(f"there is nobody called {name!r}; `adtempo users list` shows who there is")
        number = store.insert_script_token(
            connection,
            token_hash=hash_secret(token),
            person_id=row.id,
            label=label,
            at=now,
            expires_at=None if life is None else now + life,
        )
        detail = {"token": number, "label": label}
        append_audit(connection, at=now, actor=actor, action="script_token.issued", subject=row.name, detail=detail)
    return token


def identify_script(engine: Engine, token: str, *, now: datetime) -> Person | None:
    """Return whom a token acts for; None if there is no such token, it was revoked, or its time is over."""
    hashed = hash_secret(token)
    with reading(engine) as connection:
        row = store.load_script_token_row(connection, hashed)
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    if is_worth_noting(row.used_at, now):
        with transaction(engine) as connection:
            store.touch_script_token(connection, hashed, now)
    return Person(row.id, row.name, Role(row.role), by_script=True)


def load_script_tokens(engine: Engine) -> list[ScriptToken]:
    """Return every token, newest first, revoked ones too."""
    with reading(engine) as connection:
        return [ScriptToken(**row._asdict()) for row in store.load_script_token_rows(connection)]


def revoke_script_token(engine: Engine, token_id: int, *, actor: str, now: datetime) -> None:
    """Make a token useless at once.

    Raises:
        NotFound: There is no such token, or it was revoked already.
    """
    with transaction(engine) as connection:
        if store.revoke_script_tokens(connection, at=now, token_id=token_id) == 0:
            raise NotFound(f"there is no token {token_id} to revoke; `adtempo users tokens` shows them")
        append_audit(connection, at=now, actor=actor, action="script_token.revoked", subject=str(token_id), detail={})
