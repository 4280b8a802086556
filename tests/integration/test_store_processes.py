"""Leases and the audit chain with real processes, some of them killed in the middle."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime

from sqlalchemy import Engine

from adtempo.store.audit import load_audit, verify_audit
from adtempo.store.engine import reading

WORKER = """
import sys, time
from datetime import UTC, datetime, timedelta
from adtempo.domain.errors import LeaseBusy, LeaseLost
from adtempo.store.audit import append_audit
from adtempo.store.engine import open_engine, transaction
from adtempo.store.leases import check_leases, release_leases, take_leases

url, owner, until = sys.argv[1], sys.argv[2], float(sys.argv[3])
engine = open_engine(url)
while time.time() < until:
    now = datetime.now(UTC)
    try:
        held = take_leases(engine, ["b", "a"], owner=f"{owner}-{now.timestamp()}", now=now, ttl=timedelta(seconds=0.3))
        for step in ("begun", "ended"):
            with transaction(engine) as connection:
                check_leases(connection, held)
                detail = {"fence": held[0].fence}
                append_audit(connection, at=now, actor=owner, action=f"work.{step}", subject="", detail=detail)
        release_leases(engine, held)
    except (LeaseBusy, LeaseLost):
        time.sleep(0.01)
"""


def test_killed_holders_never_let_two_work_at_once(engine: Engine, database_url: str) -> None:
    until = time.time() + 6

    def start(number: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WORKER, database_url, f"w{number}", str(until)])

    workers = [start(number) for number in range(3)]
    number = 3
    while time.time() < until - 2:
        time.sleep(0.7)
        workers[number % 3].kill()
        workers[number % 3].wait()
        workers[number % 3] = start(number)
        number += 1
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    with reading(engine) as connection:
        assert verify_audit(connection) == []
        entries = load_audit(connection)
    fences = [entry.detail["fence"] for entry in entries]
    assert fences == sorted(fences)
    assert len({(entry.detail["fence"], entry.action) for entry in entries}) == len(entries)
    assert any(entry.action == "work.ended" for entry in entries)
    assert datetime.now(UTC) > entries[-1].at
