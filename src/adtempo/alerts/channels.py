"""Where people want to hear of alerts: added and removed by admins, tried with one button, never shown whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adtempo.alerts.deliver import SEALED_FOR, Send
from adtempo.domain.accounts import AccountRef
from adtempo.domain.alerts import Channel, Digest, QuietHours, Severity
from adtempo.domain.errors import AdtempoError, InvalidInput
from adtempo.notify import check_url, mask_url, send_message
from adtempo.store import accounts as stored_accounts
from adtempo.store import channels as stored
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction
from adtempo.store.sealed import seal, unseal

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ChannelWish:
    """A channel as somebody asks for it.

    Attributes:
        name: What to call it.
        url: Where messages go, as Apprise writes it; holds secrets.
        severity: The least severity that it wants to hear of.
        account: Only news of this account, by its id or as platform:account.
        digest: How long news that is not critical is gathered.
        quiet: When only critical news is sent.
        allowed_address: The one private address that may be connected to.
    """

    name: str
    url: str
    severity: Severity = Severity.WARNING
    account: str | None = None
    digest: Digest = Digest.NONE
    quiet: QuietHours | None = None
    allowed_address: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """How a channel took a test message.

    Attributes:
        channel: Its name.
        error: Why it did not take it; None if it did.
    """

    channel: str
    error: str | None


def add_channel(workspace: Workspace, wish: ChannelWish, *, actor: str) -> Channel:
    """Add a channel and return it; nothing is sent to it yet.

    Raises:
        InvalidInput: The URL is none that messages can be sent to.
        AddressRefused: It is a webhook without TLS to an address that nobody allowed.
        NotFound: There is no such account.
        Conflict: The name is taken.
    """
    if not wish.name.strip():
        raise InvalidInput("a channel needs a name")
    check_url(wish.url, wish.allowed_address)
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        account: AccountRef | None = None
        if wish.account is not None:
            account = stored_accounts.find_account(connection, wish.account).ref
        channel = Channel(0, wish.name, mask_url(wish.url), wish.severity, account, wish.digest, wish.quiet)
        asked = stored.StoredChannel(channel, None, wish.allowed_address)
        added = stored.insert_channel(connection, asked, by=actor, at=now).channel
        sealed = seal(workspace.secret_key, wish.url, SEALED_FOR.format(id=added.id))
        stored.seal_channel(connection, added.id, sealed)
        detail = {"address": added.address, "account": str(account or ""), "allowed_address": wish.allowed_address}
        append_audit(connection, at=now, actor=actor, action="channel.added", subject=added.name, detail=detail)
    return added


def remove_channel(workspace: Workspace, name: str, *, actor: str) -> None:
    """Take a channel out of use and forget its URL.

    Raises:
        NotFound: There is no such channel.
    """
    now = workspace.now()
    with transaction(workspace.engine) as connection:
        removed = stored.remove_channel(connection, name, now)
        detail = {"address": removed.address}
        append_audit(connection, at=now, actor=actor, action="channel.removed", subject=name, detail=detail)


def load_channels(workspace: Workspace) -> list[Channel]:
    """Return the channels in use, in the order of their names."""
    with reading(workspace.engine) as connection:
        return [found.channel for found in stored.load_channels(connection)]


def try_channels(
    workspace: Workspace, name: str | None = None, *, actor: str, send: Send = send_message
) -> list[Trial]:
    """Send a test message to one channel or to all, at once, and say how each took it.

    Args:
        name: Which channel; None = all.

    Raises:
        NotFound: There is no such channel.
    """
    now = workspace.now()
    with reading(workspace.engine) as connection:
        wanted = stored.load_channels(connection) if name is None else [stored.load_channel(connection, name)]
    trials = []
    for found in wanted:
        channel, error = found.channel, None
        try:
            assert found.sealed_url is not None, "a channel in use has its URL"
            url = unseal(workspace.secret_key, found.sealed_url, SEALED_FOR.format(id=channel.id))
            body = f"{actor} asked whether the channel {channel.name!r} works. It does; nothing is wrong."
            send(url, "adtempo: test", body, Severity.INFO.value, allowed=found.allowed_address)
        except AdtempoError as problem:
            error = problem.message
        trials.append(Trial(channel.name, error))
        with transaction(workspace.engine) as connection:
            detail = {"error": error}
            append_audit(connection, at=now, actor=actor, action="channel.tested", subject=channel.name, detail=detail)
    return trials
