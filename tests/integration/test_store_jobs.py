"""Runs of jobs: a slot runs once, a dead runner is replaced, and what a replaced one did does not commit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from adtempo.domain.errors import LeaseLost
from adtempo.store.audit import append_audit, load_audit
from adtempo.store.engine import reading, transaction
from adtempo.store.jobs import (
    JobRun,
    claim_run,
    extend_run,
    fail_run,
    finish_run,
    insert_slots,
    load_newest_slots,
    load_runs,
    skip_runs,
)

HOUR = timedelta(hours=1)
TTL = timedelta(seconds=6)


def due(engine: Engine, *slots: datetime, job: str = "sync") -> None:
    with transaction(engine) as connection:
        insert_slots(connection, job, slots)


def claim_if_any(engine: Engine, now: datetime, owner: str = "one") -> JobRun | None:
    return claim_run(engine, ["sync"], owner=owner, now=now, ttl=TTL)


def claim(engine: Engine, now: datetime, owner: str = "one") -> JobRun:
    run = claim_if_any(engine, now, owner)
    assert run is not None
    return run


def test_slots_are_noted_once_and_claimed_oldest_first(engine: Engine, now: datetime) -> None:
    due(engine, now, now - HOUR)
    due(engine, now, now - HOUR)
    due(engine)
    due(engine, now - 2 * HOUR, job="other")
    first, second = claim(engine, now), claim(engine, now)
    assert (first.slot, second.slot, claim_if_any(engine, now)) == (now - HOUR, now, None)
    assert (first.status, first.owner, first.fence, first.attempts, first.lease_until) == (
        "running",
        "one",
        1,
        1,
        now + TTL,
    )


def test_a_slot_is_not_claimed_before_its_time(engine: Engine, now: datetime) -> None:
    due(engine, now + HOUR)
    assert claim_if_any(engine, now) is None


def test_what_a_run_does_and_its_end_commit_together(engine: Engine, now: datetime) -> None:
    due(engine, now)
    run = claim(engine, now)
    with transaction(engine) as connection:
        append_audit(connection, at=now, actor="job", action="sync.done", subject="", detail={})
        finish_run(connection, run, at=now, detail={"rows": 3})
    with reading(engine) as connection:
        (done,) = load_runs(connection, job="sync")
        assert load_newest_slots(connection, status="done") == {"sync": now}
        assert load_newest_slots(connection, status="failed") == {}
    assert (done.status, done.finished_at, done.detail, done.owner) == ("done", now, {"rows": 3}, None)
    assert claim_if_any(engine, now + HOUR) is None


def test_a_dead_runner_is_replaced_and_its_late_effect_does_not_commit(engine: Engine, now: datetime) -> None:
    due(engine, now)
    dead = claim(engine, now)
    assert claim_if_any(engine, now + TTL / 2, "two") is None
    taker = claim(engine, now + TTL, "two")
    assert (taker.fence, taker.attempts) == (2, 2)
    with pytest.raises(LeaseLost, match="taken over"), transaction(engine) as connection:
        append_audit(connection, at=now, actor="dead", action="sync.done", subject="", detail={})
        finish_run(connection, dead, at=now, detail={})
    for act in (
        lambda connection: extend_run(connection, dead, now=now, ttl=TTL),
        lambda connection: fail_run(connection, dead, at=now, error="x", retry_at=None),
    ):
        with pytest.raises(LeaseLost), transaction(engine) as connection:
            act(connection)
    with reading(engine) as connection:
        assert load_audit(connection) == []


def test_a_heartbeat_keeps_a_run(engine: Engine, now: datetime) -> None:
    due(engine, now)
    run = claim(engine, now)
    with transaction(engine) as connection:
        run = extend_run(connection, run, now=now + TTL, ttl=TTL)
    assert run.lease_until == now + 2 * TTL
    assert claim_if_any(engine, now + TTL, "two") is None


def test_a_failed_run_is_tried_again_later_or_given_up(engine: Engine, now: datetime) -> None:
    due(engine, now)
    run = claim(engine, now)
    with transaction(engine) as connection:
        fail_run(connection, run, at=now, error="no answer", retry_at=now + HOUR)
    assert claim_if_any(engine, now + HOUR / 2) is None
    again = claim(engine, now + HOUR)
    assert (again.attempts, again.error) == (2, "no answer")
    with transaction(engine) as connection:
        fail_run(connection, again, at=now + HOUR, error="still none", retry_at=None)
        (failed,) = load_runs(connection)
    assert (failed.status, failed.error, failed.finished_at) == ("failed", "still none", now + HOUR)
    assert claim_if_any(engine, now + 9 * HOUR) is None


def test_older_due_slots_are_skipped_but_not_running_ones(engine: Engine, now: datetime) -> None:
    due(engine, *(now - step * HOUR for step in range(4)))
    running = claim(engine, now)
    with transaction(engine) as connection:
        assert skip_runs(connection, "sync", before=now, at=now) == 2
        statuses = {run.slot: run.status for run in load_runs(connection)}
    assert statuses == {
        now: "due",
        now - HOUR: "skipped",
        now - 2 * HOUR: "skipped",
        running.slot: "running",
    }


def test_many_processes_run_every_slot_once(engine: Engine, now: datetime) -> None:
    slots = [now - step * HOUR for step in range(12)]

    def work(owner: int) -> list[datetime]:
        due(engine, *slots)
        done = []
        while (run := claim_if_any(engine, now, str(owner))) is not None:
            with transaction(engine) as connection:
                finish_run(connection, run, at=now, detail={})
            done.append(run.slot)
        return done

    with ThreadPoolExecutor(4) as pool:
        done = [slot for slots_done in pool.map(work, range(4)) for slot in slots_done]
    assert sorted(done) == sorted(slots)
