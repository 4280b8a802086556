"""anomalies list|detect|score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adtempo.cli.remote import asks_server
from adtempo.cli.session import AsJson, AsOf, Since, Until, note, opened, print_json, print_table

if TYPE_CHECKING:
    from adtempo.tracking.anomalies import Anomaly

OfCampaign = Annotated[str | None, typer.Option("--campaign", metavar="C", help="Only of this campaign; default: all.")]


def list_anomalies(
    ctx: typer.Context, campaign: OfCampaign = None, as_of: AsOf = None, *, as_json: AsJson = False
) -> None:
    """List what is wrong now and worth an alert, the worst first."""
    asked = {"campaign": campaign, "as_of": as_of}
    if asks_server(ctx, "/api/tracking/anomalies", asked):
        return
    from adtempo.tracking.anomalies_report import anomalies_body
    from adtempo.tracking.detection import load_anomalies

    with opened(ctx) as workspace:
        found = load_anomalies(workspace, campaign, as_of=as_of)
    if as_json:
        print_json(anomalies_body(found))
    else:
        _print_anomalies(found, "nothing is wrong")


def detect(
    ctx: typer.Context,
    campaign: OfCampaign = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="M",
            help="Only by this metric; may be repeated. Default: all; of all campaigns spend and ctr.",
        ),
    ] = None,
    threshold_std: Annotated[
        float, typer.Option("--threshold-std", metavar="Z", help="How far from what was expected.")
    ] = 2.0,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show hours that lie far from what was expected, the newest first; default: the last seven days."""
    asked = {
        "campaign": campaign,
        "metric": metric or None,
        "threshold_std": threshold_std,
        "since": since,
        "until": until,
        "as_of": as_of,
    }
    if asks_server(ctx, "/api/tracking/anomalies/hours", asked):
        return
    from adtempo.tracking.anomalies_report import anomalies_body
    from adtempo.tracking.detection import load_unusual_hours

    with opened(ctx) as workspace:
        found = load_unusual_hours(
            workspace, campaign, metric or None, threshold_std, since=since, until=until, as_of=as_of
        )
    if as_json:
        print_json(anomalies_body(found))
    else:
        _print_anomalies(found, f"no hour lies {threshold_std:g} standard deviations from what was expected")


def score(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with the columns timestamp and value.")],
    output: Annotated[Path, typer.Option("--output", metavar="OUT", help="Where the scores go.")],
) -> None:
    """Score each row of a plain series: 0.5 and above is a new alert; needs no workspace."""
    from adtempo.tracking.score_file import score_file

    rows = score_file(source, output)
    note(f"{rows} rows scored: {output}")


def _print_anomalies(found: Sequence[Anomaly], nothing: str) -> None:
    from adtempo.tracking.anomalies_report import shown_figure

    rows = [
        (
            one.severity.value,
            one.kind.value,
            one.metric,
            str(one.campaign or one.account),
            f"{one.since:%Y-%m-%d %H:%M}",
            shown_figure(one, one.actual),
            shown_figure(one, one.expected),
            None if one.z is None else f"{one.z:+.1f}",
            one.message,
        )
        for one in found
    ]
    header = ("severity", "kind", "metric", "about", "since", "actual", "expected", "z", "what")
    if rows:
        print_table(header, rows, right=("actual", "expected", "z"))
    else:
        note(nothing)


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    anomalies = typer.Typer(help="What is unusual, in campaigns or in any series.", no_args_is_help=True)
    anomalies.command("list")(list_anomalies)
    anomalies.command("detect")(detect)
    anomalies.command("score")(score)
    app.add_typer(anomalies, name="anomalies")
