"""Holding predictions against what came true, once each, and saying how right a model has been."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from adtempo.domain.errors import InvalidInput
from adtempo.domain.predictions import Actual, Prediction, RecordedPrediction
from adtempo.predictions.score import (
    Accuracy,
    CalibrationPoint,
    ComparedForecast,
    as_forecasts,
    calibrate,
    compare_value,
    horizon_of,
    score,
    split,
)
from adtempo.store import accounts as stored_accounts
from adtempo.store import predictions as stored
from adtempo.store.engine import reading, transaction

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

LoadActuals = Callable[[Sequence[Prediction]], Sequence[Actual | None]]
"""Says what the window of each prediction came to; None while that may still change."""

DAY_ENDS_FIRST = timedelta(hours=10)
"""A day of the calendar ends first in the zone UTC+14: ten hours after it began in UTC."""

DAYS = 30
DAYS_MAX = 3650

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Compared:
    """What a run of comparisons did.

    Attributes:
        compared: Predictions that were compared now, the oldest window first.
        waiting: How many windows are over but not mature.
    """

    compared: tuple[RecordedPrediction, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """How right predictions have been.

    Attributes:
        days: Of how many days the comparisons are.
        model: Of this model only; None = all.
        overall: All together.
        by: The same per model, channel and horizon.
        calibration: Predicted quantiles beside observed shares.
    """

    days: int
    model: str | None
    overall: Accuracy
    by: tuple[tuple[str, str, str, Accuracy], ...]
    calibration: tuple[CalibrationPoint, ...]


def compare_predictions(workspace: Workspace, load_actuals: LoadActuals, *, campaign: str | None = None) -> Compared:
    """Compare every prediction whose window is mature and that was never compared.

    They are kept some hundred at a time: killed half-way, the next run goes on; run twice at once, each prediction is
    still compared once.

    Raises:
        NotFound: There is no such campaign.
    """
    now = workspace.now()
    with reading(workspace.engine) as connection:
        due = stored.load_uncompared(connection, until=(now - DAY_ENDS_FIRST).date())
        if campaign is not None:
            ref = stored_accounts.find_campaign(connection, campaign)
            due = [one for one in due if one.prediction.scope.campaign == ref]
    actuals = load_actuals([one.prediction for one in due])
    found = [
        replace(one, compared_at=now, comparison=compare_value(one.prediction, actual))
        for one, actual in zip(due, actuals, strict=True)
        if actual is not None
    ]
    compared: list[RecordedPrediction] = []
    for start in range(0, len(found), _CHUNK):
        chunk = found[start : start + _CHUNK]
        with transaction(workspace.engine) as connection:
            first = stored.insert_comparisons(connection, chunk)
        compared += [one for one in chunk if one.prediction.prediction_id in first]
    return Compared(tuple(compared), len(due) - len(found))


def load_comparisons(
    workspace: Workspace, *, campaign: str | None = None, model: str | None = None, days: int = DAYS
) -> list[ComparedForecast]:
    """Return what was compared in the last days, one entry per forecast, the latest window first.

    Raises:
        NotFound: There is no such campaign.
        InvalidInput: The days are not between 1 and DAYS_MAX.
    """
    compared = _load_compared(workspace, days, model)
    if campaign is not None:
        with reading(workspace.engine) as connection:
            ref = stored_accounts.find_campaign(connection, campaign)
        compared = [one for one in compared if one.prediction.scope.campaign == ref]
    return as_forecasts(reversed(compared))


def load_accuracy(workspace: Workspace, *, days: int = DAYS, model: str | None = None) -> TrackRecord:
    """Say how right the predictions were that came due in the last days.

    Raises:
        InvalidInput: The days are not between 1 and DAYS_MAX.
    """
    compared = _load_compared(workspace, days, model)
    groups = sorted(split(compared, _kind_of), key=lambda group: _order_of(group[0]))
    return TrackRecord(
        days=days,
        model=model,
        overall=score(compared),
        by=tuple((*_kind_of(group[0]), score(group)) for group in groups),
        calibration=tuple(calibrate(compared)),
    )


def _load_compared(workspace: Workspace, days: int, model: str | None) -> list[RecordedPrediction]:
    if not 1 <= days <= DAYS_MAX:
        raise InvalidInput(f"{days} days cannot be looked back on; choose 1 to {DAYS_MAX}")
    now = workspace.now()
    with reading(workspace.engine) as connection:
        return stored.load_compared(connection, since=now - timedelta(days=days), until=now, model=model)


def _kind_of(recorded: RecordedPrediction) -> tuple[str, str, str]:
    prediction = recorded.prediction
    return prediction.model, prediction.scope.platform, horizon_of(recorded.horizon_days)


def _order_of(recorded: RecordedPrediction) -> tuple[str, str, int]:
    return recorded.prediction.model, recorded.prediction.scope.platform, recorded.horizon_days
