"""The rules about people, without a database: names, passwords, and how long things last."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from adtempo.domain.errors import InvalidInput

SESSION_IDLE = timedelta(hours=12)
SESSION_LONGEST = timedelta(days=30)
SIGN_IN_TOKEN_LIFE = timedelta(hours=24)
TOUCH_EVERY = timedelta(minutes=1)
"""How exactly the last use of a session or token is known."""

PASSWORD_SHORTEST = 12
PASSWORD_LONGEST = 1024
"""Longer texts would only cost the hash time."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")


def read_name(text: str) -> str:
    """Return a sign-in name as it is stored: trimmed and lower case.

    Raises:
        InvalidInput: It has other characters, or none.

    >>> read_name(" Ann@Example.com ")
    'ann@example.com'
    """
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{text!r} cannot be a name; use letters a-z, digits and . _ @ + -, beginning with a letter or digit"
        )
    return name


def check_password(password: str, name: str) -> None:
    """Refuse a password that is too easy to guess; length is what counts.

    Raises:
        InvalidInput: It is too short, too long, one character repeated, or made of the name.
    """
    if len(password) < PASSWORD_SHORTEST:
        raise InvalidInput(
            f"the password is too short; use at least {PASSWORD_SHORTEST} characters, such as four words"
        )
    if len(password) > PASSWORD_LONGEST:
        raise InvalidInput(f"the password is too long; use at most {PASSWORD_LONGEST} characters")
    rest = password.lower().replace(name, "")
    if len(set(password)) < 5 or len(rest) < PASSWORD_SHORTEST // 2:
        raise InvalidInput("the password is too easy to guess; use something longer, such as four words")


def is_session_open(*, seen_at: datetime, expires_at: datetime, now: datetime) -> bool:
    """Say whether a session still holds: used lately, and not too old altogether.

    Args:
        seen_at: When it was last used.
        expires_at: When it ends however much it is used.
        now: The moment that is asked about.
    """
    return now < min(seen_at + SESSION_IDLE, expires_at)


def is_worth_noting(last: datetime | None, now: datetime) -> bool:
    """Say whether a use is so long after the last noted one that it should be noted."""
    return last is None or now - last >= TOUCH_EVERY
