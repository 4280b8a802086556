"""Sample data: a file of hourly facts with a known truth, imported into a home of its own.

Run: python examples/dayparts/sample_data.py
"""

import csv
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from adtempo import Workspace, open_workspace
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts

EVENING = (18, 19, 20, 21)
LAST_DAY = date(2026, 3, 3)
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
COLUMNS = (
    *("platform", "account_id", "account_timezone", "currency", "campaign_id", "campaign_name", "grain"),
    *("slot_start", "impressions", "clicks", "spend", "conversions", "conversion_value"),
)


def write_sample(path: Path, *, days: int = 30, seed: int = 1) -> Path:
    """Write two campaigns: the evening of one sells twice as well, the other has no pattern at all."""
    rng = np.random.default_rng(seed)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for name, lift in (("Evening Gym", 2.0), ("Always The Same", 1.0)):
            campaign = name.split()[0].lower()
            for number in range(days * 24):
                day, hour = LAST_DAY - timedelta(days=number // 24), number % 24
                sales = rng.poisson(1.8 * (lift if hour in EVENING else 1.0))
                who = ("google", "1", "Europe/Berlin", "EUR", campaign, name, "hour")
                rows.writerow((*who, f"{day}T{hour:02}:00", rng.poisson(6000), 60, 60, sales, sales * 60))
    return path


def open_sample() -> Workspace:
    """Open a temporary home with the sample in it."""
    folder = Path(tempfile.mkdtemp(prefix="adtempo-example-"))
    workspace = open_workspace(folder / "home", now=NOW)
    import_facts(workspace.ledger, write_sample(folder / "hours.csv"), ImportOptions(), actor="example", now=NOW)
    return workspace


if __name__ == "__main__":
    with open_sample() as sample:
        print(f"the sample lies in {sample.home}; look at it with: adtempo --home {sample.home} dayparts analyze --all")
