"""A plain file in, its forecasts out: every grain, wide or long, and clear words about what cannot be read."""

import csv
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from adtempo.cli.main import app
from adtempo.domain.errors import InvalidInput
from adtempo.forecasts.grains import place_moments, read_moment
from adtempo.forecasts.series_file import forecast_file
from adtempo.stats.forecasters import FORECASTERS

HEADER = "unique_id,step,value,low80,high80,low95,high95"


@pytest.fixture(autouse=True)
def _only_quick_forecasters(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = tuple(one for one in FORECASTERS if one.season_max > 100)
    monkeypatch.setattr("adtempo.forecasts.series_file.FORECASTERS", quick)


def days(count: int, start: date = date(2026, 1, 5)) -> list[str]:
    return [str(start + timedelta(days=place)) for place in range(count)]


def forecast(folder: Path, text: str, *, value: str = "y", horizon: int = 2, season: int | None = None) -> list[str]:
    source = folder / "in.csv"
    source.write_text(text, encoding="utf-8")
    return forecast_file(source, "ds", [value], horizon, season, folder / "out.csv")


def read(folder: Path) -> list[dict[str, str]]:
    with (folder / "out.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def table(moments: list[str], *, shift: float = 0.0) -> str:
    rows = [f"{moment},{10 + place % 7 + shift}" for place, moment in enumerate(moments)]
    return "\n".join(["ds,y", *rows])


def test_each_column_is_a_series(tmp_path: Path) -> None:
    rows = [f"{day},{place % 7},{5 - place % 7}" for place, day in enumerate(days(28))]
    said = forecast(tmp_path, "\n".join(["ds,a,b", *rows]), value="a, b", horizon=7)
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines()[0] == HEADER
    found = read(tmp_path)
    assert [(row["unique_id"], row["step"]) for row in found][6:8] == [("a", "7"), ("b", "1")]
    assert [float(row["value"]) for row in found[:7]] == pytest.approx(list(range(7)), abs=0.01)
    assert min(float(row["value"]) for row in found[7:]) == pytest.approx(-1, abs=0.01)
    assert said[0] == "2 series; one step: day; repeating after 7"
    assert said[1].startswith("a: seasonal naive")


def test_each_unique_id_is_a_series_that_ends_on_its_own_day(tmp_path: Path) -> None:
    rows = [f"x,{day},{place}" for place, day in enumerate(days(20))]
    rows += [f"y,{day},100" for day in days(9)][::-1]
    said = forecast(tmp_path, "\n".join(["unique_id,ds,y", *rows]))
    found = read(tmp_path)
    assert [row["unique_id"] for row in found] == ["x", "x", "y", "y"]
    assert [float(row["value"]) for row in found[2:]] == [100, 100]
    assert said[2] == "y: seasonal naive: nothing beats it beyond noise. It has never changed."


def test_several_columns_of_a_long_file_are_named_by_both(tmp_path: Path) -> None:
    rows = [f"x,{day},1,2" for day in days(5)]
    forecast(tmp_path, "\n".join(["unique_id,ds,a,b", *rows]), value="a,b", horizon=1)
    assert [row["unique_id"] for row in read(tmp_path)] == ["x/a", "x/b"]


def test_a_column_whose_name_has_a_comma_can_be_named(tmp_path: Path) -> None:
    forecast(tmp_path, "\n".join(['ds,"y, net"', *(f"{day},1" for day in days(5))]), value="y, net", horizon=1)
    assert read(tmp_path)[0]["unique_id"] == "y, net"


START = datetime(2026, 1, 5)
GRAINS = {
    "5 minutes; repeating after 288 and 2016": [str(START + timedelta(minutes=5 * i)) for i in range(30)],
    "hour; repeating after 24 and 168": [f"{START + timedelta(hours=i):%Y-%m-%dT%H:%M:%S+02:00}" for i in range(30)],
    "6 hours; repeating after 4 and 28": [f"{START + timedelta(hours=6 * i):%Y/%m/%d %H:%M}" for i in range(30)],
    "day; repeating after 7": days(30),
    "2 days; without a season": [str(date(2026, 1, 1) + timedelta(days=2 * i)) for i in range(30)],
    "working day; repeating after 5": [day for day in days(30) if date.fromisoformat(day).weekday() < 5],
    "week; repeating after 52": [str(date(2026, 1, 5) + timedelta(weeks=i)) for i in range(30)],
    "month; repeating after 12": [f"{2024 + i // 12}-{i % 12 + 1:02}" for i in range(30)],
    "quarter; repeating after 4": [f"{2020 + i // 4}-{3 * (i % 4) + 1:02}-01" for i in range(30)],
    "year; without a season": [f"{1990 + i}-12-31" for i in range(30)],
    "5 months; without a season": [f"{2000 + 5 * i // 12}-{5 * i % 12 + 1:02}-15" for i in range(30)],
    "20 seconds; repeating after 4320 and 30240": [str(START + timedelta(seconds=20 * i)) for i in range(30)],
    "1; without a season": [str(place) for place in range(30)],
}


@pytest.mark.parametrize("name", GRAINS)
def test_the_grain_is_told_by_the_dates(name: str, tmp_path: Path) -> None:
    said = forecast(tmp_path, table(GRAINS[name]))
    assert said[0] == f"1 series; one step: {name}"
    assert len(read(tmp_path)) == 2


def test_the_last_days_of_months_are_months() -> None:
    ends = [datetime(2026, 1, 31), datetime(2026, 2, 28), datetime(2026, 4, 30)]
    placed = place_moments([ends])
    assert placed is not None
    assert placed[0].name == "month"
    assert placed[1][0].tolist() == [0, 1, 3]


def test_hours_across_a_clock_change_are_even_by_their_offsets() -> None:
    around = [read_moment(f"2026-03-29T{text}") for text in ("01:00:00+01:00", "03:00:00+02:00", "04:00:00+02:00")]
    placed = place_moments([around])
    assert placed is not None
    assert placed[1][0].tolist() == [0, 1, 2]


def test_days_across_a_clock_change_are_even_by_their_own_clock() -> None:
    around = [read_moment(f"2026-03-{text}") for text in ("28T00:00+01:00", "29T00:00+01:00", "30T00:00+02:00")]
    placed = place_moments([around])
    assert placed is not None
    assert placed[0].seasons == (7,)


def test_a_season_that_is_named_leads_and_longer_ones_of_the_grain_stay(tmp_path: Path) -> None:
    hours = [str(START + timedelta(hours=place)) for place in range(30)]
    assert forecast(tmp_path, table(hours), season=24)[0].endswith("after 24 and 168")
    assert forecast(tmp_path, table(days(30)), season=10)[0].endswith("after 10")
    assert forecast(tmp_path, table(days(30)), season=1)[0].endswith("without a season")


def test_gaps_are_filled_and_told(tmp_path: Path) -> None:
    rows = [f"{day},{place % 7}" for place, day in enumerate(days(40)) if place not in {8, 9}]
    said = forecast(tmp_path, "\n".join(["ds,y", *rows, f"{days(41)[-1]},"]))
    assert "2 of 40 steps are missing" in said[1]
    assert float(read(tmp_path)[0]["value"]) == pytest.approx(5, abs=0.1)


def test_what_was_never_negative_is_not_forecast_so_and_what_was_may_be(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 3, 60)
    lines = [f"{day},{abs(one)},{one}" for day, one in zip(days(60), noise, strict=True)]
    forecast(tmp_path, "\n".join(["ds,a,b", *lines]), value="a,b")
    lows = [float(row["low95"]) for row in read(tmp_path)]
    assert min(lows[:2]) >= 0 > max(lows[2:])


def test_two_rows_are_enough_and_said_to_be_few(tmp_path: Path) -> None:
    said = forecast(tmp_path, table(days(2)), horizon=3)
    assert [float(row["value"]) for row in read(tmp_path)] == [11, 11, 11]
    assert "too short" in said[1]


def test_a_series_of_one_value_among_others_has_empty_cells(tmp_path: Path) -> None:
    rows = [f"x,{day},{place}" for place, day in enumerate(days(9))]
    said = forecast(tmp_path, "\n".join(["unique_id,ds,y", *rows, f"z,{days(1)[0]},3"]), horizon=1)
    assert read(tmp_path)[1] | {"unique_id": "", "step": ""} == dict.fromkeys(HEADER.split(","), "")
    assert said[2] == "z: no forecast. It has 1 values; a forecast needs 2."


def test_many_series_are_summed_up(tmp_path: Path) -> None:
    rows = [f"{day},{','.join(str(place % 7 + one) for one in range(21))}" for place, day in enumerate(days(20))]
    names = [f"c{one}" for one in range(21)]
    said = forecast(tmp_path, "\n".join([",".join(["ds", *names]), *rows]), value=",".join(names))
    assert said[1] == "21 of 21 are seasonal naive, which nothing beats there beyond noise"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ds,x\n2026-01-01,1\n", "in.csv:1:y: there is no such column; the header is ds,x"),
        ("ds,y,y\n2026-01-01,1,1\n", "in.csv:1:y: several columns are called so"),
        ("", "in.csv:1:ds: there is no such column"),
        ("ds,y\n", "in.csv has no rows below its header"),
        ("ds,y\n2026-01-01,1\n", "in.csv: no series has 2 values; a forecast needs as many"),
        ("ds,y\n2026-01-01,\n2026-01-02,\n", "in.csv: no series has 2 values"),
        ("ds,y\n2026-01-01,1\n2026-02-30,1\n", "in.csv:3:ds: '2026-02-30' is no date; write 2026-03-04"),
        ("ds,y\n2026-01-01,1\n2026-01-02,abc\n", "in.csv:3:y: 'abc' is no number; write 1234.5"),
        ("ds,y\n2026-01-01,1_000\n", "in.csv:2:y: '1_000' is no number"),
        ("ds,y\n2026-01-01,inf\n", "in.csv:2:y: 'inf' is no number"),
        ("ds,y\n2026-01-01\n", "in.csv:2:y: a row that ends before it is no number"),
        (
            "ds,y\n2026-01-01,1\n2026-01-01,2\n",
            "stands in row 2 already; keep one of the two, or tell them apart by a column unique_id",
        ),
        ("unique_id,ds,y\na,2026-01-01,1\na,2026-01-01,2\n", "in.csv:3:ds: 2026-01-01 00:00:00 for a stands in row 2"),
        ("ds,y\n2026-01-01,1\n2,2\n", "in.csv:3:ds: a number, where row 2 has a time without an offset"),
        ("ds,y\n2026-01-01,1\n2026-01-02T00:00Z,2\n", "in.csv:3:ds: a time with an offset, where row 2"),
        (
            "ds,y\n2026-01-01 00:00:00,1\n2026-01-01 01:00:00,2\n2026-01-01 02:00:07,3\n",
            "in.csv: the dates in ds lie unev",
        ),
    ],
)
def test_what_cannot_be_read_is_named_by_row_and_column(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        forecast(tmp_path, text)
    assert said in caught.value.message
    assert not (tmp_path / "out.csv").exists()


def test_only_the_first_twenty_bad_places_are_listed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"25 problems; nothing was written(.|\n)*and 5 more"):
        forecast(tmp_path, "\n".join(["ds,y", *(f"{day},x" for day in days(25))]))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="in.csv cannot be read as a CSV file in UTF-8"):
        forecast_file(tmp_path / "in.csv", "ds", ["y"], 1, None, tmp_path / "out.csv")


def test_a_file_is_not_written_over_itself(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is the file that is read"):
        forecast_file(tmp_path / "in.csv", "ds", ["y"], 1, None, tmp_path / "in.csv")


def test_the_command_writes_the_file_and_says_on_stderr_what_it_used(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(table(days(30)), encoding="utf-8")
    words = ["forecasts", "file", str(tmp_path / "in.csv"), "--date", "ds", "--value", "y", "--horizon"]
    answer = CliRunner().invoke(app, [*words, "7", "--output", str(tmp_path / "out.csv")])
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "y: seasonal naive" in answer.stderr
    assert len(read(tmp_path)) == 7
    assert CliRunner().invoke(app, [*words, "0", "--output", str(tmp_path / "out.csv")]).exit_code == 2
