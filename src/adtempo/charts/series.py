"""The arrays that daily charts draw, and the layers that they share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adtempo.charts.grammar import Document, field, mark, rows

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

SETTLED = "complete"
STILL_ARRIVING = "still arriving"
EXPECTED = "Expected final"
EARLIER = "Said earlier"
NO_FACTS = "No facts in this period"
THINNED = ["of each earlier week,", "the lowest and the highest day"]

DASHES = {EXPECTED: [5, 3], EARLIER: [1, 3]}
"""Lines that are not measured; all others are solid."""

MATURE = 0.95
"""A day of which less than this share has been reported is still arriving."""

TICKS = 8
"""About so many days are named under a picture."""

LINE_LETTERS = 32
"""As many fit into the narrowest picture."""

NEGLIGIBLE = 0.05
"""Of the mean day; less value than that does not make a day count as arriving."""


@dataclass(frozen=True, slots=True, eq=False)
class DailySeries:
    """Spend and value of one currency, day by day, with what the late part of the value will come to.

    Attributes:
        days: Local days in ascending order without gaps, datetime64[D], shape (days,), at least one.
        spend: Spend in major units, NaN where nobody measured it, shape (days,).
        value: Conversion value as reported, in major units, NaN where nobody measured it, shape (days,).
        expected: Expected final conversion value, NaN like `value`, shape (days,).
        low80: Lower end of its 80% interval, shape (days,).
        high80: Upper end, shape (days,).
        maturity: Share of it that is reported, 0 to 1, NaN where nothing can be said, shape (days,).
        currency: ISO 4217 code.
    """

    days: Days
    spend: Floats
    value: Floats
    expected: Floats
    low80: Floats
    high80: Floats
    maturity: Floats
    currency: str

    @property
    def first(self) -> date:
        """The first day."""
        return self.days[0].astype(date)  # type: ignore[no-any-return]

    @property
    def last(self) -> date:
        """The last day."""
        return self.days[-1].astype(date)  # type: ignore[no-any-return]

    @property
    def arriving_from(self) -> int:
        """Position of the first day of the tail that is still arriving; the number of days where there is none.

        Days that are expected to come to next to nothing say nothing about maturity.
        """
        known = np.isfinite(self.expected)
        usual = float(self.expected[known].mean()) if known.any() else 0.0
        young = np.flatnonzero((self.maturity < MATURE) & (self.expected > NEGLIGIBLE * usual))
        return int(young[0]) if len(young) else len(self.days)

    def per_spend(self, amounts: Floats) -> Floats:
        """Return amounts per unit of spend, NaN on days without spend."""
        ratio = np.full(len(self.days), np.nan)
        np.divide(amounts, self.spend, out=ratio, where=np.isfinite(self.spend) & (self.spend > 0))
        return ratio


def draw_lines(days: Days, lines: dict[str, Floats], y: Document, **look: Any) -> Document:
    """Draw some lines, each from its first point to its last; what was not measured is dashed.

    Args:
        days: The days, shape (days,).
        lines: One array per name of a line, shape (days,).
    """
    known = {name: np.flatnonzero(np.isfinite(amounts)) for name, amounts in lines.items()}
    spans = {name: slice(found[0], found[-1] + 1) if len(found) else slice(0) for name, found in known.items()}
    points = rows(
        {
            "day": [day for span in spans.values() for day in midnights(days[span])],
            "series": [name for name, span in spans.items() for _ in days[span]],
            "amount": np.concatenate([lines[name][span] for name, span in spans.items()]),
        }
    )
    names = list(lines)
    dashes = [DASHES.get(name, []) for name in names]
    legend = {"orient": "top", "direction": "horizontal", "title": None, "symbolType": "stroke", "offset": 4}
    channels = {
        "x": day_axis(days),
        "y": y,
        "color": field("series:N", scale={"domain": names}, legend=legend),
        "strokeDash": field("series:N", scale={"domain": names, "range": dashes}, legend=legend),
    }
    return mark("line", channels, points, **look)


def only_tail(series: DailySeries, amounts: Floats) -> Floats:
    """Return amounts of the tail that is still arriving, NaN before; the day before it stays, so that lines meet."""
    return np.where(np.arange(len(series.days)) >= max(series.arriving_from - 1, 0), amounts, np.nan)


def draw_band(series: DailySeries, low: Floats, high: Floats) -> Document:
    """Draw the 80% interval of what the tail will come to, shape (days,) each."""
    tail = slice(max(series.arriving_from - 1, 0), None) if series.arriving_from < len(series.days) else slice(0)
    points = rows({"day": midnights(series.days[tail]), "low": low[tail], "high": high[tail]})
    return mark("area", {"x": field("day:T"), "y": field("low:Q"), "y2": field("high")}, points, style="band")


def draw_arriving(days: Days) -> list[Document]:
    """Draw the shaded tail of days whose conversions are still arriving, with its label."""
    if not len(days):
        return []
    tail = rows({"start": middays(days[:1] - 1), "end": middays(days[-1:]), "label": [STILL_ARRIVING]})
    label = {"x": field("end:T"), "y": {"value": 0}, "text": field("label:N")}
    return [
        mark("rect", {"x": field("start:T"), "x2": field("end")}, tail, style="arriving"),
        mark("text", label, tail, style="note", align="right", baseline="top", dx=-4, dy=3),
    ]


def draw_reading(series: DailySeries, amounts: dict[str, Floats | list[str]], tooltip: list[Document]) -> Document:
    """Draw the columns of a series that read its numbers out, and how much of each day has arrived.

    Args:
        series: The days.
        amounts: What is read out, by name of the field, shape (days,).
        tooltip: How the amounts are called and formatted.
    """
    states = [
        SETTLED if np.isnan(share) or share >= MATURE else f"{share:.0%} arrived" for share in series.maturity.tolist()
    ]
    named = [*tooltip, field("state:N", title="Conversions")]
    return draw_columns(series.days, {"state": states, **amounts}, named)


def draw_columns(days: Days, amounts: dict[str, Floats | list[str]], tooltip: list[Document]) -> Document:
    """Draw an invisible column per day that lights up under the pointer and reads its numbers out.

    Args:
        days: The days, shape (days,); a column begins where the one before it ends.
        amounts: What is read out, by name of the field, shape (days,).
        tooltip: How the amounts are called and formatted.
    """
    hover = {"type": "point", "on": "pointerover", "clear": "pointerout", "fields": ["day"]}
    channels = {
        "x": field("start:T"),
        "x2": field("end"),
        "opacity": {"condition": {"param": "hover", "empty": False, "value": 1}, "value": 0},
        "tooltip": [field("day:T", format="%a %-d %b %Y", title="Day"), *tooltip],
    }
    columns = {"start": middays(np.append(days[:1] - 1, days[:-1])), "end": middays(days)}
    readings = rows({"day": midnights(days), **columns, **amounts})
    return mark("rect", channels, readings, style="reading") | {"params": [{"name": "hover", "select": hover}]}


def in_words(value: Floats, low: Floats, high: Floats, form: str) -> list[str]:
    """Write expected values with their 80% intervals, one text per day."""
    return [
        "none" if np.isnan(one) else f"{one:{form}} ({below:{form}} to {above:{form}})"
        for one, below, above in zip(value, low, high, strict=True)
    ]


def day_axis(days: Days) -> Document:
    """Return the axis of days, named by day and month, or by month and year where it is long."""
    axis = {
        "format": "%b %Y" if days[-1] - days[0] > np.timedelta64(400, "D") else "%-d %b",
        "tickCount": "day" if len(days) < TICKS else TICKS,
        "labelOverlap": "greedy",
        "labelSeparation": 12,
        "labelFlush": False,
        "grid": False,
    }
    whole = len(days) > (days[-1] - days[0]) / np.timedelta64(1, "D")
    return field("day:T", title=None if whole else THINNED, axis=axis)


def draw_nothing(words: str = NO_FACTS) -> Document:
    """Draw a picture that says that it is empty."""
    return mark("text", {"text": field("text:N")}, rows({"text": [wrap(words, LINE_LETTERS)]}), style="empty")


def middays(days: Days) -> list[str]:
    """Return the noons of days."""
    # A day's column reaches from noon to noon, so that its point stands in the middle.
    return [f"{day}T12:00:00" for day in days]


def midnights(days: Days) -> list[str]:
    """Return the beginnings of days."""
    # A bare date would be read as UTC and drawn on the day before, west of Greenwich.
    return [f"{day}T00:00:00" for day in days]
