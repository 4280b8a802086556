"""The score of the Numenta Anomaly Benchmark: early alerts inside labelled windows, few outside.

Of the alerts inside a window only the earliest counts, worth s(p) / s(-1) with s(p) = 2 / (1 + exp(5 p)) - 1 and p the
position relative to the window's end, -1 at its first row. An alert outside costs 0.11 x s(p), p being how many window
lengths it comes after the last window; from three on, and before any window, it costs the whole 0.11. A window without
alert costs 1. The first min(15% of the rows, 750) are not scored. The total is shown on a scale on which a detector
that never alerts has 0 and one that alerts at every window's first row and nowhere else has 100.

References:
    Lavin and Ahmad (2015), doi:10.1109/ICMLA.2015.141, standard profile; details as in the benchmark's own scorer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FALSE_ALARM_COST = 0.11

_PROBATION_SHARE, _PROBATION_ROWS_MAX = 0.15, 750
_FAR = 3.0


@dataclass(frozen=True, slots=True)
class NabCount:
    """What a detector did on some files.

    Attributes:
        windows: Labelled windows that could be found.
        found: Windows with an alert.
        false_alarms: Alerts outside windows.
        points: Sum of rewards and costs, not normalised.
    """

    windows: int
    found: int
    false_alarms: int
    points: float


def probation_rows(rows: int) -> int:
    """Return how many first rows of a file are not scored."""
    return min(int(_PROBATION_SHARE * rows), _PROBATION_ROWS_MAX)


def count_alerts(rows: int, windows: Sequence[tuple[int, int]], alerts: NDArray[np.int64]) -> NabCount:
    """Count what alerts are worth on one file.

    Args:
        rows: Rows of the file.
        windows: First and last row of each window, in order, not overlapping.
        alerts: Rows with an alert, rising, shape (alerts,).
    """
    probation = probation_rows(rows)
    scored = alerts[alerts >= probation]
    points, found, hopeful = 0.0, 0, 0
    inside = np.zeros(len(scored), dtype=np.bool_)
    for first, last in windows:
        if last < probation:
            continue
        hopeful += 1
        hits = (scored >= first) & (scored <= last)
        inside |= hits
        if hits.any():
            found += 1
            position = -(last - scored[hits][0] + 1) / (last - first + 1)
            points += float(_sigmoid(position) / _sigmoid(-1.0))
        else:
            points -= 1.0
    for alert in scored[~inside]:
        before = [window for window in windows if window[1] < alert]
        distance = (alert - before[-1][1]) / max(before[-1][1] - before[-1][0], 1) if before else _FAR
        points += FALSE_ALARM_COST * (float(_sigmoid(distance)) if distance < _FAR else -1.0)
    return NabCount(hopeful, found, int((~inside).sum()), points)


def nab_score(counts: Sequence[NabCount]) -> float:
    """Return the normalised score of several files together: 0 for silence, 100 for perfection."""
    windows = sum(count.windows for count in counts)
    return 100.0 * (sum(count.points for count in counts) + windows) / (2.0 * windows)


def _sigmoid(position: float) -> float:
    return float(2.0 / (1.0 + np.exp(5.0 * position)) - 1.0)
