"""budgets rules list|show|add|set|remove: the stored rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.cli.remote import asks_server
from adtempo.cli.session import AsJson, note, opened, print_json
from adtempo.domain.errors import InvalidInput

if TYPE_CHECKING:
    from adtempo.budgets.rules.base import Rule

AREA = "/api/auto-scaler"

Number = Annotated[int, typer.Argument(metavar="RULE", min=1, help="The rule's number.")]


def list_rules(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the rules, each as one sentence; where none fits, the shipped default counts."""
    if asks_server(ctx, f"{AREA}/rules"):
        return
    from adtempo.budgets.report import rules_body
    from adtempo.budgets.run import BudgetAutoScaler

    with opened(ctx) as workspace:
        body = rules_body(BudgetAutoScaler(workspace).load_rules())
    if as_json:
        print_json(body)
        return
    for one in body["rules"]:
        typer.echo(f"{one['id']} {one['rule_name']} (v{one['version']}): {one['sentence']}")
    typer.echo(f"default: {body['default']['sentence']}")


def show(ctx: typer.Context, rule: Number, *, as_json: AsJson = False) -> None:
    """Show one rule with all its fields."""
    if asks_server(ctx, f"{AREA}/rules/{rule}"):
        return
    from adtempo.budgets.report import rule_body
    from adtempo.budgets.run import BudgetAutoScaler

    with opened(ctx) as workspace:
        body = rule_body(BudgetAutoScaler(workspace).load_rule(rule))
    _print_rule(body, as_json=as_json)


def add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML with one [[rule]] table per rule.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Store the rules of a file behind those that there are: all of them, or none."""
    from adtempo.budgets.report import rules_body
    from adtempo.budgets.run import BudgetAutoScaler

    rules = read_rules(file)
    with opened(ctx) as workspace:
        body = rules_body(BudgetAutoScaler(workspace).add_rules(rules, actor=workspace.actor))
    if as_json:
        print_json(body)
    else:
        note(f"stored: {', '.join(str(one['id']) for one in body['rules'])}")


def change(
    ctx: typer.Context,
    rule: Number,
    fields: Annotated[
        list[str], typer.Argument(metavar="FIELD=VALUE...", help="Such as roas_pause=0.8; FIELD= takes it back.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Write a new version of a rule."""
    from adtempo.budgets.report import rule_body
    from adtempo.budgets.run import BudgetAutoScaler

    changes = _read_fields(fields)
    with opened(ctx) as workspace:
        body = rule_body(BudgetAutoScaler(workspace).change_rule(rule, changes, actor=workspace.actor))
    _print_rule(body, as_json=as_json)


def remove(ctx: typer.Context, rule: Number) -> None:
    """Take a rule away; its versions stay in the audit log."""
    from adtempo.budgets.run import BudgetAutoScaler

    with opened(ctx) as workspace:
        BudgetAutoScaler(workspace).remove_rule(rule, actor=workspace.actor)
    note(f"removed: {rule}")


def read_rules(path: Path) -> list[Rule]:
    """Return the rules of a file."""
    from adtempo.budgets.rules import fields

    try:
        return fields.read_rules(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as problem:
        said = getattr(problem, "strerror", None) or "it is not UTF-8"
        raise InvalidInput(f"{path} cannot be read: {said}") from None


def _read_fields(words: Sequence[str]) -> dict[str, Any]:
    """Read fields as they are typed: what is JSON is taken as such, anything else as text."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise InvalidInput(f"{word!r} is not a field; write it as roas_pause=0.8")
        try:
            found[name] = json.loads(text) if text else None
        except ValueError:
            found[name] = text
    return found


def _print_rule(body: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(body)
    else:
        typer.echo(f"{body['id']} {body['rule_name']} (v{body['version']}): {body['sentence']}")


def register(area: typer.Typer) -> None:
    """Add the commands."""
    rules = typer.Typer(help="The rules, each a sentence.", no_args_is_help=True)
    for name, command in (("list", list_rules), ("show", show), ("add", add), ("set", change), ("remove", remove)):
        rules.command(name)(command)
    area.add_typer(rules, name="rules")
