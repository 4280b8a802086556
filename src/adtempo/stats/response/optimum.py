"""How to split an amount over items whose curves are known as draws, and where a little more would go furthest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from adtempo.stats.response.curves import Floats, Ints, ResponsePosterior

_STEPS = 2000
_LEAST_STEPS = 300
_ZOOM = 10
_ZOOMS = 3
_CLOSE = 1e-9
_TAIL = 0.1


@dataclass(frozen=True, slots=True)
class Range:
    """An expected value and its 80% interval."""

    value: float
    low80: float
    high80: float

    @classmethod
    def of(cls, draws: Floats) -> Range:
        """Return what draws of a value say of it, shape (draws,)."""
        low, high = np.quantile(draws, [_TAIL, 1.0 - _TAIL])
        return cls(float(draws.mean()), float(low), float(high))


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """The split that brings the most in expectation.

    Attributes:
        amounts: Spend of a row, summing to the total, shape (items,).
        expected: What it brings in a row, all items together, without the base.
        today: What the present split brings, scaled to the same total.
        equal_split: What equal parts of the total bring.
        gain_today: How much more it brings than the present split.
        gain_equal: How much more it brings than the equal split.
        next_unit: What one more unit of spend brings at each item, shape (items,).
        extrapolates: Where the amount exceeds every spend seen, shape (items,).
        unseen: Part of `expected` that rests on spend beyond any seen: it was never tried.
        gap: By how much, at most, another split within the bounds could have a higher expected value.
    """

    amounts: Floats
    expected: Range
    today: Range
    equal_split: Range
    gain_today: Range
    gain_equal: Range
    next_unit: Floats
    extrapolates: NDArray[np.bool_]
    unseen: float
    gap: float


@dataclass(frozen=True, slots=True)
class NextUnits:
    """What a little more spend at one item would bring.

    Attributes:
        item: Position of the item.
        gain: What it would bring in a row.
        extrapolates: It would exceed every spend seen there.
    """

    item: int
    gain: Range
    extrapolates: bool


def allocate(
    posterior: ResponsePosterior,
    total: float,
    lower: Floats,
    upper: Floats,
    *,
    current: Floats,
    step: float | None = None,
) -> Allocation:
    """Split a total so that the expected response is highest, every bound kept.

    Curves may be S-shaped, so that climbing could end on a lower hill: the split is the best of a grid of all splits
    (dynamic programming over items), refined by ever finer grids about it. How far it can be from the best is bounded
    by the Lagrangian dual and by the grid with a step more for each item, whichever is closer.

    Args:
        posterior: Curves of the items.
        total: What is to be spent in a row, above 0.
        lower: Least spend of each item, shape (items,).
        upper: Most spend of each item, infinite where there is none, shape (items,).
        current: Present spend, not all zero, shape (items,).
        step: Largest change of an item as a share of its present spend; None: any.

    Raises:
        ValueError: No split keeps all bounds.
    """
    current = np.asarray(current, np.float64)
    low, high = np.asarray(lower, np.float64), np.asarray(upper, np.float64)
    if step is not None:
        low, high = np.maximum(low, current * (1.0 - step)), np.minimum(high, current * (1.0 + step))
    slack = _CLOSE * total
    if (low > high + slack).any() or low.sum() > total + slack or high.sum() < total - slack:
        raise ValueError("no split keeps all bounds: least and most spend contradict each other or the total")
    amounts, gap = _best_split(posterior, total, low, np.minimum(np.maximum(high, low), low + total))
    shares = current / current.sum()
    equal_parts = np.full(len(amounts), total / len(amounts))
    best, today, equal = (posterior.respond(split).sum(axis=1) for split in (amounts, total * shares, equal_parts))
    nudge = 1e-4 * total
    more = (posterior.respond(amounts + nudge) - posterior.respond(amounts)).mean(axis=0) / nudge
    seen = posterior.respond(np.minimum(amounts, posterior.highest)).sum(axis=1)
    return Allocation(
        amounts=amounts,
        expected=Range.of(best),
        today=Range.of(today),
        equal_split=Range.of(equal),
        gain_today=Range.of(best - today),
        gain_equal=Range.of(best - equal),
        next_unit=more,
        extrapolates=amounts > posterior.highest * (1.0 + _CLOSE),
        unseen=float((best - seen).mean()),
        gap=gap,
    )


def where_next(posterior: ResponsePosterior, amounts: Floats, more: float) -> list[NextUnits]:
    """Return what a little more would bring at each item alone, the best first.

    Args:
        posterior: Curves of the items.
        amounts: Present spend of a row, shape (items,).
        more: Spend that is added to one item.
    """
    gains = posterior.respond(np.asarray(amounts) + more) - posterior.respond(amounts)
    beyond = np.asarray(amounts) + more > posterior.highest
    found = [NextUnits(item, Range.of(gains[:, item]), bool(beyond[item])) for item in range(gains.shape[1])]
    return sorted(found, key=lambda one: -one.gain.value)


def _best_split(posterior: ResponsePosterior, total: float, low: Floats, high: Floats) -> tuple[Floats, float]:
    """Return the best split and how far it can be from the best there is."""
    items = len(low)
    free = total - float(low.sum())
    if free <= _CLOSE * total:
        return low, 0.0
    steps = int(np.clip(_STEPS * 10 // items, _LEAST_STEPS, _STEPS))
    step = free / steps
    places = [np.minimum(low[item] + step * np.arange(steps + items + 1), high[item]) for item in range(items)]
    values = np.stack([posterior.mean_curve(item, places[item]) for item in range(items)])
    taken, best_with_more = _share_out(values, steps, items)
    amounts = np.array([places[item][taken[item]] for item in range(items)])
    for _ in range(_ZOOMS):
        step /= _ZOOM
        start = np.maximum(amounts - 2 * _ZOOM * step, low)
        width = int((total - start.sum()) / step + _CLOSE)
        near = [
            np.minimum(start[item] + step * np.arange(min(4 * _ZOOM, width) + 1), high[item]) for item in range(items)
        ]
        values_near = np.stack([posterior.mean_curve(item, near[item]) for item in range(items)])
        taken, _ = _share_out(values_near, width, 0)
        amounts = np.array([near[item][taken[item]] for item in range(items)])
    amounts = _spend_rest(posterior, amounts, total, high)
    reached = sum(float(posterior.mean_curve(item, amounts[item : item + 1])[0]) for item in range(items))
    bound = min(best_with_more, _dual_bound(values, places, total))
    return amounts, max(bound - reached, 0.0)


def _share_out(values: Floats, steps: int, spare: int) -> tuple[Ints, float]:
    """Return how many steps each item gets so that the sum of values is highest, and the value with some spare steps.

    Args:
        values: Value of each item at 0, 1, ... steps, rising, shape (items, steps known).
        steps: Steps to share out.
        spare: Steps more for the second answer.
    """
    items, known = values.shape
    reach = steps + spare + 1
    best = np.zeros(reach)
    choices = np.zeros((items, reach), np.int64)
    for item in range(items):
        reached = best + values[item, 0]
        for taken in range(1, min(known, reach)):
            offered = best[: reach - taken] + values[item, taken]
            better = offered > reached[taken:]
            reached[taken:][better] = offered[better]
            choices[item, taken:][better] = taken
        best = reached
    left, shares = steps, np.zeros(items, np.int64)
    for item in reversed(range(items)):
        shares[item] = choices[item, left]
        left -= shares[item]
    return shares, float(best[-1])


def _spend_rest(posterior: ResponsePosterior, amounts: Floats, total: float, high: Floats) -> Floats:
    """Spend what the grid left over where it brings most, so that the split sums to the total."""
    amounts = amounts.copy()
    while (rest := total - float(amounts.sum())) > _CLOSE * total:
        room = np.minimum(high - amounts, rest)
        gains = (posterior.respond(amounts + room) - posterior.respond(amounts)).mean(axis=0)
        chosen = int(np.where(room > 0, gains / np.where(room > 0, room, 1.0), -np.inf).argmax())
        amounts[chosen] += room[chosen]
    return amounts


def _dual_bound(values: Floats, places: list[Floats], total: float) -> float:
    """Return a value that no split of the total can exceed: the least over prices of what is earned at a price.

    Between two places a curve exceeds its chord by at most an eighth of the squared step times its bend there; bends
    are those of the grid.

    References:
        Everett, H. (1963). Generalized Lagrange multiplier method for solving problems of optimum allocation of
        resources. Operations Research 11(3), 399-417. doi:10.1287/opre.11.3.399
    """
    spent = np.stack(places)
    even = np.abs(np.diff(spent, n=2, axis=1)) <= _CLOSE * total
    bend = (np.abs(np.diff(values, n=2, axis=1)) * even).max(axis=1).sum() / 8.0

    def earned(price: float) -> float:
        return float((values - price * spent).max(axis=1).sum()) + price * total

    steepest = float((np.diff(values, axis=1) / np.maximum(np.diff(spent, axis=1), _CLOSE * total)).max())
    found = minimize_scalar(earned, bounds=(0.0, steepest), method="bounded", options={"xatol": 1e-6 * steepest})
    return float(found.fun) + float(bend)
