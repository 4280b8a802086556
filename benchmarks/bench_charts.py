"""Pictures of forecasts: from the answer to the finished PNG and SVG, in a process that has drawn before.

Run `python benchmarks/bench_charts.py`; `make bench` prints it with the others. The answers are made by hand: 90 days
and 28 to come, 36 campaigns, five years, and nothing at all: what a picture costs before anything is drawn. No two
have the same numbers, as on days that follow each other.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from adtempo.charts.said import picture_said

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from forecasts_said import say_reach_series, say_recommendation, say_roi_forecasts, say_roi_series

REPEATS = 10

ANSWERS: dict[str, Callable[[int], Sequence[Any]]] = {
    "roi-forecast": lambda day: say_roi_forecasts(("", "google", "meta", "tiktok", "x")[: 4 + day % 2]),
    "roi-timeseries": lambda day: [say_roi_series(90 + day)],
    "reach-ctr": lambda day: [say_reach_series(90 + day)],
    "budget-recommendation": lambda day: [say_recommendation(36 + day)],
    "roi-timeseries, 5 years": lambda day: [say_roi_series(5 * 365 + day)],
    "nothing": lambda day: (),
}


def main() -> None:
    """Print processor milliseconds a picture, once warm, and of a plain loop beside it: machines change their speed."""
    print(f"{'picture':<26}{'PNG, ms':>9}{'SVG, ms':>9}{'loop, ms':>10}")
    for name, say in ANSWERS.items():
        spent = [_milliseconds([say(day) for day in range(REPEATS)], form) for form in ("png", "svg")]
        print(f"{name:<26}{spent[0]:>9.0f}{spent[1]:>9.0f}{_loop_milliseconds():>10.0f}")


def _loop_milliseconds() -> float:
    began = time.process_time()
    sum(number * number for number in range(1_000_000))
    return 1000 * (time.process_time() - began)


def _milliseconds(answers: Sequence[Sequence[Any]], form: str) -> float:
    def draw(said: Sequence[Any]) -> bytes:
        return picture_said(said, form, currency=None, theme="light", width=640, height=None)

    draw(answers[-1])
    draw(answers[-2])
    began = time.process_time()
    for said in answers:
        draw(said)
    return 1000 * (time.process_time() - began) / len(answers)


if __name__ == "__main__":
    main()
