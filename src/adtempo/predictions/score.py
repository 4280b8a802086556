"""How right predictions were: errors, coverage of intervals, calibration. Mathematics alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from statistics import fmean
from typing import TypeVar

from adtempo.domain.predictions import Actual, Comparison, Prediction, RecordedPrediction, Scope

EPSILON = 1e-9
"""The least size by which an error is divided, in the metric's unit."""

Z95 = 1.959963984540054
"""The 97.5% point of the normal distribution."""

HORIZONS = ((0, "today"), (1, "1 day"), (7, "2-7 days"), (28, "8-28 days"))
"""Buckets of horizons by their last day; what is longer has a bucket of its own."""

LONGEST = "over 28 days"

QUANTILES = (("low95", 0.025), ("low80", 0.1), ("high80", 0.9), ("high95", 0.975))
"""Which share of actual values should lie at or below each end of an interval."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Share:
    """A share of counted cases, with its 95% interval.

    Attributes:
        value: hits / count.
        low95: Lower end.
        high95: Upper end.
        count: Number of cases.
    """

    value: float
    low95: float
    high95: float
    count: int


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """How often the truth lay at or below a predicted quantile: on the diagonal, intervals are as wide as they claim.

    Attributes:
        predicted: The quantile, 0 to 1.
        observed: The share of actual values at or below it.
    """

    predicted: float
    observed: Share


@dataclass(frozen=True, slots=True)
class ComparedForecast:
    """The compared predictions of one forecast: one scope, window, model and horizon; None where it said nothing.

    Attributes:
        scope: What it is about.
        since: First local day of the window.
        until: Last local day.
        model: Whose it is.
        horizon_days: Local days from the one on which it was made to the last of its window.
        predicted_roas: ROAS as predicted.
        predicted_ctr: CTR as predicted, in percent.
        actual_roas: ROAS as it came.
        actual_ctr: CTR as it came, in percent.
        roas_error: Predicted - actual.
        ctr_error: Predicted - actual, in percentage points.
        accuracy_score: Mean accuracy of its predictions, 0 to 100; None where none had an actual value.
        predictions: All of them.
    """

    scope: Scope
    since: date
    until: date
    model: str
    horizon_days: int
    predicted_roas: float | None
    predicted_ctr: float | None
    actual_roas: float | None
    actual_ctr: float | None
    roas_error: float | None
    ctr_error: float | None
    accuracy_score: float | None
    predictions: tuple[RecordedPrediction, ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How right a set of predictions was; None where nothing can be said.

    Attributes:
        count: Predictions with an actual value.
        groups: Of how many (scope, window, model, horizon) they were.
        avg_accuracy: Mean over groups of the mean accuracy of their predictions, 0 to 100.
        roas_accuracy: Mean accuracy of predicted ROAS.
        ctr_accuracy: Mean accuracy of predicted CTR.
        bias: Mean relative error; above 0 = too optimistic about the number.
        coverage80: Share of actual values inside the 80% interval.
        coverage95: Share of actual values inside the 95% interval.
    """

    count: int
    groups: int
    avg_accuracy: float | None
    roas_accuracy: float | None
    ctr_accuracy: float | None
    bias: float | None
    coverage80: Share | None
    coverage95: Share | None


def compare_value(prediction: Prediction, actual: Actual) -> Comparison:
    """Hold one prediction against what came true.

    Args:
        actual: The truth, in the metric's unit.
    """
    if actual.value is None:
        return Comparison(actual, None, None, None, None, None)
    error = prediction.value - actual.value
    return Comparison(
        actual=actual,
        error=error,
        relative_error=error / abs(actual.value) if actual.value else None,
        inside80=_inside(prediction, actual.value, "low80", "high80"),
        inside95=_inside(prediction, actual.value, "low95", "high95"),
        accuracy=accuracy_of(prediction.value, actual.value),
    )


def accuracy_of(predicted: float, actual: float) -> float:
    """Return 100 x max(0, 1 - |predicted - actual| / max(|actual|, EPSILON)).

    >>> accuracy_of(2.5, 2.0), accuracy_of(9.0, 2.0), accuracy_of(0.0, 0.0)
    (75.0, 0.0, 100.0)
    """
    return 100 * max(0.0, 1 - abs(predicted - actual) / max(abs(actual), EPSILON))


def group_of(recorded: RecordedPrediction) -> tuple[Hashable, ...]:
    """Return what predictions of several metrics have in common when they are one forecast."""
    prediction = recorded.prediction
    return prediction.scope, prediction.since, prediction.until, prediction.model, recorded.horizon_days


def as_forecasts(compared: Iterable[RecordedPrediction]) -> list[ComparedForecast]:
    """Return compared predictions, those of one forecast together, forecasts in the order in which they first occur."""
    return [_as_forecast(group) for group in split(compared, group_of)]


def _as_forecast(group: Sequence[RecordedPrediction]) -> ComparedForecast:
    claim = group[0].prediction
    predicted_roas, actual_roas, roas_error = _figures_of(group, "roas")
    predicted_ctr, actual_ctr, ctr_error = _figures_of(group, "ctr")
    return ComparedForecast(
        scope=claim.scope,
        since=claim.since,
        until=claim.until,
        model=claim.model,
        horizon_days=group[0].horizon_days,
        predicted_roas=predicted_roas,
        predicted_ctr=predicted_ctr,
        actual_roas=actual_roas,
        actual_ctr=actual_ctr,
        roas_error=roas_error,
        ctr_error=ctr_error,
        accuracy_score=_mean(
            [one.comparison.accuracy for one in group if one.comparison and one.comparison.accuracy is not None]
        ),
        predictions=tuple(group),
    )


def _figures_of(group: Sequence[RecordedPrediction], metric: str) -> tuple[float | None, float | None, float | None]:
    """Return what was predicted of a metric, what came, and the error."""
    for one in group:
        if one.prediction.metric == metric and one.comparison is not None:
            return one.prediction.value, one.comparison.actual.value, one.comparison.error
    return None, None, None


def horizon_of(days: int) -> str:
    """Return the bucket of a horizon.

    >>> horizon_of(0), horizon_of(1), horizon_of(3), horizon_of(29)
    ('today', '1 day', '2-7 days', 'over 28 days')
    """
    return next((name for last, name in HORIZONS if days <= last), LONGEST)


def score(compared: Collection[RecordedPrediction]) -> Accuracy:
    """Say how right predictions were.

    Args:
        compared: Predictions that were compared; those whose window had no value do not count.
    """
    scored = [(one, one.comparison) for one in compared if one.comparison and one.comparison.accuracy is not None]
    accuracies = [(one, found.accuracy) for one, found in scored if found.accuracy is not None]
    grouped = [fmean(accuracy for _, accuracy in group) for group in split(accuracies, lambda pair: group_of(pair[0]))]
    return Accuracy(
        count=len(scored),
        groups=len(grouped),
        avg_accuracy=_mean(grouped),
        roas_accuracy=_mean([accuracy for one, accuracy in accuracies if one.prediction.metric == "roas"]),
        ctr_accuracy=_mean([accuracy for one, accuracy in accuracies if one.prediction.metric == "ctr"]),
        bias=_mean([found.relative_error for _, found in scored if found.relative_error is not None]),
        coverage80=share_of([found.inside80 for _, found in scored]),
        coverage95=share_of([found.inside95 for _, found in scored]),
    )


def calibrate(compared: Iterable[RecordedPrediction]) -> list[CalibrationPoint]:
    """Return predicted quantiles beside observed shares, for those quantiles that anybody predicted."""
    pairs = [
        (one.prediction.interval, one.comparison.actual.value)
        for one in compared
        if one.comparison and one.comparison.actual.value is not None
    ]
    points = []
    for end, quantile in QUANTILES:
        observed = share_of([value <= interval[end] if end in interval else None for interval, value in pairs])
        if observed is not None:
            points.append(CalibrationPoint(quantile, observed))
    return points


def share_of(hits: Iterable[bool | None]) -> Share | None:
    """Return the share of cases that hit, with its Wilson interval; None without any case.

    Args:
        hits: Whether each case hit; None for what is no case.

    References:
        Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the
        American Statistical Association 22(158), 209-212. doi:10.1080/01621459.1927.10502953
    """
    cases = [hit for hit in hits if hit is not None]
    count = len(cases)
    if not count:
        return None
    observed = sum(cases) / count
    weight = 1 + Z95**2 / count
    centre = (observed + Z95**2 / (2 * count)) / weight
    margin = Z95 / weight * sqrt(observed * (1 - observed) / count + Z95**2 / (4 * count**2))
    return Share(observed, max(0.0, min(observed, centre - margin)), min(1.0, max(observed, centre + margin)), count)


Case = TypeVar("Case")


def split(cases: Iterable[Case], key: Callable[[Case], Key]) -> list[Sequence[Case]]:
    """Return cases grouped by a key, groups in the order in which they first occur."""
    groups: defaultdict[Key, list[Case]] = defaultdict(list)
    for case in cases:
        groups[key(case)].append(case)
    return list(groups.values())


def _inside(prediction: Prediction, actual: float, low: str, high: str) -> bool | None:
    interval = prediction.interval
    return interval[low] <= actual <= interval[high] if low in interval else None


def _mean(numbers: Sequence[float]) -> float | None:
    return fmean(numbers) if numbers else None
