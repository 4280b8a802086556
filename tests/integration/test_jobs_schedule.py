"""The real jobs on a real sandbox: each runs, and says what it did."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from adtempo.jobs.runner import note_due, request_run, run_next
from adtempo.jobs.schedule import JOBS, SYNC_NOW
from adtempo.store.engine import reading
from adtempo.store.jobs import load_runs
from adtempo.store.ledger import last_batch
from adtempo.workspace import Workspace
from serving import NOW, open_market, visit


def run_due(workspace: Workspace) -> None:
    while run_next(workspace, JOBS, owner="test", now=lambda: NOW + timedelta(seconds=1)):
        pass


@pytest.fixture
def ran(tmp_path: Path) -> dict[str, dict[str, object]]:
    with open_market(tmp_path) as workspace:
        note_due(workspace.engine, JOBS, NOW)
        request_run(workspace.engine, SYNC_NOW, NOW)
        run_due(workspace)
        with reading(workspace.engine) as connection:
            runs = load_runs(connection)
            assert last_batch(connection) >= 3
        assert {run.status for run in runs} == {"done"}, [run.error for run in runs]
        ages = visit(workspace).get("/ready").json()["jobs"]
        assert all(job["done_slot"] for job in ages)
        return {run.job: run.detail or {} for run in runs}


def test_every_job_runs_and_says_what_it_did(ran: dict[str, dict[str, object]]) -> None:
    assert set(ran) == {job.name for job in JOBS}
    assert ran["sync"]["accounts"] == ran["sync-now"]["accounts"] == 6
    assert ran["compact"]["files_after"] != 0
