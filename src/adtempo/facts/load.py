"""Facts as arrays, as of any moment: the only way that anything above reads the ledger.

A query names its grouping keys and its range; what comes back is a `FactTable` of integer sums. Where an account has
more than one kind of rows for the same thing (hours and days, campaigns and ads, two attribution settings), the source
of record is chosen per base quantity and local day, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.panels import QUANTITIES, FactTable
from adtempo.facts.ledger import Ledger, Snapshot, query, zone_table
from adtempo.store import ledger as manifest
from adtempo.store.accounts import load_accounts
from adtempo.store.engine import reading
from adtempo.store.rows import CAMPAIGN

KEYS: Mapping[str, str] = {
    "platform": "platform",
    "account_id": "account_id",
    "campaign_id": "campaign_id",
    "ad_group_id": "ad_group_id",
    "ad_id": "entity_id",
    "creative_id": "creative_id",
    "day_local": "day_local",
    "hour": "slot",
    "hour_of_week": "hour_of_week",
}
"""What facts can be grouped by, and the ledger's column behind it."""

_OF_ADS = {"ad_id", "creative_id"}
_OF_HOURS = {"hour", "hour_of_week"}


@dataclass(frozen=True, slots=True)
class FactQuery:
    """Which facts, grouped how, known when.

    Attributes:
        by: Grouping keys, out of KEYS, at least one. Keys of hours use hourly rows alone, keys of ads use ad
            rows, that of ad groups their rows or those of their ads.
        since: First local day, inclusive.
        until: Last local day, inclusive.
        campaigns: Only these campaigns; None means all.
        accounts: Only these accounts; None means all.
        as_of: Only what platforms had said by then (aware); None means up to now.
        batch: Only what had been published by this batch: with `as_of`, what a decision saw at the time.
        conversion_type: A named conversion type; empty means the main figures.
        attribution: Only what was reported under this setting; None means the source of record of all of them.
    """

    by: tuple[str, ...]
    since: date | None = None
    until: date | None = None
    campaigns: Collection[CampaignRef] | None = None
    accounts: Collection[AccountRef] | None = None
    as_of: datetime | None = None
    batch: int | None = None
    conversion_type: str = ""
    attribution: str | None = None

    def __post_init__(self) -> None:
        unknown = set(self.by) - set(KEYS)
        if unknown or not self.by:
            raise InvalidInput(f"facts can be grouped by {', '.join(KEYS)}; not by {', '.join(unknown) or 'nothing'}")
        if self.as_of is not None and self.as_of.tzinfo is None:
            raise InvalidInput("as_of needs a time with an offset")

    @property
    def hourly(self) -> bool:
        return not _OF_HOURS.isdisjoint(self.by)

    @property
    def cell(self) -> str | None:
        """Column of the ledger below campaigns that tells rows apart: of which, several kinds are one thing."""
        if not _OF_ADS.isdisjoint(self.by):
            return "entity_id"
        return "ad_group_id" if "ad_group_id" in self.by else None

    @property
    def levels(self) -> tuple[str, ...]:
        """Kinds of rows that can tell; none = all."""
        return {None: (), "entity_id": ("ad",), "ad_group_id": ("ad", "ad_group")}[self.cell]

    @property
    def lone_campaign(self) -> CampaignRef | None:
        """The only campaign that is asked for, if there is one."""
        return next(iter(self.campaigns)) if self.campaigns is not None and len(self.campaigns) == 1 else None

    def conditions(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Return the SQL conditions of a question, and their values."""
        values: dict[str, Any] = {"conversion_type": self.conversion_type}
        conditions = []
        bounds = {
            "since": ("day_local >= $since", self.since),
            "until": ("day_local <= $until", self.until),
            "as_of": ("observed_at <= $as_of", self.as_of and self.as_of.astimezone(UTC).replace(tzinfo=None)),
            "batch": ("batch <= $batch", self.batch),
            "attribution": ("attribution = $attribution", self.attribution),
        }
        for name, (condition, value) in bounds.items():
            if value is not None:
                conditions.append(condition)
                values[name] = value
        if self.lone_campaign is not None:
            # Equal to a constant: the Parquet reader skips row groups by their statistics, and no join is needed.
            conditions += [f"{name} = ${name}" for name in CAMPAIGN]
            values |= {name: getattr(self.lone_campaign, name) for name in CAMPAIGN}
        return tuple(conditions), values


def load_fact_table(ledger: Ledger, facts: FactQuery) -> FactTable:
    """Return grouped sums of facts, ordered by their keys.

    Raises:
        InvalidInput: An unknown grouping key, or a naive moment.
    """
    with reading(ledger.engine) as connection:
        snapshot = load_snapshot(ledger, facts, connection)
        shapes = _shapes(connection, facts)
        resolve = _can_count_twice(shapes)
        zones = zone_table(load_accounts(connection)) if resolve else None
    if not snapshot.files:
        return _table(facts, None)
    with ledger.reading(snapshot) as cursor:
        if zones is not None:
            cursor.register("zones", zones)
            cursor.register("kinds", _kinds(shapes))
        wanted, names = _wanted(facts)
        if wanted is not None:
            cursor.register("wanted", wanted)
        conditions, values = facts.conditions()
        sql = query(
            "facts",
            by=facts.by,
            columns=tuple(KEYS.items()),
            texts=_texts(facts, resolve=resolve),
            resolve=resolve,
            parts=any(shape[2] != "campaign" for shape in shapes),
            hourly=facts.hourly,
            cell=facts.cell,
            levels=facts.levels,
            wanted=names,
            conditions=conditions,
            undone=bool(snapshot.undone),
        )
        return _table(facts, cursor.sql(sql, params=values).to_arrow_table())


def load_hourly_accounts(ledger: Ledger, facts: FactQuery) -> set[AccountRef]:
    """Return the accounts that report conversions by the hour; how facts are grouped says whose.

    Args:
        ledger: Where the facts are.
        facts: Which facts.
    """
    snapshot = load_snapshot(ledger, facts, None)
    if not snapshot.files:
        return set()
    with ledger.reading(snapshot) as cursor:
        wanted, names = _wanted(facts)
        if wanted is not None:
            cursor.register("wanted", wanted)
        conditions, values = facts.conditions()
        undone = bool(snapshot.undone)
        sql = query("hourly", levels=facts.levels, wanted=names, conditions=conditions, undone=undone)
        return {AccountRef(*row) for row in cursor.execute(sql, values).fetchall()}


def load_reach(ledger: Ledger, facts: FactQuery) -> dict[tuple[CampaignRef, date], int]:
    """Return the reach of campaigns per local day, as platforms last reported it; `by` is not looked at.

    Reach does not add up over days or campaigns, so there is no sum of it.
    """
    snapshot = load_snapshot(ledger, facts, None)
    if not snapshot.files:
        return {}
    with ledger.reading(snapshot) as cursor:
        wanted, names = _wanted(facts)
        if wanted is not None:
            cursor.register("wanted", wanted)
        conditions, values = facts.conditions()
        del values["conversion_type"]
        rows = cursor.execute(query("reach", wanted=names, conditions=conditions), values).fetchall()
    return {(CampaignRef(*row[:3]), row[3]): row[4] for row in rows}


def load_snapshot(ledger: Ledger, facts: FactQuery, connection: Connection | None) -> Snapshot:
    """Return the files that can hold what is asked for, and what was taken back by then."""
    campaigns = None if facts.campaigns is None else {campaign.campaign_id for campaign in facts.campaigns}
    snapshot = ledger.snapshot(since=facts.since, until=facts.until, campaigns=campaigns, connection=connection)
    if facts.batch is None:
        return snapshot
    undone = {batch: by for batch, by in snapshot.undone.items() if by <= facts.batch}
    return replace(snapshot, undone=undone)


def _shapes(connection: Connection, facts: FactQuery) -> list[tuple[str, str, str, str, str, str]]:
    return [
        shape
        for shape in manifest.load_shapes(connection)
        if shape[5] == facts.conversion_type
        and facts.attribution in (None, shape[4])
        and (not facts.hourly or shape[3] == "hour")
        and (not facts.levels or shape[2] in facts.levels)
    ]


def _can_count_twice(shapes: Collection[tuple[str, str, str, str, str, str]]) -> bool:
    accounts = [shape[:2] for shape in shapes]
    return len(set(accounts)) < len(accounts)


def _kinds(shapes: Collection[tuple[str, str, str, str, str, str]]) -> pa.Table:
    """Return what settles a tie between sources: a day's row before its hours, then the attribution by name.

    The query gives it seven bits; of more than 128 kinds the last ones rank alike.
    """
    kinds = sorted({shape[3:5] for shape in shapes})
    return pa.table(
        {
            "grain": pa.array([grain for grain, _ in kinds], pa.string()),
            "attribution": pa.array([attribution for _, attribution in kinds], pa.string()),
            "kind": pa.array([min(place, 127) for place in range(len(kinds))], pa.int64()),
        }
    )


def _wanted(facts: FactQuery) -> tuple[pa.Table | None, str]:
    if facts.lone_campaign is not None:
        return None, ""
    if facts.campaigns is not None:
        names: tuple[str, ...] = CAMPAIGN
        refs: list[tuple[str, ...]] = [(c.platform, c.account_id, c.campaign_id) for c in facts.campaigns]
    elif facts.accounts is not None:
        names = CAMPAIGN[:2]
        refs = [(account.platform, account.account_id) for account in facts.accounts]
    else:
        return None, ""
    arrays = {name: pa.array([ref[place] for ref in refs], pa.string()) for place, name in enumerate(names)}
    return pa.table(arrays), ", ".join(names)


def _texts(facts: FactQuery, *, resolve: bool) -> tuple[str, ...]:
    needed = {KEYS[key] for key in facts.by} - {"day_local", "slot", "hour_of_week", "creative_id"}
    if resolve:
        needed |= {"platform", "account_id", "campaign_id", "level", "grain", "attribution"}
        needed |= {facts.cell} if facts.cell else set()
    return tuple(sorted(needed))


def _table(facts: FactQuery, rows: pa.Table | None) -> FactTable:
    def column(name: str, kind: str) -> np.ndarray[Any, Any]:
        if rows is None:
            return np.empty(0, kind)
        return np.asarray(rows.column(name).to_numpy(), dtype=kind)

    kinds = {"day_local": "datetime64[D]", "hour": "datetime64[us]", "hour_of_week": "int64"}
    return FactTable(
        keys={key: column(key, kinds.get(key, "object")) for key in facts.by},
        sums={name: column(name, "int64") for name in QUANTITIES},
        measured={name: column(f"measured_{name}", "bool") for name in QUANTITIES},
    )
