"""Blocks on a circle: is one part of a day, or of any cycle, at another level than the rest, and where?

Noise of known size is read as one of many stories: either there is one level all round, or two levels take turns in
blocks, a low and a high one. How far apart the levels are and how much of the circle is high runs over a grid; where
the blocks lie is integrated out exactly by the forward-backward recursions of a two-state chain bent to a ring. As
neighbours share a level and all blocks share two, little data goes a long way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RATIOS = (1.15, 1.3, 1.5, 1.75, 2.1, 2.8, 4.0)
"""How many times the low level the high one may be."""

DUTIES = (0.125, 0.25, 0.4, 0.6, 0.8)
"""How much of the circle may be high."""

BLOCK_LENGTH = 4.0
"""Mean length of the rarer level's blocks, in steps of the circle."""

PATTERN_ODDS = 4.0
"""Prior odds that there are two levels: most cycles have some rhythm, if a weak one."""

MATERIAL = 1.1
"""A level within this factor of the mean is not worth naming."""

COMMON = 0.65
"""A level that fills more of the circle than this is the normal one."""

WORTH_A_LOOK = 2.0
"""How many times likelier the data must be with a pattern than without for a second one to be looked for."""

_SURE = 25.0
"""Log likelihood ratios of one step are cut here, lest products overflow; nobody is surer than that of an hour."""

_CHUNK = 128  # rows at a time, so that the recursions stay in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """What is known of the levels round the circle, in units of their mean, on the scale of square roots.

    Attributes:
        log_odds: Log of how much likelier the data are with the prior's mix of all stories than with one level,
            shape (rows,).
        mean: Expected root of the level, shape (rows, steps).
        variance: Of that root, the same shape.
        up: Probability of a level that is materially above the mean and not the normal one, the same shape.
        down: The same below.
    """

    log_odds: Floats
    mean: Floats
    variance: Floats
    up: Floats
    down: Floats


def find_blocks(roots: Floats, precisions: Floats) -> Blocks:
    """Read rows of circular data as one level, two in blocks, or, where much speaks for it, two times two.

    Where two levels are found, what they leave unexplained is read once more in the same way, so that a row may have
    peaks and valleys.

    Args:
        roots: Square roots of levels in units of the row's mean, with normal noise, shape (rows, steps).
        precisions: One over the noise's variance, 0 where nothing was measured, the same shape.

    References:
        Rabiner (1989), A tutorial on hidden Markov models, doi:10.1109/5.18626.
        Anscombe (1948), The transformation of Poisson, binomial and negative-binomial data,
        doi:10.1093/biomet/35.3-4.246, for the scale on which noise does not depend on the level.
    """
    first = _find_two_levels(roots, precisions)
    rows = np.flatnonzero(first.log_odds >= np.log(WORTH_A_LOOK))
    told = first.mean[rows]
    rest = _find_two_levels(roots[rows] / told, precisions[rows] * told**2)
    found = {name: getattr(first, name).copy() for name in Blocks.__slots__}
    found["log_odds"][rows] += np.maximum(rest.log_odds, 0.0)
    found["mean"][rows] *= rest.mean
    found["variance"][rows] = told**2 * rest.variance + (rest.mean**2 + rest.variance) * first.variance[rows]
    for side in ("up", "down"):
        found[side][rows] = np.maximum(found[side][rows], getattr(rest, side))
    return Blocks(**found)


def _find_two_levels(roots: Floats, precisions: Floats) -> Blocks:
    rows, steps = roots.shape
    parts = [
        _read_chunk(roots[at : at + _CHUNK].T, precisions[at : at + _CHUNK].T) for at in range(0, rows, _CHUNK)
    ] or [(np.zeros(0), np.zeros((4, steps, 0)))]
    log_odds = np.concatenate([part[0] for part in parts])
    mean, second, up, down = np.concatenate([part[1] for part in parts], axis=2).transpose(0, 2, 1)
    return Blocks(log_odds, mean, np.maximum(second - mean**2, 0.0), up, down)


@dataclass(frozen=True, slots=True, eq=False)
class _Stories:
    """The grid of two-level stories; arrays of shape (stories, 1)."""

    low: Floats
    high: Floats
    duty: Floats
    switch_on: Floats
    switch_off: Floats
    log_mass: Floats


def _tell_stories(steps: int) -> _Stories:
    ratio, duty = (part.reshape(-1, 1) for part in np.meshgrid(RATIOS, DUTIES, indexing="ij"))
    low = 1 / np.sqrt(1 + duty * (ratio - 1))
    rarer = np.minimum(duty, 1 - duty)
    switch_on, switch_off = rarer / (1 - duty) / BLOCK_LENGTH, rarer / duty / BLOCK_LENGTH
    # The ring's paths weigh trace(T^steps) in all; its eigenvalues are 1 and 1 - switch_on - switch_off.
    log_mass = np.log1p((1 - switch_on - switch_off) ** steps)
    return _Stories(low, low * np.sqrt(ratio), duty, switch_on, switch_off, log_mass)


def _read_chunk(roots: Floats, precisions: Floats) -> tuple[Floats, Floats]:
    """Return the log odds, and (mean, second moment, up, down), of some rows; steps come first here."""
    told = _tell_stories(len(roots))
    weighed = precisions * roots
    # Log likelihoods against one level all round, at 1: of the low level everywhere, and of each step being high.
    all_low = (told.low - 1) * weighed.sum(axis=0) - (told.low**2 - 1) / 2 * precisions.sum(axis=0)
    log_ratio = (told.high - told.low) * weighed[:, None] - (told.high**2 - told.low**2) / 2 * precisions[:, None]
    beyond = np.maximum(log_ratio - _SURE, 0.0).sum(axis=0)
    likelihood, is_high = _walk_ring(np.exp(np.clip(log_ratio, -_SURE, _SURE, out=log_ratio), out=log_ratio), told)
    log_story = np.log(likelihood) + all_low + beyond - told.log_mass - np.log(len(told.low))
    most = np.maximum(log_story.max(axis=0), 0.0)
    weight = np.exp(log_story - most) * PATTERN_ODDS
    total = weight.sum(axis=0) + np.exp(-most)
    weight /= total
    pattern = weight.sum(axis=0)
    log_odds = np.log(total / (1 + PATTERN_ODDS)) + most
    above = weight * ((told.duty <= COMMON) & (told.high**2 >= MATERIAL))
    below = weight * ((1 - told.duty <= COMMON) & (told.low**2 <= 1 / MATERIAL))
    moments = [
        (1 - pattern)
        + (weight * told.low**power).sum(axis=0)
        + np.einsum("hsr,sr->hr", is_high, weight * (told.high**power - told.low**power))
        for power in (1, 2)
    ]
    up = np.einsum("hsr,sr->hr", is_high, above)
    down = below.sum(axis=0) - np.einsum("hsr,sr->hr", is_high, below)
    return log_odds, np.stack([*moments, up, np.maximum(down, 0.0)])


def _walk_ring(ratio: Floats, told: _Stories) -> tuple[Floats, Floats]:
    """Return each story's likelihood, shape (stories, rows), and the chance of the high level at each step.

    The ring's likelihood is the trace of a product of 2 x 2 matrices, one per step: a transition, then the step's
    likelihoods. `after[k]` is the product from step k on, [from][to]; `low` and `high` are the one up to it.

    Args:
        ratio: Likelihood of the high level against the low one, shape (steps, stories, rows).
        told: The stories.
    """
    steps, *shape = ratio.shape
    on, off = (np.broadcast_to(chance, shape).copy() for chance in (told.switch_on, told.switch_off))
    after = np.empty((steps + 1, 2, 2, *shape))
    after[steps] = np.eye(2)[:, :, None, None]
    to_high, scratch = np.empty((2, *shape)), np.empty((2, *shape))
    for k in range(steps - 1, -1, -1):  # in place: the arrays are too large to be made anew at every step
        np.multiply(after[k + 1, 1], ratio[k], out=to_high)
        np.subtract(to_high, after[k + 1, 0], out=scratch)
        np.add(after[k + 1, 0], np.multiply(on, scratch, out=after[k, 0]), out=after[k, 0])
        np.subtract(to_high, np.multiply(off, scratch, out=after[k, 1]), out=after[k, 1])
    likelihood = after[0, 0, 0] + after[0, 1, 1]
    is_high = np.empty(ratio.shape)
    low, high = (np.broadcast_to(start, (2, *shape)).copy() for start in np.eye(2)[:, :, None, None])
    stay, into_high = 1 - off, to_high
    for k in range(steps):
        np.add(np.multiply(on, low, out=into_high), np.multiply(stay, high, out=scratch), out=into_high)
        low += high
        low -= into_high
        np.multiply(into_high, ratio[k], out=high)
        np.multiply(high, after[k + 1, 1], out=scratch).sum(axis=0, out=is_high[k])
    return likelihood, is_high / likelihood
