"""How much a page earns: its tier, which it does not leave for a bad week at a boundary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from adtempo.domain.messages import Classification, Instants, Ints, MessageHistory, Tier
from adtempo.domain.money import MICROS, format_micros

LOWER_BOUNDS = {
    Tier.MICRO: 0,
    Tier.SMALL: 5_000,
    Tier.MEDIUM: 25_000,
    Tier.LARGE: 100_000,
    Tier.MEGA: 500_000,
}
"""Least revenue of a month, inclusive, in major units."""

WINDOW = timedelta(days=28)
MONTH_DAYS = 30

STAY_PERCENT = 90
"""A page enters a tier at its lower bound, and leaves it only below so much of it."""

STEP = timedelta(days=7)
STEPS = 26
"""So many weeks back the path through the tiers is followed; it is a function of the history, kept nowhere."""


def classify_page(history: MessageHistory, now: datetime) -> Classification:
    """Return a page's tier by the revenue of the trailing 28 days, scaled to a month of 30.

    The tier is followed week by week through the history, so that the same history always gives the same tier.
    """
    sent, revenue = history.sent_at, history.revenue_micros
    at = np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "us")
    moments = [at - np.timedelta64(step * STEP) for step in range(STEPS, 0, -1)]
    told = [moment for moment in moments if len(sent) and moment - np.timedelta64(WINDOW) >= sent[0]]
    tier: Tier | None = None
    for moment in told:
        tier = next_tier(tier, _monthly(_earned(sent, revenue, moment)))
    earned = _earned(sent, revenue, at)
    plain, tier = tier_of(_monthly(earned)), next_tier(tier, _monthly(earned))
    held = "" if tier is plain else f"; kept, because it is not below {STAY_PERCENT}% of the tier's bound"
    return Classification(
        tier=tier,
        revenue_28_days_micros=earned,
        revenue_monthly_micros=_monthly(earned),
        evidence=f"{format_micros(earned, 2)} in 28 days is {format_micros(_monthly(earned), 2)} a month{held}",
    )


def tier_of(revenue_monthly_micros: int) -> Tier:
    """Return the tier of a month's revenue.

    >>> tier_of(4_999_990_000), tier_of(5_000_000_000)
    (<Tier.MICRO: 'MICRO'>, <Tier.SMALL: 'SMALL'>)
    """
    return [tier for tier, bound in LOWER_BOUNDS.items() if revenue_monthly_micros >= bound * MICROS][-1]


def next_tier(before: Tier | None, revenue_monthly_micros: int) -> Tier:
    """Return the tier of a page that was in another tier before (None: in none)."""
    tier = tier_of(revenue_monthly_micros)
    if before is None or LOWER_BOUNDS[tier] >= LOWER_BOUNDS[before]:
        return tier
    kept = [one for one, bound in LOWER_BOUNDS.items() if 100 * revenue_monthly_micros >= STAY_PERCENT * bound * MICROS]
    return min(before, kept[-1], key=LOWER_BOUNDS.__getitem__)


def _earned(sent: Instants, revenue: Ints, until: np.datetime64) -> int:
    first, last = np.searchsorted(sent, [until - np.timedelta64(WINDOW), until], side="right")
    return int(revenue[first:last].sum())


def _monthly(revenue_micros: int) -> int:
    return revenue_micros * MONTH_DAYS // WINDOW.days
