"""Whether the delays of a group changed from some cohort on, as with a new attribution setting.

References:
    Page, E. S. (1954). Continuous inspection schemes. Biometrika 41. doi:10.1093/biomet/41.1-2.100
    Hawkins, D. M. (1977). Testing a sequence of observations for a shift in location. Journal of the American
        Statistical Association 72(357). doi:10.1080/01621459.1977.10479935
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc  # scipy.stats has it too, and takes a second to import

Floats = NDArray[np.float64]

FALSE_ALARM = 1e-5
"""Chance that steady delays look changed at one look, all moments tried together."""

_MIN_DAYS = 3
_MIN_EVENTS = 10.0


def find_change(started: Floats, expected: Floats, arrived: Floats, dispersion: float) -> float | None:
    """Return the start of the first cohort with other delays than before, or None.

    For every day on which a change may have happened, arrivals of the cohorts since are compared, in bands of ages,
    with what the cohorts before would lead one to expect; the day with the clearest difference is taken, if it is
    clear enough for having tried all of them.

    Args:
        started: Start of the cohorts in days, shape (cohorts,).
        expected: Arrivals expected at each step of age if nothing changed, shape (cohorts, steps).
        arrived: Arrivals observed, same shape; both 0 where the step was not observed.
        dispersion: Variance of arrivals over their mean.
    """
    days, of_day = np.unique(np.floor(started), return_inverse=True)
    cuts = len(days) - 2 * _MIN_DAYS + 1
    if cuts < 1:
        return None
    steps = expected.shape[1]
    totals = np.zeros((2, len(days), steps))
    np.add.at(totals[0], of_day, expected)
    np.add.at(totals[1], of_day, arrived)
    before = np.cumsum(totals, axis=1)[:, _MIN_DAYS - 1 : _MIN_DAYS - 1 + cuts]
    since = totals.sum(axis=1)[:, None] - before
    (old_expected, old_arrived), (new_expected, new_arrived) = before, since
    known = old_expected > 0
    level = np.where(known, old_arrived / np.where(known, old_expected, 1), 0.0)
    steady = np.where(known, (old_arrived + new_arrived) / np.where(known, old_expected + new_expected, 1), 0.0)
    forecast, usual = new_expected * level, new_expected * steady
    doubt = np.where(known, usual * (1 + new_expected / np.where(known, old_expected, 1)), 0.0)
    edges = np.unique(np.minimum(np.geomspace(1, steps + 1, 9).astype(np.int64) - 1, steps - 1))
    surprise = np.add.reduceat(np.where(known, new_arrived, 0.0) - forecast, edges, axis=1)
    variance = dispersion * np.add.reduceat(np.abs(doubt), edges, axis=1)
    counts = np.add.reduceat(np.abs(usual), edges, axis=1) >= _MIN_EVENTS * dispersion
    score = np.where(counts, surprise**2 / np.where(counts, variance, 1), 0.0).sum(axis=1)
    with np.errstate(divide="ignore"):
        chance = np.log(chdtrc(np.maximum(counts.sum(axis=1), 1), score))
    best = int(np.argmin(chance))
    return float(days[best + _MIN_DAYS]) if chance[best] < np.log(FALSE_ALARM / cuts) else None
