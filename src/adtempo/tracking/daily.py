"""The daily report, read from where its parts lie: facts, plans, alerts, predictions, and what was published."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import Campaign
from adtempo.domain.changes import ENDED_IN_VAIN, State
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.panels import MaturedTable
from adtempo.domain.predictions import RecordedPrediction
from adtempo.facts.freshness import last_ended, load_heard
from adtempo.facts.load import FactQuery
from adtempo.facts.maturity import load_matured_tables
from adtempo.predictions.score import score
from adtempo.store import accounts as stored
from adtempo.store.alerts import load_newsworthy
from adtempo.store.changes import count_changes
from adtempo.store.engine import reading
from adtempo.store.ledger import load_batches
from adtempo.store.predictions import load_compared
from adtempo.tracking.activity import Activity, Decisions, OpenAlert, Verdicts
from adtempo.tracking.campaign_facts import BY_CAMPAIGN, Campaigns, load_day_figures, profile_of
from adtempo.tracking.estimate import (
    Comparison,
    DailyReport,
    DayTotal,
    Expectations,
    Freshness,
    Surroundings,
    estimate_daily_report,
)
from adtempo.tracking.expected import ExpectedFigures, estimate_expected
from adtempo.tracking.pacing import BudgetPace
from adtempo.tracking.plans import load_budgets
from adtempo.tracking.scope import EVERYTHING, Scope

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

DAYS_SHOWN = 14

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


def load_daily_report(workspace: Workspace, day: date | None, campaigns: Campaigns, as_of: datetime) -> DailyReport:
    """Say what happened on one day.

    Args:
        day: Which day, in each account's own zone; None for the last one that has ended everywhere.
        campaigns: Only these; None for all, and for what the system did.
    """
    with reading(workspace.engine) as connection:
        accounts = {account.ref: account for account in stored.load_accounts(connection)}
        known = stored.load_campaigns(connection, at=as_of)
        heard = load_heard(connection, as_of)
        activity = _load_activity(connection, as_of) if campaigns is None else None
    if campaigns is not None:
        wanted = {ref.account for ref in campaigns}
        accounts = {ref: account for ref, account in accounts.items() if ref in wanted}
    day = day or min((last_ended(account, as_of) for account in accounts.values()), default=as_of.date() - _DAY)
    figures = load_day_figures(workspace, day, campaigns, as_of)
    freshness = [
        Freshness(account.ref, heard.get(account.ref), day_bounds(day, account.zone)[1])
        for account in accounts.values()
        if any(ref.account == account.ref for ref in figures)
    ]
    expected, days = _load_expected(workspace, day, campaigns, as_of)
    return estimate_daily_report(
        day,
        as_of,
        figures,
        {one.ref: profile_of(one, accounts[one.ref.account]) for one in known if one.ref.account in accounts},
        _comparison(workspace, day - _DAY, campaigns, as_of, _DAY),
        _comparison(workspace, day - _WEEK, campaigns, as_of, _WEEK),
        freshness,
        Surroundings(
            expected=expected,
            days=days,
            budgets=_load_budgets(workspace, known, campaigns, as_of),
            activity=activity,
        ),
    )


def _load_expected(
    workspace: Workspace, day: date, campaigns: Campaigns, as_of: datetime
) -> tuple[Expectations, tuple[DayTotal, ...]]:
    """Return what the day's late figures will come to, and the days up to it, per currency."""
    query = FactQuery(by=BY_CAMPAIGN, since=day - _DAY * (DAYS_SHOWN - 1), until=day, campaigns=campaigns, as_of=as_of)
    groupings = [BY_CAMPAIGN, ("platform", "account_id", "currency"), ("platform", "currency"), ("currency",)]
    by_campaign, by_account, by_platform, by_currency = load_matured_tables(
        workspace.ledger, query, [(*by, "day_local") for by in groupings]
    )
    expected = Expectations(
        campaigns={CampaignRef(*keys): one for keys, one in _of_day(by_campaign, day)},
        currencies={(keys[0], keys[0]): one for keys, one in _of_day(by_currency, day)},
        platforms={(keys[0], keys[1]): one for keys, one in _of_day(by_platform, day)},
        accounts={(f"{keys[0]}:{keys[1]}", keys[2]): one for keys, one in _of_day(by_account, day)},
    )
    days = [
        DayTotal(at, currency, figures, estimate_expected(by_currency, group))
        for group, ((currency, at), figures) in enumerate(by_currency.facts.rows())
    ]
    return expected, tuple(sorted(days, key=lambda one: (one.day, one.currency)))


def _of_day(table: MaturedTable, day: date) -> Iterator[tuple[tuple[str, ...], ExpectedFigures]]:
    """Yield the groups of one day, whose key is the last, with what they will come to."""
    *names, dates = table.facts.keys.values()
    for group in np.flatnonzero(dates == np.datetime64(day)).tolist():
        yield tuple(str(name[group]) for name in names), estimate_expected(table, group)


def _comparison(
    workspace: Workspace, day: date, campaigns: Campaigns, as_of: datetime, younger: timedelta
) -> Comparison:
    """Load another day as it looked when it was as old as the report's day is; else as it is known now."""
    then = load_day_figures(workspace, day, campaigns, as_of - younger)
    return Comparison(day, same_age=bool(then), figures=then or load_day_figures(workspace, day, campaigns, as_of))


def _load_budgets(
    workspace: Workspace, known: Collection[Campaign], campaigns: Campaigns, as_of: datetime
) -> tuple[BudgetPace, ...]:
    """Return budgets without saying a thing twice: a group of one campaign is that campaign."""
    planned = [
        str(one.ref) for one in known if one.planned_budget_micros and (campaigns is None or one.ref in campaigns)
    ]
    if not planned:
        return ()
    budgets = load_budgets(workspace, EVERYTHING if campaigns is None else Scope(tuple(planned)), as_of=as_of)
    return tuple(budget for budget in budgets if budget.kind == "campaign" or budget.campaigns > 1)


def _load_activity(connection: Connection, as_of: datetime) -> Activity:
    since = as_of - _DAY
    batches = [
        batch
        for batch in load_batches(connection, ("file", "sync"))
        if batch.undone_by is None and since < batch.observed_at <= as_of
    ]
    alerts = [alert for alert in load_newsworthy(connection, since) if alert.opened_at <= as_of]
    open_then = [alert for alert in alerts if alert.resolved_at is None or alert.resolved_at > as_of]
    waiting = [alert for alert in open_then if alert.acknowledged_at is None or alert.acknowledged_at > as_of]
    waiting.sort(key=lambda alert: (-alert.finding.severity.rank, alert.id))
    return Activity(
        since=since,
        syncs=sum(batch.kind == "sync" for batch in batches),
        files=sum(batch.kind == "file" for batch in batches),
        posted=sum(batch.posted for batch in batches),
        restated=sum(batch.restated for batch in batches),
        opened=sum(alert.opened_at > since for alert in alerts),
        resolved=len(alerts) - len(open_then),
        waiting=tuple(
            OpenAlert(alert.finding.severity, alert.finding.message, alert.finding.campaign) for alert in waiting
        ),
        verdicts=_verdicts(load_compared(connection, since=since, until=as_of)),
        decisions=_load_decisions(connection, since, as_of),
    )


def _load_decisions(connection: Connection, since: datetime, as_of: datetime) -> Decisions:
    ended, standing = count_changes(connection, since=since, until=as_of)
    vetoed = {State.BLOCKED, State.CANCELLED}
    return Decisions(
        applied=ended[State.APPLIED],
        vetoed=sum(ended[state] for state in vetoed),
        in_vain=sum(ended[state] for state in ENDED_IN_VAIN - vetoed),
        waiting=standing[State.AWAITING_APPROVAL],
        suggested=standing[State.PROPOSED],
    )


def _verdicts(compared: Collection[RecordedPrediction]) -> Verdicts:
    found = score(compared)
    inside = [one.comparison.inside80 for one in compared if one.comparison and one.comparison.inside80 is not None]
    return Verdicts(found.count, found.avg_accuracy, sum(inside), len(inside))
