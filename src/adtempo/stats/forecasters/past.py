"""The past as forecasters get it: without gaps, all of it at its newest level, without a lone step at its end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]

_SEASONS_BEFORE = 3  # whose median tells what a step should be like
_USUAL_MIN = 7  # steps that tell how far steps stray
_ALONE_CHANCE = 1 / 16_000  # that a step of a normal law strays as far as one that is said to stand alone
_CHANGES_MAX = 3
_CHANGE = 5.0  # standard deviations of how much a season usually strays from the one before
_CHANGE_OF_STEPS = 2.0  # and of how far single steps do
_LEAST = 1e-300
_DIGITS = 9  # last bits, which depend on the unit, must not decide
_TIED = 1 - 10.0**-_DIGITS


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


def lift_to_newest_level(series: Floats, seasons: Sequence[int]) -> Floats:
    """Return a series whose steps before a lasting change of level are lifted, or lowered, to what came after it.

    A level has changed where a season strays from those before it as its predecessor did not, by far more than is usual
    elsewhere. Lifted by a factor or by an amount, whichever explains that season better.

    Args:
        series: Without gaps, shape (steps,).
        seasons: Rising; nothing is lifted where the series has the longest that fits twice less than five times.
    """
    season = _season_of(series, seasons)
    if season == 1:
        return series
    first = _SEASONS_BEFORE * season
    for _ in range(_CHANGES_MAX):
        scaled = _scaled(series)
        change = _find_change(_strayed(scaled, season), season)
        if change is None:
            break
        came, told = series[first + change :][:season], _before(series, season)[change:][:season]
        amount, factor = float(np.median(came - told)), float(np.median(came) / max(np.median(told), _LEAST))
        lifted = series.copy()
        lifted[: first + change] += amount
        by_factor = np.abs(came - told * factor).sum() < _TIED * np.abs(came - told - amount).sum()
        if series.min() >= 0 and (by_factor or lifted.min() < 0):
            lifted[: first + change] = series[: first + change] * factor
        series = lifted
    return series


def _find_change(strayed: Floats, width: int) -> int | None:
    """Return where a level changed first, as a place among what strayed; None if nowhere.

    Args:
        strayed: As `_strayed` gives it, shape (steps,).
        width: Steps of the season.
    """
    echo = (_SEASONS_BEFORE + 1) * width  # steps after a change that are told by what lay before it
    windows = np.lib.stride_tricks.sliding_window_view(strayed, width)
    # A jump at p: the season from step p + width on, less the one before. Medians, for a lone step is no level.
    middle, mean = np.median(windows, axis=1).round(_DIGITS), windows.mean(axis=1).round(_DIGITS)
    jumps, means = np.abs(middle[width:] - middle[:-width]), np.abs(mean[width:] - mean[:-width])
    for top in np.flatnonzero(jumps > _CHANGE * np.median(jumps)).tolist():
        near = slice(max(top - width + 1, 0), top + width)
        usual = np.r_[jumps[: near.start], jumps[near.stop + echo :]]
        steps = np.r_[strayed[: top + width], strayed[top + width + echo :]]
        least = (
            max(_CHANGE * np.sqrt((usual**2).mean()), _CHANGE_OF_STEPS * steps.std()) if len(usual) > width else np.inf
        )
        if jumps[top] == jumps[near].max() and jumps[top] > least:
            return near.start + int(means[near].argmax()) + width
    return None


def without_exceptions(row: Floats, seasons: Sequence[int]) -> Floats:
    """Return a series in which steps of the last season that stand alone are as those before tell.

    Forecasters follow the newest steps, and one of them alone must not become the level of all that is to come. A step
    with a neighbour as far off is no exception: then the level may have changed, and is believed.

    Args:
        row: Without gaps, shape (steps,).
        seasons: Rising; the longest that fits five times tells, or the steps just before where there is none.
    """
    season = _season_of(row, seasons)
    series = _scaled(row) if season > 1 else row
    # Half of what can be told must be left to tell how far steps stray.
    known = max(len(series) - _SEASONS_BEFORE * season, 0)
    lately = min(seasons[0] if seasons else 1, known // 2, known - _USUAL_MIN)
    if lately < 1:
        return row
    strayed = _strayed(series, season)
    usual = strayed[:-lately]
    spread = float(usual.std(ddof=1)) * np.sqrt(1 + 1 / len(usual))
    far = np.abs(strayed - usual.mean()) > -stdtrit(len(usual) - 1, _ALONE_CHANCE / 2) * spread
    alone = far & ~np.r_[False, far[:-1]] & ~np.r_[far[1:], False] & (spread > 0)
    alone[:-lately] = False
    calm, told = row.copy(), _before(series, season) + usual.mean() * np.abs(series).max()
    calm[-known:][alone] = (told if series is row else np.exp(told))[alone]
    return calm


def _scaled(series: Floats) -> Floats:
    """Return a series in the scale in which it is likely to stray alike: logarithms where all of it is positive."""
    return np.log(series) if len(series) and series.min() > 0 else series


def _season_of(series: Floats, seasons: Sequence[int]) -> int:
    """Return the longest season that fits twice, if it fits five times; 1 otherwise."""
    longest = max((one for one in seasons if 2 * one <= len(series)), default=1)
    return longest if len(series) >= _SEASONS_BEFORE * longest + 2 * max(longest, _USUAL_MIN) else 1


def _strayed(series: Floats, season: int) -> Floats:
    """Return how far steps are from what seasons before tell, as shares of the largest step."""
    apart = series[_SEASONS_BEFORE * season :] - _before(series, season)
    return np.asarray((apart / max(float(np.abs(series).max()), _LEAST)).round(_DIGITS))


def _before(series: Floats, season: int) -> Floats:
    """Return what the seasons before tell of each step after them."""
    first = _SEASONS_BEFORE * season
    backs = range(season, first + 1, season)
    return np.asarray(np.median([series[first - back : len(series) - back] for back in backs], axis=0))
