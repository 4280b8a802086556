"""Rates of counts taken apart: what each of many overlapping causes contributes, all else being equal.

Counts are Poisson around exposure times ``exp(sum of effects)``. Effects of one part (the hours of a day, say) are
drawn around zero with a spread of their own that is learnt from the data, so a part that explains nothing comes out as
nothing; units that recur and single observations have noise of their own. Fitted by penalised quasi-likelihood, spreads
by MacKay's fixed point with a weak prior.

References:
    Breslow and Clayton (1993), Approximate inference in generalized linear mixed models, doi:10.2307/2290687.
    MacKay (1992), Bayesian interpolation, doi:10.1162/neco.1992.4.3.415.
    Lin (1997), Variance component testing in generalised linear models, doi:10.1093/biomet/84.2.309.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.sparse import csc_array
from scipy.special import chdtrc

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDS = 25
_STEP_MAX = 1.0
_CLOSE = 3e-3
_DOUBT = 4.0
"""How many effects' worth of belief the expected spread of a part has."""
_NOISE_DOUBT = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One cause.

    Attributes:
        name: What it is called.
        design: How much each observation has of each effect, shape (observations, effects).
        spread: Expected standard deviation of its effects on the logarithm of the rate.
        learnt: Whether the data may correct the spread.
    """

    name: str
    design: Floats
    spread: float
    learnt: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """What each cause contributes.

    Attributes:
        parts: The causes, in the order of the effects.
        effects: Expected effects, shape (effects,).
        covariance: Their uncertainty, shape (effects, effects).
        unit_effects: Expected effect of each unit, shape (units,).
        unit_spread: Their standard deviation.
        noise: That of single observations beyond counting and units.
        evidence: Log likelihood of the working response with all effects integrated out.
        belief: Where another round would start.
        working: The linear model at the end.
    """

    parts: tuple[Part, ...]
    effects: Floats
    covariance: Floats
    unit_effects: Floats
    unit_spread: float
    noise: float
    evidence: float
    belief: _Belief
    working: _Working

    def where(self, name: str) -> slice:
        """Return the positions of a part's effects."""
        ends = np.cumsum([part.design.shape[1] for part in self.parts])
        number = [part.name for part in self.parts].index(name)
        return slice(int(ends[number]) - self.parts[number].design.shape[1], int(ends[number]))

    def part(self, name: str) -> Part:
        """Return a cause by its name."""
        return next(part for part in self.parts if part.name == name)

    def fitted(self, *names: str) -> Floats:
        """Return what some parts add to the logarithm of each observation's rate, shape (observations,)."""
        return np.asarray(sum(self.part(name).design @ self.effects[self.where(name)] for name in names))

    def combine(self, rows: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """Return expected sums of effects, shape (rows,), and their covariance, shape (rows, rows).

        Args:
            rows: Per part, how much each row has of each of its effects, shape (rows, effects of the part).
        """
        at = np.concatenate([np.arange(len(self.effects))[self.where(name)] for name in rows])
        design = np.hstack(list(rows.values()))
        return design @ self.effects[at], np.asarray(design @ self.covariance[np.ix_(at, at)] @ design.T)

    def chance(self, *names: str) -> float:
        """Return how likely as large effects of some parts are where they have none: a score test, the rest kept."""
        others = [number for number, part in enumerate(self.parts) if part.name not in names]
        kept = np.hstack([self.parts[number].design for number in others])
        prior = np.concatenate(
            [np.full(self.parts[number].design.shape[1], 1 / self.belief.variances[number]) for number in others]
        )
        asked = np.hstack([self.part(name).design for name in names])
        solved = self.working.solve(np.column_stack([kept, asked, self.working.response]))
        cut = kept.shape[1]
        inner = np.linalg.solve(kept.T @ solved[:, :cut] + np.diag(prior), kept.T @ solved[:, cut:])
        projected = solved[:, cut:] - solved[:, :cut] @ inner
        score, spread = asked.T @ projected[:, -1], asked.T @ projected[:, :-1]
        # The quadratic form is about a chi-square with the same mean and variance (Satterthwaite).
        mean, variance = float(np.trace(spread)), 2.0 * float((spread**2).sum())
        return float(chdtrc(2 * mean**2 / variance, float(score @ score) * 2 * mean / variance))


@dataclass(frozen=True, slots=True, eq=False)
class _Working:
    """A linear model with the same answer: response = effects + unit + noise, with known counting variance.

    `members` is 1 where an observation belongs to a unit, shape (units, observations).
    """

    response: Floats
    counting: Floats
    members: csc_array
    unit_variance: float
    noise_variance: float

    @property
    def unit(self) -> Ints:
        """Number of the unit that each observation belongs to, shape (observations,)."""
        return np.asarray(self.members.indices)

    def solve(self, columns: Floats) -> Floats:
        """Return columns multiplied by the inverse of the variance of the response; shape (observations, ...)."""
        weight = 1.0 / (self.counting + self.noise_variance)
        scaled = columns * weight[:, None]
        totals = np.bincount(self.unit, weight)
        shared = self.gather(scaled) * (self.unit_variance / (1.0 + self.unit_variance * totals))[:, None]
        return np.asarray(scaled - weight[:, None] * shared[self.unit])

    def gather(self, columns: Floats) -> Floats:
        """Add up rows per unit."""
        return np.asarray(self.members @ columns)

    def log_determinant(self) -> float:
        """Return the logarithm of the determinant of the variance of the response."""
        total = self.counting + self.noise_variance
        per_unit = np.bincount(self.unit, 1.0 / total)
        return float(np.log(total).sum() + np.log1p(self.unit_variance * per_unit).sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Belief:
    """What one round starts from: log rates around the overall one, and how wide everything spreads."""

    eta: Floats
    variances: Floats
    unit_variance: float
    noise_variance: float


def fit_mixed(
    counts: Floats,
    exposure: Floats,
    unit: Ints,
    parts: Sequence[Part],
    unit_spread: float,
    like: MixedFit | None = None,
) -> MixedFit:
    """Take rates apart.

    Args:
        counts: At least 0, shape (observations,).
        exposure: Above 0, shape (observations,).
        unit: Number of the unit that each observation belongs to, from 0 without gaps, shape (observations,).
        parts: The causes; the first is the overall level, a single column of ones.
        unit_spread: Expected standard deviation of units around what the parts say.
        like: A fit of nearly the same to start from, which is faster.
    """
    # Around the overall rate, so that the level needs no guess.
    expected = exposure * ((counts.sum() + 0.5) / exposure.sum())
    belief = _Belief(
        np.zeros(len(counts)), np.array([part.spread**2 for part in parts]), unit_spread**2, (unit_spread / 3) ** 2
    )
    if like is not None:
        belief = like.belief
    members = csc_array((np.ones(len(unit)), unit, np.arange(len(unit) + 1)))
    for _ in range(_ROUNDS):
        found = _round(counts, expected, members, tuple(parts), unit_spread, belief)
        moved = float(np.abs(found.belief.eta - belief.eta).max())
        belief = found.belief
        if moved < _CLOSE:
            break
    return found


def _round(
    counts: Floats, expected: Floats, members: csc_array, parts: tuple[Part, ...], unit_spread: float, belief: _Belief
) -> MixedFit:
    """Fit the linear model that is right near one belief, and say what to believe next."""
    design = np.hstack([part.design for part in parts])
    owner = np.repeat(np.arange(len(parts)), [part.design.shape[1] for part in parts])
    prior = belief.variances[owner]
    usual = expected * np.exp(belief.eta)
    work = _Working(
        response=belief.eta + (counts - usual) / usual,
        counting=1.0 / usual,
        members=members,
        unit_variance=belief.unit_variance,
        noise_variance=belief.noise_variance,
    )
    solved = work.solve(np.column_stack([design, work.response]))
    precision = design.T @ solved[:, :-1] + np.diag(1.0 / prior)
    root, _ = dpotrf(precision)
    upper, _ = dpotri(root)
    covariance = upper + np.triu(upper, 1).T
    effects = covariance @ (design.T @ solved[:, -1])
    left = solved[:, -1] - solved[:, :-1] @ effects
    units, noise = work.unit_variance * work.gather(left[:, None])[:, 0], work.noise_variance * left
    step = np.clip(design @ effects + units[work.unit] + noise - belief.eta, -_STEP_MAX, _STEP_MAX)
    known = np.bincount(owner, 1.0 - np.diag(covariance) / prior)
    guess = np.array([part.spread**2 for part in parts])
    learnt = (np.bincount(owner, effects**2) + _DOUBT * guess) / (known + _DOUBT)
    variances = np.where([part.learnt for part in parts], learnt, guess)
    unit_variance, noise_variance = _noise(work, solved[:, :-1], covariance, units, noise, unit_spread)
    evidence = work.response @ left + work.log_determinant() + 2 * np.log(np.diag(root)).sum() + np.log(prior).sum()
    return MixedFit(
        parts=parts,
        effects=effects,
        covariance=covariance,
        unit_effects=units,
        unit_spread=unit_variance**0.5,
        noise=noise_variance**0.5,
        evidence=-0.5 * float(evidence),
        belief=_Belief(belief.eta + step, variances, unit_variance, noise_variance),
        working=work,
    )


def _noise(
    work: _Working, solved: Floats, covariance: Floats, units: Floats, noise: Floats, unit_spread: float
) -> tuple[float, float]:
    """Return what a round says of the variance of units and of single observations."""
    weight = 1.0 / (work.counting + work.noise_variance)
    totals = np.bincount(work.unit, weight)
    shrink = work.unit_variance / (1.0 + work.unit_variance * totals)
    explained = work.gather(solved)
    known_units = (shrink * totals).sum() - work.unit_variance * ((explained @ covariance) * explained).sum()
    own = (weight - weight**2 * shrink[work.unit]).sum() - ((solved @ covariance) * solved).sum()
    return (
        float((units @ units + _NOISE_DOUBT * unit_spread**2) / (known_units + _NOISE_DOUBT)),
        float((noise @ noise + _NOISE_DOUBT * (unit_spread / 3) ** 2) / (work.noise_variance * own + _NOISE_DOUBT)),
    )
