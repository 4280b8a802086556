"""What to do about a week: recommendations, schedules, what money brings, comparisons and proof."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from adtempo.dayparts.comparison import compare_platforms
from adtempo.dayparts.decide import Priority, Step, recommend_actions, recommend_plan
from adtempo.dayparts.findings import CampaignDayparts, Label, Pattern, SlotFigures
from adtempo.dayparts.panel import HourlyPanel
from adtempo.dayparts.response import HourResponse, learn_response, read_response
from adtempo.dayparts.switchback import judge_pairs, plan_switchback, weekly_deviation
from adtempo.dayparts.wording import days_text, hours_text, way_text
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import CPA, CPC, CPM, CTR, ROAS, Metric
from adtempo.domain.money import Money
from adtempo.domain.schedules import Strategy, Way, WeekPlan
from adtempo.stats.elasticity import STEEPNESS, fit_steepness

REF = CampaignRef("meta", "1", "c")
PEAK = Pattern(Label.PEAK, (18, 19), (0, 1, 2, 3, 4, 5, 6), 1.5, 1.3, 1.7, 0.6, 1.0, 0.88, 0.01)
VALLEY = Pattern(Label.VALLEY, (3,), (0, 1, 2, 3, 4, 5, 6), 0.8, 0.7, 0.9, 0.5, 1.0, 0.85, 0.02)
TOTAL = Money(240_000_000, "EUR")


def slot(label: Label = Label.NORMAL, lift: float | None = 1.0, estimate: float | None = 2.0) -> SlotFigures:
    low, high = (None, None) if lift is None else (lift * 0.9, lift * 1.1)
    return SlotFigures(30, 60, 30, 2.0, 0.5, 2.0, 1.9, 2.1, estimate, estimate, estimate, lift, low, high, 0.5, label)


def week(
    *patterns: Pattern, weekly: bool = False, abstained: bool = False, metric: Metric = ROAS, mean: float | None = 2.0
) -> CampaignDayparts:
    def labelled(hour: int, days: set[int]) -> SlotFigures:
        for one in patterns:
            if hour in one.hours and days & set(one.days):
                return slot(one.kind, one.lift, 2.0 * one.lift)
        return slot()

    whole = set(range(7))
    everywhere = [one for one in patterns if set(one.days) == whole]
    hours = tuple(labelled(hour, whole) if everywhere else slot() for hour in range(24))
    cells = tuple(labelled(cell % 24, {cell // 24}) for cell in range(168))
    days, parts, times = (tuple(slot() for _ in range(count)) for count in (7, 2, 4))
    return CampaignDayparts(
        REF, metric, 720, mean, abstained, "no pattern" if abstained else "", 0.0, weekly, cells, hours, days, parts,
        times, patterns,
    )  # fmt: skip


def panel(metric: Metric, top: int, bottom: int, days: int = 28) -> HourlyPanel:
    calendar = np.datetime64("2026-01-05") + np.arange(days)
    shape = (1, days, 24)
    return HourlyPanel(metric, (REF,), calendar, np.full(shape, top), np.full(shape, bottom))


def response(found: CampaignDayparts, metric: Metric = ROAS) -> HourResponse:
    delivery = panel(CPM, 10_000_000, 1000)
    learnt = learn_response(found, panel(metric, 20_000_000, 10_000_000), delivery)
    assert learnt is not None
    return learnt


# Recommendations


def test_peaks_get_more_and_valleys_less_what_matters_most_first() -> None:
    low = replace(PEAK, hours=(9,), lift_low=1.02)
    made = recommend_actions(week(low, VALLEY, PEAK), None)
    assert [(one.priority, one.action) for one in made] == [
        (Priority.HIGH, Step.SPEND_MORE),
        (Priority.MEDIUM, Step.SPEND_LESS),
        (Priority.LOW, Step.SPEND_MORE),
    ]
    assert made[0].reason.startswith("18:00-20:00 every day: ROAS is 1.50 times (1.30 to 1.70)")


def test_without_a_pattern_nothing_is_to_be_done() -> None:
    (only,) = recommend_actions(week(abstained=True), None)
    assert (only.action, only.reason, only.expected_lift) == (Step.KEEP_FLAT, "no pattern", None)


def test_a_step_says_what_it_is_expected_to_bring_beyond_today() -> None:
    found = week(PEAK, VALLEY)
    learnt = response(found)
    made = recommend_actions(found, learnt)
    assert [one.action for one in made] == [Step.SPEND_MORE, Step.SPEND_LESS]
    for one in made:
        assert one.expected_gain is not None
        assert one.gain_low is not None
        assert one.gain_low < one.expected_gain
        assert f"expected to bring {one.expected_gain:+.1%}" in one.reason
    doubled = np.where(np.isin(np.arange(168) % 24, PEAK.hours), 1.5, 1.0)
    assert made[0].expected_gain == learnt.gain_of_modifiers(doubled).expected


def test_better_hours_that_already_get_enough_are_left_alone() -> None:
    steep = replace(response(week(PEAK)), weights=np.eye(len(STEEPNESS))[-1])
    slight = week(replace(PEAK, lift=1.1))
    spent_there = replace(steep, numerator=steep.usual * 2.0, denominator=steep.usual)
    (only,) = recommend_actions(slight, spent_there)
    assert (only.action, only.expected_gain) == (Step.KEEP_HOURS, None)
    assert only.reason.startswith("18:00-20:00 every day differ")


def test_hours_and_days_are_written_as_people_do() -> None:
    assert hours_text((23, 0, 1)) == "23:00-02:00"
    assert days_text((0, 1, 2, 3, 4)) == "Monday to Friday"
    assert days_text((0,)) == "on Mon"


# Schedules


@pytest.mark.parametrize(
    ("strategy", "peak"), [(Strategy.CONSERVATIVE, 1.2), (Strategy.BALANCED, 1.5), (Strategy.AGGRESSIVE, 2.88)]
)
def test_each_strategy_has_its_multiplier(strategy: Strategy, peak: float) -> None:
    plan = recommend_plan(week(PEAK, VALLEY), TOTAL, strategy, platform="meta")
    assert plan.week is None
    assert (plan.day[18], plan.day[3], plan.day[12]) == (peak, 0.5, 1.0)


def test_multipliers_can_be_overridden_and_valleys_switched_off() -> None:
    plan = recommend_plan(
        week(PEAK, VALLEY), TOTAL, Strategy.BALANCED, platform="meta", peak_multiplier=3.0, valley_multiplier=0.0
    )
    assert (plan.day[18], plan.day[3]) == (3.0, 0.0)
    assert plan.day_budgets()[3].micros == 0


def test_a_campaign_without_a_pattern_gets_the_flat_schedule() -> None:
    assert recommend_plan(week(abstained=True), TOTAL, Strategy.AGGRESSIVE, platform="meta").flat


@pytest.mark.parametrize("bad", [0.0, -1.0, 11.0, float("nan")])
def test_an_impossible_peak_is_refused_even_where_there_is_none(bad: float) -> None:
    with pytest.raises(InvalidInput, match="multiplier of peaks"):
        recommend_plan(week(abstained=True), TOTAL, Strategy.BALANCED, platform="meta", peak_multiplier=bad)


@pytest.mark.parametrize("bad", [-0.5, 10.5])
def test_an_impossible_valley_is_refused(bad: float) -> None:
    with pytest.raises(InvalidInput, match="multiplier of valleys"):
        recommend_plan(week(PEAK), TOTAL, Strategy.BALANCED, platform="meta", valley_multiplier=bad)


def test_weekdays_that_differ_get_a_plan_of_the_week() -> None:
    weekend = replace(PEAK, days=(5, 6))
    plan = recommend_plan(week(weekend, weekly=True), TOTAL, Strategy.BALANCED, platform="meta")
    assert plan.week is not None
    assert (plan.week[18], plan.week[5 * 24 + 18]) == (1.0, 1.5)
    assert set(plan.day) == {1.0}
    same = recommend_plan(week(PEAK, weekly=True), TOTAL, Strategy.BALANCED, platform="meta")
    assert same.week is None


# What money brings


def evening(multiplier: float, total: Money = TOTAL) -> WeekPlan:
    """A day of which 18:00-20:00 get so many times what the other hours get."""
    return WeekPlan(total, tuple(multiplier if hour in (18, 19) else 1.0 for hour in range(24)), None, "meta")


def test_more_of_a_better_hour_is_better_and_less_and_less_so() -> None:
    learnt = response(week(PEAK))
    gains = [learnt.predict(evening(1 + extra)).uplift for extra in (0.0, 0.2, 0.4, 0.6)]
    assert gains[0] == 0.0
    assert gains == sorted(gains)
    steps = np.diff(gains)
    assert (np.diff(steps) < 0).all()


def test_at_the_usual_spend_the_expected_result_is_the_usual_one() -> None:
    outlook = response(week()).predict(evening(1.0))
    assert outlook.expected == pytest.approx(2.0)
    assert outlook.low < 2.0 < outlook.high
    assert outlook.over_usual == pytest.approx(0.0, abs=1e-12)
    assert (outlook.modified, outlook.way) == (0.0, Way.KEEP)
    assert "Keep your hours" in way_text(outlook)
    assert replace(outlook, over_usual=0.0004).way is Way.KEEP  # which reads +0.0%
    assert replace(outlook, over_usual=0.0006).way is Way.BUDGETS


def test_modifiers_are_advised_where_a_platform_already_spends_with_its_traffic() -> None:
    quiet_nights = panel(CPM, 10_000_000, 1000)
    quiet_nights.numerators[:, :, :6] //= 8
    quiet_nights.denominators[:, :, :6] //= 8
    learnt = learn_response(week(PEAK), panel(ROAS, 20_000_000, 10_000_000), quiet_nights)
    assert learnt is not None
    outlook = learnt.predict(evening(1.5))
    assert outlook.over_usual < 0 < outlook.modified
    assert outlook.modified_low < outlook.modified < outlook.modified_high
    assert outlook.way is Way.MODIFIERS
    assert "start from even hours" in way_text(outlook)


def test_budgets_by_the_hour_are_advised_where_they_bring_more() -> None:
    outlook = replace(response(week(PEAK)).predict(evening(1.5)), over_usual=0.2)
    assert outlook.way is Way.BUDGETS
    assert way_text(outlook) == "Run it as budgets by the hour: +20.0% on today's rhythm."


@pytest.mark.parametrize("metric", [CPA, CPC, CTR])
def test_other_metrics_improve_in_their_own_direction(metric: Metric) -> None:
    found = week(PEAK, metric=metric)
    if metric is not CTR:  # a better hour is a cheaper one
        found = replace(found, cells=tuple(one._replace(estimate=2.0 / (one.lift or 1)) for one in found.cells))
    outlook = response(found, metric).predict(evening(1.5))
    assert outlook.metric == metric.name
    assert outlook.uplift > 0
    assert outlook.modified > 0


def test_nothing_is_expected_of_a_campaign_that_brought_nothing() -> None:
    nothing = panel(CPM, 0, 0)
    assert learn_response(week(mean=None), panel(ROAS, 0, 0), nothing) is None
    assert learn_response(week(), panel(ROAS, 1, 1), nothing) is None


def test_hours_that_never_ran_are_taken_to_be_like_the_others() -> None:
    night = panel(CPM, 10_000_000, 1000)
    night.numerators[:, :, :6] = 0
    night.denominators[:, :, :6] = 0
    learnt = learn_response(week(), panel(ROAS, 20, 10), night)
    assert learnt is not None
    assert (learnt.usual > 0).all()


def test_a_response_survives_being_stored() -> None:
    learnt = response(week(PEAK, VALLEY))
    again = read_response(learnt.to_json())
    assert again.predict(evening(1.7)) == learnt.predict(evening(1.7))


@pytest.mark.parametrize("steepness", [0.1, 0.5, 3.0])
def test_steepness_is_learnt_from_how_delivery_followed_spend(steepness: float) -> None:
    """A seeded draw; the weight within a factor of four of the truth exceeds one half by far more than its error."""
    rng = np.random.default_rng(7)
    spend = rng.lognormal(0.0, 0.5, (60, 24))
    delivered = 1000 * np.log1p(steepness * spend) / np.log1p(steepness) * rng.lognormal(0.0, 0.05, (60, 24))
    weights = fit_steepness(spend, delivered)
    near = (steepness / 4 < STEEPNESS) & (steepness * 4 > STEEPNESS)
    assert weights[near].sum() > 0.7
    assert weights.sum() == pytest.approx(1.0)


def test_too_little_variation_leaves_the_prior() -> None:
    prior = fit_steepness(np.zeros((2, 24)), np.zeros((2, 24)))
    constant = fit_steepness(np.full((30, 24), 5.0), np.full((30, 24), 100.0))
    impossible = fit_steepness(np.exp(np.random.default_rng(1).normal(0, 1, (9, 24)) * 200), np.ones((9, 24)))
    assert np.array_equal(prior, constant)
    assert np.isfinite(impossible).all()


def test_one_day_says_little_about_the_level() -> None:
    learnt = learn_response(week(), panel(ROAS, 20, 10, days=1), panel(CPM, 10, 10, days=1))
    assert learnt is not None
    assert learnt.level_deviation == 1.0


def test_hours_of_which_nothing_is_known_are_as_unsure_as_can_be() -> None:
    blank = replace(week(), hours=tuple(slot(lift=None, estimate=None) for _ in range(24)))
    learnt = learn_response(blank, panel(ROAS, 20, 10), panel(CPM, 10, 10))
    assert learnt is not None
    assert (learnt.deviation == 1.0).all()


# Platforms side by side


def noisy(metric: Metric, level: float, seed: int, hour: int | None = None) -> HourlyPanel:
    rng = np.random.default_rng(seed)
    top = rng.poisson(level * 1000, (1, 28, 24))
    if hour is not None:
        top[:, :, hour] *= 3
    calendar = np.datetime64("2026-01-05") + np.arange(28)
    return HourlyPanel(metric, (REF,), calendar, top, np.full((1, 28, 24), 1000))


def test_the_clearly_better_platform_of_an_hour_is_named_and_no_other() -> None:
    """28 days of thousands of counts; a false name has a chance below 5% a run, and the seed is fixed."""
    compared = compare_platforms(ROAS, [("meta", noisy(ROAS, 1.0, 1, hour=20)), ("google", noisy(ROAS, 1.0, 2))])
    assert compared.best[20] == "meta"
    assert sum(one is not None for one in compared.best) <= 2
    assert [one.platform for one in compared.platforms] == ["google", "meta"]
    meta = compared.platforms[1]
    assert meta.low[20] < 3.0 * 1.0 < meta.high[20] * 1.05
    assert meta.overall == pytest.approx(1 + 2 / 24, rel=0.05)


def test_of_costs_the_lower_is_better() -> None:
    compared = compare_platforms(CPC, [("meta", noisy(CPC, 1.0, 1, hour=20)), ("google", noisy(CPC, 1.0, 2))])
    assert compared.best[20] == "google"


def test_hours_without_facts_have_no_best() -> None:
    blank = noisy(ROAS, 1.0, 1)
    blank.denominators[:, :, :12] = 0
    blank.numerators[:, :, :12] = 0
    compared = compare_platforms(ROAS, [("meta", blank), ("google", noisy(ROAS, 2.0, 2))])
    assert compared.best[:12] == (None,) * 12
    assert np.isnan(compared.platforms[1].values[:12]).all()
    assert set(compared.best[12:]) == {"google"}


def test_a_comparison_needs_two_platforms() -> None:
    with pytest.raises(InvalidInput, match="only meta has"):
        compare_platforms(ROAS, [("meta", noisy(ROAS, 1.0, 1))])
    with pytest.raises(InvalidInput, match="no platform has"):
        compare_platforms(ROAS, [])


# Proof


def test_a_larger_effect_takes_fewer_weeks() -> None:
    plans = [plan_switchback(0.08, effect, seed=3) for effect in (0.1, 0.2, 0.4)]
    assert [one.pairs for one in plans] == sorted((one.pairs for one in plans), reverse=True)
    for one in plans:
        assert one.power >= 0.8
        weeks = np.array(one.with_schedule).reshape(-1, 2)
        assert (weeks.sum(axis=1) == 1).all()
    assert plan_switchback(0.08, 0.1, seed=3) == plans[0]


def test_what_a_year_cannot_show_is_said_beforehand() -> None:
    plan = plan_switchback(0.5, 0.02, seed=1)
    assert (plan.pairs, plan.with_schedule) == (0, ())
    assert plan.power < 0.8
    assert 0.3 < plan.detectable < 0.6


def test_the_planned_power_is_what_comes_out() -> None:
    """2000 seeded tests: the share that shows the effect lies within 0.06 of the plan but with a chance below 1e-6."""
    plan = plan_switchback(0.1, 0.15, seed=1)
    rng = np.random.default_rng(2)
    shown = 0
    for _ in range(2000):
        base = rng.lognormal(0.0, 0.1, (2, plan.pairs))
        result = judge_pairs(base[0] * 1.15, base[1])
        assert result is not None
        shown += result.shown
    assert abs(shown / 2000 - plan.power) < 0.06


def test_pairs_are_judged_by_what_is_complete() -> None:
    result = judge_pairs([1.2, 1.1, np.nan, 1.3], [1.0, 1.0, 1.0, 0.0])
    assert result is not None
    assert result.pairs == 2
    assert 0.1 < result.effect < 0.2
    assert judge_pairs([1.0], [1.0]) is None
    same = judge_pairs([1.0, 1.0], [1.0, 1.0])
    assert same is not None
    assert (same.shown, same.p_value) == (False, 1.0)


def test_weeks_differ_by_what_neighbours_do() -> None:
    assert weekly_deviation([1.0, 1.0, np.nan, 0.0]) is None
    assert weekly_deviation([1.0] * 8) == 0.0
    drifting = weekly_deviation(np.exp(0.01 * np.arange(20)))
    assert drifting is not None
    assert drifting < 0.01
    with pytest.raises(InvalidInput, match="never differ"):
        plan_switchback(0.0, 0.1, seed=1)
