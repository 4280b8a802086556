"""The demo: a simulated market of 60 days, read into the ledger as if adtempo had been there all along.

Nothing is written behind the ledger's back: the market is asked what it shows at one past moment after another, by the
same sync that reads platforms, so the ledger holds what was known when, late conversions and corrections included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from adtempo.accounts.run import add_account, load_accounts, load_campaigns
from adtempo.domain.accounts import Account, CampaignRef
from adtempo.domain.errors import Conflict, NotFound
from adtempo.domain.panels import MaturedTable, Quantities
from adtempo.facts.freshness import last_ended
from adtempo.facts.load import FactQuery
from adtempo.facts.maturity import load_matured_tables
from adtempo.facts.sync import sync_accounts
from adtempo.forecasts.run import Forecaster
from adtempo.jobs.demo_claims import claim_next_week, state_wishes
from adtempo.platforms.sandbox.demo import HISTORY_DAYS, demo_world
from adtempo.platforms.sandbox.market import Market, create_market, open_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.compare import compare_predictions
from adtempo.store.engine import reading
from adtempo.store.ledger import load_batches
from adtempo.tracking.campaign_facts import BY_CAMPAIGN
from adtempo.tracking.detection import update_anomaly_alerts
from adtempo.tracking.estimate import Profile
from adtempo.tracking.expected import ExpectedFigures, estimate_expected
from adtempo.tracking.keeping import keep_report
from adtempo.tracking.run import CampaignTracker
from adtempo.tracking.sync import FROM_SANDBOX, source_folder

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

DAILY = 28
"""Days before today that are read every day; those before are read once a week, to be ready in seconds."""

REREAD = timedelta(days=8)
"""How far back a look reaches: after a week the market's conversions have all arrived."""

REREAD_WEEKLY = timedelta(days=28)
"""And once a week: only who looks again at old days can know that nothing more comes."""

FORECAST_DAYS_AGO = 14
"""Forecasts made so long ago stand beside what came."""

ACTOR = "demo"

WORTH_COMPARING = 0.01
"""A campaign with less of its currency's spend is neither best nor worst."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What some spend brought back, and will have brought back.

    Attributes:
        label: Whose spend.
        figures: As reported.
        expected: What that will come to.
    """

    label: str
    figures: Quantities
    expected: ExpectedFigures

    @property
    def roas(self) -> float:
        """What is expected to come back per unit of spend; 0 where nobody knows."""
        return self.expected.roas.value or 0.0


@dataclass(frozen=True, slots=True)
class Extremes:
    """The best and the worst campaign of one currency, by what they will have brought back."""

    currency: str
    total: Returned
    best: Returned
    worst: Returned


@dataclass(frozen=True, slots=True)
class Arrival:
    """How one day's conversion value grew after the day was over.

    Attributes:
        currency: Of the amounts.
        day: Which local day.
        at_first_micros: Known when the day had just ended everywhere.
        now_micros: Known now.
    """

    currency: str
    day: date
    at_first_micros: int
    now_micros: int


@dataclass(frozen=True, slots=True)
class DemoStory:
    """What the demo did and found.

    Attributes:
        accounts: How many accounts were read.
        campaigns: How many campaigns had facts.
        looks: How many times the market was asked.
        rows: How many rows it showed in all.
        restated: How many of them corrected what it had shown before.
        since: First day.
        until: Last day.
        extremes: One per currency.
        arrivals: One per currency.
        example: A campaign to look at more closely.
    """

    accounts: int
    campaigns: int
    looks: int
    rows: int
    restated: int
    since: date
    until: date
    extremes: tuple[Extremes, ...]
    arrivals: tuple[Arrival, ...]
    example: str


def build_demo(workspace: Workspace, *, progress: Callable[[str, float], None]) -> DemoStory:
    """Fill a workspace with the demo market up to now, and say what there is to see; a second time adds only the news.

    Args:
        progress: Called with the step and the share of it that is done, 0 to 1.

    Raises:
        Conflict: The workspace holds accounts that are not simulated; the two must not be mixed.
    """
    now = workspace.now()
    _check_home(workspace)
    reader = SandboxReader(_market(workspace, now))
    accounts = _register(workspace, reader.fetch_accounts())
    last = _last_look(workspace)
    looks = list(_looks(now, last))
    for place, (moment, since) in enumerate(looks):
        progress(f"reading the market as of {moment:%d %b}", place / len(looks))
        sync_accounts(workspace.ledger, reader, accounts, actor=ACTOR, now=moment, since=since)
        if last is None and place == 0:
            state_wishes(workspace, actor=ACTOR)
        _follow_up(replace(workspace, pretended_now=moment), (now - moment).days, first=last is None)
    progress("looking at it", 1.0)
    ended = min(last_ended(account, now) for account in accounts)
    keep_report(replace(workspace, pretended_now=now), ended)
    return _tell(workspace, accounts, ended, now)


def _follow_up(then: Workspace, age_days: int, *, first: bool) -> None:
    """Do after a look what the jobs would have done: claim, compare, look for what is wrong."""
    if first and age_days % 7 == 0 and age_days <= DAILY:
        claim_next_week(then, actor=ACTOR)
    if first and age_days == FORECAST_DAYS_AGO:
        Forecaster(then).run(actor=ACTOR)
    if age_days in {0, 7}:
        compare_predictions(then, actuals_of(then))
    if age_days <= 1:
        update_anomaly_alerts(then)


def _check_home(workspace: Workspace) -> None:
    if any(account.source != FROM_SANDBOX for account in load_accounts(workspace)):
        raise Conflict(f"{workspace.home} holds accounts that are real; give the demo a home of its own with --home")


def _market(workspace: Workspace, now: datetime) -> Market:
    folder = source_folder(workspace, FROM_SANDBOX)
    try:
        return open_market(folder)
    except NotFound:
        return create_market(folder, demo_world(now.date()))


def _register(workspace: Workspace, shown: list[Account]) -> list[Account]:
    known = {account.ref for account in load_accounts(workspace)}
    for account in shown:
        if account.ref not in known:
            add_account(workspace, account, actor=ACTOR)
    return shown


def _last_look(workspace: Workspace) -> datetime | None:
    with reading(workspace.engine) as connection:
        return max((batch.observed_at for batch in load_batches(connection, ("sync",))), default=None)


def _looks(now: datetime, last: datetime | None) -> Iterator[tuple[datetime, date]]:
    """Yield the moments at which the market is looked at, each with the first day that is read."""
    weekly = range(HISTORY_DAYS - 7, DAILY, -7)
    ages = (*weekly, *range(DAILY, -1, -1))
    moments = [now - timedelta(days=age) for age in ages]
    before = now - timedelta(days=HISTORY_DAYS) if last is None else last
    for age, moment in zip(ages, moments, strict=True):
        if last is None or moment > last:
            yield moment, (before - (REREAD if age % 7 else REREAD_WEEKLY)).date()
            before = moment


def _tell(workspace: Workspace, accounts: list[Account], ended: date, now: datetime) -> DemoStory:
    since = ended - timedelta(days=DAILY - 1)
    query = FactQuery(by=BY_CAMPAIGN, since=since, until=ended, as_of=now)
    by_campaign, by_currency = load_matured_tables(workspace.ledger, query, [BY_CAMPAIGN, ("currency",)])
    extremes = tuple(_extremes(workspace, by_campaign, by_currency, accounts))
    day = ended - timedelta(days=7)
    tracker = CampaignTracker(workspace)
    then, today = (tracker.load_figures(day, day, moment) for moment in (now - timedelta(days=7), now))
    with reading(workspace.engine) as connection:
        batches = load_batches(connection, ("sync",))
    return DemoStory(
        accounts=len(accounts),
        campaigns=len(by_campaign),
        looks=len(batches),
        rows=sum(batch.rows for batch in batches),
        restated=sum(batch.restated for batch in batches),
        since=since,
        until=ended,
        extremes=extremes,
        arrivals=tuple(
            Arrival(one.currency, day, _value(then, one.currency), _value(today, one.currency)) for one in extremes
        ),
        example=min(today, key=lambda profile: profile.ref).ref.campaign_id,
    )


def _extremes(
    workspace: Workspace, by_campaign: MaturedTable, by_currency: MaturedTable, accounts: list[Account]
) -> Iterator[Extremes]:
    currencies = {account.ref: account.currency for account in accounts}
    names = {one.ref: one.name or one.ref.campaign_id for one, _ in load_campaigns(workspace)}
    lines = []
    for group, (key, figures) in enumerate(by_campaign.facts.rows()):
        ref = CampaignRef(*key)
        lines.append((currencies[ref.account], Returned(names[ref], figures, estimate_expected(by_campaign, group))))
    for group, ((currency,), total) in enumerate(by_currency.facts.rows()):
        least = WORTH_COMPARING * (total.spend_micros or 0)
        ranked = sorted(
            (line for one, line in lines if one == currency and (line.figures.spend_micros or 0) >= least),
            key=lambda line: line.roas,
        )
        everything = Returned("", total, estimate_expected(by_currency, group))
        yield Extremes(currency, everything, best=ranked[-1], worst=ranked[0])


def _value(figures: Mapping[Profile, Quantities], currency: str) -> int:
    return sum(q.conversion_value_micros or 0 for profile, q in figures.items() if profile.currency == currency)
