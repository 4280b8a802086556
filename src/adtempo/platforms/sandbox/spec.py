"""What a sandbox market is made of: frozen values that, with the edits, determine every number in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import HOURS_PER_DAY, HOURS_PER_WEEK
from adtempo.platforms.sandbox.draws import Floats

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
WEEKEND = (5, 6)
MAX_ADS = 64

FLAT_TRAFFIC = (1.0,) * HOURS_PER_DAY
DAILY_TRAFFIC = (
    *(0.45, 0.30, 0.22, 0.20, 0.22, 0.32, 0.55, 0.80),
    *(0.95, 1.00, 1.05, 1.15, 1.25, 1.20, 1.10, 1.10),
    *(1.15, 1.25, 1.40, 1.60, 1.70, 1.55, 1.20, 0.80),
)
"""How much people are online by hour of the day: it steers where a platform spends, not how well an hour sells."""


class IncidentKind(StrEnum):
    """What can be planted in a campaign."""

    SPEND_SPIKE = "spend_spike"
    CTR_DECAY = "ctr_decay"
    TRACKING_OUTAGE = "tracking_outage"
    BUDGET_DEPLETED = "budget_depleted"
    HOLIDAY = "holiday"


class OwnSales(StrEnum):
    """What the advertiser's own books know about a campaign's sales."""

    NONE = "none"
    STORE = "store"  # sales that the platform cannot see
    FIRST_PARTY = "first_party"  # every sale, also those that the platform's tracking lost


@dataclass(frozen=True, slots=True)
class Block:
    """Some hours of some weekdays that do better or worse.

    Attributes:
        hours: Hours of the local day, 0-23.
        factor: How much better these hours are than the campaign's plain ones.
        weekdays: Monday is 0.
    """

    hours: tuple[int, ...]
    factor: float
    weekdays: tuple[int, ...] = EVERY_DAY


def week_factors(blocks: tuple[Block, ...]) -> Floats:
    """Return the factor of each hour of the week, shape (168,); blocks that overlap multiply."""
    factors = np.ones(HOURS_PER_WEEK)
    for block in blocks:
        cells = [weekday * HOURS_PER_DAY + hour for weekday in block.weekdays for hour in block.hours]
        factors[cells] *= block.factor
    return factors


@dataclass(frozen=True, slots=True)
class DelayProfile:
    """How long after the click a conversion is reported.

    Attributes:
        hours: Rising ages since the click, in hours.
        shares: Share of conversions reported by then, from 0 to 1; linear in between.
        weekend_stretch: Clicks on a Saturday or Sunday wait this many times as long.
    """

    hours: tuple[float, ...] = (0.0, 1.0, 24.0, 168.0)
    shares: tuple[float, ...] = (0.0, 0.35, 0.50, 1.0)
    weekend_stretch: float = 1.0


@dataclass(frozen=True, slots=True)
class Era:
    """From a local day on, clicks are counted under one attribution setting, with its own delays.

    Attributes:
        from_day: Day of the world, the first being 0.
        attribution: Name of the setting as the platform reports it.
        delays: How late conversions are reported.
    """

    from_day: int = 0
    attribution: str = "7d_click_1d_view"
    delays: DelayProfile = DelayProfile()


@dataclass(frozen=True, slots=True)
class Incident:
    """Something planted in a campaign.

    Attributes:
        kind: What happens.
        day: Day of the world on which it starts, the first being 0.
        hour: Local hour at which it starts.
        hours: How long it lasts.
        magnitude: Spend and depletion: factor on the speed of spending. Decay: what is left of CTR at the end.
            Holiday: factor on the conversion rate. An outage has none.
    """

    kind: IncidentKind
    day: int
    hour: int
    hours: int
    magnitude: float = 1.0


@dataclass(frozen=True, slots=True)
class AdSpec:
    """One ad of a campaign.

    Attributes:
        ad_id: Its id.
        creative_id: What it shows; several ads may show one creative.
        share: Weight in the campaign's rotation.
        click_factor: CTR against the campaign's.
        fatigue_impressions: Impressions after which half of the CTR that can be lost is lost; 0: it never tires.
    """

    ad_id: str
    creative_id: str
    share: float = 1.0
    click_factor: float = 1.0
    fatigue_impressions: int = 0


@dataclass(frozen=True, slots=True)
class CampaignSpec:
    """One campaign and the truth about it.

    Attributes:
        campaign_id: Its id, unique in the account.
        name: What people call it.
        ads: Its ads, 1 to 64.
        niche: What it sells; empty when only the name says it.
        budget_daily_micros: Daily budget until it is edited.
        cpm_micros: Price of the first thousand impressions of an hour; it rises with spend.
        ctr: Clicks per impression in a plain hour, as a ratio.
        cvr: Conversions per click in a plain hour, as a ratio.
        value_micros: Mean value of a conversion.
        click_blocks: Hours of the week with another CTR.
        buy_blocks: Hours of the week with another conversion rate.
        saturation_hour: The first budget over the daily spend at which the next impression of an hour costs double.
        saturation_day: The same for the day as a whole; 0: no saturation.
        noise: Spread of the slow noise on delivery, price, CTR and conversion rate (standard deviation of its log).
        drift_daily: Change of the conversion rate per day, as a log ratio.
        weekend_delivery: Share of the budget that is delivered at weekends.
        audience: People who can be reached, for reach and frequency.
        own_sales: What the advertiser's books know.
        incidents: What is planted.
    """

    campaign_id: str
    name: str
    ads: tuple[AdSpec, ...]
    niche: str = ""
    budget_daily_micros: int = 100_000_000
    cpm_micros: int = 8_000_000
    ctr: float = 0.012
    cvr: float = 0.03
    value_micros: int = 60_000_000
    click_blocks: tuple[Block, ...] = ()
    buy_blocks: tuple[Block, ...] = ()
    saturation_hour: float = 0.3
    saturation_day: float = 0.3
    noise: float = 0.1
    drift_daily: float = 0.0
    weekend_delivery: float = 1.0
    audience: int = 200_000
    own_sales: OwnSales = OwnSales.NONE
    incidents: tuple[Incident, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """One ad account and how its platform reports.

    Attributes:
        platform: meta, google or tiktok.
        account_id: Its id.
        name: What people call it.
        timezone: IANA name.
        currency: ISO 4217 code.
        campaigns: Its campaigns.
        eras: Attribution settings in order, the first from day 0.
        traffic: Weight of each local hour in the platform's pacing, shape (24,).
        hourly_conversions: Whether hourly rows carry conversions (Meta's do not).
        reports_reach: Whether daily rows carry reach (Google's do not).
        removal_ratio: Share of reported conversions that is taken back later.
    """

    platform: str
    account_id: str
    name: str
    timezone: str
    currency: str
    campaigns: tuple[CampaignSpec, ...]
    eras: tuple[Era, ...] = (Era(),)
    traffic: tuple[float, ...] = DAILY_TRAFFIC
    hourly_conversions: bool = True
    reports_reach: bool = True
    removal_ratio: float = 0.02

    @property
    def ref(self) -> AccountRef:
        return AccountRef(self.platform, self.account_id)

    @property
    def account(self) -> Account:
        """The account as the rest of the system knows it."""
        return Account(self.ref, self.timezone, self.currency, self.name, source="sandbox")

    def campaign_ref(self, campaign: CampaignSpec) -> CampaignRef:
        """Return the full reference of one of its campaigns."""
        return CampaignRef(self.platform, self.account_id, campaign.campaign_id)


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """A whole market.

    Attributes:
        seed: Everything random follows from it.
        start: First local day of every account.
        days: How many days it lasts; a longer world begins with the shorter one.
        accounts: Its accounts.
    """

    seed: int
    start: date
    days: int
    accounts: tuple[AccountSpec, ...]

    def __post_init__(self) -> None:
        for account in self.accounts:
            ids = [campaign.campaign_id for campaign in account.campaigns]
            if len(set(ids)) < len(ids):
                raise InvalidInput(f"{account.ref}: two campaigns share an id")
            if not account.eras or account.eras[0].from_day != 0:
                raise InvalidInput(f"{account.ref}: the first era must begin on day 0")
            for campaign in account.campaigns:
                if not 1 <= len(campaign.ads) <= MAX_ADS:
                    raise InvalidInput(f"{account.campaign_ref(campaign)}: a campaign has 1 to {MAX_ADS} ads")
        refs = [account.ref for account in self.accounts]
        if len(set(refs)) < len(refs):
            raise InvalidInput("two accounts share an id")
