"""Planted incidents become alerts of their kind, hour by hour, and are gone when they are over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adtempo.accounts.run import add_account
from adtempo.alerts.channels import ChannelWish, add_channel
from adtempo.alerts.deliver import deliver_alerts
from adtempo.alerts.open import AlertChanges, load_alerts
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.alerts import Severity
from adtempo.jobs.runner import real_now, run_next
from adtempo.jobs.schedule import JOBS
from adtempo.platforms.sandbox.edits import Field
from adtempo.platforms.sandbox.market import Market, create_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.platforms.sandbox.spec import Incident, IncidentKind, WorldSpec
from adtempo.store.accounts import register_accounts, register_campaigns
from adtempo.store.engine import transaction
from adtempo.store.jobs import insert_slots
from adtempo.tracking.anomalies import Anomaly, AnomalyKind
from adtempo.tracking.detection import open_alerts, update_anomaly_alerts
from adtempo.tracking.report import report_markdown
from adtempo.tracking.run import CampaignTracker
from adtempo.tracking.sync import FROM_SANDBOX, source_folder
from adtempo.workspace import Workspace, open_workspace
from receiving import LOOPBACK, taking_webhooks
from worlds import plain_campaign, world

DAY = 35
FIRST = datetime(2026, 1, 5, tzinfo=UTC)


def moment(day: int, hour: int = 0) -> datetime:
    return FIRST + timedelta(days=day, hours=hour)


def market() -> WorldSpec:
    return world(
        plain_campaign("healthy", noise=0.1),
        plain_campaign("spike", noise=0.1, incidents=(Incident(IncidentKind.SPEND_SPIKE, DAY, 9, 6, 3.0),)),
        plain_campaign("depleted", noise=0.1, incidents=(Incident(IncidentKind.BUDGET_DEPLETED, DAY, 0, 24, 2.2),)),
        plain_campaign("outage", noise=0.1, incidents=(Incident(IncidentKind.TRACKING_OUTAGE, DAY, 2, 20),)),
        start=FIRST.date(),
        days=60,
        timezone="UTC",
    )


def fill(workspace: Workspace, spec: WorldSpec) -> Market:
    made = create_market(source_folder(workspace, FROM_SANDBOX), spec)
    for account in SandboxReader(made).fetch_accounts():
        add_account(workspace, account, actor="ann")
    return made


def pass_time(workspace: Workspace, now: datetime, since: date | None = None) -> tuple[Workspace, AlertChanges]:
    """Sync and detect as the jobs would at a moment."""
    later = replace(workspace, pretended_now=now)
    CampaignTracker(later).sync_all_active_campaigns(actor="ann", since=since)
    return later, update_anomaly_alerts(later)


def open_causes(workspace: Workspace) -> set[tuple[str, str]]:
    return {
        (alert.finding.campaign.campaign_id if alert.finding.campaign else "", alert.finding.alert_type)
        for alert in load_alerts(workspace)
    }


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path, now=moment(DAY)) as workspace:
        yield workspace


def test_planted_incidents_open_alerts_of_their_kind_and_resolve(home: Workspace) -> None:
    fill(home, market())
    for day in (14, 28):
        CampaignTracker(replace(home, pretended_now=moment(day))).sync_all_active_campaigns(
            actor="ann", since=FIRST.date()
        )
    now, done = pass_time(home, moment(DAY), FIRST.date())
    assert (open_causes(now), done.opened) == (set(), 0)
    seen: dict[tuple[str, str], int] = {}
    for hour in (1, 10, 12, 13, 20):
        now, _ = pass_time(home, moment(DAY, hour))
        for cause in open_causes(now):
            seen.setdefault(cause, hour)
    assert seen == {
        ("depleted", "spend_anomaly"): 1,
        ("spike", "spend_anomaly"): 10,
        ("depleted", "budget_depleted"): 12,
        ("outage", "tracking_broken"): 13,
        ("spike", "budget_depleted"): 20,
    }
    report = CampaignTracker(now).generate_daily_report()
    assert all(said in report_markdown(report) for said in ("was used up by", "brought no conversion", "spend is"))
    now, _ = pass_time(home, moment(DAY + 3))
    assert open_causes(now) == set()
    assert len(load_alerts(now, resolved=True)) == 5


def test_what_people_do_to_campaigns_is_told_and_late_facts_resolve_nothing(home: Workspace) -> None:
    made = fill(home, world(*(plain_campaign(name) for name in "abc"), start=FIRST.date(), days=60, timezone="UTC"))
    pass_time(home, moment(DAY), FIRST.date())
    account = made.world.spec.accounts[0]
    a, b, _ = (account.campaign_ref(campaign) for campaign in account.campaigns)
    made.record_edit(a, Field.STATUS, "paused", moment(DAY, 1), "bob")
    made.record_edit(b, Field.BUDGET, "2500000000", moment(DAY, 1), "bob")
    now, done = pass_time(home, moment(DAY, 2))
    assert open_causes(now) == {("a", "campaign_paused"), ("b", "budget_change")}
    assert done == AlertChanges(opened=2, seen_again=0, resolved=0)
    deaf = replace(home, pretended_now=moment(DAY + 2))
    assert update_anomaly_alerts(deaf) == AlertChanges(opened=1, seen_again=0, resolved=0)
    assert open_causes(deaf) == {("a", "campaign_paused"), ("b", "budget_change"), ("", "data_late")}
    now, done = pass_time(home, moment(DAY + 2))
    assert (open_causes(now), done.resolved) == (set(), 3)


def test_the_job_looks_once_an_hour(home: Workspace) -> None:
    made = fill(home, world(plain_campaign(), start=FIRST.date(), days=60, timezone="UTC"))
    pass_time(home, moment(DAY), FIRST.date())
    (campaign,) = (made.world.spec.accounts[0].campaign_ref(one) for one in made.world.spec.accounts[0].campaigns)
    made.record_edit(campaign, Field.STATUS, "paused", moment(DAY, 1), "bob")
    later = replace(home, pretended_now=moment(DAY, 2))
    CampaignTracker(later).sync_all_active_campaigns(actor="ann")
    with transaction(home.engine) as connection:
        insert_slots(connection, "detect-anomalies", [real_now().replace(microsecond=0)])
    run = run_next(later, [job for job in JOBS if job.name == "detect-anomalies"], owner="test")
    assert run is not None
    assert open_causes(later) == {("1", "campaign_paused")}


def test_a_thousand_anomalies_at_once_are_one_message_a_channel(home: Workspace) -> None:
    refs = [CampaignRef("meta", "1", f"c{number}") for number in range(1000)]
    with transaction(home.engine) as connection:
        register_accounts(connection, [Account(AccountRef("meta", "1"), "UTC", "EUR")], at=home.now())
        register_campaigns(connection, dict.fromkeys(refs, home.now()))
    storm = [
        Anomaly(
            kind=AnomalyKind.SPEND_ANOMALY,
            metric="spend",
            severity=Severity.CRITICAL,
            since=home.now(),
            until=home.now(),
            message=f"{ref.campaign_id}: spend is too high.",
            currency="EUR",
            campaign=ref,
            actual=3e6,
            expected=1e6,
            at_stake_micros=number * 10**6,
        )
        for number, ref in enumerate(refs)
    ]
    with taking_webhooks() as one, taking_webhooks() as two:
        for name, receiver in (("one", one), ("two", two)):
            add_channel(home, ChannelWish(name, receiver.webhook, allowed_address=LOOPBACK), actor="ann")
        assert open_alerts(home, storm) == AlertChanges(opened=1000, seen_again=0, resolved=0)
        assert open_alerts(home, storm) == AlertChanges(opened=0, seen_again=1000, resolved=0)
        assert deliver_alerts(home, actor="test").sent == 2
        assert (len(one.got), len(two.got)) == (1, 1)
