"""What is reported and may be reported again: nothing is overwritten, and the latest observation counts.

A table of such reports has their key and `batch` as its primary key, and `observed_at` and `undone_by`: undoing an
import marks its rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, or_, select


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of rows: new ones, ones that correct what was known, and ones that were known already."""

    posted: int
    restated: int
    unchanged: int


def standing(table: Table, batch: int | None = None) -> ColumnElement[bool]:
    """Return the condition that a report was not taken back, as it was known when `batch` was the newest."""
    if batch is None:
        return table.c.undone_by.is_(None)
    return (table.c.batch <= batch) & or_(table.c.undone_by.is_(None), table.c.undone_by > batch)


def record_observations(
    connection: Connection,
    table: Table,
    found: Sequence[Mapping[str, Any]],
    *,
    batch: int,
    among: ColumnElement[bool] | None = None,
) -> Recorded:
    """Keep the reports that are new or differ from what was known when they were made.

    Args:
        connection: Of a writing transaction.
        found: Rows without their batch; a key occurs once.
        among: Which known rows can have their keys; None = any.
    """
    names = [column.name for column in table.primary_key if column.name != "batch"]
    query = select(table).where(standing(table), *(() if among is None else (among,)))
    known = defaultdict(list)
    for row in connection.execute(query.order_by(table.c.observed_at, table.c.batch)).mappings():
        known[tuple(row[name] for name in names)].append(row)
    posted, restated = [], 0
    for report in found:
        earlier = known[tuple(report[name] for name in names)]
        if not _repeats(report, earlier):
            restated += bool(earlier)
            posted.append({**report, "batch": batch})
    if posted:
        connection.execute(table.insert(), posted)
    return Recorded(len(posted) - restated, restated, len(found) - len(posted))


def _repeats(report: Mapping[str, Any], earlier: Sequence[RowMapping]) -> bool:
    """Say whether a report says what was known when it was made; `earlier` is in the order of observation."""
    before = [one for one in earlier if one["observed_at"] <= report["observed_at"]]
    return bool(before) and all(before[-1][name] == said for name, said in report.items() if name != "observed_at")


def undo_observations(connection: Connection, tables: Iterable[Table], *, batch: int, undone_by: int) -> int:
    """Take back the reports that a batch brought; return how many rows that were."""
    return sum(
        connection.execute(
            table.update().where(table.c.batch == batch, table.c.undone_by.is_(None)).values(undone_by=undone_by)
        ).rowcount
        for table in tables
    )
