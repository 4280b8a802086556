"""What is known of the weeks of many campaigns, in columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, isnan

import numpy as np
from numpy.typing import NDArray

from adtempo.dayparts.evidence import Roots
from adtempo.dayparts.findings import CampaignDayparts, DaypartSettings, Figures, Pattern
from adtempo.dayparts.patterns import find_patterns
from adtempo.dayparts.slots import ByLayout
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.metrics import Metric

Floats = NDArray[np.float64]

_YEAR = 365


@dataclass(frozen=True, slots=True, eq=False)
class Dayparts:
    """One entry per campaign in everything.

    Attributes:
        campaigns: Whose weeks.
        metric: What is measured.
        settings: How the week was judged.
        days: Length of the look-back in days.
        samples: Measured hours with a denominator above 0, shape (campaigns,).
        means: Ratios of sums in the metric's unit, NaN without a denominator, shape (campaigns,).
        abstained: Whether no usable pattern was found, shape (campaigns,).
        borrowed: Share of what is known of the hours that other campaigns said, shape (campaigns,).
        weekly: Whether a plan by hour of the week is due, shape (campaigns,).
        shortfall: How many times as much must happen for hours 1.5 times as good to be seen, shape (campaigns,).
        days_needed: The look-back in which so much would happen, infinite where none is enough, shape (campaigns,).
        figures: In each way of cutting the week, arrays of shape (campaigns, slots).
        own: What each campaign's own facts say of its hours; what niches learn from.
    """

    campaigns: tuple[CampaignRef, ...]
    metric: Metric
    settings: DaypartSettings
    days: int
    samples: NDArray[np.int64]
    means: Floats
    abstained: NDArray[np.bool_]
    borrowed: Floats
    weekly: NDArray[np.bool_]
    shortfall: Floats
    days_needed: Floats
    figures: ByLayout[Figures]
    own: Roots

    def __len__(self) -> int:
        return len(self.campaigns)

    def campaign(self, place: int) -> CampaignDayparts:
        """Return one campaign's findings in rows."""
        slots = self.figures.each(lambda figures: figures.rows(place))
        abstained = bool(self.abstained[place])
        patterns = () if abstained else find_patterns(slots.hours, slots.cells, slots.days)
        mean = float(self.means[place])
        return CampaignDayparts(
            campaign=self.campaigns[place],
            metric=self.metric,
            samples=int(self.samples[place]),
            mean=None if isnan(mean) else mean,
            abstained=abstained,
            reason=self._reason(place, patterns),
            borrowed=float(self.borrowed[place]),
            weekly=bool(self.weekly[place]),
            cells=slots.cells,
            hours=slots.hours,
            days=slots.days,
            week_parts=slots.week_parts,
            times_of_day=slots.times_of_day,
            patterns=patterns,
        )

    def each(self) -> Iterator[CampaignDayparts]:
        """Yield every campaign's findings in rows."""
        return map(self.campaign, range(len(self)))

    def _reason(self, place: int, patterns: tuple[Pattern, ...]) -> str:
        if patterns:
            clear = "1 pattern stands" if len(patterns) == 1 else f"{len(patterns)} patterns stand"
            return f"{clear} out from noise in {self.samples[place]:,} measured hours."
        samples, least = int(self.samples[place]), self.settings.min_samples
        if samples < least:
            return (
                f"No usable pattern: {samples:,} measured hours are fewer than the {least:,} asked for (min_samples); "
                "look back further, or wait for more."
            )
        why, times = "the hours differ no more than chance would have it", float(self.shortfall[place])
        if times <= 1:
            return (
                f"No usable pattern: {why}. Hours 1.5 times as good as the others would probably have been seen; "
                "weaker ones take more days or more spend."
            )
        needed = float(self.days_needed[place])
        takes = f"a look-back of {needed:,.0f} days, or " if needed <= _YEAR else ""
        return f"No usable pattern: {why}. To see hours 1.5 times as good as the others takes {takes}" + (
            f"{times:,.1f} times the spend." if isfinite(times) else "hours in which something happens."
        )
