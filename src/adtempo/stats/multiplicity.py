"""Many things looked at at once: how many of those that stand out do so by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def false_shares(doubts: Floats) -> Floats:
    """Return q-values: the expected share of false ones among all that are at least as sure as this one.

    Args:
        doubts: Probability that each finding is false, shape (..., findings).

    Returns:
        The mean of the doubts up to and including each one, from the surest on, of the same shape.

    References:
        Storey (2003), The positive false discovery rate: a Bayesian interpretation and the q-value,
        doi:10.1214/aos/1074290335. Stephens (2017), False discovery rates: a new deal,
        doi:10.1093/biostatistics/kxw041.

    >>> false_shares(np.array([0.5, 0.0, 0.1]))
    array([0.2 , 0.  , 0.05])
    """
    order = np.argsort(doubts, axis=-1, kind="stable")
    ranked = np.take_along_axis(doubts, order, axis=-1)
    running = np.cumsum(ranked, axis=-1) / np.arange(1, doubts.shape[-1] + 1)
    shares = np.empty_like(running)
    np.put_along_axis(shares, order, running, axis=-1)
    return shares
