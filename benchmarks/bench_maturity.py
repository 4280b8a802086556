"""How well late arrivals are foreseen, and how fast: the tables of docs/explain/maturity.md.

    .venv/bin/python benchmarks/bench_maturity.py

The triangle is a public one (../shared/data, or ADTEMPO_SHARED); the rest is simulated in the sandbox market.
Constants of the method were chosen on the days before HELD_OUT and on sandbox worlds of other seeds.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adtempo.platforms.sandbox.spec import AccountSpec, AdSpec, CampaignSpec, DelayProfile, Era, WorldSpec
from adtempo.platforms.sandbox.world import World
from adtempo.stats.maturity import (
    Basis,
    DelayCurve,
    Snapshot,
    Vintages,
    expect_totals,
    fit_curve,
    prior_curve,
    stack_vintages,
    sum_expectations,
)

Floats = NDArray[np.float64]

SHOWN = (0, 1, 3, 7, 14)
FIRST, HELD_OUT = 100, 165
"""First day judged, as in the yardstick, and the first that nothing was tuned on."""

SANDBOX_AGES = np.arange(1, 29.0)
DAY_US = 86_400_000_000
PRIOR = prior_curve(SANDBOX_AGES, np.minimum(1, 0.55 + 0.45 * ((SANDBOX_AGES - 1) / 7) ** 0.7))
"""What somebody might believe who has never seen the account: not the sandbox's truth."""


# --- the reporting triangle -------------------------------------------------------------------------------------------


def load_triangle(group: str | None = None) -> Floats | None:
    """Return cumulative counts, shape (days, ages), of all groups together or of one."""
    shared = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    file = shared / "data" / "reporting_triangle" / "reporting_triangle.csv"
    if not file.exists():
        return None
    with file.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if group in (None, row["age_group"])]
    start = min(date.fromisoformat(row["reference_date"]) for row in rows)
    counts = np.zeros((1 + max((date.fromisoformat(row["reference_date"]) - start).days for row in rows), 41))
    for row in rows:
        counts[(date.fromisoformat(row["reference_date"]) - start).days, int(row["delay"])] += float(row["count"])
    return counts.cumsum(axis=1)


def window(counts: Floats, today: int, days: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the cohorts of a window and their triangle as of the end of today, NaN where it is still to come."""
    cohorts = np.arange(max(0, today - days), today + 1)
    ages = np.arange(counts.shape[1])
    return cohorts, np.where(ages <= (today - cohorts)[:, None], counts[cohorts], np.nan)


def chain_ladder(counts: Floats, today: int) -> Floats:
    """Return plain chain ladder's totals of the window's cohorts, the newest first."""
    _, seen = window(counts, today, 60)
    both = np.isfinite(seen[:, 1:])
    before = np.where(both, seen[:, :-1], 0).sum(axis=0)
    factor = np.where(before > 0, np.where(both, seen[:, 1:], 0).sum(axis=0) / np.where(before > 0, before, 1), 1)
    to_final = np.append(np.cumprod(factor[::-1])[::-1], 1)
    ages = np.minimum(np.arange(len(seen)), counts.shape[1] - 1)
    return np.asarray(seen[::-1][np.arange(len(seen)), ages] * to_final[ages])


def matured(counts: Floats, today: int, days: int) -> tuple[Floats, list[tuple[Floats, Floats]], DelayCurve]:
    """Return our totals of the window's cohorts with their intervals, the newest first."""
    cohorts, seen = window(counts, today, days)
    started = cohorts + 1.0  # 2021-04-06 was a Tuesday
    curve = fit_curve(Vintages(started, np.arange(1.0, counts.shape[1] + 1), seen), None, today + 2.0)
    age = np.minimum(today - cohorts, counts.shape[1] - 1)
    shown = seen[np.arange(len(age)), age][None]
    answer = expect_totals(Snapshot(started, shown, age[None], np.zeros(1, dtype=np.int64)), [curve])
    bounds = [answer.interval(level) for level in (0.8, 0.95)]
    return answer.value[0, ::-1], [(low[0, ::-1], high[0, ::-1]) for low, high in bounds], curve


def judge_triangle(counts: Floats, days: int) -> dict[str, Floats]:
    """Return errors, totals and coverage by day judged and age, shape (days, ages=41)."""
    spans = range(FIRST, len(counts))
    shape = (len(spans), 41)
    judged = {name: np.zeros(shape) for name in ("final", "ours", "ladder", "none", "in80", "in95")}
    for row, today in enumerate(spans):
        ages = np.arange(41)
        final = counts[today - ages, -1]
        value, (narrow, wide), _ = matured(counts, today, days)
        judged["final"][row] = final
        judged["ours"][row] = np.abs(value[:41] - final)
        judged["ladder"][row] = np.abs(chain_ladder(counts, today)[:41] - final)
        judged["none"][row] = np.abs(counts[today - ages, ages] - final)
        judged["in80"][row] = (narrow[0][:41] <= final) & (final <= narrow[1][:41])
        judged["in95"][row] = (wide[0][:41] <= final) & (final <= wide[1][:41])
    return judged


def print_triangle(counts: Floats, title: str) -> None:
    """Print error and coverage by age, over all days and over those held out."""
    for days in (120, 60):
        judged = judge_triangle(counts, days)
        for name, rows in (("all days", slice(None)), ("held out", slice(HELD_OUT - FIRST, None))):
            print(f"\n{title}, {days} days of vintages, {name}\n")
            print(
                "| age in days | " + " | ".join(map(str, SHOWN)) + " | 0-14 | 0-40 |\n|---|" + "---|" * (len(SHOWN) + 2)
            )
            final = judged["final"][rows]
            for label, key in (("no correction", "none"), ("chain ladder, 60 days", "ladder"), ("adtempo", "ours")):
                by_age = judged[key][rows].sum(axis=0) / final.sum(axis=0)
                pooled = [judged[key][rows, :end].sum() / final[:, :end].sum() for end in (15, 41)]
                print(f"| WAPE, {label} | " + " | ".join(f"{x:.4f}" for x in (*by_age[list(SHOWN)], *pooled)) + " |")
            for level in ("80", "95"):
                inside = judged[f"in{level}"][rows]
                numbers = (*inside.mean(axis=0)[list(SHOWN)], inside[:, :15].mean(), inside.mean())
                print(f"| inside the {level}% interval | " + " | ".join(f"{x:.3f}" for x in numbers) + " |")


def print_groups() -> None:
    """Print the error of each group alone, ours and plain chain ladder's."""
    print("\n| WAPE, adtempo / chain ladder | " + " | ".join(map(str, SHOWN)) + " | in 80%, ages 0-14 |")
    print("|---|" + "---|" * (len(SHOWN) + 1))
    for group in ("00-04", "05-14", "15-34"):
        counts = load_triangle(group)
        assert counts is not None
        judged = judge_triangle(counts, 120)
        final = judged["final"].sum(axis=0)
        ours, ladder = (judged[key].sum(axis=0) / final for key in ("ours", "ladder"))
        figures = " | ".join(f"{ours[age]:.3f} / {ladder[age]:.3f}" for age in SHOWN)
        print(f"| group {group} alone | {figures} | {judged['in80'][:, :15].mean():.3f} |")


# --- the sandbox ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cube:
    """What an account's campaigns showed of every day at every age, and their clicks."""

    counts: Floats  # (campaigns, days, ages)
    values: Floats  # (campaigns, days, ages)
    clicks: Floats  # (campaigns, days)


def simulate(daily: tuple[float, ...], eras: tuple[Era, ...], seed: int, days: int = 110) -> Cube:
    """Play an account whose campaigns have so many conversions a day."""
    campaigns = tuple(
        CampaignSpec(
            *(str(number), f"Campaign {number}", (AdSpec("a", "creative"),)),
            budget_daily_micros=int(rate / 0.03 * 1e6 / 0.97),
            cpm_micros=10_000_000,
            ctr=0.01,
            saturation_hour=0.0,
            saturation_day=0.0,
            noise=0.15,
        )
        for number, rate in enumerate(daily)
    )
    account = AccountSpec("tiktok", "1", "Bench", "UTC", "EUR", campaigns, eras=eras)
    world = World(WorldSpec(seed, date(2026, 1, 5), days, (account,)))
    midnight = world.clock(account).starts_us[0]
    counts, values = np.zeros((2, len(campaigns), days, len(SANDBOX_AGES)))
    clicks = np.zeros((len(campaigns), days))
    for number, campaign in enumerate(campaigns):
        play = world.play(account.campaign_ref(campaign))
        day = (play.sales.clicked_us - midnight) // DAY_US
        for moment, sign in ((play.sales.arrived_us, 1), (play.sales.removed_us, -1)):
            age = np.ceil((moment - midnight) / DAY_US - day - 1).clip(0, 10**6).astype(np.int64)
            seen = age < len(SANDBOX_AGES)
            np.add.at(counts[number], (day[seen], age[seen]), sign)
            np.add.at(values[number], (day[seen], age[seen]), sign * play.sales.value_micros[seen] / 1e6)
        clicks[number] = play.delivery.clicks.sum(axis=1).reshape(days, 24).sum(axis=1)
    return Cube(counts.cumsum(axis=2), values.cumsum(axis=2), clicks)


def vintages_of(cube: Floats, today: int, first: int, unit: float = 1.0) -> tuple[Vintages, Floats]:
    """Return an account's vintages, and its campaigns' triangle of shape (campaigns, cohorts, ages)."""
    cohorts = np.arange(first, today + 1)
    known = np.arange(len(SANDBOX_AGES)) <= (today - cohorts)[:, None]
    seen = np.where(known, cube[:, cohorts], np.nan)
    return Vintages(cohorts.astype(np.float64), SANDBOX_AGES, seen.sum(axis=0), unit), seen


def judge_sandbox(
    cube: Cube, wider: Cube | DelayCurve | None, days: range, first: int = 0, *, values: bool = False
) -> Iterator[tuple[int, str, Floats]]:
    """Yield (age, basis, numbers) of every day judged; numbers as in `print_sandbox`."""
    source = cube.values if values else cube.counts
    for today in days:
        unit = 1.0
        if values:
            unit = 1.17 * source[:, first : today + 1, 0].sum() / cube.counts[:, first : today + 1, 0].sum()
        vintages, seen = vintages_of(source, today, first, unit)
        parent = (
            fit_curve(vintages_of(wider.counts, today, 0)[0], PRIOR, today + 1.0) if isinstance(wider, Cube) else wider
        )
        curve = fit_curve(vintages, parent, today + 1.0)
        cohorts = np.arange(first, today + 1)
        age = np.minimum(today - cohorts, len(SANDBOX_AGES) - 1)
        shown = seen[:, np.arange(len(cohorts)), age]
        series = np.zeros(len(shown), dtype=np.int64)
        snapshot = Snapshot(vintages.started, shown, age[None], series, cube.clicks[:, cohorts], whole=not values)
        cells = expect_totals(snapshot, [curve])
        total = sum_expectations(cells, np.broadcast_to(np.arange(len(cohorts)), shown.shape), len(cohorts))
        final = source[:, cohorts, -1]
        inside = [
            np.stack([low <= final, final <= high]).all(axis=0).mean(axis=0)
            for low, high in map(cells.interval, (0.8, 0.95))
        ]
        all_in = [
            (low <= final.sum(axis=0)) & (final.sum(axis=0) <= high) for low, high in map(total.interval, (0.8, 0.95))
        ]
        numbers = np.stack(
            [
                final.sum(axis=0),
                *(np.abs(guess - final).sum(axis=0) for guess in (cells.value, cells.median(), shown)),
                *(np.abs(guess - final.sum(axis=0)) for guess in (total.value, total.median(), shown.sum(axis=0))),
                *inside,
                *all_in,
            ]
        )
        for at in range(min(len(cohorts), 11)):
            yield at, Basis(int(cells.basis[0, -1 - at])).name.lower(), numbers[:, -1 - at]


def print_sandbox(title: str, judged: Iterator[tuple[int, str, Floats]]) -> None:
    """Print one scenario: error and coverage by age, for single campaigns and for the account."""
    by_age: dict[int, list[Floats]] = {}
    basis = {}
    for age, name, numbers in judged:
        by_age.setdefault(age, []).append(numbers)
        basis[age] = name
    for age in (age for age in (0, 1, 3, 5, 7, 10) if age in by_age):
        means = np.mean(by_age[age], axis=0)
        figures = [*(means[1:4] / means[0]), *means[7:9], *(means[4:7] / means[0]), *means[9:]]
        print(f"| {title} | {age} | " + " | ".join(f"{x:.3f}" for x in figures) + f" | {basis[age]} |")


def print_sandbox_table() -> None:
    """Print every scenario."""
    many = (60, 30, 30, 15, 15, 8, 8, 4, 4, 2, 2, 1, 1, 0.5, 0.3)
    slow = Era(50, "7d_click", DelayProfile((0, 1, 24, 168), (0, 0.1, 0.2, 1.0)))
    usual, three = simulate(many, (Era(),), 11), simulate((3,), (Era(),), 14)
    weekend = simulate(many, (Era(delays=DelayProfile(weekend_stretch=2.0)),), 12)
    later = range(45, 90)
    columns = "WAPE | of the median | no correction | in 80% | in 95%"
    print(f"\n| sandbox, by campaign and day, then by account and day | age | {columns} | {columns} | basis |")
    print("|" + "---|" * 13)
    print_sandbox("usual delays", judge_sandbox(usual, PRIOR, later))
    print_sandbox("usual delays, value", judge_sandbox(usual, PRIOR, later, values=True))
    print_sandbox("weekend clicks wait twice as long", judge_sandbox(weekend, PRIOR, later))
    print_sandbox(
        "slower from day 50 on; days 50-70", judge_sandbox(simulate(many, (Era(), slow), 13), PRIOR, range(50, 71))
    )
    print_sandbox("three conversions a day, with a platform", judge_sandbox(three, usual, later))
    print_sandbox("three conversions a day, with a prior", judge_sandbox(three, PRIOR, later))
    print_sandbox("three conversions a day, with nothing", judge_sandbox(three, None, later))
    print_sandbox(
        "first ten days, with a platform", judge_sandbox(simulate(many, (Era(),), 15), usual, range(40, 50), 40)
    )
    print_sandbox(
        "first ten days, weekends slower than the platform's", judge_sandbox(weekend, usual, range(40, 50), 40)
    )
    print_sandbox("first ten days, with a prior", judge_sandbox(usual, PRIOR, range(40, 50), 40))
    print_sandbox("first ten days, with nothing", judge_sandbox(usual, None, range(40, 50), 40))


def print_changes(worlds: int = 6) -> None:
    """Print when a change of delays on day 50 is found, and how often one is where there was none."""
    changes = {
        "much slower": DelayProfile((0, 1, 24, 168), (0, 0.1, 0.2, 1.0)),
        "faster": DelayProfile((0, 1, 24, 168), (0, 0.6, 0.8, 1.0)),
        "all within a day": DelayProfile((0, 1, 24, 25), (0, 0.5, 0.95, 1.0)),
    }
    print("\n| delays from day 50 on | found after days, world by world | day named | false alarms in looks before |")
    print("|---|---|---|---|")
    for name, profile in changes.items():
        found: list[tuple[int, int]] = []
        alarms = 0
        for seed in range(31, 31 + worlds):
            cube = simulate((30, 10, 5, 5), (Era(), Era(50, "new", profile)), seed, 75)
            curves = [
                (today, fit_curve(vintages_of(cube.counts, today, 0)[0], PRIOR, today + 1.0)) for today in range(30, 70)
            ]
            alarms += sum(np.isfinite(curve.changed) for today, curve in curves if today < 50)
            later = (
                (today - 50, int(curve.changed))
                for today, curve in curves
                if today >= 50 and np.isfinite(curve.changed)
            )
            found += [next(later, (-1, -1))]
        after, named = zip(*found, strict=True)
        print(f"| {name} | {' '.join(map(str, after))} | {' '.join(map(str, named))} | {alarms} in {20 * worlds} |")


# --- speed ------------------------------------------------------------------------------------------------------------


def print_speed(campaigns: int = 10_000, days: int = 60, accounts: int = 40) -> None:
    """Print the seconds for learning the curves and correcting counts of many campaigns, with all intervals."""
    rng = np.random.default_rng(1)
    ages = np.concatenate([np.arange(1, 48) / 24, np.arange(2, 43.0)])
    share = np.minimum(1, 0.35 + 0.65 * (ages / 10) ** 0.5)
    triangles = []
    for _ in range(accounts):
        started = np.arange(120.0)
        seen = rng.poisson(30 * np.diff(share, prepend=0), (120, len(ages))).cumsum(axis=1).astype(np.float64)
        triangles.append(Vintages(started, ages, np.where(started[:, None] + ages > 120, np.nan, seen)))
    started = np.arange(120.0 - days, 120)
    age = np.maximum(np.searchsorted(ages, 120 - started, side="right") - 1, 0)
    seen = rng.poisson(3 * share[age], (campaigns, days)).astype(np.float64)
    clicks, group = rng.poisson(100.0, (campaigns, days)).astype(np.float64), rng.integers(0, accounts, campaigns)
    begin = time.perf_counter()
    platform = fit_curve(stack_vintages(triangles), prior_curve(ages, share), 120.0)
    curves = [fit_curve(triangle, platform, 120.0) for triangle in triangles]
    fitted = time.perf_counter()
    cells = expect_totals(Snapshot(started, seen, age[None], group, clicks), curves)
    for level in (0.8, 0.95):
        cells.interval(level)
    sum_expectations(cells, np.broadcast_to(np.arange(campaigns)[:, None], seen.shape), campaigns)
    end = time.perf_counter()
    print(f"\n| {campaigns:,} campaigns x {days} days in {accounts} accounts | measured | goal |\n|---|---|---|")
    print(f"| learn {accounts + 1} curves of {len(ages)} ages from 120 days | {fitted - begin:.2f} s | |")
    print(f"| correct, both intervals, sums by campaign | {end - fitted:.2f} s | |")
    print(f"| together | {end - begin:.2f} s | 10 s |")


def main() -> None:
    """Print all tables."""
    pooled = load_triangle()
    if pooled is None:
        print("The reporting triangle is absent (set ADTEMPO_SHARED to the folder that holds data/).")
    else:
        print_triangle(pooled, "Reporting triangle, three groups pooled")
        print_groups()
    print_sandbox_table()
    print_changes()
    print_speed()


if __name__ == "__main__":
    main()
