"""How fast the ledger takes facts in and gives them back, as ratios to bare DuckDB in the same run.

The market is 822 campaigns for a year of hours, 7,200,720 slots. The ledger holds four looks at each, 28.8 million
postings, taken in by the road that a sync takes. `--small` makes everything a hundredth of the size.

Run with ``make bench`` or ``python benchmarks/bench_ledger.py``; about ten minutes on two cores, 4 GB of disk.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb

from adtempo import open_workspace
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.facts.compact import compact_ledger
from adtempo.facts.ingest import ingest_differences
from adtempo.facts.ledger import Ledger, open_workbench, relation
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.publish import Origin, open_workplace, publish_batch, writing

YEAR = 2025
LOOKS = 4
ACCOUNTS = [Account(AccountRef("meta", f"act_{number}"), "UTC", "USD") for number in range(20)]

ROWS = """
SELECT
    'meta' AS platform, 'act_' || (c % 20) AS account_id, 'campaign' AS level, 'c' || lpad(c::VARCHAR, 5, '0')
        AS campaign_id,
    NULL::VARCHAR AS ad_group_id, NULL::VARCHAR AS ad_id, NULL::VARCHAR AS creative_id, 'hour' AS grain,
    TIMESTAMP '{start}' + to_hours(h::INTEGER) AS slot, (TIMESTAMP '{start}' + to_hours(h::INTEGER))::DATE AS day_local,
    (({weekday} * 24 + h) % 168)::SMALLINT AS hour_of_week, '7d_click' AS attribution, '' AS conversion_type,
    TIMESTAMP '{observed}' AS observed_at,
    (hash(c, h) % 2000)::BIGINT AS impressions, (hash(h, c) % 50)::BIGINT AS clicks,
    (hash(c, h, 1) % 5000)::BIGINT * 10000 AS spend_micros,
    (hash(c, h) % ({look} + 2))::BIGINT * 1000000 AS conversions_micros,
    (hash(c, h) % ({look} + 2))::BIGINT * 25990000 AS conversion_value_micros, NULL::BIGINT AS reach
FROM range({hours}) hours(h), range({campaigns}) campaigns(c)
"""

CSV = """
COPY (
    SELECT
        platform, account_id, 'UTC' AS account_timezone, 'USD' AS currency, campaign_id,
        'Campaign ' || campaign_id AS campaign_name, grain, strftime(slot, '%Y-%m-%dT%H:%M:%SZ') AS slot_start,
        attribution, '{observed}Z' AS observed_at, impressions, clicks,
        (spend_micros // 10000)::DECIMAL(12, 2) / 100 AS spend, conversions_micros // 1000000 AS conversions,
        ((conversion_value_micros // 10000)::DECIMAL(12, 2) / 100)::DECIMAL(12, 2) AS conversion_value
    FROM ({rows})
) TO '{path}' (HEADER)
"""


def rows_sql(campaigns: int, hours: int, look: int, start: date = date(YEAR, 1, 1)) -> str:
    """Return the SQL of one look at every slot; each look sees other conversions."""
    observed = datetime(YEAR + 1, 2, 1) + timedelta(days=look)
    return ROWS.format(
        campaigns=campaigns, hours=hours, look=look, start=start, weekday=start.weekday(), observed=observed
    )


def publish_rows(ledger: Ledger, sql: str, now: datetime) -> None:
    """Take rows in and publish them, as a sync does."""
    accounts = [account.ref for account in ACCOUNTS]
    with open_workplace(ledger) as place, open_workbench(ledger.directory, place.staging) as con:
        con.execute(f"CREATE TEMP TABLE incoming AS {sql}")
        with writing(ledger, place, accounts) as held:
            draft = ingest_differences(con, ledger, place.staging, covered=True)
            publish_batch(ledger, held, Origin("sync", "bench", "bench", now, now), draft, accounts=ACCOUNTS)


MEASURED = """
import resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(done.returncode)
"""


def run(arguments: list[str]) -> tuple[float, float]:
    """Run a command and return its wall seconds and its peak memory in MiB.

    A small process starts it: what a process of ours held would count as the peak of the command it started.
    """
    done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def median_of(times: int, work: Callable[..., object], *arguments: object) -> float:
    """Return the median seconds of several runs, after one to warm up."""
    seconds = []
    for _ in range(times + 1):
        start = time.perf_counter()
        work(*arguments)
        seconds.append(time.perf_counter() - start)
    return median(seconds[1:])


def fetch(sql: str) -> object:
    """Run a query in bare DuckDB and take its rows."""
    return duckdb.sql(sql).fetchall()


def say(what: str, measured: str, goal: str) -> None:
    """Print one row of the table."""
    print(f"| {what} | {measured} | {goal} |", flush=True)


def bench_imports(folder: Path, campaigns: int, hours: int) -> None:
    """Import a CSV of every slot into an empty ledger and into one that holds four looks at each."""
    csv = folder / "facts.csv"
    observed = datetime(YEAR + 1, 2, 1) + timedelta(days=LOOKS)
    duckdb.execute(CSV.format(rows=rows_sql(campaigns, hours, LOOKS), path=csv, observed=observed.isoformat()))
    bare = f"import duckdb; duckdb.execute(\"COPY (FROM read_csv('{csv}')) TO '{folder}/bare.parquet'\")"
    command = [sys.executable, "-m", "adtempo", "--home"]
    bare_seconds = min(run([sys.executable, "-c", bare])[0] for _ in range(2))
    rows = f"{campaigns * hours:,} rows"
    for home, what, goal in (("empty", "an empty ledger", 3), ("full", f"{LOOKS * campaigns * hours:,} postings", 4)):
        seconds, memory = run([*command, str(folder / home), "import", "facts", str(csv)])
        ratio = seconds / bare_seconds
        say(f"import of {rows} into {what}, against a bare parse ({bare_seconds:.1f} s)", f"{ratio:.2f}x", f"{goal}x")
        say(f"peak memory of that import ({seconds:.0f} s)", f"{memory:,.0f} MiB", "2,048 MiB")


def bench_reading(folder: Path, ledger: Ledger) -> None:
    """Ask for totals, now and as of a moment, and for one campaign's year."""
    copy = folder / "postings.parquet"
    duckdb.execute(f"COPY ({relation(ledger.directory, ledger.snapshot().files)}) TO '{copy}'")
    moment = datetime(YEAR + 1, 2, 2, 12, tzinfo=UTC)
    sums = "sum(impressions), sum(clicks), sum(spend_micros), sum(conversions_micros), sum(conversion_value_micros)"
    everything = ("platform", "account_id", "campaign_id")
    for what, where, facts in (
        ("current", "", FactQuery(by=everything)),
        ("as-of", f"WHERE observed_at <= '{moment:%F %T}'", FactQuery(by=everything, as_of=moment)),
    ):
        plain = f"SELECT campaign_id, {sums} FROM '{copy}' {where} GROUP BY 1"
        bare = median_of(5, fetch, plain)
        ours = median_of(5, load_fact_table, ledger, facts)
        say(f"{what} totals by campaign, against a bare group-by ({bare:.2f} s)", f"{ours / bare:.2f}x", "2x")
    one = FactQuery(by=("day_local",), campaigns=[CampaignRef("meta", "act_7", "c00407")])
    say("one campaign's year by day", f"{1000 * median_of(9, load_fact_table, ledger, one):.0f} ms", "50 ms")


def bench_hourly_batch(folder: Path, campaigns: int) -> None:
    """Publish one hour of many campaigns on top of three days of hours."""
    with open_workspace(folder / "hourly") as workspace:
        start = date(YEAR, 3, 1)
        publish_rows(workspace.ledger, rows_sql(campaigns, 72, 0, start), datetime(YEAR, 3, 4, tzinfo=UTC))
        seconds = []
        for hour in range(3):
            fresh = f"slot >= '{start}'::TIMESTAMP + to_hours({72 + hour})"
            rows = f"SELECT * FROM ({rows_sql(campaigns, 73 + hour, 1, start)}) WHERE {fresh}"
            begin = time.perf_counter()
            publish_rows(workspace.ledger, rows, datetime(YEAR, 3, 4, 1 + hour, tzinfo=UTC))
            seconds.append(time.perf_counter() - begin)
    say(f"publication of one hour of {campaigns:,} campaigns", f"{median(seconds):.2f} s", "1 s")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a hundredth of the size")
    campaigns, hours = (82, 876) if parser.parse_args().small else (822, 8760)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("| what | measured | goal |\n|---|---|---|")
        with open_workspace(folder / "full") as workspace:
            for look in range(LOOKS):
                moment = datetime(YEAR + 1, 2, 1 + look, tzinfo=UTC)
                publish_rows(workspace.ledger, rows_sql(campaigns, hours, look), moment)
            compact_ledger(workspace.ledger, actor="bench", now=datetime(YEAR + 1, 3, 1, tzinfo=UTC))
            bench_reading(folder, workspace.ledger)
        bench_hourly_batch(folder, 10_000 if campaigns > 100 else 100)
        bench_imports(folder, campaigns, hours)


if __name__ == "__main__":
    main()
