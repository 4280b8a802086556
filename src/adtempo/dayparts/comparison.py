"""Platforms on the same hours of the local day: what each brings, and where one is clearly better. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, norm

from adtempo.dayparts.panel import HourlyPanel
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import HOURS_PER_DAY
from adtempo.domain.metrics import Better, Metric

Floats = NDArray[np.float64]

FALSE_DISCOVERIES = 0.05
"""Of the hours in which a platform is called better, so many may be wrong."""

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class PlatformHours:
    """What one platform brings by hour of the local day, as ratios of sums; NaN where nothing was measured.

    Attributes:
        platform: Which one.
        campaigns: How many campaigns it is.
        values: In the metric's unit, shape (24,).
        low: Lower end of the 95% interval, errors being those between days, shape (24,).
        high: Upper end, shape (24,).
        overall: Over all hours; None where nothing was measured.
    """

    platform: str
    campaigns: int
    values: Floats
    low: Floats
    high: Floats
    overall: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Platforms side by side.

    Attributes:
        metric: What is compared.
        platforms: In the order of their names.
        best: The platform that is clearly better than every other in each hour, None where none is, shape (24,).
    """

    metric: Metric
    platforms: tuple[PlatformHours, ...]
    best: tuple[str | None, ...]


def compare_platforms(metric: Metric, panels: Sequence[tuple[str, HourlyPanel]]) -> Comparison:
    """Compare platforms hour by hour.

    Args:
        panels: Platform and hours of each campaign, amounts in one currency.

    Raises:
        InvalidInput: Fewer than two platforms have hours of this metric.
    """
    names = sorted({name for name, _ in panels})
    if len(names) < 2:
        there = f"only {names[0]} has" if names else "no platform has"
        raise InvalidInput(f"{there} hours of {metric.name}; a comparison needs campaigns of two platforms or more")
    sides = [_Side.of(metric, [panel for platform, panel in panels if platform == name]) for name in names]
    shown = tuple(
        PlatformHours(name, sum(platform == name for platform, _ in panels), *side.interval(), side.overall())
        for name, side in zip(names, sides, strict=True)
    )
    return Comparison(metric, shown, _clearly_best(metric, names, sides))


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One platform: log of the ratio of each hour, its standard error, both of shape (24,)."""

    scale: float
    tops: Floats
    bottoms: Floats
    error: Floats

    @classmethod
    def of(cls, metric: Metric, panels: Sequence[HourlyPanel]) -> _Side:
        days = np.unique(np.concatenate([panel.days for panel in panels]))
        top, bottom = np.zeros((len(days), HOURS_PER_DAY)), np.zeros((len(days), HOURS_PER_DAY))
        for panel in panels:
            rows = np.searchsorted(days, panel.days)
            shares = 1.0 if panel.shares is None else np.maximum(panel.shares[0], 0.05)
            np.add.at(top, rows, panel.numerators[0] / shares)
            np.add.at(bottom, rows, panel.denominators[0])
        tops, bottoms = top.sum(axis=0), bottom.sum(axis=0)
        measured = (bottom > 0).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            residual = top / tops - bottom / bottoms
            variance = (residual**2).sum(axis=0) * measured / (measured - 1)
        known = (tops > 0) & (bottoms > 0) & (measured > 1)
        return cls(float(metric.scale), tops, bottoms, np.where(known, np.sqrt(variance), np.inf))

    def logs(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(self.tops / self.bottoms)

    def interval(self) -> tuple[Floats, Floats, Floats]:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = self.tops / self.bottoms * self.scale
            spread = np.exp(_Z95 * self.error)
            low, high = values / spread, values * spread
        known = np.isfinite(self.error)
        return values, np.where(known, low, np.nan), np.where(known, high, np.nan)

    def overall(self) -> float | None:
        return float(self.tops.sum() / self.bottoms.sum() * self.scale) if self.bottoms.sum() > 0 else None


def _clearly_best(metric: Metric, names: Sequence[str], sides: Sequence[_Side]) -> tuple[str | None, ...]:
    """Hold the best of each hour against the second best; hours are corrected for having looked at all of them."""
    sign = -1.0 if metric.better_when is Better.LOWER else 1.0
    logs = np.array([np.where(np.isfinite(side.error), sign * side.logs(), -np.inf) for side in sides])
    errors = np.array([side.error for side in sides])
    order = np.argsort(-logs, axis=0, kind="stable")
    first, second = (np.take_along_axis(logs, order[place : place + 1], axis=0)[0] for place in (0, 1))
    comparable = np.isfinite(first) & np.isfinite(second)
    spread = np.hypot(*(np.take_along_axis(errors, order[place : place + 1], axis=0)[0] for place in (0, 1)))
    chances = np.ones(HOURS_PER_DAY)
    gap = np.where(comparable, first, 0.0) - np.where(comparable, second, 0.0)
    # The better of several was chosen by looking, so each of them could have come out on top.
    chances[comparable] = np.minimum(1.0, len(sides) * norm.sf(gap[comparable] / np.maximum(spread[comparable], 1e-12)))
    clear = false_discovery_control(chances) <= FALSE_DISCOVERIES
    return tuple(names[order[0, hour]] if clear[hour] else None for hour in range(HOURS_PER_DAY))
