"""How a page's audience buys, in three questions, each answered only where the answer is clear."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from adtempo.domain.hourweek import HOURS_PER_DAY
from adtempo.domain.messages import Bools, Floats, Segment, Trait
from adtempo.messages.response import PageResponse, cell_rows, tier_values

NO_SIGN = "no clear sign"

EARLY_HOURS = range(6, 14)
LATE_HOURS = range(18, 24)

BURST_ABOVE = 0.5
"""Spread of sales between like messages, as a share of the mean, above which an audience buys in bursts."""

_SIDE_MIN = 5
"""Messages that either side of a comparison must have."""

_Z95 = float(ndtri(0.975))
_Z99 = float(ndtri(0.995))

QUESTIONS = (("early or late", "early", "late"), ("price", "price-sensitive", "premium"), ("rhythm", "steady", "burst"))


def segment_of(response: PageResponse | None) -> Segment:
    """Name how an audience buys.

    An answer must hold at 99%, so that at most 3 of 100 pages without any habit get a name.

    Args:
        response: None where there was too little to try.
    """
    traits = (_timing(response), _price(response), _rhythm(response))
    name = ", ".join(trait.answer for trait in traits if trait.answer != NO_SIGN)
    return Segment(name or NO_SIGN, traits)


def _timing(response: PageResponse | None) -> Trait:
    if response is None:
        return _unknown(0, "too few paid messages")
    hour = response.hours_local % HOURS_PER_DAY
    early, late = np.isin(hour, EARLY_HOURS), np.isin(hour, LATE_HOURS)
    if min(early.sum(), late.sum()) < _SIDE_MIN:
        return _unknown(0, f"{early.sum()} paid messages at 06:00-13:59 and {late.sum()} at 18:00-23:59 are too few")
    sides = (_mean_rows(response, late), _mean_rows(response, early))
    mean, covariance = response.fit.combine({name: sides[0][name] - sides[1][name] for name in sides[0]})
    return _compared(
        0, float(mean[0]), float(covariance[0, 0]) ** 0.5,
        f"per recipient, messages at 18:00-23:59 ({late.sum()}) bring {{value:.2f}} times those at 06:00-13:59 "
        f"({early.sum()})",
    )  # fmt: skip


def _mean_rows(response: PageResponse, chosen: Bools) -> dict[str, Floats]:
    rows = cell_rows(response.hours_local[chosen])
    return {name: row.mean(axis=0, keepdims=True) for name, row in rows.items()}


def _price(response: PageResponse | None) -> Trait:
    values = None if response is None else tier_values(response)
    if values is None or len(values.tiers) < 2 or min(values.messages[0], values.messages[-1]) < _SIDE_MIN:
        return _unknown(1, "too few paid messages of two price tiers")
    cheap, dear = values.tiers[0], values.tiers[-1]
    apart = np.zeros(len(values.tiers))
    apart[0], apart[-1] = -1.0, 1.0
    return _compared(
        1, float(apart @ values.log_value), float(apart @ values.covariance @ apart) ** 0.5,
        f"per recipient, {dear} messages ({values.messages[-1]}) bring {{value:.2f}} times what {cheap} ones bring "
        f"({values.messages[0]})",
    )  # fmt: skip


def _rhythm(response: PageResponse | None) -> Trait:
    if response is None:
        return _unknown(2, "too few paid messages")
    fit = response.fit
    variance = fit.unit_spread**2 + fit.noise**2
    blur = float(fit.working.counting.mean())
    reach = (variance + blur) * (2.0 / len(response.judged)) ** 0.5
    value, low, high = (max(variance + side * _Z95 * reach, 0.0) ** 0.5 for side in (0, -1, 1))
    clear = BURST_ABOVE**2
    answer = NO_SIGN
    if variance - _Z99 * reach > clear:
        answer = QUESTIONS[2][2]
    elif variance + _Z99 * reach < clear:
        answer = QUESTIONS[2][1]
    evidence = (
        f"sales of messages that should do alike differ by {value:.0%} beyond counting "
        f"(95%: {low:.0%} to {high:.0%}); above {BURST_ABOVE:.0%} is burst"
    )
    return Trait(QUESTIONS[2][0], answer, value, low, high, evidence)


def _compared(number: int, log_ratio: float, deviation: float, words: str) -> Trait:
    question, below, above = QUESTIONS[number]
    value, low, high = (float(np.exp(log_ratio + side * _Z95 * deviation)) for side in (0, -1, 1))
    clear = abs(log_ratio) > _Z99 * deviation
    answer = (above if log_ratio > 0 else below) if clear else NO_SIGN
    evidence = f"{words.format(value=value)} (95%: {low:.2f} to {high:.2f}), all else being equal"
    return Trait(question, answer, value, low, high, evidence)


def _unknown(number: int, why: str) -> Trait:
    return Trait(QUESTIONS[number][0], NO_SIGN, None, None, None, f"{why} to compare")
