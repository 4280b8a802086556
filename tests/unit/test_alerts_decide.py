"""Which news goes where and when, and what it says: pure, so every moment of a day can be tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.alerts.decide import Announcement, Message, choose_news, digest_at, plan_messages, retry_at
from adtempo.alerts.wording import LINE_MAX, TOP, write_message
from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.alerts import Alert, Channel, Digest, Finding, News, QuietHours, Severity, Told, read_quiet_hours
from adtempo.domain.errors import InvalidInput
from adtempo.domain.money import Money

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
TOKYO = ZoneInfo("Asia/Tokyo")
ACCOUNT = AccountRef("meta", "1")
NIGHT = QuietHours(22 * 60, 7 * 60)
MOMENTS = (NOON, NOON, NOON)
TEAM = Channel(1, "team", "slack://***")


def finding(number: int = 1, severity: Severity = Severity.WARNING, stake: Money | None = None) -> Finding:
    campaign = CampaignRef("meta", "1", f"c{number}")
    return Finding("spend_anomaly", severity, f"Campaign {number} spends oddly.", campaign, at_stake=stake)


def alert(number: int = 1, severity: Severity = Severity.WARNING, at: datetime = NOON) -> Alert:
    return Alert(number, finding(number, severity), at, at, at)


def in_utc(_ref: AccountRef | None) -> tzinfo:
    return UTC


def plan(
    alerts: list[Alert],
    channel: Channel = TEAM,
    now: datetime = NOON,
    told: dict[tuple[int, int], Told] | None = None,
    zone: tzinfo = UTC,
) -> list[Announcement]:
    messages = plan_messages(alerts, [channel], told or {}, lambda _ref: zone, now)
    assert len(messages) <= 1
    return [one for message in messages for one in message.announcements]


def test_a_new_alert_is_told_once() -> None:
    assert [one.news for one in plan([alert()])] == [News.OPENED]
    assert plan([alert()], told={(1, 1): Told(Severity.WARNING)}) == []


@pytest.mark.parametrize(
    ("change", "told", "news"),
    [
        ({}, None, News.OPENED),
        ({"acknowledged_at": NOON}, None, None),
        ({"resolved_at": NOON}, None, None),
        ({"resolved_at": NOON}, Told(Severity.WARNING), News.RESOLVED),
        ({"resolved_at": NOON}, Told(Severity.WARNING, resolved=True), None),
        ({"finding": finding(1, Severity.CRITICAL)}, Told(Severity.WARNING), News.WORSE),
        ({"finding": finding(1, Severity.INFO)}, Told(Severity.WARNING), None),
    ],
)
def test_what_there_is_to_say_depends_on_what_was_said(
    change: dict[str, object], told: Told | None, news: News | None
) -> None:
    assert choose_news(replace(alert(), **change), told) == news  # type: ignore[arg-type]


def test_a_channel_hears_only_of_its_account_and_severity() -> None:
    assert plan([alert(1, Severity.INFO)]) == []
    assert plan([alert()], replace(TEAM, account=AccountRef("meta", "2"))) == []
    assert len(plan([alert()], replace(TEAM, account=ACCOUNT))) == 1
    house = Alert(2, Finding("job_failed", Severity.CRITICAL, "A job failed."), NOON, NOON, NOON)
    assert plan([house], replace(TEAM, account=ACCOUNT)) == []
    assert len(plan([house])) == 1


def test_an_alert_that_became_harmless_still_ends_for_those_who_heard_of_it() -> None:
    gone = replace(alert(1, Severity.INFO), resolved_at=NOON)
    assert [one.news for one in plan([gone], told={(1, 1): Told(Severity.WARNING)})] == [News.RESOLVED]


@pytest.mark.parametrize(("hour", "sent"), [(20, True), (21, False), (23, False), (5, False), (6, True)])
def test_quiet_hours_are_of_the_accounts_own_clock(hour: int, sent: bool) -> None:
    now = NOON.replace(hour=hour)  # Berlin is an hour ahead
    assert bool(plan([alert(at=now)], replace(TEAM, quiet=NIGHT), now, zone=BERLIN)) == sent


def test_critical_news_passes_quiet_hours_and_digests_but_its_end_waits() -> None:
    night = NOON.replace(hour=23)
    quiet = replace(TEAM, quiet=NIGHT, digest=Digest.DAY)
    bad = alert(1, Severity.CRITICAL, night)
    assert [one.news for one in plan([bad, alert(2, at=night)], quiet, night)] == [News.OPENED]
    ended = replace(bad, resolved_at=night)
    told = {(1, 1): Told(Severity.CRITICAL)}
    assert plan([ended], quiet, night, told) == []
    assert [one.news for one in plan([ended], quiet, night + 9 * HOUR, told)] == [News.RESOLVED]


def test_each_account_has_its_own_night() -> None:
    here, there = alert(1), Alert(2, Finding("x", Severity.WARNING, "X.", account=AccountRef("meta", "2")), *MOMENTS)
    zones: dict[AccountRef | None, tzinfo] = {ACCOUNT: UTC, AccountRef("meta", "2"): TOKYO}
    quiet = replace(TEAM, quiet=NIGHT)
    now = NOON + 2 * HOUR  # 23:00 in Tokyo
    messages = plan_messages([here, there], [quiet], {}, lambda ref: zones[ref], now)
    assert [one.alert.id for one in messages[0].announcements] == [1]


def test_a_digest_gathers_what_came_since() -> None:
    hourly = replace(TEAM, digest=Digest.HOUR)
    first, second = alert(1, at=NOON + timedelta(minutes=10)), alert(2, at=NOON + timedelta(minutes=50))
    assert plan([first, second], hourly, NOON + timedelta(minutes=55)) == []
    assert len(plan([first, second], hourly, NOON + HOUR)) == 2
    late = alert(3, at=NOON + HOUR)
    assert len(plan([first, second, late], hourly, NOON + HOUR + timedelta(minutes=5))) == 3
    assert plan([late], hourly, NOON + HOUR + timedelta(minutes=5)) == []


def test_a_daily_digest_comes_at_eight_local() -> None:
    assert digest_at(NOON, Digest.DAY, BERLIN) == datetime(2026, 3, 5, 7, tzinfo=UTC)
    early = datetime(2026, 3, 4, 6, 59, tzinfo=UTC)
    assert digest_at(early, Digest.DAY, BERLIN) == datetime(2026, 3, 4, 7, tzinfo=UTC)
    before_summer_time = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert digest_at(before_summer_time, Digest.DAY, BERLIN) == datetime(2026, 3, 29, 6, tzinfo=UTC)
    assert digest_at(NOON, Digest.NONE, BERLIN) == NOON


def test_worse_news_arises_when_it_became_worse() -> None:
    worse = replace(alert(1), severity_since=NOON + HOUR, finding=finding(1, Severity.WARNING))
    told = {(1, 1): Told(Severity.INFO)}
    hourly = replace(TEAM, digest=Digest.HOUR)
    assert plan([worse], hourly, NOON + 2 * HOUR - timedelta(seconds=1), told) == []
    assert [one.news for one in plan([worse], hourly, NOON + 2 * HOUR, told)] == [News.WORSE]


def test_retries_wait_longer_each_time_and_end() -> None:
    waits = [retry_at(attempt, NOON) for attempt in range(1, 7)]
    assert [wait and (wait - NOON).seconds // 60 for wait in waits] == [5, 10, 20, 40, 80, None]


@given(st.lists(st.tuples(st.sampled_from(Severity), st.integers(-48, 0)), max_size=30), st.integers(0, 47))
def test_a_storm_is_one_message_and_nothing_is_told_twice(storm: list[tuple[Severity, int]], half_hours: int) -> None:
    now = NOON + half_hours * HOUR / 2
    alerts = [alert(place, severity, NOON + age * HOUR) for place, (severity, age) in enumerate(storm, start=1)]
    for digest in Digest:
        channel = replace(TEAM, digest=digest, quiet=NIGHT)
        first = plan(alerts, channel, now)
        told = {(1, one.alert.id): Told(one.alert.finding.severity) for one in first}
        assert plan(alerts, channel, now, told) == []
        # a day and a half later nothing waits any more
        rest = {one.alert.id for moment in range(72) for one in plan(alerts, channel, now + moment * HOUR / 2, told)}
        wanted = {one.id for one in alerts if one.finding.severity.rank >= channel.severity.rank}
        assert {one.alert.id for one in first} | rest == wanted


def test_one_alert_is_told_in_full() -> None:
    single = Finding(
        *("roas_below_target", Severity.CRITICAL, "Spring sale earns too little."),
        campaign=CampaignRef("meta", "1", "c1"),
        metric_name="roas",
        threshold=2.0,
        actual_value=0.8,
        at_stake=Money(123_450_000, "EUR"),
    )
    title, body = write_message(Message(TEAM, (Announcement(Alert(12, single, *MOMENTS), News.OPENED),)))
    assert title == "adtempo: [critical] Roas below target: meta:1:c1"
    assert body.splitlines() == [
        "Spring sale earns too little.",
        "roas: 0.80, against 2.00.",
        "At stake per day: 123.45 EUR.",
        "Alert 12; to say that you know: adtempo alerts ack 12",
    ]


def test_the_end_of_an_alert_asks_for_nothing() -> None:
    title, body = write_message(Message(TEAM, (Announcement(alert(), News.RESOLVED),)))
    assert title == "adtempo: [resolved] Spend anomaly: meta:1:c1"
    assert body == "Campaign 1 spends oddly."


@pytest.mark.parametrize(
    ("metric", "value", "stake", "shown"),
    [
        ("spend", 1_500_000.0, Money(1, "EUR"), "spend: 1.50 EUR."),
        ("spend", 1_500_000.0, None, "spend: 1.5."),
        ("z", 4.25, None, "z: 4.25."),
        ("ctr", 1.234, None, "ctr: 1.23%."),
    ],
)
def test_values_are_written_in_their_unit(metric: str, value: float, stake: Money | None, shown: str) -> None:
    said = Finding("x", Severity.WARNING, "X.", metric_name=metric, actual_value=value, at_stake=stake)
    _, body = write_message(Message(TEAM, (Announcement(Alert(1, said, *MOMENTS), News.OPENED),)))
    assert body.splitlines()[1] == shown


def test_a_storm_is_counted_and_the_top_named_by_what_is_at_stake() -> None:
    said = [
        Announcement(Alert(n, finding(n, Severity.WARNING, Money(n * 1_000_000, "EUR")), *MOMENTS), News.OPENED)
        for n in range(1, 998)
    ]
    yen = Announcement(Alert(998, finding(998, Severity.WARNING, Money(9_000_000, "JPY")), *MOMENTS), News.OPENED)
    bad = Announcement(Alert(999, finding(999, Severity.CRITICAL), *MOMENTS), News.WORSE)
    gone = Announcement(Alert(1000, finding(1000), *MOMENTS, resolved_at=NOON), News.RESOLVED)
    title, body = write_message(Message(TEAM, (*said, yen, bad, gone)))
    lines = body.splitlines()
    assert title == "adtempo: 1 critical, 998 warning, 1 resolved"
    assert lines[:4] == [
        "- [now critical] Campaign 999 spends oddly.",
        "- [warning] Campaign 997 spends oddly. (997.00 EUR per day)",
        "- [warning] Campaign 998 spends oddly. (9 JPY per day)",
        "- [warning] Campaign 996 spends oddly. (996.00 EUR per day)",
    ]
    assert lines[TOP:] == ["- and 990 more: adtempo alerts list", "At stake per day: 497503.00 EUR and 9 JPY."]


def test_a_long_line_is_cut() -> None:
    long = Finding("x", Severity.WARNING, "y" * 1000)
    two = tuple(Announcement(Alert(n, replace(long, detail=str(n)), *MOMENTS), News.OPENED) for n in (1, 2))
    _, body = write_message(Message(TEAM, two))
    assert max(map(len, body.splitlines())) <= LINE_MAX + len("- [warning] ")


@pytest.mark.parametrize("text", ["22:00", "22-7", "25:00-07:00", "22:00-22:00", "", "a-b", "1-2-3"])
def test_quiet_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="22:00-07:00"):
        read_quiet_hours(text)


@pytest.mark.parametrize(("since", "until"), [(-1, 60), (0, 1440), (5, 5)])
def test_quiet_minutes_lie_in_a_day(since: int, until: int) -> None:
    with pytest.raises(InvalidInput, match="two different times"):
        QuietHours(since, until)


def test_quiet_hours_may_lie_within_a_day() -> None:
    lunch = read_quiet_hours("12:00-13:30")
    assert [lunch.holds(NOON + timedelta(minutes=minutes)) for minutes in (-1, 0, 89, 90)] == [False, True, True, False]


def test_a_finding_says_what_is_wrong() -> None:
    assert finding().cause == "spend_anomaly|meta:1:c1||"
    assert (finding().subject, finding().within) == ("meta:1:c1", ACCOUNT)
    house = Finding("job_failed", Severity.WARNING, "A job failed.", detail="sync")
    assert (house.subject, house.within, house.cause) == ("", None, "job_failed|||sync")
    with pytest.raises(InvalidInput, match="type and a message"):
        replace(finding(), message="")
    with pytest.raises(InvalidInput, match="finite"):
        replace(finding(), actual_value=float("nan"))
    with pytest.raises(InvalidInput, match="does not belong"):
        replace(finding(), account=AccountRef("meta", "2"))
