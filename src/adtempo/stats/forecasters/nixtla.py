"""The candidates that Nixtla's statsforecast brings: exponential smoothing, Theta, ARIMA and MSTL.

The library is imported when the first of them is asked, for that takes seconds.

References:
    Hyndman, R. J., Khandakar, Y. (2008). Automatic time series forecasting: the forecast package for R. Journal of
    Statistical Software 27(3). doi:10.18637/jss.v027.i03
    Assimakopoulos, V., Nikolopoulos, K. (2000). The theta model. International Journal of Forecasting 16(4).
    doi:10.1016/S0169-2070(00)00066-2
    Bandara, K., Hyndman, R. J., Bergmeir, C. (2021). MSTL: a seasonal-trend decomposition algorithm for time series
    with multiple seasonal patterns. arXiv:2107.13462
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def _ask(model: Any, history: Floats, horizon: int) -> Floats:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            answer = model.forecast(y=history, h=horizon)["mean"]
        except Exception:  # noqa: BLE001 - it has no error of its own for a history it cannot fit: then it has no answer
            return np.full(horizon, np.nan)
    return np.asarray(answer, dtype=np.float64)


def _season_of(history: Floats, seasons: Sequence[int]) -> int:
    return seasons[0] if seasons and 2 * seasons[0] < len(history) else 1


def forecast_ets(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
    """Smooth level, trend and season exponentially; the form by AICc."""
    from statsforecast.models import AutoETS

    return _ask(AutoETS(season_length=_season_of(history, seasons)), history, horizon)


def forecast_theta(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
    """Average a line and a smoothed level, after the season was taken out."""
    from statsforecast.models import AutoTheta

    return _ask(AutoTheta(season_length=_season_of(history, seasons)), history, horizon)


def forecast_mstl(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
    """Take every season out that fits twice, smooth what is left exponentially, and put the seasons back."""
    from statsforecast.models import AutoETS

    return _ask_without_seasons(AutoETS(model="ZZN"), history, seasons, horizon)


def forecast_arima(history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
    """Take every season out that fits twice, fit a small ARIMA to what is left, and put the seasons back."""
    from statsforecast.models import AutoARIMA

    return _ask_without_seasons(AutoARIMA(approximation=True, max_p=2, max_q=2, nmodels=10), history, seasons, horizon)


def _ask_without_seasons(model: Any, history: Floats, seasons: Sequence[int], horizon: int) -> Floats:
    from statsforecast.models import MSTL

    fitting = [season for season in seasons if 2 * season < len(history)]
    return _ask(MSTL(fitting, trend_forecaster=model) if fitting else model, history, horizon)
