"""demo: a simulated market, from the first fact to the report and the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adtempo.cli.running import server
from adtempo.cli.session import note, print_table, session_of, shown_progress
from adtempo.cli.tracking import print_report

if TYPE_CHECKING:
    from adtempo.dayparts.analysis import Analysis
    from adtempo.domain.changes import Change
    from adtempo.domain.forecasts import BudgetRecommendation, RoiForecast
    from adtempo.jobs.demo import DemoStory, Returned
    from adtempo.messages.batch import PageOutcome

DEMO_HOME = Path(".demo")
SUGGESTIONS_SHOWN = 5


def demo(
    ctx: typer.Context,
    *,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the dashboard afterwards.")] = True,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 for any free one.")] = 8000,
) -> None:
    """Build 60 days of a simulated market, say what happened in it, and serve the dashboard (home: ./.demo)."""
    from adtempo.budgets.run import BudgetAutoScaler
    from adtempo.changes.run import load_changes
    from adtempo.dayparts.run import DayPartOptimizer
    from adtempo.domain.changes import State
    from adtempo.domain.forecasts import Level
    from adtempo.forecasts.run import Forecaster
    from adtempo.jobs.demo import ACTOR, build_demo
    from adtempo.jobs.demo_messages import plan_creators
    from adtempo.tracking.run import CampaignTracker
    from adtempo.workspace import open_workspace

    session = session_of(ctx)
    home = session.home or DEMO_HOME
    note("A simulated market of 60 days on three platforms is read as if adtempo had been there all along.")
    # One moment for all of it: what is built and what is told must not differ by the seconds in between.
    with open_workspace(home, now=session.now or datetime.now(UTC)) as workspace:
        with shown_progress("demo") as progress:
            story = build_demo(workspace, progress=progress)
            progress("holding rules against every campaign", 1.0)
            BudgetAutoScaler(workspace).run(actor=ACTOR)
            progress("planning creators' weeks", 1.0)
            weeks = plan_creators(workspace, actor=ACTOR)
            progress("forecasting what comes next", 1.0)
            forecaster = Forecaster(workspace)
            forecaster.run(actor=ACTOR)
        ahead, splits = forecaster.roi_forecast(Level.TOTAL), forecaster.budget_recommendation()
        asked = load_changes(workspace, states=[State.PROPOSED])
        report = CampaignTracker(workspace).generate_daily_report()
        hours = list(DayPartOptimizer(workspace).analyze_all())
    print_report(report)
    print_story(story)
    print_suggestions(asked)
    print_hours(hours, home)
    print_weeks(weeks, home)
    print_forecasts(ahead, splits)
    print_next(story.example, story.until, home)
    if serve:
        with open_workspace(home, now=session.now) as workspace, suppress(KeyboardInterrupt):
            server().serve(workspace, port=port, say=note)


def print_hours(found: Sequence[Analysis], home: Path) -> None:
    """Print in how many campaigns some hours are better than others, by more than chance, and one of them."""
    clear = [one for one in found if not one.found.abstained]
    typer.echo()
    typer.secho("When the money works", bold=True)
    typer.echo(
        f"  Of {len(found)} campaigns, {len(clear)} have hours that differ by more than chance; "
        "the others are better left alone."
    )
    if clear:
        best = min(clear, key=lambda one: (one.found.patterns[0].q_value, -one.found.patterns[0].strength))
        name = best.campaign.label or best.campaign.name or best.campaign.ref.campaign_id
        typer.echo(f"  {name}: {best.recommendations[0].reason}.")
        asked = f"dayparts schedule --campaign {best.campaign.ref.campaign_id} --total-daily-budget 500"
        typer.echo(f"  A schedule of it: adtempo --home {home} {asked}")


def print_story(story: DemoStory) -> None:
    """Print what the demo did and found, for somebody who sees it for the first time."""
    from adtempo.domain.metrics import CONVERSION_VALUE, format_value

    typer.echo()
    typer.secho("What you have just seen", bold=True)
    typer.echo("  All of this is simulated: no ad platform was contacted, no money was spent, no person is real.")
    typer.echo(
        f"  {story.accounts} accounts with {story.campaigns} campaigns on Meta, Google and TikTok were read at "
        f"{story.looks} moments; {story.rows:,} rows\n  came in, and {story.restated:,} of them corrected what the "
        "platform had said before. Both are kept.\n"
        "  Targets, planned budgets and the predictions that were judged come with the simulation too."
    )
    typer.echo()
    typer.secho(f"{story.since:%d %B} to {story.until:%d %B}, best and worst return on spend", bold=True)
    header = ("", "", "campaign", "spend", "ROAS", "expected (80%)", "arrived")
    rows = [
        (found.currency, label, *_returned(line, found.currency))
        for found in story.extremes
        for label, line in (("best", found.best), ("worst", found.worst), ("all", found.total))
    ]
    print_table(header, rows, right=header[3:])
    typer.echo()
    typer.secho("Why the last days look worse than they are", bold=True)
    typer.echo(
        "  Conversions arrive late. The value of one and the same day, as known the morning after and as known now:"
    )
    print_table(
        ("", "day", "the morning after", "now", "grown by"),
        [
            (
                arrival.currency,
                f"{arrival.day:%d %B}",
                format_value(CONVERSION_VALUE, arrival.at_first_micros, arrival.currency),
                format_value(CONVERSION_VALUE, arrival.now_micros, arrival.currency),
                f"{arrival.now_micros / arrival.at_first_micros - 1:+.0%}" if arrival.at_first_micros else "n/a",
            )
            for arrival in story.arrivals
        ],
        right=("the morning after", "now", "grown by"),
    )


def print_weeks(weeks: Sequence[PageOutcome], home: Path) -> None:
    """Print what was planned for the creators' pages."""
    planned = [one for one in weeks if one.schedule_id is not None]
    if planned:
        count = sum(one.messages for one in planned)
        typer.echo()
        typer.secho("What six creators' pages should send next week", bold=True)
        typer.echo(
            f"  {count} messages for {', '.join(one.page_name for one in planned)}, each with a caption of its own, "
            f"locked until it\n  has rested: adtempo --home {home} messages show"
        )


def print_forecasts(ahead: Sequence[RoiForecast], splits: Sequence[BudgetRecommendation]) -> None:
    """Print what the days to come bring back in each currency, and where a little more money would go."""
    typer.echo()
    typer.secho("What comes next", bold=True)
    for one in ahead:
        if one.roi is not None:
            interval = f"(80%: {one.roi.low80:.2f} to {one.roi.high80:.2f})"
            typer.echo(f"  {one.subject.currency}  next {one.days:>2} days  ROI {one.roi.value:.2f} {interval}")
    for split in splits:
        typer.echo(f"  {split.next_sentence}")


def print_suggestions(asked: Sequence[Change]) -> None:
    """Print what the rules ask for; of an account that is not armed, it stays a suggestion."""
    from adtempo.changes.explain import summary_of

    typer.echo()
    typer.secho("What the rules would change now (suggestions: no account is armed)", bold=True)
    for change in asked[:SUGGESTIONS_SHOWN]:
        typer.echo(f"  {summary_of(change)}\n    {change.reason}")
    if len(asked) > SUGGESTIONS_SHOWN:
        typer.echo(f"  ... and {len(asked) - SUGGESTIONS_SHOWN} more")
    if not asked:
        typer.echo("  Nothing: no condition is sure enough.")


def print_next(example: str, until: date, home: Path) -> None:
    """Print the commands that show more of the same home."""
    typer.echo()
    typer.secho("Try next", bold=True)
    for command, meaning in (
        (f"metrics {example}", "every number of one campaign"),
        (f"metrics {example} --as-of {until}", "the same, as it was known then"),
        ("dayparts analyze --all", "which campaigns have hours worth a schedule"),
        ("budgets evaluate --all", "what the rules say of every campaign"),
        ("changes list", "what was suggested, and why"),
        ("forecasts show budget-recommendation", "where money should go"),
        ("messages show", "the weeks of the creators' pages"),
        ("anomalies list", "what is unusual, hour by hour"),
        ("predictions accuracy", "how right the predictions were"),
        ("pacing", "where the month's spend will end"),
        ("report daily --json", "the report for a script"),
        ("facts stats", "how little room all of it takes"),
        ("serve", "the dashboard"),
    ):
        typer.echo(f"  adtempo --home {home} {command:<36}  {meaning}")


def _returned(line: Returned, currency: str) -> tuple[str, ...]:
    from adtempo.domain.metrics import ROAS, SPEND, format_value, value_of
    from adtempo.tracking.expected_report import in_words

    cells = (format_value(metric, value_of(metric, line.figures), currency) for metric in (SPEND, ROAS))
    arrived = "n/a" if line.expected.maturity is None else f"{line.expected.maturity:.0%}"
    return (line.label, *cells, in_words(ROAS, line.expected.roas, currency), arrived)


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    app.command("demo")(demo)
