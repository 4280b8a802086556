"""The server: API, pages and jobs of one workspace in one process.

A fresh installation answers on this machine only, until somebody has claimed it with the one-time link that is printed
here, and until it is stated how people reach it over TLS.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from adtempo.api.application import LOOPBACK, create_app
from adtempo.domain.errors import Conflict, InvalidInput
from adtempo.jobs.runner import log_to_stderr, run_until
from adtempo.jobs.schedule import due_jobs
from adtempo.people.secret_texts import write_secret
from adtempo.people.sign_in import is_claimed, issue_claim_token
from adtempo.web.pages import PAGES
from adtempo.web.pages.assets import bundle_vega
from adtempo.web.pages.outlook import Shelf
from adtempo.workspace import Workspace, open_workspace

HOST = "127.0.0.1"
PORT = 8000
LINK_FILE = "sign-in-link"
JOBS_END_SECONDS = 30.0
"""How long a run at hand may take to end when the server stops; then its lease runs out, and it is run again."""


def build_app(workspace: Workspace) -> FastAPI:
    """Return the application of a workspace: API and pages."""
    public = workspace.settings.public_url
    name = urlsplit(public).hostname if public else None
    hosts = LOOPBACK if name is None else (*LOOPBACK, name)
    origins = [origin.strip() for origin in workspace.settings.cors_origins.split(",") if origin.strip()]
    app = create_app(workspace, hosts=hosts, tls=public is not None, origins=origins)
    app.state.shelf = Shelf()
    for router in PAGES:
        app.include_router(router)
    return app


def application() -> FastAPI:
    """Return the application of the home that the environment names, for a server of one's own choice."""
    return build_app(open_workspace())


def serve(
    workspace: Workspace, host: str = HOST, port: int = PORT, *, jobs: bool = True, say: Callable[[str], None]
) -> None:
    """Serve until interrupted.

    Args:
        workspace: What to serve.
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        jobs: Whether to run jobs too.
        say: Tells the person who started it where to go.

    Raises:
        InvalidInput: The address is open to others, and the installation is not ready for that.
        Conflict: Something else listens there.
    """
    check_address(workspace, host)
    with _listen(host, port) as listener:
        address = workspace.settings.public_url or f"http://{_bracketed(host)}:{listener.getsockname()[1]}"
        say(invite(workspace, address))
        if jobs and workspace.pretended:
            say("Jobs do not run: the moment is pretended (--now).")
        stop = threading.Event()
        work = (workspace, due_jobs(workspace.settings), stop)
        runner = threading.Thread(target=run_until, args=work, name="jobs", daemon=True)
        if jobs and not workspace.pretended:
            runner.start()
        threading.Thread(target=bundle_vega, name="warm-up", daemon=True).start()
        log_to_stderr()
        config = uvicorn.Config(build_app(workspace), log_level="warning", access_log=False, server_header=False)
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            stop.set()
            if runner.ident is not None:
                runner.join(JOBS_END_SECONDS)


def check_address(workspace: Workspace, host: str) -> None:
    """Refuse to listen where others can reach us before that is safe.

    Raises:
        InvalidInput: The address is not loopback, and nobody has claimed the installation or TLS is not stated.
    """
    if _is_loopback(host):
        return
    if not is_claimed(workspace.engine):
        raise InvalidInput(
            f"{host} can be reached by others and nobody has claimed this installation yet; "
            "serve on 127.0.0.1 first and open the link"
        )
    if workspace.settings.public_url is None:
        raise InvalidInput(
            f"{host} can be reached by others; put a proxy with TLS in front and say how people reach it: "
            "ADTEMPO_PUBLIC_URL=https://..."
        )


def invite(workspace: Workspace, address: str) -> str:
    """Return what to tell the person who starts the server; a fresh installation gets a one-time link.

    The link also stands in a file of the home that only its owner can read, until it has done its work.
    """
    file = workspace.home / LINK_FILE
    if is_claimed(workspace.engine):
        file.unlink(missing_ok=True)
        return f"adtempo is served on {address} (Ctrl+C ends it)."
    link = f"{address}/sign-in#{issue_claim_token(workspace.engine, now=workspace.now())}"
    write_secret(file, link)
    return f"Open this link once to become the administrator:\n\n  {link}\n\nIt also stands in {_short(file)}."


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise Conflict(f"{host}:{port} cannot be listened on ({error.strerror}); choose another with --port") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _short(file: Path) -> str:
    return f"~/{file.relative_to(Path.home())}" if file.is_relative_to(Path.home()) else str(file)
