"""Which campaigns are meant: some by name, or all of an account, a platform, a niche, a label."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.store import accounts as stored


@dataclass(frozen=True, slots=True)
class Scope:
    """Campaigns that all of these hold for; one that says nothing means every campaign.

    Attributes:
        campaigns: By their ids, or as platform:account:campaign.
        account: Of this account, by its id or as platform:account.
        platform: On this platform.
        niche: In this niche.
        label: With this label.
    """

    campaigns: tuple[str, ...] = ()
    account: str | None = None
    platform: str | None = None
    niche: str | None = None
    label: str | None = None

    def __str__(self) -> str:
        said = [f"{field.name} {value}" for field in fields(self)[1:] if (value := getattr(self, field.name))]
        return ", ".join([*self.campaigns, *said])


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The campaigns of a scope.

    Attributes:
        campaigns: Each with its account, in the order of their ids.
        all: Whether these are all there are.
    """

    campaigns: tuple[tuple[Campaign, Account], ...]
    all: bool

    @property
    def refs(self) -> Collection[CampaignRef] | None:
        """Whose facts to read; None means everybody's."""
        return None if self.all else [campaign.ref for campaign, _ in self.campaigns]

    @property
    def accounts(self) -> dict[AccountRef, Account]:
        """The accounts of these campaigns."""
        return {account.ref: account for _, account in self.campaigns}


def read_scope(words: Collection[str]) -> Scope:
    """Read a scope as people type it: ids of campaigns, and account=A, platform=P, niche=N, label=L.

    >>> read_scope(["c1", "niche=shoes"])
    Scope(campaigns=('c1',), account=None, platform=None, niche='shoes', label=None)

    Raises:
        InvalidInput: Something is said twice.
    """
    names: list[str] = []
    said: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in {"account", "platform", "niche", "label"}:
            names.append(word)
        elif key in said:
            raise InvalidInput(f"{key} is said twice; a campaign has one")
        else:
            said[key] = value
    return Scope(tuple(names), **said)


def load_scope(connection: Connection, scope: Scope, *, at: datetime) -> Chosen:
    """Return the campaigns of a scope.

    Args:
        at: The moment at which niche and name hold, aware.

    Raises:
        NotFound: There is no such campaign or account, or no campaign fits.
    """
    named = {stored.find_campaign(connection, text) for text in scope.campaigns}
    within = {stored.find_account(connection, scope.account).ref} if scope.account else None
    accounts = {account.ref: account for account in stored.load_accounts(connection)}
    known = stored.load_campaigns(connection, at=at)
    chosen = tuple(
        (campaign, accounts[campaign.ref.account])
        for campaign in known
        if (not named or campaign.ref in named)
        and (within is None or campaign.ref.account in within)
        and scope.platform in (None, campaign.ref.platform)
        and scope.niche in (None, campaign.niche)
        and scope.label in (None, campaign.label)
    )
    if not chosen:
        raise NotFound(
            f"there is no campaign of {str(scope) or 'any kind'}; `adtempo campaigns list` shows those there are"
        )
    return Chosen(chosen, all=len(chosen) == len(known))
