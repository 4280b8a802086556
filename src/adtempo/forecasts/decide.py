"""How a day's money should be shared out, and where the next 1,000 goes: the best split on curves of response. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.forecasts import BudgetLine, BudgetRecommendation, Forecast, Level, Subject
from adtempo.domain.money import MICROS, Money, minor_unit_micros, split_units
from adtempo.domain.policies import PLATFORM_TERMS
from adtempo.forecasts.estimate import HORIZON, estimate_mean
from adtempo.stats.response import ResponsePosterior, allocate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEP = 0.3
"""A recommendation moves a campaign's money by at most this share of it, or by what its platform allows."""

NEXT = 1000
"""How much more money is placed, in major units, over HORIZON days."""

TOLD = 3
"""So many places for it are named."""


@dataclass(frozen=True, slots=True)
class Spender:
    """A campaign that spends.

    Attributes:
        subject: The campaign.
        channel: What it is counted under.
        title: What people call it.
        platform: Where it runs.
        today: What it spends in a day now, major units, above 0.
        highest: The most that it ever spent in a day, major units.
        why_not: Why nothing can be said of it; empty for one that has a curve.
    """

    subject: Subject
    channel: str
    title: str
    platform: str
    today: float
    highest: float
    why_not: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """How money is shared out over spenders, in whole minor units of the currency, shape (spenders,)."""

    today: Ints
    lowest: Ints
    highest: Ints
    proposed: Ints
    next_part: Ints


def recommend_budgets(
    spenders: Sequence[Spender], posterior: ResponsePosterior, answer: BudgetRecommendation
) -> BudgetRecommendation:
    """Return an answer with the split that brings most in expectation, within bounds, and its reasons.

    Every campaign stays within a step of what it spends now, above what its platform takes, and below the highest day
    it ever had: nothing is proposed that was never tried. Those without a curve keep what they have.

    Args:
        spenders: All of one currency.
        posterior: Curves of those that have one, in their order, in major units of a day.
        answer: Whose currency and days these are.
    """
    unit = minor_unit_micros(answer.currency)
    known = np.array([not one.why_not for one in spenders])
    split = _split(spenders, known, posterior, answer.currency, unit)
    major = unit / MICROS
    now, proposed = split.today[known] * major, split.proposed[known] * major
    worth = {name: posterior.respond(amounts).sum(axis=1) for name, amounts in (("now", now), ("new", proposed))}
    worth["equal"] = posterior.respond(np.full(len(now), now.mean())).sum(axis=1)
    more = NEXT / HORIZON
    returns = _next_returns(spenders, posterior.respond(now + more), posterior.respond(now), more)
    beyond = np.array([amount * major > one.highest for one, amount in zip(spenders, split.proposed, strict=True)])
    lines = [
        BudgetLine(
            subject=one.subject,
            channel=one.channel,
            title=one.title,
            today_micros=int(split.today[place]) * unit,
            proposed_micros=int(split.proposed[place]) * unit,
            lowest_micros=int(split.lowest[place]) * unit,
            highest_micros=int(split.highest[place]) * unit,
            next_return=returns[place],
            next_micros=int(split.next_part[place]) * unit,
            extrapolates=bool(beyond[place]),
            sentence=_sentence(one, split, place, unit, returns[place]),
        )
        for place, one in enumerate(spenders)
    ]
    return BudgetRecommendation(
        currency=answer.currency,
        since=answer.since,
        until=answer.until,
        lines=[*_by_channel(lines), *lines],
        total_micros=int(split.today.sum()) * unit,
        today=_amount(worth["now"]),
        proposed=_amount(worth["new"]),
        gain=_amount(worth["new"] - worth["now"]),
        gain_over_equal=_amount(worth["new"] - worth["equal"]),
        next_sentence=_tell_next(lines, spenders, answer.currency),
        note=answer.note,
        made_at=answer.made_at,
    )


def _split(
    spenders: Sequence[Spender], known: NDArray[np.bool_], posterior: ResponsePosterior, currency: str, unit: int
) -> Split:
    """Return the best split in whole minor units, and where NEXT more would go."""
    units = MICROS / unit
    today = np.array([max(round(one.today * units), 1) for one in spenders], dtype=np.int64)
    lowest, highest = today.copy(), today.copy()
    for place in np.flatnonzero(known).tolist():
        lowest[place], highest[place] = _bounds(spenders[place], int(today[place]), currency, unit)
    now = today[known] / units
    best = allocate(posterior, float(now.sum()), lowest[known] / units, highest[known] / units, current=now)
    proposed = today.copy()
    proposed[known] = lowest[known] + _whole(
        int(today[known].sum() - lowest[known].sum()), best.amounts * units - lowest[known]
    )
    more = NEXT / HORIZON
    grown = allocate(posterior, float(now.sum()) + more, now, now + more, current=now)
    next_part = np.zeros(len(today), dtype=np.int64)
    next_part[known] = _whole(round(NEXT * units), grown.amounts - now)
    return Split(today, lowest, highest, proposed, next_part)


def _bounds(spender: Spender, today: int, currency: str, unit: int) -> tuple[int, int]:
    """Return the least and the most that a campaign may get, in minor units; today always lies between them."""
    terms = PLATFORM_TERMS[spender.platform]
    step = STEP if terms.step_max_ratio is None else min(STEP, terms.step_max_ratio)
    least = -(-terms.budget_min_micros.get(currency, unit) // unit)
    low = max(least, int(np.ceil(today * (1 - step))))
    high = min(int(today * (1 + step)), int(spender.highest * MICROS / unit))
    return min(low, today), max(high, today)


def _whole(total: int, shares: Floats) -> Ints:
    """Return whole parts of a total in proportion to shares; where all shares are 0 there is nothing to give."""
    weights = np.maximum(shares, 0.0).tolist()
    if not total or not sum(weights):
        return np.zeros(len(weights), dtype=np.int64)
    return np.array(split_units(total, [int(weight * 1e9) for weight in weights]), dtype=np.int64)


def _next_returns(spenders: Sequence[Spender], grown: Floats, now: Floats, more: float) -> list[Forecast | None]:
    """Return what a unit of a little more money brings at each spender; None without a curve."""
    gains = iter(((grown - now) / more).T)
    return [None if one.why_not else estimate_mean(next(gains)) for one in spenders]


def _amount(draws: Floats) -> Forecast:
    """Return draws of major units as a forecast in micros."""
    return estimate_mean(draws * MICROS)


def _by_channel(lines: Sequence[BudgetLine]) -> list[BudgetLine]:
    """Return what the campaigns of each channel add up to."""
    found = []
    for channel in sorted({line.channel for line in lines}):
        mine = [line for line in lines if line.channel == channel]
        sums = {
            name: sum(getattr(line, name) for line in mine)
            for name in ("today_micros", "proposed_micros", "lowest_micros", "highest_micros", "next_micros")
        }
        subject = Subject(Level.CHANNEL, channel, mine[0].subject.currency)
        now, then = (Money(sums[name], subject.currency) for name in ("today_micros", "proposed_micros"))
        found.append(
            BudgetLine(
                subject=subject,
                channel=channel,
                title=channel,
                next_return=None,
                extrapolates=any(line.extrapolates for line in mine),
                sentence=f"{_verb(now.micros, then.micros)} {channel} {_from_to(now, then)}, over its campaigns.",
                **sums,
            )
        )
    return found


def _verb(now: int, then: int) -> str:
    if now == then:
        return "Leave"
    return "Raise" if then > now else "Lower"


def _from_to(now: Money, then: Money) -> str:
    return f"at {now} a day" if now == then else f"from {now} to {then} a day"


def _sentence(one: Spender, split: Split, place: int, unit: int, next_return: Forecast | None) -> str:
    """Return what to do about one campaign and why."""
    currency = one.subject.currency
    now, then = (Money(int(amounts[place]) * unit, currency) for amounts in (split.today, split.proposed))
    does = f"{_verb(now.micros, then.micros)} {one.title} {_from_to(now, then)}"
    if next_return is None:
        return f"{does}: {one.why_not}."
    held = split.proposed[place]
    stop = ""
    if then != now and held == split.highest[place]:
        stop = "; more would be a step too far, or more than it ever spent"
    elif then != now and held == split.lowest[place]:
        stop = "; less would be a step too far"
    return f"{does}: a little more money brings back {_returns(next_return)} there{stop}."


def _returns(brings: Forecast) -> str:
    said = f"about {brings.value:.2f} per unit (80%: {brings.low80:.2f} to {brings.high80:.2f})"
    return said if brings.value >= 1 else f"{said}, less than it costs,"


def _tell_next(lines: Sequence[BudgetLine], spenders: Sequence[Spender], currency: str) -> str:
    """Return where the next 1,000 goes, the largest parts first."""
    pairs = sorted(zip(lines, spenders, strict=True), key=lambda pair: -pair[0].next_micros)
    placed = [(line, one) for line, one in pairs if line.next_micros]
    parts = []
    for line, one in placed[:TOLD]:
        assert line.next_return is not None, "money goes only where a curve is known"
        told = f"{Money(line.next_micros, currency)} to {line.title}, which brings back {_returns(line.next_return)}"
        if (line.today_micros + line.next_micros / HORIZON) / MICROS > one.highest:
            told += " as far as can be said, for so much was never spent there"
        parts.append(told)
    rest = len(placed) - len(parts)
    others = f"; the rest to {rest} others" if rest else ""
    return f"The next {NEXT:,} {currency}, over {HORIZON} days: {'; '.join(parts)}{others}."
