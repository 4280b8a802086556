"""The classical figures against pandas and SciPy, slot by slot."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from adtempo.dayparts.classical import describe_hours
from adtempo.dayparts.panel import HourlyPanel
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.metrics import CTR, ROAS, Metric

SLOTS = {
    "cells": lambda frame: frame.weekday * 24 + frame.hour,
    "hours": lambda frame: frame.hour,
    "days": lambda frame: frame.weekday,
    "week_parts": lambda frame: (frame.weekday >= 5).astype(int),
    "times_of_day": lambda frame: frame.hour // 6,
}


def make_panel(metric: Metric, days: int, seed: int = 0) -> HourlyPanel:
    rng = np.random.default_rng(seed)
    shape = (2, days, 24)
    return HourlyPanel(
        metric=metric,
        campaigns=tuple(CampaignRef("meta", "a", str(place)) for place in range(2)),
        days=np.datetime64("2026-02-04", "D") + np.arange(days),
        numerators=rng.integers(0, 9, shape),
        denominators=rng.integers(0, 4, shape),
        shares=rng.uniform(0.3, 1.0, shape),
    )


def reference(ratios: pd.Series, campaign_slots: pd.Series) -> dict[int, list[float]]:
    found = {}
    for slot, group in ratios.groupby(campaign_slots):
        n = len(group)
        quantile = stats.t.ppf(0.975, n - 1) if n < 30 else stats.norm.ppf(0.975)
        half = quantile * group.std(ddof=1) / np.sqrt(n)
        ewma = group.ewm(alpha=0.2, adjust=False).mean().iloc[-1]
        found[int(str(slot))] = [n, group.mean(), group.std(ddof=1), ewma, group.mean() - half, group.mean() + half]
    return found


@pytest.mark.parametrize(("metric", "days"), [(ROAS, 3), (CTR, 31)])
@pytest.mark.parametrize("layout", SLOTS)
def test_figures_equal_those_of_pandas_and_scipy(metric: Metric, days: int, layout: str) -> None:
    panel = make_panel(metric, days)
    figures = getattr(describe_hours(panel), layout)
    assert panel.shares is not None
    for place in range(2):
        frame = pd.DataFrame(
            {
                "weekday": np.repeat(panel.weekdays, 24),
                "hour": np.tile(np.arange(24), days),
                "top": panel.numerators[place].ravel() * float(metric.scale),
                "bottom": (panel.denominators[place] * panel.shares[place]).ravel(),
            }
        )
        frame = frame[frame.bottom > 0]
        expected = reference(frame.top / frame.bottom, SLOTS[layout](frame))
        for slot in range(figures.n.shape[1]):
            got = [
                getattr(figures, name)[place, slot] for name in ("n", "mean", "deviation", "ewma", "ci_low", "ci_high")
            ]
            want = expected.get(slot, [0.0, *[np.nan] * 5])
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


def test_totals_are_exact_integers_and_skip_hours_without_a_denominator() -> None:
    panel = make_panel(ROAS, 14)
    figures = describe_hours(panel).hours
    counted = panel.numerators * (panel.denominators > 0)
    assert figures.numerator.tolist() == counted.sum(axis=1).tolist()
    assert figures.denominator.tolist() == panel.denominators.sum(axis=1).tolist()
    assert figures.numerator.dtype == np.int64
