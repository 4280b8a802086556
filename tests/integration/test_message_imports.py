"""Captions and messages come in through their files: whole, once, exactly, and undoably."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adtempo.domain.errors import BadRows, Conflict, NotFound
from adtempo.facts.message_imports import import_captions, import_messages
from adtempo.facts.undo import undo_import
from adtempo.store.engine import reading, transaction
from adtempo.store.messages import (
    SentMessage,
    load_captions,
    load_messages,
    load_page,
    register_pages,
)
from adtempo.workspace import Workspace
from page_files import CAPTIONS, MESSAGES, write


@pytest.fixture
def banked(workspace: Workspace, tmp_path: Path, now: datetime) -> Workspace:
    import_captions(workspace.ledger, write(tmp_path / "captions.csv", CAPTIONS), actor="ann", now=now)
    return workspace


def sent(workspace: Workspace, as_of: datetime | None = None) -> list[SentMessage]:
    with reading(workspace.engine) as connection:
        return load_messages(connection, "ava", as_of=as_of or workspace.now())


def test_captions_are_kept_exactly_as_they_stand(banked: Workspace) -> None:
    with reading(banked.engine) as connection:
        bank = {one.caption_id: one for one in load_captions(connection)}
        only = load_captions(connection, ids=["p2"])
    assert bank["p1"].caption_text == 'Hello, "you"\nsecond line 🎉'
    assert (bank["p2"].caption_text, bank["p2"].page_name, bank["p1"].page_name) == ("=SUM(1)", "ava", None)
    assert [bank[name].has_urgency for name in ("p1", "p2", "f1")] == [True, False, False]
    assert [one.caption_id for one in only] == ["p2"]


def test_messages_come_in_once_and_register_their_page(banked: Workspace, tmp_path: Path, now: datetime) -> None:
    path = write(tmp_path / "messages.csv", MESSAGES)
    first = import_messages(banked.ledger, path, actor="ann", now=now)
    again = import_messages(banked.ledger, path, actor="ann", now=now + timedelta(days=1))
    assert (first.posted, again.posted, again.unchanged) == (2, 0, 2)
    paid, free = sent(banked)
    assert paid.sent_at == datetime(2026, 3, 1, 19, tzinfo=UTC)
    assert free.sent_at == datetime(2026, 3, 1, 20, tzinfo=UTC)  # no offset: the page's own time
    assert (paid.price_micros, paid.purchases, paid.revenue_micros) == (14_990_000, 10, 149_900_000)
    with reading(banked.engine) as connection:
        assert load_page(connection, "ava").timezone == "Europe/Berlin"


def test_a_later_report_corrects_and_the_earlier_can_still_be_asked_for(
    banked: Workspace, tmp_path: Path, now: datetime
) -> None:
    early, late = now - timedelta(days=2), now - timedelta(hours=1)
    import_messages(banked.ledger, write(tmp_path / "m1.csv", MESSAGES), actor="ann", now=early)
    grown = MESSAGES.replace("10,149.90", "12,179.88")
    result = import_messages(banked.ledger, write(tmp_path / "m2.csv", grown), actor="ann", now=late)
    assert (result.posted, result.restated, result.unchanged) == (1, 1, 1)
    assert sent(banked)[0].purchases == 12
    assert sent(banked, early)[0].purchases == 10
    import_messages(banked.ledger, tmp_path / "m1.csv", actor="ann", now=now)
    assert sent(banked)[0].purchases == 12, "an old file that comes again is no news"
    assert result.batch is not None
    undo_import(banked.ledger, result.batch, actor="ann", now=now)
    assert sent(banked)[0].purchases == 10


def test_an_import_of_captions_can_be_undone(banked: Workspace, now: datetime) -> None:
    undo_import(banked.ledger, 1, actor="ann", now=now)
    with reading(banked.engine) as connection:
        assert load_captions(connection) == []


def test_a_dry_run_of_messages_keeps_nothing(banked: Workspace, tmp_path: Path, now: datetime) -> None:
    path = write(tmp_path / "messages.csv", MESSAGES)
    assert import_messages(banked.ledger, path, actor="ann", now=now, dry_run=True).posted == 2
    with reading(banked.engine) as connection, pytest.raises(NotFound, match="import its messages first"):
        load_page(connection, "ava")


@pytest.mark.parametrize(
    ("was", "instead", "column", "said"),
    [
        ("14.99", "-1.00", "price", "is not an amount of 0 or more"),
        ("ava,Europe/Berlin", "ava,", "page_timezone", "is missing"),
        ("ava,Europe/Berlin", "ava,Atlantis", "page_timezone", "is not a time zone"),
        ("p1", "p9", "caption_id", "'p9' is not in the bank; first: adtempo import captions FILE"),
        ("PPV", "Story", "message_type", "'Story' is none of PPV, Bump"),
        ("600", "6e2", "views", "is not a count of 0 or more"),
        ("149.90", "", "revenue", "is missing"),
        ("2026-03-01T20:00:00+01:00", "2026-03-29T02:30", "sent_at", "the clock skipped it"),
    ],
)
def test_a_bad_message_is_named_by_file_row_and_column(
    banked: Workspace, tmp_path: Path, now: datetime, was: str, instead: str, column: str, said: str
) -> None:
    path = write(tmp_path / "messages.csv", MESSAGES.replace(was, instead, 1))
    with pytest.raises(BadRows, match=re.escape(said)) as found:
        import_messages(banked.ledger, path, actor="ann", now=now)
    problem = found.value.problems[0]
    assert (problem.file, problem.row, problem.column) == (str(path), 2, column)
    with reading(banked.engine) as connection, pytest.raises(NotFound):
        load_page(connection, "ava")


@pytest.mark.parametrize(
    ("was", "instead", "column"),
    [("Mid", "Luxury", "price_tier"), ("true", "maybe", "has_urgency"), ("f1,Just a look", "f1,", "caption_text")],
)
def test_a_bad_caption_is_named_by_its_column(
    workspace: Workspace, tmp_path: Path, now: datetime, was: str, instead: str, column: str
) -> None:
    with pytest.raises(BadRows) as found:
        path = write(tmp_path / "captions.csv", CAPTIONS.replace(was, instead, 1))
        import_captions(workspace.ledger, path, actor="ann", now=now)
    assert found.value.problems[0].column == column


def test_a_page_keeps_its_time_zone(banked: Workspace, tmp_path: Path, now: datetime) -> None:
    import_messages(banked.ledger, write(tmp_path / "messages.csv", MESSAGES), actor="ann", now=now)
    moved = write(tmp_path / "moved.csv", MESSAGES.replace("Europe/Berlin", "UTC"))
    with pytest.raises(BadRows, match="page ava is in Europe/Berlin, not UTC"):
        import_messages(banked.ledger, moved, actor="ann", now=now)
    with transaction(banked.engine) as connection, pytest.raises(Conflict, match="keeps its time zone"):
        register_pages(connection, {"ava": "UTC"}, at=now)


def test_good_rows_are_not_dropped_with_bad_ones(banked: Workspace, tmp_path: Path, now: datetime) -> None:
    path = write(tmp_path / "messages.csv", MESSAGES.replace("14.99", "-1", 1))
    rejects = tmp_path / "rejects.csv"
    result = import_messages(banked.ledger, path, actor="ann", now=now, skip_bad=rejects)
    assert (result.posted, result.rejected) == (1, 1)
    assert "-1" in rejects.read_text()
