"""The page of budgets in a real browser: what the rules said, and a rule written, changed and taken away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from adtempo.budgets.run import BudgetAutoScaler
from browsing import visit_as
from serving import add_people, listening, open_market


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with open_market(tmp_path_factory.mktemp("budgets")) as workspace:
        add_people(workspace)
        BudgetAutoScaler(workspace).run(actor="test")
        with listening(workspace) as served:
            yield served


def test_the_page_says_what_the_rules_asked_for_and_why(page: Page, address: str) -> None:
    visit_as(page, "viewer", address, "/budgets")
    expect(page.locator("#main")).to_contain_text("The rules looked at 36 campaigns")
    expect(page.locator("table").first.locator("tbody tr")).to_have_count(36)
    expect(page.locator("#main")).to_contain_text("pause when ROAS is below 1.0x")
    expect(page.locator("#main")).to_contain_text("Highest spend in 24 hours")
    expect(page.get_by_text("Write a rule")).to_have_count(0)


def test_a_rule_is_written_changed_and_taken_away(page: Page, address: str) -> None:
    visit_as(page, "operator", address, "/budgets")
    page.get_by_text("Write a rule", exact=True).click()
    form = page.locator("form[data-send=POST]").nth(-2)
    form.locator("[name=rule_name]").fill("Careful")
    form.locator("[name=roas_pause]").fill("0.8")
    form.get_by_role("button", name="Store the rule").click()
    expect(page.locator(".rule h3").first).to_contain_text("Careful rule 1, version 1")
    page.get_by_text("Change", exact=True).click()
    page.locator("form[data-send=PUT] [name=confidence]").fill("0.95")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator(".rule").first).to_contain_text("when at least 95% sure")
    expect(page.locator(".rule h3").first).to_contain_text("version 2")
    page.get_by_text("Change", exact=True).click()
    page.get_by_role("button", name="Take away").click()
    expect(page.locator(".rule h3").first).to_contain_text("Shipped default")


def test_a_rule_of_ones_own_conditions_is_written_and_changed(page: Page, address: str) -> None:
    visit_as(page, "operator", address, "/budgets")
    page.get_by_text("Write a rule of your own conditions").click()
    form = page.locator("form[data-send=POST]").last
    form.locator("[name=rule_name]").fill("Leads")
    form.locator("[name=rows]").fill("pause when cpa > 40\nscale_up 1.2 when roas > 3")
    form.locator("[name=quiet_hours]").fill("22, 23")
    form.get_by_role("button", name="Store the rule").click()
    rule = page.locator(".rule").first
    expect(rule).to_contain_text("pause when CPA is above 40.00; scale up 20% when ROAS is above 3.0x;")
    expect(rule).to_contain_text("nothing changes in the hours 22, 23")
    page.get_by_text("Change", exact=True).click()
    rows = page.locator("form[data-send=PUT] [name=rows]")
    expect(rows).to_have_value("pause when cpa > 40.00\nscale_up 1.2 when roas > 3")
    page.get_by_role("button", name="Take away").click()
    expect(page.locator(".rule h3").first).to_contain_text("Shipped default")


def test_the_page_fits_a_phone(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    visit_as(page, "viewer", address, "/budgets")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
