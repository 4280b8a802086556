"""The detector on real series with labels, against the scores that published detectors reach on the same files."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from adtempo.stats.anomaly import score_series
from adtempo.stats.nab import NabCount, count_alerts, nab_score

SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).parents[2].parent / "shared"))
FOLDER = SHARED / "data" / "nab"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the shared data folder is absent (set ADTEMPO_SHARED)")


def alerts_on(name: str, windows: list[list[str]]) -> NabCount:
    with (FOLDER / name).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    moments = np.array([row["timestamp"] for row in rows], dtype="datetime64[s]")
    limits = [tuple(int(np.searchsorted(moments, np.datetime64(at[:19]))) for at in window) for window in windows]
    scores = score_series(moments, np.array([float(row["value"]) for row in rows]))
    return count_alerts(len(rows), limits, np.flatnonzero(scores >= 0.5))  # type: ignore[arg-type]


def test_the_score_on_ten_tweet_series_is_above_the_published_htm() -> None:
    windows = json.loads((FOLDER / "realTweets_windows.json").read_text("utf-8"))
    counts = [alerts_on(name, windows[name]) for name in sorted(windows)]
    assert sum(count.windows for count in counts) == 33
    assert nab_score(counts) > 72
    assert sum(count.false_alarms for count in counts) <= 35
