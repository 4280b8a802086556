"""The rules about people, without a database."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.domain.errors import InvalidInput
from adtempo.people.decide import (
    SESSION_IDLE,
    SESSION_LONGEST,
    TOUCH_EVERY,
    check_password,
    is_session_open,
    is_worth_noting,
    read_name,
)
from adtempo.people.secret_texts import draw_secret, hash_password, hash_secret, matches_password, write_secret

T = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", " ", "ann smith", "ann\x00", ".ann", "a" * 101, "änn", "<script>"])
def test_a_name_of_other_characters_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a name"):
        read_name(text)


def test_a_name_is_trimmed_and_lower_case() -> None:
    assert read_name("  Ann.Smith+x@Example.COM ") == "ann.smith+x@example.com"


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short", "too short"),
        ("x" * 2000, "too long"),
        ("a" * 20, "too easy"),
        ("abababababab", "too easy"),
        ("ann.smith1234", "too easy"),
    ],
)
def test_an_easy_password_is_refused(password: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        check_password(password, "ann.smith")


def test_four_words_are_a_password() -> None:
    check_password("correct horse battery staple", "ann")


@given(idle=st.integers(0, 40 * 24), age=st.integers(0, 40 * 24))
def test_a_session_is_open_until_it_idled_or_aged_too_long(idle: int, age: int) -> None:
    now = T + timedelta(hours=max(idle, age))
    seen_at, created_at = now - timedelta(hours=idle), now - timedelta(hours=age)
    is_open = is_session_open(seen_at=seen_at, expires_at=created_at + SESSION_LONGEST, now=now)
    assert is_open == (timedelta(hours=idle) < SESSION_IDLE and timedelta(hours=age) < SESSION_LONGEST)


def test_uses_are_noted_to_the_minute() -> None:
    assert is_worth_noting(None, T)
    assert is_worth_noting(T, T + TOUCH_EVERY)
    assert not is_worth_noting(T, T + TOUCH_EVERY / 2)


def test_secrets_differ_and_only_a_hash_is_kept() -> None:
    first, second = draw_secret(), draw_secret("adtempo_")
    assert first != second
    assert second.startswith("adtempo_")
    assert len(first) >= 43
    assert len(hash_secret(first)) == 64
    assert first not in hash_secret(first)


def test_a_password_matches_its_argon2id_hash_only() -> None:
    stored = hash_password("correct horse battery staple")
    assert stored.startswith("$argon2id$")
    assert stored != hash_password("correct horse battery staple")
    assert matches_password("correct horse battery staple", stored)
    assert not matches_password("wrong horse", stored)
    assert not matches_password("correct horse battery staple", None)


def test_a_secret_file_is_readable_by_its_owner_only_even_where_another_was(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    path.chmod(0o644)
    write_secret(path, "new")
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
