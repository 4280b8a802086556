"""Which caption next: what is believed of each, and a draw from that belief.

A caption is judged at the page's average conditions: what its hour, season, price and the audience's tiredness did is
taken off first. Captions of one price tier and category begin alike; evidence fades with age.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from scipy.special import gammaincc

from adtempo.domain.messages import CaptionBank, CaptionPosteriors, Floats, Ints, MessageHistory, Names, PriceTier
from adtempo.messages.response import PAID_TIERS, PageResponse, ages_days, usual_conditions
from adtempo.stats.thompson import draw_rates, hold_share, learn_rates

EVIDENCE_HALF_LIFE_DAYS = 90.0
"""After so many days what a caption did counts half."""

EXPLORATION = (0.1, 0.4)
"""Least and largest share of a week's messages that go to captions of which little is known."""

_SALES_GUESS = 0.005
_VIEWS_GUESS = 0.5
_OWN = 0.5
_DAYS_PER_BATCH = 7.0


def estimate_captions(
    response: PageResponse | None, history: MessageHistory, bank: CaptionBank, now: datetime
) -> CaptionPosteriors:
    """Return what is believed of each caption of a bank.

    Args:
        response: How the page's fans respond; None where there was too little to try.
        history: What the page sent, as known now.
    """
    paid = np.asarray(bank.price_tier != PriceTier.FREE)
    rates = [
        learn_rates(successes[kind], trials[kind], bank.kind[kind], guess)
        for kind, guess, (successes, trials) in (
            (paid, _SALES_GUESS, _sales(response, bank.places, now)),
            (~paid, _VIEWS_GUESS, _looks(history, bank.places, now)),
        )
    ]

    def merged(name: str) -> Floats:
        values = np.empty(len(bank))
        for kind, found in zip((paid, ~paid), rates, strict=True):
            values[kind] = getattr(found, name)
        return values

    return CaptionPosteriors(
        caption_id=bank.caption_id,
        shape=merged("shape"),
        recipients=merged("trials"),
        price_micros=_prices(response, bank.price_tier),
        tried=merged("own") >= _OWN,
        batches=0 if response is None else int(ages_days(response.judged, now).max() / _DAYS_PER_BATCH),
    )


def draw_scores(posteriors: CaptionPosteriors, rng: np.random.Generator, candidates: Ints, count: int) -> Floats:
    """Draw what each candidate's next message earns, once; the highest are to be sent. Shape (candidates,).

    Scores are revenue per recipient in micros (views per recipient of free captions; purchases of a page that never
    sold). The best `count` hold the page's floor and cap of exploration. Candidates must be all paid or all free.

    Args:
        rng: Seeded by the caller, who keeps the seed.
        candidates: Positions in the bank, shape (candidates,).
        count: How many captions will be chosen.

    References:
        Komiyama, Honda and Nakagawa (2015), Optimal regret analysis of Thompson sampling in stochastic multi-armed
        bandit problem with multiple plays, arXiv:1506.00779.
    """
    shape, recipients = posteriors.shape[candidates], posteriors.recipients[candidates]
    drawn = draw_rates(shape, recipients, rng, 1, posteriors.batches)[0]
    return hold_share(drawn * _worth(posteriors)[candidates], ~posteriors.tried[candidates], count, *EXPLORATION)


def performance_scores(posteriors: CaptionPosteriors, asked: Ints) -> Floats:
    """Return how likely captions do better than the page's typical one of their kind, 0 to 1, shape (asked,).

    Args:
        asked: Positions in the bank, shape (asked,).
    """
    worth = _worth(posteriors)
    expected = posteriors.shape / posteriors.recipients * worth
    free = posteriors.price_micros == 0
    bar = np.empty(len(asked))
    for kind in (free, ~free):
        known = kind & posteriors.tried if (kind & posteriors.tried).any() else kind
        if known.any():
            bar[kind[asked]] = np.median(expected[known])
    return np.asarray(gammaincc(posteriors.shape[asked], posteriors.recipients[asked] * bar / worth[asked]))


def _worth(posteriors: CaptionPosteriors) -> Floats:
    return np.where(posteriors.price_micros > 0, posteriors.price_micros, 1.0)


def _sales(response: PageResponse | None, place: Mapping[str, int], now: datetime) -> tuple[Floats, Floats]:
    """Return purchases and recipients of each caption, at usual conditions and faded, shape (captions,) each."""
    if response is None:
        return np.zeros(len(place)), np.zeros(len(place))
    judged = response.judged
    trials = judged.recipients * usual_conditions(response)
    # A single message is moved by more than counting, so ever more purchases in one say ever less.
    heard = _faded(judged, now) / (1.0 + judged.purchases * response.fit.noise**2)
    return _per_caption(judged, place, np.asarray(judged.purchases * heard), np.asarray(trials * heard))


def _looks(history: MessageHistory, place: Mapping[str, int], now: datetime) -> tuple[Floats, Floats]:
    """Return views and recipients of each free caption, faded, shape (captions,) each."""
    bumps = history.only(~history.paid)
    heard = _faded(bumps, now)
    return _per_caption(bumps, place, np.asarray(bumps.views * heard), np.asarray(bumps.recipients * heard))


def _per_caption(
    messages: MessageHistory, place: Mapping[str, int], successes: Floats, trials: Floats
) -> tuple[Floats, Floats]:
    at = np.array([place.get(caption, -1) for caption in messages.caption_id.tolist()], dtype=np.int64)
    known = at >= 0

    def added(amount: Floats) -> Floats:
        return np.asarray(np.bincount(at[known], amount[known], minlength=len(place)), dtype=np.float64)

    return added(successes), added(trials)


def _faded(messages: MessageHistory, now: datetime) -> Floats:
    return np.asarray(np.exp2(-ages_days(messages, now) / EVIDENCE_HALF_LIFE_DAYS))


def _prices(response: PageResponse | None, tiers: Names) -> Floats:
    """Return what the page takes for each caption's tier: the median of its messages, of all where it has none."""
    prices = np.where(tiers == PriceTier.FREE, 0.0, np.nan)
    if response is not None:
        judged = response.judged
        for tier in PAID_TIERS:
            same = judged.price_micros[judged.price_tier == tier]
            prices[tiers == tier] = float(np.median(same)) if len(same) else response.price_usual_micros
    return prices
