"""changes list|show|explain|approve|reject|revert|halt|resume|reconcile."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adtempo.cli.remote import asks_server, fetch_text, post_body
from adtempo.cli.session import AsJson, note, opened, print_fields, print_json, print_table, session_of
from adtempo.domain.changes import State
from adtempo.domain.errors import InvalidInput
from adtempo.domain.roles import Person, Role

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

Number = Annotated[int, typer.Argument(metavar="CHANGE", min=1, help="Number of the change.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who ask later.")]


class Format(StrEnum):
    """How a list is written."""

    TABLE = "table"
    CSV = "csv"


def list_changes(
    ctx: typer.Context,
    state: Annotated[list[State] | None, typer.Option("--state", help="Only in this state; may be repeated.")] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="A", help="Only of this account.")] = None,
    campaign: Annotated[str | None, typer.Option("--campaign", metavar="C", help="Only of this campaign.")] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="R", help="Only of this run.")] = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format", help="csv: suggestions in the columns of the platform's own bulk upload, to do them by hand."
        ),
    ] = Format.TABLE,
    *,
    as_json: AsJson = False,
) -> None:
    """List changes, the newest first."""
    asked = {"state": state, "account": account, "campaign": campaign, "run": run}
    session = session_of(ctx)
    if session.server and form is Format.CSV and not as_json:
        typer.echo(fetch_text(session, "/api/changes/csv", asked), nl=False)
        return
    if asks_server(ctx, "/api/changes", asked):
        return
    from adtempo.changes.bulk import write_bulk_file
    from adtempo.changes.report import changes_body
    from adtempo.changes.run import load_changes

    states = state or ([State.PROPOSED] if form is Format.CSV else None)
    with opened(ctx) as workspace:
        found = load_changes(workspace, states=states, account=account, campaign=campaign, run=run)
    if as_json:
        print_json(changes_body(found))
    elif form is Format.CSV:
        typer.echo(write_bulk_file(found), nl=False)
    elif found:
        rows = [
            [one["id"], one["state"], one["created_at"][:16], one["summary"], one["reason"]]
            for one in changes_body(found)["changes"]
        ]
        print_table(("change", "state", "proposed (UTC)", "what", "why"), rows, right=("change",))
    else:
        note("no changes")


def show(ctx: typer.Context, change: Number, *, as_json: AsJson = False) -> None:
    """Show one change with its evidence."""
    if asks_server(ctx, f"/api/changes/{change}"):
        return
    from adtempo.changes.explain import tell_evidence
    from adtempo.changes.report import change_body
    from adtempo.changes.run import load_change

    with opened(ctx) as workspace:
        found = load_change(workspace, change)
    body = change_body(found)
    if as_json:
        print_json(body)
        return
    lists = ("evidence", "verdicts", "limits")
    print_fields({name: value for name, value in body.items() if name not in lists})
    print_fields({f"evidence: {name}": said for name, said in tell_evidence(found)})
    print_fields({f"{one['guardrail']}: {one['outcome']}": one["reason"] for one in body["verdicts"]})


def explain(ctx: typer.Context, change: Number, *, as_json: AsJson = False) -> None:
    """Tell why a change was made, who let it pass, and what became of it."""
    if asks_server(ctx, f"/api/changes/{change}/story"):
        return
    from adtempo.changes.report import story_body
    from adtempo.changes.run import load_story

    with opened(ctx) as workspace:
        body = story_body(*load_story(workspace, change))
    if as_json:
        print_json(body)
    else:
        typer.echo("\n".join(body["story"]))


def approve(
    ctx: typer.Context,
    change: Number,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="D", help="Of what you were shown; refused if it has changed.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Let a waiting change pass, and send it at once."""
    from adtempo.changes.report import change_body
    from adtempo.changes.run import approve_and_apply
    from adtempo.jobs.deciding import evaluate_again

    with opened(ctx) as workspace:
        again = evaluate_again(workspace)
        done = approve_and_apply(workspace, change, approver=_owner(workspace), digest=digest, again=again)
    _tell(change_body(done), as_json=as_json)


def reject(ctx: typer.Context, change: Number, reason: Reason = "", *, as_json: AsJson = False) -> None:
    """Refuse a waiting change, or wave a suggestion aside."""
    from adtempo.changes.approvals import reject_change
    from adtempo.changes.report import change_body

    with opened(ctx) as workspace:
        done = reject_change(workspace, change, approver=_owner(workspace), reason=reason)
    _tell(change_body(done), as_json=as_json)


def revert(
    ctx: typer.Context,
    change: Annotated[int | None, typer.Argument(metavar="CHANGE", min=1, help="Number of the change.")] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="R", help="Or every applied change of a run.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take an applied change back, or all of a run, by the inverse change."""
    if (change is None) == (run is None):
        raise InvalidInput("name a CHANGE, or a run with --run; not both")
    if _tells_server(ctx, "revert" if change is None else f"{change}/revert", run=run):
        return
    from adtempo.changes.report import change_body, changes_body
    from adtempo.changes.run import revert_and_apply

    with opened(ctx) as workspace:
        back = revert_and_apply(workspace, change_id=change, run=run, actor=workspace.actor)
    if as_json:
        print_json(change_body(back[0]) if change is not None else changes_body(back))
    else:
        for one in back:
            _tell(change_body(one), as_json=False)


def halt(
    ctx: typer.Context,
    reason: Reason = "",
    *,
    show: Annotated[bool, typer.Option("--show", help="Only say whether anything is halted, and why.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop every change that was not sent yet."""
    if asks_server(ctx, "/api/changes/halt") if show else _tells_server(ctx, "halt", reason=reason):
        return
    from adtempo.changes.halt import halt_changes, why_halted
    from adtempo.changes.report import halt_body

    with opened(ctx) as workspace:
        said = why_halted(workspace) if show else halt_changes(workspace, actor=workspace.actor, reason=reason)
    _tell_halt(halt_body(said), as_json=as_json)


def resume(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Let changes go on after a halt."""
    from adtempo.changes.halt import resume_changes
    from adtempo.changes.report import halt_body

    with opened(ctx) as workspace:
        body = halt_body(resume_changes(workspace, actor=workspace.actor))
    _tell_halt(body, as_json=as_json)


def reconcile(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Read every campaign of the armed accounts back; after a restore, this lets sending start again."""
    from adtempo.changes.report import reconciliation_body
    from adtempo.changes.run import reconcile as read_back

    with opened(ctx) as workspace:
        body = reconciliation_body(read_back(workspace, actor=workspace.actor))
    if as_json:
        print_json(body)
        return
    differences = body["differences"]
    rows = [[one["campaign"], _held(one["believed"]), _held(one["found"])] for one in differences]
    if rows:
        print_table(("campaign", "believed", "found"), rows)
    note(
        f"read back: {body['campaigns']} campaigns, {len(rows)} of them different; "
        f"cancelled: {body['cancelled']}; outcome still unknown: {body['waiting']}"
    )


def _tells_server(ctx: typer.Context, path: str, **fields: str | None) -> bool:
    """Have the server that --server names do it and print what it answers; say whether one is named.

    Only what a token may do: approving, resuming and the like are for people who are signed in.
    """
    session = session_of(ctx)
    if session.server:
        print_json(post_body(session, f"/api/changes/{path}", fields))
    return bool(session.server)


def _owner(workspace: Workspace) -> Person:
    """Return the acting person of the command line: whoever owns the home is its admin."""
    return Person(0, workspace.actor, Role.ADMIN)


def _tell(body: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(body)
    else:
        note(f"change {body['id']}: {body['summary']} {body['standing']} {body['answer']}".rstrip())


def _tell_halt(body: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(body)
    else:
        note(body["reason"] or "changes are sent: nothing is halted")


def _held(held: Mapping[str, str] | None) -> str | None:
    return None if held is None else f"{held['budget']}, {held['status']}"


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    changes = typer.Typer(help="Changes: what waits, what happened and why, and the switch.", no_args_is_help=True)
    changes.command("list")(list_changes)
    for command in (show, explain, approve, reject, revert, halt, resume, reconcile):
        changes.command(command.__name__)(command)
    app.add_typer(changes, name="changes")
