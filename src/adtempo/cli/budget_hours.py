"""budgets hours learn|report|schedule: at which hours a campaign works, and its budget by the hour."""

from __future__ import annotations

from typing import Annotated

import typer

from adtempo.cli.budget_rules import AREA
from adtempo.cli.remote import asks_server
from adtempo.cli.session import AsJson, note, opened, print_fields, print_json, print_table

Campaign = Annotated[str, typer.Option("--campaign", metavar="C", help="Its id, or platform:account:campaign.")]


def learn(
    ctx: typer.Context,
    campaign: Annotated[str | None, typer.Option("--campaign", metavar="C", help="Only this one.")] = None,
    min_samples: Annotated[int, typer.Option("--min-samples", min=1, help="Hours below which nothing is said.")] = 24,
    *,
    as_json: AsJson = False,
) -> None:
    """Learn at which hours a campaign works, or all of them do."""
    from adtempo.budgets.learning import profiles_body
    from adtempo.jobs.scaling import learn_hours

    with opened(ctx) as workspace:
        body = profiles_body(learn_hours(workspace, campaign=campaign, min_samples=min_samples))
    if as_json:
        print_json(body)
        return
    rows = [
        [one["campaign_id"], one["samples"], f"{one['confidence']:.2f}", one["peak_hours"], one["valley_hours"]]
        for one in body["profiles"]
    ]
    print_table(("campaign", "samples", "confidence", "peaks", "valleys"), rows, right=("samples", "confidence"))
    note(f"learnt: {body['learnt']}")


def report(ctx: typer.Context, campaign: Campaign, *, as_json: AsJson = False) -> None:
    """Say what was last learnt of a campaign's hours."""
    if asks_server(ctx, f"{AREA}/time-optimization/report/{campaign}"):
        return
    from adtempo.budgets.learning import load_profile, profile_body

    with opened(ctx) as workspace:
        body = profile_body(load_profile(workspace, campaign))
    if as_json:
        print_json(body)
    else:
        print_fields({name.replace("_", " "): body[name] for name in body if name != "multipliers"})


def schedule(
    ctx: typer.Context,
    campaign: Campaign,
    daily_budget: Annotated[
        str | None, typer.Option("--daily-budget", metavar="B", help="In major units; default: its own.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Share a campaign's daily budget out over the hours, with the budget changes that a platform can take."""
    path = f"{AREA}/time-optimization/schedule/{campaign}"
    if asks_server(ctx, path, {"daily_budget": daily_budget}):
        return
    from adtempo.budgets.learning import hours_body, load_hours

    with opened(ctx) as workspace:
        body = hours_body(load_hours(workspace, campaign, daily_budget=daily_budget))
    if as_json:
        print_json(body)
        return
    for plan in body["schedule"]:
        edits = {edit["hour"]: edit["daily_budget"] for edit in plan["edits"]}
        rows = [
            [f"{hour:02}:00", target, plan["delivered"][hour], edits.get(hour)]
            for hour, target in enumerate(plan["hourly_budgets"])
        ]
        typer.echo(f"{plan['day']}: {plan['daily_budget']} {plan['currency']}")
        titles = ("hour", "target", "delivered", "daily budget set to")
        print_table(titles, rows, right=titles[1:])
        typer.echo(plan["note"])
    if body["reason"]:
        typer.echo(body["reason"])


def register(area: typer.Typer) -> None:
    """Add the commands."""
    hours = typer.Typer(help="Budgets by the hour.", no_args_is_help=True)
    for command in (learn, report, schedule):
        hours.command(command.__name__)(command)
    area.add_typer(hours, name="hours")
