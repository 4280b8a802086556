"""Limits pull a proposed budget towards the present one, and say so; they never push it further.

Each limit allows a range of budgets. A rise stops at the lowest top, a cut at the highest bottom, neither crosses the
present budget: one more limit can only bring the target nearer to it, and their order cannot matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from adtempo.changes.situation import Situation
from adtempo.domain.money import Money, minor_unit_micros
from adtempo.domain.proposals import BudgetAction, Proposal

DAY_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Range:
    """What a limit allows.

    Attributes:
        low_micros: The lowest budget.
        high_micros: The highest budget; None = no top.
        name: What the limit is, for people.
    """

    low_micros: int
    high_micros: int | None
    name: str


def limit_caps(proposal: Proposal, _situation: Situation) -> Range:
    """Allow what lies between the policy's lowest and highest daily budget."""
    policy = proposal.policy
    return Range(policy.budget_daily_min_micros, policy.budget_daily_max_micros, "the policy's range of daily budgets")


def limit_account(proposal: Proposal, situation: Situation) -> Range:
    """Allow a rise by the account's head-room: its daily cap less all its budgets and the rises in flight."""
    room = proposal.policy.account_daily_max_micros - situation.committed_micros
    return Range(0, proposal.prior.budget_daily_micros + max(room, 0), "the account's daily cap with changes in flight")


def limit_step(proposal: Proposal, situation: Situation) -> Range:
    """Allow one step of the policy's, or the platform's, largest share of the present budget."""
    stated = [ratio for ratio in (proposal.policy.step_max_ratio, situation.terms.step_max_ratio) if ratio is not None]
    if not stated or proposal.action is BudgetAction.REVERT:
        return Range(0, None, "the largest single step")
    ratio, prior = exact(min(stated)), proposal.prior.budget_daily_micros
    return Range(
        math.ceil(prior * max(1 - ratio, Fraction(0))),
        math.floor(prior * (1 + ratio)),
        f"the largest step of {float(ratio):.0%}",
    )


def limit_day(proposal: Proposal, situation: Situation) -> Range:
    """Allow what the largest factor per day leaves, counted from the extremes of the last 24 hours.

    Counting from the lowest budget of the day for a rise, and from the highest for a cut, holds however often a budget
    was moved to and fro in between.
    """
    if proposal.action is BudgetAction.REVERT:
        return Range(0, None, "the largest change per day")
    held = [proposal.prior.budget_daily_micros]
    for sent in situation.sent_within(DAY_HOURS):
        held += [sent.prior.budget_daily_micros, sent.target.budget_daily_micros]
    up, down = exact(proposal.policy.day_change_max).as_integer_ratio()
    return Range(-(-max(held) * down // up), min(held) * up // down, f"a factor of {up / down:g} in 24 hours")


LIMITS: tuple[Callable[[Proposal, Situation], Range], ...] = (limit_caps, limit_account, limit_step, limit_day)
"""Every limit; each can only bring a budget nearer to the present one."""


def clamp(proposal: Proposal, situation: Situation) -> tuple[Proposal | None, tuple[str, ...]]:
    """Return the proposal within all limits, None where nothing is left of it, and what the limits did.

    Args:
        proposal: As it was handed in.
        situation: How things stand.
    """
    if not proposal.changes_budget:
        return proposal, ()
    ranges = [limit(proposal, situation) for limit in LIMITS]
    prior, asked = proposal.prior.budget_daily_micros, proposal.target.budget_daily_micros
    unit = minor_unit_micros(proposal.currency, proposal.campaign.platform)
    if asked > prior:
        tops = [(each.high_micros, each.name) for each in ranges if each.high_micros is not None]
        target = min([asked, *(top for top, _ in tops)]) // unit * unit
        target = max(prior, target)
        said = [(top, name, "at most") for top, name in tops if top < asked]
    else:
        target = min(prior, -(-max([asked, *(each.low_micros for each in ranges)]) // unit) * unit)
        said = [(each.low_micros, each.name, "at least") for each in ranges if each.low_micros > asked]
    sentences = tuple(
        f"{Money(asked, proposal.currency)} was asked; {name} allows {word} {Money(bound, proposal.currency)}"
        for bound, name, word in said
    )
    if target == prior:
        return None, sentences
    return proposal.with_budget(target), sentences


@cache
def exact(number: float) -> Fraction:
    """Return the decimal number that people wrote, exactly: 1.2 is six fifths.

    >>> exact(1.2)
    Fraction(6, 5)
    """
    return Fraction(repr(number))
