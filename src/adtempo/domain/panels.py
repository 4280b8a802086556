"""Facts as arrays: what every estimate and every report reads.

A panel is columnar and immutable. Quantities are integers (counts, or micros); a quantity that nobody measured is not
zero, so each comes with a mask. This is the waist between the ledger and thought: nothing above it knows where the
numbers were stored, nothing below it knows what they are for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import CampaignRef

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

QUANTITIES = ("impressions", "clicks", "spend_micros", "conversions_micros", "conversion_value_micros")
"""The additive base quantities of one fact, in the order of the ledger's columns."""


@dataclass(frozen=True, slots=True)
class Quantities:
    """The base quantities of one group of facts; None where nobody measured it.

    Attributes:
        impressions: Times shown.
        clicks: Clicks.
        spend_micros: Spend in micros of the account's currency.
        conversions_micros: Conversions in millionths (platforms report fractions).
        conversion_value_micros: Conversion value in micros of the account's currency.
        reach: People reached, as the platform reported it for exactly this entity and window; it cannot be added up,
            so it is not in QUANTITIES.
    """

    impressions: int | None = None
    clicks: int | None = None
    spend_micros: int | None = None
    conversions_micros: int | None = None
    conversion_value_micros: int | None = None
    reach: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FactTable:
    """Grouped sums of facts.

    Attributes:
        keys: One array per grouping column, shape (groups,): text as object arrays, ``day_local`` as datetime64[D],
            ``hour`` (start of the hour in UTC) as datetime64[us], ``hour_of_week`` as int64.
        sums: One int64 array per name in QUANTITIES, shape (groups,); 0 where not measured.
        measured: One bool array per name in QUANTITIES, shape (groups,): whether anybody measured it.
    """

    keys: Mapping[str, NDArray[Any]]
    sums: Mapping[str, NDArray[np.int64]]
    measured: Mapping[str, NDArray[np.bool_]]

    def __len__(self) -> int:
        return len(self.sums["impressions"])

    def quantities(self, group: int) -> Quantities:
        """Return the quantities of one group."""
        return Quantities(
            **{name: int(self.sums[name][group]) if self.measured[name][group] else None for name in QUANTITIES}
        )

    def rows(self) -> Iterator[tuple[tuple[Any, ...], Quantities]]:
        """Yield (keys, quantities) of each group, in the order of the arrays."""
        for group in range(len(self)):
            yield tuple(_plain(column[group]) for column in self.keys.values()), self.quantities(group)

    def campaigns(self) -> list[tuple[CampaignRef, slice]]:
        """Return the rows of each campaign; they lie together, since the table is ordered by its keys.

        The first keys are platform, account_id and campaign_id.
        """
        keys = list(self.keys.values())[:3]
        begins = np.any([key[1:] != key[:-1] for key in keys], axis=0)
        edges = [0, *(np.flatnonzero(begins) + 1).tolist(), len(self)] if len(self) else []
        return [(CampaignRef(*(key[begin] for key in keys)), slice(begin, end)) for begin, end in pairwise(edges)]

    def to_pandas(self) -> pd.DataFrame:
        """Return a pandas frame: keys, then quantities as nullable integers."""
        import pandas as pd

        frame = pd.DataFrame(dict(self.keys))
        for name in QUANTITIES:
            frame[name] = pd.arrays.IntegerArray(self.sums[name].copy(), ~self.measured[name])
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return a Polars frame: keys, then quantities as nullable integers."""
        import polars as pl

        return pl.from_pandas(self.to_pandas())


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What a figure that is still arriving will come to; arrays of shape (groups,), NaN where nobody measured it.

    Attributes:
        value: Expected final figure: conversions, or amounts in major units of the account's currency.
        low80: Lower bound of the central 80% interval.
        high80: Upper bound.
        low95: Lower bound of the central 95% interval.
        high95: Upper bound.
        maturity: Share of the expected figure that has been reported, 0 to 1.
        basis: What the expectation rests on: own, shrunk, platform, prior or none (text).
    """

    value: NDArray[np.float64]
    low80: NDArray[np.float64]
    high80: NDArray[np.float64]
    low95: NDArray[np.float64]
    high95: NDArray[np.float64]
    maturity: NDArray[np.float64]
    basis: NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class MaturedTable:
    """Grouped facts as reported, and what their late parts will come to.

    Attributes:
        facts: As reported.
        conversions: Expected final conversions of each group.
        conversion_value: Expected final conversion value of each group.
    """

    facts: FactTable
    conversions: Expected
    conversion_value: Expected

    def __len__(self) -> int:
        return len(self.facts)
