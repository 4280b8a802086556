"""What a campaign can borrow: the hours of its account's other campaigns, and of its niche.

Campaigns of one account are taken to scatter about the account's own curve. How much they scatter is learnt from how
much more they differ than their noise explains, on the cautious side, so that where campaigns have nothing in common
next to nothing is borrowed. What is borrowed acts as so many more days of data would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adtempo.dayparts.evidence import Roots
from adtempo.domain.hourweek import HOURS_PER_DAY
from adtempo.stats.blocks import find_blocks

Floats = NDArray[np.float64]

UNTOLD = 150.0
"""Precision with which an hour's root is known before anything is: within a sixth or so, most hours are as good as the
mean. What others say counts only as far as it goes beyond this."""

RESEMBLANCE = 0.5
"""Prior probability that a campaign is like the others of its account or niche."""

_BLOCK = 3  # hours
_CLEARLY = 2.0  # standard errors


@dataclass(frozen=True, slots=True, eq=False)
class HourPrior:
    """What to expect of the hours of a campaign that nothing is known of.

    Attributes:
        root: Square root of the factor on the campaign's mean, above 1 is better, shape (hours=24,).
        variance: Of a new campaign's root about it, the same shape.
        accounts: How many accounts it was learnt from.
    """

    root: Floats
    variance: Floats
    accounts: int

    @property
    def trust(self) -> Floats:
        """Precision with which it counts: its own, by its share of all that is known once it is told."""
        precision = 1 / self.variance
        return np.asarray(precision**2 / (precision + UNTOLD))


def borrow_hours(own: Roots, accounts: ArrayLike, priors: Sequence[HourPrior | None] | None) -> Roots:
    """Return what others say about each campaign's hours, shape (campaigns, hours=24); precision 0 where nobody does.

    Args:
        own: What each campaign's own facts say, the same shape.
        accounts: A label per campaign; campaigns of one account borrow from each other, never from themselves.
        priors: Of the niche of each campaign; None: none.

    References:
        DerSimonian and Laird (1986), Meta-analysis in clinical trials, doi:10.1016/0197-2456(86)90046-2.
    """
    labels = np.unique(np.asarray(accounts), return_inverse=True)[1].reshape(-1)
    scatter = scatter_within(own, labels)
    weight = np.divide(own.precision, 1 + own.precision * scatter)
    others = _gathered(weight, labels) - weight
    others[np.bincount(labels)[labels] == 1] = 0.0  # what is left of rounding is nobody
    summed = _gathered(weight * own.value, labels) - weight * own.value
    value = np.divide(summed, others, out=np.ones_like(summed), where=others > 0)
    # Lenders without a pattern have nothing to lend: that most hours are alike is known without them.
    told = (find_blocks(value, others).log_odds > 0).astype(np.float64)
    precision = np.maximum(np.divide(others, 1 + others * scatter) - UNTOLD, 0.0) * told[:, None]
    if priors is not None:
        root, trust = np.ones_like(value), np.zeros_like(value)
        for place, prior in enumerate(priors):
            if prior is not None:
                root[place], trust[place] = prior.root, prior.trust
        return join_roots(Roots(value, precision), Roots(root, trust))
    return Roots(value, precision)


def believe_lenders(own: Roots, lent: Roots) -> Roots:
    """Count what is lent as far as a campaign resembles those that lend: the odd one out is left alone.

    Its own hours are either theirs, within what they scatter, or blocks of its own; the likelihoods decide.

    Args:
        own: What the campaigns' own facts say, shape (campaigns, hours=24).
        lent: What others say, the same shape.
    """
    if not lent.precision.any():
        return lent
    both = (own.precision > 0) & (lent.precision > 0)
    noise = np.divide(1.0, own.precision, out=np.ones_like(own.value), where=both)
    total = noise + np.divide(1.0, lent.precision, out=np.zeros_like(own.value), where=both)
    gain = (own.value - 1) ** 2 / noise - (own.value - lent.value) ** 2 / total - np.log(total / noise)
    theirs = (np.where(both, gain, 0.0) / 2).sum(axis=1) + np.log(RESEMBLANCE)
    blocks = find_blocks(own.value, own.precision).log_odds + np.log(1 - RESEMBLANCE)
    chance = np.exp(theirs - np.logaddexp(theirs, blocks))
    return Roots(lent.value, lent.precision * chance[:, None])


def join_roots(*parts: Roots) -> Roots:
    """Join several independent readings of the same roots into one."""
    precision = np.asarray(sum(part.precision for part in parts))
    total = np.asarray(sum(part.precision * part.value for part in parts))
    return Roots(np.divide(total, precision, out=np.ones_like(total), where=precision > 0), precision)


def scatter_within(own: Roots, labels: NDArray[np.intp]) -> Floats:
    """Return how much campaigns differ within their account, as a variance of roots, shape (campaigns, 1).

    One standard error more than over the whole day; but where three hours in a row say clearly more, as much as they
    say: campaigns differ at their peaks, and one that has peaks is not to be told by those that have none.
    """
    total, squares = _gathered(own.precision, labels), _gathered(own.precision**2, labels)
    mean = np.divide(_gathered(own.precision * own.value, labels), total, out=np.ones_like(total), where=total > 0)
    differ = _gathered(own.precision * (own.value - mean) ** 2, labels)
    known = total - np.divide(squares, total, out=np.zeros_like(total), where=total > 0)
    others = np.bincount(labels)[labels][:, None] - 1.0

    def excess(hours: int, errors: float) -> Floats:
        windows = np.stack([np.roll(np.arange(HOURS_PER_DAY), -start)[:hours] for start in range(HOURS_PER_DAY)])
        over, weight = (part[:, windows].sum(axis=2) for part in (differ, known))
        free = np.maximum(hours * others, 1.0)
        beyond = np.maximum(over - free, 0.0) + errors * np.sqrt(2 * free)
        found = np.divide(beyond, weight, out=np.zeros_like(weight), where=weight > 0)
        return np.asarray(found.max(axis=1, keepdims=True))

    return np.maximum(excess(HOURS_PER_DAY, 1.0), excess(_BLOCK, -_CLEARLY))


def _gathered(amounts: Floats, labels: NDArray[np.intp]) -> Floats:
    """Return each row's group total, column by column."""
    groups = int(labels.max(initial=-1)) + 1
    totals = np.zeros((groups, amounts.shape[1]))
    np.add.at(totals, labels, amounts)
    return np.asarray(totals[labels])
