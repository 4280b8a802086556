"""Dates known beforehand: what they did to a series is told by the past, taken out of it, and put back ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from adtempo.stats.forecasters.base import NAIVE, Forecaster, Model
from adtempo.stats.forecasters.models import (
    forecast_changes,
    forecast_naive,
    forecast_profile,
    forecast_regression,
    of_logs,
)

Floats = NDArray[np.float64]

GAIN = 0.98
"""Dates are reckoned with where the past was forecast with so much of the error, or less."""

WITH_DATES = " and dates"
"""What the name of a forecaster that reckons with them ends in."""

_FORGETTING = (0.01, 0.03, 0.1, 0.3)  # of the level, among which the past chooses
_SMALL = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class KnownDates:
    """What is known beforehand of every step.

    Attributes:
        known: What holds on each step of a series and of those to come, shape (series, columns, steps + horizon).
        doubt: How much each column may do, standard deviations in units of the noise, shape (columns,).
    """

    known: Floats
    doubt: Floats


def with_dates(model: Model, known: Floats, doubt: Floats) -> Model:
    """Return a model of what is left of a series without its known dates, which are then put back.

    Level and season are told beside them. The level wanders: differences from an exponentially smoothed one are
    independent, and so what dates do can be regressed on differences of the dates smoothed alike.

    Args:
        model: Of the rest.
        known: Of one series, shape (columns, steps + horizon).
        doubt: As in KnownDates.

    References:
        Harvey, A. C. (1989). Forecasting, structural time series models and the Kalman filter. Section 7.3.
        Cambridge University Press. doi:10.1017/CBO9781107049994
    """

    def forecast(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
        steps = len(history)
        past, ahead = known[:, :steps], known[:, steps : steps + horizon]
        effects = _effects(history, past, seasons[0] if seasons else 1, doubt)
        return np.asarray(model(history - effects @ past, seasons, horizon) + effects @ ahead)

    return forecast


def _effects(history: Floats, past: Floats, season: int, doubt: Floats) -> Floats:
    """Return what each column did, shape (columns,), drawn towards nothing."""
    steps = len(history)
    plain = np.stack([np.ones(steps), *(np.arange(steps) % season == phase for phase in range(1, season))])
    rows = np.concatenate([plain, past])
    fits = []
    for share in _FORGETTING:
        smooth = ([1.0, -1.0], [1.0, share - 1.0])
        target, columns = lfilter(*smooth, history), lfilter(*smooth, rows)
        rest, *_ = np.linalg.lstsq(columns[: len(plain)].T, target, rcond=None)
        fits.append((float(((target - rest @ columns[: len(plain)]) ** 2).sum()), target, columns))
    _, target, columns = min(fits, key=lambda fit: fit[0])
    normal = columns @ columns.T
    normal[np.diag_indices(len(normal))] += np.r_[np.full(len(plain), _SMALL), doubt**-2.0]
    return np.asarray(np.linalg.solve(normal, columns @ target)[len(plain) :])


def dated(known: Floats, doubt: Floats) -> tuple[Forecaster, ...]:
    """Return seasonal naive and the candidates that reckon with known dates, for one series."""
    kinds = (("profile", forecast_profile), ("regression", forecast_regression), ("changes", forecast_changes))
    found = [Forecaster(NAIVE, forecast_naive)]
    for name, model in kinds:
        own = with_dates(model, known, doubt)
        found += [Forecaster(name + WITH_DATES, own), Forecaster(f"{name} of logs{WITH_DATES}", of_logs(own))]
    return tuple(found)
