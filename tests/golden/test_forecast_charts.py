"""The pictures of forecasts as documents, compared whole: what is drawn, not its pixels."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adtempo.charts.fan import RECENT_DAYS
from adtempo.charts.picture import read_fonts
from adtempo.charts.said import draw_said, picture_said
from adtempo.charts.series import THINNED
from adtempo.charts.theme import THEMES, finish_chart
from adtempo.domain.errors import NotFound
from adtempo.domain.forecasts import Forecast
from forecasts_said import say_reach_series, say_recommendation, say_roi_forecasts, say_roi_series

KEPT = Path(__file__).parent / "charts"

PICTURES: dict[str, Sequence[Any]] = {
    "roi-forecast": say_roi_forecasts(),
    "roi-timeseries": [say_roi_series(days=20, to_come=7)],
    "reach-ctr": [say_reach_series(days=20, to_come=7)],
    "budget-recommendation": [say_recommendation()],
}


def texts(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_drawn_as_kept(name: str) -> None:
    """To keep a new one on purpose: KEEP_CHARTS=1 pytest tests/golden/test_forecast_charts.py."""
    drawn = json.dumps(draw_said(PICTURES[name], None), indent=1, ensure_ascii=False) + "\n"
    path = KEPT / f"{name}.json"
    if os.environ.get("KEEP_CHARTS"):
        path.write_text(drawn, "utf-8")
    assert json.loads(drawn) == json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [320, 1600])
def test_every_theme_and_width_becomes_a_picture(theme: str, width: int) -> None:
    for said in PICTURES.values():
        assert b"</svg>" in picture_said(said, "svg", currency=None, theme=theme, width=width, height=None)


@pytest.mark.parametrize("width", [320, 360, 399, 400, 640])
def test_a_legend_fits_above_its_plot(width: int) -> None:
    """On a phone its words stand in two rows, of which the height of the plot knows."""
    drawn = picture_said(PICTURES["roi-timeseries"], "svg", currency=None, theme="light", width=width, height=None)
    svg = drawn.decode()
    top = float(re.findall(r'<g fill="none" [^>]*translate\([\d.]+,([\d.]+)\)', svg)[0])
    (plot,) = re.findall(r'class="background"[^>]*d="M0.5,0.5h([\d.]+)', svg)[:1]
    legend = svg[svg.index("role-legend") :]
    ((up, wide),) = re.findall(r'translate\(0,-([\d.]+)\)"><path class="background"[^>]*d="M0,0h([\d.]+)', legend)[:1]
    assert float(wide) <= float(plot)
    assert float(up) <= top


def test_a_png_has_twice_its_nominal_size() -> None:
    picture = picture_said(PICTURES["roi-forecast"], "png", currency="EUR", theme="dark", width=400, height=200)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(picture[at : at + 4]) for at in (16, 20)] == [800, 400]


def test_drawing_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """While fonts are read, a variable points to a configuration of our own; a browser started later needs its own."""
    read = []
    monkeypatch.setattr("vl_convert.svg_to_png", lambda svg: read.append(os.environ["FONTCONFIG_FILE"]))
    monkeypatch.setattr("vl_convert.register_font_directory", lambda folder: None)
    monkeypatch.delenv("FONTCONFIG_FILE", raising=False)
    read_fonts.__wrapped__()
    assert "FONTCONFIG_FILE" not in os.environ
    assert [Path(said).read_text("utf-8").count("<dir>") for said in read] == [1]


def test_who_says_which_fonts_there_are_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vl_convert.svg_to_png", lambda svg: pytest.fail("fonts were read"))
    monkeypatch.setenv("FONTCONFIG_FILE", "mine.conf")
    read_fonts.__wrapped__()
    assert os.environ["FONTCONFIG_FILE"] == "mine.conf"


def test_nothing_forecast_is_a_picture_that_says_so() -> None:
    assert "Nothing has been forecast yet" in texts(draw_said((), None))


def test_what_cannot_be_said_is_said_in_the_picture() -> None:
    nothing = replace(say_recommendation(), lines=(), note="no campaign has enough history")
    assert "no campaign has enough history" in texts(draw_said([nothing], None))
    silent = replace(say_roi_series(0, 0), note="It has 2 days of history; a forecast needs 14.")
    assert '["It has 2 days of history; a", "forecast needs 14."]' in texts(draw_said([silent], None))


def test_one_day_is_drawn() -> None:
    document = finish_chart(draw_said([say_roi_series(1, to_come=0)], None), "light", 640, None)
    drawn = [layer["data"]["values"] for layer in document["layer"]]
    assert "to come" not in {row.get("label") for rows in drawn for row in rows}
    assert sum(row.get("series") == "Reported" for rows in drawn for row in rows) == 2


def test_of_five_years_each_weeks_lowest_and_highest_day_and_every_recent_one_are_drawn() -> None:
    """A day closer than a pixel to the next hides behind it; the picture says what it leaves out."""
    series = say_roi_series(5 * 365)
    document = draw_said([replace(series, roi=[replace(series.roi[0], reported=None), *series.roi[1:]])], None)
    lines = [layer for layer in document["layer"] if layer["mark"]["type"] == "line"]
    assert all(layer["encoding"]["x"]["title"] == THINNED for layer in lines)
    for line, points in zip(lines, (series.roi[1:], series.conversions), strict=True):
        over = [point.reported for point in points if point.reported is not None]
        drawn = [row["amount"] for row in line["data"]["values"] if row["series"] == "Reported"]
        assert len(drawn) < len(over) / 2
        assert drawn[-RECENT_DAYS:] == over[-RECENT_DAYS:]
        assert (min(drawn), max(drawn)) == (min(over), max(over))
    assert all(layer["encoding"]["x"]["title"] is None for layer in draw_said([say_roi_series()], None)["layer"][-1:])


def test_a_picture_leaves_out_what_answers_a_pointer() -> None:
    chart = draw_said(PICTURES["roi-timeseries"], None)
    assert '"reading"' in texts(finish_chart(chart, "light", None, None)["layer"])
    assert '"reading"' not in texts(finish_chart(chart, "light", 640, None)["layer"])


def test_fans_that_leave_the_panel_are_cut_off() -> None:
    """A 95% fan a thousand times as wide as the line must not flatten it."""
    series = say_roi_series(days=20, to_come=7)
    wild = [
        replace(one, expected=Forecast(0.8, 0.5, 1.1, -800.0, 800.0)) if one.is_forecast else one for one in series.roi
    ]
    document = draw_said([replace(series, roi=wild)], None)
    domains = [layer["encoding"]["y"]["scale"]["domain"] for layer in document["layer"] if "y2" in layer["encoding"]]
    assert max(high for low, high in domains[:2]) < 2


def test_only_the_campaigns_that_change_most_are_drawn_and_the_rest_counted() -> None:
    document = texts(draw_said([say_recommendation(40)], None))
    assert "and 28 that change less" in document


def test_where_the_next_1000_goes_and_what_a_little_more_brings_stand_beside_every_campaign() -> None:
    """Who gets a part of it is drawn even if its own budget hardly changes."""
    found = say_recommendation(40)
    last = min(found.lines[-40:], key=lambda line: abs(line.proposed_micros - line.today_micros))
    lines = [replace(line, next_micros=1_000_000_000 if line is last else 0) for line in found.lines]
    rows = draw_said([replace(found, lines=lines)], None)["data"]["values"]
    (row,) = [row for row in rows if row["part"]]
    assert row["name"] == last.title
    assert row["part"] == "1,000"
    assert last.next_return is not None
    assert (row["low80"], row["brings"]) == (last.next_return.low80, last.next_return.value)


def test_campaigns_of_one_name_are_told_apart() -> None:
    found = say_recommendation(4)
    lines = [replace(line, title="Twin") if line.title.startswith("Google c") else line for line in found.lines]
    drawn = texts(draw_said([replace(found, lines=lines)], None))
    assert "Twin (google:1:0)" in drawn
    assert "Twin (google:1:2)" in drawn


def test_a_currency_that_is_not_forecast_is_refused() -> None:
    with pytest.raises(NotFound, match="nothing is forecast in USD; there is EUR"):
        draw_said(PICTURES["roi-forecast"], "USD")
    with pytest.raises(NotFound, match="nothing has been forecast yet"):
        draw_said((), "USD")
