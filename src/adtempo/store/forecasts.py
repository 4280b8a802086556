"""The four tables of forecasts and the runs that filled them: a row is added when it says something new.

What holds now is the newest row of each key. Amounts are micros of the row's currency, CTR is in percent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Double,
    Index,
    Integer,
    Select,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
)

from adtempo.domain.forecasts import Forecast
from adtempo.store.engine import Identifier, UtcTime, metadata
from adtempo.store.rows import insert_first, insert_new

ENDS = ("", "_low80", "_high80", "_low95", "_high95")
"""What a forecast's columns are called: the expected number, and the ends of its intervals."""


def fan_columns(name: str) -> tuple[str, ...]:
    """Return the names of the columns of one forecast.

    >>> fan_columns("roi")
    ('roi', 'roi_low80', 'roi_high80', 'roi_low95', 'roi_high95')
    """
    return tuple(f"{name}{end}" for end in ENDS)


def spread_fan(name: str, forecast: Forecast | None) -> dict[str, float | None]:
    """Return a forecast as columns."""
    if forecast is None:
        return dict.fromkeys(fan_columns(name))
    ends = (forecast.value, forecast.low80, forecast.high80, forecast.low95, forecast.high95)
    return dict(zip(fan_columns(name), ends, strict=True))


def read_fan(row: Mapping[str, Any], name: str) -> Forecast | None:
    """Return the forecast that columns hold."""
    numbers = [row[column] for column in fan_columns(name)]
    return None if numbers[0] is None else Forecast(*numbers)


def _subject(*more: Column[Any]) -> list[Column[Any]]:
    return [
        Column("level", Identifier, primary_key=True),
        Column("name", Identifier, primary_key=True),
        Column("currency", Identifier, primary_key=True),
        *more,
        Column("made_at", UtcTime, primary_key=True),
    ]


def _fan(name: str) -> list[Column[Any]]:
    return [Column(column, Double) for column in fan_columns(name)]


def _checks(*fans: str) -> list[CheckConstraint]:
    return [
        CheckConstraint("level IN ('total', 'channel', 'account', 'campaign')", name="level_known"),
        CheckConstraint("(level = 'total') = (name = '')", name="named"),
        CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name="currency_coded"),
        *(CheckConstraint(_rising(name), name=f"{name}_rising") for name in fans),
    ]


def _rising(name: str) -> str:
    value, low80, high80, low95, high95 = fan_columns(name)
    return (
        f"({value} IS NULL) = ({low95} IS NULL) AND {low95} > -1e18 AND {low95} <= {low80} AND {low80} <= {value} "
        f"AND {value} <= {high80} AND {high80} <= {high95} AND {high95} < 1e18"
    )


ml_roi_forecast = Table(
    "ml_roi_forecast",
    metadata,
    *_subject(Column("days", Integer, primary_key=True, autoincrement=False)),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    *_fan("spend_micros"),
    *_fan("value_micros"),
    *_fan("roi"),
    Column("model", Text, nullable=False),
    Column("note", Text, nullable=False),
    *_checks("spend_micros", "value_micros", "roi"),
    CheckConstraint("days > 0 AND until >= since", name="window_forward"),
)
"""What the days to come bring back, by currency: of everything, and of each channel, account and campaign."""

ml_roi_timeseries = Table(
    "ml_roi_timeseries",
    metadata,
    *_subject(Column("day_local", Date, primary_key=True)),
    Column("horizon_days", Integer, nullable=False),
    Column("spend_reported_micros", BigInteger),
    Column("value_reported_micros", BigInteger),
    Column("roi_reported", Double),
    *_fan("roi"),
    Column("conversions_reported", Double),
    *_fan("conversions"),
    Column("maturity", Double),
    *_checks("roi", "conversions"),
    CheckConstraint("horizon_days >= 0", name="horizon_counted"),
    CheckConstraint("maturity >= 0 AND maturity <= 1", name="maturity_share"),
)
"""ROI and conversions day by day; `horizon_days` is 0 for days that were over, else how far ahead the day lay."""

ml_reach_ctr_timeseries = Table(
    "ml_reach_ctr_timeseries",
    metadata,
    *_subject(Column("day_local", Date, primary_key=True)),
    Column("horizon_days", Integer, nullable=False),
    Column("measure", Text, nullable=False),
    Column("audience_reported", Double),
    *_fan("audience"),
    Column("ctr_reported", Double),
    *_fan("ctr"),
    *_checks("audience", "ctr"),
    CheckConstraint("horizon_days >= 0", name="horizon_counted"),
    CheckConstraint("measure IN ('reach', 'impressions')", name="measure_known"),
)
"""How many saw ads, in `measure`, and which share clicked, day by day."""

ml_budget_recommendation = Table(
    "ml_budget_recommendation",
    metadata,
    *_subject(),
    Column("channel", Identifier, nullable=False),
    Column("title", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("today_micros", BigInteger, nullable=False),
    Column("proposed_micros", BigInteger, nullable=False),
    Column("lowest_micros", BigInteger, nullable=False),
    Column("highest_micros", BigInteger, nullable=False),
    Column("next_micros", BigInteger, nullable=False),
    *_fan("next_return"),
    *_fan("value_today_micros"),
    *_fan("value_proposed_micros"),
    *_fan("gain_micros"),
    *_fan("gain_over_equal_micros"),
    Column("extrapolates", Boolean, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("note", Text, nullable=False),
    *_checks("next_return", "value_today_micros", "value_proposed_micros", "gain_micros", "gain_over_equal_micros"),
    CheckConstraint("until >= since", name="window_forward"),
    CheckConstraint(
        "lowest_micros >= 0 AND lowest_micros <= proposed_micros AND proposed_micros <= highest_micros",
        name="within_bounds",
    ),
    CheckConstraint("today_micros >= 0 AND next_micros >= 0", name="amounts"),
)
"""How to share out a day's money of a currency: its total, its channels and its campaigns, all of one `made_at`."""

forecast_runs = Table(
    "forecast_runs",
    metadata,
    Column("currency", Identifier, primary_key=True),
    Column("made_at", UtcTime, primary_key=True),
    Column("batch", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("facts_until", Date, nullable=False),
    Column("models_chosen_on", Date, nullable=False),
    Column("series", JSON(none_as_null=True), nullable=False),
    Column("failures", JSON(none_as_null=True), nullable=False),
    UniqueConstraint("currency", "batch", "digest", name="uq_forecast_runs_inputs"),
    CheckConstraint("batch >= 0", name="batch_counted"),
    CheckConstraint("digest <> ''", name="digested"),
    CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name="currency_coded"),
    Index("ix_forecast_runs_made_at", "made_at"),
)
"""One row per currency and state of its facts; two processes cannot both forecast from one state."""

TABLES = (ml_roi_forecast, ml_roi_timeseries, ml_reach_ctr_timeseries, ml_budget_recommendation)
"""The four predictions."""


@dataclass(frozen=True, slots=True)
class ForecastRun:
    """What one run did for one currency.

    Attributes:
        currency: ISO 4217.
        made_at: When, aware.
        batch: The ledger's newest batch that it knew.
        digest: Of its inputs.
        facts_until: The last local day that it knew.
        models_chosen_on: The `facts_until` for which its models were chosen.
        series: By channel: ``models`` by quantity, and ``note``.
        failures: By table: what went wrong.
    """

    currency: str
    made_at: datetime
    batch: int
    digest: str
    facts_until: date
    models_chosen_on: date
    series: dict[str, Any]
    failures: dict[str, str]


def insert_run(connection: Connection, run: ForecastRun) -> bool:
    """Keep a run; return False if another process has forecast from the same inputs, then nothing may be written."""
    return insert_first(connection, forecast_runs, asdict(run))


def load_runs(connection: Connection) -> dict[str, ForecastRun]:
    """Return the newest run of each currency."""
    query = _newest(forecast_runs, ("currency",))
    return {row.currency: ForecastRun(**row._asdict()) for row in connection.execute(query)}


def load_filled(connection: Connection) -> dict[str, datetime | None]:
    """Return when a row of each of the four tables was last written."""
    return {table.name: connection.scalar(select(func.max(table.c.made_at))) for table in TABLES}


def insert_changed(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], made_at: datetime) -> int:
    """Add those rows, told without `made_at`, that say something else than the newest of their key; return how many."""
    if not rows:
        return 0
    keys = [column.name for column in table.primary_key if column.name != "made_at"]
    said = [name for name in rows[0] if name not in keys and name != "horizon_days"]
    known = {
        tuple(row[key] for key in keys): [row[name] for name in said]
        for row in load_newest(connection, table, currency=rows[0]["currency"])
    }
    fresh = [
        {**row, "made_at": made_at}
        for row in rows
        if known.get(tuple(row[key] for key in keys)) != [row[name] for name in said]
    ]
    insert_new(connection, table, fresh)
    return len(fresh)


def load_newest(
    connection: Connection,
    table: Table,
    *,
    currency: str | None = None,
    since: date | None = None,
    where: Callable[[Any], Any] | None = None,
) -> list[Mapping[str, Any]]:
    """Return the newest row of each key, ordered by key.

    Args:
        currency: Only of this one.
        since: Only days from here on; for tables with days.
        where: Only rows for which this condition on the columns holds, before the newest are chosen.
    """
    keys = tuple(column.name for column in table.primary_key if column.name != "made_at")
    conditions = []
    if currency is not None:
        conditions.append(table.c.currency == currency)
    if since is not None:
        conditions.append(table.c.day_local >= since)
    if where is not None:
        conditions.append(where(table.c))
    query = _newest(table, keys, *conditions)
    return [dict(row._mapping) for row in connection.execute(query)]


def load_recommendation(connection: Connection, currency: str) -> list[Mapping[str, Any]]:
    """Return the lines of the newest recommendation of a currency, ordered by level and name."""
    table = ml_budget_recommendation
    newest = select(func.max(table.c.made_at)).where(table.c.currency == currency).scalar_subquery()
    query = select(table).where(table.c.currency == currency, table.c.made_at == newest)
    return [dict(row._mapping) for row in connection.execute(query.order_by(table.c.level, table.c.name))]


def insert_recommendation(connection: Connection, rows: Iterable[Mapping[str, Any]], made_at: datetime) -> int:
    """Add a recommendation, if it says something else than the newest of its currency; return how many rows."""
    fresh = sorted(({**row, "made_at": made_at} for row in rows), key=lambda row: (row["level"], row["name"]))
    if not fresh:
        return 0
    known = [dict(row) | {"made_at": made_at} for row in load_recommendation(connection, fresh[0]["currency"])]
    if known == fresh:
        return 0
    insert_new(connection, ml_budget_recommendation, fresh)
    return len(fresh)


def _newest(table: Table, keys: Sequence[str], *conditions: Any) -> Select[Any]:
    rank = func.row_number().over(partition_by=[table.c[key] for key in keys], order_by=table.c.made_at.desc())
    ranked = select(table, rank.label("rank")).where(*conditions).subquery()
    columns = [ranked.c[column.name] for column in table.columns]
    return select(*columns).where(ranked.c["rank"] == 1).order_by(*(ranked.c[key] for key in keys))
