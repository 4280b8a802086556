"""Replaying rules: the ledger as it looked at each hour, the rules held against it, and what that comes to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from adtempo.budgets.columns import Floats, Ints, Pace
from adtempo.budgets.load import load_book, load_paces, read_windows, windows_needed
from adtempo.budgets.replay.course import Course, Foreseen, Hour
from adtempo.budgets.replay.outcome import JUDGED_DAYS, Money, Pauses, Truth, estimate_money, judge_pauses
from adtempo.budgets.replay.response import SpendResponse, fit_response
from adtempo.budgets.rules.base import DEFAULT_RULE, Over, Rule
from adtempo.changes.assemble import TOP_DAYS, TOP_SHARE
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.proposals import BudgetAction
from adtempo.facts.freshness import last_ended
from adtempo.facts.history import History, Span, Times, open_history
from adtempo.facts.load import FactQuery
from adtempo.facts.maturity import CELL, load_matured_tables
from adtempo.facts.windows import cut_windows, join_moments
from adtempo.store.accounts import find_account, load_campaigns
from adtempo.store.attributes import load_moments
from adtempo.store.engine import reading

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

DRAWS = 400
"""Worlds that may be true, in which courses are compared."""

DAYS_MAX = 400

_ROWS = 20_000
"""Campaigns times hours that are foreseen at once: what a day of a large account would need is too much to hold."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_SPREAD_OF_95 = 2 * 1.959963984540054


@dataclass(frozen=True, slots=True)
class Replay:
    """What is to be replayed.

    Attributes:
        rules: The rules; None for the stored ones.
        against: Other rules that are compared; None for none.
        since: First day, UTC.
        until: Last day, UTC.
        account: Only campaigns of this one: its id, or platform:account; None for all.
        seed: Of the worlds that are drawn.
    """

    rules: Sequence[Rule] | None
    since: date
    until: date
    against: Sequence[Rule] | None = None
    account: str | None = None
    seed: int = 7


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """What a replay found.

    Attributes:
        asked: What was replayed.
        begins: The first hour, aware.
        hours: How many hours.
        campaigns: How many campaigns.
        feedback: Whether other budgets had other results.
        courses: Of the rules, and of those they are compared with.
        money: What each comes to, by currency, in the order of `courses`.
        nothing: What doing nothing came to.
        pauses: Whether they were deserved, in the order of `courses`.
    """

    asked: Replay
    begins: datetime
    hours: int
    campaigns: int
    feedback: bool
    courses: tuple[Course, ...]
    money: tuple[list[Money], ...]
    nothing: list[Money]
    pauses: tuple[Pauses, ...]


@dataclass(slots=True, eq=False)
class _Stage:
    """What all courses of one replay share."""

    workspace: Workspace
    asked: Replay
    refs: Sequence[CampaignRef]
    history: History
    weights: Floats
    days_of_hours: Ints
    windows: tuple[Mapping[Over, Ints], set[int]]
    told: frozenset[datetime]


def replay_rules(
    workspace: Workspace, asked: Replay, *, progress: Callable[[float], None] = lambda _share: None
) -> Replayed:
    """Say what rules would have done, hour by hour, and what that would have come to.

    Args:
        workspace: What is open.
        asked: What is to be replayed.
        progress: Called with the share done, 0 to 1.

    Raises:
        NotFound: There is no such account.
        InvalidInput: The days are out of order, too many or not over; there are no facts of them; or a rule does not
            fit an account's currency.
    """
    begins, hours = _check_days(workspace, asked)
    stage = _set_stage(workspace, asked, begins, hours)
    truth, response = _load_truth(stage, begins, hours)
    names = [("rules", asked.rules)] + ([("against", asked.against)] if asked.against is not None else [])
    shape = len(stage.refs), len(stage.history.days), stage.weights.shape[1]
    lived = _lived_before(stage, begins)
    courses = tuple(Course(name, rules, Times.once(*shape), lived.copy()) for name, rules in names)
    for step, block in _blocks(stage, begins, hours):
        if step == 0 or block[0].at in stage.told:
            for course in courses:
                course.adopt(load_book(workspace, block[0].at, course.rules, stage.refs), block[0].at)
        for course in courses:
            _live(stage, course, block, response)
        progress(0.9 * (step + len(block)) / hours)
    draws = None if response is None else response.draw(DRAWS, np.random.default_rng(asked.seed))
    low = stage.history.place_of_hour(begins)
    late_seed = [asked.seed, 1]
    spent = [course.times.spend_by_hour[:, low : low + hours] for course in courses]
    money = tuple(estimate_money(truth, times, draws, np.random.default_rng(late_seed)) for times in spent)
    pauses = tuple(judge_pauses(one.fired, truth, _judged_days(stage, one)) for one in courses)
    progress(1.0)
    return Replayed(
        asked=asked,
        begins=begins,
        hours=hours,
        campaigns=int((truth.spend_by_hour.sum(axis=1) > 0).sum()),
        feedback=response is not None,
        courses=courses,
        money=money,
        nothing=estimate_money(truth, None, draws, np.random.default_rng(late_seed)),
        pauses=pauses,
    )


def _check_days(workspace: Workspace, asked: Replay) -> tuple[datetime, int]:
    begins = datetime(asked.since.year, asked.since.month, asked.since.day, tzinfo=UTC)
    if asked.since > asked.until:
        raise InvalidInput(f"since {asked.since} is after until {asked.until}; name the earlier day first")
    if (asked.until - asked.since).days >= DAYS_MAX:
        raise InvalidInput(f"a replay has at most {DAYS_MAX} days; name a later since or an earlier until")
    ends = min(begins + (asked.until - asked.since + _DAY), workspace.now().replace(minute=0, second=0, microsecond=0))
    hours = (ends - begins) // _HOUR
    if hours < 1:
        raise InvalidInput(f"since {asked.since} lies in the future; only what has been can be replayed")
    return begins, hours


def _set_stage(workspace: Workspace, asked: Replay, begins: datetime, hours: int) -> _Stage:
    ends = begins + (hours - 1) * _HOUR
    with reading(workspace.engine) as connection:
        within = None if asked.account is None else [find_account(connection, asked.account).ref]
        campaigns = load_campaigns(connection, at=ends, within=within)
        moments = load_moments(connection, since=begins, until=ends)
    refs = [one.ref for one in campaigns]
    if not refs:
        raise InvalidInput("there are no campaigns to replay; import facts or sync an account first")
    rules = _all_rules(workspace, asked, begins, refs)
    windows = windows_needed(campaigns, rules)
    told = frozenset(begins - (begins - moment) // _HOUR * _HOUR for moment in moments)
    history = open_history(workspace.ledger, refs, Span(begins, ends, windows[1]))
    return _Stage(workspace, asked, refs, history, history.weights(), history.days_of_hours(), windows, told)


def _all_rules(workspace: Workspace, asked: Replay, at: datetime, refs: Sequence[CampaignRef]) -> list[Rule]:
    stored = [] if asked.rules is not None else [rule for rule, _, _ in load_book(workspace, at, None, refs).rules]
    rules = [*(asked.rules or stored), *(asked.against or ()), DEFAULT_RULE]
    if below := [rule.rule_name for rule in rules if rule.over is Over.AD_GROUP]:
        raise InvalidInput(
            f"rule {below[0]!r} reads ad groups, of which a replay knows nothing; name a file with other rules"
        )
    return rules


def _load_truth(stage: _Stage, begins: datetime, hours: int) -> tuple[Truth, SpendResponse | None]:
    """Return what really was, as it is known now, and how results followed spend."""
    history, workspace = stage.history, stage.workspace
    accounts = [one.ref for one in history.accounts]
    query = FactQuery(by=CELL, since=history.first, accounts=accounts, as_of=workspace.now())
    table, by_account = load_matured_tables(workspace.ledger, query, [CELL, CELL[:2]])
    places = {(ref.platform, ref.account_id, ref.campaign_id): place for place, ref in enumerate(stage.refs)}
    row = np.array([places[key] for key in zip(*(table.facts.keys[name] for name in CELL[:3]), strict=True)], np.int64)
    day = (table.facts.keys["day_local"].astype("datetime64[D]") - np.datetime64(history.first)).astype(np.int64)
    shape = len(stage.refs), int(max(day.max(initial=0) + 1, len(history.days)))
    spend, value, deviation, clicks = np.zeros((4, *shape))
    spend[row, day] = table.facts.sums["spend_micros"] / 1e6
    clicks[row, day] = table.facts.sums["clicks"]
    final = table.conversion_value
    value[row, day] = np.nan_to_num(final.value)
    deviation[row, day] = np.nan_to_num(final.high95 - final.low95) / _SPREAD_OF_95
    # Chance averages out over the cells of an account: together they are as unsure as their sum.
    order = [(one.ref.platform, one.ref.account_id) for one in history.accounts]
    together = np.zeros(len(order))
    told = zip(*(by_account.facts.keys[name] for name in CELL[:2]), strict=True)
    total = by_account.conversion_value
    together[[order.index(key) for key in told]] = np.nan_to_num(total.high95 - total.low95) / _SPREAD_OF_95
    apart = np.bincount(history.account, deviation.sum(axis=1), len(order))
    deviation *= np.divide(together, apart, out=np.zeros(len(order)), where=apart > 0)[history.account][:, None]
    low = history.place_of_hour(begins)
    part = slice(low, low + hours)
    of_day = stage.days_of_hours[history.account]
    everyone = np.arange(len(stage.refs))[:, None]
    # A day without hourly rows is shared out evenly.
    sums = np.zeros((shape[0], len(history.days)))
    np.add.at(sums, (everyone, of_day), stage.weights)
    stage.weights = np.where((sums <= 0)[everyone, of_day], 1.0, stage.weights)
    whole = np.zeros(sums.shape)
    np.add.at(whole, (everyone, of_day), stage.weights)
    days = of_day[:, part]
    share = stage.weights[:, part] / whole[everyone, days]
    if not (spend[everyone, days] * share).any():
        until = (begins + (hours - 1) * _HOUR).date()
        raise InvalidInput(
            f"there are no facts of {begins:%Y-%m-%d} to {until}; name days that were imported or synced"
        )
    truth = Truth(
        spend=spend,
        value=value,
        deviation=deviation,
        spend_by_hour=spend[everyone, days] * share,
        value_by_hour=value[everyone, days] * share,
        deviation_by_hour=deviation[everyone, days] * share,
        hour_day=np.arange(hours) // 24,
        account=history.account,
        currency=[history.accounts[place].currency for place in history.account],
    )
    known = len(history.days)
    return truth, fit_response(spend[:, :known], clicks[:, :known], history.account)


def _lived_before(stage: _Stage, begins: datetime) -> Floats:
    """Return the weight of each local day's hours before the replay, shape (campaigns, days)."""
    part = slice(0, stage.history.place_of_hour(begins))
    found = np.zeros((len(stage.refs), len(stage.history.days)))
    days = stage.days_of_hours[stage.history.account, part]
    np.add.at(found, (np.arange(len(found))[:, None], days), stage.weights[:, part])
    return found


def _blocks(stage: _Stage, begins: datetime, hours: int) -> Iterator[tuple[int, list[Hour]]]:
    """Go on through history; return hours between which nothing is learnt and nobody told anything, and their place."""
    most = max(_ROWS // len(stage.refs), 1)
    block: list[Hour] = []
    for step in range(hours):
        at = begins + step * _HOUR
        if block and (at.hour == 0 or at in stage.told or len(block) == most):
            yield step - len(block), block
            block = []
        stage.history.go_to(at)
        block.append(_hear(stage, at))
    yield hours - len(block), block


def _hear(stage: _Stage, at: datetime) -> Hour:
    """Return what was known at the hour that history has come to."""
    history, tops = stage.history, {}
    place = history.place_of_hour(at)
    for number, one in enumerate(history.accounts):
        yesterday = last_ended(one, at)
        spent = history.spent(yesterday - timedelta(days=TOP_DAYS - 1), yesterday)
        tops[one.ref] = np.where(history.account == number, spent, 0)
    return Hour(
        at=at,
        place=place,
        look=history.look(),
        days=stage.days_of_hours[history.account, place],
        weights=stage.weights[:, place],
        facts_until={one.ref: history.heard_until(one.ref) for one in history.accounts},
        top=lambda ref: _top_spenders(stage.refs, tops[ref]),
    )


def _live(stage: _Stage, course: Course, hours: Sequence[Hour], response: SpendResponse | None) -> None:
    """Live through hours on a course: foresee as many as nothing is changed in, and go on from there.

    After a change the next hour is foreseen alone, then twice as many each time: where every hour changes something,
    nothing is foreseen in vain.
    """
    book, groups = course.book, stage.windows[0]
    paces = [
        load_paces(stage.workspace, book.campaigns, book.accounts, course.assigned, groups, hour.at) for hour in hours
    ]
    ahead = len(hours)
    while hours:
        foreseen, changed = _foresee(stage, course, hours[:ahead], paces[-len(hours) :][:ahead], response), False
        for nth, hour in enumerate(hours[:ahead]):
            changed = course.decide(hour, foreseen, nth)
            course.live(hour, response)
            hours = hours[1:]
            if changed:
                break
        ahead = 1 if changed else 2 * ahead


def _foresee(
    stage: _Stage,
    course: Course,
    hours: Sequence[Hour],
    paces: Sequence[Mapping[Over, Pace]],
    response: SpendResponse | None,
) -> Foreseen:
    """Hold the rules of a course against hours to come, with the figures that rules read, under its budgets."""
    each, lengths = stage.windows
    steps = np.arange(len(hours))[:, None]
    groups = {over: (steps * (rows.max() + 1) + rows).ravel() for over, rows in each.items()}
    known = join_moments(course.known(hours, response))
    windows = read_windows(cut_windows(known, lengths, {over.value: rows for over, rows in groups.items()}))
    together = {over: Pace.joined([one[over] for one in paces]) for over in paces[0]}
    return course.foresee(len(hours), windows, groups, together)


def _top_spenders(refs: Sequence[CampaignRef], spent: Ints) -> set[CampaignRef]:
    """Return the top tenth, rounded up, of an account's campaigns by what they spent in seven closed days."""
    members = np.flatnonzero(spent > 0)
    most = members[np.argsort(spent[members])[len(members) - math.ceil(TOP_SHARE * len(members)) :]]
    return {refs[one] for one in most.tolist()}


def _judged_days(stage: _Stage, course: Course) -> dict[int, tuple[int, int]]:
    """Return the days that show whether pauses were deserved, where all of them are over."""
    history, found = stage.history, {}
    for place, one in enumerate(course.fired):
        if one.action is BudgetAction.PAUSE:
            account = history.accounts[history.account[one.place]]
            first = one.at.astimezone(account.zone).date()
            if first + timedelta(days=JUDGED_DAYS) <= stage.workspace.now().astimezone(account.zone).date():
                found[place] = history.place_of(first), history.place_of(first) + JUDGED_DAYS
    return found
