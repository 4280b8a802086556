"""Sending one message to one channel, through Apprise; nothing else imports it.

A channel's URL comes from people, so it must not become a way into the network that the server stands in. Every
connection that is made while a message is sent is looked at by the interpreter's audit hook, at the moment at which it
is made: by then names are resolved, so the address that is checked is the address that is connected to.
"""

from __future__ import annotations

import ipaddress
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from adtempo.domain.errors import AddressRefused, InvalidInput, MessageNotDelivered

if TYPE_CHECKING:
    from apprise import NotifyBase

HOSTS_SHOWN = {"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos"}
"""Schemes whose URL names a host where others have a token."""

PLAIN_WEBHOOKS = {"json", "xml", "form"}
"""Webhooks that anybody on the way can read: only to an address that an admin allowed."""

MAIL = {"mailto", "mailtos"}

_TYPES = {"info": "info", "warning": "warning", "critical": "failure"}
_SECRET_MIN = 4

_sending = threading.local()


def mask_url(url: str) -> str:
    """Return what may be shown of a channel's URL.

    >>> mask_url("jsons://hooks.example.com/T0/very-secret"), mask_url("slack://token-a/token-b/token-c/#ads")
    ('jsons://hooks.example.com/***', 'slack://***')
    """
    scheme, _, rest = url.partition("://")
    host = rest.split("/")[0].split("?")[0].rpartition("@")[2]
    return f"{scheme}://{host}/***" if scheme.lower() in HOSTS_SHOWN else f"{scheme}://***"


def check_url(url: str, allowed: str | None = None) -> None:
    """Make sure that messages can be sent to a URL, without sending one.

    Args:
        url: As Apprise writes them.
        allowed: A private address that an admin allowed for it.

    Raises:
        InvalidInput: It is no URL that Apprise knows, or `allowed` is no address.
        AddressRefused: It is a webhook without TLS, to an address that nobody allowed.
    """
    _open(url)
    if allowed is not None:
        try:
            ipaddress.ip_address(allowed)
        except ValueError:
            raise InvalidInput(f"{allowed!r} is not an address; write it as 10.0.0.7") from None
    if urlsplit(url).scheme.lower() in PLAIN_WEBHOOKS and allowed is None:
        raise AddressRefused(
            f"{mask_url(url)} is not encrypted; use {urlsplit(url).scheme}s://, or allow its address: --allow-address"
        )


def send_message(
    url: str, title: str, body: str, severity: str, *, allowed: str | None = None, html: str | None = None
) -> None:
    """Send a message; returns when the channel has taken it.

    Args:
        url: The channel's, as Apprise writes them.
        title: One line.
        body: Plain text.
        severity: info, warning or critical.
        allowed: The one private address that may be connected to.
        html: What a mail shows instead of the body; other channels ignore it.

    Raises:
        MessageNotDelivered: The channel did not take it; the reason holds no part of the URL.
        AddressRefused: It leads to a private address.
        InvalidInput: It is no URL that Apprise knows.
    """
    import apprise
    from apprise.conversion import convert_between

    check_url(url, allowed)
    plugin = _open(url)
    paged = html is not None and urlsplit(url).scheme.lower() in MAIL
    said_in = apprise.NotifyFormat.HTML if paged else apprise.NotifyFormat.TEXT
    # Some channels take markup: unconverted, a campaign's name could write it, and line breaks would be lost.
    asked_for = plugin.resolve_format(said_in)
    body = convert_between(said_in, asked_for, html if paged else body)  # type: ignore[no-untyped-call]
    with _guarded(allowed) as refused, _listening() as said:
        kind = apprise.NotifyType(_TYPES[severity])
        taken = bool(plugin.notify(body=body, title=title, notify_type=kind, body_format=said_in))
    if taken:
        return
    if refused:
        raise AddressRefused(
            f"{mask_url(url)} leads to {refused[0]}, which is not a public address; an admin may allow it: "
            "adtempo alerts channels add --allow-address"
        )
    raise MessageNotDelivered(_without_secrets(said[-1] if said else "the channel did not take the message", url))


def _open(url: str) -> NotifyBase:
    import apprise

    asset = apprise.AppriseAsset(app_id="adtempo", app_desc="adtempo", app_url="", http_redirects=False)
    plugin = apprise.Apprise.instantiate(url, asset=asset)
    if plugin is None:
        raise InvalidInput(
            f"{mask_url(url)} is not a URL that messages can be sent to; write it as Apprise does, "
            "such as jsons://host/path or mailtos://user:password@host"
        )
    plugin.redirects = False  # also where the URL asks for them
    return plugin


@contextmanager
def _guarded(allowed: str | None) -> Iterator[list[str]]:
    """Refuse connections of this thread to addresses that are not public; yield those that were refused."""
    _install_guard()
    _sending.allowed = allowed
    _sending.refused = []
    try:
        yield _sending.refused
    finally:
        del _sending.allowed, _sending.refused


@cache
def _install_guard() -> None:
    # An audit hook stays for the life of the process; outside of sending it does nothing.
    sys.addaudithook(_look_at)


def _look_at(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto", "socket.sendmsg"} or not hasattr(_sending, "refused"):
        return
    target = arguments[1]
    host = str(target[0]) if isinstance(target, tuple) else str(target)
    if not _is_permitted(host, _sending.allowed):
        _sending.refused.append(host)
        raise PermissionError(f"{host} is not a public address")  # to libraries, one more connection that failed


def _is_permitted(host: str, allowed: str | None) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False  # a name that nobody resolved, or a socket file
    if allowed is not None and address == ipaddress.ip_address(allowed):
        return True
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_global and not mapped.is_multicast)


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Yield what Apprise complains of in this thread."""
    said: list[str] = []
    thread = threading.get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                said.append(record.getMessage())

    logger, listener = logging.getLogger("apprise"), Listener(logging.WARNING)
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)


def _without_secrets(text: str, url: str) -> str:
    """Take every part of a URL, but its host, out of a text."""
    parts = urlsplit(url)
    shown = parts.hostname if parts.scheme.lower() in HOSTS_SHOWN else None
    pieces = {piece for part in (parts.netloc, parts.path, parts.query) for piece in _pieces(part)}
    for piece in sorted(pieces - {shown}, key=len, reverse=True):
        text = text.replace(piece, "***")
    return text


def _pieces(part: str) -> Iterator[str]:
    for separator in "/@:&=":
        part = part.replace(separator, " ")
    for piece in part.split():
        for form in (piece, unquote(piece)):
            if len(form) >= _SECRET_MIN:
                yield form
