"""Conversions and rates come in through their files, once, undoably."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adtempo.domain.errors import BadRows, NotFound
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.facts.record_imports import import_conversions, import_rates
from adtempo.facts.undo import undo_import
from adtempo.store.audit import load_audit, verify_audit
from adtempo.store.conversions import load_conversions, load_rates
from adtempo.store.engine import reading
from adtempo.workspace import Workspace

FACTS = """\
platform,account_id,account_timezone,currency,campaign_id,grain,slot_start,impressions,clicks,spend,conversions
meta,a1,Europe/Berlin,EUR,c1,day,2026-02-10,1000,50,20.00,1
"""
CONVERSIONS = """conversion_id,campaign_id,click_time,conversion_time,value,currency
o1,c1,2026-02-10T10:00:00Z,2026-02-12T10:00:00Z,99.50,EUR
o2,c1,,2026-02-13T10:00:00Z,50,USD
"""


@pytest.fixture
def tracked(workspace: Workspace, tmp_path: Path, now: datetime) -> Workspace:
    facts = tmp_path / "facts.csv"
    facts.write_text(FACTS)
    import_facts(workspace.ledger, facts, ImportOptions(), actor="ann", now=now)
    return workspace


@pytest.fixture
def conversions(tmp_path: Path) -> Path:
    path = tmp_path / "conversions.csv"
    path.write_text(CONVERSIONS)
    return path


def stored(workspace: Workspace) -> dict[str, int]:
    with reading(workspace.engine) as connection:
        return {conversion.conversion_id: conversion.value_micros for conversion in load_conversions(connection)}


def test_conversions_come_in_once(tracked: Workspace, conversions: Path, now: datetime) -> None:
    first = import_conversions(tracked.ledger, conversions, actor="ann", now=now)
    again = import_conversions(tracked.ledger, conversions, actor="ann", now=now + timedelta(hours=1))
    assert (first.rows, first.posted, again.posted, again.unchanged) == (2, 2, 0, 2)
    assert stored(tracked) == {"o1": 99_500_000, "o2": 50_000_000}


def test_a_dry_run_keeps_nothing(tracked: Workspace, conversions: Path, now: datetime) -> None:
    result = import_conversions(tracked.ledger, conversions, actor="ann", now=now, dry_run=True)
    assert (result.batch, result.posted) == (None, 2)
    assert stored(tracked) == {}
    with reading(tracked.engine) as connection:
        assert [entry.action for entry in load_audit(connection) if entry.action == "facts.conversions"] == []


def test_conversions_can_be_undone_and_come_again(tracked: Workspace, conversions: Path, now: datetime) -> None:
    batch = import_conversions(tracked.ledger, conversions, actor="ann", now=now).batch
    assert batch is not None
    undo_import(tracked.ledger, batch, actor="ann", now=now)
    assert stored(tracked) == {}
    assert import_conversions(tracked.ledger, conversions, actor="ann", now=now).posted == 2
    assert stored(tracked) == {"o1": 99_500_000, "o2": 50_000_000}


def test_a_changed_value_is_a_restatement(tracked: Workspace, conversions: Path, now: datetime) -> None:
    import_conversions(tracked.ledger, conversions, actor="ann", now=now)
    conversions.write_text(CONVERSIONS.replace("99.50", "80"))
    result = import_conversions(tracked.ledger, conversions, actor="ann", now=now + timedelta(days=1))
    assert (result.posted, result.restated, result.unchanged) == (1, 1, 1)
    assert stored(tracked)["o1"] == 80_000_000


def test_an_unknown_campaign_is_named_with_the_cure(tracked: Workspace, conversions: Path, now: datetime) -> None:
    conversions.write_text(CONVERSIONS.replace(",c1,", ",c9,"))
    with pytest.raises(NotFound, match=r"conversions\.csv: .*'c9'.*import its facts first"):
        import_conversions(tracked.ledger, conversions, actor="ann", now=now)
    assert stored(tracked) == {}


def test_a_conversion_before_its_click_refuses_the_file(tracked: Workspace, conversions: Path, now: datetime) -> None:
    conversions.write_text(CONVERSIONS.replace("2026-02-10T10", "2026-02-20T10"))
    with pytest.raises(BadRows, match=":2:"):
        import_conversions(tracked.ledger, conversions, actor="ann", now=now)
    assert stored(tracked) == {}


def test_bad_conversions_can_be_left_out(tracked: Workspace, conversions: Path, tmp_path: Path, now: datetime) -> None:
    conversions.write_text(CONVERSIONS.replace("2026-02-10T10", "2026-02-20T10"))
    rejects = tmp_path / "rejects.csv"
    result = import_conversions(tracked.ledger, conversions, actor="ann", now=now, skip_bad=rejects)
    assert (result.rows, result.rejected) == (1, 1)
    assert stored(tracked) == {"o2": 50_000_000}
    assert "o1" in rejects.read_text()


def test_rates_come_in_and_every_import_leaves_its_trace(workspace: Workspace, tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("date,currency,base,rate\n2026-02-10,USD,EUR,1.08\n")
    result = import_rates(workspace.ledger, path, actor="ann", now=now)
    with reading(workspace.engine) as connection:
        (rate,) = load_rates(connection)
        assert (rate.date, rate.currency, rate.base, rate.rate) == (date(2026, 2, 10), "USD", "EUR", Decimal("1.08"))
        assert rate.observed_at == now.astimezone(UTC)
        assert verify_audit(connection) == []
        assert [entry.subject for entry in load_audit(connection) if entry.action == "facts.rates"] == [
            f"batch {result.batch}"
        ]


def test_a_missing_file_is_not_found(workspace: Workspace, tmp_path: Path, now: datetime) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        import_rates(workspace.ledger, tmp_path / "none.csv", actor="ann", now=now)
