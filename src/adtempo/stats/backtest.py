"""Moments of the past from which a series is forecast again, each with nothing but what lay before it."""

from __future__ import annotations

ORIGINS_MAX = 8
"""From how many moments of the past a series is forecast at most."""


def place_origins(steps: int, horizon: int, *, least: int) -> list[int]:
    """Return where forecasts of the past begin, newest first: how many steps were known then.

    They lie a horizon apart where the series is long enough, closer where it is not.

    Args:
        steps: Length of the series.
        horizon: How many steps each looks ahead.
        least: How many steps must be known at the oldest.

    >>> place_origins(100, 7, least=28)
    [93, 86, 79, 72, 65, 58, 51, 44]
    >>> place_origins(40, 7, least=28)
    [33, 32, 31, 30, 29, 28]
    """
    newest = steps - horizon
    room = newest - least
    if room < 0:
        return []
    apart = max(1, min(horizon, room // (ORIGINS_MAX - 1)))
    return list(range(newest, least - 1, -apart))[:ORIGINS_MAX]
