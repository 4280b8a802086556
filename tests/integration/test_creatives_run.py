"""Creatives through the tracker, the routes and the commands, on simulated markets whose truth is known."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adtempo.accounts.run import add_account
from adtempo.cli.main import app
from adtempo.domain.errors import NotFound
from adtempo.platforms.sandbox.market import create_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.platforms.sandbox.spec import AdSpec
from adtempo.tracking.run import CampaignTracker
from adtempo.tracking.sync import FROM_SANDBOX, source_folder
from adtempo.workspace import Workspace, open_workspace
from conftest import NOW
from worlds import plain_campaign, world

HALVES_IN_TWO_WEEKS = 88_000
"""At 10,000 impressions a day: CTR falls to a quarter along 2^(-impressions / half-life)."""


def fill(workspace: Workspace, campaigns: int = 6) -> None:
    """Sync a market of campaigns with one tiring and one healthy creative, 16 days old."""
    ads = (AdSpec("tired", "tired", fatigue_impressions=HALVES_IN_TWO_WEEKS), AdSpec("fresh", "fresh"))
    budget = 206_000_000  # 10,000 impressions a day for each of two ads at 10 a thousand
    spec = world(
        *(plain_campaign(f"c{number}", ads=ads, ctr=0.03, budget_daily_micros=budget) for number in range(campaigns)),
        start=(NOW - timedelta(days=16)).date(),
        days=18,
    )
    reader = SandboxReader(create_market(source_folder(workspace, FROM_SANDBOX), spec))
    for account in reader.fetch_accounts():
        add_account(workspace, account, actor="ann")
    CampaignTracker(workspace).sync_all_active_campaigns(actor="ann")


def test_the_tracker_tells_tired_creatives_from_healthy_ones(workspace: Workspace) -> None:
    fill(workspace)
    tracker = CampaignTracker(workspace)
    found = tracker.get_creative_fatigue()
    assert len(found) == 12
    assert {one.creative.creative.creative_id for one in found if one.fatigued} == {"tired"}
    assert sum(one.fatigued for one in found) >= 5
    of_one = tracker.get_creative_fatigue("c1")
    assert [one.creative.creative.campaign.campaign_id for one in of_one] == ["c1", "c1"]
    assert of_one[0] == next(one for one in found if one.creative.creative == of_one[0].creative.creative)
    assert of_one[0].frequency is not None
    early = tracker.get_creative_fatigue(until=(NOW - timedelta(days=13)).date())
    assert {one.creative.last_day for one in early} == {(NOW - timedelta(days=13)).date()}
    assert sum(one.fatigued for one in early) < sum(one.fatigued for one in found)


def test_figures_and_rankings_of_creatives(workspace: Workspace) -> None:
    fill(workspace, 2)
    tracker = CampaignTracker(workspace)
    figures = tracker.aggregate_by_creative("c1")
    assert [one.creative.creative_id for one in figures] == ["fresh", "tired"]
    whole = tracker.load_metrics("c1").figures
    assert sum(one.figures.impressions or 0 for one in figures) == whole.impressions
    assert [one.creative.creative.creative_id for one in tracker.get_top_creatives("ctr", top=2)] == ["fresh", "fresh"]
    assert len(tracker.get_top_creatives("ctr", campaign_id="c1")) == 2
    with pytest.raises(NotFound):
        tracker.get_creative_fatigue("nosuch")


def test_a_home_without_accounts_has_no_creatives(workspace: Workspace) -> None:
    tracker = CampaignTracker(workspace)
    assert (tracker.get_creative_fatigue(), tracker.get_top_creatives(), tracker.aggregate_by_creative()) == (
        (),
        (),
        (),
    )


def test_the_commands_say_it_to_people_and_to_scripts(tmp_path: Path) -> None:
    with open_workspace(tmp_path, now=NOW) as workspace:
        fill(workspace, 2)

    def said(*words: str) -> str:
        result = CliRunner().invoke(app, ["--home", str(tmp_path), "--now", NOW.isoformat(), "creatives", *words])
        assert result.exit_code == 0, result.stderr
        return result.stdout or result.stderr

    assert "tired" in said("fatigue", "--campaign", "c0")
    body = json.loads(said("fatigue", "--json"))["creatives"][0]
    assert (body["creative_id"], body["fatigued"], body["currency"]) == ("tired", True, "EUR")
    assert body["recommendation"] in {"rotate", "stop"}
    assert float(body["loss_daily"]) > 0
    assert "fresh" in said("top", "--metric", "ctr")
    ranked = json.loads(said("top", "--metric", "cpc", "--top", "1", "--json"))["creatives"]
    assert [float(ranked[0][name]) > 0 for name in ("raw", "expected", "low95", "high95")] == [True] * 4
    assert "lower --min-impressions" in said("top", "--min-impressions", "99999999")
    assert "no facts" in said("fatigue", "--date", "2020-01-01")
