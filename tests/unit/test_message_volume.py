"""How much a page sends in a week, and which tier it is in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from adtempo.domain.errors import InvalidInput
from adtempo.domain.messages import MessageHistory, Tier, Zone
from adtempo.messages.tiers import MONTH_DAYS, STAY_PERCENT, classify_page, next_tier, tier_of
from adtempo.messages.volume import TIER_RULES, find_tier, plan_volume, volume_body

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DOLLAR = 1_000_000


@pytest.mark.parametrize(
    ("tier", "saturation", "ppv", "bump", "zone", "gap", "cooling"),
    [
        (Tier.MICRO, 0.2, 6, 4, Zone.GREEN, 180, 0),
        (Tier.SMALL, 0.2, 8, 6, Zone.GREEN, 150, 0),
        (Tier.MEDIUM, 0.4, 9, 9, Zone.YELLOW, 150, 0),
        (Tier.LARGE, 0.7, 8, 24, Zone.RED, 150, 2),
        (Tier.MEGA, 0.8, 10, 32, Zone.RED, 135, 2),
    ],
)
def test_the_volume_table_is_kept_exactly(
    tier: Tier, saturation: float, ppv: int, bump: int, zone: Zone, gap: int, cooling: int
) -> None:
    volume = plan_volume(tier, saturation)
    assert (volume.ppv, volume.bump, volume.zone, volume.gap_minutes, volume.cooling_days) == (
        *(ppv, bump, zone),
        *(gap, cooling),
    )
    assert list(volume_body(volume)) == ["tier", "saturation", "zone", "ppv", "bump", "gap_minutes", "cooling_days"]


def test_every_rested_tier_sends_what_its_range_allows() -> None:
    for tier, rule in TIER_RULES.items():
        volume = plan_volume(tier, 0.0)
        assert rule.ppv[0] <= volume.ppv <= rule.ppv[1]
        assert rule.bump[0] <= volume.bump <= rule.bump[1]


@pytest.mark.parametrize("saturation", [-0.1, 1.1, float("nan")])
def test_a_saturation_that_cannot_be_is_refused(saturation: float) -> None:
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        plan_volume(Tier.MICRO, saturation)


def test_tiers_are_found_by_name() -> None:
    assert find_tier("large") is Tier.LARGE
    with pytest.raises(InvalidInput, match="no tier 'HUGE'; choose one of MICRO"):
        find_tier("HUGE")


def history(weekly: list[float]) -> MessageHistory:
    """A page that earned so much in each of the last weeks, the latest last."""
    moments = [NOW - timedelta(days=7 * (len(weekly) - week) - 1) for week in range(len(weekly))]
    moments.insert(0, NOW - timedelta(days=7 * len(weekly)))
    revenue = [0.0, *weekly]
    texts = np.array(["c"] * len(revenue), dtype=object)
    ones = np.ones(len(revenue), dtype=np.int64)
    return MessageHistory(
        "ava",
        "UTC",
        np.array([moment.replace(tzinfo=None) for moment in moments], dtype="datetime64[us]"),
        ones.astype(bool),
        texts,
        texts,
        texts,
        ones,
        ones,
        ones,
        ones,
        np.array([round(amount * DOLLAR) for amount in revenue], dtype=np.int64),
    )


def test_lower_bounds_are_inclusive() -> None:
    found = classify_page(history([15_000 * 28 / MONTH_DAYS / 4] * 4), NOW)
    assert found.revenue_monthly_micros == 15_000 * DOLLAR
    assert "14000.00 in 28 days is 15000.00 a month" in found.evidence
    assert tier_of(5_000 * DOLLAR) is Tier.SMALL
    assert tier_of(5_000 * DOLLAR - 1) is Tier.MICRO
    assert [tier_of(bound * DOLLAR) for bound in (25_000, 100_000, 500_000)] == [Tier.MEDIUM, Tier.LARGE, Tier.MEGA]


def test_a_page_does_not_flip_at_a_boundary() -> None:
    steady = [1_300.0] * 10
    assert classify_page(history(steady), NOW).tier is Tier.SMALL
    dipped = classify_page(history([*steady, 1_000.0, 1_000.0, 1_000.0, 1_300.0]), NOW)
    assert dipped.revenue_monthly_micros < 5_000 * DOLLAR
    assert dipped.tier is Tier.SMALL
    assert f"not below {STAY_PERCENT}%" in dipped.evidence
    assert classify_page(history([*steady, 700.0, 700.0, 700.0, 700.0]), NOW).tier is Tier.MICRO


def test_a_tier_is_left_only_below_its_bound_and_entered_at_once() -> None:
    assert next_tier(None, 4_900 * DOLLAR) is Tier.MICRO
    assert next_tier(Tier.SMALL, 4_500 * DOLLAR) is Tier.SMALL
    assert next_tier(Tier.SMALL, 4_499 * DOLLAR) is Tier.MICRO
    assert next_tier(Tier.MICRO, 5_000 * DOLLAR) is Tier.SMALL
    assert next_tier(Tier.MEGA, 95_000 * DOLLAR) is Tier.LARGE
    assert next_tier(Tier.MEDIUM, 600_000 * DOLLAR) is Tier.MEGA


def test_a_page_without_history_is_micro() -> None:
    empty = history([]).only(np.zeros(1, dtype=bool))
    assert classify_page(empty, NOW).tier is Tier.MICRO
