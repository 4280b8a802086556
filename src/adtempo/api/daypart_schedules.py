"""Schedules: a budget shared out over the hours, forms to take it away in, and the proof that it helps."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from adtempo.api.access import PLAN, READ, Caller, Open
from adtempo.api.bodies import TEXT, Amount, Asked, Currency, Moment, Number, gives_file
from adtempo.api.dayparts import CampaignPath, Figure, Name
from adtempo.api.idempotency import IdempotentRoute
from adtempo.dayparts import report
from adtempo.dayparts.exports import EXPORTS
from adtempo.dayparts.run import DayPartOptimizer
from adtempo.dayparts.scheduling import Wish
from adtempo.domain.accounts import Platform
from adtempo.domain.schedules import MULTIPLIER_MAX, Strategy, Way

router = APIRouter(prefix="/daypart", tags=["dayparts"], route_class=IdempotentRoute)


Budget = Annotated[
    str | float, Field(description="Daily budget in major units, a decimal string or a number.", examples=["100.00"])
]
ScheduleId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="Its id.", examples=["0123456789abcdef"])]

Form = Annotated[str, Path(max_length=40, pattern=TEXT, examples=[one.name for one in EXPORTS])]


class ScheduleAsked(Asked):
    """A budget to share out over the hours of one campaign."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"campaign_id": "300201", "total_daily_budget": "100.00", "schedule_type": "balanced"}]
        }
    )

    campaign_id: Name = Field(description="Its id, or platform:account:campaign.")
    platform: Platform | None = None
    total_daily_budget: Budget
    schedule_type: Strategy = Strategy.BALANCED
    peak_multiplier: float | None = Field(default=None, gt=0, le=MULTIPLIER_MAX)
    valley_multiplier: float | None = Field(default=None, ge=0, le=MULTIPLIER_MAX)


class UnifiedAsked(Asked):
    """A budget to share out over the hours of several campaigns."""

    campaign_ids: list[Name] = Field(min_length=1, max_length=50)
    total_daily_budget: Budget
    schedule_type: Strategy = Strategy.BALANCED
    peak_multiplier: float | None = Field(default=None, gt=0, le=MULTIPLIER_MAX)
    valley_multiplier: float | None = Field(default=None, ge=0, le=MULTIPLIER_MAX)


class HourBudget(BaseModel):
    """What one hour of any day gets."""

    hour: int
    multiplier: Number
    budget: Amount


class CellBudget(HourBudget):
    """What one hour of the week gets."""

    day_of_week: int


class PredictionOfSchedule(BaseModel):
    """What a schedule is expected to come to over the next 28 days; intervals are of 95%."""

    metric: str
    expected: Figure
    low: Figure
    high: Figure
    uplift: Number = Field(description="Improvement over the same budget spent evenly, as a ratio; above 0 is better.")
    uplift_low: Number
    uplift_high: Number
    over_usual: Number = Field(description="The same over leaving the hours to the platform, as they are spent now.")
    modified: Number = Field(description="Of the multipliers as modifiers on top of that, the improvement over it.")
    modified_low: Number
    modified_high: Number
    run_as: Way = Field(description="How the schedule is best put to work; keep: not at all.")
    advice: str = Field(description="The same in words.")


class ScheduleShown(BaseModel):
    """One schedule; it is never changed."""

    schedule_id: str
    version: int = Field(description="Of its campaign's schedules, from 1.")
    campaign_id: str
    platform: Platform
    account_id: str
    analysis_id: str
    strategy: Strategy
    timezone: str
    total_daily_budget: Amount
    currency: Currency
    flat: bool = Field(description="Whether every hour gets the same, as without a usable pattern.")
    hours: list[HourBudget] = Field(description="24 hours; they sum to the total exactly.")
    week: list[CellBudget] | None = Field(description="168 hours where weekdays differ; each day sums to the total.")
    reason: str = Field(description="What its analysis found, or why it is flat.")
    prediction: PredictionOfSchedule | None
    made_at: Moment
    actor: str


class SchedulesShown(BaseModel):
    """Schedules of a campaign, the newest first."""

    schedules: list[ScheduleShown]


class HourTotal(BaseModel):
    """What all campaigns get in one hour of their local day."""

    hour: int
    budget: Amount


class UnifiedShown(BaseModel):
    """The schedules of one plan; hours are those of each account's own clock."""

    total_daily_budget: Amount
    currency: Currency
    timezones: list[str]
    hours: list[HourTotal]
    schedules: list[ScheduleShown]


class ExportShown(BaseModel):
    """A schedule in a platform's form."""

    schedule_id: str
    export: str
    media_type: str
    lost_share: Number | None = Field(
        description="Part of the expected gain over today's rhythm that the form cannot hold."
    )
    statement: str = Field(description="What the form can hold and what is lost, in words.")
    text: str


class ProofWeekShown(BaseModel):
    """One week of a proof."""

    monday: date
    with_schedule: bool = Field(description="Whether the schedule runs; else the hours are left to the platform.")
    value: Figure = Field(description="Late conversions made up for; null before the week is over.")


class ProofResult(BaseModel):
    """What the complete pairs of weeks show."""

    pairs: int
    gain: Number
    gain_low: Number = Field(description="Lower end of its 95% interval.")
    gain_high: Number
    p_value: Number
    shown: bool = Field(description="Whether all weeks are over and the interval leaves out 0.")


class ProofShown(BaseModel):
    """In which weeks to run a schedule so that its gain shows, and what they have shown so far."""

    schedule_id: str
    campaign_id: str
    platform: Platform
    account_id: str
    metric: str
    expected_gain: Number
    weekly_deviation: Number = Field(description="By how much weeks differ anyway, as a ratio.")
    pairs: int = Field(description="Pairs of weeks that it takes; 0 where a year is not enough.")
    power: Number = Field(description="Chance of showing the expected gain if it is there.")
    detectable_gain: Number = Field(description="The smallest gain that a year would probably show.")
    weeks: list[ProofWeekShown]
    result: ProofResult | None
    statement: str = Field(description="All of it in words.")


@router.post("/schedule", status_code=201, openapi_extra=PLAN)
def schedule(asked: ScheduleAsked, workspace: Open, caller: Caller) -> ScheduleShown:
    """Share a daily budget out over a campaign's hours, exact to the minor unit; flat without a usable pattern."""
    kept = DayPartOptimizer(workspace).build_schedule(
        asked.campaign_id,
        asked.total_daily_budget,
        asked.schedule_type,
        platform=asked.platform,
        peak_multiplier=asked.peak_multiplier,
        valley_multiplier=asked.valley_multiplier,
        actor=caller.name,
    )
    return ScheduleShown.model_validate(report.schedule_body(kept))


@router.post("/schedule/unified", status_code=201, openapi_extra=PLAN)
def schedule_together(asked: UnifiedAsked, workspace: Open, caller: Caller) -> UnifiedShown:
    """Plan campaigns of several platforms together: one budget, shared out as they spend now."""
    wish = Wish(asked.total_daily_budget, asked.schedule_type, asked.peak_multiplier, asked.valley_multiplier)
    kept = DayPartOptimizer(workspace).build_unified_schedule(asked.campaign_ids, wish, actor=caller.name)
    return UnifiedShown.model_validate(report.unified_body(kept))


@router.get("/schedules/{campaign_id}", openapi_extra=READ)
def list_schedules(campaign_id: CampaignPath, workspace: Open) -> SchedulesShown:
    """List the schedules of a campaign, the newest first."""
    found = DayPartOptimizer(workspace).load_schedules(campaign_id)
    return SchedulesShown.model_validate(report.schedules_body(found))


@router.get("/schedule/{schedule_id}", openapi_extra=READ)
def show_schedule(schedule_id: ScheduleId, workspace: Open) -> ScheduleShown:
    """One schedule."""
    return ScheduleShown.model_validate(report.schedule_body(DayPartOptimizer(workspace).load_schedule(schedule_id)))


@router.get("/schedule/{schedule_id}/export/{form}", openapi_extra=READ)
def export_schedule(schedule_id: ScheduleId, form: Form, workspace: Open) -> ExportShown:
    """A schedule in a platform's form, with a plain statement of what that form cannot hold."""
    done = DayPartOptimizer(workspace).export_schedule(schedule_id, form)
    return ExportShown.model_validate(report.exported_body(done))


@router.get(
    "/schedule/{schedule_id}/file/{form}",
    response_class=Response,
    responses=gives_file(*(one.media_type for one in EXPORTS)),
    openapi_extra=READ,
)
def download_schedule(schedule_id: ScheduleId, form: Form, workspace: Open) -> Response:
    """The same as a file to keep."""
    done = DayPartOptimizer(workspace).export_schedule(schedule_id, form)
    name = f"{done.export.name}-{schedule_id}.{done.export.suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(done.text, media_type=done.export.media_type, headers=headers)


@router.get("/schedule/{schedule_id}/proof", openapi_extra=READ)
def prove_schedule(schedule_id: ScheduleId, workspace: Open) -> ProofShown:
    """In which weeks to run a schedule so that its gain shows, and what they have shown so far."""
    return ProofShown.model_validate(report.proof_body(DayPartOptimizer(workspace).prove(schedule_id)))
