"""Overlapping causes are told apart, and what is not there is not found."""

import numpy as np
import pytest

from adtempo.stats.mixed import MixedFit, Part, fit_mixed

ROWS = 400


def fitted(seed: int, kinds: np.ndarray, slope: float, per_row: float = 40.0) -> tuple[MixedFit, np.ndarray]:
    """Fit counts whose rate depends on four kinds, which cluster where a second cause is strong."""
    rng = np.random.default_rng(seed)
    strength = rng.random(ROWS)
    kind = np.clip(np.floor(4 * (0.7 * strength + 0.3 * rng.random(ROWS))), 0, 3).astype(int)
    unit = rng.integers(0, 80, ROWS)
    unit_effect = rng.normal(0, 0.2, 80)
    rate = np.exp(kinds[kind] + slope * strength + unit_effect[np.unique(unit, return_inverse=True)[1]])
    counts = rng.poisson(per_row * rate).astype(float)
    parts = [
        Part("level", np.ones((ROWS, 1)), 3.0, learnt=False),
        Part("kind", np.eye(4)[kind], 0.2),
        Part("strength", strength[:, None], 1.0, learnt=False),
    ]
    return fit_mixed(counts, np.full(ROWS, 100.0), np.unique(unit, return_inverse=True)[1], parts, 0.3), kind


def test_two_causes_that_go_together_are_told_apart() -> None:
    """The slope is off by more than 0.25 (over five deviations) with probability below 1e-6."""
    found, _ = fitted(1, np.array([0.4, 0.2, -0.2, -0.4]), 0.8)
    slope, covariance = found.combine({"strength": np.ones((1, 1))})
    assert slope[0] == pytest.approx(0.8, abs=0.25)
    assert covariance[0, 0] ** 0.5 < 0.15
    apart, _ = found.combine({"kind": np.array([[1.0, 0, 0, -1.0]])})
    assert apart[0] == pytest.approx(0.8, abs=0.3)
    assert found.chance("kind") < 1e-6


def test_nothing_is_found_where_nothing_is() -> None:
    """Sixty worlds without kinds: more than 12 below 0.05 have probability below 1e-5."""
    chances = [fitted(seed, np.zeros(4), 0.5)[0].chance("kind") for seed in range(60)]
    assert np.count_nonzero(np.array(chances) < 0.05) <= 12
    assert np.median(chances) > 0.2


def test_units_and_single_rows_have_noise_of_their_own() -> None:
    found, _ = fitted(3, np.zeros(4), 0.0)
    assert 0.12 < found.unit_spread < 0.28
    assert found.noise < 0.12
    assert found.unit_effects.std() < found.unit_spread


def test_starting_from_a_like_fit_leads_to_the_same() -> None:
    rng = np.random.default_rng(4)
    counts, unit = rng.poisson(20.0, 50).astype(float), np.arange(50)
    parts = [Part("level", np.ones((50, 1)), 3.0, learnt=False), Part("half", np.eye(2)[np.arange(50) % 2], 0.2)]
    first = fit_mixed(counts, np.full(50, 10.0), unit, parts, 0.3)
    again = fit_mixed(counts, np.full(50, 10.0), unit, parts, 0.3, first)
    assert again.fitted("level", "half") == pytest.approx(first.fitted("level", "half"), abs=0.01)
    assert first.part("half") is parts[1]


def test_rows_without_a_single_count_are_fitted() -> None:
    parts = [Part("level", np.ones((20, 1)), 3.0, learnt=False), Part("half", np.eye(2)[np.arange(20) % 2], 0.2)]
    found = fit_mixed(np.zeros(20), np.full(20, 100.0), np.arange(20), parts, 0.3)
    assert np.isfinite(found.effects).all()
    assert found.chance("half") > 0.01


def test_a_fit_that_has_not_settled_in_time_is_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    settled, _ = fitted(4, np.zeros(4), 0.5)
    monkeypatch.setattr("adtempo.stats.mixed._ROUNDS", 1)
    early, _ = fitted(4, np.zeros(4), 0.5)
    assert early.combine({"strength": np.ones((1, 1))})[0] != settled.combine({"strength": np.ones((1, 1))})[0]
