"""Known dates: they count where the past says that they do, and leave everything as it was where it does not."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from adtempo.forecasts import series_file
from adtempo.forecasts.dates import holidays_of, reckon_holidays, reckon_year
from adtempo.forecasts.series_file import forecast_file
from adtempo.stats.forecasters import FORECASTERS, WITH_DATES, Fans, KnownDates, forecast_panel

INSTANT = FORECASTERS[:7]
STEPS, AHEAD = 300, 28
EVERY = 15
"""A special day comes so often."""

AHEAD_SPECIAL = np.array([309, 324])


def fan(effect: float, *, chosen: str = "") -> tuple[Fans, Fans, NDArray[np.float64]]:
    """Forecast a series whose special days bring more, not knowing and knowing them; return what comes on two ahead."""
    rng = np.random.default_rng(11)
    time = np.arange(STEPS + AHEAD)
    special = time % EVERY == 9
    usual = 100 * np.exp(0.2 * np.sin(2 * np.pi * time / 7) + effect * special)
    series = usual * np.exp(rng.normal(0, 0.05, len(time)))
    dates = KnownDates(special[None, None].astype(float), np.array([4.0]))
    kept = [chosen] if chosen else []
    plain, knowing = (
        forecast_panel(series[None, :STEPS], INSTANT, seasons=(7,), horizon=AHEAD, dates=one, chosen=kept)
        for one in (None, dates)
    )
    return plain, knowing, usual[AHEAD_SPECIAL]


@pytest.mark.parametrize("effect", [0.7, -0.7])
def test_a_date_that_was_special_before_is_special_ahead(effect: float) -> None:
    plain, knowing, comes = fan(effect)
    assert WITH_DATES in knowing.chosen[0]
    assert WITH_DATES not in plain.chosen[0]
    assert knowing.expected[0, AHEAD_SPECIAL - STEPS] == pytest.approx(comes, rel=0.12)
    assert (np.abs(np.log(plain.expected[0, AHEAD_SPECIAL - STEPS] / comes)) > 0.4).all()
    assert knowing.error[0] < 0.98 * plain.error[0]


def test_where_nothing_happens_on_known_dates_the_forecast_is_that_without_them() -> None:
    plain, knowing, _ = fan(0.0)
    assert knowing.chosen == plain.chosen
    assert knowing.paths.tolist() == plain.paths.tolist()


def test_a_forecaster_that_reckons_with_dates_is_kept_as_others_are() -> None:
    _, knowing, _ = fan(0.7, chosen=f"profile of logs{WITH_DATES}")
    assert knowing.chosen == (f"profile of logs{WITH_DATES}",)
    plain, knowing, _ = fan(0.7, chosen="profile")
    assert knowing.chosen == plain.chosen == ("profile",)


def test_a_time_zone_tells_the_holidays_of_its_country() -> None:
    days = np.arange(np.datetime64("2026-12-24"), np.datetime64("2026-12-27"))
    assert holidays_of("Europe/Berlin", days) == ["", "Christmas Day", "Second Day of Christmas"]
    assert holidays_of("Asia/Tokyo", days) == holidays_of("UTC", days) == ["", "", ""]


def test_holidays_count_by_the_share_of_the_accounts_that_have_them() -> None:
    holidays = {"meta:1": ["", "Unity Day", "New Year"], "meta:2": ["", "", "New Year"]}
    found = reckon_holidays(holidays, [{"meta:1": 0.25, "meta:2": 0.75}, {"meta:2": 1.0}])
    assert found is not None
    assert found.known.tolist() == [[[0, 0.25, 1], [0, 0, 1], [0, 0.25, 0]], [[0, 0, 1], [0, 0, 1], [0, 0, 0]]]
    assert found.doubt[0] > found.doubt[1] == found.doubt[2]
    assert reckon_holidays({"meta:1": ["", ""]}, [{"meta:1": 1.0}]) is None


def test_the_time_of_the_year_counts_from_the_second_year_on() -> None:
    assert reckon_year([730, 100], 28) is None
    found = reckon_year([731, 100], 28)
    assert found is not None
    assert found.known.shape == (2, 6, 731 + 28)
    assert found.known.any(axis=(1, 2)).tolist() == [True, False]


def test_a_daily_file_of_three_years_is_forecast_by_the_time_of_the_year(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series_file, "FORECASTERS", INSTANT)
    rng = np.random.default_rng(3)
    time = np.arange(3 * 365)
    level = 100 * np.exp(0.6 * np.sin(2 * np.pi * time / 365.25) + rng.normal(0, 0.1, len(time)))
    days = np.datetime64("2023-01-01") + time
    rows = [f"{day},{value:.2f}" for day, value in zip(days[:-90], level[:-90], strict=True)]
    (tmp_path / "in.csv").write_text("\n".join(["ds,y", *rows]) + "\n", encoding="utf-8")
    said = forecast_file(tmp_path / "in.csv", "ds", ["y"], 90, None, tmp_path / "out.csv")
    assert WITH_DATES in said[1]
    told = [float(line.split(",")[2]) for line in (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[1:]]
    assert np.abs(np.array(told) - level[-90:]).sum() / level[-90:].sum() < 0.12
