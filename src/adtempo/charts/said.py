"""From what a `Forecaster` said to its picture: of one currency, since currencies are never mixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from adtempo.charts.forecast_budget import draw_budget_recommendation
from adtempo.charts.forecast_roi import draw_roi_forecast
from adtempo.charts.forecast_series import draw_reach_ctr, draw_roi_timeseries
from adtempo.charts.grammar import Document
from adtempo.charts.picture import picture_png, picture_svg
from adtempo.charts.series import draw_nothing
from adtempo.charts.theme import finish_chart
from adtempo.domain.errors import NotFound
from adtempo.domain.forecasts import BudgetRecommendation, ReachSeries, RoiForecast, RoiSeries

One = TypeVar("One", RoiForecast, RoiSeries, ReachSeries, BudgetRecommendation)

NOT_YET = "Nothing has been forecast yet"


def draw_said(said: Sequence[Any], currency: str | None) -> Document:
    """Draw the answer to one question; of series, the first of the currency.

    Args:
        said: What one method of a `Forecaster` returned.
        currency: Which currency's; None for the first by name.

    Raises:
        NotFound: Nothing was forecast in this currency.
    """
    chosen = of_currency(said, currency)
    match chosen:
        case [RoiForecast(), *_]:
            return draw_roi_forecast(chosen)
        case [RoiSeries() as series, *_]:
            return draw_roi_timeseries(series)
        case [ReachSeries() as series, *_]:
            return draw_reach_ctr(series)
        case [BudgetRecommendation() as recommendation]:
            return draw_budget_recommendation(recommendation)
    return draw_nothing(NOT_YET)


def picture_said(
    said: Sequence[Any], form: str, *, currency: str | None, theme: str, width: int, height: int | None
) -> bytes:
    """Return the answer to one question as a picture.

    Args:
        said: What one method of a `Forecaster` returned.
        form: ``png`` or ``svg``.
        currency: Which currency's; None for the first by name.
        width: Pixels.
        height: Pixels; None for as much as it needs.

    Raises:
        NotFound: Nothing was forecast in this currency.
    """
    document = finish_chart(draw_said(said, currency), theme, width, height)
    return picture_svg(document).encode() if form == "svg" else picture_png(document)


def of_currency(said: Sequence[One], currency: str | None) -> list[One]:
    """Return the part of an answer that is about one currency; None for the first by name.

    Raises:
        NotFound: Nothing was forecast in this currency.
    """
    known = sorted({currency_of(one) for one in said})
    if currency is not None and currency not in known:
        there = f"there is {', '.join(known)}" if known else NOT_YET.lower()
        raise NotFound(f"nothing is forecast in {currency}; {there}")
    wanted = currency or next(iter(known), None)
    return [one for one in said if currency_of(one) == wanted]


def currency_of(one: RoiForecast | RoiSeries | ReachSeries | BudgetRecommendation) -> str:
    """Return the currency of an answer."""
    return one.currency if isinstance(one, BudgetRecommendation) else one.subject.currency
