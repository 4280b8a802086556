"""Messages leave through Apprise, to real servers on loopback; none reaches an address that nobody allowed."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator

import pytest

from adtempo import notify
from adtempo.domain.errors import AddressRefused, InvalidInput, MessageNotDelivered
from adtempo.notify import check_url, mask_url, send_message
from receiving import LOOPBACK, Receiver, taking_mail, taking_webhooks


@pytest.fixture
def webhooks() -> Iterator[Receiver]:
    with taking_webhooks() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[Receiver]:
    with taking_mail() as receiver:
        yield receiver


def test_a_webhook_gets_title_text_and_severity(webhooks: Receiver) -> None:
    send_message(webhooks.webhook, "a title", "a text", "critical", allowed=LOOPBACK)
    (got,) = webhooks.got
    assert (got["title"], got["message"], got["type"]) == ("a title", "a text", "failure")


def test_a_mail_arrives(mail: Receiver) -> None:
    send_message(mail.mail, "a title", "a text", "warning", allowed=LOOPBACK)
    (got,) = mail.got
    assert "Subject: a title" in got
    assert "a text" in got
    assert "To: ann@example.com" in got


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_server_that_says_no_has_not_taken_it(webhooks: Receiver, status: int) -> None:
    webhooks.statuses.append(status)
    with pytest.raises(MessageNotDelivered, match=f"{status}") as refused:
        send_message(webhooks.webhook, "t", "b", "info", allowed=LOOPBACK)
    assert refused.value.retryable
    assert "secret" not in str(refused.value)


def test_a_server_that_hangs_is_not_waited_for(webhooks: Receiver) -> None:
    webhooks.delay_seconds = 2
    begun = time.monotonic()
    with pytest.raises(MessageNotDelivered):
        send_message(webhooks.webhook, "t", "b", "info", allowed=LOOPBACK)
    assert time.monotonic() - begun < 1.9


def test_a_server_that_is_down_has_not_taken_it(webhooks: Receiver) -> None:
    with socket.create_server((LOOPBACK, 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(MessageNotDelivered):
        send_message(f"json://localhost:{port}/very-secret-token", "t", "b", "info", allowed=LOOPBACK)


def test_a_mail_that_is_refused_was_not_delivered(mail: Receiver) -> None:
    mail.refuse_mail = True
    with pytest.raises(MessageNotDelivered):
        send_message(mail.mail, "t", "b", "info", allowed=LOOPBACK)
    assert mail.got == []


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize("wish", ["", "&redirect=yes"])
def test_a_redirect_is_not_followed(webhooks: Receiver, status: int, wish: str) -> None:
    webhooks.statuses.append(status)
    with pytest.raises(MessageNotDelivered, match=f"{status}"):
        send_message(webhooks.webhook + wish, "t", "b", "info", allowed=LOOPBACK)
    assert len(webhooks.paths) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("scheme", ["jsons", "xmls", "forms", "gotifys", "mailto", "mailtos", "ntfys"])
def test_no_scheme_reaches_an_address_that_is_not_public(webhooks: Receiver, scheme: str, host: str) -> None:
    url = f"{scheme}://{host}:{webhooks.port}/very-secret-token?to=a@example.com&from=b@example.com&cto=0.5&rto=0.5"
    with pytest.raises((AddressRefused, InvalidInput, MessageNotDelivered)) as refused:
        send_message(url, "t", "b", "info")
    assert "secret" not in str(refused.value)
    assert webhooks.got == []


def test_the_refusal_names_the_address_and_the_way_to_allow_it(webhooks: Receiver) -> None:
    with pytest.raises(AddressRefused, match=r"leads to 127\.0\.0\.1.*--allow-address"):
        send_message(webhooks.webhook, "t", "b", "info", allowed="10.0.0.7")


@pytest.mark.parametrize(
    "address", ["10.0.0.7", "169.254.169.254", "192.168.1.1", "100.64.0.1", "224.0.0.1", "fd00::1"]
)
def test_private_addresses_are_refused_before_anything_is_sent(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    begun = time.monotonic()
    with pytest.raises(AddressRefused, match="not a public address"):
        send_message(f"jsons://{host}/hook?cto=5", "t", "b", "info")
    assert time.monotonic() - begun < 4


def test_a_name_is_judged_by_the_address_that_is_connected_to(
    webhooks: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["93.184.216.34", LOOPBACK, LOOPBACK, LOOPBACK])
    asked = []

    def rebinding(host: str, port: int, *_rest: object, **_named: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    socket.getaddrinfo("hooks.example.com", 443)  # a check made beforehand would see a public address
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        send_message(f"jsons://hooks.example.com:{webhooks.port}/x", "t", "b", "info")
    assert webhooks.got == []


@pytest.mark.parametrize(
    ("host", "allowed", "permitted"),
    [
        ("93.184.216.34", None, True),
        ("2606:2800:220:1::1", None, True),
        ("93.184.216.34", "10.0.0.7", True),
        ("10.0.0.7", "10.0.0.7", True),
        ("10.0.0.8", "10.0.0.7", False),
        ("::ffff:10.0.0.7", None, False),
        ("fe80::1%eth0", None, False),
        ("239.255.255.250", None, False),
        ("a.socket", None, False),
    ],
)
def test_an_address_is_permitted_if_public_or_allowed(host: str, allowed: str | None, permitted: bool) -> None:
    """Coverage cannot look into an audit hook, so what it decides is tried here as well."""
    assert notify._is_permitted(host, allowed) == permitted


def test_other_connections_of_the_process_are_left_alone(webhooks: Receiver) -> None:
    with pytest.raises(AddressRefused):
        send_message(f"jsons://localhost:{webhooks.port}/x", "t", "b", "info")
    with socket.create_connection((LOOPBACK, webhooks.port), timeout=5):
        pass


def test_a_plain_webhook_needs_an_allowed_address() -> None:
    with pytest.raises(AddressRefused, match="use jsons://"):
        check_url("json://hooks.example.com/x")
    check_url("json://hooks.example.com/x", "10.0.0.7")
    check_url("jsons://hooks.example.com/x")


@pytest.mark.parametrize("url", ["", "nonsense", "gopher://very-secret-token", "http://", "json://"])
def test_what_apprise_does_not_know_is_refused(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InvalidInput, match="as Apprise does") as refused:
        check_url(url)
    assert "secret" not in str(refused.value)


def test_an_allowed_address_is_an_address() -> None:
    with pytest.raises(InvalidInput, match="not an address"):
        check_url("jsons://hooks.example.com/x", "localhost")


def test_no_secret_of_a_url_is_logged_or_shown(webhooks: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    webhooks.statuses.append(500)
    url = f"json://ann:pass-very-secret@localhost:{webhooks.port}/very-secret-token"
    with pytest.raises(MessageNotDelivered) as refused:
        send_message(url, "t", "b", "info", allowed=LOOPBACK)
    assert "secret" not in f"{caplog.text} {refused.value} {mask_url(url)}"
