"""Random texts that open doors, and what is stored of them."""

from __future__ import annotations

import hashlib
import os
import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pwdlib import PasswordHash

SCRIPT_PREFIX = "adtempo_"
"""Makes a leaked token recognisable in a log or a repository."""


def draw_secret(prefix: str = "") -> str:
    """Return a new random text of 256 bits, safe in a URL."""
    return prefix + secrets.token_urlsafe(32)


def hash_secret(text: str) -> str:
    """Return what is stored of a random text: SHA-256, 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def hash_password(password: str) -> str:
    """Return what is stored of a password: argon2id with its own salt; takes tens of milliseconds on purpose."""
    return _passwords().hash(password)


def matches_password(password: str, stored: str | None) -> bool:
    """Compare a password with what is stored; takes equally long where nothing is stored."""
    return _passwords().verify(password, stored or _nobodys_password()) and stored is not None


def write_secret(path: Path, text: str) -> None:
    """Write a secret into a new file that only its owner can read (mode 0600), replacing an older one."""
    scratch = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
    scratch.replace(path)


@cache
def _passwords() -> PasswordHash:
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(),))


@cache
def _nobodys_password() -> str:
    return hash_password(draw_secret())
