"""Alerts from findings to messages, on both databases and to real servers: once per cause, at least once delivered."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from adtempo.alerts.channels import ChannelWish, add_channel, load_channels, remove_channel, try_channels
from adtempo.alerts.decide import ATTEMPTS_MAX
from adtempo.alerts.deliver import Sent, deliver_alerts
from adtempo.alerts.open import (
    AlertChanges,
    acknowledge_alert,
    load_alerts,
    raise_alert,
    resolve_alert,
    update_alerts,
)
from adtempo.alerts.report import load_deliveries_body
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.alerts import Digest, Finding, Severity, read_quiet_hours
from adtempo.domain.errors import Conflict, InvalidInput, MessageNotDelivered, NotFound
from adtempo.domain.money import Money
from adtempo.jobs.runner import real_now, run_next
from adtempo.jobs.schedule import JOBS
from adtempo.store import alerts as stored
from adtempo.store import channels as stored_channels
from adtempo.store.accounts import register_accounts, register_campaigns
from adtempo.store.audit import load_audit
from adtempo.store.engine import reading, transaction
from adtempo.store.jobs import insert_slots
from adtempo.workspace import Workspace, open_workspace
from receiving import LOOPBACK, Receiver, taking_mail, taking_webhooks

ACCOUNT, OTHER = AccountRef("meta", "1"), AccountRef("meta", "2")
CAMPAIGN = CampaignRef("meta", "1", "c")
TYPE = ["spend_anomaly"]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def home(workspace: Workspace) -> Workspace:
    with transaction(workspace.engine) as connection:
        known = [Account(ACCOUNT, "Europe/Berlin", "EUR"), Account(OTHER, "Asia/Tokyo", "JPY")]
        register_accounts(connection, known, at=workspace.now())
        campaigns = [CAMPAIGN, *(CampaignRef("meta", "1", f"c{n}") for n in range(1000))]
        register_campaigns(connection, dict.fromkeys(campaigns, workspace.now()))
    return workspace


@pytest.fixture
def webhooks() -> Iterator[Receiver]:
    with taking_webhooks() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[Receiver]:
    with taking_mail() as receiver:
        yield receiver


def finding(severity: Severity = Severity.WARNING, campaign: CampaignRef = CAMPAIGN, **more: Any) -> Finding:
    return Finding("spend_anomaly", severity, f"{campaign.campaign_id} spends oddly.", campaign, **more)


def look(home: Workspace, *findings: Finding, accounts: list[AccountRef] | None = None) -> AlertChanges:
    with transaction(home.engine) as connection:
        return update_alerts(connection, findings, alert_types=TYPE, accounts=accounts, now=home.now())


def later(home: Workspace, wait: timedelta) -> Workspace:
    return replace(home, pretended_now=home.now() + wait)


def subscribe(home: Workspace, receiver: Receiver, name: str = "team", **more: Any) -> None:
    url = more.pop("url", receiver.webhook)
    add_channel(home, ChannelWish(name, url, allowed_address=LOOPBACK, **more), actor="ann")


def deliver(home: Workspace) -> Sent:
    return deliver_alerts(home, actor="test")


# Opening and resolving


def test_one_cause_is_one_alert_until_it_is_gone(home: Workspace) -> None:
    assert look(home, finding()) == AlertChanges(1, 0, 0)
    soon = later(home, HOUR)
    assert look(soon, finding(Severity.CRITICAL, at_stake=Money(5, "EUR"))) == AlertChanges(0, 1, 0)
    (alert,) = load_alerts(soon)
    assert alert.finding == finding(Severity.CRITICAL, at_stake=Money(5, "EUR"))
    assert (alert.opened_at, alert.last_seen_at, alert.severity_since) == (home.now(), soon.now(), soon.now())
    assert look(later(soon, HOUR)) == AlertChanges(0, 0, 1)
    assert load_alerts(soon) == []
    (gone,) = load_alerts(soon, resolved=True)
    assert gone.resolved
    assert look(later(soon, 2 * HOUR), finding()) == AlertChanges(1, 0, 0)
    assert len(load_alerts(soon, resolved=None)) == 2


def test_the_database_itself_holds_one_open_alert_per_cause(home: Workspace) -> None:
    look(home, finding())
    with transaction(home.engine) as connection:
        stored.insert_alerts(connection, [finding()], home.now())  # another process was first
        (alert,) = stored.load_alerts(connection)
        row = {"id": 99, "resolved": False, "opened_at": home.now(), "last_seen_at": home.now()}
        row |= {"severity_since": home.now(), **stored._finding_row(alert.finding)}
    with pytest.raises(IntegrityError), transaction(home.engine) as connection:
        connection.execute(stored.performance_alerts.insert().values(row))


def test_what_could_not_be_judged_stays_open(home: Workspace) -> None:
    look(home, finding())
    assert look(home, accounts=[OTHER]) == AlertChanges(0, 0, 0)
    assert look(home, accounts=[]) == AlertChanges(0, 0, 0)
    with transaction(home.engine) as connection:
        found = update_alerts(connection, [], alert_types=["ctr_drop"], accounts=None, now=home.now())
    assert found.resolved == 0
    assert look(home, accounts=[ACCOUNT]) == AlertChanges(0, 0, 1)


def test_of_two_findings_of_one_cause_the_worse_counts(home: Workspace) -> None:
    look(home, finding(), finding(Severity.CRITICAL), finding(Severity.INFO))
    assert [alert.finding.severity for alert in load_alerts(home)] == [Severity.CRITICAL]


def test_a_single_alert_is_raised_and_resolved_alone(home: Workspace) -> None:
    look(home, finding())
    house = Finding("job_failed", Severity.CRITICAL, "The job sync failed.", detail="sync")
    for _ in range(2):
        with transaction(home.engine) as connection:
            raise_alert(connection, house, now=home.now())
    assert len(load_alerts(home)) == 2
    with transaction(home.engine) as connection:
        resolve_alert(connection, house, now=home.now())
        resolve_alert(connection, house, now=home.now())
    assert [alert.finding.alert_type for alert in load_alerts(home)] == TYPE


def test_alerts_are_found_by_account_and_campaign(home: Workspace) -> None:
    look(home, finding(), finding(campaign=CampaignRef("meta", "1", "c1")))
    assert len(load_alerts(home, account="meta:1")) == 2
    assert load_alerts(home, account="2") == []
    assert [alert.finding.campaign for alert in load_alerts(home, campaign="c")] == [CAMPAIGN]
    assert len(load_alerts(home, limit=1)) == 1
    with reading(home.engine) as connection:
        assert stored.load_alerts(connection, accounts=[]) == []
    with pytest.raises(NotFound):
        load_alerts(home, campaign="nosuch")


def test_acknowledging_is_on_record_and_the_first_counts(home: Workspace) -> None:
    look(home, finding())
    (alert,) = load_alerts(home)
    assert acknowledge_alert(home, alert.id, actor="ann").acknowledged_by == "ann"
    assert acknowledge_alert(home, alert.id, actor="bob").acknowledged_by == "ann"
    with reading(home.engine) as connection:
        assert [(row.action, row.actor) for row in load_audit(connection)] == [("alert.acknowledged", "ann")]
    with pytest.raises(NotFound, match="no alert 77"):
        acknowledge_alert(home, 77, actor="ann")


# Delivering


def test_an_alert_is_told_once_and_its_end_too(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks)
    look(home, finding())
    assert deliver(home) == Sent(1, 1, 0)
    assert deliver(later(home, HOUR)) == Sent(0, 0, 0)
    look(later(home, HOUR))
    assert deliver(later(home, HOUR)) == Sent(1, 1, 0)
    assert deliver(later(home, 2 * HOUR)) == Sent(0, 0, 0)
    assert [got["title"] for got in webhooks.got] == [
        "adtempo: [warning] Spend anomaly: meta:1:c",
        "adtempo: [resolved] Spend anomaly: meta:1:c",
    ]


def test_worse_is_news_and_acknowledged_is_silence(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks)
    look(home, finding())
    deliver(home)
    look(later(home, HOUR), finding(Severity.CRITICAL))
    deliver(later(home, HOUR))
    assert "now critical" in webhooks.got[-1]["title"]
    look(home, finding(campaign=CampaignRef("meta", "1", "c1")), finding(Severity.CRITICAL))
    (fresh,) = load_alerts(home, campaign="c1")
    acknowledge_alert(home, fresh.id, actor="ann")
    assert deliver(later(home, 2 * HOUR)) == Sent(0, 0, 0)


def test_a_storm_is_one_message_per_channel(home: Workspace, webhooks: Receiver, mail: Receiver) -> None:
    subscribe(home, webhooks)
    subscribe(home, mail, "office", url=mail.mail)
    storm = [
        finding(campaign=CampaignRef("meta", "1", f"c{n}"), at_stake=Money(n * 1_000_000, "EUR")) for n in range(1000)
    ]
    assert look(home, *storm) == AlertChanges(1000, 0, 0)
    assert deliver(home) == Sent(2, 2, 0)
    assert (len(webhooks.got), len(mail.got)) == (1, 1)
    assert webhooks.got[0]["title"] == "adtempo: 1000 warning"
    lines = webhooks.got[0]["message"].splitlines()
    assert lines[0] == "- [warning] c999 spends oddly. (999.00 EUR per day)"
    assert lines[10] == "- and 990 more: adtempo alerts list"
    assert deliver(later(home, HOUR)) == Sent(0, 0, 0)


def test_quiet_hours_and_digests_hold_back_what_is_not_critical(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks, quiet=read_quiet_hours("12:00-14:00"))  # it is 13:00 in Berlin
    subscribe(home, webhooks, "daily", digest=Digest.DAY)
    look(home, finding(), finding(Severity.CRITICAL, CampaignRef("meta", "1", "c1")))
    assert deliver(home) == Sent(2, 2, 0)
    assert {got["title"] for got in webhooks.got} == {"adtempo: [critical] Spend anomaly: meta:1:c1"}
    assert deliver(later(home, HOUR)) == Sent(1, 1, 0)
    assert webhooks.got[-1]["title"] == "adtempo: [warning] Spend anomaly: meta:1:c"
    assert deliver(later(home, 18 * HOUR)) == Sent(0, 0, 0)
    assert deliver(later(home, 19 * HOUR)) == Sent(1, 1, 0)  # 08:00 in Berlin


def test_a_failed_message_is_tried_again_under_its_id(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks)
    webhooks.statuses += [500, 503]
    look(home, finding())
    assert deliver(home) == Sent(1, 0, 1)
    assert deliver(later(home, 4 * MINUTE)) == Sent(0, 0, 0)
    assert deliver(later(home, 5 * MINUTE)) == Sent(0, 0, 1)
    assert deliver(later(home, 14 * MINUTE)) == Sent(0, 0, 0)
    assert deliver(later(home, 15 * MINUTE)) == Sent(0, 1, 0)
    assert len({got["message"] for got in webhooks.got}) == 1
    (log,) = load_deliveries_body(home, 10)["deliveries"]
    assert (log["status"], log["attempts"], log["error"], log["channel"]) == ("sent", 3, None, "team")
    assert log["id"] in webhooks.got[0]["message"]


def test_a_channel_that_never_answers_is_given_up_and_the_others_hear_of_it(
    home: Workspace, webhooks: Receiver
) -> None:
    subscribe(home, webhooks)
    with taking_webhooks() as broken:
        broken.statuses += [500] * 100
        subscribe(home, broken, "broken", account="meta:1")
        look(home, finding(), finding(campaign=CampaignRef("meta", "1", "c1")))
        for attempt in range(ATTEMPTS_MAX):
            deliver(later(home, 3 * attempt * HOUR))
        assert len(broken.got) == ATTEMPTS_MAX
        deliver(later(home, 20 * HOUR))
        assert "'broken' took no message in 6 attempts" in webhooks.got[-1]["message"]
        with reading(home.engine) as connection:
            undelivered = [row for row in load_audit(connection) if row.action == "alert.undelivered"]
        assert [row.subject for row in undelivered] == ["broken"]
        broken.statuses.clear()
        look(later(home, 21 * HOUR))
        deliver(later(home, 21 * HOUR))
        deliver(later(home, 22 * HOUR))
    assert load_alerts(home) == []
    assert "[resolved] Channel failing" in webhooks.got[-1]["title"]


def test_one_dead_channel_holds_nobody_up(
    home: Workspace, webhooks: Receiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[str] = []

    def send(url: str, title: str, body: str, severity: str, *, allowed: str | None, html: str | None = None) -> None:
        calls.append(url)
        if "dead" in url:
            raise RuntimeError("a bug of a library")

    for name in ("dead", "good"):
        subscribe(home, webhooks, name, url=f"jsons://{name}.example.com/very-secret")
    for number in range(3):
        look(home, *(finding(campaign=CampaignRef("meta", "1", f"c{n}")) for n in range(number + 1)))
        assert deliver_alerts(later(home, number * MINUTE), actor="test", send=send) == Sent(2, 1, 1)
    assert sum("dead" in url for url in calls) == 3
    assert deliver_alerts(later(home, 6 * MINUTE), actor="test", send=send) == Sent(0, 0, 1)
    errors = {log["error"] for log in load_deliveries_body(home, 10)["deliveries"] if log["channel"] == "dead"}
    assert errors == {"RuntimeError while sending; the server's log says more"}
    assert "very-secret" not in caplog.text + capsys.readouterr().out


KILLED = """
import os, sys
from datetime import datetime
from adtempo.alerts.deliver import deliver_alerts
from adtempo.notify import send_message
from adtempo.workspace import open_workspace

def send_and_die(*arguments, **named):
    send_message(*arguments, **named)
    os._exit(9)

with open_workspace(sys.argv[1], now=datetime.fromisoformat(sys.argv[2]), database_url=sys.argv[3]) as home:
    deliver_alerts(home, actor="test", send=send_and_die)
"""


def kill_while_sending(home: Workspace, now: datetime) -> None:
    url = home.engine.url.render_as_string(hide_password=False)
    words = [sys.executable, "-c", KILLED, str(home.home), now.isoformat(), url]
    done = subprocess.run(words, env={**os.environ}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 9, done.stderr


def test_killed_between_sending_and_noting_a_message_is_sent_again_under_its_id(
    home: Workspace, webhooks: Receiver
) -> None:
    subscribe(home, webhooks)
    look(home, finding())
    kill_while_sending(home, home.now())
    assert len(webhooks.got) == 1
    assert deliver(later(home, MINUTE)) == Sent(0, 0, 0)
    assert deliver(later(home, 5 * MINUTE)) == Sent(0, 1, 0)
    first, second = (got["message"] for got in webhooks.got)
    assert first == second
    assert deliver(later(home, HOUR)) == Sent(0, 0, 0)


def test_a_message_that_kills_every_time_is_given_up(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks)
    look(home, finding())
    deliver(home)
    waiting = {"status": "waiting", "sent_at": None, "attempts": ATTEMPTS_MAX}
    with transaction(home.engine) as connection:
        connection.execute(stored_channels.alert_deliveries.update().values(waiting))
    deliver(later(home, HOUR))
    assert load_deliveries_body(home, 1)["deliveries"][0]["status"] == "failed"
    assert len(webhooks.got) == 1


def test_the_job_tells_and_in_a_pretended_time_tells_nobody(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks)
    look(home, finding())
    for opened in (home, replace(home, pretended_now=None)):
        with transaction(home.engine) as connection:
            insert_slots(connection, "alerts", [real_now().replace(microsecond=0)])
        run = run_next(opened, [job for job in JOBS if job.name == "alerts"], owner="test")
        assert run is not None
        assert len(webhooks.got) == (0 if opened.pretended else 1)
        with transaction(home.engine) as connection:
            connection.exec_driver_sql("DELETE FROM job_runs")


# Channels


def test_a_channels_url_is_sealed_and_never_shown(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks, account="meta:1", severity=Severity.CRITICAL)
    (channel,) = load_channels(home)
    assert (channel.address, str(channel.account)) == (f"json://localhost:{webhooks.port}/***", "meta:1")
    with reading(home.engine) as connection:
        (kept,) = stored_channels.load_channels(connection)
        audit = str(load_audit(connection))
    assert b"secret" not in (kept.sealed_url or b"")
    assert "secret" not in audit
    assert (home.home / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_channel_whose_key_is_lost_says_so(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks)
    (home.home / "secret.key").unlink()
    with open_workspace(home.home, now=home.now(), database_url=_url(home)) as other:
        (trial,) = try_channels(other, actor="ann")
    assert "sealed under another key" in (trial.error or "")


def test_a_removed_channel_is_forgotten_and_its_name_free(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks)
    with pytest.raises(Conflict, match="there is a channel 'team' already"):
        subscribe(home, webhooks)
    webhooks.statuses.append(500)
    look(home, finding())
    deliver(home)
    remove_channel(home, "team", actor="ann")
    assert load_deliveries_body(home, 1)["deliveries"][0]["error"] == "the channel was removed"
    with reading(home.engine) as connection:
        rows = connection.execute(stored_channels.alert_channels.select()).all()
    assert [row.sealed_url for row in rows] == [None]
    with pytest.raises(NotFound, match="no channel 'team'"):
        remove_channel(home, "team", actor="ann")
    subscribe(home, webhooks)
    assert deliver(later(home, HOUR)) == Sent(1, 1, 0)


def test_the_test_button_says_how_each_channel_took_it(home: Workspace, webhooks: Receiver) -> None:
    subscribe(home, webhooks)
    subscribe(home, webhooks, "second")
    webhooks.statuses.append(500)
    first, second = try_channels(home, actor="ann")
    assert (first.channel, second.channel, second.error) == ("second", "team", None)
    assert "500" in (first.error or "")
    assert webhooks.got[1]["title"] == "adtempo: test"
    assert [trial.error for trial in try_channels(home, "second", actor="ann")] == [None]
    with pytest.raises(NotFound):
        try_channels(home, "third", actor="ann")


def test_a_channel_needs_a_name_and_an_account_that_exists(home: Workspace, webhooks: Receiver) -> None:
    with pytest.raises(InvalidInput, match="needs a name"):
        subscribe(home, webhooks, " ")
    with pytest.raises(NotFound, match="no account"):
        subscribe(home, webhooks, account="meta:9")


def test_what_a_library_raises_is_not_shown_whole(home: Workspace, webhooks: Receiver) -> None:
    def send(url: str, title: str, body: str, severity: str, *, allowed: str | None, html: str | None = None) -> None:
        raise MessageNotDelivered("no answer")

    subscribe(home, webhooks)
    (trial,) = try_channels(home, actor="ann", send=send)
    assert trial.error == "no answer"


def _url(home: Workspace) -> str:
    return home.engine.url.render_as_string(hide_password=False)


def test_a_home_of_its_own_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = set()
    for name in "ab":
        with open_workspace(tmp_path / name) as opened:
            keys |= {opened.secret_key, opened.secret_key}
    assert len(keys) == 2
