"""creatives top|fatigue."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from adtempo.cli.remote import asks_server
from adtempo.cli.session import AsJson, AsOf, Since, Until, note, opened, print_json, print_table, read_day

OfCampaign = Annotated[
    str | None, typer.Option("--campaign", metavar="C", help="Only creatives of this campaign; default: all.")
]


def top(
    ctx: typer.Context,
    metric: Annotated[str, typer.Option("--metric", metavar="M", help="What to rank by.")] = "roas",
    count: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many at most.")] = 10,
    impressions_min: Annotated[
        int, typer.Option("--min-impressions", min=0, help="Leave out creatives shown less often.")
    ] = 1000,
    campaign: OfCampaign = None,
    since: Since = None,
    until: Until = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Rank creatives by what a metric is likely to be: one lucky click makes no winner."""
    asked = {
        "metric": metric,
        "top": count,
        "min_impressions": impressions_min,
        "campaign": campaign,
        "since": since,
        "until": until,
    }
    if asks_server(ctx, "/api/tracking/creatives/top", asked):
        return
    from adtempo.domain.metrics import find_metric, format_value
    from adtempo.tracking.creatives_report import top_body
    from adtempo.tracking.run import CampaignTracker

    wanted = find_metric(metric)
    with opened(ctx) as workspace:
        found = CampaignTracker(workspace).get_top_creatives(
            metric, top=count, impressions_min=impressions_min, campaign_id=campaign, since=since, until=until
        )
    if as_json:
        print_json(top_body(found, wanted))
        return
    header = ("creative", "campaign", "impressions", "measured", "likely", "from", "to")
    rows = [
        (
            one.creative.creative.creative_id,
            str(one.creative.creative.campaign),
            one.creative.figures.impressions,
            *(format_value(wanted, x, one.creative.currency) for x in (one.raw, one.expected, one.low95, one.high95)),
        )
        for one in found
    ]
    if rows:
        print_table(header, rows, right=header[2:])
    else:
        note("no creative was shown that often; lower --min-impressions or widen the days")


def fatigue(
    ctx: typer.Context,
    campaign: OfCampaign = None,
    until: Annotated[
        date | None,
        typer.Option("--date", parser=read_day, metavar="DAY", help="Default: the last day that ended everywhere."),
    ] = None,
    as_of: AsOf = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say which creatives have worn out, what that costs a day and what to do, the most tired first."""
    asked = {"campaign": campaign, "date": until, "as_of": as_of}
    if asks_server(ctx, "/api/tracking/creatives/fatigue", asked):
        return
    from adtempo.domain.metrics import SPEND, format_value
    from adtempo.tracking.creatives_report import fatigue_body
    from adtempo.tracking.run import CampaignTracker

    with opened(ctx) as workspace:
        found = CampaignTracker(workspace).get_creative_fatigue(campaign, until, as_of)
    if as_json:
        print_json(fatigue_body(found))
        return
    header = ("creative", "campaign", "score", "loss a day", "do", "why")
    rows = [
        (
            one.creative.creative.creative_id,
            str(one.creative.creative.campaign),
            f"{one.fatigue_score:.2f}",
            format_value(SPEND, one.loss_daily_micros, one.creative.currency),
            one.recommendation,
            one.reason,
        )
        for one in found
    ]
    if rows:
        print_table(header, rows, right=("score", "loss a day"))
    else:
        note("no facts about creatives in the eight weeks before that day")


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    creatives = typer.Typer(help="Which creatives do best, and which have worn out.", no_args_is_help=True)
    creatives.command("top")(top)
    creatives.command("fatigue")(fatigue)
    app.add_typer(creatives, name="creatives")
