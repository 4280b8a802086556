"""What every connector gives and takes: facts as one Arrow schema, coverage, and what an account is called.

A reader turns a platform's answers into `Observation`s and never writes; a writer makes one absolute call and never
retries. Both are small protocols so that the sandbox market, a file and a real platform look the same from above.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import pyarrow as pa

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import CampaignState, Status

FACT_SCHEMA = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),  # campaign | ad_group | ad
        pa.field("campaign_id", pa.string(), nullable=False),
        pa.field("ad_group_id", pa.string()),
        pa.field("ad_id", pa.string()),
        pa.field("creative_id", pa.string()),
        pa.field("grain", pa.string(), nullable=False),  # hour | day
        pa.field("slot", pa.timestamp("us"), nullable=False),  # hour: its start in UTC; day: local midnight, no zone
        pa.field("day_local", pa.date32(), nullable=False),
        pa.field("hour_of_week", pa.int16()),  # 0-167 in the account's zone; null for days
        pa.field("attribution", pa.string(), nullable=False),  # "" = not stated
        pa.field("conversion_type", pa.string(), nullable=False),  # "" = the main figures
        pa.field("observed_at", pa.timestamp("us"), nullable=False),  # UTC
        pa.field("impressions", pa.int64()),
        pa.field("clicks", pa.int64()),
        pa.field("spend_micros", pa.int64()),
        pa.field("conversions_micros", pa.int64()),
        pa.field("conversion_value_micros", pa.int64()),
        pa.field("reach", pa.int64()),
    ]
)
"""One row per (entity, slot, attribution, conversion type, moment of observation), absolute values, null = not said.

A row of a named conversion type carries only conversions and value. The entity is ad_id, ad_group_id or campaign_id,
as the level says.
"""

ATTRIBUTE_SCHEMA = pa.schema(
    [
        pa.field("platform", pa.string(), nullable=False),
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),
        pa.field("campaign_id", pa.string(), nullable=False),
        pa.field("entity_id", pa.string(), nullable=False),  # the campaign's, ad group's or ad's id, as the level says
        pa.field("attribute", pa.string(), nullable=False),  # name | status | budget_daily_micros | niche
        pa.field("value", pa.string(), nullable=False),
        pa.field("effective_at", pa.timestamp("us"), nullable=False),  # UTC: from when it holds
        pa.field("observed_at", pa.timestamp("us"), nullable=False),  # UTC
    ]
)
"""Names, status, budgets and niches: a history, each value holding from `effective_at`; only changes are kept."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one look at a platform covered: absence inside it means zero.

    Attributes:
        account: Whose facts.
        level: campaign, ad_group or ad.
        grain: hour or day.
        attribution: The attribution setting that was asked for.
        slot_from: First slot, inclusive (hour: UTC; day: local midnight), naive as in FACT_SCHEMA.
        slot_to: End, exclusive.
        quantities: Names out of `domain.panels.QUANTITIES` that the look measured.
        observed_at: When the platform was asked, UTC with offset.
    """

    account: AccountRef
    level: str
    grain: str
    attribution: str
    slot_from: datetime
    slot_to: datetime
    quantities: tuple[str, ...]
    observed_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What a reader saw: facts (FACT_SCHEMA), attributes (ATTRIBUTE_SCHEMA) and what was covered."""

    facts: pa.Table
    attributes: pa.Table
    coverage: tuple[Coverage, ...]


class Reader(Protocol):
    """Reads one platform (or the sandbox standing in for it)."""

    def fetch_accounts(self) -> list[Account]:
        """Return the accounts that can be read."""
        ...

    def fetch_observation(self, account: Account, since: date, until: date, now: datetime) -> Observation:
        """Return all facts of local days since..until (inclusive) as the platform shows them at `now`."""
        ...


class Writer(Protocol):
    """Changes one platform (or the sandbox standing in for it).

    Each `apply_` is one absolute call, never repeated by the writer. It returns when the platform said yes. It raises
    `PlatformRejected` or `NotFound` when the platform said no, and `PlatformOutcomeUnknown` when it said nothing
    definite. `now` is the caller's clock; a real platform has its own.
    """

    def fetch_state(self, campaign: CampaignRef, now: datetime) -> CampaignState:
        """Return what the platform holds."""
        ...

    def apply_budget(self, campaign: CampaignRef, budget_daily_micros: int, now: datetime) -> None:
        """Set the daily budget."""
        ...

    def apply_status(self, campaign: CampaignRef, status: Status, now: datetime) -> None:
        """Set the status."""
        ...
