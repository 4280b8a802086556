"""Files as people have them: encodings, separators, lines before the header, and exact line numbers.

A `Sheet` is what one look at the beginning of a file tells. `records` reads it with Python's csv module, which knows
the line that each record starts on, also after quoted newlines; it is the only judge of what is well-formed.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adtempo.domain.errors import InvalidInput, NotFound

DELIMITERS = (",", ";", "\t")
_PREAMBLE = 40
_BATCH = 50_000
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

Progress = Callable[[float], None]
"""Is told the share of the file that has been read, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table in a file.

    Attributes:
        path: The file.
        header: Column names as they stand there, without blanks around them.
        body: Lines before the first record.
        encoding: Name that Python knows; empty for Parquet.
        delimiter: What separates cells; empty for Parquet.
        first: The first record after the header.
        after_first: Lines before the second record.
    """

    path: Path
    header: tuple[str, ...]
    body: int = 0
    encoding: str = ""
    delimiter: str = ""
    first: tuple[str, ...] = ()
    after_first: int = 0

    @property
    def is_parquet(self) -> bool:
        return not self.delimiter

    def column(self, position: int) -> str:
        """Return the SQL name of a column by its position."""
        return f"c{position}"


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: the line it starts on, its cells, and what is wrong with its form (mostly nothing)."""

    line: int
    cells: tuple[str, ...]
    fault: str = ""


def open_sheet(
    path: Path, rank: Callable[[tuple[str, ...]], int], complain: Callable[[tuple[str, ...]], InvalidInput]
) -> Sheet:
    """Find the header of a file.

    Args:
        path: A CSV (any of `DELIMITERS`, UTF-8 or UTF-16) or Parquet file.
        rank: How well a row suits as header; 0 = not at all. The best row counts, the earliest of equals.
        complain: Makes the error when no row suits, from the likeliest header.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The file is empty, is not text, or has no header that suits.
    """
    if not path.is_file():
        raise NotFound(f"{path}: there is no such file")
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise InvalidInput(f"{path.name}: the file is empty")
    if start.startswith(b"PAR1"):
        return _parquet_sheet(path, rank, complain)
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InvalidInput(
            f"{path.name}: this is a spreadsheet workbook; save the sheet as CSV (UTF-8) and import that"
        )
    encoding = _encoding(start)
    best: Sheet | None = None
    best_rank = 0
    widest: tuple[str, ...] = ()
    for delimiter in DELIMITERS:
        rows = [*_first_rows(path, encoding, delimiter), ([], 0)]
        for (row, body), (following, after) in pairwise(rows):
            header = tuple(name.strip() for name in row)
            widest = max(widest, header, key=len)
            if rank(header) > best_rank:
                best_rank = rank(header)
                best = Sheet(path, header, body, encoding, delimiter, tuple(following), after)
    if best is None:
        raise complain(widest)
    return best


def _encoding(start: bytes) -> str:
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name
    if len(start) > 3 and start[1] == 0 and start[3] == 0:
        return "utf-16-le"
    return "utf-8"


def _parquet_sheet(
    path: Path, rank: Callable[[tuple[str, ...]], int], complain: Callable[[tuple[str, ...]], InvalidInput]
) -> Sheet:
    try:
        header = tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"{path.name}: not a readable Parquet file; write it again ({error})") from error
    if not rank(header):
        raise complain(header)
    return Sheet(path, header)


def _first_rows(path: Path, encoding: str, delimiter: str) -> list[tuple[list[str], int]]:
    """Return the first rows, each with the number of lines up to its end."""
    rows: list[tuple[list[str], int]] = []
    with path.open(encoding=encoding, newline="") as file, suppress(csv.Error):
        # What stands before a fault may hold the header; the fault itself is found again as a bad row.
        reader = csv.reader(_Lines(file, path), delimiter=delimiter)
        for row in islice(reader, _PREAMBLE):
            rows.append((row, reader.line_num))  # noqa: PERF401 - the fault ends the loop, not the list
    return rows


class _Lines:
    """The lines of a text file, remembering those of the present record."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.count = 0
        self.held: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._file)
        except UnicodeError as error:
            raise InvalidInput(
                f"{self._path.name}: the text after line {self.count} is not {self._file.encoding.upper()}; "
                "save the file as CSV UTF-8"
            ) from error
        self.count += 1
        self.held.append(line)
        return line


def records(sheet: Sheet, progress: Progress | None = None) -> Iterator[Record]:
    """Yield every record after the header that is not blank."""
    size = max(sheet.path.stat().st_size, 1)
    width = len(sheet.header)
    with sheet.path.open("rb") as raw, io.TextIOWrapper(raw, sheet.encoding, newline="") as file:
        lines = _Lines(file, sheet.path)
        for _ in range(sheet.body):
            next(lines)
        reader = csv.reader(lines, delimiter=sheet.delimiter, strict=True)
        while True:
            if progress is not None and lines.count % _BATCH == 0:
                progress(raw.tell() / size)
            lines.held.clear()
            start = lines.count + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(start, ("".join(lines.held),), f"cannot be read as CSV ({error}); mend its quotes")
                continue
            if not any(cells):
                continue
            fault = "" if len(cells) == width else f"has {len(cells)} cells where the header has {width}"
            yield Record(start, tuple(cells), fault)


def write_numbered(sheet: Sheet, target: Path, progress: Progress) -> None:
    """Write a file as Parquet of texts: `line`, `fault`, and one column c0, c1, ... per cell, empty ones null.

    Raises:
        InvalidInput: A Parquet column cannot be written as text.
    """
    width = len(sheet.header)
    texts = [(sheet.column(position), pa.string()) for position in range(width)]
    schema = pa.schema([("line", pa.int64()), ("fault", pa.string()), *texts])
    tables = _parquet_tables(sheet, progress) if sheet.is_parquet else _text_tables(sheet, progress)
    with pq.ParquetWriter(target, schema) as writer:
        for columns in tables:
            writer.write_table(pa.table(columns, schema=schema))


def _text_tables(sheet: Sheet, progress: Progress) -> Iterator[list[pa.Array]]:
    width = len(sheet.header)
    for batch in _batched(records(sheet, progress), _BATCH):
        rows = [record.cells if not record.fault else _fitted(record.cells, width) for record in batch]
        yield [
            pa.array([record.line for record in batch], pa.int64()),
            pa.array([record.fault or None for record in batch], pa.string()),
            *(pa.array([cell or None for cell in column], pa.string()) for column in zip(*rows, strict=True)),
        ]


def _batched(items: Iterable[Record], size: int) -> Iterator[list[Record]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _fitted(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    return (*cells[:width], *[""] * (width - len(cells)))


def _parquet_tables(sheet: Sheet, progress: Progress) -> Iterator[list[pa.Array]]:
    with pq.ParquetFile(sheet.path) as file:
        total = max(file.metadata.num_rows, 1)
        done = 0
        for batch in file.iter_batches(_BATCH):
            texts = [_as_text(sheet, name, batch.column(name)) for name in sheet.header]
            yield [
                pa.array(range(done + 1, done + 1 + len(batch)), pa.int64()),
                pa.nulls(len(batch), pa.string()),
                *texts,
            ]
            done += len(batch)
            progress(done / total)


def _as_text(sheet: Sheet, name: str, column: pa.Array) -> pa.Array:
    try:
        if pa.types.is_timestamp(column.type) and column.type.tz is not None:
            column = column.cast(pa.timestamp(column.type.unit, "UTC"))
        texts = column.cast(pa.string())
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    except pa.ArrowException as error:
        raise InvalidInput(f"{sheet.path.name}:{name}: {column.type} cannot be imported; write it as text") from error


def write_rejects(sheet: Sheet, target: Path, reasons: Iterable[tuple[int, str]]) -> None:
    """Write bad rows exactly as they stood, each with its line and what is wrong with it.

    Args:
        sheet: The file they stand in.
        target: The CSV to write; it appears only when it is complete.
        reasons: (line, reason) in the order of lines.
    """
    part = target.with_name(f".{target.name}.part")
    wanted = iter(reasons)
    line, reason = next(wanted, (0, ""))
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason", *sheet.header])
        for record in _parquet_records(sheet) if sheet.is_parquet else records(sheet):
            if record.line == line:
                writer.writerow([line, reason, *record.cells])
                line, reason = next(wanted, (0, ""))
    part.replace(target)


def _parquet_records(sheet: Sheet) -> Iterator[Record]:
    for columns in _parquet_tables(sheet, lambda _share: None):
        for line, _fault, *cells in zip(*(column.to_pylist() for column in columns), strict=True):
            yield Record(line, tuple("" if cell is None else cell for cell in cells))
