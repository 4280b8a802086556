"""Small files of single records: offline and first-party conversions, and exchange rates.

They pass the same reading, the same line numbers and the same rejects as facts, but are checked one by one in Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from adtempo.domain.errors import BadRows, InvalidInput, Problem
from adtempo.domain.money import parse_micros
from adtempo.facts.staging.checks import ID_LENGTH, SHOWN_PROBLEMS
from adtempo.facts.staging.read import check_rejects_path
from adtempo.facts.staging.source import Progress, Sheet, open_sheet, records, write_rejects
from adtempo.facts.staging.times import read_iso, resolve_moment, zone_of

CONVERSION_SCHEMA = pa.schema(
    [
        pa.field("conversion_id", pa.string(), nullable=False),
        pa.field("campaign_id", pa.string(), nullable=False),
        pa.field("ad_id", pa.string()),
        pa.field("click_time", pa.timestamp("us")),  # UTC
        pa.field("conversion_time", pa.timestamp("us"), nullable=False),  # UTC
        pa.field("value_micros", pa.int64(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("observed_at", pa.timestamp("us"), nullable=False),  # UTC
    ]
)
RATE_SCHEMA = pa.schema(
    [
        pa.field("day", pa.date32(), nullable=False),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("base", pa.string(), nullable=False),
        pa.field("rate", pa.decimal128(24, 12), nullable=False),  # one `base` costs so much `currency`
    ]
)

_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")

Cells = dict[str, str]


class BadCell(Exception):
    """A cell of a record is wrong; an empty column means the whole row."""

    def __init__(self, column: str, message: str) -> None:
        self.column = column
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class StagedRecords:
    """What a file of records holds.

    Attributes:
        rows: The good rows, each once (CONVERSION_SCHEMA or RATE_SCHEMA).
        repeated: Rows that said again what an earlier one said, counted once.
        rejected: Rows written to the rejects file.
        problems: The first 20 problems of rejected rows.
        total_problems: How many problems there are.
    """

    rows: pa.Table
    repeated: int
    rejected: int
    problems: tuple[Problem, ...]
    total_problems: int


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record file.

    Attributes:
        title: What people call it.
        needed: Columns that must be there.
        optional: Columns that may.
        schema: Schema of a row.
        key: What of a row may stand only once in a file.
        read: Makes a row of cells.
    """

    title: str
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    schema: pa.Schema
    key: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    read: Callable[[Cells], tuple[Any, ...]]


def read_conversions_file(
    path: Path,
    *,
    timezone: str | None,
    skip_bad: Path | None,
    observed_at: datetime,
    progress: Progress,
) -> StagedRecords:
    """Read a file of offline or first-party conversions.

    Args:
        path: A CSV file.
        timezone: IANA name for times without an offset; None refuses such rows.
        skip_bad: Where to write bad rows; None refuses the file because of them.
        observed_at: When rows without their own `observed_at` became known, UTC.
        progress: Is told the share that has been read.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such file.
        BadRows: Some rows are bad and `skip_bad` is None.
    """
    if timezone is not None:
        zone_of(timezone)
    now = observed_at.astimezone(UTC).replace(tzinfo=None)

    def read(cells: Cells) -> tuple[Any, ...]:
        converted = read_moment(cells, "conversion_time", timezone)
        clicked = read_moment(cells, "click_time", timezone) if cells.get("click_time") else None
        if clicked is not None and clicked > converted:
            raise BadCell("click_time", "is after conversion_time; a conversion follows its click")
        return (
            read_id(cells, "conversion_id"),
            read_id(cells, "campaign_id"),
            read_id(cells, "ad_id") if cells.get("ad_id") else None,
            clicked,
            converted,
            read_amount(cells, "value"),
            _currency(cells, "currency"),
            read_moment(cells, "observed_at", timezone) if cells.get("observed_at") else now,
        )

    kind = RecordKind(
        title="conversions",
        needed=("conversion_id", "campaign_id", "conversion_time", "value", "currency"),
        optional=("click_time", "ad_id", "observed_at"),
        schema=CONVERSION_SCHEMA,
        key=lambda row: (row[0], row[-1]),
        read=read,
    )
    return read_records(path, kind, skip_bad, progress)


def read_rates_file(path: Path, *, skip_bad: Path | None, progress: Progress) -> StagedRecords:
    """Read a file of exchange rates: one `base` is worth `rate` of `currency` on a date.

    Args:
        path: A CSV file.
        skip_bad: Where to write bad rows; None refuses the file because of them.
        progress: Is told the share that has been read.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such file.
        BadRows: Some rows are bad and `skip_bad` is None.
    """
    kind = RecordKind(
        title="rates",
        needed=("date", "currency", "base", "rate"),
        optional=(),
        schema=RATE_SCHEMA,
        key=lambda row: row[:3],
        read=_rate,
    )
    return read_records(path, kind, skip_bad, progress)


def _rate(cells: Cells) -> tuple[Any, ...]:
    text = present(cells, "rate")
    if not _RATE.fullmatch(text) or not Decimal(text):
        raise BadCell("rate", f"{text[:40]!r} is not a rate above 0, such as 1.0842")
    moment = _iso(cells, "date")
    if moment[1] is not None or moment[0].time() != datetime.min.time():
        raise BadCell("date", "is not a plain date such as 2026-11-07")
    currency, base = _currency(cells, "currency"), _currency(cells, "base")
    if currency == base and Decimal(text) != 1:
        raise BadCell("rate", f"one {base} cannot be worth {text} {currency}")
    return (moment[0].date(), currency, base, Decimal(text))


def read_records(path: Path, kind: RecordKind, skip_bad: Path | None, progress: Progress) -> StagedRecords:
    """Read a file of one kind of records.

    Args:
        path: A CSV file.
        kind: What its rows are.
        skip_bad: Where to write bad rows; None refuses the file because of them.
        progress: Is told the share that has been read.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such file.
        BadRows: Some rows are bad and `skip_bad` is None.
    """
    check_rejects_path(path, skip_bad)
    sheet = _open(path, kind)
    reasons: list[tuple[int, str]] = []
    found: list[Problem] = []
    rows: list[tuple[Any, ...]] = []
    known: dict[tuple[Any, ...], tuple[int, tuple[Any, ...]]] = {}
    repeated = 0
    for line, cells, fault in _cells(sheet, progress):
        try:
            row = _row(kind, cells, fault)
            first, same = known.setdefault(kind.key(row), (line, row))
            _check_same(kind, row, same, first)
        except BadCell as bad:
            reasons.append((line, f"{bad.column}: {bad.message}" if bad.column else bad.message))
            if len(found) < SHOWN_PROBLEMS:
                found.append(Problem(str(path), line, bad.column, bad.message))
            continue
        if first == line:
            rows.append(row)
        else:
            repeated += 1
    if not rows and not reasons:
        raise InvalidInput(f"{path.name}: the file has no rows under its header")
    if reasons and skip_bad is None:
        raise BadRows(found, len(reasons))
    if reasons and skip_bad is not None:
        write_rejects(sheet, skip_bad, reasons)
    progress(1.0)
    columns = zip(*rows, strict=True) if rows else [()] * len(kind.schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, kind.schema, strict=True)]
    return StagedRecords(
        pa.Table.from_arrays(arrays, schema=kind.schema), repeated, len(reasons), tuple(found), len(reasons)
    )


def _row(kind: RecordKind, cells: Cells, fault: str) -> tuple[Any, ...]:
    if fault:
        raise BadCell("", fault)
    return kind.read(cells)


def _check_same(kind: RecordKind, row: tuple[Any, ...], same: tuple[Any, ...], first: int) -> None:
    if same != row:
        raise BadCell("", f"contradicts line {first}, which has the same {kind.needed[0]}; keep one")


def _open(path: Path, kind: RecordKind) -> Sheet:
    def rank(header: tuple[str, ...]) -> int:
        names = [name.lower() for name in header]
        if not set(kind.needed) <= set(names) or any(names.count(name) > 1 for name in kind.needed + kind.optional):
            return 0
        return len(set(names).intersection(kind.needed + kind.optional))

    def complain(header: tuple[str, ...]) -> InvalidInput:
        lacking = [name for name in kind.needed if name not in [column.lower() for column in header]]
        what = f"it lacks {', '.join(lacking)}" if lacking else "a column stands there twice"
        return InvalidInput(
            f"{path.name}: not a {kind.title} file, {what}; write a header with {', '.join(kind.needed)}"
        )

    sheet = open_sheet(path, rank, complain)
    if sheet.is_parquet:
        raise InvalidInput(f"{path.name}: a {kind.title} file must be CSV; write it as CSV")
    return sheet


def _cells(sheet: Sheet, progress: Progress) -> Iterator[tuple[int, Cells, str]]:
    names = [name.lower() for name in sheet.header]
    for record in records(sheet, progress):
        yield record.line, dict(zip(names, record.cells, strict=False)), record.fault


def present(cells: Cells, column: str) -> str:
    """Return a cell that must not be empty, exactly as it stands."""
    text = cells[column]
    if not text:
        raise BadCell(column, "is missing")
    return text


def read_id(cells: Cells, column: str) -> str:
    """Return a cell that names something."""
    text = present(cells, column)
    if len(text) > ID_LENGTH:
        raise BadCell(column, f"is longer than {ID_LENGTH} characters")
    if _UNPRINTABLE.search(text) or text != text.strip():
        raise BadCell(column, f"{text[:40]!r} holds a control character or begins or ends with a blank")
    return text


def _currency(cells: Cells, column: str) -> str:
    text = present(cells, column)
    if not _CURRENCY.fullmatch(text):
        raise BadCell(column, f"{text[:40]!r} is not an ISO 4217 code such as USD")
    return text


def read_amount(cells: Cells, column: str) -> int:
    """Return a cell that holds an amount of 0 or more, in micros."""
    text = present(cells, column)
    try:
        micros = parse_micros(text) if len(text) <= 40 and text.isascii() else None
    except InvalidInput as error:
        raise BadCell(column, error.message) from error
    if micros is None or micros < 0 or text.startswith(("+", "-")):
        raise BadCell(column, f"{text[:40]!r} is not an amount of 0 or more, such as 1234.56")
    return micros


def _iso(cells: Cells, column: str) -> tuple[datetime, Any]:
    try:
        return read_iso(present(cells, column))
    except InvalidInput as error:
        raise BadCell(column, error.message) from error


def read_moment(cells: Cells, column: str, timezone: str | None) -> datetime:
    """Return a cell that holds a moment, in UTC and naive; `timezone` is for those without an offset."""
    if _iso(cells, column)[1] is None and timezone is None:
        raise BadCell(column, f"{cells[column]!r} has no offset; write one such as +01:00, or add --timezone")
    try:
        return resolve_moment(cells[column], zone_of(timezone or "UTC"))
    except InvalidInput as error:
        raise BadCell(column, error.message) from error
