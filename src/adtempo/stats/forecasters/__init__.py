"""What a series will do next, and how far off that has been before.

In come plain numbers of a regular grain, missing ones as NaN. Candidates (`FORECASTERS`) forecast the series' own past
from several earlier moments; each series gets the mean of those that were best there, and seasonal naive where nothing
beats it beyond noise (`choice.py`). The errors made on the way are what intervals are made of (`calibration.py`). What
leaves is a fan per series. It must never see anything but the past of the series that it is given.
"""

from __future__ import annotations

from adtempo.stats.forecasters.choice import FORECASTERS, NAIVE, QUICK, Forecaster
from adtempo.stats.forecasters.panel import STEPS_MIN, Fans, forecast_panel

__all__ = ["FORECASTERS", "NAIVE", "QUICK", "STEPS_MIN", "Fans", "Forecaster", "forecast_panel"]
