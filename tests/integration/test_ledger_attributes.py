"""Names, statuses and budgets of an import that was taken back hold no longer."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.facts.ledger import Ledger
from adtempo.facts.undo import undo_import
from adtempo.store.attributes import load_attributes
from adtempo.store.engine import reading

HEADER = "platform,account_id,account_timezone,currency,campaign_id,campaign_name,grain,slot_start,spend,observed_at"


@pytest.fixture
def ledger(tmp_path: Path, engine: Engine) -> Ledger:
    """An empty ledger."""
    return Ledger(tmp_path / "ledger", engine)


def take_in(ledger: Ledger, folder: Path, now: datetime, day: int, name: str) -> int:
    """Import one row of one day that calls the campaign so, observed and imported on the evening of that day."""
    seen = now + timedelta(days=day)
    path = folder / f"{day}-{name}.csv"
    path.write_text(f"{HEADER}\nmeta,1,UTC,EUR,c,{name},day,{seen.date()},1.00,{seen.isoformat()}\n")
    batch = import_facts(ledger, path, ImportOptions(), actor="me", now=seen).batch
    assert batch is not None
    return batch


def names(ledger: Ledger, now: datetime, batch: int | None = None) -> list[str | None]:
    """Return what the campaign was called on each of five evenings."""
    with reading(ledger.engine) as connection:
        moments = [now + timedelta(days=day) for day in range(5)]
        found = [load_attributes(connection, at=at, batch=batch).get(("meta", "1", "c", "c"), {}) for at in moments]
    return [attributes.get("name") for attributes in found]


def test_a_name_from_an_undone_import_gives_way_to_the_one_before(
    ledger: Ledger, tmp_path: Path, now: datetime
) -> None:
    take_in(ledger, tmp_path, now, 0, "old")
    taken = take_in(ledger, tmp_path, now, 2, "wrong")
    assert names(ledger, now) == ["old", "old", "wrong", "wrong", "wrong"]
    undo_import(ledger, taken, actor="me", now=now + timedelta(days=4))
    assert names(ledger, now) == ["old"] * 5
    assert names(ledger, now, batch=taken) == ["old", "old", "wrong", "wrong", "wrong"]
    take_in(ledger, tmp_path, now, 3, "new")
    assert names(ledger, now) == ["old", "old", "old", "new", "new"]


def test_a_name_that_others_have_seen_since_holds_from_then_on(ledger: Ledger, tmp_path: Path, now: datetime) -> None:
    taken = take_in(ledger, tmp_path, now, 1, "new")
    take_in(ledger, tmp_path, now, 3, "new")
    assert names(ledger, now) == [None, "new", "new", "new", "new"]
    undo_import(ledger, taken, actor="me", now=now + timedelta(days=4))
    assert names(ledger, now) == [None, None, None, "new", "new"]
