"""For whoever runs the installation: is it alive, is it ready, what does it count."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Literal

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adtempo.api.access import FOR_EVERYBODY, READ, Open
from adtempo.api.bodies import Moment, gives_file
from adtempo.jobs.schedule import JOBS
from adtempo.store.engine import reading
from adtempo.store.jobs import load_newest_slots
from adtempo.store.ledger import last_batch
from adtempo.workspace import Workspace

router = APIRouter(tags=["operations"])

log = structlog.get_logger()


class Health(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class JobAge(BaseModel):
    """When a job was last done."""

    job: str
    done_slot: Moment | None = Field(description="The newest slot that was done; null: none yet.")
    age_seconds: float | None = Field(description="How long ago that slot was.")


class Readiness(BaseModel):
    """Whether requests can be served, and if not, what is missing."""

    ready: bool
    database: str = Field(description="ok, or what is wrong.", examples=["ok"])
    ledger: str = Field(description="ok, or what is wrong.", examples=["ok"])
    jobs: list[JobAge]


@router.get("/health", openapi_extra=FOR_EVERYBODY)
def health() -> Health:
    """Whether the process is alive; asks nothing else."""
    return Health()


@router.get("/ready", responses={503: {"description": "Not ready", "model": Readiness}}, openapi_extra=FOR_EVERYBODY)
def ready(workspace: Open, response: Response) -> Readiness:
    """Whether the database and the ledger can be used, and how old each job's last run is."""
    ledger = "ok" if os.access(workspace.ledger_dir, os.R_OK | os.W_OK | os.X_OK) else "the folder cannot be written"
    database, done = _ask_database(workspace)
    fine = ledger == "ok" and database == "ok"
    response.status_code = 200 if fine else 503
    now = datetime.now(UTC)
    jobs = [
        JobAge(job=job.name, done_slot=slot, age_seconds=(now - slot).total_seconds() if slot else None)
        for job in JOBS
        for slot in (done.get(job.name),)
    ]
    return Readiness(ready=fine, database=database, ledger=ledger, jobs=jobs)


@router.get("/metrics", response_class=Response, responses=gives_file("text/plain"), openapi_extra=READ)
def metrics(request: Request, workspace: Open) -> Response:
    """Counts for Prometheus: requests, their duration, job ages, the ledger's batch."""
    meter: Meter = request.app.state.meter
    return Response(meter.measure(workspace), media_type=CONTENT_TYPE_LATEST)


def _ask_database(workspace: Workspace) -> tuple[str, dict[str, datetime]]:
    try:
        with reading(workspace.engine) as connection:
            return "ok", load_newest_slots(connection, status="done")
    except Exception:
        log.exception("database_not_ready")
        return "it does not answer", {}


class Meter:
    """What is counted about one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "adtempo_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "adtempo_http_request_seconds", "How long answers took.", ["route"], registry=self.registry
        )
        self.job_done = Gauge(
            "adtempo_job_done_timestamp_seconds", "Newest slot that was done.", ["job"], registry=self.registry
        )
        self.batch = Gauge("adtempo_ledger_batch", "Number of the ledger's newest batch.", registry=self.registry)

    def measure(self, workspace: Workspace) -> bytes:
        """Return everything in the Prometheus text format."""
        with reading(workspace.engine) as connection:
            self.batch.set(last_batch(connection))
            for job, slot in load_newest_slots(connection, status="done").items():
                self.job_done.labels(job).set(slot.timestamp())
        return generate_latest(self.registry)


class Metered:
    """Counts each answer under its route's path, never under what somebody typed."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self.app = app
        self.meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and count its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            self.meter.requests.labels(scope["method"], route, str(status)).inc()
            self.meter.seconds.labels(route).observe(time.perf_counter() - began)
