"""Creatives of the sandbox market by day, with its own slow noise, traffic, saturation and delivery."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from adtempo.platforms.sandbox.conditions import Stage, market_conditions
from adtempo.platforms.sandbox.delivery import settings_by_hour, simulate_delivery
from adtempo.platforms.sandbox.spec import AccountSpec, AdSpec, CampaignSpec, WorldSpec
from adtempo.platforms.sandbox.world import World
from creative_markets import EIGHT_WEEKS, HALF_LIFE_DAYS
from worlds import START

Floats = NDArray[np.float64]

BUDGET_MICROS = 105_000_000
"""A day's for each creative of a campaign: buys 10,000 impressions at the sandbox's own price and saturation."""

HALVES_IN_TWO_WEEKS = 88_000
"""Impressions until half of the CTR that can be lost is lost: at 10,000 a day the whole halves in two weeks."""


def sandbox_counts(
    campaigns: int, creatives: int, ctr: float, seed: int, *, days: int = EIGHT_WEEKS, tiring: bool = False
) -> tuple[Floats, Floats]:
    """Play campaigns as the sandbox has them, and return clicks and impressions, shape (creatives, days).

    Args:
        campaigns: How many.
        creatives: In each of them, equal.
        ctr: As a ratio.
        seed: Of the world.
        days: How long.
        tiring: Whether the first of each campaign's creatives tires, from its first impression on.
    """
    ads = tuple(
        AdSpec(f"ad{place}", f"creative{place}", fatigue_impressions=HALVES_IN_TWO_WEEKS * (tiring and place == 0))
        for place in range(creatives)
    )
    plain = CampaignSpec("", "", ads, ctr=ctr, budget_daily_micros=BUDGET_MICROS * creatives)
    specs = tuple(replace(plain, campaign_id=str(number)) for number in range(campaigns))
    account = AccountSpec("tiktok", "t1", "", "Europe/Berlin", "EUR", specs)
    clock = World(WorldSpec(seed, START, days, (account,))).clock(account)
    clicks: list[NDArray[np.int64]] = []
    impressions: list[NDArray[np.int64]] = []
    for spec in specs:
        stage = Stage(seed, account, spec, clock)
        delivery = simulate_delivery(stage, market_conditions(stage), settings_by_hour(spec, (), clock))
        for into, hourly in ((clicks, delivery.clicks), (impressions, delivery.impressions)):
            into.append(np.add.reduceat(hourly, clock.day_starts[:-1], axis=0).T)
    return np.concatenate(clicks).astype(np.float64), np.concatenate(impressions).astype(np.float64)


def halving(clicks: Floats, which: NDArray[np.bool_], start: int, seed: int) -> Floats:
    """Let some creatives' CTR halve every two weeks from a day on, by losing each of their clicks at random."""
    days = np.maximum(np.arange(clicks.shape[1]) + 0.5 - start, 0)
    left = np.where(which[:, None], 0.5 ** (days / HALF_LIFE_DAYS), 1.0)
    return np.random.default_rng(seed).binomial(clicks.astype(np.int64), left).astype(np.float64)
