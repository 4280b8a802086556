"""sync, metrics, report daily, export metrics."""

from __future__ import annotations

import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.cli.remote import fetch_body
from adtempo.cli.session import (
    AsJson,
    AsOf,
    Since,
    Until,
    note,
    opened,
    print_fields,
    print_json,
    print_table,
    read_day,
    session_of,
    shown_progress,
)

if TYPE_CHECKING:
    from adtempo.tracking.estimate import CampaignMetrics, DailyReport

CampaignName = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, or platform:account:campaign.")]


def sync(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Option("--account", metavar="A", help="Only this account.")] = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Read accounts from their platforms and post what changed (default: the last 28 days of every account)."""
    from adtempo.tracking.run import CampaignTracker

    with opened(ctx) as workspace, shown_progress("sync") as progress:
        batches = CampaignTracker(workspace).sync_all_active_campaigns(
            actor=workspace.actor, account=account, since=since, until=until, progress=partial(progress, "reading")
        )
    for batch in batches:
        typer.echo(f"{batch.source}: {batch.rows} rows, {batch.posted} changed the ledger ({batch.restated} restated)")
    if not batches:
        note("there is no account to read: facts come from files, or add one with: adtempo accounts add")


def metrics(
    ctx: typer.Context,
    campaign: CampaignName,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show every metric of a campaign over local days (default: all days with facts)."""
    session = session_of(ctx)
    if session.server:
        asked = {"since": since, "until": until, "as_of": as_of.isoformat() if as_of else None}
        print_json(fetch_body(session, f"/api/tracking/campaigns/{campaign}/metrics", asked))
        return
    from adtempo.tracking.report import metrics_body
    from adtempo.tracking.run import CampaignTracker

    with opened(ctx) as workspace:
        found = CampaignTracker(workspace).load_metrics(campaign, since, until, as_of)
    if as_json:
        print_json(metrics_body(found))
    else:
        _print_metrics(found)


def _print_metrics(found: CampaignMetrics) -> None:
    from adtempo.domain.metrics import METRICS, format_value, value_of

    profile = found.profile
    typer.secho(f"{profile.label}{' (simulated)' if profile.simulated else ''}", bold=True)
    typer.echo(f"{found.since} to {found.until}, as known on {found.as_of:%Y-%m-%d %H:%M} UTC\n")
    print_fields(
        {metric.name: format_value(metric, value_of(metric, found.figures), profile.currency) for metric in METRICS}
    )


def daily(
    ctx: typer.Context,
    day: Annotated[
        date | None,
        typer.Option("--date", parser=read_day, metavar="DAY", help="Default: the last day that ended everywhere."),
    ] = None,
    campaigns: Annotated[
        list[str] | None, typer.Option("--campaign", metavar="C", help="Only this campaign; can be repeated.")
    ] = None,
    as_of: AsOf = None,
    *,
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the report as Markdown.")] = False,
) -> None:
    """Say what happened on a day, against the day before and a week before, and what needs you."""
    session = session_of(ctx)
    if session.server:
        asked: dict[str, Any] = {"date": day, "campaign": campaigns, "as_of": as_of.isoformat() if as_of else None}
        print_json(fetch_body(session, "/api/tracking/reports/daily", asked))
        return
    from adtempo.tracking.report import report_body, report_markdown
    from adtempo.tracking.run import CampaignTracker

    with opened(ctx) as workspace:
        report = CampaignTracker(workspace).generate_daily_report(day, campaigns or (), as_of)
    if as_json:
        print_json(report_body(report))
    elif markdown:
        typer.echo(report_markdown(report), nl=False)
    else:
        print_report(report)


def print_report(report: DailyReport) -> None:
    """Print a report for people."""
    from adtempo.tracking.report import report_sections

    for place, section in enumerate(report_sections(report)):
        if place:
            typer.echo()
        typer.secho(section.title, bold=True)
        for sentence in section.sentences:
            typer.echo(f"  {sentence}")
        if section.rows:
            print_table(section.header, section.rows, right=section.header[1:])


def export(
    ctx: typer.Context,
    campaign: CampaignName,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Where to write; - for standard output.")],
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
) -> None:
    """Write every metric of a campaign per local day as CSV."""
    from adtempo.tracking.run import CampaignTracker

    with opened(ctx) as workspace:
        lines = CampaignTracker(workspace).export_metrics_csv(campaign, since, until, as_of)
        if str(output) == "-":
            sys.stdout.writelines(lines)
            return
        unfinished = output.with_name(f".{output.name}.part")
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
        unfinished.replace(output)  # in one step: nobody reads half a file
    note(f"written: {output}")


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    app.command("sync")(sync)
    app.command("metrics")(metrics)
    reports = typer.Typer(help="What happened, in words and tables.", no_args_is_help=True)
    reports.command("daily")(daily)
    app.add_typer(reports, name="report")
    exports = typer.Typer(help="Figures as files.", no_args_is_help=True)
    exports.command("metrics")(export)
    app.add_typer(exports, name="export")
