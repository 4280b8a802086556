"""A panel of series in, a fan for each out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adtempo.stats.forecasters.base import Forecaster
from adtempo.stats.forecasters.calibration import Spread, draw_strays, find_ends, measure
from adtempo.stats.forecasters.choice import Choice, choose

Floats = NDArray[np.float64]

STEPS_MIN = 2
"""With fewer values nothing is said."""

_TOO_FEW_ORIGINS = 3
_SEASONS_BEFORE = 3  # whose median tells what a step should be like
_USUAL_MIN = 7  # steps before the last season that tell how far steps stray
_ALONE = 4.0  # standard deviations; of a normal law one step in 16,000 strays so far


@dataclass(frozen=True, slots=True, eq=False)
class Fans:
    """What each series will do: expected values, intervals, and how that was found.

    Attributes:
        expected: Shape (series, horizon); NaN where nothing can be said, as all other numbers of that series.
        low80: Lower end of the central 80% interval, shape (series, horizon).
        high80: Its upper end.
        low95: Lower end of the central 95% interval, shape (series, horizon).
        high95: Its upper end.
        paths: Equally likely futures, shape (series, paths, horizon); path i of each series strays as they strayed
            together at moments of the past, so sums over steps and ratios of series keep what belongs together.
        chosen: Names of the forecasters whose mean it is, joined by +; empty where nothing can be said.
        beats_naive: Whether it was better than seasonal naive on the past beyond noise, shape (series,).
        error: Mean absolute error on the past as a multiple of seasonal naive's, shape (series,).
        note: What to know about it, in words; empty if nothing.
    """

    expected: Floats
    low80: Floats
    high80: Floats
    low95: Floats
    high95: Floats
    paths: Floats
    chosen: tuple[str, ...]
    beats_naive: NDArray[np.bool_]
    error: Floats
    note: tuple[str, ...]


def forecast_panel(
    values: Floats,
    candidates: Sequence[Forecaster],
    *,
    seasons: Sequence[int],
    horizon: int,
    nonnegative: ArrayLike = False,
    chosen: Sequence[str] = (),
    seed: int = 0,
) -> Fans:
    """Forecast the steps after the last one of each series.

    Args:
        values: Shape (series, steps), NaN for missing; a series may begin late.
        candidates: Among which to choose, `FORECASTERS` or `QUICK`; seasonal naive first.
        seasons: Steps after which the series tends to repeat itself, rising: (7,) for days, (24, 168) for hours.
        horizon: How many steps.
        nonnegative: Whether no value can be below zero, one for all or shape (series,).
        chosen: What `Fans.chosen` said earlier, one a series, to save choosing anew; none to choose now.
        seed: Of the paths.
    """
    count = len(values)
    kept = [name.split("+") if name else [] for name in chosen] or [[]] * count
    histories, choices, notes = [], {}, []
    for place, row in enumerate(values):
        history = fill_gaps(row, seasons)
        histories.append(history)
        if len(history) >= STEPS_MIN:
            fitting = [season for season in seasons if 2 * season <= len(history)]
            choices[place] = choose(history, fitting, horizon, candidates=candidates, kept=kept[place])
        notes.append(_describe(row, history, choices.get(place)))
    told = list(choices)
    ends, paths = np.full((count, 5, horizon), np.nan), np.full((count, 1, horizon), np.nan)
    if told:
        spreads = [_widen(measure(choices[place], histories[place]), values[place], histories[place]) for place in told]
        distances = find_ends(spreads)
        strays = draw_strays(spreads, [choices[place].ages for place in told], distances, seed)
        middle = np.stack([choices[place].expected for place in told])
        ends[told] = np.insert(distances, 2, 0.0, axis=1) + middle[:, None]
        paths = np.full((count, strays.shape[1], horizon), np.nan)
        paths[told] = strays + middle[:, None]
    lowest = np.where(np.broadcast_to(nonnegative, count), 0.0, -np.inf)[:, None, None]
    ends, paths = np.maximum(ends, lowest), np.maximum(paths, lowest)
    return Fans(
        expected=ends[:, 2],
        low80=ends[:, 1],
        high80=ends[:, 3],
        low95=ends[:, 0],
        high95=ends[:, 4],
        paths=paths,
        chosen=tuple("+".join(choices[place].names) if place in choices else "" for place in range(count)),
        beats_naive=np.array([place in choices and choices[place].beats_naive for place in range(count)], dtype=bool),
        error=np.array([choices[place].ratio if place in choices else np.nan for place in range(count)]),
        note=tuple(notes),
    )


def fill_gaps(row: Floats, seasons: Sequence[int]) -> Floats:
    """Return a series from its first value on, missing ones told by the same step of the seasons around.

    Args:
        row: Shape (steps,), NaN for missing.
        seasons: Rising; the longest that fits twice counts.
    """
    known = np.flatnonzero(np.isfinite(row))
    if not len(known):
        return np.empty(0)
    series = np.array(row[known[0] :], dtype=np.float64)
    missing = np.flatnonzero(~np.isfinite(series))
    if not len(missing):
        return series
    fitting = [season for season in seasons if 2 * season <= len(series)]
    season = fitting[-1] if fitting else 1
    there = known - known[0]
    for step in missing.tolist():
        alike = there[there % season == step % season]
        series[step] = np.interp(step, alike if len(alike) else there, series[alike if len(alike) else there])
    return series


def without_exceptions(row: Floats, season: int) -> Floats:
    """Return a series in which steps of the last season that stand alone are as the seasons before tell.

    Forecasters follow the newest steps, and one of them alone must not become the level of all that is to come. A step
    with a neighbour as far off is no exception: then the level may have changed, and is believed.

    Args:
        row: Shape (steps,), NaN for missing; with less than five seasons it stays as it is.
        season: Steps after which it tends to repeat itself.
    """
    series = fill_gaps(row, (season,))
    first = _SEASONS_BEFORE * season
    if len(series) < first + season + max(season, _USUAL_MIN):
        return row
    before = np.median([series[first - back : len(series) - back] for back in range(season, first + 1, season)], axis=0)
    strayed = series[first:] - before
    usual = strayed[:-season]
    far = np.abs(strayed - usual.mean()) > _ALONE * usual.std()
    alone = far & ~np.r_[False, far[:-1]] & ~np.r_[far[1:], False]
    alone[:-season] = False
    calm = row.copy()
    calm[-len(alone) :][alone] = (before + usual.mean())[alone]
    return calm


def _widen(spread: Spread, row: Floats, history: Floats) -> Spread:
    """Return how far a series with gaps strays: steps that were filled had hardly an error, so the others had more."""
    return replace(spread, sizes=spread.sizes * len(history) / np.isfinite(row).sum())


def _describe(row: Floats, history: Floats, choice: Choice | None) -> str:
    """Return what to know about a series, in words."""
    if choice is None:
        return f"It has {len(history)} values; a forecast needs {STEPS_MIN}."
    notes = []
    missing = len(history) - int(np.isfinite(row).sum())
    if missing:
        notes.append(f"{missing} of {len(history)} steps are missing; they are taken to be like the seasons around.")
    if np.ptp(history) == 0:
        notes.append("It has never changed.")
    elif len(choice.ages) < _TOO_FEW_ORIGINS:
        notes.append(
            f"With {len(history)} steps it is too short to tell how far forecasts stray; intervals are a guess."
        )
    return " ".join(notes)
