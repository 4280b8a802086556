"""What tables have in common: how they name accounts and campaigns, and how things become rows and rows things."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, ForeignKeyConstraint, FromClause, Row, Table, and_, tuple_

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.store.engine import Identifier, insert_into

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Noun = TypeVar("Noun", bound=DataclassInstance)

CAMPAIGN = ("platform", "account_id", "campaign_id")
"""The columns that name a campaign; the first two name an account."""

_CHUNK = 1000


def campaign_columns(*, primary_key: bool = False) -> list[Column[Any]]:
    """Return the columns that name a campaign."""
    return [Column(name, Identifier, primary_key=primary_key, nullable=False) for name in CAMPAIGN]


def campaign_key() -> ForeignKeyConstraint:
    """Return the constraint that a row's campaign is registered."""
    return ForeignKeyConstraint(CAMPAIGN, [f"campaigns.{name}" for name in CAMPAIGN])


def account_key() -> ForeignKeyConstraint:
    """Return the constraint that a row's account is registered."""
    return ForeignKeyConstraint(CAMPAIGN[:2], [f"accounts.{name}" for name in CAMPAIGN[:2]])


def of(table: FromClause, ref: AccountRef | CampaignRef) -> ColumnElement[bool]:
    """Return the condition that a row is of an account, or of a campaign."""
    return and_(*(table.c[name] == value for name, value in asdict(ref).items()))


def of_any(table: FromClause, accounts: Collection[AccountRef]) -> ColumnElement[bool]:
    """Return the condition that a row is of one of some accounts."""
    pairs = [(ref.platform, ref.account_id) for ref in accounts]
    return tuple_(table.c.platform, table.c.account_id).in_(pairs)


def campaign_of(row: Row[*tuple[Any, ...]]) -> CampaignRef:
    """Return the campaign that a row names."""
    return CampaignRef(row.platform, row.account_id, row.campaign_id)


@cache
def _shared(table: Table, noun: type[DataclassInstance]) -> tuple[str, ...]:
    own = table.autoincrement_column
    return tuple(name for name in noun.__dataclass_fields__ if name in table.c and table.c[name] is not own)


def row_of(table: Table, thing: DataclassInstance, **other: Any) -> dict[str, Any]:
    """Return the row of a thing: its fields that are columns, and what has another name or form in the table.

    A number that the database gives is left out.
    """
    return {name: getattr(thing, name) for name in _shared(table, type(thing))} | other


def read_row(noun: type[Noun], row: Row[*tuple[Any, ...]], **other: Any) -> Noun:
    """Return the thing of a row: its columns that are fields, and what has another name or form there."""
    found = row._mapping
    return noun(**{name: found[name] for name in noun.__dataclass_fields__ if name in found} | other)


def insert_new(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows; one whose key is known stays as it is."""
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK)):
        connection.execute(insert_into(connection, table).on_conflict_do_nothing(), chunk)


def insert_first(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row, unless its key is known; return whether it was inserted."""
    statement = insert_into(connection, table).values(row).on_conflict_do_nothing()
    return connection.scalar(statement.returning(*table.primary_key)) is not None
