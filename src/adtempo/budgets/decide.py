"""What follows from a rule: for every campaign of an hour an action and a target, and for people a sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from adtempo.budgets.columns import Bools, Floats, Ints, Standing
from adtempo.budgets.estimate import Found, estimate_values
from adtempo.budgets.rules import recommend_rows
from adtempo.budgets.rules.base import Amounts, Row, Rule, amounts_in
from adtempo.domain.money import minor_unit_micros
from adtempo.domain.proposals import BudgetAction

MAINTAIN = -1
"""Place of the row that stands in no rule: otherwise maintain."""


class Cause:
    """Why a campaign gets what it gets, besides the rows of the rule; plain numbers, as columns hold them."""

    ACTS = 0
    NOTHING_HOLDS = 1
    UNCERTAIN = 2
    FEW_IMPRESSIONS = 3
    NO_FACTS = 4
    NOT_RUNNING = 5
    NO_BUDGET = 6
    AT_LIMIT = 7


@dataclass(frozen=True, eq=False)
class Choice:
    """What one rule asks for of some campaigns; all arrays of shape (chosen,).

    Attributes:
        rule: The rule.
        rows: Its rows, the most severe first.
        where: Which campaigns of the standing.
        found: How likely its rows hold.
        row: Place of the row that wins, MAINTAIN where none does.
        action: What is asked for in the end, as places of MOST_SEVERE_FIRST would have it: the row's, or MAINTAIN.
        cause: `Cause`.
        blocked: Where no row could win: with too few impressions, or not running.
        impressions: In the rule's window, -1 where nobody measured them.
        target_micros: The daily budget asked for; the present one where nothing is, or where the campaign stops.
        limited: Whether the rule's own floor, ceiling or largest change pulled the target towards the present budget.
        requires_approval: Whether a person must approve the amount.
        amounts: The rule's amounts in their currency.
    """

    rule: Rule
    rows: tuple[Row, ...]
    where: Ints
    found: Found
    row: Ints
    cause: Ints
    blocked: Bools
    impressions: Ints
    target_micros: Ints
    limited: Bools
    requires_approval: Bools
    amounts: Amounts

    @cached_property
    def on_reported(self) -> Ints:
        """Place of the row that would win on the figures reported so far."""
        return np.where(self.blocked, MAINTAIN, _first(np.stack([one.low for one in self.found.reported]) >= 1.0))

    @property
    def acts(self) -> Bools:
        """Where something is asked for."""
        return np.asarray(self.cause == Cause.ACTS)

    def action(self, place: int) -> BudgetAction:
        """Return what is asked for of one campaign."""
        return self.rows[self.row[place]].action if self.cause[place] == Cause.ACTS else BudgetAction.MAINTAIN


def recommend_choice(rule: Rule, standing: Standing, where: Ints) -> Choice:
    """Hold a rule against campaigns, column by column.

    Of the rows that hold the most severe wins. A row holds where it does so with at least the rule's confidence and at
    the expected values themselves; what was reported holds for certain or not at all.

    Args:
        rule: The rule.
        standing: How all campaigns stand; it must have the windows that the rule reads.
        where: Which of them the rule is meant for, one or more and all of one currency, shape (chosen,).

    Raises:
        InvalidInput: The rule's amounts do not fit the campaigns' currency.
    """
    rows = recommend_rows(rule)
    found = Found(rows, rule, standing, where)
    impressions = estimate_values("impressions", rule, standing, where, expected=False)
    low, high = (np.stack([getattr(one, end) for one in found.chances]) for end in ("low", "high"))
    row = _first(found.sure)
    doubts = ~found.sure & ~(high <= 1 - rule.confidence)
    blind = (low == 0) & (high == 1)
    in_doubt = np.where((doubts & ~blind).any(axis=0), Cause.UNCERTAIN, Cause.NO_FACTS)
    idle = np.where(doubts.any(axis=0), in_doubt, Cause.NOTHING_HOLDS)
    cause = np.where(row != MAINTAIN, Cause.ACTS, idle)
    counted = np.where(np.isnan(impressions), -1, impressions).astype(np.int64)
    few = counted < rule.min_impressions
    cause = np.where(few, np.where(counted < 0, Cause.NO_FACTS, Cause.FEW_IMPRESSIONS), cause)
    cause = np.where(standing.active[where], cause, Cause.NOT_RUNNING)
    blocked = few | ~standing.active[where]
    row = np.where(blocked, MAINTAIN, row)
    amounts = amounts_in(rule, standing.currencies[where[0]])
    target, limited, cause = _targets(rule, rows, standing, where, row, cause, amounts)
    rise = target - standing.budget_micros[where]
    asks = (target > amounts.require_approval_threshold) | (rise > amounts.auto_approve_up_to)
    return Choice(
        rule=rule,
        rows=rows,
        where=where,
        found=found,
        row=row,
        cause=cause,
        blocked=blocked,
        impressions=counted,
        target_micros=target,
        limited=limited,
        requires_approval=(cause == Cause.ACTS) & (rise > 0) & asks,
        amounts=amounts,
    )


def _first(holds: Bools) -> Ints:
    """Return the place of the first row that surely holds, MAINTAIN where none does; `holds`: shape (rows, chosen)."""
    return np.where(holds.any(axis=0), holds.argmax(axis=0), MAINTAIN).astype(np.int64)


def _targets(
    rule: Rule,
    rows: tuple[Row, ...],
    standing: Standing,
    where: Ints,
    row: Ints,
    cause: Ints,
    amounts: Amounts,
) -> tuple[Ints, Bools, Ints]:
    """Return target budgets, where limits pulled them, and the causes, some of which the limits change."""
    present = standing.budget_micros[where]
    stops = np.array([*(one.action is BudgetAction.PAUSE for one in rows), False])[row]
    moves = np.flatnonzero((cause == Cause.ACTS) & ~stops)
    target, limited = present.copy(), np.zeros(len(where), np.bool_)
    cause = np.where((cause == Cause.ACTS) & (present <= 0), Cause.NO_BUDGET, cause)
    budget = present[moves]
    wanted = budget * np.array([one.multiplier for one in rows])[row[moves]]
    held = np.clip(wanted, budget / rule.max_change_per_day, budget * rule.max_change_per_day)
    # A budget that is already beyond its limit stays: a limit pulls towards the present budget and never past it.
    held = np.where(held > budget, np.maximum(np.minimum(held, amounts.max_daily_budget), budget), held)
    held = np.where(held < budget, np.minimum(np.maximum(held, amounts.min_daily_budget), budget), held)
    target[moves] = _payable(held, budget, standing, where[moves])
    limited[moves] = np.abs(held - wanted) >= 1
    cause[moves] = np.where((cause[moves] == Cause.ACTS) & (target[moves] == budget), Cause.AT_LIMIT, cause[moves])
    return target, limited, cause


def _payable(wanted: Floats, budget: Ints, standing: Standing, where: Ints) -> Ints:
    """Round to what the platform can be paid, towards the present budget."""
    paid = [(standing.currencies[place], standing.campaigns[place].ref.platform) for place in where.tolist()]
    units = {one: minor_unit_micros(*one) for one in set(paid)}
    unit = np.array([units[one] for one in paid], np.int64)
    # A tenth of a micro more or less is how doubles are, no amount.
    down = np.floor(wanted / unit + 1e-9).astype(np.int64) * unit
    up = np.ceil(wanted / unit - 1e-9).astype(np.int64) * unit
    return np.asarray(np.where(wanted > budget, np.maximum(down, budget), np.minimum(up, budget)), np.int64)
