"""A creator page's week in a real Chromium: planned by a click, on a desk and on a phone, from the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from adtempo.platforms.sandbox.pages import PageSpec
from adtempo.workspace import open_workspace
from browsing import visit_as
from page_files import import_simulated
from serving import NOW, add_people, listening

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def creators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a served home with one creator's page."""
    folder: Path = tmp_path_factory.mktemp("creators")
    with open_workspace(folder / "home", now=NOW) as workspace:
        import_simulated(workspace, folder, [PageSpec("ava", fans=1_500, ppv_weekly=6, wear=0.02)], now=NOW, weeks=10)
        add_people(workspace)
        with listening(workspace) as address:
            yield address


def test_a_week_is_planned_shown_and_withdrawn(page: Page, creators: str) -> None:
    visit_as(page, "operator", creators, "/messages")
    expect(page.get_by_role("heading", name="No week is planned")).to_be_visible()
    page.get_by_role("button", name="Plan", exact=True).click()
    expect(page.get_by_role("heading", name="Week from 09 March 2026")).to_be_visible()
    expect(page.locator(".calendar > section")).to_have_count(7)
    first = page.locator(".entry").first
    expect(page.locator(".tip")).to_be_attached()
    first.focus()
    expect(page.locator(".tip")).to_contain_text("Better than the page's typical caption")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    boxes = [section.bounding_box() for section in page.locator(".calendar > section").all()[:2]]
    assert boxes[0]
    assert boxes[1]
    assert boxes[1]["y"] > boxes[0]["y"], "on a phone one day stands below the other"
    page.get_by_role("button", name="Withdraw the week above").click()
    expect(page.locator(".mark.warning")).to_have_text("withdrawn")


def test_a_viewer_sees_weeks_and_plans_none(page: Page, creators: str) -> None:
    visit_as(page, "viewer", creators, "/messages?page=ava")
    expect(page.get_by_role("heading", name="What is known of ava")).to_be_visible()
    expect(page.get_by_role("button", name="Plan", exact=True)).to_have_count(0)
