"""sync, metrics, report daily, export metrics."""

from __future__ import annotations

import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.cli.remote import asks_server
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
    shown_progress,
)

if TYPE_CHECKING:
    from adtempo.tracking.estimate import CampaignMetrics, DailyReport
    from adtempo.tracking.roas import RoasReport

ABSENT = "n/a"
DEFAULT_WINDOW = 7
Window = Annotated[int, typer.Option("--window", metavar="1|7|28", help="Days after the click that count.")]
Offline = Annotated[bool, typer.Option("--include-offline", help="Count own conversions too, as the account says.")]
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
    window: Window = DEFAULT_WINDOW,
    *,
    include_offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Show every metric of a campaign over local days (default: all days with facts)."""
    asked: dict[str, Any] = {"since": since, "until": until, "as_of": as_of}
    asked |= {"attribution_window_days": window, "include_offline": include_offline or None}
    if asks_server(ctx, f"/api/tracking/campaigns/{campaign}/metrics", asked):
        return
    from adtempo.tracking.report import metrics_body
    from adtempo.tracking.run import CampaignTracker

    with opened(ctx) as workspace:
        tracker = CampaignTracker(workspace)
        found = tracker.load_metrics(campaign, since, until, as_of)
        counted = tracker.load_roas(
            [campaign], include_offline, window, since=found.since, until=found.until, as_of=found.as_of
        )
    if as_json:
        print_json(metrics_body(found, counted))
        return
    _print_metrics(found)
    if counted.absent_because is not None:
        note(f"there is no ROAS: {counted.absent_because}; choose other days, or import what is missing")
    if include_offline or window != DEFAULT_WINDOW:
        typer.echo()
        _print_roas(counted)


def roas(
    ctx: typer.Context,
    scope: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SCOPE]...", help="Campaigns, or account=A, platform=P, niche=N, label=L."),
    ] = None,
    since: Since = None,
    until: Until = None,
    window: Window = DEFAULT_WINDOW,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Convert into this one, by imported rates.")
    ] = None,
    *,
    include_offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Show what campaigns together brought back per unit of spend (default: all of them)."""
    from adtempo.tracking.report import roas_body
    from adtempo.tracking.run import CampaignTracker
    from adtempo.tracking.scope import read_scope

    wanted = read_scope(scope or ())
    asked: dict[str, Any] = {
        "account": wanted.account,
        "platform": wanted.platform,
        "niche": wanted.niche,
        "label": wanted.label,
    }
    asked |= {"campaign": list(wanted.campaigns), "currency": currency, "since": since, "until": until}
    asked |= {"attribution_window_days": window, "include_offline": include_offline or None}
    if asks_server(ctx, "/api/tracking/blended-roas", asked):
        return
    with opened(ctx) as workspace:
        found = CampaignTracker(workspace).load_roas(
            wanted, include_offline, window, currency=currency, since=since, until=until
        )
    if as_json:
        print_json(roas_body(found))
    else:
        typer.echo(f"{found.since} to {found.until}, as known on {found.as_of:%Y-%m-%d %H:%M} UTC\n")
        _print_roas(found)


def _print_roas(found: RoasReport) -> None:
    from adtempo.domain.metrics import ROAS
    from adtempo.domain.money import Money
    from adtempo.tracking.expected_report import in_words

    def amount(micros: int | None) -> str:
        return ABSENT if micros is None else str(Money(micros, found.currency))

    total = found.total
    settings = ", ".join(setting or "not said" for setting in total.attributions) or "none"
    fields = {
        "campaigns": len(found.campaigns),
        "spend": amount(total.spend_micros),
        "value by platform": amount(total.platform_value_micros),
        "reported under": f"{settings}{'' if total.window_matches else f' (asked: {found.window_days}d_click)'}",
    }
    if total.offline is not None:
        fields["own conversions"] = total.offline.conversions
        fields["their value"] = amount(total.offline.value_micros)
        fields["without a click"] = total.offline.without_click
    fields["value that counts"] = amount(total.value_micros)
    reported = f"{ABSENT}: {found.absent_because}" if total.roas is None else f"{total.roas:.2f}"
    fields["roas"] = reported
    if found.expected is not None and found.expected.maturity is not None:
        fields["roas"] = f"{reported}, expected {in_words(ROAS, found.expected.roas, found.currency)}"
        fields["maturity"] = f"{found.expected.maturity:.0%} has arrived ({found.expected.basis} delays)"
    elif total.offline is not None and total.roas is not None and found.expected is None:
        fields["roas"] = f"{reported}, expected {ABSENT}: nobody knows how late your own conversions come"
    print_fields(fields)


def _print_metrics(found: CampaignMetrics) -> None:
    from adtempo.domain.metrics import CONVERSIONS, CPA, METRICS, format_value, value_of
    from adtempo.tracking.report import in_expectation

    profile = found.profile
    typer.secho(f"{profile.label}{' (simulated)' if profile.simulated else ''}", bold=True)
    typer.echo(f"{found.since} to {found.until}, as known on {found.as_of:%Y-%m-%d %H:%M} UTC\n")
    fields = {
        metric.name: format_value(metric, value_of(metric, found.figures), profile.currency) for metric in METRICS
    }
    if found.expected is not None and found.expected.maturity is not None:
        fields |= {name: f"{fields[name]}, {said}" for name, said in in_expectation(found).items()}
        fields["maturity"] = f"{found.expected.maturity:.0%} has arrived ({found.expected.basis} delays)"
    for result in found.results:
        count = format_value(CONVERSIONS, value_of(CONVERSIONS, result.figures), profile.currency)
        fields[result.conversion_type] = f"{count} at {format_value(CPA, result.cost_micros, profile.currency)}"
    print_fields(fields)


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
    html: Annotated[bool, typer.Option("--html", help="Print the report as a page for a mail.")] = False,
) -> None:
    """Say what happened on a day, against the day before and a week before, and what needs you."""
    asked: dict[str, Any] = {"date": day, "campaign": campaigns, "as_of": as_of}
    if asks_server(ctx, "/api/tracking/reports/daily", asked):
        return
    from adtempo.tracking.report import report_body, report_markdown
    from adtempo.tracking.run import CampaignTracker

    with opened(ctx) as workspace:
        report = CampaignTracker(workspace).generate_daily_report(day, campaigns or (), as_of)
    if as_json:
        print_json(report_body(report))
    elif markdown:
        typer.echo(report_markdown(report), nl=False)
    elif html:
        from adtempo.tracking.report_html import report_html

        typer.echo(report_html(report), nl=False)
    else:
        print_report(report)


def list_reports(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the daily reports that were kept."""
    if asks_server(ctx, "/api/tracking/reports"):
        return
    from adtempo.tracking.keeping import load_report_days, reports_body

    with opened(ctx) as workspace:
        kept = load_report_days(workspace)
    if as_json:
        print_json(reports_body(kept))
    else:
        print_table(("day", "as known on"), [(day, f"{as_of:%Y-%m-%d %H:%M} UTC") for day, as_of in kept])


def show_report(
    ctx: typer.Context,
    day: Annotated[date, typer.Argument(parser=read_day, metavar="DAY", help="Such as 2026-11-19.")],
    *,
    as_json: AsJson = False,
    html: Annotated[bool, typer.Option("--html", help="Print the page that was mailed.")] = False,
) -> None:
    """Show a daily report as it was kept, whatever is known today."""
    if asks_server(ctx, f"/api/tracking/reports/{day}"):
        return
    from adtempo.tracking.keeping import load_kept_report

    with opened(ctx) as workspace:
        kept = load_kept_report(workspace, day)
    typer.echo(kept.body if as_json else kept.html if html else kept.markdown, nl=as_json)


def pacing(
    ctx: typer.Context,
    campaign: Annotated[str | None, typer.Option("--campaign", metavar="C", help="Only this campaign.")] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="A", help="Only this account.")] = None,
    label: Annotated[str | None, typer.Option("--label", metavar="L", help="Only campaigns of this label.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Hold the month's spend against planned budgets, and say where the month will end."""
    asked = {"campaign": campaign, "account": account, "label": label}
    if asks_server(ctx, "/api/tracking/pacing", asked):
        return
    from adtempo.tracking.pacing import pacing_body
    from adtempo.tracking.run import CampaignTracker
    from adtempo.tracking.scope import Scope

    with opened(ctx) as workspace:
        now = workspace.now()
        scope = Scope((campaign,) if campaign else (), account=account, label=label)
        budgets = CampaignTracker(workspace).load_budgets(scope, now)
    if as_json:
        print_json(pacing_body(budgets, now))
        return
    for budget in budgets:
        typer.echo(f"{budget.kind} {budget}")
    if not budgets:
        note("nothing is planned; say what you plan: adtempo campaigns set CAMPAIGN --planned-budget AMOUNT")


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
    app.command("roas")(roas)
    app.command("pacing")(pacing)
    reports = typer.Typer(help="What happened, in words and tables.", no_args_is_help=True)
    reports.command("daily")(daily)
    reports.command("list")(list_reports)
    reports.command("show")(show_report)
    app.add_typer(reports, name="report")
    exports = typer.Typer(help="Figures as files.", no_args_is_help=True)
    exports.command("metrics")(export)
    app.add_typer(exports, name="export")
