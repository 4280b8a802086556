"""Changes the sandbox market, as strict about money as a real platform."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.errors import PlatformRejected
from adtempo.domain.money import Money, minor_unit_micros
from adtempo.platforms.sandbox.edits import Field
from adtempo.platforms.sandbox.market import Market, open_market

ACTOR = "adtempo"
"""How edits made through the writer are signed in the platform's own history."""


class SandboxWriter:
    """The sandbox market's way to change budgets and statuses."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def fetch_state(self, campaign: CampaignRef, now: datetime) -> CampaignState:
        """Return what the market holds for a campaign."""
        return self._market.load_state(campaign, now)

    def apply_budget(self, campaign: CampaignRef, budget_daily_micros: int, now: datetime) -> None:
        """Set the daily budget; it takes effect at the next full hour.

        Raises:
            NotFound: There is no such campaign.
            PlatformRejected: The amount is below one major unit or no whole number of minor units.
        """
        currency = self._market.world.account(campaign.account).currency
        unit = minor_unit_micros(currency)
        if budget_daily_micros < 1_000_000 or budget_daily_micros % unit:
            asked = Money(budget_daily_micros, currency)
            raise PlatformRejected(f"the sandbox takes budgets of at least 1 {currency} in whole cents, not {asked}")
        self._market.record_edit(campaign, Field.BUDGET, str(budget_daily_micros), now, ACTOR)

    def apply_status(self, campaign: CampaignRef, status: Status, now: datetime) -> None:
        """Set the status; it takes effect at the next full hour.

        Raises:
            NotFound: There is no such campaign.
        """
        self._market.record_edit(campaign, Field.STATUS, status, now, ACTOR)


def open_sandbox_writer(folder: Path, _believed: object) -> SandboxWriter:
    """Open the writer of the market in a folder."""
    return SandboxWriter(open_market(folder))
