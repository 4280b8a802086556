"""From the hours of many campaigns: how good every slot of the week truly is, and which stand out. Pure.

Method, formulas and measured limits: docs/explain/dayparts.md.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from adtempo.dayparts.batch import Dayparts
from adtempo.dayparts.borrowing import HourPrior, borrow_hours, join_roots
from adtempo.dayparts.classical import Classical, describe_hours
from adtempo.dayparts.evidence import Evidence, Roots, gather_evidence
from adtempo.dayparts.findings import DaypartSettings, Figures
from adtempo.dayparts.labels import Marks, mark_week
from adtempo.dayparts.levels import Level, read_levels
from adtempo.dayparts.panel import HourlyPanel
from adtempo.dayparts.slots import ByLayout

Floats = NDArray[np.float64]

ENOUGH = 200.0
"""Precision of an hour's root with which hours 1.5 times as good are found: about fifty conversions in an hour."""

_CHUNK = 128  # campaigns at a time, so that their hours stay in the processor's cache
_WORKERS = os.cpu_count() or 1
_HALF = 0.5
_Z95 = float(norm.ppf(0.975))
_DEFAULT = DaypartSettings()


def estimate_dayparts(
    panel: HourlyPanel,
    settings: DaypartSettings = _DEFAULT,
    priors: Sequence[HourPrior | None] | None = None,
) -> Dayparts:
    """Estimate every slot of each campaign's week, and label those that stand out.

    Campaigns of one account in the panel borrow from each other, so an account is best read whole.

    Args:
        panel: Their hours; memory grows with it, so hand over some thousand campaigns at a time.
        priors: What is known of each campaign's niche.
    """
    chunks = [panel.part(slice(at, at + _CHUNK)) for at in range(0, max(len(panel), 1), _CHUNK)]
    with ThreadPoolExecutor(_WORKERS) as pool:  # NumPy computes outside the interpreter's lock
        gathered = list(pool.map(partial(gather_evidence, half_life_days=settings.half_life_days), chunks))
        own = _stacked([join_roots(one.hours.part(np.s_[:, 0]), one.hours.part(np.s_[:, 1])) for one in gathered])
        borrowed = borrow_hours(own, [str(campaign.account) for campaign in panel.campaigns], priors)
        lent = [borrowed.part(slice(at, at + _CHUNK)) for at in range(0, max(len(panel), 1), _CHUNK)]
        judged = list(pool.map(partial(_judge, settings), chunks, gathered, lent))
    days = int((panel.days[-1] - panel.days[0]).astype(np.int64)) + 1 if len(panel.days) else 0
    known = (own.precision + borrowed.precision).mean(axis=1)
    shortfall = np.divide(ENOUGH, known, out=np.full(len(known), np.inf), where=known > 0)
    columns = _stacked(judged)
    return Dayparts(
        campaigns=panel.campaigns,
        metric=panel.metric,
        settings=settings,
        days=days,
        samples=columns.figures.cells.n.sum(axis=1),
        means=columns.means,
        abstained=columns.abstained,
        borrowed=_share(borrowed.precision.mean(axis=1), known),
        weekly=columns.weekly,
        shortfall=shortfall,
        days_needed=_days_needed(shortfall, days, settings.half_life_days),
        figures=columns.figures,
        own=own,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """What is found of some campaigns; arrays of shape (campaigns,), and figures."""

    means: Floats
    abstained: NDArray[np.bool_]
    weekly: NDArray[np.bool_]
    figures: ByLayout[Figures]


def _judge(settings: DaypartSettings, panel: HourlyPanel, evidence: Evidence, borrowed: Roots) -> _Judged:
    classical = describe_hours(panel)
    levels = read_levels(evidence, borrowed)
    marks = mark_week(levels, settings)
    means = _means(panel)
    heard = (classical.cells.n.sum(axis=1) >= settings.min_samples) & (means > 0)
    days_differ = marks.days.label.any(axis=1)
    cells_differ = marks.cells.label.any(axis=1)
    found = marks.hours.label.any(axis=1) | cells_differ | days_differ
    scale = _Scale(means, evidence.level_variance, panel.counts_costs, heard)
    return _Judged(
        means=means,
        abstained=~(heard & found),
        weekly=heard & (cells_differ & (levels.split > _HALF) | days_differ),
        figures=classical.each(partial(_figures, scale), levels.level, marks),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """What turns roots into values: the campaigns' means, how sure these are, and who is heard at all."""

    means: Floats
    level_variance: Floats
    costs: bool
    heard: NDArray[np.bool_]


def _figures(scale: _Scale, plain: Classical, level: Level, marks: Marks) -> Figures:
    mean, heard = scale.means[:, None], scale.heard[:, None]
    known = mean > 0
    lift_low, lift_high = _interval(level.root, level.variance)
    whole = level.variance + level.root**2 * scale.level_variance[:, None]
    low, high = _interval(level.root, whole)
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale.costs:
            estimate, low, high = mean / level.lift, mean / high, mean / low
        else:
            estimate, low, high = mean * level.lift, mean * low, mean * high
    told = {"estimate": estimate, "estimate_low": low, "estimate_high": high, "lift": level.lift}
    told |= {"lift_low": lift_low, "lift_high": lift_high, "q_value": marks.q_value}
    return Figures(
        **{field: getattr(plain, field) for field in Classical.__slots__},
        **{field: np.where(known, amounts, np.nan) for field, amounts in told.items()},
        label=np.where(heard, marks.label, 0).astype(np.int8),
    )


def _interval(root: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the 95% interval of the square."""
    half = _Z95 * np.sqrt(variance)
    return np.maximum(root - half, 0.0) ** 2, np.maximum(root + half, 0.0) ** 2


def _means(panel: HourlyPanel) -> Floats:
    """Return ratios of sums in the metric's unit, NaN without a denominator; late conversions are made up for."""
    top, bottom = (part.sum(axis=(1, 2)) for part in panel.settled())
    means = np.divide(top, bottom, out=np.full(len(panel), np.nan), where=bottom > 0)
    return np.asarray(means * float(panel.metric.scale))


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def _days_needed(shortfall: Floats, days: int, half_life_days: float) -> Floats:
    """Return the look-back that tells so many times as much; as old days fade, some no look-back can give.

    d days with weights x^age, x = 2^(-1 / half-life), tell as much as (sum w)^2 / sum w^2 equal ones.
    """
    faded = 0.5 ** (max(days, 1) / half_life_days)
    share = np.minimum(shortfall * (1 - faded) / (1 + faded), 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(-half_life_days * np.log2((1 - share) / (1 + share)))


def _stacked(parts: Sequence[Any]) -> Any:
    """Join equal structures of arrays along the campaigns."""
    first = parts[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)
    names = [field.name for field in fields(first)]
    return type(first)(**{name: _stacked([getattr(part, name) for part in parts]) for name in names})
