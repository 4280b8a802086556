"""Backup and restore between both databases: everything comes back, damage is refused, sending stays off."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.errors import Conflict, InvalidInput, NotFound
from adtempo.store.accounts import change_campaign, register_accounts, register_campaigns
from adtempo.store.attributes import Attribute, record_attributes
from adtempo.store.audit import append_audit, load_audit, verify_audit
from adtempo.store.backup import LEFT_BEHIND, back_up, read_backup, restore
from adtempo.store.engine import metadata, open_engine, reading, transaction
from adtempo.store.idempotency import idempotent_requests
from adtempo.store.jobs import insert_slots
from adtempo.store.ledger import Batch, LedgerFile, insert_batch, insert_files, mark_undone, supersede_files
from adtempo.store.people import sessions
from adtempo.store.schema import upgrade
from adtempo.store.state import load_restored_at, mark_reconciled


def listed(folder: Path, path: str, content: bytes, now: datetime) -> LedgerFile:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    day = date(2026, 3, 4)
    return LedgerFile(path, "batch", 1, 1, 1, 1, len(content), digest, day, day, "c", "c", now, now)


@pytest.fixture
def ledger_dir(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def filled(engine: Engine, ledger_dir: Path, now: datetime) -> Engine:
    batch = Batch(1, "file", "x.csv", None, "ann", now, now, 1, 1, 0, 0, 0, ["meta:1"])
    with transaction(engine) as connection:
        register_accounts(connection, [Account(AccountRef("meta", "1"), "UTC", "EUR", name="é")], at=now)
        ref = CampaignRef("meta", "1", "c")
        register_campaigns(connection, {ref: now})
        change_campaign(connection, ref, target_roas=2.1)
        record_attributes(connection, [Attribute("meta", "1", "campaign", "c", "c", "name", "C", now, now)], batch=1)
        insert_batch(connection, batch)
        insert_batch(connection, replace(batch, batch=2, kind="undo"))
        mark_undone(connection, 1, 2)
        insert_files(
            connection,
            [
                listed(ledger_dir, "batch=1/a.parquet", b"one" * 999, now),
                listed(ledger_dir, "old.parquet", b"old", now),
            ],
        )
        supersede_files(connection, ["old.parquet"], now)
        insert_slots(connection, "sync", [now])
        connection.execute(
            idempotent_requests.insert().values(
                name="a" * 64, digest="b" * 64, begun_at=now, status=200, media_type="x", body=b"\x00\xff"
            )
        )
        append_audit(connection, at=now, actor="ann", action="x.done", subject="", detail={"n": 1})
    (ledger_dir / "orphan.parquet").write_bytes(b"nobody lists me")
    return engine


@pytest.fixture
def target(empty_database_url: str) -> Iterator[Engine]:
    """An empty database, on its own folder; with `filled`, all four pairs of databases are tried."""
    url = empty_database_url.replace("adtempo.db", "target.db")
    engine = open_engine(url)
    yield engine
    engine.dispose()


def content(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with reading(engine) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
            if table not in LEFT_BEHIND
        }


def test_everything_comes_back_on_either_database(
    filled: Engine, target: Engine, ledger_dir: Path, tmp_path: Path, now: datetime
) -> None:
    made = back_up(filled, ledger_dir, tmp_path / "backup", at=now)
    assert [file.path for file in made.files] == ["batch=1/a.parquet"]
    assert read_backup(tmp_path / "backup") == made
    restored = restore(target, tmp_path / "new", tmp_path / "backup", at=now, actor="bob")
    assert restored == made
    assert [path.name for path in (tmp_path / "new").rglob("*") if path.is_file()] == ["a.parquet"]
    before, after = content(filled), content(target)
    for changed in ("audit_log", "workspace_state", "ledger_files"):
        before.pop(changed)
        after.pop(changed)
    assert after == before
    with transaction(target) as connection:
        assert load_restored_at(connection) == now
        assert [(entry.actor, entry.action) for entry in load_audit(connection)] == [
            ("ann", "x.done"),
            ("bob", "workspace.restored"),
        ]
        assert verify_audit(connection) == []
        attribute = Attribute("meta", "1", "campaign", "c", "c", "name", "D", now, now)
        assert record_attributes(connection, [attribute], batch=3) == 1
        mark_reconciled(connection)
        assert load_restored_at(connection) is None


def test_open_sessions_stay_behind(filled: Engine, ledger_dir: Path, tmp_path: Path, now: datetime) -> None:
    back_up(filled, ledger_dir, tmp_path / "backup", at=now)
    assert not (tmp_path / "backup" / "tables" / f"{sessions.name}.jsonl").exists()


def test_a_backup_never_overwrites_and_a_failed_one_leaves_nothing(
    filled: Engine, ledger_dir: Path, tmp_path: Path, now: datetime
) -> None:
    (tmp_path / "backup").mkdir()
    with pytest.raises(Conflict, match="exists already"):
        back_up(filled, ledger_dir, tmp_path / "backup", at=now)
    (ledger_dir / "batch=1/a.parquet").write_bytes(b"rotten")
    with pytest.raises(Conflict, match="a.parquet is damaged"):
        back_up(filled, ledger_dir, tmp_path / "second", at=now)
    (ledger_dir / "batch=1/a.parquet").unlink()
    with pytest.raises(Conflict, match="a.parquet is missing"):
        back_up(filled, ledger_dir, tmp_path / "second", at=now)
    assert not list(tmp_path.glob("second*"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda backup: (backup / "ledger/batch=1/a.parquet").write_bytes(b"rotten"),
        lambda backup: (backup / "ledger/batch=1/a.parquet").unlink(),
        lambda backup: (backup / "tables/accounts.jsonl").write_text(""),
        lambda backup: (backup / "manifest.json").write_text("{"),
        lambda backup: (backup / "manifest.json").write_text("[]"),
        lambda backup: edit(backup, format=99),
        lambda backup: edit(backup, revision="9999"),
        lambda backup: edit(backup, files=[{"path": "../../etc/passwd", "bytes": 1, "sha256": ""}]),
    ],
)
def test_a_damaged_backup_restores_nothing(tmp_path: Path, now: datetime, damage: Callable[[Path], object]) -> None:
    engine, target = (open_engine(f"sqlite:///{tmp_path / name}.db") for name in ("source", "target"))
    upgrade(engine)
    with transaction(engine) as connection:
        register_accounts(connection, [Account(AccountRef("meta", "1"), "UTC", "EUR")], at=now)
        insert_files(connection, [listed(tmp_path / "ledger", "batch=1/a.parquet", b"one", now)])
    back_up(engine, tmp_path / "ledger", tmp_path / "backup", at=now)
    damage(tmp_path / "backup")
    with pytest.raises(InvalidInput):
        restore(target, tmp_path / "new", tmp_path / "backup", at=now, actor="bob")
    upgrade(target)
    assert not any(content(target).values())
    assert not (tmp_path / "new").exists()


def edit(backup: Path, **changes: object) -> None:
    manifest = json.loads((backup / "manifest.json").read_text())
    (backup / "manifest.json").write_text(json.dumps({**manifest, **changes}))


def test_only_an_empty_workspace_is_filled(filled: Engine, ledger_dir: Path, tmp_path: Path, now: datetime) -> None:
    back_up(filled, ledger_dir, tmp_path / "backup", at=now)
    with pytest.raises(Conflict, match="database is not empty"):
        restore(filled, tmp_path / "new", tmp_path / "backup", at=now, actor="bob")
    fresh = open_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    with pytest.raises(Conflict, match="ledger in .* is not empty"):
        restore(fresh, ledger_dir, tmp_path / "backup", at=now, actor="bob")
    with pytest.raises(NotFound, match="holds no backup"):
        restore(fresh, tmp_path / "new", tmp_path / "nothing", at=now, actor="bob")


def test_a_restore_that_fails_half_way_leaves_no_rows_and_no_files(tmp_path: Path, now: datetime) -> None:
    engine, target = (open_engine(f"sqlite:///{tmp_path / name}.db") for name in ("source", "target"))
    upgrade(engine)
    with transaction(engine) as connection:
        register_accounts(connection, [Account(AccountRef("meta", "1"), "UTC", "EUR")], at=now)
        insert_files(connection, [listed(tmp_path / "ledger", "batch=1/a.parquet", b"one", now)])
    backup = tmp_path / "backup"
    back_up(engine, tmp_path / "ledger", backup, at=now)
    rows = backup / "tables/accounts.jsonl"
    rows.write_text(rows.read_text().replace("EUR", "eur"))
    manifest = json.loads((backup / "manifest.json").read_text())
    for table in manifest["tables"]:
        if table["name"] == "accounts":
            table["sha256"] = hashlib.sha256(rows.read_bytes()).hexdigest()
    (backup / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Exception, match="currency_coded"):
        restore(target, tmp_path / "new", backup, at=now, actor="bob")
    assert not any(content(target).values())
    assert not [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    shutil.rmtree(tmp_path / "new")
