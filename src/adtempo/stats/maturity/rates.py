"""What a series usually brings per unit of exposure, day by day, learnt from its neighbours in time.

The level of a day is read from the days around it, never from itself, each counted by how mature it is. The last days
speak first; where they are few the last weeks, then the group.

References:
    Stanard, J. N. (1985). A simulation test of prediction errors of loss reserve estimation techniques. Proceedings
        of the CAS 72: the Cape Cod method.
    Gluck, S. M. (1997). Balancing development and trend in loss reserve analysis. Proceedings of the CAS 84: Cape Cod
        with weights that decay in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEKDAYS = 7
DAYS_NEAR, DAYS_FAR = 2.0, 14.0
"""Days after which a neighbour's weight has fallen to 1/e, for the present level and for the usual one."""

ARRIVALS_NEAR, ARRIVALS_FAR = 3.0, 8.0
"""Arrivals after which the nearer of two levels weighs as much as the farther one."""

_WEEKDAY_ARRIVALS = 30.0
_DOUBT, _DOUBT_LEAST = 0.03, 0.005
_DOUBT_DAYS = 20.0
_ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What is known of many series; arrays of shape (series, cohorts) unless said otherwise.

    Attributes:
        started: Start of each cohort in days, shape (cohorts,).
        seen: Totals seen.
        share: Share of the final total that is seen on average.
        exposure: What the totals come from; 0 where a series has no cohort.
        unit: Size of one arrival.
        noise: How much shares vary beyond chance, shape (series, 1).
        group: Group of each series, shape (series,).
    """

    started: Floats
    seen: Floats
    share: Floats
    exposure: Floats
    unit: Floats
    noise: Floats
    group: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """What series usually bring, shape (series, cohorts).

    Attributes:
        per_exposure: Final total per unit of exposure.
        doubt: How far a cohort's own is from it, as a squared relative deviation.
    """

    per_exposure: Floats
    doubt: Floats

    def first(self, count: int) -> Usual:
        """Return the same of the first so many series."""
        return Usual(self.per_exposure[:count], self.doubt[:count])

    def repeated(self, times: int) -> Usual:
        """Return the same series so many times, one lot behind the other."""
        return Usual(np.tile(self.per_exposure, (times, 1)), np.tile(self.doubt, (times, 1)))

    def since(self, cohort: int) -> Usual:
        """Return the same without the cohorts before a place."""
        return Usual(self.per_exposure[:, cohort:], self.doubt[:, cohort:])


def expect_rates(outlook: Outlook) -> Usual:
    """Return what series usually bring, and how far cohorts are from it.

    The doubt is measured: per group, the variance of what was seen around what was expected, chance deducted.
    """
    groups = int(outlook.group.max(initial=0)) + 1
    weekday = (np.floor(outlook.started) % WEEKDAYS).astype(np.int64)
    around = _kernels(outlook.started)
    factors = _weekday_factors(outlook, weekday, groups, around)
    usual_exposure = outlook.exposure * factors[outlook.group][:, weekday]
    due = outlook.share * usual_exposure
    rate, counted = _levels(outlook, due, *around)
    earlier = outlook.started[:, None] < outlook.started
    before = (around[0] * earlier, around[1] * earlier)
    rate_before, counted_before = _levels(outlook, due, *before)
    doubts = [
        _doubt(outlook, level * usual_exposure, _sampling(outlook, count), groups)[outlook.group][:, None]
        for level, count in ((rate, counted), (rate_before, counted_before))
    ]
    later = np.clip(2 - 2 * _ratio(due @ before[0], due @ around[0]), 0, 1)
    doubt = later * doubts[0] + (1 - later) * doubts[1] + _sampling(outlook, counted)
    return Usual(rate * factors[outlook.group][:, weekday], doubt)


def _kernels(started: Floats) -> tuple[Floats, Floats]:
    """Return how much each cohort (rows) says about the level of each other one (columns), far and near."""
    apart = np.abs(started[:, None] - started)
    others = 1 - np.eye(len(started))
    return np.exp(-apart / DAYS_FAR) * others, np.exp(-apart / DAYS_NEAR) * others


def _sampling(outlook: Outlook, counted: Floats) -> Floats:
    """Return the squared relative error of a rate that rests on so much."""
    return outlook.unit / np.maximum(counted, outlook.unit)


def _levels(outlook: Outlook, due: Floats, far: Floats, near: Floats) -> tuple[Floats, Floats]:
    """Return the rate of each series around each day, and the arrivals that it rests on."""
    seen_far, due_far = _by_group([outlook.seen, due], outlook.group) @ far
    rate = _ratio(seen_far, due_far)[outlook.group]
    counted = np.zeros_like(due)
    for kernel, arrivals in ((far, ARRIVALS_FAR), (near, ARRIVALS_NEAR)):
        came, base, pull = outlook.seen @ kernel, due @ kernel, arrivals * outlook.unit
        wider = _ratio(pull, rate)
        rate = np.where(rate > 0, (came + pull) / (base + np.where(rate > 0, wider, 1.0)), _ratio(came, base))
        counted = came + np.minimum(counted, pull)
    return np.maximum(rate, 0.0), counted


def _by_group(numbers: Sequence[Floats], group: Ints) -> Floats:
    """Return the sums of groups of series, shape (numbers, groups, cohorts)."""
    members = [group == one for one in range(int(group.max(initial=0)) + 1)]
    return np.stack([[each[mine].sum(axis=0) for mine in members] for each in numbers])


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    known = denominator > 0
    return np.where(known, numerator / np.where(known, denominator, 1.0), 0.0)


def _weekday_factors(outlook: Outlook, weekday: Ints, groups: int, around: tuple[Floats, Floats]) -> Floats:
    """Return how much more each weekday brings than the mean one, by group; shape (groups, weekdays)."""
    seen, due, unit = _by_group([outlook.seen, outlook.share * outlook.exposure, outlook.unit], outlook.group)
    unit /= np.maximum(np.bincount(outlook.group, minlength=groups), 1)[:, None]
    ones, of_itself = np.ones_like(due), np.arange(groups)
    total = Outlook(outlook.started, seen, due, ones, np.where(unit > 0, unit, 1.0), ones[:, :1], of_itself)
    on = np.eye(WEEKDAYS)[weekday]  # shape (cohorts, weekdays)
    pull = _WEEKDAY_ARRIVALS * total.unit[:, :1]
    factors = np.ones((groups, WEEKDAYS))
    for _ in range(_ROUNDS):
        rate, _ = _levels(total, due * factors[:, weekday], *around)
        expected = (due * rate * factors[:, weekday]) @ on
        factors *= np.clip((seen @ on + pull) / np.maximum(expected + pull, pull / 2), 0.2, 5.0)
        factors /= factors.mean(axis=1, keepdims=True)
    return factors


def _doubt(outlook: Outlook, usual: Floats, own_doubt: Floats, groups: int) -> Floats:
    """Return the squared relative deviation of cohorts from what is usual, shape (groups,)."""
    due, share = usual * outlook.share, np.clip(outlook.share, 0, 1)
    chance = outlook.unit * due + outlook.noise * share * (1 - share) * usual**2 + own_doubt * due**2
    squared = share * (outlook.exposure > 0) / outlook.unit**2
    excess = np.bincount(outlook.group, (squared * ((outlook.seen - due) ** 2 - chance)).sum(axis=1), groups)
    weight = np.bincount(outlook.group, (squared * due**2).sum(axis=1), groups)
    days = np.bincount(outlook.group, (squared > 0).sum(axis=1), groups)
    pull = weight * _DOUBT_DAYS / np.maximum(days, 1)
    learnt = _ratio(excess + _DOUBT * pull, weight + pull)
    return np.where(weight > 0, np.maximum(learnt, _DOUBT_LEAST), _DOUBT)
