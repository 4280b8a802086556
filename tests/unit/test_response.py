"""Response curves are learnt, and totals split, as worlds with known curves say they should be."""

import numpy as np
import pytest

from adtempo.stats.response import (
    History,
    ResponsePosterior,
    allocate,
    fit_own_responses,
    fit_responses,
    shared,
    where_next,
)
from adtempo.stats.response.base import candidate_bases
from adtempo.stats.response.curves import Floats, carry_over, grid_cells, saturate

ANY = np.inf


def curves(top: list[float], half: list[float], shape: list[float], highest: float = 100.0) -> ResponsePosterior:
    """Return curves that are known for certain."""
    single = [np.array([row], dtype=np.float64) for row in (top, half, shape)]
    return ResponsePosterior(
        single[0], single[1], single[2], np.zeros((1, len(top))), np.zeros(1), np.full(len(top), highest)
    )


def history(rows: int, seed: int) -> History:
    """Return three channels that bring 500, 200 and nothing at most, beside a base of 1,000."""
    rng = np.random.default_rng(seed)
    spend = rng.lognormal(3.0, 0.8, (rows, 3)) * (rng.random((rows, 3)) > 0.3)
    brought = 500 * saturate(carry_over(spend[:, 0], 0.4) / 20, 1.0) + 200 * saturate(spend[:, 1] / 30, 2.0)
    season = 60 * np.sin(np.arange(rows) * 2 * np.pi / 52)
    return History(spend, 1000 + season + brought + rng.normal(0, 20, rows), (52.0,))


def test_steady_spend_is_felt_as_itself() -> None:
    assert carry_over(np.full(5, 7.0), 0.8).tolist() == pytest.approx([7.0] * 5)


def test_what_is_felt_sums_to_what_was_spent_once_it_has_worn_off() -> None:
    spend = np.r_[np.zeros(50), 10.0, np.zeros(50)]
    felt = carry_over(spend, 0.5)[50:]
    assert felt.sum() == pytest.approx(10.0)
    assert felt[1] / felt[0] == pytest.approx(0.5)


def test_a_grid_holds_every_combination_with_its_chance() -> None:
    cells = grid_cells({0.0: 1, 0.5: 3}, {1.0: 1}, {1.0: 1, 2.0: 1})
    assert cells.keep.tolist() == [0.0, 0.0, 0.5, 0.5]
    assert cells.chance.tolist() == [0.125, 0.125, 0.375, 0.375]
    assert cells.features(np.full(3, 8.0), 8.0) == pytest.approx(np.ones((3, 4)))


def test_a_whitened_base_is_independent_noise() -> None:
    for base in candidate_bases(30, 5.0, (7.0,)):
        covariance = np.linalg.inv(base.whiten.T @ base.whiten)
        assert np.linalg.slogdet(covariance)[1] == pytest.approx(base.log_determinant)
        assert np.diag(covariance).min() >= 25.0
    assert len(candidate_bases(30, 5.0, ())) < len(candidate_bases(30, 5.0, (7.0,)))


def test_what_channels_bring_is_found_beside_a_base_with_seasons() -> None:
    """Three true values each lie within four standard deviations; the seed is fixed, so that this cannot flicker."""
    posterior = fit_responses([history(104, 1)], seed=1)[0]
    at = np.array([20.0, 30.0, 20.0])
    found = posterior.respond(at)
    assert (np.abs(found.mean(axis=0) - [250.0, 100.0, 0.0]) < 4 * found.std(axis=0)).all()
    assert posterior.base.mean() == pytest.approx(1000, abs=100)
    assert posterior.keep[:, 0].mean() == pytest.approx(0.4, abs=0.2)
    assert found.std(axis=0).max() < 75


def test_the_same_seed_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_KEPT", 20)
    monkeypatch.setattr(shared, "_WARM_UP", 5)
    once, again, other = (fit_responses([history(30, 1)], seed=seed)[0].top for seed in (1, 1, 2))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_places_learn_from_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place of 12 rows is told more by places with longer histories than by itself."""
    monkeypatch.setattr(shared, "_KEPT", 60)
    monkeypatch.setattr(shared, "_WARM_UP", 30)
    short = history(12, 9)
    together = fit_responses([short, *(history(60, seed) for seed in range(2))], seed=3)
    assert len(together) == 3
    alone = fit_responses([short], seed=3)[0]
    assert abs(together[0].keep[:, 0].mean() - 0.4) < abs(alone.keep[:, 0].mean() - 0.4) + 0.05
    assert together[1].top.shape == (180, 3)


def test_a_channel_that_seems_to_harm_brings_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_KEPT", 30)
    monkeypatch.setattr(shared, "_WARM_UP", 30)
    rng = np.random.default_rng(1)
    spend = rng.lognormal(3.0, 0.8, (160, 1))
    outcome = 1000 - 8 * spend[:, 0].clip(0, 100) + rng.normal(0, 1, 160)
    posterior = fit_responses([History(spend, outcome)], seed=1)[0]
    assert posterior.respond(spend.mean(axis=0)).mean() < 50


def own_world(rows: int, items: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return spend, value, and true value at the mean spend, of items whose curves are alike."""
    rng = np.random.default_rng(seed)
    spend = rng.lognormal(4.0, 0.5, (rows, items)) * rng.lognormal(0.0, 0.7, items)
    half = spend.mean(axis=0) * rng.uniform(0.5, 2.0, items)
    top = half * rng.lognormal(1.0, 0.3, items)
    value = top * saturate(spend / half, 1.0) * np.exp(rng.normal(-0.02, 0.2, (rows, items)))
    return spend, value, top * saturate(spend.mean(axis=0) / half, 1.0)


def test_items_with_an_outcome_of_their_own_are_found_with_honest_intervals() -> None:
    """80% intervals of 60 values: fewer than 60% or more than 97% has a chance below 1e-3; the seed is fixed."""
    spend, value, true = own_world(40, 60, 4)
    found = fit_own_responses(spend, value, seed=1).respond(spend.mean(axis=0))
    low, high = np.quantile(found, [0.1, 0.9], axis=0)
    assert found.mean(axis=0) == pytest.approx(true, rel=0.25)
    assert 0.6 < ((low <= true) & (true <= high)).mean() < 0.97


def test_an_item_without_value_brings_next_to_nothing() -> None:
    spend, value, _ = own_world(20, 4, 5)
    value[:, 2] = 0.0
    brought = fit_own_responses(spend, value, seed=1).respond(spend.mean(axis=0)).mean(axis=0)
    assert brought[2] < 0.05 * brought[[0, 1, 3]].min()


def test_few_rows_and_no_value_at_all_have_an_answer() -> None:
    posterior = fit_own_responses(np.full((3, 2), 5.0), np.zeros((3, 2)), seed=1)
    assert posterior.respond(np.array([5.0, 5.0])).max() == pytest.approx(0.0, abs=1e-6)


def test_concave_curves_are_filled_until_margins_are_equal() -> None:
    """With curves ``top x / (x + half)`` the margins are equal where ``x + half`` is as the root of ``top half``."""
    top, half = [100.0, 200.0, 50.0], [10.0, 40.0, 5.0]
    plan = allocate(curves(top, half, [1.0] * 3), 60.0, np.zeros(3), np.full(3, ANY), current=np.ones(3))
    root = np.sqrt(np.array(top) * half)
    assert plan.amounts == pytest.approx(root * (60.0 + sum(half)) / root.sum() - half, abs=0.01)
    assert plan.next_unit == pytest.approx(plan.next_unit[0], rel=0.01)
    assert plan.gap < 1e-3 * plan.expected.value
    assert plan.gain_today.value >= 0
    assert plan.unseen == 0.0


def test_of_two_s_shaped_curves_one_gets_all_where_halves_would_bring_little() -> None:
    plan = allocate(
        curves([100.0, 101.0], [50.0] * 2, [4.0] * 2), 60.0, np.zeros(2), np.full(2, ANY), current=np.ones(2)
    )
    assert plan.amounts == pytest.approx([0.0, 60.0], abs=0.01)
    assert plan.gain_equal.value > 40
    assert plan.gap < 0.02 * plan.expected.value


def test_bounds_and_the_largest_step_are_kept() -> None:
    posterior = curves([1000.0, 1.0, 1.0], [50.0] * 3, [1.0] * 3)
    current = np.array([20.0, 20.0, 20.0])
    plan = allocate(posterior, 60.0, np.array([0.0, 18.0, 0.0]), np.full(3, ANY), current=current, step=0.2)
    assert plan.amounts == pytest.approx([24.0, 18.0, 18.0])
    fixed = allocate(posterior, 60.0, current, current, current=current)
    assert fixed.amounts.tolist() == current.tolist()
    assert fixed.gap == 0.0


def test_amounts_beyond_any_spend_seen_are_named_and_what_rests_on_them() -> None:
    plan = allocate(
        curves([100.0], [50.0], [1.0], highest=30.0), 50.0, np.zeros(1), np.full(1, ANY), current=np.ones(1)
    )
    assert plan.extrapolates.tolist() == [True]
    assert plan.unseen == pytest.approx(50.0 - 37.5)


@pytest.mark.parametrize(
    ("low", "high"), [([30.0, 40.0], [ANY, ANY]), ([0.0, 0.0], [20.0, 20.0]), ([9.0, 0.0], [8.0, 90.0])]
)
def test_bounds_that_contradict_each_other_are_refused(low: list[float], high: list[float]) -> None:
    with pytest.raises(ValueError, match="no split keeps all bounds"):
        allocate(curves([1.0, 1.0], [1.0, 1.0], [1.0, 1.0]), 60.0, np.array(low), np.array(high), current=np.ones(2))


def test_the_next_units_go_where_they_bring_most() -> None:
    found = where_next(curves([10.0, 100.0], [10.0, 10.0], [1.0, 1.0], highest=15.0), np.array([10.0, 0.0]), 10.0)
    assert [one.item for one in found] == [1, 0]
    assert found[0].gain.value == pytest.approx(50.0)
    assert [one.extrapolates for one in found] == [False, True]
