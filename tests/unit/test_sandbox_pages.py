from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from adtempo.platforms.sandbox.clock import from_us, to_us
from adtempo.platforms.sandbox.pages import (
    BUMP,
    PPV,
    PageHistory,
    PageSpec,
    captions_table,
    demo_pages,
    messages_table,
    simulate_page,
    true_saturation,
)

START = date(2026, 1, 5)
PAGE = PageSpec("ava")
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def history(page: PageSpec = PAGE, weeks: int = 26, seed: int = 1) -> PageHistory:
    return simulate_page(seed, page, START, weeks)


def test_a_page_repeats_itself_and_a_longer_history_begins_with_the_shorter() -> None:
    short, long = history(weeks=10), history(weeks=26)
    n = len(short.sent_us)
    for name in ("sent_us", "paid", "caption", "recipients", "views", "purchases", "saturation"):
        assert np.array_equal(getattr(short, name), getattr(long, name)[:n])


def test_messages_are_shown_as_of_a_moment_and_purchases_only_come_in() -> None:
    played = history()
    early, late = (messages_table(played, NOW + timedelta(hours=hours)).to_pandas() for hours in (0, 5))
    assert (early.sent_at <= NOW.isoformat()).all()
    assert early.sent_at.is_monotonic_increasing
    assert (late.purchases[: len(early)] >= early.purchases).all()
    final = messages_table(played, NOW + timedelta(days=400)).to_pandas()
    assert final.purchases.tolist() == played.purchases.tolist()
    assert (final.purchases <= final.views).all()
    assert (final.views <= final.recipients).all()
    assert (final.revenue == final.purchases * final.price).all()


def test_bumps_are_free_and_earn_nothing() -> None:
    rows = messages_table(history(), NOW).to_pylist()
    bumps = [row for row in rows if row["message_type"] == BUMP]
    assert {row["message_type"] for row in rows} == {PPV, BUMP}
    assert all(row["price"] == row["revenue"] == Decimal(0) for row in bumps)
    assert all(row["caption_id"].startswith("ava-F") for row in bumps)


def test_every_caption_that_was_sent_is_in_the_bank_and_rests_long() -> None:
    played = history()
    bank = {row["caption_id"]: row for row in captions_table(PAGE).to_pylist()}
    rows = messages_table(played, NOW).to_pylist()
    assert {row["caption_id"] for row in rows} <= set(bank)
    assert all((bank[row["caption_id"]]["price_tier"] == "Free") == (row["message_type"] == BUMP) for row in rows)
    paid = played.caption[played.paid]
    assert len(set(paid[: PAGE.captions].tolist())) == PAGE.captions


def test_no_two_messages_go_out_at_one_moment() -> None:
    for page in demo_pages():
        assert (np.diff(history(page).sent_us) > 0).all()


def test_saturation_rises_with_each_paid_message_and_fades() -> None:
    hour = 3_600_000_000
    paid = np.arange(5) * hour
    seen = true_saturation(PAGE, paid, np.array([0, 1, 2, 5, 72 + 5, 24 * 60]) * hour)
    assert seen[0] == 0.0
    assert (np.diff(seen[:4]) > 0).all()
    assert seen[4] == pytest.approx(1 - np.sqrt(1 - seen[3]), rel=1e-9), "half the load after three days"
    assert seen[5] < 1e-4


def test_saturation_costs_what_it_says() -> None:
    """Sales over their rested chance, in busy against quiet moments; 5 sigmas, fails by chance with 6e-7."""
    played = history(PageSpec("busy", fans=50_000, wear=0.1), weeks=52)
    rested = played.recipients * played.chance / np.where(played.paid, 1 - played.saturation, 1.0)
    cuts = np.quantile(played.saturation[played.paid], [1 / 3, 2 / 3])
    third = np.digitize(played.saturation, cuts)
    for part in range(3):
        inside = played.paid & (third == part)
        mean = np.sum(rested[inside] * (1 - played.saturation[inside]))
        assert played.purchases[inside].sum() == pytest.approx(mean, abs=5 * np.sqrt(mean))
    assert stats.spearmanr(third[played.paid], played.chance[played.paid] / rested[played.paid]).statistic < 0


def test_the_saturation_at_a_moment_is_that_of_the_next_message() -> None:
    played = history()
    at = np.flatnonzero(played.paid)[40]
    assert played.saturation_at(from_us(played.sent_us[at])) == pytest.approx(played.saturation[at])


def test_demo_pages_span_the_zones_of_saturation() -> None:
    means = [played.saturation[played.paid].mean() for played in map(history, demo_pages())]
    zones = np.digitize(means, [0.3, 0.6])
    assert set(zones.tolist()) == {0, 1, 2}


def test_messages_are_sent_in_open_hours_of_the_pages_own_zone() -> None:
    played = history(PageSpec("chiyo", "Asia/Tokyo"))
    local = [(from_us(us) + timedelta(hours=9)).hour for us in played.sent_us]
    assert min(local) >= 8
    assert to_us(from_us(played.sent_us[0])) == played.sent_us[0]
