"""Google Ads: campaign criteria `ad_schedule`, at most six intervals a day, quarter hours, one bid modifier each.

References:
    Google Ads API v26, `AdScheduleInfo` and `CriterionError` (2026): intervals end exclusively, none spans midnight,
    modifiers are 0.1 to 10. Piecewise approximation: Bellman, On the approximation of curves by line segments using
    dynamic programming, 1961, doi:10.1145/366573.366611.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate

from adtempo.dayparts.exports.base import DAYS, Export, Grid, Sheet, bad_file, by_day, check_runs_at_all, runs
from adtempo.domain.errors import InvalidInput
from adtempo.domain.hourweek import HOURS_PER_DAY

PIECES_MAX = 6
MODIFIER_MIN, MODIFIER_MAX = 0.1, 10.0
QUARTERS = ("ZERO", "FIFTEEN", "THIRTY", "FORTY_FIVE")

_PER_HOUR = len(QUARTERS)
_PER_DAY = HOURS_PER_DAY * _PER_HOUR
_DAY_PLACES = {name.upper(): place for place, name in enumerate(DAYS)}
_QUARTER_PLACES = {name: place for place, name in enumerate(QUARTERS)}
_FORM = "Google Ads"


def fit_pieces(hours: Sequence[float], pieces: int = PIECES_MAX) -> Grid:
    """Return the step function with few steps that comes closest to a day's multipliers (least squares), exactly.

    Hours with the multiplier 0 may be left out of every interval, which is what switches them off; others may not.

    Args:
        hours: Multipliers of consecutive hours, shape (hours,).
        pieces: How many intervals there may be.

    >>> fit_pieces([0.5, 0.5, 2.0, 2.0, 0.0], pieces=1)
    (1.25, 1.25, 1.25, 1.25, 0.0)
    """
    count = len(hours)
    sums, squares = ([0.0, *accumulate(one**power for one in hours)] for power in (1, 2))
    # cheapest[used][end]: (cost of hours[:end] with that many intervals, where the last stretch begins, its value).
    cheapest: list[list[tuple[float, int, float]]] = []
    for used in range(pieces + 1):
        row = [(0.0, 0, 0.0)]
        for end in range(1, count + 1):
            choices = []
            if hours[end - 1] == 0:
                choices.append((row[end - 1][0], end - 1, 0.0))
            if used:
                before = cheapest[used - 1]
                for begin in range(end):
                    length, total = end - begin, sums[end] - sums[begin]
                    value = _modifier(total / length)
                    cost = squares[end] - squares[begin] - 2 * value * total + length * value**2
                    choices.append((before[begin][0] + cost, begin, value))
            row.append(min(choices, default=(float("inf"), 0, 0.0)))
        cheapest.append(row)
    fitted: list[float] = []
    used, end = pieces, count
    while end:
        _, begin, value = cheapest[used][end]
        fitted[:0] = [value] * (end - begin)
        used, end = used - (value > 0), begin
    return tuple(fitted)


def _modifier(mean: float) -> float:
    """Return the modifier that comes closest: squares are smallest at the mean, so at the nearest one allowed."""
    return round(min(max(mean, MODIFIER_MIN), MODIFIER_MAX), 2)


def fit(hours: Grid) -> Grid:
    """Fit each day of a week with at most six intervals, shape (672,)."""
    days = by_day(hours)
    fitted = {day: fit_pieces(day) for day in set(days)}
    return tuple(one for day in days for value in fitted[day] for one in [value] * _PER_HOUR)


def write(_sheet: Sheet, grid: Grid) -> str:
    """Write the criteria of a campaign, as the API names them."""
    check_runs_at_all(grid)
    intervals = [
        {
            "day_of_week": name.upper(),
            "start_hour": begin // _PER_HOUR,
            "start_minute": QUARTERS[begin % _PER_HOUR],
            "end_hour": end // _PER_HOUR,
            "end_minute": QUARTERS[end % _PER_HOUR],
            "bid_modifier": value,
        }
        for name, day in zip(DAYS, by_day(grid), strict=True)
        for begin, end, value in runs(day)
        if value > 0
    ]
    return json.dumps({"ad_schedule": intervals}, indent=1) + "\n"


def read(text: str) -> Grid:
    """Read criteria back.

    Raises:
        InvalidInput: The file holds something else, or what Google would refuse.
    """
    slots = [0.0] * (7 * _PER_DAY)
    used = [0] * 7
    try:
        for one in json.loads(text)["ad_schedule"]:
            day = _DAY_PLACES[one["day_of_week"]]
            begin = one["start_hour"] * _PER_HOUR + _QUARTER_PLACES[one["start_minute"]]
            end = one["end_hour"] * _PER_HOUR + _QUARTER_PLACES[one["end_minute"]]
            value = float(one["bid_modifier"])
            _check_interval(begin, end, value)
            used[day] += 1
            for slot in range(day * _PER_DAY + begin, day * _PER_DAY + end):
                if slots[slot]:
                    raise bad_file(_FORM, f"two intervals of {DAYS[day]} overlap")
                slots[slot] = value
    except KeyError as problem:
        raise bad_file(_FORM, f"{problem} is missing, or is not a word of Google's") from None
    except (ValueError, TypeError) as problem:
        raise bad_file(_FORM, str(problem)) from None
    if max(used) > PIECES_MAX:
        raise bad_file(_FORM, f"a day has more than {PIECES_MAX} intervals")
    check_runs_at_all(tuple(slots))
    return tuple(slots)


def _check_interval(begin: int, end: int, value: float) -> None:
    if not 0 <= begin < end <= _PER_DAY:
        raise InvalidInput(f"this is no {_FORM} schedule: an interval must lie within its day; export it again")
    if not MODIFIER_MIN <= value <= MODIFIER_MAX:
        raise InvalidInput(f"this is no {_FORM} schedule: a bid modifier must be 0.1 to 10; export it again")


GOOGLE = Export(
    name="google",
    title="Google Ads ad schedule",
    suffix="json",
    media_type="application/json",
    keeps=(
        "Google Ads takes at most six intervals a day, each with a bid modifier from 0.1 to 10, in the account's time "
        "zone. It sets no budget per hour: modifiers steer bids, and the spend follows as far as auctions allow. Smart "
        "Bidding obeys the hours but ignores the modifiers."
    ),
    fit=fit,
    write=write,
    read=read,
)
