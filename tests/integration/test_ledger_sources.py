"""Where an account has several kinds of rows for the same thing, one of them counts: the source of record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.panels import Quantities
from adtempo.facts.load import FactQuery, load_fact_table, load_reach
from strategies_facts import LOOKED_AT, START, Bench, FactRow, moment

DAY = START.date()
BEFORE_END = round((START - LOOKED_AT).total_seconds() / 3600) + 20
"""A look at the first day four hours before it ends, in hours after LOOKED_AT."""


@pytest.fixture
def bench(tmp_path: Path, engine: Engine) -> Bench:
    """An empty ledger."""
    return Bench.open(tmp_path, engine)


def hours(
    slots: range, looked: int, *, spend: int = 1, conversions: int | None = None, ad: str | None = None
) -> list[FactRow]:
    """Return hourly rows that spend so much an hour."""
    return [FactRow(slot, looked, (1, 1, spend, conversions, conversions), ad=ad) for slot in slots]


def day(looked: int, spend: int | None, conversions: int | None, **more: object) -> FactRow:
    """Return a day's row."""
    return FactRow(0, looked, (None, None, spend, conversions, conversions), grain="day", **more)  # type: ignore[arg-type]


def spent(bench: Bench, *by: str, **more: object) -> Iterator[tuple[tuple[object, ...], int | None, int | None]]:
    """Yield keys, spend and conversions."""
    table = load_fact_table(bench.ledger, FactQuery(by=by or ("campaign_id",), **more))  # type: ignore[arg-type]
    for keys, quantities in table.rows():
        yield keys, quantities.spend_micros, quantities.conversions_micros


def test_hourly_spend_and_daily_conversions_are_both_read_and_neither_twice(bench: Bench) -> None:
    bench.post([*hours(range(24), 0, spend=10), day(0, 250, 7)])
    assert list(spent(bench)) == [(("c1",), 250, 7)]
    assert next(spent(bench, "hour_of_week")) == ((96,), 10, None)
    assert sum(spend or 0 for _, spend, _ in spent(bench, "hour")) == 240


def test_conversions_that_only_days_have_come_from_the_day_also_while_it_lasts(bench: Bench) -> None:
    bench.post([*hours(range(18), BEFORE_END, spend=10), day(BEFORE_END - 1, 90, 3)])
    assert list(spent(bench, "day_local")) == [((DAY,), 180, 3)]


def test_a_day_that_was_over_when_looked_at_beats_hours_that_were_seen_later(bench: Bench) -> None:
    bench.post([day(0, 250, 7)])
    bench.post(hours(range(20), 3, spend=10, conversions=1))
    assert list(spent(bench)) == [(("c1",), 250, 7)]


def test_an_unfinished_day_loses_to_hours_that_were_seen_later(bench: Bench) -> None:
    bench.post([day(BEFORE_END, 200, 5)])
    bench.post(hours(range(24), 3, spend=10, conversions=1))
    assert list(spent(bench)) == [(("c1",), 240, 24)]


def test_whether_a_day_was_over_is_judged_in_the_accounts_own_zone(bench: Bench) -> None:
    tokyo = Account(AccountRef("google", "9"), "Asia/Tokyo", "JPY")
    ended = round((datetime(2026, 2, 27, 15, tzinfo=UTC) - LOOKED_AT).total_seconds() / 3600)
    whole = replace(day(ended, 250, 7), account=tokyo)
    later = [replace(row, account=tokyo) for row in hours(range(-9, 5), 0, spend=10, conversions=1)]
    bench.post([whole, *later], accounts=[tokyo])
    assert list(spent(bench)) == [(("c1",), 250, 7)]


def test_ads_of_one_kind_are_added_and_give_way_to_their_campaign(bench: Bench) -> None:
    ads = [day(0, 100, 1, ad="a1"), day(0, 150, 2, ad="a2")]
    bench.post([*ads, *hours(range(24), 0, spend=4, ad="a1"), *hours(range(24), 0, spend=6, ad="a2")])
    assert list(spent(bench)) == [(("c1",), 250, 3)]
    assert list(spent(bench, "ad_id")) == [(("a1",), 100, 1), (("a2",), 150, 2)]
    bench.post([day(1, 260, None)])
    assert list(spent(bench)) == [(("c1",), 260, 3)]
    assert list(spent(bench, "ad_id")) == [(("a1",), 100, 1), (("a2",), 150, 2)]


def test_two_attribution_settings_are_never_added_and_the_one_looked_at_last_counts(bench: Bench) -> None:
    bench.post([day(0, 100, 5, attribution="7d_click")])
    bench.post([day(1, 100, 8, attribution="28d_click")])
    assert list(spent(bench)) == [(("c1",), 100, 8)]
    bench.post([day(2, 100, 6, attribution="7d_click")])
    assert list(spent(bench)) == [(("c1",), 100, 6)]
    assert list(spent(bench, as_of=moment(1))) == [(("c1",), 100, 8)]


def test_an_export_of_countless_attribution_settings_is_still_read_once(bench: Bench) -> None:
    bench.post([day(0, 100, 5, attribution=f"setting {number:03d}") for number in range(200)])
    bench.post([day(1, 100, 6, attribution="setting 199")])
    assert list(spent(bench)) == [(("c1",), 100, 6)]


def test_the_source_is_chosen_day_by_day_and_campaign_by_campaign(bench: Bench) -> None:
    bench.post(
        [
            *hours(range(48), 0, spend=10),
            *[replace(row, campaign="c2") for row in hours(range(24), 0, spend=1)],
            day(0, 250, 7),
        ]
    )
    assert list(spent(bench, "campaign_id", "day_local")) == [
        (("c1", DAY), 250, 7),
        (("c1", date(2026, 2, 28)), 240, None),
        (("c2", DAY), 24, None),
    ]


def test_an_undone_source_is_no_source_any_more(bench: Bench) -> None:
    bench.post([day(BEFORE_END, 200, 5)])
    bench.post(hours(range(24), 1, spend=10))
    taken = bench.post([day(2, 250, 7)])
    assert list(spent(bench)) == [(("c1",), 250, 7)]
    bench.undo(taken.batch)
    assert list(spent(bench)) == [(("c1",), 240, 5)]
    assert list(spent(bench, batch=taken.batch)) == [(("c1",), 250, 7)]


def test_the_creative_of_a_day_is_the_one_last_reported(bench: Bench) -> None:
    bench.post([day(0, 100, 1, ad="a1", creative="old")])
    bench.post([day(1, 120, 2, ad="a1")])
    assert list(spent(bench, "creative_id")) == [(("old",), 120, 2)]
    bench.post([day(2, 130, 2, ad="a1", creative="new")])
    assert list(spent(bench, "creative_id")) == [(("new",), 130, 2)]


def test_named_conversion_types_stay_out_of_the_main_figures(bench: Bench) -> None:
    lead = FactRow(0, 0, (None, None, None, 40, 400), conversion_type="lead")
    bench.post([lead, *hours(range(1), 0, spend=10, conversions=3)])
    assert bench.hours()["c1", 0].conversions_micros == 3
    assert bench.hours(kind="lead")["c1", 0] == Quantities(conversions_micros=40, conversion_value_micros=400)


def test_reach_is_what_was_last_reported_as_of_any_moment_and_after_any_undo(bench: Bench) -> None:
    here = CampaignRef("meta", "1", "c1"), DAY
    bench.post([replace(day(1, 10, 1), reach=500)])
    second = bench.post([replace(day(3, 10, 1), reach=700)])
    bench.post([replace(day(2, 10, 1), reach=600)])

    def reach(**more: object) -> dict[tuple[CampaignRef, date], int]:
        return load_reach(bench.ledger, FactQuery(by=("campaign_id",), **more))  # type: ignore[arg-type]

    assert reach() == {here: 700}
    assert reach(as_of=moment(2)) == {here: 600}
    assert reach(as_of=moment(1)) == {here: 500}
    assert reach(as_of=moment(2), batch=second.batch) == {here: 500}
    bench.undo(second.batch)
    assert reach() == {here: 600}
    assert reach(batch=second.batch) == {here: 700}
    bench.post([replace(day(3, 10, 1), reach=800)])
    bench.post([replace(day(3, 10, 1), reach=750)])
    assert reach() == {here: 750}


def test_no_campaign_has_no_facts(bench: Bench) -> None:
    bench.post(hours(range(3), 0))
    assert len(load_fact_table(bench.ledger, FactQuery(by=("campaign_id",), campaigns=[]))) == 0
