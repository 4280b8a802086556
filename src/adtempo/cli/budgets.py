"""budgets evaluate|evaluations|run|check|dashboard: what rules ask for, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from adtempo.cli import budget_hours, budget_replay, budget_rules
from adtempo.cli.budget_rules import AREA, read_rules
from adtempo.cli.remote import asks_server, fetch_body, post_body
from adtempo.cli.session import AsJson, AsOf, note, opened, print_fields, print_json, print_table, session_of
from adtempo.domain.errors import InvalidInput

RulesFile = Annotated[
    Path | None, typer.Option("--rules", metavar="FILE", help="These rules (TOML) instead of the stored ones.")
]


def evaluate(
    ctx: typer.Context,
    campaign: Annotated[
        str | None, typer.Option("--campaign", metavar="C", help="Its id, or platform:account:campaign.")
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every campaign, one a line.")] = False,
    as_of: AsOf = None,
    rules: RulesFile = None,
    as_json: AsJson = False,
) -> None:
    """Say what the rules ask for of a campaign, now or at any moment; proposes nothing and stores nothing."""
    if (campaign is None) != every:
        raise InvalidInput("name one --campaign, or say --all")
    session = session_of(ctx)
    if session.server:
        if every or as_of is not None or rules is not None:
            raise InvalidInput("a server evaluates one --campaign as of now by its own rules")
        print_json(post_body(session, f"{AREA}/evaluate", {"campaign_id": campaign, "dry_run": True}))
        return
    from adtempo.budgets.report import evaluation_body
    from adtempo.budgets.run import BudgetAutoScaler

    with opened(ctx) as workspace:
        found = BudgetAutoScaler(workspace).evaluate_all(
            None if campaign is None else [campaign], rules=None if rules is None else read_rules(rules), as_of=as_of
        )
    if as_json:
        for one in found:
            print_json(evaluation_body(one))
        return
    if every:
        _print_evaluations("campaign_id", [evaluation_body(one) for one in found])
    else:
        _print_evaluation(evaluation_body(found[0]))


def evaluations(
    ctx: typer.Context,
    campaign: Annotated[
        str | None,
        typer.Option("--campaign", metavar="C", help="Only of this one: its id, or platform:account:campaign."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=500, help="At most so many.")] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List what runs said of campaigns, acted on or not, the newest first."""
    if asks_server(ctx, f"{AREA}/evaluations", {"campaign_id": campaign, "limit": limit}):
        return
    from adtempo.budgets.report import scaled_all_body
    from adtempo.budgets.run import BudgetAutoScaler, Scaled

    with opened(ctx) as workspace:
        found = BudgetAutoScaler(workspace).load_evaluations(campaign, limit=limit)
    body = scaled_all_body([Scaled(one) for _, one in found])
    if as_json:
        print_json(body)
    else:
        _print_evaluations("as_of", body["evaluations"], "campaign_id")


def _print_evaluations(first: str, bodies: Sequence[Mapping[str, Any]], *more: str) -> None:
    keys = (first, *more, "action", "old_budget", "new_budget", "currency", "reason")
    print_table(keys, [[body[key] for key in keys] for body in bodies], right=("old_budget", "new_budget"))


def run(
    ctx: typer.Context,
    mode: Annotated[str, typer.Option("--mode", metavar="M", help="optimize, learn (hours) or both.")] = "optimize",
    *,
    as_json: AsJson = False,
) -> None:
    """Do this hour's work: sync, snapshot, evaluate, propose, apply or queue, tell; a second run does nothing."""
    from adtempo.jobs.runner import name_actor
    from adtempo.jobs.scaling import run_budgets

    with opened(ctx) as workspace:
        actor = f"{name_actor('budgets')} by {workspace.actor}"  # the rules propose; whoever runs them may approve
        body = run_budgets(workspace, mode=mode, actor=actor)
    if as_json:
        print_json(body)
        return
    counts = {name: body[name] for name in ("window", "evaluated", "known", "unruled", "learnt") if name in body}
    print_fields(counts | {name.replace("_", " "): number for name, number in body.get("actions", {}).items()})
    for change in body.get("changes", ()):
        what = f"{change['action']} {change['old_budget']} -> {change['new_budget']} {change['currency']}"
        typer.echo(f"{change['campaign_id']}: {what} ({change['state']}): {change['reason']}")
    for failure in body.get("failures", ()):
        note(f"rule {failure['rule']}: {failure['message']}")


def check(ctx: typer.Context, rules: RulesFile = None, *, as_json: AsJson = False) -> None:
    """Find contradictions, gaps, oscillation, compounding and idle rows, and prove the highest possible spend."""
    session = session_of(ctx)
    if session.server and rules is None:
        print_json(fetch_body(session, f"{AREA}/rules/check", {}))
        return
    from adtempo.budgets.report import check_body
    from adtempo.budgets.run import BudgetAutoScaler

    with opened(ctx) as workspace:
        body = check_body(BudgetAutoScaler(workspace).check(None if rules is None else read_rules(rules)))
    if as_json:
        print_json(body)
        return
    for found in body["findings"]:
        typer.echo(f"{found['kind']}: {found['message']}")
    if not body["findings"]:
        typer.echo("the rules do not contradict one another")
    for one in body["highest_spend"]:
        typer.echo(
            f"{one['account']}: at most {one['in_24_hours']} {one['currency']} in 24 hours and {one['in_7_days']} in "
            f"7 days ({one['why']})"
        )


def dashboard(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", metavar="N", help="Of the last N days.")] = 7,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what automation did, what it moved, and how right it was."""
    if asks_server(ctx, f"{AREA}/dashboard", {"days": days}):
        return
    from adtempo.budgets.dashboard import dashboard_body
    from adtempo.budgets.run import BudgetAutoScaler

    with opened(ctx) as workspace:
        body = dashboard_body(BudgetAutoScaler(workspace).load_dashboard(days))
    if as_json:
        print_json(body)
        return
    _print_dashboard(body)


def _print_dashboard(body: Mapping[str, Any]) -> None:
    rate = body["summary"]["execution_rate"]
    _print_named(body["summary"] | {"execution_rate": None if rate is None else f"{rate:.1f}%"})
    _print_named(body["action_breakdown"])
    shares = {name: body["performance"][name] for name in ("automation_rate", "decisions_proven_right")}
    said = {
        name: one and f"{one['percent']:.0f}% ({one['low95']:.0f}% to {one['high95']:.0f}%) of {one['of']}"
        for name, one in shares.items()
    }
    _print_named({**said, "hours_to_change": body["performance"]["hours_to_change"]})
    if body["vetoes"]:
        _print_named({f"vetoed by {name}": count for name, count in body["vetoes"].items()})
    for part in (body["budget_impact"]["by_currency"], body["performance"]["by_currency"]):
        if part:
            rows = [[f"{value:.2f}" if isinstance(value, float) else value for value in one.values()] for one in part]
            print_table([name.replace("_", " ") for name in part[0]], rows)


def _print_named(fields: Mapping[str, Any]) -> None:
    print_fields({name.replace("_", " "): value for name, value in fields.items()})
    typer.echo()


def _print_evaluation(body: Mapping[str, Any]) -> None:
    budget = f"{body['old_budget']} -> {body['new_budget']} {body['currency']}"
    print_fields({"campaign": body["campaign_id"], "action": body["action"], "budget": budget, "rule": body["rule"]})
    typer.echo(body["reason"])
    if body["missing"]:
        typer.echo(f"Missing: {body['missing']}.")
    if body["on_reported"] != body["action"]:
        typer.echo(f"On the figures reported so far it would have been: {body['on_reported']}.")
    typer.echo(f"Otherwise: {body['would_change']}.")
    _print_lines("Cannot be done now", body["vetoes"])
    if body["requires_approval"]:
        typer.echo("A person must approve it.")


def _print_lines(title: str, lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(f"{title}: {line}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    area = typer.Typer(help="What rules ask for of budgets, and what became of it.", no_args_is_help=True)
    for command in (evaluate, evaluations, run, check, dashboard):
        area.command(command.__name__)(command)
    budget_rules.register(area)
    budget_hours.register(area)
    budget_replay.register(area)
    app.add_typer(area, name="budgets")
