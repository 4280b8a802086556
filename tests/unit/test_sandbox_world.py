from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import worlds
from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.platforms.sandbox.clock import account_clock, from_us, to_us
from adtempo.platforms.sandbox.draws import binomial_quantiles, smooth_normals, stream_key, uniforms
from adtempo.platforms.sandbox.edits import PAUSED, Edit, Field
from adtempo.platforms.sandbox.market import create_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.platforms.sandbox.spec import (
    AccountSpec,
    AdSpec,
    Block,
    DelayProfile,
    Era,
    Incident,
    IncidentKind,
    WorldSpec,
)
from adtempo.platforms.sandbox.truth import (
    arrived_share,
    arrived_share_of_slot,
    expected_outcome,
    fatigue,
    hour_multipliers,
    labels,
    response_curve,
)
from adtempo.platforms.sandbox.world import Play, World

ONE = CampaignRef("tiktok", "t1", "1")
HOUR_US = 3_600_000_000
SIGMAS = 5.0
"""A two-sided normal bound this wide fails by chance with probability 6e-7."""


def play_of(spec: WorldSpec, *edits: Edit) -> Play:
    return World(spec).play(ONE, edits)


def planted(kind: IncidentKind, magnitude: float = 1.0, hours: int = 12) -> Play:
    incident = Incident(kind, day=20, hour=6, hours=hours, magnitude=magnitude)
    return play_of(worlds.world(worlds.plain_campaign(incidents=(incident,))))


def by_hour(play: Play) -> dict[str, np.ndarray]:
    counts = play.final_counts()
    return {
        name: getattr(counts, name).sum(axis=1) for name in ("spend_micros", "impressions", "clicks", "conversions")
    }


def test_small_counts_have_the_exact_binomial_quantiles() -> None:
    u = uniforms(stream_key(1, "test"), np.arange(2_000))
    for trials, chance in ((1, 0.5), (12, 0.7), (60, 0.03), (500, 0.015), (9, 0.999)):
        n, p = np.full(len(u), trials), np.full(len(u), chance)
        assert np.array_equal(binomial_quantiles(u, n, p), stats.binom.ppf(u, trials, chance).astype(int))


def test_large_counts_are_within_one_of_the_binomial_quantiles() -> None:
    u = uniforms(stream_key(1, "test"), np.arange(2_000))
    for trials, chance in ((1_000, 0.012), (50_000, 0.01), (300, 0.4)):
        n, p = np.full(len(u), trials), np.full(len(u), chance)
        assert np.abs(binomial_quantiles(u, n, p) - stats.binom.ppf(u, trials, chance)).max() <= 1


def test_streams_are_uniform_and_unrelated() -> None:
    """Kolmogorov-Smirnov p-value above 1e-6 and correlation within 5 sigmas: correct code fails with about 2e-6."""
    one, other = (uniforms(stream_key(1, name), np.arange(20_000)) for name in ("a", "b"))
    assert stats.kstest(one, "uniform").pvalue > 1e-6
    assert abs(np.corrcoef(one, other)[0, 1]) < SIGMAS / np.sqrt(20_000)
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < SIGMAS / np.sqrt(20_000)


def test_slow_noise_is_standard_and_remembers() -> None:
    noise = smooth_normals(stream_key(3, "noise"), 50_000, memory=12.0)
    assert noise.std() == pytest.approx(1.0, abs=0.1)
    assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(np.exp(-1 / 12), abs=0.02)


def test_conversions_arrive_as_the_default_profile_says() -> None:
    """35% within an hour of the click, half within a day, all within a week; fails by chance with 2e-6."""
    sales = play_of(worlds.flat()).sales
    age_hours = (sales.arrived_us - sales.clicked_us) / HOUR_US
    assert len(sales) > 2_000
    for hours, share in ((1.0, 0.35), (24.0, 0.50), (96.0, 0.75)):
        bound = SIGMAS * np.sqrt(share * (1 - share) / len(sales))
        assert np.mean(age_hours <= hours) == pytest.approx(share, abs=bound)
    assert age_hours.max() <= 168.0


def test_a_few_conversions_are_taken_back() -> None:
    """2% by default; fails by chance with 6e-7."""
    sales = play_of(worlds.flat()).sales
    gone = sales.removed_us < np.iinfo(np.int64).max
    assert gone.mean() == pytest.approx(0.02, abs=SIGMAS * np.sqrt(0.02 * 0.98 / len(sales)))
    assert (sales.removed_us > sales.arrived_us).all()


def test_a_new_attribution_setting_changes_names_and_delays_from_its_day(tmp_path: Path) -> None:
    slow = DelayProfile((0.0, 48.0, 96.0), (0.0, 0.0, 1.0))
    spec = worlds.flat()
    account = replace(spec.accounts[0], eras=(Era(), Era(10, "1d_click", slow)))
    spec = replace(spec, accounts=(account,))
    sales = play_of(spec).sales
    late = sales.hour >= account_clock(account.timezone, spec.start, spec.days).day_starts[10]
    assert ((sales.arrived_us - sales.clicked_us)[late] >= 48 * HOUR_US).all()
    assert ((sales.arrived_us - sales.clicked_us)[~late] < HOUR_US).mean() > 0.3
    now = datetime(2026, 1, 20, 12, tzinfo=UTC)
    seen = SandboxReader(create_market(tmp_path, spec)).fetch_observation(
        account.account, date(2026, 1, 12), now.date(), now
    )
    names = {row["day_local"]: row["attribution"] for row in seen.facts.to_pylist()}
    assert names[date(2026, 1, 14)] == "7d_click_1d_view"
    assert names[date(2026, 1, 15)] == "1d_click"
    spans = {(c.attribution, c.grain): (c.slot_from, c.slot_to) for c in seen.coverage if c.level == "campaign"}
    assert spans["7d_click_1d_view", "day"] == (datetime(2026, 1, 12), datetime(2026, 1, 15))
    assert spans["1d_click", "day"] == (datetime(2026, 1, 15), datetime(2026, 1, 21))
    assert spans["7d_click_1d_view", "hour"][1] == spans["1d_click", "hour"][0] == datetime(2026, 1, 14, 23)
    later = SandboxReader(create_market(tmp_path, spec)).fetch_observation(account.account, now.date(), now.date(), now)
    assert {c.attribution for c in later.coverage} == {"1d_click"}
    assert spans["1d_click", "hour"][1] == datetime(2026, 1, 20, 13)


def test_weekend_clicks_can_wait_longer() -> None:
    spec = worlds.flat()
    eras = (Era(delays=DelayProfile(weekend_stretch=2.0)),)
    play = play_of(replace(spec, accounts=(replace(spec.accounts[0], eras=eras),)))
    weekend = play.stage.clock.hour_of_week[play.sales.hour] >= 120
    waits = (play.sales.arrived_us - play.sales.clicked_us) / HOUR_US
    assert waits[weekend].max() > 168 > waits[~weekend].max()


def test_truth_knows_how_much_has_arrived() -> None:
    assert arrived_share(DelayProfile(), [0, 0.5, 1, 24, 168, 500]).tolist() == [0, 0.175, 0.35, 0.5, 1, 1]
    assert arrived_share_of_slot(DelayProfile(), [1.0])[0] == pytest.approx(0.175, abs=1e-3)
    assert arrived_share_of_slot(DelayProfile(), [200.0])[0] == 1.0


def test_the_plain_campaign_has_sixty_clicks_an_hour_at_three_percent() -> None:
    """The world in which daypart recall is measured; each bound fails by chance with 6e-7."""
    play = play_of(worlds.flat())
    hours = by_hour(play)
    n = len(hours["clicks"])
    assert hours["clicks"].mean() == pytest.approx(60, abs=SIGMAS * np.sqrt(60 / n))
    made = len(play.sales) / hours["clicks"].sum()
    assert made == pytest.approx(0.03, abs=SIGMAS * np.sqrt(0.03 / hours["clicks"].sum()))
    assert hours["spend_micros"].sum() == pytest.approx(1_484_540_000 * 0.97 * 56, rel=1e-3)


def test_peak_hours_earn_what_the_truth_says() -> None:
    """Ratio of peak to other hours 1.5 within 5 standard errors; fails by chance with 6e-7."""
    play = play_of(worlds.two_peaks())
    peak = np.isin(play.stage.clock.hour_of_day, worlds.PEAK_HOURS)
    hours = by_hour(play)
    counts = [(hours["conversions"][part].sum(), hours["clicks"][part].sum()) for part in (peak, ~peak)]
    ratio = counts[0][0] / counts[0][1] / (counts[1][0] / counts[1][1])
    assert ratio == pytest.approx(1.5, abs=1.5 * SIGMAS * np.sqrt(1 / counts[0][0] + 1 / counts[1][0]))
    multipliers = hour_multipliers(play)
    assert multipliers.mean() == pytest.approx(1.0)
    assert multipliers.max() / multipliers.min() == pytest.approx(1.5)


def test_a_flat_world_has_no_pattern() -> None:
    assert (hour_multipliers(play_of(worlds.flat())) == 1.0).all()


def test_blocks_may_be_for_some_weekdays_only() -> None:
    play = play_of(worlds.world(worlds.plain_campaign(buy_blocks=(Block((9,), 2.0, (0,)),))))
    assert np.flatnonzero(hour_multipliers(play) > 1).tolist() == [9]


def test_a_drifting_world_falls() -> None:
    hours = by_hour(play_of(worlds.drifting()))
    first, last = np.array_split(hours["conversions"], 2)
    assert last.sum() < 0.75 * first.sum()


def test_expectation_agrees_with_what_happened() -> None:
    """Clicks and sales within 5 Poisson sigmas of their expectation; each fails by chance with 6e-7."""
    play = play_of(worlds.two_peaks())
    counts = play.final_counts()
    expected = expected_outcome(play, counts.spend_micros.sum(axis=1).astype(float))
    assert counts.impressions.sum() == pytest.approx(expected.impressions.sum(), rel=1e-3)
    for name in ("clicks", "conversions"):
        mean = getattr(expected, name).sum()
        assert getattr(counts, name).sum() == pytest.approx(mean, abs=SIGMAS * np.sqrt(mean))
    assert counts.conversion_value_micros.sum() == pytest.approx(expected.value_micros.sum(), rel=0.15)


def test_the_response_of_a_day_is_concave() -> None:
    play = play_of(worlds.world(worlds.plain_campaign(saturation_hour=0.5, saturation_day=0.5, noise=0.1)))
    steps = np.diff(response_curve(play, 20, np.arange(0, 6_000, 300) * 1_000_000.0))
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


def test_twice_the_budget_buys_less_than_twice_the_clicks() -> None:
    spec = worlds.world(worlds.plain_campaign(saturation_hour=0.5, saturation_day=0.5))
    double = Edit(datetime(2026, 1, 1, tzinfo=UTC), Field.BUDGET, "", "2969080000", "test")
    before, after = by_hour(play_of(spec)), by_hour(play_of(spec, double))
    assert after["spend_micros"].sum() == pytest.approx(2 * before["spend_micros"].sum(), rel=1e-3)
    assert 1.2 < after["clicks"].sum() / before["clicks"].sum() < 1.8


def test_a_larger_budget_meets_the_same_luck() -> None:
    more = Edit(datetime(2026, 1, 20, tzinfo=UTC), Field.BUDGET, "", "1500000000", "test")
    before, after = (play_of(worlds.flat(), *edits).final_counts() for edits in ((), (more,)))
    assert (after.impressions >= before.impressions).all()
    gained = after.clicks - before.clicks
    assert gained.min() >= -1
    assert abs(gained).max() <= 2, "1% more budget: hardly a click more, where fresh luck would move several"


def test_a_pause_stops_delivery_at_the_next_full_hour_and_sales_still_arrive() -> None:
    at = datetime(2026, 1, 20, 9, 30, tzinfo=UTC)
    play = play_of(worlds.flat(), Edit(at, Field.STATUS, "active", PAUSED, "test"))
    hours = by_hour(play)
    stop = play.stage.clock.first_hour_from(to_us(datetime(2026, 1, 20, 10, tzinfo=UTC)))
    assert hours["spend_micros"][stop - 1] > 0
    assert not any(series[stop:].any() for series in hours.values())
    assert (play.sales.arrived_us > to_us(at)).any()


@pytest.mark.parametrize(("timezone", "lengths"), [("Europe/Berlin", {23, 24, 25}), ("Asia/Kolkata", {24})])
def test_days_have_as_many_hours_as_their_calendar_says(timezone: str, lengths: set[int]) -> None:
    clock = account_clock(timezone, date(2026, 3, 23), 230)
    assert set(np.diff(clock.day_starts).tolist()) == lengths
    assert (np.diff(clock.starts_us) == HOUR_US).all()
    assert clock.hour_of_day[clock.day_starts[:-1]].tolist() == [0] * 230


def test_a_week_of_a_clock_change_has_167_or_169_hours() -> None:
    clock = account_clock("Europe/Berlin", date(2026, 3, 23), 7)
    assert len(clock) == 167
    assert 6 * 24 + 2 not in clock.hour_of_week
    autumn = account_clock("Europe/Berlin", date(2026, 10, 19), 7)
    assert len(autumn) == 169
    assert np.sum(autumn.hour_of_week == 6 * 24 + 2) == 2


def test_a_day_of_23_hours_spends_a_whole_budget() -> None:
    play = play_of(worlds.dst_week())
    daily = np.add.reduceat(by_hour(play)["spend_micros"], play.stage.clock.day_starts[:-1])
    assert daily == pytest.approx(1_484_540_000 * 0.97, rel=1e-3)


def test_a_spend_spike_spends_more_than_the_budget() -> None:
    play = planted(IncidentKind.SPEND_SPIKE, 3.0, hours=18)
    daily = play.stage.clock.sum_by_day(by_hour(play)["spend_micros"].astype(float)) / 1_484_540_000
    assert daily[20] > 2
    assert daily[19] == pytest.approx(0.97, abs=0.01)


def test_a_depleted_budget_is_gone_by_noon() -> None:
    incident = Incident(IncidentKind.BUDGET_DEPLETED, day=20, hour=0, hours=24, magnitude=3.0)
    play = play_of(worlds.world(worlds.plain_campaign(incidents=(incident,))))
    first = play.stage.clock.day_starts[20]
    spend = by_hour(play)["spend_micros"][first : first + 24]
    assert not spend[12:].any()
    assert spend.sum() == pytest.approx(1_484_540_000, rel=1e-3)


def test_a_tracking_outage_shows_clicks_without_conversions() -> None:
    play = planted(IncidentKind.TRACKING_OUTAGE, hours=48)
    (label,) = labels(World(WorldSpec(1, worlds.START, 56, (play.stage.account,))))
    starts = play.stage.clock.starts_us
    out = (starts >= to_us(label.start)) & (starts < to_us(label.end))
    hours = by_hour(play)
    assert out.sum() == 48
    assert hours["clicks"][out].sum() > 2_000
    assert hours["conversions"][out].sum() == 0
    assert np.sum(np.isin(play.sales.hour, np.flatnonzero(out))) > 30, "the sales were made all the same"


def test_a_slow_decay_ends_at_its_magnitude() -> None:
    """CTR of the last day against the day before the decay; within 5 sigmas of .46."""
    play = planted(IncidentKind.CTR_DECAY, 0.4, hours=240)
    hours, first = by_hour(play), play.stage.clock.first_hour_at(20, 6)
    rates = [
        hours["clicks"][part].sum() / hours["impressions"][part].sum()
        for part in (slice(first - 24, first), slice(first + 216, first + 240))
    ]
    assert rates[1] / rates[0] == pytest.approx(0.43, abs=0.12)


def test_a_holiday_sells_more_and_is_no_anomaly() -> None:
    play = planted(IncidentKind.HOLIDAY, 3.0, hours=48)
    hours, first = by_hour(play), play.stage.clock.first_hour_at(20, 6)
    assert hours["conversions"][first : first + 48].sum() > 2 * hours["conversions"][first - 48 : first].sum()
    (label,) = labels(World(WorldSpec(1, worlds.START, 56, (play.stage.account,))))
    assert (label.kind, label.anomaly) == ("holiday", False)


def test_what_is_planted_after_the_end_is_nowhere() -> None:
    incident = Incident(IncidentKind.HOLIDAY, day=99, hour=0, hours=24, magnitude=2.0)
    assert labels(World(worlds.world(worlds.plain_campaign(incidents=(incident,))))) == ()


def test_quiet_weekends_are_labelled_as_no_anomaly() -> None:
    spec = worlds.world(worlds.plain_campaign(weekend_delivery=0.5), days=14)
    first, second = labels(World(spec))
    assert (first.kind, first.anomaly) == ("weekend", False)
    assert second.start - first.start == timedelta(days=7)
    assert first.end - first.start == timedelta(days=2)
    daily = np.add.reduceat(by_hour(play_of(spec))["spend_micros"], play_of(spec).stage.clock.day_starts[:-1])
    assert daily[5] == pytest.approx(daily[4] / 2, rel=1e-3)


def test_a_tired_creative_loses_clicks_and_a_fresh_one_does_not() -> None:
    ads = (AdSpec("a", "tired", fatigue_impressions=500_000), AdSpec("b", "fresh"))
    play = play_of(worlds.world(worlds.plain_campaign(ads=ads)))
    left = fatigue(play)
    assert left[0].tolist() == [1.0, 1.0]
    assert left[-1, 0] < 0.6
    assert left[-1, 1] == 1.0
    counts = play.final_counts()
    ctr = counts.clicks[-168:].sum(axis=0) / counts.impressions[-168:].sum(axis=0)
    assert ctr[0] < 0.75 * ctr[1]


@pytest.mark.parametrize(("currency", "unit"), [("JPY", 1_000_000), ("EUR", 10_000), ("KWD", 1_000)])
def test_amounts_are_whole_minor_units(currency: str, unit: int) -> None:
    spec = worlds.flat()
    counts = play_of(replace(spec, accounts=(replace(spec.accounts[0], currency=currency),))).final_counts()
    assert not (counts.spend_micros % unit).any()
    assert not (counts.conversion_value_micros % unit).any()


def test_reach_is_between_one_and_impressions(tmp_path: Path) -> None:
    market = create_market(tmp_path, worlds.flat())
    now = datetime(2026, 1, 12, 15, 30, tzinfo=UTC)
    account = market.world.spec.accounts[0].account
    facts = SandboxReader(market).fetch_observation(account, worlds.START, now.date(), now).facts.to_pandas()
    daily = facts[facts.grain == "day"]
    assert (daily.reach <= daily.impressions).all()
    assert (daily.reach > 0).all()
    assert facts[facts.grain == "hour"].reach.isna().all()


def test_an_account_may_hide_hourly_conversions_and_reach(tmp_path: Path) -> None:
    spec = worlds.flat()
    account = replace(spec.accounts[0], hourly_conversions=False, reports_reach=False)
    market = create_market(tmp_path, replace(spec, accounts=(account,)))
    now = datetime(2026, 1, 12, 15, 30, tzinfo=UTC)
    seen = SandboxReader(market).fetch_observation(account.account, worlds.START, now.date(), now)
    facts = seen.facts.to_pandas()
    hourly = facts[facts.grain == "hour"]
    assert hourly.conversions_micros.isna().all()
    assert hourly.conversion_value_micros.isna().all()
    assert facts[facts.grain == "day"].conversions_micros.sum() > 0
    assert facts.reach.isna().all()
    assert {c.quantities for c in seen.coverage if c.grain == "hour"} == {("impressions", "clicks", "spend_micros")}


@pytest.mark.parametrize(
    "broken",
    [
        lambda spec: replace(spec, accounts=spec.accounts * 2),
        lambda spec: worlds.world(worlds.plain_campaign(), worlds.plain_campaign()),
        lambda spec: worlds.world(worlds.plain_campaign(ads=())),
        lambda spec: replace(spec, accounts=(replace(spec.accounts[0], eras=(Era(3),)),)),
    ],
)
def test_a_market_that_makes_no_sense_is_refused(broken: Callable[[WorldSpec], WorldSpec]) -> None:
    with pytest.raises(InvalidInput):
        broken(worlds.flat())


def test_strangers_are_not_found() -> None:
    world = World(worlds.flat())
    with pytest.raises(NotFound):
        world.account(AccountRef("meta", "nobody"))
    with pytest.raises(NotFound):
        world.play(CampaignRef("tiktok", "t1", "nobody"))


def test_moments_keep_their_microseconds() -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
    assert from_us(to_us(moment)) == moment


def test_accounts_know_where_they_come_from() -> None:
    spec: AccountSpec = worlds.flat().accounts[0]
    assert spec.account.source == "sandbox"
    assert not spec.account.armed
