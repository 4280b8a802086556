"""The analysis of a page: eight sections, each with how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from scipy.special import chdtrc, gammaincinv, ndtri

from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY, HOURS_PER_WEEK
from adtempo.domain.messages import (
    CaptionBank,
    CaptionPosteriors,
    CaptionResult,
    CaptionReview,
    Classification,
    Floats,
    Ints,
    Level,
    MessageHistory,
    PageAnalysis,
    Pattern,
)
from adtempo.messages.captions import estimate_captions, performance_scores
from adtempo.messages.response import PageResponse, ages_days, cell_rows, estimate_response, tier_values
from adtempo.messages.saturation import estimate_saturation
from adtempo.messages.segments import segment_of

CHANCE_MAX = 0.01
"""A pattern is called one if chance alone would show as much less often; so of flat pages one in 25 shows any."""

RARE = 0.001
"""Rarer than this is said to be almost never."""

TREND_DAYS = 28
LISTED = 5
"""How many captions each list names."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"{day[:3]} {hour:02}:00" for day in WEEKDAYS for hour in range(HOURS_PER_DAY))

_Z95 = float(ndtri(0.975))
_TAIL = 0.025
_TOO_FEW = "too few paid messages to tell"


def estimate_page(
    history: MessageHistory, bank: CaptionBank, classification: Classification, now: datetime
) -> PageAnalysis:
    """Say what a page's history tells.

    Args:
        history: What the page sent, as known now.
    """
    response = estimate_response(history, now)
    return estimate_sections(response, estimate_captions(response, history, bank, now), history, classification, now)


def estimate_sections(
    response: PageResponse | None,
    posteriors: CaptionPosteriors,
    history: MessageHistory,
    classification: Classification,
    now: datetime,
) -> PageAnalysis:
    """Do the work of `estimate_page` with what was estimated before.

    Args:
        response: How the page's audience buys; None with too few paid messages.
        posteriors: What is believed of the captions.
        history: What the page sent, as known now.
    """
    return PageAnalysis(
        page_name=history.page_name,
        classification=classification,
        saturation=estimate_saturation(response, int(history.paid.sum())),
        segment=segment_of(response),
        hours=_hours(response),
        weekdays=_weekdays(response),
        price_tiers=_price_tiers(response),
        categories=_categories(response),
        captions=_captions(response, posteriors, now),
    )


def _hours(response: PageResponse | None) -> Pattern:
    if response is None:
        return _nothing(HOURS)
    every = cell_rows(np.arange(HOURS_PER_WEEK))
    mean, covariance = response.fit.combine(_against_average(every, cell_rows(response.hours_local)))
    chance = response.fit.chance("hour", "weekday", "daypart")
    return _pattern(response, HOURS, response.hours_local, (mean, np.diag(covariance)), chance)


def _weekdays(response: PageResponse | None) -> Pattern:
    if response is None:
        return _nothing(WEEKDAYS)
    day = response.hours_local // HOURS_PER_DAY
    sent = response.fit.part("weekday").design
    rows = _against_average({"weekday": np.eye(DAYS_PER_WEEK)}, {"weekday": sent})
    mean, covariance = response.fit.combine(rows)
    return _pattern(response, WEEKDAYS, day, (mean, np.diag(covariance)), response.fit.chance("weekday"))


def _categories(response: PageResponse | None) -> Pattern:
    if response is None:
        return _nothing(())
    sent = response.fit.part("category").design
    rows = _against_average({"category": np.eye(len(response.categories))}, {"category": sent})
    mean, covariance = response.fit.combine(rows)
    chance = response.fit.chance("category") if len(response.categories) > 1 else None
    return _pattern(response, response.categories, sent.argmax(axis=1), (mean, np.diag(covariance)), chance)


def _price_tiers(response: PageResponse | None) -> Pattern:
    if response is None:
        return _nothing(())
    values = tier_values(response)
    share = np.array(values.messages) / sum(values.messages)
    apart = np.eye(len(share)) - share
    mean, covariance = apart @ values.log_value, apart @ values.covariance @ apart.T
    chance = None
    if len(share) > 1:
        # One comparison is what the others leave, so the last is left out.
        size = len(share) - 1
        odds = mean[:size] @ np.linalg.solve(covariance[:size, :size], mean[:size])
        chance = float(chdtrc(size, odds))
    label_of = (response.judged.price_tier[:, None] == np.array(values.tiers, dtype=object)).argmax(axis=1)
    return _pattern(response, values.tiers, label_of, (mean, np.diag(covariance)), chance)


def _against_average(rows: dict[str, Floats], sent: dict[str, Floats]) -> dict[str, Floats]:
    return {name: row - sent[name].mean(axis=0) for name, row in rows.items()}


def _pattern(
    response: PageResponse, labels: Sequence[str], label_of: Ints, effect: tuple[Floats, Floats], chance: float | None
) -> Pattern:
    """Put what was learnt beside what was measured.

    Args:
        label_of: Level of each judged message, shape (messages,).
        effect: Expected logarithm of each level's factor and its variance, shape (levels,) each.
        chance: How likely as much is by chance; None where nothing can be compared.
    """
    judged = response.judged
    counts, recipients, revenue = (
        np.bincount(label_of, amount, minlength=len(labels))
        for amount in (np.ones(len(judged)), judged.recipients, judged.revenue_micros)
    )
    found = chance is not None and chance < CHANCE_MAX
    levels = []
    for at, label in enumerate(labels):
        mean, reach = float(effect[0][at]), _Z95 * float(effect[1][at]) ** 0.5
        factor = float(np.exp(mean)) if found else 1.0
        low, high = float(np.exp(mean - reach)), float(np.exp(mean + reach))
        value = float(revenue[at] / recipients[at]) if recipients[at] > 0 else None
        levels.append(Level(label, int(counts[at]), value, factor, min(low, factor), max(high, factor)))
    return Pattern(tuple(levels), found, chance, _words(levels, chance))


def _words(levels: Sequence[Level], chance: float | None) -> str:
    if chance is None:
        return "only one kind was sent, so nothing can be compared"
    if chance >= CHANCE_MAX:
        return f"no pattern: chance alone shows as much {_how_often(chance)}"
    sent = [level for level in levels if level.messages]
    best, worst = max(sent, key=lambda level: level.factor), min(sent, key=lambda level: level.factor)
    return (
        f"{best.label} brings {best.factor:.2f} times the average, {worst.label} {worst.factor:.2f} times, all else "
        f"being equal; chance alone shows as much {_how_often(chance)}"
    )


def _how_often(chance: float) -> str:
    return f"{chance:.1%} of the time" if chance >= RARE else "almost never (less than once in 1,000 times)"


def _nothing(labels: Sequence[str]) -> Pattern:
    levels = tuple(Level(label, 0, None, 1.0, None, None) for label in labels)
    return Pattern(levels, found=False, p_value=None, evidence=_TOO_FEW)


def _captions(response: PageResponse | None, posteriors: CaptionPosteriors, now: datetime) -> CaptionReview:
    if response is None:
        return CaptionReview((), (), 0, None, None, None, _TOO_FEW)
    sent = dict(zip(*np.unique(response.judged.caption_id.astype(str), return_counts=True), strict=True))
    at = np.flatnonzero([caption in sent for caption in posteriors.caption_id.tolist()])
    order = at[np.argsort(-posteriors.expected_micros[at], kind="stable")]
    best = order[: min(LISTED, (len(order) + 1) // 2)]
    weakest = order[::-1][: min(LISTED, len(order) // 2)]

    def end(n: int, tail: float) -> float:
        return float(gammaincinv(posteriors.shape[n], tail) / posteriors.recipients[n] * posteriors.price_micros[n])

    def listed(positions: Ints) -> tuple[CaptionResult, ...]:
        return tuple(
            CaptionResult(
                caption_id=str(posteriors.caption_id[n]),
                messages=int(sent[posteriors.caption_id[n]]),
                expected_micros=float(posteriors.expected_micros[n]),
                low95=end(n, _TAIL),
                high95=end(n, 1 - _TAIL),
                performance_score=float(score),
            )
            for n, score in zip(positions.tolist(), performance_scores(posteriors, positions), strict=True)
        )

    trend, evidence = _trend(response, now)
    return CaptionReview(listed(best), listed(weakest), len(sent), *trend, evidence)


def _trend(response: PageResponse, now: datetime) -> tuple[tuple[float | None, float | None, float | None], str]:
    """Compare the season of the latest judged message with that of the one about four weeks before it."""
    ages = ages_days(response.judged, now)
    if ages[0] - ages[-1] < TREND_DAYS:
        return (None, None, None), f"less than {TREND_DAYS} days of judged messages: no trend can be told"
    before = int(np.abs(ages - ages[-1] - TREND_DAYS).argmin())
    season = response.fit.part("season").design
    mean, covariance = response.fit.combine({"season": season[-1:] - season[before : before + 1]})
    reach = _Z95 * float(covariance[0, 0]) ** 0.5
    change, low, high = (float(np.expm1(mean[0] + side * reach)) for side in (0, -1, 1))
    words = "no clear trend" if low <= 0 <= high else ("rising" if change > 0 else "falling")
    return (change, low, high), (
        f"{words}: value per recipient changed by {change:+.0%} in {TREND_DAYS} days (95%: {low:+.0%} to {high:+.0%}), "
        "all else being equal"
    )
