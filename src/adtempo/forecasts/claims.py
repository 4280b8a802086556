"""Forecasts as claims in the ledger of predictions, once for each day's facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from adtempo.domain.accounts import Platform
from adtempo.domain.forecasts import Forecast, Level, Subject
from adtempo.domain.predictions import Prediction, RecordedPrediction, Scope
from adtempo.forecasts.estimate import WindowForecast
from adtempo.forecasts.load import CurrencyFacts
from adtempo.forecasts.rows import last_day

MODEL = "adtempo"

METRICS = {"roas": "roi", "conversions": "conversions", "impressions": "impressions", "ctr": "ctr"}
"""What is claimed, and the figure that says it; ROI is claimed as ROAS, which is 1 more."""


def claim_windows(
    windows: Sequence[WindowForecast], facts: CurrencyFacts, *, now: datetime, actor: str
) -> list[RecordedPrediction]:
    """Return what windows say as predictions; none where the window is over, or for the total, which has no scope.

    Args:
        windows: Of one currency.
        facts: What they were made from; of one day's facts only the first claim is kept, by its id.
        now: The moment, aware.
        actor: Who says so.
    """
    first = last_day(facts) + timedelta(days=1)
    found = []
    for window in windows:
        until = first + timedelta(days=window.days - 1)
        horizon = (until - now.date()).days
        if window.subject.level is Level.TOTAL or horizon < 0:
            continue
        scope = scope_of(window.subject)
        for metric, said in _claimed(window):
            claim = Prediction(
                prediction_id=f"forecast:{first}:{window.days}:{metric}:{scope}",
                scope=scope,
                metric=metric,
                since=first,
                until=until,
                value=said.value,
                model=MODEL,
                made_at=now,
                interval={end: getattr(said, end) for end in ("low95", "low80", "high80", "high95")},
            )
            found.append(RecordedPrediction(claim, now, actor, horizon, late=False))
    return found


def scope_of(subject: Subject) -> Scope:
    """Return what a claim about a channel, an account or a campaign is about."""
    if subject.level is Level.CHANNEL:
        platform = subject.name if subject.name in set(Platform) else Platform.OTHER.value
        return Scope(platform, channel=subject.name, currency=subject.currency)
    return Scope(*subject.name.split(":", 2))


def _claimed(window: WindowForecast) -> Iterator[tuple[str, Forecast]]:
    for metric, name in METRICS.items():
        said = window.figures.get(name)
        if said is not None:
            more = 1.0 if metric == "roas" else 0.0
            ends = (said.value, said.low80, said.high80, said.low95, said.high95)
            yield metric, Forecast(*(end + more for end in ends))
