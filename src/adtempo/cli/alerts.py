"""alerts list|ack|test and alerts channels add|list|remove."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from adtempo.cli.remote import asks_server
from adtempo.cli.session import AsJson, note, opened, print_json, print_table
from adtempo.domain.alerts import Digest, Severity, read_quiet_hours
from adtempo.domain.errors import MessageNotDelivered

ChannelName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the channel.")]


def list_alerts(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Option("--account", metavar="A", help="Only of this account.")] = None,
    campaign: Annotated[str | None, typer.Option("--campaign", metavar="C", help="Only of this campaign.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are gone.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what is wrong now, the newest first."""
    asked = {"account": account, "campaign": campaign, "resolved": "all" if everything else "no"}
    if asks_server(ctx, "/api/tracking/alerts", asked):
        return
    from adtempo.alerts.open import load_alerts
    from adtempo.alerts.report import alerts_body

    with opened(ctx) as workspace:
        found = load_alerts(workspace, resolved=None if everything else False, account=account, campaign=campaign)
    body = alerts_body(found)
    if as_json:
        print_json(body)
        return
    rows = [
        [
            one["id"],
            "resolved" if one["resolved"] else one["severity"],
            one["opened_at"][:16],
            one["campaign_id"] or one["account_id"],
            one["message"],
            one["acknowledged_by"],
        ]
        for one in body["alerts"]
    ]
    if rows:
        print_table(("alert", "severity", "since (UTC)", "about", "what", "known to"), rows, right=("alert",))
    else:
        note("nothing is wrong that anybody has noticed")


def ack(
    ctx: typer.Context, alert: Annotated[int, typer.Argument(metavar="ALERT", min=1, help="Number of the alert.")]
) -> None:
    """Say that you know of an alert: it stays open until its cause is gone, in silence."""
    from adtempo.alerts.open import acknowledge_alert

    with opened(ctx) as workspace:
        known = acknowledge_alert(workspace, alert, actor=workspace.actor)
    note(f"alert {known.id} is known to {known.acknowledged_by}")


def try_out(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of a channel; default: all.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Send a test message to one channel or to all, and say how each took it."""
    from adtempo.alerts.channels import try_channels
    from adtempo.alerts.report import trials_body

    with opened(ctx) as workspace:
        trials = try_channels(workspace, name, actor=workspace.actor)
    if as_json:
        print_json(trials_body(trials))
    elif trials:
        print_table(("channel", "test"), [(trial.channel, trial.error or "sent") for trial in trials])
    else:
        note("there is no channel yet; add one with: adtempo alerts channels add NAME URL")
    failed = [trial.channel for trial in trials if trial.error]
    if failed:
        raise MessageNotDelivered(f"not delivered to {', '.join(failed)}")


def add_channel(
    ctx: typer.Context,
    name: ChannelName,
    url: Annotated[str, typer.Argument(metavar="URL", help="As Apprise writes it; - reads it from standard input.")],
    severity: Annotated[
        Severity, typer.Option("--severity", help="The least severity to be told of.")
    ] = Severity.WARNING,
    account: Annotated[str | None, typer.Option("--account", metavar="A", help="Only news of this account.")] = None,
    digest: Annotated[Digest, typer.Option("--digest", help="Gather what is not critical for so long.")] = Digest.NONE,
    quiet_hours: Annotated[
        str | None, typer.Option("--quiet-hours", metavar="22:00-07:00", help="Only critical news then; account time.")
    ] = None,
    allow_address: Annotated[
        str | None, typer.Option("--allow-address", metavar="IP", help="A private address that it may connect to.")
    ] = None,
) -> None:
    """Add a channel that alerts are sent to: mail, Slack, a webhook, or any other that Apprise knows."""
    from adtempo.alerts import channels

    stated = sys.stdin.readline().strip() if url == "-" else url
    quiet = None if quiet_hours is None else read_quiet_hours(quiet_hours)
    wish = channels.ChannelWish(name, stated, severity, account, digest, quiet, allow_address)
    with opened(ctx) as workspace:
        added = channels.add_channel(workspace, wish, actor=workspace.actor)
    note(f"added: {added.name} ({added.address}); try it with: adtempo alerts test {added.name}")


def list_channels(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the channels; their secrets are not shown."""
    if asks_server(ctx, "/api/tracking/alerts/channels"):
        return
    from adtempo.alerts.channels import load_channels
    from adtempo.alerts.report import channels_body

    with opened(ctx) as workspace:
        body = channels_body(load_channels(workspace))
    if as_json:
        print_json(body)
        return
    keys = ("name", "address", "severity", "account", "digest", "quiet_hours")
    print_table(keys, [[one[key] for key in keys] for one in body["channels"]])


def remove_channel(ctx: typer.Context, name: ChannelName) -> None:
    """Remove a channel and forget its URL; what waited for it is given up."""
    from adtempo.alerts import channels

    with opened(ctx) as workspace:
        channels.remove_channel(workspace, name, actor=workspace.actor)
    note(f"removed: {name}")


def deliveries(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many, the newest.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List messages and how they went, the newest first."""
    if asks_server(ctx, "/api/tracking/alerts/deliveries", {"limit": limit}):
        return
    from adtempo.alerts.report import load_deliveries_body

    with opened(ctx) as workspace:
        body = load_deliveries_body(workspace, limit)
    if as_json:
        print_json(body)
        return
    keys = ("id", "channel", "status", "attempts", "created_at", "title", "error")
    print_table(keys, [[one[key] for key in keys] for one in body["deliveries"]], right=("attempts",))


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    alerts = typer.Typer(help="What is wrong, who knows, where it is told.", no_args_is_help=True)
    alerts.command("list")(list_alerts)
    alerts.command("ack")(ack)
    alerts.command("test")(try_out)
    alerts.command("deliveries")(deliveries)
    channels = typer.Typer(help="Where alerts are sent.", no_args_is_help=True)
    channels.command("add")(add_channel)
    channels.command("list")(list_channels)
    channels.command("remove")(remove_channel)
    alerts.add_typer(channels, name="channels")
    app.add_typer(alerts, name="alerts")
