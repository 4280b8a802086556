"""How long it takes from a person's approval to the platform's answer, and from a proposal to its row.

On the sandbox, with a database on disk that waits for every commit. Run with ``make bench`` or ``python
benchmarks/bench_changes.py``; a few seconds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import roads
from adtempo.changes.propose import propose_changes
from adtempo.changes.run import approve_and_apply
from adtempo.domain.changes import State
from adtempo.workspace import open_workspace

COUNT = 200
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def main() -> None:
    """Propose and approve one change of each of many campaigns, and print the times."""
    policy = roads.policy(auto_approve_up_to_micros=0, account_daily_max_micros=10**12)
    with tempfile.TemporaryDirectory() as folder, open_workspace(folder, now=NOW) as workspace:
        roads.furnish(workspace, count=COUNT)
        began = time.perf_counter()
        wishes = [roads.proposal(NOW, number, policy=policy) for number in range(1, COUNT + 1)]
        changes = propose_changes(workspace, wishes, actor="bench")
        proposed = time.perf_counter() - began
        seconds = []
        for change in changes:
            began = time.perf_counter()
            done = approve_and_apply(workspace, change.id, approver=roads.ANN)
            seconds.append(time.perf_counter() - began)
            assert done.state is State.APPLIED
    print(f"{COUNT} proposals of one account recorded in {proposed:.2f} s")
    print(f"approval to the platform's answer, read back: median {statistics.median(seconds) * 1000:.0f} ms, ", end="")
    print(f"slowest of {COUNT} {max(seconds) * 1000:.0f} ms (goal: under 2 s)")


if __name__ == "__main__":
    main()
