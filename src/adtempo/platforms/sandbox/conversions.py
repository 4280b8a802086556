"""Sales after clicks: when each is made, reported, taken back, and what the advertiser's own books say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.money import minor_unit_micros
from adtempo.platforms.sandbox.clock import HOUR_US, Clock
from adtempo.platforms.sandbox.conditions import Conditions, Stage
from adtempo.platforms.sandbox.draws import Floats, Ints, binomial_quantiles, lognormal_factors, normals, uniforms
from adtempo.platforms.sandbox.spec import WEEKEND, AccountSpec, DelayProfile

NEVER = np.iinfo(np.int64).max
STORE_RATIO = 0.25
"""Sales that a campaign with a store makes there, against those that the platform can see."""

_PER_CELL = 4096
_VALUE_SPREAD = 0.4
_REMOVAL_HOURS = (6.0, 120.0)


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """One campaign's sales in order of hour and ad, each array of shape (sales,).

    Attributes:
        hour: Hour of the world in which the click was made.
        ad: Position of the ad.
        clicked_us: Moment of the click, microseconds since 1970 UTC.
        arrived_us: Moment at which the sale is reported.
        removed_us: Moment at which it is taken back; NEVER for most.
        value_micros: What it is worth, whole minor units.
        tracked: Whether the platform's tracking saw it.
        serial: Number that no other sale of the campaign and kind has, whatever is edited.
    """

    hour: Ints
    ad: Ints
    clicked_us: Ints
    arrived_us: Ints
    removed_us: Ints
    value_micros: Ints
    tracked: NDArray[np.bool_]
    serial: Ints

    def __len__(self) -> int:
        return len(self.hour)

    def of_hours(self, first: int, end: int) -> slice:
        """Return where the sales of clicks made in hours first..end-1 stand."""
        low, high = np.searchsorted(self.hour, (first, end))
        return slice(int(low), int(high))


def delay_hours(profile: DelayProfile, u: Floats, weekend: NDArray[np.bool_]) -> Floats:
    """Return delays in hours at quantiles u of a profile, shape (sales,)."""
    plain = np.interp(u, profile.shares, profile.hours)
    return np.where(weekend, plain * profile.weekend_stretch, plain)


def simulate_sales(
    stage: Stage, conditions: Conditions, clicks: Ints, *, kind: str = "platform", ratio: float = 1.0
) -> Sales:
    """Play the sales that follow a campaign's clicks.

    Args:
        stage: The campaign and its hours.
        conditions: The truth about each hour.
        clicks: Shape (hours, ads).
        kind: Whose sales: each kind has streams of its own.
        ratio: Factor on the conversion rate.
    """
    account, campaign, clock, cells = stage.account, stage.campaign, stage.clock, stage.cells

    def luck(purpose: str, counters: Ints) -> Floats:
        return uniforms(stage.key(kind, purpose), counters)

    chance = np.repeat(conditions.cvr[:, None] * ratio, clicks.shape[1], axis=1)
    counts = binomial_quantiles(luck("sales", cells), clicks, chance).ravel()
    at = np.repeat(np.arange(counts.size), counts)
    hour, ad = np.divmod(at, clicks.shape[1])
    nth = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    serial = cells.ravel()[at] * _PER_CELL + nth
    clicked = clock.starts_us[hour] + (luck("moment", serial) * HOUR_US).astype(np.int64)
    delays = _delays(account, clock, hour, luck("delay", serial))
    arrived = clicked + (delays * HOUR_US).astype(np.int64)
    taken_back = luck("removal", serial) < account.removal_ratio
    low, high = _REMOVAL_HOURS
    stayed = ((low + (high - low) * luck("stay", serial)) * HOUR_US).astype(np.int64)
    unit = minor_unit_micros(account.currency)
    value = campaign.value_micros * lognormal_factors(_VALUE_SPREAD, normals(stage.key(kind, "value"), serial))
    return Sales(
        hour=hour,
        ad=ad,
        clicked_us=clicked,
        arrived_us=arrived,
        removed_us=np.where(taken_back, arrived + stayed, NEVER),
        value_micros=np.maximum(np.rint(value / unit), 1).astype(np.int64) * unit,
        tracked=conditions.tracked[hour],
        serial=serial,
    )


def _delays(account: AccountSpec, clock: Clock, hour: Ints, u: Floats) -> Floats:
    weekend = np.isin(clock.hour_of_week[hour] // 24, WEEKEND)
    delays = np.zeros(len(hour))
    for era in account.eras:
        later = clock.day[hour] >= era.from_day
        delays[later] = delay_hours(era.delays, u[later], weekend[later])
    return delays
