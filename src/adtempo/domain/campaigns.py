"""A campaign as people know it: what it is called, what it may spend, and what they want from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
