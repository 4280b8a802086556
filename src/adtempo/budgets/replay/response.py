"""What other budgets would have brought: one campaign's own diminishing returns, drawn towards its account's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from adtempo.stats.elasticity import STEEPNESS, fit_group, grown

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAYS_MIN = 14
"""Days with spend that one campaign must have, or nothing is said of what other budgets bring."""

SHAPE_ERROR = 0.25
"""How far the shape itself may be off, relative to what it says a change of spend brings."""

_WEEK = 7
_SHARED = 0.5
"""Share of what is not known of a campaign's steepness that its account's other campaigns share."""


@dataclass(frozen=True, slots=True, eq=False)
class SpendResponse:
    """How results follow spend.

    Attributes:
        weights: Probability of each value of STEEPNESS, shape (campaigns, 25).
        account: Place of each campaign's account, shape (campaigns,).
    """

    weights: Floats
    account: Ints

    def volume(self, times: Floats) -> Floats:
        """Return how many times its results a campaign is expected to have at so many times its spend."""
        return np.asarray((self.weights * grown(times[:, None], STEEPNESS)).sum(axis=1))

    def draw(self, draws: int, rng: np.random.Generator) -> Draws:
        """Draw worlds that may be true.

        Args:
            draws: How many.
            rng: Where chance comes from.
        """
        accounts = int(self.account.max(initial=-1)) + 1
        common, own = rng.standard_normal((accounts, draws)), rng.standard_normal((len(self.account), draws))
        quantile = ndtr(np.sqrt(_SHARED) * common[self.account] + np.sqrt(1 - _SHARED) * own)
        chosen = np.stack(
            [
                np.interp(wanted, np.cumsum(weights) - weights / 2, np.log(STEEPNESS))
                for wanted, weights in zip(quantile, self.weights, strict=True)
            ]
        )
        return Draws(np.exp(chosen), 1 + SHAPE_ERROR * rng.standard_normal((accounts, draws)), self.account)


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Worlds that may be true.

    Attributes:
        steepness: Of each campaign, shape (campaigns, draws).
        shape: Factor on what a change of spend brings, shape (accounts, draws).
        account: Place of each campaign's account.
    """

    steepness: Floats
    shape: Floats
    account: Ints

    def volume(self, campaign: int, times: Floats) -> Floats:
        """Return how many times its results a campaign has at so many times its spend, shape (times, draws)."""
        more = grown(times[:, None], self.steepness[campaign]) - 1
        bent = np.maximum(1 + more * self.shape[self.account[campaign]], 0.0)
        return np.where(times[:, None] > 0, bent, 0.0)


def fit_response(spend: Floats, bought: Floats, account: Ints) -> SpendResponse | None:
    """Learn how results follow spend from how they did from day to day; None where no campaign has days enough.

    Args:
        spend: Of each local day, shape (campaigns, days).
        bought: What it bought, clicks, the same shape.
        account: Place of each campaign's account, shape (campaigns,).
    """
    if not ((spend > 0).sum(axis=1) >= DAYS_MIN).any():
        return None
    weeks = spend.shape[1] // _WEEK

    def by_week(days: Floats) -> Floats:
        return days[-weeks * _WEEK :].reshape(weeks, _WEEK)

    weights = np.empty((len(spend), len(STEEPNESS)))
    for place in np.unique(account):
        members = np.flatnonzero(account == place)
        weights[members] = fit_group([(by_week(spend[one]), by_week(bought[one])) for one in members])
    return SpendResponse(weights, account)
