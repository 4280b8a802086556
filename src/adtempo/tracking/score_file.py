"""A plain `timestamp,value` file in, the same file with an anomaly score per row out."""

from __future__ import annotations

import csv
from datetime import datetime
from math import isfinite
from pathlib import Path

import numpy as np

from adtempo.domain.errors import BadFile, InvalidInput, Problem
from adtempo.stats.anomaly import score_series

SET_BACK = np.timedelta64(1, "h")
"""So far a clock is set back where summer time ends; rows that fall back as far or farther are out of order."""

_COLUMNS = ["timestamp", "value"]


def score_file(source: Path, target: Path) -> int:
    """Score a file and write `timestamp,value,anomaly_score`; the first two columns as they were.

    Rows are scored in the order of their times, whatever the order of the file; only what falls back by less than an
    hour, as where summer time ends, stays in its place. A timestamp with an offset counts by its own clock.

    Args:
        source: CSV with a header and the columns timestamp (ISO 8601) and value.
        target: Where the scores go; written only if every row could be read.

    Returns:
        How many rows there were.

    Raises:
        InvalidInput: The file cannot be read as such a table; wrong places are named as file:row:column.
    """
    rows = _read_rows(source)
    moments, values, problems = [], [], []
    for line, (moment, value) in rows:
        try:
            moments.append(datetime.fromisoformat(moment.strip()).replace(tzinfo=None))
        except ValueError:
            problems.append(_problem(source, line, 0, f"{moment!r} is not a time; write 2026-03-04 12:00:00"))
        try:
            values.append(float(value))
            is_number = isfinite(values[-1]) and "_" not in value
        except ValueError:
            is_number = False
        if not is_number:
            message = f"{value!r} is not a number; write 12.5, or leave out the row"
            problems.append(_problem(source, line, 1, message))
    if problems:
        raise BadFile(problems)
    times, numbers = np.array(moments, dtype="datetime64[s]"), np.array(values, dtype=np.float64)
    scores = np.empty(len(times))
    in_order = (np.maximum.accumulate(times) - times < SET_BACK).all()
    order = np.arange(len(times)) if in_order else np.argsort(times, kind="stable")
    scores[order] = score_series(times[order], numbers[order])
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*_COLUMNS, "anomaly_score"])
        writer.writerows([*row, score] for (_, row), score in zip(rows, scores.tolist(), strict=True))
    return len(rows)


def _read_rows(source: Path) -> list[tuple[int, list[str]]]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in _COLUMNS if name not in header]
            if missing:
                raise InvalidInput(f"{source.name}:1:{missing[0]}: there is no such column; begin with timestamp,value")
            places = [header.index(name) for name in _COLUMNS]
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{source.name} cannot be read as a CSV file in UTF-8: {error}") from error
    problems = [
        _problem(source, line, 1, "the row ends before this column")
        if len(row) <= max(places)
        else _problem(source, line, 1, "the row has more columns than the header; write 1.5, not 1,5")
        for line, row in rows
        if not max(places) < len(row) <= len(header)
    ]
    if problems:
        raise BadFile(problems)
    return [(line, [row[place] for place in places]) for line, row in rows]


def _problem(source: Path, line: int, column: int, message: str) -> Problem:
    return Problem(source.name, line, _COLUMNS[column], message)
