"""What spend brings: curves that saturate, and spend that goes on working after it was paid."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def carry_over(spend: Floats, keep: float) -> Floats:
    """Return what is felt of spend in each row: geometric carry-over whose weights sum to one.

    Steady spend is felt as itself, so that curves read in spend of a row. Before the first row spend is taken to have
    been what it was on average.

    Args:
        spend: Spend of each row, at least 0, shape (rows,).
        keep: Share of what is felt that is still felt a row later, 0 to below 1.

    >>> carry_over(np.array([1.0, 1.0, 4.0, 1.0, 3.0]), 0.5).tolist()
    [1.5, 1.25, 2.625, 1.8125, 2.40625]
    """
    felt, _ = lfilter([1.0 - keep], [1.0, -keep], spend, zi=[keep * spend.mean()])
    return np.asarray(felt, np.float64)


def saturate(ratio: Floats, shape: Floats | float) -> Floats:
    """Return Hill's curve: 0 at no spend, a half where spend is `half`, towards 1; S-shaped where shape exceeds 1.

    Args:
        ratio: Spend over the spend that brings half, at least 0.
        shape: How steep, above 0.

    References:
        Hill, A. V. (1910). The possible effects of the aggregation of the molecules of haemoglobin on its dissociation
        curves. Journal of Physiology 40, iv-vii.

    >>> saturate(np.array([0.0, 1.0, 3.0]), 1.0).tolist()
    [0.0, 0.5, 0.75]
    """
    risen = np.asarray(ratio, np.float64) ** shape
    return np.asarray(risen / (1.0 + risen))


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A grid of the curves that are thought possible, and how likely each is before data.

    Attributes:
        keep: Carry-over, shape (cells,).
        half: Spend that brings half of what is possible, in units of the highest spend seen, shape (cells,).
        shape: Steepness, shape (cells,).
        chance: Prior probabilities, shape (cells,).
    """

    keep: Floats
    half: Floats
    shape: Floats
    chance: Floats

    def features(self, spend: Floats, highest: float) -> Floats:
        """Return what each curve brings in each row, 1 where the highest spend seen is felt, shape (rows, cells)."""
        felt = {keep: carry_over(spend, keep) for keep in np.unique(self.keep).tolist()}
        columns = np.stack([felt[keep] for keep in self.keep.tolist()], axis=1)
        at_highest = saturate(1.0 / self.half, self.shape)
        return np.asarray(saturate(columns / (highest * self.half), self.shape) / at_highest)


def grid_cells(keeps: dict[float, float], halves: dict[float, float], shapes: dict[float, float]) -> Cells:
    """Return the grid of all combinations; each value comes with its prior weight."""
    points = np.array(list(product(keeps, halves, shapes)))
    weights = np.array(list(product(keeps.values(), halves.values(), shapes.values()))).prod(axis=1)
    return Cells(points[:, 0], points[:, 1], points[:, 2], weights / weights.sum())


@dataclass(frozen=True, slots=True, eq=False)
class ResponsePosterior:
    """What is known of the curves of several items, as draws; each draw is one possible world.

    Attributes:
        top: The most that an item could ever bring in a row, in units of the outcome, shape (draws, items).
        half: Steady spend of a row that brings half of it, shape (draws, items).
        shape: Steepness of the curve, shape (draws, items).
        keep: Share of what is felt that is still felt a row later, shape (draws, items).
        base: Outcome without any spend, of the average row, shape (draws,).
        highest: Highest spend of a row ever seen of each item, shape (items,).
    """

    top: Floats
    half: Floats
    shape: Floats
    keep: Floats
    base: Floats
    highest: Floats

    def respond(self, amounts: Floats) -> Floats:
        """Return what each item brings in a row when these amounts are spent steadily, shape (draws, items)."""
        return np.asarray(self.top * saturate(np.asarray(amounts) / self.half, self.shape))

    def mean_curve(self, item: int, amounts: Floats) -> Floats:
        """Return the expected response of one item at each of several steady amounts, shape (amounts,)."""
        cells, inverse = np.unique(np.stack([self.half[:, item], self.shape[:, item]]), axis=1, return_inverse=True)
        weight = np.bincount(inverse.ravel(), self.top[:, item]) / len(self.top)
        return np.asarray(saturate(amounts[:, None] / cells[0], cells[1]) @ weight)
