"""A game whose truth is known."""

import numpy as np
import pytest

from adtempo.stats.arms import choose_by_thompson, choose_evenly, play_arms

RATES = np.array([0.01, 0.02, 0.04])


def test_regret_is_what_the_best_arm_would_have_brought_more() -> None:
    played = play_arms(RATES, [30, 30], lambda won, tried, batches, count, rng: np.array([10, 10, 10]), rng())
    assert played.regret == pytest.approx(2 * (10 * 0.03 + 10 * 0.02))
    assert played.best == pytest.approx(60 * 0.04)
    assert played.successes.sum() <= 60


def test_late_feedback_is_not_known_before_it_comes_in() -> None:
    seen = []

    def choose(won: np.ndarray, tried: np.ndarray, batches: int, count: int, rng: np.random.Generator) -> np.ndarray:
        seen.append((tried.sum(), batches))
        return np.array([count, 0, 0])

    play_arms(RATES, [5, 7, 9], choose, rng(), late=1)
    assert seen == [(0, 0), (0, 0), (5, 1)]


def test_thompson_sampling_beats_choosing_evenly() -> None:
    """Over 20 games the mean regret is less than two thirds; equal ones would show that with probability below 1e-6."""
    sizes = [200] * 20
    even, ours = (
        np.mean([play_arms(RATES, sizes, choose, np.random.default_rng(game)).regret for game in range(20)])
        for choose in (choose_evenly, choose_by_thompson(0.01))
    )
    assert ours < even * 2 / 3


def test_the_same_seed_plays_the_same_game() -> None:
    one, other = (play_arms(RATES, [50] * 5, choose_by_thompson(0.01), rng()) for _ in range(2))
    assert np.array_equal(one.trials, other.trials)
    assert one.trials.sum(axis=1).tolist() == [50] * 5


def rng() -> np.random.Generator:
    return np.random.default_rng(1)
