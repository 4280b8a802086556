"""Predictions: what was claimed, and how right that has been."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from adtempo.accounts.run import load_campaigns
from adtempo.charts import CHARTS
from adtempo.charts.calibration import Calibrated
from adtempo.domain.predictions import RecordedPrediction, Scope
from adtempo.predictions.compare import DAYS_MAX, load_accuracy, load_comparisons
from adtempo.predictions.record import load_predictions
from adtempo.predictions.score import Accuracy, CalibrationPoint, Share
from adtempo.web.pages.alerts import names_of
from adtempo.web.pages.campaign_view import prediction_rows
from adtempo.web.pages.charting import Form, answer_chart
from adtempo.web.pages.choice import Known, PictureAsked, load_known
from adtempo.web.pages.routing import READ, Open, PageRoute, render
from adtempo.web.pages.wording import Cell, Figure, Line, campaign_address

router = APIRouter(route_class=PageRoute, include_in_schema=False)

CALIBRATION = next(chart for chart in CHARTS if chart.reads == "quantiles")
LATEST = 25
PERIODS = (30, 90, 365)


class RecordAsked(BaseModel):
    """Of how many days, and of which model."""

    days: int = Field(default=90, ge=1, le=DAYS_MAX)
    model: str = Field(default="", max_length=500)


class RecordChartAsked(RecordAsked, PictureAsked):
    """The same, and how the picture should look."""


@router.get("/predictions", openapi_extra=READ)
def predictions_page(request: Request, workspace: Open, asked: Annotated[RecordAsked, Query()]) -> Response:
    """Show how right predictions have been, in all and in parts, and the latest of them."""
    known = load_known(workspace)
    record = load_accuracy(workspace, days=asked.days, model=asked.model or None)
    newest = load_predictions(workspace, model=asked.model or None, limit=LATEST)
    compared = load_comparisons(workspace, days=asked.days, model=asked.model or None)
    judged = chain.from_iterable(forecast.predictions for forecast in compared)
    waiting = [one for one in newest if one.comparison is None]
    models = sorted({one.prediction.model for one in newest} | {model for model, *_ in record.by})
    names = {str(ref): name for ref, name in names_of(load_campaigns(workspace)).items()}
    return render(
        request,
        "predictions.html",
        scores=view_scores(record.overall, asked.days) if record.overall.count else (),
        rows=[
            {"model": model, "platform": platform, "horizon": horizon, "cells": _cells(found)}
            for model, platform, horizon, found in record.by
        ],
        judged=_claims(list(islice(judged, LATEST)), known, names),
        waiting=_claims(waiting, known, names),
        chart=CALIBRATION,
        asked=asked,
        periods=sorted({*PERIODS, asked.days}),
        models=models,
        simulated=known.simulated,
    )


@router.get("/predictions/calibration.{form}", openapi_extra=READ)
def calibration(request: Request, workspace: Open, form: Form, asked: Annotated[RecordChartAsked, Query()]) -> Response:
    """Draw whether intervals are as wide as they claim."""
    record = load_accuracy(workspace, days=asked.days, model=asked.model or None)
    return answer_chart(request, CALIBRATION.draw(calibrated(record.calibration)), form, asked)


def calibrated(points: Sequence[CalibrationPoint]) -> list[Calibrated]:
    """Return the points of the calibration chart."""
    return [
        Calibrated(
            point.predicted,
            point.observed.value,
            point.observed.low95,
            point.observed.high95,
            point.observed.count,
        )
        for point in points
    ]


def coverage_verdict(share: Share | None, nominal: float) -> tuple[str, str]:
    """Say whether an interval holds the truth as often as it claims, and whether that is good."""
    if share is None:
        return "no prediction stated one", ""
    if share.low95 <= nominal <= share.high95:
        return f"as often as claimed, within chance ({share.low95:.0%} to {share.high95:.0%})", "good"
    word = "less often than claimed: too narrow" if share.value < nominal else "more often than claimed: too wide"
    return f"{word} ({share.low95:.0%} to {share.high95:.0%})", "bad"


def view_scores(found: Accuracy, days: int) -> tuple[Figure, ...]:
    """Return the numbers of a scorecard over the last days."""
    window = f"Of the {found.count} predictions that came due in the last {days} days."
    accuracy = "Mean of 100 x max(0, 1 - |predicted - actual| / |actual|)."
    scores = [
        Figure(name, "n/a" if value is None else f"{value:.0f}", "of 100", (accuracy, window))
        for name, value in (
            ("Accuracy", found.avg_accuracy),
            ("ROAS accuracy", found.roas_accuracy),
            ("CTR accuracy", found.ctr_accuracy),
        )
    ]
    bias = "n/a" if found.bias is None else f"{found.bias:+.1%}"
    leaning = "" if found.bias is None else "predicted too much" if found.bias > 0 else "predicted too little"
    scores.append(Figure("Bias", bias, leaning, ("Mean of (predicted - actual) / |actual|.", window)))
    for share, nominal in ((found.coverage80, 0.8), (found.coverage95, 0.95)):
        verdict, tone = coverage_verdict(share, nominal)
        formula = f"Share of actual values inside the {nominal:.0%} interval; in brackets, its own 95% interval."
        amount = "n/a" if share is None else f"{share.value:.0%}"
        scores.append(Figure(f"Inside the {nominal:.0%} interval", amount, verdict, (formula, window), tone))
    return tuple(scores)


def _cells(found: Accuracy) -> tuple[Cell, ...]:
    def points(value: float | None) -> Cell:
        return Cell("n/a" if value is None else f"{value:.0f}", value, "0 to 100")

    bias = Cell("n/a" if found.bias is None else f"{found.bias:+.1%}", found.bias, "Above 0: predicted too much.")
    count = Cell(f"{found.count:,}", found.count, "Predictions with an actual value.")
    return (
        count,
        points(found.avg_accuracy),
        points(found.roas_accuracy),
        points(found.ctr_accuracy),
        bias,
        _coverage(found.coverage80, 0.8),
        _coverage(found.coverage95, 0.95),
    )


def _coverage(share: Share | None, nominal: float) -> Cell:
    if share is None:
        return Cell("n/a", None, "No prediction stated such an interval.")
    verdict, _ = coverage_verdict(share, nominal)
    text = f"{share.value:.0%} ({100 * share.low95:.0f} to {100 * share.high95:.0f})"
    return Cell(text, share.value, f"Claimed {nominal:.0%}: {verdict}.")


def _claims(latest: Sequence[RecordedPrediction], known: Known, names: dict[str, str]) -> list[Line]:
    lines = []
    for one in latest:
        scope = one.prediction.scope
        account = known.accounts.get(scope.account) if scope.account else None
        row = prediction_rows([one], account.currency if account else "")[0]
        about = names.get(str(scope)) or _about(scope)
        lines.append(
            {
                "about": about,
                "address": campaign_address(scope.campaign) if scope.campaign else "",
                "row": row,
            }
        )
    return lines


def _about(scope: Scope) -> str:
    """Say in words what a claim is about that is not about a campaign."""
    if scope.channel is not None:
        return f"{scope.channel or 'All channels'}, {scope.currency}"
    return scope.page_name or str(scope)
