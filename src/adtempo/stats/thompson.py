"""Which of many arms to try: Thompson sampling of rates whose prior is learnt from the arms themselves.

An arm's successes are Poisson around trials times its rate; rates of one group are gamma distributed around the group's
mean, group means around the overall mean. How wide both spread is learnt from the arms (empirical Bayes), so an arm
without evidence begins where its group is, and one with little of it does not run ahead on luck. Trials whose feedback
is still out are not counted: late and batched feedback makes posteriors wider, never wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

_SPREAD_USUAL = 0.35
"""How far arms of a group spread around its mean where nothing is known, as a share of the mean."""

_SPREAD_DOUBT = 0.7
"""Standard deviation of the logarithm of a spread around the usual one."""

_CONCENTRATIONS = np.exp(np.linspace(np.log(0.5), np.log(2000.0), 41))
_LOG_PRIOR = -0.5 * ((np.log(_CONCENTRATIONS) + 2 * np.log(_SPREAD_USUAL)) / (2 * _SPREAD_DOUBT)) ** 2
_ROUNDS = 3
_NARROWING = 0.8
_BATCHES_MAX = 100
_BEYOND = 1.0 + 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class RatePosteriors:
    """Gamma distributions of each arm's rate, shape (arms,).

    Attributes:
        shape: Successes known of, and the prior's.
        trials: Trials known of, and the prior's; the mean is shape / trials.
        own: Share of the mean that is the arm's own evidence, 0 to 1.
    """

    shape: Floats
    trials: Floats
    own: Floats

    @property
    def mean(self) -> Floats:
        """Expected rate of each arm."""
        return np.asarray(self.shape / self.trials)


def learn_rates(successes: ArrayLike, trials: ArrayLike, group: ArrayLike, guess: float) -> RatePosteriors:
    """Return what is known of each arm's rate.

    Args:
        successes: At least 0, may be faded by age, shape (arms,).
        trials: Those whose feedback is in, faded alike, shape (arms,).
        group: Arms of one label are alike; shape (arms,).
        guess: A rate to begin with; it weighs as much as one success.

    References:
        Casella (1985), An introduction to empirical Bayes data analysis, doi:10.2307/2682801.
        Agarwal, Chen and Elango (2009), Explore/exploit schemes for web content optimization, doi:10.1109/ICDM.2009.52.
    """
    won, tried = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    labels = np.unique(np.asarray(group), return_inverse=True)[1]
    arms_spread = groups_spread = _SPREAD_USUAL**-2
    overall = (won.sum() + 1.0) / (tried.sum() + 1.0 / guess)
    mean = np.full(len(won), overall)
    for _ in range(_ROUNDS):
        # What an arm says of its group is blurred by counting and by how arms differ.
        weight = tried / (1.0 + tried * mean / arms_spread)
        rate = np.divide(won, tried, out=np.zeros_like(won), where=tried > 0)
        group_won = np.asarray(np.bincount(labels, weight * rate), dtype=np.float64)
        group_tried = np.asarray(np.bincount(labels, weight), dtype=np.float64)
        overall_weight = group_tried / (1.0 + group_tried * overall / groups_spread)
        overall_rate = np.divide(group_won, group_tried, out=np.zeros_like(group_won), where=group_tried > 0)
        overall = ((overall_weight * overall_rate).sum() + 1.0) / (overall_weight.sum() + 1.0 / guess)
        groups_spread = _concentration(group_won, group_tried * overall)
        mean = ((groups_spread + group_won) / (groups_spread / overall + group_tried))[labels]
        arms_spread = _concentration(won, tried * mean)
    return RatePosteriors(
        shape=arms_spread + won,
        trials=arms_spread / mean + tried,
        own=tried * mean / (arms_spread + tried * mean),
    )


def _concentration(counts: Floats, expected: Floats) -> float:
    """Return the shape of the gamma distribution that counts spread by around what was expected, by its likelihood."""
    seen = expected > 0
    k, x, m = _CONCENTRATIONS[:, None], counts[seen], expected[seen]
    likelihood = gammaln(k + x) - gammaln(k) + k * np.log(k / (k + m)) + x * np.log(m / (k + m))
    odds = likelihood.sum(axis=1) + _LOG_PRIOR
    weights = np.exp(odds - odds.max())
    return float(np.exp((weights * np.log(_CONCENTRATIONS)).sum() / weights.sum()))


def draw_rates(shape: Floats, trials: Floats, rng: np.random.Generator, draws: int, batches: int) -> Floats:
    """Draw rates, shape (draws, arms); the arm with the highest of a row is the one to try.

    Draws are the narrower the more batches of feedback there were: learning pays only while there is a future to use it
    in, and plain Thompson sampling goes on paying for it.

    Args:
        shape: Of each arm's posterior, shape (arms,).
        trials: Of each arm's posterior, shape (arms,).
        rng: Seeded by the caller, who keeps the seed.
        draws: How many trials to choose for.
        batches: How often feedback came in so far.

    References:
        Thompson (1933), On the likelihood that one unknown probability exceeds another, doi:10.2307/2332286.
        Chapelle and Li (2011), An empirical evaluation of Thompson sampling (posterior reshaping), NeurIPS 24.
    """
    sharpness = 1.0 + _NARROWING * min(batches, _BATCHES_MAX)
    return np.asarray(rng.standard_gamma(sharpness * shape, (draws, len(shape))) / (sharpness * trials))


def hold_share(scores: ArrayLike, marked: ArrayLike, count: int, least: float, most: float) -> Floats:
    """Return scores of which the best `count` hold between two shares of marked arms, as far as there are enough.

    The scores of all marked arms are multiplied by one factor, so the order within either kind stays as it was.

    Args:
        scores: Above 0, shape (arms,).
        marked: Which arms the share is about, shape (arms,).
        count: How many arms will be chosen.
        least: Smallest share of marked arms, rounded down to whole arms.
        most: Largest share, rounded up.
    """
    given, kind = np.asarray(scores, dtype=np.float64), np.asarray(marked, dtype=bool)
    inside, outside = -np.sort(-given[kind]), -np.sort(-given[~kind])
    count = min(count, len(given))
    floor = max(min(math.floor(least * count), len(inside)), count - len(outside))
    cap = max(min(math.ceil(most * count), len(inside)), floor)
    chosen = int(np.count_nonzero(kind[np.argsort(-given, kind="stable")[:count]]))
    factor = 1.0
    if chosen < floor:
        factor = outside[count - floor] / inside[floor - 1] * _BEYOND
    elif chosen > cap:
        factor = outside[count - cap - 1] / inside[cap] / _BEYOND
    return np.where(kind, given * factor, given)
