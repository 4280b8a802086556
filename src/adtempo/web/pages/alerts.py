"""Alerts: what is wrong, who knows of it, where it was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from fastapi import APIRouter, Request, Response

from adtempo.accounts.run import load_campaigns
from adtempo.alerts.channels import load_channels
from adtempo.alerts.open import load_alerts
from adtempo.alerts.report import load_deliveries_body
from adtempo.domain.accounts import Account, CampaignRef
from adtempo.domain.alerts import Alert, Severity
from adtempo.domain.campaigns import Campaign
from adtempo.domain.metrics import METRICS, format_value
from adtempo.domain.roles import Action
from adtempo.web.pages.choice import load_known
from adtempo.web.pages.routing import READ, Open, PageRoute, render
from adtempo.web.pages.wording import Line, age_text, campaign_address, moment_text

router = APIRouter(route_class=PageRoute, include_in_schema=False)

RECENT = 50
DELIVERIES = 50
ATTENTION = 5


@router.get("/alerts", openapi_extra=READ)
def alerts_page(request: Request, workspace: Open) -> Response:
    """Show what is wrong, what was, and what people were told."""
    known = load_known(workspace)
    names = names_of(load_campaigns(workspace))
    return render(
        request,
        "alerts.html",
        open=worst_first(load_alerts(workspace), names, known.now),
        gone=[view_alert(alert, names, known.now) for alert in load_alerts(workspace, resolved=True, limit=RECENT)],
        deliveries=load_deliveries_body(workspace, DELIVERIES)["deliveries"],
        channels=load_channels(workspace),
        may_acknowledge=request.state.person.may(Action.PLAN),
        simulated=known.simulated,
    )


def names_of(campaigns: Sequence[tuple[Campaign, Account]]) -> dict[CampaignRef, str]:
    """Return what campaigns are called."""
    return {campaign.ref: campaign.label or campaign.name or "" for campaign, _ in campaigns}


def view_attention(alerts: Sequence[Alert], names: Mapping[CampaignRef, str], now: datetime) -> Line:
    """Return what waits for a person, out of the open alerts."""
    waiting = [alert for alert in alerts if alert.acknowledged_at is None]
    counts = Counter(alert.finding.severity for alert in waiting)
    return {
        "counts": tuple((str(severity), counts[severity]) for severity in reversed(Severity) if counts[severity]),
        "lines": tuple(worst_first(waiting, names, now)[:ATTENTION]),
        "known": len(alerts) - len(waiting),
    }


def worst_first(alerts: Sequence[Alert], names: Mapping[CampaignRef, str], now: datetime) -> list[Line]:
    """Return alerts in words: those that nobody knows of first, the worst of them first, the newest of these first."""
    order = sorted(
        alerts, key=lambda alert: (alert.acknowledged_at is not None, -alert.finding.severity.rank, -alert.id)
    )
    return [view_alert(alert, names, now) for alert in order]


def view_alert(alert: Alert, names: Mapping[CampaignRef, str], now: datetime) -> Line:
    """Return one alert in words."""
    finding = alert.finding
    return {
        "id": alert.id,
        "severity": finding.severity.value,
        "kind": _kind(finding.alert_type),
        "message": finding.message,
        "about": (names.get(finding.campaign) if finding.campaign else "") or finding.subject,
        "address": campaign_address(finding.campaign) if finding.campaign else "",
        "at_stake": f"{finding.at_stake} a day" if finding.at_stake else "",
        "opened": age_text(alert.opened_at, now),
        "opened_at": moment_text(alert.opened_at),
        "state": _state(alert, now),
        "waiting": alert.acknowledged_at is None and not alert.resolved,
        "explain": _explain(alert),
    }


def _kind(alert_type: str) -> str:
    short = {metric.name for metric in METRICS if len(metric.name) <= len("roas")}
    words = " ".join(word.upper() if word in short else word for word in alert_type.split("_"))
    return words[:1].upper() + words[1:]


def _state(alert: Alert, now: datetime) -> str:
    if alert.resolved_at is not None:
        return f"resolved {age_text(alert.resolved_at, now)}"
    if alert.acknowledged_at is not None:
        return f"{alert.acknowledged_by} knows, {age_text(alert.acknowledged_at, now)}"
    return ""


def _explain(alert: Alert) -> str:
    finding = alert.finding
    metric = next((known for known in METRICS if known.name == finding.metric_name), None)
    currency = finding.at_stake.currency if finding.at_stake else ""

    def number(value: float) -> str:
        return f"{value:,.2f}" if metric is None else format_value(metric, value, currency).strip()

    said = []
    if metric is not None:
        said.append(f"{metric.name}: {metric.description}")
    if finding.actual_value is not None:
        said.append(f"It was {number(finding.actual_value)}.")
    if finding.threshold is not None:
        said.append(f"Held against {number(finding.threshold)}.")
    said.append(f"Opened {moment_text(alert.opened_at)}, last seen {moment_text(alert.last_seen_at)}.")
    return " ".join(said)
