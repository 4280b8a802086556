"""What late figures will come to, in words and for machines: it stands beside every return that is reported."""

from __future__ import annotations

from typing import Any

from adtempo.domain.metrics import (
    ABSENT,
    CONVERSION_VALUE,
    CONVERSIONS,
    CPA,
    ROAS,
    Metric,
    Unit,
    format_value,
    plain_value,
)
from adtempo.tracking.expected import NOTHING, ExpectedFigure, ExpectedFigures

LATE = (CONVERSIONS, CONVERSION_VALUE, ROAS, CPA)
"""Metrics of which something is still to come."""

_BOUNDS = ("value", "low80", "high80", "low95", "high95")


def expected_body(expected: ExpectedFigures | None) -> dict[str, dict[str, str | float | None]]:
    """Return what figures will come to, with intervals, as machines read it: amounts as decimal strings."""
    return {metric.name: figure_body(metric, getattr(expected, metric.name, NOTHING)) for metric in LATE}


def figure_body(metric: Metric, figure: ExpectedFigure) -> dict[str, str | float | None]:
    """Return what one figure will come to, with intervals, as machines read it."""
    return {bound: plain_value(metric, _stored(metric, getattr(figure, bound))) for bound in _BOUNDS}


def outlook_body(expected: ExpectedFigures | None) -> dict[str, Any]:
    """Return what stands beside reported figures: what they will come to, how much of it has arrived, and why so."""
    return {
        "expected": expected_body(expected),
        "maturity": expected.maturity if expected else None,
        "basis": expected.basis if expected else None,
    }


def in_words(metric: Metric, figure: ExpectedFigure, currency: str) -> str:
    """Return one figure's expected value and its 80% interval.

    >>> in_words(ROAS, ExpectedFigure(2.31, 2.1, 2.554, 2.0, 2.7), "EUR")
    '2.31 (2.10 to 2.55)'
    """
    value, low, high = (
        format_value(metric, _stored(metric, bound), currency) for bound in (figure.value, figure.low80, figure.high80)
    )
    return ABSENT if figure.value is None else f"{value} ({low} to {high})"


def return_in_words(expected: ExpectedFigures | None) -> str:
    """Return what a reported return will come to and how much of it has arrived; empty where nothing is expected."""
    if expected is None or expected.roas.value is None or expected.maturity is None:
        return ""
    return f"expected {in_words(ROAS, expected.roas, '')}, {expected.maturity:.0%} arrived"


def _stored(metric: Metric, number: float | None) -> float | None:
    """Return a figure in the unit that metrics are computed in: amounts in micros."""
    return number * 1e6 if number is not None and metric.unit is Unit.MICROS else number
