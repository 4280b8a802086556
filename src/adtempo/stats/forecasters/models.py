"""The candidates that are ours: seasonal naive, a profile of the season, regressions of a series on its own past."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adtempo.stats.forecasters.base import Model

Floats = NDArray[np.float64]

_MEMORY_SEASONS = 28.0  # seasons after which a step weighs 1/e in a regression
_MEMORY_CYCLES = 2.0  # longest seasons after which a step weighs half in a profile
_RIDGE = 0.5  # what a coefficient's square costs, in squared standard deviations of the series
_STRAY = 0.5  # how far beyond its range a regression may lead a series, as a share of the range
_LEAST = 1e-12


def forecast_naive(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
    """Repeat the last season; of a history shorter than that, the last value."""
    season = seasons[0] if seasons and seasons[0] <= len(history) else 1
    return np.resize(history[-season:], horizon)


def forecast_profile(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
    """Repeat the mean shape of the longest season around the newest level, into which the last deviation fades.

    The level is the mean of one season up to each step; newer cycles weigh more.
    """
    season = seasons[-1] if seasons else 1
    steps = len(history)
    sums = np.cumsum(np.r_[0.0, history])
    ends = np.arange(1, steps + 1)
    starts = np.maximum(ends - season, 0)
    level = (sums[ends] - sums[starts]) / (ends - starts)
    level[:season] = level[min(season, steps) - 1]
    phases = (ends - 1 - steps) % season
    weights = 0.5 ** ((steps - ends) // season / _MEMORY_CYCLES)
    total = np.bincount(phases, weights, season)
    shape = np.bincount(phases, weights * (history - level), season) / np.maximum(total, _LEAST)
    rest = (history - level - shape[phases])[-2 * season :]
    fading = np.clip(rest[1:] @ rest[:-1] / max(float(rest @ rest), _LEAST), 0.0, 1.0)
    return np.asarray(level[-1] + np.resize(shape, horizon) + rest[-1] * fading ** np.arange(1, horizon + 1))


def _lags_of(seasons: Sequence[int], steps: int) -> list[int]:
    """Return the steps back that tell of the next one: the last few, and those around each season that fits twice."""
    lags = {1, 2, 3}
    for season in seasons:
        lags |= {season - 1, season, season + 1}
    if seasons:
        lags |= {2 * seasons[0], seasons[-1] - seasons[0], seasons[-1] - seasons[0] - 1}
    return sorted(lag for lag in lags if 1 <= lag <= (steps - 1) // 2)


def forecast_regression(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
    """Regress each step on steps before it and around a season before it, newer ones weighing more; then step ahead.

    References:
        Hoerl, A. E., Kennard, R. W. (1970). Ridge regression. Technometrics 12(1). doi:10.1080/00401706.1970.10488634
    """
    lags = _lags_of(seasons, len(history))
    if not lags:
        return np.full(horizon, np.nan)
    middle, spread = history[-(seasons[-1] if seasons else len(history)) :].mean(), max(float(history.std()), _LEAST)
    scaled = (history - middle) / spread
    first = lags[-1]
    rows = np.stack([*(scaled[first - lag : -lag] for lag in lags), np.ones(len(scaled) - first)])
    memory = _MEMORY_SEASONS * max(seasons[0] if seasons else 1, 7)
    weights = np.exp(-np.arange(rows.shape[1])[::-1] / memory)
    normal = (rows * weights) @ rows.T
    normal[np.diag_indices(len(lags))] += _RIDGE
    normal[-1, -1] += _LEAST
    *slopes, constant = np.linalg.solve(normal, rows @ (weights * scaled[first:]))
    path = np.r_[scaled, np.zeros(horizon)]
    back, slope = np.array(lags), np.array(slopes)
    room = _STRAY * np.ptp(scaled)
    lowest, highest = scaled.min() - room, scaled.max() + room
    for step in range(len(scaled), len(path)):
        path[step] = min(max(float(slope @ path[step - back]) + constant, lowest), highest)
    return np.asarray(path[len(scaled) :] * spread + middle)


def forecast_changes(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
    """Regress the changes over the longest season that fits three times, then add them to the season before."""
    fitting = [season for season in seasons if 3 * season <= len(history)]
    season = fitting[-1] if fitting else 1
    if len(history) <= season + 2:
        return np.full(horizon, np.nan)
    path = np.r_[history, forecast_regression(history[season:] - history[:-season], seasons, horizon)]
    for step in range(len(history), len(path)):
        path[step] += path[step - season]
    return np.asarray(path[len(history) :])


def of_logs(model: Model) -> Model:
    """Return the model of logarithms; of a series that reaches zero, of square roots; below that it has no answer."""

    def forecast(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
        least = float(history.min())
        if least < 0:
            return np.full(horizon, np.nan)
        if least == 0:
            return np.maximum(model(np.sqrt(history), seasons, horizon), 0.0) ** 2
        logs = np.log(history)
        room = _STRAY * np.ptp(logs)
        return np.asarray(np.exp(np.clip(model(logs, seasons, horizon), logs.min() - room, logs.max() + room)))

    return forecast
