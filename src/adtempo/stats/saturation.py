"""How much of a response recent volume has cost: wear learnt beside everything else that moves the response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.special import logsumexp

from adtempo.stats.mixed import Floats, Ints, MixedFit, Part, fit_mixed

HALF_LIVES_HOURS = (24.0, 36.0, 54.0, 72.0, 108.0, 162.0, 240.0)
"""How long a message may be felt: which of these, is learnt."""

_HALF_LIFE_USUAL = 72.0
_HALF_LIFE_DOUBT = 0.6  # of its logarithm
_LOSS_USUAL = 1.0 / 3.0  # expected wear at the usual load: a loss of about a quarter
_GRID = np.linspace(0.0, 5.0, 501)
_TAIL = 0.025


@dataclass(frozen=True, slots=True, eq=False)
class Sends:
    """What was sent, and what the judged of them brought.

    Attributes:
        hours: When each was sent, rising, shape (messages,).
        weights: What each counts when it is sent, shape (messages,).
        judged: Positions of those whose response is in, rising, shape (observations,).
        counts: Responses, shape (observations,).
        exposure: Recipients, above 0, shape (observations,).
        unit: What recurs, numbered from 0, shape (observations,).
    """

    hours: Floats
    weights: Floats
    judged: Ints
    counts: Floats
    exposure: Floats
    unit: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """One way in which messages may have been felt.

    Attributes:
        half_life_hours: Until half of a message is forgotten.
        one_of_many: Whether the first message known was one of many, or the first there was.
        usual: Load that wear is counted in: what the judged messages met on average.
        chances: How likely it is with each wear of the grid, shape (wears,).
    """

    half_life_hours: float
    one_of_many: bool
    usual: float
    chances: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Wear:
    """What recent volume costs.

    Attributes:
        loss: Expected share of the response that is lost at the moment asked about, 0 to 1.
        low95: Lower end of its 95% interval.
        high95: Upper end.
        half_life_hours: Expected half-life of what is felt.
        load: What is felt at that moment, in observations' worth, at that half-life.
        certainty: How much of the doubt about wear is gone, 0 (as good as guessed) to 1.
        costs: Logarithm of the loss that each observation met, at most 0, shape (observations,).
        fit: Everything else, at the likeliest half-life.
        sends: What it was learnt from.
        stories: How it may have been, with chances that sum to 1.
    """

    loss: float
    low95: float
    high95: float
    half_life_hours: float
    load: float
    certainty: float
    costs: Floats
    fit: MixedFit
    sends: Sends
    stories: tuple[Story, ...]

    def draw_costs(self, hours: Floats, weights: Floats, rng: np.random.Generator, draws: int) -> Floats:
        """Draw the logarithm of what further messages lose against the average judged one, shape (draws, messages).

        Args:
            hours: When they would be sent, rising, after all others, shape (messages,).
            weights: What each counts when it is sent, shape (messages,).
            rng: Seeded by the caller.
            draws: How many.
        """
        heavier = np.array([self._heavier(story, hours, weights) for story in self.stories])
        chances = np.stack([story.chances for story in self.stories])
        drawn = rng.choice(chances.size, draws, p=chances.ravel() / chances.sum())
        return np.asarray(-_GRID[drawn % len(_GRID), None] * heavier[drawn // len(_GRID)])

    def _heavier(self, story: Story, hours: Floats, weights: Floats) -> Floats:
        """Return how much more than the average judged message further ones would meet, in usual loads."""
        sends, half_life, one_of_many = self.sends, story.half_life_hours, story.one_of_many
        met = _felt(sends, sends.hours[sends.judged], half_life, one_of_many=one_of_many)
        longer = replace(sends, hours=np.append(sends.hours, hours), weights=np.append(sends.weights, weights))
        more = _felt(longer, hours, half_life, one_of_many=one_of_many)
        return np.asarray((more - np.average(met, weights=sends.exposure)) / story.usual)


def load_before(sent_hours: Floats, weights: Floats, at_hours: Floats, half_life_hours: float) -> Floats:
    """Return what is felt of earlier messages just before each moment, shape (moments,).

    Args:
        sent_hours: When each was sent, rising, shape (messages,).
        weights: What each counts when it is sent, shape (messages,).
        at_hours: Moments, shape (moments,).
        half_life_hours: How long until half of it is forgotten.

    >>> load_before(np.array([0.0, 24.0]), np.ones(2), np.array([0.0, 24.0, 48.0]), 24.0).tolist()
    [0.0, 0.5, 0.75]
    """
    felt, before, sums = 0.0, 0.0, [0.0]
    for hour, weight in zip(sent_hours.tolist(), weights.tolist(), strict=True):
        felt = felt * 2.0 ** ((before - hour) / half_life_hours) + weight
        before = hour
        sums.append(felt)
    nth = np.searchsorted(sent_hours, at_hours)
    last = np.concatenate([[0.0], sent_hours])[nth]
    return np.asarray(np.array(sums)[nth] * np.exp2((last - at_hours) / half_life_hours))


def estimate_wear(sends: Sends, parts: Sequence[Part], unit_spread: float, now_hours: float) -> Wear:
    """Learn what recent volume costs, half-life included, beside other causes.

    A response is taken to be ``exp(-wear x load)`` of what a rested audience would have given. The half-life is learnt
    over a grid and averaged over, and so is whether the first message known was the first there was, or one of many.

    Args:
        sends: What was sent.
        parts: Other causes; the first is the overall level.
        unit_spread: Expected spread of units.
        now_hours: The moment asked about.
    """
    when = np.append(sends.hours[sends.judged], now_hours)
    stories, fits = list[tuple[float, Floats, float]](), list[MixedFit]()
    for half_life, one_of_many in product(HALF_LIVES_HOURS, (False, True)):
        felt = _felt(sends, when, half_life, one_of_many=one_of_many)
        usual = max(float(felt[:-1].mean()), 1e-6)
        cost = Part("load", -(felt[:-1] / usual)[:, None], 1.0, learnt=False)
        fits.append(fit_mixed(sends.counts, sends.exposure, sends.unit, [*parts, cost], unit_spread, *fits[-2:][:1]))
        stories.append((half_life, felt, usual))
    odds = np.stack([_odds(fit, story[0]) for fit, story in zip(fits, stories, strict=True)])
    chances = np.exp(odds - logsumexp(odds))
    by_story = chances.sum(axis=1)
    losses = -np.expm1(-np.outer([felt[-1] / usual for _, felt, usual in stories], _GRID))
    low, high = _quantiles(losses.ravel(), chances.ravel())
    best = int(by_story.argmax())
    by_wear = chances.sum(axis=0)
    wear = float(by_wear @ _GRID)
    doubt = float(by_wear @ (_GRID - wear) ** 2) ** 0.5
    return Wear(
        loss=float((chances * losses).sum()),
        low95=low,
        high95=high,
        half_life_hours=float(np.exp(by_story @ np.log([half_life for half_life, _, _ in stories]))),
        load=float(by_story @ [felt[-1] for _, felt, _ in stories]),
        certainty=max(0.0, 1.0 - doubt / max(wear, _LOSS_USUAL)),
        costs=np.asarray(-float(chances[best] @ _GRID / by_story[best]) * stories[best][1][:-1] / stories[best][2]),
        fit=fits[best],
        sends=sends,
        stories=tuple(
            Story(half_life, bool(number % 2), usual, chances[number])
            for number, (half_life, _, usual) in enumerate(stories)
        ),
    )


def _felt(sends: Sends, when: Floats, half_life: float, *, one_of_many: bool) -> Floats:
    """Return what is felt at some moments; with `one_of_many` there had been as many before the first as after it."""
    load = load_before(sends.hours, sends.weights, when, half_life)
    if not one_of_many:
        return load
    hourly = sends.weights.sum() / max(float(sends.hours[-1] - sends.hours[0]), 1.0)
    return np.asarray(load + hourly * half_life / np.log(2) * np.exp2((sends.hours[0] - when) / half_life))


def _odds(fit: MixedFit, half_life: float) -> Floats:
    """Return log odds of each wear of the grid at one half-life: the fit's own, its normal prior replaced by ours."""
    at = fit.where("load").start
    mean, variance = float(fit.effects[at]), float(fit.covariance[at, at])
    guessed = -0.5 * ((np.log(half_life) - np.log(_HALF_LIFE_USUAL)) / _HALF_LIFE_DOUBT) ** 2
    posterior = -0.5 * (_GRID - mean) ** 2 / variance - 0.5 * np.log(variance)
    return np.asarray(fit.evidence + guessed + posterior + 0.5 * _GRID**2 - _GRID / _LOSS_USUAL)


def _quantiles(values: Floats, chances: Floats) -> tuple[float, float]:
    order = np.argsort(values)
    reached = np.cumsum(chances[order])
    low, high = (values[order[min(int(np.searchsorted(reached, tail)), len(order) - 1)]] for tail in (_TAIL, 1 - _TAIL))
    return float(low), float(high)
