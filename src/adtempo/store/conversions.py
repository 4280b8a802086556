"""Conversions that the advertiser counted itself, and the exchange rates to blend currencies with.

Nothing is overwritten: a conversion that comes again with other content is one more row, and the latest observation
counts. Undoing an import marks its rows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    Date,
    ForeignKeyConstraint,
    Index,
    Row,
    Table,
    Text,
    func,
    or_,
    select,
    tuple_,
)

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.store.engine import Identifier, UtcTime, metadata

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
    ForeignKeyConstraint(
        ["platform", "account_id", "campaign_id"],
        ["campaigns.platform", "campaigns.account_id", "campaigns.campaign_id"],
    ),
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


Report = TypeVar("Report", Conversion, ExchangeRate)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of rows: new ones, ones that correct what was known, and ones that were known already."""

    posted: int
    restated: int
    unchanged: int


def record_conversions(connection: Connection, found: Sequence[Conversion], *, batch: int) -> Recorded:
    """Keep the conversions that are new or differ from what is known; ids deduplicate.

    Args:
        connection: Of a writing transaction that holds the accounts' leases.
        found: Conversions of registered campaigns; an id occurs once per account.
        batch: The batch that brings them.
    """
    accounts = {(conversion.campaign.platform, conversion.campaign.account_id) for conversion in found}
    query = select(conversions).where(
        tuple_(conversions.c.platform, conversions.c.account_id).in_(accounts), _standing(conversions, None)
    )
    known = defaultdict(list)
    for row in connection.execute(query.order_by(conversions.c.observed_at, conversions.c.batch)):
        old = _conversion(row)
        known[old.campaign.account, old.conversion_id].append(old)
    posted, restated = [], 0
    for conversion in found:
        reports = known[conversion.campaign.account, conversion.conversion_id]
        if not _repeats(conversion, reports):
            restated += bool(reports)
            posted.append({**_conversion_row(conversion), "batch": batch})
    if posted:
        connection.execute(conversions.insert(), posted)
    return Recorded(len(posted) - restated, restated, len(found) - len(posted))


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
        connection: Any connection.
        within: Only of these accounts; None = all.
        campaigns: Only of these campaigns; None = all.
        since: Converted at or after this moment.
        until: Converted before this moment.
        as_of: Leave out what was observed later.
        batch: Leave out what later batches brought or took back.
    """
    table = conversions.c
    key = (table.platform, table.account_id, table.conversion_id)
    newest = (table.observed_at.desc(), table.batch.desc())
    place = func.row_number().over(partition_by=key, order_by=newest).label("place")
    known = select(*table, place).where(_standing(conversions, batch))
    if within is not None:
        pairs = [(ref.platform, ref.account_id) for ref in within]
        known = known.where(tuple_(table.platform, table.account_id).in_(pairs))
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
    """Keep the exchange rates that are new or differ from what is known.

    Args:
        connection: Of a writing transaction.
        found: Rates; a pair of currencies occurs once per day.
        batch: The batch that brings them.
    """
    known = defaultdict(list)
    for old in _standing_rates(connection):
        known[old.date, old.currency, old.base].append(old)
    posted, restated, unchanged = [], 0, 0
    for rate in found:
        reports = known[rate.date, rate.currency, rate.base]
        if _repeats(rate, reports):
            unchanged += 1
            continue
        restated += bool(reports)
        posted.append({**asdict(rate), "rate": str(rate.rate), "batch": batch})
    if posted:
        connection.execute(exchange_rates.insert(), posted)
    return Recorded(len(posted) - restated, restated, unchanged)


def load_rates(
    connection: Connection, *, as_of: datetime | None = None, batch: int | None = None
) -> list[ExchangeRate]:
    """Return every exchange rate as it was last reported, oldest day first.

    Args:
        connection: Any connection.
        as_of: Leave out what was observed later.
        batch: Leave out what later batches brought or took back.
    """
    latest = {
        (rate.date, rate.currency, rate.base): rate
        for rate in _standing_rates(connection, batch)
        if as_of is None or rate.observed_at <= as_of
    }
    return list(latest.values())


def undo_conversions(connection: Connection, *, batch: int, undone_by: int) -> int:
    """Take back the conversions and rates that a batch brought; return how many rows that were."""
    return sum(
        connection.execute(
            table.update().where(table.c.batch == batch, table.c.undone_by.is_(None)).values(undone_by=undone_by)
        ).rowcount
        for table in (conversions, exchange_rates)
    )


def _standing(table: Table, batch: int | None) -> ColumnElement[bool]:
    if batch is None:
        return table.c.undone_by.is_(None)
    return (table.c.batch <= batch) & or_(table.c.undone_by.is_(None), table.c.undone_by > batch)


def _standing_rates(connection: Connection, batch: int | None = None) -> list[ExchangeRate]:
    table = exchange_rates.c
    query = (
        select(table.date, table.currency, table.base, table.rate, table.observed_at)
        .where(_standing(exchange_rates, batch))
        .order_by(table.date, table.currency, table.base, table.observed_at, table.batch)
    )
    return [ExchangeRate(**{**row._asdict(), "rate": Decimal(row.rate)}) for row in connection.execute(query)]


def _repeats(report: Report, earlier: Sequence[Report]) -> bool:
    """Say whether a report says what was known when it was made; `earlier` is in the order of observation."""
    place = bisect_right(earlier, report.observed_at, key=attrgetter("observed_at"))
    return place > 0 and replace(earlier[place - 1], observed_at=report.observed_at) == report


def _conversion(row: Row[Any]) -> Conversion:
    return Conversion(
        campaign=CampaignRef(row.platform, row.account_id, row.campaign_id),
        conversion_id=row.conversion_id,
        conversion_time=row.conversion_time,
        value_micros=row.value_micros,
        currency=row.currency,
        observed_at=row.observed_at,
        click_time=row.click_time,
        ad_id=row.ad_id,
    )


def _conversion_row(conversion: Conversion) -> dict[str, object]:
    return {
        "platform": conversion.campaign.platform,
        "account_id": conversion.campaign.account_id,
        "campaign_id": conversion.campaign.campaign_id,
        "conversion_id": conversion.conversion_id,
        "conversion_time": conversion.conversion_time,
        "value_micros": conversion.value_micros,
        "currency": conversion.currency,
        "observed_at": conversion.observed_at,
        "click_time": conversion.click_time,
        "ad_id": conversion.ad_id,
    }
