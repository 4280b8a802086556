"""Who is meant: accounts and the entities inside them.

The trade's hierarchy is account > campaign > ad group > ad. An id is text and is unique only inside its account, so
every reference carries the platform and the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo


class Platform(StrEnum):
    """Where an account lives."""

    META = "meta"
    GOOGLE = "google"
    TIKTOK = "tiktok"
    OTHER = "other"


class Level(StrEnum):
    """What one fact is about; facts of different levels are never added."""

    CAMPAIGN = "campaign"
    AD_GROUP = "ad_group"
    AD = "ad"


class Grain(StrEnum):
    """How long one slot is: a UTC hour, or a day of the account's own calendar."""

    HOUR = "hour"
    DAY = "day"


class OfflineUse(StrEnum):
    """What an account's own conversions do to those that its platform reports."""

    ADD = "add"
    REPLACE = "replace"


NAME_PREFIX = "name:"
"""Ids made from names, where a file has no ids, live in this namespace of their own."""


@dataclass(frozen=True, slots=True, order=True)
class AccountRef:
    """One account on one platform."""

    platform: str
    account_id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.account_id}"


@dataclass(frozen=True, slots=True, order=True)
class CampaignRef:
    """One campaign of one account."""

    platform: str
    account_id: str
    campaign_id: str

    @property
    def account(self) -> AccountRef:
        """The account that the campaign belongs to."""
        return AccountRef(self.platform, self.account_id)

    def __str__(self) -> str:
        return f"{self.platform}:{self.account_id}:{self.campaign_id}"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the system knows it.

    Attributes:
        ref: Platform and id.
        timezone: IANA name; never changes while facts exist.
        currency: ISO 4217 code; never changes while facts exist.
        name: What people call it.
        source: Where facts come from: ``file``, ``sandbox``, or a platform's own name.
        armed: Whether changes may be sent to the platform.
        client: Whose account it is, where an agency works for several.
        offline: Whether the advertiser's own conversions add to what the platform reports or replace it.
        approver_limit_micros: The highest daily budget that an approver may let pass, an admin any; None = no limit.
    """

    ref: AccountRef
    timezone: str
    currency: str
    name: str = ""
    source: str = "file"
    armed: bool = False
    client: str | None = None
    offline: OfflineUse = OfflineUse.ADD
    approver_limit_micros: int | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the account's days and hours are counted."""
        return ZoneInfo(self.timezone)
