"""The tracker on a small simulated market whose own answers are the yardstick."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from adtempo import to_pandas, to_polars
from adtempo.accounts.run import add_account
from adtempo.cli.main import app
from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.platforms.sandbox.market import create_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.tracking.report import metrics_body, report_body
from adtempo.tracking.run import CampaignTracker
from adtempo.tracking.sync import FROM_SANDBOX, source_folder
from adtempo.workspace import Workspace, open_workspace
from worlds import plain_campaign, world

DAY = date(2026, 3, 3)


@pytest.fixture
def reader(workspace: Workspace) -> SandboxReader:
    """A market of two campaigns that began on 20 February, its account known, nothing read yet."""
    spec = world(plain_campaign("c1"), plain_campaign("c2"), start=date(2026, 2, 20), days=20)
    market = create_market(source_folder(workspace, FROM_SANDBOX), spec)
    reader = SandboxReader(market)
    for account in reader.fetch_accounts():
        add_account(workspace, account, actor="ann")
    return reader


def look(workspace: Workspace, age: timedelta = timedelta(0)) -> None:
    """Read the market as it was some time ago."""
    earlier = replace(workspace, pretended_now=workspace.now() - age)
    (batch,) = CampaignTracker(earlier).sync_all_active_campaigns(actor="ann")
    assert batch.posted > 0


def shown(reader: SandboxReader, campaign: str, quantity: str, day: date, now: datetime) -> int:
    """Return what the market itself shows for a campaign's day."""
    (account,) = reader.fetch_accounts()
    table = reader.fetch_observation(account, day, day, now).facts.to_pandas()
    of_campaign = (table.campaign_id == campaign) & (table.level == "campaign") & (table.grain == "day")
    return int(table.loc[of_campaign, quantity].sum())


def test_a_day_is_what_the_market_shows_with_its_reach(workspace: Workspace, reader: SandboxReader) -> None:
    look(workspace)
    found = CampaignTracker(workspace).load_metrics("c1", DAY, DAY)
    assert found.figures.spend_micros == shown(reader, "c1", "spend_micros", DAY, workspace.now())
    assert found.figures.conversion_value_micros == shown(reader, "c1", "conversion_value_micros", DAY, workspace.now())
    reach = shown(reader, "c1", "reach", DAY, workspace.now())
    assert found.figures.reach == reach
    body = metrics_body(found, CampaignTracker(workspace).load_roas(["c1"]))["reported"]
    assert body["frequency"] == pytest.approx(np.divide(body["impressions"], reach))
    assert found.profile.simulated
    assert found.profile.name == "Plain"


def test_reach_is_not_added_up(workspace: Workspace, reader: SandboxReader) -> None:
    look(workspace)
    tracker = CampaignTracker(workspace)
    assert tracker.load_metrics("c1", DAY - timedelta(days=1), DAY).figures.reach is None
    lines = list(tracker.export_metrics_csv("c1", DAY, DAY))
    assert f",{shown(reader, 'c1', 'reach', DAY, workspace.now())}," in lines[1]


def test_an_earlier_moment_knows_less(workspace: Workspace, reader: SandboxReader) -> None:
    look(workspace, timedelta(days=1))
    look(workspace)
    tracker = CampaignTracker(workspace)
    day, then = date(2026, 3, 2), workspace.now() - timedelta(days=1)
    early, late = tracker.load_metrics("c1", day, day, then), tracker.load_metrics("c1", day, day)
    assert early.figures.conversions_micros == shown(reader, "c1", "conversions_micros", day, then)
    assert (early.figures.conversions_micros or 0) < (late.figures.conversions_micros or 0)


def test_a_young_day_is_held_against_days_of_the_same_age_where_they_are_known(
    workspace: Workspace, reader: SandboxReader
) -> None:
    look(workspace, timedelta(days=1))
    look(workspace)
    report = CampaignTracker(workspace).generate_daily_report()
    assert report.day == DAY
    assert (report.day_before.same_age, report.week_before.same_age) == (True, False)
    before = report.totals[0].day_before
    assert before is not None
    assert before.conversions_micros == sum(
        shown(reader, campaign, "conversions_micros", date(2026, 3, 2), workspace.now() - timedelta(days=1))
        for campaign in ("c1", "c2")
    )
    body = report_body(report)
    assert (body["simulated"], body["complete"]) == (True, True)


def test_a_report_of_some_campaigns_leaves_out_the_others(workspace: Workspace, reader: SandboxReader) -> None:
    look(workspace)
    add_account(workspace, Account(AccountRef("meta", "idle"), "UTC", "USD"), actor="ann")
    report = CampaignTracker(workspace).generate_daily_report(DAY, ["c2"])
    assert [line.profile.ref.campaign_id for line in report.top_campaigns] == ["c2"]
    assert [str(account.account) for account in report.freshness] == ["tiktok:t1"]


def test_a_day_that_goes_on_is_not_complete(workspace: Workspace, reader: SandboxReader) -> None:
    look(workspace)
    assert not CampaignTracker(workspace).generate_daily_report(workspace.now().date()).complete


def test_one_campaign_is_read_with_its_account(workspace: Workspace, reader: SandboxReader) -> None:
    look(workspace, timedelta(hours=5))
    batch = CampaignTracker(workspace).sync_campaign_metrics("c1", actor="ann", since=DAY)
    assert (batch.kind, batch.accounts, batch.actor) == ("sync", ["tiktok:t1"], "ann")


def test_an_account_on_files_cannot_be_read_when_asked_for(workspace: Workspace) -> None:
    add_account(workspace, Account(AccountRef("meta", "a1"), "UTC", "USD"), actor="ann")
    tracker = CampaignTracker(workspace)
    assert tracker.sync_all_active_campaigns(actor="ann") == []
    with pytest.raises(NotFound, match="cannot be synced"):
        tracker.sync_all_active_campaigns(actor="ann", account="a1")
    with pytest.raises(InvalidInput, match="swap them"):
        tracker.sync_all_active_campaigns(actor="ann", since=DAY, until=DAY - timedelta(days=1))


def test_an_empty_workspace_reports_yesterday_with_nothing_in_it(workspace: Workspace) -> None:
    report = CampaignTracker(workspace).generate_daily_report()
    assert (report.day, report.totals, report.freshness) == (DAY, (), ())
    with pytest.raises(NotFound, match="campaigns list"):
        CampaignTracker(workspace).load_metrics("c1")


def test_the_sync_command_says_what_changed(workspace: Workspace, reader: SandboxReader) -> None:
    url = workspace.engine.url.render_as_string(hide_password=False)
    environment = {"DATABASE_URL": url}
    words = ["--home", str(workspace.home), "--now", workspace.now().isoformat(), "sync"]
    result = CliRunner().invoke(app, [*words, "--account", "t1", "--since", "2026-03-01"], env=environment)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("tiktok:t1: ")
    with open_workspace(workspace.home, now=datetime(2026, 3, 5, tzinfo=UTC), database_url=url) as later:
        assert CampaignTracker(later).load_metrics("c1").since == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda tracker: tracker.calculate_roas("c1", as_of=datetime(2026, 3, 4)), "has no time zone"),
        (lambda tracker: tracker.detect_anomalies("c1", as_of=datetime(2026, 3, 4)), "has no time zone"),
        (lambda tracker: tracker.calculate_roas("c1", since="2026-03-01"), "'2026-03-01' is no day"),
        (lambda tracker: tracker.generate_daily_report(datetime(2026, 3, 3, tzinfo=UTC)), "is no day"),
        (lambda tracker: tracker.calculate_roas("c1", attribution_window_days=5), "1, 7 or 28 days, not 5"),
        (lambda tracker: tracker.detect_anomalies("c1", "roas"), "cannot be judged by 'roas'"),
        (lambda tracker: tracker.get_top_creatives("quality"), "there is no metric 'quality'"),
        (lambda tracker: tracker.get_prediction_accuracy(days=0), "choose 1 to"),
    ],
)
def test_a_wrong_argument_is_told_what_it_should_be(
    workspace: Workspace, reader: SandboxReader, ask: Callable[[CampaignTracker], object], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        ask(CampaignTracker(workspace))


def test_one_name_may_come_bare(workspace: Workspace, reader: SandboxReader) -> None:
    look(workspace)
    tracker = CampaignTracker(workspace)
    assert tracker.calculate_blended_roas("c1") == tracker.calculate_roas("c1")
    assert tracker.generate_daily_report(campaigns="c1") == tracker.generate_daily_report(campaigns=["c1"])
    assert tracker.detect_anomalies("c1", "ctr") == tracker.detect_anomalies("c1", ["ctr"])


def test_answers_are_frames_too(workspace: Workspace, reader: SandboxReader) -> None:
    look(workspace)
    tracker = CampaignTracker(workspace)
    report = tracker.generate_daily_report()
    for answer in (
        report,
        report.top_campaigns,
        tracker.load_figures(),
        tracker.load_roas(),
        tracker.load_metrics("c1"),
    ):
        pandas, polars = to_pandas(answer), to_polars(answer)
        assert pandas.shape == polars.shape
        assert list(pandas) == polars.columns
    assert to_pandas(tracker.load_roas())["roas"][0] == tracker.calculate_blended_roas()
