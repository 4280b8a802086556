"""How fast a large home is looked at: 2,000 campaigns by the hour for 63 days, and 10,000 predictions.

    .venv/bin/python benchmarks/bench_tracking.py

The figures are drawn from a generator and read by the ordinary sync, one look after the other, so that the ledger holds
vintages as a home of that size would. About three minutes: one for building that home, one and a half for the hourly
look, which reads every campaign's 63 days anew, 0.05 CPU seconds a campaign.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adtempo.accounts.run import add_account, change_campaign, load_campaigns
from adtempo.domain.accounts import Account, AccountRef, Platform
from adtempo.domain.hourweek import hour_of_week
from adtempo.facts.sync import sync_accounts
from adtempo.platforms.base import ATTRIBUTE_SCHEMA, FACT_SCHEMA, Coverage, Observation
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.claims import Claim
from adtempo.predictions.compare import compare_predictions
from adtempo.predictions.record import record_predictions
from adtempo.tracking.detection import update_anomaly_alerts
from adtempo.tracking.run import CampaignTracker
from adtempo.workspace import Workspace, open_workspace

CAMPAIGNS, DAYS, PREDICTIONS = 2_000, 63, 10_000
NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)
START = NOW.date() - timedelta(days=DAYS)
LOOKS = (*range(35, 7, -7), *range(7, -1, -1))
"""Days before now at which the platforms were read."""

HOURS = np.arange((NOW - datetime(START.year, START.month, START.day, tzinfo=UTC)) // timedelta(hours=1))
QUANTITIES = ("impressions", "clicks", "spend_micros", "conversions_micros", "conversion_value_micros")
PLATFORMS: tuple[Platform, ...] = ("meta", "google", "tiktok", "meta")


class DrawnReader:
    """A platform whose figures are drawn: conversions arrive over a week, the rest at once."""

    def __init__(self, campaigns: int) -> None:
        self._accounts = [
            Account(AccountRef(platform, f"bench{place}"), "UTC", "EUR", source="bench")
            for place, platform in enumerate(PLATFORMS)
        ]
        self._campaigns = campaigns // len(PLATFORMS)

    def fetch_accounts(self) -> list[Account]:
        return self._accounts

    def fetch_observation(self, account: Account, since: date, until: date, now: datetime) -> Observation:
        begin = max((since - START).days, 0) * 24
        hours = HOURS[begin : (now - NOW) // timedelta(hours=1) + len(HOURS)]
        tables = [self._table(account, hours, now)]
        start = datetime(START.year, START.month, START.day)
        slots = (start + timedelta(hours=int(hours[0])), start + timedelta(hours=int(hours[-1]) + 1))
        look = Coverage(account.ref, "campaign", "hour", "", *slots, QUANTITIES, now)
        return Observation(pa.concat_tables(tables), ATTRIBUTE_SCHEMA.empty_table(), (look,))

    def _table(self, account: Account, hours: NDArray[np.int64], now: datetime) -> pa.Table:
        rng = np.random.default_rng(int(account.ref.account_id.removeprefix("bench")))
        shape = (self._campaigns, len(HOURS))
        day = 1 + 0.5 * np.sin(2 * np.pi * HOURS / 24)
        clicks = rng.poisson(20 * day, shape)[:, hours]
        final, luck = rng.binomial(20, 0.05, shape)[:, hours], rng.random(shape)[:, hours]
        age = (now - NOW) / timedelta(hours=1) + len(HOURS) - hours
        arrived = np.floor(final * np.minimum(1, 0.35 + 0.65 * (age / 168) ** 0.5) + luck).astype(np.int64)
        conversions = np.minimum(final, arrived)
        rows = clicks.size
        start = np.datetime64(START, "us") + hours.astype("timedelta64[h]")
        weekday = np.array([hour_of_week(one.replace(tzinfo=UTC), account.zone) for one in start.tolist()], np.int16)
        texts = pa.nulls(rows, pa.string())
        columns = {
            "platform": pa.repeat(pa.scalar(str(account.ref.platform)), rows),
            "account_id": pa.repeat(pa.scalar(account.ref.account_id), rows),
            "level": pa.repeat(pa.scalar("campaign"), rows),
            "campaign_id": pa.array(np.repeat([f"c{place:04}" for place in range(self._campaigns)], len(hours))),
            "ad_group_id": texts,
            "ad_id": texts,
            "creative_id": texts,
            "grain": pa.repeat(pa.scalar("hour"), rows),
            "slot": pa.array(np.tile(start, self._campaigns)),
            "day_local": pa.array(np.tile(start.astype("datetime64[D]"), self._campaigns)),
            "hour_of_week": pa.array(np.tile(weekday, self._campaigns)),
            "attribution": pa.repeat(pa.scalar(""), rows),
            "conversion_type": pa.repeat(pa.scalar(""), rows),
            "observed_at": pa.repeat(pa.scalar(now.replace(tzinfo=None), pa.timestamp("us")), rows),
            "impressions": pa.array(100 * clicks.ravel()),
            "clicks": pa.array(clicks.ravel()),
            "spend_micros": pa.array(300_000 * clicks.ravel()),
            "conversions_micros": pa.array(1_000_000 * conversions.ravel()),
            "conversion_value_micros": pa.array(25_000_000 * conversions.ravel()),
            "reach": pa.nulls(rows, pa.int64()),
        }
        return pa.table([columns[name] for name in FACT_SCHEMA.names], schema=FACT_SCHEMA)


def build_home(folder: Path, campaigns: int = CAMPAIGNS) -> None:
    """Read the drawn platforms at all their looks."""
    reader = DrawnReader(campaigns)
    with open_workspace(folder, now=NOW) as workspace:
        for account in reader.fetch_accounts():
            add_account(workspace, account, actor="bench")
        for age in LOOKS:
            now = NOW - timedelta(days=age)
            since = START if age == LOOKS[0] else (now - timedelta(days=8)).date()
            sync_accounts(workspace.ledger, reader, reader.fetch_accounts(), actor="bench", now=now, since=since)
        for campaign, _ in load_campaigns(workspace)[::10]:
            change_campaign(
                workspace, str(campaign.ref), actor="bench", target_roas=2.0, planned_budget_micros=4_000_000_000
            )


def claims_of(workspace: Workspace, many: int) -> list[Claim]:
    """Return predictions about days of many campaigns, made before these days."""
    campaigns = [str(campaign.ref) for campaign, _ in load_campaigns(workspace)]
    claims = []
    for place in range(many):
        day = NOW.date() - timedelta(days=30 - place // len(campaigns))
        claims.append(
            Claim(
                prediction_id=f"bench-{place}",
                metric="roas",
                since=day,
                until=day,
                value=3.3,
                model="bench",
                campaign=campaigns[place % len(campaigns)],
                made_at=datetime(day.year, day.month, day.day, tzinfo=UTC),
                interval={"low80": 3.0, "high80": 4.0},
            )
        )
    return claims


def timed(title: str, goal: str, do: Callable[[], object]) -> None:
    """Print how long something takes."""
    begin, busy = time.perf_counter(), time.process_time()
    do()
    clock, cpu = time.perf_counter() - begin, time.process_time() - busy
    print(f"| {title} | {clock:.1f} s | {cpu:.1f} s | {goal} |", flush=True)


def measure(folder: Path) -> None:
    """Print the table."""
    with open_workspace(folder, now=NOW) as workspace:
        tracker = CampaignTracker(workspace)
        print(f"\n| {CAMPAIGNS:,} campaigns x {DAYS} days by the hour | clock | CPU | goal |\n|---|---|---|---|")
        timed("daily report", "3 s", tracker.generate_daily_report)
        timed("the hourly look for anomalies", "", lambda: update_anomaly_alerts(workspace))
        timed("blended ROAS of everything, with what it will come to", "", tracker.load_roas)
        claims = claims_of(workspace, PREDICTIONS)
        timed(
            f"recording {PREDICTIONS:,} predictions",
            "3 s",
            lambda: record_predictions(workspace, claims, actor="bench"),
        )
        timed("comparing them", "", lambda: compare_predictions(workspace, actuals_of(workspace)))


def main() -> None:
    """Build a home in a temporary folder and measure it."""
    os.environ.pop("DATABASE_URL", None)
    with tempfile.TemporaryDirectory() as folder:
        build_home(Path(folder))
        measure(Path(folder))


if __name__ == "__main__":
    main()
