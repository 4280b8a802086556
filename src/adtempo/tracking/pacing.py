"""Spend against plan: month to date, and where the month will end. Pure.

The rest of the month is expected to cost, weekday by weekday, what the last four weeks did; its interval comes from how
much single days strayed from that.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from adtempo.domain.money import MICROS, format_micros, minor_decimals
from adtempo.stats.month_end import Z80, expect_rest

TOLERANCE = 0.10
"""A month that is expected to end within a tenth of its plan is on pace."""

_WHOLE_FROM = 1_000 * MICROS


class Pace(StrEnum):
    """How spend goes against its plan."""

    UNDER = "under"
    ON_TRACK = "on_track"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Pacing:
    """One budget in one month; amounts in micros of the account's currency.

    Attributes:
        month: First day of the month.
        planned_micros: What was planned for the month.
        spent_micros: Spend from the first day through `through`.
        through: Last full local day that counts.
        expected_micros: Expected spend at the end of the month; None with no day to learn from.
        low80_micros: Lower bound of its 80% interval.
        high80_micros: Upper bound.
        pace: Whether that is under, over or on plan; only called when the whole interval says so.
        daily_micros: What the remaining days may cost on average to end on plan; None when no day remains.
    """

    month: date
    planned_micros: int
    spent_micros: int
    through: date
    expected_micros: int | None
    low80_micros: int | None
    high80_micros: int | None
    pace: Pace
    daily_micros: int | None


@dataclass(frozen=True, slots=True)
class BudgetPace:
    """How spend goes against the plan of a campaign, an account or a label.

    Attributes:
        kind: ``campaign``, ``account`` or ``label``.
        name: Which one: platform:account:campaign, platform:account, or the label.
        label: What people call it.
        currency: ISO 4217 code of the amounts.
        campaigns: How many campaigns with a plan it has.
        pacing: The month.
    """

    kind: str
    name: str
    label: str
    currency: str
    campaigns: int
    pacing: Pacing

    @property
    def off_plan(self) -> bool:
        """Whether the month is going to end clearly under or over its plan."""
        return self.pacing.pace in {Pace.UNDER, Pace.OVER}

    @property
    def against_plan(self) -> str:
        """Where the month is going to end against its plan; *perhaps*, where its interval still allows the plan."""
        if self.off_plan or self.pacing.expected_micros is None:
            return str(self.pacing.pace)
        distance = self.pacing.expected_micros / self.pacing.planned_micros - 1
        if abs(distance) <= TOLERANCE:
            return "on"
        return f"perhaps {Pace.OVER if distance > 0 else Pace.UNDER}"

    def __str__(self) -> str:
        pacing = self.pacing
        spent = f"{self._amount(pacing.spent_micros)} spent by {pacing.through:%a} {pacing.through.day}"
        plan = self._amount(pacing.planned_micros)
        if pacing.expected_micros is None or pacing.daily_micros is None:
            return f"{self.label}: {spent} of {plan} planned for {pacing.month:%B}"
        said = f"{self.label}: {pacing.month:%B} is going to end at {self._amount(pacing.expected_micros)}"
        said += f", {self.against_plan} its plan of {plan} ({spent})"
        if not pacing.daily_micros:
            return f"{said}; the plan is used up"
        return f"{said}; {self._amount(pacing.daily_micros)} a day from here would meet it"

    def _amount(self, micros: int) -> str:
        return f"{round_amount(micros, self.currency)} {self.currency}"


def round_amount(micros: int, currency: str) -> str:
    """Write an amount for a sentence: with separators, from 1,000 on without decimals.

    >>> round_amount(50_937_920_000, "USD"), round_amount(885_530_000, "EUR")
    ('50,938', '885.53')
    """
    decimals = 0 if abs(micros) >= _WHOLE_FROM else minor_decimals(currency)
    return f"{Decimal(format_micros(micros, decimals)):,f}"


def pacing_body(budgets: Sequence[BudgetPace], as_of: datetime) -> dict[str, Any]:
    """Return budgets as the HTTP API and --json give them."""
    return {"as_of": as_of.isoformat(), "budgets": [_budget_body(budget) for budget in budgets]}


def _budget_body(budget: BudgetPace) -> dict[str, Any]:
    pacing = budget.pacing
    amounts = {
        "planned": pacing.planned_micros,
        "spent": pacing.spent_micros,
        "expected": pacing.expected_micros,
        "low80": pacing.low80_micros,
        "high80": pacing.high80_micros,
        "daily_to_plan": pacing.daily_micros,
    }
    return {
        "kind": budget.kind,
        "name": budget.name,
        "label": budget.label,
        "currency": budget.currency,
        "campaigns": budget.campaigns,
        "month": pacing.month.isoformat(),
        "through": pacing.through.isoformat(),
        "pace": pacing.pace,
        **{name: None if micros is None else format_micros(micros) for name, micros in amounts.items()},
    }


def estimate_pacing(spend_by_day: Mapping[date, int], planned_micros: int, through: date) -> Pacing:
    """Say how a month's spend goes against its plan.

    Args:
        spend_by_day: Spend per full local day in micros, up to `through`; days without an entry cost nothing if they
            are after the first entry, and are not known before it.
        planned_micros: The month's plan, above 0.
        through: Last full local day.
    """
    month = through.replace(day=1)
    ends = through.replace(day=calendar.monthrange(through.year, through.month)[1])
    spent = sum(spend for day, spend in spend_by_day.items() if month <= day <= through)
    rest = [through + timedelta(days=ahead) for ahead in range(1, (ends - through).days + 1)]
    daily = max(planned_micros - spent, 0) // len(rest) if rest else None
    expectation = expect_rest(spend_by_day, through, rest)
    if expectation is None:
        return Pacing(month, planned_micros, spent, through, None, None, None, Pace.UNKNOWN, daily)
    ahead, spread = expectation
    low, high = max(spent, round(spent + ahead - Z80 * spread)), round(spent + ahead + Z80 * spread)
    return Pacing(
        month, planned_micros, spent, through, spent + round(ahead), low, high, _pace(low, high, planned_micros), daily
    )


def _pace(low: int, high: int, planned: int) -> Pace:
    if low > planned * (1 + TOLERANCE):
        return Pace.OVER
    if high < planned * (1 - TOLERANCE):
        return Pace.UNDER
    return Pace.ON_TRACK
