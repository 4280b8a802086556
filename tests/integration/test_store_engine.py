"""The two ways of talking to the database, and moments in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from adtempo.domain.errors import InvalidInput
from adtempo.store.engine import is_transient, open_engine, reading, transaction
from adtempo.store.leases import leases


def put(connection: Connection, name: str, moment: datetime) -> None:
    connection.execute(leases.insert().values(name=name, owner="o", fence=1, expires_at=moment))


def test_moments_come_back_in_utc_to_the_microsecond(engine: Engine) -> None:
    local = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-7)))
    with transaction(engine) as connection:
        put(connection, "a", local)
        back = connection.scalar(select(leases.c.expires_at))
    assert back == local
    assert back.tzinfo is UTC


def test_moments_sort_and_compare_in_the_database(engine: Engine, now: datetime) -> None:
    moments = [now + timedelta(microseconds=step) for step in (0, 1, 999_999, 1_000_000)]
    with transaction(engine) as connection:
        for place, moment in enumerate(reversed(moments)):
            put(connection, str(place), moment)
        assert list(connection.scalars(select(leases.c.expires_at).order_by(leases.c.expires_at))) == moments
        later = select(leases.c.expires_at).where(leases.c.expires_at > moments[1])
        assert set(connection.scalars(later)) == set(moments[2:])


def test_a_naive_moment_is_refused(engine: Engine, now: datetime) -> None:
    with pytest.raises(StatementError, match="needs a time zone"), transaction(engine) as connection:
        put(connection, "a", now.replace(tzinfo=None))


def test_text_sorts_by_code_point_on_both_databases(engine: Engine, now: datetime) -> None:
    names = ["Z", "a", "B", "_", "10", "9", "é", "A"]
    with transaction(engine) as connection:
        for name in names:
            put(connection, name, now)
        assert list(connection.scalars(select(leases.c.name).order_by(leases.c.name))) == sorted(names)


def test_a_snapshot_refuses_to_write_and_the_connection_can_write_afterwards(engine: Engine, now: datetime) -> None:
    with pytest.raises(DBAPIError), reading(engine) as connection:
        put(connection, "a", now)
    with transaction(engine) as connection:
        put(connection, "a", now)


def test_a_snapshot_does_not_see_later_commits(engine: Engine, now: datetime) -> None:
    with reading(engine) as snapshot:
        assert snapshot.execute(select(leases)).all() == []
        with transaction(engine) as connection:
            put(connection, "a", now)
        assert snapshot.execute(select(leases)).all() == []
    with reading(engine) as snapshot:
        assert len(snapshot.execute(select(leases)).all()) == 1


def test_a_transaction_that_raises_changes_nothing(engine: Engine, now: datetime) -> None:
    with pytest.raises(KeyError), transaction(engine) as connection:
        put(connection, "a", now)
        raise KeyError
    with reading(engine) as connection:
        assert connection.execute(select(leases)).all() == []


def test_sqlite_is_opened_for_safety(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize("url", ["mysql://x/y", "no url", "duckdb:///x"])
def test_another_database_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(InvalidInput, match="sqlite:///path or postgresql://"):
        open_engine(url)


def test_a_bad_url_does_not_show_its_password() -> None:
    with pytest.raises(InvalidInput) as refused:
        open_engine("postgresql:// user:hunter2@x:notaport/y")
    assert "hunter2" not in str(refused.value)


def test_a_busy_database_is_transient(engine: Engine, now: datetime) -> None:
    with transaction(engine) as holder, engine.connect() as waiting:
        put(holder, "a", now)
        if engine.dialect.name == "sqlite":
            waiting.connection.cursor().execute("PRAGMA busy_timeout = 0")
            waiting.execution_options(adtempo_writes=True)
        with pytest.raises(OperationalError) as met:
            waiting.execute(text("SET lock_timeout = '10ms'"))
            waiting.execute(text("LOCK TABLE leases"))
    assert is_transient(met.value)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A fresh database of PostgreSQL alone."""
    postgres = request.getfixturevalue("postgres")
    url = postgres.make()
    opened = open_engine(url)
    yield opened
    opened.dispose()
    postgres.drop(url)


@pytest.mark.parametrize(("code", "passes"), [("40001", True), ("40P01", True), ("08006", True), ("53100", False)])
def test_of_postgresqls_troubles_those_pass_that_come_of_others(server: Engine, code: str, passes: bool) -> None:
    with pytest.raises(OperationalError) as met, transaction(server) as connection:
        connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"))
    assert is_transient(met.value) is passes


def test_a_lost_connection_is_transient(server: Engine) -> None:
    with pytest.raises(OperationalError) as met, transaction(server) as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_transient(met.value)


def test_a_server_that_is_not_there_is_transient() -> None:
    with pytest.raises(OperationalError) as met, reading(open_engine("postgresql://nobody@127.0.0.1:1/none")):
        raise AssertionError
    assert is_transient(met.value)


def test_a_file_that_cannot_be_opened_is_not_transient(tmp_path: Path) -> None:
    with pytest.raises(OperationalError) as met, reading(open_engine(f"sqlite:///{tmp_path}/nowhere/adtempo.db")):
        raise AssertionError
    assert not is_transient(met.value)
    assert not is_transient(OperationalError("UPDATE", {}, Exception("of no database")))
