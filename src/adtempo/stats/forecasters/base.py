"""What a candidate is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Model = Callable[[Floats, Sequence[int], int], Floats]
"""From a history without gaps, shape (steps,), its seasons, rising, and a horizon: forecasts, shape (horizon,)."""

NAIVE = "seasonal naive"


@dataclass(frozen=True, slots=True)
class Forecaster:
    """A candidate.

    Attributes:
        name: What it is called where people read.
        model: What it does.
        season_max: Longest season with which it is worth its time.
        steps_max: Longest series with which it is.
    """

    name: str
    model: Model
    season_max: float = np.inf
    steps_max: float = np.inf
