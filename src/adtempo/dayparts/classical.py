"""The classical figures of hourly ratios: mean, t interval, EWMA. Shown for reference; no decision reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from adtempo.dayparts.panel import HourlyPanel
from adtempo.dayparts.slots import DAY_PARTS, WEEKEND, ByLayout, add_up
from adtempo.domain.hourweek import DAYS_PER_WEEK

Floats = NDArray[np.float64]

MEMORY = 0.2
"""Weight of the newest value in the exponentially weighted mean."""

_NORMAL_FROM = 30
_QUANTILES = np.array([np.nan, np.nan, *t.ppf(0.975, np.arange(1, _NORMAL_FROM - 1)), norm.ppf(0.975)])
"""By n, the last from 30 on."""


@dataclass(frozen=True, slots=True, eq=False)
class Classical:
    """Classical figures of hourly ratios in the metric's unit, NaN where undefined, arrays of shape (campaigns, slots).

    Attributes:
        n: Ratios: measured hours with a denominator above 0.
        numerator: Sum of their numerators as stored.
        denominator: The same of denominators.
        mean: Mean of the ratios.
        deviation: Their standard deviation, with n - 1.
        ewma: E_t = 0.2 X_t + 0.8 E_(t-1), E_0 = X_0, over the slot's own history.
        ci_low: mean - t s / sqrt(n), with the t distribution below n = 30 and the normal from 30 on.
        ci_high: The same with a plus.
    """

    n: NDArray[np.int64]
    numerator: NDArray[np.int64]
    denominator: NDArray[np.int64]
    mean: Floats
    deviation: Floats
    ewma: Floats
    ci_low: Floats
    ci_high: Floats


def describe_hours(panel: HourlyPanel) -> ByLayout[Classical]:
    """Work out the classical figures of every slot of the week; late conversions are made up for, ratio by ratio."""
    tops, bottoms = panel.settled()
    known = bottoms > 0
    ratios = np.divide(tops, bottoms, out=np.zeros(known.shape), where=known)
    ratios *= float(panel.metric.scale)
    rows = [panel.weekdays == weekday for weekday in range(DAYS_PER_WEEK)]
    member = np.array(rows, np.float64)
    counted = known.astype(np.float64)
    number = np.matmul(member, counted)
    # Squares are taken about the campaign's mean, lest their sums drown the differences.
    middle = (ratios.sum(axis=(1, 2)) / np.maximum(number.sum(axis=(1, 2)), 1.0))[:, None]
    away = (ratios - middle[:, None]) * counted
    sums = (np.matmul(member, away), np.matmul(member, away * away))

    def describe(*columns: NDArray[Any]) -> Classical:
        n, away, squares, numerator, denominator, ewma = columns
        mean, deviation, half = _interval(n, away, squares)
        return Classical(
            n=n.astype(np.int64),
            numerator=numerator,
            denominator=denominator,
            mean=middle + mean,
            deviation=deviation,
            ewma=ewma,
            ci_low=middle + mean - half,
            ci_high=middle + mean + half,
        )

    def summed(amounts: NDArray[np.int64]) -> ByLayout[NDArray[Any]]:
        amounts = amounts * known
        return add_up(np.stack([amounts[:, row].sum(axis=1) for row in rows], axis=1))

    columns = (
        *map(add_up, sums),
        *map(summed, (panel.numerators, panel.denominators)),
        _smooth(ratios, known, panel.weekdays),
    )
    return add_up(number).each(describe, *columns)


def _interval(n: Floats, away: Floats, squares: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean, standard deviation and half the interval's length, of values about any middle."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = away / n
        deviation = np.sqrt(np.maximum(squares - away * mean, 0.0) / np.where(n > 1, n - 1, np.nan))
        half = _QUANTILES[np.minimum(n, _NORMAL_FROM).astype(np.int64)] * deviation / np.sqrt(n)
    return mean, deviation, half


def _smooth(ratios: Floats, known: NDArray[np.bool_], weekdays: NDArray[np.int64]) -> ByLayout[NDArray[Any]]:
    """Walk through the days once. A run of k values turns E into 0.8^k E + their own weighted sum."""
    campaigns, days, hours = ratios.shape
    by_hour, by_cell = np.full((campaigns, hours), np.nan), np.full((campaigns, DAYS_PER_WEEK, hours), np.nan)
    by_time = np.full((campaigns, DAY_PARTS), np.nan)
    by_day, by_part = np.full((campaigns, DAYS_PER_WEEK), np.nan), np.full((campaigns, 2), np.nan)
    shape = (campaigns, days, DAY_PARTS, hours // DAY_PARTS)
    values, there = ratios.reshape(shape), known.reshape(shape)
    kept, added, first = _run(values, there)
    whole = _join(kept, added, first)
    single = np.where(known, 1 - MEMORY, 1.0), MEMORY * ratios, np.where(known, ratios, np.nan)
    for day, weekday in enumerate(weekdays.tolist()):
        now = tuple(part[:, day] for part in single)
        _step(by_hour, *now)
        _step(by_cell[:, weekday], *now)
        _step(by_time, kept[:, day], added[:, day], first[:, day])
        today = tuple(part[:, day] for part in whole)
        _step(by_day[:, weekday], *today)
        _step(by_part[:, int(weekday >= WEEKEND)], *today)
    return ByLayout(by_cell.reshape(campaigns, DAYS_PER_WEEK * hours), by_hour, by_day, by_part, by_time)


def _step(state: NDArray[Any], kept: Floats, added: Floats, first: Floats) -> None:
    """Carry E over a run; the first value ever starts it."""
    np.copyto(state, first, where=np.isnan(state))
    np.copyto(state, state * kept + added)


def _run(values: Floats, there: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return 0.8^k, the weighted sum and the first value of runs along the last axis."""
    counted = there.astype(np.int64)
    later = counted.sum(axis=-1, keepdims=True) - counted.cumsum(axis=-1)
    powers = (1 - MEMORY) ** np.arange(there.shape[-1] + 1)
    added = (MEMORY * values * there * powers[later]).sum(axis=-1)
    first = np.take_along_axis(values, there.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    return powers[counted.sum(axis=-1)], added, np.where(there.any(axis=-1), first, np.nan)


def _join(kept: Floats, added: Floats, first: Floats) -> tuple[Floats, Floats, Floats]:
    """Join consecutive runs along the last axis into one."""
    all_kept, all_added, all_first = kept[..., 0], added[..., 0], first[..., 0]
    for part in range(1, kept.shape[-1]):
        all_added = all_added * kept[..., part] + added[..., part]
        all_kept = all_kept * kept[..., part]
        all_first = np.where(np.isnan(all_first), first[..., part], all_first)
    return all_kept, all_added, all_first
