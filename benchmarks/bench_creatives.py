"""How fast creatives are judged: 10,000 creatives x 60 days.

Run with ``make bench`` or ``python benchmarks/bench_creatives.py``; a few seconds. How right the judgement is, is
measured by ``make calibrate``.
"""

from __future__ import annotations

import time

import numpy as np

from adtempo.stats.shrinkage import shrink_ratios
from adtempo.stats.trend import find_declines

CREATIVES, DAYS = 10_000, 60


def main() -> None:
    rng = np.random.default_rng(1)
    impressions = rng.integers(1_000, 20_000, (CREATIVES, DAYS))
    clicks = rng.poisson(impressions * 0.01)
    campaign = np.arange(CREATIVES) // 4
    begun = time.perf_counter()
    find_declines(clicks, impressions, campaign, campaign // 100)
    judged = time.perf_counter()
    shrink_ratios(clicks, impressions, campaign, 1.0)
    ranked = time.perf_counter()
    print(f"| fatigue of {CREATIVES:,} creatives x {DAYS} days | {judged - begun:.1f} s |")
    print(f"| shrunk ratios of the same | {ranked - judged:.2f} s |")


if __name__ == "__main__":
    main()
