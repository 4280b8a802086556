"""Which forecaster a series gets: the mean of those that were best on its own past, if that beats seasonal naive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.stats.backtest import place_origins
from adtempo.stats.forecasters.base import Forecaster

Floats = NDArray[np.float64]

_TOGETHER = 4  # at most so many are averaged
_NEAR = 1.4  # and only those whose error is within this factor of the best one's
_ORIGINS_MIN = 3  # with fewer nothing can be told from noise
_LEAST = 1e-300
_DIGITS = 9  # of ratios: last bits, which depend on the unit, must not break ties


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What a series gets, and how that did on its past.

    Attributes:
        names: The forecasters whose mean it is.
        expected: Shape (horizon,).
        predicted: What was forecast from moments of the past, newest first, each time by what would have been chosen
            without knowing how it came out, shape (origins, steps ahead); NaN where nothing was.
        errors: Actual - predicted.
        ages: How many steps before the end those moments lie.
        ratio: Mean absolute error as a multiple of seasonal naive's; NaN where there was no past to tell.
        beats_naive: Whether it is smaller beyond noise.
    """

    names: tuple[str, ...]
    expected: Floats
    predicted: Floats
    errors: Floats
    ages: tuple[int, ...]
    ratio: float
    beats_naive: bool


def choose(
    series: Floats,
    seasons: Sequence[int],
    horizon: int,
    *,
    candidates: Sequence[Forecaster],
    kept: Sequence[str] = (),
) -> Choice:
    """Choose for one series and forecast it.

    Args:
        series: Without gaps, shape (steps,), two or more.
        seasons: Rising; those that fit.
        horizon: How many steps.
        candidates: Among which; seasonal naive first.
        kept: Names chosen earlier; none to choose now.
    """
    longest = seasons[-1] if seasons else 1
    asked = [one for one in candidates[1:] if not kept or one.name in kept]
    wanted = [candidates[0], *(one for one in asked if longest <= one.season_max and len(series) <= one.steps_max)]
    past = _Past.of(series, seasons, horizon, wanted)
    if kept:
        here = [place for place, one in enumerate(wanted) if one.name in kept] or [0]
        predicted = _mean(past.made[here])
    else:
        here = past.best()
        predicted = past.predict_honestly()
    better, ratio = past.compare(predicted)
    if not kept and not better:
        here, predicted, ratio = [0], past.made[0], 1.0
    expected = _mean(np.stack([wanted[place].model(series, seasons, horizon) for place in here]))
    if np.isnan(expected).any():
        here, predicted, ratio, better = [0], past.made[0], 1.0, False
        expected = wanted[0].model(series, seasons, horizon)
    names = tuple(wanted[place].name for place in here)
    return Choice(names, expected, predicted, past.actual - predicted, past.ages, ratio, better)


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """What candidates said of the past, and what came.

    Attributes:
        actual: Shape (origins, steps ahead), newest origin first.
        made: Shape (candidates, origins, steps ahead), seasonal naive first; NaN where one has no answer.
        ages: How many steps before the end the origins lie.
    """

    actual: Floats
    made: Floats
    ages: tuple[int, ...]

    @classmethod
    def of(cls, series: Floats, seasons: Sequence[int], horizon: int, wanted: Sequence[Forecaster]) -> _Past:
        steps = len(series)
        ahead = min(horizon, max(steps // 4, 1))
        origins = place_origins(steps, ahead, least=max(2 * (seasons[0] if seasons else 1), steps // 3, 2))
        made = np.full((len(wanted), len(origins), ahead), np.nan)
        for place, one in enumerate(wanted):
            for row, origin in enumerate(origins):
                made[place, row] = one.model(series[:origin], seasons, ahead)
        actual = np.array([series[origin : origin + ahead] for origin in origins]).reshape(len(origins), ahead)
        return cls(actual, made, tuple(steps - origin for origin in origins))

    def losses(self) -> Floats:
        """Return mean absolute errors, shape (candidates, origins)."""
        return np.asarray(np.abs(self.actual - self.made).mean(axis=2))

    def best(self, without: int | None = None) -> list[int]:
        """Return the places of the candidates that are best together, as all origins tell, or all but one."""
        losses = self.losses()
        told = np.ones(losses.shape[1], dtype=bool)
        if without is not None:
            told[without] = False
        known = np.isfinite(losses) & told
        against = np.where(known, losses[0], 0.0).sum(axis=1)
        ratios = np.where(known, losses, 0.0).sum(axis=1) / np.maximum(against, _LEAST)
        ratios[(against <= 0) | ~known.any(axis=1)] = np.inf
        if not np.isfinite(ratios).any():
            return [0]
        ratios = ratios.round(_DIGITS)
        order = np.argsort(ratios, kind="stable")[:_TOGETHER].tolist()
        return [place for place in order if ratios[place] <= _NEAR * ratios[order[0]]]

    def predict_honestly(self) -> Floats:
        """Return for each origin what would have been said there by those that are best at all the others."""
        rows = [_mean(self.made[self.best(without=row), row]) for row in range(len(self.actual))]
        return np.array(rows).reshape(self.actual.shape)

    def compare(self, predicted: Floats) -> tuple[bool, float]:
        """Return whether predictions beat seasonal naive's beyond noise, and by what factor they err."""
        losses, base = np.abs(self.actual - predicted).mean(axis=1), self.losses()[0]
        known = np.isfinite(losses)
        if not base[known].sum() > 0:
            return False, np.nan
        ratio = round(float(losses[known].sum() / base[known].sum()), _DIGITS)
        return bool(known.sum() >= _ORIGINS_MIN and ratio < 1), ratio


def _mean(made: Floats) -> Floats:
    """Return the mean over the first axis of those that have an answer; NaN where none has."""
    known = np.isfinite(made)
    counts = known.sum(axis=0)
    total = np.where(known, made, 0.0).sum(axis=0)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
