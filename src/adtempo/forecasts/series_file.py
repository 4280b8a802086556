"""A plain file of series in, a file of their forecasts out; needs no workspace."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.errors import BadFile, InvalidInput, Problem
from adtempo.forecasts.dates import reckon_year
from adtempo.forecasts.grains import Grain, Moment, place_moments, read_moment
from adtempo.stats.forecasters import FORECASTERS, NAIVE, STEPS_MIN, Fans, forecast_panel

Floats = NDArray[np.float64]

_ID = "unique_id"
_COLUMNS = (_ID, "step", "value", "low80", "high80", "low95", "high95")
_MISSING = frozenset({"", "na", "nan", "null", "none"})
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a plain file: its line, its series, its moment, and its numbers, NaN where there is none."""

    line: int
    series: str
    moment: Moment
    values: tuple[float, ...]


def forecast_file(
    source: Path, date: str, value: Sequence[str], horizon: int, season: int | None, output: Path
) -> list[str]:
    """Forecast the series of a file and write `unique_id, step, value, low80, high80, low95, high95`.

    A series is a column of numbers or, where the file has a column unique_id, the rows of one id. An empty cell is a
    missing value; step 1 is the first one after the last value.

    Args:
        source: CSV with a header; its rows in any order.
        date: Column of dates or times, or of whole numbers that count.
        value: Columns to forecast; one entry may name several, with commas between.
        horizon: How many steps.
        season: Steps of the main season; None for what the dates suggest.
        output: Where the forecasts go; written only if every row could be read.

    Returns:
        What to know about them, a line each.

    Raises:
        InvalidInput: The file cannot be read as such a table; wrong places are named as file:row:column.
    """
    if output.resolve() == source.resolve():
        raise InvalidInput(f"{output} is the file that is read; choose another --output")
    columns, rows = read_rows(source, date, value)
    grain, panel = _arrange(source, date, columns, rows)
    longest = max(len(series) for series in panel.values())
    values = np.stack([np.r_[np.full(longest - len(series), np.nan), series] for series in panel.values()])
    if (np.isfinite(values).sum(axis=1) < STEPS_MIN).all():
        raise InvalidInput(f"{source.name}: no series has {STEPS_MIN} values; a forecast needs as many")
    seasons = grain.seasons_with(season)
    fans = forecast_panel(
        values,
        FORECASTERS,
        seasons=seasons,
        horizon=horizon,
        nonnegative=~(values < 0).any(axis=1),
        dates=reckon_year([len(series) for series in panel.values()], horizon) if grain.name == "day" else None,
    )
    _write(output, list(panel), fans)
    repeats = f"repeating after {' and '.join(map(str, seasons))}" if seasons else "without a season"
    return [f"{len(panel)} series; one step: {grain.name}; {repeats}", *_describe(list(panel), fans)]


def read_rows(source: Path, date: str, value: Sequence[str], series: str = _ID) -> tuple[list[str], list[Row]]:
    """Return which columns of numbers are meant, and the rows, oldest first.

    Args:
        source: CSV with a header; its rows in any order.
        date: Column of dates or times, or of whole numbers that count.
        value: Columns of numbers; one entry may name several, with commas between.
        series: Column that tells series apart: unique_id if the file has it, another that it must have, empty for none.

    Raises:
        InvalidInput: The file cannot be read as such a table; wrong places are named as file:row:column.
    """
    try:
        with source.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = [name.strip() for name in next(reader, [])]
            lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{source.name} cannot be read as a CSV file in UTF-8: {error}") from error
    columns = [one.strip() for name in value for one in ([name] if name in header else name.split(","))]
    for name in (date, *columns, *({series} - {"", _ID})):
        if header.count(name) != 1:
            found = "several columns are called so" if name in header else "there is no such column"
            raise InvalidInput(f"{source.name}:1:{name}: {found}; the header is {','.join(header)}")
    if not lines:
        raise InvalidInput(f"{source.name} has no rows below its header")
    rows: list[Row] = []
    problems: list[Problem] = []
    for line, cells in lines:
        named = dict(zip(header, cells, strict=False))
        try:
            moment = read_moment(named.get(date, ""))
        except ValueError:
            said = (
                f"{named.get(date, '')!r} is no date; write 2026-03-04, 2026-03-04 12:00 or 2026-03, or count 1, 2, 3"
            )
            problems.append(Problem(source.name, line, date, said))
            continue
        values = []
        for column in columns:
            try:
                values.append(_read_number(named[column]))
            except (KeyError, ValueError):
                found = repr(named[column]) if column in named else "a row that ends before it"
                said = f"{found} is no number; write 1234.5, or nothing where it is missing"
                problems.append(Problem(source.name, line, column, said))
        rows.append(Row(line, named.get(series, "").strip(), moment, tuple(values)))
    if problems := problems or _contradictions(source, date, rows, series):
        raise BadFile(problems)
    return columns, sorted(rows, key=lambda row: row.moment)


def _read_number(text: str) -> float:
    text = text.strip()
    if text.lower() in _MISSING:
        return np.nan
    number = float(text)
    if not isfinite(number) or "_" in text:
        raise ValueError(text)
    return number


def _contradictions(source: Path, date: str, rows: Sequence[Row], series: str) -> list[Problem]:
    """Return dates that are of another kind than the first one, and those that a series has twice."""
    problems = []
    seen: dict[tuple[str, Moment], int] = {}
    for row in rows:
        if _kind(row.moment) != _kind(rows[0].moment):
            said = f"a {_kind(row.moment)}, where row {rows[0].line} has a {_kind(rows[0].moment)}; write all alike"
            problems.append(Problem(source.name, row.line, date, said))
            continue
        first = seen.setdefault((row.series, row.moment), row.line)
        if first != row.line:
            of = f" for {row.series}" if row.series else ""
            apart = "" if row.series else f", or tell them apart by {f'a column {series}' if series else '--group'}"
            said = f"{row.moment}{of} stands in row {first} already; keep one of the two{apart}"
            problems.append(Problem(source.name, row.line, date, said))
    return problems


def _kind(moment: Moment) -> str:
    if isinstance(moment, int):
        return "number"
    return "time without an offset" if moment.tzinfo is None else "time with an offset"


def _arrange(source: Path, date: str, columns: Sequence[str], rows: Sequence[Row]) -> tuple[Grain, dict[str, Floats]]:
    """Return the grain, and each series on its even grid, NaN where there was no row, up to its last value."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.series, []).append(row)
    placed = place_moments([[row.moment for row in group] for group in groups.values()])
    if placed is None:
        raise InvalidInput(
            f"{source.name}: the dates in {date} lie unevenly; give one row a minute, hour, day, week or month, "
            "and leave out rows in between"
        )
    grain, steps = placed
    panel: dict[str, Floats] = {}
    for (name, group), places in zip(groups.items(), steps, strict=True):
        table = np.full((len(columns), int(places[-1]) + 1), np.nan)
        table[:, places] = np.array([row.values for row in group]).T
        for column, series in zip(columns, table, strict=True):
            label = "/".join(filter(None, (name, column if len(columns) > 1 or not name else "")))
            known = np.flatnonzero(np.isfinite(series))
            panel[label] = series[: known[-1] + 1] if len(known) else series
    return grain, panel


def _write(output: Path, names: Sequence[str], fans: Fans) -> None:
    ends = np.stack([fans.expected, fans.low80, fans.high80, fans.low95, fans.high95], axis=-1)
    with output.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for name, series in zip(names, ends.tolist(), strict=True):
            for step, row in enumerate(series, start=1):
                writer.writerow([name, step, *("" if np.isnan(number) else f"{number:.10g}" for number in row)])


def _describe(names: Sequence[str], fans: Fans) -> list[str]:
    """Return which forecasters the series have and what to know of each; of many, how many have which."""
    if len(names) > _SHOWN:
        plain = sum(1 for model in fans.chosen if model == NAIVE)
        used = Counter(part for model in fans.chosen for part in model.split("+") if part)
        notes = Counter(note for note in fans.note if note)
        return [
            f"{plain} of {len(names)} are {NAIVE}, which nothing beats there beyond noise",
            *(f"{name}: part of {count}" for name, count in used.most_common()),
            *(f"{count} series: {note}" for note, count in notes.most_common(_SHOWN)),
        ]
    lines = []
    for name, model, better, error, note in zip(
        names, fans.chosen, fans.beats_naive.tolist(), fans.error.tolist(), fans.note, strict=True
    ):
        if not model:
            said = "no forecast."
        elif better:
            said = f"{model}; on its past it errs by {error:.2f} of what {NAIVE} does."
        else:
            said = f"{NAIVE}: nothing beats it beyond noise."
        lines.append(f"{name}: {said} {note}".rstrip())
    return lines
