"""Daily reports that are kept: made once a day, and never changed by what is learnt later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from adtempo.alerts.deliver import queue_report
from adtempo.facts.freshness import last_ended
from adtempo.store import reports as stored
from adtempo.store.accounts import load_accounts
from adtempo.store.engine import reading, transaction
from adtempo.store.reports import StoredReport
from adtempo.tracking.daily import load_daily_report
from adtempo.tracking.estimate import DailyReport
from adtempo.tracking.report import report_body, report_markdown, report_message
from adtempo.tracking.report_html import report_html

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

MORNING = time(7)
"""From this local hour on a day is reported, where it ended last."""


def due_day(connection: Connection, now: datetime) -> date | None:
    """Return the day that is to be reported now; None where it is not morning yet, or there is no account.

    It is the last day that has ended in every account, once it is morning where it ended last.
    """
    accounts = load_accounts(connection)
    if not accounts:
        return None
    last = min(accounts, key=lambda account: (last_ended(account, now), account.ref))
    zones = [account.zone for account in accounts if last_ended(account, now) == last_ended(last, now)]
    if min(now.astimezone(zone).time() for zone in zones) < MORNING:
        return None
    return last_ended(last, now)


def keep_report(workspace: Workspace, day: date) -> StoredReport | None:
    """Make the report about a day, keep it and queue it for the channels that get it; None where one is kept already.

    In a pretended time nobody is told anything.
    """
    with reading(workspace.engine) as connection:
        if any(kept == day for kept, _ in stored.load_report_days(connection)):
            return None
    report = load_daily_report(workspace, day, None, workspace.now())
    written = write_report(report)
    with transaction(workspace.engine) as connection:
        if not stored.insert_report(connection, written):
            return None
        if not workspace.pretended:
            queue_report(connection, *report_message(report), written.html, workspace.now())
    return written


def write_report(report: DailyReport) -> StoredReport:
    """Return a report in every form."""
    body = json.dumps(report_body(report), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return StoredReport(report.day, report.as_of, body, report_markdown(report), report_html(report))


def load_report_days(workspace: Workspace) -> list[tuple[date, datetime]]:
    """Return the day and the moment of every kept report, the newest day first."""
    with reading(workspace.engine) as connection:
        return stored.load_report_days(connection)


def load_kept_report(workspace: Workspace, day: date) -> StoredReport:
    """Return the kept report about a day.

    Raises:
        NotFound: None was kept.
    """
    with reading(workspace.engine) as connection:
        return stored.load_report(connection, day)


def reports_body(kept: Sequence[tuple[date, datetime]]) -> dict[str, Any]:
    """Return kept reports as the HTTP API and --json list them."""
    return {"reports": [{"date": day.isoformat(), "as_of": as_of.isoformat()} for day, as_of in kept]}
