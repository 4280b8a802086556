"""Diminishing returns of one spender: what is learnt of them, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from adtempo.budgets.replay.response import DAYS_MIN, fit_response
from adtempo.stats.elasticity import STEEPNESS, fit_group, fit_steepness, grown

NOTHING = np.zeros((2, 7))


def weeks(steepness: float, seed: int, noise: float = 0.02, count: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Days whose results follow spend with one steepness."""
    rng = np.random.default_rng(seed)
    times = np.exp(rng.normal(0, 0.4, (count, 7)))
    return times * 100, 50 * grown(times, steepness) * np.exp(rng.normal(0, noise, times.shape))


def mean_of(weights: np.ndarray) -> float:
    return float(np.exp(weights @ np.log(STEEPNESS)))


def test_twice_the_spend_brings_less_than_twice_and_none_brings_none() -> None:
    assert grown([0.0, 1.0], 0.5).tolist() == [0.0, 1.0]
    assert (grown(2.0, STEEPNESS) < 2).all()
    assert (np.diff(grown(2.0, STEEPNESS)) < 0).all()


def test_amounts_that_never_vary_teach_nothing() -> None:
    prior = fit_steepness(NOTHING, NOTHING)
    assert prior.sum() == pytest.approx(1)
    assert fit_steepness(np.full((12, 7), 9.0), np.full((12, 7), 4.0)).tolist() == prior.tolist()


def test_steep_and_flat_returns_are_told_apart() -> None:
    flat, steep = (mean_of(fit_steepness(*weeks(k, 1))) for k in (0.05, 5.0))
    assert flat < mean_of(fit_steepness(NOTHING, NOTHING)) < steep


def test_a_member_without_evidence_follows_its_group() -> None:
    group = [weeks(5.0, seed) for seed in range(6)]
    found = fit_group([*group, (NOTHING, NOTHING)])
    alone = mean_of(fit_steepness(NOTHING, NOTHING))
    assert mean_of(found[-1]) > 2 * alone
    assert found.sum(axis=1) == pytest.approx(1)


def test_a_member_without_evidence_is_taken_to_be_as_elastic_as_its_group() -> None:
    elasticity = STEEPNESS / ((1 + STEEPNESS) * np.log1p(STEEPNESS))
    found = fit_group([*(weeks(1.0, seed) for seed in range(6)), (NOTHING, NOTHING)]) @ elasticity
    assert found[-1] == pytest.approx(found[:-1].mean(), abs=0.015)


def test_too_few_days_say_nothing_of_other_budgets() -> None:
    spend = np.zeros((1, 28))
    spend[0, : DAYS_MIN - 1] = 5.0
    assert fit_response(spend, spend, np.array([0])) is None


def test_draws_spread_around_what_is_expected_and_a_stop_is_certain() -> None:
    spend, bought = (days.reshape(1, -1) for days in weeks(1.0, 3))
    response = fit_response(spend, bought, np.array([0]))
    assert response is not None
    drawn = response.draw(2000, np.random.default_rng(1)).volume(0, np.array([0.0, 1.0, 1.5]))
    assert (drawn[0] == 0).all()
    assert drawn[1] == pytest.approx(1)
    expected = float(response.volume(np.array([1.5]))[0])
    assert drawn[2].mean() == pytest.approx(expected, rel=0.02)
    assert 0.02 < drawn[2].std() < 0.2
