"""Reading platforms into the ledger: fetch what an account shows, post what changed, note what was covered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import duckdb
import pyarrow as pa

from adtempo.domain.accounts import Account
from adtempo.facts.ingest import Draft, coverage_row, coverage_table, ingest_differences
from adtempo.facts.ledger import Ledger, attach, open_workbench, query
from adtempo.facts.publish import Origin, Writing, open_workplace, publish_batch, writing
from adtempo.platforms.base import Coverage, Observation, Reader
from adtempo.store.ledger import Batch

LOOK_BACK = timedelta(days=28)
"""How far back a sync reads again: platforms restate conversions for about that long."""


def sync_accounts(
    ledger: Ledger,
    reader: Reader,
    accounts: Sequence[Account],
    *,
    actor: str,
    now: datetime,
    since: date | None = None,
    until: date | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> Batch:
    """Read accounts as their platform shows them at `now` and publish the differences as one batch.

    Args:
        ledger: Where to.
        reader: Of the platform that all the accounts live on.
        accounts: Whose facts, at least one.
        actor: Who or what asks.
        now: The moment, aware.
        since: First local day; None means LOOK_BACK before `until`.
        until: Last local day; None means today in each account's zone.
        progress: Called with the share done, 0 to 1.

    Raises:
        PlatformUnavailable: The platform does not answer.
        LeaseBusy: Somebody else is syncing or importing one of the accounts.
        AccountChanged: An account has another time zone or currency than before.
    """
    seen = []
    for position, account in enumerate(accounts):
        last = until or now.astimezone(account.zone).date()
        seen.append(reader.fetch_observation(account, since or last - LOOK_BACK, last, now))
        progress(0.5 * (position + 1) / len(accounts))
    coverage = [look for observation in seen for look in observation.coverage]
    with open_workplace(ledger) as place, writing(ledger, place, [account.ref for account in accounts]) as held:
        draft = _post_observations(ledger, held, seen, coverage, progress)
        names = ", ".join(str(account.ref) for account in accounts)
        return publish_batch(
            ledger,
            held,
            Origin("sync", names, actor, now, now),
            draft,
            accounts=accounts,
            attributes=pa.concat_tables([observation.attributes for observation in seen]),
            coverage=coverage,
        )


def _post_observations(
    ledger: Ledger,
    held: Writing,
    seen: Sequence[Observation],
    coverage: Sequence[Coverage],
    progress: Callable[[float], None],
) -> Draft:
    with open_workbench(ledger.directory, held.place.staging) as con:
        con.register("shown", pa.concat_tables([observation.facts for observation in seen]))
        con.execute("CREATE TEMP TABLE incoming AS FROM shown")
        _add_withdrawn(con, ledger, coverage)
        return ingest_differences(
            con, ledger, held.place.staging, covered=True, progress=lambda share: progress(0.5 + 0.5 * share)
        )


def _add_withdrawn(con: duckdb.DuckDBPyConnection, ledger: Ledger, coverage: Sequence[Coverage]) -> None:
    """Add zeros for rows that were shown before and are not shown now, inside what was covered."""
    if not coverage:
        return
    con.register("asked", coverage_table([coverage_row(look) for look in coverage]))
    since = min(look.slot_from for look in coverage).date() - timedelta(days=1)
    until = max(look.slot_to for look in coverage).date() + timedelta(days=1)
    attach(con, ledger.directory, ledger.snapshot(since=since, until=until))
    con.execute(query("withdrawn"))
