"""accounts list|add|set|arm|disarm and campaigns list|set."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from adtempo.cli.remote import asks_server
from adtempo.cli.session import AsJson, note, opened, print_fields, print_json, print_table
from adtempo.domain.accounts import OfflineUse
from adtempo.domain.errors import InvalidInput

AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its id, or platform:account.")]


def list_accounts(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the accounts."""
    if asks_server(ctx, "/api/accounts"):
        return
    from adtempo.accounts.run import accounts_body, load_accounts

    with opened(ctx) as workspace:
        body = accounts_body(load_accounts(workspace))
    if as_json:
        print_json(body)
        return
    header = ("platform", "account", "name", "time zone", "currency", "source", "armed")
    keys = ("platform", "account_id", "name", "timezone", "currency", "source", "armed")
    print_table(header, [[_plain(account[key]) for key in keys] for account in body["accounts"]])


def add_account(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(metavar="PLATFORM:ACCOUNT", help="Such as meta:act_123.")],
    timezone: Annotated[str, typer.Option("--timezone", help="IANA name, such as Europe/Berlin; it stays.")],
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217 code, such as EUR; it stays.")],
    name: Annotated[str, typer.Option("--name", help="What people call it.")] = "",
    source: Annotated[
        str, typer.Option("--source", help="Where facts come from: file, sandbox or a platform.")
    ] = "file",
    client: Annotated[str | None, typer.Option("--client", help="Whose account it is.")] = None,
) -> None:
    """Add an account; it is not armed."""
    from adtempo.accounts import run
    from adtempo.domain.accounts import Account, AccountRef, Platform

    platform, _, account_id = account.partition(":")
    if platform not in set(Platform) or not account_id:
        raise InvalidInput(f"{account!r} is not an account; write it as platform:id with one of {', '.join(Platform)}")
    wanted = Account(AccountRef(platform, account_id), timezone, currency, name, source, client=client)
    with opened(ctx) as workspace:
        added = run.add_account(workspace, wanted, actor=workspace.actor)
    note(f"added: {added.ref}")


def set_account(
    ctx: typer.Context,
    account: AccountName,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Where facts come from.")] = None,
    client: Annotated[str | None, typer.Option("--client", help="Whose account it is; '' takes it back.")] = None,
    offline: Annotated[
        OfflineUse | None,
        typer.Option("--offline", help="Whether own conversions add to what the platform reports or replace it."),
    ] = None,
    approver_limit: Annotated[
        str | None,
        typer.Option("--approver-limit", help="Above this daily budget only an admin approves; '' takes it back."),
    ] = None,
) -> None:
    """Change what an account is called, whose it is, where its facts come from, how own conversions count."""
    from adtempo.domain.money import parse_micros

    changes = _said(name=name, source=source, client=client, offline=offline)
    if changes.get("client") == "":
        changes["client"] = None
    if approver_limit is not None:
        changes["approver_limit_micros"] = parse_micros(approver_limit) if approver_limit else None
    _change_account(ctx, account, changes)


def arm_account(ctx: typer.Context, account: AccountName) -> None:
    """Allow changes to be sent to this account's platform."""
    _change_account(ctx, account, {"armed": True})


def disarm_account(ctx: typer.Context, account: AccountName) -> None:
    """Stop changes from being sent to this account's platform."""
    _change_account(ctx, account, {"armed": False})


def _change_account(ctx: typer.Context, account: str, changes: dict[str, Any]) -> None:
    from adtempo.accounts.run import account_body, change_account

    with opened(ctx) as workspace:
        changed = change_account(workspace, account, actor=workspace.actor, **changes)
    print_fields({name: _plain(value) for name, value in account_body(changed).items()})


def list_campaigns(
    ctx: typer.Context,
    account: Annotated[
        str | None, typer.Option("--account", metavar="A", help="Only campaigns of this account.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the campaigns, with the name, status and budget that hold now."""
    if asks_server(ctx, "/api/tracking/campaigns", {"account": account}):
        return
    from adtempo.accounts.run import campaigns_body, load_campaigns

    with opened(ctx) as workspace:
        body = campaigns_body(load_campaigns(workspace, account=account))
    if as_json:
        print_json(body)
        return
    keys = ("campaign_id", "platform", "account_id", "name", "status", "budget_daily", "currency", "target_roas")
    header = ("campaign", "platform", "account", "name", "status", "daily budget", "currency", "target ROAS")
    rows = [[_plain(campaign[key]) for key in keys] for campaign in body["campaigns"]]
    print_table(header, rows, right=("daily budget", "target ROAS"))


def set_campaign(
    ctx: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, or platform:account:campaign.")],
    target_roas: Annotated[str | None, typer.Option("--target-roas", help="Value per spend that you want.")] = None,
    target_cpa: Annotated[str | None, typer.Option("--target-cpa", help="Cost per conversion that you want.")] = None,
    planned_budget: Annotated[
        str | None, typer.Option("--planned-budget", help="What is to be spent in a calendar month.")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="What people call it.")] = None,
    niche: Annotated[str | None, typer.Option("--niche", help="Its market.")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="Where forecasts count it.")] = None,
) -> None:
    """Say what you want of a campaign; '' takes a wish back. Amounts are in the account's currency."""
    from adtempo.accounts.run import campaign_body, change_campaign
    from adtempo.domain.money import MICROS, parse_micros

    words = _said(label=label, niche=niche, channel=channel)
    changes: dict[str, Any] = {name: text or None for name, text in words.items()}
    if target_roas is not None:
        changes["target_roas"] = parse_micros(target_roas) / MICROS if target_roas else None
    for name, text in _said(target_cpa_micros=target_cpa, planned_budget_micros=planned_budget).items():
        changes[name] = parse_micros(text) if text else None
    with opened(ctx) as workspace:
        changed = change_campaign(workspace, campaign, actor=workspace.actor, **changes)
    print_fields(campaign_body(*changed))


def _said(**options: str | None) -> dict[str, Any]:
    return {name: text for name, text in options.items() if text is not None}


def _plain(value: Any) -> Any:
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    accounts = typer.Typer(
        help="Ad accounts: what there is, and what may be changed on the platform.", no_args_is_help=True
    )
    for name, command in (
        ("list", list_accounts),
        ("add", add_account),
        ("set", set_account),
        ("arm", arm_account),
        ("disarm", disarm_account),
    ):
        accounts.command(name)(command)
    app.add_typer(accounts, name="accounts")
    campaigns = typer.Typer(help="Campaigns: what there is, and what you want of them.", no_args_is_help=True)
    campaigns.command("list")(list_campaigns)
    campaigns.command("set")(set_campaign)
    app.add_typer(campaigns, name="campaigns")
