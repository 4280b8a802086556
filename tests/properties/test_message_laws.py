"""Laws of a page's analysis: whatever was sent, the answer is finite, bounded and free of units and names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adtempo.domain.messages import CaptionBank, MessageHistory
from adtempo.messages.captions import draw_scores, performance_scores
from adtempo.messages.estimate import estimate_page
from known_pages import SMALL
from page_beliefs import believe_captions, feel_saturation

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
KINDS = np.array(["a", "b", ""], dtype=object)
TIERS = np.array(["Budget", "Mid", "Premium"], dtype=object)

seeds = st.integers(0, 2**32 - 1)


def bank(captions: int) -> CaptionBank:
    number = np.arange(captions)
    return CaptionBank.of(
        caption_id=np.array([f"c{n}" for n in number], dtype=object),
        price_tier=np.where(number % 4 == 3, "Free", TIERS[number % 3]),
        content_category=KINDS[number // 3 % 3],
        has_urgency=number % 2 == 0,
    )


def histories(seed: int, most: int = 60) -> tuple[MessageHistory, CaptionBank]:
    """Draw a history of any shape: bursts, hours, sizes and prices at random, some of it without any sale."""
    rng = np.random.default_rng(seed)
    count, captions = int(rng.integers(0, most)), int(rng.integers(4, 40))
    known = bank(captions)
    minutes = np.sort(rng.integers(0, int(rng.choice([3, 60, 5_000, 200_000])), count))
    caption = rng.integers(0, captions, count)
    paid = known.price_tier[caption] != "Free"
    recipients = rng.integers(0, int(rng.choice([2, 100, 100_000])), count)
    views = rng.binomial(recipients, 0.5)
    purchases = np.where(paid, rng.binomial(views, rng.choice([0.0, 0.01, 0.5])), 0)
    price = np.where(paid, rng.integers(1, 5, count) * 7_990_000, 0)
    return MessageHistory(
        page_name="any",
        timezone=str(rng.choice(["Europe/Berlin", "Asia/Kolkata", "America/New_York"])),
        sent_at=np.datetime64("2025-11-05T00:00", "us") + minutes.astype("timedelta64[m]"),
        paid=paid,
        caption_id=known.caption_id[caption],
        price_tier=known.price_tier[caption].astype(object),
        content_category=known.content_category[caption],
        price_micros=price,
        recipients=recipients,
        views=views,
        purchases=purchases,
        revenue_micros=purchases * price,
    ), known


@settings(max_examples=15)
@given(seeds)
def test_any_history_has_an_answer_that_is_finite_and_bounded(seed: int) -> None:
    history, known = histories(seed)
    found = estimate_page(history, known, SMALL, NOW)
    worn = found.saturation
    assert 0 <= worn.low95 <= worn.score <= worn.high95 <= 1
    assert len(found.hours.levels) == 168
    for pattern in (found.hours, found.weekdays, found.price_tiers, found.categories):
        assert np.isfinite(pattern.factors).all()
        assert pattern.found or set(pattern.factors.tolist()) <= {1.0}
        for level in pattern.levels:
            assert level.low95 is None or level.high95 is None or level.low95 <= level.factor <= level.high95
    posteriors = believe_captions(history, known, NOW)
    scores = performance_scores(posteriors, np.arange(len(posteriors)))
    assert ((scores >= 0) & (scores <= 1)).all()
    paid = np.flatnonzero(known.price_tier != "Free")
    drawn = draw_scores(posteriors, np.random.default_rng(seed), paid, 5)
    assert np.isfinite(drawn).all()


@settings(max_examples=6)
@given(seeds, st.integers(2, 1_000))
def test_another_currency_changes_no_saturation_and_scales_what_is_expected(seed: int, times: int) -> None:
    history, known = histories(seed)
    other = replace(history, price_micros=history.price_micros * times, revenue_micros=history.revenue_micros * times)
    assert feel_saturation(other, NOW).score == pytest.approx(feel_saturation(history, NOW).score, abs=1e-6)
    one, scaled = (believe_captions(each, known, NOW) for each in (history, other))
    assert scaled.expected_micros == pytest.approx(one.expected_micros * times, rel=1e-6, nan_ok=True)


@settings(max_examples=6)
@given(seeds)
def test_names_mean_nothing(seed: int) -> None:
    history, _ = histories(seed)
    other = replace(
        history,
        caption_id=np.array([f"z{name}" for name in history.caption_id], dtype=object),
        content_category=np.array([f"z{name}" for name in history.content_category], dtype=object),
    )
    assert feel_saturation(other, NOW).score == pytest.approx(feel_saturation(history, NOW).score, abs=1e-6)


@settings(max_examples=6)
@given(seeds, st.integers(1, 60))
def test_silence_only_heals(seed: int, days: int) -> None:
    history, _ = histories(seed)
    settled = NOW + timedelta(days=3)
    assert feel_saturation(history, settled + timedelta(days=days)).load <= (
        feel_saturation(history, settled).load + 1e-9
    )
