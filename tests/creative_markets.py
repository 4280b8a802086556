"""Markets of creatives whose truth is known: counts with day-to-day noise, weekdays, drift, and some that tire."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.stats.trend import find_declines

Floats = NDArray[np.float64]
HALF_LIFE_DAYS = 14
LOST = 0.30
EIGHT_WEEKS = 56


@dataclass(frozen=True)
class Market:
    """Campaigns of equal creatives.

    Attributes:
        campaigns: How many.
        creatives: In each of them.
        tiring: How many of each campaign's creatives halve their CTR over two weeks.
        start: Day on which they begin to.
        impressions: Of each creative and day.
        ctr: As a ratio.
        noise: Spread of each creative's own day-to-day noise.
        common: The same of its campaign's.
        weekdays: Spread between weekdays.
        drift: What CTR loses per day everywhere.
        memory: How much of a day's common noise is still there on the next.
    """

    campaigns: int = 100
    creatives: int = 1
    tiring: int = 0
    start: int = 28
    impressions: int = 10_000
    ctr: float = 0.01
    noise: float = 0.0
    common: float = 0.0
    weekdays: float = 0.0
    drift: float = 0.0
    memory: float = 0.0

    @property
    def campaign(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(self.campaigns), self.creatives)

    @property
    def tires(self) -> NDArray[np.bool_]:
        return np.tile(np.arange(self.creatives) < self.tiring, self.campaigns)

    @property
    def last_day_in_time(self) -> int:
        """Days that have ended when a tiring creative has lost LOST of its CTR."""
        return int(self.start + HALF_LIFE_DAYS * np.log2(1 / (1 - LOST)))

    def counts(self, rng: np.random.Generator, days: int = EIGHT_WEEKS) -> tuple[Floats, Floats]:
        """Draw clicks and impressions, shape (creatives, days)."""
        day = np.arange(days)
        tired = np.where(self.tires[:, None], np.maximum(day + 0.5 - self.start, 0) / HALF_LIFE_DAYS, 0.0)
        common = rng.normal(0, self.common, (self.campaigns, days))
        for i in range(1, days):
            common[:, i] = self.memory * common[:, i - 1] + np.sqrt(1 - self.memory**2) * common[:, i]
        rhythm = rng.normal(0, self.weekdays, (self.campaigns, 7))[:, day % 7]
        own = rng.normal(0, self.noise, tired.shape)
        moves = own - tired * np.log(2) + (common + rhythm - self.drift * day)[self.campaign]
        clicks = rng.poisson(self.impressions * self.ctr * np.exp(moves))
        return clicks.astype(np.float64), np.full(tired.shape, float(self.impressions))


def ever_flagged(market: Market, seed: int, days: int = EIGHT_WEEKS) -> NDArray[np.bool_]:
    """Look every evening, and say of each creative whether it was flagged on any, shape (creatives,)."""
    return flagged_on_an_evening(*market.counts(np.random.default_rng(seed), days), market.campaign)


def flagged_on_an_evening(
    clicks: Floats, impressions: Floats, campaign: NDArray[np.int64], *, accounts: bool = False
) -> NDArray[np.bool_]:
    """Say the same of counts of shape (creatives, days): all of one account, or each campaign of its own."""
    flagged = np.zeros(len(clicks), dtype=np.bool_)
    account = campaign if accounts else np.zeros(len(clicks))
    for today in range(3, clicks.shape[1] + 1):
        seen = slice(0, today)
        flagged |= find_declines(clicks[:, seen], impressions[:, seen], campaign, account).score >= 0.5
    return flagged


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Return the 95% interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    z, share = 1.959964, hits / trials
    middle, half = share + z**2 / (2 * trials), z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return max(0.0, float((middle - half) / (1 + z**2 / trials))), min(
        1.0, float((middle + half) / (1 + z**2 / trials))
    )
