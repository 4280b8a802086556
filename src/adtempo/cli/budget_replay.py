"""budgets replay: what rules would have done in the past, and what that would have come to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from adtempo.cli.budget_rules import AREA, read_rules
from adtempo.cli.remote import post_body
from adtempo.cli.session import AsJson, note, opened, print_json, print_table, read_day, session_of, shown_progress

FIRED_SHOWN = 20


def replay(
    ctx: typer.Context,
    since: Annotated[date, typer.Option("--since", metavar="D", parser=read_day, help="First day, UTC.")],
    until: Annotated[date, typer.Option("--until", metavar="D", parser=read_day, help="Last day, UTC.")],
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="These rules (TOML) instead of the stored ones.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="FILE", help="Compare with these rules (TOML).")
    ] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="A", help="Only its campaigns.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the worlds that are drawn.")] = 7,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what rules would have done, as the figures looked at each hour, and what that would have come to."""
    session = session_of(ctx)
    own, other = (None if path is None else read_rules(path) for path in (rules, against))
    from adtempo.budgets.replay.report import replay_body
    from adtempo.budgets.replay.run import Replay, replay_rules
    from adtempo.budgets.rules.fields import write_rule

    if session.server:
        written = {"rules": own, "against": other}
        sent = {name: [write_rule(one) for one in given] for name, given in written.items() if given is not None}
        days = {"since": since.isoformat(), "until": until.isoformat()}
        body = post_body(session, f"{AREA}/replay", sent | days | {"account_id": account, "seed": seed})
    else:
        asked = Replay(rules=own, against=other, since=since, until=until, account=account, seed=seed)
        with opened(ctx) as workspace, shown_progress("replay") as progress:
            body = replay_body(replay_rules(workspace, asked, progress=lambda share: progress("hour by hour", share)))
    if as_json:
        print_json(body)
    else:
        _print(body)


def _print(body: Mapping[str, Any]) -> None:
    for sentence in body["sentences"]:
        typer.echo(sentence)
    named = [("doing nothing", one) for one in body["nothing"]]
    named += [(course["name"], money) for course in body["courses"] for money in course["money"]]
    rows = [
        [name, one["currency"], one["spend"], value["value"], f"{value['low95']} to {value['high95']}"]
        for name, one in named
        for value in (one["value"],)
    ]
    typer.echo()
    print_table(("what", "currency", "spend", "value", "95%"), rows, right=("spend", "value", "95%"))
    for course in body["courses"]:
        typer.echo()
        keys = ("at", "campaign", "action", "old_budget", "new_budget", "reason")
        fired = course["fired"][:FIRED_SHOWN]
        print_table((course["name"], *keys[1:]), [[one[key] for key in keys] for one in fired], right=keys[3:5])
        if len(course["fired"]) > len(fired):
            note(f"{len(course['fired']) - len(fired)} more changes; --json prints all of them")


def register(area: typer.Typer) -> None:
    """Add the command."""
    area.command("replay")(replay)
