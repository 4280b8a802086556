"""What the routes of messages take and give."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from adtempo.api.bodies import TEXT, Amount, Asked, Moment, Number
from adtempo.domain.messages import MessageType, PriceTier, Tier, Zone
from adtempo.messages import report

PAGES_MAX = 1000
ROWS_MAX = 10_000
TEXT_MAX = 10_000

Name = Annotated[str, Field(min_length=1, max_length=300, pattern=TEXT, examples=["ava"])]
Start = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31), description="First local day of seven.")]
Seed = Annotated[int | None, Field(ge=0, lt=2**53, description="What all draws follow from; null: page and day.")]
Count = Annotated[int, Field(ge=0, lt=10**15)]
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


class CaptionGiven(BaseModel):
    """One text for the bank; an id that is known is described anew."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"caption_id": "p1", "caption_text": "Hello you", "price_tier": "Mid", "page_name": "ava"}]
        },
    )

    caption_id: Name
    caption_text: str = Field(min_length=1, max_length=TEXT_MAX, description="Kept exactly as it stands.")
    price_tier: PriceTier
    content_category: str = Field(default="", max_length=300)
    has_urgency: bool = False
    page_name: Name | None = Field(default=None, description="Only for this page; null: for every page.")


class CaptionsGiven(Asked):
    """Texts for the bank."""

    captions: list[CaptionGiven] = Field(min_length=1, max_length=ROWS_MAX)


class MessageGiven(BaseModel):
    """One message that a page sent; page, time and caption say which, and a later report corrects it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "page_name": "ava",
                    "page_timezone": "Europe/Berlin",
                    "sent_at": "2026-11-16T20:00:00+01:00",
                    "message_type": "PPV",
                    "caption_id": "p1",
                    "price": "14.99",
                    "recipients": 1000,
                    "views": 600,
                    "purchases": 10,
                    "revenue": "149.90",
                }
            ]
        },
    )

    page_name: Name
    page_timezone: str = Field(max_length=100, pattern=TEXT, description="IANA name; a page keeps it.")
    sent_at: str = Field(max_length=40, description="ISO 8601; without an offset, in the page's own zone.")
    message_type: MessageType
    caption_id: Name = Field(description="One of the bank's.")
    price: str = Field(max_length=40, description="Decimal string in major units, 0 or more; 0 for a Bump.")
    recipients: Count
    views: Count
    purchases: Count
    revenue: str = Field(max_length=40, description="Decimal string in major units, 0 or more.")
    observed_at: str | None = Field(default=None, max_length=40, description="When this was known; null: now.")


class MessagesGiven(Asked):
    """What pages sent."""

    messages: list[MessageGiven] = Field(min_length=1, max_length=ROWS_MAX)


class ImportShown(BaseModel):
    """What an import did."""

    batch: int | None = Field(description="Number to undo it by; null after a dry run.")
    rows: int
    posted: int = Field(description="Rows that changed what is known.")
    restated: int = Field(description="Those of them that had been reported with other numbers.")
    unchanged: int
    rejected: int
    notes: list[str]


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
