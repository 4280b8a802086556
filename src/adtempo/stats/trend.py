"""Whether a rate has fallen: counts per day against their own healthy level, their siblings and their noise.

The question is asked every day of the same series, so the answer is one that may be asked for every day: evidence
against "healthy" accumulated over every day on which the fall may have begun, as in the Shiryaev-Roberts procedure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Bools = NDArray[np.bool_]

MATERIAL = 0.10
"""A fall by less than this share of the healthy level is not worth a person's time."""

EVIDENCE = 2.8
"""Odds of a material fall from which on a series is flagged."""

DAYS_MIN = 3
"""With fewer days of exposure nothing is said."""

_FALL_DAILY = 0.05  # typical speed of a fall, per day: half in two weeks
_ODDS_FROM_START = 0.1  # prior odds that a series falls from its first day on
_ODDS_PER_DAY = 0.75 / 56  # and that it begins to on any one later day
_NO_ODDS = 1e-300
_NO_YARDSTICK = 10.0  # odds of any fall; were suspects left out sooner, those that happen to do well would remain
_BESIDE = 0.85  # what a fall against siblings weighs, who may as well have risen
_FEW = 25.0  # counts a day at which evidence weighs half: few counts fit some slow fall too easily

_DRIFT_DAILY = 0.001  # typical speed of slow drift that is no fall: 6% in eight weeks
_MARKET_DAILY = 0.003  # and where siblings can tell of it
_MARKET_DAILY_MAX = 0.01  # siblings that move faster than this tell of something else than a market

_NOISE = 0.03**2  # day-to-day variance where nothing is known yet
_SHARED = 0.05**2  # the same for what siblings have in common
_LEAST = 0.01**2
_PRIOR_DAYS = 10.0  # how many days of data those are worth
_POOL_DAYS = 30.0  # how many days of a series' own data its pool's noise is worth
_DOUBT = 0.003  # variance allowed for beyond the likeliest where nothing is known yet
_BLUR = 0.01  # counting variance of a hundred a day: with more of it a series tells little of noise
_BLOCK = 3  # days in one mean
_GROWTH = 2.0  # from the variance of days to that of lasting noise, where nothing is known yet
_GROWTH_MAX = 3.5
_WEEK = 7
_PRIOR_REPEATS = 2.0  # how many repeated weekdays it is worth that counting is all the noise there is


@dataclass(frozen=True, slots=True, eq=False)
class Declines:
    """What is known about each series at the end of its last day, shape (series,); NaN where nothing is.

    Attributes:
        odds: Of a material fall, against none; with few counts a day, or beside siblings, they are discounted.
        probability: That the rate has fallen by at least MATERIAL of its healthy level.
        healthy: The rate before it fell.
        fall: Expected share of the healthy rate that is lost.
        siblings_fall: Share that its siblings' rate lost in the last week; negative where it rose.
    """

    odds: Floats
    probability: Floats
    healthy: Floats
    fall: Floats
    siblings_fall: Floats

    @property
    def score(self) -> Floats:
        """Evidence on a scale from 0 to 1; from 0.5 on a series is flagged."""
        return self.odds / (self.odds + EVIDENCE)


@dataclass(frozen=True, slots=True, eq=False)
class _Weighed:
    odds_material: Floats
    odds_any: Floats
    mean: Floats  # of the fall, as a share of the healthy level
    healthy: Floats  # as a factor on the mean rate
    worn: Floats  # share of the mean rate lost by each day, shape (series, days)


@dataclass(frozen=True, slots=True, eq=False)
class _Yardstick:
    """What moves a series without being its own: shape (series, days) and, for drift, (series, 1)."""

    moved: Floats  # to be taken off
    variance: Floats  # of what is taken off, by counting noise
    drift: Floats  # expected, per day, of what is left
    drift_spread: Floats


def find_declines(successes: ArrayLike, trials: ArrayLike, family: ArrayLike, pool: ArrayLike) -> Declines:
    """Weigh for each series whether its rate has fallen, as known at the end of the last day.

    Counts are Poisson around a rate that moves with day-to-day noise, a weekly rhythm and slow drift. The size of noise
    is learnt from the pool, rhythm and shared movement from the family. Siblings that are likely to be falling
    themselves are no yardstick, so a family of which half tires is judged by the half that holds.

    Args:
        successes: Counts per day, at least 0, shape (series, days); days follow each other.
        trials: Their exposures, shape (series, days); 0 where there was none.
        family: Series of one label share a market, a rhythm, good and bad days; shape (series,).
        pool: Series of one label have noise of one size; shape (series,).

    References:
        Shiryaev (1963), On optimum methods in quickest detection problems, doi:10.1137/1108002.
        Pollak (1985), Optimal detection of a change in distribution, doi:10.1214/aos/1176346587.
    """
    counts, exposure = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if counts.shape[1] < DAYS_MIN:
        unknown = np.full(len(counts), np.nan)
        return Declines(np.zeros(len(counts)), unknown, unknown, unknown, unknown)
    families, pools = _numbered(family), _numbered(pool)
    rate = _divide(counts.sum(axis=1), exposure.sum(axis=1))
    expected = rate[:, None] * exposure
    moves = _divide(counts - expected, expected)
    weekdays, kept = _rhythm(counts, expected, families, pools)
    moves = moves - weekdays
    drifting = _drift_only(expected, families)
    alone = _weigh(moves, expected, exposure, kept, drifting, pools, np.zeros_like(moves))
    beside = _siblings(moves, expected, families, pools, alone.odds_any < _NO_YARDSTICK)
    compared = np.count_nonzero(beside.variance, axis=1) > 0
    spread = np.where(compared[:, None], beside.drift_spread, drifting.drift_spread)
    beside = replace(beside, drift_spread=spread)
    judged = _weigh(moves, expected, exposure, kept, beside, 2 * pools + compared, alone.worn)
    days = np.count_nonzero(expected, axis=1)
    known = days >= DAYS_MIN
    daily = _divide(counts.sum(axis=1), days)
    weight = np.where(compared, _BESIDE, 1.0) * daily / (daily + _FEW)
    return Declines(
        odds=np.where(known, judged.odds_material * weight, 0.0),
        probability=np.where(known, judged.odds_material / (1 + judged.odds_any), np.nan),
        healthy=np.where(known, rate * judged.healthy, np.nan),
        fall=np.where(known, judged.mean, np.nan),
        siblings_fall=_last_week_fall(*_others(moves, expected, families)),
    )


def _weigh(
    moves: Floats,
    expected: Floats,
    exposure: Floats,
    kept: Floats,
    beside: _Yardstick,
    pools: Labels,
    worn: Floats,
) -> _Weighed:
    """Hold every possible fall against none: log-odds of linear falls with a half-normal speed, in closed form.

    A fall begins on some day and goes on with every day, or with every exposure; level and drift are integrated out.
    Moves show only a share of their noise, `kept`, and are held against the whole. Noise is learnt from what is left
    when the falls that are likely so far, `worn`, are undone: else a fall would hide behind the noise it looks like.
    """
    days = moves.shape[1]
    counted = _divide(1.0, expected) + beside.variance
    moves = moves - beside.moved - beside.drift * np.arange(days)
    active = expected > 0
    spread = counted + _noise(moves + worn, counted, active, pools)[:, None]
    weights = np.where(active, kept[:, None] / np.where(active, spread, 1.0), 0.0)
    typical = _divide(exposure.sum(axis=1), np.count_nonzero(active, axis=1))[:, None]
    clocks = (
        np.broadcast_to(np.arange(days, dtype=np.float64), moves.shape),
        _divide(exposure.cumsum(axis=1) - exposure / 2, typical),
    )
    prior = np.log(_prior_odds(active) / len(clocks))
    parts = [_fall_evidence(moves, weights, clock, beside.drift_spread) for clock in clocks]
    any_, material, fall, healthy = (np.zeros(len(moves)) for _ in range(4))
    lost = np.zeros_like(moves)
    for clock, (evidence, share, speed, mean, level) in zip(clocks, parts, strict=True):
        odds = np.exp(np.minimum(evidence + prior, 300.0))
        any_ += odds.sum(axis=1)
        material += (odds * share).sum(axis=1)
        fall += (odds * mean).sum(axis=1)
        healthy += (odds * level).sum(axis=1)
        pull = odds * speed
        lost += clock * pull.cumsum(axis=1) - (clock * pull).cumsum(axis=1)
    return _Weighed(material, any_, fall / (1 + any_), (1 + healthy) / (1 + any_), lost / (1 + any_)[:, None])


def _prior_odds(active: Bools) -> Floats:
    days = np.arange(active.shape[1])
    first = np.where(active.any(axis=1), active.argmax(axis=1), active.shape[1])[:, None]
    odds = np.where(days == first, _ODDS_FROM_START, np.where(days > first, _ODDS_PER_DAY, _NO_ODDS))
    odds[:, -1:] = _NO_ODDS  # a fall that begins today cannot be seen today
    return odds


def _fall_evidence(
    moves: Floats, weights: Floats, clock: Floats, drift_spread: Floats
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Integrate the likelihood ratio over speeds, for a fall from each day on.

    Returns:
        Log likelihood ratio, probability that such a fall is material, its expected speed, its size as a share of the
        healthy level, and that level as a factor on the mean; all of shape (series, days).
    """
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    day = np.arange(moves.shape[1]) - (weights * np.arange(moves.shape[1])).sum(axis=1, keepdims=True) / total
    moves = moves - (weights * moves).sum(axis=1, keepdims=True) / total
    w0, w1, w2 = _after(weights), _after(weights * clock), _after(weights * clock**2)
    ramp = w1 - clock * w0
    ramp_ramp = w2 - 2 * clock * w1 + clock**2 * w0 - ramp**2 / total
    ramp_move = _after(weights * clock * moves) - clock * _after(weights * moves)
    ramp_day = _after(weights * clock * day) - clock * _after(weights * day)
    day_day = (weights * day**2).sum(axis=1, keepdims=True) + drift_spread**-2
    day_move = (weights * day * moves).sum(axis=1, keepdims=True)
    precision = np.maximum(ramp_ramp - ramp_day**2 / day_day, 0.0) + _FALL_DAILY**-2
    speed = -(ramp_move - ramp_day * day_move / day_day) / precision
    root = np.sqrt(precision)
    below = log_ndtr(speed * root)
    evidence = np.log(2 / _FALL_DAILY) - np.log(root) + (speed * root) ** 2 / 2 + below
    depth, usual = clock[:, -1:] - clock, ramp / total
    least = MATERIAL / np.maximum(depth - MATERIAL * usual, 1e-9)
    share = np.exp(np.minimum(log_ndtr((speed - least) * root) - below, 0.0))
    typical = speed + np.exp(-((speed * root) ** 2) / 2 - 0.5 * np.log(2 * np.pi) - below) / root
    healthy = 1 + typical * usual
    return evidence, share, typical, np.clip(typical * depth / healthy, 0.0, 1.0), healthy


def _siblings(moves: Floats, expected: Floats, families: Labels, pools: Labels, holding: Bools) -> _Yardstick:
    """Learn from the siblings that hold what a series shares with them: good and bad days, and the market's drift."""
    moved, weight = _others(moves, np.where(holding[:, None], expected, 0.0), families)
    variance = _divide(1.0, weight)
    active = (weight > 0) & (expected > 0)
    blur = np.where(active, _divide(1.0, expected) + variance, 0.0)
    shared = _pooled_variance(moves, moved, np.zeros_like(moves), blur, pools, _SHARED).lasting[:, None]
    share = np.where(active, shared / (shared + np.where(active, variance, 1.0)), 0.0)
    weights = np.where(active, 1.0 / np.where(active, variance + shared + _NOISE, 1.0), 0.0)
    slope, precision = _slope(moved, weights)
    drift = slope * precision / (precision + _MARKET_DAILY**-2)
    drift = np.clip(drift, -_MARKET_DAILY_MAX, _MARKET_DAILY_MAX)
    left = 1.0 - _divide((share * weights).sum(axis=1), weights.sum(axis=1))[:, None]
    spread = left * (precision[:, None] + _MARKET_DAILY**-2) ** -0.5 + _DRIFT_DAILY / 4
    return _Yardstick(share * moved, share**2 * variance, left * drift[:, None], spread)


def _drift_only(expected: Floats, families: Labels) -> _Yardstick:
    nothing = np.zeros_like(expected)
    among_others = np.bincount(families)[families] > 1
    spread = np.where(among_others, _MARKET_DAILY, _DRIFT_DAILY)[:, None]
    return _Yardstick(nothing, nothing, nothing[:, :1], spread)


def _slope(moves: Floats, weights: Floats) -> tuple[Floats, Floats]:
    days = np.arange(moves.shape[1])
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    centred = days - (weights * days).sum(axis=1, keepdims=True) / total
    precision = (weights * centred**2).sum(axis=1)
    return _divide((weights * centred * moves).sum(axis=1), precision), precision


def _rhythm(counts: Floats, expected: Floats, families: Labels, pools: Labels) -> tuple[Floats, Floats]:
    """Learn what each weekday does to a family, shrunk by as much as weekdays differ in its pool beyond chance.

    What chance does is learnt from how days of one weekday differ (analysis of variance).

    Args:
        counts: Shape (series, days).
        expected: Counts at the mean rate, shape (series, days).
        families: Shape (series,).
        pools: Shape (series,).

    Returns:
        Effects as shares of the mean rate, shape (series, days), and what share of a series' noise is left when they
        are taken off, shape (series,): with few weeks they fit noise as well, and a fall stands out from all of it.

    References:
        Efron and Morris (1973), Stein's estimation rule and its competitors, doi:10.1080/01621459.1973.10481350.
        DerSimonian and Laird (1986), Meta-analysis in clinical trials, doi:10.1016/0197-2456(86)90046-2.
    """
    days = counts.shape[1]
    if days < 2 * _WEEK:
        return np.zeros_like(counts), np.ones(len(counts))
    came, due = _by_label(counts, families), _by_label(expected, families)
    middle = slice(_WEEK // 2, days - _WEEK // 2)
    local = _divide(_moving_sum(came, _WEEK), _moving_sum(due, _WEEK))
    usual = due[:, middle] * local
    surplus = np.where(usual > 0, came[:, middle] - usual, 0.0)
    there = (np.arange(middle.start, middle.stop)[:, None] % _WEEK == np.arange(_WEEK)).astype(np.float64)
    mass, weeks = usual @ there, (usual > 0) @ there
    mean = _divide(surplus @ there, mass)
    pool = np.zeros(len(came), dtype=np.int64)
    pool[families] = pools

    def pooled(amounts: Floats) -> Floats:
        return _by_label(amounts.sum(axis=1, keepdims=True), pool)[pool]

    within = pooled(usual * np.where(usual > 0, _divide(surplus, usual) - mean @ there.T, 0.0) ** 2)
    repeats = pooled(np.maximum(weeks - 1, 0.0))
    by_chance = (within + _PRIOR_REPEATS) / (repeats + _PRIOR_REPEATS) * _divide(1.0, mass)
    precision = _divide(1.0, by_chance**2)
    excess = pooled((mean**2 - (1 - 1 / _WEEK) * by_chance) * precision)
    differ = np.maximum(_divide(excess, pooled(precision)), 0.0)
    trust = _divide(differ, differ + by_chance)
    fitted = (trust * (2 - trust) * _divide(1.0, weeks)).mean(axis=1)[families]
    own = _divide(expected.sum(axis=1), due.sum(axis=1)[families])
    return (trust * mean)[families][:, np.arange(days) % _WEEK], 1.0 - np.minimum(fitted * own, 0.5)


def _noise(moves: Floats, counted: Floats, active: Bools, pools: Labels) -> Floats:
    """Estimate each series' variance beyond counting, shape (series,); its own data count beside its pool's."""
    blur = np.where(active, counted, 0.0)
    pooled = _pooled_variance(moves, moves, blur, blur, pools, _NOISE)
    own, days = _second_differences(moves, moves, blur, active, _BLOCK)
    trust = _trust(blur)
    mixed = (trust * own * pooled.growth + _POOL_DAYS * pooled.lasting) / (trust * days + _POOL_DAYS)
    return np.asarray(np.maximum(mixed, _LEAST) + _DOUBT * pooled.guessed)


@dataclass(frozen=True, slots=True, eq=False)
class _Pooled:
    lasting: Floats  # variance as it weighs over weeks, shape (series,)
    growth: Floats  # from means over three days to that
    guessed: Floats  # how much of it is not from data


def _pooled_variance(one: Floats, other: Floats, counted: Floats, blur: Floats, pools: Labels, prior: float) -> _Pooled:
    """Estimate a pool's (co)variance of noise as it weighs over weeks.

    Second differences, of days and of means over three days, do not see falls and drift. Noise that lasts from day to
    day shows more in the means; by what factor it grew to there, it is taken to grow once more, which is about right
    for autoregressive noise of up to a half from one day to the next.
    """
    trust = _trust(blur)
    sizes: list[Floats] = []
    guessed: list[Floats] = []
    for block, first in ((1, prior), (_BLOCK, None)):
        total, days = _second_differences(one, other, counted, blur > 0, block)
        gathered, known = (_by_label((trust * amount)[:, None], pools)[pools, 0] for amount in (total, days))
        guess = _GROWTH * sizes[0] if first is None else first
        guessed.append(_PRIOR_DAYS / (known + _PRIOR_DAYS))
        sizes.append(np.maximum(gathered / (known + _PRIOR_DAYS) + guessed[-1] * guess, _LEAST))
    daily, lasting = sizes
    growth = np.clip((lasting + _NOISE / 3) / (daily + _NOISE / 3), 1.0, _GROWTH_MAX)
    return _Pooled(np.maximum(lasting, daily) * growth, growth, guessed[0])


def _trust(blur: Floats) -> Floats:
    return np.asarray((1 + _divide(blur.sum(axis=1), np.count_nonzero(blur, axis=1)) / _BLUR) ** -2)


def _second_differences(
    one: Floats, other: Floats, counted: Floats, active: Bools, block: int
) -> tuple[Floats, Floats]:
    """Sum the products of two panels' second differences of means over `block` days, as daily variance.

    Returns:
        The sum, without the variance of counting, and how many days' worth it is; shape (series,).
    """
    if one.shape[1] < 3 * block:
        return np.zeros(len(one)), np.zeros(len(one))

    def bend(panel: Floats) -> Floats:
        means = _moving_sum(panel, block) / block
        return np.asarray(means[:, : -2 * block] - 2 * means[:, block:-block] + means[:, 2 * block :])

    whole = _moving_sum(active.astype(np.float64), 3 * block) == 3 * block
    by_chance = _moving_sum(counted, block) / block**2
    by_chance = by_chance[:, : -2 * block] + 4 * by_chance[:, block:-block] + by_chance[:, 2 * block :]
    excess = (bend(one) * bend(other) - by_chance) * block / 6
    return np.where(whole, excess, 0.0).sum(axis=1) / block, np.count_nonzero(whole, axis=1) / block


def _others(moves: Floats, weight: Floats, families: Labels) -> tuple[Floats, Floats]:
    """Return how a series' siblings moved, and what weight they have; shape (series, days)."""
    mass = weight * moves
    left = np.maximum(_by_label(weight, families)[families] - weight, 0.0)
    left = np.where(left < 1e-9, 0.0, left)
    return _divide(_by_label(mass, families)[families] - mass, left), left


def _last_week_fall(moved: Floats, weight: Floats) -> Floats:
    late, early = slice(-_WEEK, None), slice(None, -_WEEK)
    levels = []
    for part in (early, late):
        mass = weight[:, part].sum(axis=1)
        levels.append(np.where(mass > 0, 1 + _divide((weight * moved)[:, part].sum(axis=1), mass), np.nan))
    return np.asarray(1 - _divide(levels[1], levels[0]))


def _numbered(labels: ArrayLike) -> Labels:
    return np.asarray(np.unique(np.asarray(labels), return_inverse=True)[1], dtype=np.int64)


def _by_label(panel: Floats, labels: Labels) -> Floats:
    sums = np.zeros((int(labels.max(initial=-1)) + 1, panel.shape[1]))
    np.add.at(sums, labels, panel)
    return sums


def _after(panel: Floats) -> Floats:
    return np.asarray(panel[:, ::-1].cumsum(axis=1)[:, ::-1])


def _moving_sum(panel: Floats, days: int) -> Floats:
    windows = panel.shape[1] - days + 1
    sums = panel[:, :windows].copy()
    for later in range(1, days):
        sums += panel[:, later : later + windows]
    return sums


def _divide(top: ArrayLike, bottom: ArrayLike) -> Floats:
    """Divide, 0 where there is nothing to divide by."""
    top, bottom = np.broadcast_arrays(np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64))
    result: Floats = np.divide(top, bottom, out=np.zeros(top.shape), where=bottom != 0)
    return result
