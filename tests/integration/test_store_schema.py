"""Migrations on both databases: up, down, adopted, refused, and started by several processes at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, inspect, text

from adtempo.domain.errors import Conflict
from adtempo.store.engine import metadata, open_engine, transaction
from adtempo.store.schema import BASE, check, downgrade, load_revision, newest_revision, stats, upgrade


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    engine = open_engine(empty_database_url)
    yield engine
    engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def revision(engine: Engine) -> str:
    with engine.connect() as connection:
        return load_revision(connection)


def test_up_makes_exactly_the_tables_and_down_removes_them(empty: Engine) -> None:
    assert revision(empty) == BASE
    assert upgrade(empty)
    assert not upgrade(empty)
    assert tables(empty) == set(metadata.tables)
    assert check(empty) == []
    assert revision(empty) == newest_revision()
    downgrade(empty, BASE)
    assert tables(empty) == set()
    assert revision(empty) == BASE
    assert upgrade(empty)
    assert check(empty) == []


def test_stats_counts_the_rows_of_every_table(empty: Engine) -> None:
    upgrade(empty)
    with transaction(empty) as connection:
        connection.execute(text("INSERT INTO leases (name, fence) VALUES ('a', 1)"))
    counted = stats(empty)
    assert counted.keys() == metadata.tables.keys()
    assert (counted["leases"], sum(counted.values())) == (1, 1)


def test_tables_made_by_hand_are_adopted_with_their_rows(empty: Engine) -> None:
    metadata.create_all(empty)
    with transaction(empty) as connection:
        connection.execute(text("INSERT INTO leases (name, fence) VALUES ('a', 1)"))
    assert upgrade(empty)
    assert check(empty) == []
    assert stats(empty)["leases"] == 1


def test_a_half_made_database_is_completed(empty: Engine) -> None:
    metadata.create_all(empty, tables=[metadata.tables["leases"], metadata.tables["accounts"]])
    with transaction(empty) as connection:
        connection.execute(text("CREATE TABLE somebody_elses (x INTEGER)"))
        connection.execute(text("DROP TABLE somebody_elses"))
    assert upgrade(empty)
    assert check(empty) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE TABLE leases (name TEXT PRIMARY KEY)", "leases"),
        ("CREATE TABLE accounts (x INTEGER)", "platform"),
        ("CREATE TABLE workspace_state (id INTEGER PRIMARY KEY, restored_at TIMESTAMP WITH TIME ZONE)", "one_row"),
    ],
)
def test_tables_that_do_not_fit_are_refused_and_nothing_changes(empty: Engine, statement: str, told: str) -> None:
    with transaction(empty) as connection:
        connection.execute(text(statement))
    before = tables(empty)
    with pytest.raises(Conflict, match=rf"(?s)do not fit.*{told}"):
        upgrade(empty)
    assert tables(empty) == before
    assert revision(empty) == BASE


def test_a_database_of_a_newer_version_is_refused(empty: Engine) -> None:
    upgrade(empty)
    with transaction(empty) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="revision 9999.*newer version"):
        upgrade(empty)


def test_going_back_to_no_known_revision_is_refused(empty: Engine) -> None:
    upgrade(empty)
    with pytest.raises(Conflict, match="cannot go back to revision 0815"):
        downgrade(empty, "0815")
    assert check(empty) == []


def test_check_tells_what_differs(empty: Engine) -> None:
    upgrade(empty)
    with transaction(empty) as connection:
        connection.execute(text("ALTER TABLE leases ADD COLUMN mood TEXT"))
        connection.execute(text("DROP TABLE watermarks"))
    told = " / ".join(check(empty))
    assert "mood" in told
    assert "watermarks" in told


def test_processes_that_start_at_once_all_live(empty: Engine, empty_database_url: str) -> None:
    program = (
        "import sys; from adtempo.store.engine import open_engine; from adtempo.store.schema import upgrade; "
        "print(upgrade(open_engine(sys.argv[1])))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, empty_database_url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    ends = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert [code for _, _, code in ends] == [0, 0, 0, 0], ends
    assert sorted(out.strip() for out, _, _ in ends) == ["False", "False", "False", "True"]
    assert check(empty) == []
