"""Reading every account that can be read, by hand or by the clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from adtempo.accounts.run import load_accounts
from adtempo.domain.accounts import Account
from adtempo.facts.sync import sync_accounts
from adtempo.platforms.readers import READERS, open_reader
from adtempo.store.ledger import Batch

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace

SANDBOX = "sandbox"


def source_folder(workspace: Workspace, source: str) -> Path:
    """Return the folder in which a source may keep its state."""
    return workspace.home / source


def list_readable(workspace: Workspace) -> list[Account]:
    """Return the accounts whose source has a reader."""
    sources = {name for name, _ in READERS}
    return [account for account in load_accounts(workspace) if account.source in sources]


def sync_sources(
    workspace: Workspace,
    accounts: Collection[Account],
    *,
    actor: str,
    now: datetime,
    since: date | None = None,
    until: date | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> list[Batch]:
    """Read accounts from their sources and publish what changed, one batch per source.

    Args:
        workspace: What is open.
        accounts: Which accounts.
        actor: Who or what asks.
        now: The moment of reading, aware.
        since: First local day; None for as far back as platforms restate.
        until: Last local day; None for today in each account's zone.
        progress: Called with the share done, 0 to 1.

    Raises:
        NotFound: A source cannot be read.
        PlatformUnavailable: A platform does not answer.
        LeaseBusy: Somebody else is writing facts of one of the accounts.
    """
    sources = sorted({account.source for account in accounts})
    batches = []
    for place, source in enumerate(sources):

        def report(share: float, place: int = place) -> None:
            progress((place + share) / len(sources))

        batches.append(
            sync_accounts(
                workspace.ledger,
                open_reader(source, source_folder(workspace, source)),
                [account for account in accounts if account.source == source],
                actor=actor,
                now=now,
                since=since,
                until=until,
                progress=report,
            )
        )
    return batches


def sync_hourly(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    """Read every account for one slot.

    A missed hour of a simulated market is read as it was then; a platform shows only what it shows now.
    """
    readable = list_readable(workspace)
    simulated = [account for account in readable if account.source == SANDBOX]
    real = [account for account in readable if account.source != SANDBOX]
    batches = sync_sources(workspace, simulated, actor=turn.actor, now=turn.slot)
    batches += sync_sources(workspace, real, actor=turn.actor, now=workspace.now())
    return _summary(readable, batches)


def sync_at_once(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    """Read every account as it is now."""
    readable = list_readable(workspace)
    return _summary(readable, sync_sources(workspace, readable, actor=turn.actor, now=workspace.now()))


def _summary(accounts: Collection[Account], batches: Collection[Batch]) -> Mapping[str, object]:
    return {
        "accounts": len(accounts),
        "batches": [batch.batch for batch in batches],
        "posted": sum(batch.posted for batch in batches),
    }
