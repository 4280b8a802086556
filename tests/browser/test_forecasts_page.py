"""The page of forecasts in a real Chromium: four charts, their numbers, by keyboard and on a phone; no complaint."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from adtempo.forecasts.run import Forecaster
from adtempo.workspace import open_workspace
from browsing import visit_as
from forecasts_said import say_reach_series, say_recommendation, say_roi_forecasts, say_roi_series
from serving import NOW, add_people, listening

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        pytest.MonkeyPatch.context() as patched,
        open_workspace(tmp_path_factory.mktemp("forecasts") / "home", now=NOW) as workspace,
    ):
        patched.setattr(Forecaster, "roi_forecast", lambda _self, **_asked: say_roi_forecasts())
        patched.setattr(Forecaster, "roi_timeseries", lambda _self, **_asked: [say_roi_series()])
        patched.setattr(Forecaster, "reach_ctr", lambda _self, **_asked: [say_reach_series()])
        patched.setattr(Forecaster, "budget_recommendation", lambda _self: [say_recommendation()])
        add_people(workspace)
        with listening(workspace) as served:
            yield served


def test_four_charts_are_drawn_and_their_numbers_opened_by_keyboard(page: Page, address: str) -> None:
    visit_as(page, "operator", address, "/forecasts")
    expect(page.locator("[data-drawn] canvas")).to_have_count(4)
    expect(page.get_by_role("button", name="Forecast now")).to_be_visible()
    numbers = page.locator("summary").last
    numbers.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Google campaign 0: from 100 to 120 EUR a day.")).to_be_visible()


@pytest.mark.parametrize("width", [320, 768])
def test_what_is_narrow_and_dark_never_scrolls_sideways(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    page.emulate_media(color_scheme="dark")
    visit_as(page, "viewer", address, "/forecasts")
    expect(page.locator("[data-drawn] canvas")).to_have_count(4)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.locator("html").evaluate("node => node.scrollWidth") <= width
