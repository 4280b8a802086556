"""The report of each morning: when it is due, kept once, shown as it was; and what the system did."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_string, policy
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import roads
from adtempo.accounts.run import add_account
from adtempo.alerts.channels import ChannelWish, add_channel
from adtempo.alerts.deliver import Sent, deliver_alerts
from adtempo.alerts.open import raise_alert
from adtempo.changes.propose import propose_changes
from adtempo.changes.run import apply_changes
from adtempo.cli.main import app
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.alerts import Digest, Finding, Severity
from adtempo.domain.changes import State
from adtempo.domain.errors import NotFound
from adtempo.jobs.reporting import report_morning
from adtempo.notify import send_message
from adtempo.store.engine import reading, transaction
from adtempo.tracking.activity import Decisions
from adtempo.tracking.keeping import due_day, keep_report, load_kept_report, load_report_days
from adtempo.tracking.run import CampaignTracker
from adtempo.workspace import Workspace
from receiving import LOOPBACK, taking_mail

DAY = date(2026, 3, 3)
FACTS = (
    "platform,account_id,account_timezone,currency,campaign_id,grain,slot_start,impressions,clicks,spend,"
    "conversions,conversion_value\n"
    "meta,a1,Europe/Berlin,EUR,<b>c1</b>,day,2026-03-02,1000,50,20.00,2,60.00\n"
    "meta,a1,Europe/Berlin,EUR,<b>c1</b>,day,2026-03-03,1000,50,20.00,2,80.00\n"
)


@pytest.fixture
def run(workspace: Workspace) -> Callable[..., Result]:
    environment = {"DATABASE_URL": workspace.engine.url.render_as_string(hide_password=False)}
    front = ["--home", str(workspace.home), "--now", workspace.now().isoformat()]
    return lambda *words: CliRunner().invoke(app, [*front, *words], env=environment)


@pytest.fixture
def known(workspace: Workspace, run: Callable[..., Result], tmp_path: Path) -> Workspace:
    (tmp_path / "facts.csv").write_text(FACTS)
    assert run("import", "facts", str(tmp_path / "facts.csv")).exit_code == 0
    return workspace


def due(workspace: Workspace, hour: int, minute: int = 0) -> date | None:
    with reading(workspace.engine) as connection:
        return due_day(connection, datetime(2026, 3, 4, hour, minute, tzinfo=UTC))


def test_a_day_is_due_once_it_is_morning_where_it_ended_last(workspace: Workspace) -> None:
    assert due(workspace, 12) is None
    add_account(workspace, Account(AccountRef("meta", "b"), "Europe/Berlin", "EUR"), actor="ann")
    assert (due(workspace, 5, 59), due(workspace, 6)) == (None, DAY)
    add_account(workspace, Account(AccountRef("meta", "l"), "America/Los_Angeles", "USD"), actor="ann")
    assert due(workspace, 7) == date(2026, 3, 2)
    assert (due(workspace, 14, 59), due(workspace, 15)) == (None, DAY)


def test_a_report_is_kept_once_and_stays_as_it_was(known: Workspace, run: Callable[..., Result]) -> None:
    kept = keep_report(known, DAY)
    assert kept is not None
    assert keep_report(known, DAY) is None
    assert load_report_days(known) == [(DAY, known.now())]
    assert load_kept_report(known, DAY) == kept
    assert json.loads(kept.body)["total_revenue"] == "80.00"
    assert run("report", "list").stdout.splitlines()[1].split() == ["2026-03-03", "2026-03-04", "12:00", "UTC"]
    assert run("report", "show", "2026-03-03").stdout == kept.markdown
    assert run("report", "show", "2026-03-03", "--json").stdout == kept.body + "\n"
    assert run("report", "show", "2026-03-03", "--html").stdout == kept.html
    assert run("report", "daily", "--html").stdout == kept.html


def test_two_processes_keep_one_report(known: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adtempo.tracking.keeping.stored.load_report_days", lambda _connection: [])
    assert keep_report(known, DAY) is not None
    assert keep_report(known, DAY) is None


def test_a_missing_report_says_how_to_make_one(known: Workspace, run: Callable[..., Result]) -> None:
    with pytest.raises(NotFound, match=r"no report about 2026-03-01 was kept; .* report daily --date 2026-03-01"):
        load_kept_report(known, date(2026, 3, 1))
    assert run("report", "show", "2026-03-01").exit_code == 3


def test_the_job_keeps_the_report_of_the_morning(known: Workspace) -> None:
    early = replace(known, pretended_now=datetime(2026, 3, 4, 5, tzinfo=UTC))
    turn = None  # the job needs nothing of its turn
    assert report_morning(early, turn) == {"reported": None}  # type: ignore[arg-type]
    assert report_morning(known, turn) == {"reported": "2026-03-03"}  # type: ignore[arg-type]
    assert report_morning(known, turn) == {"reported": None}  # type: ignore[arg-type]


def test_the_report_says_what_was_done_and_names_alerts_first(known: Workspace) -> None:
    campaign = CampaignRef("meta", "a1", "<b>c1</b>")
    with transaction(known.engine) as connection:
        for severity, message in ((Severity.INFO, "a little late"), (Severity.CRITICAL, "clicks without conversions")):
            finding = Finding("broken", severity, message, campaign=campaign, detail=message)
            raise_alert(connection, finding, now=known.now())
    report = CampaignTracker(known).generate_daily_report()
    assert report.attention[:2] == ("critical: clicks without conversions", "info: a little late")
    activity = report.around.activity
    assert activity is not None
    assert (activity.files, activity.syncs, activity.posted, activity.opened, activity.resolved) == (1, 0, 2, 2, 0)
    assert activity.alerted == {campaign}


def test_the_report_goes_once_to_channels_that_hear_of_everything_daily(known: Workspace) -> None:
    awake = replace(known, pretended_now=None)
    told: list[tuple[str, str, str | None]] = []

    def send(url: str, title: str, body: str, severity: str, *, allowed: str | None, html: str | None = None) -> None:
        told.append((title, body, html))

    for name, digest, account in (("team", Digest.DAY, None), ("now", Digest.NONE, None), ("one", Digest.DAY, "a1")):
        wish = ChannelWish(name, "jsons://hooks.example.com/secret", digest=digest, account=account)
        add_channel(known, wish, actor="ann")
    assert keep_report(known, date(2026, 3, 2)) is not None
    assert deliver_alerts(awake, actor="ann", send=send) == Sent(0, 0, 0)
    kept = keep_report(awake, DAY)
    assert kept is not None
    assert keep_report(awake, DAY) is None
    assert deliver_alerts(awake, actor="ann", send=send) == Sent(0, 1, 0)
    ((title, body, html),) = told
    assert (title, html) == ("adtempo: Tuesday 3 March 2026", kept.html)
    figures, *rest = body.splitlines()
    assert figures.startswith("EUR: spend 20.00 EUR · value 80.00 EUR · ROAS 4.00, expected ")
    assert rest == [
        "",
        "What needs you:",
        "- Nothing that these facts show.",
    ]


@pytest.mark.parametrize("html", [None, "<p>the <b>page</b></p>"])
def test_a_mail_shows_the_page_or_the_text_as_it_is(html: str | None) -> None:
    with taking_mail() as mails:
        send_message(mails.mail, "t", "a <b>name</b>\nbelow", "info", allowed=LOOPBACK, html=html)
        mail = message_from_string(mails.got[0], policy=policy.default)
    parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    if html is None:
        assert [*parts] == ["text/plain"]
        assert parts["text/plain"].splitlines() == ["a <b>name</b>", "below"]
    else:
        assert parts["text/html"].strip() == html


def test_names_cannot_write_into_the_page(known: Workspace) -> None:
    kept = keep_report(known, DAY)
    assert kept is not None
    assert "<b>c1</b>" not in kept.html
    assert "&lt;b&gt;c1&lt;/b&gt;" in kept.html
    assert not any(word in kept.html for word in ("<img", "<script", "http://", "https://", "<style"))


def test_the_report_says_what_was_decided_and_what_waits(workspace: Workspace) -> None:
    roads.furnish(workspace, count=3)
    now = workspace.now()
    asks = roads.policy(auto_approve_up_to_micros=0)
    wishes = [
        roads.proposal(now, 1),
        roads.proposal(now, 2, policy=asks),
        roads.proposal(now, 1, policy=roads.policy(key="rule:2")),
    ]
    states = [change.state for change in propose_changes(workspace, wishes, actor="rule")]
    assert states == [State.APPROVED, State.AWAITING_APPROVAL, State.BLOCKED]
    apply_changes(workspace, actor="job")
    report = CampaignTracker(workspace).generate_daily_report()
    assert report.around.activity is not None
    assert report.around.activity.decisions == Decisions(applied=1, vetoed=1, waiting=1)
    assert report.attention[0] == "1 change waits for your approval"
    later = replace(workspace, pretended_now=now + timedelta(days=2))
    activity = CampaignTracker(later).generate_daily_report().around.activity
    assert activity is not None
    assert activity.decisions == Decisions()
