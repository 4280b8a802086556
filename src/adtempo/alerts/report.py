"""Alerts, channels and deliveries as the HTTP API and --json give them; no part of a channel's URL is secret here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from adtempo.alerts.channels import Trial
from adtempo.domain.alerts import Alert, Channel
from adtempo.domain.metrics import METRICS, plain_value
from adtempo.domain.money import format_micros
from adtempo.store.channels import Delivery, load_deliveries
from adtempo.store.engine import reading

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


def alert_body(alert: Alert) -> dict[str, Any]:
    """Return one alert."""
    finding = alert.finding
    return {
        "id": alert.id,
        "alert_type": finding.alert_type,
        "severity": finding.severity.value,
        "message": finding.message,
        "platform": finding.within and finding.within.platform,
        "account_id": finding.within and finding.within.account_id,
        "campaign_id": finding.campaign and finding.campaign.campaign_id,
        "metric_name": finding.metric_name,
        "threshold": _plain(finding.metric_name, finding.threshold),
        "actual_value": _plain(finding.metric_name, finding.actual_value),
        "money_at_stake": finding.at_stake and format_micros(finding.at_stake.micros),
        "currency": finding.at_stake and finding.at_stake.currency,
        "opened_at": alert.opened_at.isoformat(),
        "last_seen_at": alert.last_seen_at.isoformat(),
        "acknowledged_at": _moment(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "resolved": alert.resolved,
        "resolved_at": _moment(alert.resolved_at),
    }


def alerts_body(alerts: Sequence[Alert]) -> dict[str, Any]:
    """Return a list of alerts."""
    return {"alerts": [alert_body(alert) for alert in alerts]}


def channel_body(channel: Channel) -> dict[str, Any]:
    """Return one channel, without its secrets."""
    return {
        "name": channel.name,
        "address": channel.address,
        "severity": channel.severity.value,
        "account": channel.account and str(channel.account),
        "digest": channel.digest.value,
        "quiet_hours": channel.quiet and str(channel.quiet),
    }


def channels_body(channels: Sequence[Channel]) -> dict[str, Any]:
    """Return a list of channels."""
    return {"channels": [channel_body(channel) for channel in channels]}


def trials_body(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return how channels took a test message."""
    return {
        "tests": [{"channel": trial.channel, "sent": trial.error is None, "error": trial.error} for trial in trials]
    }


def load_deliveries_body(workspace: Workspace, limit: int) -> dict[str, Any]:
    """Return the newest messages, what they said, and how they went."""
    with reading(workspace.engine) as connection:
        found = load_deliveries(connection, limit=limit)
    return {"deliveries": [_delivery_body(delivery, channel) for delivery, channel in found]}


def _delivery_body(delivery: Delivery, channel: str) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "channel": channel,
        "status": delivery.status,
        "severity": delivery.severity,
        "title": delivery.title,
        "body": delivery.body,
        "alerts": delivery.alerts,
        "created_at": delivery.created_at.isoformat(),
        "due_at": delivery.due_at.isoformat() if delivery.status == "waiting" else None,
        "attempts": delivery.attempts,
        "sent_at": _moment(delivery.sent_at),
        "error": delivery.error,
    }


def _plain(name: str | None, value: float | None) -> str | float | None:
    metric = next((metric for metric in METRICS if metric.name == name), None)
    return value if metric is None else plain_value(metric, value)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
