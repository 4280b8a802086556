"""What coverage needs of tests without a database."""

from __future__ import annotations

import pytest

from adtempo.changes import limits
from adtempo.domain import campaigns, hourweek, money
from adtempo.stats.maturity import expectation

REMEMBERING = (
    campaigns.read_status,
    hourweek.day_bounds,
    limits.exact,
    money.minor_unit_micros,
    money._money_text,
    expectation._gamma_table,
)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget answers: one that a test worked out which coverage did not follow would hide the lines behind it."""
    for function in REMEMBERING:
        function.cache_clear()
