"""Proof that a schedule helps: weeks with it against weeks without, planned before anything runs.

Weeks come in pairs, one with the schedule and one without, in an order that is drawn; a pair's difference is free of
what changes slowly. How many pairs it takes follows from how much weeks differ anyway. Pure.

References:
    Bojinov, I., Simchi-Levi, D., Zhao, J. (2023). Design and analysis of switchback experiments. Management Science
        69(7). doi:10.1287/mnsc.2022.4583
    Power of the paired t-test by the noncentral t-distribution: Cohen, J. (1988). Statistical power analysis for the
        behavioral sciences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import nct, t

from adtempo.domain.errors import InvalidInput

ALPHA = 0.05
POWER = 0.8
PAIRS_MAX = 26
"""A year of weeks; what takes longer cannot be told from the market changing."""

WEEKS_NEEDED = 4
"""Full weeks of history from which it can be said how much weeks differ."""


@dataclass(frozen=True, slots=True)
class SwitchbackPlan:
    """When the schedule runs, and what that can show.

    Attributes:
        pairs: Pairs of weeks; 0 where even PAIRS_MAX could not show the effect.
        with_schedule: Of each week, the first first, whether the schedule runs; two weeks a pair.
        power: Chance of showing the effect if it is there.
        detectable: The smallest relative effect that would be shown with a chance of POWER by PAIRS_MAX pairs at most.
        effect: The relative effect that was to be shown.
        deviation: Relative standard deviation of one week.
        seed: From which the order was drawn.
    """

    pairs: int
    with_schedule: tuple[bool, ...]
    power: float
    detectable: float
    effect: float
    deviation: float
    seed: int


@dataclass(frozen=True, slots=True)
class SwitchbackResult:
    """What pairs showed.

    Attributes:
        pairs: Pairs that were complete.
        effect: Relative effect of the schedule, above 0 is more.
        low: Lower end of its 95% interval.
        high: Upper end.
        p_value: Chance of a difference at least as large where there is none.
        shown: Whether the interval leaves out 0.
    """

    pairs: int
    effect: float
    low: float
    high: float
    p_value: float
    shown: bool


def weekly_deviation(weeks: ArrayLike) -> float | None:
    """Return how much weeks differ beyond what changes slowly, as a relative standard deviation; None of too few.

    Args:
        weeks: The metric of consecutive full weeks, shape (weeks,); those without a value above 0 are left out.
    """
    values = np.asarray(weeks, dtype=np.float64)
    logs = np.log(values[np.isfinite(values) & (values > 0)])
    if len(logs) < WEEKS_NEEDED:
        return None
    # Differences of neighbours have twice the variance of a week, and no trend.
    return float(np.sqrt((np.diff(logs) ** 2).mean() / 2))


def plan_switchback(deviation: float, effect: float, *, seed: int) -> SwitchbackPlan:
    """Work out how many pairs of weeks it takes to show an effect, and draw their order.

    Args:
        deviation: Relative standard deviation of one week, above 0.
        effect: The relative effect to be shown, such as 0.1.
        seed: The order of each pair is drawn from it.

    Raises:
        InvalidInput: The deviation is not above 0.
    """
    if not deviation > 0:
        raise InvalidInput("weeks that never differ need no test: give a deviation above 0")
    spread = float(np.sqrt(2) * deviation)
    powers = [_power(pairs, spread, effect) for pairs in range(2, PAIRS_MAX + 1)]
    enough = next((place + 2 for place, power in enumerate(powers) if power >= POWER), 0)
    first = np.random.default_rng(seed).random(enough) < 0.5
    order = tuple(bool(one) for begins in first for one in (begins, not begins))
    return SwitchbackPlan(
        pairs=enough,
        with_schedule=order,
        power=powers[enough - 2] if enough else powers[-1],
        detectable=_detectable(spread),
        effect=effect,
        deviation=deviation,
        seed=seed,
    )


def judge_pairs(with_schedule: ArrayLike, without: ArrayLike) -> SwitchbackResult | None:
    """Hold the two halves of every pair against each other; None where fewer than two pairs have both.

    Args:
        with_schedule: The metric of the week with the schedule, one per pair, shape (pairs,).
        without: The same without it.
    """
    pair = np.array([np.asarray(with_schedule, np.float64), np.asarray(without, np.float64)])
    complete = (np.isfinite(pair) & (pair > 0)).all(axis=0)
    logs = np.log(pair[0][complete] / pair[1][complete])
    count = len(logs)
    if count < 2:
        return None
    mean, error = float(logs.mean()), float(logs.std(ddof=1) / np.sqrt(count))
    reach = float(t.ppf(1 - ALPHA / 2, count - 1)) * error
    chance = float(2 * t.sf(abs(mean) / error, count - 1)) if error > 0 else float(mean == 0)
    low, high = np.expm1([mean - reach, mean + reach])
    return SwitchbackResult(
        count, float(np.expm1(mean)), float(low), float(high), chance, shown=bool(low > 0 or high < 0)
    )


def _power(pairs: int, spread: float, effect: float) -> float:
    """Return the chance that a two-sided paired t-test shows an effect."""
    distance = abs(float(np.log1p(effect))) / spread * float(np.sqrt(pairs))
    limit = float(t.ppf(1 - ALPHA / 2, pairs - 1))
    return float(nct.sf(limit, pairs - 1, distance) + nct.cdf(-limit, pairs - 1, distance))


def _detectable(spread: float) -> float:
    effects = np.geomspace(0.005, 4.0, 200)
    return float(next((one for one in effects if _power(PAIRS_MAX, spread, one) >= POWER), effects[-1]))
