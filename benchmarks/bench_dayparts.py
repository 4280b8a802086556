"""Dayparts: the full analysis of many campaigns against a bare group-by, and against one campaign at a time.

Run `python benchmarks/bench_dayparts.py [CAMPAIGNS]`; `make bench` prints it with the others.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats

from adtempo.dayparts.estimate import estimate_dayparts
from adtempo.dayparts.panel import HourlyPanel, lay_out_hours
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.metrics import ROAS

CAMPAIGNS = 10_000
DAYS = 30
BATCH = 1_000
SAMPLE = 40
START = np.datetime64("2026-01-05T00", "us")

CELLS = """
SELECT campaign_id, isodow(slot) * 24 + hour(slot) - 24 AS cell, count(*) AS n,
    sum(conversion_value_micros) AS value, sum(spend_micros) AS spend
FROM read_parquet('{file}') GROUP BY ALL
"""
ROWS = """
SELECT row, slot, conversion_value_micros, spend_micros FROM (
    SELECT *, file_row_number AS row FROM read_parquet('{file}', file_row_number = true)
) WHERE row >= {begin} AND row < {end} ORDER BY row
"""


def write_facts(file: Path, campaigns: int) -> None:
    """Write hourly facts, sorted by campaign and time as the ledger keeps them; a quarter of campaigns has peaks."""
    rng = np.random.default_rng(1)
    slots = START + np.arange(DAYS * 24) * np.timedelta64(1, "h")
    writer = None
    for begin in range(0, campaigns, BATCH):
        count = min(BATCH, campaigns - begin)
        factor = np.where((np.arange(count)[:, None] % 4 == 0) & (np.arange(24) // 3 % 4 == 2), 1.5, 1.0)
        clicks = rng.poisson(60.0, (count, DAYS, 24))
        conversions = rng.poisson(clicks * 0.03 * factor[:, None])
        value = np.rint(conversions * 60e6 * np.exp(0.4 * rng.standard_normal(clicks.shape))).astype(np.int64)
        table = pa.table(
            {
                "campaign_id": np.repeat([f"c{begin + place:06d}" for place in range(count)], DAYS * 24),
                "slot": np.tile(slots, count),
                "clicks": clicks.ravel(),
                "spend_micros": clicks.ravel() * 500_000,
                "conversions_micros": conversions.ravel() * 1_000_000,
                "conversion_value_micros": value.ravel(),
            }
        )
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def read_batch(connection: duckdb.DuckDBPyConnection, file: Path, begin: int, end: int) -> HourlyPanel:
    """Read campaigns begin..end-1 of the sorted file."""
    hours = DAYS * 24
    columns = connection.execute(ROWS.format(file=file, begin=begin * hours, end=end * hours)).fetchnumpy()
    refs = [CampaignRef("other", f"a{place // 100}", f"c{place:06d}") for place in range(begin, end)]
    day = columns["slot"].astype("datetime64[D]")
    hour = (columns["slot"] - day).astype("timedelta64[h]").astype(np.int64)
    sums = columns["conversion_value_micros"], columns["spend_micros"]
    return lay_out_hours(ROAS, refs, columns["row"] // hours - begin, day, hour, sums)


def analyse_one(panel: HourlyPanel, place: int) -> pd.DataFrame:
    """Analyse one campaign as it is usually done: group by, mean, t interval, t test and EWMA, slot by slot."""
    hours = pd.date_range(str(panel.days[0]), periods=len(panel.days) * 24, freq="h")
    frame = pd.DataFrame(
        {
            "weekday": hours.day_of_week,
            "hour": hours.hour,
            "value": panel.numerators[place].ravel(),
            "spend": panel.denominators[place].ravel(),
        }
    )
    frame = frame[frame["spend"] > 0]
    frame["ratio"] = frame["value"] / frame["spend"]
    middle = frame["ratio"].mean()
    rows = []
    for keys in (["weekday", "hour"], ["hour"], ["weekday"]):
        for slot, group in frame.groupby(keys):
            ratios = group["ratio"]
            error = ratios.std() / np.sqrt(len(ratios))
            quantile = stats.t.ppf(0.975, len(ratios) - 1) if len(ratios) < 30 else stats.norm.ppf(0.975)
            p_value = 2 * stats.t.sf(abs(ratios.mean() - middle) / error, len(ratios) - 1) if error > 0 else 1.0
            ewma = ratios.ewm(alpha=0.2, adjust=False).mean().iloc[-1]
            rows.append((slot, len(ratios), ratios.mean(), ewma, quantile * error, p_value))
    found = pd.DataFrame(rows, columns=["slot", "n", "mean", "ewma", "half", "p"])
    found["q"] = stats.false_discovery_control(found["p"].fillna(1.0))
    return found


def timed(name: str, seconds: float, note: str = "") -> None:
    """Print one row."""
    print(f"| {name} | {seconds:.2f} s | {note} |", flush=True)


def main() -> None:
    """Print the table."""
    campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else CAMPAIGNS
    print(f"\n{campaigns:,} campaigns x {DAYS} days hourly, {campaigns * DAYS * 24:,} facts")
    print("\n| what | time | |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        file = Path(folder) / "hours.parquet"
        write_facts(file, campaigns)
        connection.execute("SET threads = 2")
        bare = []
        for _ in range(3):
            begin = time.perf_counter()
            connection.execute(CELLS.format(file=file)).fetchnumpy()
            bare.append(time.perf_counter() - begin)
        timed("bare group-by to 168 cells, DuckDB", min(bare), "best of 3")
        reading = analysing = 0.0
        silent = 0
        for first in range(0, campaigns, BATCH):
            begin = time.perf_counter()
            panel = read_batch(connection, file, first, min(first + BATCH, campaigns))
            reading += time.perf_counter() - begin
            begin = time.perf_counter()
            silent += int(estimate_dayparts(panel).abstained.sum())
            analysing += time.perf_counter() - begin
        whole = reading + analysing
        timed("reading and laying out", reading, f"batches of {BATCH:,}")
        timed("full analysis", analysing, f"{silent / campaigns:.0%} abstain")
        timed("both", whole, f"{whole / min(bare):.1f} x the group-by (goal 10)")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| peak memory | {peak:,.0f} MB | this script's own writing included |")
    begin = time.perf_counter()
    for place in range(SAMPLE):
        analyse_one(panel, place)
    each = (time.perf_counter() - begin) / SAMPLE
    timed("pandas + SciPy, one at a time", each * campaigns, f"{1000 * each:.0f} ms each, {SAMPLE} timed and scaled up")
    slower, than_analysis = each * campaigns / whole, each * campaigns / analysing
    print(f"| | {slower:.0f} x slower than both, {than_analysis:.0f} x than the analysis (goal 100) | |")
    one = panel.part(slice(0, 1))
    estimate_dayparts(one).campaign(0)
    begin = time.perf_counter()
    estimate_dayparts(one).campaign(0)
    print(f"| one campaign, warm, with its rows | {1000 * (time.perf_counter() - begin):.0f} ms | goal 100 ms |")


if __name__ == "__main__":
    main()
