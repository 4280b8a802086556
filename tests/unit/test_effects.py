"""Small effects drawn towards nothing."""

import numpy as np
import pytest

from adtempo.stats.effects import shrink_effects
from adtempo.stats.multiplicity import false_shares


def test_effects_within_their_noise_vanish() -> None:
    found = shrink_effects(np.array([[0.1, -0.1]]), np.array([[1.0, 1.0]]))
    assert found.mean.tolist() == [[0.0, 0.0]]
    assert found.variance.tolist() == [[0.0, 0.0]]


def test_effects_far_beyond_their_noise_stay() -> None:
    found = shrink_effects(np.array([[5.0, -5.0]]), np.array([[100.0, 100.0]]))
    np.testing.assert_allclose(found.mean, [[5.0, -5.0]], rtol=1e-3)
    np.testing.assert_allclose(found.variance, 0.01, rtol=1e-3)


def test_what_was_not_measured_is_only_expected() -> None:
    found = shrink_effects(np.array([[9.0]]), np.array([[0.0]]), spread=0.1, worth=4.0)
    assert found.mean.tolist() == [[0.0]]
    assert found.variance[0, 0] == pytest.approx(0.01)


def test_q_values_rise_with_doubt_and_keep_their_places() -> None:
    shares = false_shares(np.array([[0.9, 0.0, 0.3], [0.2, 0.2, 0.2]]))
    np.testing.assert_allclose(shares, [[0.4, 0.0, 0.15], [0.2, 0.2, 0.2]])
