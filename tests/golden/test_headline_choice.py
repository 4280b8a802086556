"""Choosing between real headlines: the Upworthy archive's randomised tests, observed click rates taken for the truth.

The whole protocol, on tests that no setting was chosen by, is in benchmarks/bench_captions.py.
"""

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from adtempo.stats.arms import choose_by_thompson, play_arms

SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).parents[2].parent / "shared"))
FILE = SHARED / "data" / "upworthy" / "upworthy_half.parquet"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the shared data folder is absent (set ADTEMPO_SHARED)")

BATCHES, TESTS = 40, 40


def test_most_clicks_of_the_best_headline_are_earned() -> None:
    """Of forty tests 0.92 is usual, deviation 0.015: below 0.84 has a probability below 1e-6. Uniform: 0.77."""
    table = pq.read_table(FILE, columns=["clickability_test_id", "test_week", "impressions", "clicks"])
    test, week, impressions, clicks = (column.to_numpy() for column in table.columns)
    chosen = np.unique(test[week > 201402].astype(str))[1::30][:TESTS]
    earned = best = 0.0
    for number, name in enumerate(chosen):
        arms = test == name
        sizes = np.diff(np.linspace(0, impressions[arms].sum(), BATCHES + 1).astype(np.int64)).tolist()
        rates = clicks[arms] / impressions[arms]
        played = play_arms(rates, sizes, choose_by_thompson(1 / 30), np.random.default_rng(number))
        earned, best = earned + float(played.successes.sum()), best + played.best
    assert len(chosen) == TESTS
    assert earned / best > 0.84
