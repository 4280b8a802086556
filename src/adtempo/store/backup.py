"""Backup and restore: every table as JSON lines, with exactly the ledger files that the same snapshot lists.

The format is the same for both databases, so a backup of one restores into the other. Open sessions and one-time tokens
stay behind: whoever restores signs in again. Vintages of facts cannot be fetched twice, so each file is checked against
the manifest when it is copied and again when it comes back.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Connection, Date, Engine, LargeBinary, Table, column, func, select, table, text
from sqlalchemy.types import NullType, TypeEngine

from adtempo.domain.errors import Conflict, InvalidInput, NotFound
from adtempo.store.audit import append_audit
from adtempo.store.durable import digest_of, sync_folder
from adtempo.store.engine import UtcTime, metadata, reading, transaction
from adtempo.store.ledger import ledger_files
from adtempo.store.people import sessions, sign_in_tokens
from adtempo.store.schema import downgrade, load_revision, newest_revision, upgrade
from adtempo.store.state import mark_restored

FORMAT = 1
"""Version of the folder's layout: manifest.json, tables/*.jsonl, ledger/**."""

LEFT_BEHIND = (sessions, sign_in_tokens)
"""Tables that are not backed up: open doors."""

_TYPES: Mapping[str, Callable[[], TypeEngine[Any]]] = {
    "moment": UtcTime,
    "day": Date,
    "json": lambda: JSON(none_as_null=True),
    "bytes": LargeBinary,
    "plain": NullType,
}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "moment": datetime.fromisoformat,
    "day": date.fromisoformat,
    "bytes": bytes.fromhex,
}
_CHUNK = 5000


@dataclass(frozen=True, slots=True)
class SavedTable:
    """One table in a backup: its columns with what they hold (moment, day, json, bytes or plain), and its checksum."""

    name: str
    columns: dict[str, str]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SavedFile:
    """One ledger file in a backup; `path` is relative to the ledger's folder."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        format: Version of the folder's layout.
        revision: Of the schema that the tables have.
        made_at: When the snapshot was taken.
        tables: In the order in which they can be filled.
        files: The ledger files that the snapshot lists.
    """

    format: int
    revision: str
    made_at: datetime
    tables: tuple[SavedTable, ...]
    files: tuple[SavedFile, ...]


def back_up(engine: Engine, ledger_dir: Path, target: Path, *, at: datetime) -> Backup:
    """Write a backup into a new folder, while everything else goes on working.

    The folder appears complete or not at all.

    Raises:
        Conflict: The folder exists already, or a ledger file is missing or damaged.
    """
    if target.exists():
        raise Conflict(f"{target} exists already; choose a new folder")
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "tables").mkdir(mode=0o700, parents=True)
    try:
        with reading(engine) as connection:
            # Files first: the longer they wait, the nearer the sweep of those that are superseded meanwhile.
            files = tuple(_save_file(row, ledger_dir, partial / "ledger") for row in _live_files(connection))
            tables = tuple(
                _save_table(connection, each, partial / "tables")
                for each in metadata.sorted_tables
                if each not in LEFT_BEHIND
            )
            backup = Backup(FORMAT, load_revision(connection), at.astimezone(UTC), tables, files)
        manifest = {**asdict(backup), "made_at": backup.made_at.isoformat()}
        _write_durably(partial / "manifest.json", json.dumps(manifest, indent=1).encode())
        _sync_folders(partial)
        partial.rename(target)
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return backup


def restore(engine: Engine, ledger_dir: Path, source: Path, *, at: datetime, actor: str) -> Backup:
    """Fill an empty workspace from a backup; sending stays off until what it believes has been reconciled.

    Raises:
        NotFound: The folder holds no backup.
        InvalidInput: The backup is damaged, or newer than this version of the program.
        Conflict: The workspace is not empty.
    """
    backup = read_backup(source)
    _check_whole(backup, source)
    upgrade(engine)
    _check_empty(engine, ledger_dir)
    if backup.revision != newest_revision():
        downgrade(engine, backup.revision)
    ledger_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        for file in backup.files:
            _copy_durably(source / "ledger" / file.path, ledger_dir / file.path)
        _sync_folders(ledger_dir)
        with transaction(engine) as connection:
            _defer_foreign_keys(connection)
            for saved in backup.tables:
                _fill_table(connection, saved, source / "tables" / f"{saved.name}.jsonl")
        upgrade(engine)
        with transaction(engine) as connection:
            _reset_sequences(connection)
            mark_restored(connection, at)
            detail = {"made_at": backup.made_at.isoformat(), "files": len(backup.files)}
            append_audit(connection, at=at, actor=actor, action="workspace.restored", subject="", detail=detail)
    except BaseException:
        for file in backup.files:
            (ledger_dir / file.path).unlink(missing_ok=True)
        raise
    return backup


def read_backup(source: Path) -> Backup:
    """Return what a backup says that it holds.

    Raises:
        NotFound: The folder holds no backup.
        InvalidInput: It is not one that this version of the program can read.
    """
    try:
        said = json.loads((source / "manifest.json").read_bytes())
        backup = Backup(
            format=said["format"],
            revision=said["revision"],
            made_at=datetime.fromisoformat(said["made_at"]),
            tables=tuple(SavedTable(**saved) for saved in said["tables"]),
            files=tuple(SavedFile(**saved) for saved in said["files"]),
        )
    except FileNotFoundError:
        raise NotFound(f"{source} holds no backup: there is no manifest.json in it") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"{source / 'manifest.json'} is damaged ({error}); take another backup") from error
    if backup.format != FORMAT or backup.revision > newest_revision():
        raise InvalidInput(f"{source} was made by a newer version of adtempo; restore it with that version")
    return backup


def _live_files(connection: Connection) -> Iterator[SavedFile]:
    query = select(ledger_files.c.path, ledger_files.c.bytes, ledger_files.c.sha256)
    for row in connection.execute(query.where(ledger_files.c.superseded_at.is_(None)).order_by(ledger_files.c.path)):
        yield SavedFile(*row)


def _save_file(file: SavedFile, ledger_dir: Path, target: Path) -> SavedFile:
    try:
        digest = _copy_durably(ledger_dir / file.path, target / file.path)
    except FileNotFoundError:
        raise Conflict(f"ledger file {file.path} is missing; `adtempo facts files` shows what there is") from None
    if digest != file.sha256:
        raise Conflict(f"ledger file {file.path} is damaged: its checksum is not the manifest's; nothing was backed up")
    return file


def _save_table(connection: Connection, each: Table, target: Path) -> SavedTable:
    query = select(each).order_by(*each.primary_key)
    if each is ledger_files:
        query = query.where(ledger_files.c.superseded_at.is_(None))
    digest, count = hashlib.sha256(), 0
    with (target / f"{each.name}.jsonl").open("wb") as file:
        for row in connection.execute(query, execution_options={"yield_per": _CHUNK}):
            line = json.dumps([_plain(value) for value in row]).encode()
            file.write(line + b"\n")
            digest.update(line + b"\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return SavedTable(each.name, {named.name: _kind(named) for named in each.columns}, count, digest.hexdigest())


def _kind(each: Column[Any]) -> str:
    kinds = {UtcTime: "moment", Date: "day", JSON: "json", LargeBinary: "bytes"}
    return next((kind for known, kind in kinds.items() if isinstance(each.type, known)), "plain")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, date) else value


def _check_whole(backup: Backup, source: Path) -> None:
    expected = {source / "tables" / f"{saved.name}.jsonl": saved.sha256 for saved in backup.tables}
    expected |= {source / "ledger" / saved.path: saved.sha256 for saved in backup.files}
    for path, sha256 in expected.items():
        if source.resolve() not in path.resolve().parents:
            raise InvalidInput(f"the backup names a file outside its own folder: {path}; take another backup")
        if not path.is_file() or digest_of(path) != sha256:
            raise InvalidInput(f"{path} is missing or damaged; nothing was restored: take another backup")


def _check_empty(engine: Engine, ledger_dir: Path) -> None:
    if ledger_dir.exists() and any(path.is_file() for path in ledger_dir.rglob("*")):
        raise Conflict(f"the ledger in {ledger_dir} is not empty; restore into a new home")
    with reading(engine) as connection:
        for each in metadata.sorted_tables:
            if each not in LEFT_BEHIND and connection.execute(select(1).select_from(each).limit(1)).first():
                raise Conflict(f"the database is not empty (table {each.name}); restore into a new one")


def _fill_table(connection: Connection, saved: SavedTable, path: Path) -> None:
    shape = table(saved.name, *(column(name, _TYPES[kind]()) for name, kind in saved.columns.items()))
    readers = [_READERS.get(kind) for kind in saved.columns.values()]
    with path.open("rb") as lines:
        while chunk := list(islice(lines, _CHUNK)):
            rows = [
                {
                    name: read(value) if read and value is not None else value
                    for name, read, value in zip(saved.columns, readers, json.loads(line), strict=True)
                }
                for line in chunk
            ]
            connection.execute(shape.insert(), rows)


def _defer_foreign_keys(connection: Connection) -> None:
    """Let rows refer to later rows of the same table until the commit."""
    postgresql = connection.dialect.name == "postgresql"
    connection.execute(text("SET CONSTRAINTS ALL DEFERRED" if postgresql else "PRAGMA defer_foreign_keys = ON"))


def _reset_sequences(connection: Connection) -> None:
    """Let PostgreSQL count on from the highest restored number; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for each in metadata.sorted_tables:
        number = each.autoincrement_column
        sequence = number is not None and connection.scalar(select(func.pg_get_serial_sequence(each.name, number.name)))
        if number is not None and sequence:
            connection.execute(select(func.setval(sequence, func.max(number))).select_from(each))


def _copy_durably(source: Path, target: Path) -> str:
    """Copy a file, force it to disk, and return its SHA-256."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as original, target.open("wb") as copy:
        while block := original.read(1 << 20):
            digest.update(block)
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folders(root: Path) -> None:
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        sync_folder(folder)
