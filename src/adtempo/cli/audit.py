"""audit verify|export."""

from __future__ import annotations

from typing import Annotated

import typer

from adtempo.cli.session import AsJson, opened, print_json
from adtempo.domain.errors import Conflict


def verify(
    ctx: typer.Context,
    kept: Annotated[
        str | None,
        typer.Option(
            "--kept", metavar="HASH", help="A hash of the log that you kept: shows rows taken off the end too."
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check that no entry of the audit log was changed, removed or inserted."""
    from adtempo.store.audit import load_audit, verify_audit
    from adtempo.store.engine import reading

    with opened(ctx) as workspace, reading(workspace.engine) as connection:
        problems = verify_audit(connection, kept=kept)
        entries = load_audit(connection)
    if as_json:
        print_json({"intact": not problems, "problems": [str(problem) for problem in problems]})
    if problems:
        raise Conflict("the audit log was tampered with:\n" + "\n".join(str(problem) for problem in problems))
    if not as_json:
        head = entries[-1].hash if entries else "nothing yet"
        typer.echo(f"intact: {len(entries)} entries; keep the last hash elsewhere to prove it later: {head}")


def export(
    ctx: typer.Context,
    after: Annotated[int, typer.Option("--after", metavar="ID", help="Only entries after this one.")] = 0,
) -> None:
    """Print the audit log as JSON, one entry a line."""
    from adtempo.store.audit import load_audit
    from adtempo.store.engine import reading

    with opened(ctx) as workspace, reading(workspace.engine) as connection:
        for entry in load_audit(connection, after=after):
            print_json(
                {
                    "id": entry.id,
                    "at": entry.at.isoformat(),
                    "actor": entry.actor,
                    "action": entry.action,
                    "subject": entry.subject,
                    "detail": entry.detail,
                    "previous_hash": entry.previous_hash,
                    "hash": entry.hash,
                }
            )


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    audit = typer.Typer(help="Who did what, and the proof that nobody rewrote it.", no_args_is_help=True)
    audit.command("verify")(verify)
    audit.command("export")(export)
    app.add_typer(audit, name="audit")
