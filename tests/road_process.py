"""Works on changes in processes that can be killed: each line on standard input is a task, done in a fork of its own.

A fork counts the boundaries it crosses (before and after every commit and every request) and kills itself at the one
that it was told. Python and the product are loaded once, so that a task costs milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import event

from adtempo.changes.apply import Road, apply_change
from adtempo.changes.recover import recover_changes
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.platforms.base import Writer
from adtempo.store.engine import open_engine
from connectors import CONNECTORS


@dataclass
class Boundaries:
    """Counts, and kills at the one that was asked for; 0 = never."""

    kill_at: int
    count: int = 0

    def cross(self, *_: object) -> None:
        self.count += 1
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


class Noting:
    """Passes every call on, and remembers at which boundary the first write began."""

    def __init__(self, writer: Writer, boundaries: Boundaries) -> None:
        self._writer = writer
        self._boundaries = boundaries
        self.wrote_at = 0

    def fetch_state(self, campaign: CampaignRef, now: datetime) -> CampaignState:
        return self._writer.fetch_state(campaign, now)

    def apply_budget(self, campaign: CampaignRef, budget_daily_micros: int, now: datetime) -> None:
        self._note()
        self._writer.apply_budget(campaign, budget_daily_micros, now)

    def apply_status(self, campaign: CampaignRef, status: Status, now: datetime) -> None:
        self._note()
        self._writer.apply_status(campaign, status, now)

    def _note(self) -> None:
        self.wrote_at = self.wrote_at or self._boundaries.count + 1


def work(task: dict[str, Any]) -> dict[str, int]:
    """Do one task and return how many boundaries it crossed, and at which one it wrote to the market."""
    boundaries = Boundaries(task["kill_at"])
    engine = open_engine(task["url"])
    event.listen(engine, "commit", boundaries.cross)
    event.listen(engine, "checkin", boundaries.cross)
    now = datetime.fromisoformat(task["now"])
    writer = Noting(CONNECTORS[task["connector"]].open(task["port"], boundaries.cross), boundaries)
    road = Road(
        engine, lambda _: (task["connector"], writer), lambda: now, lambda: now, f"worker {os.getpid()}", "worker"
    )
    if task["change"] is not None:
        apply_change(road, task["change"])
    else:
        recover_changes(road)
    engine.dispose()
    return {"crossed": boundaries.count, "wrote_at": writer.wrote_at}


def main() -> None:
    """Serve tasks until standard input ends; standard output is for what became of them."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    print("ready", flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, json.dumps(work(task)).encode())
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading) as said:
            report = said.read()
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        done = json.loads(report or "{}")
        print(json.dumps({"killed": killed, "failed": not killed and not done, **done}), flush=True)


if __name__ == "__main__":
    main()
