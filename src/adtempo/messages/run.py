"""Planning creators' weeks: read what is known, decide, and lock days and captions in one transaction."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row
from sqlalchemy.exc import OperationalError

from adtempo.domain.errors import (
    AdtempoError,
    CaptionsTaken,
    Conflict,
    DatabaseUnavailable,
    InvalidInput,
    NotFound,
    PastStart,
    ScheduleOverlaps,
)
from adtempo.domain.hourweek import DAYS_PER_WEEK, find_zone
from adtempo.domain.messages import PageAnalysis
from adtempo.domain.predictions import Prediction, RecordedPrediction, Scope
from adtempo.messages.decide import WeekPlan, recommend_week
from adtempo.messages.estimate import estimate_page
from adtempo.messages.export import COLUMNS, schedule_csv, schedule_ics, schedule_rows, write_whole
from adtempo.messages.load import MODEL, Bank, load_bank, load_conditions, load_history
from adtempo.messages.report import plan_body
from adtempo.messages.tiers import classify_page
from adtempo.store import messages as stored
from adtempo.store import page_schedules as planned
from adtempo.store.audit import append_audit
from adtempo.store.engine import is_transient, reading, transaction
from adtempo.store.messages import Caption, Page
from adtempo.store.page_schedules import CaptionLock, LoggedBuild, Schedule, ScheduledMessage
from adtempo.store.predictions import insert_predictions

if TYPE_CHECKING:
    import pandas as pd

    from adtempo.workspace import Workspace

ATTEMPTS = 10
"""How often a build is tried when the database is busy, or when captions were taken meanwhile."""

_WAITS = [min(1.0, 0.05 * 2**attempt) for attempt in range(ATTEMPTS - 1)]
"""Seconds between them."""

_REFUSALS = (NotFound, PastStart, ScheduleOverlaps)

Done = TypeVar("Done")


class ScheduleBuilder:
    """Plans the weeks of creators' pages.

    Args:
        workspace: Where pages, captions and messages are.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._bank: Bank | None = None

    def build_schedule(
        self, page_name: str, start_date: date, *, seed: int | None = None, replace: bool = False
    ) -> tuple[str, pd.DataFrame]:
        """Plan a page's week, lock its captions, and return its id and its messages with the columns of the CSV.

        Args:
            start_date: First local day of seven.
            seed: What all draws follow from; None = from the page and the day, so that it can be repeated.
            replace: Take the place of schedules of the same days.

        Raises:
            NotFound: There is no such page.
            InvalidInput: The day is past, the captions do not suffice, or the week does not fit the page's conditions.
            Conflict: The page has a schedule for one of the days.
            DatabaseUnavailable: The database stayed busy.
        """
        import pandas as pd

        schedule = self.build_week(page_name, start_date, seed=seed, replaces=replace, actor=self._workspace.actor)
        rows = schedule_rows(schedule, self.zone_of(schedule.page_name))
        return schedule.schedule_id, pd.DataFrame(rows, columns=list(COLUMNS))

    def build_week(
        self, page_name: str, start: date, *, seed: int | None = None, replaces: bool = False, actor: str
    ) -> Schedule:
        """Do the work of `build_schedule` for somebody, and return the schedule.

        Args:
            start: First local day of seven.
            seed: What all draws follow from; None = from the page and the day.
            replaces: Take the place of schedules of the same days.
        """
        if seed is not None and not 0 <= seed < 2**63:
            raise InvalidInput(f"the seed {seed} is not between 0 and {2**63 - 1}")
        chosen = _usual_seed(page_name, start) if seed is None else seed
        began = time.monotonic()
        with self._logging_failure("build", page_name, None, began):
            return _retried(
                lambda: self._build(page_name, start, chosen, actor, began, replaces=replaces), weather=CaptionsTaken
            )

    def _build(self, page_name: str, start: date, seed: int, actor: str, began: float, *, replaces: bool) -> Schedule:
        now = self._workspace.now()
        with reading(self._workspace.engine) as connection:
            page = stored.load_page(connection, page_name)
            _check_start(page, start, now)
            taken = planned.load_overlapping(connection, page_name, start)
            if taken and not replaces:
                raise ScheduleOverlaps(page_name, taken)
            self._bank = load_bank(connection, self._bank)
            conditions = load_conditions(connection, page, self._bank, start, now, taken)
        plan = recommend_week(conditions, start, now, seed)
        schedule = self._schedule(plan, conditions.bank.caption_id.tolist(), start, seed, actor)

        def keep() -> None:
            with transaction(self._workspace.engine) as connection:
                stored.load_page(connection, page_name, lock=True)
                self._keep(connection, schedule, plan, page, taken)
                planned.log_build(connection, _logged("build", schedule, now, began))
                _audit(connection, "schedule.built", schedule, actor, now, {"seed": seed, "replaced": taken})

        _retried(keep)
        return schedule

    def _schedule(self, plan: WeekPlan, ids: list[str], start: date, seed: int, actor: str) -> Schedule:
        assert self._bank is not None, "the bank was loaded with the page"
        messages = []
        for place, slot in enumerate(plan.slots.slots):
            caption = self._bank.captions[ids[plan.captions[place]]]
            messages.append(
                ScheduledMessage(
                    scheduled_send_time=slot.at,
                    message_type=slot.kind.value,
                    caption_id=caption.caption_id,
                    caption_text=caption.caption_text,
                    price_tier=caption.price_tier,
                    content_category=caption.content_category,
                    has_urgency=caption.has_urgency,
                    performance_score=round(float(plan.performance[place]), 4),
                    expected_value_micros=round(float(plan.expected_micros[place])),
                )
            )
        return Schedule(
            schedule_id=f"week-{uuid.uuid4().hex[:16]}",
            page_name=plan.analysis.page_name,
            start_date=start,
            created_at=self._workspace.now(),
            created_by=actor,
            seed=seed,
            saturation_zone=plan.volume.zone.value,
            planned_value_micros=plan.planned.value,
            plan=plan_body(plan),
            messages=tuple(messages),
        )

    def _keep(self, connection: Connection, schedule: Schedule, plan: WeekPlan, page: Page, taken: list[str]) -> None:
        now = schedule.created_at
        for schedule_id in taken:
            planned.withdraw_schedule(connection, schedule_id, by=schedule.schedule_id, now=now)
        planned.insert_schedule(connection, schedule, rest=timedelta(days=page.rest_days), now=now)
        last = schedule.start_date + timedelta(days=DAYS_PER_WEEK - 1)
        claim = Prediction(
            prediction_id=schedule.schedule_id,
            scope=Scope("other", page_name=schedule.page_name),
            metric="conversion_value",
            since=schedule.start_date,
            until=last,
            value=float(plan.planned.value),
            model=MODEL,
            made_at=now,
            interval={name: float(getattr(plan.planned, name)) for name in ("low95", "low80", "high80", "high95")},
        )
        horizon = (last - now.astimezone(ZoneInfo(page.timezone)).date()).days
        insert_predictions(connection, [RecordedPrediction(claim, now, schedule.created_by, horizon, late=False)])

    def export_csv(self, schedule_id: str, path: Path | str, *, raw: bool = False) -> Path:
        """Write a schedule as CSV and return the path; the file appears only when it is complete.

        Args:
            raw: Leave texts as they are, also where a spreadsheet would take them for formulas.

        Raises:
            NotFound: There is no such schedule.
            InvalidInput: The file cannot be written.
        """
        return self._export(
            schedule_id, path, lambda schedule: schedule_csv(schedule, self.zone_of(schedule.page_name), raw=raw)
        )

    def export_calendar(self, schedule_id: str, path: Path | str) -> Path:
        """Write a schedule as iCalendar and return the path.

        Raises:
            NotFound: There is no such schedule.
            InvalidInput: The file cannot be written.
        """
        return self._export(schedule_id, path, lambda schedule: schedule_ics(schedule, self._workspace.now()))

    def _export(self, schedule_id: str, path: Path | str, written: Callable[[Schedule], str]) -> Path:
        target, began = Path(path), time.monotonic()
        schedule = self.load_schedule(schedule_id)
        with self._logging_failure("export", schedule.page_name, schedule_id, began):
            write_whole(target, written(schedule))
        self._log(_logged("export", schedule, self._workspace.now(), began))
        return target

    def analyze_page(self, page_name: str) -> PageAnalysis:
        """Return what is known of a page now, in eight sections.

        Raises:
            NotFound: There is no such page.
        """
        now = self._workspace.now()
        with reading(self._workspace.engine) as connection:
            page = stored.load_page(connection, page_name)
            self._bank = load_bank(connection, self._bank)
            history = load_history(connection, page, self._bank, now)
        return estimate_page(history, self._bank.of_page(page_name), classify_page(history, now), now)

    def load_schedule(self, schedule_id: str) -> Schedule:
        """Return a schedule with its messages.

        Raises:
            NotFound: There is none of this id.
        """
        with reading(self._workspace.engine) as connection:
            return planned.load_schedule(connection, schedule_id)

    def unlock(self, schedule_id: str, *, actor: str) -> int:
        """Cancel a schedule: release its days and the captions that lie ahead; return how many captions.

        Raises:
            NotFound: There is no such schedule.
            Conflict: It was cancelled or replaced already.
        """
        now = self._workspace.now()

        def withdraw() -> int:
            with transaction(self._workspace.engine) as connection:
                schedule = planned.load_schedule(connection, schedule_id)
                stored.load_page(connection, schedule.page_name, lock=True)
                schedule = planned.load_schedule(connection, schedule_id)  # as it is now that nobody else can change it
                if schedule.withdrawn_at is not None:
                    raise Conflict(f"schedule {schedule_id} was withdrawn already, by {schedule.withdrawn_by}")
                released = planned.withdraw_schedule(connection, schedule_id, by=actor, now=now)
                _audit(connection, "schedule.unlocked", schedule, actor, now, {"released": released})
            return released

        return _retried(withdraw)

    def load_locks(self, page_name: str | None = None) -> list[CaptionLock]:
        """Return the captions that are locked now, by page and caption."""
        with reading(self._workspace.engine) as connection:
            names = None if page_name is None else [stored.load_page(connection, page_name).page_name]
            return planned.load_locks(connection, page_names=names, after=self._workspace.now())

    def list_schedules(self, page_name: str | None = None) -> list[Row[Any]]:
        """Return every schedule, or those of a page, without their messages, the latest week first."""
        with reading(self._workspace.engine) as connection:
            name = None if page_name is None else stored.load_page(connection, page_name).page_name
            return planned.list_schedules(connection, page_name=name)

    def load_page(self, page_name: str) -> Page:
        """Return what is set on a page.

        Raises:
            NotFound: There is no such page.
        """
        with reading(self._workspace.engine) as connection:
            return stored.load_page(connection, page_name)

    def load_captions(self, page_name: str | None = None) -> list[Caption]:
        """Return the bank of captions by id: all of it, or what one page may use."""
        with reading(self._workspace.engine) as connection:
            if page_name is not None:
                stored.load_page(connection, page_name)
            bank = stored.load_captions(connection)
        return [one for one in bank if page_name is None or one.page_name in (None, page_name)]

    def load_pages(self) -> list[Page]:
        """Return every page by name."""
        with reading(self._workspace.engine) as connection:
            return stored.load_pages(connection)

    def zone_of(self, page_name: str) -> ZoneInfo:
        """Return a page's own time zone."""
        return ZoneInfo(self.load_page(page_name).timezone)

    def set_page(self, page: Page, *, actor: str) -> Page:
        """Keep what somebody says of a page, adding it where it is new, and return it.

        Raises:
            InvalidInput: A value cannot be.
            Conflict: The page is known in another time zone.
        """
        find_zone(page.timezone)
        hours, quiet = tuple(sorted(set(page.hours))), tuple(sorted(set(page.quiet_days)))
        if not hours or not set(hours) <= set(range(24)):
            raise InvalidInput("a page needs at least one allowed hour between 0 and 23")
        if not set(quiet) < set(range(DAYS_PER_WEEK)):
            raise InvalidInput("quiet days are weekdays, and at least one day must not be quiet")
        if not 1 <= page.rest_days <= 365:
            raise InvalidInput(f"a caption can rest for 1 to 365 days, not for {page.rest_days}")
        kept, now = replace(page, hours=hours, quiet_days=quiet), self._workspace.now()
        with transaction(self._workspace.engine) as connection:
            stored.register_pages(connection, {page.page_name: page.timezone}, at=now)
            stored.update_page(connection, kept)
            append_audit(
                connection,
                at=now,
                actor=actor,
                action="page.set",
                subject=f"page {page.page_name}",
                detail=asdict(kept),
            )
        return kept

    @contextmanager
    def _logging_failure(self, action: str, page_name: str, schedule_id: str | None, began: float) -> Iterator[None]:
        """Log what fails; a request that was refused before any work was no build."""
        try:
            yield
        except _REFUSALS:
            raise
        except Exception as problem:
            said = problem.message if isinstance(problem, AdtempoError) else f"{type(problem).__name__}: {problem}"
            seconds, now = time.monotonic() - began, self._workspace.now()
            self._log(LoggedBuild(schedule_id, page_name, action, now, 0, seconds, "ERROR", said))
            raise

    def _log(self, logged: LoggedBuild) -> None:
        def write() -> None:
            with transaction(self._workspace.engine) as connection:
                planned.log_build(connection, logged)

        _retried(write)


def _check_start(page: Page, start: date, now: datetime) -> None:
    today = now.astimezone(ZoneInfo(page.timezone)).date()
    if start < today:
        raise PastStart(f"the week from {start} begins in the past: on page {page.page_name} it is {today}; start then")


def _retried(work: Callable[[], Done], weather: type[Exception] = OperationalError) -> Done:
    """Do something again, after ever longer waits, while the database is busy or, if told so, while it fails otherwise.

    Raises:
        DatabaseUnavailable: The database stayed busy.
    """
    for wait in _WAITS:
        try:
            return work()
        except weather as problem:
            if isinstance(problem, OperationalError) and not is_transient(problem):
                raise
            time.sleep(wait)
    try:
        return work()
    except OperationalError as problem:
        if not is_transient(problem):
            raise
        raise DatabaseUnavailable(f"the database stayed busy: {problem.orig}; try again later") from problem


def _usual_seed(page_name: str, start: date) -> int:
    return int.from_bytes(hashlib.sha256(f"{page_name}|{start}".encode()).digest()[:4])


def _logged(action: str, schedule: Schedule, now: datetime, began: float) -> LoggedBuild:
    seconds = time.monotonic() - began
    return LoggedBuild(
        schedule.schedule_id, schedule.page_name, action, now, len(schedule.messages), seconds, "SUCCESS"
    )


def _audit(
    connection: Connection, action: str, schedule: Schedule, actor: str, now: datetime, detail: dict[str, Any]
) -> None:
    subject = f"schedule {schedule.schedule_id}"
    stated = {"page": schedule.page_name, "start": schedule.start_date.isoformat(), **detail}
    append_audit(connection, at=now, actor=actor, action=action, subject=subject, detail=stated)
