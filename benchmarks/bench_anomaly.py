"""How good anomaly scores are: on labelled real series, on planted incidents, and against plain z-scores.

The labelled series are the ten tweet counts of the Numenta Anomaly Benchmark (../shared/data, or ADTEMPO_SHARED); the
incidents are planted in the sandbox market. Seeded, so that two runs print the same table, except for speed.

Run with ``make bench`` or ``python benchmarks/bench_anomaly.py``; about two minutes.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adtempo.platforms.sandbox.spec import (
    DAILY_TRAFFIC,
    AccountSpec,
    AdSpec,
    Block,
    CampaignSpec,
    Incident,
    IncidentKind,
    WorldSpec,
)
from adtempo.platforms.sandbox.world import Play, World
from adtempo.stats.anomaly import ONCE_IN_DAYS, Detector, Reading, read_series
from adtempo.stats.anomaly_silence import Silence
from adtempo.stats.nab import count_alerts, nab_score
from adtempo.tracking.anomalies import (
    JUDGED,
    HourlySeries,
    estimate_broken_tracking,
    estimate_incidents,
    read_metric,
)

SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
NAB = SHARED / "data" / "nab"
PUBLISHED = {"ARTime": 81.8, "HTM": 68.0, "windowed Gaussian": 51.4, "Random Cut Forest": 48.1}
THURSDAY = 72  # hour of the week at which 1970 began

Floats = NDArray[np.float64]
Series = tuple[NDArray[np.datetime64], Floats]

PER_KIND = 12
DAYS = 84
INCIDENTS = {
    "spend spike": (Incident(IncidentKind.SPEND_SPIKE, 63, 13, 8, 3.0), ("spend",)),
    "budget gone by noon": (Incident(IncidentKind.BUDGET_DEPLETED, 63, 0, 24, 4.0), ("spend",)),
    "slow CTR decay": (Incident(IncidentKind.CTR_DECAY, 60, 0, 24 * 14, 0.4), ("ctr", "cpc")),
    "tracking outage": (Incident(IncidentKind.TRACKING_OUTAGE, 63, 6, 30), ("silence", "conversions")),
    "holiday (no anomaly)": (Incident(IncidentKind.HOLIDAY, 63, 0, 24, 1.5), ()),
    "nothing": (None, ()),
}
CALM = {"holiday": (63, ("holiday",)), "clock change": (62, ("holiday", "nothing"))}
"""Days that are no anomaly, each with the campaigns that show them without an incident."""
METHODS = ("once in 10 days", "once in 90 days", "z beyond 2", "z beyond 3")


def read_csv(path: Path) -> Series:
    """Return times and values of a `timestamp,value` file."""
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return np.array([row["timestamp"] for row in rows], dtype="datetime64[s]"), np.array(
        [float(row["value"]) for row in rows]
    )


def read_plain(series: Series, once_in_days: float = ONCE_IN_DAYS) -> list[Reading]:
    """Read a plain series as `score_series` does, with another return period."""
    seconds = series[0].astype(np.int64)
    return read_series(
        Detector(once_in_days=once_in_days), seconds / 3600.0, (seconds // 3600 + THURSDAY) % 168, series[1]
    )


def onsets(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows at which an alarm begins."""
    return np.flatnonzero(flags & ~np.r_[False, flags[:-1]])


def bench_nab() -> None:
    """Score the labelled files, whole and in halves, for several return periods, and plain z-scores beside."""
    windows = json.loads((NAB / "realTweets_windows.json").read_text("utf-8"))
    files = {name: read_csv(NAB / name) for name in sorted(windows)}
    limits = {
        name: [
            (int(np.searchsorted(times, np.datetime64(a[:19]))), int(np.searchsorted(times, np.datetime64(b[:19]))))
            for a, b in windows[name]
        ]
        for name, (times, _) in files.items()
    }
    weeks = sum(len(times) for times, _ in files.values()) / (7 * 288)

    def show(what: str, alerts: dict[str, NDArray[np.int64]]) -> None:
        counts = [count_alerts(len(files[name][0]), limits[name], alerts[name]) for name in files]
        false, found = sum(count.false_alarms for count in counts), sum(count.found for count in counts)
        halves = " / ".join(f"{nab_score(half):.1f}" for half in (counts[::2], counts[1::2]))
        print(f"| {what} | {nab_score(counts):.1f} | {halves} | {found} of 33 | {false / weeks:.2f} |", flush=True)

    print("\n| detector | NAB score | two halves | windows found | false alarms a series-week |\n|---|---|---|---|---|")
    for days in (5.0, 7.0, ONCE_IN_DAYS, 14.0):
        readings = {name: read_plain(series, days) for name, series in files.items()}
        chosen = " (the product's)" if days == ONCE_IN_DAYS else ""
        show(
            f"once in {days:.0f} days{chosen}",
            {name: np.flatnonzero([r.score >= 0.5 for r in rows]) for name, rows in readings.items()},
        )
    for sigma in (2.0, 3.0):
        show(
            f"z beyond {sigma:.0f}, each onset",
            {name: onsets(np.abs([r.z for r in rows]) >= sigma) for name, rows in readings.items()},
        )
    for name, score in PUBLISHED.items():
        print(f"| {name}, published, threshold tuned on labels | {score} | | | |")
    for path in sorted((NAB / "exchange-1_unlabelled").glob("*.csv")):
        series = read_csv(path)
        alerts = sum(reading.score >= 0.5 for reading in read_plain(series))
        print(f"\n{path.stem}, hourly, no labels: {alerts} alerts in {len(series[1]) / 168:.1f} weeks")
    begin = time.process_time()
    for series in files.values():
        read_plain(series)
    rows = sum(len(times) for times, _ in files.values())
    print(f"\ncost per row: {1e6 * (time.process_time() - begin) / rows:.1f} microseconds over {rows:,} rows (goal 50)")


def market() -> WorldSpec:
    """One account whose campaigns each have one incident, or none, a rhythm, and some a quiet weekend; DST inside."""
    campaigns = tuple(
        CampaignSpec(
            campaign_id=f"{kind}/{number}",
            name=kind,
            ads=(AdSpec("a", "a"), AdSpec("b", "b")),
            budget_daily_micros=1_484_540_000,
            cpm_micros=10_000_000,
            ctr=0.01,
            click_blocks=(Block((18, 19, 20, 21), 1.3),),
            buy_blocks=(Block((18, 19, 20, 21), 1.5),),
            weekend_delivery=0.7 if number % 2 else 1.0,
            incidents=(incident,) if incident else (),
        )
        for kind, (incident, _) in INCIDENTS.items()
        for number in range(PER_KIND)
    )
    account = AccountSpec("tiktok", "t1", "Bench", "Europe/Berlin", "EUR", campaigns, traffic=DAILY_TRAFFIC)
    return WorldSpec(1, date(2026, 1, 26), DAYS, (account,))


@dataclass
class Tally:
    """What one method did."""

    false: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    delays: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    calm: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def metric_series(play: Play) -> dict[str, tuple[Floats, Floats | None, bool]]:
    """Return values, weights and whether they are counts, of what a reader sees one hour after each hour."""
    counts, clock, sales = play.final_counts(), play.stage.clock, play.sales
    spend, shown, clicks = (
        array.sum(axis=1).astype(np.float64) for array in (counts.spend_micros, counts.impressions, counts.clicks)
    )
    early = sales.tracked & (sales.arrived_us <= clock.starts_us[sales.hour] + 2 * 3_600_000_000)
    conversions = np.bincount(sales.hour[early], minlength=len(clock)).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "spend": (spend, None, True),
            "clicks": (clicks, None, True),
            "conversions": (conversions, None, True),
            "ctr": (clicks / shown, shown, False),
            "cpc": (spend / clicks, clicks, False),
            "cpm": (spend / shown, shown, False),
            "silence": (conversions, clicks, False),
        }


def alerts_of(
    metric: str, hours: Floats, cells: NDArray[np.int64], series: tuple[Floats, Floats | None, bool]
) -> list[NDArray[np.int64]]:
    """Return the alerts of each method."""
    values, weights, counts = series
    if metric == "silence":
        assert weights is not None
        found = []
        for days in (ONCE_IN_DAYS, 90.0):
            silence = Silence(days)
            found.append(np.flatnonzero([silence.read(1.0, n, k) >= 0.5 for n, k in zip(weights, values, strict=True)]))
        return [*found, np.array([], np.int64), np.array([], np.int64)]
    often, rarely = (
        read_series(Detector(once_in_days=days, counts=counts), hours, cells, values, weights)
        for days in (ONCE_IN_DAYS, 90.0)
    )
    z = np.abs(np.nan_to_num([reading.z for reading in often]))
    return [np.flatnonzero([reading.score >= 0.5 for reading in rows]) for rows in (often, rarely)] + [
        onsets(z >= 2),
        onsets(z >= 3),
    ]


def bench_sandbox() -> None:
    """Measure delay, recall and false alarms on planted incidents."""
    world = World(market())
    account = world.spec.accounts[0]
    clock = world.clock(account)
    hours = clock.starts_us / 3.6e9
    tallies = [Tally() for _ in METHODS]
    for campaign in account.campaigns:
        incident, telling = INCIDENTS[campaign.name]
        start = clock.first_hour_at(incident.day, incident.hour) if incident and telling else len(clock)
        end = start + (incident.hours if incident else 0)
        best = [np.inf] * len(METHODS)
        for metric, series in metric_series(world.play(account.campaign_ref(campaign))).items():
            for place, alerts in enumerate(alerts_of(metric, hours, clock.hour_of_week, series)):
                tallies[place].false[metric] += int(((alerts < start) | (alerts >= end + 240)).sum())
                for name, (day, shown_by) in CALM.items():
                    begin = clock.first_hour_at(day, 0)
                    alerted = ((alerts >= begin) & (alerts < begin + 24)).any()
                    if alerted and metric in {"spend", "ctr", "silence"} and campaign.name.startswith(shown_by):
                        tallies[place].calm[name].add(campaign.campaign_id)
                hits = alerts[(alerts >= start) & (alerts < end)]
                if metric in telling and len(hits):
                    best[place] = min(best[place], float(hits[0] - start))
        if telling:
            for tally, delay in zip(tallies, best, strict=True):
                tally.delays[campaign.name].append(delay)
    weeks = len(account.campaigns) * len(clock) / 168
    metrics = list(tallies[0].false)
    print(
        f"\n| method | {' | '.join(kind for kind, (_, telling) in INCIDENTS.items() if telling)} | "
        + " | ".join(metrics)
        + " |"
    )
    print("|---" * (1 + len(tallies[0].delays) + len(metrics)) + "|")
    for method, tally in zip(METHODS, tallies, strict=True):
        found = [
            f"{np.isfinite(delays).mean():.0%}, {np.median([d for d in delays if d < np.inf] or [np.nan]):.0f} h"
            for delays in tally.delays.values()
        ]
        print(
            f"| {method} | {' | '.join(found)} | "
            + " | ".join(f"{tally.false[metric] / weeks:.2f}" for metric in metrics)
            + " |"
        )
    print("\nIncidents: share found before their end, median delay. Metrics: false alarms a series-week.")
    for method, tally in zip(METHODS, tallies, strict=True):
        print(f"{method}, alerts on spend, CTR or silence:", {name: len(tally.calm[name]) for name in CALM})


def bench_campaign_hours() -> None:
    """Measure what it costs to judge the hours of campaigns as the product does."""
    world = World(market())
    account = world.spec.accounts[0]
    clock = world.clock(account)
    series = []
    for campaign in account.campaigns[:5]:
        counts = world.play(account.campaign_ref(campaign)).final_counts()
        amounts = {
            "impressions": counts.impressions.sum(axis=1),
            "clicks": counts.clicks.sum(axis=1),
            "spend_micros": counts.spend_micros.sum(axis=1),
            "conversions_micros": counts.conversions.sum(axis=1) * 1_000_000,
        }
        ref, zone, hours = account.campaign_ref(campaign), account.account.zone, clock.starts_us / 3.6e9
        plain = {name: values.astype(np.float64) for name, values in amounts.items()}
        series.append(HourlySeries(ref, "", "EUR", zone, hours, clock.hour_of_week, plain, np.ones(len(hours))))
    rows = sum(map(len, series))
    begin = time.process_time()
    for one in series:
        list(estimate_incidents(one, 1_484_540_000))
        list(estimate_broken_tracking(one))
    alerting = time.process_time() - begin
    begin = time.process_time()
    for one in series:
        for metric in JUDGED:
            read_metric(one, metric)
    every = time.process_time() - begin
    print(
        f"\n{rows:,} campaign-hours: {alerting:.2f} s for alerts (spend, CTR, tracking; goal 1 s),"
        f" {every:.2f} s by all {len(JUDGED)} metrics"
    )


def main() -> None:
    """Print the tables."""
    if NAB.exists():
        bench_nab()
    else:
        print("The labelled series are absent (set ADTEMPO_SHARED to the folder that holds data/).")
    bench_campaign_hours()
    bench_sandbox()


if __name__ == "__main__":
    main()
