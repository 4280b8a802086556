"""TikTok: `dayparting`, 336 characters, one per half hour from Monday 00:00, 1 is on.

References:
    TikTok Business API v1.3, ad group fields (as quoted in public request schemas, 2026): all zeros, all ones and no
    string at all mean the same, always on.
"""

from __future__ import annotations

from adtempo.dayparts.exports.base import Export, Grid, Sheet, bad_file, check_runs_at_all, switched

SLOTS = 336
_FORM = "TikTok"


def fit(hours: Grid) -> Grid:
    """Fit the hours of a week to half hours that run or do not, shape (336,)."""
    return tuple(one for value in switched(hours) for one in (value, value))


def write(_sheet: Sheet, grid: Grid) -> str:
    """Write the string; one in which nothing runs is refused, because TikTok would run always."""
    check_runs_at_all(grid)
    return "".join("1" if value else "0" for value in grid)


def read(text: str) -> Grid:
    """Read the string back.

    Raises:
        InvalidInput: It is not 336 characters of 0 and 1, or all of them are 0.
    """
    slots = text.strip()
    if len(slots) != SLOTS or set(slots) - {"0", "1"}:
        raise bad_file(_FORM, f"it must be {SLOTS} characters of 0 and 1")
    grid = tuple(float(one) for one in slots)
    check_runs_at_all(grid)
    return grid


TIKTOK = Export(
    name="tiktok",
    title="TikTok dayparting string",
    suffix="txt",
    media_type="text/plain",
    keeps=(
        "TikTok switches half hours of an ad group on or off. An hour is off only where its multiplier is 0: more and "
        "less cannot be said. Make sure that the ad account's time zone is the one of the schedule."
    ),
    fit=fit,
    write=write,
    read=read,
)
