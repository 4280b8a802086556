"""Every chart is a document that Vega-Lite understands, which nothing else checks before a browser draws it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pytest
import vl_convert
from altair.vegalite.v6.schema.core import TopLevelSpec
from jsonschema.exceptions import ValidationError

from adtempo.charts import CHARTS
from adtempo.charts.calibration import Calibrated
from adtempo.charts.daypart_plan import PlanFigures
from adtempo.charts.daypart_week import LiftFigures
from adtempo.charts.forecast_series import draw_roi_timeseries
from adtempo.charts.grammar import Document, field, mark, rows
from adtempo.charts.picture import _compile, picture_svg
from adtempo.charts.replay import ReplayFigures
from adtempo.charts.series import DailySeries
from adtempo.charts.theme import finish_chart
from forecasts_said import say_reach_series, say_recommendation, say_roi_forecasts, say_roi_series

LIFT = np.linspace(0.6, 1.7, 168)
LABEL = np.select([LIFT > 1.4, LIFT < 0.8], [1, -1], 0).astype(np.int8)
WORDS = ("1.2",) * 168
DAY = slice(0, 168, 7)
MONEY = np.linspace(50.0, 90.0, 9)

EXAMPLES: dict[str, Any] = {
    "days": DailySeries(
        np.arange("2026-03-01", "2026-03-10", dtype="datetime64[D]"),
        *(MONEY, 2 * MONEY, 3 * MONEY, 2.5 * MONEY, 3.5 * MONEY, np.linspace(1.0, 0.4, 9), "EUR"),
    ),
    "quantiles": [Calibrated(0.1, 0.12, 0.05, 0.2, 60), Calibrated(0.9, 0.85, 0.75, 0.92, 60)],
    "week": LiftFigures(LIFT, 0.8 * LIFT, 1.2 * LIFT, LABEL, WORDS),
    "hours": LiftFigures(LIFT[DAY], 0.8 * LIFT[DAY], 1.2 * LIFT[DAY], LABEL[DAY], WORDS[:24]),
    "plan": PlanFigures(LIFT, 10 * LIFT, 10.0, "EUR"),
    "replay": ReplayFigures(date(2026, 2, 1), MONEY, MONEY - 60, MONEY + 60, "USD"),
    "roi-forecast": say_roi_forecasts(),
    "roi-timeseries": say_roi_series(),
    "reach-ctr": say_reach_series(),
    "budget-recommendation": say_recommendation(),
}
"""What charts draw, by name or, where several draw the same, by what they read."""


def understood(document: Document) -> Document:
    """Return a document as a browser gets it; one that Vega-Lite does not know the words of is refused."""
    finished = finish_chart(document, "light", None, None)
    TopLevelSpec.validate(finished)
    return json.loads(json.dumps(finished, allow_nan=False))  # type: ignore[no-any-return]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_vega_lite_understands_every_chart(chart: Any) -> None:
    assert understood(chart.draw(EXAMPLES.get(chart.name, EXAMPLES.get(chart.reads))))


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_a_chart_compiled_before_its_numbers_is_the_same_picture(chart: Any) -> None:
    document = finish_chart(chart.draw(EXAMPLES.get(chart.name, EXAMPLES.get(chart.reads))), "dark", 480, None)
    assert picture_svg(document) == vl_convert.vegalite_to_svg(document)


def test_other_numbers_are_not_compiled_again() -> None:
    def drawn(days: int) -> str:
        return picture_svg(finish_chart(draw_roi_timeseries(say_roi_series(days)), "light", 640, None))

    first, compiled = drawn(50), _compile.cache_info().misses
    assert drawn(60) != first
    assert _compile.cache_info().misses == compiled


def test_a_schedule_of_a_day_is_bars() -> None:
    plan = understood(
        next(chart for chart in CHARTS if chart.name == "daypart-plan").draw(
            PlanFigures(LIFT[DAY], 10 * LIFT[DAY], 10.0, "EUR")
        )
    )
    assert plan["layer"][0]["mark"]["type"] == "bar"


def test_a_word_that_vega_lite_does_not_know_is_refused() -> None:
    with pytest.raises(ValidationError):
        understood(mark("rect", {"x": field("day:T", titel="Day")}, rows({"day": ["2026-03-01"]})))


def test_what_is_not_finite_is_drawn_as_nothing() -> None:
    values = rows({"day": ["a", "b", "c"], "amount": np.array([1.0, np.nan, np.inf]), "count": np.arange(3)})["values"]
    assert [list(row.values()) for row in values] == [["a", 1.0, 0], ["b", None, 1], ["c", None, 2]]
