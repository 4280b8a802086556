"""What the processes of the chaos test do: write facts whose total anybody can work out from their batch row.

What an account shows at a moment follows from the moment alone, so that a reader needs nothing but the newest batch of
an account to know what its spend adds up to.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.errors import AdtempoError
from adtempo.facts import compact, publish, sweep
from adtempo.facts.ingest import ingest_differences
from adtempo.facts.ledger import Ledger, Snapshot, open_workbench
from adtempo.facts.publish import Origin, open_workplace, publish_batch, writing
from adtempo.facts.sync import sync_accounts
from adtempo.platforms.base import ATTRIBUTE_SCHEMA, Coverage, Observation
from adtempo.store.engine import open_engine, reading
from adtempo.store.ledger import load_batches
from strategies_facts import LOOKED_AT, START, FactRow, OneLook, facts

ACCOUNTS = tuple(Account(AccountRef("meta", name), "UTC", "EUR") for name in ("1", "2"))
SLOTS = range(0, 48, 4)
GRACE_SECONDS = 3


def shown(account: Account, at: datetime) -> list[FactRow]:
    """Return what an account shows at a moment: some of its slots, with some spend."""
    chance = random.Random(f"{account.ref} {at.isoformat()}")
    looked = (at - LOOKED_AT) / timedelta(hours=1)
    return [
        FactRow(slot, looked, (None, None, chance.randrange(1, 100), None, None), campaign, account=account)
        for campaign in ("c1", "c2")
        for slot in SLOTS
        if chance.random() < 0.7
    ]


def total(account: Account, at: datetime) -> int:
    """Return the spend that an account shows at a moment."""
    return sum(row.values[2] or 0 for row in shown(account, at))


def import_once(ledger: Ledger, account: Account) -> None:
    """Publish what an account shows now as the import of a file; slots that it does not show are zero."""
    with (
        open_workplace(ledger) as place,
        open_workbench(ledger.directory, place.staging) as con,
        writing(ledger, place, [account.ref]) as held,
    ):
        now = datetime.now(UTC)
        rows = shown(account, now)
        there = {(row.campaign, row.slot) for row in rows}
        rows += [
            FactRow(slot, rows[0].looked, (None, None, 0, None, None), campaign, account=account)
            for campaign in ("c1", "c2")
            for slot in SLOTS
            if (campaign, slot) not in there
        ]
        con.register("incoming", facts(rows))
        draft = ingest_differences(con, ledger, place.staging, covered=False)
        publish_batch(ledger, held, Origin("file", "chaos", "me", now, now), draft, accounts=[account])


def sync_once(ledger: Ledger, account: Account) -> None:
    """Publish what an account shows now as a sync; one that was overtaken by a later look counts at its own time."""
    now = datetime.now(UTC)
    start = START.replace(tzinfo=None)
    coverage = Coverage(account.ref, "campaign", "hour", "", start, start + timedelta(days=2), ("spend_micros",), now)
    observation = Observation(facts(shown(account, now)), ATTRIBUTE_SCHEMA.empty_table(), (coverage,))
    sync_accounts(ledger, OneLook(observation), [account], actor="me", now=now)


def compact_once(ledger: Ledger, _account: Account) -> None:
    """Write the ledger's files anew."""
    compact.compact_ledger(
        ledger, actor="me", now=START + timedelta(days=random.choice([5, 80]))
    )  # as days, then as months


def sweep_once(ledger: Ledger, _account: Account) -> None:
    """Remove what nobody needs."""
    sweep.sweep_ledger(ledger, now=datetime.now(UTC))


DEEDS = (import_once, import_once, sync_once, sync_once, compact_once, sweep_once)


def shorten_patience() -> None:
    """Let leases and replaced files last for seconds, since here their holders really are killed."""
    publish.ACCOUNT_TTL = timedelta(seconds=0.5)
    publish.WORK_TTL = sweep.SWEEP_TTL = sweep.GRACE = timedelta(seconds=GRACE_SECONDS)
    compact.FILE_ROWS, compact.MERGE_FILES = 100, 3


def work(url: str, directory: str, seed: int) -> None:
    """Do one deed after another until killed; what others hold or took is left to them."""
    shorten_patience()
    chance = random.Random(seed)
    ledger = Ledger(Path(directory), open_engine(url))
    while True:
        try:
            chance.choice(DEEDS)(ledger, chance.choice(ACCOUNTS))
        except AdtempoError as error:
            if not error.retryable and type(error).__name__ not in ("Conflict", "LedgerDamaged"):
                raise


def newest_looks(connection: Connection) -> dict[Account, datetime]:
    """Return when each account was last looked at, by any published batch."""
    batches = load_batches(connection)
    return {
        account: max(batch.observed_at for batch in batches if batch.accounts == [str(account.ref)])
        for account in ACCOUNTS
        if any(batch.accounts == [str(account.ref)] for batch in batches)
    }


def expected_and_found(engine: Engine, ledger: Ledger) -> tuple[Sequence[int], Sequence[int]]:
    """Return each account's total as its newest look says, and as the postings of the same snapshot add up to."""
    with reading(engine) as connection:
        looks = newest_looks(connection)
        snapshot: Snapshot = ledger.snapshot(connection=connection)
    with ledger.reading(snapshot) as cursor:
        sums = dict(cursor.execute("SELECT account_id, sum(spend_micros)::BIGINT FROM ledger GROUP BY 1").fetchall())
    accounts = list(looks)
    return [total(a, looks[a]) for a in accounts], [sums.get(a.ref.account_id, 0) for a in accounts]
