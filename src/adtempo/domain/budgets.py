"""What a rule says of a campaign at a moment, and which hours a budget should go to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.panels import Quantities
from adtempo.domain.proposals import BudgetAction

MOST_SEVERE_FIRST = (
    BudgetAction.PAUSE,
    BudgetAction.SCALE_DOWN,
    BudgetAction.SCALE_UP_AGGRESSIVE,
    BudgetAction.SCALE_UP,
    BudgetAction.MAINTAIN,
)
"""Of the rows of a rule that hold, the one whose action comes first here wins."""


class Basis(StrEnum):
    """Which figures a rule reads: what was reported so far, or what that will come to."""

    EXPECTED = "expected"
    REPORTED = "reported"


class Truth(StrEnum):
    """Whether a condition holds, as far as can be known."""

    TRUE = "true"
    FALSE = "false"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row of a rule, held against one campaign.

    Attributes:
        action: What the row asks for.
        condition: Its condition in words.
        truth: Whether it holds, as surely as the rule asks for.
        probability: How likely it truly holds, 0 to 1; where parts of it depend on one another, at least so likely.
            None where nothing can be said.
        reported: Whether it holds for what was reported so far; None where that has no value.
    """

    action: BudgetAction
    condition: str
    truth: Truth
    probability: float | None
    reported: bool | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a rule said of one campaign at one moment, acted on or not.

    Attributes:
        campaign: Which campaign.
        at: When, aware.
        batch: The ledger's newest batch then: with `at` it says what was known.
        rule_name: Which rule.
        rule_id: Its number; None for the shipped default and for a rule out of a file.
        rule_version: Of which wording; None as above.
        basis: Which figures it read.
        action: What it asks for.
        old_budget_micros: Daily budget before, micros; None where none is known.
        new_budget_micros: Daily budget after, micros; 0 for a pause, which leaves the stored budget as it is.
        currency: ISO 4217 code of the amounts.
        reason: Why, in one sentence.
        judgements: Every row of the rule, the most severe first.
        metrics: Figures of the rule's window as they were reported, in the units of METRICS; None where absent.
        expected: The same figures as they will probably come to.
        window: What the figures were read over, in words.
        requires_approval: Whether a person must approve the amount.
        missing: What is not known well enough to act, in one sentence; empty where nothing is.
        would_change: What would have led to something else, in one sentence.
        on_reported: What the rule would have asked for on the figures reported so far.
        vetoes: Why it cannot be done now all the same, one sentence each.
    """

    campaign: CampaignRef
    at: datetime
    batch: int
    rule_name: str
    rule_id: int | None
    rule_version: int | None
    basis: Basis
    action: BudgetAction
    old_budget_micros: int | None
    new_budget_micros: int | None
    currency: str
    reason: str
    judgements: tuple[Judgement, ...]
    metrics: Mapping[str, float | None]
    expected: Mapping[str, float | None]
    window: str
    requires_approval: bool
    missing: str
    would_change: str
    on_reported: BudgetAction
    vetoes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as it is kept: every change is a version of its own, and none is forgotten.

    Attributes:
        rule_id: Never given twice.
        version: 1 and up.
        fields: What was written, by the names of the spec; what is absent takes its default.
        enabled: Whether it counts.
        position: Place among the rules of the same reach; the lowest that fits a campaign counts.
        made_at: When this version was written, aware.
        actor: Who wrote it.
        deleted: Whether this version takes the rule away.
    """

    rule_id: int
    version: int
    fields: Mapping[str, object]
    enabled: bool
    position: int
    made_at: datetime
    actor: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class HourProfile:
    """At which hours a campaign works, out of what dayparts found.

    Attributes:
        campaign: Which campaign.
        learnt_at: When, aware.
        samples: Hours that it rests on.
        confidence: 0 to 1.
        peaks: Hours of the day 0 to 23.
        valleys: Hours of the day.
        multipliers: One per hour of the week, Monday 00:00 first, mean 1; empty where there is no pattern.
        reason: Why there is no pattern; empty where there is one.
    """

    campaign: CampaignRef
    learnt_at: datetime
    samples: int
    confidence: float
    peaks: tuple[int, ...]
    valleys: tuple[int, ...]
    multipliers: tuple[float, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How one campaign stood when the hourly run looked at it.

    Attributes:
        campaign: Which campaign.
        window: Start of the run's window, aware.
        batch: The ledger's newest batch then.
        hours: Over how many of the last hours the figures are.
        status: The platform's word for its state.
        budget_daily_micros: Daily budget in micros; None where none is known.
        figures: As reported.
        conversion_value_expected_micros: What the conversion value will probably come to; None where unknown.
    """

    campaign: CampaignRef
    window: datetime
    batch: int
    hours: int
    status: str | None
    budget_daily_micros: int | None
    figures: Quantities
    conversion_value_expected_micros: int | None
