"""What money brings in each hour: more of it in one hour brings less and less.

In an hour each further impression costs more in proportion to what was already spent (`stats/elasticity.py`); how steep
that is, is learnt from how delivery followed spend within days and hours of the day, in the campaign's own hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adtempo.dayparts.findings import CampaignDayparts, SlotFigures
from adtempo.dayparts.panel import HourlyPanel
from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY, HOURS_PER_WEEK
from adtempo.domain.metrics import Better, Metric, find_metric
from adtempo.domain.schedules import Outlook, WeekPlan
from adtempo.stats.elasticity import STEEPNESS, fit_steepness, grown

Floats = NDArray[np.float64]

OUTLOOK_DAYS = 28
"""Days after a schedule is made over which its result is predicted."""

SMALLEST_SHARE = 0.2
"""Hours of which less has been reported say nothing about how the level moves from day to day."""

LEVEL_ERROR, GAIN_ERROR = 0.05, 0.25
"""How far the shape itself may be off: of the level, and of a gain, relative. A platform also paces its day."""

_Z95 = 1.959963984540054
_SPEND = "spend_micros"


@dataclass(frozen=True, slots=True)
class Gain:
    """An expected improvement with its 95% interval, as ratios; above 0 is better."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class HourResponse:
    """What money brings a campaign in each hour of the week; the two sums of a metric at the hour's usual spend.

    Attributes:
        metric: What is wanted.
        usual: Usual spend of each hour in micros, above 0, shape (168,).
        numerator: Of the metric at that spend, as the ledger stores it, shape (168,).
        denominator: The same.
        deviation: Relative standard deviation of what is known of each hour of the day, shape (24,).
        level_deviation: Relative standard deviation of the level over the next OUTLOOK_DAYS.
        weights: Probability of each value in STEEPNESS, shape (25,).
    """

    metric: Metric
    usual: Floats
    numerator: Floats
    denominator: Floats
    deviation: Floats
    level_deviation: float
    weights: Floats

    def predict(self, plan: WeekPlan) -> Outlook:
        """Return what a schedule comes to, and how much better that is than the same money evenly, and than today."""
        budgets = np.array([part.micros for part in plan.week_budgets()], dtype=np.float64)
        even = budgets if plan.flat else np.full(HOURS_PER_WEEK, budgets.mean())
        values, shares = self._come_to(budgets)
        expected, spread = self._over_steepness(np.log(values))
        unsure = float(((shares * self.deviation) ** 2).sum())
        error = np.sqrt(spread + unsure + self.level_deviation**2 + LEVEL_ERROR**2)
        low, high = np.exp(expected + _Z95 * error * np.array([-1.0, 1.0]))
        over_flat, modified = self._gain(budgets, even), self.gain_of_modifiers(plan.multipliers)
        return Outlook(
            metric=self.metric.name,
            expected=float(np.exp(expected)),
            low=float(low),
            high=float(high),
            uplift=over_flat.expected,
            uplift_low=over_flat.low,
            uplift_high=over_flat.high,
            over_usual=self._gain(budgets, self.usual * budgets.sum() / self.usual.sum()).expected,
            modified=modified.expected,
            modified_low=modified.low,
            modified_high=modified.high,
        )

    def gain_of_modifiers(self, multipliers: ArrayLike) -> Gain:
        """Return what multipliers on today's rhythm bring beyond it, for the same money.

        Args:
            multipliers: Of each hour of the week, at least 0 and not all 0, shape (168,).
        """
        amounts = self.usual * np.asarray(multipliers, dtype=np.float64)
        return self._gain(amounts * self.usual.sum() / amounts.sum(), self.usual)

    def _gain(self, amounts: Floats, instead_of: Floats) -> Gain:
        """Return the improvement of one week of hourly amounts over another of the same sum."""
        (planned, planned_shares), (other, other_shares) = self._come_to(amounts), self._come_to(instead_of)
        sign = -1.0 if self.metric.better_when is Better.LOWER else 1.0
        gain, spread = self._over_steepness(sign * np.log(planned / other))
        # Hours of one pattern err together, and against the others, since all are measured by their common mean.
        moved = float(np.abs(planned_shares - other_shares) @ self.deviation)
        error = np.sqrt(spread + moved**2 + (GAIN_ERROR * gain) ** 2)
        low, high = np.expm1(gain + _Z95 * error * np.array([-1.0, 1.0]))
        return Gain(float(np.expm1(gain)), float(low), float(high))

    def _come_to(self, budgets: Floats) -> tuple[Floats, Floats]:
        """Return the metric for every steepness, shape (25,), and its share by hour of the day, shape (24,)."""
        times = budgets / self.usual
        steep = STEEPNESS[:, None]
        result = grown(times, steep)

        def of_side(name: str | None, usual: Floats) -> Floats:
            return usual * times * np.ones_like(result) if name == _SPEND else usual * result

        top, bottom = of_side(self.metric.numerator, self.numerator), of_side(self.metric.denominator, self.denominator)
        value = top.sum(axis=1) / bottom.sum(axis=1) * float(self.metric.scale)
        # What is uncertain is the side that the estimates stand on: never the spend.
        uncertain = self.weights @ (bottom if self.metric.numerator == _SPEND else top)
        shares = (uncertain / uncertain.sum()).reshape(DAYS_PER_WEEK, HOURS_PER_DAY).sum(axis=0)
        return value, shares

    def _over_steepness(self, values: Floats) -> tuple[float, float]:
        mean = float(self.weights @ values)
        return mean, float(self.weights @ (values - mean) ** 2)

    def to_json(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        return {
            "metric": self.metric.name,
            "level_deviation": self.level_deviation,
            **{name: getattr(self, name).tolist() for name in _ARRAYS},
        }


_ARRAYS = ("usual", "numerator", "denominator", "deviation", "weights")


def read_response(fields: dict[str, object]) -> HourResponse:
    """Return the response that `to_json` wrote."""
    arrays = {name: np.asarray(fields[name], dtype=np.float64) for name in _ARRAYS}
    return HourResponse(
        metric=find_metric(str(fields["metric"])),
        level_deviation=float(str(fields["level_deviation"])),
        **arrays,
    )


def learn_response(found: CampaignDayparts, panel: HourlyPanel, delivery: HourlyPanel) -> HourResponse | None:
    """Learn what money brings a campaign in each hour; None where it spent nothing or brought nothing.

    Args:
        found: What is known of its week.
        panel: The hours that this rests on, of this campaign alone.
        delivery: Spend (numerators) and impressions (denominators) of the same hours.
    """
    metric = found.metric
    spend = _by_cell(delivery, delivery.numerators[0])
    if found.mean is None or found.mean <= 0 or not (spend > 0).any():
        return None
    usual = np.where(spend > 0, spend, spend[spend > 0].mean())
    estimates = np.array([found.mean if one.estimate is None else one.estimate for one in found.cells])
    ratio = np.maximum(estimates, found.mean * 1e-3) / float(metric.scale)
    if metric.numerator == _SPEND:
        numerator, denominator = usual, usual / ratio
    elif metric.denominator == _SPEND:
        numerator, denominator = usual * ratio, usual
    else:
        measured = _by_cell(panel, panel.denominators[0])
        per_spend = measured.sum() / spend.sum()
        denominator = np.where(measured > 0, measured, usual * per_spend)
        numerator = denominator * ratio
    return HourResponse(
        metric=metric,
        usual=usual,
        numerator=numerator,
        denominator=denominator,
        deviation=_deviations(found.hours),
        level_deviation=_level_deviation(panel),
        weights=fit_steepness(delivery.numerators[0], delivery.denominators[0]),
    )


def _by_cell(panel: HourlyPanel, amounts: NDArray[np.int64]) -> Floats:
    """Return the mean amount of each hour of the week over the weeks in which it was seen, shape (168,)."""
    total, seen = np.zeros((DAYS_PER_WEEK, HOURS_PER_DAY)), np.zeros((DAYS_PER_WEEK, HOURS_PER_DAY))
    there = (panel.numerators[0] > 0) | (panel.denominators[0] > 0)
    np.add.at(total, panel.weekdays, amounts)
    np.add.at(seen, panel.weekdays, there)
    return (total / np.maximum(seen, 1)).ravel()


def _deviations(hours: Sequence[SlotFigures]) -> Floats:
    """Return how unsure each hour's lift is, relative, shape (24,)."""
    bounds = np.array([[np.nan if end is None else end for end in (one.lift_low, one.lift_high)] for one in hours])
    low, high = np.maximum(bounds[:, 0], 1e-6), np.maximum(bounds[:, 1], 1e-6)
    spread = np.log(high / low) / (2 * _Z95)
    known = np.isfinite(spread)
    return np.where(known, spread, spread[known].mean() if known.any() else 1.0)


def _level_deviation(panel: HourlyPanel) -> float:
    """Return how far the level may be off over the next OUTLOOK_DAYS: what is not known, and what days add."""
    shares = np.ones(panel.numerators.shape) if panel.shares is None else panel.shares
    enough = shares >= SMALLEST_SHARE
    top = np.where(enough[0], panel.numerators[0] / np.maximum(shares[0], SMALLEST_SHARE), 0.0).sum(axis=1)
    bottom = np.where(enough[0], panel.denominators[0], 0).sum(axis=1)
    ran = bottom > 0
    days = int(ran.sum())
    if days < 2 or top.sum() <= 0:
        return 1.0
    residual = top[ran] / top[ran].sum() - bottom[ran] / bottom[ran].sum()
    variance = float((residual**2).sum()) * days / (days - 1)
    return float(np.sqrt(variance * (1 + days / OUTLOOK_DAYS)))
