"""The pages in a real Chromium: claim, sign in, charts, theme, sorting, a phone; not one complaint on the console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from adtempo.server import LINK_FILE, invite
from adtempo.workspace import open_workspace
from browsing import visit_as
from serving import PASSWORD, add_people, listening, open_market

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a served market that has people."""
    with open_market(tmp_path_factory.mktemp("browser")) as workspace:
        add_people(workspace)
        with listening(workspace) as address:
            yield address


def come_in(page: Page, address: str) -> None:
    visit_as(page, "admin", address, "/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_a_stranger_claims_signs_out_and_signs_in_again(page: Page, tmp_path: Path) -> None:
    with open_market(tmp_path) as workspace, listening(workspace) as address:
        invite(workspace, address)
        page.goto(address)
        expect(page.get_by_text("Open the one-time link")).to_be_visible()
        page.goto((workspace.home / LINK_FILE).read_text("utf-8").strip())
        expect(page.get_by_label("Your name")).to_be_visible()
        assert "#" not in page.url
        page.get_by_label("Your name").fill("Ann")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Claim and sign in").click()
        expect(page.get_by_text("ann · admin")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_label("name").first.fill("Ann")
        page.get_by_label("Password").fill(PASSWORD)
        page.locator("button.main").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        page.goto("about:blank")  # what the page still asks for must not find the server gone


def test_a_form_cannot_be_pressed_before_its_script_is_there(page: Page, market: str) -> None:
    held: list[Route] = []
    page.route("**/static/forms.js", lambda route, _request: held.append(route), times=1)
    with page.expect_request("**/static/forms.js"):
        visit_as(page, "viewer", market, "/", wait_until="commit")
    page.wait_for_timeout(300)
    assert page.locator("form").count() == 0
    held[0].continue_()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_where_the_script_never_comes_no_password_goes_into_the_address(browser: Browser, market: str) -> None:
    page = browser.new_page()
    page.route("**/static/forms.js", lambda route: route.abort())
    page.goto(f"{market}/sign-in")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    assert page.url == f"{market}/sign-in"
    page.close()


def test_the_overview_draws_its_charts_and_says_that_the_market_is_simulated(page: Page, market: str) -> None:
    come_in(page, market)
    expect(page.locator("[data-drawn] canvas")).to_have_count(2)
    expect(page.get_by_text("Simulated market.")).to_be_visible()
    expect(page.get_by_text("complete up to")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(6)


def test_a_number_explains_itself_to_mouse_and_keyboard(page: Page, market: str) -> None:
    come_in(page, market)
    explanation = page.get_by_text("what one unit of money brought back").first
    expect(explanation).to_be_hidden()
    page.locator(".tile").nth(2).hover()
    expect(explanation).to_be_visible()
    page.mouse.move(0, 0)
    expect(explanation).to_be_hidden()
    page.get_by_role("button", name="How ROAS is computed").focus()
    expect(explanation).to_be_visible()


def test_a_chart_reads_its_numbers_out(page: Page, market: str) -> None:
    come_in(page, market)
    chart = page.locator("[data-drawn] canvas").first
    expect(chart).to_be_visible()
    chart.hover(position={"x": 300, "y": 120})
    expect(page.locator("#vg-tooltip-element.visible")).to_contain_text("Value reported")


def test_the_theme_is_kept_and_charts_follow(page: Page, market: str) -> None:
    come_in(page, market)
    expect(page.locator("[data-drawn]")).to_have_count(2)
    with page.expect_response(lambda answer: "theme=dark" in answer.url):
        page.get_by_role("button", name="Light or dark").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(15, 18, 22)"


def test_no_return_of_a_period_that_is_still_arriving_stands_alone(page: Page, market: str) -> None:
    come_in(page, market)
    expect(page.locator(".tile").nth(2).locator(".expected")).to_contain_text("expected")


def test_campaigns_sort_and_filter(page: Page, market: str) -> None:
    come_in(page, market)
    page.get_by_role("link", name="Campaigns", exact=True).click()
    page.wait_for_url(re.compile("/campaigns"))  # and for its scripts: before them a heading sorts nothing
    rows = page.locator("tbody tr")
    everything = rows.count()
    page.get_by_role("button", name="ROAS", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("ROAS")
    values = [float(text) for text in page.locator("tbody tr td:nth-child(5)").all_text_contents()]
    assert values == sorted(values, reverse=True)
    page.get_by_role("searchbox", name="Filter campaigns").fill("retail")
    shown = page.locator("tbody tr:visible").count()
    assert 0 < shown < everything
    expect(page.locator("#campaign-count")).to_have_text(f"{shown} of {everything}")


def test_the_selectors_are_plain_addresses(page: Page, market: str) -> None:
    come_in(page, market)
    page.get_by_label("Period").select_option("7")
    expect(page).to_have_url(re.compile("days=7"))
    page.get_by_role("navigation", name="One total per currency").get_by_text("JPY").click()
    expect(page).to_have_url(re.compile("currency=JPY"))
    expect(page.locator(".tile .value").first).to_contain_text("JPY")


def test_a_phone_shows_everything_without_scrolling_sideways(page: Page, market: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    come_in(page, market)
    expect(page.locator("[data-drawn]")).to_have_count(2)
    assert page.locator("html").evaluate("html => html.scrollWidth") <= 390


def test_an_empty_installation_says_what_to_do(page: Page, tmp_path: Path) -> None:
    with open_workspace(tmp_path / "home") as workspace:
        add_people(workspace)
        with listening(workspace) as address:
            come_in(page, address)
            expect(page.get_by_text("No accounts yet")).to_be_visible()
            expect(page.get_by_text("adtempo import facts")).to_be_visible()
