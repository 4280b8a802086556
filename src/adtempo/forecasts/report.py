"""Forecasts as the HTTP API and --json give them: amounts as decimal strings, CTR in percent, ROI as a ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adtempo.domain.forecasts import (
    BudgetLine,
    BudgetRecommendation,
    Forecast,
    ForecastStatus,
    Point,
    ReachSeries,
    RoiForecast,
    RoiSeries,
    Subject,
)
from adtempo.domain.money import format_micros
from adtempo.forecasts.run import Filled

_CENT = 10_000
"""What is expected is not known to a thousandth."""

ENDS = ("value", "low80", "high80", "low95", "high95")


def roi_forecast_body(forecasts: Sequence[RoiForecast]) -> dict[str, Any]:
    """Return what the next 7 and 28 days bring."""
    return {
        "forecasts": [
            {
                **subject_body(one.subject),
                "days": one.days,
                "since": one.since.isoformat(),
                "until": one.until.isoformat(),
                "spend": _fan(one.spend, _amount),
                "value": _fan(one.value, _amount),
                "roi": _fan(one.roi),
                "model": one.model,
                "note": one.note,
                "made_at": one.made_at.isoformat(),
            }
            for one in forecasts
        ]
    }


def roi_timeseries_body(series: Sequence[RoiSeries]) -> dict[str, Any]:
    """Return ROI and conversions by day."""
    return {
        "series": [
            {
                **subject_body(one.subject),
                "roi": [point_body(point) for point in one.roi],
                "conversions": [point_body(point) for point in one.conversions],
                "note": one.note,
                "made_at": one.made_at.isoformat(),
            }
            for one in series
        ]
    }


def reach_ctr_body(series: Sequence[ReachSeries]) -> dict[str, Any]:
    """Return reach, or impressions, and CTR by day."""
    return {
        "series": [
            {
                **subject_body(one.subject),
                "measure": one.measure.value,
                "audience": [point_body(point) for point in one.audience],
                "ctr": [point_body(point) for point in one.ctr],
                "note": one.note,
                "made_at": one.made_at.isoformat(),
            }
            for one in series
        ]
    }


def budget_recommendation_body(answers: Sequence[BudgetRecommendation]) -> dict[str, Any]:
    """Return how a day's money should be shared out, one answer a currency."""
    return {
        "recommendations": [
            {
                "currency": one.currency,
                "since": one.since.isoformat(),
                "until": one.until.isoformat(),
                "total": _amount(one.total_micros),
                "value_today": _fan(one.today, _amount),
                "value_proposed": _fan(one.proposed, _amount),
                "gain": _fan(one.gain, _amount),
                "gain_over_equal": _fan(one.gain_over_equal, _amount),
                "next_1000": one.next_sentence,
                "lines": [line_body(line) for line in one.lines],
                "note": one.note,
                "made_at": one.made_at.isoformat(),
            }
            for one in answers
        ]
    }


def line_body(line: BudgetLine) -> dict[str, Any]:
    """Return what one channel or campaign should get."""
    return {
        "level": line.subject.level.value,
        "name": line.subject.name,
        "channel": line.channel,
        "title": line.title,
        "today": _amount(line.today_micros),
        "proposed": _amount(line.proposed_micros),
        "lowest": _amount(line.lowest_micros),
        "highest": _amount(line.highest_micros),
        "next_return": _fan(line.next_return),
        "next": _amount(line.next_micros),
        "extrapolates": line.extrapolates,
        "sentence": line.sentence,
    }


def status_body(status: ForecastStatus) -> dict[str, Any]:
    """Return how forecasting gets on."""
    return {
        "tables": [
            {
                "table": one.table,
                "filled_at": None if one.filled_at is None else one.filled_at.isoformat(),
                "failures": one.failures,
            }
            for one in status.tables
        ],
        "currencies": [
            {
                "currency": currency,
                "facts_until": until.isoformat(),
                "models_chosen_on": status.models_chosen_on[currency].isoformat(),
                "models": status.models[currency],
            }
            for currency, until in status.facts_until.items()
        ],
        "facts_batch": status.facts_batch,
        "run": None
        if status.run_status is None or status.run_slot is None
        else {
            "status": status.run_status,
            "slot": status.run_slot.isoformat(),
            "detail": status.run_detail,
            "error": status.run_error,
        },
    }


def filled_body(filled: Filled) -> dict[str, Any]:
    """Return what a run did."""
    return {
        "written": dict(filled.written),
        "claimed": filled.claimed,
        "currencies": list(filled.currencies),
        "unchanged": list(filled.unchanged),
        "failures": {currency: dict(said) for currency, said in filled.failures.items()},
    }


def subject_body(subject: Subject) -> dict[str, Any]:
    """Return what a forecast is about."""
    return {"level": subject.level.value, "name": subject.name, "currency": subject.currency}


def point_body(point: Point) -> dict[str, Any]:
    """Return one day of a series."""
    return {
        "day": point.day.isoformat(),
        "reported": point.reported,
        "expected": _fan(point.expected),
        "maturity": point.maturity,
        "is_forecast": point.is_forecast,
        "earlier": _fan(point.earlier),
    }


def _fan(forecast: Forecast | None, write: Callable[[float], Any] = float) -> dict[str, Any] | None:
    return None if forecast is None else {end: write(getattr(forecast, end)) for end in ENDS}


def _amount(micros: float) -> str:
    return format_micros(round(micros / _CENT) * _CENT)
