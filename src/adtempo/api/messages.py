"""Messages: creators' pages, their weeks, the captions that are locked, and whether planning works."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from adtempo.api.access import Caller, Open
from adtempo.api.accounts import TEXT
from adtempo.api.bodies import Amount, Asked, Moment, Number
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Cursor, Limit, turn_page
from adtempo.domain.messages import MessageType, PriceTier, Tier, Zone
from adtempo.domain.roles import Action
from adtempo.messages import report
from adtempo.messages.batch import BatchAsked, batch_body, build_batch
from adtempo.messages.export import schedule_csv, schedule_ics
from adtempo.messages.health import health_body, load_health
from adtempo.messages.run import ScheduleBuilder
from adtempo.messages.volume import plan_volume, volume_body
from adtempo.store.messages import Page

router = APIRouter(prefix="/api/messages", tags=["messages"], route_class=IdempotentRoute)

READ: dict[str, Any] = {"x-action": Action.READ}
PLAN: dict[str, Any] = {"x-action": Action.PLAN}
PAGES_MAX = 1000

Name = Annotated[str, Field(min_length=1, max_length=300, pattern=TEXT, examples=["ava"])]
PageName = Annotated[
    str, Query(min_length=1, max_length=300, pattern=TEXT, description="Which page.", examples=["ava"])
]
AnyPage = Annotated[str | None, Query(max_length=300, pattern=TEXT, description="Only this page.")]
ScheduleId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9-]{1,60}$", description="Its id.", examples=["week-0123456789abcdef"])
]
Start = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31), description="First local day of seven.")]
Seed = Annotated[int | None, Field(ge=0, lt=2**53, description="What all draws follow from; null: page and day.")]
Share = Annotated[Number, Field(ge=0, le=1)]
MaybeAmount = Annotated[Amount | None, Field(description="Decimal string in major units; null where nothing is known.")]


class VolumeShown(BaseModel):
    """How much a page of a tier sends in a week."""

    tier: Tier
    saturation: Number
    zone: Zone
    ppv: int
    bump: int
    gap_minutes: int = Field(description="Least time between two PPVs.")
    cooling_days: int = Field(description="First days of the week without PPV.")


class PageShown(BaseModel):
    """A creator's page, and what people set on it."""

    page_name: str
    timezone: str
    hours: list[int] = Field(description="Local hours of the day in which it may send.")
    quiet_days: list[str] = Field(description="Weekdays on which it may not.")
    rest_days: int = Field(description="How long a caption rests before the page may send it again.")


class PagesShown(BaseModel):
    """Pages by name."""

    pages: list[PageShown]


class PageAsked(Asked):
    """What a page is set to."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"timezone": "Europe/Berlin", "hours": [18, 19, 20, 21], "rest_days": 30}]}
    )

    timezone: str = Field(max_length=100, pattern=TEXT, description="IANA name; a page keeps it.")
    hours: list[Annotated[int, Field(ge=0, le=23)]] = Field(default=list(range(24)), min_length=1, max_length=24)
    quiet_days: list[Annotated[str, Field(pattern=f"^({'|'.join(report.WEEKDAYS)})$")]] = Field(
        default=[], max_length=6
    )
    rest_days: int = Field(default=30, ge=1, le=365)


class ClassificationShown(BaseModel):
    """How much a page earns."""

    tier: Tier
    revenue_28_days: Amount
    revenue_monthly: Amount
    evidence: str


class SaturationShown(BaseModel):
    """How worn out a page's audience is."""

    score: Number
    low95: Number
    high95: Number
    zone: Zone
    thin: bool = Field(description="Whether there are too few paid messages to tell.")
    paid_messages: int
    load: Number
    half_life_hours: Number
    evidence: str


class TraitShown(BaseModel):
    """One side of how an audience buys."""

    question: str
    answer: str
    value: Number | None
    low95: Number | None
    high95: Number | None
    evidence: str


class SegmentShown(BaseModel):
    """How a page's audience buys."""

    name: str
    traits: list[TraitShown]


class LevelShown(BaseModel):
    """One hour, weekday, tier or category beside the page's average."""

    label: str
    messages: int
    factor: Number
    low95: Number | None
    high95: Number | None
    value: MaybeAmount


class PatternShown(BaseModel):
    """Whether hours, weekdays, tiers or categories differ, and how."""

    found: bool
    p_value: Number | None
    evidence: str
    levels: list[LevelShown]


class CaptionShown(BaseModel):
    """What one caption did."""

    caption_id: str
    messages: int
    expected: Amount
    low95: Amount
    high95: Amount
    performance_score: Number


class CaptionsReviewed(BaseModel):
    """How captions did, and where the page is heading."""

    best: list[CaptionShown]
    weakest: list[CaptionShown]
    tried: int
    trend: Number | None
    trend_low95: Number | None
    trend_high95: Number | None
    evidence: str


class AnalysisShown(BaseModel):
    """What is known of a page, in eight sections."""

    page_name: str
    classification: ClassificationShown
    saturation: SaturationShown
    segment: SegmentShown
    hours: PatternShown
    weekdays: PatternShown
    price_tiers: PatternShown
    categories: PatternShown
    captions: CaptionsReviewed


class SaturationBrief(BaseModel):
    """How worn out the audience was."""

    score: Number
    thin: bool


class SlotsShown(BaseModel):
    """How good the times are."""

    value: Number = Field(description="Summed hour values of the PPVs; one average hour is 1.")
    bound: Number = Field(description="No week under the same conditions can be worth more.")
    gap: Number = Field(description="Share of the bound that a better week might still gain.")
    proven_optimal: bool
    bumps_between: int = Field(description="Bumps between two PPVs of their day.")


class PlanShown(BaseModel):
    """Why a week is as it is."""

    volume: VolumeShown
    saturation: SaturationBrief
    segment: str
    planned_value: Amount
    low95: Amount
    low80: Amount
    high80: Amount
    high95: Amount
    slots: SlotsShown
    notes: list[str] = Field(description="Where preferences had to bend.")


class MessageShown(BaseModel):
    """One planned message: the columns of the CSV, and what it should earn."""

    schedule_id: str
    page_name: str
    day_of_week: str
    scheduled_send_time: Moment
    message_type: MessageType
    caption_id: str
    caption_text: str
    price_tier: PriceTier
    content_category: str
    has_urgency: bool
    performance_score: Share
    expected_value: Amount


class ScheduleBrief(BaseModel):
    """A planned week without its messages."""

    schedule_id: str
    page_name: str
    start_date: date
    created_at: Moment
    created_by: str
    saturation_zone: Zone
    total_messages: int
    planned_value: Amount
    withdrawn_at: Moment | None
    withdrawn_by: str | None


class SchedulesShown(BaseModel):
    """Planned weeks, the latest first."""

    schedules: list[ScheduleBrief]


class ScheduleShown(BaseModel):
    """A planned week; times are the page's own."""

    schedule_id: str
    page_name: str
    timezone: str
    start_date: date
    created_at: Moment
    created_by: str
    seed: int
    saturation_zone: Zone
    total_messages: int
    withdrawn_at: Moment | None
    withdrawn_by: str | None
    plan: PlanShown
    messages: list[MessageShown]


class BuildAsked(Asked):
    """Which page's week."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"page_name": "ava", "start_date": "2026-11-23"}]})

    page_name: Name
    start_date: Start
    seed: Seed = None
    replace: bool = Field(default=False, description="Take the place of schedules of the same days.")


class ManyAsked(Asked):
    """Which pages' weeks."""

    pages: list[Name] | None = Field(default=None, max_length=PAGES_MAX, description="Null: every page.")
    start_date: Start
    seed: Seed = None
    replace: bool = False


class OutcomeShown(BaseModel):
    """What became of one page of a batch."""

    page_name: str
    schedule_id: str | None
    messages: int
    seconds: Number
    error: str | None


class BatchShown(BaseModel):
    """What became of a batch; one page's failure stops no other."""

    built: int
    failed: int
    pages: list[OutcomeShown]


class ReleasedShown(BaseModel):
    """What unlocking released."""

    schedule_id: str
    released: int = Field(description="Captions that may be used again.")


class LockShown(BaseModel):
    """A caption that a page must not use again before it expires."""

    page_name: str
    caption_id: str
    schedule_id: str
    scheduled_send_time: Moment
    expires_at: Moment


class LocksShown(BaseModel):
    """Locked captions by page and id."""

    locks: list[LockShown]


class BankCaption(BaseModel):
    """One caption of the bank."""

    caption_id: str
    caption_text: str
    price_tier: PriceTier
    content_category: str
    has_urgency: bool
    page_name: str | None = Field(description="Only for this page; null: for every page.")


class BankShown(BaseModel):
    """The caption bank by id."""

    captions: list[BankCaption]


class AlertShown(BaseModel):
    """Something wrong with planning."""

    alert_type: str
    message: str
    threshold: Number | None
    actual_value: Number | None


class MessagesHealth(BaseModel):
    """Whether planning works."""

    status: str = Field(examples=["ok"])
    runs_7_days: int
    success_rate_7_days: Number | None
    mean_seconds_7_days: Number | None
    last_success: Moment | None
    errors_last_hour: int
    alerts: list[AlertShown]


@router.get("/volume", openapi_extra=READ)
def volume(
    tier: Annotated[Tier, Query(description="How much the page earns.")],
    saturation: Annotated[float, Query(ge=0, le=1, description="How worn out its audience is.")],
) -> VolumeShown:
    """How many messages a page of a tier sends in a week at a saturation."""
    return VolumeShown.model_validate(volume_body(plan_volume(tier, saturation)))


@router.get("/pages", openapi_extra=READ)
def list_pages(workspace: Open) -> PagesShown:
    """List the pages and what is set on them."""
    pages = ScheduleBuilder(workspace).load_pages()
    return PagesShown.model_validate({"pages": [report.page_body(page) for page in pages]})


@router.put("/pages/{page_name}", openapi_extra=PLAN)
def set_page(
    page_name: Annotated[str, Path(min_length=1, max_length=300, pattern=TEXT, examples=["ava"])],
    asked: PageAsked,
    workspace: Open,
    caller: Caller,
) -> PageShown:
    """Set when a page may send and how long its captions rest; a new page is added."""
    quiet = tuple(report.WEEKDAYS.index(day) for day in asked.quiet_days)
    page = Page(page_name, asked.timezone, tuple(asked.hours), quiet, asked.rest_days)
    return PageShown.model_validate(report.page_body(ScheduleBuilder(workspace).set_page(page, actor=caller.name)))


@router.get("/analysis", openapi_extra=READ)
def analysis(workspace: Open, page_name: PageName) -> AnalysisShown:
    """What is known of a page: tier, saturation, segment, hours, weekdays, prices, categories, captions."""
    found = ScheduleBuilder(workspace).analyze_page(page_name)
    return AnalysisShown.model_validate(report.analysis_body(found))


@router.post("/schedules", status_code=201, openapi_extra=PLAN)
def build(asked: BuildAsked, workspace: Open, caller: Caller) -> ScheduleShown:
    """Plan a page's week and lock its captions; refused where the page has a schedule for one of the days."""
    builder = ScheduleBuilder(workspace)
    schedule = builder.build_week(
        asked.page_name, asked.start_date, seed=asked.seed, replaces=asked.replace, actor=caller.name
    )
    return ScheduleShown.model_validate(report.schedule_body(schedule, builder.zone_of(schedule.page_name)))


@router.post("/schedules/batch", openapi_extra=PLAN)
def build_many(asked: ManyAsked, workspace: Open, caller: Caller) -> BatchShown:
    """Plan the weeks of many pages; what fails for one page stops no other."""
    names = asked.pages
    if names is None:
        names = [page.page_name for page in ScheduleBuilder(workspace).load_pages()]
    wanted = BatchAsked(names, asked.start_date, asked.seed, asked.replace)
    return BatchShown.model_validate(batch_body(build_batch(workspace, wanted, actor=caller.name)))


@router.get("/schedules", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_schedules(
    request: Request,
    response: Response,
    workspace: Open,
    page_name: AnyPage = None,
    limit: Limit = 500,
    cursor: Cursor = None,
) -> SchedulesShown:
    """List planned weeks, the latest first."""
    found = ScheduleBuilder(workspace).list_schedules(page_name)
    page = turn_page(found, lambda row: str(row.schedule_id), limit, cursor, request, response)
    return SchedulesShown.model_validate(report.schedules_body(page))


@router.get("/schedules/{schedule_id}", openapi_extra=READ)
def show_schedule(schedule_id: ScheduleId, workspace: Open) -> ScheduleShown:
    """One planned week with its messages."""
    builder = ScheduleBuilder(workspace)
    schedule = builder.load_schedule(schedule_id)
    return ScheduleShown.model_validate(report.schedule_body(schedule, builder.zone_of(schedule.page_name)))


def _file(media_type: str) -> Mapping[int | str, dict[str, Any]]:
    return {200: {"description": "The file", "content": {media_type: {"schema": {"type": "string"}}}}}


@router.get(
    "/schedules/{schedule_id}/csv", response_class=Response, responses={**_file("text/csv")}, openapi_extra=READ
)
def download_csv(
    schedule_id: ScheduleId,
    workspace: Open,
    raw: Annotated[bool, Query(description="Leave texts as they are, also where they look like formulas.")] = False,
) -> Response:
    """A planned week as CSV."""
    builder = ScheduleBuilder(workspace)
    schedule = builder.load_schedule(schedule_id)
    text = schedule_csv(schedule, builder.zone_of(schedule.page_name), raw=raw)
    headers = {"Content-Disposition": f'attachment; filename="{schedule_id}.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


@router.get(
    "/schedules/{schedule_id}/calendar",
    response_class=Response,
    responses={**_file("text/calendar")},
    openapi_extra=READ,
)
def download_calendar(schedule_id: ScheduleId, workspace: Open) -> Response:
    """A planned week as iCalendar."""
    schedule = ScheduleBuilder(workspace).load_schedule(schedule_id)
    headers = {"Content-Disposition": f'attachment; filename="{schedule_id}.ics"'}
    return Response(schedule_ics(schedule, workspace.now()), media_type="text/calendar", headers=headers)


@router.post("/schedules/{schedule_id}/unlock", openapi_extra=PLAN)
def unlock(schedule_id: ScheduleId, workspace: Open, caller: Caller) -> ReleasedShown:
    """Cancel a planned week: release its days, and its captions except those that went out."""
    released = ScheduleBuilder(workspace).unlock(schedule_id, actor=caller.name)
    return ReleasedShown(schedule_id=schedule_id, released=released)


@router.get("/captions", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_captions(
    request: Request,
    response: Response,
    workspace: Open,
    page_name: AnyPage = None,
    limit: Limit = 500,
    cursor: Cursor = None,
) -> BankShown:
    """List the caption bank: all of it, or what one page may use."""
    bank = ScheduleBuilder(workspace).load_captions(page_name)
    page = turn_page(bank, lambda one: one.caption_id, limit, cursor, request, response)
    return BankShown.model_validate({"captions": [report.caption_body(one) for one in page]})


@router.get("/locks", openapi_extra=READ)
def list_locks(workspace: Open, page_name: AnyPage = None) -> LocksShown:
    """List the captions that are locked, and until when."""
    return LocksShown.model_validate(report.locks_body(ScheduleBuilder(workspace).load_locks(page_name)))


@router.get("/health", openapi_extra=READ)
def health(workspace: Open) -> MessagesHealth:
    """Whether planning works: success rate, seconds, last success, and what is wrong."""
    return MessagesHealth.model_validate(health_body(load_health(workspace)))
