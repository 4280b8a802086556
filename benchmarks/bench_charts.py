"""Pictures of forecasts: from the answer to the finished PNG and SVG, in a process that has drawn before.

Run `python benchmarks/bench_charts.py`; `make bench` prints it with the others. The answers are made by hand: 90 days
and 28 to come, 36 campaigns, five years, and nothing at all: what a picture costs before anything is drawn.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adtempo.charts.said import picture_said

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from forecasts_said import say_reach_series, say_recommendation, say_roi_forecasts, say_roi_series

REPEATS = 10

ANSWERS: dict[str, Sequence[Any]] = {
    "roi-forecast": say_roi_forecasts(),
    "roi-timeseries": [say_roi_series(90)],
    "reach-ctr": [say_reach_series(90)],
    "budget-recommendation": [say_recommendation(36)],
    "roi-timeseries, 5 years": [say_roi_series(5 * 365)],
    "nothing": (),
}


def main() -> None:
    """Print processor milliseconds a picture, once warm."""
    print(f"{'picture':<26}{'PNG, ms':>9}{'SVG, ms':>9}")
    for name, said in ANSWERS.items():
        spent = [_milliseconds(said, form) for form in ("png", "svg")]
        print(f"{name:<26}{spent[0]:>9.0f}{spent[1]:>9.0f}")


def _milliseconds(said: Sequence[Any], form: str) -> float:
    def draw() -> bytes:
        return picture_said(said, form, currency=None, theme="light", width=640, height=None)

    draw()
    began = time.process_time()
    for _ in range(REPEATS):
        draw()
    return 1000 * (time.process_time() - began) / REPEATS


if __name__ == "__main__":
    main()
