"""The history of names, statuses and budgets: only changes, in whatever order they are learnt."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from adtempo.domain.accounts import Account, AccountRef, CampaignRef, Level
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.errors import InvalidInput
from adtempo.store.accounts import register_accounts, register_campaigns
from adtempo.store.attributes import Attribute, entity_attributes, load_attributes, record_attributes
from adtempo.store.engine import reading, transaction
from adtempo.store.readings import load_committed, load_known, record_reading

KEY = ("meta", "1", "c", "c")
DAY = timedelta(days=1)


@pytest.fixture
def known(engine: Engine, now: datetime) -> Engine:
    with transaction(engine) as connection:
        register_accounts(connection, [Account(AccountRef("meta", "1"), "UTC", "EUR")], at=now)
        register_campaigns(connection, {CampaignRef("meta", "1", "c"): now})
    return engine


def sighting(now: datetime, day: int, value: str, observed_day: float | None = None) -> Attribute:
    observed = now + DAY * (day if observed_day is None else observed_day)
    return Attribute("meta", "1", "campaign", "c", "c", "status", value, now + DAY * day, observed)


def record(engine: Engine, *stated: Attribute, batch: int = 1) -> int:
    with transaction(engine) as connection:
        return record_attributes(connection, stated, batch=batch)


def held(engine: Engine, now: datetime, days: range, **known_by: Any) -> str:
    with reading(engine) as connection:
        return "".join(
            load_attributes(connection, at=now + DAY * day, **known_by).get(KEY, {}).get("status", "-") for day in days
        )


def rows(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(connection.execute(select(entity_attributes.c.id)).all())


def test_only_changes_are_kept(known: Engine, now: datetime) -> None:
    posted = record(known, *(sighting(now, day, value) for day, value in enumerate("AAABBA")))
    assert (posted, rows(known)) == (3, 3)
    assert held(known, now, range(-1, 8)) == "-AAABBAAA"
    assert record(known, *(sighting(now, day, value) for day, value in enumerate("AAABBA")), batch=2) == 0


def test_an_older_change_learnt_later_holds_until_the_next_known_sighting(known: Engine, now: datetime) -> None:
    record(known, sighting(now, 1, "A"))
    record(known, sighting(now, 5, "A"), batch=2)
    record(known, sighting(now, 3, "B", observed_day=9), batch=3)
    assert held(known, now, range(7)) == "-AABBAA"
    assert held(known, now, range(7), batch=2) == "-AAAAAA"
    assert held(known, now, range(7), as_of=now + DAY * 8) == "-AAAAAA"


def test_an_older_change_between_two_known_ones_touches_neither(known: Engine, now: datetime) -> None:
    record(known, sighting(now, 1, "A"), sighting(now, 8, "C"))
    record(known, sighting(now, 4, "B"), batch=2)
    assert held(known, now, range(10)) == "-AAABBBBCC"


def test_of_two_statements_about_one_moment_the_later_observed_wins(known: Engine, now: datetime) -> None:
    record(known, sighting(now, 1, "A", 5))
    record(known, sighting(now, 1, "B", 3), batch=2)
    assert held(known, now, range(3)) == "-AA"
    assert held(known, now, range(3), as_of=now + DAY * 4) == "-BB"
    assert record(known, sighting(now, 1, "B", 3), batch=3) == 0
    record(known, sighting(now, 1, "C", 6), batch=4)
    assert held(known, now, range(3)) == "-CC"


def test_the_newest_sighting_holds_whatever_the_order_and_repeating_all_is_exact(known: Engine, now: datetime) -> None:
    rng = random.Random(7)
    for trial in range(15):
        entity = f"e{trial}"
        truth = rng.choices("AB", k=8)
        stated = [
            Attribute("meta", "1", "ad", "c", entity, "status", value, now + DAY * day, now + DAY * day)
            for day, value in enumerate(truth)
        ]
        shuffled = rng.sample(stated, len(stated))
        for batch, one in enumerate(shuffled, 1):
            record(known, one, batch=batch)
        key = ("meta", "1", "c", entity)
        with reading(known) as connection:
            newest = load_attributes(connection, at=now + DAY * 9, level=Level.AD)[key]["status"]
        assert newest == truth[-1]
        record(known, *stated, batch=99)
        with reading(known) as connection:
            seen = [load_attributes(connection, at=now + DAY * day, level=Level.AD)[key]["status"] for day in range(8)]
        assert seen == truth
        assert record(known, *stated, batch=100) == 0


def test_levels_attributes_and_accounts_do_not_mix(known: Engine, now: datetime) -> None:
    ad = Attribute("meta", "1", "ad", "c", "a1", "name", "Ad", now, now)
    budget = Attribute("meta", "1", "campaign", "c", "c", "budget_daily_micros", "7", now, now)
    assert record(known, ad, budget, sighting(now, 0, "A")) == 3
    with reading(known) as connection:
        assert load_attributes(connection, at=now) == {KEY: {"status": "A", "budget_daily_micros": "7"}}
        assert load_attributes(connection, at=now, level=Level.AD) == {("meta", "1", "c", "a1"): {"name": "Ad"}}
        assert load_attributes(connection, at=now, within=[AccountRef("meta", "2")]) == {}
        assert load_attributes(connection, at=now, within=[AccountRef("meta", "1")]).keys() == {KEY}


@pytest.mark.parametrize("value", ["", "1.5", "-1", "1e6", "٣"])
def test_a_budget_that_is_not_whole_micros_is_refused(known: Engine, now: datetime, value: str) -> None:
    with pytest.raises(InvalidInput, match="whole number of micros"):
        record(known, Attribute("meta", "1", "campaign", "c", "c", "budget_daily_micros", value, now, now))


def test_what_an_account_has_committed_is_the_sum_of_what_its_campaigns_are_known_to_hold(
    engine: Engine, now: datetime
) -> None:
    account = AccountRef("meta", "1")
    shown = {
        "running": ("100", "ACTIVE"),
        "paused": ("200", "PAUSED"),
        "removed": ("400", "REMOVED"),
        "silent": ("800", None),
        "poor": (None, "ACTIVE"),
        "older": ("1600", "ACTIVE"),
        "newer": ("3200", "ACTIVE"),
        "unseen": (None, None),
    }
    said = [
        Attribute("meta", "1", "campaign", name, name, attribute, value, now, now)
        for name, pair in shown.items()
        for attribute, value in zip(("budget_daily_micros", "status"), pair, strict=True)
        if value is not None
    ]
    with transaction(engine) as connection:
        register_accounts(connection, [Account(account, "UTC", "EUR")], at=now)
        register_campaigns(connection, {CampaignRef("meta", "1", name): now for name in shown})
        record_attributes(connection, said, batch=1)
        for name, micros, status, at in (
            ("older", 5, Status.PAUSED, now - DAY),
            ("newer", 6400, Status.ACTIVE, now + DAY),
            ("removed", 12_800, Status.ACTIVE, now - DAY),
            ("unseen", 25_600, Status.ACTIVE, now - DAY),
            ("paused", 51_200, Status.PAUSED, now + DAY),
        ):
            record_reading(connection, CampaignRef("meta", "1", name), CampaignState(micros, status), at)
        totals = []
        for moment in (now - 2 * DAY, now, now + DAY):
            known = load_known(connection, account, at=moment)
            totals.append(load_committed(connection, account, at=moment))
            assert totals[-1] == sum(one.state.committed_micros for one in known.values())
    assert totals == [0, 100 + 800 + 1600 + 3200 + 12_800 + 25_600, 100 + 800 + 1600 + 6400 + 12_800 + 25_600]
