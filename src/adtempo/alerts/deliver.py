"""Sending what there is to say: each message noted before it goes, its outcome afterwards; at least once.

Killed between sending and noting, a message falls due again and is sent a second time under the id that it carries.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from traceback import format_tb
from typing import TYPE_CHECKING, Protocol

import structlog

from adtempo.alerts.decide import ATTEMPTS_MAX, RETRY_FIRST, Message, plan_messages, retry_at
from adtempo.alerts.open import raise_alert, resolve_alert
from adtempo.alerts.wording import write_message
from adtempo.domain.accounts import AccountRef
from adtempo.domain.alerts import Digest, Finding, Severity
from adtempo.domain.errors import AdtempoError
from adtempo.notify import send_message
from adtempo.store import alerts as stored_alerts
from adtempo.store import channels as stored
from adtempo.store.accounts import load_accounts
from adtempo.store.audit import append_audit
from adtempo.store.channels import Delivery, StoredChannel
from adtempo.store.engine import transaction
from adtempo.store.sealed import unseal

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from adtempo.workspace import Workspace

RESOLVED_FOR = timedelta(days=7)
"""So long after an alert is gone its end may still be told, to channels that were told of it."""

SEALED_FOR = "alert channel {id}"
"""What a channel's URL is bound to."""

log = structlog.get_logger()


class Send(Protocol):
    """Sends one message, or raises why it could not."""

    def __call__(
        self, url: str, title: str, body: str, severity: str, *, allowed: str | None, html: str | None = None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What a run of deliveries did.

    Attributes:
        written: Messages that were written now.
        sent: Messages that a channel took.
        failed: Attempts that failed.
    """

    written: int
    sent: int
    failed: int


def deliver_alerts(workspace: Workspace, *, actor: str, send: Send = send_message) -> Sent:
    """Write the messages that are due, and send them and those that failed before.

    Args:
        actor: Who does it, for the audit log.
    """
    written = _write_messages(workspace)
    sent = failed = 0
    failing: set[int] = set()
    while (claimed := _claim(workspace, failing)) is not None:
        delivery, channel = claimed
        error = _try(workspace, delivery, channel, send)
        if error is None:
            sent += 1
            _note_sent(workspace, delivery, channel)
        else:
            failed += 1
            failing.add(delivery.channel_id)  # its other messages wait, instead of each running into the same time-out
            _note_failed(workspace, delivery, channel, error, actor)
    return Sent(written, sent, failed)


def queue_report(connection: Connection, title: str, body: str, html: str, now: datetime) -> int:
    """Queue a report for every channel that hears of everything once a day; return how many those are.

    Args:
        connection: Of a writing transaction.
        body: Plain text, for channels that are not mail.
        html: The report as a mail shows it.
    """
    daily = [
        one.channel
        for one in stored.load_channels(connection)
        if one.channel.digest is Digest.DAY and one.channel.account is None
    ]
    for channel in daily:
        delivery = Delivery(
            id=uuid.uuid4().hex[:12],
            channel_id=channel.id,
            status="waiting",
            severity=Severity.INFO.value,
            title=title,
            body=body,
            alerts=0,
            created_at=now,
            due_at=now,
            attempts=0,
            html=html,
        )
        stored.insert_delivery(connection, delivery, ())
    return len(daily)


def _write_messages(workspace: Workspace) -> int:
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        channels = [found.channel for found in stored.load_channels(connection, lock=True)]
        alerts = stored_alerts.load_newsworthy(connection, now - RESOLVED_FOR)
        told = stored.load_told(connection, now - RESOLVED_FOR)
        zones: dict[AccountRef | None, tzinfo] = {one.ref: one.zone for one in load_accounts(connection)}
        messages = plan_messages(alerts, channels, told, lambda ref: zones.get(ref, UTC), now)
        for message in messages:
            _write(connection, message, now)
    return len(messages)


def _write(connection: Connection, message: Message, now: datetime) -> None:
    title, body = write_message(message)
    number = uuid.uuid4().hex[:12]
    worst = max((said.alert.finding.severity for said in message.announcements), key=lambda one: one.rank)
    delivery = Delivery(
        id=number,
        channel_id=message.channel.id,
        status="waiting",
        severity=worst.value,
        title=title,
        body=f"{body}\nMessage {number}",
        alerts=len(message.announcements),
        created_at=now,
        due_at=now,
        attempts=0,
    )
    stored.insert_delivery(connection, delivery, [(said.alert, said.news) for said in message.announcements])


def _claim(workspace: Workspace, failing: Collection[int]) -> tuple[Delivery, StoredChannel] | None:
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        delivery = stored.claim_delivery(connection, now, RETRY_FIRST, leave_out=failing)
        if delivery is None:
            return None
        return delivery, stored.load_channel_of(connection, delivery)


def _try(workspace: Workspace, delivery: Delivery, channel: StoredChannel, send: Send) -> str | None:
    """Make one attempt; return why it failed, or None."""
    if delivery.attempts > ATTEMPTS_MAX:
        return f"in {ATTEMPTS_MAX} attempts the process never came back to say how it went"
    try:
        url = unseal(workspace.secret_key, channel.sealed_url or b"", SEALED_FOR.format(id=delivery.channel_id))
        send(
            url,
            delivery.title,
            delivery.body,
            delivery.severity,
            allowed=channel.allowed_address,
            html=delivery.html,
        )
    except AdtempoError as problem:
        return problem.message
    except Exception as problem:  # noqa: BLE001 - a library's fault must not keep other channels from hearing
        # Where, but no message and no local variables: those hold the URL.
        where = "".join(format_tb(problem.__traceback__))
        log.error("alert_channel_failed", channel=channel.channel.name, error=type(problem).__name__, where=where)  # noqa: TRY400
        return f"{type(problem).__name__} while sending; the server's log says more"
    return None


def _note_sent(workspace: Workspace, delivery: Delivery, channel: StoredChannel) -> None:
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        stored.finish_delivery(connection, delivery, at=now)
        resolve_alert(connection, _failing(channel.channel.name), now=now)


def _note_failed(workspace: Workspace, delivery: Delivery, channel: StoredChannel, error: str, actor: str) -> None:
    now = workspace.now()
    again = retry_at(delivery.attempts, now)
    with transaction(workspace.engine) as connection:
        stored.fail_delivery(connection, delivery, error=error, due_at=again)
        if again is None:
            raise_alert(connection, _failing(channel.channel.name), now=now)
            append_audit(
                connection,
                at=now,
                actor=actor,
                action="alert.undelivered",
                subject=channel.channel.name,
                detail={"message": delivery.id, "attempts": delivery.attempts, "error": error},
            )


def _failing(name: str) -> Finding:
    said = f"The channel {name!r} took no message in {ATTEMPTS_MAX} attempts; try it with: adtempo alerts test {name}"
    return Finding("channel_failing", Severity.WARNING, said, detail=name)
