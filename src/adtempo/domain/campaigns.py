"""A campaign as people know it: what it is called, what it may spend, and what they want from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from adtempo.domain.accounts import CampaignRef


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign at one moment; None where nobody has said.

    Attributes:
        ref: Which campaign.
        first_seen_at: The earliest moment at which facts mention it.
        name: What the platform calls it.
        status: The platform's word for its state.
        budget_daily_micros: Daily budget in micros of the account's currency.
        niche: Its market; what people set wins over what a file said.
        target_roas: The return that people want: value per spend.
        target_cpa_micros: The cost per conversion that people want, micros of the account's currency.
        planned_budget_micros: What people planned to spend in a calendar month, micros of the account's currency.
        label: What people call it.
        channel: What it is counted under in forecasts; None for its platform.
    """

    ref: CampaignRef
    first_seen_at: datetime
    name: str | None = None
    status: str | None = None
    budget_daily_micros: int | None = None
    niche: str | None = None
    target_roas: float | None = None
    target_cpa_micros: int | None = None
    planned_budget_micros: int | None = None
    label: str | None = None
    channel: str | None = None


def channel_of(campaign: Campaign) -> str:
    """Return what a campaign is counted under in forecasts: what people said, else its platform."""
    return campaign.channel or campaign.ref.platform


class Status(StrEnum):
    """Whether a campaign runs."""

    ACTIVE = "active"
    PAUSED = "paused"


_STATUS_WORDS = {
    Status.ACTIVE: {"", "active", "enable", "enabled", "on"},
    Status.PAUSED: {"disable", "disabled", "off", "paused"},
}


@cache
def read_status(text: str | None) -> Status | None:
    """Return what a platform's word for a campaign's state means; None for a state that is neither, such as removed.

    A source that says nothing of it lists campaigns that run.

    >>> read_status("ENABLED"), read_status(None), read_status("REMOVED")
    (<Status.ACTIVE: 'active'>, <Status.ACTIVE: 'active'>, None)
    """
    word = (text or "").lower()
    return next((status for status, words in _STATUS_WORDS.items() if word in words), None)


@dataclass(frozen=True, slots=True)
class CampaignState:
    """What a platform holds for a campaign at one moment.

    Attributes:
        budget_daily_micros: Daily budget in micros of the account's currency.
        status: Whether it runs.
    """

    budget_daily_micros: int
    status: Status

    @property
    def committed_micros(self) -> int:
        """What it may spend in a day: its budget while it runs."""
        return self.budget_daily_micros if self.status is Status.ACTIVE else 0

    def rise_to(self, after: CampaignState) -> int:
        """Return by how much more it may spend in a day once it holds another state; negative where by less."""
        return after.committed_micros - self.committed_micros
