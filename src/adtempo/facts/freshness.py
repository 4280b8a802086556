"""How far the facts of accounts reach."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from adtempo.domain.accounts import Account, AccountRef
from adtempo.store.ledger import load_batches


def load_heard(connection: Connection, as_of: datetime) -> dict[AccountRef, datetime]:
    """Return when each account was last heard, as known at a moment; one never heard is absent."""
    latest: dict[AccountRef, datetime] = {}
    for batch in load_batches(connection, ("file", "sync")):
        if batch.undone_by is None and batch.observed_at <= as_of:
            for text in batch.accounts:
                ref = AccountRef(*text.split(":", 1))
                latest[ref] = max(batch.observed_at, latest.get(ref, batch.observed_at))
    return latest


def last_ended(account: Account, moment: datetime) -> date:
    """Return the last local day of an account that is over at a moment."""
    return moment.astimezone(account.zone).date() - timedelta(days=1)


def last_heard_day(account: Account, heard: Mapping[AccountRef, datetime], moment: datetime) -> date:
    """Return the last local day that was over when the account was last heard; if it never was, that is over now."""
    return last_ended(account, min(heard.get(account.ref, moment), moment))
