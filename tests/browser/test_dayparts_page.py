"""The page of dayparts in a real Chromium: heatmap, schedule to try out and keep, files; not one complaint."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.workspace import open_workspace
from browsing import visit_as
from hourly_files import write_hours
from serving import NOW, add_people, listening

pytestmark = pytest.mark.browser

EVENING = f"/dayparts?campaign={quote('google:g1:evening')}"
FLAT = f"/dayparts?campaign={quote('google:g1:flat')}"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("dayparts")
    with open_workspace(folder / "home", now=NOW) as workspace:
        add_people(workspace)
        import_facts(workspace.ledger, write_hours(folder / "hours.csv"), ImportOptions(), actor="test", now=NOW)
        with listening(workspace) as served:
            yield served


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with open_workspace(tmp_path_factory.mktemp("empty") / "home", now=NOW) as workspace:
        add_people(workspace)
        with listening(workspace) as served:
            yield served


def test_the_evening_is_shown_tried_out_kept_and_taken_away(page: Page, address: str) -> None:
    visit_as(page, "operator", address, EVENING)
    expect(page.locator(".lead")).to_contain_text("Spend more than now at 18:00-22:00 every day")
    expect(page.locator("[data-drawn] canvas")).to_have_count(3)
    expect(page.locator(".mark.peak")).to_have_count(4)
    page.get_by_label("Strategy").select_option("aggressive")
    page.wait_for_url("**strategy=aggressive**")
    budget = page.get_by_label("Budget a day")
    budget.fill("1000")
    budget.press("Enter")
    page.wait_for_url("**budget=1000**")
    expect(page.locator("dl.promise")).to_contain_text("Against even hours")
    page.get_by_role("button", name="Keep this schedule").click()
    row = page.get_by_role("region", name="Kept schedules").locator("tbody tr").first
    expect(row).to_contain_text("1000.00 EUR")
    with page.expect_download() as download:
        row.get_by_role("link", name="google").click()
    assert "bid_modifier" in download.value.path().read_text()
    expect(row).to_contain_text("meta -100%")  # nothing is switched off, so Meta would run as ever


def test_a_campaign_without_a_pattern_is_left_alone(page: Page, address: str) -> None:
    visit_as(page, "viewer", address, FLAT)
    expect(page.locator(".lead")).to_contain_text("Nothing to do")
    expect(page.locator(".verdict")).to_contain_text("No usable pattern")
    expect(page.get_by_text("flat: there is no pattern to use")).to_be_visible()
    expect(page.get_by_role("button", name="Keep this schedule")).to_have_count(0)


def test_a_budget_that_cannot_be_spent_by_the_hour_is_refused_in_words(page: Page, address: str) -> None:
    visit_as(page, "operator", address, f"{FLAT}&budget=0.10")
    expect(page.get_by_role("alert").first).to_contain_text("at least 0.24 EUR")


def test_a_home_without_campaigns_says_how_to_begin(page: Page, empty: str) -> None:
    visit_as(page, "viewer", empty, "/dayparts")
    expect(page.get_by_text("No campaign is known yet")).to_be_visible()


def test_a_phone_never_scrolls_sideways(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit_as(page, "operator", address, EVENING)
    expect(page.locator("[data-drawn] canvas")).to_have_count(3)
    assert page.locator("html").evaluate("html => html.scrollWidth") <= 390
