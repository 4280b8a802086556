"""What every request passes before any route: is it meant for us, does it come from our own pages, how may it be shown.

A browser sends cookies with whatever request any page makes it send. So an unsafe request must come from our own origin
(`Sec-Fetch-Site`, or `Origin` where a browser does not send it), carry JSON where it carries a body, and name a host
that is ours, which also ends DNS rebinding. A script has neither cookie nor origin: it shows a token and passes.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adtempo.api.errors import answer_problem
from adtempo.domain.errors import Forbidden, InvalidInput

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""On every answer: nothing inline, nothing from elsewhere, no frame around us."""

HSTS = "max-age=31536000"


class Gate:
    """Refuses requests that are not meant for us, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], *, tls: bool, body_max: int) -> None:
        """Stand in front of an application.

        Args:
            hosts: Names under which we answer, without port.
            tls: Whether people reach us over https.
            body_max: Largest body of a request, in bytes.
        """
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.tls = tls
        self.body_max = body_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request and pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if self.tls:
                    headers.setdefault("Strict-Transport-Security", HSTS)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self.app(scope, receive, send_guarded)
        else:
            await answer_problem(scope["path"], refusal)(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> Forbidden | InvalidInput | None:
        host = headers.get("host", "")
        if _name(host) not in self.hosts:
            return Forbidden("This is not a name of this server; if it should be one, state it in ADTEMPO_PUBLIC_URL.")
        if "transfer-encoding" in headers:
            return InvalidInput("Send the body in one piece, with its Content-Length.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.body_max:
            return InvalidInput(f"The body is larger than {self.body_max} bytes.")
        if method in SAFE_METHODS:
            return None
        if not _same_origin(headers, host):
            return Forbidden("Requests that change something must come from this server's own pages.")
        if length != "0" and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return InvalidInput("Send the body as application/json.")
        return None


def _same_origin(headers: Headers, host: str) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == host


def _name(host: str) -> str:
    """Return a Host header without its port, in lower case; an IPv6 address keeps its brackets."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()
