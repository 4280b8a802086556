"""A creator's week, planned: days and captions are locked, once, and everything is written down."""

from __future__ import annotations

import csv
import io
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from adtempo import ScheduleBuilder
from adtempo.domain.errors import (
    CaptionsExhausted,
    Conflict,
    DatabaseUnavailable,
    InvalidInput,
    NotFound,
    PastStart,
    ScheduleOverlaps,
    WeekInfeasible,
)
from adtempo.facts.message_imports import import_captions
from adtempo.messages.export import COLUMNS, schedule_csv, schedule_ics
from adtempo.messages.load import load_bank, load_history
from adtempo.platforms.sandbox.pages import PageSpec
from adtempo.store import page_schedules as planned
from adtempo.store.audit import load_audit
from adtempo.store.engine import reading, transaction
from adtempo.store.messages import Page, load_page
from adtempo.store.predictions import load_predictions
from adtempo.workspace import Workspace
from page_beliefs import believe_captions
from page_files import import_simulated, write

PAGE = PageSpec("ava", fans=1_500, ppv_weekly=6, bump_weekly=4, wear=0.02)
MONDAY = date(2026, 3, 9)
BERLIN = ZoneInfo("Europe/Berlin")
ACTOR = "ann"


@pytest.fixture
def builder(workspace: Workspace, tmp_path: Path, now: datetime) -> ScheduleBuilder:
    import_simulated(workspace, tmp_path, [PAGE], now=now)
    return ScheduleBuilder(workspace)


def log_of(workspace: Workspace) -> list[planned.LoggedBuild]:
    with reading(workspace.engine) as connection:
        return planned.load_log(connection, since=datetime(2020, 1, 1, tzinfo=UTC))


def test_a_week_is_planned_locked_logged_and_predicted(builder: ScheduleBuilder, workspace: Workspace) -> None:
    schedule_id, frame = builder.build_schedule("ava", MONDAY, seed=7)
    schedule = builder.load_schedule(schedule_id)
    locks = builder.load_locks("ava")
    assert tuple(frame.columns) == COLUMNS
    assert frame.message_type.value_counts().to_dict() == {"PPV": 8, "Bump": 6}
    assert frame.scheduled_send_time.is_monotonic_increasing
    assert {lock.caption_id for lock in locks} == set(frame.caption_id)
    assert all(lock.expires_at == lock.scheduled_send_time + timedelta(days=30) for lock in locks)
    assert (frame[frame.message_type == "Bump"].price_tier == "Free").all()
    assert (schedule.seed, schedule.created_by) == (7, workspace.actor)
    assert frame.performance_score.between(0, 1).all()
    assert schedule.planned_value_micros == pytest.approx(
        sum(one.expected_value_micros for one in schedule.messages), abs=10
    )
    with reading(workspace.engine) as connection:
        claim = load_predictions(connection, [schedule_id])[schedule_id].prediction
        assert load_audit(connection)[-1].action == "schedule.built"
    assert (claim.scope.page_name, claim.since, claim.until) == ("ava", MONDAY, MONDAY + timedelta(days=6))
    assert claim.interval["low80"] < claim.value < claim.interval["high80"]
    (logged,) = log_of(workspace)
    assert (logged.action, logged.status, logged.message_count) == ("build", "SUCCESS", 14)
    assert logged.execution_time_seconds > 0


def test_no_caption_is_repeated_within_its_rest(builder: ScheduleBuilder) -> None:
    weeks = [builder.build_week("ava", MONDAY + timedelta(weeks=week), actor=ACTOR) for week in range(3)]
    used = [one.caption_id for week in weeks for one in week.messages]
    assert len(used) == len(set(used))
    sent = load_recent(builder, MONDAY)
    assert not sent & {one.caption_id for one in weeks[0].messages}


def load_recent(builder: ScheduleBuilder, start: date) -> set[str]:
    from adtempo.store.messages import load_last_sent

    since = datetime(start.year, start.month, start.day, tzinfo=BERLIN) - timedelta(days=30)
    with reading(builder._workspace.engine) as connection:
        return set(load_last_sent(connection, "ava", since=since))


def test_the_same_seed_plans_the_same_week(builder: ScheduleBuilder) -> None:
    first = builder.build_week("ava", MONDAY, seed=3, actor=ACTOR)
    builder.unlock(first.schedule_id, actor=ACTOR)
    again = builder.build_week("ava", MONDAY, seed=3, actor=ACTOR)
    assert again.messages == first.messages
    assert again.schedule_id != first.schedule_id


def test_a_page_has_one_schedule_for_a_day_unless_it_is_replaced(builder: ScheduleBuilder) -> None:
    first = builder.build_week("ava", MONDAY, actor=ACTOR)
    with pytest.raises(ScheduleOverlaps, match=f"{first.schedule_id}.*add --replace"):
        builder.build_week("ava", MONDAY + timedelta(days=3), actor=ACTOR)
    second = builder.build_week("ava", MONDAY + timedelta(days=3), replaces=True, actor=ACTOR)
    old = builder.load_schedule(first.schedule_id)
    assert old.withdrawn_by == second.schedule_id
    assert {lock.schedule_id for lock in builder.load_locks("ava")} == {second.schedule_id}
    assert old.messages == first.messages, "what was planned stays on record"


def test_a_cancelled_week_gives_its_captions_back_but_not_those_that_went_out(
    builder: ScheduleBuilder, workspace: Workspace, tmp_path: Path
) -> None:
    week = builder.build_week("ava", MONDAY, actor=ACTOR)
    midway = week.messages[4].scheduled_send_time
    later = Workspace(workspace.home, workspace.settings, workspace.engine, midway)
    released = ScheduleBuilder(later).unlock(week.schedule_id, actor=ACTOR)
    assert released == len(week.messages) - 5
    assert {lock.caption_id for lock in builder.load_locks("ava")} == {one.caption_id for one in week.messages[:5]}
    with pytest.raises(Conflict, match="withdrawn already, by ann"):
        builder.unlock(week.schedule_id, actor=ACTOR)


def test_a_lock_that_ran_out_is_taken_over(builder: ScheduleBuilder, workspace: Workspace, now: datetime) -> None:
    week = builder.build_week("ava", MONDAY, actor=ACTOR)
    moved = planned.Schedule(
        "other", "ava", MONDAY + timedelta(weeks=1), now, ACTOR, 1, "GREEN", 0, {}, (week.messages[0],)
    )
    rest = timedelta(days=30)
    with pytest.raises(Conflict, match="locked one of these captions"), transaction(workspace.engine) as connection:
        planned.insert_schedule(connection, moved, rest=rest, now=now)
    over = week.messages[0].scheduled_send_time + rest
    with transaction(workspace.engine) as connection:
        planned.insert_schedule(connection, moved, rest=rest, now=over)
    assert {lock.schedule_id for lock in builder.load_locks()} == {week.schedule_id, "other"}


def test_refused_requests_are_no_builds(builder: ScheduleBuilder, workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="no page 'bob'"):
        builder.build_schedule("bob", MONDAY)
    with pytest.raises(PastStart, match="on page ava it is 2026-03-04"):
        builder.build_schedule("ava", date(2026, 3, 3))
    with pytest.raises(InvalidInput, match="seed -1"):
        builder.build_schedule("ava", MONDAY, seed=-1)
    assert log_of(workspace) == []


def test_a_week_may_begin_today_and_sends_nothing_in_the_past(builder: ScheduleBuilder, now: datetime) -> None:
    week = builder.build_week("ava", now.date(), actor=ACTOR)
    assert all(one.scheduled_send_time >= now for one in week.messages)


def test_too_few_captions_name_tier_number_and_day(workspace: Workspace, tmp_path: Path, now: datetime) -> None:
    bank = "caption_id,caption_text,price_tier,content_category,has_urgency\n" + "".join(
        f"{tier}{n},text,{tier},c{n},false\n" for tier in ("Budget", "Mid", "Premium", "Free") for n in range(3)
    )
    import_captions(workspace.ledger, write(tmp_path / "bank.csv", bank), actor=ACTOR, now=now)
    builder = ScheduleBuilder(workspace)
    builder.set_page(Page("new", "UTC"), actor=ACTOR)
    with pytest.raises(CaptionsExhausted, match=r"1 Free is missing \(none is resting"):
        builder.build_week("new", MONDAY, actor=ACTOR)
    more = bank + "free9,text,Free,c9,false\n"
    import_captions(workspace.ledger, write(tmp_path / "more.csv", more), actor=ACTOR, now=now)
    builder.build_week("new", MONDAY, actor=ACTOR)
    with pytest.raises(CaptionsExhausted, match=r"4 Free are missing \(4 of them rest until 2026-04-1"):
        builder.build_week("new", MONDAY + timedelta(weeks=1), actor=ACTOR)
    failed = [one for one in log_of(workspace) if one.status == "ERROR"]
    assert [(one.page_name, one.schedule_id) for one in failed] == [("new", None)] * 2
    assert "Free" in (failed[0].error_message or "")


def test_a_week_that_does_not_fit_says_what_would_have_to_give(builder: ScheduleBuilder) -> None:
    builder.set_page(Page("ava", "Europe/Berlin", hours=(20,)), actor=ACTOR)
    with pytest.raises(WeekInfeasible, match="8 PPV and 6 Bump do not fit.*allowed hours: also .*PPVs: "):
        builder.build_week("ava", MONDAY, actor=ACTOR)


def test_settings_of_a_page_are_kept_and_checked(builder: ScheduleBuilder, workspace: Workspace) -> None:
    builder.set_page(Page("ava", "Europe/Berlin", (21, 20), (6,), 10), actor=ACTOR)
    with reading(workspace.engine) as connection:
        assert load_page(connection, "ava") == Page("ava", "Europe/Berlin", (20, 21), (6,), 10)
    assert [page.page_name for page in builder.load_pages()] == ["ava"]
    for bad in (
        Page("ava", "Atlantis"),
        Page("ava", "Europe/Berlin", ()),
        Page("ava", "Europe/Berlin", (24,)),
        Page("ava", "Europe/Berlin", quiet_days=tuple(range(7))),
        Page("ava", "Europe/Berlin", rest_days=0),
    ):
        with pytest.raises(InvalidInput):
            builder.set_page(bad, actor=ACTOR)


def test_an_export_is_exact_guarded_and_logged(
    workspace: Workspace, builder: ScheduleBuilder, tmp_path: Path, now: datetime
) -> None:
    texts = ['=HYPERLINK("x")', 'a, "b"\nc', "🎉 party", "-5% today"] * 40
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["caption_id", "caption_text", "price_tier", "content_category", "has_urgency"])
    for n, text in enumerate(texts):
        writer.writerow([f"c{n}", text, ("Budget", "Mid", "Premium", "Free")[n // 4 % 4], f"k{n % 7}", "true"])
    import_captions(workspace.ledger, write(tmp_path / "odd.csv", out.getvalue()), actor=ACTOR, now=now)
    builder.set_page(Page("odd", "America/New_York"), actor=ACTOR)
    schedule_id, frame = builder.build_schedule("odd", MONDAY)
    guarded = pd.read_csv(builder.export_csv(schedule_id, tmp_path / "g.csv"), keep_default_na=False)
    raw = pd.read_csv(builder.export_csv(schedule_id, tmp_path / "r.csv", raw=True), keep_default_na=False)
    assert raw.caption_text.tolist() == frame.caption_text.tolist()
    assert all(
        shown == (f"'{text}" if text[0] in "=-" else text)
        for shown, text in zip(guarded.caption_text, frame.caption_text, strict=True)
    )
    assert tuple(raw.columns) == COLUMNS
    assert [one.action for one in log_of(workspace)] == ["build", "export", "export"]
    with pytest.raises(InvalidInput, match="cannot be written"):
        builder.export_csv(schedule_id, tmp_path / "nowhere" / "x.csv")
    assert log_of(workspace)[-1].status == "ERROR"
    with pytest.raises(NotFound, match="no schedule 'x'"):
        builder.export_csv("x", tmp_path / "x.csv")


def test_a_calendar_says_every_message(builder: ScheduleBuilder, now: datetime) -> None:
    week = builder.build_week("ava", MONDAY, actor=ACTOR)
    calendar = schedule_ics(week, now)
    assert calendar.count("BEGIN:VEVENT") == len(week.messages)
    assert all(len(line.encode()) <= 75 for line in calendar.split("\r\n"))
    assert f"DTSTART:{week.messages[0].scheduled_send_time:%Y%m%dT%H%M%SZ}" in calendar
    assert schedule_csv(week, BERLIN).count("\n") == len(week.messages) + 1


def test_a_busy_database_is_tried_again_and_then_named(
    builder: ScheduleBuilder, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    calls = {"left": 2}
    real = planned.insert_schedule

    def busy(*args: object, **more: object) -> None:
        if calls["left"]:
            calls["left"] -= 1
            raise OperationalError("INSERT", {}, locked)
        real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(planned, "insert_schedule", busy)
    builder.build_week("ava", MONDAY, actor=ACTOR)
    assert waits == [0.05, 0.1]
    calls["left"] = 100
    with pytest.raises(DatabaseUnavailable, match="stayed busy: database is locked"):
        builder.build_week("ava", MONDAY + timedelta(weeks=1), actor=ACTOR)
    assert log_of(workspace)[-1].status == "ERROR"


def test_a_full_disk_is_not_tried_again(builder: ScheduleBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)

    def full(*_args: object, **_more: object) -> None:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(planned, "insert_schedule", full)
    with pytest.raises(OperationalError, match="disk is full"):
        builder.build_week("ava", MONDAY, actor=ACTOR)
    assert waits == []


def believed(builder: ScheduleBuilder) -> dict[str, float]:
    workspace = builder._workspace
    with reading(workspace.engine) as connection:
        page, bank = load_page(connection, "ava"), load_bank(connection)
        history = load_history(connection, page, bank, workspace.now())
    posteriors = believe_captions(history, bank.of_page("ava"), workspace.now())
    return dict(zip(posteriors.caption_id, posteriors.expected_micros, strict=True))


def test_last_weeks_results_change_next_weeks_choices(
    builder: ScheduleBuilder, workspace: Workspace, tmp_path: Path
) -> None:
    from adtempo.facts.message_imports import import_messages

    before = believed(builder)
    week = builder.build_week("ava", MONDAY, actor=ACTOR)
    star = next(one for one in week.messages if one.message_type == "PPV")
    later = datetime(2026, 3, 20, 12, tzinfo=UTC)
    lines = ["page_name,page_timezone,sent_at,message_type,caption_id,price,recipients,views,purchases,revenue"]
    for one in week.messages:
        bought = round(one.expected_value_micros / 15e6 * (3 if one is star else 1))
        price = 0 if one.message_type == "Bump" else 15
        at = one.scheduled_send_time.isoformat()
        lines.append(
            f"ava,Europe/Berlin,{at},{one.message_type},{one.caption_id},{price},1500,900,{bought},{bought * price}"
        )
    path = write(tmp_path / "results.csv", "\n".join(lines) + "\n")
    import_messages(workspace.ledger, path, actor=ACTOR, now=later)
    moved = Workspace(workspace.home, workspace.settings, workspace.engine, later)
    after = believed(ScheduleBuilder(moved))
    grown = {
        one.caption_id: after[one.caption_id] / before[one.caption_id]
        for one in week.messages
        if one.price_tier == star.price_tier
    }
    assert grown.pop(star.caption_id) > max(grown.values())


def test_every_schedule_is_listed(builder: ScheduleBuilder, workspace: Workspace) -> None:
    week = builder.build_week("ava", MONDAY, actor=ACTOR)
    builder.unlock(week.schedule_id, actor=ACTOR)
    again = builder.build_week("ava", MONDAY, actor=ACTOR)
    with reading(workspace.engine) as connection:
        every = planned.list_schedules(connection, page_name="ava")
        standing = planned.list_schedules(connection, standing=True, limit=5)
        days = connection.execute(select(planned.schedule_days.c.schedule_id).distinct()).scalars().all()
    assert {row.schedule_id for row in every} == {week.schedule_id, again.schedule_id}
    assert [row.schedule_id for row in standing] == days == [again.schedule_id]
