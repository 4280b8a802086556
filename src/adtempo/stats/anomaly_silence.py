"""Events that stopped coming while trials go on: conversions lost by broken tracking, clicks lost by a broken link.

A count that is nearly always 0 or 1 shows nothing unusual in a single hour, however long it has been silent. What is
rare is the length of the silence, counted in trials. With k events in n past trials under a vague prior, the
predictive chance of none in the next m is (1 + m / n) ** -k (the Gamma-Poisson law), and a silence begins after every
event; both together give its return period.

References:
    Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., section 2.6: the negative binomial as predictive law.
"""

from __future__ import annotations

from math import exp, inf, log1p

_MEMORY_HOURS = 672.0
_EVENTS_MAX = 50.0
"""More past events than this are not believed: rates differ between hours and weeks."""

_EVENTS_MIN = 5.0
"""Fewer events than this say nothing about what is usual."""


class Silence:
    """Reads trials and events row by row, and says how rare the running silence is.

    Args:
        once_in_days: How rare a silence must be to alert, in days.

    >>> silence = Silence(once_in_days=28.0)
    >>> scores = [silence.read(hours=1.0, trials=60, events=1) for _ in range(100)]
    >>> scores += [silence.read(hours=1.0, trials=60, events=0) for _ in range(24)]
    >>> next(row - 99 for row, score in enumerate(scores) if score >= 0.5)  # hours until the alert
    7
    """

    def __init__(self, once_in_days: float) -> None:
        self._needed_hours = 24.0 * once_in_days
        self._hours = self._trials = self._events = 0.0
        self._silent_hours = self._silent_trials = 0.0
        self._alerted = False

    def read(self, hours: float, trials: float, events: float) -> float:
        """Judge one row, then learn from it.

        Args:
            hours: How long the row lasts.
            trials: What could have led to events, such as clicks.
            events: What came of them, such as conversions.

        Returns:
            A score from 0 to 1; at 0.5 and above, once per silence, it has lasted too long.
        """
        self._silent_hours += hours
        self._silent_trials += trials
        if events > 0:
            # Only now is the silence known to have been one of the usual ones.
            keep = exp(-self._silent_hours / _MEMORY_HOURS)
            self._hours = keep * self._hours + self._silent_hours
            self._trials = keep * self._trials + self._silent_trials
            self._events = keep * self._events + events
            self._silent_hours = self._silent_trials = 0.0
            self._alerted = False
            return 0.0
        rarity = self._rarity()
        if rarity < 1:
            return rarity / (1.0 + rarity)
        first, self._alerted = not self._alerted, True
        score = 1.0 if rarity == inf else rarity / (1.0 + rarity)
        return score if first else score / 2.01

    def _rarity(self) -> float:
        if self._events < _EVENTS_MIN or self._trials <= 0:
            return 0.0
        believed = min(self._events, _EVENTS_MAX)
        trials = self._trials * believed / self._events
        hours_between = self._hours / self._events
        chance = exp(-believed * log1p(self._silent_trials / trials))
        return hours_between / chance / self._needed_hours if chance > 0 else inf
