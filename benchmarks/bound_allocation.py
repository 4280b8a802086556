"""How good a budget split can be at all: what is reached by who knows how the businesses of bench_allocation were made.

It is told the noise, the process behind the base and the laws from which curves, carry-over and worth were drawn (not
what was drawn), takes the posterior by Metropolis within Gibbs, and splits by the highest expected value. No method
that has only the history can be expected to do better. On other seeds than the tables of bench_allocation.

Run with ``python benchmarks/bound_allocation.py``; about three minutes of processor time, ten with ``--ours``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import bench_allocation as bench
import numpy as np
from bench_allocation import CHANNELS, KINDS, ROWS, UNSEEN_KINDS, YEAR, Business, Curve, Floats, Kind
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri

from adtempo.stats.response import allocate, fit_responses
from adtempo.stats.response.curves import carry_over

CURVES = 400
CHAINS, WARM_UP, SWEEPS = 3, 300, 1200
LEAST, MOST = 0.2, 0.6
"""All that spend brings, as a share of the outcome, lies evenly between these."""

USUAL, DOUBT = 0.08, 0.064
"""What proposals take for the worth of one channel."""

STEPS = 500


@dataclass(frozen=True)
class Told:
    """What nobody who has a business knows."""

    usual: Floats
    worth: float
    noise: float


def look_behind(kind: Kind, seed: int) -> Told:
    """Return what `simulate` drew: the same numbers in the same order."""
    rng = np.random.default_rng([seed, 7])
    rng.random()
    usual = rng.lognormal(5.0, 1.0, CHANNELS)
    rng.normal(size=(ROWS, 1))
    rng.normal(size=(ROWS, CHANNELS))
    rng.random((ROWS, CHANNELS))
    worth = rng.dirichlet(np.full(CHANNELS, 2.0)) * rng.uniform(LEAST, MOST)
    for channel in range(CHANNELS):
        bench.draw_curve(str(rng.choice(kind.curves)), usual[channel], rng)
        rng.uniform(0.0, kind.keep)
    rng.normal(0, 0.01, ROWS)
    rng.choice([-1, 1])
    return Told(usual, float(worth.sum()), float(rng.uniform(0.02, 0.06)))


def whiten(kind: Kind, told: Told, mean: float) -> Floats:
    """Return what turns base and noise into independent noise of size one."""
    time = np.arange(ROWS) / ROWS - 0.5
    lag = np.arange(ROWS)[:, None] - np.arange(ROWS)
    season = np.cos(2 * np.pi * lag / YEAR) / 8
    walk = 0.01**2 * np.minimum.outer(np.arange(1, ROWS + 1), np.arange(1, ROWS + 1))
    base = kind.base**2 * (np.outer(time, time) + season) + walk
    covariance = (1 - told.worth) ** 2 * base + (told.noise * mean) ** 2 * np.eye(ROWS)
    return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)))


def log_prior(worth: Floats) -> float:
    """Return the log density of what channels are worth: a Dirichlet share of an even total."""
    total = float(worth.sum())
    if not LEAST < total < MOST or worth.min() <= 0:
        return -1e9 * (1 + abs(total - float(np.clip(total, LEAST, MOST))))
    return float(np.log(worth / total).sum() - (CHANNELS - 1) * np.log(total))


def log_guess(worth: Floats) -> float:
    """Return the log density of the normal law that proposals are drawn with."""
    return float(((worth - USUAL) ** 2).sum()) / (-2 * DOUBT**2)


def split_knowingly(business: Business, kind: Kind, seed: int) -> Floats:
    """Return the split of the past total that brings most in expectation."""
    rng = np.random.default_rng([seed, 5])
    told, history = look_behind(kind, seed), business.history
    outcome = history.outcome / 10_000
    white = whiten(kind, told, float(outcome.mean()))
    curves: list[list[Curve]] = []
    features = []
    for usual, spend in zip(told.usual, history.spend.T, strict=True):
        curves.append([bench.draw_curve(str(rng.choice(kind.curves)), usual, rng) for _ in range(CURVES)])
        felt = [carry_over(spend, keep) for keep in rng.uniform(0.0, kind.keep, CURVES)]
        features.append(np.stack([curve(one) - 1 for curve, one in zip(curves[-1], felt, strict=True)]) @ white.T)
    held = sum(walk(features, white @ (outcome - 1), rng) for _ in range(CHAINS))
    high, grid = history.spend.max(axis=0), np.linspace(0.0, history.spend.sum(axis=1).mean(), STEPS + 1)
    values = np.stack(
        [
            np.sum([held[item, one] * mine[one](np.minimum(grid, most)) for one in np.flatnonzero(held[item])], axis=0)
            for item, (mine, most) in enumerate(zip(curves, high, strict=True))
        ]
    )
    return np.minimum(grid[share_out(values)], high)


def walk(features: list[Floats], outcome: Floats, rng: np.random.Generator) -> Floats:
    """Return how much worth each curve of each channel held on one walk, shape (channels, CURVES)."""
    held = np.zeros((CHANNELS, CURVES))
    cells, worth = rng.integers(0, CURVES, CHANNELS), rng.dirichlet(np.full(CHANNELS, 3.0)) * USUAL * CHANNELS
    lengths = [(each**2).sum(axis=1) for each in features]
    for sweep in range(SWEEPS):
        for item in range(CHANNELS):
            others = sum(worth[one] * features[one][cells[one]] for one in range(CHANNELS) if one != item)
            weight = lengths[item] + DOUBT**-2
            mean, spread = (features[item] @ (outcome - others) + USUAL / DOUBT**2) / weight, weight**-0.5
            chance = mean**2 * weight / 2 + np.log(spread) + log_ndtr(mean / spread)
            heights = np.cumsum(np.exp(chance - chance.max()))
            cell = int(np.searchsorted(heights, rng.random() * heights[-1]))
            above = max(rng.random() * float(ndtr(mean[cell] / spread[cell])), 1e-300)
            asked = worth.copy()
            asked[item] = max(mean[cell] - spread[cell] * float(ndtri(above)), 1e-9)
            if np.log(rng.random()) < log_prior(asked) - log_prior(worth) - log_guess(asked) + log_guess(worth):
                worth, cells[item] = asked, cell
        chosen = np.stack([each[cell] for each, cell in zip(features, cells, strict=True)])
        for _ in range(3):
            asked = worth + rng.normal(size=CHANNELS) * rng.choice([0.1, 0.5]) * DOUBT
            gain = ((outcome - worth @ chosen) ** 2).sum() - ((outcome - asked @ chosen) ** 2).sum()
            if asked.min() > 0 and np.log(rng.random()) < gain / 2 + log_prior(asked) - log_prior(worth):
                worth = asked
        if sweep >= WARM_UP:
            held[np.arange(CHANNELS), cells] += worth
    return held


def share_out(values: Floats) -> NDArray[np.int64]:
    """Return how many steps each channel gets so that the sum of values is highest."""
    best, taken = values[0], []
    for value in values[1:]:
        sums = [best[step::-1] + value[: step + 1] for step in range(STEPS + 1)]
        taken.append([int(one.argmax()) for one in sums])
        best = np.array([one.max() for one in sums])
    left, found = STEPS, []
    for choice in taken[::-1]:
        found.append(choice[left])
        left -= choice[left]
    return np.array([left, *found[::-1]])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="1000:1004", help="first:last+1")
    parser.add_argument("--ours", action="store_true", help="measure adtempo on the same businesses, too")
    asked = parser.parse_args()
    print(
        "| businesses | attainable | its worst |" + " adtempo |" * asked.ours + "\n|---|---|---|" + "---|" * asked.ours
    )
    found = []
    for name, kind in (KINDS | UNSEEN_KINDS).items():
        shares = []
        for seed in range(*map(int, asked.seeds.split(":"))):
            business = bench.simulate(kind, seed)
            spend = business.history.spend
            total, high = float(spend.sum(axis=1).mean()), spend.max(axis=0)
            splits = [split_knowingly(business, kind, seed)]
            if asked.ours:
                posterior = fit_responses([business.history], seed=1)[0]
                splits.append(allocate(posterior, total, np.zeros(CHANNELS), high, current=spend.mean(axis=0)).amounts)
            shares.append([business.value(split) / business.oracle(total, high) for split in splits])
        best, *ours = np.mean(shares, axis=0)
        print(f"| {name} | {best:.3f} | {min(shares)[0]:.3f} |" + "".join(f" {one:.3f} |" for one in ours), flush=True)
        found += shares
    best, *ours = np.mean(found, axis=0)
    print(f"| **all** | {best:.3f} | {min(found)[0]:.3f} |" + "".join(f" {one:.3f} |" for one in ours))


if __name__ == "__main__":
    main()
