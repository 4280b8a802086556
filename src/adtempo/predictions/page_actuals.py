"""What a creator's page earned in a window, once its sales have come in."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from adtempo.domain.hourweek import day_bounds
from adtempo.domain.predictions import Actual, Prediction
from adtempo.store.ledger import last_batch, load_batches
from adtempo.store.messages import load_messages, load_page
from adtempo.store.page_schedules import is_withdrawn

SALES_SETTLE = timedelta(days=3)
"""So long after a week its messages may still sell; a report must be younger than that to count."""


def load_page_actual(connection: Connection, claim: Prediction, now: datetime) -> Actual | None:
    """Return the revenue of a page's window, no value for a withdrawn plan; None while no report is late enough."""
    assert claim.scope.page_name is not None, "the claim is about a page"
    if is_withdrawn(connection, claim.prediction_id):
        return Actual(None, maturity=1.0, as_of=now, batch=last_batch(connection))
    page = load_page(connection, claim.scope.page_name)
    zone = ZoneInfo(page.timezone)
    begins, ends = day_bounds(claim.since, zone)[0], day_bounds(claim.until, zone)[1]
    name = f"page:{page.page_name}"
    reports = [
        batch.observed_at
        for batch in load_batches(connection, ("messages",))
        if batch.undone_by is None and name in batch.accounts and batch.observed_at <= now
    ]
    if max(reports, default=begins) < ends + SALES_SETTLE:
        return None
    earned = sum(
        one.revenue_micros
        for one in load_messages(connection, page.page_name, as_of=now)
        if begins <= one.sent_at < ends
    )
    return Actual(float(earned), maturity=1.0, as_of=now, batch=last_batch(connection))
