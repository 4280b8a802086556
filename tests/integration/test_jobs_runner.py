"""The runner on both databases: once per slot, whoever dies, and nothing written by whoever lost the slot."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from adtempo.alerts.open import load_alerts
from adtempo.domain.alerts import Severity
from adtempo.domain.errors import LeaseBusy
from adtempo.jobs.runner import (
    CatchUp,
    Job,
    Turn,
    name_owner,
    note_due,
    real_now,
    request_run,
    run_next,
    run_until,
)
from adtempo.store.audit import append_audit, load_audit
from adtempo.store.engine import reading, transaction
from adtempo.store.jobs import JobRun, claim_run, insert_slots, load_runs
from adtempo.workspace import Workspace

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=60)


def quiet(_workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
    return {"did": "nothing"}


def job(work: Callable[[Workspace, Turn], Mapping[str, object]] = quiet, **changes: object) -> Job:
    fields = {"name": "sync", "cron": "0 * * * *", "description": "Syncs.", "catch_up": CatchUp.ALL, "work": work}
    return Job(**{**fields, **changes})  # type: ignore[arg-type]


def runs(engine: Engine) -> list[JobRun]:
    with reading(engine) as connection:
        return load_runs(connection)[::-1]


def actions(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return [entry.action for entry in load_audit(connection)]


def run_all(workspace: Workspace, one: Job, moment: datetime) -> list[JobRun]:
    done = []
    while run := run_next(workspace, (one,), owner="me", now=lambda: moment, lease=LEASE):
        done.append(run)
    return done


def test_a_due_slot_is_run_once_and_says_what_it_did(workspace: Workspace) -> None:
    one = job()
    note_due(workspace.engine, (one,), NOON)
    note_due(workspace.engine, (one,), NOON + timedelta(minutes=1))
    assert [run.slot for run in run_all(workspace, one, NOON)] == [NOON]
    assert [(run.status, run.detail) for run in runs(workspace.engine)] == [("done", {"did": "nothing"})]


def test_missed_slots_of_a_sync_are_all_made_up_oldest_first(workspace: Workspace) -> None:
    one = job()
    note_due(workspace.engine, (one,), NOON)
    note_due(workspace.engine, (one,), NOON + 3 * HOUR)
    assert [run.slot for run in run_all(workspace, one, NOON + 3 * HOUR)] == [NOON + k * HOUR for k in range(4)]


def test_of_missed_slots_of_a_decision_only_the_newest_runs(workspace: Workspace) -> None:
    one = job(catch_up=CatchUp.NEWEST)
    note_due(workspace.engine, (one,), NOON)
    note_due(workspace.engine, (one,), NOON + 3 * HOUR)
    assert [run.slot for run in run_all(workspace, one, NOON + 3 * HOUR)] == [NOON + 3 * HOUR]
    assert [run.status for run in runs(workspace.engine)] == ["skipped", "skipped", "skipped", "done"]


def test_a_failed_attempt_is_tried_again_later_and_at_last_a_person_is_told(workspace: Workspace) -> None:
    def fail(_workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
        raise LeaseBusy("the account is being worked on")

    one = job(fail)
    note_due(workspace.engine, (one,), NOON)
    moments = []
    for minute in range(10):
        moments += [minute for _ in run_all(workspace, one, NOON + timedelta(minutes=minute))]
    assert moments == [0, 1, 3]
    (run,) = runs(workspace.engine)
    assert (run.status, run.attempts) == ("failed", 3)
    assert run.error == "LeaseBusy: the account is being worked on"
    assert actions(workspace.engine) == ["job.failed"]
    (alert,) = load_alerts(workspace)
    assert (alert.finding.alert_type, alert.finding.severity) == ("job_failed", Severity.CRITICAL)
    assert "3 times" in alert.finding.message


def test_a_job_that_runs_again_resolves_its_alert(workspace: Workspace) -> None:
    def fail(_workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
        raise LeaseBusy

    note_due(workspace.engine, (job(fail),), NOON)
    for minute in range(10):
        run_all(workspace, job(fail), NOON + timedelta(minutes=minute))
    assert len(load_alerts(workspace, resolved=False)) == 1
    note_due(workspace.engine, (job(),), NOON + HOUR)
    run_all(workspace, job(), NOON + HOUR)
    assert load_alerts(workspace, resolved=False) == []


def test_weather_is_a_warning_and_a_fault_of_ours_an_error(workspace: Workspace) -> None:
    def crash(_workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
        raise ZeroDivisionError

    def wait(_workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
        raise LeaseBusy

    for work, level in ((crash, "error"), (wait, "warning")):
        one = job(work, name=level)
        note_due(workspace.engine, (one,), NOON)
        with capture_logs() as logs:
            run_all(workspace, one, NOON)
        assert [line["log_level"] for line in logs] == [level]


def test_a_run_that_never_reported_back_is_given_up(workspace: Workspace) -> None:
    one = job(attempts_max=2)
    note_due(workspace.engine, (one,), NOON)
    moment = NOON
    for _ in range(2):
        claim_run(workspace.engine, ["sync"], owner="dies", now=moment, ttl=LEASE)
        moment += LEASE
    run_all(workspace, one, moment)
    (run,) = runs(workspace.engine)
    assert (run.status, run.error) == ("failed", "never reported back in 2 attempts")
    assert actions(workspace.engine) == ["job.failed"]


def test_effect_and_completion_stand_or_fall_together(workspace: Workspace) -> None:
    """Who was paused beyond its lease, and replaced, writes nothing."""
    taken: list[JobRun | None] = []

    def slow(inner: Workspace, turn: Turn) -> Mapping[str, object]:
        later = NOON + LEASE
        taken.append(claim_run(inner.engine, ["sync"], owner="other", now=later, ttl=LEASE))
        with transaction(inner.engine) as connection:
            append_audit(connection, at=NOON, actor="job:sync", action="effect", subject="x", detail={})
            turn.finish(connection, {})
        return {}

    one = job(slow)
    note_due(workspace.engine, (one,), NOON)
    with capture_logs() as logs:
        run_next(workspace, (one,), owner="me", now=lambda: NOON, lease=LEASE)
    assert [line["event"] for line in logs] == ["job_taken_over"]
    assert taken[0] is not None
    assert taken[0].fence == 2
    assert actions(workspace.engine) == []
    assert [(run.status, run.owner) for run in runs(workspace.engine)] == [("running", "other")]


def test_a_failure_of_who_lost_the_slot_is_not_written_either(workspace: Workspace) -> None:
    def fail_late(inner: Workspace, turn: Turn) -> Mapping[str, object]:
        claim_run(inner.engine, ["sync"], owner="other", now=NOON + LEASE, ttl=LEASE)
        raise ValueError("too late")

    one = job(fail_late)
    note_due(workspace.engine, (one,), NOON)
    run_next(workspace, (one,), owner="me", now=lambda: NOON, lease=LEASE)
    assert [(run.status, run.owner, run.error) for run in runs(workspace.engine)] == [("running", "other", None)]


def test_the_heartbeat_keeps_a_long_run_alive(workspace: Workspace) -> None:
    rivals = []

    def long(inner: Workspace, _turn: Turn) -> Mapping[str, object]:
        time.sleep(1.2)
        rivals.append(claim_run(inner.engine, ["sync"], owner="rival", now=real_now(), ttl=LEASE))
        return {}

    one = job(long)
    note_due(workspace.engine, (one,), real_now())
    run_next(workspace, (one,), owner="me", lease=timedelta(seconds=0.6))
    assert rivals == [None]
    assert [run.status for run in runs(workspace.engine)] == ["done"]


def test_asking_for_a_run_joins_the_one_that_is_waiting(workspace: Workspace) -> None:
    one = job(name="sync-now", cron="")
    first = request_run(workspace.engine, one, NOON)
    second = request_run(workspace.engine, one, NOON + timedelta(seconds=5))
    assert first.slot == second.slot
    run_all(workspace, one, NOON + timedelta(seconds=6))
    third = request_run(workspace.engine, one, NOON + timedelta(seconds=7))
    assert (third.slot, third.status) == (NOON + timedelta(seconds=7), "due")


def test_the_loop_outlives_a_database_that_does_not_answer(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, ran = threading.Event(), threading.Event()
    failures = iter([OSError("disk"), None])

    def noting(engine: Engine, jobs: object, now: datetime) -> None:
        if problem := next(failures, None):
            raise problem
        note_due(engine, (one,), now)

    def work(_workspace: Workspace, _turn: Turn) -> Mapping[str, object]:
        ran.set()
        return {}

    one = job(work)
    monkeypatch.setattr("adtempo.jobs.runner.note_due", noting)
    monkeypatch.setattr("adtempo.jobs.runner.POLL_SECONDS", 0.01)
    thread = threading.Thread(target=run_until, args=(workspace, (one,), stop))
    thread.start()
    assert ran.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_no_two_processes_are_called_the_same() -> None:
    assert name_owner() != name_owner()


def test_processes_that_are_killed_lose_no_slot_and_do_none_twice(engine: Engine) -> None:
    """Three processes, killed and replaced at random moments, over 40 slots."""
    slots = [NOON + k * HOUR for k in range(40)]
    with transaction(engine) as connection:
        insert_slots(connection, "effect", slots)
    url = engine.url.render_as_string(hide_password=False)
    with _processes(url, 3) as processes:
        for victim in (0, 1, 2, 0, 1):
            time.sleep(0.25)
            processes.replace(victim)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and any(run.status != "done" for run in runs(engine)):
            time.sleep(0.1)
    finished = runs(engine)
    assert {run.status for run in finished} == {"done"}
    with reading(engine) as connection:
        done = Counter(entry.subject for entry in load_audit(connection) if entry.action == "slot.done")
    assert done == Counter(slot.isoformat() for slot in slots)


class _processes:  # noqa: N801 - reads as a context manager
    def __init__(self, url: str, count: int) -> None:
        self.url, self.count = url, count

    def __enter__(self) -> Self:
        self.running = [self._start() for _ in range(self.count)]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running:
            process.kill()
            process.wait()

    def replace(self, place: int) -> None:
        self.running[place].kill()
        self.running[place].wait()
        self.running[place] = self._start()

    def _start(self) -> subprocess.Popen[str]:
        script = Path(__file__).with_name("runner_process.py")
        process = subprocess.Popen(
            [sys.executable, str(script), self.url, "60", "1.0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == "ready\n"
        return process
