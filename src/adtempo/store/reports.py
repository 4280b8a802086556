"""Daily reports as they were sent: what was said about a day, kept word for word."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Connection, Date, Table, Text, select

from adtempo.domain.errors import NotFound
from adtempo.store.engine import UtcTime, metadata
from adtempo.store.rows import insert_first, read_row

reports = Table(
    "reports",
    metadata,
    Column("day", Date, primary_key=True),
    Column("as_of", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Column("markdown", Text, nullable=False),
    Column("html", Text, nullable=False),
    CheckConstraint("body <> '' AND markdown <> '' AND html <> ''", name="said_something"),
)


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One report.

    Attributes:
        day: The day that it is about, in each account's own zone.
        as_of: What was known at this moment, aware.
        body: As machines read it: JSON.
        markdown: As people read it.
        html: As a mail shows it.
    """

    day: date
    as_of: datetime
    body: str
    markdown: str
    html: str


def insert_report(connection: Connection, report: StoredReport) -> bool:
    """Keep a report and return whether it is the first about its day; the first one stays."""
    return insert_first(connection, reports, asdict(report))


def load_report_days(connection: Connection) -> list[tuple[date, datetime]]:
    """Return the day and the moment of every report, the newest day first."""
    query = select(reports.c.day, reports.c.as_of).order_by(reports.c.day.desc())
    return [(row.day, row.as_of) for row in connection.execute(query)]


def load_report(connection: Connection, day: date) -> StoredReport:
    """Return the report about a day.

    Raises:
        NotFound: None was kept.
    """
    row = connection.execute(select(reports).where(reports.c.day == day)).one_or_none()
    if row is None:
        raise NotFound(
            f"no report about {day} was kept; `adtempo report list` shows those there are, "
            f"`adtempo report daily --date {day}` makes one of what is known now"
        )
    return read_row(StoredReport, row)
