"""How fast weeks are planned, and what an exact optimiser gains over filling the best slots greedily.

    python benchmarks/bench_messages.py [pages] [captions]

50 simulated pages choose from one bank of 50,000 captions, in one batch and one by one; a week of 50 messages is
placed; and the value of 50 pages' times is held against a greedy fill under the same conditions.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from adtempo.domain.messages import MessageType
from adtempo.facts.message_imports import import_captions, import_messages
from adtempo.messages.batch import BatchAsked, build_batch
from adtempo.messages.run import ScheduleBuilder
from adtempo.messages.slots import BUMP_GAP, Slot, Week, plan_slots
from adtempo.messages.volume import plan_volume
from adtempo.platforms.sandbox.pages import PageSpec, captions_table, messages_table, simulate_page
from adtempo.workspace import Workspace, open_workspace

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
START = date(2026, 11, 23)
WEEKS = 26


def main() -> None:
    """Print the table."""
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    captions = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    with tempfile.TemporaryDirectory() as folder, open_workspace(Path(folder) / "home", now=NOW) as workspace:
        seconds = fill(workspace, Path(folder), pages, captions)
        print(f"imported: {pages} pages, {captions:,} captions in {seconds:.1f} s")
        began, worked = time.perf_counter(), time.process_time()
        names = [page.page_name for page in ScheduleBuilder(workspace).load_pages()]
        outcomes = build_batch(workspace, BatchAsked(names, START), actor="bench")
        taken, worked = time.perf_counter() - began, time.process_time() - worked
        failed = [one.error for one in outcomes if one.error]
        print(
            f"batch of {pages} pages: {taken:.1f} s by the clock (limit 30), {worked:.1f} s of processor; "
            f"failed: {len(failed)} {failed[:1]}"
        )
        builder = ScheduleBuilder(workspace)
        builder.build_week(names[0], START + timedelta(weeks=1), actor="bench")
        laps = [lap(builder, name) for name in names[1:11]]
        for name, seconds in zip(("by the clock (limit 1)", "of processor"), zip(*laps, strict=True), strict=True):
            print(f"one page, warm: median {np.median(seconds):.2f} s {name}, worst {max(seconds):.2f} s")
        print(f"memory of the process at its most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
        began = time.perf_counter()
        plan = plan_slots(next(fifty_messages()))
        print(f"50 messages placed in {time.perf_counter() - began:.2f} s (limit 1), gap to the bound {plan.gap:.1%}")
        gains = list(compare(builder, names))
    print(
        f"value of the hours against a greedy fill, {len(gains)} pages with a pattern: mean {np.mean(gains):+.2%}, "
        f"best {max(gains):+.2%}, worst {min(gains):+.2%}"
        if gains
        else "no page has a pattern of hours"
    )


def fill(workspace: Workspace, folder: Path, pages: int, captions: int) -> float:
    """Import simulated pages and the bank; return how long that took."""
    began = time.perf_counter()
    specs = [
        PageSpec(f"page{n:02}", fans=1000 * (1 + n % 9), ppv_weekly=6 + n % 14, wear=0.02 + 0.01 * (n % 10))
        for n in range(pages)
    ]
    own = pa.concat_tables([captions_table(spec) for spec in specs])
    rest = captions - own.num_rows
    shared = pa.table(
        {
            "caption_id": [f"shared-{n:05}" for n in range(rest)],
            "caption_text": [f"Sample text {n}" for n in range(rest)],
            "price_tier": [("Budget", "Mid", "Premium", "Free")[n % 4] for n in range(rest)],
            "content_category": [("workout", "travel", "cooking", "live")[n // 4 % 4] for n in range(rest)],
            "has_urgency": [n % 5 == 0 for n in range(rest)],
            "page_name": pa.nulls(rest, pa.string()),
        }
    )
    write(pa.concat_tables([own, shared]), folder / "captions.csv")
    import_captions(workspace.ledger, folder / "captions.csv", actor="bench", now=NOW)
    first = START - timedelta(weeks=WEEKS + 1)
    sent = [messages_table(simulate_page(1, spec, first, WEEKS + 1), NOW) for spec in specs]
    write(pa.concat_tables(sent), folder / "messages.csv")
    import_messages(workspace.ledger, folder / "messages.csv", actor="bench", now=NOW)
    return time.perf_counter() - began


def write(table: pa.Table, path: Path) -> None:
    """Write a table as CSV."""
    pa_csv.write_csv(table, path)


def lap(builder: ScheduleBuilder, name: str) -> tuple[float, float]:
    """Return how long the next week of a page takes, in seconds by the clock and of processor."""
    began, worked = time.perf_counter(), time.process_time()
    builder.build_week(name, START + timedelta(weeks=1), actor="bench")
    return time.perf_counter() - began, time.process_time() - worked


def fifty_messages() -> Iterator[Week]:
    """Yield a week of 18 PPVs and 32 Bumps."""
    values = np.exp(np.random.default_rng(1).normal(0, 0.3, 168))
    yield Week(START, ZoneInfo("UTC"), 18, 32, timedelta(minutes=75), values, hours=frozenset(range(8, 24)))


def compare(builder: ScheduleBuilder, names: list[str]) -> Iterator[float]:
    """Yield how much more the optimiser's times are worth than the greedy fill's, page by page."""
    for name in names:
        analysis = builder.analyze_page(name)
        if not analysis.hours.found:
            continue
        volume = plan_volume(analysis.classification.tier, analysis.saturation.score)
        week = Week(
            start=START,
            zone=ZoneInfo("Europe/Berlin"),
            ppv=volume.ppv,
            bump=volume.bump,
            gap=timedelta(minutes=volume.gap_minutes),
            hour_values=analysis.hours.factors,
            cooling_days=volume.cooling_days,
            hours=frozenset(range(8, 24)),
        )
        yield plan_slots(week).value / fill_greedily(week) - 1


def fill_greedily(week: Week) -> float:
    """Return the value of taking the best free slot again and again, the days kept even, Bumps put where they fit."""
    grid = week.grid
    order = np.argsort(-week.hour_values[grid.hour], kind="stable").tolist()
    taken: list[Slot] = []
    for kind, count, apart in ((MessageType.PPV, week.ppv, week.gap), (MessageType.BUMP, week.bump, BUMP_GAP)):
        allowed = grid.ppv if kind is MessageType.PPV else grid.bump
        days = len({int(day) for day in grid.day[allowed]})
        most = -(-count // days)
        for place in order:
            mine = [slot for slot in taken if slot.kind is kind]
            of_day = sum((slot.at - grid.at[0]).days == grid.day[place] for slot in mine)
            near = any(abs(slot.at - grid.at[place]) < (apart if slot.kind is kind else BUMP_GAP) for slot in taken)
            if allowed[place] and len(mine) < count and of_day < most and not near:
                taken.append(Slot(grid.at[place], kind))
    at = {moment: place for place, moment in enumerate(grid.at)}
    paid = [at[slot.at] for slot in taken if slot.kind is MessageType.PPV]
    return float(week.hour_values[grid.hour[paid]].sum())


if __name__ == "__main__":
    main()
