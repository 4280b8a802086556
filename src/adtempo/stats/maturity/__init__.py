"""What totals that are still growing will become.

Vintages enter: how much of each cohort had been seen at which age. A delay curve is learnt from them, shrunk to the
curve of a wider group where they are few; with it, what recent cohorts show becomes an expected final total with
intervals, a maturity and the name of what the correction rests on. It never uses a vintage newer than `now`, and
never pretends to know what it cannot: without support it corrects nothing and says so.
"""

from adtempo.stats.maturity.curves import (
    Basis,
    DelayCurve,
    Vintages,
    fit_curve,
    prior_curve,
    stack_vintages,
)
from adtempo.stats.maturity.expectation import (
    Expectation,
    Snapshot,
    expect_totals,
    learn_usual,
    sum_expectations,
)
from adtempo.stats.maturity.rates import Usual

__all__ = [
    "Basis",
    "DelayCurve",
    "Expectation",
    "Snapshot",
    "Usual",
    "Vintages",
    "expect_totals",
    "fit_curve",
    "learn_usual",
    "prior_curve",
    "stack_vintages",
    "sum_expectations",
]
