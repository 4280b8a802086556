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

from adtempo.domain.errors import BadRows, InvalidInput, Problem
from adtempo.domain.money import parse_micros
from adtempo.facts.staging.checks import ID_LENGTH, SHOWN_PROBLEMS
from adtempo.facts.staging.read import check_rejects_path
from adtempo.facts.staging.source import Progress, Sheet, open_sheet, records, write_rejects
from adtempo.facts.staging.times import read_iso, resolve_moment, zone_of

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
class RecordFile:
    """A CSV file of records that is to be read.

    Attributes:
        path: Where it is.
        skip_bad: Where to write bad rows; None refuses the file because of them.
        now: The moment it counts as learnt, aware.
        observed_at: When rows without their own `observed_at` became known, aware.
        progress: Is told the share that has been read.
    """

    path: Path
    skip_bad: Path | None
    now: datetime
    observed_at: datetime
    progress: Progress


@dataclass(frozen=True, slots=True)
class StagedRecords:
    """What a file of records holds.

    Attributes:
        rows: The good rows, each once; moments are UTC, amounts micros.
        repeated: Rows that said again what an earlier one said, counted once.
        rejected: Rows written to the rejects file.
        problems: The first 20 problems of rejected rows.
    """

    rows: list[dict[str, Any]]
    repeated: int
    rejected: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record file.

    Attributes:
        title: What people call it.
        needed: Columns that must be there.
        optional: Columns that may.
        key: Fields of a row that may stand together only once in a file.
        read: Makes a row of cells.
    """

    title: str
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    key: tuple[str, ...]
    read: Callable[[Cells], dict[str, Any]]


def read_conversions_file(file: RecordFile, *, timezone: str | None) -> StagedRecords:
    """Read a file of offline or first-party conversions; errors are those of `read_records`.

    Args:
        file: Which file.
        timezone: IANA name for times without an offset; None refuses such rows.
    """
    if timezone is not None:
        zone_of(timezone)

    def read(cells: Cells) -> dict[str, Any]:
        converted = read_moment(cells, "conversion_time", timezone)
        clicked = read_moment(cells, "click_time", timezone) if cells.get("click_time") else None
        if clicked is not None and clicked > converted:
            raise BadCell("click_time", "is after conversion_time; a conversion follows its click")
        observed = read_observed(cells, file, timezone)
        if converted > observed:
            raise BadCell("conversion_time", f"is after it was observed ({observed:%Y-%m-%d %H:%M} UTC); check zones")
        return {
            "conversion_id": read_id(cells, "conversion_id"),
            "campaign_id": read_id(cells, "campaign_id"),
            "ad_id": read_id(cells, "ad_id") if cells.get("ad_id") else None,
            "click_time": clicked,
            "conversion_time": converted,
            "value_micros": read_amount(cells, "value"),
            "currency": _currency(cells, "currency"),
            "observed_at": observed,
        }

    kind = RecordKind(
        title="conversions",
        needed=("conversion_id", "campaign_id", "conversion_time", "value", "currency"),
        optional=("click_time", "ad_id", "observed_at"),
        key=("conversion_id", "observed_at"),
        read=read,
    )
    return read_records(file, kind)


def read_rates_file(file: RecordFile) -> StagedRecords:
    """Read a file of exchange rates: one `base` is worth `rate` of `currency` on a date."""
    columns = ("date", "currency", "base", "rate")
    kind = RecordKind(
        "rates", columns, (), columns[:3], lambda cells: {**_rate(cells), "observed_at": file.observed_at}
    )
    return read_records(file, kind)


def _rate(cells: Cells) -> dict[str, Any]:
    text = present(cells, "rate")
    if not _RATE.fullmatch(text) or not Decimal(text):
        raise BadCell("rate", f"{text[:40]!r} is not a rate above 0, such as 1.0842")
    moment = _iso(cells, "date")
    if moment[1] is not None or moment[0].time() != datetime.min.time():
        raise BadCell("date", "is not a plain date such as 2026-11-07")
    currency, base = _currency(cells, "currency"), _currency(cells, "base")
    if currency == base and Decimal(text) != 1:
        raise BadCell("rate", f"one {base} cannot be worth {text} {currency}")
    return {"date": moment[0].date(), "currency": currency, "base": base, "rate": Decimal(text)}


def read_records(file: RecordFile, kind: RecordKind) -> StagedRecords:
    """Read a file of one kind of records.

    Raises:
        NotFound: There is no such file.
        InvalidInput: It is no such file.
        BadRows: Some rows are bad and were not to be skipped.
    """
    check_rejects_path(file.path, file.skip_bad)
    sheet = _open(file.path, kind)
    reasons: list[tuple[int, str]] = []
    found: list[Problem] = []
    rows: list[dict[str, Any]] = []
    known: dict[tuple[Any, ...], tuple[int, dict[str, Any]]] = {}
    repeated = 0
    for line, cells, fault in _cells(sheet, file.progress):
        try:
            row = _row(kind, cells, fault)
            first, same = known.setdefault(tuple(row[name] for name in kind.key), (line, row))
            _check_same(kind, row, same, first)
        except BadCell as bad:
            reasons.append((line, f"{bad.column}: {bad.message}" if bad.column else bad.message))
            if len(found) < SHOWN_PROBLEMS:
                found.append(Problem(str(file.path), line, bad.column, bad.message))
            continue
        if first == line:
            rows.append(row)
        else:
            repeated += 1
    if not rows and not reasons:
        raise InvalidInput(f"{file.path.name}: the file has no rows under its header")
    if reasons and file.skip_bad is None:
        raise BadRows(found, len(reasons))
    if reasons and file.skip_bad is not None:
        write_rejects(sheet, file.skip_bad, reasons)
    file.progress(1.0)
    return StagedRecords(rows, repeated, len(reasons), tuple(found))


def _row(kind: RecordKind, cells: Cells, fault: str) -> dict[str, Any]:
    if fault:
        raise BadCell("", fault)
    return kind.read(cells)


def _check_same(kind: RecordKind, row: dict[str, Any], same: dict[str, Any], first: int) -> None:
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
    """Return a cell that holds a moment, in UTC; `timezone` is for those without an offset."""
    if _iso(cells, column)[1] is None and timezone is None:
        raise BadCell(column, f"{cells[column]!r} has no offset; write one such as +01:00, or add --timezone")
    try:
        return resolve_moment(cells[column], zone_of(timezone or "UTC")).replace(tzinfo=UTC)
    except InvalidInput as error:
        raise BadCell(column, error.message) from error


def read_observed(cells: Cells, file: RecordFile, timezone: str | None) -> datetime:
    """Return when a row became known: what it says itself, or what holds for its file."""
    return read_moment(cells, "observed_at", timezone) if cells.get("observed_at") else file.observed_at
