"""Weeks that were planned for creators' pages, the captions they lock, and the log of building and exporting them.

Two primary keys carry the promises, on both databases alike. `active_caption_assignments` has one row per page and
caption, which another schedule may take over only when its rest is over. `schedule_days` has one row per page and day.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
)

from adtempo.domain.errors import CaptionsTaken, NotFound, ScheduleOverlaps
from adtempo.store.engine import Identifier, Number, UtcTime, insert_into, metadata
from adtempo.store.rows import read_row, row_of

DAYS = 7

schedule_recommendations = Table(
    "schedule_recommendations",
    metadata,
    Column("schedule_id", Identifier, primary_key=True),
    Column("page_name", Identifier, ForeignKey("pages.page_name"), nullable=False),
    Column("start_date", Date, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("total_messages", Integer, nullable=False),
    Column("saturation_zone", Text, nullable=False),
    Column("planned_value_micros", BigInteger, nullable=False),
    Column("schedule_json", JSON, nullable=False),
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_by", Text),
    CheckConstraint("schedule_id <> '' AND created_by <> ''", name="stated"),
    CheckConstraint("total_messages >= 0 AND planned_value_micros >= 0", name="counted"),
    CheckConstraint("seed >= 0", name="seed_not_negative"),
    CheckConstraint("saturation_zone IN ('GREEN', 'YELLOW', 'RED')", name="zone_known"),
    CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_by_somebody"),
    Index("ix_schedule_recommendations_page", "page_name", "start_date"),
)
"""One row per week that was planned; `withdrawn_at` is set when it was replaced or unlocked."""

scheduled_messages = Table(
    "scheduled_messages",
    metadata,
    Column(
        "schedule_id", Identifier, ForeignKey("schedule_recommendations.schedule_id"), primary_key=True, nullable=False
    ),
    Column("scheduled_send_time", UtcTime, primary_key=True),
    Column("message_type", Text, nullable=False),
    Column("caption_id", Identifier, nullable=False),
    Column("caption_text", Text, nullable=False),
    Column("price_tier", Text, nullable=False),
    Column("content_category", Text, nullable=False),
    Column("has_urgency", Boolean, nullable=False),
    Column("performance_score", Double, nullable=False),
    Column("expected_value_micros", BigInteger, nullable=False),
    UniqueConstraint("schedule_id", "caption_id"),
    CheckConstraint("message_type IN ('PPV', 'Bump')", name="message_type_known"),
    CheckConstraint("price_tier IN ('Budget', 'Mid', 'Premium', 'Free')", name="price_tier_known"),
    CheckConstraint("(message_type = 'Bump') = (price_tier = 'Free')", name="bumps_free"),
    CheckConstraint("caption_id <> '' AND caption_text <> ''", name="captioned"),
    CheckConstraint("performance_score >= 0 AND performance_score <= 1", name="performance_share"),
    CheckConstraint("expected_value_micros >= 0", name="value_not_negative"),
)
"""The messages of a week as they were planned, never updated."""

schedule_days = Table(
    "schedule_days",
    metadata,
    Column("page_name", Identifier, ForeignKey("pages.page_name"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("schedule_id", Identifier, ForeignKey("schedule_recommendations.schedule_id"), nullable=False),
    Index("ix_schedule_days_schedule", "schedule_id"),
)
"""Which schedule a page has for a local day: one, by the key."""

active_caption_assignments = Table(
    "active_caption_assignments",
    metadata,
    Column("page_name", Identifier, ForeignKey("pages.page_name"), primary_key=True),
    Column("caption_id", Identifier, primary_key=True),
    Column("schedule_id", Identifier, ForeignKey("schedule_recommendations.schedule_id"), nullable=False),
    Column("scheduled_send_time", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    CheckConstraint("caption_id <> ''", name="captioned"),
    CheckConstraint("expires_at > scheduled_send_time", name="rests"),
    UniqueConstraint("schedule_id", "scheduled_send_time"),
)
"""Which schedule a caption of a page is locked by: one, by the key, until its rest is over."""

schedule_export_log = Table(
    "schedule_export_log",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("schedule_id", Identifier, ForeignKey("schedule_recommendations.schedule_id")),
    Column("page_name", Identifier, nullable=False),
    Column("action", Text, nullable=False),
    Column("export_timestamp", UtcTime, nullable=False),
    Column("message_count", Integer, nullable=False),
    Column("execution_time_seconds", Double, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_message", Text),
    CheckConstraint("page_name <> ''", name="page_named"),
    CheckConstraint("action IN ('build', 'export')", name="action_known"),
    CheckConstraint("message_count >= 0", name="count_not_negative"),
    CheckConstraint("execution_time_seconds >= 0 AND execution_time_seconds < 1e9", name="seconds_not_negative"),
    CheckConstraint("status IN ('SUCCESS', 'ERROR')", name="status_known"),
    CheckConstraint("(status = 'ERROR') = (error_message IS NOT NULL)", name="error_explained"),
    CheckConstraint("status = 'ERROR' OR schedule_id IS NOT NULL", name="success_named"),
    Index("ix_schedule_export_log_timestamp", "export_timestamp"),
)
"""One row per build and export, whatever became of it."""


@dataclass(frozen=True, slots=True)
class ScheduledMessage:
    """One planned message.

    Attributes:
        scheduled_send_time: When, aware, UTC.
        message_type: PPV or Bump.
        caption_id: Its caption.
        caption_text: The text as it was when it was planned.
        price_tier: Of the caption.
        content_category: Of the caption.
        has_urgency: Whether the text presses.
        performance_score: Probability that the caption earns more than the page's typical one, 0 to 1.
        expected_value_micros: What the message is expected to earn, micros; 0 for a Bump.
    """

    scheduled_send_time: datetime
    message_type: str
    caption_id: str
    caption_text: str
    price_tier: str
    content_category: str
    has_urgency: bool
    performance_score: float
    expected_value_micros: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """A planned week.

    Attributes:
        schedule_id: Never given twice.
        page_name: Whose week.
        start_date: First local day of seven.
        created_at: When it was planned, aware.
        created_by: Who had it planned.
        seed: What all its draws follow from.
        saturation_zone: How worn out the audience was.
        planned_value_micros: What its PPVs were expected to earn.
        plan: Why it is as it is, plain JSON.
        messages: In order of time.
        withdrawn_at: When it was replaced or unlocked; None while it stands.
        withdrawn_by: Who did that, or which schedule replaced it.
    """

    schedule_id: str
    page_name: str
    start_date: date
    created_at: datetime
    created_by: str
    seed: int
    saturation_zone: str
    planned_value_micros: int
    plan: dict[str, Any]
    messages: tuple[ScheduledMessage, ...]
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None


@dataclass(frozen=True, slots=True)
class CaptionLock:
    """A caption that a page must not use again before `expires_at`."""

    page_name: str
    caption_id: str
    schedule_id: str
    scheduled_send_time: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LoggedBuild:
    """One row of the export log."""

    schedule_id: str | None
    page_name: str
    action: str
    export_timestamp: datetime
    message_count: int
    execution_time_seconds: float
    status: str
    error_message: str | None = None


def insert_schedule(connection: Connection, schedule: Schedule, *, rest: timedelta, now: datetime) -> None:
    """Keep a schedule and lock its days and its captions, all in the caller's transaction.

    Args:
        connection: Of a writing transaction.
        rest: How long a caption rests after its message.
        now: The moment, aware: locks that ran out by then are taken over.

    Raises:
        ScheduleOverlaps: The page has a schedule for one of the days.
        CaptionsTaken: Another schedule locked one of the captions meanwhile; plan again with others.
    """
    table = schedule_recommendations
    row = row_of(table, schedule, total_messages=len(schedule.messages), schedule_json=schedule.plan)
    connection.execute(table.insert().values(row))
    _take_days(connection, schedule)
    if not schedule.messages:
        return
    connection.execute(
        scheduled_messages.insert(), [{**asdict(one), "schedule_id": schedule.schedule_id} for one in schedule.messages]
    )
    _take_captions(connection, schedule, rest, now)


def _take_days(connection: Connection, schedule: Schedule) -> None:
    days = [schedule.start_date + timedelta(days=day) for day in range(DAYS)]
    taken = load_overlapping(connection, schedule.page_name, schedule.start_date)
    rows = [{"page_name": schedule.page_name, "day": day, "schedule_id": schedule.schedule_id} for day in days]
    statement = insert_into(connection, schedule_days).values(rows).on_conflict_do_nothing()
    if len(connection.execute(statement.returning(schedule_days.c.day)).all()) < DAYS:
        raise ScheduleOverlaps(schedule.page_name, taken or ["another that was built just now"])


def _take_captions(connection: Connection, schedule: Schedule, rest: timedelta, now: datetime) -> None:
    locks = active_caption_assignments
    rows = [
        {
            "page_name": schedule.page_name,
            "caption_id": one.caption_id,
            "schedule_id": schedule.schedule_id,
            "scheduled_send_time": one.scheduled_send_time,
            "expires_at": one.scheduled_send_time + rest,
        }
        for one in sorted(schedule.messages, key=lambda one: one.caption_id)
    ]
    offer = insert_into(connection, locks).values(rows)
    taken = connection.execute(
        offer.on_conflict_do_update(
            index_elements=[locks.c.page_name, locks.c.caption_id],
            set_={name: offer.excluded[name] for name in ("schedule_id", "scheduled_send_time", "expires_at")},
            where=locks.c.expires_at <= now,
        ).returning(locks.c.caption_id)
    ).all()
    if len(taken) < len(rows):
        raise CaptionsTaken


def withdraw_schedule(connection: Connection, schedule_id: str, *, by: str, now: datetime) -> int:
    """Release the days and captions of a schedule that lie ahead; return how many captions.

    The captions of what was sent before go on resting.
    """
    table = schedule_recommendations
    connection.execute(
        table.update()
        .where(table.c.schedule_id == schedule_id, table.c.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by=by)
    )
    connection.execute(schedule_days.delete().where(schedule_days.c.schedule_id == schedule_id))
    locks = active_caption_assignments
    ahead = (locks.c.schedule_id == schedule_id) & (locks.c.scheduled_send_time > now)
    return connection.execute(locks.delete().where(ahead)).rowcount


def load_overlapping(connection: Connection, page_name: str, start: date) -> list[str]:
    """Return the ids of the schedules that a page has in the seven days from one on."""
    days = schedule_days.c
    query = (
        select(days.schedule_id)
        .where(days.page_name == page_name, days.day >= start, days.day < start + timedelta(days=DAYS))
        .distinct()
        .order_by(days.schedule_id)
    )
    return list(connection.scalars(query))


def load_schedule(connection: Connection, schedule_id: str) -> Schedule:
    """Return a schedule with its messages.

    Raises:
        NotFound: There is none of this id.
    """
    table = schedule_recommendations
    row = connection.execute(select(table).where(table.c.schedule_id == schedule_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no schedule {schedule_id!r}; `adtempo messages show` lists those there are")
    return _schedule(connection, row)


def is_withdrawn(connection: Connection, schedule_id: str) -> bool:
    """Say whether a schedule was replaced or unlocked."""
    table = schedule_recommendations.c
    withdrawn = select(table.schedule_id).where(table.schedule_id == schedule_id, table.withdrawn_at.is_not(None))
    return connection.scalar(withdrawn) is not None


def list_schedules(
    connection: Connection, *, page_name: str | None = None, standing: bool = False, limit: int | None = None
) -> list[Row[Any]]:
    """Return the rows of schedules, or only of those that stand, without their messages, the latest week first."""
    table = schedule_recommendations
    columns = [column for column in table.c if column.name != "schedule_json"]
    query = select(*columns).order_by(table.c.start_date.desc(), table.c.created_at.desc(), table.c.schedule_id)
    if page_name is not None:
        query = query.where(table.c.page_name == page_name)
    if standing:
        query = query.where(table.c.withdrawn_at.is_(None))
    return list(connection.execute(query.limit(limit)).all())


def load_scheduled(
    connection: Connection, page_name: str, *, since: datetime, until: datetime, without: Collection[str] = ()
) -> list[ScheduledMessage]:
    """Return the messages of a page's standing schedules, some left out, between two moments, in order of time."""
    messages, plans = scheduled_messages.c, schedule_recommendations.c
    query = (
        select(scheduled_messages)
        .join(schedule_recommendations)
        .where(
            plans.page_name == page_name,
            plans.withdrawn_at.is_(None),
            plans.schedule_id.not_in(without),
            messages.scheduled_send_time >= since,
            messages.scheduled_send_time < until,
        )
        .order_by(messages.scheduled_send_time)
    )
    return [read_row(ScheduledMessage, row) for row in connection.execute(query)]


def load_locks(
    connection: Connection, *, page_names: Collection[str] | None = None, after: datetime | None = None
) -> list[CaptionLock]:
    """Return locks by page and caption, leaving out those that run out by a moment."""
    table = active_caption_assignments
    query = select(table).order_by(table.c.page_name, table.c.caption_id)
    if page_names is not None:
        query = query.where(table.c.page_name.in_(page_names))
    if after is not None:
        query = query.where(table.c.expires_at > after)
    return [read_row(CaptionLock, row) for row in connection.execute(query)]


def log_build(connection: Connection, logged: LoggedBuild) -> None:
    """Note a build or an export, whatever became of it."""
    connection.execute(schedule_export_log.insert().values(asdict(logged)))


def load_log(connection: Connection, *, since: datetime) -> list[LoggedBuild]:
    """Return builds and exports from a moment on, the oldest first."""
    table = schedule_export_log
    query = select(table).where(table.c.export_timestamp >= since).order_by(table.c.export_timestamp, table.c.id)
    return [read_row(LoggedBuild, row) for row in connection.execute(query)]


def load_last_success(connection: Connection) -> datetime | None:
    """Return when something was built or exported last."""
    table = schedule_export_log.c
    query = select(func.max(table.export_timestamp, type_=UtcTime())).where(table.status == "SUCCESS")
    last: datetime | None = connection.scalar(query)
    return last


def _schedule(connection: Connection, row: Row[Any]) -> Schedule:
    table = scheduled_messages
    query = select(table).where(table.c.schedule_id == row.schedule_id).order_by(table.c.scheduled_send_time)
    messages = tuple(read_row(ScheduledMessage, one) for one in connection.execute(query))
    return read_row(Schedule, row, plan=row.schedule_json, messages=messages)
