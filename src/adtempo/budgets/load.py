"""Gathering what rules are held against: which rule is whose, and how every campaign stands."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from adtempo.budgets.check import RuledCampaign
from adtempo.budgets.columns import AdGroups, Ints, Pace, Standing, Window
from adtempo.budgets.rules import recommend_rows
from adtempo.budgets.rules.base import DEFAULT_RULE, Over, Rule, applies_to, reach_of, shown_over, windows_in
from adtempo.budgets.rules.conditions import PACE, comparisons_of
from adtempo.budgets.rules.fields import read_rule
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import Campaign, Status, read_status
from adtempo.facts.freshness import last_heard_day, load_heard
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.windows import WindowTable, load_ad_group_tables, load_window_tables
from adtempo.stats.month_end import LOOK_BACK_DAYS, Z80, expect_rest
from adtempo.store import budgets as stored
from adtempo.store.accounts import load_accounts, load_campaigns
from adtempo.store.engine import reading
from adtempo.store.ledger import last_batch
from adtempo.store.readings import Known, load_known

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

Origin = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """One rule and the campaigns that it is for.

    Attributes:
        rule: The rule.
        origin: Its number and version; None for one that is not stored.
        where: Which campaigns of the standing; all of one currency.
    """

    rule: Rule
    origin: Origin
    where: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything that an evaluation looks at.

    Attributes:
        standing: How all campaigns stand.
        assignments: Which rule is for which of them.
        unruled: Campaigns whose own rules are all disabled: hands off.
        accounts: Their accounts.
    """

    standing: Standing
    assignments: tuple[Assignment, ...]
    unruled: tuple[int, ...]
    accounts: Mapping[AccountRef, Account]


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Campaigns and rules as they are stored, before any fact is read.

    Attributes:
        campaigns: As they are called.
        accounts: Their accounts.
        rules: In their order, each with its number and version and whether it is enabled.
        budgets: Daily budget of each campaign in micros, 0 where none is known.
        running: Whether each is running.
        batch: The ledger's newest batch.
    """

    campaigns: Sequence[Campaign]
    accounts: Mapping[AccountRef, Account]
    rules: Sequence[tuple[Rule, Origin, bool]]
    budgets: Sequence[int]
    running: Sequence[bool]
    batch: int


def load_book(
    workspace: Workspace,
    at: datetime,
    rules: Sequence[Rule] | None,
    campaigns: Collection[CampaignRef] | None,
    *,
    alone: bool = False,
) -> Book:
    """Return campaigns as they were known at a moment, and the rules: those given, else the stored ones.

    Args:
        workspace: What is open.
        at: What was known at this moment, aware.
        rules: Instead of the stored ones.
        campaigns: Whose accounts are read; None for all.
        alone: Whether of their accounts nothing but the one campaign is read.
    """
    only = next(iter(campaigns)) if alone and campaigns else None
    with reading(workspace.engine) as connection:
        accounts = {account.ref: account for account in load_accounts(connection)}
        if campaigns is not None:
            wanted = {ref.account for ref in campaigns}
            accounts = {ref: account for ref, account in accounts.items() if ref in wanted}
        known = load_campaigns(connection, at=at, within=list(accounts), campaign=only)
        kept = [] if rules is not None else stored.load_rules(connection)
        held: dict[CampaignRef, Known] = {}
        for account in accounts:
            held |= load_known(connection, account, at=at, campaign=only)
        batch = last_batch(connection)
    given: list[tuple[Rule, Origin, bool]] = [(rule, (None, None), rule.enabled) for rule in rules or ()]
    given += [(read_rule(one.fields), (one.rule_id, one.version), one.enabled) for one in kept]
    budgets = [held[one.ref].state.budget_daily_micros if one.ref in held else one.budget_daily_micros for one in known]
    statuses = [held[one.ref].state.status if one.ref in held else read_status(one.status) for one in known]
    running = [status is Status.ACTIVE for status in statuses]
    return Book(known, accounts, given, [budget or 0 for budget in budgets], running, batch)


def load_ruled(workspace: Workspace, rules: Sequence[Rule] | None = None) -> tuple[list[Rule], list[RuledCampaign]]:
    """Return all rules, the shipped one last, and every campaign with those that are for it.

    Args:
        workspace: What is open.
        rules: Instead of the stored ones.
    """
    book = load_book(workspace, workspace.now(), rules, None)
    ruled = []
    for campaign, budget, running in zip(book.campaigns, book.budgets, book.running, strict=True):
        currency = book.accounts[campaign.ref.account].currency
        fitting = tuple(rule for rule, _ in find_fitting(book.rules, campaign, currency))
        ruled.append(RuledCampaign(campaign.ref, currency, budget, running, fitting))
    return [*(rule for rule, _, _ in book.rules), DEFAULT_RULE], ruled


def load_scene(
    workspace: Workspace,
    *,
    at: datetime,
    rules: Sequence[Rule] | None = None,
    campaigns: Collection[CampaignRef] | None = None,
) -> Scene:
    """Return how campaigns stand, and which rule is for which.

    Args:
        workspace: What is open.
        at: What was known at this moment, aware.
        rules: Instead of the stored ones; those that none of them is for get the shipped default.
        campaigns: Only these; None for all. Their accounts are read whole where a rule may look at more than one.
    """
    alone = campaigns is not None and len(campaigns) == 1
    book = load_book(workspace, at, rules, campaigns, alone=alone)
    assignments, unruled = _assign(book, campaigns)
    if alone and any(shown_over(one.rule) is not Over.CAMPAIGN for one in assignments):
        book = load_book(workspace, at, rules, campaigns)
        assignments, unruled = _assign(book, campaigns)
    known, accounts = book.campaigns, book.accounts
    groups, hours = windows_needed(known, [one.rule for one in assignments])
    tables = {}
    if known and hours:
        tables = load_window_tables(
            workspace.ledger,
            [campaign.ref for campaign in known],
            hours,
            as_of=at,
            groups={over.value: rows for over, rows in groups.items()},
        )
    paces = load_paces(workspace, known, accounts, [one.rule for one in assignments], groups, at)
    standing = standing_of(book, at, read_windows(tables), groups, paces)
    if any(one.rule.over is Over.AD_GROUP for one in assignments):
        standing = replace(standing, ad_groups=_load_ad_groups(workspace, standing, hours))
    return Scene(standing, assignments, unruled, accounts)


def _assign(book: Book, campaigns: Collection[CampaignRef] | None) -> tuple[tuple[Assignment, ...], tuple[int, ...]]:
    places = [place for place, one in enumerate(book.campaigns) if campaigns is None or one.ref in campaigns]
    return assign_rules(book.rules, book.campaigns, book.accounts, places)


def _load_ad_groups(workspace: Workspace, standing: Standing, hours: Collection[int]) -> AdGroups | None:
    """Return the ad groups of all campaigns, each with what its campaign has; None where there are none."""
    refs = [campaign.ref for campaign in standing.campaigns]
    of, tables = load_ad_group_tables(workspace.ledger, refs, hours, as_of=standing.at)
    if not len(of):
        return None
    paces: dict[Over, Pace] = {}
    if own := standing.paces.get(Over.CAMPAIGN):
        paces[Over.CAMPAIGN] = Pace(own.value[of], own.low80[of], own.high80[of])
    each = replace(
        standing,
        campaigns=[standing.campaigns[place] for place in of],
        currencies=[standing.currencies[place] for place in of],
        budget_micros=standing.budget_micros[of],
        active=standing.active[of],
        windows={(Over.CAMPAIGN, length): Window(table.matured, table.closed_days) for length, table in tables.items()},
        groups={Over.CAMPAIGN: np.arange(len(of))},
        paces=paces,
    )
    return AdGroups(of, each)


def standing_of(
    book: Book,
    at: datetime,
    windows: Mapping[tuple[Over, int], Window],
    groups: Mapping[Over, Ints],
    paces: Mapping[Over, Pace],
) -> Standing:
    """Return how the campaigns of a book stand at a moment."""
    return Standing(
        at=at,
        batch=book.batch,
        campaigns=book.campaigns,
        currencies=[book.accounts[one.ref.account].currency for one in book.campaigns],
        budget_micros=np.array(book.budgets, np.int64),
        active=np.array(book.running, bool),
        windows=windows,
        groups=groups,
        paces=paces,
    )


def assign_rules(
    rules: Iterable[tuple[Rule, Origin, bool]],
    campaigns: Sequence[Campaign],
    accounts: Mapping[AccountRef, Account],
    places: Iterable[int],
) -> tuple[tuple[Assignment, ...], tuple[int, ...]]:
    """Say which rule is for which campaign: a campaign's own beats its account's, that beats one for everybody.

    Of rules of the same reach the first enabled one counts. Where there are rules of a reach and all are disabled,
    somebody wants hands off, and no wider rule steps in.

    Args:
        rules: In their order, each with its number and version and whether it is enabled.
        campaigns: All campaigns.
        accounts: Their accounts.
        places: Which of the campaigns are asked for.

    Returns:
        Rules with their campaigns, and the campaigns that are to be left alone.
    """
    chosen: dict[tuple[Rule, Origin, str], list[int]] = {}
    unruled = []
    known = list(rules)
    for place in places:
        campaign = campaigns[place]
        currency = accounts[campaign.ref.account].currency
        fitting = find_fitting(known, campaign, currency)
        if fitting:
            chosen.setdefault((*fitting[0], currency), []).append(place)
        else:
            unruled.append(place)
    made = (Assignment(rule, origin, np.array(where, np.int64)) for (rule, origin, _), where in chosen.items())
    return tuple(made), tuple(unruled)


def find_fitting(
    rules: Iterable[tuple[Rule, Origin, bool]], campaign: Campaign, currency: str
) -> list[tuple[Rule, Origin]]:
    """Return the enabled rules for a campaign, the one that counts first; none where somebody wants hands off."""
    fitting = [one for one in rules if applies_to(one[0], campaign, campaign.ref.account, currency)]
    if not fitting:
        return [(DEFAULT_RULE, (None, None))]
    reach = max(reach_of(rule) for rule, _, _ in fitting)
    nearest = [(rule, origin) for rule, origin, enabled in fitting if enabled and reach_of(rule) == reach]
    wider = [(rule, origin) for rule, origin, enabled in fitting if enabled and reach_of(rule) < reach]
    return [*nearest, *sorted(wider, key=lambda one: -reach_of(one[0]))] if nearest else []


def windows_needed(campaigns: Sequence[Campaign], rules: Collection[Rule]) -> tuple[dict[Over, Ints], set[int]]:
    """Return the ways in which rules add figures up, and the windows that they read, in hours."""
    groups = {over: _groups(over, campaigns) for over in {Over.CAMPAIGN, *map(shown_over, rules)}}
    return groups, {length for rule in rules for length in windows_in(rule, recommend_rows(rule))}


def read_windows(tables: Mapping[tuple[str, int], WindowTable]) -> dict[tuple[Over, int], Window]:
    """Return windows of facts as rules read them."""
    return {(Over(over), length): Window(table.matured, table.closed_days) for (over, length), table in tables.items()}


def _groups(over: Over, campaigns: Sequence[Campaign]) -> Ints:
    """Return the row that each campaign's figures add to."""
    if over is Over.CAMPAIGN:
        return np.arange(len(campaigns))
    rows: dict[tuple[AccountRef, str | None], int] = {}
    keys = [(one.ref.account, {Over.LABEL: one.label, Over.NICHE: one.niche}.get(over)) for one in campaigns]
    return np.array([rows.setdefault(key, len(rows)) for key in keys], np.int64)


def load_paces(
    workspace: Workspace,
    campaigns: Sequence[Campaign],
    accounts: Mapping[AccountRef, Account],
    rules: Collection[Rule],
    groups: Mapping[Over, Ints],
    at: datetime,
) -> dict[Over, Pace]:
    """Return where the month's spend is heading, of those whose pace a rule asks for."""
    asked = {
        shown_over(rule)
        for rule in rules
        if any(one.metric == PACE.name for row in recommend_rows(rule) for one in comparisons_of(row.when))
    }
    if not asked:
        return {}
    with reading(workspace.engine) as connection:
        heard = load_heard(connection, at)
    through = {ref: last_heard_day(account, heard, at) for ref, account in accounts.items()}
    oldest = min(through.values())
    table = load_fact_table(
        workspace.ledger,
        FactQuery(
            by=("platform", "account_id", "campaign_id", "day_local"),
            since=min(oldest.replace(day=1), oldest - timedelta(days=LOOK_BACK_DAYS - 1)),
            campaigns=[one.ref for one in campaigns if one.planned_budget_micros is not None],
            as_of=at,
        ),
    )
    spend: dict[CampaignRef, dict[date, int]] = {}
    for keys, figures in table.rows():
        ref = CampaignRef(*map(str, keys[:3]))
        if figures.spend_micros is not None and keys[3] <= through[ref.account]:
            spend.setdefault(ref, {})[keys[3]] = figures.spend_micros
    planned = [(place, one) for place, one in enumerate(campaigns) if one.planned_budget_micros is not None]
    return {over: _paces(groups[over], planned, spend, through) for over in asked}


def _paces(
    rows: Ints,
    planned: Iterable[tuple[int, Campaign]],
    spend: Mapping[CampaignRef, Mapping[date, int]],
    through: Mapping[AccountRef, date],
) -> Pace:
    """Add up plans and spend, then see where each row is heading."""
    plans: Counter[int] = Counter()
    days: dict[int, Counter[date]] = {}
    until: dict[int, date] = {}
    for place, one in planned:
        row = int(rows[place])
        plans[row] += one.planned_budget_micros or 0
        days.setdefault(row, Counter()).update(spend.get(one.ref, {}))
        until[row] = through[one.ref.account]
    found = np.full((3, rows.max(initial=-1) + 1), np.nan)
    for row, plan in plans.items():
        found[:, row] = _pace(plan, days[row], until[row])
    return Pace(*found)


def _pace(plan: int, spend: Mapping[date, int], through: date) -> tuple[float, float, float]:
    """Return the month's expected spend over its plan, with its 80% interval."""
    last = through.replace(day=calendar.monthrange(through.year, through.month)[1])
    rest = [through + timedelta(days=ahead) for ahead in range(1, (last - through).days + 1)]
    ahead = expect_rest(spend, through, rest)
    if ahead is None:
        return (float("nan"),) * 3
    spent = sum(amount for day, amount in spend.items() if day >= through.replace(day=1))
    mean, spread = ahead
    ends = (spent + mean, max(float(spent), spent + mean - Z80 * spread), spent + mean + Z80 * spread)
    return ends[0] / plan, ends[1] / plan, ends[2] / plan
