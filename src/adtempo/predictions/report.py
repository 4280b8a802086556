"""Predictions as the HTTP API and --json give them: amounts as decimal strings, CTR and CVR in percent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from adtempo.domain.metrics import find_metric, plain_value
from adtempo.domain.predictions import ENDS, RecordedPrediction
from adtempo.predictions.compare import Compared, TrackRecord
from adtempo.predictions.score import ComparedForecast, as_forecasts


def prediction_body(recorded: RecordedPrediction) -> dict[str, Any]:
    """Return one prediction, with what became of it."""
    claim = recorded.prediction
    metric = find_metric(claim.metric)
    found = recorded.comparison
    return {
        "prediction_id": claim.prediction_id,
        **asdict(claim.scope),
        "metric": claim.metric,
        "since": claim.since.isoformat(),
        "until": claim.until.isoformat(),
        "value": plain_value(metric, claim.value),
        **{end: plain_value(metric, claim.interval.get(end)) for end in ENDS},
        "model": claim.model,
        "made_at": claim.made_at.isoformat(),
        "recorded_at": recorded.recorded_at.isoformat(),
        "late": recorded.late,
        "horizon_days": recorded.horizon_days,
        "compared_at": None if recorded.compared_at is None else recorded.compared_at.isoformat(),
        "actual": found and plain_value(metric, found.actual.value),
        "maturity": found and found.actual.maturity,
        "error": found and plain_value(metric, found.error),
        "relative_error": found and found.relative_error,
        "inside80": found and found.inside80,
        "inside95": found and found.inside95,
        "accuracy": found and found.accuracy,
    }


def predictions_body(recorded: Sequence[RecordedPrediction]) -> dict[str, Any]:
    """Return a list of predictions."""
    return {"predictions": [prediction_body(one) for one in recorded]}


def comparison_body(forecast: ComparedForecast) -> dict[str, Any]:
    """Return the compared predictions of one forecast, with their common accuracy."""
    named = {field.name: getattr(forecast, field.name) for field in fields(forecast)}
    return {
        **asdict(named.pop("scope")),
        **named,
        "since": forecast.since.isoformat(),
        "until": forecast.until.isoformat(),
        "predictions": [prediction_body(one) for one in forecast.predictions],
    }


def comparisons_body(forecasts: Sequence[ComparedForecast]) -> dict[str, Any]:
    """Return comparisons, one per forecast."""
    return {"comparisons": [comparison_body(forecast) for forecast in forecasts]}


def compared_body(done: Compared) -> dict[str, Any]:
    """Return what a run of comparisons did."""
    forecasts = as_forecasts(done.compared)
    return {**comparisons_body(forecasts), "compared": len(done.compared), "waiting": done.waiting}


def accuracy_body(record: TrackRecord) -> dict[str, Any]:
    """Return how right predictions have been, in all and per model, channel and horizon."""
    return {
        **asdict(record.overall),
        "days": record.days,
        "model": record.model,
        "by": [
            {**asdict(found), "model": model, "platform": platform, "horizon": horizon}
            for model, platform, horizon, found in record.by
        ],
        "calibration": [asdict(point) for point in record.calibration],
    }
