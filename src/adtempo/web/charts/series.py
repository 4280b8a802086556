"""The arrays that daily charts draw, and the layers that they share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

SETTLED = "settled"
STILL_ARRIVING = "still arriving"
NO_FACTS = "No facts in this period"

DASHES = alt.StrokeDash(
    "state:N", scale=alt.Scale(domain=[SETTLED, STILL_ARRIVING], range=[[1, 0], [4, 3]]), legend=None
)


@dataclass(frozen=True, slots=True, eq=False)
class DailySeries:
    """Spend and value of one currency, day by day.

    Attributes:
        days: Local days in ascending order without gaps, datetime64[D], shape (days,), at least one.
        spend: Spend in major units, NaN where nobody measured it, shape (days,).
        value: Conversion value in major units, NaN where nobody measured it, shape (days,).
        currency: ISO 4217 code.
        arriving_from: First day whose conversions are still arriving.
    """

    days: NDArray[np.datetime64]
    spend: NDArray[np.float64]
    value: NDArray[np.float64]
    currency: str
    arriving_from: date

    @property
    def first(self) -> date:
        """The first day."""
        return self.days[0].astype(date)  # type: ignore[no-any-return]

    @property
    def last(self) -> date:
        """The last day."""
        return self.days[-1].astype(date)  # type: ignore[no-any-return]


def frame_lines(series: DailySeries, lines: dict[str, NDArray[np.float64]], dashed: str) -> pd.DataFrame:
    """Return the points of some lines, one row each: day, series, amount, state.

    Args:
        series: The days, and from when they are still arriving.
        lines: One array per name of a line, shape (days,).
        dashed: Name of the line whose unfinished tail is a part of its own. The last settled day stands in both
            parts, so that they meet.
    """
    first = np.datetime64(series.arriving_from, "D")
    parts = []
    for name, amounts in lines.items():
        tail = series.days >= (first - 1 if name == dashed else np.datetime64("9999-12-31"))
        body = series.days < first if name == dashed else ~tail
        for mask, state in ((body, SETTLED), (tail, STILL_ARRIVING)):
            days = _midnights(series.days[mask])
            parts.append(pd.DataFrame({"day": days, "series": name, "amount": amounts[mask], "state": state}))
    return pd.concat(parts, ignore_index=True)


def draw_arriving(series: DailySeries) -> tuple[alt.Chart, alt.Chart]:
    """Draw the shaded tail of days whose conversions are still arriving, with its label above."""
    columns = ["start", "end", "label"]
    days = series.days[series.days >= np.datetime64(series.arriving_from, "D")]
    tail = [(_middays(days - 1)[0], _middays(days)[-1], STILL_ARRIVING)] if len(days) else []
    band = alt.Chart(pd.DataFrame(tail, columns=columns))
    area: alt.Chart = band.mark_rect(style="arriving").encode(x="start:T", x2="end:T")
    label: alt.Chart = band.mark_text(style="note", align="right", baseline="bottom", dy=-5).encode(
        x="end:T", y=alt.value(0), text="label:N"
    )
    return area, label


def draw_reading(series: DailySeries, amounts: dict[str, NDArray[np.float64]], tooltip: list[alt.Tooltip]) -> alt.Chart:
    """Draw an invisible column per day that lights up under the pointer and reads its numbers out.

    Args:
        series: The days.
        amounts: What is read out, by name of the field, shape (days,).
        tooltip: How the amounts are called and formatted.
    """
    starts, ends = _middays(series.days - 1), _middays(series.days)
    days = _midnights(series.days)
    states = np.where(series.days >= np.datetime64(series.arriving_from, "D"), STILL_ARRIVING, SETTLED)
    readings = pd.DataFrame({"day": days, "start": starts, "end": ends, "state": states, **amounts})
    named = [
        alt.Tooltip("day:T", format="%a %-d %b %Y", title="Day"),
        *tooltip,
        alt.Tooltip("state:N", title="Conversions"),
    ]
    hover = alt.selection_point(name="hover", on="pointerover", clear="pointerout", fields=["day"], empty=False)
    lit = alt.condition(hover, alt.value(1), alt.value(0))
    columns: alt.Chart = (
        alt.Chart(readings).mark_rect(style="reading").encode(x="start:T", x2="end:T", opacity=lit, tooltip=named)
    )
    return columns.add_params(hover)


def day_axis(series: DailySeries) -> alt.X:
    """Return the axis of days, named by day and month, or by month and year where it is long."""
    form = "%b %Y" if series.last - series.first > timedelta(days=400) else "%-d %b"
    axis = alt.Axis(format=form, labelOverlap="greedy", labelSeparation=12, labelFlush=False, tickCount=8, grid=False)
    return alt.X("day:T", title=None, axis=axis)


def draw_nothing() -> alt.Chart:
    """Draw a picture that says that it is empty."""
    empty: alt.Chart = alt.Chart(pd.DataFrame({"text": [NO_FACTS]})).mark_text(style="empty").encode(text="text:N")
    return empty


def _middays(days: NDArray[np.datetime64]) -> list[str]:
    # A day's column reaches from noon to noon, so that its point stands in the middle.
    return [f"{day}T12:00:00" for day in days]


def _midnights(days: NDArray[np.datetime64]) -> list[str]:
    # A bare date would be read as UTC and drawn on the day before, west of Greenwich.
    return [f"{day}T00:00:00" for day in days]
