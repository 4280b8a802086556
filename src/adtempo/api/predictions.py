"""Predictions: taken in, held against the truth, and how right they have been."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from adtempo.api.access import INGEST, READ, Caller, Open
from adtempo.api.bodies import TEXT, Asked, Moment, Number, OfCampaign
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Paged
from adtempo.domain.accounts import Platform
from adtempo.domain.predictions import ENDS
from adtempo.predictions import report
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.claims import Claim
from adtempo.predictions.compare import DAYS, DAYS_MAX, compare_predictions, load_accuracy, load_comparisons
from adtempo.predictions.record import load_prediction, load_predictions, record_prediction

router = APIRouter(prefix="/api/tracking/predictions", tags=["predictions"], route_class=IdempotentRoute)

ID = r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}$"

Name = Annotated[str, Field(min_length=1, max_length=500, pattern=TEXT)]
Known = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31), examples=["2026-11-21"])]
Value = Annotated[
    str | float,
    Field(description="A number, or a decimal string; amounts in major units, CTR and CVR in percent.", examples=[2.5]),
]
Predicted = Annotated[str | Number | None, Field(description="In the metric's unit; amounts are decimal strings.")]
Days = Annotated[int, Query(ge=1, le=DAYS_MAX, description="Comparisons made in the last so many days.")]
Model = Annotated[str | None, Query(max_length=500, pattern=TEXT, description="Only of this model.")]


class PredictionAsked(Asked):
    """A prediction, about exactly one of a campaign, an account and a platform."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "prediction_id": "nightly-2026-11-20-c1-roas",
                    "campaign": "meta:act_1:c1",
                    "metric": "roas",
                    "since": "2026-11-21",
                    "until": "2026-11-21",
                    "value": 2.5,
                    "low80": 2.1,
                    "high80": 2.9,
                    "model": "nightly",
                }
            ]
        }
    )

    prediction_id: str = Field(pattern=ID, description="Yours; the same id and content again changes nothing.")
    campaign: Name | None = Field(default=None, description="Its id, or platform:account:campaign.")
    account: Name | None = Field(default=None, description="Its id, or platform:account.")
    platform: Platform | None = None
    metric: str = Field(max_length=50, examples=["roas"])
    since: Known = Field(description="First local day of the window, inclusive.")
    until: Known = Field(description="Last local day of the window, inclusive.")
    value: Value
    low80: Value | None = None
    high80: Value | None = None
    low95: Value | None = None
    high95: Value | None = None
    model: Name
    made_at: Moment | None = Field(default=None, description="Before the window was over; default: now.")


class PredictionShown(BaseModel):
    """One prediction, and what became of it: null until it is compared."""

    prediction_id: str
    platform: Platform
    account_id: str | None
    campaign_id: str | None
    page_name: str | None = Field(description="The creator's page, if one is meant.")
    channel: str | None = Field(description="The channel, if one is meant; empty: all of a currency.")
    currency: str | None = Field(description="Of the channel.")
    metric: str
    since: date
    until: date
    value: Predicted
    low95: Predicted
    low80: Predicted
    high80: Predicted
    high95: Predicted
    model: str
    made_at: Moment
    recorded_at: Moment
    late: bool = Field(description="Whether we got it only when its window was over.")
    horizon_days: int
    compared_at: Moment | None
    actual: Predicted
    maturity: Number | None
    error: Predicted = Field(description="Predicted - actual.")
    relative_error: Number | None
    inside80: bool | None
    inside95: bool | None
    accuracy: Number | None = Field(description="0 to 100.")


class PredictionsShown(BaseModel):
    """Predictions, the latest window first."""

    predictions: list[PredictionShown]


class ComparisonShown(BaseModel):
    """The compared predictions of one forecast: one window, one model, one horizon."""

    platform: Platform
    account_id: str | None
    campaign_id: str | None
    page_name: str | None = Field(description="The creator's page, if one is meant.")
    channel: str | None = Field(description="The channel, if one is meant; empty: all of a currency.")
    currency: str | None = Field(description="Of the channel.")
    since: date
    until: date
    model: str
    horizon_days: int
    predicted_roas: Predicted
    predicted_ctr: Predicted
    actual_roas: Predicted
    actual_ctr: Predicted
    roas_error: Predicted
    ctr_error: Predicted
    accuracy_score: Number | None = Field(description="Mean accuracy of its predictions, 0 to 100.")
    predictions: list[PredictionShown]


class ComparisonsShown(BaseModel):
    """Comparisons, the latest window first."""

    comparisons: list[ComparisonShown]


class ComparedShown(ComparisonsShown):
    """What was compared just now."""

    compared: int
    waiting: int = Field(description="Predictions whose window is not mature yet.")


class ShareShown(BaseModel):
    """A share of cases, with its 95% interval."""

    value: Number
    low95: Number
    high95: Number
    count: int


class AccuracyFigures(BaseModel):
    """How right predictions have been; null where nothing can be said."""

    count: int
    groups: int
    avg_accuracy: Number | None
    roas_accuracy: Number | None
    ctr_accuracy: Number | None
    bias: Number | None = Field(description="Mean relative error; above 0: predicted too much.")
    coverage80: ShareShown | None
    coverage95: ShareShown | None


class AccuracyOf(AccuracyFigures):
    """The same of one model, channel and horizon."""

    model: str
    platform: Platform
    horizon: str


class CalibrationShown(BaseModel):
    """A predicted quantile beside the share of actual values at or below it."""

    predicted: Number
    observed: ShareShown


class AccuracyShown(AccuracyFigures):
    """How right predictions have been, in all and in parts."""

    days: int
    model: str | None
    by: list[AccuracyOf]
    calibration: list[CalibrationShown]


@router.post("", status_code=201, openapi_extra=INGEST)
def record(asked: PredictionAsked, workspace: Open, caller: Caller) -> PredictionShown:
    """Record a prediction; one whose window is over is refused."""
    stated = asked.model_dump(exclude=set(ENDS))
    interval = {end: given for end in ENDS if (given := getattr(asked, end)) is not None}
    recorded = record_prediction(workspace, Claim(**stated, interval=interval), actor=caller.name)
    return PredictionShown.model_validate(report.prediction_body(recorded))


@router.get("", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_predictions(
    workspace: Open, pager: Paged, campaign: OfCampaign = None, model: Model = None
) -> PredictionsShown:
    """List predictions, the latest window first."""
    found = load_predictions(workspace, campaign=campaign, model=model)
    page = pager.turn(found, lambda one: one.prediction.prediction_id)
    return PredictionsShown.model_validate(report.predictions_body(page))


@router.get("/accuracy", openapi_extra=READ)
def accuracy(workspace: Open, days: Days = DAYS, model: Model = None) -> AccuracyShown:
    """How right predictions have been, per model, channel and horizon, and how honest their intervals."""
    return AccuracyShown.model_validate(report.accuracy_body(load_accuracy(workspace, days=days, model=model)))


@router.get("/comparisons", openapi_extra=READ)
def comparisons(
    workspace: Open, campaign: OfCampaign = None, days: Days = DAYS, model: Model = None
) -> ComparisonsShown:
    """List what predictions were held against, the latest window first."""
    found = load_comparisons(workspace, campaign=campaign, model=model, days=days)
    return ComparisonsShown.model_validate(report.comparisons_body(found))


@router.post("/compare", openapi_extra=INGEST)
def compare(workspace: Open, campaign: OfCampaign = None) -> ComparedShown:
    """Compare every prediction whose window is mature; each is compared once and never again."""
    done = compare_predictions(workspace, actuals_of(workspace), campaign=campaign)
    return ComparedShown.model_validate(report.compared_body(done))


@router.get("/{prediction}", openapi_extra=READ)
def show_prediction(
    prediction: Annotated[str, Path(pattern=ID, description="Its id.", examples=["nightly-2026-11-20-c1-roas"])],
    workspace: Open,
) -> PredictionShown:
    """One prediction, and what became of it."""
    return PredictionShown.model_validate(report.prediction_body(load_prediction(workspace, prediction)))
