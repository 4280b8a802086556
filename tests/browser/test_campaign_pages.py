"""Campaign, alerts and predictions pages in a real Chromium; not one complaint on the console."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from adtempo.accounts.run import change_campaign, load_campaigns
from adtempo.alerts.open import update_alerts
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.alerts import Finding, Severity
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.claims import Claim
from adtempo.predictions.compare import compare_predictions
from adtempo.predictions.record import record_prediction
from adtempo.store.engine import transaction
from adtempo.web.pages.wording import campaign_address
from adtempo.workspace import Workspace, open_workspace
from browsing import visit_as
from serving import NOW, add_people, listening, open_market

pytestmark = pytest.mark.browser

REFS: list[CampaignRef] = []


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a served market with alerts, a target, and predictions of which one came due."""
    with open_market(tmp_path_factory.mktemp("pages")) as workspace:
        add_people(workspace)
        REFS.extend(campaign.ref for campaign, _ in load_campaigns(workspace))
        trouble(workspace, REFS[0])
        claim(workspace, REFS[0])
        with listening(workspace) as address:
            yield address


def trouble(workspace: Workspace, ref: CampaignRef) -> None:
    change_campaign(workspace, str(ref), actor="test", target_roas=2.0, planned_budget_micros=1_000_000_000)
    findings = [
        Finding(
            "spend_anomaly", Severity.CRITICAL, "Spend is three times its usual", campaign=ref, metric_name="spend"
        ),
        Finding("data_late", Severity.WARNING, "Facts are late", account=ref.account),
    ]
    with transaction(workspace.engine) as connection:
        update_alerts(connection, findings, alert_types=[], accounts=None, now=NOW - timedelta(hours=2))


def claim(workspace: Workspace, ref: CampaignRef) -> None:
    for name, ago in (("due", 40), ("early", -3)):
        day = NOW.date() - timedelta(days=ago)
        with open_workspace(workspace.home, now=min(NOW, NOW - timedelta(days=ago + 1))) as then:
            spoken = Claim(
                name,
                campaign=str(ref),
                metric="roas",
                since=day,
                until=day,
                value=3.0,
                model="nightly",
                interval={"low80": 1.0, "high80": 9.0},
            )
            record_prediction(then, spoken, actor="test")
    assert len(compare_predictions(workspace, actuals_of(workspace)).compared) == 1


def test_a_campaign_page_shows_all_that_is_known(page: Page, market: str) -> None:
    visit_as(page, "admin", market, campaign_address(REFS[0]))
    expect(page.locator(".tile")).to_have_count(6)
    expect(page.locator("[data-drawn] canvas")).to_have_count(2)
    expect(page.get_by_text("Spend is three times its usual")).to_be_visible()
    expect(page.locator("dl.goals")).to_contain_text("Target ROAS")
    days = page.get_by_role("region", name="Recent days").locator("tbody tr")
    expect(days).to_have_count(14)
    expect(days.first).to_contain_text("%")
    expect(page.get_by_role("region", name="Creatives").locator("tbody tr").first).to_be_visible()
    expect(page.get_by_role("region", name="Predictions")).to_contain_text("waits until its window is mature")
    expect(page.get_by_role("region", name="Budget and status")).to_contain_text("Daily budget")


def test_a_heading_explains_itself_to_the_keyboard_and_a_cell_to_the_pointer(page: Page, market: str) -> None:
    visit_as(page, "viewer", market, campaign_address(REFS[0]))
    tip = page.locator("#tip")
    expect(tip).to_be_hidden()
    page.get_by_role("button", name="Maturity").focus()
    expect(tip).to_contain_text("expected final value")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.get_by_role("region", name="Recent days").locator("tbody td").last.hover()
    expect(tip).to_contain_text("80%")


def test_a_campaign_that_is_not_there_is_said_to_be_missing(browser: Browser, market: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    visit_as(page, "viewer", market, "/campaigns/meta/nobody/nothing")
    expect(page.get_by_text("There is no campaign meta:nobody:nothing")).to_be_visible()
    context.close()


def test_an_operator_acknowledges_an_alert_and_a_viewer_cannot(page: Page, market: str) -> None:
    visit_as(page, "operator", market, "/alerts")
    lines = page.locator("ul.alerts li")
    expect(lines.first).to_contain_text("Spend is three times its usual")
    lines.first.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("operator knows")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(1)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    visit_as(page, "viewer", market, "/alerts")
    expect(page.get_by_text("Facts are late")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_the_overview_leads_to_what_needs_attention(page: Page, market: str) -> None:
    visit_as(page, "viewer", market, "/")
    strip = page.get_by_role("region", name="Needs attention")
    expect(strip).to_contain_text("Facts are late")
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("region", name="Recent days")).to_be_visible()


def test_the_predictions_page_scores_our_claims(page: Page, market: str) -> None:
    visit_as(page, "viewer", market, "/predictions")
    expect(page.locator(".tile")).to_have_count(6)
    expect(page.locator("[data-drawn] canvas")).to_have_count(1)
    expect(page.get_by_role("region", name="Scorecard")).to_contain_text("nightly")
    for name in ("Came due", "Waiting for their window"):
        expect(page.get_by_role("region", name=name).locator("tbody tr")).to_have_count(1)


@pytest.mark.parametrize("path", ["/campaigns", "/alerts", "/predictions", "campaign"])
def test_a_phone_never_scrolls_sideways(page: Page, market: str, path: str) -> None:
    page.set_viewport_size({"width": 380, "height": 844})
    visit_as(page, "approver", market, campaign_address(REFS[0]) if path == "campaign" else path)
    assert page.locator("html").evaluate("html => html.scrollWidth") <= 380


def test_the_list_of_campaigns_shows_what_is_wanted_of_them(page: Page, market: str) -> None:
    visit_as(page, "viewer", market, "/campaigns?currency=USD")
    table = page.locator("table[data-sortable]")
    for name in ("Expected ROAS", "Target", "Status", "Daily budget, USD", "Against plan"):
        expect(table.get_by_role("columnheader", name=name, exact=True)).to_be_visible()
    with_goals = table.locator(f'tr:has(th[title="{REFS[0].campaign_id}"])')
    expect(with_goals).to_contain_text("2.00")
    expect(with_goals).to_contain_text("% over")
