"""Runs of jobs: one row per job and slot, so that a slot runs once however many processes see it fall due.

Every process may insert a due slot; one claims it, by a lease with a fencing number, and keeps the lease alive while it
works. What a run does and that it is done commit together (`finish_run` takes the caller's connection). Leases are
about real time: a pretended `now` has no place here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    Integer,
    Table,
    Text,
    and_,
    func,
    or_,
    select,
)

from adtempo.domain.errors import LeaseLost
from adtempo.store.engine import Identifier, UtcTime, metadata, transaction
from adtempo.store.rows import insert_new

job_runs = Table(
    "job_runs",
    metadata,
    Column("job", Identifier, primary_key=True),
    Column("slot", UtcTime, primary_key=True),
    Column("status", Text, nullable=False),
    Column("owner", Text),
    Column("fence", BigInteger, nullable=False),
    Column("lease_until", UtcTime),
    Column("due_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("error", Text),
    Column("detail", JSON(none_as_null=True)),
    CheckConstraint("job <> ''", name="named"),
    CheckConstraint("status IN ('due', 'running', 'done', 'failed', 'skipped')", name="status_known"),
    CheckConstraint("fence >= 0 AND attempts >= 0", name="counted"),
    CheckConstraint(
        "(status = 'running') = (owner IS NOT NULL) AND (owner IS NULL) = (lease_until IS NULL)", name="running_leased"
    ),
    CheckConstraint("(status IN ('done', 'failed', 'skipped')) = (finished_at IS NOT NULL)", name="finished_stated"),
    CheckConstraint("status <> 'failed' OR error IS NOT NULL", name="failure_explained"),
    Index("ix_job_runs_claimable", "status", "due_at"),
)
"""Due, running (leased), done, failed (attempts used up) or skipped (a newer slot took its place)."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """One slot of one job.

    Attributes:
        job: Name of the job.
        slot: The moment that it runs for, UTC.
        status: due, running, done, failed or skipped.
        owner: Who runs it; unique per process.
        fence: Rises with every claim.
        lease_until: From when others may claim it.
        due_at: From when it may be claimed: the slot, or later after a failed attempt.
        attempts: Times it was claimed.
        started_at: When it was last claimed.
        finished_at: When it was done, failed or skipped.
        error: What went wrong last.
        detail: What it did, as JSON values.
    """

    job: str
    slot: datetime
    status: str
    owner: str | None
    fence: int
    lease_until: datetime | None
    due_at: datetime
    attempts: int
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    detail: dict[str, object] | None


def insert_slots(connection: Connection, job: str, slots: Iterable[datetime]) -> None:
    """Note slots that have fallen due; those that somebody noted before stay as they are."""
    due = {"job": job, "status": "due", "fence": 0, "attempts": 0}
    insert_new(connection, job_runs, ({**due, "slot": slot, "due_at": slot} for slot in sorted(slots)))


def claim_run(engine: Engine, jobs: Collection[str], *, owner: str, now: datetime, ttl: timedelta) -> JobRun | None:
    """Claim the oldest run that is due, or whose holder let its lease run out; None if there is nothing to do.

    Args:
        jobs: Names of the jobs that the caller can run.
        owner: Who claims it, unique per process.
        now: The real time, aware.
        ttl: For how long without a heartbeat.
    """
    claimable = or_(
        and_(job_runs.c.status == "due", job_runs.c.due_at <= now),
        and_(job_runs.c.status == "running", job_runs.c.lease_until <= now),
    )
    oldest = (
        select(job_runs.c.job, job_runs.c.slot)
        .where(job_runs.c.job.in_(jobs), claimable)
        .order_by(job_runs.c.slot, job_runs.c.job)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with transaction(engine) as connection:
        found = connection.execute(oldest).one_or_none()
        if found is None:
            return None
        claimed = connection.execute(
            job_runs.update()
            .where(job_runs.c.job == found.job, job_runs.c.slot == found.slot)
            .values(
                status="running",
                owner=owner,
                fence=job_runs.c.fence + 1,
                lease_until=now + ttl,
                attempts=job_runs.c.attempts + 1,
                started_at=now,
            )
            .returning(*job_runs.c)
        ).one()
    return JobRun(**claimed._asdict())


def extend_run(connection: Connection, run: JobRun, *, now: datetime, ttl: timedelta) -> JobRun:
    """Keep a claimed run's lease alive (the heartbeat).

    Raises:
        LeaseLost: Another process claimed it meanwhile.
    """
    _write(connection, run, lease_until=now + ttl)
    return replace(run, lease_until=now + ttl)


def tell_run(connection: Connection, run: JobRun, *, detail: dict[str, object]) -> None:
    """Note how far a claimed run is.

    Raises:
        LeaseLost: Another process claimed it meanwhile.
    """
    _write(connection, run, detail=detail)


def finish_run(connection: Connection, run: JobRun, *, at: datetime, detail: dict[str, object]) -> None:
    """Mark a claimed run done, in the transaction of what it did.

    Raises:
        LeaseLost: Another process claimed it meanwhile; the caller's transaction must not commit.
    """
    _write(connection, run, status="done", owner=None, lease_until=None, finished_at=at, error=None, detail=detail)


def fail_run(connection: Connection, run: JobRun, *, at: datetime, error: str, retry_at: datetime | None) -> None:
    """Note that an attempt failed: to be tried again at `retry_at`, or for good if that is None.

    Raises:
        LeaseLost: Another process claimed it meanwhile.
    """
    outcome = {"status": "failed", "finished_at": at} if retry_at is None else {"status": "due", "due_at": retry_at}
    _write(connection, run, owner=None, lease_until=None, error=error, **outcome)


def skip_runs(connection: Connection, job: str, *, before: datetime, at: datetime) -> int:
    """Skip the job's due slots before a moment, because a newer one takes their place; return how many."""
    older = and_(job_runs.c.job == job, job_runs.c.status == "due", job_runs.c.slot < before)
    return connection.execute(job_runs.update().where(older).values(status="skipped", finished_at=at)).rowcount


def load_runs(connection: Connection, *, job: str | None = None, limit: int = 100) -> list[JobRun]:
    """Return runs, newest slot first."""
    query = select(job_runs).order_by(job_runs.c.slot.desc(), job_runs.c.job).limit(limit)
    if job is not None:
        query = query.where(job_runs.c.job == job)
    return [JobRun(**row._asdict()) for row in connection.execute(query)]


def load_newest_slots(connection: Connection, *, status: str | None = None) -> dict[str, datetime]:
    """Return each job's newest slot, among those of a status if one is given (``done``: how fresh the job is)."""
    query = select(job_runs.c.job, func.max(job_runs.c.slot).label("slot")).group_by(job_runs.c.job)
    if status is not None:
        query = query.where(job_runs.c.status == status)
    return {row.job: row.slot for row in connection.execute(query)}


def _write(connection: Connection, run: JobRun, **values: object) -> None:
    if connection.execute(job_runs.update().where(_held_by(run)).values(values)).rowcount == 0:
        raise LeaseLost(
            f"job {run.job} for {run.slot.isoformat()} was taken over by another process; this attempt wrote nothing"
        )


def _held_by(run: JobRun) -> ColumnElement[bool]:
    return and_(
        job_runs.c.job == run.job,
        job_runs.c.slot == run.slot,
        job_runs.c.status == "running",
        job_runs.c.owner == run.owner,
        job_runs.c.fence == run.fence,
    )
