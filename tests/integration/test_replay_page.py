"""The page of a replay, and its chart."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from adtempo.charts.picture import picture_svg
from adtempo.charts.replay import NOTHING_DIFFERS, ReplayFigures, draw_replay
from adtempo.charts.theme import finish_chart
from adtempo.domain.roles import Role
from serving import add_people, open_market, visit


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_difference_is_drawn_with_its_band(theme: str) -> None:
    days = np.array([1.0, 3.0, 2.0])
    figures = ReplayFigures(date(2026, 2, 1), days, days - 1, days + 1, "USD")
    assert "USD more than by doing nothing" in picture_svg(finish_chart(draw_replay(figures), theme, 640, 200))


def test_where_nothing_differs_the_chart_says_so() -> None:
    nothing = np.zeros(3)
    figures = ReplayFigures(date(2026, 2, 1), nothing, nothing, nothing, "USD")
    assert NOTHING_DIFFERS in picture_svg(finish_chart(draw_replay(figures), "light", 640, 200))


def test_the_page_and_the_route_tell_the_same_replay(tmp_path: Path) -> None:
    """The market was looked at a month ago and now, so that little was known of the days between."""
    with open_market(tmp_path) as market:
        add_people(market)
        admin = visit(market, Role.ADMIN)
        days = {"since": "2026-03-02", "until": "2026-03-02"}
        told = admin.post("/api/auto-scaler/replay", json=days).json()
        page = admin.get("/budgets/replay", params=days)
        assert page.status_code == 200
        assert told["sentences"][0].replace("'", "&#39;") in page.text
        chart = admin.get("/budgets/replay/net.svg", params=days | {"currency": "EUR"})
        assert chart.headers["content-type"] == "image/svg+xml"
        assert admin.get("/budgets/replay/net.svg", params=days | {"currency": "SEK"}).status_code == 422
        assert admin.get("/budgets/replay", params={"since": "2025-01-01", "until": "2026-03-02"}).status_code == 422
