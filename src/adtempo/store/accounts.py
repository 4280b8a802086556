"""Accounts and their campaigns: what there is, and what people have said about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Connection, Double, Row, Table, Text, or_, select

from adtempo.domain.accounts import Account, AccountRef, CampaignRef, Level, OfflineUse
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import AccountChanged, InvalidInput, NotFound
from adtempo.domain.money import MICROS
from adtempo.store.attributes import load_attributes
from adtempo.store.engine import Identifier, UtcTime, insert_into, metadata
from adtempo.store.rows import account_key, campaign_columns, campaign_of, insert_first, of, of_any, read_row, row_of

accounts = Table(
    "accounts",
    metadata,
    Column("platform", Identifier, primary_key=True),
    Column("account_id", Identifier, primary_key=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("client", Text),
    Column("armed", Boolean, nullable=False),
    Column("offline", Text, nullable=False),
    Column("approver_limit_micros", BigInteger),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("platform IN ('meta', 'google', 'tiktok', 'other')", name="platform_known"),
    CheckConstraint("account_id <> ''", name="identified"),
    CheckConstraint("timezone <> ''", name="zoned"),
    CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name="currency_coded"),
    CheckConstraint("source <> ''", name="sourced"),
    CheckConstraint("client <> ''", name="client_named"),
    CheckConstraint("offline IN ('add', 'replace')", name="offline_known"),
    CheckConstraint("approver_limit_micros > 0", name="approver_limit_amount"),
)

campaigns = Table(
    "campaigns",
    metadata,
    *campaign_columns(primary_key=True),
    Column("first_seen_at", UtcTime, nullable=False),
    Column("target_roas", Double),
    Column("target_cpa_micros", BigInteger),
    Column("planned_budget_micros", BigInteger),
    Column("label", Text),
    Column("niche", Text),
    Column("channel", Text),
    account_key(),
    CheckConstraint("campaign_id <> ''", name="identified"),
    CheckConstraint("target_roas > 0 AND target_roas < 1e6", name="target_roas_positive"),  # NaN is the greatest there
    CheckConstraint("target_cpa_micros > 0", name="target_cpa_positive"),
    CheckConstraint("planned_budget_micros > 0", name="planned_budget_positive"),
    CheckConstraint("label <> ''", name="label_stated"),
    CheckConstraint("niche <> ''", name="niche_stated"),
    CheckConstraint("channel <> ''", name="channel_stated"),
)

Found = TypeVar("Found")

_CHUNK = 500

CHANGEABLE = ("name", "client", "source", "armed", "offline", "approver_limit_micros")
"""What people may change of an account."""

SETTABLE = ("target_roas", "target_cpa_micros", "planned_budget_micros", "label", "niche", "channel")
"""What people may set on a campaign; None takes it back."""


def register_accounts(connection: Connection, found: Iterable[Account], *, at: datetime) -> list[Account]:
    """Add the accounts that are new and return them; one that is known and equal changes nothing.

    A name is filled in where none was known; everything else of a known account is for people to change. New accounts
    are never armed.

    Raises:
        AccountChanged: A known account comes with another time zone or currency: its facts would change their meaning.
        InvalidInput: A time zone does not exist.
    """
    added = []
    for account in sorted(found, key=lambda account: account.ref):
        _check_zone(account)
        row = row_of(accounts, account, **asdict(account.ref), armed=False, created_at=at)
        if insert_first(connection, accounts, row):
            added.append(load_account(connection, account.ref))
        else:
            _meet_again(connection, account)
    return added


def _check_zone(account: Account) -> None:
    try:
        _ = account.zone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"account {account.ref}: {account.timezone!r} is not a time zone; write an IANA name like Europe/Berlin"
        ) from None


def _meet_again(connection: Connection, account: Account) -> None:
    known = load_account(connection, account.ref)
    for noun, old, new in (
        ("time zone", known.timezone, account.timezone),
        ("currency", known.currency, account.currency),
    ):
        if old != new:
            raise AccountChanged(
                f"account {account.ref} is known with {noun} {old} and now comes with {new}; stored facts cannot be "
                f"reinterpreted: mend the input, or import it under another account id"
            )
    if account.name and not known.name:
        change_account(connection, account.ref, name=account.name)


def change_account(connection: Connection, ref: AccountRef, **changes: Any) -> Account:
    """Change what people may change of an account, names out of CHANGEABLE, and return it; None takes back.

    Raises:
        NotFound: There is no such account.
        InvalidInput: Something else was asked for.
    """
    if not changes or not changes.keys() <= set(CHANGEABLE):
        raise InvalidInput(f"of an account, {', '.join(CHANGEABLE)} can be changed; nothing else")
    connection.execute(accounts.update().where(of(accounts, ref)).values(changes))
    return load_account(connection, ref)


def load_accounts(connection: Connection) -> list[Account]:
    """Return every account, in the order of platform and id."""
    query = select(accounts).order_by(accounts.c.platform, accounts.c.account_id)
    return [_account(row) for row in connection.execute(query)]


def load_account(connection: Connection, ref: AccountRef) -> Account:
    """Return one account.

    Raises:
        NotFound: There is no such account.
    """
    row = connection.execute(select(accounts).where(of(accounts, ref))).one_or_none()
    if row is None:
        raise NotFound(f"there is no account {ref}; `adtempo accounts list` shows those there are")
    return _account(row)


def find_account(connection: Connection, text: str) -> Account:
    """Return the account that people mean by its id, or by `platform:account` where ids collide.

    Raises:
        NotFound: There is no such account.
        InvalidInput: There are several; the message lists them.
    """
    full = accounts.c.platform + ":" + accounts.c.account_id
    rows = connection.execute(select(accounts).where(or_(accounts.c.account_id == text, full == text))).all()
    found = [_account(row) for row in rows]
    return _one(text, "account", "accounts list", {str(account.ref): account for account in found})


def register_campaigns(connection: Connection, seen: Mapping[CampaignRef, datetime]) -> None:
    """Add the campaigns that are new; of a known one, only an earlier first sighting is kept."""
    rows = [row_of(campaigns, ref, first_seen_at=seen[ref]) for ref in sorted(seen, key=str)]
    if rows:
        statement = insert_into(connection, campaigns)
        earlier = statement.excluded.first_seen_at
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(campaigns.primary_key),
                set_={"first_seen_at": earlier},
                where=campaigns.c.first_seen_at > earlier,
            ),
            rows,
        )


def find_campaign(connection: Connection, text: str) -> CampaignRef:
    """Return the campaign that people mean by its id, or by `platform:account:campaign` where ids collide.

    Raises:
        NotFound: There is no such campaign.
        InvalidInput: There are several; the message lists them.
    """
    return find_campaigns(connection, [text])(text)


def find_campaigns(connection: Connection, texts: Collection[str]) -> Callable[[str], CampaignRef]:
    """Return what finds campaigns as `find_campaign` does, having asked the database once for all of some names."""
    ids = sorted({*texts, *(text.split(":", 2)[-1] for text in texts)})
    found: dict[str, dict[str, CampaignRef]] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(*campaigns.primary_key)
        for row in connection.execute(query.where(campaigns.c.campaign_id.in_(ids[start : start + _CHUNK]))):
            ref = campaign_of(row)
            for name in (ref.campaign_id, str(ref)):
                found.setdefault(name, {})[str(ref)] = ref
    return lambda text: _one(text, "campaign", "campaigns list", found.get(text, {}))


def change_campaign(connection: Connection, ref: CampaignRef, **changes: Any) -> None:
    """Set what people want of a campaign, names out of SETTABLE, or take it back with None.

    Raises:
        NotFound: There is no such campaign.
        InvalidInput: Something else was asked for, or an amount is not positive.
    """
    if not changes or not changes.keys() <= set(SETTABLE):
        raise InvalidInput(f"of a campaign, {', '.join(SETTABLE)} can be set; nothing else")
    for name, value in changes.items():
        if value is not None and not (value != "" if isinstance(value, str) else 0 < value < float("inf")):
            shown = f"{value / MICROS:g}" if name.endswith("_micros") else repr(value)
            told = f"{name.removesuffix('_micros')} of campaign {ref} cannot be {shown}"
            raise InvalidInput(f"{told}; give a positive amount, or nothing")
    if connection.execute(campaigns.update().where(of(campaigns, ref)).values(changes)).rowcount == 0:
        raise NotFound(f"there is no campaign {ref}; `adtempo campaigns list` shows those there are")


def load_campaigns(
    connection: Connection,
    *,
    at: datetime,
    within: Collection[AccountRef] | None = None,
    campaign: CampaignRef | None = None,
) -> list[Campaign]:
    """Return campaigns with the name, status and budget that held at a moment, in the order of their ids."""
    query = select(campaigns).order_by(*campaigns.primary_key)
    if within is not None:
        query = query.where(of_any(campaigns, within))
    if campaign is not None:
        query = query.where(of(campaigns, campaign))
    held = load_attributes(connection, at=at, level=Level.CAMPAIGN, within=within, campaign=campaign)
    return [
        _campaign(row, held.get((row.platform, row.account_id, row.campaign_id, row.campaign_id), {}))
        for row in connection.execute(query)
    ]


def load_campaign_refs(connection: Connection, account: AccountRef) -> list[CampaignRef]:
    """Return the campaigns of an account, in the order of their ids."""
    query = select(*campaigns.primary_key).where(of_any(campaigns, [account])).order_by(*campaigns.primary_key)
    return [campaign_of(row) for row in connection.execute(query)]


def _account(row: Row[Any]) -> Account:
    return read_row(Account, row, ref=AccountRef(row.platform, row.account_id), offline=OfflineUse(row.offline))


def _campaign(row: Row[Any], said: Mapping[str, str]) -> Campaign:
    budget = said.get("budget_daily_micros")
    return read_row(
        Campaign,
        row,
        ref=campaign_of(row),
        name=said.get("name"),
        status=said.get("status"),
        budget_daily_micros=None if budget is None else int(budget),
        niche=row.niche or said.get("niche"),
    )


def _one(text: str, noun: str, command: str, found: Mapping[str, Found]) -> Found:
    exact = found.get(text)
    if exact is not None:
        return exact
    if not found:
        raise NotFound(f"there is no {noun} {text!r}; `adtempo {command}` shows those there are")
    if len(found) > 1:
        raise InvalidInput(f"{text!r} can mean {len(found)} {noun}s; write one of {', '.join(sorted(found))}")
    return next(iter(found.values()))
