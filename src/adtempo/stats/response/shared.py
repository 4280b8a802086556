"""Curves of several items that bring one outcome together: what each brought has to be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from adtempo.stats.response.base import Base, candidate_bases
from adtempo.stats.response.curves import Floats, Ints, ResponsePosterior, grid_cells, saturate

CELLS = grid_cells(
    keeps={0.0: 3, 0.15: 2, 0.3: 2, 0.45: 2, 0.6: 1, 0.75: 1},
    halves={0.1: 1, 0.18: 2, 0.3: 3, 0.5: 3, 0.8: 3, 1.3: 2, 2.2: 1},
    shapes={0.7: 1, 1.0: 3, 1.4: 2, 2.0: 2, 2.8: 2, 4.0: 1},
)
"""Curves thought possible: quick or slow to saturate, concave or S-shaped, forgotten at once or over weeks."""

_CHAINS = 3
_WARM_UP = 200
_KEPT = 600
_LONG = 150  # rows beyond which the base, dear to draw and slow to change, is drawn less often
_REACHES = np.geomspace(0.02, 2.0, 15)  # what an item may bring at its highest, as a share of the mean outcome
_LEVEL = 0.65  # of the mean outcome that comes without spend, and how far from it that may be
_LEVEL_DOUBT = 0.35
_OWN_WAY = 5.0  # how many items weigh as much as what was thought before

_PARTS = tuple(
    (kind, np.bincount(kind, CELLS.chance))
    for kind in (np.unique(part, return_inverse=True)[1] for part in (CELLS.keep, CELLS.half, CELLS.shape))
)
"""What curves have in common: for carry-over, half and shape, the kind of each cell and the chance of each kind."""


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Spend of several items and the outcome that they brought together.

    Attributes:
        spend: Spend, at least 0, each item with some, shape (rows, items).
        outcome: At least 0, not all zero, shape (rows,).
        seasons: Lengths of the seasons of the base, in rows.
    """

    spend: Floats
    outcome: Floats
    seasons: Sequence[float] = ()


def fit_responses(histories: Sequence[History], seed: int) -> list[ResponsePosterior]:
    """Learn what each item brings from the outcome of all, one answer per history.

    Bayesian: an item brings ``reach x curve``, the curve one of a grid, the reach half normal with a scale that the
    items share, beside a base that drifts. Sampled by Gibbs' method, with base and reach integrated out wherever a
    curve is chosen. Histories (places, say) have curves of their own, drawn towards those of the others.

    Args:
        histories: Of the same items in the same order.
        seed: Of the random numbers.

    References:
        Jin, Y., Wang, Y., Sun, Y., Chan, D., Koehler, J. (2017). Bayesian methods for media mix modeling with
        carryover and shape effects. Google research report 46001.
        Liu, J. S. (1994). The collapsed Gibbs sampler in Bayesian computations with applications to a gene regulation
        problem. Journal of the American Statistical Association 89, 958-966. doi:10.1080/01621459.1994.10476829
    """
    problems = [_Problem(history) for history in histories]
    draws: list[list[_Draw]] = [[] for _ in problems]
    for rng in np.random.default_rng(seed).spawn(_CHAINS):
        chains = [_Chain(problem, rng) for problem in problems]
        for sweep in range(_WARM_UP + _KEPT):
            for number, chain in enumerate(chains):
                chain.sweep(np.array([other.cells for other in chains if other is not chain], np.int64))
                if sweep >= _WARM_UP:
                    draws[number].append(chain.draw())
    return [problem.posterior(drawn) for problem, drawn in zip(problems, draws, strict=True)]


_Draw = tuple[Ints, Floats, float]
"""Cells, reaches, base of the average row."""


def _log_prior(others: Ints) -> Floats:
    """Return how likely each curve is, given those of items that are thought alike, part by part, shape (cells,)."""
    found = np.zeros(len(CELLS.chance))
    for kind, usual in _PARTS:
        found += np.log(_OWN_WAY * usual + np.bincount(kind[others], minlength=len(usual)))[kind]
    return found


@dataclass(eq=False)
class _Problem:
    """One history with all that does not change while it is sampled."""

    history: History
    _white: dict[int, tuple[Floats, Floats, Floats]] = field(default_factory=dict)

    @cached_property
    def mean(self) -> float:
        return float(self.history.outcome.mean())

    @cached_property
    def highest(self) -> Floats:
        return np.asarray(self.history.spend.max(axis=0))

    @cached_property
    def features(self) -> list[Floats]:
        columns = zip(self.history.spend.T, self.highest, strict=True)
        return [CELLS.features(spend, float(highest)) for spend, highest in columns]

    @cached_property
    def raised(self) -> Floats:
        """The outcome above the base that is expected before data."""
        return self.history.outcome - _LEVEL * self.mean

    @cached_property
    def spread(self) -> float:
        return max(float(self.history.outcome.std()), 1e-3 * self.mean)

    @cached_property
    def bases(self) -> list[Base]:
        level = _LEVEL_DOUBT * self.mean / (0.5 * self.spread)
        return candidate_bases(len(self.raised), level, self.history.seasons)

    def white(self, base: int) -> tuple[Floats, Floats, Floats]:
        """Return the features by item, their squared lengths, and the outcome, as one view of the base sees them."""
        if base not in self._white:
            whiten = self.bases[base].whiten
            features = np.stack([(whiten @ each).T for each in self.features])
            self._white[base] = features, (features**2).sum(axis=2), whiten @ self.raised
        return self._white[base]

    def posterior(self, draws: list[_Draw]) -> ResponsePosterior:
        """Return draws of the sampler in units of spend and outcome."""
        cells = np.stack([draw[0] for draw in draws])
        half, shape = CELLS.half[cells], CELLS.shape[cells]
        top = np.stack([draw[1] for draw in draws]) / saturate(1.0 / half, shape)
        base = np.array([draw[2] for draw in draws])
        return ResponsePosterior(top, half * self.highest, shape, CELLS.keep[cells], base, self.highest)


class _Chain:
    """One walk through the curves that one history allows."""

    def __init__(self, problem: _Problem, rng: np.random.Generator) -> None:
        items = len(problem.highest)
        self.problem, self.rng = problem, rng
        self.cells = rng.choice(len(CELLS.chance), items, p=CELLS.chance)
        self.reach = np.zeros(items)
        self.scale = 0.2 * problem.mean
        self.noise = (0.5 * problem.spread) ** 2
        self.base = 0
        self.sweeps = 0

    def sweep(self, elsewhere: Ints) -> None:
        """Draw everything once, each given all else and the curves of other histories, shape (histories, items)."""
        features, lengths, outcome = self.problem.white(self.base)
        items = np.arange(len(self.reach))
        left = outcome - self.reach @ features[items, self.cells]
        for item in items.tolist():
            each = features[item]
            left += self.reach[item] * each[self.cells[item]]
            weight = lengths[item] / self.noise + 1.0 / self.scale**2
            pull = each @ left / self.noise
            mean, spread = pull / weight, weight**-0.5
            alike = np.append(np.delete(self.cells, item), elsewhere[:, item] if len(elsewhere) else [])
            chance = _log_prior(alike.astype(np.int64)) + pull * mean / 2.0 + np.log(spread) + log_ndtr(mean / spread)
            cell = self._choose(chance)
            self.cells[item] = cell
            self.reach[item] = self._positive(float(mean[cell]), float(spread[cell]))
            left -= self.reach[item] * each[cell]
        self._draw_reaches(features[items, self.cells], outcome)
        left = outcome - self.reach @ features[items, self.cells]
        noise = float(left @ left + self.problem.spread**2) / 2.0
        self.noise = noise / self.rng.standard_gamma(len(outcome) / 2.0 + 2.0)
        self.sweeps += 1
        if self.sweeps % (1 + len(outcome) // _LONG) == 0:
            self._draw_base()
        self._draw_scale()

    def draw(self) -> _Draw:
        """Return where the walk stands."""
        base = float(self.problem.history.outcome.mean() - self._brought().mean())
        return self.cells.copy(), self.reach.copy(), base

    def _brought(self) -> Floats:
        features = self.problem.features
        return np.stack([each[:, cell] for each, cell in zip(features, self.cells, strict=True)], axis=1) @ self.reach

    def _choose(self, log_chances: Floats) -> int:
        heights = np.cumsum(np.exp(log_chances - log_chances.max()))
        return int(np.searchsorted(heights, self.rng.random() * heights[-1]))

    def _positive(self, mean: float, spread: float) -> float:
        """Draw from a normal distribution that is cut off below zero."""
        above = ndtr(mean / spread)
        if above < 1e-12:
            return float(self.rng.exponential(spread**2 / max(-mean, spread)))
        return max(mean - spread * float(ndtri(self.rng.random() * above)), 0.0)

    def _draw_reaches(self, chosen: Floats, outcome: Floats) -> None:
        """Draw all reaches again and again: where items were spent on together, one gives what the other takes."""
        weights = chosen @ chosen.T / self.noise + np.eye(len(self.reach)) / self.scale**2
        pulls = chosen @ outcome / self.noise
        for _ in range(3):
            for item in range(len(self.reach)):
                weight = weights[item, item]
                others = weights[item] @ self.reach - weight * self.reach[item]
                self.reach[item] = self._positive(float((pulls[item] - others) / weight), float(weight**-0.5))

    def _draw_base(self) -> None:
        bases = self.problem.bases
        left = self.problem.raised - self._brought()
        lengths = np.array([((base.whiten @ left) ** 2).sum() for base in bases])
        log_determinants = np.array([base.log_determinant for base in bases])
        self.base = self._choose(-(lengths / self.noise + log_determinants) / 2.0)

    def _draw_scale(self) -> None:
        scales = _REACHES * self.problem.mean
        fit = -len(self.reach) * np.log(scales) - (self.reach**2).sum() / (2.0 * scales**2)
        self.scale = float(scales[self._choose(fit)])
