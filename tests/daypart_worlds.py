"""Worlds of hourly campaigns whose truth is known, for tests, calibration and benchmarks of dayparts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.dayparts.panel import HourlyPanel
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.metrics import ROAS
from adtempo.platforms.sandbox.spec import DAILY_TRAFFIC

Floats = NDArray[np.float64]

MONDAY = np.datetime64("2026-01-05", "D")


@dataclass(frozen=True)
class HourWorld:
    """Campaigns whose peaks are two blocks of three hours, anywhere on the clock.

    Attributes:
        campaigns: How many.
        accounts: Over how many accounts they are dealt out; 0: one each.
        days: How long.
        clicks: Per hour, on average.
        cvr: Conversions per click in a plain hour.
        factor: How much better peak hours are; 1: there is no pattern.
        valley: How good up to six other hours in a row are.
        weekend_only: Whether only Saturdays and Sundays have the pattern.
        wave: Half the height of a smooth daily wave instead of blocks.
        same: Whether all campaigns of an account have their peaks at the same hours.
        value_spread: Standard deviation of the log of a conversion's value.
        in_value: Whether better hours bring dearer conversions, not more of them.
        noise: Spread of slow noise on the conversion rate, as a log.
        memory_hours: How long that noise remembers.
        trend: Change of the conversion rate per day, as a log.
        weekday_spread: Spread of weekdays, as a log.
        rhythm: Whether clicks follow the market's daily traffic; else every hour is alike.
    """

    campaigns: int = 400
    accounts: int = 0
    days: int = 28
    clicks: float = 60.0
    cvr: float = 0.03
    factor: float = 1.5
    valley: float = 1.0
    weekend_only: bool = False
    wave: float = 0.0
    same: bool = False
    value_spread: float = 0.0
    in_value: bool = False
    noise: float = 0.0
    memory_hours: float = 36.0
    trend: float = 0.0
    weekday_spread: float = 0.0
    rhythm: bool = False


@dataclass(frozen=True, eq=False)
class PlayedHours:
    """What came of a world.

    Attributes:
        panel: Its hours, by ROAS.
        peaks: True peak hours, shape (campaigns, hours=24).
        cells: True ROAS of each cell in the middle of the look-back, shape (campaigns, 168).
    """

    panel: HourlyPanel
    peaks: NDArray[np.bool_]
    cells: Floats


def play_hours(world: HourWorld, seed: int) -> PlayedHours:
    """Play a world; the same seed plays the same world."""
    rng = np.random.default_rng(seed)
    shape = (world.campaigns, world.days, 24)
    account = np.arange(world.campaigns) % world.accounts if world.accounts else np.arange(world.campaigns)
    blocks, lows = _blocks(rng, world.campaigns)
    peaks, lows = (blocks[account], lows[account]) if world.same else (blocks, lows)
    hours = np.where(peaks, world.factor, np.where(lows, world.valley, 1.0))
    if world.wave:
        hours = 1 + world.wave * np.sin(2 * np.pi * (np.arange(24) - rng.uniform(0, 24, (world.campaigns, 1))) / 24)
    week = np.repeat(hours[:, None], 7, axis=1)
    if world.weekend_only:
        week[:, :5] = 1.0
    week *= np.exp(world.weekday_spread * rng.standard_normal((world.campaigns, 7, 1)))
    drift = np.exp(world.trend * (np.arange(world.days) - (world.days - 1) / 2))
    good = week[:, np.arange(world.days) % 7]
    rate = world.cvr * (np.ones_like(good) if world.in_value else good) * drift[:, None]
    if world.noise:
        slow = np.exp(world.noise * _slow_noise(rng, world) - world.noise**2 / 2)
        rate *= slow.reshape(shape)
    traffic = np.array(DAILY_TRAFFIC) / np.mean(DAILY_TRAFFIC) if world.rhythm else np.ones(24)
    clicks = rng.poisson(world.clicks * traffic, shape)
    conversions = rng.poisson(clicks * rate)
    worth = _worth(rng, conversions, world.value_spread)
    panel = HourlyPanel(
        metric=ROAS,
        campaigns=tuple(CampaignRef("other", f"a{whose}", f"c{i}") for i, whose in enumerate(account)),
        days=MONDAY + np.arange(world.days),
        numerators=np.rint(worth * good).astype(np.int64) if world.in_value else worth,
        denominators=clicks * 1_000_000,
    )
    return PlayedHours(panel, peaks, 60 * world.cvr * week.reshape(world.campaigns, -1))


def _blocks(rng: np.random.Generator, campaigns: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return two blocks of three hours each that do not touch, and hours of another run that are in neither."""
    first = rng.integers(0, 24, campaigns)
    second = (first + rng.integers(4, 21, campaigns)) % 24
    peaks = np.zeros((campaigns, 24), np.bool_)
    for start in (first, second):
        for hour in range(3):
            peaks[np.arange(campaigns), (start + hour) % 24] = True
    lows = (np.arange(24) - second[:, None] - 5) % 24 < 6
    return peaks, lows & ~peaks


def _slow_noise(rng: np.random.Generator, world: HourWorld) -> Floats:
    kept = np.exp(-1 / world.memory_hours)
    fresh = rng.standard_normal((world.campaigns, world.days * 24))
    noise = fresh.copy()
    for hour in range(1, noise.shape[1]):
        noise[:, hour] = kept * noise[:, hour - 1] + np.sqrt(1 - kept**2) * fresh[:, hour]
    return noise


def _worth(rng: np.random.Generator, conversions: NDArray[np.int64], spread: float) -> NDArray[np.int64]:
    """Return the value of conversions of 60 each on average, in micros."""
    ends = np.concatenate([[0], np.cumsum(conversions.ravel())])
    values = 60e6 * np.exp(spread * rng.standard_normal(ends[-1]) - spread**2 / 2)
    total = np.concatenate([[0], np.cumsum(np.rint(values).astype(np.int64))])
    return np.asarray((total[ends[1:]] - total[ends[:-1]]).reshape(conversions.shape))
