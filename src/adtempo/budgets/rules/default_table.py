"""The shipped table: return on spend against four thresholds, with the click-through rate for the largest rise."""

from __future__ import annotations

from adtempo.budgets.rules.base import Row, Rule
from adtempo.budgets.rules.conditions import Bound, Comparison, Condition, all_of
from adtempo.domain.proposals import BudgetAction


def recommend_default_table(rule: Rule) -> tuple[Row, ...]:
    """Return the rows of the table of thresholds, the most severe first.

    Targets are part of every row: no campaign is raised that misses one, and none is cut that meets one.
    """
    missed = _targets(rule, met=False)
    met = _targets(rule, met=True)

    def cut(below: float) -> Condition:
        return all_of(Comparison("roas", "<", Bound(below)), *missed)

    def rise(*more: Condition) -> Condition:
        return all_of(*more, *met)

    return (
        Row(
            BudgetAction.PAUSE,
            cut(rule.roas_pause),
            headline="Critical underperformance",
            ending="pausing to stop losses",
        ),
        Row(BudgetAction.SCALE_DOWN, cut(rule.roas_scale_down), rule.multiplier_down, "Underperformance"),
        Row(
            BudgetAction.SCALE_UP_AGGRESSIVE,
            rise(
                Comparison("roas", ">", Bound(rule.roas_scale_up_aggressive)),
                Comparison("ctr", ">", Bound(rule.ctr_aggressive)),
            ),
            rule.multiplier_aggressive_up,
            "Exceptional performance",
        ),
        Row(
            BudgetAction.SCALE_UP,
            rise(Comparison("roas", ">", Bound(rule.roas_scale_up))),
            rule.multiplier_up,
            "Strong performance",
        ),
    )


def _targets(rule: Rule, *, met: bool) -> list[Condition]:
    """Return one comparison per target."""
    found: list[Condition] = []
    if rule.target_roas is not None:
        found.append(Comparison("roas", ">=" if met else "<", Bound(rule.target_roas)))
    if rule.target_cpa is not None:
        found.append(Comparison("cpa", "<=" if met else ">", Bound(float(rule.target_cpa))))
    return found
