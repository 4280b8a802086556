"""Reading and changing accounts and campaigns; every change leaves its row in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adtempo.domain.accounts import Account
from adtempo.domain.campaigns import Campaign
from adtempo.domain.errors import Conflict
from adtempo.domain.money import format_micros
from adtempo.store import accounts as stored
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


def load_accounts(workspace: Workspace) -> list[Account]:
    """Return every account, in the order of platform and id."""
    with reading(workspace.engine) as connection:
        return stored.load_accounts(connection)


def load_campaigns(workspace: Workspace, *, account: str | None = None) -> list[tuple[Campaign, Account]]:
    """Return campaigns and their accounts, with the name, status and budget that hold now.

    Args:
        workspace: What is open.
        account: Only campaigns of this account, by its id or as platform:account.

    Raises:
        NotFound: There is no such account.
    """
    with reading(workspace.engine) as connection:
        within = None if account is None else [stored.find_account(connection, account).ref]
        accounts = {found.ref: found for found in stored.load_accounts(connection)}
        campaigns = stored.load_campaigns(connection, at=workspace.now(), within=within)
    return [(campaign, accounts[campaign.ref.account]) for campaign in campaigns]


def add_account(workspace: Workspace, account: Account, *, actor: str) -> Account:
    """Add an account and return it; it is never armed.

    Raises:
        Conflict: There is one of this platform and id already.
        InvalidInput: Its time zone does not exist.
    """
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        added = stored.register_accounts(connection, [account], at=now)
        if not added:
            raise Conflict(f"account {account.ref} exists already; change it with: adtempo accounts set {account.ref}")
        detail = {"timezone": account.timezone, "currency": account.currency, "source": account.source}
        append_audit(connection, at=now, actor=actor, action="account.added", subject=str(account.ref), detail=detail)
    return added[0]


def change_account(workspace: Workspace, account: str, *, actor: str, **changes: Any) -> Account:
    """Change what people may change of an account and return it.

    Args:
        workspace: What is open.
        account: Its id, or platform:account.
        actor: Who changes it.
        **changes: Names out of `store.accounts.CHANGEABLE`.

    Raises:
        NotFound: There is no such account.
    """
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        ref = stored.find_account(connection, account).ref
        changed = stored.change_account(connection, ref, **changes)
        action = {True: "account.armed", False: "account.disarmed"}.get(changes.get("armed", ""), "account.changed")
        append_audit(connection, at=now, actor=actor, action=action, subject=str(ref), detail=changes)
    return changed


def change_campaign(workspace: Workspace, campaign: str, *, actor: str, **changes: Any) -> tuple[Campaign, Account]:
    """Set, or take back with None, what people want of a campaign, and return it with its account.

    Args:
        workspace: What is open.
        campaign: Its id, or platform:account:campaign.
        actor: Who changes it.
        **changes: Names out of `store.accounts.SETTABLE`.

    Raises:
        NotFound: There is no such campaign.
        InvalidInput: An amount is not positive.
    """
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        ref = stored.find_campaign(connection, campaign)
        stored.change_campaign(connection, ref, **changes)
        append_audit(connection, at=now, actor=actor, action="campaign.changed", subject=str(ref), detail=changes)
        account = stored.load_account(connection, ref.account)
        found = stored.load_campaigns(connection, at=now, within=[ref.account])
    return next(one for one in found if one.ref == ref), account


def account_body(account: Account) -> dict[str, Any]:
    """Return an account as the HTTP API and --json give it."""
    return {
        "platform": account.ref.platform,
        "account_id": account.ref.account_id,
        "name": account.name or None,
        "timezone": account.timezone,
        "currency": account.currency,
        "source": account.source,
        "client": account.client,
        "armed": account.armed,
        "offline": account.offline,
        "approver_limit": None if (limit := account.approver_limit_micros) is None else format_micros(limit),
    }


def accounts_body(accounts: Sequence[Account]) -> dict[str, Any]:
    """Return accounts as the HTTP API and --json list them."""
    return {"accounts": [account_body(account) for account in accounts]}


def campaigns_body(campaigns: Sequence[tuple[Campaign, Account]]) -> dict[str, Any]:
    """Return campaigns as the HTTP API and --json list them."""
    return {"campaigns": [campaign_body(campaign, account) for campaign, account in campaigns]}


def campaign_body(campaign: Campaign, account: Account) -> dict[str, Any]:
    """Return a campaign as the HTTP API and --json give it."""
    return {
        "campaign_id": campaign.ref.campaign_id,
        "platform": campaign.ref.platform,
        "account_id": campaign.ref.account_id,
        "name": campaign.name,
        "label": campaign.label,
        "niche": campaign.niche,
        "channel": campaign.channel,
        "status": campaign.status,
        "currency": account.currency,
        "timezone": account.timezone,
        "budget_daily": _amount(campaign.budget_daily_micros),
        "target_roas": campaign.target_roas,
        "target_cpa": _amount(campaign.target_cpa_micros),
        "planned_budget": _amount(campaign.planned_budget_micros),
        "first_seen_at": campaign.first_seen_at.isoformat(),
    }


def _amount(micros: int | None) -> str | None:
    return None if micros is None else format_micros(micros)
