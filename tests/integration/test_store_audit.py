"""The audit chain on both databases: whole under concurrency, broken by every edit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, text

from adtempo.store.audit import BEFORE_THE_FIRST, append_audit, audit_log, load_audit, verify_audit
from adtempo.store.engine import reading, transaction


def fill(engine: Engine, now: datetime, count: int = 4) -> None:
    for number in range(count):
        with transaction(engine) as connection:
            append_audit(connection, at=now, actor="ann", action="x.done", subject=str(number), detail={"n": number})


def test_entries_come_back_as_written_and_chained(engine: Engine, now: datetime) -> None:
    local = now.astimezone(timezone(timedelta(hours=5))).replace(microsecond=123456)
    with transaction(engine) as connection:
        first = append_audit(
            connection, at=local, actor="ann", action="x.done", subject="é\u2028", detail={"b": "ü\x00", "a": [1, None]}
        )
        second = append_audit(connection, at=now, actor="job", action="y.done", subject="", detail={})
    with reading(engine) as connection:
        assert load_audit(connection) == [first, second]
        assert load_audit(connection, after=1) == [second]
        assert load_audit(connection, limit=1) == [first]
        assert verify_audit(connection) == []
    assert (first.previous_hash, second.previous_hash) == (BEFORE_THE_FIRST, first.hash)
    assert first.at == local


def test_a_rolled_back_change_leaves_no_trace(engine: Engine, now: datetime) -> None:
    with pytest.raises(RuntimeError), transaction(engine) as connection:
        append_audit(connection, at=now, actor="ann", action="x.done", subject="", detail={})
        raise RuntimeError
    with reading(engine) as connection:
        assert load_audit(connection) == []


def test_the_chain_holds_under_concurrency(engine: Engine, now: datetime) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: fill(engine, now, 10), range(6)))
    with reading(engine) as connection:
        assert [entry.id for entry in load_audit(connection)] == list(range(1, 61))
        assert verify_audit(connection) == []


@pytest.mark.parametrize(
    ("edit", "row", "column"),
    [
        ("UPDATE audit_log SET actor = 'bob' WHERE id = 2", 2, "hash"),
        ("UPDATE audit_log SET detail = '{}' WHERE id = 4", 4, "hash"),
        ("DELETE FROM audit_log WHERE id = 2", 3, "id"),
        ("DELETE FROM audit_log WHERE id = 1", 2, "id"),
    ],
)
def test_every_edit_breaks_the_chain(engine: Engine, now: datetime, edit: str, row: int, column: str) -> None:
    fill(engine, now)
    with transaction(engine) as connection:
        connection.execute(text(edit))
        problems = verify_audit(connection)
    assert problems[0].row == row
    assert column in {problem.column for problem in problems}


def test_detail_that_is_not_json_is_refused(engine: Engine, now: datetime) -> None:
    for detail in ({"x": float("nan")}, {"x": object()}):
        with pytest.raises((ValueError, TypeError)), transaction(engine) as connection:
            append_audit(connection, at=now, actor="ann", action="x.done", subject="", detail=detail)


def test_rows_taken_off_the_end_show_by_a_hash_that_was_kept(engine: Engine, now: datetime) -> None:
    with transaction(engine) as connection:
        for _ in range(3):
            kept = append_audit(connection, at=now, actor="ann", action="x.done", subject="", detail={}).hash
    with transaction(engine) as connection:
        assert verify_audit(connection, kept=kept) == []
        connection.execute(audit_log.delete().where(audit_log.c.id == 3))
        assert verify_audit(connection) == []
        assert "taken off the end" in str(verify_audit(connection, kept=kept)[0])


def test_rows_that_changed_places_show(engine: Engine, now: datetime) -> None:
    with transaction(engine) as connection:
        for _ in range(3):
            append_audit(connection, at=now, actor="ann", action="x.done", subject="", detail={})
        for old, new in ((2, 9), (3, 2), (9, 3)):
            connection.execute(audit_log.update().where(audit_log.c.id == old).values(id=new))
        assert verify_audit(connection)
