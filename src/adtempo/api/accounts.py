"""Ad accounts: what there is, and what may be changed on the platform."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from adtempo.accounts import run
from adtempo.api.access import ADMINISTER, ARM, HALT, READ, Caller, Open
from adtempo.api.bodies import TEXT, Amount, Asked, Currency
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Paged
from adtempo.domain.accounts import Account, AccountRef, OfflineUse, Platform

router = APIRouter(prefix="/api/accounts", tags=["accounts"], route_class=IdempotentRoute)

AccountName = Annotated[
    str, Path(max_length=300, pattern=TEXT, description="Its id, or platform:account.", examples=["meta:act_1"])
]


class AccountShown(BaseModel):
    """One account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "platform": "meta",
                    "account_id": "act_1",
                    "name": "Shop Europe",
                    "timezone": "Europe/Berlin",
                    "currency": "EUR",
                    "source": "file",
                    "client": None,
                    "armed": False,
                    "offline": "add",
                    "approver_limit": None,
                }
            ]
        }
    )

    platform: Platform
    account_id: str
    name: str | None
    timezone: str = Field(description="IANA name; never changes.")
    currency: Currency
    source: str = Field(description="Where facts come from: file, sandbox or a platform.")
    client: str | None
    armed: bool = Field(description="Whether changes may be sent to the platform.")
    offline: OfflineUse = Field(description="Whether own conversions add to what the platform reports or replace it.")
    approver_limit: Amount | None = Field(description="The highest daily budget that an approver may let pass.")


class AccountsShown(BaseModel):
    """Accounts in the order of platform and id."""

    accounts: list[AccountShown]


class AccountAsked(Asked):
    """A new account; time zone and currency stay."""

    platform: Platform
    account_id: str = Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:-]+$", examples=["act_1"])
    timezone: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_+/-]+$", examples=["Europe/Berlin"])
    currency: Currency
    name: str = Field(default="", max_length=200, pattern=TEXT)


@router.get("", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_accounts(workspace: Open, pager: Paged) -> AccountsShown:
    """List the accounts."""
    page = pager.turn(run.load_accounts(workspace), lambda account: str(account.ref))
    return AccountsShown.model_validate(run.accounts_body(page))


@router.post("", status_code=201, openapi_extra=ADMINISTER)
def add_account(asked: AccountAsked, workspace: Open, caller: Caller) -> AccountShown:
    """Add an account whose facts come from files; it is not armed."""
    ref = AccountRef(asked.platform, asked.account_id)
    account = Account(ref, asked.timezone, asked.currency, asked.name)
    return _show(run.add_account(workspace, account, actor=caller.name))


@router.post("/{account}/arm", openapi_extra=ARM)
def arm_account(account: AccountName, workspace: Open, caller: Caller) -> AccountShown:
    """Allow changes to be sent to this account's platform."""
    return _show(run.change_account(workspace, account, actor=caller.name, armed=True))


@router.post("/{account}/disarm", openapi_extra=HALT)
def disarm_account(account: AccountName, workspace: Open, caller: Caller) -> AccountShown:
    """Stop changes from being sent to this account's platform."""
    return _show(run.change_account(workspace, account, actor=caller.name, armed=False))


def _show(account: Account) -> AccountShown:
    return AccountShown.model_validate(run.account_body(account))
