"""Blocks on a ring against the sum over all paths, and at the edges."""

from itertools import product

import numpy as np
import pytest

from adtempo.stats import blocks
from adtempo.stats.blocks import BLOCK_LENGTH, DUTIES, MATERIAL, PATTERN_ODDS, RATIOS, find_blocks

STEPS = 6


def by_all_paths(roots: np.ndarray, precisions: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Return the weight of patterns against none, and the sums of roots, up and down, by naming every path."""
    none = np.exp(-precisions * (roots - 1) ** 2 / 2).prod()
    total, mean = 0.0, np.zeros(STEPS)
    up, down = np.zeros(STEPS), np.zeros(STEPS)
    for ratio, duty in product(RATIOS, DUTIES):
        low = (1 + duty * (ratio - 1)) ** -0.5
        levels = np.array([low, low * ratio**0.5])
        rarer = min(duty, 1 - duty)
        off, on = rarer / duty / BLOCK_LENGTH, rarer / (1 - duty) / BLOCK_LENGTH
        move = np.array([[1 - on, on], [off, 1 - off]])
        mass = np.trace(np.linalg.matrix_power(move, STEPS))
        for path in product((0, 1), repeat=STEPS):
            states = np.array(path)
            chance = move[np.roll(states, 1), states].prod() / mass
            weight = chance * np.exp(-precisions * (roots - levels[states]) ** 2 / 2).prod() / none
            total += weight
            mean += weight * levels[states]
            up += weight * states * (duty <= 0.65 and levels[1] ** 2 >= MATERIAL)
            down += weight * (1 - states) * (1 - duty <= 0.65 and levels[0] ** 2 <= 1 / MATERIAL)
    stories = len(RATIOS) * len(DUTIES)
    return total / stories, mean / stories, up / stories, down / stories


def test_the_recursion_equals_the_sum_over_all_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "WORTH_A_LOOK", np.inf)
    rng = np.random.default_rng(0)
    roots = 1 + 0.2 * rng.standard_normal((3, STEPS))
    precisions = rng.uniform(5, 80, (3, STEPS))
    found = find_blocks(roots, precisions)
    for row in range(3):
        weight, mean, up, down = by_all_paths(roots[row], precisions[row])
        total = 1 + PATTERN_ODDS * weight
        assert found.log_odds[row] == pytest.approx(np.log(total / (1 + PATTERN_ODDS)))
        np.testing.assert_allclose(found.mean[row], (1 + PATTERN_ODDS * mean) / total)
        np.testing.assert_allclose(found.up[row], PATTERN_ODDS * up / total)
        np.testing.assert_allclose(found.down[row], PATTERN_ODDS * down / total, atol=1e-12)


def test_without_data_nothing_changes_what_was_expected() -> None:
    found = find_blocks(np.ones((1, 24)), np.zeros((1, 24)))
    assert found.log_odds[0] == pytest.approx(0.0)
    assert found.mean[0] == pytest.approx(np.ones(24), abs=0.05)


def test_a_clear_block_over_midnight_is_found_whole() -> None:
    level = np.where(np.isin(np.arange(24), (22, 23, 0)), 1.5, 0.93) ** 0.5
    found = find_blocks(level[None], np.full((1, 24), 1e6))
    assert np.flatnonzero(found.up[0] > 0.99).tolist() == [0, 22, 23]
    assert np.isfinite(found.log_odds).all()


def test_no_rows_are_no_findings() -> None:
    found = find_blocks(np.ones((0, 24)), np.ones((0, 24)))
    assert found.mean.shape == (0, 24)
    assert found.log_odds.shape == (0,)


def test_many_rows_are_read_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    roots, precisions = 1 + 0.1 * rng.standard_normal((5, 24)), np.full((5, 24), 200.0)
    whole = find_blocks(roots, precisions)
    monkeypatch.setattr(blocks, "_CHUNK", 2)
    np.testing.assert_allclose(find_blocks(roots, precisions).up, whole.up)


def test_peaks_and_valleys_are_found_beside_each_other() -> None:
    hours = np.arange(24)
    level = np.where(hours < 6, 0.6, np.where(np.isin(hours, (10, 11, 12, 18, 19)), 1.6, 1.0))
    found = find_blocks(np.sqrt(level / level.mean())[None], np.full((1, 24), 2000.0))
    assert np.flatnonzero(found.up[0] > 0.9).tolist() == [10, 11, 12, 18, 19]
    assert np.flatnonzero(found.down[0] > 0.9).tolist() == [0, 1, 2, 3, 4, 5]
    np.testing.assert_allclose(found.mean[0] ** 2, level / level.mean(), rtol=0.1)
