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


def test_the_recursion_equals_the_sum_over_all_paths() -> None:
    rng = np.random.default_rng(0)
    roots = 1 + 0.2 * rng.standard_normal((3, STEPS))
    precisions = rng.uniform(5, 80, (3, STEPS))
    found = find_blocks(roots, precisions)
    for row in range(3):
        weight, mean, up, down = by_all_paths(roots[row], precisions[row])
        total = 1 + PATTERN_ODDS * weight
        assert found.pattern[row] == pytest.approx(PATTERN_ODDS * weight / total)
        assert found.log_odds[row] == pytest.approx(np.log(total / (1 + PATTERN_ODDS)))
        np.testing.assert_allclose(found.mean[row], (1 + PATTERN_ODDS * mean) / total)
        np.testing.assert_allclose(found.up[row], PATTERN_ODDS * up / total)
        np.testing.assert_allclose(found.down[row], PATTERN_ODDS * down / total, atol=1e-12)


def test_without_data_nothing_changes_what_was_expected() -> None:
    found = find_blocks(np.ones((1, 24)), np.zeros((1, 24)))
    assert found.log_odds[0] == pytest.approx(0.0)
    assert found.pattern[0] == pytest.approx(PATTERN_ODDS / (1 + PATTERN_ODDS))


def test_a_clear_block_over_midnight_is_found_whole() -> None:
    level = np.where(np.isin(np.arange(24), (22, 23, 0)), 1.5, 0.93) ** 0.5
    found = find_blocks(level[None], np.full((1, 24), 1e6))
    assert np.flatnonzero(found.up[0] > 0.99).tolist() == [0, 22, 23]
    assert found.pattern[0] == pytest.approx(1.0)
    assert np.isfinite(found.log_odds).all()


def test_no_rows_are_no_findings() -> None:
    found = find_blocks(np.ones((0, 24)), np.ones((0, 24)))
    assert found.mean.shape == (0, 24)
    assert found.pattern.shape == (0,)


def test_many_rows_are_read_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    roots, precisions = 1 + 0.1 * rng.standard_normal((5, 24)), np.full((5, 24), 200.0)
    whole = find_blocks(roots, precisions)
    monkeypatch.setattr(blocks, "_CHUNK", 2)
    np.testing.assert_allclose(find_blocks(roots, precisions).up, whole.up)
