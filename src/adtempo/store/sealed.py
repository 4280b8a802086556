"""Secrets at rest: AES-256-GCM, each bound to the row it belongs to, under a key that lies outside the database."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from adtempo.domain.errors import Forbidden, InvalidInput

KEY_BYTES = 32
NONCE_BYTES = 12

_VERSION = b"\x01"


def seal(key: bytes, secret: str, bound_to: str) -> bytes:
    """Return a secret encrypted.

    Args:
        key: 32 bytes.
        bound_to: Names the row; sealed bytes that are moved to another row do not open.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, secret.encode(), bound_to.encode())


def unseal(key: bytes, sealed: bytes, bound_to: str) -> str:
    """Return what was sealed.

    Raises:
        InvalidInput: It was sealed under another key or for another row, or was changed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, hidden = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, hidden, bound_to.encode()).decode()
    except (InvalidTag, ValueError):
        raise InvalidInput(f"the secret of {bound_to} was sealed under another key; enter it again") from None


def read_key(text: str) -> bytes:
    """Return the key that a text holds.

    Raises:
        InvalidInput: It is not 32 random bytes in base64.
    """
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES or len(set(key)) < KEY_BYTES // 4:
        raise InvalidInput(
            "the secret key must be 32 random bytes in base64; "
            "make one with: python3 -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"
        )
    return key


def load_key(path: Path) -> bytes:
    """Return the key of an installation from its file; the first call makes it, readable by its owner alone.

    Raises:
        Forbidden: Others can read the file.
        InvalidInput: The file does not hold a key.
    """
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Forbidden(f"others can read the key in {path}; run: chmod 600 {path}")
    return read_key(path.read_text(encoding="ascii"))


def _make_key(path: Path) -> None:
    scratch = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n")
    try:
        os.link(scratch, path)  # unlike a rename it never replaces the key that another process made meanwhile
    except FileExistsError:
        pass
    finally:
        scratch.unlink()
