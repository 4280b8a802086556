"""Reading accounts from wherever their facts come from: a platform, or the market that stands in for one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from adtempo.domain.accounts import Account
from adtempo.facts.sync import sync_accounts
from adtempo.platforms.readers import open_reader
from adtempo.store.ledger import Batch

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

FROM_FILES = "file"
"""Source of accounts whose facts people import; nothing can be asked for them."""

FROM_SANDBOX = "sandbox"
"""Source of accounts that exist in the simulated market only."""


def source_folder(workspace: Workspace, source: str) -> Path:
    """Return the folder in which a source may keep its state."""
    return workspace.home / source


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
