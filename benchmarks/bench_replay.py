"""How long it takes to replay a year of 200 campaigns hourly.

A seeded account in US dollars reports its hours three times: after an hour, a day and a week. A year of that is
imported once into a scratch home; then the shipped rule is replayed over all of it, with the changes it would have made
fed back.

Run ``python benchmarks/bench_replay.py [DAYS] [CAMPAIGNS]``; a year takes about five minutes, mostly the import.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from adtempo.budgets.replay.run import Replay, Replayed, replay_rules
from adtempo.budgets.rules.base import DEFAULT_RULE
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.workspace import Workspace, open_workspace

BEGIN = datetime(2025, 3, 4, tzinfo=UTC)
DAYS, CAMPAIGNS = 365, 200
SEED = 7
LOOKS = ((2, 0.4), (26, 0.6), (170, 1.0))
GOAL_SECONDS = 60.0


def write_facts(path: Path, days: int, campaigns: int) -> None:
    """Write every hour as it looked at three ages."""
    rng = np.random.default_rng(SEED)
    returns = rng.lognormal(0.8, 0.5, campaigns)
    known = {"platform": "google", "account_id": "b1", "account_timezone": "UTC", "currency": "USD"}
    known |= {"grain": "hour", "budget_daily": "100.00", "status": "active"}
    with path.open("w") as file:
        for day in range(days):
            spend = rng.gamma(20.0, 0.2, (24, campaigns))
            clicks = rng.poisson(spend * 2)
            conversions = rng.poisson(spend * returns / 20)
            for age, share in LOOKS:
                slots = [BEGIN + timedelta(days=day, hours=hour) for hour in range(24)]
                frame = pd.DataFrame(
                    {
                        "campaign_id": np.tile(np.arange(campaigns), 24),
                        "slot_start": np.repeat([f"{slot:%Y-%m-%dT%H:00}" for slot in slots], campaigns),
                        "observed_at": np.repeat(
                            [f"{slot + timedelta(hours=age):%Y-%m-%dT%H:%M}+00:00" for slot in slots], campaigns
                        ),
                        "impressions": (clicks * 40).ravel(),
                        "clicks": clicks.ravel(),
                        "spend": spend.ravel().round(2),
                        "conversions": rng.binomial(conversions, share).ravel() if share < 1 else conversions.ravel(),
                    }
                )
                frame["conversion_value"] = frame["conversions"] * 20
                for name, value in known.items():
                    frame[name] = value
                frame.to_csv(file, index=False, header=day == 0 and age == LOOKS[0][0])


def bench(workspace: Workspace, days: int) -> tuple[Replayed, float, float]:
    """Replay all of it, and return how long that took, and how much of the processors."""
    begun, used = time.perf_counter(), time.process_time()
    until = BEGIN.date() + timedelta(days=days - 1)
    done = replay_rules(workspace, Replay((DEFAULT_RULE,), BEGIN.date(), until))
    return done, time.perf_counter() - begun, time.process_time() - used


def main() -> None:
    """Print the table."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    campaigns = int(sys.argv[2]) if len(sys.argv) > 2 else CAMPAIGNS
    now = BEGIN + timedelta(days=days + 8)
    with tempfile.TemporaryDirectory() as folder, open_workspace(Path(folder) / "home", now=now) as workspace:
        path = Path(folder) / "facts.csv"
        write_facts(path, days, campaigns)
        import_facts(workspace.ledger, path, ImportOptions(), actor="bench", now=now)
        done, wall, used = bench(workspace, days)
    print(f"\nReplay: {campaigns} campaigns, {done.hours:,} hours (seed {SEED})\n")
    print(f"{wall:.1f} s, of CPU {used:.1f} s; {1e3 * used / done.hours:.1f} ms of CPU an hour")
    print(f"changes: {len(done.courses[0].fired):,}; goal for a year: under {GOAL_SECONDS:g} s")


if __name__ == "__main__":
    main()
