"""Random numbers by counter: the i-th draw of a stream is a pure function of the stream's key and i.

A stream belongs to one (seed, campaign, purpose). So adding a campaign, lengthening the world or editing one budget
moves no other draw, and a counterfactual ("the same week with twice the budget") meets the same luck.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_EXACT_BELOW = 10.0


def stream_key(seed: int, *names: str) -> np.uint64:
    """Return the key of the stream that belongs to a seed and a path of names."""
    path = "\x1f".join((str(seed), *names)).encode()
    return np.uint64(int.from_bytes(blake2b(path, digest_size=8).digest(), "big"))


def uniforms(key: np.uint64, counters: Ints) -> Floats:
    """Return one number in (0, 1) per counter.

    Args:
        key: The stream.
        counters: Which draws of it, at least 0, any shape.

    References:
        Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, doi:10.1145/2660193.2660195.
    """
    bits = key + (counters.astype(np.uint64) + np.uint64(1)) * _GAMMA
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    bits ^= bits >> np.uint64(31)
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(key: np.uint64, counters: Ints) -> Floats:
    """Return one standard normal number per counter."""
    return np.asarray(ndtri(uniforms(key, counters)), dtype=np.float64)


def smooth_normals(key: np.uint64, length: int, memory: float) -> Floats:
    """Return standard normal numbers whose autocorrelation fades over about `memory` steps.

    A moving average with an exponential kernel: stationary from the first step, and the value at a step depends on
    nothing later, so a longer series begins with the shorter one.
    """
    reach = int(np.ceil(4 * memory))
    kernel = np.exp(-np.arange(reach + 1) / memory)
    raw = normals(key, np.arange(length + reach))
    return np.convolve(raw, kernel / np.sqrt(np.sum(kernel**2)), mode="valid")


def lognormal_factors(spread: float, scores: Floats) -> Floats:
    """Turn standard normal scores into factors with mean 1 and logarithms of standard deviation `spread`."""
    return np.exp(spread * scores - spread**2 / 2)


def binomial_quantiles(u: Floats, trials: Ints, chance: Floats) -> Ints:
    """Return Binomial(trials, chance) counts at the quantiles u, all of one shape.

    Exact by summing probabilities where fewer than ten of the rarer outcome are expected; elsewhere the normal quantile
    with its skewness term, which is off by at most one near the tails. Rising in u.

    References:
        Cornish and Fisher (1938), Moments and cumulants in the specification of distributions, doi:10.2307/1400905.
    """
    chance = np.clip(chance, 0.0, 0.999)
    mostly = chance > 0.5  # the failures are counted
    u, chance = np.where(mostly, 1 - u, u), np.where(mostly, 1 - chance, chance)
    mean = trials * chance
    scores = ndtri(u)
    skewed = mean + np.sqrt(mean * (1 - chance)) * scores + (scores**2 - 1) * (1 - 2 * chance) / 6
    counts: Ints = np.clip(np.floor(skewed + 0.5), 0, trials).astype(np.int64)
    few = np.flatnonzero(mean < _EXACT_BELOW)
    counts.flat[few] = _summed_quantiles(u.flat[few], trials.flat[few], chance.flat[few])
    return np.where(mostly, trials - counts, counts)


def _summed_quantiles(u: Floats, trials: Ints, chance: Floats) -> Ints:
    counts = np.zeros(len(u), dtype=np.int64)
    mass = np.exp(trials * np.log1p(-chance))
    below = np.flatnonzero(u > mass)
    u, trials, mass, odds = u[below], trials[below], mass[below], (chance / (1 - chance))[below]
    reached, successes = mass.copy(), 0
    while len(below):
        mass = mass * odds * (trials - successes) / (successes + 1)
        successes += 1
        reached += mass
        counts[below] = successes
        on = (u > reached) & (successes < trials)
        below, u, trials, mass, odds, reached = below[on], u[on], trials[on], mass[on], odds[on], reached[on]
    return counts
