"""A market being played: which numbers each campaign has, given the edits made so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import NotFound
from adtempo.domain.money import minor_unit_micros
from adtempo.platforms.sandbox.clock import Clock, account_clock
from adtempo.platforms.sandbox.conditions import Conditions, Stage, market_conditions
from adtempo.platforms.sandbox.conversions import STORE_RATIO, Sales, simulate_sales
from adtempo.platforms.sandbox.delivery import Delivery, Settings, settings_by_hour, simulate_delivery
from adtempo.platforms.sandbox.draws import Ints
from adtempo.platforms.sandbox.edits import Edit
from adtempo.platforms.sandbox.spec import AccountSpec, CampaignSpec, WorldSpec

Edits = tuple[Edit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What the platform shows for some hours of a campaign, int64 arrays of shape (hours, ads)."""

    spend_micros: Ints
    impressions: Ints
    clicks: Ints
    conversions: Ints
    conversion_value_micros: Ints


@dataclass(frozen=True, eq=False)
class Play:
    """One campaign, played from the first hour to the last.

    Attributes:
        stage: The campaign and its hours.
        settings: What the advertiser had set.
        conditions: The truth about each hour.
        delivery: What each ad got.
        sales: What followed from the clicks.
    """

    stage: Stage
    settings: Settings
    conditions: Conditions
    delivery: Delivery
    sales: Sales

    @cached_property
    def store_sales(self) -> Sales:
        """Sales in the advertiser's store, which no platform sees."""
        return simulate_sales(self.stage, self.conditions, self.delivery.clicks, kind="store", ratio=STORE_RATIO)

    def counts_at(self, now_us: int, first: int, end: int) -> Counts:
        """Return what the platform shows at a moment about hours first..end-1 of the world.

        The running hour is shown in proportion to the time that has passed; a conversion from its arrival until it is
        taken back.
        """
        hours, ads = slice(first, end), len(self.stage.campaign.ads)
        sales = self.sales.of_hours(first, end)
        shown = (self.sales.arrived_us[sales] <= now_us) & (self.sales.removed_us[sales] > now_us)
        shown &= self.sales.tracked[sales]
        cell = ((self.sales.hour[sales] - first) * ads + self.sales.ad[sales])[shown]
        values = np.zeros((end - first) * ads, dtype=np.int64)
        np.add.at(values, cell, self.sales.value_micros[sales][shown])
        spend, impressions, clicks = (
            array[hours] for array in (self.delivery.spend_micros, self.delivery.impressions, self.delivery.clicks)
        )
        elapsed = self.stage.clock.elapsed(now_us, hours)[:, None]
        if end > first and elapsed[-1] < 1:
            unit = minor_unit_micros(self.stage.account.currency)
            spend = (np.floor(spend / unit * elapsed)).astype(np.int64) * unit
            impressions = np.floor(impressions * elapsed).astype(np.int64)
            clicks = np.floor(clicks * elapsed).astype(np.int64)
        return Counts(
            spend_micros=spend,
            impressions=impressions,
            clicks=clicks,
            conversions=np.bincount(cell, minlength=(end - first) * ads).reshape(-1, ads),
            conversion_value_micros=values.reshape(-1, ads),
        )

    def final_counts(self) -> Counts:
        """Return what the platform will show in the end, for all hours."""
        return self.counts_at(np.iinfo(np.int64).max - 1, 0, len(self.stage.clock))


class World:
    """A market; campaigns are played when first asked for, and again when their edits change."""

    def __init__(self, spec: WorldSpec) -> None:
        self.spec = spec
        self._accounts = {account.ref: account for account in spec.accounts}
        self._plays: dict[CampaignRef, tuple[Edits, Play]] = {}

    def account(self, ref: AccountRef) -> AccountSpec:
        """Return an account of the market.

        Raises:
            NotFound: It has no such account.
        """
        if ref not in self._accounts:
            raise NotFound(f"the sandbox market has no account {ref}")
        return self._accounts[ref]

    def campaign(self, ref: CampaignRef) -> CampaignSpec:
        """Return a campaign of the market.

        Raises:
            NotFound: It has no such campaign.
        """
        for campaign in self.account(ref.account).campaigns:
            if campaign.campaign_id == ref.campaign_id:
                return campaign
        raise NotFound(f"the sandbox market has no campaign {ref}")

    def clock(self, account: AccountSpec) -> Clock:
        """Return the hours of an account."""
        return account_clock(account.timezone, self.spec.start, self.spec.days)

    def play(self, ref: CampaignRef, edits: Edits = ()) -> Play:
        """Return a campaign's numbers under the given edits, in order of time."""
        known = self._plays.get(ref)
        if known is not None and known[0] == edits:
            return known[1]
        account, campaign = self.account(ref.account), self.campaign(ref)
        stage = Stage(self.spec.seed, account, campaign, self.clock(account))
        settings = settings_by_hour(campaign, edits, stage.clock)
        conditions = known[1].conditions if known is not None else market_conditions(stage)
        delivery = simulate_delivery(stage, conditions, settings)
        play = Play(stage, settings, conditions, delivery, simulate_sales(stage, conditions, delivery.clicks))
        self._plays[ref] = (edits, play)
        return play
