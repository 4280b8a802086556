"""Processes killed at every boundary, before a platform that misbehaves, recovered by processes that are killed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

import judge
import roads
from adtempo.changes.propose import propose_changes
from adtempo.store.audit import verify_audit
from adtempo.store.engine import reading
from adtempo.workspace import Workspace
from connectors import CONNECTORS, TESTS, standing_in
from market_client import HttpWriter
from market_server import FAULTS

COUNT = 120
STAGES = 10
BETWEEN = timedelta(minutes=3)
"""Longer than a lease: what a killed process held is free at the next stage."""
RECOVERY_KILLS = 8


class Workers:
    """The processes that work on a market."""

    def __init__(self, task: dict[str, Any], zygote: subprocess.Popen[str]) -> None:
        self._task = task
        self._zygote = zygote
        assert zygote.stdout is not None
        assert zygote.stdout.readline() == "ready\n"

    def run(self, now: datetime, change: int | None = None, kill_at: int = 0) -> dict[str, Any]:
        """Work on one change, or recover all; die at a boundary if told."""
        task = {**self._task, "now": now.isoformat(), "change": change, "kill_at": kill_at}
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(task) + "\n")
        self._zygote.stdin.flush()
        done: dict[str, Any] = json.loads(self._zygote.stdout.readline())
        assert not done["failed"]
        return done


@contextmanager
def started(connector: str, url: str, port: int) -> Iterator[Workers]:
    """Start the worker, and end it."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": TESTS}
    with subprocess.Popen([sys.executable, "road_process.py"], **pipes) as zygote:
        try:
            yield Workers({"connector": connector, "url": url, "port": port}, zygote)
        finally:
            zygote.kill()


def list_cases(undisturbed: dict[str, Any]) -> list[tuple[int, str]]:
    """Return (boundary to die at, fault of the platform): 0 is no death.

    Covering: before the call no fault can be met, so one stands for all; from the call on each boundary meets each.
    """
    wrote_at, last = undisturbed["wrote_at"], undisturbed["crossed"]
    before = [(boundary, "none") for boundary in range(1, wrote_at)]
    return before + [(boundary, fault) for boundary in (0, *range(wrote_at, last + 1)) for fault in FAULTS]


@pytest.mark.parametrize("connector", CONNECTORS)
def test_no_kill_and_no_fault_breaks_the_promise(workspace: Workspace, database_url: str, connector: str) -> None:
    now = workspace.now()
    roads.furnish(workspace, count=COUNT)
    policy = roads.policy(account_daily_max_micros=10**12)
    proposals = [roads.proposal(now, number, policy=policy) for number in range(1, COUNT + 1)]
    first = propose_changes(workspace, proposals[:1], actor="test")[0]
    with (
        standing_in(connector, workspace.home / "sandbox") as port,
        started(connector, database_url, port) as workers,
    ):
        market = HttpWriter(port)
        cases = list_cases(workers.run(now, first.id))
        changes = propose_changes(workspace, proposals[1 : len(cases) + 1], actor="test")
        killed = 0
        for (kill_at, fault), change in zip(cases, changes, strict=True):
            market.break_next(fault)
            killed += workers.run(now, change.id, kill_at)["killed"]
        assert killed > len(cases) // 2  # a fault that ends the matter early leaves fewer boundaries to die at
        for stage in range(1, STAGES + 1):
            later = now + stage * BETWEEN
            for kill_at in range(stage, RECOVERY_KILLS * 7, 7) if stage <= STAGES // 2 else ():
                workers.run(later, kill_at=kill_at)
            workers.run(later)
            if stage == 1:
                market.release()  # late, and well within the quarantine
        for subject, one in judge.read_trail(workspace.engine).items():
            if one.steps[-1] == "approved":  # killed before it wrote anything down: still to be sent
                workers.run(later, int(subject.removeprefix("change ")))
    told = judge.read_trail(workspace.engine)
    assert judge.judge(told, judge.read_edits(workspace.home / "sandbox")) == []
    outcomes = Counter(one.steps[-1] for one in told.values())
    assert outcomes["applied"] > outcomes["not_applied"] > 0
    assert outcomes["refused"] > 0
    with reading(workspace.engine) as connection:
        assert verify_audit(connection) == []
