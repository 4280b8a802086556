"""What recent volume costs is learnt beside everything else."""

import numpy as np
import pytest

from adtempo.stats.mixed import Part
from adtempo.stats.saturation import Sends, Wear, estimate_wear, load_before


def wear_of(true_wear: float, messages: int = 150, half_life: float = 72.0, seed: int = 1, first: int = 0) -> Wear:
    """Judge a sender whose weeks differ in volume; `first` messages at the beginning are not known."""
    rng = np.random.default_rng(seed)
    hours = np.cumsum(rng.exponential(np.repeat(rng.uniform(5, 40, 40), 10)[:messages]))
    load = load_before(hours, np.ones(messages), hours, half_life)
    counts = rng.poisson(200 * np.exp(-true_wear * load + rng.normal(0, 0.2, messages))).astype(float)[first:]
    known = len(counts)
    sends = Sends(hours[first:], np.ones(known), np.arange(known), counts, np.full(known, 1e4), np.arange(known))
    return estimate_wear(sends, [Part("level", np.ones((known, 1)), 3.0, learnt=False)], 0.3, float(hours[-1]) + 1)


@pytest.mark.parametrize("true_wear", [0.0, 0.05, 0.15])
def test_the_interval_of_the_loss_holds_the_truth(true_wear: float) -> None:
    found = wear_of(true_wear)
    loss = -np.expm1(-true_wear * found.load)
    assert found.low95 - 0.03 <= loss <= found.high95 + 0.03
    assert found.low95 <= found.loss <= found.high95
    assert found.certainty > 0.8
    assert (found.costs <= 0).all()


@pytest.mark.parametrize("half_life", [24.0, 240.0])
def test_how_long_a_message_is_felt_is_learnt(half_life: float) -> None:
    found = wear_of(0.15 * 72 / half_life, 300, half_life)
    assert found.half_life_hours == pytest.approx(half_life, rel=0.4)


def test_what_was_sent_before_the_known_history_is_allowed_for() -> None:
    whole, cut = wear_of(0.08, 200), wear_of(0.08, 200, first=60)
    assert cut.loss == pytest.approx(whole.loss, abs=0.12)


def test_few_messages_say_little() -> None:
    found = wear_of(0.05, 8)
    assert found.certainty < 0.8
    assert found.high95 - found.low95 > 0.2
