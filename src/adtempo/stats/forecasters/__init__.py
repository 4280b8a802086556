"""What a series will do next, and how far off that has been before.

In come plain numbers of a regular grain, missing ones as NaN. Candidates (`FORECASTERS`) forecast the series' own past
from several earlier moments; each series gets the mean of those that were best there, and seasonal naive where nothing
beats it beyond noise (`choice.py`). The errors made on the way are what intervals are made of (`calibration.py`). What
leaves is a fan per series. It must never see anything but the past of the series that it is given.
"""

from __future__ import annotations

from adtempo.stats.forecasters.base import NAIVE, Forecaster
from adtempo.stats.forecasters.dates import WITH_DATES, KnownDates
from adtempo.stats.forecasters.models import (
    forecast_changes,
    forecast_naive,
    forecast_profile,
    forecast_regression,
    of_logs,
)
from adtempo.stats.forecasters.nixtla import forecast_arima, forecast_ets, forecast_mstl, forecast_theta
from adtempo.stats.forecasters.panel import STEPS_MIN, Fans, forecast_panel

_SEASON_MAX_OF_SLOW = 60  # with longer ones regressions are as good in a hundredth of the time
_STEPS_MAX_OF_SLOW = 1000
_STEPS_MAX_OF_SLOWEST = 200

FORECASTERS: tuple[Forecaster, ...] = (
    Forecaster(NAIVE, forecast_naive),
    Forecaster("profile", forecast_profile),
    Forecaster("profile of logs", of_logs(forecast_profile)),
    Forecaster("regression", forecast_regression),
    Forecaster("regression of logs", of_logs(forecast_regression)),
    Forecaster("changes", forecast_changes),
    Forecaster("changes of logs", of_logs(forecast_changes)),
    Forecaster("theta", forecast_theta, season_max=_SEASON_MAX_OF_SLOW, steps_max=_STEPS_MAX_OF_SLOW),
    Forecaster("mstl", forecast_mstl, season_max=_SEASON_MAX_OF_SLOW, steps_max=_STEPS_MAX_OF_SLOW),
    Forecaster("ets", forecast_ets, season_max=24, steps_max=_STEPS_MAX_OF_SLOWEST),
    Forecaster("arima", forecast_arima, season_max=_SEASON_MAX_OF_SLOW, steps_max=_STEPS_MAX_OF_SLOWEST),
)
"""Every candidate; seasonal naive, the yardstick, first."""

QUICK = tuple(one for one in FORECASTERS if one.steps_max > _STEPS_MAX_OF_SLOWEST)
"""Those that take milliseconds a series: for runs over many."""

__all__ = [
    "FORECASTERS",
    "NAIVE",
    "QUICK",
    "STEPS_MIN",
    "WITH_DATES",
    "Fans",
    "Forecaster",
    "KnownDates",
    "forecast_panel",
]
