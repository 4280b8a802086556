"""Anomalies for machines: one body for the API and for --json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adtempo.domain.metrics import METRICS, format_value
from adtempo.domain.money import format_micros
from adtempo.tracking.anomalies import Anomaly
from adtempo.tracking.detection import is_amount


def anomalies_body(found: Sequence[Anomaly]) -> dict[str, Any]:
    """Return anomalies; amounts are decimal strings."""
    return {"anomalies": [_anomaly(one) for one in found]}


def shown_figure(anomaly: Anomaly, value: float | None) -> str | None:
    """Write a figure of an anomaly for people; None where there is none."""
    if value is None:
        return None
    name = "spend" if is_amount(anomaly.metric) else anomaly.metric
    metric = next((one for one in METRICS if one.name == name), None)
    assert metric is not None, "only metrics and budgets have figures"
    return format_value(metric, value, anomaly.currency)


def _anomaly(one: Anomaly) -> dict[str, Any]:
    within = one.campaign.account if one.campaign else one.account
    return {
        "metric": one.metric,
        "kind": one.kind.value,
        "severity": one.severity.value,
        "platform": within and within.platform,
        "account_id": within and within.account_id,
        "campaign_id": one.campaign and one.campaign.campaign_id,
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
        "actual_value": _plain(one, one.actual),
        "expected_value": _plain(one, one.expected),
        "z": one.z,
        "low80": _plain(one, one.low80),
        "high80": _plain(one, one.high80),
        "money_at_stake": None if one.at_stake_micros is None else format_micros(one.at_stake_micros),
        "currency": one.currency or None,
        "message": one.message,
    }


def _plain(anomaly: Anomaly, value: float | None) -> str | float | None:
    return format_micros(round(value)) if value is not None and is_amount(anomaly.metric) else value
