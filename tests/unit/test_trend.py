"""Falls of rates: found, held against siblings and drift, and silent where little is known."""

import numpy as np
import pytest

from adtempo.stats.trend import find_declines
from creative_markets import Market, ever_flagged, wilson


def test_healthy_creatives_are_seldom_flagged_in_eight_weeks_of_daily_looks() -> None:
    """True share about 4%; of 150, more than 20 would be flagged with probability below 1e-6 (binomial)."""
    assert ever_flagged(Market(campaigns=150), seed=11).sum() <= 20


def test_creatives_that_halve_in_two_weeks_are_flagged_before_they_have_lost_30_percent() -> None:
    """At 300 clicks a day all but about 1% are; of 60, fewer than 50 would be with probability below 1e-7."""
    tiring = Market(campaigns=60, tiring=1, ctr=0.03, start=28)
    assert ever_flagged(tiring, seed=12, days=tiring.last_day_in_time).sum() >= 50


def test_at_a_hundred_quiet_clicks_a_day_nearly_as_many_are() -> None:
    """About 90% are; of 60, fewer than 40 would be with probability below 1e-5."""
    tiring = Market(campaigns=60, tiring=1, start=28)
    assert ever_flagged(tiring, seed=16, days=tiring.last_day_in_time).sum() >= 40


def test_a_falling_market_tires_nobody_who_has_siblings() -> None:
    """24% in eight weeks, twelve campaigns of four; a share of 10% would pass with probability above 0.99."""
    market = Market(campaigns=12, creatives=4, drift=0.005, ctr=0.02, noise=0.03, common=0.03)
    assert ever_flagged(market, seed=13).mean() < 0.25


def test_the_half_of_a_family_that_holds_is_the_yardstick() -> None:
    market = Market(campaigns=10, creatives=4, tiring=2, start=21, ctr=0.03, noise=0.03, common=0.03)
    clicks, impressions = market.counts(np.random.default_rng(14), days=33)
    found = find_declines(clicks, impressions, market.campaign, np.zeros(40))
    assert found.score[market.tires].min() > 0.5
    assert np.median(found.score[~market.tires]) < 0.1
    assert np.median(found.fall[market.tires]) == pytest.approx(0.42, abs=0.08)
    assert np.median(found.healthy[market.tires]) == pytest.approx(0.03, rel=0.08)
    assert np.nanmax(found.siblings_fall[market.tires]) < 0.5


def test_series_with_fewer_than_three_days_say_nothing() -> None:
    found = find_declines([[5, 0, 9], [0, 0, 0]], [[100, 0, 100], [0, 0, 0]], ["a", "a"], ["p", "p"])
    assert found.score.tolist() == [0, 0]
    assert np.isnan(found.probability).all()
    assert np.isnan(found.fall).all()
    assert np.isnan(find_declines(np.zeros((2, 0)), np.zeros((2, 0)), [0, 0], [0, 0]).healthy).all()


def test_a_series_without_success_is_not_falling() -> None:
    found = find_declines(np.zeros((1, 20)), np.full((1, 20), 100), [0], [0])
    assert found.score.tolist() == [0]


def test_no_series_is_no_problem() -> None:
    assert find_declines(np.zeros((0, 9)), np.zeros((0, 9)), [], []).score.shape == (0,)


def test_days_without_exposure_and_creatives_that_start_later_are_left_out() -> None:
    clicks, impressions = Market(campaigns=2, tiring=1, start=10, ctr=0.03).counts(np.random.default_rng(15), days=24)
    for panel in (clicks, impressions):
        panel[:, 3] = 0
        panel[1, :8] = 0
    assert find_declines(clicks, impressions, [0, 1], [0, 0]).score.min() > 0.5


def test_wilson_intervals_are_the_published_ones() -> None:
    low, high = wilson(81, 263)  # Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E
    assert [low, high] == pytest.approx([0.2553, 0.3662], abs=1e-4)
