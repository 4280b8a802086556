"""A plain file of past spend and outcome in, the split of a total that brings the most out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from adtempo.domain.errors import BadFile, InvalidInput, Problem
from adtempo.forecasts.grains import Moment, place_moments
from adtempo.forecasts.series_file import Row, read_rows
from adtempo.stats.response import Allocation, History, Range, ResponsePosterior, allocate, fit_responses, where_next
from adtempo.stats.response.curves import Floats

NEXT = 1000
_SEED = 7
_LEAST_ROWS = 10
_MOST_ROWS = 730
_YEAR = timedelta(days=365.25)
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


def allocate_file(source: Path, columns: Columns, bounds: Bounds) -> dict[str, Any]:
    """Learn response curves from a file and return the best split with what it should bring.

    Everything is per row of the file (a week's, if rows are weeks) and without the base, which comes without spend.

    Raises:
        InvalidInput: The file cannot be read as such a table, tells too little, or the bounds contradict each other.
    """
    _check_bounds(bounds, columns)
    limits = [_limits(bounds, column) for column in columns.spend]
    histories = _read_histories(source, columns)
    posteriors = fit_responses(list(histories.values()), _SEED)
    lower, upper = np.array(limits, np.float64).T
    answers: dict[str, dict[str, Any]] = {}
    plans, todays = [], []
    for (place, history), posterior in zip(histories.items(), posteriors, strict=True):
        today = history.spend.mean(axis=0)
        plan = allocate(posterior, float(bounds.total), lower, upper, current=today)
        exact = _in_units(plan.amounts, bounds.total, [most for _, most in limits])
        answers[place] = _body(columns.spend, posterior, plan, exact, today) | {"rows": len(history.outcome)}
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


def _read_histories(source: Path, columns: Columns) -> dict[str, History]:
    """Return what curves are learnt from, by place, or say what is missing for it."""
    wanted = [columns.outcome, *columns.spend]
    if len({*wanted, columns.date, columns.group}) < len(wanted) + 2:
        raise InvalidInput("one column is named twice; date, outcome, group and each spend are columns of their own")
    _, rows = read_rows(source, columns.date, wanted, columns.group or "")
    if columns.group and not all(row.series for row in rows):
        line = next(row.line for row in rows if not row.series)
        raise InvalidInput(f"{source.name}:{line}:{columns.group}: nothing stands in it; write the place")
    problems = [
        Problem(
            source.name, row.line, name, f"{_said(value)} is not an amount of at least 0; write 0 where there was none"
        )
        for row in rows
        for name, value in zip(wanted, row.values, strict=True)
        if not value >= 0
    ]
    if problems:
        raise BadFile(problems)
    places: dict[str, list[Row]] = {}
    for row in rows:
        places.setdefault(row.series, []).append(row)
    return {name: _history(source.name, columns, place) for name, place in places.items()}


def _said(value: float) -> str:
    return "an empty cell" if np.isnan(value) else f"{value:g}"


def _history(file: str, columns: Columns, rows: Sequence[Row]) -> History:
    place = f"{file}, {columns.group} {rows[0].series}" if columns.group else file
    if len(rows) < _LEAST_ROWS:
        raise InvalidInput(f"{place}: {len(rows)} rows are too few to learn from; at least {_LEAST_ROWS} are needed")
    seasons = _seasons(place, [row.moment for row in rows])
    numbers = np.array([row.values for row in rows[-_MOST_ROWS:]])
    outcome, spend = numbers[:, 0], numbers[:, 1:]
    if not outcome.any():
        raise InvalidInput(f"{place}: {columns.outcome} is always 0: there is nothing to learn from")
    silent = [name for name, column in zip(columns.spend, spend.T, strict=True) if not column.any()]
    if silent:
        raise InvalidInput(f"{place}: nothing was ever spent on {silent[0]}: leave it out of --spend")
    return History(spend, outcome, [length for length in seasons if length <= len(outcome) / _SEEN_PART])


def _seasons(place: str, moments: Sequence[Moment]) -> list[float]:
    """Return after how many rows things repeat; refuse rows that are not evenly spaced."""
    placed = place_moments([moments])
    steps = placed[1][0] if placed else np.zeros(1)
    if placed is None or len(steps) <= steps[-1]:
        after = moments[int(np.diff(steps).argmax())] if len(steps) > 1 else moments[0]
        raise InvalidInput(
            f"{place}: rows are missing after {after}: give one for each step in time, with 0 where nothing was spent"
        )
    first, last = moments[0], moments[-1]
    if isinstance(first, int) or isinstance(last, int):
        return []
    year = _YEAR / (last - first) * int(steps[-1])
    return [*(float(season) for season in placed[0].seasons if season < year / 2), year]


def _in_units(amounts: Floats, total: Decimal, most: Sequence[Decimal]) -> list[Decimal]:
    """Return amounts in whole cents, or as fine as total and maxima are, that sum to it and exceed no maximum."""
    exponents = [number.as_tuple().exponent for number in (total, *most)]
    unit = Decimal(1).scaleb(min(-2, *(one for one in exponents if isinstance(one, int))))
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
