from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from adtempo.stats.maturity import (
    Basis,
    Snapshot,
    Vintages,
    expect_totals,
    fit_curve,
    prior_curve,
    stack_vintages,
    sum_expectations,
)
from adtempo.stats.maturity.regimes import find_change

Floats = NDArray[np.float64]
AGES = np.arange(1.0, 9.0)
SHARE = np.array([0.4, 0.6, 0.7, 0.8, 0.88, 0.94, 0.98, 1.0])
ONE = np.zeros(1, dtype=np.int64)


def triangle(finals: ArrayLike, share: Floats = SHARE, *, now: float = np.inf, unit: float = 1.0) -> Vintages:
    """Vintages without noise, one cohort a day, seen up to `now`."""
    totals = np.asarray(finals, dtype=np.float64)
    started = np.arange(float(len(totals)))
    seen = totals[:, None] * np.broadcast_to(share, (len(totals), len(AGES)))
    return Vintages(started, AGES, np.where(started[:, None] + AGES > now, np.nan, seen), unit)


def latest(vintages: Vintages) -> Snapshot:
    """The snapshot of one series that shows each cohort's latest vintage."""
    age = np.isfinite(vintages.seen).sum(axis=1) - 1
    shown = vintages.seen[np.arange(len(age)), age]
    return Snapshot(vintages.started, shown[None], age[None], ONE)


def test_a_steady_delay_is_learnt_exactly() -> None:
    curve = fit_curve(triangle(np.full(60, 100.0), now=60), None, 60)
    assert np.allclose(curve.mean_share(), SHARE, atol=1e-9)
    assert curve.changed == -np.inf


def test_it_is_the_chain_ladder_when_no_wider_group_is_known() -> None:
    rng = np.random.default_rng(5)
    seen = rng.poisson(50 * np.diff(SHARE, prepend=0), (40, 8)).cumsum(axis=1).astype(np.float64)
    seen[np.arange(40)[:, None] + AGES > 40] = np.nan
    vintages = Vintages(np.full(40, 0.0) + np.arange(40), AGES, seen)
    both = np.isfinite(seen[:, 1:])
    weight = np.where(both, 0.5 ** ((40 - (vintages.started[:, None] + AGES[1:])) / 45), 0)
    ratio = np.nansum(weight * seen[:, :-1], axis=0) / np.nansum(weight * seen[:, 1:], axis=0)
    ladder = np.append(np.cumprod(ratio[::-1])[::-1], 1)
    curve = fit_curve(vintages, None, 40)
    assert np.allclose(curve.mean_share(), ladder, rtol=0.03)


def test_an_expected_total_is_what_was_seen_over_the_share_when_days_are_alike() -> None:
    vintages = triangle(np.full(60, 100.0), now=60)
    answer = expect_totals(latest(vintages), [fit_curve(vintages, None, 60)])
    assert np.allclose(answer.value, 100, rtol=1e-6)
    assert np.allclose(answer.maturity[0, -8:], SHARE[::-1], atol=1e-6)


def test_a_final_cohort_is_itself_without_any_width() -> None:
    vintages = triangle(np.full(60, 100.0), now=60)
    answer = expect_totals(latest(vintages), [fit_curve(vintages, None, 60)])
    for level in (0.8, 0.95):
        low, high = answer.interval(level)
        assert (low[0, :52] == 100).all()
        assert (high[0, :52] == 100).all()
        assert (low[0, 53:] < high[0, 53:]).all()
    assert (answer.median()[0, :52] == 100).all()


def test_gaps_between_looks_are_filled_by_the_curve() -> None:
    whole = triangle(np.full(60, 100.0), now=60)
    seen = whole.seen.copy()
    seen[::2, 2:5] = np.nan
    curve = fit_curve(Vintages(whole.started, AGES, seen), None, 60)
    assert np.allclose(curve.mean_share(), SHARE, atol=0.01)


def test_a_first_sighting_is_not_an_arrival() -> None:
    whole = triangle(np.full(60, 100.0), now=60)
    seen = whole.seen.copy()
    seen[:20, :4] = np.nan  # a first import that found these cohorts five days old
    assert np.allclose(fit_curve(Vintages(whole.started, AGES, seen), None, 60).mean_share(), SHARE, atol=1e-9)


def test_without_vintages_the_wider_curve_is_taken_and_named() -> None:
    nothing = Vintages(np.empty(0), AGES, np.empty((0, 8)))
    prior = prior_curve(AGES, SHARE)
    platform = fit_curve(triangle(np.full(60, 100.0), now=60), prior, 60)
    assert set(platform.basis[0]) == {Basis.OWN}
    fresh = fit_curve(nothing, platform, 60)
    assert np.allclose(fresh.mean_share(), platform.mean_share())
    assert set(fresh.basis[0, :-1]) == {Basis.PLATFORM}
    assert set(fit_curve(nothing, prior, 60).basis[0, :-1]) == {Basis.PRIOR}
    assert (fresh.log_variance[0, :-1] > platform.log_variance[0, :-1]).all()


def test_without_any_support_nothing_is_corrected_and_the_interval_is_wide() -> None:
    nothing = fit_curve(Vintages(np.empty(0), AGES, np.empty((0, 8))), None, 60)
    assert set(nothing.basis[0, :-1]) == {Basis.NONE}
    answer = expect_totals(Snapshot(np.array([59.0]), np.array([[40.0]]), np.array([[0]]), ONE), [nothing])
    assert answer.value[0, 0] == 40
    low, high = answer.interval(0.8)
    assert low[0, 0] < 30
    assert high[0, 0] > 55
    assert answer.basis[0, 0] == Basis.NONE


def test_a_step_that_nobody_observed_leaves_no_support() -> None:
    young = fit_curve(triangle(np.full(5, 1000.0), now=5), None, 5)
    assert set(young.basis[0, :-1]) == {Basis.NONE}


def test_some_evidence_is_shrunk_and_lies_between() -> None:
    slower = np.sqrt(SHARE) * SHARE
    prior = prior_curve(AGES, SHARE)
    shares = [fit_curve(triangle(np.full(60, size), slower, now=60), prior, 60) for size in (0.5, 3, 300)]
    young = [curve.mean_share()[0] for curve in shares]
    assert slower[0] < young[2] < young[1] < young[0] < SHARE[0]
    assert shares[1].basis[0, 0] == Basis.SHRUNK
    assert shares[2].basis[0, 0] == Basis.OWN


def test_weekdays_with_their_own_delay_are_told_apart() -> None:
    weekday = np.arange(84) % 7
    share = np.where((weekday >= 5)[:, None], SHARE**2, SHARE)
    curve = fit_curve(triangle(np.full(84, 400.0), share, now=84), None, 84)
    assert np.allclose(curve.share[0, 0], SHARE, atol=0.03)
    assert np.allclose(curve.share[0, 6], SHARE**2, atol=0.03)
    assert curve.changed == -np.inf


def test_weekdays_that_differ_by_chance_only_share_one_curve() -> None:
    rng = np.random.default_rng(3)
    seen = rng.poisson(30 * np.diff(SHARE, prepend=0), (84, 8)).cumsum(axis=1).astype(np.float64)
    seen[np.arange(84)[:, None] + AGES > 84] = np.nan
    curve = fit_curve(Vintages(np.arange(84.0), AGES, seen), None, 84)
    assert np.abs(curve.share[0] - curve.mean_share()).max() < 0.03


def test_a_change_of_delays_is_found_and_both_eras_keep_their_curve() -> None:
    slow = SHARE**3
    share = np.where((np.arange(60) >= 45)[:, None], slow, SHARE)
    vintages = triangle(np.full(60, 200.0), share, now=60)
    curve = fit_curve(vintages, None, 60)
    assert 44 <= curve.changed <= 46
    assert np.allclose(curve.share[0].mean(axis=0), SHARE, atol=0.01)
    assert np.allclose(curve.mean_share(), slow, atol=0.05)
    answer = expect_totals(latest(vintages), [curve])
    assert np.allclose(answer.value[0, 45:], 200, rtol=0.15)


def test_steady_counts_show_no_change() -> None:
    """By the union bound correct code would fail on one seed in 500 at most; on this one it does not."""
    rng = np.random.default_rng(8)
    for _ in range(200):
        expected = np.tile(20 * np.diff(SHARE), (40, 1))
        assert find_change(np.arange(40.0), expected, rng.poisson(expected).astype(np.float64), 1.0) is None


def test_too_few_days_cannot_show_a_change() -> None:
    assert find_change(np.arange(5.0), np.ones((5, 3)), np.zeros((5, 3)), 1.0) is None


def test_nothing_seen_yet_is_expected_to_do_as_usual() -> None:
    vintages = triangle(np.full(60, 100.0), now=60)
    curve = fit_curve(vintages, None, 60)
    snapshot = latest(vintages)
    snapshot.seen[0, -1] = 0.0
    answer = expect_totals(snapshot, [curve])
    assert 20 < answer.value[0, -1] < 70  # the level says 60 more, the zero says fewer
    assert answer.interval(0.8)[1][0, -1] > answer.value[0, -1]


def test_a_day_that_stands_alone_is_scaled_up_and_says_how_little_that_rests_on() -> None:
    curve = fit_curve(triangle(np.full(60, 100.0), now=60), None, 60)
    alone = Snapshot(np.array([59.0]), np.array([[40.0]]), np.array([[0]]), ONE)
    answer = expect_totals(alone, [curve])
    assert answer.value[0, 0] == pytest.approx(40 / answer.maturity[0, 0])
    low, high = answer.interval(0.8)
    assert 40 <= low[0, 0] < answer.value[0, 0] < high[0, 0] < 3 * answer.value[0, 0]


def test_more_clicks_lead_one_to_expect_more() -> None:
    vintages = triangle(np.full(60, 10.0), now=60)
    curve = fit_curve(vintages, None, 60)
    snapshot = latest(vintages)
    clicks = np.full((1, 60), 100.0)
    more = clicks.copy()
    more[0, -1] = 400
    values = [
        expect_totals(Snapshot(snapshot.started, snapshot.seen, snapshot.age, ONE, exposure), [curve]).value[0, -1]
        for exposure in (clicks, more)
    ]
    assert values[1] > values[0] + 5


def test_refunds_lower_a_total_and_its_interval_reaches_down() -> None:
    share = np.array([0.5, 0.8, 1.0, 1.1, 1.15, 1.1, 1.05, 1.0])
    vintages = triangle(np.full(60, 200.0), share, now=60)
    curve = fit_curve(vintages, None, 60)
    answer = expect_totals(latest(vintages), [curve])
    at = -5  # shown: 230
    assert answer.seen[0, at] == pytest.approx(230)
    assert answer.value[0, at] == pytest.approx(200, rel=0.01)
    low, high = answer.interval(0.8)
    assert low[0, at] < 200 < high[0, at] < 230
    assert answer.maturity[0, at] == 1


def test_totals_below_zero_stay_what_they_are() -> None:
    curve = prior_curve(AGES, SHARE)
    snapshot = Snapshot(np.arange(3.0), np.array([[-4.0, 0.0, 2.0]]), np.array([[7, 7, 7]]), ONE)
    answer = expect_totals(snapshot, [curve])
    assert answer.value.tolist() == [[-4.0, 0.0, 2.0]]
    assert [bound.tolist() for bound in answer.interval(0.95)] == [answer.value.tolist()] * 2


def test_a_campaign_of_three_is_less_certain_than_the_account() -> None:
    vintages = triangle(np.full(60, 300.0), now=60)
    curve = fit_curve(vintages, None, 60)
    account = latest(vintages)
    campaigns = Snapshot(
        account.started, np.repeat(account.seen / 100, 100, axis=0), account.age, np.zeros(100, dtype=np.int64)
    )
    cells = expect_totals(campaigns, [curve])
    total = sum_expectations(cells, np.broadcast_to(np.arange(60), cells.seen.shape), 60)
    width = [(high - low)[0, -1] / 3 for low, high in (cells.interval(0.8),)]
    low, high = total.interval(0.8)
    assert width[0] > 5 * (high - low)[-1] / 300
    assert total.value[-1] == pytest.approx(300, rel=0.02)
    assert total.maturity[-1] == pytest.approx(0.4, abs=0.02)


def test_sums_leave_out_what_belongs_to_none() -> None:
    vintages = triangle(np.full(60, 100.0), now=60)
    cells = expect_totals(latest(vintages), [fit_curve(vintages, None, 60)])
    into = np.full(cells.seen.shape, -1)
    into[0, :2] = 0
    total = sum_expectations(cells, into, 2)
    assert total.value.tolist() == [200, 0]
    assert total.maturity.tolist() == [1, 1]
    assert total.basis[0] == Basis.OWN


def test_a_day_that_began_without_a_click_is_not_mature() -> None:
    vintages = triangle(np.full(60, 100.0), now=60)
    shown = latest(vintages)
    exposure = np.full(shown.seen.shape, 50.0)
    shown.seen[0, -1] = exposure[0, -1] = 0
    cells = expect_totals(replace(shown, exposure=exposure), [fit_curve(vintages, None, 60)])
    newest = sum_expectations(cells, np.arange(60)[None], 60)
    assert newest.value[-1] == 0
    assert newest.maturity[-1] == pytest.approx(0.4, abs=0.01)


def test_values_are_as_uncertain_as_their_few_large_orders() -> None:
    finals = np.full(60, 3000.0)
    few, many = (triangle(finals, now=60, unit=unit) for unit in (1000.0, 10.0))
    wide, narrow = (
        expect_totals(
            Snapshot(v.started, latest(v).seen, latest(v).age, ONE, unit=np.array([v.unit]), whole=False),
            [fit_curve(v, None, 60)],
        ).interval(0.8)
        for v in (few, many)
    )
    assert (wide[1] - wide[0])[0, -1] > 4 * (narrow[1] - narrow[0])[0, -1]


def test_series_without_a_cohort_expect_nothing() -> None:
    curve = prior_curve(AGES, SHARE)
    answer = expect_totals(Snapshot(np.arange(3.0), np.full((1, 3), np.nan), np.zeros((1, 3), np.int64), ONE), [curve])
    assert answer.value.tolist() == [[0, 0, 0]]
    assert answer.interval(0.95)[1].tolist() == [[0, 0, 0]]


def test_groups_are_stacked_only_on_the_same_ages() -> None:
    one, other = triangle([1.0, 2.0]), Vintages(np.zeros(1), AGES[:3], np.ones((1, 3)))
    stacked = stack_vintages([one, one])
    assert stacked.seen.shape == (4, 8)
    assert stacked.unit == 1
    with pytest.raises(ValueError, match="same ages"):
        stack_vintages([one, other])
    with pytest.raises(ValueError, match="same ages"):
        fit_curve(other, prior_curve(AGES, SHARE), 9)


def test_impossible_vintages_and_priors_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        Vintages(np.zeros(2), AGES, np.zeros((3, 8)))
    with pytest.raises(ValueError, match="rise"):
        Vintages(np.zeros(1), AGES[::-1].copy(), np.zeros((1, 8)))
    with pytest.raises(ValueError, match="prior share"):
        prior_curve(AGES, SHARE * 0.9)


def test_cohorts_that_were_wholly_refunded_break_nothing() -> None:
    seen = np.zeros((30, 8))
    seen[:, 2:6] = 3.0
    curve = fit_curve(Vintages(np.arange(30.0), AGES, seen), None, 60)
    assert np.isfinite(curve.share).all()
    answer = expect_totals(Snapshot(np.arange(30.0), seen[:, 5][None], np.full((1, 30), 5), ONE), [curve])
    assert np.isfinite(answer.value).all()
    assert (answer.value <= 3).all()
