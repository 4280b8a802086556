"""What another way of choosing would have earned, from a log of choices made by chance with known probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]

_Z95 = float(ndtri(0.975))


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """The expected reward of one choice under the other policy.

    Attributes:
        value: Estimate.
        low95: Lower end of the 95% interval, by the central limit theorem.
        high95: Its upper end.
        effective_rounds: How many rounds of the policy's own the log is worth; below a hundred or so the interval is
            too narrow, since what was hardly ever chosen is hardly known.
    """

    value: float
    low95: float
    high95: float
    effective_rounds: float


def ips_value(rewards: ArrayLike, chosen: ArrayLike, logged: ArrayLike) -> PolicyValue:
    """Weigh each logged reward by how much likelier the policy would have made the same choice. Unbiased.

    Args:
        rewards: What each logged choice brought, shape (rounds,).
        chosen: Probability that the policy makes the logged choice, shape (rounds,).
        logged: Probability with which it was made, above 0, shape (rounds,).

    References:
        Horvitz and Thompson (1952), doi:10.2307/2280784.
    """
    weights = _weights(chosen, logged)
    return _value(weights * np.asarray(rewards, dtype=np.float64), weights)


def snips_value(rewards: ArrayLike, chosen: ArrayLike, logged: ArrayLike) -> PolicyValue:
    """Weigh as `ips_value` does and divide by the weights' sum: a small bias for less variance.

    The value lies between the smallest and the largest reward, and adding a constant to all rewards adds it to the
    value. Arguments are those of `ips_value`; the interval is the delta method's. NaN where the policy would have made
    none of the logged choices.

    References:
        Swaminathan and Joachims (2015), The self-normalized estimator for counterfactual learning, NeurIPS 28.
    """
    weights, earned = _weights(chosen, logged), np.asarray(rewards, dtype=np.float64)
    if not weights.any():
        return PolicyValue(np.nan, np.nan, np.nan, 0.0)
    value = float((weights * earned).sum() / weights.sum())
    return _value(value + weights * (earned - value) / weights.mean(), weights)


def dr_value(
    rewards: ArrayLike, chosen: ArrayLike, logged: ArrayLike, guessed: ArrayLike, guessed_policy: ArrayLike
) -> PolicyValue:
    """Start from a guess of rewards and correct it by weighted surprises: right if either guess or weights are.

    Args:
        rewards: What each logged choice brought, shape (rounds,).
        chosen: Probability that the policy makes the logged choice, shape (rounds,).
        logged: Probability with which it was made, above 0, shape (rounds,).
        guessed: Reward that a model, not fitted to these rounds, expected of the logged choice, shape (rounds,).
        guessed_policy: The same averaged over the policy's own choices in that round, shape (rounds,).

    References:
        Dudik, Langford and Li (2011), Doubly robust policy evaluation and learning, arXiv:1103.4601.
    """
    weights = _weights(chosen, logged)
    surprise = np.asarray(rewards, dtype=np.float64) - np.asarray(guessed, dtype=np.float64)
    return _value(np.asarray(guessed_policy, dtype=np.float64) + weights * surprise, weights)


def _weights(chosen: ArrayLike, logged: ArrayLike) -> Floats:
    return np.asarray(np.asarray(chosen, dtype=np.float64) / np.asarray(logged, dtype=np.float64))


def _value(terms: Floats, weights: Floats) -> PolicyValue:
    mean = float(terms.mean())
    reach = _Z95 * float(terms.std(ddof=1)) / len(terms) ** 0.5
    return PolicyValue(mean, mean - reach, mean + reach, _effective(weights))


def _effective(weights: Floats) -> float:
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0
