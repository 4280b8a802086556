"""Whether predicted intervals are as wide as they claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from adtempo.charts.grammar import Document, field, mark, rows
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


def draw_calibration(points: Sequence[Calibrated]) -> Document:
    """Draw observed shares over predicted quantiles; on the diagonal, intervals are as wide as they claim."""
    if not points:
        return draw_nothing(NO_PREDICTIONS)
    share = {"axis": {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1]}, "scale": {"domain": [0, 1]}}
    x = field("predicted:Q", title="Predicted quantile", **share)
    y = field("observed:Q", title="Came true at or below it", **share)
    whole = rows({"predicted": [0.0, 1.0], "observed": [0.0, 1.0]})
    diagonal = mark("line", {"x": x, "y": y}, whole, style="ideal")
    spread = mark("rule", {"x": x, "y": field("low95:Q"), "y2": field("high95")}, style="spread")
    tooltip = [
        field("predicted:Q", format=".1%", title="Predicted quantile"),
        field("observed:Q", format=".1%", title="Came true at or below"),
        field("low95:Q", format=".1%", title="95% from"),
        field("high95:Q", format=".1%", title="to"),
        field("count:Q", title="Predictions"),
    ]
    dots = mark("point", {"x": x, "y": y, "tooltip": tooltip}, style="dot", filled=True)
    return {"data": {"values": [asdict(point) for point in points]}, "layer": [diagonal, spread, dots]}
