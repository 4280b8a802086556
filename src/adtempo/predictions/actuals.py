"""What a prediction's window came to, once platforms do not restate it any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.hourweek import day_bounds
from adtempo.domain.metrics import blend, find_metric, value_of
from adtempo.domain.panels import Quantities
from adtempo.domain.predictions import Actual, Prediction
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.predictions.compare import LoadActual
from adtempo.store.accounts import load_accounts
from adtempo.store.engine import reading
from adtempo.store.ledger import Batch, last_batch, load_batches

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

DELIVERY_SETTLES = timedelta(days=3)
"""Platforms still correct impressions, clicks and spend for about so long."""

CONVERSIONS_SETTLE = timedelta(days=28)
"""The longest attribution window: what comes later is not credited to the window any more."""


def actuals_of(workspace: Workspace) -> LoadActual:
    """Return what says what came true, as known now.

    A window is mature when every account that it is about was heard again after the time in which its platform may
    still restate it. A window of which nothing is known stays open.
    """
    now = workspace.now()
    with reading(workspace.engine) as connection:
        accounts = load_accounts(connection)
        batch = last_batch(connection)
        heard = _last_heard(load_batches(connection, ("file", "sync")), now)

    def load_actual(prediction: Prediction) -> Actual | None:
        scope = prediction.scope
        meant = [one for one in accounts if one.ref.platform == scope.platform and scope.account in (None, one.ref)]
        if not all(_is_settled(prediction, account, heard) for account in meant):
            return None
        query = FactQuery(
            by=("platform", "account_id"),
            since=prediction.since,
            until=prediction.until,
            campaigns=None if scope.campaign is None else [scope.campaign],
            accounts=[account.ref for account in meant],
            as_of=now,
            batch=batch,
        )
        rows = list(load_fact_table(workspace.ledger, query).rows())
        if not rows:
            return None
        value = value_of(find_metric(prediction.metric), _add_up(rows, accounts))
        return Actual(None if value is None else float(value), maturity=1.0, as_of=now, batch=batch)

    return load_actual


def _is_settled(prediction: Prediction, account: Account, heard: Mapping[AccountRef, datetime]) -> bool:
    metric = find_metric(prediction.metric)
    late = "conversion" in f"{metric.numerator} {metric.denominator}"
    end = day_bounds(prediction.until, account.zone)[1]
    settled_at = end + (CONVERSIONS_SETTLE if late else DELIVERY_SETTLES)
    return account.ref in heard and heard[account.ref] >= settled_at


def _last_heard(batches: Sequence[Batch], now: datetime) -> dict[AccountRef, datetime]:
    latest: dict[AccountRef, datetime] = {}
    for batch in batches:
        if batch.undone_by is None and batch.observed_at <= now:
            for text in batch.accounts:
                ref = AccountRef(*text.split(":", 1))
                latest[ref] = max(batch.observed_at, latest.get(ref, batch.observed_at))
    return latest


def _add_up(rows: Iterable[tuple[tuple[str, str], Quantities]], accounts: Iterable[Account]) -> Quantities:
    currencies = {account.ref: account.currency for account in accounts}
    return blend((currencies[AccountRef(*key)], figures) for key, figures in rows)[1]
