"""What known dates and changed budgets are worth to forecasts: sandbox markets, 28 days ahead, with and without them.

Every market is forecast twice from the same past: knowing its holidays and budgets, and not. Two worlds where that
should help, and two where it must not hurt: holidays on which nothing happens, and budgets that never held spend.
Constants were set on markets of seeds below 420; the table is of later ones.

Run it: python benchmarks/bench_forecast_known.py (about ten minutes of one core).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from adtempo.forecasts.dates import holidays_of
from adtempo.forecasts.estimate import HORIZON, CampaignPanel, estimate_channels
from adtempo.forecasts.plans import at_todays_budgets
from adtempo.platforms.sandbox.edits import Edit, Field
from adtempo.platforms.sandbox.spec import AccountSpec, AdSpec, CampaignSpec, Incident, IncidentKind, WorldSpec
from adtempo.platforms.sandbox.world import World

CAMPAIGNS = 4
ZONE = "America/New_York"
ENDS = (date(2026, 6, 16), date(2026, 11, 12), date(2026, 12, 10))
"""Last days that are known; holidays follow each."""

SHOWN = ("spend", "conversions", "value")

Floats = NDArray[np.float64]


def play(seed: int, end: date, days: int, *, holiday: float = 1.0, edited: bool = False) -> tuple[CampaignPanel, ...]:
    """Return what is known of a market on its last day, and the truth with the days to come.

    Args:
        seed: Of the market.
        end: Last day that is known.
        days: How many are known.
        holiday: Factor on the conversion rate of a holiday.
        edited: Whether half of the budgets are changed on one of the last days.
    """
    rng = np.random.default_rng(seed)
    start, whole = end - timedelta(days=days - 1), days + HORIZON
    calendar = np.datetime64(start) + np.arange(whole)
    names = holidays_of(ZONE, calendar)
    incidents = tuple(Incident(IncidentKind.HOLIDAY, day, 0, 24, holiday) for day, name in enumerate(names) if name)
    campaigns = tuple(
        CampaignSpec(
            f"c{place}",
            f"Campaign {place}",
            (AdSpec(f"ad{place}", f"creative{place}"),),
            budget_daily_micros=int(rng.uniform(200, 2000)) * 1_000_000,
            cvr=rng.uniform(0.03, 0.08),
            weekend_delivery=rng.uniform(0.7, 1.0),
            incidents=incidents,
        )
        for place in range(CAMPAIGNS)
    )
    account = AccountSpec("google", "1", "Known", ZONE, "USD", campaigns)
    world = World(WorldSpec(seed, start, whole, (account,)))
    series: dict[str, list[Floats]] = {name: [] for name in ("spend", "value", "conversions", "impressions", "clicks")}
    budgets = np.empty((CAMPAIGNS, whole + 1))
    for place, campaign in enumerate(campaigns):
        budget = campaign.budget_daily_micros
        edits: tuple[Edit, ...] = ()
        budgets[place] = budget / 1e6
        if edited and place % 2:
            first = days - int(rng.integers(0, 6))
            after = round(budget * float(np.exp(rng.uniform(-0.9, 0.9))))
            at = datetime.combine(start + timedelta(days=first), datetime.min.time(), UTC) + timedelta(hours=5)
            edits = (Edit(at, Field.BUDGET, str(budget), str(after), "bench"),)
            budgets[place, first:] = after / 1e6
        play = world.play(account.campaign_ref(campaign), edits)
        counts, clock = play.final_counts(), play.stage.clock
        for name, counted, unit in (
            ("spend", counts.spend_micros, 1e6),
            ("value", counts.conversion_value_micros, 1e6),
            ("conversions", counts.conversions, 1),
            ("impressions", counts.impressions, 1),
            ("clicks", counts.clicks, 1),
        ):
            series[name].append(clock.sum_by_day(counted.sum(axis=1) / unit))
    truth = CampaignPanel(
        days=calendar,
        seen=np.ones(whole, bool),
        channels=("google",) * CAMPAIGNS,
        accounts=("google:1",) * CAMPAIGNS,
        names=tuple(f"google:1:{one.campaign_id}" for one in campaigns),
        running=np.ones(CAMPAIGNS, bool),
        budgets=budgets,
        series={name: np.array(rows) for name, rows in series.items()},
        has_value=True,
        holidays={"google:1": names},
        replanned=np.zeros(CAMPAIGNS, bool),
    )
    known = replace(
        truth,
        days=calendar[:days],
        seen=truth.seen[:days],
        budgets=budgets[:, : days + 1],
        series={name: rows[:, :days] for name, rows in truth.series.items()},
    )
    return known, truth


def unbound(panel: CampaignPanel) -> CampaignPanel:
    """Return a market whose budgets are twice what was ever spent, and were doubled on the last day but one."""
    budgets = np.tile(2 * panel.series["spend"].max(axis=1, keepdims=True), len(panel.days) + 1)
    budgets[:, -2:] *= 2
    return replace(panel, budgets=budgets)


def compare(name: str, seeds: range, days: int, make: Callable[[int, date], tuple[CampaignPanel, ...]]) -> None:
    """Print the errors of a world's markets, and what the 80% intervals of four weeks hold."""
    errors: dict[tuple[str, bool], list[Floats]] = {}
    held: dict[bool, list[bool]] = {True: [], False: []}
    for seed in seeds:
        for place, end in enumerate(ENDS):
            # A seed has the same luck whatever the dates, so each market has one of its own.
            panel, truth = make(len(ENDS) * seed + place, end)
            for knowing in (False, True):
                asked = at_todays_budgets(panel) if knowing else replace(panel, holidays={})
                draws = estimate_channels(asked, reach={}, chosen=None)["google"].draws
                assert draws is not None
                for series in SHOWN:
                    came = truth.series[series][:, days:].sum(axis=0)
                    off = np.abs(came - draws[series].mean(axis=0)).sum()
                    errors.setdefault((series, knowing), []).append(np.array([off, came.sum()]))
                    low, high = np.quantile(draws[series].sum(axis=1), [0.1, 0.9])
                    held[knowing].append(bool(low <= came.sum() <= high))
    cells = []
    for series in SHOWN:
        without, knowing = (np.sum(errors[series, one], axis=0) for one in (False, True))
        cells.append(f"{without[0] / without[1]:.3f} → {knowing[0] / knowing[1]:.3f}")
    print(f"| {name} | {' | '.join(cells)} | {np.mean(held[False]):.0%} → {np.mean(held[True]):.0%} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="200:204", help="first:last+1, of three markets each")
    seeds = range(*map(int, parser.parse_args().seeds.split(":")))
    print(f"| WAPE, {HORIZON} days | {' | '.join(SHOWN)} | 80% holds |\n|---|---|---|---|---|")
    compare("holidays sell 1.8 times as much", seeds, 400, lambda seed, end: play(seed, end, 400, holiday=1.8))
    compare("holidays sell half as much", seeds, 400, lambda seed, end: play(seed, end, 400, holiday=0.5))
    compare("nothing happens on holidays", seeds, 400, lambda seed, end: play(seed, end, 400))
    compare("budgets were just changed", seeds, 90, lambda seed, end: play(seed, end, 90, edited=True))

    def free(seed: int, end: date) -> tuple[CampaignPanel, ...]:
        known, truth = play(seed, end, 90)
        return unbound(known), truth

    compare("budgets that hold nothing were changed", seeds, 90, free)


if __name__ == "__main__":
    main()
