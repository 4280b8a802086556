"""Many small effects around nothing: how large they typically are, and what is left of each once that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Effects drawn towards 0, arrays of shape (rows, effects).

    Attributes:
        mean: Expected effect.
        variance: Of that.
        gain: Share of what was measured that is kept, 0 to 1.
    """

    mean: Floats
    variance: Floats
    gain: Floats


def shrink_effects(measured: Floats, precision: Floats, *, spread: float = 0.0, worth: float = 0.0) -> Effects:
    """Draw each row's effects towards 0, the more the less they differ beyond their noise.

    Args:
        measured: Effects with normal noise, shape (rows, effects).
        precision: One over the noise's variance, 0 where nothing was measured, the same shape.
        spread: Standard deviation of effects that is expected before anything is seen.
        worth: How many effects that expectation counts for.

    References:
        Efron and Morris (1975), Data analysis using Stein's estimator, doi:10.1080/01621459.1975.10479864.
    """
    count = np.count_nonzero(precision, axis=1)
    beyond = (precision * measured**2).sum(axis=1) - count
    total = precision.sum(axis=1)
    found = np.divide(np.maximum(beyond, 0.0), total, out=np.zeros(len(total)), where=total > 0)
    prior = (count * found + worth * spread**2) / np.maximum(count + worth, 1.0)
    gain = precision * prior[:, None] / (1 + precision * prior[:, None])
    return Effects(gain * measured, prior[:, None] * (1 - gain), gain)
