"""What would have come without spend: a level that drifts, with seasons, known only as a covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from adtempo.stats.response.curves import Floats

_DRIFTS = (0.0, 0.02, 0.06, 0.2, 0.6)  # standard deviation of a row's step, in units of the noise
_SEASONS = (0.0, 0.5, 1.5, 4.0)  # of a harmonic, in units of the noise
_TREND = 3.0  # of the difference between middle and end of the history
_HARMONICS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """One view of how restless the base is.

    Attributes:
        whiten: Turns rows into rows of independent noise of one size, shape (rows, rows).
        log_determinant: Of the covariance that it undoes.
    """

    whiten: Floats
    log_determinant: float


def candidate_bases(rows: int, level: float, seasons: Sequence[float]) -> list[Base]:
    """Return views of the base from a fixed level to a restless one, without and with strong seasons.

    Args:
        rows: Length of the history.
        level: Standard deviation of the overall level, in units of the noise.
        seasons: Lengths of the seasons, in rows.
    """
    time = np.arange(rows, dtype=np.float64)
    trend = _TREND * (2.0 * time / max(rows - 1, 1) - 1.0)
    always = np.eye(rows) + level**2 + np.outer(trend, trend)
    lag = time[:, None] - time
    drift = rows / 4.0 - np.abs(lag) / 2.0  # of a random walk, about its own middle
    waves = [np.cos(2.0 * np.pi * n / length * lag) for length in seasons for n in range(1, _HARMONICS + 1)]
    season = np.sum(waves, axis=0) if waves else np.zeros_like(lag)
    found = []
    for step, swing in product(_DRIFTS, _SEASONS if waves else (0.0,)):
        root = np.linalg.cholesky(always + step**2 * drift + swing**2 * season)
        found.append(Base(np.asarray(np.linalg.inv(root), np.float64), 2.0 * float(np.log(np.diag(root)).sum())))
    return found
