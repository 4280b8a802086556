"""A rule as one English sentence."""

from __future__ import annotations

from adtempo.budgets.rules import recommend_rows
from adtempo.budgets.rules.base import DEFAULT_AMOUNTS, Over, Row, Rule
from adtempo.budgets.rules.conditions import (
    COMPARABLE,
    TARGETS,
    AllOf,
    Comparison,
    Condition,
    number_text,
    threshold_text,
)
from adtempo.domain.budgets import Basis
from adtempo.domain.metrics import metric_word
from adtempo.domain.money import format_micros
from adtempo.domain.proposals import BudgetAction

SIGNS = {">": "above", "<": "below", ">=": "at least", "<=": "at most"}

_WORDS = {"target_roas": "its target ROAS", "target_cpa": "its target CPA", "pace": "pace", "spend": "spend"}
WHOSE = {
    Over.CAMPAIGN: "",
    Over.AD_GROUP: " in each of its ad groups",
    Over.LABEL: " of all with its label in the account",
    Over.NICHE: " of its niche in the account",
    Over.PLATFORM: " of its whole account",
}


def rule_sentence(rule: Rule) -> str:
    """Say what a rule does, where, and within which limits.

    >>> rule_sentence(Rule("default"))[:97]
    'For every campaign, over the last 24 hours with at least 1,000 impressions, on expected final fig'
    """
    figures = (
        f"expected final figures when at least {_percent(rule.confidence)} sure"
        if rule.basis is Basis.EXPECTED
        else "the figures reported so far"
    )
    rows = "; ".join(
        f"{_asked(row)} when {condition_words(row.when)}{WHOSE[rule.over]}" for row in recommend_rows(rule)
    )
    return (
        f"For {_where(rule)}, over the last {window_words(rule.window_hours)} with at least {rule.min_impressions:,} "
        f"impressions, on {figures}: {rows}; otherwise maintain; {_limits(rule)}."
    )


def condition_words(condition: Condition) -> str:
    """Say a condition.

    >>> from adtempo.budgets.rules.conditions import read_condition
    >>> condition_words(read_condition("roas(7d) > 4 and ctr > 3"))
    'ROAS over 7 days is above 4.0x and CTR is above 3%'
    """
    if isinstance(condition, Comparison):
        return (
            f"{_metric(condition.metric, condition.window_hours)} is {SIGNS[condition.sign]} {bound_words(condition)}"
        )
    words = [condition_words(part) for part in condition.parts]
    if isinstance(condition, AllOf):
        both = [
            f"({word})" if not isinstance(part, Comparison) else word
            for word, part in zip(words, condition.parts, strict=True)
        ]
        return " and ".join(both)
    return " or ".join(words)


def bound_words(comparison: Comparison) -> str:
    """Say what a metric is compared with."""
    bound = comparison.bound
    if bound.of is None:
        return threshold_text(COMPARABLE[comparison.metric], bound.amount)
    thing = _WORDS[bound.of] if bound.of in TARGETS else _metric(bound.of, bound.window_hours)
    return thing if bound.amount == 1 else f"{number_text(bound.amount)} times {thing}"


def window_words(hours: int) -> str:
    """Say a window.

    >>> window_words(24), window_words(168), window_words(36)
    ('24 hours', '7 days', '36 hours')
    """
    return f"{hours // 24} days" if hours % 24 == 0 and hours > 24 else f"{hours} hour{'' if hours == 1 else 's'}"


def _metric(name: str, hours: int | None) -> str:
    return metric_word(name) if hours is None else f"{metric_word(name)} over {window_words(hours)}"


def _asked(row: Row) -> str:
    match row.action:
        case BudgetAction.PAUSE:
            return "pause"
        case BudgetAction.SCALE_DOWN:
            return f"scale down {_percent(1 - row.multiplier)}"
        case BudgetAction.SCALE_UP_AGGRESSIVE:
            return f"scale up {_percent(row.multiplier - 1)} (aggressive)"
    return f"scale up {_percent(row.multiplier - 1)}"


def _percent(ratio: float) -> str:
    return f"{round(100 * ratio, 4):g}%"


def _where(rule: Rule) -> str:
    if rule.campaign_id is not None:
        where = f"campaign {rule.campaign_id}"
    else:
        kinds = [f"labelled {rule.label}"] if rule.label else []
        kinds += [f"named like {rule.name_pattern}"] if rule.name_pattern else []
        where = " ".join(["every campaign", *(f"{kind}" for kind in kinds)])
        where += f" of account {rule.account_id}" if rule.account_id else ""
    return where + (f" in {rule.currency}" if rule.currency else "")


def _limits(rule: Rule) -> str:
    def shown(name: str) -> str:
        micros = getattr(rule, name)
        return f"{DEFAULT_AMOUNTS[name]:,} USD or its like" if micros is None else format_micros(micros)

    limits = (
        f"budgets stay between {shown('min_daily_budget')} and {shown('max_daily_budget')} a day, "
        f"move at most {rule.max_change_per_day:g}-fold in 24 hours, {rule.max_changes_per_day} times, "
        f"{rule.cooldown_hours:g} hours apart; the account stays within {shown('max_daily_spend_limit')} a day; "
        f"a person approves budgets above {shown('require_approval_threshold')} "
        f"and rises of more than {shown('auto_approve_up_to')}"
    )
    if rule.quiet_hours:
        limits += f"; nothing changes in the hours {', '.join(map(str, rule.quiet_hours))}"
    return limits + ("" if rule.enabled else "; it is disabled")
