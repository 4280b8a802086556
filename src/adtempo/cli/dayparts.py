"""dayparts analyze|recommend|schedule|show|export|prove|niche|compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.cli.remote import asks_server, fetch_body, post_body
from adtempo.cli.session import AsJson, Until, note, opened, print_fields, print_json, print_table, session_of
from adtempo.domain.errors import InvalidInput

if TYPE_CHECKING:
    from adtempo.dayparts.analysis import Question

LOOKBACK_DAYS, MIN_SAMPLES = 30, 100

OfCampaign = Annotated[str, typer.Option("--campaign", metavar="C", help="Its id, or platform:account:campaign.")]
OnPlatform = Annotated[
    str | None, typer.Option("--platform", metavar="P", help="Where the campaign is, if its id does not say so.")
]
Lookback = Annotated[int, typer.Option("--lookback-days", metavar="N", help="Days to look back on.")]
MetricName = Annotated[str, typer.Option("--metric", metavar="M", help="A ratio, such as roas, ctr or cpa.")]
Peak = Annotated[float | None, typer.Option("--peak-multiplier", metavar="X", help="Instead of the strategy's.")]
Valley = Annotated[float | None, typer.Option("--valley-multiplier", metavar="X", help="Default 0.5; 0 switches off.")]


def analyze(
    ctx: typer.Context,
    campaign: Annotated[
        str | None, typer.Option("--campaign", metavar="C", help="Its id, or platform:account:campaign.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every campaign; with --json one object a line.")] = False,
    lookback_days: Lookback = LOOKBACK_DAYS,
    until: Until = None,
    metric: MetricName = "roas",
    min_samples: Annotated[
        int, typer.Option("--min-samples", metavar="N", help="Measured hours that a campaign needs.")
    ] = MIN_SAMPLES,
    *,
    as_json: AsJson = False,
) -> None:
    """Say when a campaign's money works, or that nobody can tell and what it would take."""
    if (campaign is None) == (not every):
        raise InvalidInput("name one campaign with --campaign C, or take them all with --all")
    session = session_of(ctx)
    if session.server:
        if campaign is None:
            raise InvalidInput("a server analyses one campaign at a time; name it with --campaign C")
        fields = {
            "campaign_id": campaign,
            "lookback_days": lookback_days,
            "until": until and until.isoformat(),
            "metric": metric,
            "min_samples": min_samples,
        }
        print_json(post_body(session, "/daypart/analyze", fields))
        return
    from adtempo.dayparts.report import analysis_body
    from adtempo.dayparts.run import DayPartOptimizer

    question = _question(lookback_days, metric, until, min_samples)
    with opened(ctx) as workspace:
        optimizer = DayPartOptimizer(workspace)
        if campaign is not None:
            found = optimizer.analyze(campaign, question)
            optimizer.keep([found])
            body = analysis_body(found)
            print_json(body) if as_json else _print_analysis(body)
            return
        for one in optimizer.analyze_all(question):
            if as_json:
                print_json(analysis_body(one))
            else:
                said = one.reason if one.found.abstained else "; ".join(step.reason for step in one.recommendations)
                typer.echo(f"{one.campaign.ref}  {said}")


def recommend(
    ctx: typer.Context, campaign: OfCampaign, platform: OnPlatform = None, *, as_json: AsJson = False
) -> None:
    """Say what to do about a campaign's hours, what matters most first."""
    if asks_server(ctx, f"/daypart/recommend/{campaign}", {"platform": platform}):
        return
    from adtempo.dayparts.report import recommendations_body
    from adtempo.dayparts.run import DayPartOptimizer

    with opened(ctx) as workspace:
        body = recommendations_body(DayPartOptimizer(workspace).analyze(campaign, platform=platform))
    if as_json:
        print_json(body)
    else:
        _print_recommendations(body["recommendations"])


def schedule(
    ctx: typer.Context,
    campaign: Annotated[
        list[str], typer.Option("--campaign", metavar="C", help="Which; repeat it to plan several under one budget.")
    ],
    total: Annotated[str, typer.Option("--total-daily-budget", metavar="B", help="In the account's currency.")],
    strategy: Annotated[
        str, typer.Option("--strategy", metavar="S", help="conservative, balanced or aggressive.")
    ] = "balanced",
    platform: OnPlatform = None,
    peak: Peak = None,
    valley: Valley = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Share a daily budget out over the hours, exact to the minor unit, and keep the schedule."""
    session = session_of(ctx)
    if session.server:
        fields = {
            "total_daily_budget": total,
            "schedule_type": strategy,
            "peak_multiplier": peak,
            "valley_multiplier": valley,
        }
        if len(campaign) > 1:
            print_json(post_body(session, "/daypart/schedule/unified", {"campaign_ids": campaign, **fields}))
        else:
            asked = {"campaign_id": campaign[0], "platform": platform, **fields}
            print_json(post_body(session, "/daypart/schedule", asked))
        return
    from adtempo.dayparts.report import schedule_body, unified_body
    from adtempo.dayparts.run import DayPartOptimizer
    from adtempo.dayparts.scheduling import Wish

    with opened(ctx) as workspace:
        optimizer = DayPartOptimizer(workspace)
        if len(campaign) > 1:
            body = unified_body(optimizer.build_unified_schedule(campaign, Wish(total, strategy, peak, valley)))
        else:
            kept = optimizer.build_schedule(
                campaign[0], total, strategy, platform=platform, peak_multiplier=peak, valley_multiplier=valley
            )
            body = schedule_body(kept)
    if as_json:
        print_json(body)
        return
    for one in body.get("schedules", [body]):
        _print_schedule(one)


def show(
    ctx: typer.Context,
    schedule_id: Annotated[str | None, typer.Argument(metavar="SCHEDULE", help="Its id.")] = None,
    campaign: Annotated[
        str | None, typer.Option("--campaign", metavar="C", help="All schedules of this campaign.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a schedule, or the schedules of a campaign, the newest first."""
    if (schedule_id is None) == (campaign is None):
        raise InvalidInput("name a SCHEDULE, or a campaign with --campaign C")
    path = f"/daypart/schedule/{schedule_id}" if schedule_id else f"/daypart/schedules/{campaign}"
    if asks_server(ctx, path):
        return
    from adtempo.dayparts.report import schedule_body, schedules_body
    from adtempo.dayparts.run import DayPartOptimizer

    with opened(ctx) as workspace:
        optimizer = DayPartOptimizer(workspace)
        if campaign is not None:
            body = schedules_body(optimizer.load_schedules(campaign))
        else:
            body = schedule_body(optimizer.load_schedule(str(schedule_id)))
    if as_json:
        print_json(body)
    elif schedule_id:
        _print_schedule(body)
    else:
        rows = [
            (one["schedule_id"], one["version"], one["strategy"], one["total_daily_budget"], one["made_at"][:16])
            for one in body["schedules"]
        ]
        print_table(
            ("schedule", "version", "strategy", "daily budget", "made"), rows, right=("version", "daily budget")
        )


def export(
    ctx: typer.Context,
    schedule_id: Annotated[str, typer.Argument(metavar="SCHEDULE", help="Its id.")],
    form: Annotated[str, typer.Option("--to", metavar="FORM", help="google, meta, tiktok, csv or ics.")],
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Default: standard output.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write a schedule in a platform's form, and say what that form cannot hold."""
    session = session_of(ctx)
    if session.server:
        body = fetch_body(session, f"/daypart/schedule/{schedule_id}/export/{form}", {})
    else:
        from adtempo.dayparts.report import exported_body
        from adtempo.dayparts.run import DayPartOptimizer

        with opened(ctx) as workspace:
            body = exported_body(DayPartOptimizer(workspace).export_schedule(schedule_id, form))
    if as_json or (session.server and output is None):
        print_json(body)
        return
    note(body["statement"])
    if output is None:
        typer.echo(body["text"].removesuffix("\n"))
    else:
        output.write_bytes(body["text"].encode())


def prove(
    ctx: typer.Context,
    schedule_id: Annotated[str, typer.Argument(metavar="SCHEDULE", help="Its id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say in which weeks to run a schedule so that its gain shows, and what they have shown so far."""
    if asks_server(ctx, f"/daypart/schedule/{schedule_id}/proof"):
        return
    from adtempo.dayparts.report import proof_body
    from adtempo.dayparts.run import DayPartOptimizer

    with opened(ctx) as workspace:
        body = proof_body(DayPartOptimizer(workspace).prove(schedule_id))
    if as_json:
        print_json(body)
        return
    typer.echo(body["statement"])
    rows = [
        (one["monday"], "schedule" if one["with_schedule"] else "today's rhythm", _short(one["value"]))
        for one in body["weeks"]
    ]
    if rows:
        print_table(("week from", "runs", body["metric"]), rows, right=(body["metric"],))


def compare(
    ctx: typer.Context,
    campaign: Annotated[
        list[str] | None, typer.Option("--campaign", metavar="C", help="Which; may be repeated. Default: all.")
    ] = None,
    metric: MetricName = "roas",
    lookback_days: Lookback = LOOKBACK_DAYS,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare platforms on the same hours of the local day."""
    asked = {"campaign": campaign or None, "metric": metric, "lookback_days": lookback_days}
    if asks_server(ctx, "/daypart/compare", asked):
        return
    from adtempo.dayparts.report import comparison_body
    from adtempo.dayparts.run import DayPartOptimizer

    with opened(ctx) as workspace:
        optimizer = DayPartOptimizer(workspace)
        body = comparison_body(*optimizer.compare(campaign or (), _question(lookback_days, metric, None, MIN_SAMPLES)))
    if as_json:
        print_json(body)
        return
    sides = body["platforms"]
    rows = [
        (f"{hour:02}:00", *(_short(side["hours"][hour]["value"]) for side in sides), body["best"][hour]["platform"])
        for hour in range(24)
    ]
    rows.append(("all", *(_short(side["value"]) for side in sides), None))
    names = [side["platform"] for side in sides]
    print_table(("hour", *names, "clearly best"), rows, right=names)
    for reason in dict.fromkeys(one["reason"] for one in body["left_out"]):
        missing = [f"{one['platform']}:{one['campaign_id']}" for one in body["left_out"] if one["reason"] == reason]
        note(f"left out: {', '.join(missing)}: {reason}")


def niche(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NICHE", help="Such as fitness, e-commerce, saas, or one of yours.")],
    client: Annotated[
        str | None, typer.Option("--client", metavar="C", help="Whose new campaign it is; default: no client's.")
    ] = None,
    metric: MetricName = "roas",
    lookback_days: Lookback = LOOKBACK_DAYS,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what a new campaign may expect of its hours from its niche."""
    asked = {"client": client, "metric": metric, "lookback_days": lookback_days}
    if asks_server(ctx, f"/daypart/niche/{name}", asked):
        return
    from adtempo.dayparts.report import niche_body
    from adtempo.dayparts.run import DayPartOptimizer

    with opened(ctx) as workspace:
        question = _question(lookback_days, metric, None, MIN_SAMPLES)
        body = niche_body(name, metric, DayPartOptimizer(workspace).load_niche(name, question, client=client))
    if as_json:
        print_json(body)
        return
    if not body["hours"]:
        note(
            "nothing can be said: its campaigns show no pattern, or too few accounts are known to share across clients "
            "(at least 5, none above a quarter)"
        )
        return
    note(f"learnt from {body['accounts']} accounts")
    rows = [(f"{one['hour']:02}:00", f"{one['lift']:.2f}") for one in body["hours"]]
    print_table(("hour", "times the mean"), rows, right=("times the mean",))


def _question(lookback_days: int, metric: str, until: date | None, min_samples: int) -> Question:
    from adtempo.dayparts.analysis import Question
    from adtempo.dayparts.findings import DaypartSettings

    return Question(lookback_days, metric, until, DaypartSettings(min_samples=min_samples))


def _print_analysis(body: Mapping[str, Any]) -> None:
    names = ("campaign_id", "metric", "mean", "timezone", "since", "until", "samples")
    print_fields({name: _short(body[name]) for name in names})
    typer.echo()
    if body["reason"] and not body["abstained"]:
        typer.echo(body["reason"])
    _print_recommendations(body["recommendations"])
    if not body["samples"]:
        return
    typer.echo()
    rows = [
        (
            f"{one['hour']:02}:00",
            one["n"],
            _short(one["estimate"]),
            f"{_short(one['estimate_low'])} to {_short(one['estimate_high'])}",
            _short(one["lift"]),
            "<0.001" if one["q_value"] is not None and one["q_value"] < 0.001 else _short(one["q_value"]),
            "" if one["label"] == "normal" else one["label"],
        )
        for one in body["hours"]
    ]
    header = ("hour", "n", "estimate", "95%", "lift", "q", "")
    print_table(header, rows, right=("n", "estimate", "95%", "lift", "q"))


def _print_recommendations(made: Sequence[Mapping[str, Any]]) -> None:
    for one in made:
        typer.echo(f"{one['priority']:<6}  {one['action'].replace('_', ' ')}: {one['reason']}")


def _print_schedule(body: Mapping[str, Any]) -> None:
    names = ("schedule_id", "version", "campaign_id", "strategy", "total_daily_budget", "currency", "timezone")
    print_fields({name: body[name] for name in names})
    typer.echo(f"The schedule is flat. {body['reason']}" if body["flat"] else body["reason"])
    predicted = body["prediction"]
    if predicted:
        said = " to ".join(_short(predicted[end]) for end in ("low", "high"))
        gain, least, most = (f"{predicted[name]:+.1%}" for name in ("uplift", "uplift_low", "uplift_high"))
        expected = f"{_short(predicted['expected'])} (95%: {said})"
        better = {} if body["flat"] else {"better than flat by": f"{gain} (95%: {least} to {most})"}
        print_fields({f"expected {predicted['metric']}": expected, **better})
        typer.echo(predicted["advice"])
    typer.echo()
    rows = [(f"{one['hour']:02}:00", _short(one["multiplier"]), one["budget"]) for one in body["hours"]]
    print_table(("hour", "multiplier", "budget"), rows, right=("multiplier", "budget"))
    if body["week"]:
        note("weekdays differ: --json prints all 168 hours")
    typer.echo()


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    dayparts = typer.Typer(help="When the money works, and schedules made of it.", no_args_is_help=True)
    for command in (analyze, recommend, schedule, show, export, prove, niche, compare):
        dayparts.command(command.__name__)(command)
    app.add_typer(dayparts, name="dayparts")
