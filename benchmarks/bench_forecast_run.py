"""What forecasts of ROI are worth and what they cost: coverage in simulated accounts, 1,000 campaigns kept up to date.

Run it: python benchmarks/bench_forecast_run.py (about two minutes of one core).
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from adtempo.domain.forecasts import WINDOWS, Level
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.forecasts.estimate import HORIZON, SERIES, CampaignPanel, estimate_channels, estimate_windows
from adtempo.forecasts.run import Forecaster
from adtempo.workspace import open_workspace

WORLDS = 5
FIRST_SEED = 100
"""Seeds below were looked at while the intervals of campaigns were made."""

CHANNELS = 10
CAMPAIGNS = 3
DAYS = 90
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def simulate(rng: np.random.Generator, days: int) -> dict[str, np.ndarray]:
    """Return series of campaigns whose spend and return wander, each week alike, with counting noise."""
    count = CHANNELS * CAMPAIGNS

    def wander(step: float) -> np.ndarray:
        return np.exp(np.cumsum(rng.normal(0, step, (count, days)), axis=1))

    week = 1 + 0.25 * np.sin(2 * np.pi * (np.arange(days) % 7) / 7 + rng.uniform(0, 6, (count, 1)))
    spend = rng.lognormal(5, 0.7, (count, 1)) * week * wander(0.015) * rng.lognormal(0, 0.08, (count, days))
    conversions = rng.poisson(spend / 15 * wander(0.02)).astype(float)
    value = conversions * 45 * rng.lognormal(0, 0.15, (count, days))
    impressions = spend * 90
    drawn = (spend, value, conversions, impressions, impressions * 0.015)
    return dict(zip(SERIES, drawn, strict=True))


def measure_coverage() -> None:
    """Print how often the true ROI lay inside the intervals."""
    inside: dict[tuple[Level, int, int], list[bool]] = {}
    names = [f"ch{place // CAMPAIGNS}:1:{place}" for place in range(CHANNELS * CAMPAIGNS)]
    for world in range(FIRST_SEED, FIRST_SEED + WORLDS):
        series = simulate(np.random.default_rng(world), DAYS + HORIZON)
        panel = CampaignPanel(
            days=np.datetime64("2026-01-01") + np.arange(DAYS),
            seen=np.ones(DAYS, bool),
            channels=tuple(name.split(":")[0] for name in names),
            accounts=tuple(name.rsplit(":", 1)[0] for name in names),
            names=tuple(names),
            running=np.ones(len(names), bool),
            budgets=np.full((len(names), DAYS + 1), np.inf),
            series={name: drawn[:, :DAYS] for name, drawn in series.items()},
            has_value=True,
            holidays={},
            replanned=np.zeros(len(names), bool),
        )
        for one in estimate_windows(panel, estimate_channels(panel, reach={}, chosen=None), "EUR", seed=1):
            mine = [name.startswith(one.subject.name) for name in names]
            if one.subject.level is Level.CAMPAIGN:
                mine = [name == one.subject.name for name in names]
            value, spend = (series[name][mine, DAYS : DAYS + one.days].sum() for name in ("value", "spend"))
            roi = one.figures["roi"]
            assert roi is not None
            truth = (value - spend) / spend
            for level, low, high in ((80, roi.low80, roi.high80), (95, roi.low95, roi.high95)):
                inside.setdefault((one.subject.level, one.days, level), []).append(low <= truth <= high)
    for level in (Level.TOTAL, Level.CHANNEL, Level.CAMPAIGN):
        for days in WINDOWS:
            cover = [f"{np.mean(inside[level, days, share]):.0%} of {share}%" for share in (80, 95)]
            print(f"{level:<9} {days:>2} days  inside {' and '.join(cover)}  ({len(inside[level, days, 80])} windows)")


def measure_time(campaigns: int = 1000, days: int = 60) -> None:
    """Print what bringing many campaigns up to date costs, with forecasters chosen, kept, and nothing new."""
    rng = np.random.default_rng(1)
    header = "platform,account_id,account_timezone,currency,campaign_id,grain,slot_start,impressions,clicks,spend,"
    lines = [header + "conversions,conversion_value"]
    for place in range(campaigns):
        platform = ("meta", "google", "tiktok")[place % 3]
        for back in range(days, 0, -1):
            spend, orders = rng.lognormal(3, 0.2), rng.poisson(3)
            figures = f"{spend * 90:.0f},{spend:.0f},{spend:.2f},{orders},{orders * 20}"
            lines.append(f"{platform},{place % 3},UTC,EUR,c{place},day,{(NOW - timedelta(days=back)).date()},{figures}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        with open_workspace(Path(folder) / "home", now=NOW) as workspace:
            import_facts(workspace.ledger, path, ImportOptions(), actor="bench", now=NOW)
        path.write_text("\n".join([lines[0], lines[days][:-1] + "9"]), encoding="utf-8")
        for minutes, said in enumerate(("forecasters chosen", "one fact changed", "nothing new")):
            with open_workspace(Path(folder) / "home", now=NOW + timedelta(minutes=30 * minutes)) as workspace:
                if minutes == 1:
                    import_facts(workspace.ledger, path, ImportOptions(), actor="bench", now=workspace.now())
                wall, cpu = time.perf_counter(), time.process_time()
                filled = Forecaster(workspace).run()
                spent = f"{time.process_time() - cpu:.1f} s of one core ({time.perf_counter() - wall:.1f} s)"
                print(f"{campaigns} campaigns, {said}: {spent}, {sum(filled.written.values())} rows, {filled.failures}")


if __name__ == "__main__":
    measure_coverage()
    measure_time()
