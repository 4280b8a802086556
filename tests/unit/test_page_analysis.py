"""Eight sections: patterns where they are, none where noise is, and words where too little is known."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from adtempo.domain.messages import PageAnalysis, Zone
from adtempo.messages.estimate import HOURS, estimate_page
from adtempo.messages.segments import NO_SIGN
from adtempo.platforms.sandbox.clock import from_us
from adtempo.platforms.sandbox.pages import PageSpec, simulate_page
from adtempo.platforms.sandbox.spec import Block
from known_pages import SMALL, START, bank_of, history_at, sold_times
from page_beliefs import feel_saturation

PAGE = PageSpec("ava", fans=9_000, wear=0.05)


def analysed(page: PageSpec = PAGE, weeks: int = 26, seed: int = 1) -> PageAnalysis:
    played = simulate_page(seed, page, START, weeks)
    now = from_us(played.sent_us[-1])
    return estimate_page(history_at(played, now), bank_of(page), SMALL, now)


@pytest.fixture(scope="module")
def evening() -> PageAnalysis:
    return analysed()


def test_good_hours_are_found_and_measured(evening: PageAnalysis) -> None:
    """The true factors are 1.6 at 19-22, 0.8 at 8-10 and 1 else; the mean over hours that were used is 1.1."""
    assert evening.hours.found
    factors = dict(zip(HOURS, evening.hours.factors, strict=True))
    assert factors["Wed 20:00"] / factors["Wed 15:00"] == pytest.approx(1.6, abs=0.2)
    assert factors["Wed 09:00"] / factors["Wed 15:00"] == pytest.approx(0.8, abs=0.12)
    assert len(evening.hours.levels) == 168
    assert not evening.weekdays.found
    assert set(evening.weekdays.factors) == {1.0}
    assert "no pattern" in evening.weekdays.evidence
    assert sum(level.messages for level in evening.hours.levels) == evening.saturation.paid_messages


def test_weekends_are_found() -> None:
    found = analysed(replace(PAGE, hours=(Block(tuple(range(24)), 1.5, (5, 6)),)))
    assert found.weekdays.found
    assert {found.weekdays.levels[n].label for n in np.argsort(-found.weekdays.factors)[:2]} == {"Saturday", "Sunday"}


def test_a_flat_page_shows_no_hours() -> None:
    """Chance alone would show a pattern of hours or weekdays on one flat page in fifty."""
    flat = analysed(replace(PAGE, hours=()))
    assert not flat.hours.found
    assert not flat.weekdays.found
    assert flat.segment.traits[0].answer == NO_SIGN
    for level in flat.hours.levels:
        assert level.low95 is not None
        assert level.high95 is not None
        assert level.low95 <= level.factor == 1.0 <= level.high95


def test_tiers_and_categories_are_compared_all_else_being_equal(evening: PageAnalysis) -> None:
    assert [level.label for level in evening.price_tiers.levels] == ["Budget", "Mid", "Premium"]
    assert evening.price_tiers.found
    assert evening.price_tiers.factors[2] / evening.price_tiers.factors[0] == pytest.approx(1.73, rel=0.3)
    assert evening.categories.found
    labels = [level.label for level in evening.categories.levels]
    assert labels == sorted(labels)
    assert labels[int(evening.categories.factors.argmax())] == "live"
    assert all(level.value_micros is not None and level.value_micros > 0 for level in evening.categories.levels)


def test_an_audience_gets_its_name(evening: PageAnalysis) -> None:
    assert evening.segment.name == "late, premium, steady"
    assert "18:00-23:59" in evening.segment.traits[0].evidence
    morning = analysed(replace(PAGE, hours=(Block(tuple(range(6, 14)), 1.5),)))
    assert morning.segment.name.startswith("early")


def test_a_page_of_few_hits_is_bursty() -> None:
    played = simulate_page(2, replace(PAGE, fans=40_000), START, 26)
    now = from_us(played.sent_us[-1])
    rng = np.random.default_rng(1)
    history = history_at(played, now)
    hits = sold_times(history, np.minimum(np.exp(rng.normal(-2, 1.2, len(history))), 1.0), rng)
    found = estimate_page(hits, bank_of(PAGE), SMALL, now)
    assert found.segment.traits[2].answer == "burst"
    some = sold_times(history, np.minimum(np.exp(rng.normal(-1, 0.3, len(history))), 1.0), rng)
    between = estimate_page(some.only(np.arange(len(some)) < 60), bank_of(PAGE), SMALL, now)
    assert between.segment.traits[2].answer == NO_SIGN


def test_captions_are_listed_best_and_weakest(evening: PageAnalysis) -> None:
    review = evening.captions
    assert len(review.best) == len(review.weakest) == 5
    assert review.best[0].expected_micros > review.best[4].expected_micros > review.weakest[4].expected_micros
    assert review.best[0].low95 < review.best[0].expected_micros < review.best[0].high95
    assert review.best[0].performance_score > 0.9
    assert review.weakest[0].performance_score < 0.1
    assert not {row.caption_id for row in review.best} & {row.caption_id for row in review.weakest}


def test_a_falling_page_is_seen_to_fall_and_keeps_its_saturation() -> None:
    played = simulate_page(3, replace(PAGE, season=0.0), START, 26)
    now = from_us(played.sent_us[-1])
    rng = np.random.default_rng(1)
    history = history_at(played, now)
    days = (history.sent_at - history.sent_at[0]) / np.timedelta64(1, "D")
    falling = sold_times(history, np.exp(-days / 120), rng)
    found = estimate_page(falling, bank_of(PAGE), SMALL, now)
    assert found.captions.trend == pytest.approx(np.expm1(-28 / 120), abs=0.12)
    assert found.captions.evidence.startswith("falling")
    assert found.saturation.low95 <= played.saturation_at(now) <= found.saturation.high95
    rising = estimate_page(sold_times(history, np.exp((days - days[-1]) / 120), rng), bank_of(PAGE), SMALL, now)
    assert rising.captions.evidence.startswith("rising")


def test_a_page_with_hardly_any_messages_says_so() -> None:
    page = replace(PAGE, ppv_weekly=1)
    found = analysed(page, weeks=2)
    assert found.saturation.thin
    assert found.saturation.zone is Zone.GREEN
    assert "too few" in found.saturation.evidence
    assert found.hours.factors.tolist() == [1.0] * 168
    assert found.price_tiers.levels == found.categories.levels == ()
    assert found.segment.name == NO_SIGN
    assert found.captions.trend is None


def test_a_thin_page_says_so_and_leans_on_what_is_usual() -> None:
    found = analysed(weeks=3)
    assert found.saturation.thin
    assert "fewer than 60" in found.saturation.evidence
    assert found.captions.trend is None


def test_a_page_that_sells_next_to_nothing_is_thin_however_much_it_sends() -> None:
    played = simulate_page(1, replace(PAGE, fans=100, appeal=0.002), START, 12)
    now = from_us(played.sent_us[-1])
    found = feel_saturation(history_at(played, now), now)
    assert found.paid_messages >= 60
    assert found.thin
    assert "hardly varied" in found.evidence


def test_one_tier_and_one_category_cannot_be_compared() -> None:
    played = simulate_page(1, PAGE, START, 26)
    now = from_us(played.sent_us[-1])
    history = history_at(played, now)
    one = history.only((history.price_tier == "Mid") & (history.content_category == "live"))
    found = estimate_page(one, bank_of(PAGE), SMALL, now)
    assert found.price_tiers.p_value is None
    assert "nothing can be compared" in found.categories.evidence
    assert found.segment.traits[1].answer == NO_SIGN


def test_messages_of_the_last_two_days_are_felt_but_not_judged() -> None:
    played = simulate_page(1, PAGE, START, 12)
    now = from_us(played.sent_us[-1])
    history = history_at(played, now)
    fresh = history.sent_at > np.datetime64(now.replace(tzinfo=None), "us") - np.timedelta64(48, "h")
    unsold = sold_times(history, np.where(fresh, 0.0, 1.0), np.random.default_rng(1))
    known = feel_saturation(history, now)
    assert feel_saturation(unsold, now).score == known.score
    rested = feel_saturation(history, now + timedelta(days=6))
    assert rested.load < known.load
    assert rested.score < known.score


def test_early_and_late_need_messages_on_both_sides() -> None:
    played = simulate_page(1, replace(PAGE, timezone="UTC"), START, 26)
    now = from_us(played.sent_us[-1])
    history = history_at(played, now)
    hours = history.sent_at.astype("datetime64[h]").astype(int) % 24
    found = estimate_page(history.only(hours > 14), bank_of(PAGE), SMALL, now)
    assert found.segment.traits[0].value is None
    assert "too few" in found.segment.traits[0].evidence
