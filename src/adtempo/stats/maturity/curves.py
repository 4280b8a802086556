"""Delay curves: which share of a cohort's final total has been seen at each age.

The curve is learnt backwards: of what a cohort shows at one age, which part had it shown at the age before? The
product of these ratios from the oldest age down is the chain ladder's curve, but each ratio lies near [0, 1] and stays
defined where young cohorts show nothing yet.

References:
    Mack, T. (1993). Distribution-free calculation of the standard error of chain ladder reserve estimates.
        ASTIN Bulletin 23(2). doi:10.2143/AST.23.2.2005092
    England, P. D., Verrall, R. J. (2002). Stochastic claims reserving in general insurance. British Actuarial
        Journal 8(3). doi:10.1017/S1357321700003809
    Lagakos, S. W., Barraj, L. M., De Gruttola, V. (1988). Nonparametric analysis of truncated survival data.
        Biometrika 75(3): the reverse-time hazard. doi:10.1093/biomet/75.3.515
    Bühlmann, H. (1967). Experience rating and credibility. ASTIN Bulletin 4(3). doi:10.1017/S0515036100008989
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adtempo.stats.maturity.regimes import find_change

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEKDAYS = 7
MEMORY_DAYS = 120.0
"""Links older than this are forgotten."""

HALF_LIFE_DAYS = 45.0
"""A link of this age counts half."""

OWN_EVENTS = 60.0
"""Events after which a group's own ratio weighs as much as that of the wider group."""

WEEKDAY_EVENTS = 50.0
"""The same for the weekdays of a group against their mean."""

SPREAD = 0.4
"""How far curves of one wider group differ: standard deviation of the cumulative reverse hazard, relative."""

STRETCH = 1.5
"""And how much slower one of them may be than their mean."""

PRIOR_SPREAD = 0.7
"""How far any account's curve may lie from a prior that nobody measured here."""

DRIFT = 0.15
"""How much a curve changes from week to week where that was not measured, relative like SPREAD."""

DRIFT_WEEKS = 4
"""Weeks after which the measured change weighs as much."""

UNKNOWN_VARIANCE = 0.25
"""Least variance of log share where nothing is known: a total may well be half or twice what is seen."""

_SMALLEST_RATIO = 0.02
_NEARLY_NONE = 1e-9
_TINY = 1e-300
_OWN, _SOME = 0.8, 0.1


class Basis(IntEnum):
    """What a correction rests on, best first."""

    OWN = 0
    SHRUNK = 1
    PLATFORM = 2
    PRIOR = 3
    NONE = 4


@dataclass(frozen=True, slots=True, eq=False)
class Vintages:
    """How much of each cohort had been seen at which age.

    Attributes:
        started: Start of each cohort in local days, 0 being a Monday 00:00; shape (cohorts,).
        age_days: Rising ages in days since the start, shape (ages,); at the last one a cohort is final.
        seen: Cumulative totals, NaN where nobody looked; shape (cohorts, ages). They may fall.
        unit: Size of one arrival: 1 for counts, mean square over mean of a single value for values.
    """

    started: Floats
    age_days: Floats
    seen: Floats
    unit: float = 1.0

    def __post_init__(self) -> None:
        if self.seen.shape != (len(self.started), len(self.age_days)):
            raise ValueError(f"seen has shape {self.seen.shape}, not (cohorts, ages)")
        if len(self.age_days) < 2 or not (np.diff(self.age_days) > 0).all():
            raise ValueError("ages must rise, and be at least two")


def stack_vintages(groups: Sequence[Vintages]) -> Vintages:
    """Return the vintages of several groups as those of one; their ages must agree."""
    ages = groups[0].age_days
    if any(not np.array_equal(group.age_days, ages) for group in groups):
        raise ValueError("groups to be stacked must have the same ages")
    total = [float(np.nansum(np.nanmax(np.nan_to_num(group.seen), axis=1))) for group in groups]
    return Vintages(
        np.concatenate([group.started for group in groups]),
        ages,
        np.concatenate([group.seen for group in groups]),
        float(np.average([group.unit for group in groups], weights=np.array(total) + _NEARLY_NONE)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class DelayCurve:
    """Share of the final total seen at each age, and how sure that is. Era 0 is before a change of regime, 1 after.

    Attributes:
        age_days: Ages, shape (ages,).
        share: Share seen, above 1 where later refunds outweigh later arrivals; shape (eras, weekdays=7, ages).
        gross: Later movement, up and down added, as a share of the final total; shape (eras, ages).
        log_variance: Variance of the logarithm of the share, shape (eras, ages).
        credibility: Weight of the group's own vintages in the rest of the way from each age on, shape (eras, ages).
        basis: `Basis` of the correction at each age, shape (eras, ages).
        changed: Cohorts from this start on are of the last era; -inf where no change was found.
        unit: Size of one arrival.
        share_noise: How much shares vary from cohort to cohort beyond chance, as a squared relative deviation.
    """

    age_days: Floats
    share: Floats
    gross: Floats
    log_variance: Floats
    credibility: Floats
    basis: Ints
    changed: float
    unit: float
    share_noise: float

    def mean_share(self) -> Floats:
        """Return the share seen at each age in the last era, over all weekdays, shape (ages,)."""
        return np.asarray(self.share[-1].mean(axis=0))

    def eras(self, started: Floats) -> Ints:
        """Return the era of cohorts by their start, any shape."""
        return np.where(started >= self.changed, len(self.share) - 1, 0)


def prior_curve(age_days: ArrayLike, share: ArrayLike) -> DelayCurve:
    """Return a curve that was assumed, not learnt: wide, and labelled so.

    Args:
        age_days: Rising ages in days, shape (ages,).
        share: Share seen at each, in (0, 1], rising to 1; shape (ages,).
    """
    ages, shares = np.asarray(age_days, dtype=np.float64), np.asarray(share, dtype=np.float64)
    if not ((shares > 0).all() and (np.diff(shares) >= 0).all() and shares[-1] == 1):
        raise ValueError("a prior share is above 0, never falls and ends at 1")
    return DelayCurve(
        age_days=ages,
        share=np.broadcast_to(shares, (1, WEEKDAYS, len(ages))).copy(),
        gross=1 - shares[None],
        log_variance=(PRIOR_SPREAD * np.log(shares[None])) ** 2,
        credibility=np.zeros((1, len(ages))),
        basis=np.full((1, len(ages)), Basis.PRIOR, dtype=np.int64),
        changed=-np.inf,
        unit=1.0,
        share_noise=0.0,
    )


def fit_curve(vintages: Vintages, wider: DelayCurve | None, now: float) -> DelayCurve:
    """Learn a group's curve, shrunk to that of the wider group by the evidence at each age.

    Args:
        vintages: What was seen when.
        wider: Curve of the platform, or a prior; None: nothing is known beyond the vintages.
        now: The moment, in the days of `started`; what was seen later does not count.
    """
    if wider is not None and not np.array_equal(wider.age_days, vintages.age_days):
        raise ValueError("the wider group's curve must have the same ages")
    known = _known(vintages, now)
    start_share = wider.mean_share() if wider is not None else np.linspace(0, 1, len(known.age_days) + 1)[1:]
    links, everyone = _links(known, start_share, now), np.ones(len(known.started), dtype=np.bool_)
    rough = _fit_era(links, everyone, wider, known.unit)
    links = _links(known, rough.mean_share(), now)  # what came between two looks is spread by the group's own curve
    whole = _fit_era(links, everyone, wider, known.unit)
    changed = find_change(
        links.started,
        links.weight * links.after * _hazard_of(whole.share[-1])[links.weekday],
        links.weight * (links.after - links.before),
        whole.unit + whole.share_noise * _mean_size(known),
    )
    if changed is None:
        return whole
    recent = links.started >= changed
    old = _fit_era(links, ~recent, wider, known.unit)
    new = _fit_era(links, recent, old, known.unit)
    basis = np.where(new.basis >= Basis.PLATFORM, np.maximum(old.basis, Basis.SHRUNK), new.basis)
    return replace(
        new,
        share=np.concatenate([old.share, new.share]),
        gross=np.concatenate([old.gross, new.gross]),
        log_variance=np.concatenate([old.log_variance, new.log_variance]),
        credibility=np.concatenate([old.credibility, new.credibility]),
        basis=np.concatenate([old.basis, basis]),
        changed=changed,
    )


def _mean_size(vintages: Vintages) -> float:
    """Return how much a cohort shows at most, on average."""
    return float(np.nan_to_num(vintages.seen).max(axis=1).sum() / max(len(vintages.started), 1))


def _known(vintages: Vintages, now: float) -> Vintages:
    future = vintages.started[:, None] + vintages.age_days > now
    recent = vintages.started + vintages.age_days[-1] >= now - MEMORY_DAYS
    seen = np.where(future, np.nan, vintages.seen)[recent]
    return replace(vintages, started=vintages.started[recent], seen=seen)


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Steps from one age to the next that were observed, shape (cohorts, ages - 1)."""

    started: Floats
    age_days: Floats
    before: Floats
    after: Floats
    weight: Floats

    @property
    def weekday(self) -> Ints:
        return (np.floor(self.started) % WEEKDAYS).astype(np.int64)


def _links(vintages: Vintages, share: Floats, now: float) -> _Links:
    filled = _fill_gaps(vintages.seen, share)
    both = np.isfinite(filled[:, :-1]) & np.isfinite(filled[:, 1:])
    age = now - (vintages.started[:, None] + vintages.age_days[1:])
    weight = np.where(both & (age <= MEMORY_DAYS), 0.5 ** (np.maximum(age, 0) / HALF_LIFE_DAYS), 0.0)
    return _Links(
        vintages.started,
        vintages.age_days,
        np.where(both, filled[:, :-1], 0.0),
        np.where(both, filled[:, 1:], 0.0),
        weight,
    )


def _fill_gaps(seen: Floats, share: Floats) -> Floats:
    """Spread what came between two looks over the ages between them, in proportion to the curve."""
    ages = seen.shape[1]
    looked = np.isfinite(seen)
    last = np.maximum.accumulate(np.where(looked, np.arange(ages), -1), axis=1)
    following = np.minimum.accumulate(np.where(looked, np.arange(ages), ages)[:, ::-1], axis=1)[:, ::-1]
    row, age = np.nonzero(~looked & (last >= 0) & (following < ages))
    low, high = last[row, age], following[row, age]
    step = share[high] - share[low]
    part = np.where(step > 0, (share[age] - share[low]) / np.where(step > 0, step, 1), 1.0)
    filled = seen.copy()
    filled[row, age] = seen[row, low] + (seen[row, high] - seen[row, low]) * part
    return filled


def _fit_era(links: _Links, chosen: NDArray[np.bool_], wider: DelayCurve | None, unit: float) -> DelayCurve:
    weight = links.weight * chosen[:, None]
    after, arrived = weight * links.after, weight * (links.after - links.before)
    evidence, pull = np.maximum(after.sum(axis=0), 0), OWN_EVENTS * unit
    trust = evidence / (evidence + pull)
    own = arrived.sum(axis=0) / np.maximum(evidence, unit)
    parent = _hazard_of(wider.mean_share()) if wider is not None else own
    hazard = np.minimum(trust * own + (1 - trust) * parent, 1 - _SMALLEST_RATIO)
    pooled = _share_of(hazard)
    apparent = _share_noise(links, weight, np.tile(pooled, (WEEKDAYS, 1)), unit)
    single = _weekday_shares(links, weight, hazard, unit, apparent)
    steps = np.abs(hazard) + _NEARLY_NONE
    credibility = np.append(_tail_sum(steps * trust)[:-1] / _tail_sum(steps)[:-1], 1.0)
    if wider is None:  # a step that nobody ever observed may hide anything
        credibility[:-1] = np.minimum.accumulate(trust[::-1])[::-1]
    basis = _basis(credibility, wider)
    chance = unit * np.abs(hazard) / ((1 - hazard) * (evidence + pull))
    borrowed = _spread(links.age_days, pooled) + (wider.log_variance[-1] if wider is not None else 0.0)
    variance = _tail_sum(chance) + (1 - credibility) ** 2 * borrowed + _drift(links, chosen, pooled, unit)
    return DelayCurve(
        age_days=links.age_days,
        share=single[None],
        gross=_tail_sum(np.abs(np.diff(pooled)))[None],
        log_variance=np.where(basis == Basis.NONE, np.maximum(variance, UNKNOWN_VARIANCE), variance)[None],
        credibility=credibility[None],
        basis=basis[None],
        changed=-np.inf,
        unit=unit,
        share_noise=_share_noise(links, weight, single, unit),
    )


def _basis(credibility: Floats, wider: DelayCurve | None) -> Ints:
    """Name what the rest of the way from each age on rests on."""
    if wider is None:
        borrowed = np.full(len(credibility), Basis.NONE)
    else:
        borrowed = np.where(wider.basis[-1] >= Basis.PRIOR, wider.basis[-1], Basis.PLATFORM)
    return np.select([credibility >= _OWN, credibility >= _SOME], [Basis.OWN, Basis.SHRUNK], borrowed).astype(np.int64)


def _spread(age_days: Floats, share: Floats) -> Floats:
    """Return the variance of log share between the curves of a wider group's members, shape (ages,)."""
    level = np.log(np.maximum(share, _SMALLEST_RATIO))
    return np.maximum(-SPREAD * level, level - np.interp(age_days / STRETCH, age_days, level)) ** 2


def _tail_sum(steps: Floats) -> Floats:
    """Return what is still to come from each age on, shape (ages,) from (ages - 1,)."""
    return np.append(np.cumsum(steps[::-1])[::-1], 0.0)


def _share_of(hazard: Floats) -> Floats:
    """Return the product of all later ratios, shape (..., ages) from (..., ages - 1)."""
    ratios = np.concatenate([1 - hazard, np.ones((*hazard.shape[:-1], 1))], axis=-1)
    return np.asarray(np.cumprod(ratios[..., ::-1], axis=-1)[..., ::-1])


def _hazard_of(share: Floats) -> Floats:
    """Return which part of what an age shows came since the age before, shape (..., ages - 1)."""
    return np.asarray(1 - share[..., :-1] / share[..., 1:])


def _weekday_shares(links: _Links, weight: Floats, hazard: Floats, unit: float, noise: float) -> Floats:
    """Return the share at each age by weekday of the cohort, shape (weekdays, ages).

    How far the weekdays' own curves lie from the common one is compared, at each age, with how far chance would put
    them; so much of the distance is kept as chance does not explain (the positive-part estimator of James and Stein).
    """
    after, arrived = np.zeros((2, WEEKDAYS, len(hazard)))
    np.add.at(after, links.weekday, weight * links.after)
    np.add.at(arrived, links.weekday, weight * (links.after - links.before))
    pull = WEEKDAY_EVENTS * unit
    own = np.minimum((arrived + pull * hazard) / (np.maximum(after, 0) + pull), 1 - _SMALLEST_RATIO)
    pooled = np.log(_share_of(hazard))
    apart = np.log(_share_of(own)) - pooled
    cohorts = np.bincount(links.weekday, weight.max(axis=1, initial=0), WEEKDAYS)[:, None]
    clump = unit + noise * after.max(axis=1, keepdims=True, initial=0) / np.maximum(cohorts, 1)
    chance = clump * np.abs(hazard) / ((1 - hazard) * (np.maximum(after, 0) + pull)) + _NEARLY_NONE
    expected = np.stack([_tail_sum(row) for row in chance])[:, :-1]
    excess = (apart[:, :-1] ** 2 / expected).sum(axis=0) / (WEEKDAYS - 1)
    kept = np.append(np.clip(1 - 1 / np.maximum(excess, 1), 0, 1), 0.0)
    return np.asarray(np.exp(pooled + kept * apart))


def _share_noise(links: _Links, weight: Floats, share: Floats, unit: float) -> float:
    """Return how much shares vary from cohort to cohort beyond chance; `share` has shape (weekdays, ages).

    If the shares of cohorts are Dirichlet distributed with concentration c, what a cohort showed at an age, given what
    it shows now, has c's part of the final total times the binomial variance on top of it; 1/c is returned.
    """
    steps = weight.shape[1]
    last = steps - 1 - np.argmax(weight[:, ::-1] > 0, axis=1)
    row = np.arange(len(last))
    now, reached = links.after[row, last][:, None], share[links.weekday, last + 1][:, None]
    part = share[links.weekday, :-1] / reached
    counted = np.where(np.arange(steps) <= last[:, None], weight, 0.0)
    binomial = counted * now * np.clip(part * (1 - part), 0, None)
    excess = counted * (links.before - now * part) ** 2 - unit * binomial
    return float(np.clip(excess.sum() / max((binomial * now / reached).sum(), unit**2), 0.0, 1.0))


def _drift(links: _Links, chosen: NDArray[np.bool_], pooled: Floats, unit: float) -> Floats:
    """Return how much the logarithm of the share varies from week to week beyond chance, shape (ages,).

    Measured on the weeks whose cohorts are final, pulled to `DRIFT` while they are few; it is what the curve of the
    present weeks may differ by.
    """
    ended = links.started[(links.after[:, -1] != 0) & chosen]
    final = chosen & (links.started <= ended.max(initial=-np.inf))
    weeks, of_week = np.unique(np.floor(links.started[final] / WEEKDAYS), return_inverse=True)
    after, arrived = np.zeros((2, len(weeks), links.after.shape[1]))
    np.add.at(after, of_week, links.after[final])
    np.add.at(arrived, of_week, links.after[final] - links.before[final])
    hazard = np.minimum(arrived / np.maximum(after, unit), 1 - _SMALLEST_RATIO)
    steps = unit * np.abs(hazard) / ((1 - hazard) * np.maximum(after, unit))
    chance = np.concatenate([np.cumsum(steps[:, ::-1], axis=1)[:, ::-1], np.zeros((len(weeks), 1))], axis=1)
    weight = 1 / (chance + _NEARLY_NONE)
    share, total = np.log(_share_of(hazard)), np.maximum(weight.sum(axis=0), _TINY)
    free = max(len(weeks) - 1, 1)
    apart = (share - (weight * share).sum(axis=0) / total) ** 2 * len(weeks) / free
    measured = np.clip((weight * (apart - chance)).sum(axis=0) / total, 0.0, UNKNOWN_VARIANCE)
    usual = (DRIFT * np.log(np.maximum(pooled, _SMALLEST_RATIO))) ** 2
    return np.asarray((free * measured + DRIFT_WEEKS * usual) / (free + DRIFT_WEEKS))
