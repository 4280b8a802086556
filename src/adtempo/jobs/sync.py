"""Reading every account that can be read, by hand or by the clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from adtempo.accounts.run import load_accounts
from adtempo.domain.accounts import Account
from adtempo.platforms.readers import READERS
from adtempo.store.ledger import Batch
from adtempo.tracking.sync import FROM_SANDBOX, sync_sources

if TYPE_CHECKING:
    from adtempo.jobs.runner import Turn
    from adtempo.workspace import Workspace


def list_readable(workspace: Workspace) -> list[Account]:
    """Return the accounts whose source has a reader."""
    sources = {name for name, _ in READERS}
    return [account for account in load_accounts(workspace) if account.source in sources]


def sync_hourly(workspace: Workspace, turn: Turn) -> Mapping[str, object]:
    """Read every account for one slot.

    A missed hour of a simulated market is read as it was then; a platform shows only what it shows now.
    """
    readable = list_readable(workspace)
    simulated = [account for account in readable if account.source == FROM_SANDBOX]
    real = [account for account in readable if account.source != FROM_SANDBOX]
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
