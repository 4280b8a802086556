"""Runs of labelled hours, told as patterns: evenings, weekend mornings, or a whole weekday."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adtempo.dayparts.findings import Label, Pattern, SlotFigures
from adtempo.dayparts.slots import WEEKEND
from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY

MIN_LIFT = 1.1
"""The lift that scores 1."""

_DAILY = tuple(range(HOURS_PER_DAY))
_WEEKLY = tuple(range(DAYS_PER_WEEK))
_PARTS = (_WEEKLY[:WEEKEND], _WEEKLY[WEEKEND:])


def find_patterns(
    hours: Sequence[SlotFigures], cells: Sequence[SlotFigures], days: Sequence[SlotFigures]
) -> tuple[Pattern, ...]:
    """Tell the labelled slots of a campaign as patterns, the surest first.

    Hours that are labelled every day make patterns of every day; what only weekdays or only weekends have makes
    patterns of these; a weekday that is better as a whole is a pattern of its own, unless it is so for a few hours that
    all of its part of the week share.

    Args:
        hours: 24 hours of the day.
        cells: 168 hours of the week.
        days: 7 weekdays.
    """
    found = [_pattern(label, run, _WEEKLY, [hours[hour] for hour in run]) for label, run in _runs(hours)]
    whole = {day for day, one in enumerate(days) if one.label is not Label.NORMAL}
    for part in _PARTS:
        # Cells of a weekday that stands out as a whole say nothing about its hours, unless few of them are labelled.
        special = {day: _special(hours, cells, day) for day in part}
        normal = [day for day in part if day not in whole]
        few = [day for day in part if day in whole and len(special[day]) <= HOURS_PER_DAY // 2]
        usual = sorted(normal + few)
        if usual:
            first = (normal or few)[0]
            labelled = [cells[first * HOURS_PER_DAY + hour] if hour in special[first] else None for hour in _DAILY]
            for label, run in _runs(labelled):
                slots = [cells[day * HOURS_PER_DAY + hour] for day in usual for hour in run]
                found.append(_pattern(label, run, tuple(usual), slots))
            whole -= {day for day in few if special[first] and special[day] <= special[first]}
    found += [_pattern(days[day].label, _DAILY, (day,), [days[day]]) for day in sorted(whole)]
    return tuple(sorted(found, key=lambda pattern: (pattern.q_value, -pattern.strength)))


def _special(hours: Sequence[SlotFigures], cells: Sequence[SlotFigures], day: int) -> set[int]:
    """Return the hours of a weekday that are labelled otherwise than on every day."""
    own = enumerate(cells[day * HOURS_PER_DAY : (day + 1) * HOURS_PER_DAY])
    return {hour for hour, one in own if one.label not in (Label.NORMAL, hours[hour].label)}


def _runs(slots: Sequence[SlotFigures | None]) -> Iterator[tuple[Label, tuple[int, ...]]]:
    """Yield runs of equally labelled hours round the clock; one over midnight begins before it."""
    labels = [Label.NORMAL if one is None else one.label for one in slots]
    starts = [hour for hour in _DAILY if labels[hour] is not labels[hour - 1]] or [0]
    for start, end in zip(starts, [*starts[1:], starts[0] + HOURS_PER_DAY], strict=True):
        if labels[start] is not Label.NORMAL:
            yield labels[start], tuple(hour % HOURS_PER_DAY for hour in range(start, end))


def _pattern(kind: Label, hours: tuple[int, ...], days: tuple[int, ...], slots: Sequence[SlotFigures]) -> Pattern:
    lift, low, high = (_mean([getattr(one, name) for one in slots]) for name in ("lift", "lift_low", "lift_high"))
    mean, deviation = (_mean([getattr(one, name) for one in slots]) for name in ("mean", "deviation"))
    consistency = 1 / (1 + deviation / mean) if mean > 0 else 0.0
    beyond = lift if kind is Label.PEAK else 1 / lift if lift > 0 else float("inf")
    score = min(max((beyond - 1) / (MIN_LIFT - 1), 0.0), 1.0)
    return Pattern(
        kind=kind,
        hours=hours,
        days=days,
        lift=lift,
        lift_low=low,
        lift_high=high,
        consistency=consistency,
        lift_score=score,
        strength=0.7 * score + 0.3 * consistency,
        q_value=max(one.q_value or 0.0 for one in slots),
    )


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0
