"""What another policy would have earned."""

import numpy as np
import pytest

from adtempo.stats.offpolicy import dr_value, ips_value, snips_value

RATES = np.array([0.02, 0.05, 0.10])
POLICY = np.array([0.1, 0.2, 0.7])
TRUTH = float(RATES @ POLICY)


def logged_rounds(rng: np.random.Generator, rounds: int = 4_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    logger = np.array([0.5, 0.3, 0.2])
    arm = rng.choice(3, rounds, p=logger)
    return arm, (rng.random(rounds) < RATES[arm]).astype(float), logger[arm]


def test_a_hand_sum() -> None:
    found = ips_value([1, 0, 1, 0], [0.5, 0.5, 0.25, 0.75], [0.5, 0.5, 0.5, 0.5])
    assert found.value == pytest.approx(1.5 / 4)
    assert found.effective_rounds == pytest.approx(4**2 / (1 + 1 + 0.25 + 2.25))
    assert snips_value([1, 0, 1, 0], [0.5, 0.5, 0.25, 0.75], [0.5, 0.5, 0.5, 0.5]).value == pytest.approx(1.5 / 4)


def test_a_right_guess_needs_no_correction_and_a_wrong_one_gets_it() -> None:
    arm, reward, chance = logged_rounds(np.random.default_rng(1), 100_000)
    right = dr_value(RATES[arm], POLICY[arm], chance, RATES[arm], np.full(len(arm), TRUTH))
    assert (right.value, right.low95, right.high95) == pytest.approx((TRUTH, TRUTH, TRUTH))
    wrong = dr_value(reward, POLICY[arm], chance, np.full(len(arm), 0.5), np.full(len(arm), 0.5))
    assert wrong.value == pytest.approx(TRUTH, abs=0.02)


def test_the_intervals_hold_95_percent_of_the_time() -> None:
    """300 logs each: 285 expected; fewer than 262 with probability below 1e-6 if each held 95%."""
    rng, guess = np.random.default_rng(8), np.array([0.03, 0.04, 0.08])
    held = {"ips": 0, "snips": 0, "dr": 0}
    for _ in range(300):
        arm, reward, chance = logged_rounds(rng)
        found = {
            "ips": ips_value(reward, POLICY[arm], chance),
            "snips": snips_value(reward, POLICY[arm], chance),
            "dr": dr_value(reward, POLICY[arm], chance, guess[arm], np.full(len(arm), guess @ POLICY)),
        }
        for name, value in found.items():
            held[name] += value.low95 <= TRUTH <= value.high95
    assert min(held.values()) >= 262


def test_a_log_that_says_nothing_of_the_policy_is_no_value() -> None:
    found = snips_value([1, 0], [0, 0], [0.5, 0.5])
    assert np.isnan(found.value)
    assert found.effective_rounds == 0
