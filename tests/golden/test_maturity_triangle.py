"""The reporting triangle of the shared data: the yardstick first, then ours against it."""

from __future__ import annotations

import csv
import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from adtempo.stats.maturity import Expectation, Snapshot, Vintages, expect_totals, fit_curve

Floats = NDArray[np.float64]
SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).parents[2].parent / "shared"))
FILE = SHARED / "data" / "reporting_triangle" / "reporting_triangle.csv"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the shared data folder is absent (set ADTEMPO_SHARED)")

AGES = (0, 1, 3, 7, 14)
PUBLISHED = (0.220, 0.185, 0.125, 0.065, 0.040)
FIRST_JUDGED = 100
MEMORY_DAYS, LADDER_DAYS = 120, 60


@pytest.fixture(scope="module")
def counts() -> Floats:
    """Cumulative counts of the three groups together, shape (days, delays)."""
    found: dict[tuple[str, int], float] = {}
    with FILE.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            key = (row["reference_date"], int(row["delay"]))
            found[key] = found.get(key, 0) + float(row["count"])
    start = min(date.fromisoformat(day) for day, _ in found)
    table = np.zeros((270, 41))
    for (day, delay), number in found.items():
        table[(date.fromisoformat(day) - start).days, delay] = number
    return table.cumsum(axis=1)


def as_seen(counts: Floats, today: int, days: int) -> tuple[NDArray[np.int64], Floats]:
    cohorts = np.arange(max(0, today - days), today + 1)
    return cohorts, np.where(np.arange(41) <= (today - cohorts)[:, None], counts[cohorts], np.nan)


def chain_ladder(counts: Floats, today: int) -> Floats:
    _, seen = as_seen(counts, today, LADDER_DAYS)
    both = np.isfinite(seen[:, 1:])
    factor = np.where(both, seen[:, 1:], 0).sum(axis=0) / np.where(both, seen[:, :-1], 0).sum(axis=0)
    to_final = np.append(np.cumprod(factor[::-1])[::-1], 1)
    return np.array([seen[-1 - age, age] * to_final[age] for age in AGES])


def matured(counts: Floats, today: int) -> Expectation:
    cohorts, seen = as_seen(counts, today, MEMORY_DAYS)
    started = cohorts.astype(np.float64) + 1  # the first day was a Tuesday
    curve = fit_curve(Vintages(started, np.arange(1.0, 42), seen), None, today + 2.0)
    age = np.minimum(today - cohorts, 40)
    shown = seen[np.arange(len(age)), age][None]
    return expect_totals(Snapshot(started, shown, age[None], np.zeros(1, dtype=np.int64)), [curve])


def finals(counts: Floats, today: int) -> Floats:
    return np.array([counts[today - age, -1] for age in AGES])


def test_plain_chain_ladder_errs_as_published(counts: Floats) -> None:
    days = range(FIRST_JUDGED, 270)
    error = sum(np.abs(chain_ladder(counts, today) - finals(counts, today)) for today in days)
    assert error / sum(finals(counts, today) for today in days) == pytest.approx(PUBLISHED, abs=0.001)


def test_expected_totals_err_a_tenth_less_at_every_age_and_intervals_hold(counts: Floats) -> None:
    days = range(FIRST_JUDGED, 270)
    error, inside = np.zeros(len(AGES)), np.zeros((2, 15))
    for today in days:
        answer = matured(counts, today)
        error += np.abs(answer.value[0, [-1 - age for age in AGES]] - finals(counts, today))
        young = counts[today - np.arange(15), -1]
        for row, level in enumerate((0.8, 0.95)):
            low, high = (bound[0, :-16:-1] for bound in answer.interval(level))
            inside[row] += (low <= young) & (young <= high)
    wape = error / sum(finals(counts, today) for today in days)
    assert (wape <= 0.9 * np.array(PUBLISHED)).all()
    covered = inside.mean(axis=1) / len(days)
    assert 0.75 <= covered[0] <= 0.85
    assert 0.92 <= covered[1] <= 0.98
