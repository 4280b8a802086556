"""Arms with known rates: what a way of choosing earns where the truth is known, with batched and late feedback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.stats.thompson import draw_rates, learn_rates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Choose = Callable[[Floats, Floats, int, int, np.random.Generator], Ints]
"""From successes and trials known of, shape (arms,), batches of feedback so far and how many to choose: trials of each
arm, shape (arms,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """How it went.

    Attributes:
        rates: True rate of each arm, shape (arms,).
        trials: What was chosen, shape (batches, arms).
        successes: What came of it, shape (batches, arms).
    """

    rates: Floats
    trials: Ints
    successes: Ints

    @property
    def regret(self) -> float:
        """Successes that the best arm would have been expected to bring more."""
        return float((self.trials * (self.rates.max() - self.rates)).sum())

    @property
    def best(self) -> float:
        """Successes that the best arm would have been expected to bring."""
        return float(self.trials.sum() * self.rates.max())


def play_arms(rates: Floats, sizes: Sequence[int], choose: Choose, rng: np.random.Generator, late: int = 0) -> Played:
    """Choose batch by batch.

    Args:
        rates: True rate of each arm, shape (arms,).
        sizes: Trials of each batch.
        choose: The way of choosing.
        rng: Luck of arms and of choosing.
        late: How many batches later than usual feedback comes in; usually before the next batch.
    """
    trials, successes = (np.zeros((len(sizes), len(rates)), dtype=np.int64) for _ in range(2))
    for batch, size in enumerate(sizes):
        known = max(batch - late, 0)
        won, tried = (amounts[:known].sum(axis=0).astype(np.float64) for amounts in (successes, trials))
        trials[batch] = choose(won, tried, known, size, rng)
        successes[batch] = rng.binomial(trials[batch], rates)
    return Played(rates, trials, successes)


def choose_by_thompson(guess: float) -> Choose:
    """Return choosing by one draw of rates for each trial.

    Args:
        guess: A rate to begin with.
    """

    def choose(successes: Floats, trials: Floats, batches: int, count: int, rng: np.random.Generator) -> Ints:
        found = learn_rates(successes, trials, np.zeros(len(trials)), guess)
        drawn = draw_rates(found.shape, found.trials, rng, count, batches)
        return np.bincount(drawn.argmax(axis=1), minlength=len(trials))

    return choose


def choose_evenly(successes: Floats, trials: Floats, batches: int, count: int, rng: np.random.Generator) -> Ints:  # noqa: ARG001 - a Choose
    """Choose arms by chance, all alike."""
    return rng.multinomial(count, np.full(len(trials), 1 / len(trials)))
