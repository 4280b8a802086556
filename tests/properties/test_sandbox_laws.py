"""What must hold in any sandbox market, at any moment, under any edits."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import worlds
from adtempo.domain.accounts import CampaignRef
from adtempo.platforms.base import FACT_SCHEMA, Observation
from adtempo.platforms.sandbox.clock import to_us
from adtempo.platforms.sandbox.draws import binomial_quantiles, stream_key, uniforms
from adtempo.platforms.sandbox.edits import ACTIVE, PAUSED, Edit, Field
from adtempo.platforms.sandbox.market import create_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.platforms.sandbox.response import effective_spend
from adtempo.platforms.sandbox.spec import WorldSpec
from adtempo.platforms.sandbox.world import World

DAYS = 12
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
SPEC = worlds.world(worlds.plain_campaign(noise=0.2), worlds.plain_campaign("2", cvr=0.06, noise=0.1), days=DAYS)
ONE = CampaignRef("tiktok", "t1", "1")
TWO = CampaignRef("tiktok", "t1", "2")

minutes = st.integers(0, (DAYS + 14) * 24 * 60)
moments = minutes.map(lambda minute: BEGIN + timedelta(minutes=minute))
edits = st.lists(
    st.tuples(moments, st.one_of(st.integers(1, 5_000), st.sampled_from([ACTIVE, PAUSED]))), max_size=5
).map(lambda made: tuple(edit(at, new) for at, new in sorted(made, key=lambda pair: pair[0])))


def edit(at: datetime, new: int | str) -> Edit:
    if isinstance(new, int):
        return Edit(at, Field.BUDGET, "", str(new * 1_000_000), "test")
    return Edit(at, Field.STATUS, "", new, "test")


def look(spec: WorldSpec, now: datetime, since: date, until: date, made: tuple[Edit, ...] = ()) -> Observation:
    """One fetch from a market of its own in which the edits were made on campaign 1."""
    with TemporaryDirectory() as folder:
        market = create_market(Path(folder), spec)
        for each in made:
            market.record_edit(ONE, each.field, each.new, each.at, each.actor)
        reader = SandboxReader(market)
        return reader.fetch_observation(reader.fetch_accounts()[0], since, until, now)


def rows_by_key(facts: pa.Table) -> dict[tuple[object, ...], dict[str, object]]:
    keys = ("level", "campaign_id", "ad_id", "grain", "slot")
    return {tuple(row[key] for key in keys): row for row in facts.to_pylist()}


@settings(max_examples=10, deadline=None)
@given(moments, edits)
def test_a_second_look_at_one_moment_sees_the_same(now: datetime, made: tuple[Edit, ...]) -> None:
    first = look(SPEC, now, worlds.START, date(2026, 2, 28), made)
    again = look(SPEC, now, worlds.START, date(2026, 2, 28), made)
    assert first.facts.equals(again.facts)
    assert first.attributes.equals(again.attributes)
    assert first.coverage == again.coverage


@settings(max_examples=10, deadline=None)
@given(moments, edits)
def test_nothing_later_than_now_is_ever_shown(now: datetime, made: tuple[Edit, ...]) -> None:
    seen = look(SPEC, now, worlds.START, date(2026, 2, 28), made)
    hours = [row for row in seen.facts.to_pylist() if row["grain"] == "hour"]
    wall = now.replace(tzinfo=None)
    assert all(row["slot"] <= wall for row in hours)
    assert all(row["observed_at"] == wall for row in hours)
    assert all(row["effective_at"] <= wall for row in seen.attributes.to_pylist())
    for coverage in seen.coverage:
        assert coverage.slot_from < coverage.slot_to
        assert coverage.slot_to <= wall + timedelta(days=2)


@settings(max_examples=10, deadline=None)
@given(moments, st.integers(0, DAYS - 1), st.integers(0, DAYS - 1))
def test_a_slice_equals_the_same_part_of_the_whole(now: datetime, one: int, other: int) -> None:
    since, until = (worlds.START + timedelta(days=day) for day in sorted((one, other)))
    whole = rows_by_key(look(SPEC, now, worlds.START, date(2026, 2, 28)).facts)
    part = rows_by_key(look(SPEC, now, since, until).facts)
    assert part == {key: row for key, row in whole.items() if since <= row["day_local"] <= until}  # type: ignore[operator]


@settings(max_examples=25, deadline=None)
@given(edits, moments, st.one_of(st.integers(1, 5_000), st.just(PAUSED)))
def test_an_edit_changes_nothing_that_was_shown_before_it(made: tuple[Edit, ...], at: datetime, new: int | str) -> None:
    earlier = tuple(each for each in made if each.at <= at)
    world, with_edit = World(SPEC), World(SPEC)
    before = world.play(ONE, earlier)
    after = with_edit.play(ONE, (*earlier, edit(at, new)))
    hours = before.stage.clock.first_hour_from(to_us(at) + 1)
    shown, still = (play.counts_at(to_us(at), 0, hours) for play in (before, after))
    for name in ("spend_micros", "impressions", "clicks", "conversions", "conversion_value_micros"):
        assert np.array_equal(getattr(shown, name), getattr(still, name))


@settings(max_examples=10, deadline=None)
@given(edits)
def test_an_edit_of_one_campaign_leaves_the_others_alone(made: tuple[Edit, ...]) -> None:
    world = World(SPEC)
    before = world.play(TWO).final_counts()
    world.play(ONE, made)
    assert np.array_equal(before.conversion_value_micros, World(SPEC).play(TWO).final_counts().conversion_value_micros)


@settings(max_examples=25, deadline=None)
@given(moments, moments, edits)
def test_later_looks_differ_only_by_arrivals_and_removals(
    one: datetime, other: datetime, made: tuple[Edit, ...]
) -> None:
    play = World(SPEC).play(ONE, made)
    early_us, late_us = sorted((to_us(one), to_us(other)))
    closed = int(np.searchsorted(play.stage.clock.starts_us, early_us - 3_600_000_000, side="right"))
    early, late = play.counts_at(early_us, 0, closed), play.counts_at(late_us, 0, closed)
    for name in ("spend_micros", "impressions", "clicks"):
        assert np.array_equal(getattr(early, name), getattr(late, name)), f"{name} of a closed hour is final"
    sales = play.sales
    inside = sales.hour < closed
    arrived = np.count_nonzero(inside & (sales.arrived_us > early_us) & (sales.arrived_us <= late_us))
    removed = np.count_nonzero(inside & (sales.removed_us > early_us) & (sales.removed_us <= late_us))
    assert late.conversions.sum() - int(early.conversions.sum()) == arrived - removed


@settings(max_examples=10, deadline=None)
@given(moments, edits)
def test_without_removals_conversions_only_ever_arrive(now: datetime, made: tuple[Edit, ...]) -> None:
    kept = replace(SPEC, accounts=(replace(SPEC.accounts[0], removal_ratio=0.0),))
    play = World(kept).play(ONE, made)
    hours = len(play.stage.clock)
    early = play.counts_at(to_us(now), 0, hours)
    late = play.counts_at(to_us(now + timedelta(hours=7)), 0, hours)
    for name in ("spend_micros", "impressions", "clicks", "conversions", "conversion_value_micros"):
        assert (getattr(late, name) >= getattr(early, name)).all()


@settings(max_examples=10, deadline=None)
@given(moments, edits)
def test_ads_add_up_to_their_campaign_and_hours_to_their_day(now: datetime, made: tuple[Edit, ...]) -> None:
    facts = look(SPEC, now, worlds.START, date(2026, 2, 28), made).facts.to_pandas()
    names = ["impressions", "clicks", "spend_micros", "conversions_micros", "conversion_value_micros"]
    views = {
        (level, grain): group.groupby(["campaign_id", "day_local"])[names].sum()
        for (level, grain), group in facts.groupby(["level", "grain"])
    }
    for view in views.values():
        assert view.equals(views["campaign", "day"])


@settings(max_examples=8, deadline=None)
@given(st.integers(1, DAYS - 1))
def test_a_longer_world_begins_with_the_shorter_one(days: int) -> None:
    short = World(replace(SPEC, days=days)).play(ONE).final_counts()
    long = World(SPEC).play(ONE).final_counts()
    hours = len(short.clicks)
    assert np.array_equal(short.conversion_value_micros, long.conversion_value_micros[:hours])
    assert np.array_equal(short.spend_micros, long.spend_micros[:hours])


def test_a_further_campaign_moves_no_number() -> None:
    alone = worlds.world(worlds.plain_campaign(noise=0.2), days=DAYS)
    assert np.array_equal(
        World(alone).play(ONE).final_counts().conversion_value_micros,
        World(SPEC).play(ONE).final_counts().conversion_value_micros,
    )


@pytest.mark.parametrize("make", worlds.WORLDS, ids=lambda make: make.__name__)
def test_every_named_world_fills_the_schema_and_repeats_itself(make: object, tmp_path: Path) -> None:
    spec = make()  # type: ignore[operator]
    seen = []
    for copy in ("one", "two"):
        reader = SandboxReader(create_market(tmp_path / copy, spec))
        now = datetime.combine(spec.start, datetime.min.time(), UTC) + timedelta(days=9, hours=13, minutes=20)
        seen.append(
            pa.concat_tables(
                reader.fetch_observation(account, spec.start, now.date(), now).facts
                for account in reader.fetch_accounts()
            )
        )
    assert seen[0].schema == FACT_SCHEMA
    assert len(seen[0])
    assert seen[0].equals(seen[1])


@settings(max_examples=50)
@given(
    st.lists(st.floats(0, 400), min_size=24, max_size=24),
    st.floats(0, 0.05),
    st.floats(0, 0.005),
)
@example(shape=[0.0] * 24, hourly=5e-324, daily=5e-324)
def test_value_of_a_daily_budget_rises_ever_more_slowly(shape: list[float], hourly: float, daily: float) -> None:
    traffic = np.array(shape) + 1
    traffic /= traffic.sum()
    day = np.zeros(24, dtype=np.int64)
    worth = [effective_spend(b * traffic, traffic, day, hourly, daily).sum() for b in np.arange(0, 2_000, 50)]
    steps = np.diff(worth)
    assert (steps > 0).all()
    assert (np.diff(steps) <= 1e-6).all()
    assert worth[1] <= 50 * (1 + 1e-9)


@given(st.integers(0, 2**32), st.integers(0, 400), st.floats(0, 1), st.floats(0, 1))
@example(seed=0, trials=11, chance=1.0, more=0.0)
def test_counts_lie_within_their_trials_and_rise_with_luck(seed: int, trials: int, chance: float, more: float) -> None:
    u = np.sort(uniforms(stream_key(seed, "law"), np.arange(50)))
    n, p = np.full(50, trials), np.full(50, chance * 0.999)
    counts = binomial_quantiles(u, n, p)
    assert (counts >= 0).all()
    assert (counts <= trials).all()
    assert (np.diff(counts) >= 0).all()
