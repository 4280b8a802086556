"""Forecasts: the data of the four predictions, how they get on, and bringing them up to date at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from adtempo.api.access import INGEST, READ, Open
from adtempo.api.bodies import TEXT, Amount, Currency, Moment
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.jobs import RunShown, Status, show_run
from adtempo.domain.forecasts import Audience, Level
from adtempo.forecasts import report
from adtempo.forecasts.load import HISTORY_DAYS
from adtempo.forecasts.run import SHOWN_DAYS, Forecaster
from adtempo.jobs.runner import request_run
from adtempo.jobs.schedule import FORECASTS

router = APIRouter(prefix="/api/ml-dashboard", tags=["forecasts"], route_class=IdempotentRoute)


ChannelAsked = Annotated[
    str | None, Query(max_length=100, pattern=TEXT, description="Only this channel.", examples=["meta"])
]
LevelAsked = Annotated[Level | None, Query(description="Only this level; default: totals and channels.")]
DaysAsked = Annotated[int, Query(ge=1, le=HISTORY_DAYS, description="How many days that are over.")]


class FanShown(BaseModel):
    """An expected number with its central 80% and 95% intervals."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"value": 0.42, "low80": 0.31, "high80": 0.55, "low95": 0.24, "high95": 0.63}]}
    )

    value: float
    low80: float
    high80: float
    low95: float
    high95: float


class AmountFanShown(BaseModel):
    """An expected amount with its central 80% and 95% intervals."""

    value: Amount
    low80: Amount
    high80: Amount
    low95: Amount
    high95: Amount


class SubjectShown(BaseModel):
    """What a forecast is about."""

    level: Level = Field(description="Campaigns add up to channels and accounts, these to the total of a currency.")
    name: str = Field(description="The channel, platform:account, or platform:account:campaign; empty: the total.")
    currency: Currency


class RoiForecastShown(SubjectShown):
    """What the days to come bring back; null where nothing can be said, and the note says why."""

    days: int = Field(description="Length of the window.", examples=[7])
    since: date
    until: date
    spend: AmountFanShown | None
    value: AmountFanShown | None = Field(description="Conversion value, with what arrives late.")
    roi: FanShown | None = Field(description="(value - spend) / spend.")
    model: str
    note: str
    made_at: Moment


class RoiForecastsShown(BaseModel):
    """ROI of the next 7 and 28 days."""

    forecasts: list[RoiForecastShown]


class PointShown(BaseModel):
    """One day."""

    day: date
    reported: float | None = Field(description="What the platform says so far; null for days to come.")
    expected: FanShown | None = Field(description="What it comes to in the end; for days to come, the forecast.")
    maturity: float | None = Field(description="Share of it that has been reported, where something arrives late.")
    is_forecast: bool
    earlier: FanShown | None = Field(description="What was forecast for this day about a week before it.")


class RoiSeriesShown(SubjectShown):
    """ROI and conversions of one channel, or of everything."""

    roi: list[PointShown]
    conversions: list[PointShown]
    note: str
    made_at: Moment


class RoiTimeseriesShown(BaseModel):
    """ROI and conversions by day, past and to come."""

    series: list[RoiSeriesShown]


class ReachSeriesShown(SubjectShown):
    """How many a channel reaches and which share clicks."""

    measure: Audience = Field(description="What `audience` counts.")
    audience: list[PointShown]
    ctr: list[PointShown] = Field(description="In percent.")
    note: str
    made_at: Moment


class ReachCtrShown(BaseModel):
    """Reach, or impressions, and CTR by day, past and to come."""

    series: list[ReachSeriesShown]


class BudgetLineShown(BaseModel):
    """What one channel or campaign gets in a day, and should get."""

    level: Level
    name: str
    channel: str
    title: str
    today: Amount
    proposed: Amount
    lowest: Amount
    highest: Amount
    next_return: FanShown | None = Field(description="Conversion value per unit of a little more money there.")
    next: Amount = Field(description="How much of the next 1,000 goes here.")
    extrapolates: bool = Field(description="Whether the proposal is more than was ever spent there.")
    sentence: str


class RecommendationShown(BaseModel):
    """How a day's money of one currency should be shared out; values are of a day."""

    currency: Currency
    since: date
    until: date
    total: Amount
    value_today: AmountFanShown | None
    value_proposed: AmountFanShown | None
    gain: AmountFanShown | None
    gain_over_equal: AmountFanShown | None
    next_1000: str = Field(description="Where the next 1,000 goes.")
    lines: list[BudgetLineShown]
    note: str
    made_at: Moment


class RecommendationsShown(BaseModel):
    """One recommendation a currency; nothing is changed by it."""

    recommendations: list[RecommendationShown]


class TableShown(BaseModel):
    """One of the four tables."""

    table: str = Field(examples=["ml_roi_forecast"])
    filled_at: Moment | None = Field(description="When a row was last written.")
    failures: dict[str, str] = Field(description="What failed when it was last to be filled, by currency.")


class CurrencyShown(BaseModel):
    """How far the forecasts of a currency know."""

    currency: Currency
    facts_until: date = Field(description="The last day that they know.")
    models_chosen_on: date
    models: dict[str, str]


class RunOfForecasts(BaseModel):
    """The newest run of the job."""

    status: Status
    slot: Moment
    detail: dict[str, Any] | None = Field(description="How far it is, or what it did.")
    error: str | None


class ForecastStatusShown(BaseModel):
    """How forecasting gets on."""

    tables: list[TableShown]
    currencies: list[CurrencyShown]
    facts_batch: int | None
    run: RunOfForecasts | None


@router.get("/roi-forecast/data", openapi_extra=READ)
def roi_forecast(workspace: Open, level: LevelAsked = None, channel: ChannelAsked = None) -> RoiForecastsShown:
    """ROI of the next 7 and 28 days, with intervals."""
    found = Forecaster(workspace).roi_forecast(level, channel)
    return RoiForecastsShown.model_validate(report.roi_forecast_body(found))


@router.get("/roi-timeseries/data", openapi_extra=READ)
def roi_timeseries(workspace: Open, days: DaysAsked = SHOWN_DAYS, channel: ChannelAsked = None) -> RoiTimeseriesShown:
    """ROI and conversions by day: reported, expected, forecast, and what was forecast a week before."""
    found = Forecaster(workspace).roi_timeseries(days, channel)
    return RoiTimeseriesShown.model_validate(report.roi_timeseries_body(found))


@router.get("/reach-ctr/data", openapi_extra=READ)
def reach_ctr(workspace: Open, days: DaysAsked = SHOWN_DAYS, channel: ChannelAsked = None) -> ReachCtrShown:
    """Reach, or impressions where reach is not reported, and CTR by day."""
    found = Forecaster(workspace).reach_ctr(days, channel)
    return ReachCtrShown.model_validate(report.reach_ctr_body(found))


@router.get("/budget-recommendation/data", openapi_extra=READ)
def budget_recommendation(workspace: Open) -> RecommendationsShown:
    """How a day's money should be shared out over channels and campaigns, and where the next 1,000 goes."""
    found = Forecaster(workspace).budget_recommendation()
    return RecommendationsShown.model_validate(report.budget_recommendation_body(found))


@router.get("/status", openapi_extra=READ)
def status(workspace: Open) -> ForecastStatusShown:
    """When each table was last filled, how old its facts are, what failed, and how far a run is."""
    return ForecastStatusShown.model_validate(report.status_body(Forecaster(workspace).status()))


@router.post("/sync-now", status_code=202, openapi_extra=INGEST)
def sync_now(workspace: Open) -> RunShown:
    """Bring forecasts up to date at once; while a run is waiting or running, a second call joins it."""
    return show_run(request_run(workspace.engine, FORECASTS, datetime.now(UTC)))
