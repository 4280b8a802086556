"""serve, work, openapi."""

from __future__ import annotations

import signal
import threading
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any

import typer

from adtempo.cli.session import note, opened, print_json


def server() -> Any:
    """Return the server's module; it stands above the command line, so it is started by name, as an ASGI server is."""
    return import_module("adtempo.server")


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 for any free one.")] = 8000,
    *,
    jobs: Annotated[bool, typer.Option("--jobs/--no-jobs", help="Whether this process runs jobs too.")] = True,
) -> None:
    """Serve the dashboard, the API and the jobs in one process."""
    # Being interrupted is how serving ends, not how it fails.
    with opened(ctx) as workspace, suppress(KeyboardInterrupt):
        server().serve(workspace, host, port, jobs=jobs, say=note)


def work(ctx: typer.Context) -> None:
    """Run jobs, and nothing else, until interrupted; on PostgreSQL as many of these as you like."""
    from adtempo.jobs.runner import log_to_stderr, run_until
    from adtempo.jobs.schedule import due_jobs

    log_to_stderr()
    stop = threading.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda *_: stop.set())
    with opened(ctx) as workspace:
        note("working; Ctrl+C ends it after the run at hand")
        run_until(workspace, due_jobs(workspace.settings), stop)


def openapi(ctx: typer.Context) -> None:
    """Print the OpenAPI document."""
    with opened(ctx) as workspace:
        print_json(server().build_app(workspace).openapi())


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    app.command("serve")(serve)
    app.command("work")(work)
    app.command("openapi")(openapi)
