"""Arms are tried as far as they may still be the best."""

import numpy as np
import pytest

from adtempo.stats.thompson import draw_rates, hold_share, learn_rates


def test_an_arm_without_evidence_begins_where_its_group_is() -> None:
    won, tried = np.array([200.0, 220, 40, 44, 0, 0]), np.array([1e4, 1e4, 1e4, 1e4, 0, 0])
    found = learn_rates(won, tried, ["good", "good", "bad", "bad", "good", "bad"], 0.01)
    assert found.mean[4] == pytest.approx(0.021, rel=0.2)
    assert found.mean[5] == pytest.approx(0.0042, rel=0.2)
    assert found.own[4:].tolist() == [0, 0]


def test_one_lucky_sale_does_not_beat_a_proven_arm() -> None:
    found = learn_rates([2.0, 300, 100, 110], [50.0, 1e4, 1e4, 1e4], [0, 0, 0, 0], 0.01)
    assert found.mean.argmax() == 1
    assert found.own[0] < 0.5 < found.own[1]


def test_nothing_known_is_the_guess() -> None:
    found = learn_rates([0.0, 0], [0.0, 0], [0, 1], 0.02)
    assert found.mean.tolist() == pytest.approx([0.02, 0.02])
    assert len(learn_rates([], [], [], 0.02).mean) == 0


def test_arms_that_do_not_differ_lean_on_each_other_more_than_arms_that_do() -> None:
    rng = np.random.default_rng(3)
    tried = np.full(30, 5_000.0)
    same = learn_rates(rng.poisson(50.0, 30).astype(float), tried, np.zeros(30), 0.01)
    apart = learn_rates(rng.poisson(50 * rng.gamma(4, 0.25, 30)).astype(float), tried, np.zeros(30), 0.01)
    assert same.own.mean() < 0.5
    assert apart.own.mean() > 0.8


def test_draws_spread_as_the_posterior_and_narrow_with_batches() -> None:
    """The standard deviation of 40,000 draws is within 3% of the truth but for a chance below 1e-9."""
    found = learn_rates([30.0, 60], [1e4, 1e4], [0, 0], 0.01)
    plain = draw_rates(found.shape, found.trials, np.random.default_rng(1), 40_000, 0)
    later = draw_rates(found.shape, found.trials, np.random.default_rng(1), 40_000, 10)
    assert plain.mean(axis=0) == pytest.approx(found.mean, rel=0.01)
    assert plain.std(axis=0) == pytest.approx(found.shape**0.5 / found.trials, rel=0.03)
    assert later.std(axis=0) == pytest.approx(plain.std(axis=0) / 3, rel=0.05)


def test_a_share_is_raised_to_its_floor_and_cut_to_its_cap() -> None:
    scores = np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 0.5])
    last, first = np.arange(10) >= 5, np.arange(10) < 5
    assert chosen(hold_share(scores, last, 5, 0.2, 0.4), 5) == {0, 1, 2, 3, 5}
    assert chosen(hold_share(scores, first, 5, 0.2, 0.4), 5) == {0, 1, 5, 6, 7}
    assert hold_share(scores, last, 10, 0.2, 0.6).tolist() == scores.tolist()


def test_a_share_bends_where_there_are_too_few_arms_of_a_kind() -> None:
    scores = np.array([3.0, 2, 1])
    assert hold_share(scores, [True, True, True], 2, 0.0, 0.5).tolist() == scores.tolist()
    assert hold_share(scores, [False, False, False], 2, 0.5, 1.0).tolist() == scores.tolist()
    assert hold_share([], [], 2, 0.1, 0.4).tolist() == []


def chosen(scores: np.ndarray, count: int) -> set[int]:
    return set(np.argsort(-scores)[:count].tolist())
