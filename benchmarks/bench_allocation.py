"""How good budget splits are: their true value as a share of the best split's, where the true curves are known.

Simulated histories of five channels and 120 weeks, of several kinds; and the small business of ../shared/data (or
ADTEMPO_SHARED). Beside: the split of the past, equal parts, and PyMC-Marketing's published value. The method was chosen
on other seeds (`--seeds 0:6`) and on the kinds above the line; those below it were only ever measured. Seeded, so that
two runs print the same table, except for speed.

Run with ``make bench`` or ``python benchmarks/bench_allocation.py``; about four minutes of processor time.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adtempo.stats.response import Allocation, History, allocate, fit_own_responses, fit_responses
from adtempo.stats.response.curves import carry_over, saturate

SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
SMALL_BUSINESS = SHARED / "data" / "mmm_small_business"
PYMC_MARKETING = 0.980
HELD_OUT = range(100, 104)
YEAR = 365.25 / 7
ROWS, CHANNELS = 120, 5
CAMPAIGNS = 12

Floats = NDArray[np.float64]
Curve = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Kind:
    """What a simulated business is like.

    Attributes:
        curves: Families that the curves of its channels are drawn from.
        keep: Most carry-over.
        together: Correlation of the logarithms of spend of two channels.
        flights: Share of weeks without spend.
        base: Strength of trend and season, as a share of the mean base.
        chasing: How much spend follows the season.
    """

    curves: tuple[str, ...] = ("hill",)
    keep: float = 0.5
    together: float = 0.2
    flights: float = 0.0
    base: float = 0.1
    chasing: float = 0.0


KINDS = {
    "concave": Kind(keep=0.0),
    "S-shaped": Kind(("s",), keep=0.2),
    "carry-over": Kind(keep=0.8),
    "spent on together": Kind(("hill", "s"), together=0.9),
    "trend and season": Kind(base=0.4),
    "in flights": Kind(("hill", "s"), flights=0.6),
}
UNSEEN_KINDS = {
    "exponential": Kind(("exponential",)),
    "power, never saturating": Kind(("power",)),
    "spend chases the season": Kind(("hill", "exponential"), base=0.3, chasing=1.0),
    "everything at once": Kind(("hill", "s", "exponential", "power"), 0.7, 0.7, 0.3, 0.3, 0.5),
}


@dataclass(frozen=True)
class Business:
    """A history, and what nobody in it knew."""

    history: History
    curves: list[Curve]

    def value(self, amounts: Floats) -> float:
        """Return what steady spend truly brings in a row."""
        return float(sum(curve(amount) for curve, amount in zip(self.curves, amounts, strict=True)))

    def oracle(self, total: float, high: Floats) -> float:
        """Return the value of the best split of a thousand steps."""
        steps = np.linspace(0.0, total, 1001)
        best = np.zeros(1001)
        for curve, most in zip(self.curves, high, strict=True):
            values = curve(np.minimum(steps, most))
            best = np.array([(best[: n + 1] + values[n::-1]).max() for n in range(1001)])
        return float(best[-1])


def draw_curve(family: str, usual: float, rng: np.random.Generator) -> Curve:
    """Return a curve that brings 1 at the usual spend."""
    at = usual * rng.lognormal(0.3, 0.6)
    shape = rng.uniform(1.5, 3.5)
    power = rng.uniform(0.2, 0.8)
    families: dict[str, Curve] = {
        "hill": lambda spend: saturate(spend / at, 1.0),
        "s": lambda spend: saturate(spend / at, shape),
        "exponential": lambda spend: -np.expm1(-spend / at),
        "power": lambda spend: spend**power,
    }
    curve = families[family]
    whole = float(curve(np.array(usual)))
    return lambda spend: curve(spend) / whole


def scaled(curve: Curve, worth: float, spend: Floats) -> Floats:
    """Return what a curve brings whose usual spend is worth so much."""
    return worth * curve(spend)


def simulate(kind: Kind, seed: int) -> Business:
    """Return one business of a kind."""
    rng = np.random.default_rng([seed, 7])
    time_ = np.arange(ROWS) / ROWS
    season = np.sin(2 * np.pi * (np.arange(ROWS) / YEAR + rng.random()))
    usual = rng.lognormal(5.0, 1.0, CHANNELS)
    common = rng.normal(size=(ROWS, 1)) * np.sqrt(kind.together)
    own = rng.normal(size=(ROWS, CHANNELS)) * np.sqrt(1 - kind.together)
    spend = usual * np.exp(0.6 * (common + own) + 0.4 * kind.chasing * season[:, None])
    spend *= rng.random((ROWS, CHANNELS)) >= kind.flights
    worth = rng.dirichlet(np.full(CHANNELS, 2.0)) * rng.uniform(0.2, 0.6)
    curves, brought = list[Curve](), np.zeros(ROWS)
    for channel in range(CHANNELS):
        curve = draw_curve(str(rng.choice(kind.curves)), usual[channel], rng)
        felt = carry_over(spend[:, channel], rng.uniform(0.0, kind.keep))
        curves.append(partial(scaled, curve, 10_000 * worth[channel]))
        brought += curves[-1](felt)
    wander = np.cumsum(rng.normal(0, 0.01, ROWS))
    base = 1 + kind.base * (rng.choice([-1, 1]) * (time_ - 0.5) + season / 2) + wander
    outcome = 10_000 * (1 - worth.sum()) * base + brought
    outcome += rng.normal(0, rng.uniform(0.02, 0.06) * outcome.mean(), ROWS)
    return Business(History(spend, np.maximum(outcome, 0.0), (YEAR,)), curves)


@dataclass
class Tally:
    """What was measured of several businesses."""

    shares: list[tuple[float, float, float]]
    held: list[bool]
    gaps: list[float]
    seconds: list[float]

    def line(self, name: str) -> str:
        """Return a row of the table."""
        ours, past, equal = np.mean(self.shares, axis=0)
        worst = min(share[0] for share in self.shares)
        return (
            f"| {name} | {past:.3f} | {equal:.3f} | {ours:.3f} | {worst:.3f} | {np.mean(self.held):.0%}"
            f" | {max(self.gaps):.1e} | {max(self.seconds):.1f} s |"
        )


def judge(business: Business, plan: Allocation, high: Floats, tally: Tally) -> None:
    """Hold a split, and what was claimed of it, against the truth."""
    usual = business.history.spend.mean(axis=0)
    total = float(plan.amounts.sum())
    best = business.oracle(total, high)
    splits = plan.amounts, total * usual / usual.sum(), np.full(len(high), total / len(high))
    ours, past, equal = (business.value(split) for split in splits)
    tally.shares.append((ours / best, past / best, equal / best))
    for claimed, true in ((plan.expected, ours), (plan.today, past), (plan.equal_split, equal)):
        tally.held.append(claimed.low80 <= true <= claimed.high80)
    tally.gaps.append(plan.gap / plan.expected.value)


def measure(business: Business, total: float, high: Floats, tally: Tally) -> Floats:
    """Split the total of one business and hold the split against the truth; return the split."""
    begin = time.process_time()
    posterior = fit_responses([business.history], seed=1)[0]
    usual = business.history.spend.mean(axis=0)
    plan = allocate(posterior, total, np.zeros(len(high)), high, current=usual)
    tally.seconds.append(time.process_time() - begin)
    judge(business, plan, high, tally)
    return plan.amounts


HEADER = (
    "| businesses | history | equal split | adtempo | its worst | 80% intervals hold | gap to best | CPU time |\n"
    "|---|---|---|---|---|---|---|---|"
)


def bench_simulated(seeds: range, kinds: dict[str, Kind]) -> list[Tally]:
    """Print the table of simulated businesses, one row a kind."""
    found = []
    for name, kind in kinds.items():
        tally = Tally([], [], [], [])
        for seed in seeds:
            business = simulate(kind, seed)
            spend = business.history.spend
            measure(business, float(spend.sum(axis=1).mean()), spend.max(axis=0), tally)
        print(tally.line(name), flush=True)
        found.append(tally)
    return found


def pool(tallies: list[Tally]) -> Tally:
    """Return all tallies as one."""
    return Tally(
        [share for one in tallies for share in one.shares],
        [hit for one in tallies for hit in one.held],
        [gap for one in tallies for gap in one.gaps],
        [second for one in tallies for second in one.seconds],
    )


def small_business() -> Business:
    """Return the synthetic small business: weekly spend and sales of four channels, with its true curves."""
    with (SMALL_BUSINESS / "small_business_data.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with (SMALL_BUSINESS / "small_business_true_response_and_oracle.csv").open(encoding="utf-8") as stream:
        truths = list(csv.DictReader(stream))
    names = [truth["channel"] for truth in truths]
    spend = np.array([[float(row[name]) for name in names] for row in rows])
    outcome = np.array([float(row["y"]) for row in rows])

    def curve(truth: dict[str, str]) -> Curve:
        most, weight, shape, half, effect = (float(truth[name]) for name in ("mx", "A", "s", "k", "E"))
        return lambda amount: effect * saturate(weight * amount / most / half, shape)

    return Business(History(spend, outcome, (YEAR,)), [curve(truth) for truth in truths])


def bench_small_business() -> None:
    """Print the row of the small business: total as in the past, each channel at most its highest week."""
    business = small_business()
    tally = Tally([], [], [], [])
    spend = business.history.spend
    measure(business, float(spend.sum(axis=1).mean()), spend.max(axis=0), tally)
    print(tally.line(f"small business (PyMC-Marketing {PYMC_MARKETING:.3f})"))


def bench_campaigns(seeds: range) -> None:
    """Print the table of campaigns whose own value is known, by length of history; budgets within those seen."""
    for days in (14, 30, 60):
        tally = Tally([], [], [], [])
        for seed in seeds:
            rng = np.random.default_rng([seed, days])
            usual = rng.lognormal(5.0, 0.7, CAMPAIGNS)
            curves: list[Curve] = [
                partial(scaled, draw_curve(str(rng.choice(["hill", "exponential", "power"])), each, rng), each * worth)
                for each, worth in zip(usual, rng.lognormal(1.0, 0.3, CAMPAIGNS), strict=True)
            ]
            spend = usual * np.exp(0.35 * rng.normal(size=(days, CAMPAIGNS)))
            value = np.stack([curve(column) for curve, column in zip(curves, spend.T, strict=True)], axis=1)
            value *= np.exp(rng.normal(-(0.25**2) / 2, 0.25, value.shape))
            begin = time.process_time()
            posterior = fit_own_responses(spend, value, seed=1)
            today, high = spend.mean(axis=0), spend.max(axis=0)
            plan = allocate(posterior, float(today.sum()), np.zeros(CAMPAIGNS), high, current=today)
            tally.seconds.append(time.process_time() - begin)
            judge(Business(History(spend, value.sum(axis=1)), curves), plan, high, tally)
        print(tally.line(f"{CAMPAIGNS} campaigns, {days} days"), flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default=f"{HELD_OUT.start}:{HELD_OUT.stop}", help="first:last+1")
    parser.add_argument("--kinds", choices=("all", "known"), default="all")
    asked = parser.parse_args()
    seeds = range(*(int(part) for part in asked.seeds.split(":")))
    print(HEADER)
    known = bench_simulated(seeds, KINDS)
    print(pool(known).line("**kinds developed on**"))
    if asked.kinds == "known":
        return
    bench_campaigns(seeds)
    unseen = bench_simulated(seeds, UNSEEN_KINDS)
    print(pool(unseen).line("**kinds never developed on**"))
    print(pool(known + unseen).line("**all**"))
    if SMALL_BUSINESS.exists():
        bench_small_business()
    else:
        print("The small business is absent (set ADTEMPO_SHARED to the folder that holds data/).")


if __name__ == "__main__":
    main()
