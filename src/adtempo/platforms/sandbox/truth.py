"""What is true about a market, for tests and calibrations; nothing that analyses the market may read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike

from adtempo.domain.accounts import CampaignRef
from adtempo.platforms.sandbox.clock import from_us
from adtempo.platforms.sandbox.conditions import incident_hours
from adtempo.platforms.sandbox.delivery import (
    Settings,
    ad_shares,
    expected_impressions,
    fatigue_factors,
    paced_spend,
)
from adtempo.platforms.sandbox.draws import Floats
from adtempo.platforms.sandbox.spec import WEEKEND, DelayProfile, IncidentKind, week_factors
from adtempo.platforms.sandbox.world import Play, World

_ANOMALOUS = frozenset(IncidentKind) - {IncidentKind.HOLIDAY}


@dataclass(frozen=True, slots=True)
class Label:
    """What was planted where; a holiday and a quiet weekend are named so that nobody takes them for faults.

    Attributes:
        campaign: Where.
        kind: An IncidentKind, or ``weekend``.
        start: First moment, UTC.
        end: First moment after it, UTC.
        anomaly: Whether an alert would be right.
    """

    campaign: CampaignRef
    kind: str
    start: datetime
    end: datetime
    anomaly: bool


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What hours bring on average, shape (hours,); sales that stay, whether or not the platform's tracking sees them.

    Attributes:
        impressions: Times shown.
        clicks: Clicks.
        conversions: Sales.
        value_micros: What the sales are worth.
    """

    impressions: Floats
    clicks: Floats
    conversions: Floats
    value_micros: Floats


def labels(world: World) -> tuple[Label, ...]:
    """Return everything planted in a market, in order of campaign and time."""
    found = []
    for account in world.spec.accounts:
        clock = world.clock(account)
        for campaign in account.campaigns:
            ref = account.campaign_ref(campaign)
            spans = [
                (str(incident.kind), hours, incident.kind in _ANOMALOUS)
                for incident in campaign.incidents
                if len(hours := incident_hours(incident, clock))
            ]
            if campaign.weekend_delivery != 1.0:
                quiet = np.flatnonzero(np.isin(clock.hour_of_week // 24, WEEKEND)).astype(np.int64)
                runs = np.split(quiet, np.flatnonzero(np.diff(quiet) > 1) + 1) if len(quiet) else []
                spans += [("weekend", run, False) for run in runs]
            for kind, hours, anomaly in sorted(spans, key=lambda span: int(span[1][0])):
                start, last = from_us(clock.starts_us[hours[0]]), from_us(clock.starts_us[hours[-1]])
                found.append(Label(ref, kind, start, last + timedelta(hours=1), anomaly))
    return tuple(found)


def hour_multipliers(play: Play) -> Floats:
    """Return how much better each hour of the week is than the week's mean, at equal spend, shape (168,).

    It is the true pattern of ROAS: clicks per impression times sales per click, prices and people's number aside.
    """
    campaign = play.stage.campaign
    factors = week_factors(campaign.click_blocks) * week_factors(campaign.buy_blocks)
    return np.asarray(factors / factors.mean())


def arrived_share(profile: DelayProfile, age_hours: ArrayLike) -> Floats:
    """Return the share of a weekday click's conversions reported at an age since the click, any shape."""
    return np.asarray(np.interp(np.asarray(age_hours, dtype=np.float64), profile.hours, profile.shares))


def arrived_share_of_slot(profile: DelayProfile, age_hours: ArrayLike) -> Floats:
    """Return the same for a whole hour of clicks, its age counted from its start and at least 1, any shape."""
    moments = (np.arange(1000) + 0.5) / 1000
    return np.asarray(arrived_share(profile, np.asarray(age_hours)[..., None] - moments).mean(axis=-1))


def fatigue(play: Play) -> Floats:
    """Return what is left of each ad's CTR at the start of each hour, shape (hours, ads)."""
    return fatigue_factors(play.stage.campaign.ads, play.delivery.impressions)


def expected_outcome(play: Play, spend_micros: Floats) -> Outcome:
    """Return what any plan of hourly spend would bring on average.

    Ads are as tired as they were in the play; noise that was there is there. So an oracle may search for the best
    schedule of a day, and nobody can do better than it.

    Args:
        play: The campaign.
        spend_micros: Spend of every hour of the world, shape (hours,).
    """
    campaign = play.stage.campaign
    impressions = expected_impressions(play.stage, play.conditions, spend_micros)
    appeal = np.array([ad.click_factor for ad in campaign.ads]) * ad_shares(campaign.ads)
    clicks = impressions * play.conditions.ctr * (fatigue(play) @ appeal)
    conversions = clicks * play.conditions.cvr * (1 - play.stage.account.removal_ratio)
    return Outcome(impressions, clicks, conversions, conversions * campaign.value_micros)


def response_curve(play: Play, day: int, budgets_micros: ArrayLike) -> Floats:
    """Return the expected value in micros of one day at each of several daily budgets, shape (budgets,)."""
    clock = play.stage.clock
    hours = slice(int(clock.day_starts[day]), int(clock.day_starts[day + 1]))
    values = [
        expected_outcome(play, _steady_spend(play, budget)).value_micros[hours].sum()
        for budget in np.atleast_1d(np.asarray(budgets_micros, dtype=np.float64))
    ]
    return np.array(values)


def _steady_spend(play: Play, budget_micros: float) -> Floats:
    hours = len(play.stage.clock)
    settings = Settings(np.full(hours, budget_micros), np.ones(hours, dtype=np.bool_))
    return paced_spend(settings, play.conditions, play.stage.clock)
