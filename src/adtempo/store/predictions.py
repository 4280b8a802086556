"""Predictions and what became of them: append-only, each compared at most once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    Table,
    Text,
    select,
)

from adtempo.domain.predictions import ENDS, Actual, Comparison, Prediction, RecordedPrediction, Scope
from adtempo.store.engine import Identifier, UtcTime, insert_into, metadata
from adtempo.store.rows import account_key, campaign_key, read_row, row_of

predictions = Table(
    "predictions",
    metadata,
    Column("prediction_id", Identifier, primary_key=True),
    Column("platform", Identifier, nullable=False),
    Column("account_id", Identifier),
    Column("campaign_id", Identifier),
    Column("page_name", Identifier, ForeignKey("pages.page_name")),
    Column("channel", Identifier),
    Column("currency", Identifier),
    Column("metric", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("value", Double, nullable=False),
    Column("low80", Double),
    Column("high80", Double),
    Column("low95", Double),
    Column("high95", Double),
    Column("model", Identifier, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    account_key(),
    campaign_key(),
    CheckConstraint("prediction_id <> '' AND model <> '' AND metric <> '' AND actor <> ''", name="stated"),
    CheckConstraint("campaign_id IS NULL OR account_id IS NOT NULL", name="campaign_in_account"),
    CheckConstraint("page_name IS NULL OR (platform = 'other' AND account_id IS NULL)", name="page_of_no_account"),
    CheckConstraint(
        "(channel IS NULL) = (currency IS NULL) AND (channel IS NULL OR account_id IS NULL AND page_name IS NULL)",
        name="channel_in_currency",
    ),
    CheckConstraint("until >= since", name="window_forward"),
    CheckConstraint("value > -1e18 AND value < 1e18", name="value_finite"),  # NaN is the greatest there
    CheckConstraint("(low80 IS NULL) = (high80 IS NULL) AND (low95 IS NULL) = (high95 IS NULL)", name="two_ends"),
    CheckConstraint("low80 <= high80 AND low80 > -1e18 AND high80 < 1e18", name="interval80_forward"),
    CheckConstraint("low95 <= high95 AND low95 > -1e18 AND high95 < 1e18", name="interval95_forward"),
    CheckConstraint("horizon_days >= 0", name="made_before"),
    CheckConstraint("made_at <= recorded_at", name="recorded_after"),
    Index("ix_predictions_window", "until"),
)
"""One row per claim, never updated; numbers are in the metric's unit, amounts in micros."""

prediction_comparisons = Table(
    "prediction_comparisons",
    metadata,
    Column("prediction_id", Identifier, ForeignKey("predictions.prediction_id"), primary_key=True),
    Column("compared_at", UtcTime, nullable=False),
    Column("actual", Double),
    Column("maturity", Double, nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("error", Double),
    Column("relative_error", Double),
    Column("inside80", Boolean),
    Column("inside95", Boolean),
    Column("accuracy", Double),
    CheckConstraint("maturity >= 0 AND maturity <= 1", name="maturity_share"),
    CheckConstraint("batch >= 0", name="batch_counted"),
    CheckConstraint("accuracy >= 0 AND accuracy <= 100", name="accuracy_percent"),
    CheckConstraint("(actual IS NULL) = (error IS NULL) AND (actual IS NULL) = (accuracy IS NULL)", name="scored"),
    Index("ix_prediction_comparisons_compared_at", "compared_at"),
)
"""At most one row per prediction, by its key, and never updated."""

_CHUNK = 500


def insert_predictions(connection: Connection, recorded: Iterable[RecordedPrediction]) -> set[str]:
    """Keep predictions and return the ids of those that were new; one whose id is known stays as it is."""
    rows = [_row(one) for one in recorded]
    if not rows:
        return set()
    statement = insert_into(connection, predictions).on_conflict_do_nothing()
    return set(connection.scalars(statement.returning(predictions.c.prediction_id), rows))


def load_predictions(connection: Connection, ids: Collection[str]) -> dict[str, RecordedPrediction]:
    """Return predictions by their ids, with their comparisons; unknown ids are left out."""
    found: dict[str, RecordedPrediction] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), _CHUNK):
        query = _joined().where(predictions.c.prediction_id.in_(wanted[start : start + _CHUNK]))
        found.update((row.prediction_id, _recorded(row)) for row in connection.execute(query))
    return found


def list_predictions(
    connection: Connection, *, scope: Scope | None = None, model: str | None = None, limit: int | None = None
) -> list[RecordedPrediction]:
    """Return predictions about a scope and what lies inside it, with their comparisons, the latest window first."""
    query = _joined().order_by(predictions.c.until.desc(), predictions.c.made_at.desc(), predictions.c.prediction_id)
    for column, wanted in _within(scope):
        query = query.where(column == wanted)
    if model is not None:
        query = query.where(predictions.c.model == model)
    return [_recorded(row) for row in connection.execute(query.limit(limit))]


def load_uncompared(connection: Connection, until: date) -> list[RecordedPrediction]:
    """Return predictions that were never compared and whose window ends on a day or before, the oldest window first."""
    query = (
        _joined()
        .where(prediction_comparisons.c.prediction_id.is_(None), predictions.c.until <= until)
        .order_by(predictions.c.until, predictions.c.prediction_id)
    )
    return [_recorded(row) for row in connection.execute(query)]


def load_compared(
    connection: Connection, *, since: datetime, until: datetime, model: str | None = None
) -> list[RecordedPrediction]:
    """Return predictions that were compared after one moment and up to another, the oldest window first."""
    compared_at = prediction_comparisons.c.compared_at
    query = _joined().where(compared_at > since, compared_at <= until)
    if model is not None:
        query = query.where(predictions.c.model == model)
    return [_recorded(row) for row in connection.execute(query.order_by(predictions.c.until, predictions.c.made_at))]


def insert_comparisons(connection: Connection, compared: Iterable[RecordedPrediction]) -> set[str]:
    """Keep comparisons and return the ids of the predictions whose first it was, which alone counts."""
    rows = [_comparison_row(one, one.comparison) for one in compared if one.comparison is not None]
    if not rows:
        return set()
    statement = insert_into(connection, prediction_comparisons).on_conflict_do_nothing()
    return set(connection.scalars(statement.returning(prediction_comparisons.c.prediction_id), rows))


def _joined() -> Select[Any]:
    theirs = [column for column in prediction_comparisons.c if column.name != "prediction_id"]
    return select(predictions, *theirs).outerjoin(prediction_comparisons)


def _within(scope: Scope | None) -> list[tuple[Column[Any], str]]:
    if scope is None:
        return []
    return [(predictions.c[name], wanted) for name, wanted in asdict(scope).items() if wanted is not None]


def _row(recorded: RecordedPrediction) -> dict[str, Any]:
    claim = recorded.prediction
    said = row_of(predictions, claim, **asdict(claim.scope), **{end: claim.interval.get(end) for end in ENDS})
    own = {name: getattr(recorded, name) for name in ("horizon_days", "late", "recorded_at", "actor")}
    return said | own


def _comparison_row(recorded: RecordedPrediction, comparison: Comparison) -> dict[str, Any]:
    actual, table = comparison.actual, prediction_comparisons
    row = row_of(table, comparison, **row_of(table, actual), actual=actual.value)
    return row | {"prediction_id": recorded.prediction.prediction_id, "compared_at": recorded.compared_at}


def _recorded(row: Row[Any]) -> RecordedPrediction:
    prediction = read_row(
        Prediction,
        row,
        scope=read_row(Scope, row),
        interval={end: row._mapping[end] for end in ENDS if row._mapping[end] is not None},
    )
    comparison = None
    if row.compared_at is not None:
        comparison = read_row(Comparison, row, actual=read_row(Actual, row, value=row.actual))
    return read_row(RecordedPrediction, row, prediction=prediction, comparison=comparison)
