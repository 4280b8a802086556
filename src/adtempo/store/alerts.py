"""Alerts: what is or was wrong, with at most one open alert per cause."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Double,
    Index,
    Row,
    Table,
    Text,
    and_,
    bindparam,
    or_,
    select,
    text,
)

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.alerts import Alert, Finding, Severity
from adtempo.domain.errors import NotFound
from adtempo.domain.money import Money
from adtempo.store.engine import Identifier, Number, UtcTime, metadata
from adtempo.store.rows import account_key, campaign_key, campaign_of, insert_new, of, of_any, read_row, row_of

performance_alerts = Table(
    "performance_alerts",
    metadata,
    Column("id", Number, primary_key=True),
    Column("cause", Identifier, nullable=False),
    Column("alert_type", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("platform", Identifier),
    Column("account_id", Identifier),
    Column("campaign_id", Identifier),
    Column("metric_name", Text),
    Column("threshold", Double),
    Column("actual_value", Double),
    Column("at_stake_micros", BigInteger),
    Column("currency", Text),
    Column("detail", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("severity_since", UtcTime, nullable=False),
    Column("acknowledged_at", UtcTime),
    Column("acknowledged_by", Text),
    Column("resolved", Boolean, nullable=False),
    Column("resolved_at", UtcTime),
    account_key(),
    campaign_key(),
    CheckConstraint("cause <> '' AND alert_type <> '' AND message <> ''", name="stated"),
    CheckConstraint("severity IN ('info', 'warning', 'critical')", name="severity_known"),
    CheckConstraint("(platform IS NULL) = (account_id IS NULL)", name="account_whole"),
    CheckConstraint("campaign_id IS NULL OR account_id IS NOT NULL", name="campaign_in_account"),
    CheckConstraint("(at_stake_micros IS NULL) = (currency IS NULL)", name="stake_in_currency"),
    CheckConstraint("last_seen_at >= opened_at AND severity_since >= opened_at", name="seen_from_start"),
    CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_by_somebody"),
    CheckConstraint("resolved = (resolved_at IS NOT NULL)", name="resolved_dated"),
    Index(
        "uq_performance_alerts_open_cause",
        "cause",
        unique=True,
        sqlite_where=text("NOT resolved"),
        postgresql_where=text("NOT resolved"),
    ),
    Index("ix_performance_alerts_resolved_at", "resolved_at"),
    sqlite_autoincrement=True,
)
"""One row per time that something was wrong; while it is open, no other row has its cause."""


def insert_alerts(connection: Connection, findings: Iterable[Finding], at: datetime) -> None:
    """Open an alert per finding; where one of its cause is open, that one stays as it is."""
    new = {"opened_at": at, "last_seen_at": at, "severity_since": at, "resolved": False}
    insert_new(connection, performance_alerts, (_finding_row(finding) | new for finding in findings))


def refresh_alerts(connection: Connection, seen: Iterable[tuple[Alert, Finding]], at: datetime) -> None:
    """Write how open alerts were found again."""
    rows = [
        {
            **_finding_row(finding),
            "is_id": alert.id,
            "last_seen_at": max(at, alert.last_seen_at),
            "severity_since": alert.severity_since if finding.severity is alert.finding.severity else at,
        }
        for alert, finding in seen
    ]
    if rows:
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "is_id"}
        is_it = performance_alerts.c.id == bindparam("is_id")
        connection.execute(performance_alerts.update().where(is_it).values(values), rows)


def resolve_alerts(connection: Connection, ids: Collection[int], at: datetime) -> None:
    """Mark open alerts as gone."""
    table = performance_alerts
    if ids:
        is_it = and_(table.c.id == bindparam("is_id"), ~table.c.resolved)
        gone = table.update().where(is_it).values(resolved=True, resolved_at=at)
        connection.execute(gone, [{"is_id": number} for number in ids])


def acknowledge_alert(connection: Connection, alert_id: int, *, by: str, at: datetime) -> Alert:
    """Note that a person knows; an alert that somebody acknowledged before stays as it is.

    Raises:
        NotFound: There is no such alert.
    """
    table = performance_alerts
    connection.execute(
        table.update()
        .where(table.c.id == alert_id, table.c.acknowledged_at.is_(None))
        .values(acknowledged_at=at, acknowledged_by=by)
    )
    return load_alert(connection, alert_id)


def load_alert(connection: Connection, alert_id: int) -> Alert:
    """Return one alert.

    Raises:
        NotFound: There is no such alert.
    """
    row = connection.execute(select(performance_alerts).where(performance_alerts.c.id == alert_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no alert {alert_id}; `adtempo alerts list` shows those that are open")
    return _alert(row)


def load_alerts(
    connection: Connection,
    *,
    resolved: bool | None = False,
    accounts: Collection[AccountRef] | None = None,
    campaign: CampaignRef | None = None,
    alert_types: Collection[str] | None = None,
    limit: int | None = None,
) -> list[Alert]:
    """Return alerts, the newest first: those that are open (`resolved` False), that are gone (True), or all (None)."""
    table = performance_alerts
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if resolved is not None:
        query = query.where(table.c.resolved if resolved else ~table.c.resolved)
    if accounts is not None:
        query = query.where(of_any(table, accounts))
    if campaign is not None:
        query = query.where(of(table, campaign))
    if alert_types is not None:
        query = query.where(table.c.alert_type.in_(alert_types))
    return [_alert(row) for row in connection.execute(query)]


def load_newsworthy(connection: Connection, resolved_since: datetime) -> list[Alert]:
    """Return what somebody may have to be told of: open alerts, and those that resolved after a moment."""
    table = performance_alerts
    wanted = or_(~table.c.resolved, table.c.resolved_at >= resolved_since)
    return [_alert(row) for row in connection.execute(select(table).where(wanted).order_by(table.c.id))]


def _finding_row(finding: Finding) -> dict[str, Any]:
    return row_of(
        performance_alerts,
        finding,
        cause=finding.cause,
        platform=finding.within and finding.within.platform,
        account_id=finding.within and finding.within.account_id,
        campaign_id=finding.campaign and finding.campaign.campaign_id,
        at_stake_micros=finding.at_stake and finding.at_stake.micros,
        currency=finding.at_stake and finding.at_stake.currency,
    )


def _alert(row: Row[Any]) -> Alert:
    campaign = None if row.campaign_id is None else campaign_of(row)
    whole = campaign is None and row.account_id is not None
    finding = read_row(
        Finding,
        row,
        severity=Severity(row.severity),
        campaign=campaign,
        account=AccountRef(row.platform, row.account_id) if whole else None,
        at_stake=None if row.currency is None else Money(row.at_stake_micros, row.currency),
    )
    return read_row(Alert, row, finding=finding)
