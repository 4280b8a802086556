"""What campaigns did: the list, metrics, the daily report, CSV."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, BeforeValidator, Field

from adtempo.accounts import run as accounts
from adtempo.api.access import PLAN, READ, Caller, Open
from adtempo.api.bodies import TEXT, Amount, Asked, Currency, Figures, Moment, Number, gives_file
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Paged
from adtempo.domain.accounts import Platform
from adtempo.domain.money import parse_micros
from adtempo.tracking.keeping import load_kept_report, load_report_days, reports_body
from adtempo.tracking.pacing import Pace, pacing_body
from adtempo.tracking.report import metrics_body, report_body, roas_body
from adtempo.tracking.run import CampaignTracker
from adtempo.tracking.scope import Scope

router = APIRouter(prefix="/api/tracking", tags=["tracking"], route_class=IdempotentRoute)

CampaignName = Annotated[
    str,
    Path(
        max_length=500,
        pattern=TEXT,
        description="Its id, or platform:account:campaign where ids collide.",
        examples=["meta:act_1:c1"],
    ),
]
CampaignId = Annotated[
    str, Query(max_length=500, pattern=TEXT, description="Its id, or platform:account:id.", examples=["meta:act_1:c1"])
]
Day = Annotated[date, Query(ge=date(2000, 1, 1), le=date(2199, 12, 31), examples=["2026-11-20"])]
AsOf = Annotated[Moment | None, Query(description="What was known at this moment; default: now.")]
ReportDay = Annotated[date, Path(ge=date(2000, 1, 1), le=date(2199, 12, 31), examples=["2026-11-19"])]
WindowDays = Annotated[Literal[1, 7, 28], BeforeValidator(int)]
Window = Annotated[WindowDays, Query(description="Days after the click within which a conversion counts.")]
Offline = Annotated[bool, Query(description="Whether the advertiser's own conversions count, as its account says.")]
Wanted = Annotated[str | None, Field(min_length=1, max_length=300, pattern=TEXT)]


class CampaignShown(BaseModel):
    """One campaign, with the name, status and budget that hold now."""

    campaign_id: str
    platform: Platform
    account_id: str
    name: str | None
    label: str | None
    niche: str | None
    channel: str | None = Field(description="Where forecasts count it; null: its platform.")
    status: str | None
    currency: Currency
    timezone: str
    budget_daily: Amount | None
    target_roas: Number | None
    target_cpa: Amount | None
    planned_budget: Amount | None
    first_seen_at: Moment


class CampaignsShown(BaseModel):
    """Campaigns in the order of platform, account and id."""

    campaigns: list[CampaignShown]


PositiveAmount = Annotated[
    str, Field(pattern=r"^([1-9]\d{0,8}(\.\d{1,6})?|0\.\d{0,5}[1-9]0{0,5})$", examples=["25.00"])
]


class WishesAsked(Asked):
    """What people want of a campaign: a field that is left out stays, null takes it back."""

    target_roas: float | None = Field(default=None, ge=0.001, le=1000, examples=[2.5])
    target_cpa: PositiveAmount | None = None
    planned_budget: PositiveAmount | None = None
    label: str | None = Field(default=None, min_length=1, max_length=200, pattern=TEXT)
    niche: str | None = Field(default=None, min_length=1, max_length=200, pattern=TEXT)
    channel: str | None = Field(default=None, min_length=1, max_length=100, pattern=TEXT)


class Interval(BaseModel):
    """An expected final figure and its intervals; null where nobody measured it."""

    value: Number | str | None
    low80: Number | str | None
    high80: Number | str | None
    low95: Number | str | None
    high95: Number | str | None


class Expected(BaseModel):
    """What the figures will become."""

    conversions: Interval
    conversion_value: Interval
    roas: Interval
    cpa: Interval


class OfflineShown(BaseModel):
    """What the advertiser's own conversions come to."""

    conversions: int
    value: Amount
    without_click: int = Field(description="Placed by the day of the conversion, since the click is not known.")


class RoasShown(BaseModel):
    """What was brought back per unit of spend, and the parts it is made of."""

    campaign_id: str | None = Field(description="Null where several campaigns are meant.")
    campaigns: int
    since: date
    until: date
    as_of: Moment
    currency: Currency
    attribution_window_days: int
    attributions: list[str] = Field(description="Settings under which the platform reported; an empty one did not say.")
    window_matches: bool = Field(description="Whether those count clicks of exactly the window that was asked for.")
    spend: Amount | None
    platform_value: Amount | None
    offline: OfflineShown | None = Field(description="Null when they were not asked for.")
    value: Amount | None = Field(description="The value that counts.")
    roas: Number | None
    expected_roas: Interval = Field(description="What it will come to, as late conversions of the platforms arrive.")
    maturity: Number | None = Field(description="Share of the expected value that is known, 0 to 1.")
    basis: str | None = Field(description="What it rests on: own, shrunk, platform, prior or none.")
    absent_because: str | None = Field(description="Why there is no ROAS.")


class ResultShown(BaseModel):
    """What one named conversion type came to."""

    conversion_type: str
    conversions: Number | None
    conversion_value: Amount | None
    cost_per_result: Amount | None


class MetricsShown(BaseModel):
    """A campaign's metrics over local days."""

    campaign_id: str
    since: date
    until: date
    as_of: Moment
    currency: Currency
    reported: Figures
    expected: Expected
    maturity: Number | None
    basis: str | None
    attributed: RoasShown
    results: list[ResultShown]


class BlendAsked(Asked):
    """Campaigns that all of these hold for, and how their return is counted; nothing said means every campaign."""

    campaign: list[Annotated[str, Field(max_length=500, pattern=TEXT)]] = Field(default=[], max_length=100)
    account: Wanted = None
    platform: Platform | None = None
    niche: Wanted = None
    label: Wanted = None
    currency: Currency | None = Field(default=None, description="Convert into this one, at each day's imported rate.")
    attribution_window_days: WindowDays = 7
    include_offline: bool = False
    since: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))] | None = None
    until: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))] | None = None
    as_of: Moment | None = None


class Outlook(BaseModel):
    """What stands beside reported figures that are still arriving."""

    expected: Expected
    maturity: Number | None = Field(description="Share of what is expected that has arrived, 0 to 1.")
    basis: str | None = Field(description="What it rests on: own, shrunk, platform, prior or none.")


class TotalShown(Outlook, Figures):
    """One currency's total of the day."""

    currency: Currency
    campaigns: int
    day_before: Figures | None
    week_before: Figures | None


class PlatformTotal(TotalShown):
    """One platform's total, per currency."""

    platform: Platform


class AccountTotal(TotalShown):
    """One account's total."""

    account: str


class CampaignLine(Outlook, Figures):
    """One campaign of a list of the report."""

    campaign_id: str
    platform: Platform
    account_id: str
    name: str | None
    currency: Currency
    day_before: Figures | None


class ComparedDay(BaseModel):
    """A day that the report's day is held against."""

    date: date
    same_age: bool = Field(description="Whether its figures are those known when it was as old.")


class Comparisons(BaseModel):
    """The days compared with."""

    day_before: ComparedDay
    week_before: ComparedDay


class AccountFreshness(BaseModel):
    """How far the facts of an account reach."""

    account: str
    observed_at: Moment | None
    complete: bool


class DayLine(Outlook, Figures):
    """All campaigns of one currency on one day."""

    date: date
    currency: Currency


class BudgetShown(BaseModel):
    """How a month's spend goes against what was planned."""

    kind: Literal["account", "label", "campaign"]
    name: str = Field(description="platform:account:campaign, platform:account, or the label.")
    label: str
    currency: Currency
    campaigns: int = Field(description="Campaigns with a plan; the plan is the sum of theirs, and so is the spend.")
    month: date
    through: date = Field(description="Last full local day that counts.")
    pace: Pace
    planned: Amount
    spent: Amount
    expected: Amount | None = Field(description="Expected spend at the end of the month.")
    low80: Amount | None
    high80: Amount | None
    daily_to_plan: Amount | None = Field(description="What the remaining days may cost on average to end on plan.")


class PacingShown(BaseModel):
    """Budgets, the widest first."""

    as_of: Moment
    budgets: list[BudgetShown]


class ActivityShown(BaseModel):
    """What the system did in the day before the report's moment, and how right its predictions were."""

    since: Moment
    syncs: int
    files: int
    posted: int
    restated: int
    alerts_opened: int
    alerts_resolved: int
    alerts_waiting: int
    changes_applied: int
    changes_vetoed: int
    changes_in_vain: int
    changes_waiting: int = Field(description="For a person's approval, now.")
    changes_suggested: int = Field(description="Standing suggestions of accounts that are not armed.")
    predictions_compared: int
    predictions_accuracy: Number | None = Field(description="Mean accuracy, 0 to 100.")
    predictions_inside80: int
    predictions_with80: int


class ReportShown(BaseModel):
    """What happened on one day; the overall figures are null where several currencies meet."""

    date: date
    as_of: Moment
    complete: bool
    simulated: bool = Field(description="Whether any of it comes from the sandbox market.")
    currency: Currency | None
    total_spend: Amount | None
    total_revenue: Amount | None
    avg_roas: Number | None
    expected_roas: Interval = Field(description="What the overall return will come to, once all has arrived.")
    maturity: Number | None
    totals: list[TotalShown]
    platforms: list[PlatformTotal]
    accounts: list[AccountTotal]
    top_campaigns: list[CampaignLine]
    movers: list[CampaignLine]
    compared_with: Comparisons
    freshness: list[AccountFreshness]
    attention: list[str]
    days: list[DayLine] = Field(description="The days up to this one, per currency.")
    budgets: list[BudgetShown]
    activity: ActivityShown | None = Field(description="Null where only some campaigns are reported.")


class ReportLine(BaseModel):
    """One report that was kept."""

    date: date
    as_of: Moment


class ReportsShown(BaseModel):
    """The daily reports that were kept, the newest day first."""

    reports: list[ReportLine]


@router.get("/campaigns", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_campaigns(
    workspace: Open,
    pager: Paged,
    account: Annotated[
        str | None, Query(max_length=300, pattern=TEXT, description="Its id, or platform:account.")
    ] = None,
) -> CampaignsShown:
    """List the campaigns."""
    found = accounts.load_campaigns(workspace, account=account)
    page = pager.turn(found, lambda pair: str(pair[0].ref))
    return CampaignsShown.model_validate(accounts.campaigns_body(page))


@router.patch("/campaigns/{campaign}", openapi_extra=PLAN)
def set_campaign(campaign: CampaignName, asked: WishesAsked, workspace: Open, caller: Caller) -> CampaignShown:
    """Say what is wanted of a campaign: targets, a planned budget, a label, a niche, a channel."""
    changes = asked.model_dump(exclude_unset=True)
    for name in ("target_cpa", "planned_budget"):
        if name in changes:
            amount = changes.pop(name)
            changes[f"{name}_micros"] = None if amount is None else parse_micros(amount)
    changed = accounts.change_campaign(workspace, campaign, actor=caller.name, **changes)
    return CampaignShown.model_validate(accounts.campaign_body(*changed))


@router.get("/campaigns/{campaign}/metrics", openapi_extra=READ)
def load_metrics(
    campaign: CampaignName,
    workspace: Open,
    since: Day | None = None,
    until: Day | None = None,
    as_of: AsOf = None,
    attribution_window_days: Window = 7,
    *,
    include_offline: Offline = False,
) -> MetricsShown:
    """Every metric of a campaign over local days, both inclusive; default: all days with facts."""
    tracker = CampaignTracker(workspace)
    found = tracker.load_metrics(campaign, since, until, as_of)
    roas = tracker.load_roas(
        [campaign], include_offline, attribution_window_days, since=found.since, until=found.until, as_of=found.as_of
    )
    return MetricsShown.model_validate(metrics_body(found, roas))


@router.get("/metrics", openapi_extra=READ)
def show_metrics(
    workspace: Open,
    campaign_id: CampaignId,
    since: Day | None = None,
    until: Day | None = None,
    as_of: AsOf = None,
    attribution_window_days: Window = 7,
    *,
    include_offline: Offline = False,
) -> MetricsShown:
    """The same, the campaign named as a parameter."""
    return load_metrics(
        campaign_id, workspace, since, until, as_of, attribution_window_days, include_offline=include_offline
    )


@router.get("/roas", openapi_extra=READ)
def show_roas(
    workspace: Open,
    campaign_id: CampaignId,
    since: Day | None = None,
    until: Day | None = None,
    as_of: AsOf = None,
    attribution_window_days: Window = 7,
    *,
    include_offline: Offline = False,
) -> RoasShown:
    """What a campaign brought back per unit of spend, under an attribution window, with or without own conversions."""
    found = CampaignTracker(workspace).load_roas(
        [campaign_id], include_offline, attribution_window_days, since=since, until=until, as_of=as_of
    )
    return RoasShown.model_validate(roas_body(found))


@router.get("/blended-roas", openapi_extra=READ)
def show_blended_roas(workspace: Open, asked: Annotated[BlendAsked, Query()]) -> RoasShown:
    """What many campaigns together brought back per unit of spend: a ratio of sums."""
    found = CampaignTracker(workspace).load_roas(
        Scope(tuple(asked.campaign), asked.account, asked.platform, asked.niche, asked.label),
        asked.include_offline,
        asked.attribution_window_days,
        currency=asked.currency,
        since=asked.since,
        until=asked.until,
        as_of=asked.as_of,
    )
    return RoasShown.model_validate(roas_body(found))


@router.get(
    "/campaigns/{campaign}/metrics.csv",
    response_class=StreamingResponse,
    responses=gives_file("text/csv"),
    openapi_extra=READ,
)
def export_metrics(
    campaign: CampaignName, workspace: Open, since: Day | None = None, until: Day | None = None, as_of: AsOf = None
) -> StreamingResponse:
    """Every metric of a campaign per local day as CSV; no cell is a formula."""
    lines = CampaignTracker(workspace).export_metrics_csv(campaign, since, until, as_of)
    disposition = 'attachment; filename="metrics.csv"'
    return StreamingResponse(lines, media_type="text/csv", headers={"Content-Disposition": disposition})


@router.get("/exports", response_class=StreamingResponse, responses=gives_file("text/csv"), openapi_extra=READ)
def export_campaign(
    workspace: Open, campaign_id: CampaignId, since: Day | None = None, until: Day | None = None, as_of: AsOf = None
) -> StreamingResponse:
    """The same, the campaign named as a parameter."""
    return export_metrics(campaign_id, workspace, since, until, as_of)


@router.get("/pacing", openapi_extra=READ)
def show_pacing(
    workspace: Open,
    campaign: Annotated[str | None, Query(max_length=500, pattern=TEXT)] = None,
    account: Annotated[str | None, Query(max_length=300, pattern=TEXT)] = None,
    label: Annotated[str | None, Query(max_length=200, pattern=TEXT)] = None,
    as_of: AsOf = None,
) -> PacingShown:
    """Month to date against planned budgets, of accounts, labels and campaigns, with the expected end of the month."""
    moment = as_of or workspace.now()
    scope = Scope((campaign,) if campaign else (), account=account, label=label)
    return PacingShown.model_validate(pacing_body(CampaignTracker(workspace).load_budgets(scope, moment), moment))


@router.get("/reports", openapi_extra=READ)
def list_reports(workspace: Open) -> ReportsShown:
    """List the daily reports that were kept, the newest day first."""
    return ReportsShown.model_validate(reports_body(load_report_days(workspace)))


@router.get("/reports/{day}.html", response_class=HTMLResponse, responses=gives_file("text/html"), openapi_extra=READ)
def show_report_page(workspace: Open, day: ReportDay) -> HTMLResponse:
    """One kept report as it was sent: a page without anything to fetch."""
    return HTMLResponse(load_kept_report(workspace, day).html)


@router.get("/reports/daily", openapi_extra=READ)
def daily_report(
    workspace: Open,
    day: Annotated[Day | None, Query(alias="date", description="Default: the last day that ended everywhere.")] = None,
    campaign: Annotated[
        list[Annotated[str, Field(max_length=500, pattern=TEXT)]], Query(max_length=100, description="Only these.")
    ] = [],  # noqa: B006 - FastAPI copies defaults
    as_of: AsOf = None,
) -> ReportShown:
    """What happened on a day, against the day before and a week before, and what needs a person."""
    report = CampaignTracker(workspace).generate_daily_report(day, campaign, as_of)
    return ReportShown.model_validate(report_body(report))


@router.get("/reports/{day}", response_class=Response, responses={200: {"model": ReportShown}}, openapi_extra=READ)
def show_report(workspace: Open, day: ReportDay) -> Response:
    """One kept report, letter by letter as it was sent."""
    return Response(load_kept_report(workspace, day).body, media_type="application/json")
