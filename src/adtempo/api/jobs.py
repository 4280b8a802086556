"""What runs by itself: when, how it went; and a sync at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from adtempo.accounts.run import load_accounts
from adtempo.api.access import INGEST, READ, Open
from adtempo.api.bodies import Moment
from adtempo.api.idempotency import IdempotentRoute
from adtempo.domain.errors import NotFound
from adtempo.jobs.runner import request_run
from adtempo.jobs.schedule import SYNC_NOW, due_jobs
from adtempo.store.engine import reading
from adtempo.store.jobs import JobRun, load_newest_slots, load_runs

router = APIRouter(tags=["jobs"], route_class=IdempotentRoute)

Status = Literal["due", "running", "done", "failed", "skipped"]


class JobShown(BaseModel):
    """One job."""

    job: str = Field(examples=["sync"])
    cron: str = Field(description="When it falls due, in UTC; empty: when somebody asks.", examples=["0 * * * *"])
    description: str
    done_slot: Moment | None = Field(description="The newest slot that was done.")


class JobsShown(BaseModel):
    """Every job."""

    jobs: list[JobShown]


class RunShown(BaseModel):
    """One run of a job."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job": "sync-now",
                    "slot": "2026-11-20T09:00:12+00:00",
                    "status": "done",
                    "attempts": 1,
                    "started_at": "2026-11-20T09:00:12.5+00:00",
                    "finished_at": "2026-11-20T09:00:14+00:00",
                    "error": None,
                    "detail": {"accounts": 3},
                }
            ]
        }
    )

    job: str
    slot: Moment
    status: Status
    attempts: int
    started_at: Moment | None
    finished_at: Moment | None
    error: str | None
    detail: dict[str, Any] | None


class RunsShown(BaseModel):
    """Runs, the newest slot first."""

    runs: list[RunShown]


@router.get("/api/jobs", openapi_extra=READ)
def list_jobs(workspace: Open) -> JobsShown:
    """List what runs by itself, and when it was last done."""
    with reading(workspace.engine) as connection:
        done = load_newest_slots(connection, status="done")
    return JobsShown(
        jobs=[
            JobShown(job=job.name, cron=job.cron, description=job.description, done_slot=done.get(job.name))
            for job in due_jobs(workspace.settings)
        ]
    )


@router.get("/api/jobs/runs", openapi_extra=READ)
def list_runs(
    workspace: Open,
    job: Annotated[str | None, Query(pattern=r"^[a-z-]{1,60}$", description="Only of this job.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many, the newest.")] = 100,
) -> RunsShown:
    """List runs of jobs, the newest slot first."""
    with reading(workspace.engine) as connection:
        return RunsShown(runs=[show_run(run) for run in load_runs(connection, job=job, limit=limit)])


@router.post("/api/tracking/sync", status_code=202, openapi_extra=INGEST)
def sync_now(workspace: Open) -> RunShown:
    """Sync all accounts at once; while a sync is waiting or running, a second call joins it."""
    return show_run(request_run(workspace.engine, SYNC_NOW, datetime.now(UTC)))


@router.get("/api/tracking/sync", openapi_extra=READ)
def sync_status(workspace: Open) -> RunShown:
    """How the latest sync at once is getting on."""
    with reading(workspace.engine) as connection:
        runs = load_runs(connection, job=SYNC_NOW.name, limit=1)
    if not runs:
        raise NotFound("nobody has asked for a sync yet; POST /api/tracking/sync asks for one")
    return show_run(runs[0])


@router.post("/api/test/sync-now", status_code=202, openapi_extra=INGEST)
def sync_sandbox_now(workspace: Open) -> RunShown:
    """Sync at once, where the sandbox is the only source: for demos and tests."""
    sources = {account.source for account in load_accounts(workspace)}
    if sources != {"sandbox"}:
        raise NotFound("this address is for a sandbox market; use POST /api/tracking/sync")
    return show_run(request_run(workspace.engine, SYNC_NOW, datetime.now(UTC)))


def show_run(run: JobRun) -> RunShown:
    """Return a run as routes show it."""
    return RunShown.model_validate(run, from_attributes=True)
