"""Removing files that nobody can need: replaced ones after a grace, and what dead writers left behind.

A writer's files carry its name. Whoever sweeps takes the writer's lease first, which only works when the writer is dead
or long silent, and which fences it off should it wake: it can no longer publish what is being removed.
"""

from __future__ import annotations

import re
import shutil
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adtempo.domain.errors import LeaseBusy
from adtempo.facts.ledger import STAGING, Ledger
from adtempo.facts.publish import work_lease
from adtempo.store import ledger as manifest
from adtempo.store.engine import reading, transaction
from adtempo.store.leases import release_leases, take_leases

GRACE = timedelta(hours=1)
"""How long a replaced file stays on disk for readers that opened it before."""

SWEEP_TTL = timedelta(minutes=10)
"""From when another sweeper may finish what a silent one began."""

_OWNER = re.compile(r"([0-9a-f]{32})-\d{4}\.parquet$")


def sweep_ledger(ledger: Ledger, *, now: datetime) -> int:
    """Remove files replaced before GRACE and dead writers' leftovers; return how many files and folders that were."""
    return _sweep_replaced(ledger, now - GRACE) + _sweep_orphans(ledger)


def _sweep_replaced(ledger: Ledger, before: datetime) -> int:
    with reading(ledger.engine) as connection:
        paths = manifest.load_superseded(connection, before)
    for path in paths:
        file = ledger.directory / path
        file.unlink(missing_ok=True)
        if file.parent.name.startswith("batch="):  # published, so that nobody writes there any more
            with suppress(OSError):
                file.parent.rmdir()
    if paths:
        with transaction(ledger.engine) as connection:
            manifest.delete_files(connection, paths)
    return len(paths)


def _sweep_orphans(ledger: Ledger) -> int:
    by_owner: dict[str, list[Path]] = {}
    for path in ledger.directory.glob("*/*.parquet"):
        if match := _OWNER.search(path.name):
            by_owner.setdefault(match[1], []).append(path)
    for folder in (ledger.directory / STAGING).glob("*"):
        by_owner.setdefault(folder.name, []).append(folder)
    with reading(ledger.engine) as connection:
        listed = manifest.load_known_paths(connection)
    return sum(
        _sweep_owner(ledger, owner, paths)
        for owner, paths in by_owner.items()
        if any(path.relative_to(ledger.directory).as_posix() not in listed for path in paths)
    )


def _sweep_owner(ledger: Ledger, owner: str, paths: list[Path]) -> int:
    try:
        taken = take_leases(
            ledger.engine, [work_lease(owner)], owner=f"sweep-{uuid.uuid4().hex}", now=datetime.now(UTC), ttl=SWEEP_TTL
        )
    except LeaseBusy:
        return 0
    try:
        with reading(ledger.engine) as connection:
            listed = manifest.load_known_paths(connection)
        orphans = [path for path in paths if path.relative_to(ledger.directory).as_posix() not in listed]
        for path in orphans:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    finally:
        release_leases(ledger.engine, taken)
    return len(orphans)
