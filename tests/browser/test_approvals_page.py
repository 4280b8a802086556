"""Approvals and history in a real browser: changes approved, rejected and taken back, and everything halted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

import roads
from adtempo.changes.propose import propose_changes
from adtempo.workspace import open_workspace
from browsing import visit_as
from serving import NOW, add_people, listening


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Three raises of an armed account that all wait for a person."""
    strict = roads.policy(auto_approve_up_to_micros=0)
    with open_workspace(tmp_path_factory.mktemp("approvals") / "home", now=NOW) as workspace:
        roads.furnish(workspace, count=3)
        add_people(workspace)
        wishes = [roads.proposal(NOW, number, policy=strict, evidence={"roas": 3.5}) for number in (1, 2, 3)]
        propose_changes(workspace, wishes, actor="rule")
        with listening(workspace) as served:
            yield served


def test_changes_are_decided_taken_back_and_halted(page: Page, address: str) -> None:
    visit_as(page, "approver", address, "/approvals")
    main = page.locator("#main")
    expect(main).to_contain_text("3 changes wait for a person")
    main.get_by_text("Evidence").first.click()
    expect(main.locator("dl").first).to_contain_text("3.5")
    page.get_by_role("button", name="Approve change 1").click()
    expect(main).to_contain_text("2 changes wait for a person")
    page.get_by_label("Reason").first.fill("sale ends tomorrow")
    page.get_by_role("button", name="Reject change").first.click()
    expect(main).to_contain_text("1 change waits for a person")

    visit_as(page, "operator", address, "/history/1")
    expect(page.locator("h1")).to_have_text("Change 1 applied")
    page.get_by_role("button", name="Take this change back").click()
    expect(page.locator("tbody tr").first).to_contain_text("to take change 1 back")
    states = page.locator("tbody tr td .mark")
    expect(states).to_have_text(["applied", "rejected", "awaiting approval", "reverted"])

    page.get_by_role("button", name="Halt").click()
    expect(page.locator(".banner.halted")).to_contain_text("No change is sent. operator halted all changes")
    visit_as(page, "admin", address, "/history")
    page.get_by_role("button", name="Let changes go on").click()
    expect(page.locator(".banner.halted")).to_have_count(0)


def test_whoever_may_not_decide_is_shown_no_buttons(page: Page, address: str) -> None:
    visit_as(page, "viewer", address, "/approvals")
    expect(page.locator("#main")).to_contain_text("Your role may look, and not decide.")
    expect(page.locator("#main form")).to_have_count(0)
