"""What a person asks to see, as it stands in the address, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from adtempo.accounts.run import load_accounts, load_campaigns
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.errors import NotFound
from adtempo.store.engine import reading
from adtempo.store.ledger import last_batch, load_watermarks
from adtempo.web.pages.wording import label_account
from adtempo.workspace import Workspace

PERIODS = (7, 14, 30, 90)


class Asked(BaseModel):
    """What a person asks to see, as it stands in the address."""

    account: str = Field(default="", max_length=300)
    campaign: str = Field(default="", max_length=600)
    days: int = Field(default=30, ge=1, le=366)
    until: date | None = Field(default=None, ge=date(2000, 1, 1), le=date(2199, 12, 31))
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")

    @property
    def periods(self) -> list[int]:
        """Lengths of a period to choose from."""
        return sorted({*PERIODS, self.days})


class PictureAsked(BaseModel):
    """How a picture should look."""

    theme: Literal["light", "dark"] | None = None
    width: int = Field(default=640, ge=200, le=2000)
    height: int | None = Field(default=None, ge=120, le=1200)


class ChartAsked(Asked, PictureAsked):
    """What a chart should show, and how it should look."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked to see.

    Attributes:
        since: First local day, inclusive.
        until: Last local day, inclusive.
        account: Of one account only.
        currency: The currency shown in full; None for the one with the most campaigns.
        campaign: Of one campaign only.
    """

    since: date
    until: date
    account: AccountRef | None = None
    currency: str | None = None
    campaign: CampaignRef | None = None

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.until - self.since).days + 1

    def query(self, **other: str) -> str:
        """Return the address parameters of this choice, with some of them replaced."""
        chosen = {
            "account": self.account,
            "campaign": self.campaign,
            "days": self.days,
            "until": self.until,
            "currency": self.currency,
            **other,
        }
        return urlencode({name: value for name, value in chosen.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Known:
    """The accounts of the workspace and up to when each one's facts are complete.

    Attributes:
        accounts: Every account.
        complete_until: Up to when the facts of each are complete; absent where there are none.
        batch: The ledger's newest batch.
        now: The moment that is looked at.
    """

    accounts: Mapping[AccountRef, Account]
    complete_until: Mapping[AccountRef, datetime]
    batch: int
    now: datetime

    @property
    def simulated(self) -> bool:
        """Whether nothing here is real."""
        return {found.source for found in self.accounts.values()} == {"sandbox"}

    @property
    def labels(self) -> list[dict[str, str]]:
        """The accounts to choose from."""
        return [{"key": str(ref), "label": label_account(found)} for ref, found in self.accounts.items()]

    def last_day(self, within: Collection[AccountRef]) -> date:
        """Return the last local day with facts, or today where there are none."""
        moment = timedelta(microseconds=1)
        days = [
            (until - moment).astimezone(self.accounts[ref].zone).date()
            for ref, until in self.complete_until.items()
            if ref in within
        ]
        return min(max(days, default=self.now.date()), self.now.date() + timedelta(days=1))

    def currency_of(self, ref: AccountRef) -> str:
        """Return an account's currency."""
        return self.accounts[ref].currency


def load_known(workspace: Workspace) -> Known:
    """Return what there is to choose from."""
    accounts = {account.ref: account for account in load_accounts(workspace)}
    with reading(workspace.engine) as connection:
        return Known(accounts, load_watermarks(connection), last_batch(connection), workspace.now())


def choose(known: Known, asked: Asked, campaign: CampaignRef | None = None) -> Choice:
    """Return what is meant by an address.

    Args:
        campaign: The campaign, where the page is about one.

    Raises:
        NotFound: There is no such account.
    """
    if campaign is not None:
        ref: AccountRef | None = campaign.account
    else:
        ref = next((ref for ref in known.accounts if str(ref) == asked.account), None)
    if asked.account and ref is None:
        raise NotFound(f"There is no account {asked.account}.")
    last = asked.until or known.last_day([ref] if ref else known.accounts)
    currency = asked.currency if ref is None else known.currency_of(ref)
    return Choice(last - timedelta(days=asked.days - 1), last, ref, currency, campaign)


def find_campaign(workspace: Workspace, name: str) -> CampaignRef:
    """Return the campaign that an address means by platform:account:campaign.

    Raises:
        NotFound: There is none.
    """
    for campaign, _ in load_campaigns(workspace):
        if str(campaign.ref) == name:
            return campaign.ref
    raise NotFound(f"There is no campaign {name}.")


def choices(known: Known, asked: Asked) -> dict[str, Any]:
    """Return what the form of choices shows."""
    return {"accounts": known.labels, "choice": asked, "simulated": known.simulated}
