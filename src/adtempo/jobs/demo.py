"""The demo: a simulated market of 60 days, read into the ledger as if adtempo had been there all along.

Nothing is written behind the ledger's back: the market is asked what it shows at one past moment after another, by the
same sync that reads platforms, so the ledger holds what was known when, late conversions and corrections included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from adtempo.accounts.run import add_account, load_accounts
from adtempo.domain.accounts import Account
from adtempo.domain.errors import Conflict, NotFound
from adtempo.domain.metrics import ROAS, blend, value_of
from adtempo.domain.panels import Quantities
from adtempo.facts.sync import sync_accounts
from adtempo.platforms.sandbox.demo import HISTORY_DAYS, demo_world
from adtempo.platforms.sandbox.market import Market, create_market, open_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.store.engine import reading
from adtempo.store.ledger import load_batches
from adtempo.tracking.estimate import Profile
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

ACTOR = "demo"

WORTH_COMPARING = 0.01
"""A campaign with less of its currency's spend is neither best nor worst."""


@dataclass(frozen=True, slots=True)
class Extremes:
    """The best and the worst campaign of one currency, by return on spend."""

    currency: str
    total: Quantities
    best: tuple[Profile, Quantities]
    worst: tuple[Profile, Quantities]


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


def build_demo(workspace: Workspace, *, progress: Callable[[str, float], None]) -> DemoStory:
    """Fill a workspace with the demo market up to now, and say what there is to see; a second time adds only the news.

    Args:
        workspace: Whose ledger.
        progress: Called with the step and the share of it that is done, 0 to 1.

    Raises:
        Conflict: The workspace holds accounts that are not simulated; the two must not be mixed.
    """
    now = workspace.now()
    _check_home(workspace)
    reader = SandboxReader(_market(workspace, now))
    accounts = _register(workspace, reader.fetch_accounts())
    looks = list(_looks(now, _last_look(workspace)))
    for place, (moment, since) in enumerate(looks):
        progress(f"reading the market as of {moment:%d %b}", place / len(looks))
        sync_accounts(workspace.ledger, reader, accounts, actor=ACTOR, now=moment, since=since)
    progress("looking at it", 1.0)
    return _tell(workspace, accounts, now)


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


def _tell(workspace: Workspace, accounts: list[Account], now: datetime) -> DemoStory:
    tracker = CampaignTracker(workspace)
    ended = min(now.astimezone(account.zone).date() for account in accounts) - timedelta(days=1)
    since = ended - timedelta(days=DAILY - 1)
    figures = tracker.load_figures(since, ended)
    day = ended - timedelta(days=7)
    then, today = (tracker.load_figures(day, day, moment) for moment in (now - timedelta(days=7), now))
    with reading(workspace.engine) as connection:
        batches = load_batches(connection, ("sync",))
    return DemoStory(
        accounts=len(accounts),
        campaigns=len(figures),
        looks=len(batches),
        rows=sum(batch.rows for batch in batches),
        restated=sum(batch.restated for batch in batches),
        since=since,
        until=ended,
        extremes=tuple(_extremes(currency, of_currency) for currency, of_currency in _by_currency(figures)),
        arrivals=tuple(
            Arrival(currency, day, _value(then, currency), _value(today, currency))
            for currency, _ in _by_currency(today)
        ),
    )


def _by_currency(figures: Mapping[Profile, Quantities]) -> list[tuple[str, dict[Profile, Quantities]]]:
    currencies = sorted({profile.currency for profile in figures})
    return [(one, {profile: q for profile, q in figures.items() if profile.currency == one}) for one in currencies]


def _extremes(currency: str, figures: Mapping[Profile, Quantities]) -> Extremes:
    total = blend((currency, amounts) for amounts in figures.values())[1]
    least = WORTH_COMPARING * (total.spend_micros or 0)
    ranked = sorted(
        ((profile, amounts) for profile, amounts in figures.items() if (amounts.spend_micros or 0) >= least),
        key=lambda pair: value_of(ROAS, pair[1]) or 0.0,
    )
    return Extremes(currency, total, best=ranked[-1], worst=ranked[0])


def _value(figures: Mapping[Profile, Quantities], currency: str) -> int:
    return sum(q.conversion_value_micros or 0 for profile, q in figures.items() if profile.currency == currency)
