"""How good forecasts are, on public series that nobody here wrote.

M4 hourly: 414 series, 48 hours ahead, beside the published table. Daily display ads: five totals, 7 days ahead from
every day on which five weeks were known. Seasonal naive is computed in the same run. The choice among forecasters uses
only what lies before each forecast; how constants were set is told in docs/explain/forecast-methods.md.

Run with ``make bench`` or ``python benchmarks/bench_forecasts.py``; about two minutes.
"""

from __future__ import annotations

import csv
import os
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adtempo.stats.forecasters import NAIVE, QUICK, Fans, forecast_panel
from adtempo.stats.scores import coverage, mase, msis, naive_scale, owa, smape, wape

SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
NAIVE2 = (18.383, 2.395)
"""sMAPE and MASE of the benchmark Naive2 on M4 hourly, as published: the unit of OWA."""

PUBLISHED = {
    "best of each measure": "8.913 | 0.801 | 0.410 | 6.139",
    "seasonal naive": "13.912 | 1.193 | 0.627 | -",
    "Theta": "18.138 | 2.455 | 1.006 | -",
    "ARIMA": "- | - | - | 7.538",
    "ETS": "- | - | - | 17.487",
}
DAY, WEEK = 24, 168
AHEAD_HOURS, AHEAD_DAYS = 48, 7
FIRST_ORIGIN = 35
ADS = ("displays", "clicks", "cost", "revenue", "post_click_conversions")
MONTHS = {"April": 4, "May": 5, "June": 6}

Floats = NDArray[np.float64]


def read_m4(name: str) -> list[Floats]:
    """Return the series of one file of the competition."""
    with (SHARED / "m4_hourly" / name).open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1:]
    return [np.array([float(cell) for cell in row[1:] if cell]) for row in rows]


def bench_m4() -> None:
    """Forecast the 48 test hours of every series, and print the scores beside the published ones."""
    train, test = read_m4("Hourly-train.csv"), np.stack(read_m4("Hourly-test.csv"))
    longest = max(map(len, train))
    panel = np.stack([np.r_[np.full(longest - len(series), np.nan), series] for series in train])
    scales = [naive_scale(series, DAY) for series in train]
    print("\n| M4 hourly | sMAPE | MASE | OWA | MSIS | 80% covers | 95% covers | CPU seconds |")
    print("|---|---|---|---|---|---|---|---|")
    for name, candidates in (("seasonal naive, this run", QUICK[:1]), ("adtempo", QUICK)):
        began = time.process_time()
        fans = forecast_panel(panel, candidates, seasons=(DAY, WEEK), horizon=AHEAD_HOURS, nonnegative=True)
        seconds = time.process_time() - began
        print(f"| {name} | {score_m4(fans, test, scales)} | {seconds:.0f} |", flush=True)
    for name, scores in PUBLISHED.items():
        print(f"| {name}, published | {scores} | - | - | - |")
    plain = sum(chosen == NAIVE for chosen in fans.chosen)
    print(f"\n{plain} of {len(train)} series are forecast by {NAIVE}, which nothing beat on their past.")


def score_m4(fans: Fans, test: Floats, scales: list[float]) -> str:
    """Return the scores as cells of a table."""
    rows = list(zip(test, fans.expected, fans.low95, fans.high95, scales, strict=True))
    errors = float(np.mean([smape(actual, expected) for actual, expected, *_ in rows]))
    scaled = float(np.mean([mase(actual, expected, scale) for actual, expected, _, _, scale in rows]))
    spread = float(np.mean([msis(actual, low, high, scale) for actual, _, low, high, scale in rows]))
    total = owa(errors, scaled, smape_naive2=NAIVE2[0], mase_naive2=NAIVE2[1])
    covers = f"{coverage(test, fans.low80, fans.high80):.1%} | {coverage(test, fans.low95, fans.high95):.1%}"
    return f"{errors:.3f} | {scaled:.3f} | {total:.3f} | {spread:.2f} | {covers}"


@dataclass
class Tally:
    """What was forecast of one metric, and what came."""

    actual: list[Floats]
    naive: list[Floats]
    fans: list[tuple[Floats, ...]]


def read_ads() -> Floats:
    """Return the daily totals of the ads, shape (metrics, days); a row that stands twice counts once."""
    path = SHARED / "online_ads_daily" / "online_advertising_performance_data.csv"
    with path.open(encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    totals: dict[date, Floats] = {}
    for row in dict.fromkeys(map(tuple, rows)):
        named = dict(zip(header, row, strict=True))
        day = date(2020, MONTHS[named["month"]], int(named["day"]))
        totals[day] = totals.get(day, np.zeros(len(ADS))) + [float(named[metric]) for metric in ADS]
    return np.stack([totals[day] for day in sorted(totals)], axis=1)


def bench_ads() -> None:
    """Forecast seven days from every day on, and print errors beside those of seasonal naive on the same days."""
    totals = read_ads()
    tallies = {metric: Tally([], [], []) for metric in ADS}
    chosen: Counter[str] = Counter()
    began = time.process_time()
    for origin in range(FIRST_ORIGIN, totals.shape[1] - AHEAD_DAYS + 1):
        past, future = totals[:, :origin], totals[:, origin : origin + AHEAD_DAYS]
        fans = forecast_panel(past, QUICK, seasons=(AHEAD_DAYS,), horizon=AHEAD_DAYS, nonnegative=True)
        ends = zip(fans.expected, fans.low80, fans.high80, fans.low95, fans.high95, strict=True)
        for tally, actual, last, rows in zip(tallies.values(), future, past[:, -AHEAD_DAYS:], ends, strict=True):
            tally.actual.append(actual)
            tally.naive.append(last)
            tally.fans.append(rows)
        chosen.update(name for names in fans.chosen for name in names.split("+"))
    seconds = time.process_time() - began
    print(f"\n| daily ads, {AHEAD_DAYS} days ahead | WAPE | seasonal naive | 80% covers | 95% covers |")
    print("|---|---|---|---|---|")
    for metric, tally in tallies.items():
        print(f"| {metric} | {score_ads([tally])} |")
    print(f"| all | {score_ads(list(tallies.values()))} |")
    print(f"\n{len(tallies[ADS[0]].actual)} origins, {seconds:.0f} CPU seconds. Chosen, alone or in part:")
    print(", ".join(f"{name} {count}" for name, count in chosen.most_common()))


def score_ads(tallies: list[Tally]) -> str:
    """Return the scores of some metrics, the mean of their errors, as cells of a table."""
    errors, naive, near, far = [], [], [], []
    for tally in tallies:
        actual, (expected, *ends) = np.array(tally.actual), (np.array(one) for one in zip(*tally.fans, strict=True))
        errors.append(wape(actual, expected))
        naive.append(wape(actual, np.array(tally.naive)))
        near.append(coverage(actual, ends[0], ends[1]))
        far.append(coverage(actual, ends[2], ends[3]))
    return f"{np.mean(errors):.3f} | {np.mean(naive):.3f} | {np.mean(near):.1%} | {np.mean(far):.1%}"


if __name__ == "__main__":
    bench_m4()
    bench_ads()
