"""A plain file of past spend and outcome in, the split of a total that brings the most out."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from adtempo.domain.errors import InvalidInput, Problem
from adtempo.stats.response import Allocation, History, Range, ResponsePosterior, allocate, fit_responses, where_next
from adtempo.stats.response.curves import Floats

NEXT = 1000
_SEED = 7
_LEAST_ROWS = 10
_MOST_ROWS = 730
_SHOWN = 20
_DAY = timedelta(days=1)
_SEASONS = (_DAY, 7 * _DAY, 365.25 * _DAY)
_SEEN_PART = 0.75  # of a season that must have been seen for it to be told from chance


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the file mean what; `group` may be absent."""

    date: str
    outcome: str
    spend: Sequence[str]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a plan must keep, per row of the file: the total, and least and most spend by column."""

    total: Decimal
    least: Mapping[str, Decimal]
    most: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The rows of one place, by date."""

    name: str
    moments: list[datetime]
    numbers: Floats


def allocate_file(source: Path, columns: Columns, bounds: Bounds) -> dict[str, Any]:
    """Learn response curves from a file and return the best split with what it should bring.

    Everything is per row of the file (a week's, if rows are weeks) and without the base, which comes without spend.

    Raises:
        InvalidInput: The file cannot be read as such a table, tells too little, or the bounds contradict each other.
    """
    _check_bounds(bounds, columns)
    limits = [_limits(bounds, column) for column in columns.spend]
    groups = _read_groups(source, columns)
    histories = [_history(source, columns, group) for group in groups]
    posteriors = fit_responses(histories, _SEED)
    lower, upper = np.array(limits, np.float64).T
    answers: dict[str, dict[str, Any]] = {}
    plans, todays = [], []
    for group, history, posterior in zip(groups, histories, posteriors, strict=True):
        today = history.spend.mean(axis=0)
        plan = allocate(posterior, float(bounds.total), lower, upper, current=today)
        exact = _in_units(plan.amounts, bounds.total, [most for _, most in limits])
        answers[group.name] = _body(columns.spend, posterior, plan, exact, today) | {"rows": len(history.outcome)}
        plans.append(plan)
        todays.append(today)
    if columns.group is None:
        return answers[""]
    return _whole(columns.spend, posteriors, plans, todays, answers) | {"groups": answers}


def _limits(bounds: Bounds, column: str) -> tuple[Decimal, Decimal]:
    return bounds.least.get(column, Decimal(0)), bounds.most.get(column, Decimal("Infinity"))


def _check_bounds(bounds: Bounds, columns: Columns) -> None:
    if not columns.spend:
        raise InvalidInput("no column of spend is named; write --spend COL,COL")
    if bounds.total <= 0:
        raise InvalidInput("a total of 0 leaves nothing to split; write what is to be spent in a row of the file")
    strangers = sorted({*bounds.least, *bounds.most} - set(columns.spend))
    if strangers:
        raise InvalidInput(f"{strangers[0]} has a bound but is no spend column; these are: {', '.join(columns.spend)}")
    limits = {column: _limits(bounds, column) for column in columns.spend}
    for column, (least, most) in limits.items():
        if least > most:
            raise InvalidInput(f"{column}: at least {least} and at most {most} contradict each other; change one")
    lowest, highest = (sum(ends) for ends in zip(*limits.values(), strict=True))
    if lowest > bounds.total:
        raise InvalidInput(
            f"the total {bounds.total} is below the sum of the minima, {lowest}; raise --total or lower the minima"
        )
    if highest < bounds.total:
        raise InvalidInput(
            f"the total {bounds.total} is above the sum of the maxima, {highest}; lower --total or raise --max"
        )


def _read_groups(source: Path, columns: Columns) -> list[_Group]:
    """Return the rows of each place, by date."""
    wanted = [columns.outcome, *columns.spend]
    found: dict[str, dict[datetime, list[float]]] = {}
    problems: list[Problem] = []
    for line, row in _read_rows(source, columns):
        values = [_read_number(row[name]) for name in wanted]
        problems += [
            Problem(source.name, line, name, f"{row[name]!r} is not a number of at least 0; write 12.5")
            for name, value in zip(wanted, values, strict=True)
            if value is None
        ]
        moment = _read_moment(row[columns.date])
        place = row[columns.group] if columns.group else ""
        rows = found.setdefault(place, {})
        if moment is None:
            wrong = f"{row[columns.date]!r} is not a date; write 2026-03-04"
            problems.append(Problem(source.name, line, columns.date, wrong))
        elif moment in rows:
            wrong = f"{row[columns.date]} stands twice; add up its rows, or name their place by --group COL"
            problems.append(Problem(source.name, line, columns.date, wrong))
        else:
            rows[moment] = [value or 0.0 for value in values]
    if problems:
        more = [f"... and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise InvalidInput("\n".join([f"{len(problems)} bad places", *map(str, problems[:_SHOWN]), *more]))
    if not found:
        raise InvalidInput(f"{source.name} has no rows; at least {_LEAST_ROWS} are needed to learn from")
    return [
        _Group(name, sorted(rows), np.array([rows[moment] for moment in sorted(rows)])) for name, rows in found.items()
    ]


def _read_rows(source: Path, columns: Columns) -> list[tuple[int, dict[str, str]]]:
    """Return line numbers and the cells that matter, by column."""
    names = [columns.date, columns.outcome, *columns.spend, *([columns.group] if columns.group else [])]
    if len(set(names)) < len(names):
        raise InvalidInput("one column is named twice; date, outcome, group and each spend are columns of their own")
    try:
        with source.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in names if name not in header]
            if missing:
                raise InvalidInput(
                    f"{source.name}:1:{missing[0]}: there is no such column; the file has {', '.join(header) or 'none'}"
                )
            rows = [(reader.line_num, dict(zip(header, row, strict=False))) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{source.name} cannot be read as a CSV file in UTF-8: {error}") from error
    return [(line, {name: row.get(name, "").strip() for name in names}) for line, row in rows]


def _read_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and value >= 0 and "_" not in text else None


def _read_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _history(source: Path, columns: Columns, group: _Group) -> History:
    """Return what curves are learnt from, or say what is missing for it."""
    place = f"{source.name}, {columns.group} {group.name}" if columns.group else source.name
    rows = len(group.moments)
    if rows < _LEAST_ROWS:
        raise InvalidInput(f"{place}: {rows} rows are too few to learn from; at least {_LEAST_ROWS} are needed")
    step = _spacing(place, group.moments)
    numbers = group.numbers[-_MOST_ROWS:]
    outcome, spend = numbers[:, 0], numbers[:, 1:]
    if not outcome.any():
        raise InvalidInput(f"{place}: {columns.outcome} is always 0: there is nothing to learn from")
    silent = [name for name, column in zip(columns.spend, spend.T, strict=True) if not column.any()]
    if silent:
        raise InvalidInput(f"{place}: nothing was ever spent on {silent[0]}: leave it out of --spend")
    lengths = [season / step for season in _SEASONS]
    return History(spend, outcome, [length for length in lengths if 3 <= length <= len(numbers) / _SEEN_PART])


def _spacing(place: str, moments: Sequence[datetime]) -> timedelta:
    """Return the usual distance of two rows, all being alike (months count as such)."""
    distances = [after - before for before, after in pairwise(moments)]
    step = sorted(distances)[len(distances) // 2]
    monthly = step >= 28 * _DAY
    for before, distance in zip(moments, distances, strict=False):
        if distance > 1.5 * step or (distance != step and not monthly):
            raise InvalidInput(
                f"{place}: after {before.isoformat(' ')} the next row is {distance} later, elsewhere {step}; add the "
                "missing rows (0 where nothing was spent), or give rows that are evenly spaced"
            )
    return step


def _in_units(amounts: Floats, total: Decimal, most: Sequence[Decimal]) -> list[Decimal]:
    """Return amounts in whole cents, or in the unit of a finer total, that sum to it and exceed no maximum."""
    exponent = total.as_tuple().exponent
    unit = Decimal(1).scaleb(min(-2, exponent if isinstance(exponent, int) else 0))
    exact = [min(Decimal(repr(amount)), limit) for amount, limit in zip(amounts.tolist(), most, strict=True)]
    parts = [amount // unit * unit for amount in exact]
    left = int((total - sum(parts)) / unit)
    for place in sorted(range(len(parts)), key=lambda place: parts[place] - exact[place]) * (left + 1):
        if left > 0 and parts[place] + unit <= most[place]:
            parts[place] += unit
            left -= 1
    return parts


def _body(
    names: Sequence[str], posterior: ResponsePosterior, plan: Allocation, exact: Sequence[Decimal], today: Floats
) -> dict[str, Any]:
    """Return the answer for one place."""
    after = {one.item: one for one in where_next(posterior, plan.amounts, NEXT)}
    channels = {
        name: {
            "today": float(today[item]),
            "highest_seen": float(posterior.highest[item]),
            "brings": _range_body(Range.of(posterior.respond(plan.amounts)[:, item])),
            "next_1000": _range_body(after[item].gain) | {"extrapolates": after[item].extrapolates},
            "extrapolates": bool(plan.extrapolates[item]),
        }
        for item, name in enumerate(names)
    }
    return {
        "allocation": {name: float(amount) for name, amount in zip(names, exact, strict=True)},
        "expected": plan.expected.value,
        "low80": plan.expected.low80,
        "high80": plan.expected.high80,
        "today": plan.today.value,
        "equal_split": plan.equal_split.value,
        "gain_today": _range_body(plan.gain_today),
        "gain_equal_split": _range_body(plan.gain_equal),
        "base": _range_body(Range.of(posterior.base)),
        "unseen": plan.unseen,
        "gap": plan.gap,
        "channels": channels,
        "note": _note(names, plan, posterior),
    }


def _note(names: Sequence[str], plan: Allocation, posterior: ResponsePosterior) -> str:
    """Return in words how far the answer can be trusted."""
    beyond = [
        f"{name} {amount:,.2f} (highest so far {highest:,.2f})"
        for name, amount, highest, unseen in zip(names, plan.amounts, posterior.highest, plan.extrapolates, strict=True)
        if unseen
    ]
    if beyond:
        return (
            f"never tried: {', '.join(beyond)}; {plan.unseen:,.2f} of what is expected rests on it. Raise spend "
            "there in steps and look again."
        )
    if plan.gain_today.low80 <= 0:
        return "the history does not tell this split from the present one: a change is a guess."
    return "every amount lies within what was spent before."


def _whole(
    names: Sequence[str],
    posteriors: Sequence[ResponsePosterior],
    plans: Sequence[Allocation],
    todays: Sequence[Floats],
    answers: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the answer for the average row of all places."""
    total = plans[0].amounts.sum()
    equal = np.full(len(names), total / len(names))

    def brought(splits: Sequence[Floats]) -> Floats:
        pairs = zip(posteriors, splits, strict=True)
        return np.asarray(np.mean([posterior.respond(split).sum(axis=1) for posterior, split in pairs], axis=0))

    best = brought([plan.amounts for plan in plans])
    today = brought([total * spend / spend.sum() for spend in todays])
    even = brought([equal] * len(plans))
    expected = Range.of(best)
    mean = {name: np.mean([answer["allocation"][name] for answer in answers.values()]).item() for name in names}
    beyond = [place for place, plan in zip(answers, plans, strict=True) if plan.extrapolates.any()]
    return {
        "allocation": mean,
        "expected": expected.value,
        "low80": expected.low80,
        "high80": expected.high80,
        "today": float(today.mean()),
        "equal_split": float(even.mean()),
        "gain_today": _range_body(Range.of(best - today)),
        "gain_equal_split": _range_body(Range.of(best - even)),
        "note": f"more than was ever spent in: {', '.join(beyond)}." if beyond else "",
    }


def _range_body(one: Range) -> dict[str, float]:
    return {"value": one.value, "low80": one.low80, "high80": one.high80}
