"""Whether predicted intervals are as wide as they claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from adtempo.charts.series import draw_nothing

NO_PREDICTIONS = "No prediction with an interval has come due"


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One predicted quantile beside what came true.

    Attributes:
        predicted: The quantile, 0 to 1.
        observed: Share of actual values at or below it.
        low95: Lower end of the 95% interval of that share.
        high95: Upper end.
        count: How many predictions stated it.
    """

    predicted: float
    observed: float
    low95: float
    high95: float
    count: int


def draw_calibration(points: Sequence[Calibrated]) -> alt.TopLevelMixin:
    """Draw observed shares over predicted quantiles; on the diagonal, intervals are as wide as they claim."""
    if not points:
        return draw_nothing(NO_PREDICTIONS)
    columns = ["predicted", "observed", "low95", "high95", "count"]
    frame = pd.DataFrame([[getattr(point, name) for name in columns] for point in points], columns=columns)
    share = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    whole = alt.Scale(domain=[0, 1])
    x = alt.X("predicted:Q", title="Predicted quantile", axis=share, scale=whole)
    y = alt.Y("observed:Q", title="Came true at or below it", axis=share, scale=whole)
    base = alt.Chart(frame)
    diagonal = (
        alt.Chart(pd.DataFrame({"predicted": [0.0, 1.0], "observed": [0.0, 1.0]}))
        .mark_line(style="ideal")
        .encode(x=x, y=y)
    )
    spread = base.mark_rule(style="spread").encode(x=x, y=alt.Y("low95:Q"), y2="high95:Q")
    tooltip = [
        alt.Tooltip("predicted:Q", format=".1%", title="Predicted quantile"),
        alt.Tooltip("observed:Q", format=".1%", title="Came true at or below"),
        alt.Tooltip("low95:Q", format=".1%", title="95% from"),
        alt.Tooltip("high95:Q", format=".1%", title="to"),
        alt.Tooltip("count:Q", title="Predictions"),
    ]
    dots = base.mark_point(style="dot", filled=True).encode(x=x, y=y, tooltip=tooltip)
    return alt.layer(diagonal, spread, dots)
