"""Hours of campaigns as arrays, each with the share of its conversions that has been reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.panels import FactTable
from adtempo.facts.ledger import Ledger
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.facts.maturity import PRIOR_DELAYS, AccountCurves
from adtempo.stats.maturity import Basis
from adtempo.stats.maturity.partial import arrived_share

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOUR_KEYS = ("platform", "account_id", "campaign_id", "hour", "day_local", "hour_of_week")


@dataclass(frozen=True, slots=True, eq=False)
class HourFacts:
    """Facts of hours, of each campaign in order of time; an hour that the clock shows twice has two rows.

    Attributes:
        campaigns: Whose facts, in the order of their ids; those without hourly facts are left out.
        places: Which of the campaigns each row is of, shape (rows,).
        table: The facts, grouped by HOUR_KEYS.
        shares: Share of its conversions that each row has reported, 0 to 1, shape (rows,); 1 where no delay was
            learnt, so that a file is taken at its word.
    """

    campaigns: tuple[CampaignRef, ...]
    places: Ints
    table: FactTable
    shares: Floats

    @property
    def days(self) -> NDArray[np.datetime64]:
        """Local day of each row, datetime64[D], shape (rows,)."""
        return self.table.keys["day_local"]

    @property
    def hours(self) -> Ints:
        """Hour of the local day of each row, 0-23, shape (rows,)."""
        return np.asarray(self.table.keys["hour_of_week"] % 24)

    def rows(self, place: int) -> slice:
        """Return the rows of one campaign, which lie together."""
        begin, end = np.searchsorted(self.places, [place, place + 1])
        return slice(int(begin), int(end))


def load_hour_facts(
    ledger: Ledger, facts: FactQuery, curves: Mapping[AccountRef, AccountCurves], heard: Mapping[AccountRef, datetime]
) -> HourFacts:
    """Return the facts of hours.

    Args:
        ledger: Where the facts are.
        facts: Which ones; `by` is not looked at, `as_of` is needed.
        curves: How late each account's conversions arrive, as known at that moment.
        heard: When each account was last heard by then, aware.
    """
    assert facts.as_of is not None, "maturity is always as of a moment"
    table = load_fact_table(ledger, replace(facts, by=HOUR_KEYS))
    campaigns, places = _campaigns_of(table)
    shares = np.ones(len(table))
    hours = table.keys["hour"].astype("datetime64[s]").astype(np.int64) / 3600
    accounts = [ref.account for ref in campaigns]
    for account in sorted(set(accounts) & set(curves)):
        rows = np.isin(places, np.flatnonzero([ref == account for ref in accounts]))
        seen = min(heard.get(account, facts.as_of), facts.as_of).timestamp() / 3600
        shares[rows] = _learnt_share(curves[account], seen - hours[rows] - 0.5)
    return HourFacts(campaigns, places, table, shares)


def share_of_clicks(curves: AccountCurves, age_hours: Floats) -> Floats:
    """Return the share of conversions reported of clicks of an age, shape (ages,).

    Curves speak of whole days, whose clicks are half a day younger than the day; before that, of the shape that is
    assumed until an account's own is known.
    """
    curve = curves.conversions
    share = np.interp(np.maximum(age_hours + 12, 24) / 24, curve.age_days, curve.mean_share())
    young = arrived_share(np.minimum(age_hours, 12) / 24, *PRIOR_DELAYS) / arrived_share(0.5, *PRIOR_DELAYS)
    return np.clip(share * young, 0.0, 1.0)


def _learnt_share(curves: AccountCurves, age_hours: Floats) -> Floats:
    """Return the share where it was learnt from vintages of this account or its platform, else 1."""
    curve = curves.conversions
    after = np.clip(np.searchsorted(curve.age_days, (age_hours + 12) / 24), 1, len(curve.age_days) - 1)
    basis = curve.basis[-1]
    learnt = np.maximum(basis[after - 1], basis[after]) < Basis.PRIOR
    return np.where(learnt, share_of_clicks(curves, age_hours), 1.0)


def _campaigns_of(table: FactTable) -> tuple[tuple[CampaignRef, ...], Ints]:
    """Return the campaigns of a table in its order, and which of them each row is of; rows lie together."""
    keys = [table.keys[name] for name in HOUR_KEYS[:3]]
    if not len(table):
        return (), np.zeros(0, np.int64)
    begins = np.concatenate([[True], np.any([key[1:] != key[:-1] for key in keys], axis=0)])
    refs = tuple(CampaignRef(*(key[row] for key in keys)) for row in np.flatnonzero(begins))
    return refs, np.cumsum(begins) - 1
