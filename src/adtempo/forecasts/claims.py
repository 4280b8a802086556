"""Forecasts as claims in the ledger of predictions, once for each day's facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from adtempo.domain.accounts import Platform
from adtempo.domain.forecasts import BudgetRecommendation, Forecast, Level, Subject
from adtempo.domain.predictions import Prediction, RecordedPrediction, Scope
from adtempo.forecasts.estimate import WindowForecast
from adtempo.forecasts.load import CurrencyFacts
from adtempo.forecasts.rows import last_day

MODEL = "adtempo"

CURVES = "adtempo curves"
"""The model behind recommendations, so that it has a record of its own."""

CURVE_DAYS = 7
"""Over so many days a split that stays as it is, is held against what came."""

METRICS = {"roas": "roi", "conversions": "conversions", "impressions": "impressions", "ctr": "ctr"}
"""What is claimed, and the figure that says it; ROI is claimed as ROAS, which is 1 more."""


def claim_windows(
    windows: Sequence[WindowForecast], facts: CurrencyFacts, *, now: datetime, actor: str
) -> list[RecordedPrediction]:
    """Return what windows say as predictions; none where the window is over.

    Args:
        windows: Of one currency.
        facts: What they were made from; of one day's facts only the first claim is kept, by its id.
        now: The moment, aware.
        actor: Who says so.
    """
    first = last_day(facts) + timedelta(days=1)
    claims = [
        _claim(MODEL, scope_of(window.subject), metric, first, window.days, said, now)
        for window in windows
        for metric, said in _claimed(window)
    ]
    return _record(claims, now, actor)


def claim_split(answer: BudgetRecommendation, *, now: datetime, actor: str) -> list[RecordedPrediction]:
    """Return what the curves behind a recommendation say of a week in which the split stays as it is.

    Nothing where some campaign has no curve: what all of them bring would then be no test of the curves. No interval:
    theirs is that of a usual week, and a single one strays further.

    Args:
        answer: Of one currency.
        now: The moment, aware.
        actor: Who says so.
    """
    unknown = any(line.next_return is None for line in answer.lines if line.subject.level is Level.CAMPAIGN)
    if answer.today is None or unknown:
        return []
    scope = scope_of(Subject(Level.TOTAL, "", answer.currency))
    week = _scale(answer.today, CURVE_DAYS)
    first = answer.until + timedelta(days=1)
    claim = _claim(CURVES, scope, "conversion_value", first, CURVE_DAYS, week, now)
    return _record([replace(claim, interval={})], now, actor)


def _claim(model: str, scope: Scope, metric: str, first: date, days: int, said: Forecast, now: datetime) -> Prediction:
    return Prediction(
        prediction_id=f"{model}:{first}:{days}:{metric}:{scope}",
        scope=scope,
        metric=metric,
        since=first,
        until=first + timedelta(days=days - 1),
        value=said.value,
        model=model,
        made_at=now,
        interval={end: getattr(said, end) for end in ("low95", "low80", "high80", "high95")},
    )


def _record(claims: Iterable[Prediction], now: datetime, actor: str) -> list[RecordedPrediction]:
    """Return claims as they are recorded, without those whose window is over."""
    today = now.date()
    return [
        RecordedPrediction(claim, now, actor, (claim.until - today).days, late=False)
        for claim in claims
        if claim.until >= today
    ]


def _scale(said: Forecast, factor: float, more: float = 0.0) -> Forecast:
    ends = (said.value, said.low80, said.high80, said.low95, said.high95)
    return Forecast(*(end * factor + more for end in ends))


def scope_of(subject: Subject) -> Scope:
    """Return what a claim about a subject is about."""
    if subject.level in {Level.TOTAL, Level.CHANNEL}:
        platform = subject.name if subject.name in set(Platform) else Platform.OTHER.value
        return Scope(platform, channel=subject.name, currency=subject.currency)
    return Scope(*subject.name.split(":", 2))


def _claimed(window: WindowForecast) -> Iterator[tuple[str, Forecast]]:
    for metric, name in METRICS.items():
        said = window.figures.get(name)
        if said is not None:
            yield metric, _scale(said, 1, more=1.0 if metric == "roas" else 0.0)
