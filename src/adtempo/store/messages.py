"""Creators' pages, the captions of the bank, and what was sent.

Nothing is overwritten: a message or caption that comes again with other content is one more row, and the latest
observation counts. Undoing an import marks its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    func,
    select,
)

from adtempo.domain.errors import Conflict, NotFound
from adtempo.store.engine import Identifier, UtcTime, metadata
from adtempo.store.observations import Recorded, record_observations, standing
from adtempo.store.rows import insert_new, read_row

pages = Table(
    "pages",
    metadata,
    Column("page_name", Identifier, primary_key=True),
    Column("timezone", Text, nullable=False),
    Column("hours", JSON, nullable=False),
    Column("quiet_days", JSON, nullable=False),
    Column("rest_days", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("page_name <> ''", name="named"),
    CheckConstraint("timezone <> ''", name="zoned"),
    CheckConstraint("rest_days >= 1 AND rest_days <= 365", name="rest_days_range"),
)
"""One row per creator's page; `hours` are the local hours in which it may send, `quiet_days` weekdays it may not."""

captions = Table(
    "captions",
    metadata,
    Column("caption_id", Identifier, primary_key=True),
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("caption_text", Text, nullable=False),
    Column("price_tier", Text, nullable=False),
    Column("content_category", Text, nullable=False),
    Column("has_urgency", Boolean, nullable=False),
    Column("page_name", Identifier),
    Column("observed_at", UtcTime, nullable=False),
    Column("undone_by", BigInteger),
    CheckConstraint("caption_id <> '' AND caption_text <> ''", name="stated"),
    CheckConstraint("price_tier IN ('Budget', 'Mid', 'Premium', 'Free')", name="price_tier_known"),
    CheckConstraint("page_name <> ''", name="page_named"),
    CheckConstraint("batch > 0", name="batch_positive"),
    CheckConstraint("undone_by > batch", name="undone_later"),
    Index("ix_captions_batch", "batch"),
)

page_messages = Table(
    "page_messages",
    metadata,
    Column("page_name", Identifier, ForeignKey("pages.page_name"), primary_key=True),
    Column("sent_at", UtcTime, primary_key=True),
    Column("caption_id", Identifier, primary_key=True),
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("message_type", Text, nullable=False),
    Column("price_micros", BigInteger, nullable=False),
    Column("recipients", BigInteger, nullable=False),
    Column("views", BigInteger, nullable=False),
    Column("purchases", BigInteger, nullable=False),
    Column("revenue_micros", BigInteger, nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("undone_by", BigInteger),
    CheckConstraint("caption_id <> ''", name="captioned"),
    CheckConstraint("message_type IN ('PPV', 'Bump')", name="message_type_known"),
    CheckConstraint("price_micros >= 0 AND revenue_micros >= 0", name="amounts_not_negative"),
    CheckConstraint("recipients >= 0 AND views >= 0 AND purchases >= 0", name="counts_not_negative"),
    CheckConstraint("batch > 0", name="batch_positive"),
    CheckConstraint("undone_by > batch", name="undone_later"),
    Index("ix_page_messages_batch", "batch"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """A creator's page.

    Attributes:
        page_name: Its name.
        timezone: Its own, IANA name; never changes.
        hours: Local hours of the day in which it may send, rising.
        quiet_days: Weekdays on which it may not, Monday = 0, rising.
        rest_days: How long a caption rests before the page may send it again.
    """

    page_name: str
    timezone: str
    hours: tuple[int, ...] = tuple(range(24))
    quiet_days: tuple[int, ...] = ()
    rest_days: int = 30


@dataclass(frozen=True, slots=True)
class Caption:
    """One text of the bank, as it was described at one moment; `page_name` None: for every page."""

    caption_id: str
    caption_text: str
    price_tier: str
    content_category: str
    has_urgency: bool
    page_name: str | None
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message that a page sent, as it was reported at one moment; amounts in micros."""

    page_name: str
    sent_at: datetime
    caption_id: str
    message_type: str
    price_micros: int
    recipients: int
    views: int
    purchases: int
    revenue_micros: int
    observed_at: datetime


def register_pages(connection: Connection, zones: Mapping[str, str], *, at: datetime) -> None:
    """Add the pages that are new, with their time zones.

    Raises:
        Conflict: A known page comes with another time zone: its hours would change their meaning.
    """
    insert_new(connection, pages, (_page_row(Page(*new)) | {"created_at": at} for new in sorted(zones.items())))
    known = {page.page_name: page.timezone for page in load_pages(connection)}
    for name, zone in zones.items():
        if known[name] != zone:
            raise Conflict(f"page {name} is known in {known[name]}, not {zone}; a page keeps its time zone")


def update_page(connection: Connection, page: Page) -> None:
    """Keep what people set on a known page; its time zone stays."""
    row = _page_row(page)
    connection.execute(
        pages.update()
        .where(pages.c.page_name == page.page_name)
        .values({name: row[name] for name in ("hours", "quiet_days", "rest_days")})
    )


def load_pages(connection: Connection) -> list[Page]:
    """Return every page by name."""
    return [_page(row) for row in connection.execute(select(pages).order_by(pages.c.page_name))]


def load_page(connection: Connection, page_name: str, *, lock: bool = False) -> Page:
    """Return a page; with `lock`, others who lock it wait until the transaction ends. SQLite has its one write lock.

    Raises:
        NotFound: There is none of this name.
    """
    query = select(pages).where(pages.c.page_name == page_name)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"there is no page {page_name!r}; import its messages first: adtempo import messages FILE")
    return _page(row)


def record_captions(connection: Connection, found: Sequence[Caption], *, batch: int) -> Recorded:
    """Keep the captions that are new or differ from what is known."""
    return record_observations(connection, captions, [asdict(one) for one in found], batch=batch)


def record_messages(connection: Connection, found: Sequence[SentMessage], *, batch: int) -> Recorded:
    """Keep the messages that are new or differ from what is known."""
    among = page_messages.c.page_name.in_(sorted({message.page_name for message in found}))
    return record_observations(connection, page_messages, [asdict(one) for one in found], batch=batch, among=among)


def load_messages(connection: Connection, page_name: str, *, as_of: datetime) -> list[SentMessage]:
    """Return what a page sent, as last reported by a moment, in order of time."""
    table = page_messages.c
    known = select(page_messages).where(
        standing(page_messages), table.page_name == page_name, table.observed_at <= as_of, table.sent_at <= as_of
    )
    latest: dict[tuple[datetime, str], Row[Any]] = {}
    for row in connection.execute(known.order_by(table.sent_at, table.observed_at, table.batch)):
        latest[row.sent_at, row.caption_id] = row
    return [read_row(SentMessage, row) for row in latest.values()]


def load_captions(connection: Connection, *, ids: Collection[str] | None = None) -> list[Caption]:
    """Return the captions of the bank, or at most some thousand of them, as they were last described, by id."""
    query = select(captions).where(standing(captions))
    if ids is not None:
        query = query.where(captions.c.caption_id.in_(ids))
    latest: dict[str, Row[Any]] = {}
    for row in connection.execute(query.order_by(captions.c.caption_id, captions.c.observed_at, captions.c.batch)):
        latest[row.caption_id] = row
    return [read_row(Caption, row) for row in latest.values()]


def load_caption_ids(connection: Connection) -> set[str]:
    """Return the id of every caption of the bank."""
    return set(connection.scalars(select(captions.c.caption_id).where(captions.c.undone_by.is_(None)).distinct()))


def load_bank_version(connection: Connection) -> tuple[int, int]:
    """Return two numbers that change whenever the bank does: the newest batch that brought or took back captions."""
    newest = connection.execute(select(func.max(captions.c.batch), func.max(captions.c.undone_by))).one()
    return newest[0] or 0, newest[1] or 0


def load_last_sent(connection: Connection, page_name: str, *, since: datetime) -> dict[str, datetime]:
    """Return when a page last sent each caption, leaving out what was sent before a moment."""
    table = page_messages.c
    query = (
        select(table.caption_id, func.max(table.sent_at, type_=UtcTime()).label("last"))
        .where(table.page_name == page_name, table.sent_at >= since, table.undone_by.is_(None))
        .group_by(table.caption_id)
    )
    return {row.caption_id: row.last for row in connection.execute(query)}


def _page_row(page: Page) -> dict[str, Any]:
    return asdict(page) | {"hours": list(page.hours), "quiet_days": list(page.quiet_days)}


def _page(row: Row[Any]) -> Page:
    return read_row(Page, row, hours=tuple(row.hours), quiet_days=tuple(row.quiet_days))
