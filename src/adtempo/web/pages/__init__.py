"""One file per page; each holds a router and turns what a capability said into a template's words."""

from __future__ import annotations

from adtempo.web.pages import assets, overview, people

PAGES = (overview.router, people.router, assets.router)
"""The routers of every page."""
