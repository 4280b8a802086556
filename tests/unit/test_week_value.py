"""What a planned week should earn, and how sure that is."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from adtempo.domain.messages import MessageType
from adtempo.messages.decide import PageConditions, recommend_week
from adtempo.messages.response import draw_conditions, estimate_response
from adtempo.messages.slots import Slot
from adtempo.platforms.sandbox.clock import from_us
from adtempo.platforms.sandbox.pages import PageHistory, PageSpec, simulate_page
from known_pages import START, bank_of, history_at

PAGE = PageSpec("ava", fans=9_000, wear=0.12, ppv_weekly=8)
WEEKS = 12


@pytest.fixture(scope="module")
def played() -> PageHistory:
    return simulate_page(1, PAGE, START, WEEKS)


@pytest.fixture(scope="module")
def conditions(played: PageHistory) -> PageConditions:
    history = history_at(played, now_of(played))
    return PageConditions(ZoneInfo(PAGE.timezone), frozenset(range(24)), frozenset(), history, bank_of(PAGE), {}, ())


def now_of(played: PageHistory) -> datetime:
    return from_us(played.sent_us[-1]) + timedelta(hours=1)


def spread(page: PageConditions, now: datetime) -> float:
    planned = recommend_week(page, start_of(now), now, 1).planned
    assert planned.low95 <= planned.low80 <= planned.value <= planned.high80 <= planned.high95
    return float(np.log(planned.high80 / planned.low80))


def start_of(now: datetime) -> date:
    return now.date() + timedelta(days=2)


def test_past_plans_that_missed_make_the_next_less_sure_and_good_ones_surer(
    conditions: PageConditions, played: PageHistory
) -> None:
    now = now_of(played)
    usual = spread(conditions, now)
    assert spread(replace(conditions, misses=(-0.6, -0.5, 0.6)), now) > 1.3 * usual
    assert spread(replace(conditions, misses=(0.01,) * 16), now) == pytest.approx(usual / 3**0.5, rel=0.1)


def test_messages_planned_before_the_week_cost_the_week(conditions: PageConditions, played: PageHistory) -> None:
    now = now_of(played)
    between = tuple(Slot(now + timedelta(hours=3 * n), MessageType.PPV) for n in range(1, 9))
    quiet, busy = (
        recommend_week(replace(conditions, around=around), start_of(now), now, 1).planned.value
        for around in ((), between)
    )
    assert busy < 0.95 * quiet


def test_a_rested_audience_is_worth_more_than_a_tired_one(conditions: PageConditions, played: PageHistory) -> None:
    response = estimate_response(conditions.history, now_of(played))
    assert response is not None
    last = conditions.history.sent_at[-1]
    soon, later, tenth = (
        draw_conditions(response, last + hours, np.random.default_rng(1), 4_000)[:, -1].mean()
        for hours in (
            np.array([1], dtype="timedelta64[h]"),
            np.array([21 * 24], dtype="timedelta64[h]"),
            21 * 24 + np.arange(0, 20, 2).astype("timedelta64[h]"),
        )
    )
    assert later > 1.2 * soon
    assert later > 1.2 * tenth, "ten messages within a day wear out by themselves"


def test_a_page_that_never_sold_expects_nothing(conditions: PageConditions, played: PageHistory) -> None:
    now, nothing = now_of(played), conditions.history.only(np.zeros(len(conditions.history), dtype=bool))
    plan = recommend_week(replace(conditions, history=nothing), start_of(now), now, 1)
    assert plan.planned.high95 == 0
    assert not plan.expected_micros.any()
    hardly = replace(
        conditions,
        history=replace(
            conditions.history,
            purchases=0 * conditions.history.purchases,
            revenue_micros=0 * conditions.history.revenue_micros,
        ),
    )
    assert recommend_week(hardly, start_of(now), now, 1).planned.low80 == 0


def test_a_page_that_sent_nothing_or_only_bumps_lately_is_planned_all_the_same(
    conditions: PageConditions, played: PageHistory
) -> None:
    history, later = conditions.history, now_of(played) + timedelta(days=40)
    arrays = [one.name for one in fields(history) if isinstance(getattr(history, one.name), np.ndarray)]
    fresh = replace(history, **{name: getattr(history, name)[:0] for name in arrays})
    assert recommend_week(conditions, start_of(later), later, 1).planned.value > 0
    assert recommend_week(replace(conditions, history=fresh), start_of(later), later, 1).planned.value == 0
