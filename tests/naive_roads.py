"""Three ways to change a budget that look right and are not; the simulation must catch each of them."""

from __future__ import annotations

from datetime import datetime

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import PlatformOutcomeUnknown, PlatformRejected, PlatformUnavailable
from simulated_platform import Killed, SimulatedPlatform

TRIES = 3
CAMPAIGN = CampaignRef("other", "a", "1")
WEATHER = (PlatformOutcomeUnknown, PlatformUnavailable)


def read_multiply_write_retry(platform: SimulatedPlatform, _window: datetime, _memory: dict[datetime, int]) -> None:
    """Read the budget, multiply it, write it; whatever goes wrong, begin again."""
    for _ in range(TRIES):
        try:
            budget = platform.fetch_state(CAMPAIGN, platform.clock.now).budget_daily_micros
            platform.apply_budget(CAMPAIGN, round(budget * 1.2), platform.clock.now)
        except PlatformRejected:
            return
        except (*WEATHER, Killed):
            platform.clock.pass_by(30)
        else:
            return


def memoised_target_blind_retry(platform: SimulatedPlatform, window: datetime, memory: dict[datetime, int]) -> None:
    """Remember the window's target durably, then write it until a yes comes back."""
    for _ in range(TRIES):
        try:
            if window not in memory:
                memory[window] = round(platform.fetch_state(CAMPAIGN, window).budget_daily_micros * 1.2)
            platform.apply_budget(CAMPAIGN, memory[window], platform.clock.now)
        except PlatformRejected:
            return
        except (*WEATHER, Killed):
            platform.clock.pass_by(30)
        else:
            return
