"""Messages: creators' pages, their weeks, the captions that are locked, and whether planning works."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from adtempo.api.access import INGEST, PLAN, READ, Caller, Open
from adtempo.api.bodies import TEXT, gives_file
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.message_bodies import (
    AnalysisShown,
    BankShown,
    BatchShown,
    BuildAsked,
    CaptionsGiven,
    ImportShown,
    LocksShown,
    ManyAsked,
    MessagesGiven,
    MessagesHealth,
    PageAsked,
    PageShown,
    PagesShown,
    ReleasedShown,
    ScheduleShown,
    SchedulesShown,
    VolumeShown,
)
from adtempo.api.pagination import LINK, Paged
from adtempo.domain.messages import Tier
from adtempo.facts.imports import import_body
from adtempo.facts.message_imports import import_captions, import_messages, import_rows
from adtempo.messages import report
from adtempo.messages.batch import BatchAsked, batch_body, build_batch
from adtempo.messages.export import schedule_csv, schedule_ics
from adtempo.messages.health import health_body, load_health
from adtempo.messages.run import ScheduleBuilder
from adtempo.messages.volume import plan_volume, volume_body
from adtempo.store.messages import Page

router = APIRouter(prefix="/api/messages", tags=["messages"], route_class=IdempotentRoute)


PageName = Annotated[
    str, Query(min_length=1, max_length=300, pattern=TEXT, description="Which page.", examples=["ava"])
]
AnyPage = Annotated[str | None, Query(max_length=300, pattern=TEXT, description="Only this page.")]
DryRun = Annotated[bool, Query(description="Read and check, but keep nothing.")]
ScheduleId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9-]{1,60}$", description="Its id.", examples=["week-0123456789abcdef"])
]


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
def list_schedules(workspace: Open, pager: Paged, page_name: AnyPage = None) -> SchedulesShown:
    """List planned weeks, the latest first."""
    found = ScheduleBuilder(workspace).list_schedules(page_name)
    page = pager.turn(found, lambda row: str(row.schedule_id))
    return SchedulesShown.model_validate(report.schedules_body(page))


@router.get("/schedules/{schedule_id}", openapi_extra=READ)
def show_schedule(schedule_id: ScheduleId, workspace: Open) -> ScheduleShown:
    """One planned week with its messages."""
    builder = ScheduleBuilder(workspace)
    schedule = builder.load_schedule(schedule_id)
    return ScheduleShown.model_validate(report.schedule_body(schedule, builder.zone_of(schedule.page_name)))


@router.get(
    "/schedules/{schedule_id}/csv", response_class=Response, responses=gives_file("text/csv"), openapi_extra=READ
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
    responses=gives_file("text/calendar"),
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
def list_captions(workspace: Open, pager: Paged, page_name: AnyPage = None) -> BankShown:
    """List the caption bank: all of it, or what one page may use."""
    bank = ScheduleBuilder(workspace).load_captions(page_name)
    page = pager.turn(bank, lambda one: one.caption_id)
    return BankShown.model_validate({"captions": [report.caption_body(one) for one in page]})


@router.post("/captions", openapi_extra=INGEST)
def give_captions(given: CaptionsGiven, workspace: Open, caller: Caller, dry_run: DryRun = False) -> ImportShown:
    """Put texts into the caption bank, all or none: what `import captions` does with a file."""
    rows = [one.model_dump() for one in given.captions]
    done = import_rows(workspace.ledger, import_captions, rows, actor=caller.name, now=workspace.now(), dry_run=dry_run)
    return ImportShown.model_validate(import_body(done))


@router.post("/history", openapi_extra=INGEST)
def give_messages(given: MessagesGiven, workspace: Open, caller: Caller, dry_run: DryRun = False) -> ImportShown:
    """Report what pages sent and earned, all or none: what `import messages` does with a file; it adds new pages."""
    rows = [one.model_dump() for one in given.messages]
    done = import_rows(workspace.ledger, import_messages, rows, actor=caller.name, now=workspace.now(), dry_run=dry_run)
    return ImportShown.model_validate(import_body(done))


@router.get("/locks", openapi_extra=READ)
def list_locks(workspace: Open, page_name: AnyPage = None) -> LocksShown:
    """List the captions that are locked, and until when."""
    return LocksShown.model_validate(report.locks_body(ScheduleBuilder(workspace).load_locks(page_name)))


@router.get("/health", openapi_extra=READ)
def health(workspace: Open) -> MessagesHealth:
    """Whether planning works: success rate, seconds, last success, and what is wrong."""
    return MessagesHealth.model_validate(health_body(load_health(workspace)))
