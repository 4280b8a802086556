"""Niches: recognised by their words, shared by the rule."""

import numpy as np
import pytest

from adtempo.dayparts.borrowing import UNTOLD, HourPrior, believe_lenders, borrow_hours, join_roots
from adtempo.dayparts.evidence import Roots
from adtempo.dayparts.niches import ACCOUNTS_MIN, WEIGHT_MAX, _capped, learn_prior, recognise_niche
from adtempo.domain.accounts import AccountRef

EVENING = np.where(np.arange(24) >= 20, 1.4, 0.92) ** 0.5
NEW = AccountRef("meta", "new")


def accounts(count: int) -> list[AccountRef]:
    return [AccountRef("meta", f"a{place}") for place in range(count)]


def hours(count: int, precision: float = 400.0) -> Roots:
    return Roots(np.tile(EVENING, (count, 1)), np.full((count, 24), precision))


@pytest.mark.parametrize(
    ("name", "niche"),
    [
        ("US_Gym-and-workout_prospecting", "fitness"),
        ("E-Commerce retargeting", "e-commerce"),
        ("B2B software trial", "saas"),
        ("Best restaurants nearby", "local business"),
        ("Coaching: online courses", "education"),
        ("Streaming / gaming", "entertainment"),
        ("software for a gym", "fitness"),
        ("Brand 2026", None),
        ("", None),
    ],
)
def test_a_niche_is_recognised_by_the_words_of_the_name(name: str, niche: str | None) -> None:
    assert recognise_niche(name) == niche


def test_one_clients_accounts_learn_from_each_other_freely() -> None:
    prior = learn_prior(hours(2), accounts(2), ["mine", "mine"], NEW, "mine")
    assert prior is not None
    assert prior.accounts == 2
    np.testing.assert_allclose(prior.root, EVENING)


def test_accounts_without_a_client_belong_together() -> None:
    assert learn_prior(hours(2), accounts(2), [None, None], NEW, None) is not None


def test_across_clients_nothing_is_shared_below_five_accounts() -> None:
    clients = [f"client {place}" for place in range(ACCOUNTS_MIN)]
    assert learn_prior(hours(4), accounts(4), clients[:4], NEW, "mine") is None
    prior = learn_prior(hours(5), accounts(5), clients, NEW, "mine")
    assert prior is not None
    assert prior.accounts == 5


def test_a_single_foreign_account_beside_ones_own_is_not_heard() -> None:
    prior = learn_prior(hours(5), accounts(5), ["mine"] * 4 + ["other"], NEW, "mine")
    assert prior is not None
    assert prior.accounts == 4


def test_no_account_weighs_more_than_a_quarter_across_clients() -> None:
    values = np.tile(EVENING, (5, 1))
    values[0] = np.roll(EVENING, 12)
    precision = np.full((5, 24), 100.0)
    precision[0] = 1e6
    prior = learn_prior(Roots(values, precision), accounts(5), list("abcde"), NEW, "mine")
    assert prior is not None
    assert prior.root[22] >= (1 - WEIGHT_MAX) * EVENING[22] + WEIGHT_MAX * EVENING[10] - 1e-9


def test_an_account_is_not_told_its_own_hours_as_a_niches() -> None:
    assert learn_prior(hours(1), [NEW], ["mine"], NEW, "mine") is None


def test_accounts_without_facts_do_not_count() -> None:
    own = hours(5)
    own.precision[4] = 0.0
    assert learn_prior(own, accounts(5), list("abcde"), NEW, "mine") is None


def test_a_niche_without_a_pattern_lends_nothing() -> None:
    flat = Roots(np.ones((6, 24)), np.full((6, 24), 400.0))
    assert learn_prior(flat, accounts(6), list("abcdef"), NEW, "mine") is None


def test_weights_are_cut_and_handed_on() -> None:
    np.testing.assert_allclose(_capped(np.array([0.7, 0.1, 0.1, 0.05, 0.05]), 0.25).max(), 0.25)
    np.testing.assert_allclose(_capped(np.array([0.9, 0.05, 0.03, 0.01, 0.01]), 0.25).sum(), 1.0)
    assert _capped(np.array([0.6, 0.4]), 1.0).tolist() == [0.6, 0.4]
    assert _capped(np.array([1.0]), 1.0).tolist() == [1.0]


def test_campaigns_borrow_from_their_account_and_never_from_themselves() -> None:
    own = hours(3)
    lent = borrow_hours(own, ["a", "a", "b"], None)
    assert (lent.precision[:2] > 0).all()
    assert (lent.precision[2] == 0).all()
    np.testing.assert_allclose(lent.value[0], EVENING)


def test_a_niches_prior_is_joined_to_what_the_account_says() -> None:
    prior = HourPrior(EVENING, np.full(24, 1 / 500.0), 7)
    lent = borrow_hours(hours(2), ["a", "b"], [prior, None])
    np.testing.assert_allclose(lent.precision[0], 500**2 / (500 + UNTOLD))
    np.testing.assert_allclose(lent.value[0], EVENING)
    assert (lent.precision[1] == 0).all()


def test_the_odd_one_out_is_left_alone() -> None:
    own = Roots(np.stack([EVENING, np.roll(EVENING, 12)]), np.full((2, 24), 400.0))
    lent = Roots(np.tile(EVENING, (2, 1)), np.full((2, 24), 300.0))
    believed = believe_lenders(own, lent)
    assert (believed.precision[0] > 150).all()
    assert (believed.precision[1] < 1).all()
    nothing = Roots(lent.value, np.zeros((2, 24)))
    assert believe_lenders(own, nothing) is nothing


def test_readings_join_by_their_precision() -> None:
    joined = join_roots(
        Roots(np.array([1.0, 1.0]), np.array([1.0, 0.0])), Roots(np.array([2.0, 5.0]), np.array([3.0, 0.0]))
    )
    assert joined.value.tolist() == [1.75, 1.0]
    assert joined.precision.tolist() == [4.0, 0.0]
