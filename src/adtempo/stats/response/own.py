"""Curves of items that each have an outcome of their own: what one can learn from little, it takes from the others."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri, softmax

from adtempo.stats.response.base import candidate_bases
from adtempo.stats.response.curves import Floats, ResponsePosterior, grid_cells, saturate

CELLS = grid_cells(
    keeps={0.0: 4, 0.3: 1, 0.6: 0.5},
    halves={0.15: 1, 0.25: 2, 0.4: 2, 0.65: 3, 1.0: 3, 1.6: 3, 2.5: 2, 4.0: 2},
    shapes={0.8: 1, 1.0: 4, 1.4: 2, 2.0: 1, 3.0: 0.5},
)
"""Curves thought possible before any item was looked at."""

_DRAWS = 1000
_ROUNDS = 8
_OWN_WAY = 8.0  # how many items weigh as much as what was thought before
_QUIET = 0.1  # noise of a row without spend, as a share of that of a row of average spend
_NOISES = np.geomspace(0.5, 2.0, 5)
_LEAST = 1e-9  # a return that stands for none at all
_DOUBT = (0.3, 2.0)  # least and most relative spread of returns between items


def fit_own_responses(spend: Floats, value: Floats, seed: int) -> ResponsePosterior:
    """Learn what each item brings from its own outcomes; what spend did not try, other items' curves stand in for.

    Nothing spent brings nothing. The noise of a row grows with its spend, and efficiency may drift. Every curve of a
    grid is weighed against the data of an item, its reach integrated out; how usual each curve is, is learnt over all
    items (empirical Bayes), and so is how far returns differ from item to item.

    Args:
        spend: At least 0, each item with some, shape (rows, items).
        value: What each item brought, shape (rows, items).
        seed: Of the random numbers.

    References:
        Robbins, H. (1956). An empirical Bayes approach to statistics. Proceedings of the Third Berkeley Symposium on
        Mathematical Statistics and Probability 1, 157-163.
    """
    rows, items = spend.shape
    highest = spend.max(axis=0)
    returns = value.sum(axis=0) / spend.sum(axis=0)
    usual = max(float(value.sum() / spend.sum()), _LEAST)
    doubt = float(np.clip(np.std(returns / usual), *_DOUBT))
    views = candidate_bases(rows, 0.0, (7.0,) if rows >= 14 else ())
    logs, means, spreads = [], [], []
    for item in range(items):
        scale = np.sqrt(_QUIET + (1.0 - _QUIET) * spend[:, item] / spend[:, item].mean())
        features = CELLS.features(spend[:, item], float(highest[item])) / scale[:, None]
        outcome = value[:, item] / scale
        reach = usual * highest[item]
        prior = reach, doubt * reach
        noise = np.var(outcome - returns[item] * spend[:, item] / scale) + 1e-6 * (reach / 10) ** 2
        found = [_weigh(view.whiten @ features, view.whiten @ outcome, noise * _NOISES, prior) for view in views]
        logs.append(np.stack([each[0] - view.log_determinant / 2.0 for each, view in zip(found, views, strict=True)]))
        means.append(np.stack([each[1] for each in found]))
        spreads.append(np.stack([each[2] for each in found]))
    evidence = np.stack(logs)
    chance = softmax(evidence + _learn_usual(evidence), axis=(1, 2, 3)).reshape(items, -1)
    rng = np.random.default_rng(seed)
    picks = np.stack([rng.choice(chance.shape[1], _DRAWS, p=each) for each in chance], axis=1)
    mean = np.take_along_axis(np.stack(means).reshape(items, -1), picks.T, axis=1).T
    spread = np.take_along_axis(np.stack(spreads).reshape(items, -1), picks.T, axis=1).T
    reach = np.maximum(mean - spread * ndtri(rng.random(picks.shape) * ndtr(mean / spread)), 0.0)
    cells = picks % len(CELLS.chance)
    half, shape = CELLS.half[cells], CELLS.shape[cells]
    top = reach / saturate(1.0 / half, shape)
    return ResponsePosterior(top, half * highest, shape, CELLS.keep[cells], np.zeros(_DRAWS), highest)


def _weigh(features: Floats, outcome: Floats, noises: Floats, prior: tuple[float, float]) -> tuple[Floats, ...]:
    """Return log evidence, mean and spread of the reach for each noise and curve, each of shape (noises, cells)."""
    usual, doubt = prior
    lengths, products, noise = (features**2).sum(axis=0), outcome @ features, noises[:, None]
    weight = lengths / noise + doubt**-2.0
    mean = (products / noise + usual / doubt**2) / weight
    spread = weight**-0.5
    fit = (outcome @ outcome) / noise + (usual / doubt) ** 2 - weight * mean**2
    log_evidence = -fit / 2.0 - len(outcome) / 2.0 * np.log(noise) + np.log(spread) + log_ndtr(mean / spread)
    return log_evidence, mean, spread


def _learn_usual(evidence: Floats) -> Floats:
    """Return the log chance of each curve that fits all items, part by part, shape (cells,)."""
    parts = [np.unique(part, return_inverse=True)[1] for part in (CELLS.keep, CELLS.half, CELLS.shape)]
    thought = [np.bincount(part, CELLS.chance) for part in parts]
    log_chance = np.log(CELLS.chance)
    for _ in range(_ROUNDS):
        held = softmax(evidence + log_chance, axis=(1, 2, 3)).sum(axis=(0, 1, 2))
        log_chance = np.zeros(len(held))
        for part, usual in zip(parts, thought, strict=True):
            met = _OWN_WAY * usual + np.bincount(part, held)
            log_chance += np.log(met / met.sum())[part]
    return log_chance
