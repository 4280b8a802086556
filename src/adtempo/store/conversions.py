"""Conversions that the advertiser counted itself, and the exchange rates to blend currencies with.

Nothing is overwritten: a conversion that comes again with other content is one more row, and the latest observation
counts. Undoing an import marks its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Index,
    Row,
    Table,
    Text,
    func,
    select,
    tuple_,
)

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.store.engine import Identifier, UtcTime, metadata
from adtempo.store.observations import Recorded, record_observations, standing
from adtempo.store.rows import campaign_key, campaign_of, of_any, read_row, row_of

conversions = Table(
    "conversions",
    metadata,
    Column("platform", Identifier, primary_key=True),
    Column("account_id", Identifier, primary_key=True),
    Column("conversion_id", Identifier, primary_key=True),
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("campaign_id", Identifier, nullable=False),
    Column("ad_id", Identifier),
    Column("click_time", UtcTime),
    Column("conversion_time", UtcTime, nullable=False),
    Column("value_micros", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("undone_by", BigInteger),
    campaign_key(),
    CheckConstraint("conversion_id <> ''", name="identified"),
    CheckConstraint("ad_id <> ''", name="ad_identified"),
    CheckConstraint("click_time <= conversion_time", name="click_first"),
    CheckConstraint("value_micros >= 0", name="value_not_negative"),
    CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name="currency_coded"),
    CheckConstraint("batch > 0", name="batch_positive"),
    CheckConstraint("undone_by > batch", name="undone_later"),
    Index("ix_conversions_campaign", "platform", "account_id", "campaign_id", "conversion_time"),
    Index("ix_conversions_batch", "batch"),
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("date", Date, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("base", Text, primary_key=True),
    Column("batch", BigInteger, primary_key=True, autoincrement=False),
    Column("rate", Text, nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("undone_by", BigInteger),
    CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name="currency_coded"),
    CheckConstraint("length(base) = 3 AND base = upper(base)", name="base_coded"),
    CheckConstraint("currency <> base", name="two_currencies"),
    CheckConstraint("CAST(rate AS NUMERIC) > 0 AND CAST(rate AS NUMERIC) < 1e12", name="rate_positive"),
    CheckConstraint("batch > 0", name="batch_positive"),
    CheckConstraint("undone_by > batch", name="undone_later"),
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """One conversion that the advertiser counted itself.

    Attributes:
        campaign: What it is credited to.
        conversion_id: The advertiser's own id, unique in the account.
        conversion_time: When it happened, aware.
        value_micros: Worth, in micros of `currency`.
        currency: ISO 4217, not necessarily the account's.
        observed_at: When it was reported, aware.
        click_time: When the ad was clicked, where known.
        ad_id: Which ad, where known.
    """

    campaign: CampaignRef
    conversion_id: str
    conversion_time: datetime
    value_micros: int
    currency: str
    observed_at: datetime
    click_time: datetime | None = None
    ad_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """What one unit of `base` was worth on a day: `rate` units of `currency`."""

    date: date
    currency: str
    base: str
    rate: Decimal
    observed_at: datetime


def record_conversions(connection: Connection, found: Sequence[Conversion], *, batch: int) -> Recorded:
    """Keep the conversions that are new or differ from what is known; ids deduplicate."""
    rows = [row_of(conversions, one, **asdict(one.campaign)) for one in found]
    among = of_any(conversions, {one.campaign.account for one in found})
    return record_observations(connection, conversions, rows, batch=batch, among=among)


def load_conversions(
    connection: Connection,
    *,
    within: Collection[AccountRef] | None = None,
    campaigns: Collection[CampaignRef] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
    batch: int | None = None,
) -> list[Conversion]:
    """Return conversions, each as it was last reported, in the order of their time.

    Args:
        within: Only of these accounts; None = all.
        campaigns: Only of these campaigns; None = all.
        since: Converted at or after this moment.
        as_of: Leave out what was observed later.
        batch: Leave out what later batches brought or took back.
    """
    table = conversions.c
    key = (table.platform, table.account_id, table.conversion_id)
    newest = (table.observed_at.desc(), table.batch.desc())
    place = func.row_number().over(partition_by=key, order_by=newest).label("place")
    known = select(*table, place).where(standing(conversions, batch))
    if within is not None:
        known = known.where(of_any(conversions, within))
    if as_of is not None:
        known = known.where(table.observed_at <= as_of)
    latest = known.subquery()
    query = select(latest).where(latest.c.place == 1)
    if campaigns is not None:
        keys = [(ref.platform, ref.account_id, ref.campaign_id) for ref in campaigns]
        query = query.where(tuple_(latest.c.platform, latest.c.account_id, latest.c.campaign_id).in_(keys))
    if since is not None:
        query = query.where(latest.c.conversion_time >= since)
    if until is not None:
        query = query.where(latest.c.conversion_time < until)
    query = query.order_by(latest.c.conversion_time, latest.c.conversion_id)
    return [_conversion(row) for row in connection.execute(query)]


def record_rates(connection: Connection, found: Iterable[ExchangeRate], *, batch: int) -> Recorded:
    """Keep the exchange rates that are new or differ from what is known."""
    rows = [row_of(exchange_rates, one, rate=str(one.rate.normalize())) for one in found]
    return record_observations(connection, exchange_rates, rows, batch=batch)


def load_rates(
    connection: Connection, *, as_of: datetime | None = None, batch: int | None = None
) -> list[ExchangeRate]:
    """Return every exchange rate as it was last reported by a moment and up to a batch, by day."""
    table = exchange_rates.c
    query = select(exchange_rates).where(standing(exchange_rates, batch))
    if as_of is not None:
        query = query.where(table.observed_at <= as_of)
    latest: dict[tuple[Any, ...], Row[Any]] = {}
    for row in connection.execute(
        query.order_by(table.date, table.currency, table.base, table.observed_at, table.batch)
    ):
        latest[row.date, row.currency, row.base] = row
    return [read_row(ExchangeRate, row, rate=Decimal(row.rate)) for row in latest.values()]


def _conversion(row: Row[Any]) -> Conversion:
    return read_row(Conversion, row, campaign=campaign_of(row))
