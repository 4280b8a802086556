"""Dayparts: when a campaign's money works, hour by hour, platforms side by side, and what niches have in common."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from adtempo.api.access import READ, Open
from adtempo.api.bodies import TEXT, Asked, Currency, Moment, Number
from adtempo.api.idempotency import IdempotentRoute
from adtempo.dayparts import report
from adtempo.dayparts.analysis import EARLIEST, LATEST, LOOKBACK_DAYS, LOOKBACK_DAYS_MAX, Question
from adtempo.dayparts.decide import Priority, Step
from adtempo.dayparts.findings import DaypartSettings, Label
from adtempo.dayparts.run import DayPartOptimizer
from adtempo.domain.accounts import Platform

router = APIRouter(prefix="/daypart", tags=["dayparts"], route_class=IdempotentRoute)

USUAL = DaypartSettings()

Name = Annotated[str, Field(min_length=1, max_length=500, pattern=TEXT, examples=["300201"])]
CampaignPath = Annotated[str, Path(max_length=500, pattern=TEXT, description="Its id.", examples=["300201"])]
Figure = Annotated[str | Number | None, Field(description="In the metric's unit; amounts are decimal strings.")]
Lookback = Annotated[int, Query(ge=1, le=LOOKBACK_DAYS_MAX, description="Days to look back on.")]
MetricName = Annotated[str, Query(max_length=50, pattern=TEXT, description="A ratio, such as roas or ctr.")]


class AnalyzeAsked(Asked):
    """Which campaign's week, judged how."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"campaign_id": "300201", "lookback_days": 30}]})

    campaign_id: Name = Field(description="Its id, or platform:account:campaign.")
    platform: Platform | None = Field(default=None, description="Where it is, if its id does not say so.")
    niche: str | None = Field(default=None, min_length=1, max_length=200, pattern=TEXT)
    lookback_days: int = Field(default=LOOKBACK_DAYS, ge=1, le=LOOKBACK_DAYS_MAX)
    min_samples: int = Field(default=USUAL.min_samples, ge=1, le=1_000_000)
    peak_percentile: float = Field(default=USUAL.peak_percentile, ge=0, le=100, description="Peaks lie above it.")
    valley_percentile: float = Field(default=USUAL.valley_percentile, ge=0, le=100, description="Valleys lie below it.")
    metric: str = Field(default="roas", max_length=50, pattern=TEXT)
    until: Annotated[date, Field(ge=EARLIEST, le=LATEST)] | None = None


class SlotFields(BaseModel):
    """What is known of one slot of the week; null where nothing can be said."""

    n: int = Field(description="Measured hours with a denominator above 0.")
    mean: Figure = Field(description="Mean of the hourly ratios: classical, for reference.")
    ewma: Figure
    ci_low: Figure = Field(description="Classical 95% interval of the mean.")
    ci_high: Figure
    estimate: Figure = Field(description="What the slot is worth, borrowing from its neighbours.")
    estimate_low: Figure = Field(description="Its 95% interval.")
    estimate_high: Figure
    lift: Number | None = Field(description="How many times better than the campaign's mean.")
    lift_low: Number | None
    lift_high: Number | None
    q_value: Number | None = Field(description="Expected share of false ones among all that are as clear.")
    label: Label


class CellShown(SlotFields):
    """An hour of the week; Monday is day 0."""

    day_of_week: int
    hour: int


class HourShown(SlotFields):
    """An hour of the day."""

    hour: int


class DayShown(SlotFields):
    """A weekday; Monday is 0."""

    day_of_week: int


class PartShown(SlotFields):
    """A part of the week or of the day."""

    name: str


class PatternShown(BaseModel):
    """Neighbouring hours of some weekdays that are better, or worse, than the campaign's normal level."""

    type: Label
    hours: list[int]
    days: list[int]
    lift: Number
    lift_low: Number
    lift_high: Number
    strength: Number
    consistency: Number
    confidence: Number
    q_value: Number


class RecommendationShown(BaseModel):
    """One thing to do."""

    priority: Priority
    action: Step = Field(description="keep_flat: no pattern; keep_hours: a pattern that today's rhythm already serves.")
    reason: str
    hours: list[int]
    days: list[int]
    expected_lift: Number | None
    lift_low: Number | None
    lift_high: Number | None
    expected_gain: Number | None = Field(
        description="Of doing this on top of today's rhythm, over that rhythm, a ratio."
    )
    gain_low: Number | None
    gain_high: Number | None


class RecommendationsShown(BaseModel):
    """What to do about a campaign's hours, what matters most first."""

    campaign_id: str
    platform: Platform
    account_id: str
    analysis_id: str
    metric: str
    abstained: bool
    reason: str
    peak_hours: list[int]
    valley_hours: list[int]
    recommendations: list[RecommendationShown]


class AnalysisShown(BaseModel):
    """What is known of a campaign's week."""

    analysis_id: str = Field(description="The same question about the same facts is the same analysis.")
    campaign_id: str
    platform: Platform
    account_id: str
    niche: str | None
    metric: str = Field(description="What was analysed: a click metric where hours carry no conversions.")
    conversions: Literal["platform", "own", "none"] = Field(description="Whose conversions count by the hour.")
    currency: Currency
    timezone: str
    lookback_days: int
    since: date
    until: date
    as_of: Moment
    samples: int
    mean: Figure
    abstained: bool = Field(description="Whether no usable pattern was found.")
    reason: str = Field(description="Why, and what it would take to see one.")
    borrowed: Number = Field(description="Share of the estimates that rests on other campaigns, 0 to 1.")
    weekly: bool = Field(description="Whether weekdays differ so clearly that a plan by hour of the week is due.")
    cells: list[CellShown]
    hours: list[HourShown]
    days: list[DayShown]
    week_parts: list[PartShown]
    times_of_day: list[PartShown]
    peak_hours: list[int]
    valley_hours: list[int]
    patterns: list[PatternShown]
    recommendations: list[RecommendationShown]


class HourValue(BaseModel):
    """What a platform brings in one hour of the local day, with its 95% interval."""

    hour: int
    value: Figure
    low: Figure
    high: Figure


class PlatformShown(BaseModel):
    """What one platform brings, as ratios of sums."""

    platform: Platform
    campaigns: int
    value: Figure
    hours: list[HourValue]


class BestShown(BaseModel):
    """The platform that is clearly better than every other in an hour; null where none is."""

    hour: int
    platform: Platform | None


class LeftOut(BaseModel):
    """A campaign whose hours lack the metric."""

    campaign_id: str
    platform: Platform
    reason: str


class ComparisonShown(BaseModel):
    """Platforms side by side on the same hours of the local day."""

    metric: str
    platforms: list[PlatformShown]
    best: list[BestShown]
    left_out: list[LeftOut]


class HourLift(BaseModel):
    """How many times better than a campaign's mean an hour is to be expected."""

    hour: int
    lift: Number


class NicheShown(BaseModel):
    """What a new campaign of a niche may expect of its hours; none where nothing may be shared or nothing is known."""

    niche: str
    words: list[str] = Field(description="By which it is recognised in a campaign's name.")
    metric: str
    accounts: int = Field(description="Accounts it was learnt from.")
    hours: list[HourLift]


class DaypartHealth(BaseModel):
    """Whether dayparts work, and what is kept of them."""

    status: Literal["ok"]
    analyses: int
    schedules: int
    last_analysis: Moment | None


@router.post("/analyze", openapi_extra=READ)
def analyze(asked: AnalyzeAsked, workspace: Open) -> AnalysisShown:
    """What is known of a campaign's week: every hour with its interval, patterns, and what to do."""
    settings = DaypartSettings(asked.min_samples, asked.peak_percentile, asked.valley_percentile)
    question = Question(asked.lookback_days, asked.metric, asked.until, settings, asked.niche)
    optimizer = DayPartOptimizer(workspace)
    found = optimizer.analyze(asked.campaign_id, question, platform=asked.platform)
    optimizer.keep([found])
    return AnalysisShown.model_validate(report.analysis_body(found))


@router.get("/recommend/{campaign_id}", openapi_extra=READ)
def recommend(
    campaign_id: CampaignPath,
    workspace: Open,
    platform: Annotated[Platform | None, Query(description="Where it is, if its id does not say so.")] = None,
) -> RecommendationsShown:
    """What to do about a campaign's hours, what matters most first."""
    found = DayPartOptimizer(workspace).analyze(campaign_id, platform=platform)
    return RecommendationsShown.model_validate(report.recommendations_body(found))


@router.get("/compare", openapi_extra=READ)
def compare(
    workspace: Open,
    campaign: Annotated[
        list[Annotated[str, Field(max_length=500, pattern=TEXT)]], Query(max_length=50, description="None means all.")
    ] = [],  # noqa: B006 - FastAPI copies defaults
    metric: MetricName = "roas",
    lookback_days: Lookback = LOOKBACK_DAYS,
) -> ComparisonShown:
    """Compare platforms on the same hours of the local day."""
    compared, left_out = DayPartOptimizer(workspace).compare(campaign, Question(lookback_days, metric))
    return ComparisonShown.model_validate(report.comparison_body(compared, left_out))


@router.get("/niche/{niche}", openapi_extra=READ)
def show_niche(
    niche: Annotated[str, Path(max_length=200, pattern=TEXT, examples=["fitness"])],
    workspace: Open,
    client: Annotated[str | None, Query(max_length=200, pattern=TEXT, description="Whose new campaign it is.")] = None,
    metric: MetricName = "roas",
    lookback_days: Lookback = LOOKBACK_DAYS,
) -> NicheShown:
    """What a new campaign may expect of its hours from its niche; across clients only what no single one shows."""
    prior = DayPartOptimizer(workspace).load_niche(niche, Question(lookback_days, metric), client=client)
    return NicheShown.model_validate(report.niche_body(niche, metric, prior))


@router.get("/health", openapi_extra=READ)
def health(workspace: Open) -> DaypartHealth:
    """Whether dayparts work, and what is kept of them."""
    return DaypartHealth.model_validate(report.standing_body(DayPartOptimizer(workspace).load_standing()))
