"""Secrets at rest: nothing but the right key and the right row opens them."""

from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.domain.errors import Forbidden, InvalidInput
from adtempo.store.sealed import KEY_BYTES, load_key, read_key, seal, unseal
from adtempo.workspace import open_workspace

KEY = bytes(range(KEY_BYTES))


@given(secret=st.text(), row=st.text())
def test_what_is_sealed_comes_back_and_is_never_sealed_alike(secret: str, row: str) -> None:
    sealed = seal(KEY, secret, row)
    assert unseal(KEY, sealed, row) == secret
    assert seal(KEY, secret, row) != sealed


def test_another_key_row_or_a_changed_byte_opens_nothing() -> None:
    sealed = seal(KEY, "secret", "row 1")
    assert b"secret" not in sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for key, found, row in ((KEY[::-1], sealed, "row 1"), (KEY, sealed, "row 2"), (KEY, changed, "row 1")):
        with pytest.raises(InvalidInput, match="sealed under another key"):
            unseal(key, found, row)
    with pytest.raises(InvalidInput, match="sealed under another key"):
        unseal(KEY, b"", "row 1")


@pytest.mark.parametrize(
    "text", ["", "short", "?" * 44, base64.b64encode(bytes(32)).decode(), base64.b64encode(b"x" * 31).decode()]
)
def test_a_weak_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="32 random bytes"):
        read_key(text)


def test_a_key_may_be_written_for_urls() -> None:
    key = b"\xff\xfe\xfd\xfc" + KEY[4:]
    assert read_key(base64.urlsafe_b64encode(key).decode()) == read_key(base64.b64encode(key).decode()) == key


def test_the_key_of_an_installation_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_key(path), range(32)))
    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]
    path.chmod(0o640)
    with pytest.raises(Forbidden, match="chmod 600"):
        load_key(path)


def test_a_key_in_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = os.urandom(KEY_BYTES)
    monkeypatch.setenv("ADTEMPO_SECRET_KEY", base64.b64encode(key).decode())
    with open_workspace(tmp_path) as workspace:
        assert workspace.secret_key == key
        assert not (tmp_path / "secret.key").exists()
        assert base64.b64encode(key).decode() not in repr(workspace)
