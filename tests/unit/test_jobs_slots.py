"""Which slots of a job have fallen due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.domain.errors import InvalidInput
from adtempo.jobs.runner import SLOTS_MAX, CatchUp, Job, find_job, list_slots
from adtempo.jobs.schedule import JOBS

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def job(cron: str = "0 * * * *") -> Job:
    return Job("sync", cron, "Syncs.", CatchUp.ALL, lambda _workspace, _turn: {})


def test_a_job_that_never_ran_gets_its_latest_slot() -> None:
    assert list_slots(job(), None, NOON) == [NOON]
    assert list_slots(job(), None, NOON + timedelta(minutes=59, seconds=59)) == [NOON]
    assert list_slots(job("30 3 * * *"), None, NOON) == [NOON.replace(hour=3, minute=30)]


def test_nothing_is_due_twice() -> None:
    assert list_slots(job(), NOON, NOON + timedelta(minutes=59)) == []
    assert list_slots(job(), NOON, NOON + HOUR) == [NOON + HOUR]


def test_a_job_on_demand_never_falls_due() -> None:
    assert list_slots(job(""), None, NOON) == []


def test_a_long_absence_is_made_up_within_bounds() -> None:
    slots = list_slots(job(), NOON - 1000 * HOUR, NOON)
    assert len(slots) == SLOTS_MAX
    assert slots[-1] == NOON


@given(st.integers(0, 100_000), st.integers(0, 10_000))
def test_looking_twice_finds_what_looking_once_finds(minutes: int, later: int) -> None:
    first = NOON + timedelta(minutes=minutes)
    second = first + timedelta(minutes=later)
    seen = list_slots(job(), NOON, first)
    rest = list_slots(job(), seen[-1] if seen else NOON, second)
    assert (seen + rest)[-SLOTS_MAX:] == list_slots(job(), NOON, second)


def test_slots_are_utc_whatever_the_clock_does_elsewhere() -> None:
    # Clocks change in Europe on 29 March 2026 at 01:00 UTC.
    slots = list_slots(
        job("30 * * * *"), datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC)
    )
    assert [slot.hour for slot in slots] == [0, 1, 2, 3]


def test_every_job_has_a_name_of_its_own_and_a_schedule_that_can_be_read() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
    for one in JOBS:
        assert not one.cron or list_slots(one, None, NOON)
        assert find_job(JOBS, one.name) is one


def test_an_unknown_job_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"no job 'nap'; choose one of sync"):
        find_job(JOBS, "nap")
