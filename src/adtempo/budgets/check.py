"""What a set of rules can do at worst, found without any fact: contradictions, gaps, and the highest possible spend.

Every figure that a rule reads becomes a free variable; a rule can only change its mind at its own thresholds, so the
points between them are all the cases there are. Where these are too many, some are drawn (seeded).
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from adtempo.budgets.rules import recommend_rows
from adtempo.budgets.rules.base import Over, Row, Rule, amounts_in
from adtempo.budgets.rules.conditions import (
    COMPARABLE,
    PACE,
    TARGETS,
    AllOf,
    Comparison,
    Condition,
    comparisons_of,
    late_quantity_of,
    threshold_text,
)
from adtempo.budgets.rules.sentences import WHOSE, window_words
from adtempo.changes.limits import exact
from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.budgets import Basis
from adtempo.domain.metrics import Unit, metric_word
from adtempo.domain.money import minor_unit_micros
from adtempo.domain.policies import PLATFORM_TERMS
from adtempo.domain.proposals import BudgetAction

RESPONSE = 0.5
"""Results grow at least with this power of the budget: the strongest saturation that a check reckons with."""

POINTS_MAX = 20_000
_SEED = 7
_CLOSE = 0.01
_SIGNS = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
_WEEK_DAYS = 7
_UNLIKELY = 3.0
"""A budget that can grow by more than this factor in a week is worth a word."""


class Figure(NamedTuple):
    """One figure that a rule reads.

    Attributes:
        name: Of a metric or a target.
        hours: Of its window; None for what has none.
        over: Whose it is.
        basis: On which it is read; None for what does not arrive late.
    """

    name: str
    hours: int | None = None
    over: Over = Over.CAMPAIGN
    basis: Basis | None = None


Point = Mapping[Figure, float]


class Read(NamedTuple):
    """One row of a rule, and whether it holds at a point."""

    row: Row
    holds: Callable[[Point], bool]


class Trouble(StrEnum):
    """What can be wrong with a set of rules."""

    CONTRADICTION = "contradiction"
    GAP = "gap"
    OSCILLATION = "oscillation"
    COMPOUNDING = "compounding"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a set of rules.

    Attributes:
        kind: What sort of thing.
        rules: The rules it is about; a contradiction has two, or one with itself.
        campaign: A campaign that it can happen to; None where there is none yet.
        message: What happens and when, in one sentence.
    """

    kind: Trouble
    rules: tuple[str, ...]
    campaign: CampaignRef | None
    message: str


@dataclass(frozen=True, slots=True)
class RuledCampaign:
    """One campaign and the rules that are for it.

    Attributes:
        ref: Which campaign.
        currency: Of its account.
        budget_micros: Its daily budget, 0 where none is known.
        active: Whether it runs.
        fitting: The enabled rules for it, the one that counts first; empty for hands off.
    """

    ref: CampaignRef
    currency: str
    budget_micros: int
    active: bool
    fitting: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class HighestSpend:
    """The most that an account can spend, whatever the figures say and however often rules run.

    Attributes:
        account: Which account.
        currency: Of the amounts.
        day_micros: On any one of its local days, beginning now.
        week_micros: In seven of them.
        budgets_micros: The highest sum of its daily budgets.
        capped_by: What holds that sum: ``account`` or ``campaigns``.
        overspend: How many times its daily budget the platform may spend on a day.
        unknown: How many running campaigns have a budget that nobody has said; what they spend is not in it.
    """

    account: AccountRef
    currency: str
    day_micros: int
    week_micros: int
    budgets_micros: int
    capped_by: str
    overspend: float
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """All that is to know about a set of rules."""

    findings: tuple[Finding, ...]
    highest_spend: tuple[HighestSpend, ...]


def check_rules(rules: Sequence[Rule], campaigns: Sequence[RuledCampaign]) -> Check:
    """Find what is wrong with rules, and prove the most that accounts can spend under them.

    Args:
        rules: All rules, in their order, the shipped one last.
        campaigns: All campaigns, with the rules that are for each.
    """
    examples: dict[Rule, CampaignRef] = {}
    for campaign in campaigns:
        for rule in campaign.fitting[:1]:
            examples.setdefault(rule, campaign.ref)
    found: list[Finding] = []
    for rule in rules:
        found += _within(rule, examples.get(rule))
    found += _between(campaigns)
    found += _idle(rules, campaigns)
    return Check(tuple(found), tuple(_highest(campaigns)))


def _within(rule: Rule, example: CampaignRef | None) -> list[Finding]:
    """Find what is wrong with one rule by itself."""
    rows, names, reads = recommend_rows(rule), (rule.rule_name,), _read(rule)
    points = _points(rule)
    found = [
        Finding(
            Trouble.CONTRADICTION,
            names,
            example,
            f"rule {rule.rule_name!r}: at {_said(point, rule)} one row asks for {one.action} and another for "
            f"{other.action}; the more severe wins",
        )
        for (one, other), point in _fighting_rows(reads, points).items()
    ]
    winning = {number for point in points if (number := _winner(reads, point)) is not None}
    found += [
        Finding(
            Trouble.UNREACHABLE,
            names,
            example,
            f"rule {rule.rule_name!r}: its row for {row.action} ({row.when}) never wins: a more severe one always "
            "does, or it contradicts itself",
        )
        for number, row in enumerate(rows)
        if number not in winning
    ]
    if not any(row.action in {BudgetAction.SCALE_DOWN, BudgetAction.PAUSE} for row in rows):
        words = f"rule {rule.rule_name!r} never lowers a budget and never pauses: nothing stops a campaign that loses"
        found.append(Finding(Trouble.GAP, names, example, words))
    if swing := _swing(reads, points):
        point, after, up, down = swing
        found.append(
            Finding(
                Trouble.OSCILLATION,
                names,
                example,
                f"rule {rule.rule_name!r}: at {_said(point, rule)} it asks for {up.action}; where results grow with "
                f"the square root of the budget that leads to {_said(after, rule)}, and there it asks for "
                f"{down.action}",
            )
        )
    if any(row.multiplier > 1 for row in rows):
        found += _compounding(rule, rows, example)
    return found


def _compounding(rule: Rule, rows: Sequence[Row], example: CampaignRef | None) -> list[Finding]:
    largest = max(row.multiplier for row in rows)
    alone = largest**rule.max_changes_per_day
    day = min(alone, rule.max_change_per_day)
    if day**_WEEK_DAYS <= _UNLIKELY:
        return []
    held = f", held to {rule.max_change_per_day:g}-fold" if alone > rule.max_change_per_day else ""
    return [
        Finding(
            Trouble.COMPOUNDING,
            (rule.rule_name,),
            example,
            f"rule {rule.rule_name!r}: rises of {largest - 1:.0%} up to {rule.max_changes_per_day} times a day are "
            f"{alone:.2f}-fold{held}; in a week a budget can grow {day**_WEEK_DAYS:.1f}-fold, up to max_daily_budget",
        )
    ]


def _between(campaigns: Iterable[RuledCampaign]) -> list[Finding]:
    """Find pairs of rules for one campaign that would ask for opposite things; the first of them counts."""
    seen: set[tuple[Rule, Rule]] = set()
    found = []
    for campaign in campaigns:
        for one, other in itertools.combinations(campaign.fitting, 2):
            if (one, other) in seen:
                continue
            seen.add((one, other))
            reads, others = _read(one), _read(other)
            for point in _points(one, other):
                asked, against = _action(reads, point), _action(others, point)
                if _direction(asked) * _direction(against) < 0:
                    found.append(
                        Finding(
                            Trouble.CONTRADICTION,
                            (one.rule_name, other.rule_name),
                            campaign.ref,
                            f"rules {one.rule_name!r} and {other.rule_name!r} are both for {campaign.ref}: at "
                            f"{_said(point, one, other)} the first asks for {asked} and the second for {against}; "
                            "the first counts",
                        )
                    )
                    break
    return found


def _idle(rules: Sequence[Rule], campaigns: Sequence[RuledCampaign]) -> list[Finding]:
    """Find rules that no campaign follows, and campaigns that follow no rule."""
    followed = {one.fitting[0] for one in campaigns if one.fitting}
    found = [
        Finding(
            Trouble.UNREACHABLE,
            (rule.rule_name,),
            None,
            f"rule {rule.rule_name!r} counts for no campaign: none fits it, or another rule comes first everywhere",
        )
        for rule in rules[:-1]
        if rule.enabled and rule not in followed
    ]
    alone = [one.ref for one in campaigns if not one.fitting]
    if alone:
        words = f"{len(alone)} campaigns follow no rule, since their own are disabled; the first is {alone[0]}"
        found.append(Finding(Trouble.GAP, (), alone[0], words))
    return found


def _highest(campaigns: Sequence[RuledCampaign]) -> list[HighestSpend]:
    """Prove the most that each account can spend.

    A budget grows by at most its rule's factor a day and never through its ceiling. The sum of all stays within the
    account's cap, or where it is if it is above it already. On a day a platform may spend so many times the highest
    budget of each campaign; what a cut frees can go to another one, so these together may pass the cap: what a day
    begins with, within the cap, grows by the largest factor at most.
    """
    by_account: dict[AccountRef, list[RuledCampaign]] = {}
    for one in campaigns:
        if one.active:
            by_account.setdefault(one.ref.account, []).append(one)
    found = []
    for account, members in sorted(by_account.items()):
        caps = [amounts_in(one.fitting[0], one.currency).max_daily_spend_limit for one in members if one.fitting]
        cap = max([sum(one.budget_micros for one in members), *caps])
        growth = max(_growth(one) for one in members)
        budgets = [sum(_ceiling(one, day) for one in members) for day in range(1, _WEEK_DAYS + 1)]
        overspend = PLATFORM_TERMS[account.platform].day_overspend_max
        days = [exact(overspend) * min(budget, math.floor(cap * growth)) for budget in budgets]
        unit = minor_unit_micros(members[0].currency)
        found.append(
            HighestSpend(
                account=account,
                currency=members[0].currency,
                day_micros=math.ceil(days[0] / unit) * unit,
                week_micros=math.ceil(sum(days) / unit) * unit,
                budgets_micros=min(budgets[-1], cap),
                capped_by="account" if budgets[-1] >= cap else "campaigns",
                overspend=overspend,
                unknown=sum(one.budget_micros == 0 for one in members),
            )
        )
    return found


def _growth(one: RuledCampaign) -> Fraction:
    """Return the largest factor by which a campaign's budget can grow in a day."""
    rises = bool(one.fitting) and any(row.multiplier > 1 for row in recommend_rows(one.fitting[0]))
    return exact(one.fitting[0].max_change_per_day) if rises else Fraction(1)


def _ceiling(one: RuledCampaign, day: int) -> int:
    """Return the highest daily budget that a campaign can have on the first, second, ... day from now."""
    if not one.fitting:
        return one.budget_micros
    grown = math.floor(one.budget_micros * _growth(one) ** day)
    return min(grown, max(one.budget_micros, amounts_in(one.fitting[0], one.currency).max_daily_budget))


def _points(*rules: Rule) -> list[Point]:
    """Return assignments of every figure that rules read, one for each way in which they can come out."""
    steps: dict[Figure, set[float]] = {}
    for rule in rules:
        for one in (one for row in recommend_rows(rule) for one in comparisons_of(row.when)):
            values = steps.setdefault(_left(one, rule), set())
            values.add(one.bound.amount)
            if (other := _right(one, rule)) is not None:
                steps.setdefault(other, set()).add(1.0)
                values.add(1.0)
    axes = {figure: _between_steps(sorted(values)) for figure, values in steps.items()}
    count = math.prod(len(values) for values in axes.values())
    if count <= POINTS_MAX:
        return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    rng = np.random.default_rng(_SEED)
    drawn = [rng.choice(values, POINTS_MAX).tolist() for values in axes.values()]
    return [dict(zip(axes, values, strict=True)) for values in zip(*drawn, strict=True)]


def _between_steps(steps: Sequence[float]) -> list[float]:
    """Return the steps, values close to them on both sides, one between each two, and one far out on either end."""
    middles = [(low + high) / 2 for low, high in itertools.pairwise(steps)]
    close = [step * factor for step in steps for factor in (1 - _CLOSE, 1 + _CLOSE)]
    return sorted({*steps, *middles, *close, steps[0] / 2, steps[-1] * 1.5 + 0.1})


def _left(one: Comparison, rule: Rule) -> Figure:
    return _figure(one.metric, one.window_hours, rule)


def _right(one: Comparison, rule: Rule) -> Figure | None:
    return None if one.bound.of is None else _figure(one.bound.of, one.bound.window_hours, rule)


def _figure(name: str, hours: int | None, rule: Rule) -> Figure:
    """Return what a rule reads by a name: the same name over other hours, or of others, is another figure."""
    if name in TARGETS:
        return Figure(name)
    if name == PACE.name:
        return Figure(name, None, rule.over)
    late = late_quantity_of(COMPARABLE[name]) is not None
    return Figure(name, hours or rule.window_hours, rule.over, rule.basis if late else None)


def _read(rule: Rule) -> list[Read]:
    """Return the rows of a rule, the most severe first, each with its test."""
    return [Read(row, _test(row.when, rule)) for row in recommend_rows(rule)]


def _test(condition: Condition, rule: Rule) -> Callable[[Point], bool]:
    if isinstance(condition, Comparison):
        holds, factor = _SIGNS[condition.sign], condition.bound.amount
        left, right = _left(condition, rule), _right(condition, rule)
        return lambda point: holds(point[left], factor * (1.0 if right is None else point[right]))
    parts = [_test(part, rule) for part in condition.parts]
    each = all if isinstance(condition, AllOf) else any
    return lambda point: each(holds(point) for holds in parts)


def _winner(reads: Sequence[Read], point: Point) -> int | None:
    return next((number for number, one in enumerate(reads) if one.holds(point)), None)


def _action(reads: Sequence[Read], point: Point) -> BudgetAction:
    winner = _winner(reads, point)
    return BudgetAction.MAINTAIN if winner is None else reads[winner].row.action


def _direction(action: BudgetAction) -> int:
    if action is BudgetAction.MAINTAIN:
        return 0
    return 1 if action in {BudgetAction.SCALE_UP, BudgetAction.SCALE_UP_AGGRESSIVE} else -1


def _fighting_rows(reads: Sequence[Read], points: Iterable[Point]) -> dict[tuple[Row, Row], Point]:
    """Return every pair of rows that ask for opposite things, with the first figures at which both hold."""
    found: dict[tuple[Row, Row], Point] = {}
    for point in points:
        held = [one.row for one in reads if one.holds(point)]
        ups = [row for row in held if _direction(row.action) > 0]
        downs = [row for row in held if _direction(row.action) < 0]
        for pair in itertools.product(ups, downs):
            found.setdefault(pair, point)
    return found


def _swing(reads: Sequence[Read], points: Iterable[Point]) -> tuple[Point, Point, Row, Row] | None:
    """Return a rise whose own effect leads to a cut, with the figures before and after."""
    for point in points:
        winner = _winner(reads, point)
        if winner is None or _direction(reads[winner].row.action) <= 0:
            continue
        after = _after(point, reads[winner].row.multiplier)
        then = _winner(reads, after)
        if then is not None and _direction(reads[then].row.action) < 0:
            return point, after, reads[winner].row, reads[then].row
    return None


def _after(point: Point, factor: float) -> dict[Figure, float]:
    """Return where figures lead once a budget was multiplied and results have followed as little as they might."""
    result, spend = factor**RESPONSE, factor
    moves = {
        "spend": spend,
        "conversions": result,
        "conversion_value": result,
        "clicks": result,
        "impressions": result,
        "roas": result / spend,
        "cpa": spend / result,
        "cpc": spend / result,
        "cpm": spend / result,
        "pace": spend,
    }
    return {figure: value * moves.get(figure.name, 1.0) for figure, value in point.items()}


def _said(point: Point, *rules: Rule) -> str:
    """Say figures; over which hours and on which basis only where that does not go without saying."""
    apart = len({rule.basis for rule in rules}) > 1
    parts = []
    for (name, hours, over, basis), value in point.items():
        own = hours is None or {rule.window_hours for rule in rules} == {hours}
        metric = TARGETS.get(name) or COMPARABLE[name]
        rounded = round(value, -4 if metric.unit is Unit.MICROS else 2)
        parts.append(
            f"{f'{basis} ' if apart and basis else ''}{metric_word(name)}{WHOSE[over]} "
            f"{threshold_text(metric, rounded)}{'' if own or hours is None else f' over {window_words(hours)}'}"
        )
    return ", ".join(parts)
