"""How fast rules are held against campaigns: 10,000 of them, from the ledger to kept evaluations.

A seeded account of 10,000 campaigns with hourly facts of the last days and daily facts before is imported once into a
scratch home; then one hourly run is timed in its parts. Nothing is sent: the account is not armed.

Run with ``make bench`` or ``python benchmarks/bench_budgets.py [campaigns]``; about five minutes, mostly the import.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from adtempo.budgets.evaluate import evaluate_scene
from adtempo.budgets.load import load_scene
from adtempo.budgets.run import BudgetAutoScaler
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.workspace import Workspace, open_workspace

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
CAMPAIGNS = 10_000
DAYS = 28
HOURS = 60
SEED = 7
GOAL_SECONDS = 10.0


@contextmanager
def timed(what: str, times: dict[str, tuple[float, float]]) -> Iterator[None]:
    """Note how long a block takes, and how much of the processors."""
    begun, used = time.perf_counter(), time.process_time()
    yield
    times[what] = time.perf_counter() - begun, time.process_time() - used


def write_facts(path: Path, campaigns: int) -> None:
    """Write facts of one account: days, then the hours of the last two and a half days."""
    rng = np.random.default_rng(SEED)
    returns = rng.lognormal(0.8, 0.5, campaigns)
    midnight = NOW.replace(hour=0) - timedelta(days=2)
    days = [(midnight - timedelta(days=age), "day", 24.0) for age in range(DAYS, 0, -1)]
    hours = [(midnight + timedelta(hours=hour), "hour", 1.0) for hour in range(HOURS)]
    parts = []
    for slot, grain, length in (*days, *hours):
        spend = rng.gamma(20.0, 0.2, campaigns) * length
        conversions = rng.poisson(spend * returns / 40)
        parts.append(
            pd.DataFrame(
                {
                    "campaign_id": np.arange(campaigns),
                    "grain": grain,
                    "slot_start": slot.strftime("%Y-%m-%dT%H:00") if grain == "hour" else slot.strftime("%Y-%m-%d"),
                    "impressions": rng.poisson(spend * 100),
                    "clicks": rng.poisson(spend * 2),
                    "spend": spend.round(2),
                    "conversions": conversions,
                    "conversion_value": conversions * 40,
                }
            )
        )
    facts = pd.concat(parts)
    known = {"platform": "google", "account_id": "b1", "account_timezone": "UTC", "currency": "USD"}
    for name, value in {**known, "budget_daily": "100.00", "status": "active"}.items():
        facts[name] = value
    facts.to_csv(path, index=False)


def bench(workspace: Workspace, campaigns: int) -> tuple[dict[str, tuple[float, float]], int]:
    """Time the parts of one hourly run, and the run as a whole; return the number of proposals too."""
    times: dict[str, tuple[float, float]] = {}
    with timed("load figures, rates and delays", times):
        scene = load_scene(workspace, at=NOW)
    with timed("evaluate, with a sentence each", times):
        asked, failures = evaluate_scene(scene)
    assert (len(asked), failures) == (campaigns, [])
    with timed("hourly run: all of it, stored and proposed", times):
        done = BudgetAutoScaler(workspace).run(actor="bench")
    assert done.evaluated == campaigns
    return times, len(done.scaled)


def main() -> None:
    """Print the table."""
    campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else CAMPAIGNS
    with tempfile.TemporaryDirectory() as folder, open_workspace(Path(folder) / "home", now=NOW) as workspace:
        path = Path(folder) / "facts.csv"
        write_facts(path, campaigns)
        import_facts(workspace.ledger, path, ImportOptions(), actor="bench", now=NOW)
        times, proposed = bench(workspace, campaigns)
    print(f"\nBudgets: {campaigns:,} campaigns, {DAYS} days and {HOURS} hours of facts (seed {SEED})\n")
    print(f"{'step':<46}{'seconds':>9}{'of CPU':>9}")
    for what, (seconds, used) in times.items():
        print(f"{what:<46}{seconds:>9.2f}{used:>9.2f}")
    print(f"\nchanges proposed: {proposed:,}; goal: evaluated under {GOAL_SECONDS:g} s")


if __name__ == "__main__":
    main()
