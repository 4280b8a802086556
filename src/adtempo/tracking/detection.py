"""Looking for anomalies in the ledger, and telling people of those that go on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from adtempo.alerts.open import AlertChanges, update_alerts
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.alerts import Finding
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.metrics import FREQUENCY, METRICS, Metric, Unit, value_of
from adtempo.domain.money import MICROS, Money
from adtempo.facts.freshness import last_ended
from adtempo.facts.load import FactQuery
from adtempo.facts.maturity import load_matured_table
from adtempo.store import accounts as stored
from adtempo.store.engine import reading, transaction
from adtempo.tracking.anomalies import (
    ALERTED,
    JUDGED,
    Anomaly,
    AnomalyKind,
    estimate_broken_tracking,
    estimate_incidents,
    estimate_silent_source,
    estimate_unusual_hours,
)
from adtempo.tracking.campaign_facts import BY_CAMPAIGN, check_days, load_day_figures
from adtempo.tracking.expected import estimate_expected
from adtempo.tracking.hourly import Hours, load_hours
from adtempo.tracking.standing import RETURN_DAYS, Return, Standing, estimate_late, estimate_standing, is_paused
from adtempo.tracking.sync import FROM_FILES

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

THRESHOLD_STD = 2.0
"""Standard deviations beyond which an hour is shown to people who look."""

SHOWN_DAYS = 7
"""Days that are looked at unless others are asked for."""

_DAY = timedelta(days=1)
_FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class _Known:
    """Campaigns with their accounts, now and a day before."""

    accounts: Mapping[AccountRef, Account]
    campaigns: Sequence[Campaign]
    before: Mapping[CampaignRef, Campaign]


def find_judged(name: str) -> Metric:
    """Return a metric whose hours can be judged.

    Raises:
        InvalidInput: There is none of this name.
    """
    for metric in JUDGED:
        if metric.name == name:
            return metric
    raise InvalidInput(f"hours cannot be judged by {name!r}; choose from {', '.join(one.name for one in JUDGED)}")


def load_unusual_hours(
    workspace: Workspace,
    campaign: str | None,
    metrics: Collection[str] | None = None,
    threshold_std: float = THRESHOLD_STD,
    *,
    since: date | None = None,
    until: date | None = None,
    as_of: datetime | None = None,
) -> tuple[Anomaly, ...]:
    """Return the hours that lie far from what was expected of them, the newest first.

    Args:
        campaign: By its id or as platform:account:campaign; None for all.
        metrics: Names out of JUDGED; None for all of them, of all campaigns for those in ALERTED.
        threshold_std: How far, in standard deviations, above 0.
        since: First local day; None for SHOWN_DAYS up to the last one.
        until: Last local day, inclusive; None for today.
        as_of: What was known at this moment; None for now.

    Raises:
        NotFound: There is no such campaign, or it has no hourly facts in that time.
        InvalidInput: The threshold is not above 0, a metric cannot be judged, or the days are in the wrong order.
    """
    if not 0 < threshold_std < float("inf"):
        raise InvalidInput(f"a threshold of {threshold_std:g} standard deviations finds nothing; use 2 or more")
    usual = JUDGED if campaign is not None else ALERTED  # the others move with these, and cost most of the time
    wanted = usual if metrics is None else tuple({find_judged(name): None for name in metrics})
    check_days(since, until)
    moment = as_of or workspace.now()
    tomorrow = moment.date() + _DAY  # where the day begins first, it has begun
    if since is not None and since > tomorrow:
        raise InvalidInput(f"since {since} lies in the future; choose a day up to {tomorrow}")
    until = min(until or tomorrow, tomorrow)
    since = max(since or until - _DAY * SHOWN_DAYS, _FIRST_DAY)
    if until < since:
        raise InvalidInput(f"until {until} is before since {since}; swap them")
    with reading(workspace.engine) as connection:
        known = _load_known(connection, moment, campaign)
    bounds = {
        ref: (day_bounds(since, one.zone)[0], day_bounds(until, one.zone)[1]) for ref, one in known.accounts.items()
    }
    begin = min((first for first, _ in bounds.values()), default=moment)
    hours = load_hours(workspace, known.accounts, known.campaigns, since=min(begin, moment), as_of=moment)
    found: list[Anomaly] = []
    looked = 0
    for ref, series in hours.series.items():
        first, end = bounds[ref.account]
        looked += series.at(0) < end and series.at(len(series)) > first
        for metric in wanted:
            found += estimate_unusual_hours(series, metric, threshold_std=threshold_std, since=first, until=end)
    if campaign is not None and not looked:
        raise NotFound(f"campaign {campaign} has no hourly facts from {since} to {until}; choose other days, or sync")
    order = {metric.name: place for place, metric in enumerate(JUDGED)}
    return tuple(sorted(found, key=lambda one: (-one.since.timestamp(), str(one.campaign), order[one.metric])))


def load_anomalies(
    workspace: Workspace, campaign: str | None = None, *, as_of: datetime | None = None
) -> tuple[Anomaly, ...]:
    """Return what is wrong now and worth an alert, the worst first.

    Args:
        campaign: By its id or as platform:account:campaign; None for all, and for what is about whole accounts.
        as_of: What was known at this moment; None for now.

    Raises:
        NotFound: There is no such campaign.
    """
    moment = as_of or workspace.now()
    with reading(workspace.engine) as connection:
        known = _load_known(connection, moment, campaign)
    found = _judge(workspace, known, moment, whole=campaign is None)
    return tuple(sorted(found, key=_worst_first))


def update_anomaly_alerts(workspace: Workspace) -> AlertChanges:
    """Judge every campaign, open alerts for what is wrong, and resolve those whose cause is gone.

    Accounts whose facts are late cannot be judged: their alerts stay, and one about the lateness joins them.
    """
    now = workspace.now()
    with reading(workspace.engine) as connection:
        known = _load_known(connection, now, None)
    found = _judge(workspace, known, now, whole=True)
    late = [one for one in found if one.kind is AnomalyKind.DATA_LATE]
    silent = {one.account for one in late}
    judged = [ref for ref in known.accounts if ref not in silent]
    rest = [finding_of(one) for one in found if one.kind is not AnomalyKind.DATA_LATE]
    kinds = set(AnomalyKind) - {AnomalyKind.DATA_LATE}
    with transaction(workspace.engine) as connection:
        one = update_alerts(
            connection, map(finding_of, late), alert_types=[AnomalyKind.DATA_LATE], accounts=None, now=now
        )
        two = update_alerts(
            connection,
            [finding for finding in rest if finding.within in judged],
            alert_types=kinds,
            accounts=judged,
            now=now,
        )
    return AlertChanges(one.opened + two.opened, one.seen_again + two.seen_again, one.resolved + two.resolved)


def open_alerts(workspace: Workspace, anomalies: Collection[Anomaly]) -> AlertChanges:
    """Open alerts for anomalies, or refresh them, resolving nothing."""
    with transaction(workspace.engine) as connection:
        findings = [finding_of(one) for one in anomalies]
        return update_alerts(connection, findings, alert_types=(), accounts=None, now=workspace.now())


def finding_of(anomaly: Anomaly) -> Finding:
    """Return an anomaly as the alerts take it; one alert per kind, subject and metric."""
    amount = anomaly.metric == "budget_daily"
    threshold, actual = (
        value / MICROS if amount and value is not None else value for value in (anomaly.expected, anomaly.actual)
    )
    stake = anomaly.at_stake_micros
    return Finding(
        alert_type=anomaly.kind.value,
        severity=anomaly.severity,
        message=anomaly.message,
        campaign=anomaly.campaign,
        account=anomaly.account,
        metric_name=anomaly.metric,
        threshold=threshold,
        actual_value=actual,
        at_stake=None if stake is None else Money(stake, anomaly.currency),
    )


def is_amount(metric: str) -> bool:
    """Say whether figures of a metric, or of a setting, are micros."""
    return metric == "budget_daily" or any(one.name == metric and one.unit is Unit.MICROS for one in METRICS)


def _worst_first(one: Anomaly) -> tuple[int, int, str]:
    return (-one.severity.rank, -(one.at_stake_micros or 0), f"{one.campaign or one.account}|{one.kind}")


def _load_known(connection: Connection, moment: datetime, campaign: str | None) -> _Known:
    wanted = None if campaign is None else stored.find_campaign(connection, campaign)
    within = None if wanted is None else [wanted.account]
    campaigns = stored.load_campaigns(connection, at=moment, within=within)
    accounts = {one.ref: one for one in stored.load_accounts(connection) if within is None or one.ref in within}
    before = stored.load_campaigns(connection, at=moment - _DAY, within=within)
    return _Known(
        accounts,
        [one for one in campaigns if wanted is None or one.ref == wanted],
        {one.ref: one for one in before},
    )


def _judge(workspace: Workspace, known: _Known, moment: datetime, *, whole: bool) -> list[Anomaly]:
    hours = load_hours(workspace, known.accounts, known.campaigns, since=moment, as_of=moment)
    running = {one.ref: one for one in known.campaigns if not is_paused(one)}
    found: list[Anomaly] = []
    for ref, series in hours.series.items():
        if ref in running:
            found += estimate_incidents(series, running[ref].budget_daily_micros)
            found += estimate_broken_tracking(series, hours.daily.get(ref))
    for standing in _load_standings(workspace, known, hours, moment):
        found += estimate_standing(standing)
    if not whole:
        return found
    for account in known.accounts.values():
        of_account = [one for ref, one in hours.series.items() if ref.account == account.ref and ref in running]
        silent = estimate_silent_source(of_account)
        late = None
        if account.source != FROM_FILES:
            late = estimate_late(account, hours.complete_until.get(account.ref), moment)
        found += [one for one in (silent, late) if one is not None]
    return found


def _load_standings(workspace: Workspace, known: _Known, hours: Hours, moment: datetime) -> list[Standing]:
    by_day: defaultdict[date, list[Campaign]] = defaultdict(list)
    for campaign in known.campaigns:
        by_day[last_ended(known.accounts[campaign.ref.account], moment)].append(campaign)
    standings = []
    for day, campaigns in by_day.items():
        refs = [one.ref for one in campaigns]
        returns = _load_returns(workspace, [one.ref for one in campaigns if one.target_roas], day, moment)
        figures = load_day_figures(workspace, day, refs, moment)
        standings += [
            Standing(
                campaign=one,
                before=known.before[one.ref],
                account=known.accounts[one.ref.account],
                now=moment,
                series=hours.series.get(one.ref),
                returned=returns.get(one.ref),
                frequency=value_of(FREQUENCY, figures[one.ref]) if one.ref in figures else None,
            )
            for one in campaigns
        ]
    return standings


def _load_returns(
    workspace: Workspace, campaigns: Collection[CampaignRef], last: date, moment: datetime
) -> dict[CampaignRef, Return]:
    if not campaigns:
        return {}
    since = last - _DAY * (RETURN_DAYS - 1)
    query = FactQuery(by=BY_CAMPAIGN, since=since, until=last, campaigns=campaigns, as_of=moment)
    matured = load_matured_table(workspace.ledger, query)
    return {
        CampaignRef(*key): Return(since, last, amounts.spend_micros or 0, estimate_expected(matured, group))
        for group, (key, amounts) in enumerate(matured.facts.rows())
    }
