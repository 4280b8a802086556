"""Diminishing returns: what money buys in an hour, and in a day.

In an hour the price of the next impression rises in proportion to what was already spent, so spend s buys
ln(1 + k s) / k worth of first-price impressions, k being one over the spend at which the price has doubled. The day
acts the same way through its pace, spend so far over the share of the day's traffic so far: a campaign that keeps its
daily rhythm sees one constant discount all day, whatever the hour. Both together are increasing and concave.
"""

from __future__ import annotations

import numpy as np

from adtempo.platforms.sandbox.draws import Floats, Ints


def saturated(spend: Floats, steepness: Floats | float) -> Floats:
    """Return ln(1 + k s) / k, which is s itself for k = 0."""
    times = np.asarray(steepness * spend, dtype=np.float64)
    return spend * np.divide(np.log1p(times), times, out=np.ones_like(times), where=times > 0)


def effective_spend(spend: Floats, traffic: Floats, day: Ints, steepness_hour: float, steepness_day: float) -> Floats:
    """Return what hourly spend is worth at first prices.

    Args:
        spend: Spend of consecutive hours, whole days from the first, any amount of money, shape (hours,).
        traffic: Share of its day's traffic that each hour has, shape (hours,).
        day: Day of each hour, rising from 0 without gaps, shape (hours,).
        steepness_hour: One over the daily spend (at an hour's pace) at which the price in an hour doubles.
        steepness_day: One over the daily pace at which the day's price doubles.

    Returns:
        Effective spend in the same money, at most the spend, shape (hours,).
    """
    first = np.searchsorted(day, day)
    spent, passed = np.cumsum(spend), np.cumsum(traffic)
    pace = (spent - spent[first] + spend[first]) / (passed - passed[first] + traffic[first])
    discount = np.divide(saturated(pace, steepness_day), pace, out=np.ones_like(pace), where=pace > 0)
    return saturated(spend * discount, steepness_hour / traffic)
