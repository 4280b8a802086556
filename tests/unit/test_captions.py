"""What is believed of captions, and which are drawn."""

from datetime import timedelta

import numpy as np
import pytest
from scipy.stats import spearmanr

from adtempo.domain.messages import CaptionPosteriors, MessageHistory
from adtempo.messages.captions import EXPLORATION, draw_scores, performance_scores
from adtempo.platforms.sandbox.clock import from_us
from adtempo.platforms.sandbox.pages import PageHistory, PageSpec, simulate_page
from known_pages import START, bank_of, history_at, true_worth
from page_beliefs import believe_captions

PAGE = PageSpec("ava", fans=9_000, wear=0.05, captions=90)
PAID = np.arange(90)
FREE = np.arange(90, 180)


@pytest.fixture(scope="module")
def played() -> PageHistory:
    return simulate_page(1, PAGE, START, 26)


@pytest.fixture(scope="module")
def believed(played: PageHistory) -> CaptionPosteriors:
    now = from_us(played.sent_us[-1])
    return believe_captions(history_at(played, now), bank_of(PAGE), now)


def test_captions_rank_as_they_are(played: PageHistory, believed: CaptionPosteriors) -> None:
    """Of 90 captions sent about four times each; 0.75 is five deviations below what is usual (0.9)."""
    assert spearmanr(true_worth(played), believed.expected_micros[PAID])[0] > 0.75
    assert believed.batches == 25
    assert believed.tried[PAID].mean() > 0.9
    assert len(believed) == 180


def test_a_caption_is_not_blamed_for_a_tired_audience() -> None:
    worn = simulate_page(1, PageSpec("ava", fans=9_000, wear=0.3, captions=90), START, 26)
    now = from_us(worn.sent_us[-1])
    found = believe_captions(history_at(worn, now), bank_of(PAGE), now)
    raw = np.array([worn.purchases[(worn.caption == n) & worn.paid].sum() for n in PAID])
    price = found.price_micros[PAID]
    correlation = spearmanr(true_worth(worn), found.expected_micros[PAID])[0]
    assert correlation > spearmanr(true_worth(worn), raw * price)[0]


def test_a_new_caption_begins_as_its_kind_does(played: PageHistory) -> None:
    now = from_us(played.sent_us[-1])
    bank = bank_of(PageSpec("ava", captions=120))  # thirty that were never sent
    found = believe_captions(history_at(played, now), bank, now)
    kinds = np.char.add(bank.price_tier.astype(str), bank.content_category.astype(str))
    for new in range(90, 120):
        alike = found.expected_micros[:90][kinds[:90] == kinds[new]]
        assert alike.min() < found.expected_micros[new] < alike.max()
        assert not found.tried[new]


def test_old_evidence_fades(played: PageHistory, believed: CaptionPosteriors) -> None:
    now = from_us(played.sent_us[-1])
    later = believe_captions(history_at(played, now), bank_of(PAGE), now + timedelta(days=120))
    assert (later.recipients[PAID] < believed.recipients[PAID]).mean() > 0.9


def test_a_page_without_history_knows_no_price_and_draws_by_chance() -> None:
    now = from_us(simulate_page(1, PAGE, START, 1).sent_us[0]) - timedelta(days=1)
    nothing = history_at(simulate_page(1, PAGE, START, 1), now)
    found = believe_captions(nothing, bank_of(PAGE), now)
    assert np.isnan(found.expected_micros[PAID]).all()
    assert found.batches == 0
    assert performance_scores(found, np.arange(180)) == pytest.approx(np.full(180, 0.45), abs=0.1)
    drawn = draw_scores(found, np.random.default_rng(1), PAID, 10)
    assert len(set(drawn.tolist())) == 90


def test_a_draw_prefers_good_captions_and_repeats_itself(played: PageHistory, believed: CaptionPosteriors) -> None:
    scores = draw_scores(believed, np.random.default_rng(7), PAID, 10)
    assert np.array_equal(scores, draw_scores(believed, np.random.default_rng(7), PAID, 10))
    worth = true_worth(played)
    assert worth[np.argsort(-scores)[:10]].mean() > 1.6 * worth.mean()


def test_exploration_has_a_floor_and_a_cap(played: PageHistory) -> None:
    now = from_us(played.sent_us[-1])
    bank = bank_of(PageSpec("ava", captions=2_000))  # nearly all were never sent
    found = believe_captions(history_at(played, now), bank, now)
    scores = draw_scores(found, np.random.default_rng(3), np.arange(2_000), 20)
    new = ~found.tried[np.argsort(-scores)[:20]]
    assert EXPLORATION[0] * 20 <= new.sum() <= EXPLORATION[1] * 20


def test_free_captions_are_drawn_by_how_often_they_are_looked_at(believed: CaptionPosteriors) -> None:
    drawn = draw_scores(believed, np.random.default_rng(1), FREE, 5)
    assert drawn == pytest.approx(np.full(90, 0.6), abs=0.05)
    assert not believed.expected_micros[FREE].any()


def test_performance_scores_are_chances_to_beat_the_typical_caption(
    played: PageHistory, believed: CaptionPosteriors
) -> None:
    scores = performance_scores(believed, np.arange(180))
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores[PAID][true_worth(played).argsort()[-10:]].mean() > 0.9
    assert scores[PAID][true_worth(played).argsort()[:10]].mean() < 0.1


def test_a_tier_that_was_never_sold_takes_the_usual_price(played: PageHistory) -> None:
    now = from_us(played.sent_us[-1])
    history = history_at(played, now)
    cheap: MessageHistory = history.only(history.price_tier != "Premium")
    found = believe_captions(cheap, bank_of(PAGE), now)
    premium = bank_of(PAGE).price_tier == "Premium"
    assert set(found.price_micros[premium].tolist()) <= {7_990_000.0, 14_990_000.0, 11_490_000.0}


def test_messages_of_captions_that_left_the_bank_are_no_evidence(played: PageHistory) -> None:
    now = from_us(played.sent_us[-1])
    bank = bank_of(PageSpec("ava", captions=30))
    assert len(believe_captions(history_at(played, now), bank, now)) == 60


def test_a_bank_without_free_captions_is_scored(played: PageHistory) -> None:
    now = from_us(played.sent_us[-1])
    bank = bank_of(PAGE)
    paid = bank.only(PAID)
    assert len(performance_scores(believe_captions(history_at(played, now), paid, now), PAID)) == 90
