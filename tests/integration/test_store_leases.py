"""Leases on both databases: one holder, all or nothing, and a fence that outlives a pause."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from adtempo.domain.errors import LeaseBusy, LeaseLost
from adtempo.store.engine import transaction
from adtempo.store.leases import check_leases, delete_leases, release_leases, renew_leases, take_leases

TTL = timedelta(seconds=60)


def test_a_taken_lease_is_busy_for_others_and_names_the_holder(engine: Engine, now: datetime) -> None:
    take_leases(engine, ["a"], owner="first", now=now, ttl=TTL)
    with pytest.raises(LeaseBusy, match=r"a is being worked on by first.*2026-03-04T12:01:00\+00:00") as busy:
        take_leases(engine, ["a"], owner="second", now=now, ttl=TTL)
    assert busy.value.retryable


def test_leases_are_taken_all_or_none(engine: Engine, now: datetime) -> None:
    take_leases(engine, ["b"], owner="first", now=now, ttl=TTL)
    with pytest.raises(LeaseBusy):
        take_leases(engine, ["c", "a", "b"], owner="second", now=now, ttl=TTL)
    taken = take_leases(engine, ["c", "a", "a"], owner="third", now=now, ttl=TTL)
    assert [(lease.name, lease.fence) for lease in taken] == [("a", 1), ("c", 1)]


def test_an_expired_lease_nobody_took_is_still_ours(engine: Engine, now: datetime) -> None:
    held = take_leases(engine, ["a", "b"], owner="first", now=now, ttl=TTL)
    with transaction(engine) as connection:
        check_leases(connection, held)
    renewed = renew_leases(engine, held, now=now + 5 * TTL, ttl=TTL)
    assert {lease.expires_at for lease in renewed} == {now + 6 * TTL}
    with pytest.raises(LeaseBusy):
        take_leases(engine, ["a"], owner="second", now=now + 5 * TTL, ttl=TTL)


def test_a_holder_paused_beyond_its_lease_loses_to_the_taker(engine: Engine, now: datetime) -> None:
    held = take_leases(engine, ["a"], owner="first", now=now, ttl=TTL)
    taken = take_leases(engine, ["a"], owner="second", now=now + TTL, ttl=TTL)
    assert taken[0].fence == 2
    with pytest.raises(LeaseLost, match="taken over by second"), transaction(engine) as connection:
        check_leases(connection, held)
    with pytest.raises(LeaseLost):
        renew_leases(engine, held, now=now + TTL, ttl=TTL)
    release_leases(engine, held)
    with transaction(engine) as connection:
        check_leases(connection, taken)


def test_a_released_lease_is_free_and_its_fence_never_repeats(engine: Engine, now: datetime) -> None:
    held = take_leases(engine, ["a"], owner="first", now=now, ttl=TTL)
    release_leases(engine, held)
    with pytest.raises(LeaseLost, match="no longer held"), transaction(engine) as connection:
        check_leases(connection, held)
    again = take_leases(engine, ["a"], owner="first", now=now, ttl=TTL)
    assert again[0].fence == 2


def test_a_lease_never_taken_is_lost(engine: Engine, now: datetime) -> None:
    held = take_leases(engine, ["a"], owner="first", now=now, ttl=TTL)
    with pytest.raises(LeaseLost), transaction(engine) as connection:
        check_leases(connection, [*held, type(held[0])("z", "first", 1, now)])


def test_of_many_takers_at_once_exactly_one_wins(engine: Engine, now: datetime) -> None:
    names = [f"campaign:{number}" for number in range(5)]

    def take(owner: int) -> bool:
        try:
            take_leases(engine, names if owner % 2 else reversed(names), owner=str(owner), now=now, ttl=TTL)
        except LeaseBusy:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(16))) == 1


def test_leases_of_finished_work_are_forgotten_and_those_at_work_are_not(engine: Engine, now: datetime) -> None:
    late, done, busy, other = (
        take_leases(engine, [name], owner="first", now=moment, ttl=TTL)
        for name, moment in (("work:late", now - 2 * TTL), ("work:done", now), ("work:busy", now), ("workbench", now))
    )
    release_leases(engine, [*done, *other])
    with transaction(engine) as connection:
        assert delete_leases(connection, "work:", now) == 2
        check_leases(connection, busy)
    with transaction(engine) as connection, pytest.raises(LeaseLost):
        check_leases(connection, late)
    assert take_leases(engine, ["workbench"], owner="second", now=now, ttl=TTL)[0].fence == 2
