"""From budgets to spend, impressions and clicks: pacing, rising prices, tiring ads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.money import minor_unit_micros
from adtempo.platforms.sandbox.clock import Clock, to_us
from adtempo.platforms.sandbox.conditions import DELIVERY_AIM, Conditions, Stage
from adtempo.platforms.sandbox.draws import Floats, Ints, binomial_quantiles, lognormal_factors, normals, uniforms
from adtempo.platforms.sandbox.edits import ACTIVE, Edit, Field
from adtempo.platforms.sandbox.response import effective_spend
from adtempo.platforms.sandbox.spec import AdSpec, CampaignSpec

FATIGUE_FLOOR = 0.25
"""However tired an ad is, this share of its CTR remains."""


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """What the advertiser had set in each hour, shape (hours,).

    Attributes:
        budget_micros: Daily budget.
        active: Whether the campaign ran.
    """

    budget_micros: Floats
    active: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """What each ad got in each hour, int64 arrays of shape (hours, ads)."""

    spend_micros: Ints
    impressions: Ints
    clicks: Ints


def settings_by_hour(campaign: CampaignSpec, edits: tuple[Edit, ...], clock: Clock) -> Settings:
    """Lay a campaign's edits out over the hours; an edit holds from the next full hour."""
    budget = np.full(len(clock), float(campaign.budget_daily_micros))
    active = np.ones(len(clock), dtype=np.bool_)
    for edit in edits:
        first = clock.first_hour_from(to_us(edit.at))
        if edit.field is Field.BUDGET:
            budget[first:] = int(edit.new)
        else:
            active[first:] = edit.new == ACTIVE
    return Settings(budget, active)


def paced_spend(settings: Settings, conditions: Conditions, clock: Clock) -> Floats:
    """Return spend per hour in micros, before rounding, shape (hours,).

    Pacing spreads the budget over the day as traffic comes; a day's spend so far never exceeds the cap.
    """
    wish = settings.budget_micros * settings.active * DELIVERY_AIM * conditions.traffic * conditions.speed
    limit = settings.budget_micros * conditions.cap
    spend = np.zeros(len(clock))
    spent = np.zeros(clock.days)
    firsts, lengths = clock.day_starts[:-1], np.diff(clock.day_starts)
    for step in range(int(lengths.max())):
        days = np.flatnonzero(lengths > step)
        hours = firsts[days] + step
        spend[hours] = np.minimum(wish[hours], np.maximum(limit[hours] - spent[days], 0.0))
        spent[days] += spend[hours]
    return spend


def simulate_delivery(stage: Stage, conditions: Conditions, settings: Settings) -> Delivery:
    """Play one campaign's hours: what was spent on each ad, how often it was shown and clicked."""
    ads, cells = stage.campaign.ads, stage.cells
    spend = paced_spend(settings, conditions, stage.clock)
    shares = ad_shares(ads)
    unit = minor_unit_micros(stage.account.currency)
    shown = expected_impressions(stage, conditions, spend)[:, None] * shares
    luck = lognormal_factors(stage.campaign.noise / 2, normals(stage.key("shown"), cells))
    impressions = np.floor(shown * luck + uniforms(stage.key("rounding"), cells)).astype(np.int64)
    impressions[spend <= 0] = 0
    chance = conditions.ctr[:, None] * np.array([ad.click_factor for ad in ads]) * fatigue_factors(ads, impressions)
    return Delivery(
        spend_micros=np.rint(spend[:, None] * shares / unit).astype(np.int64) * unit,
        impressions=impressions,
        clicks=binomial_quantiles(uniforms(stage.key("clicks"), cells), impressions, chance),
    )


def ad_shares(ads: tuple[AdSpec, ...]) -> Floats:
    """Return each ad's share of the rotation, shape (ads,)."""
    weights = np.array([ad.share for ad in ads])
    return np.asarray(weights / weights.sum())


def expected_impressions(stage: Stage, conditions: Conditions, spend: Floats) -> Floats:
    """Return what hourly spend in micros buys on average, shape (hours,)."""
    campaign = stage.campaign
    worth = effective_spend(
        spend,
        conditions.traffic,
        stage.clock.day,
        campaign.saturation_hour / campaign.budget_daily_micros,
        campaign.saturation_day / campaign.budget_daily_micros,
    )
    return worth / (campaign.cpm_micros * conditions.price) * 1000


def fatigue_factors(ads: tuple[AdSpec, ...], impressions: Ints) -> Floats:
    """Return what is left of each ad's CTR at the start of each hour, shape (hours, ads)."""
    before = np.cumsum(impressions, axis=0) - impressions
    half_lives = np.array([ad.fatigue_impressions or np.inf for ad in ads])
    return np.asarray(FATIGUE_FLOOR + (1 - FATIGUE_FLOOR) * np.exp2(-before / half_lives))
