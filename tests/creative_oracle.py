"""What could be found at best: a detector that is told everything about a creative but whether and when it tires."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from creative_markets import EIGHT_WEEKS, HALF_LIFE_DAYS

Floats = NDArray[np.float64]
_HEALTHY, _TIRING = 4000, 2000
_FIRST_EVENING = 3
_FIRST_DAY = 7.5
"""To start on the first day is as likely as on one of so many later ones: about as the judged detector holds it."""


def best_possible(clicks: float, noise: float, start: int, in_time: int, memory: float = 0.0) -> float:
    """Return the share of tiring creatives that an informed detector finds in time, 5% of healthy ones flagged.

    It is told shape and speed of the fall, clicks per day, the noise's size and memory, and that nothing else moves
    CTR; not its level, nor the day on which the fall may begin: the likelihood ratios of all days are added up
    (Shiryaev and Roberts), that of the first counting for more. Its threshold is the one that 5% of simulated healthy
    creatives pass in 56 evenings.

    Args:
        clicks: Per day, while healthy.
        noise: Spread of the creative's day-to-day noise.
        start: Day on which it begins to tire.
        in_time: Evenings until it has lost too much.
        memory: How much of a day's noise is still there on the next.
    """
    rng = np.random.default_rng(3)
    day = np.arange(EIGHT_WEEKS)
    lasting = noise**2 * memory ** np.abs(day[:, None] - day)
    weights = np.where(day == 0, _FIRST_DAY, 1.0)
    story = -np.log(2) / HALF_LIFE_DAYS * np.maximum(day + 0.5 - day[:, None], 0)  # of a fall from each day on

    def peaks(creatives: int, fall: Floats, evenings: int) -> Floats:
        moves = rng.multivariate_normal(np.zeros(EIGHT_WEEKS), lasting, creatives, method="eigh") + fall
        counts = rng.poisson(clicks * np.exp(moves))
        best = np.zeros(creatives)
        for today in range(_FIRST_EVENING, evenings + 1):
            inverse = np.linalg.inv(lasting[:today, :today] + np.eye(today) / clicks)
            level = inverse.sum(axis=1)
            inverse -= np.outer(level, level) / level.sum()
            shapes = story[:today, :today] @ inverse
            gain = (
                np.log((counts[:, :today] + 0.5) / clicks) @ shapes.T - (shapes * story[:today, :today]).sum(axis=1) / 2
            )
            best = np.maximum(best, np.exp(gain) @ weights[:today])
        return best

    threshold = np.quantile(peaks(_HEALTHY, np.zeros(EIGHT_WEEKS), EIGHT_WEEKS), 0.95)
    return float((peaks(_TIRING, story[start], in_time) > threshold).mean())
