"""General rules: rows with conditions of people's own."""

from __future__ import annotations

from adtempo.budgets.rules.base import Row, Rule, most_severe_first


def recommend_written_rows(rule: Rule) -> tuple[Row, ...]:
    """Return the rows that were written, the most severe first."""
    return most_severe_first(rule.rows)
