"""Opening alerts from findings, keeping them current, and resolving those whose cause is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from adtempo.domain.accounts import AccountRef
from adtempo.domain.alerts import Alert, Finding
from adtempo.store import accounts as stored_accounts
from adtempo.store import alerts as stored
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


@dataclass(frozen=True, slots=True)
class AlertChanges:
    """What a look at the facts changed.

    Attributes:
        opened: Alerts that are new.
        seen_again: Alerts that were open and still are.
        resolved: Alerts whose cause is gone.
    """

    opened: int
    seen_again: int
    resolved: int


def update_alerts(
    connection: Connection,
    findings: Iterable[Finding],
    *,
    alert_types: Collection[str],
    accounts: Collection[AccountRef] | None,
    now: datetime,
) -> AlertChanges:
    """Bring the alerts of some types in line with what is wrong now.

    What was judged and not found again is gone; what could not be judged, such as an account whose facts are late,
    must be left out of `accounts`, and stays as it is.

    Args:
        connection: Of a writing transaction.
        findings: Everything of these types that is wrong in these accounts now.
        accounts: Which accounts were judged; None = all, and what belongs to none.
    """
    worst = _worst_of_each_cause(findings)
    before = {alert.finding.cause: alert for alert in stored.load_alerts(connection)}
    again = [(before[cause], finding) for cause, finding in worst.items() if cause in before]
    stored.refresh_alerts(connection, again, now)
    stored.insert_alerts(connection, [finding for cause, finding in worst.items() if cause not in before], now)
    gone = [
        alert.id
        for cause, alert in before.items()
        if cause not in worst
        and alert.finding.alert_type in alert_types
        and (accounts is None or alert.finding.within in accounts)
    ]
    stored.resolve_alerts(connection, gone, now)
    return AlertChanges(opened=len(worst) - len(again), seen_again=len(again), resolved=len(gone))


def raise_alert(connection: Connection, finding: Finding, *, now: datetime) -> None:
    """Open one alert, or refresh it, resolving nothing.

    Args:
        connection: Of a writing transaction.
    """
    update_alerts(connection, [finding], alert_types=(), accounts=None, now=now)


def resolve_alert(connection: Connection, finding: Finding, *, now: datetime) -> None:
    """Resolve the open alert of a finding's cause, if there is one.

    Args:
        connection: Of a writing transaction.
    """
    found = stored.load_alerts(connection, alert_types=[finding.alert_type])
    stored.resolve_alerts(connection, [alert.id for alert in found if alert.finding.cause == finding.cause], now)


def acknowledge_alert(workspace: Workspace, alert_id: int, *, actor: str) -> Alert:
    """Note that a person knows of an alert, and return it: it stays open until its cause is gone, in silence.

    Raises:
        NotFound: There is no such alert.
    """
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        before = stored.load_alert(connection, alert_id)
        alert = stored.acknowledge_alert(connection, alert_id, by=actor, at=now)
        if before.acknowledged_at is None:
            subject, detail = f"alert {alert_id}", {"cause": alert.finding.cause}
            append_audit(connection, at=now, actor=actor, action="alert.acknowledged", subject=subject, detail=detail)
    return alert


def load_alerts(
    workspace: Workspace,
    *,
    resolved: bool | None = False,
    account: str | None = None,
    campaign: str | None = None,
    limit: int | None = None,
) -> list[Alert]:
    """Return alerts, the newest first.

    Args:
        resolved: Only those that are open (False) or gone (True); None = both.
        account: Only of this account, by its id or as platform:account.
        campaign: Only of this campaign, by its id or as platform:account:campaign.
        limit: At most so many.

    Raises:
        NotFound: There is no such account or campaign.
    """
    with reading(workspace.engine) as connection:
        return stored.load_alerts(
            connection,
            resolved=resolved,
            accounts=None if account is None else [stored_accounts.find_account(connection, account).ref],
            campaign=None if campaign is None else stored_accounts.find_campaign(connection, campaign),
            limit=limit,
        )


def _worst_of_each_cause(findings: Iterable[Finding]) -> dict[str, Finding]:
    worst: dict[str, Finding] = {}
    for finding in findings:
        known = worst.setdefault(finding.cause, finding)
        if finding.severity.rank > known.severity.rank:
            worst[finding.cause] = finding
    return worst
