"""The runner: notes due slots, claims one at a time, keeps its lease alive, and writes down how it ended.

Any number of processes may run it on one database. A process that dies leaves a lease that runs out; another then takes
the slot over with a higher fence, and whatever the first one still tries to write is refused.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING

import structlog
from cronsim import CronSim

from adtempo.alerts.open import raise_alert, resolve_alert
from adtempo.domain.alerts import Finding, Severity
from adtempo.domain.errors import AdtempoError, InvalidInput, LeaseLost
from adtempo.store import jobs as stored
from adtempo.store.audit import append_audit
from adtempo.store.engine import reading, transaction
from adtempo.store.jobs import JobRun

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from adtempo.workspace import Workspace

LEASE = timedelta(seconds=60)
POLL_SECONDS = 1.0
SLOTS_MAX = 168
"""At most so many missed slots of a job are made up: an hourly job's week."""

log = structlog.get_logger()


class CatchUp(StrEnum):
    """What to do with slots that nobody ran in time."""

    ALL = "all"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Job:
    """Something that runs by itself.

    Attributes:
        name: Its name, never changed: it is the key of its runs.
        cron: When it falls due, in UTC; empty: only when somebody asks.
        description: What it does, one sentence.
        catch_up: Whether every missed slot is made up, or only the newest.
        work: What it does; returns what it did as JSON values.
        attempts_max: After so many attempts a person is told instead.
    """

    name: str
    cron: str
    description: str
    catch_up: CatchUp
    work: Callable[[Workspace, Turn], Mapping[str, object]]
    attempts_max: int = 3


class Turn:
    """One claimed run, as its job sees it."""

    def __init__(self, run: JobRun, now: Callable[[], datetime]) -> None:
        self.run = run
        self.finished = False
        self._now = now

    @property
    def slot(self) -> datetime:
        """The moment that this run is for, UTC."""
        return self.run.slot

    @property
    def actor(self) -> str:
        """What audit rows say of who did it."""
        return name_actor(self.run.job)

    def tell(self, engine: Engine, detail: Mapping[str, object]) -> None:
        """Say how far the run is, for whoever looks at it meanwhile.

        Raises:
            LeaseLost: Another process took the run over.
        """
        with transaction(engine) as connection:
            stored.tell_run(connection, self.run, detail=dict(detail))

    def finish(self, connection: Connection, detail: Mapping[str, object]) -> None:
        """Mark the run done in the caller's transaction: the effect counts exactly if the run does.

        Raises:
            LeaseLost: Another process took the run over; the transaction must not commit.
        """
        stored.finish_run(connection, self.run, at=self._now(), detail=dict(detail))
        resolve_alert(connection, _broken(self.run.job), now=self._now())
        self.finished = True


def _broken(job: str, message: str = "The job runs again.") -> Finding:
    """Return what is wrong when a job has failed for good; one cause per job."""
    return Finding("job_failed", Severity.CRITICAL, message, detail=job)


def real_now() -> datetime:
    """Return the real time; leases and slots know no pretended one."""
    return datetime.now(UTC)


def log_to_stderr() -> None:
    """Log to standard error, without the local variables of tracebacks: they may hold secrets."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def name_actor(job: str) -> str:
    """Return what audit rows call a job."""
    return f"job:{job}"


def name_owner() -> str:
    """Return a name for this process that no other one has, also after a restart."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def run_until(
    workspace: Workspace,
    jobs: Sequence[Job],
    stop: threading.Event,
    *,
    now: Callable[[], datetime] = real_now,
    lease: timedelta = LEASE,
) -> None:
    """Run what falls due until told to stop; the run at hand is ended first.

    Args:
        stop: Set by whoever wants it to end.
        now: The real time.
        lease: For how long a claim holds without a heartbeat.
    """
    owner = name_owner()
    while not stop.is_set():
        try:
            note_due(workspace.engine, jobs, now())
            ran = run_next(workspace, jobs, owner=owner, now=now, lease=lease)
        except Exception:
            log.exception("job_runner_failed")
            ran = None
        if ran is None:
            stop.wait(POLL_SECONDS)


def note_due(engine: Engine, jobs: Sequence[Job], now: datetime) -> None:
    """Write down the slots that have fallen due since the last one of each job.

    A job that never ran gets its latest slot only. Where only the newest slot counts, older ones are marked skipped.

    Args:
        now: The real time, aware.
    """
    with reading(engine) as connection:
        newest = stored.load_newest_slots(connection)
    due = {job: slots for job in jobs if (slots := list_slots(job, newest.get(job.name), now))}
    if not due:
        return
    with transaction(engine) as connection:
        for job, slots in due.items():
            stored.insert_slots(connection, job.name, slots)
            if job.catch_up is CatchUp.NEWEST:
                stored.skip_runs(connection, job.name, before=slots[-1], at=now)


def list_slots(job: Job, after: datetime | None, now: datetime) -> list[datetime]:
    """Return a job's slots after a moment and up to now, oldest first, the newest SLOTS_MAX of them.

    Args:
        after: Its newest noted slot; None if it never ran, then only its latest slot is due.
        now: The real time, aware.
    """
    if not job.cron:
        return []
    if after is not None:
        slots = takewhile(lambda slot: slot <= now, CronSim(job.cron, after))
        return list(slots)[-SLOTS_MAX:]
    backwards = CronSim(job.cron, now + timedelta(minutes=1), reverse=True)
    return [next(slot for slot in backwards if slot <= now)]


def request_run(engine: Engine, job: Job, now: datetime) -> JobRun:
    """Ask for a run at once and return it; while one is open, a second call joins it.

    Args:
        job: A job that runs only when asked.
        now: The real time, aware.
    """
    with transaction(engine) as connection:
        latest = next(iter(stored.load_runs(connection, job=job.name, limit=1)), None)
        if latest is not None and latest.status in {"due", "running"}:
            return latest
        # Two calls in one second meet on the primary key.
        stored.insert_slots(connection, job.name, [now.replace(microsecond=0)])
        return stored.load_runs(connection, job=job.name, limit=1)[0]


def find_job(jobs: Sequence[Job], name: str) -> Job:
    """Return the job of a name.

    Raises:
        InvalidInput: There is no such job.
    """
    for job in jobs:
        if job.name == name:
            return job
    raise InvalidInput(f"there is no job {name!r}; choose one of {', '.join(job.name for job in jobs)}")


def run_next(
    workspace: Workspace,
    jobs: Sequence[Job],
    *,
    owner: str,
    now: Callable[[], datetime] = real_now,
    lease: timedelta = LEASE,
) -> JobRun | None:
    """Claim the oldest due run and end it one way or another; return it, or None if nothing is due.

    Args:
        now: The real time.
        lease: For how long a claim holds without a heartbeat.
    """
    run = stored.claim_run(workspace.engine, [job.name for job in jobs], owner=owner, now=now(), ttl=lease)
    if run is None:
        return None
    job = find_job(jobs, run.job)
    if run.attempts > job.attempts_max:
        _fail(workspace.engine, job, run, f"never reported back in {job.attempts_max} attempts", now())
        return run
    turn = Turn(run, now)
    try:
        with _heartbeat(workspace.engine, run, now, lease):
            detail = job.work(workspace, turn)
        if not turn.finished:
            with transaction(workspace.engine) as connection:
                turn.finish(connection, detail)
    except LeaseLost as problem:
        log.warning("job_taken_over", job=job.name, slot=run.slot.isoformat(), detail=problem.message)
    except Exception as problem:  # noqa: BLE001 - whatever a job raises is reported and counted as an attempt
        _report(job, run, problem)
        _fail(workspace.engine, job, run, f"{type(problem).__name__}: {problem}", now())
    else:
        log.info("job_done", job=job.name, slot=run.slot.isoformat(), **detail)
    return run


def _report(job: Job, run: JobRun, problem: Exception) -> None:
    # Weather is a warning; a fault of the code comes with its traceback.
    said = {"job": job.name, "slot": run.slot.isoformat(), "attempt": run.attempts}
    if isinstance(problem, AdtempoError):
        log.warning("job_attempt_failed", detail=problem.message, **said)
    else:
        log.error("job_attempt_failed", exc_info=problem, **said)


def _fail(engine: Engine, job: Job, run: JobRun, error: str, now: datetime) -> None:
    """Note a failed attempt: another one follows later, or a person is told."""
    last = run.attempts >= job.attempts_max
    retry_at = None if last else now + timedelta(minutes=2 ** (run.attempts - 1))
    try:
        with transaction(engine) as connection:
            stored.fail_run(connection, run, at=now, error=error, retry_at=retry_at)
            if last:
                said = f"The job {job.name} failed {run.attempts} times for {run.slot:%Y-%m-%d %H:%M} UTC: {error}"
                raise_alert(connection, _broken(job.name, said), now=now)
                append_audit(
                    connection,
                    at=now,
                    actor=name_actor(job.name),
                    action="job.failed",
                    subject=f"{job.name} {run.slot.isoformat()}",
                    detail={"attempts": run.attempts, "error": error},
                )
    except LeaseLost as problem:
        log.warning("job_taken_over", job=job.name, slot=run.slot.isoformat(), detail=problem.message)


@contextmanager
def _heartbeat(engine: Engine, run: JobRun, now: Callable[[], datetime], lease: timedelta) -> Iterator[None]:
    """Extend the lease while the block runs, from a thread of its own."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(lease.total_seconds() / 3):
            try:
                with transaction(engine) as connection:
                    stored.extend_run(connection, run, now=now(), ttl=lease)
            except LeaseLost:
                return  # the fence refuses whatever this run still writes
            except Exception:
                log.exception("job_heartbeat_failed", job=run.job)

    thread = threading.Thread(target=beat, name=f"heartbeat-{run.job}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
