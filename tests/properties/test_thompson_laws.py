"""Laws of learning rates and of choosing by them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adtempo.stats.offpolicy import ips_value, snips_value
from adtempo.stats.thompson import draw_rates, hold_share, learn_rates

TRIALS = arrays(np.int64, 6, elements=st.integers(0, 100_000))
GROUPS = arrays(np.int64, 6, elements=st.integers(0, 2))
SHARES = arrays(np.float64, 6, elements=st.floats(0, 1))


@settings(max_examples=40)
@given(TRIALS, SHARES, GROUPS, st.permutations(range(6)))
def test_relabelling_arms_and_groups_permutes_what_is_learnt(
    trials: np.ndarray, shares: np.ndarray, group: np.ndarray, order: list[int]
) -> None:
    won = np.floor(trials * shares * 0.1)
    found, other = learn_rates(won, trials, group, 0.01), learn_rates(won[order], trials[order], -group[order], 0.01)
    assert other.mean == pytest.approx(found.mean[order], rel=1e-9)
    assert other.own == pytest.approx(found.own[order], rel=1e-9)


@settings(max_examples=40)
@given(TRIALS, SHARES, GROUPS)
def test_what_is_learnt_lies_between_an_arm_and_the_rest_and_is_its_own_with_much_data(
    trials: np.ndarray, shares: np.ndarray, group: np.ndarray
) -> None:
    won = np.floor(trials * shares * 0.1)
    found = learn_rates(won, trials, group, 0.01)
    assert (found.mean > 0).all()
    assert ((found.own >= 0) & (found.own < 1)).all()
    raw = np.divide(won, trials, out=found.mean.copy(), where=trials > 0)
    mean_of_group = (found.shape - won) / (found.trials - trials)
    assert (found.mean <= np.maximum(raw, mean_of_group) * (1 + 1e-9)).all()
    assert (found.mean >= np.minimum(raw, mean_of_group) * (1 - 1e-9)).all()
    much = learn_rates(won * 1e6, trials * 1e6, group, 0.01)
    seen = won > 0
    assert much.mean[seen] == pytest.approx(raw[seen], rel=0.01)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 100))
def test_a_seed_draws_the_same_again(seed: int, batches: int) -> None:
    shape, trials = np.array([1.0, 20, 300]), np.array([100.0, 1000, 20_000])
    once, again = (draw_rates(shape, trials, np.random.default_rng(seed), 5, batches) for _ in range(2))
    assert once.shape == (5, 3)
    assert np.array_equal(once, again)


@settings(max_examples=40)
@given(
    arrays(np.float64, 12, elements=st.floats(0.001, 1000), unique=True),
    arrays(np.bool_, 12),
    st.integers(1, 15),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
)
def test_a_held_share_keeps_the_order_of_either_kind_and_its_bounds(
    scores: np.ndarray, marked: np.ndarray, count: int, least: float, more: float
) -> None:
    held = hold_share(scores, marked, count, least, least + more)
    assert np.array_equal(held[~marked], scores[~marked])
    assert np.array_equal(np.argsort(held[marked]), np.argsort(scores[marked]))
    count = min(count, 12)
    inside = int(marked[np.argsort(-held)[:count]].sum())
    others = 12 - int(marked.sum())
    assert inside >= min(np.floor(least * count), marked.sum())
    assert inside <= max(np.ceil((least + more) * count), count - others)


@settings(max_examples=40)
@given(
    arrays(np.float64, 9, elements=st.floats(0, 10)),
    arrays(np.float64, 9, elements=st.floats(0.01, 1)),
    arrays(np.float64, 9, elements=st.floats(0.01, 1)),
    st.floats(-5, 5),
)
def test_the_self_normalised_value_lies_within_the_rewards_and_moves_with_them(
    rewards: np.ndarray, chosen: np.ndarray, logged: np.ndarray, more: float
) -> None:
    found = snips_value(rewards, chosen, logged)
    assert rewards.min() - 1e-9 <= found.value <= rewards.max() + 1e-9
    assert snips_value(rewards + more, chosen, logged).value == pytest.approx(found.value + more, abs=1e-6)
    assert found.low95 <= found.value <= found.high95
    assert ips_value(rewards, logged, logged).value == pytest.approx(rewards.mean())
    assert ips_value(2 * rewards, chosen, logged).value == pytest.approx(2 * ips_value(rewards, chosen, logged).value)
