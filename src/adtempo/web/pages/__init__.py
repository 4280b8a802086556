"""One file per page; each holds a router and turns what a capability said into a template's words."""

from __future__ import annotations

from adtempo.web.pages import (
    alerts,
    assets,
    budgets,
    campaigns,
    changes,
    charting,
    dayparts,
    forecasts,
    messages,
    overview,
    people,
    predictions,
    replay,
)

PAGES = tuple(
    page.router
    for page in (
        overview,
        campaigns,
        alerts,
        changes,
        budgets,
        replay,
        dayparts,
        messages,
        forecasts,
        predictions,
        charting,
        people,
        assets,
    )
)
"""The routers of every page."""
