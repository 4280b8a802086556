"""Budget rules: a rule enters, its rows leave; each row is a condition and what it asks for.

Every kind of rule is one pure function in a file of its own, listed here; a rule with rows of its own is a general one.
What all kinds share: `base` (fields, limits, reach), `conditions` (their little language), `fields` (reading and
writing them, alike for TOML, API and web), `sentences` (a rule in English). Nothing here reads a fact.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from adtempo.budgets.rules.base import Row, Rule
from adtempo.budgets.rules.default_table import recommend_default_table
from adtempo.budgets.rules.written_rows import recommend_written_rows

RULES: tuple[tuple[str, Callable[[Rule], tuple[Row, ...]]], ...] = (
    ("rows", recommend_written_rows),
    ("thresholds", recommend_default_table),
)
"""Kinds of rules, and what turns a rule into rows."""


@lru_cache(maxsize=1024)
def recommend_rows(rule: Rule) -> tuple[Row, ...]:
    """Return the rows of a rule, the most severe first."""
    return dict(RULES)["rows" if rule.rows else "thresholds"](rule)
