"""A process that runs slots, to be killed: `python runner_process.py DATABASE_URL SECONDS LEASE`.

Its one job takes a moment, then does its effect in the transaction that marks the run done.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import structlog

from adtempo.jobs.runner import CatchUp, Job, Turn, run_until
from adtempo.store.audit import append_audit
from adtempo.store.engine import open_engine, transaction
from adtempo.workspace import Workspace


def work(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    time.sleep(0.05)
    with transaction(workspace.engine) as connection:
        turn.finish(connection, {})
        append_audit(
            connection, at=turn.slot, actor=turn.actor, action="slot.done", subject=turn.slot.isoformat(), detail={}
        )
    return {}


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    url, seconds, lease = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    stop = threading.Event()
    threading.Timer(seconds, stop.set).start()
    jobs = (Job("effect", "", "Has an effect.", CatchUp.ALL, work, attempts_max=50),)
    workspace = cast("Workspace", SimpleNamespace(engine=open_engine(url)))
    print("ready", flush=True)
    run_until(workspace, jobs, stop, lease=timedelta(seconds=lease))
