"""What rules are held against: everything known of many campaigns at one moment, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from adtempo.budgets.rules.base import Over
from adtempo.domain.campaigns import Campaign
from adtempo.domain.metrics import Metric, values_of
from adtempo.domain.panels import Expected, MaturedTable
from adtempo.stats.quantiles import guess_median

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Figures of all campaigns, or of groups of them, over the last hours; columns are worked out once.

    Attributes:
        matured: As reported, and as it will come to; one row per campaign or group.
        closed_days: Whether it is closed local days, since conversions come by the day, shape (rows,).
    """

    matured: MaturedTable
    closed_days: Bools
    _columns: dict[str, Floats] = field(default_factory=dict, repr=False)

    def reported(self, metric: Metric) -> Floats:
        """Return a metric as it was reported, in its unit, shape (rows,); NaN where there is none."""
        if metric.name not in self._columns:
            self._columns[metric.name] = values_of(metric, self.matured.facts.sums, self.matured.facts.measured)
        return self._columns[metric.name]

    def quantiles(self, quantity: str) -> Floats:
        """Return the quantiles 2.5, 10, 50, 90 and 97.5% of what a late quantity will come to, shape (5, rows)."""
        if quantity not in self._columns:
            final = self.expected(quantity)
            ends = final.low95, final.low80, final.high80, final.high95
            self._columns[quantity] = np.stack([*ends[:2], guess_median(*ends), *ends[2:]])
        return self._columns[quantity]

    def expected(self, quantity: str) -> Expected:
        """Return what a late quantity will come to."""
        return self.matured.conversions if quantity == "conversions_micros" else self.matured.conversion_value


@dataclass(frozen=True, slots=True, eq=False)
class Pace:
    """Expected spend at the end of the month over the plan, of campaigns or of groups of them that have a plan.

    All of shape (rows,), NaN where there is no plan.

    Attributes:
        value: Point value.
        low80: Lower bound of its 80% interval.
        high80: Upper bound.
    """

    value: Floats
    low80: Floats
    high80: Floats

    @classmethod
    def joined(cls, parts: Sequence[Pace]) -> Pace:
        """Return the rows of each behind those of the one before."""
        return cls(*(np.concatenate([getattr(one, end) for one in parts]) for end in ("value", "low80", "high80")))


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """How all campaigns of an hour stand.

    Attributes:
        at: What was known at this moment, aware.
        batch: The ledger's newest batch then.
        campaigns: Shape (campaigns,); all columns are in this order.
        currencies: Of each campaign's account.
        budget_micros: Daily budget, 0 where none is known, shape (campaigns,).
        active: Whether it is running, shape (campaigns,).
        windows: Figures by whose they are and how many hours they have.
        groups: By whose figures they are: the row of each campaign in those windows, shape (campaigns,).
        paces: Where the month's spend is heading, by whose it is; only of those that a rule asks for.
        ad_groups: Their ad groups; None where no rule asks for them, or there are none.
    """

    at: datetime
    batch: int
    campaigns: Sequence[Campaign]
    currencies: Sequence[str]
    budget_micros: Ints
    active: Bools
    windows: Mapping[tuple[Over, int], Window]
    groups: Mapping[Over, Ints]
    paces: Mapping[Over, Pace] = field(default_factory=dict)
    ad_groups: AdGroups | None = None

    def __len__(self) -> int:
        return len(self.campaigns)


@dataclass(frozen=True, slots=True, eq=False)
class AdGroups:
    """The ad groups of campaigns, each of which stands as if it were a campaign of its own.

    Attributes:
        campaign: Place of each one's campaign, shape (ad groups,).
        standing: How they stand.
    """

    campaign: Ints
    standing: Standing
