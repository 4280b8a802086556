"""The channels that hear of alerts, and the log of what was sent to them: each message noted first, no news twice."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    and_,
    or_,
    select,
    text,
)

from adtempo.domain.accounts import AccountRef
from adtempo.domain.alerts import Alert, Channel, Digest, News, QuietHours, Severity, Told
from adtempo.domain.errors import Conflict, NotFound
from adtempo.store.alerts import performance_alerts
from adtempo.store.engine import Identifier, Number, UtcTime, metadata
from adtempo.store.rows import account_key, insert_first, read_row, row_of

_SEVERITY_KNOWN = "severity IN ('info', 'warning', 'critical')"

alert_channels = Table(
    "alert_channels",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Identifier, nullable=False),
    Column("address", Text, nullable=False),
    Column("sealed_url", LargeBinary),
    Column("allowed_address", Text),
    Column("severity", Text, nullable=False),
    Column("platform", Identifier),
    Column("account_id", Identifier),
    Column("digest", Text, nullable=False),
    Column("quiet_since", Integer),
    Column("quiet_until", Integer),
    Column("added_at", UtcTime, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("removed_at", UtcTime),
    account_key(),
    CheckConstraint("name <> '' AND added_by <> ''", name="named"),
    CheckConstraint(_SEVERITY_KNOWN, name="severity_known"),
    CheckConstraint("digest IN ('none', 'hour', 'day')", name="digest_known"),
    CheckConstraint("(platform IS NULL) = (account_id IS NULL)", name="account_whole"),
    CheckConstraint("(quiet_since IS NULL) = (quiet_until IS NULL) AND quiet_since <> quiet_until", name="quiet_whole"),
    CheckConstraint("quiet_since BETWEEN 0 AND 1439 AND quiet_until BETWEEN 0 AND 1439", name="quiet_in_day"),
    CheckConstraint("sealed_url IS NULL OR removed_at IS NULL", name="removed_forgotten"),
    Index(
        "uq_alert_channels_name",
        "name",
        unique=True,
        sqlite_where=text("removed_at IS NULL"),
        postgresql_where=text("removed_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)
"""The URL holds secrets, so it is sealed, and forgotten when the channel is removed."""

alert_deliveries = Table(
    "alert_deliveries",
    metadata,
    Column("id", Identifier, primary_key=True),
    Column("channel_id", Number, ForeignKey("alert_channels.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("html", Text),
    Column("alerts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", UtcTime),
    Column("error", Text),
    CheckConstraint("status IN ('waiting', 'sent', 'failed')", name="status_known"),
    CheckConstraint(_SEVERITY_KNOWN, name="severity_known"),
    CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_dated"),
    CheckConstraint("status <> 'failed' OR error IS NOT NULL", name="failure_explained"),
    CheckConstraint("attempts >= 0 AND alerts >= 0", name="counted"),
    Index("ix_alert_deliveries_due", "status", "due_at"),
)
"""One row per message to one channel: noted before it is sent, with its outcome afterwards."""

alert_news = Table(
    "alert_news",
    metadata,
    Column("channel_id", Number, ForeignKey("alert_channels.id"), primary_key=True),
    Column("alert_id", Number, ForeignKey("performance_alerts.id"), primary_key=True),
    Column("news", Text, primary_key=True),
    Column("severity", Text, primary_key=True),
    Column("delivery_id", Identifier, ForeignKey("alert_deliveries.id"), nullable=False),
    CheckConstraint("news IN ('opened', 'worse', 'resolved')", name="news_known"),
    CheckConstraint(_SEVERITY_KNOWN, name="severity_known"),
    Index("ix_alert_news_alert", "alert_id"),
)
"""What a channel was told of an alert, and in which message; by its key, nothing is told twice."""


@dataclass(frozen=True, slots=True)
class StoredChannel:
    """A channel with what is needed to send to it.

    Attributes:
        channel: What people may see of it.
        sealed_url: Its URL, sealed; None once it is removed.
        allowed_address: A private address that an admin allowed for it.
    """

    channel: Channel
    sealed_url: bytes | None
    allowed_address: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one channel.

    Attributes:
        id: In the text of the message too, so that a repeated one can be told.
        channel_id: To which channel.
        status: waiting, sent or failed (attempts used up).
        severity: The worst that it tells of.
        title: As sent.
        body: As sent.
        alerts: How many alerts it tells of; none, if it is a report.
        created_at: When it was written.
        due_at: From when it may be tried, or tried again.
        attempts: Times that it was tried.
        sent_at: When the channel took it.
        error: Why the last attempt failed.
        html: What a mail shows instead of the body.
    """

    id: str
    channel_id: int
    status: str
    severity: str
    title: str
    body: str
    alerts: int
    created_at: datetime
    due_at: datetime
    attempts: int
    sent_at: datetime | None = None
    error: str | None = None
    html: str | None = None


def insert_channel(connection: Connection, stored: StoredChannel, *, by: str, at: datetime) -> StoredChannel:
    """Add a channel and return it with its id; the URL is sealed and added afterwards, bound to the id.

    Raises:
        Conflict: A channel of this name is in use.
    """
    channel = stored.channel
    row = row_of(
        alert_channels,
        channel,
        allowed_address=stored.allowed_address,
        platform=channel.account and channel.account.platform,
        account_id=channel.account and channel.account.account_id,
        quiet_since=channel.quiet and channel.quiet.since,
        quiet_until=channel.quiet and channel.quiet.until,
        added_at=at,
        added_by=by,
    )
    if not insert_first(connection, alert_channels, row):
        raise Conflict(f"there is a channel {channel.name!r} already; remove it first, or choose another name")
    return load_channel(connection, channel.name)


def seal_channel(connection: Connection, channel_id: int, sealed_url: bytes) -> None:
    """Keep the sealed URL of a channel."""
    is_it = alert_channels.c.id == channel_id
    connection.execute(alert_channels.update().where(is_it).values(sealed_url=sealed_url))


def remove_channel(connection: Connection, name: str, at: datetime) -> Channel:
    """Take a channel out of use, forget its URL, and give up what waits for it.

    Raises:
        NotFound: No channel of this name is in use.
    """
    channel = load_channel(connection, name).channel
    is_it = alert_channels.c.id == channel.id
    connection.execute(alert_channels.update().where(is_it).values(removed_at=at, sealed_url=None))
    waiting = and_(alert_deliveries.c.channel_id == channel.id, alert_deliveries.c.status == "waiting")
    connection.execute(
        alert_deliveries.update().where(waiting).values(status="failed", error="the channel was removed")
    )
    return channel


def load_channels(connection: Connection, *, lock: bool = False) -> list[StoredChannel]:
    """Return the channels in use, by name; with `lock`, others who lock them wait until the transaction ends."""
    query = select(alert_channels).where(alert_channels.c.removed_at.is_(None)).order_by(alert_channels.c.name)
    if lock:
        query = query.with_for_update()
    return [_channel(row) for row in connection.execute(query)]


def load_channel(connection: Connection, name: str) -> StoredChannel:
    """Return the channel of a name.

    Raises:
        NotFound: No channel of this name is in use.
    """
    for stored in load_channels(connection):
        if stored.channel.name == name:
            return stored
    raise NotFound(f"there is no channel {name!r}; `adtempo alerts channels list` shows those there are")


def load_channel_of(connection: Connection, delivery: Delivery) -> StoredChannel:
    """Return the channel of a message."""
    query = select(alert_channels).where(alert_channels.c.id == delivery.channel_id)
    return _channel(connection.execute(query).one())


def load_told(connection: Connection, resolved_since: datetime) -> dict[tuple[int, int], Told]:
    """Return what channels were told of open alerts and of those that resolved after a moment.

    Keys are (channel's id, alert's id).
    """
    alert = performance_alerts.c
    wanted = or_(~alert.resolved, alert.resolved_at >= resolved_since)
    told: dict[tuple[int, int], Told] = {}
    for row in connection.execute(select(alert_news).join(performance_alerts).where(wanted)):
        key, severity = (row.channel_id, row.alert_id), Severity(row.severity)
        before = told.get(key, Told(severity))
        worst = max(before.severity, severity, key=lambda one: one.rank)
        told[key] = Told(worst, before.resolved or row.news == News.RESOLVED)
    return told


def insert_delivery(connection: Connection, delivery: Delivery, news: Sequence[tuple[Alert, News]]) -> None:
    """Note a message before it is sent, with what it tells; what another process has told meanwhile is an error."""
    connection.execute(alert_deliveries.insert().values(asdict(delivery)))
    told = [
        {
            "channel_id": delivery.channel_id,
            "alert_id": alert.id,
            "news": one.value,
            "severity": alert.finding.severity.value,
            "delivery_id": delivery.id,
        }
        for alert, one in news
    ]
    if told:
        connection.execute(alert_news.insert(), told)


def claim_delivery(
    connection: Connection, now: datetime, wait: timedelta, *, leave_out: Collection[int] = ()
) -> Delivery | None:
    """Take the oldest message that is due, counting the attempt before it is made; None if nothing is due.

    Args:
        connection: Of a writing transaction.
        wait: So long after a process that was killed while sending, the message falls due again.
        leave_out: Channels (ids) whose messages are left alone.
    """
    table = alert_deliveries
    due = (
        select(table.c.id)
        .where(table.c.status == "waiting", table.c.due_at <= now, table.c.channel_id.not_in(leave_out))
        .order_by(table.c.created_at, table.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = connection.scalar(due)
    if found is None:
        return None
    claimed = connection.execute(
        table.update()
        .where(table.c.id == found)
        .values(attempts=table.c.attempts + 1, due_at=now + wait)
        .returning(*table.c)
    ).one()
    return Delivery(**claimed._asdict())


def finish_delivery(connection: Connection, delivery: Delivery, *, at: datetime) -> None:
    """Note that a channel took a message."""
    is_it = alert_deliveries.c.id == delivery.id
    connection.execute(alert_deliveries.update().where(is_it).values(status="sent", sent_at=at, error=None))


def fail_delivery(connection: Connection, delivery: Delivery, *, error: str, due_at: datetime | None) -> None:
    """Note that an attempt failed: tried again at `due_at`, or given up if that is None."""
    outcome: dict[str, Any] = {"status": "failed"} if due_at is None else {"due_at": due_at}
    waiting = and_(alert_deliveries.c.id == delivery.id, alert_deliveries.c.status == "waiting")
    connection.execute(alert_deliveries.update().where(waiting).values(error=error, **outcome))


def load_deliveries(connection: Connection, *, limit: int | None = 100) -> list[tuple[Delivery, str]]:
    """Return messages, the newest first, each with the name of its channel."""
    query = (
        select(alert_deliveries, alert_channels.c.name)
        .join(alert_channels)
        .order_by(alert_deliveries.c.created_at.desc(), alert_deliveries.c.id)
        .limit(limit)
    )
    return [(read_row(Delivery, row), row.name) for row in connection.execute(query)]


def _channel(row: Row[Any]) -> StoredChannel:
    channel = read_row(
        Channel,
        row,
        severity=Severity(row.severity),
        account=None if row.account_id is None else AccountRef(row.platform, row.account_id),
        digest=Digest(row.digest),
        quiet=None if row.quiet_since is None else QuietHours(row.quiet_since, row.quiet_until),
    )
    return StoredChannel(channel, row.sealed_url, row.allowed_address)
