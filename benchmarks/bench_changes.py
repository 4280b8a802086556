"""How long it takes from a person's approval to the platform's answer, and from a proposal to its row.

First many approvals of what nothing has moved since; then some in an account of 10,000 campaigns after newer facts have
come in, so that each is evaluated anew. On the sandbox, or on paper, with a database on disk that waits for every
commit. Run with ``make bench`` or ``python benchmarks/bench_changes.py [campaigns]``; about two minutes, mostly the
import.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench_budgets import CAMPAIGNS, NOW, write_facts

import roads
from adtempo.budgets.rules.fields import read_rule
from adtempo.budgets.run import BudgetAutoScaler
from adtempo.changes.propose import propose_changes
from adtempo.changes.run import approve_and_apply, load_changes
from adtempo.domain.changes import Change, State
from adtempo.domain.errors import ChangeMoved
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.jobs.deciding import evaluate_again
from adtempo.store.accounts import change_account, find_account
from adtempo.store.engine import transaction
from adtempo.workspace import Workspace, open_workspace

COUNT = 200
LATER = timedelta(minutes=65)
APPROVED = 10


def approve(workspace: Workspace, changes: Sequence[Change]) -> str:
    """Approve changes one by one, and say how long that took; what is not the same any more is not sent."""
    seconds, begun = [], time.process_time()
    for change in changes:
        began = time.perf_counter()
        with suppress(ChangeMoved):
            assert (
                approve_and_apply(workspace, change.id, approver=roads.ANN, again=evaluate_again(workspace)).sends == 1
            )
        seconds.append(time.perf_counter() - began)
    used = (time.process_time() - begun) / len(changes)
    return (
        f"median {statistics.median(seconds):.2f} s, slowest of {len(changes)} {max(seconds):.2f} s, "
        f"{used:.2f} s of CPU each (goal: under 2 s)"
    )


def bench_small(folder: Path) -> None:
    """Propose and approve one change of each of many campaigns."""
    policy = roads.policy(auto_approve_up_to_micros=0, account_daily_max_micros=10**12)
    with open_workspace(folder, now=NOW) as workspace:
        roads.furnish(workspace, count=COUNT)
        began = time.perf_counter()
        wishes = [roads.proposal(NOW, number, policy=policy) for number in range(1, COUNT + 1)]
        changes = propose_changes(workspace, wishes, actor="bench")
        print(f"{COUNT} proposals of one account recorded in {time.perf_counter() - began:.2f} s")
        print(f"approval to the platform's answer, read back: {approve(workspace, changes)}")


def bench_large(folder: Path, campaigns: int) -> None:
    """Approve changes of a large account after newer facts have come in."""
    folder.mkdir()
    path = folder / "facts.csv"
    write_facts(path, campaigns)
    header, *_, last = path.read_text("utf-8").splitlines()
    with open_workspace(folder, now=NOW) as workspace:
        import_facts(workspace.ledger, path, ImportOptions(), actor="bench", now=NOW)
        with transaction(workspace.engine) as connection:
            change_account(connection, find_account(connection, "b1").ref, armed=True)
        asks = {"rule_name": "asks", "require_approval_threshold": 50, "max_daily_spend_limit": 10**8}
        scaler = BudgetAutoScaler(workspace)
        scaler.add_rules([read_rule(asks)], actor="bench")
        scaler.run(actor="bench")
        path.write_text(f"{header}\n{last.replace('T11:00', 'T12:00')}\n", "utf-8")
        later = replace(workspace, pretended_now=NOW + LATER)
        import_facts(later.ledger, path, ImportOptions(), actor="bench", now=later.now())
        waiting = load_changes(later, states=[State.AWAITING_APPROVAL], limit=APPROVED)
        print(f"the same after newer facts, in an account of {campaigns:,} campaigns: {approve(later, waiting)}")


def main() -> None:
    """Print the times."""
    campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else CAMPAIGNS
    with tempfile.TemporaryDirectory() as folder:
        bench_small(Path(folder) / "small")
        bench_large(Path(folder) / "large", campaigns)


if __name__ == "__main__":
    main()
