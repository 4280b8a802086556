"""What is known of a campaign's week: figures of every slot, labels, patterns, or why there are none.

Figures of many campaigns are kept in columns (`batch.py`); people, pages and plans read one campaign, in rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isnan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import Metric

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEK_PARTS = ("weekday", "weekend")
TIMES_OF_DAY = ("night", "morning", "afternoon", "evening")
"""Hours 0-5, 6-11, 12-17 and 18-23."""


class Label(StrEnum):
    """What a slot is."""

    VALLEY = "valley"
    NORMAL = "normal"
    PEAK = "peak"


LABELS = (Label.VALLEY, Label.NORMAL, Label.PEAK)
"""By code + 1: columns hold -1, 0 and 1."""


@dataclass(frozen=True, slots=True)
class DaypartSettings:
    """How the week is judged.

    Attributes:
        min_samples: Measured hours that a campaign needs before anything is said about it.
        peak_percentile: Only hours whose estimate is above this percentile of the day's can be peaks.
        valley_percentile: Only hours whose estimate is below this one can be valleys.
        half_life_days: Age at which a day counts half.

    Raises:
        InvalidInput: A number is out of range.
    """

    min_samples: int = 100
    peak_percentile: float = 70.0
    valley_percentile: float = 30.0
    half_life_days: float = 30.0

    def __post_init__(self) -> None:
        if self.min_samples < 1:
            raise InvalidInput(f"min_samples is {self.min_samples}; it is at least 1")
        if not 0 <= self.valley_percentile <= self.peak_percentile <= 100:
            raise InvalidInput(
                f"the percentile of valleys ({self.valley_percentile:g}) lies between 0 and that of peaks"
                f" ({self.peak_percentile:g}), which is at most 100"
            )
        if not self.half_life_days > 0:
            raise InvalidInput(f"a day counts half at an age above 0 days, not {self.half_life_days:g}")


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Figures of slots of the week, arrays of shape (campaigns, slots); NaN where nothing can be said.

    Values are in the metric's unit. Mean, ewma, ci_low and ci_high are the classical figures of hourly ratios, for
    reference; everything that decides reads the estimate.

    Attributes:
        n: Measured hours with a denominator above 0.
        numerator: Their sum, as the ledger stores it.
        denominator: The same.
        mean: Mean of the hourly ratios.
        deviation: Their standard deviation, with n - 1.
        ewma: Exponentially weighted mean over the slot's own history.
        ci_low: Lower end of the classical 95% interval of the mean.
        ci_high: Its upper end.
        estimate: The slot's true ratio, as far as neighbours, weekdays, the account and the niche help to know it.
        estimate_low: Lower end of its 95% interval.
        estimate_high: Its upper end.
        lift: How many times better than the campaign's own mean; above 1 is better also where less is better.
        lift_low: Lower end of its 95% interval.
        lift_high: Its upper end.
        q_value: Expected share of false ones among all slots that are at least as clearly off the normal level.
        label: 1 peak, -1 valley, 0 normal, int8.
    """

    n: Ints
    numerator: Ints
    denominator: Ints
    mean: Floats
    deviation: Floats
    ewma: Floats
    ci_low: Floats
    ci_high: Floats
    estimate: Floats
    estimate_low: Floats
    estimate_high: Floats
    lift: Floats
    lift_low: Floats
    lift_high: Floats
    q_value: Floats
    label: NDArray[np.int8]

    def rows(self, campaign: int) -> tuple[SlotFigures, ...]:
        """Return one campaign's slots in order."""
        columns = [_known(getattr(self, name)[campaign]) for name in SlotFigures._fields[:-1]]
        labels = [LABELS[code + 1] for code in self.label[campaign].tolist()]
        return tuple(map(SlotFigures._make, zip(*columns, labels, strict=True)))


def _known(column: NDArray[Any]) -> list[Any]:
    values = column.tolist()
    return [None if isnan(value) else value for value in values] if np.isnan(column).any() else values


class SlotFigures(NamedTuple):
    """The same of one slot; None where nothing can be said. A tuple, since ten thousand campaigns have two million."""

    n: int
    numerator: int
    denominator: int
    mean: float | None
    deviation: float | None
    ewma: float | None
    ci_low: float | None
    ci_high: float | None
    estimate: float | None
    estimate_low: float | None
    estimate_high: float | None
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    q_value: float | None
    label: Label


@dataclass(frozen=True, slots=True)
class Pattern:
    """Neighbouring hours of some weekdays that are better, or worse, than the campaign's normal level.

    Attributes:
        kind: Peak or valley.
        hours: Hours of the day, 0-23, in the order of the clock (22, 23, 0).
        days: Weekdays, Monday 0.
        lift: How many times better than the campaign's mean; below 1 in valleys.
        lift_low: Lower end of its 95% interval.
        lift_high: Its upper end.
        consistency: 1 / (1 + coefficient of variation of its hourly ratios), 0 to 1.
        lift_score: (lift - 1) / 0.1, of valleys with 1 / lift, clipped to 0-1.
        strength: 0.7 x lift score + 0.3 x consistency.
        q_value: Chance that it is none.
    """

    kind: Label
    hours: tuple[int, ...]
    days: tuple[int, ...]
    lift: float
    lift_low: float
    lift_high: float
    consistency: float
    lift_score: float
    strength: float
    q_value: float

    @property
    def confidence(self) -> float:
        """1 - q, 0 to 1."""
        return 1.0 - self.q_value


@dataclass(frozen=True, slots=True)
class CampaignDayparts:
    """What is known of one campaign's week.

    Attributes:
        campaign: Which campaign.
        metric: What is measured.
        samples: Measured hours with a denominator above 0.
        mean: The campaign's ratio of sums, in the metric's unit; None without a denominator.
        abstained: Whether no usable pattern was found.
        reason: Why, in words, and what it would take.
        borrowed: Share of what is known of its hours that other campaigns said, 0 to 1.
        weekly: Whether weekdays or weekends differ so clearly that a plan by hour of the week is due.
        cells: 168 hours of the week, Monday 00:00 first.
        hours: 24 hours of the day.
        days: 7 weekdays, Monday first.
        week_parts: Weekdays (Monday to Friday) and weekends.
        times_of_day: Night, morning, afternoon and evening.
        patterns: The clearest first; none when abstaining.
    """

    campaign: CampaignRef
    metric: Metric
    samples: int
    mean: float | None
    abstained: bool
    reason: str
    borrowed: float
    weekly: bool
    cells: tuple[SlotFigures, ...]
    hours: tuple[SlotFigures, ...]
    days: tuple[SlotFigures, ...]
    week_parts: tuple[SlotFigures, ...]
    times_of_day: tuple[SlotFigures, ...]
    patterns: tuple[Pattern, ...]

    @property
    def peak_hours(self) -> tuple[int, ...]:
        """Hours of the day, 0-23, that are peaks."""
        return tuple(hour for hour, figures in enumerate(self.hours) if figures.label is Label.PEAK)

    @property
    def valley_hours(self) -> tuple[int, ...]:
        """Hours of the day, 0-23, that are valleys."""
        return tuple(hour for hour, figures in enumerate(self.hours) if figures.label is Label.VALLEY)
