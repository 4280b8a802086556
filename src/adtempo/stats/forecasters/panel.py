"""A panel of series in, a fan for each out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adtempo.stats.forecasters.base import Forecaster
from adtempo.stats.forecasters.calibration import Spread, draw_strays, find_ends, measure
from adtempo.stats.forecasters.choice import Choice, choose
from adtempo.stats.forecasters.dates import GAIN, KnownDates, dated
from adtempo.stats.forecasters.past import fill_gaps, lift_to_newest_level, without_exceptions

Floats = NDArray[np.float64]

STEPS_MIN = 2
"""With fewer values nothing is said."""

_TOO_FEW_ORIGINS = 3


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
    dates: KnownDates | None = None,
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
        dates: What is known of the steps beforehand; a series reckons with it where that was better on its past.
        seed: Of the paths.
    """
    count = len(values)
    kept = [name.split("+") if name else [] for name in chosen] or [[]] * count
    histories, choices, notes = [], {}, []
    for place, row in enumerate(values):
        filled = fill_gaps(row, seasons)
        level = lift_to_newest_level(filled, seasons)
        history = without_exceptions(level, seasons)
        histories.append(history)
        if len(history) >= STEPS_MIN:
            fitting = [season for season in seasons if 2 * season <= len(history)]
            choices[place] = choose(history, fitting, horizon, candidates=candidates, kept=kept[place])
            if dates is not None and dates.known[place].any():
                own = dated(dates.known[place][:, -len(history) - horizon :], dates.doubt)
                again = choose(history, fitting, horizon, candidates=own, kept=kept[place])
                if again.names[0] in kept[place] or again.ratio < GAIN * choices[place].ratio:
                    choices[place] = again
        notes.append(_describe(row, filled, level, history, choices.get(place)))
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


def _widen(spread: Spread, row: Floats, history: Floats) -> Spread:
    """Return how far a series with gaps strays: steps that were filled had hardly an error, so the others had more."""
    return replace(spread, sizes=spread.sizes * len(history) / np.isfinite(row).sum())


def _describe(row: Floats, filled: Floats, level: Floats, history: Floats, choice: Choice | None) -> str:
    """Return what to know about a series, in words."""
    if choice is None:
        return f"It has {len(history)} values; a forecast needs {STEPS_MIN}."
    notes = []
    missing = len(history) - int(np.isfinite(row).sum())
    if missing:
        notes.append(f"{missing} of {len(history)} steps are missing; they are taken to be like the seasons around.")
    exceptions = int((history != level).sum())
    if exceptions:
        notes.append(
            f"{exceptions} of its last steps stood alone, far from those before; the level is not taken from it."
        )
    since = len(level) - 1 - np.flatnonzero(level != filled)[-1:]
    notes += [
        f"Its level changed {steps} steps before its end; what lay before is taken at the new one." for steps in since
    ]
    if np.ptp(history) == 0:
        notes.append("It has never changed.")
    elif len(choice.ages) < _TOO_FEW_ORIGINS:
        notes.append(
            f"With {len(history)} steps it is too short to tell how far forecasts stray; intervals are a guess."
        )
    return " ".join(notes)
