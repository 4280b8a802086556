"""A plain stand-in for the forecasters, and coarse splits, where a test is about what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from adtempo.forecasts import estimate
from adtempo.stats.forecasters import Fans
from adtempo.stats.response import optimum

PATHS = 100


def forecast_plainly(
    values: Any,
    candidates: object,
    *,
    seasons: Sequence[int],
    horizon: int,
    nonnegative: bool,
    chosen: Sequence[str],
    dates: object,
) -> Fans:
    """Return the mean of each weekday in the last four weeks, as futures that stray alike by about a tenth."""
    assert nonnegative
    assert candidates
    season = seasons[0]
    strayed = np.exp(0.1 * np.random.default_rng(7).standard_normal((PATHS, 1)))
    recent = values[:, -4 * season :]
    week = np.stack([np.nanmean(recent[:, -season + day :: -season], axis=1) for day in range(season)], axis=1)
    expected = week[:, np.arange(horizon) % season]
    paths = expected[:, None, :] * strayed
    low80, high80, low95, high95 = np.quantile(paths, [0.1, 0.9, 0.025, 0.975], axis=1)
    series = len(values)
    return Fans(
        expected=expected,
        low80=low80,
        high80=high80,
        low95=low95,
        high95=high95,
        paths=paths,
        chosen=tuple(chosen) or ("Plain",) * series,
        beats_naive=np.ones(series, np.bool_),
        error=np.ones(series),
        note=("",) * series,
    )


def be_quick(patch: pytest.MonkeyPatch) -> None:
    """Put the stand-in in place, and split money in hundreds of steps rather than thousands."""
    patch.setattr(estimate, "forecast_panel", forecast_plainly)
    for name in ("_STEPS", "_LEAST_STEPS"):
        patch.setattr(optimum, name, 100)


@pytest.fixture
def plain_forecasts(monkeypatch: pytest.MonkeyPatch) -> None:
    be_quick(monkeypatch)
