"""Servers of the outside world, on loopback: one that takes webhooks and one that takes mail, well or badly."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOOPBACK = "127.0.0.1"


@dataclass
class Receiver:
    """What a server got, and how it answers.

    Attributes:
        port: Where it listens.
        got: Bodies of webhooks, or texts of mails, in order.
        paths: Paths of webhooks, in order.
        statuses: What is answered to the next webhooks; afterwards 200.
        delay_seconds: How long an answer takes.
        refuse_mail: Whether mails are refused.
    """

    port: int = 0
    got: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    delay_seconds: float = 0.0
    refuse_mail: bool = False

    @property
    def webhook(self) -> str:
        """A channel's URL that leads here."""
        return f"json://localhost:{self.port}/hooks/very-secret-token?rto=0.5"

    @property
    def mail(self) -> str:
        """A channel's URL that leads here."""
        return f"mailto://localhost:{self.port}?from=adtempo@example.com&to=ann@example.com&smtp={LOOPBACK}"


@contextmanager
def taking_webhooks() -> Iterator[Receiver]:
    """Listen for webhooks."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.paths.append(self.path)
            receiver.got.append(json.loads(body))
            time.sleep(receiver.delay_seconds)
            status = receiver.statuses.pop(0) if receiver.statuses else 200
            self.send_response(status)
            if status in {301, 302, 307}:
                self.send_header("Location", f"http://{LOOPBACK}:{receiver.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    with _serving(server):
        receiver.port = server.server_port
        yield receiver


@contextmanager
def taking_mail() -> Iterator[Receiver]:
    """Listen for mail: as much of SMTP as a client without TLS asks for."""
    receiver = Receiver()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            for line in iter(self.rfile.readline, b""):
                command = line.split(b" ")[0].strip().upper()
                if command == b"QUIT":
                    self._say("221 bye")
                    return
                if command == b"DATA":
                    self._say("354 go on")
                    receiver.got.append(self._read_text())
                refused = receiver.refuse_mail and command == b"RCPT"
                self._say("550 nobody of that name" if refused else "250 fine")

        def _read_text(self) -> str:
            return b"".join(iter(self.rfile.readline, b".\r\n")).decode()

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    server = socketserver.ThreadingTCPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    with _serving(server):
        receiver.port = server.server_address[1]
        yield receiver


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
