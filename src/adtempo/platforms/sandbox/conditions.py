"""What the market is like in each hour, whoever spends: rhythm, noise, drift and what was planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.platforms.sandbox.clock import Clock
from adtempo.platforms.sandbox.draws import Floats, Ints, lognormal_factors, smooth_normals, stream_key
from adtempo.platforms.sandbox.spec import (
    MAX_ADS,
    WEEKEND,
    AccountSpec,
    CampaignSpec,
    Incident,
    IncidentKind,
    week_factors,
)

OVERDELIVERY = 1.10
"""A platform may spend this much of a daily budget on one day."""

DELIVERY_AIM = 0.97
"""Share of the daily budget that pacing aims at."""

_DELIVERY_MEMORY_HOURS = 12.0
_PEOPLE_MEMORY_HOURS = 36.0


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """Where one campaign is played.

    Attributes:
        seed: The world's.
        account: Whose campaign.
        campaign: The campaign.
        clock: The account's hours.
    """

    seed: int
    account: AccountSpec
    campaign: CampaignSpec
    clock: Clock

    def key(self, *purpose: str) -> np.uint64:
        """Return the campaign's stream for one purpose."""
        return stream_key(
            self.seed, self.account.platform, self.account.account_id, self.campaign.campaign_id, *purpose
        )

    @property
    def cells(self) -> Ints:
        """One number per hour and ad that no later hour or further ad changes, shape (hours, ads)."""
        return np.arange(len(self.clock))[:, None] * MAX_ADS + np.arange(len(self.campaign.ads))


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """The truth about each hour of one campaign, all of shape (hours,).

    Attributes:
        traffic: Share of its day's traffic.
        speed: Factor on the speed of spending.
        cap: Highest spend of the day so far, as a factor on the daily budget.
        price: Factor on the price of impressions.
        ctr: Clicks per impression of a fresh ad with click factor 1.
        cvr: Conversions per click.
        tracked: Whether the platform sees the conversions of clicks made now.
    """

    traffic: Floats
    speed: Floats
    cap: Floats
    price: Floats
    ctr: Floats
    cvr: Floats
    tracked: NDArray[np.bool_]


def market_conditions(stage: Stage) -> Conditions:
    """Work out the hours of one campaign."""
    campaign, clock = stage.campaign, stage.clock

    def noise(purpose: str, memory: float) -> Floats:
        scores = smooth_normals(stage.key(purpose), len(clock), memory)
        return lognormal_factors(campaign.noise, scores)

    speed = noise("delivery", _DELIVERY_MEMORY_HOURS)
    speed[np.isin(clock.hour_of_week // 24, WEEKEND)] *= campaign.weekend_delivery
    conditions = Conditions(
        traffic=traffic_shares(stage),
        speed=speed,
        cap=np.full(len(clock), OVERDELIVERY),
        price=noise("price", _DELIVERY_MEMORY_HOURS),
        ctr=campaign.ctr * week_factors(campaign.click_blocks)[clock.hour_of_week] * noise("ctr", _PEOPLE_MEMORY_HOURS),
        cvr=campaign.cvr
        * week_factors(campaign.buy_blocks)[clock.hour_of_week]
        * np.exp(campaign.drift_daily * clock.day)
        * noise("cvr", _PEOPLE_MEMORY_HOURS),
        tracked=np.ones(len(clock), dtype=np.bool_),
    )
    for incident in campaign.incidents:
        _plant(incident, conditions, incident_hours(incident, clock))
    return conditions


def traffic_shares(stage: Stage) -> Floats:
    """Return the share of its own day's traffic that each hour has, shape (hours,); a day sums to 1."""
    weights = np.asarray(stage.account.traffic)[stage.clock.hour_of_day]
    return weights / stage.clock.sum_by_day(weights)[stage.clock.day]


def incident_hours(incident: Incident, clock: Clock) -> Ints:
    """Return the hours that an incident lasts, as far as the world goes."""
    first = clock.first_hour_at(incident.day, incident.hour)
    return np.arange(first, min(first + incident.hours, len(clock)))


def _plant(incident: Incident, conditions: Conditions, hours: Ints) -> None:
    match incident.kind:
        case IncidentKind.SPEND_SPIKE:
            conditions.speed[hours] *= incident.magnitude
            conditions.cap[hours] *= incident.magnitude
        case IncidentKind.BUDGET_DEPLETED:
            conditions.speed[hours] *= incident.magnitude
            conditions.cap[hours] = 1.0
        case IncidentKind.CTR_DECAY:
            conditions.ctr[hours] *= np.linspace(1.0, incident.magnitude, incident.hours)[: len(hours)]
        case IncidentKind.TRACKING_OUTAGE:
            conditions.tracked[hours] = False
        case IncidentKind.HOLIDAY:
            conditions.cvr[hours] *= incident.magnitude
