"""What people set as limits of automatic changes, and what the platforms themselves allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from adtempo.domain.accounts import Platform
from adtempo.domain.errors import InvalidInput

APPROVAL_HOURS = 12.0


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits under which changes of a campaign are made; every cap is stated, none means "no limit".

    Amounts are micros of the account's currency.

    Attributes:
        key: Names it for ever: at most one change per campaign, policy and window.
        title: What people call it, its version included.
        budget_daily_min_micros: A daily budget is never lowered below this.
        budget_daily_max_micros: A daily budget is never raised above this.
        account_daily_max_micros: All daily budgets of the account together, with rises in flight, stay within this.
        day_change_max: Within 24 hours a budget is at most multiplied, or divided, by this.
        step_max_ratio: One change moves a budget by at most this share of it; None = what the platform allows.
        cooldown_hours: From one change of a campaign to the next.
        changes_per_day_max: In 24 hours, per campaign.
        approval_above_micros: A person must approve a rise to more than this.
        auto_approve_up_to_micros: A person must approve a rise by more than this.
        approval_hours: For how long a change waits for a person.
        impressions_min: With fewer, the figures say nothing.
        facts_age_hours_max: Older facts say nothing about now.
        quiet_hours: Local hours of the day in which nothing is changed.
    """

    key: str
    title: str
    budget_daily_min_micros: int
    budget_daily_max_micros: int
    account_daily_max_micros: int
    day_change_max: float = 1.5
    step_max_ratio: float | None = None
    cooldown_hours: float = 6.0
    changes_per_day_max: int = 3
    approval_above_micros: int = 0
    auto_approve_up_to_micros: int = 0
    approval_hours: float = APPROVAL_HOURS
    impressions_min: int = 0
    facts_age_hours_max: float = 6.0
    quiet_hours: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.key or not self.title:
            raise InvalidInput("a policy needs a key and a title")
        if not 0 < self.budget_daily_min_micros <= self.budget_daily_max_micros <= self.account_daily_max_micros:
            raise InvalidInput(
                f"{self.title}: the caps must rise from the lowest daily budget (above 0) over the highest one to the "
                "account's; correct the one that is out of order"
            )
        if not 1.0 < self.day_change_max < float("inf"):
            raise InvalidInput(f"{self.title}: the largest change per day is a factor above 1, such as 1.5")
        if self.step_max_ratio is not None and not 0.0 < self.step_max_ratio < float("inf"):
            raise InvalidInput(f"{self.title}: the largest step is a share of the budget above 0, such as 0.3")
        if min(self.approval_above_micros, self.auto_approve_up_to_micros, self.impressions_min) < 0:
            raise InvalidInput(f"{self.title}: thresholds of approval and evidence cannot be negative")
        if self.changes_per_day_max < 1 or not 0.0 <= self.cooldown_hours < float("inf"):
            raise InvalidInput(f"{self.title}: allow at least one change a day, and a cool-down of 0 hours or more")
        if not 0.0 < self.approval_hours <= 168.0 or not 0.0 < self.facts_age_hours_max < float("inf"):
            raise InvalidInput(f"{self.title}: approvals wait 0 to 168 hours, and facts have an age above 0 hours")
        if not set(self.quiet_hours) <= set(range(24)) or len(set(self.quiet_hours)) == 24:
            raise InvalidInput(f"{self.title}: quiet hours are hours of the day, 0 to 23, and not all of them")


@dataclass(frozen=True, slots=True)
class PlatformTerms:
    """What a platform allows, as far as it says so.

    Attributes:
        changes_per_hour_max: Budget changes of one campaign in an hour; None where none is published.
        step_max_ratio: Largest share by which a budget should move at once; None where none is published.
        spacing_hours: How far apart changes should be; 0 where nothing is published.
        day_overspend_max: A day may cost so many times its budget.
        learning: What is known about budget changes and the learning phase, one sentence.
        budget_min_micros: The lowest daily budget of a campaign, by currency, as far as it is published.
    """

    changes_per_hour_max: int | None
    step_max_ratio: float | None
    spacing_hours: float
    day_overspend_max: float
    learning: str
    budget_min_micros: Mapping[str, int] = field(default_factory=dict)


PLATFORM_TERMS: Mapping[str, PlatformTerms] = MappingProxyType(
    {
        # Marketing API, rate limiting: 4 budget changes per ad set and hour, then an hour's block; of campaigns it says
        # nothing, so they get the same. A day may cost 75% more than its budget (Ads help, "daily budget").
        Platform.META: PlatformTerms(
            4, None, 0.0, 1.75, "Meta says that large budget changes reset learning and publishes no percentage."
        ),
        # Google Ads help, "average daily budget": a day may cost twice the highest budget of that day.
        Platform.GOOGLE: PlatformTerms(
            None, None, 0.0, 2.0, "Google publishes no budget change that resets learning; bidding recalibrates."
        ),
        # TikTok Business help, learning phase: within 50% (30% after it, by another of its texts), two days apart;
        # "budget": at least 50 US dollars a day for a campaign.
        Platform.TIKTOK: PlatformTerms(
            None,
            0.3,
            48.0,
            1.25,
            "TikTok asks to keep budget changes within 50% and two days apart while learning.",
            MappingProxyType({"USD": 50_000_000}),
        ),
        Platform.OTHER: PlatformTerms(None, None, 0.0, 1.0, "Nothing is known of this platform's learning phase."),
    }
)
"""Read from the platforms' own pages in November 2026."""
