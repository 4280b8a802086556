"""The sandbox market behind HTTP, in a process of its own, with the faults of real platforms; loopback only.

``GET /state/P/A/C?now=T`` reads, ``POST /budget/P/A/C`` and ``POST /status/P/A/C`` write ``{"value", "now"}``. ``POST
/fault {"kind"}`` decides how the next write goes: none; lost (never arrives); answer_lost (taken, the line drops); late
(the line drops, taken at ``POST /release``); error_but_applied (taken, answered with 500); refused (400).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import Status
from adtempo.domain.errors import NotFound, PlatformRejected
from adtempo.platforms.sandbox.market import open_market
from adtempo.platforms.sandbox.writer import SandboxWriter

FAULTS = ("none", "lost", "answer_lost", "late", "error_but_applied", "refused")


class MarketServer(HTTPServer):
    """Holds the market, and what is to go wrong next."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.writer = SandboxWriter(open_market(folder))
        self.fault = "none"
        self.held_back: list[Callable[[], None]] = []


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: MarketServer

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        try:
            now = datetime.fromisoformat(parse_qs(address.query)["now"][0])
            state = self.server.writer.fetch_state(_campaign(address.path), now)
        except NotFound as problem:
            self._answer(404, {"detail": problem.message})
        else:
            self._answer(200, {"budget_daily_micros": state.budget_daily_micros, "status": state.status})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/fault":
            self.server.fault = body["kind"]
            self._answer(200, {})
        elif self.path == "/release":
            for write in self.server.held_back:
                write()
            self.server.held_back.clear()
            self._answer(200, {})
        else:
            fault, self.server.fault = self.server.fault, "none"
            self._write(fault, body)

    def _write(self, fault: str, body: dict[str, Any]) -> None:
        def write() -> None:
            now, campaign = datetime.fromisoformat(body["now"]), _campaign(self.path)
            if self.path.startswith("/budget/"):
                self.server.writer.apply_budget(campaign, body["value"], now)
            else:
                self.server.writer.apply_status(campaign, Status(body["value"]), now)

        if fault == "refused":
            self._answer(400, {"detail": "the budget cannot be changed at the moment"})
            return
        if fault == "late":
            self.server.held_back.append(write)
        elif fault != "lost":
            try:
                write()
            except (NotFound, PlatformRejected) as problem:
                self._answer(404 if isinstance(problem, NotFound) else 400, {"detail": problem.message})
                return
        if fault in {"lost", "late", "answer_lost"}:
            self.close_connection = True  # and not a word
        else:
            self._answer(500 if fault == "error_but_applied" else 200, {})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """Answer; whoever was killed in the middle does not listen any more."""
        with suppress(ConnectionError):
            super().handle()


def _campaign(path: str) -> CampaignRef:
    return CampaignRef(*urlsplit(path).path.split("/")[2:5])


if __name__ == "__main__":
    server = MarketServer(Path(sys.argv[1]))
    print(server.server_port, flush=True)
    server.serve_forever()
