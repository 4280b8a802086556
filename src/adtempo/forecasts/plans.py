"""Spend plans: days before a daily budget was changed count as they would have been at today's budget. Pure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from adtempo.forecasts.estimate import WEEK, CampaignPanel
from adtempo.stats.elasticity import STEEPNESS, fit_group, grown

Floats = NDArray[np.float64]

SPENT = 0.85
"""A campaign that spends as much of its budget is held by it, and follows it upwards."""

SHARED = 1.5
"""A budget that is spent beyond so far is none: it is shared, or of a lifetime."""


def at_todays_budgets(panel: CampaignPanel) -> CampaignPanel:
    """Return the past as it would have been had every daily budget always been what it is now.

    Spend follows a budget that held it; one that was not spent holds it only from above. What spend bought follows it
    with the diminishing returns that campaigns of the account showed from day to day.

    Args:
        panel: All campaigns of the currency.
    """
    times = _times_spend(panel)
    changed = np.flatnonzero((times != 1).any(axis=1))
    if not len(changed):
        return panel
    bought = np.ones_like(times)
    for account in {panel.accounts[place] for place in changed.tolist()}:
        members = [place for place, name in enumerate(panel.accounts) if name == account]
        weeks = panel.series["spend"].shape[1] // WEEK
        days = [
            [panel.series[name][place, -weeks * WEEK :].reshape(weeks, WEEK) for name in ("spend", "clicks")]
            for place in members
        ]
        for place, weights in zip(members, fit_group([(spend, clicks) for spend, clicks in days]), strict=True):
            bought[place] = grown(times[place][:, None], STEEPNESS) @ weights
    series = {name: line * (times if name == "spend" else bought) for name, line in panel.series.items()}
    return replace(panel, series=series, replanned=(times[:, -WEEK:] != 1).any(axis=1))


def _times_spend(panel: CampaignPanel) -> Floats:
    """Return how many times its spend each day would have had at today's budget, shape (campaigns, days)."""
    spend, budgets, today = panel.series["spend"], panel.budgets[:, :-1], panel.budgets[:, -1]
    times = np.ones_like(spend)
    for place in np.flatnonzero((budgets != today[:, None]).any(axis=1) & np.isfinite(today)).tolist():
        now = float(today[place])
        for before in set(budgets[place].tolist()) - {now, np.inf, 0.0}:
            days = (budgets[place] == before) & (spend[place] > 0)
            used = float(spend[place, days].mean()) / before if days.any() else 0.0
            if SPENT <= used <= SHARED:
                times[place, days] = now / before
            elif used < SPENT:
                times[place, days] = min(1.0, now / (used * before)) if used else 1.0
    return times
