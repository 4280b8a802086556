"""What entities were called and allowed to spend, and since when: a history in which nothing is overwritten.

A row says that an attribute held a value from `effective_at` on, until the next row. Only changes are kept, but a
sighting that changes nothing is still knowledge: the row remembers the newest one (`seen_until`, and when that was
observed), so that an older change which is learnt later does not run over it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    Index,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    func,
    literal,
    select,
    tuple_,
)

from adtempo.domain.accounts import AccountRef, CampaignRef, Level
from adtempo.domain.errors import InvalidInput
from adtempo.store.engine import Identifier, Number, UtcTime, metadata
from adtempo.store.ledger import ledger_batches
from adtempo.store.rows import campaign_key, campaign_of, of, of_any, read_row, row_of

entity_attributes = Table(
    "entity_attributes",
    metadata,
    Column("id", Number, primary_key=True),
    Column("platform", Identifier, nullable=False),
    Column("account_id", Identifier, nullable=False),
    Column("level", Text, nullable=False),
    Column("campaign_id", Identifier, nullable=False),
    Column("entity_id", Identifier, nullable=False),
    Column("attribute", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("effective_at", UtcTime, nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("seen_until", UtcTime, nullable=False),
    Column("seen_observed_at", UtcTime, nullable=False),
    Column("batch", BigInteger, nullable=False),
    campaign_key(),
    CheckConstraint("level IN ('campaign', 'ad_group', 'ad')", name="level_known"),
    CheckConstraint("attribute IN ('name', 'status', 'budget_daily_micros', 'niche')", name="attribute_known"),
    CheckConstraint("entity_id <> ''", name="identified"),
    CheckConstraint("level <> 'campaign' OR entity_id = campaign_id", name="campaign_is_entity"),
    CheckConstraint("seen_until >= effective_at", name="seen_from_start"),
    CheckConstraint("batch > 0", name="batch_positive"),
    Index(
        "ix_entity_attributes_history",
        "platform",
        "account_id",
        "level",
        "campaign_id",
        "entity_id",
        "attribute",
        "effective_at",
    ),
)

_CHUNK = 10_000

EntityKey = tuple[str, str, str, str]
"""(platform, account_id, campaign_id, entity_id)."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One value of one attribute of one entity, as a file or a platform stated it.

    Attributes:
        platform: Where.
        account_id: Whose.
        level: campaign, ad_group or ad.
        campaign_id: The campaign it belongs to.
        entity_id: The campaign's, ad group's or ad's own id, as the level says.
        attribute: name, status, budget_daily_micros or niche.
        value: Text; a budget is a whole number of micros.
        effective_at: From when it holds, aware.
        observed_at: When that was said, aware.
    """

    platform: str
    account_id: str
    level: str
    campaign_id: str
    entity_id: str
    attribute: str
    value: str
    effective_at: datetime
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an entity held, by attribute, and when any of it was last confirmed."""

    values: Mapping[str, str]
    seen_at: datetime


@dataclass(slots=True)
class _Held:
    """One row of a history while new sightings are worked in; `id` is None until it is stored."""

    id: int | None
    value: str
    effective_at: datetime
    observed_at: datetime
    seen_until: datetime
    seen_observed_at: datetime

    @property
    def seen(self) -> tuple[datetime, datetime]:
        return self.seen_until, self.seen_observed_at


def record_attributes(connection: Connection, stated: Iterable[Attribute], *, batch: int) -> int:
    """Work sightings into the histories and return how many rows that took.

    A sighting posts a row only where its value differs from what holds at its `effective_at`. Where the older value
    had been seen again after that moment, the change ends at that later sighting, with a row of its own.

    Args:
        connection: Of a writing transaction that holds the accounts' leases.
        stated: Sightings of registered campaigns, in any order.

    Raises:
        InvalidInput: A budget is not a whole number of micros of at least 0.
    """
    by_group: dict[tuple[str, str, str], list[Attribute]] = defaultdict(list)
    for sighting in stated:
        if sighting.attribute == "budget_daily_micros" and not (sighting.value.isascii() and sighting.value.isdigit()):
            raise InvalidInput(
                f"daily budget of {sighting.entity_id}: {sighting.value!r} is not a whole number of micros"
            )
        by_group[sighting.platform, sighting.account_id, sighting.level].append(sighting)
    return sum(_record_group(connection, group, sightings, batch) for group, sightings in sorted(by_group.items()))


def _record_group(connection: Connection, group: tuple[str, str, str], sightings: list[Attribute], batch: int) -> int:
    newest = connection.scalar(select(func.max(entity_attributes.c.seen_until)).where(_of_group(group)))
    moments = {_moment(sighting) for sighting in sightings}
    if len(moments) == 1 and (newest is None or sightings[0].effective_at > newest):
        return _record_newest(connection, group, sightings, batch)
    histories = _load_histories(connection, group)
    stored = {held.id: held.seen for history in histories.values() for held in history}
    fresh = []
    for sighting in sorted(sightings, key=_moment):
        key = (sighting.campaign_id, sighting.entity_id, sighting.attribute)
        fresh += [(key, held) for held in _work_in(histories[key], sighting)]
    confirmed: dict[tuple[datetime, datetime], list[int]] = defaultdict(list)
    for history in histories.values():
        for held in history:
            if held.id is not None and held.seen != stored[held.id]:
                confirmed[held.seen].append(held.id)
    _store(connection, group, fresh, confirmed, batch)
    return len(fresh)


def _record_newest(connection: Connection, group: tuple[str, str, str], sightings: list[Attribute], batch: int) -> int:
    """Record sightings of one moment that is newer than all that is known: only the values that hold now matter."""
    held = {(row.campaign_id, row.entity_id, row.attribute): row for row in _load_newest(connection, group)}
    fresh, confirmed = {}, []
    moment = _moment(sightings[0])
    for sighting in sightings:
        key = (sighting.campaign_id, sighting.entity_id, sighting.attribute)
        row = held.get(key)
        if row is not None and row.value == sighting.value:
            confirmed.append(row.id)
        else:
            fresh[key] = _Held(None, sighting.value, *moment, *moment)
    _store(connection, group, list(fresh.items()), {moment: confirmed}, batch)
    return len(fresh)


def _load_newest(connection: Connection, group: tuple[str, str, str]) -> Sequence[Row[*tuple[Any, ...]]]:
    table = entity_attributes.c
    key = (table.campaign_id, table.entity_id, table.attribute)
    place = func.row_number().over(partition_by=key, order_by=_NEWEST_FIRST).label("place")
    ranked = select(*key, table.id, table.value, place).where(_of_group(group)).subquery()
    return connection.execute(select(ranked).where(ranked.c.place == 1)).all()


def _of_group(group: tuple[str, str, str]) -> ColumnElement[bool]:
    table = entity_attributes.c
    return (tuple_(table.platform, table.account_id, table.level) == group) & _counts()


def _counts(batch: int | None = None) -> ColumnElement[bool]:
    """Leave out what undone batches brought, as it was known when `batch` was the newest."""
    undone = select(ledger_batches.c.batch).where(ledger_batches.c.undone_by.is_not(None))
    if batch is not None:
        undone = undone.where(ledger_batches.c.undone_by <= batch)
    return entity_attributes.c.batch.not_in(undone)


_moment = attrgetter("effective_at", "observed_at")
_NEWEST_FIRST = tuple(entity_attributes.c[name].desc() for name in ("effective_at", "observed_at", "batch", "id"))


def _work_in(history: list[_Held], sighting: Attribute) -> list[_Held]:
    """Work one sighting into one history, which is sorted by `_moment`, and return the rows to post."""
    moment = _moment(sighting)
    before = history[bisect_right(history, moment, key=_moment) - 1] if history else None
    if before is not None and _moment(before) > moment:
        before = None
    if before is not None and before.value == sighting.value:
        before.seen_until, before.seen_observed_at = max(before.seen, moment)
        return []
    posted = [_Held(None, sighting.value, *moment, *moment)]
    if before is not None and before.seen_until > sighting.effective_at:
        posted.append(_Held(None, before.value, *before.seen, *before.seen))
    history += posted
    history.sort(key=_moment)
    return posted


def _load_histories(
    connection: Connection, group: tuple[str, str, str]
) -> defaultdict[tuple[str, str, str], list[_Held]]:
    table = entity_attributes.c
    columns = ("campaign_id", "entity_id", "attribute", *_Held.__dataclass_fields__)
    query = (
        select(*(table[name] for name in columns))
        .where(_of_group(group))
        .order_by(table.effective_at, table.observed_at, table.batch, table.id)
    )
    histories: defaultdict[tuple[str, str, str], list[_Held]] = defaultdict(list)
    for campaign_id, entity_id, attribute, *held in connection.execute(query):
        histories[campaign_id, entity_id, attribute].append(_Held(*held))
    return histories


def _store(
    connection: Connection,
    group: tuple[str, str, str],
    fresh: list[tuple[tuple[str, str, str], _Held]],
    confirmed: Mapping[tuple[datetime, datetime], list[int]],
    batch: int,
) -> None:
    names = ("platform", "account_id", "level", "campaign_id", "entity_id", "attribute")
    rows = [
        row_of(entity_attributes, held, **dict(zip(names, (*group, *key), strict=True)), batch=batch)
        for key, held in fresh
    ]
    if rows:
        connection.execute(entity_attributes.insert(), rows)
    for (seen_until, seen_observed_at), ids in confirmed.items():
        for start in range(0, len(ids), _CHUNK):
            chunk: BindParameter[Any] = bindparam(
                "chunk", ids[start : start + _CHUNK], expanding=True, literal_execute=True
            )
            connection.execute(
                entity_attributes.update()
                .where(entity_attributes.c.id.in_(chunk))
                .values(seen_until=seen_until, seen_observed_at=seen_observed_at)
            )


def undo_attributes(connection: Connection, *, batch: int, undone_by: int) -> None:
    """Let what a batch said hold no longer, except from where somebody else had seen the same since."""
    table = entity_attributes.c
    carried = [column for column in table if column.name not in ("id", "effective_at", "observed_at", "batch")]
    confirmed = (
        select(*carried, table.seen_until, table.seen_observed_at, literal(undone_by))
        .join(ledger_batches, ledger_batches.c.batch == table.batch)
        .where(table.batch == batch, table.seen_observed_at > ledger_batches.c.observed_at)
    )
    names = [*(column.name for column in carried), "effective_at", "observed_at", "batch"]
    connection.execute(entity_attributes.insert().from_select(names, confirmed))


def load_attributes(
    connection: Connection,
    *,
    at: datetime,
    level: Level = Level.CAMPAIGN,
    within: Collection[AccountRef] | None = None,
    campaign: CampaignRef | None = None,
    as_of: datetime | None = None,
    batch: int | None = None,
) -> dict[EntityKey, dict[str, str]]:
    """Return the attributes that held at a moment, by entity; those of undone batches hold no longer.

    Args:
        at: The moment that is asked about, aware.
        within: Only of these accounts; None = all.
        campaign: Only of this one; None = all.
        as_of: Leave out what was observed later; None = everything that is known.
        batch: Leave out what later batches brought; None = everything that is known.
    """
    table = entity_attributes.c
    key = (table.platform, table.account_id, table.campaign_id, table.entity_id)
    place = func.row_number().over(partition_by=(*key, table.attribute), order_by=_NEWEST_FIRST).label("place")
    query = select(*key, table.attribute, table.value, place).where(
        table.level == level, table.effective_at <= at, _counts(batch)
    )
    if within is not None:
        query = query.where(of_any(entity_attributes, within))
    if campaign is not None:
        query = query.where(of(entity_attributes, campaign))
    if as_of is not None:
        query = query.where(table.observed_at <= as_of)
    if batch is not None:
        query = query.where(table.batch <= batch)
    ranked = query.subquery()
    found: dict[EntityKey, dict[str, str]] = defaultdict(dict)
    for platform, account_id, campaign_id, entity_id, attribute, value, _ in connection.execute(
        select(ranked).where(ranked.c.place == 1)
    ):
        found[platform, account_id, campaign_id, entity_id][attribute] = value
    return dict(found)


def load_sightings(
    connection: Connection,
    account: AccountRef,
    attributes: Collection[str],
    *,
    at: datetime,
    campaign: CampaignRef | None = None,
) -> dict[CampaignRef, Sighting]:
    """Return what an account's campaigns are known to hold at a moment, and when any of it was last confirmed."""
    found: dict[str, tuple[dict[str, str], list[datetime]]] = {}
    asked = select_sightings(account, attributes, at=at, campaign=campaign)
    for campaign_id, attribute, value, seen_at in connection.execute(asked):
        values, moments = found.setdefault(campaign_id, ({}, []))
        values[attribute] = value
        moments.append(seen_at)
    return {
        CampaignRef(account.platform, account.account_id, campaign_id): Sighting(values, max(moments))
        for campaign_id, (values, moments) in found.items()
    }


def select_sightings(
    account: AccountRef, attributes: Collection[str], *, at: datetime, campaign: CampaignRef | None = None
) -> Select[str, str, str, datetime]:
    """Return the query of what an account's campaigns are known to hold: id, attribute, value, last confirmed."""
    table = entity_attributes.c
    group = (account.platform, account.account_id, Level.CAMPAIGN.value)
    place = func.row_number().over(partition_by=(table.campaign_id, table.attribute), order_by=_NEWEST_FIRST)
    query = select(table.campaign_id, table.attribute, table.value, table.seen_observed_at, place.label("place")).where(
        _of_group(group), table.effective_at <= at, table.attribute.in_(attributes)
    )
    if campaign is not None:
        query = query.where(table.campaign_id == campaign.campaign_id)
    ranked = query.subquery().c
    return select(ranked.campaign_id, ranked.attribute, ranked.value, ranked.seen_observed_at).where(ranked.place == 1)


def load_history(connection: Connection, campaign: CampaignRef, *, limit: int) -> list[Attribute]:
    """Return what a campaign was called and allowed to spend, and from when on, the newest first."""
    table = entity_attributes.c
    group = (campaign.platform, campaign.account_id, Level.CAMPAIGN.value)
    query = (
        select(entity_attributes)
        .where(_of_group(group), table.campaign_id == campaign.campaign_id)
        .order_by(*_NEWEST_FIRST)
        .limit(limit)
    )
    return [read_row(Attribute, row) for row in connection.execute(query)]


def load_budgets(connection: Connection, *, until: datetime) -> list[tuple[CampaignRef, datetime, int]]:
    """Return every daily budget that a campaign was given up to a moment, in micros, and when, the oldest first."""
    table = entity_attributes.c
    query = (
        select(table.platform, table.account_id, table.campaign_id, table.effective_at, table.value)
        .where(table.level == Level.CAMPAIGN, table.attribute == "budget_daily_micros", table.effective_at <= until)
        .where(_counts())
        .order_by(table.effective_at, table.observed_at, table.batch, table.id)
    )
    return [(campaign_of(row), row.effective_at, int(row.value)) for row in connection.execute(query)]


def load_moments(connection: Connection, *, since: datetime, until: datetime) -> list[datetime]:
    """Return when anything changed in what campaigns were called or allowed to spend, both ends inclusive, in order."""
    at = entity_attributes.c.effective_at
    query = select(at).where(entity_attributes.c.level == Level.CAMPAIGN, at >= since, at <= until).distinct()
    return sorted(connection.execute(query).scalars())
