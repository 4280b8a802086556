"""What schedules are worth in the sandbox market, and how right their predictions are; the table of the docs.

Worlds and seeds are stated; the truth is `platforms.sandbox.truth`. `make calibrate` prints the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pytest

from adtempo.dayparts.decide import recommend_plan
from adtempo.domain.money import Money
from adtempo.domain.schedules import Strategy
from adtempo.platforms.sandbox.spec import DAILY_TRAFFIC, FLAT_TRAFFIC, Block
from schedule_markets import Trial, campaign, market

PEAKS = (10, 11, 12, 18, 19, 20)
COUNT = 8
WITHIN = 0.15
"""How close the predicted ROAS must come to what comes."""


@dataclass(frozen=True)
class Worth:
    """One schedule of one campaign: ratios over running flat, and the predicted ROAS over the true one."""

    gain: float
    predicted: float
    covered: bool
    expected_error: float
    of_best: float


def worth(trial: Trial, strategy: Strategy) -> Worth:
    total = Money(trial.budget // 10_000 * 10_000, "EUR")
    plan = recommend_plan(trial.found, total, strategy, platform="tiktok")
    week = np.array([part.micros for part in plan.week_budgets()], float)
    flat, best, true = trial.worth(trial.flat), trial.worth(trial.best()), trial.worth(week)
    assert trial.response is not None
    outlook = trial.response.predict(week)
    gain = true / flat - 1
    covered = plan.flat or outlook.uplift_low <= gain <= outlook.uplift_high
    return Worth(gain, outlook.uplift, covered, outlook.expected / true - 1, gain / (best / flat - 1))


def trials(effect: float, traffic: tuple[float, ...], saturation: float, seed: int) -> list[Trial]:
    blocks = (Block(PEAKS, effect),) if effect > 1 else ()
    changes = {"buy_blocks": blocks, "saturation_hour": saturation, "saturation_day": saturation / 2}
    return market(*(campaign(str(number), **changes) for number in range(COUNT)), seed=seed, traffic=traffic)


@pytest.mark.calibration
@pytest.mark.parametrize("saturation", [0.1, 0.3, 0.8])
@pytest.mark.parametrize("rhythm", ["flat", "daily"])
@pytest.mark.parametrize("effect", [1.0, 1.2, 1.5, 2.0])
def test_schedules_move_money_well(effect: float, rhythm: str, saturation: float) -> None:
    """Eight campaigns a world, 30 days learnt, 28 judged; bounds hold with a wide margin at these seeds."""
    traffic = FLAT_TRAFFIC if rhythm == "flat" else DAILY_TRAFFIC
    found = trials(effect, traffic, saturation, seed=int(1000 * effect + 10 * saturation))
    print(f"\npeaks x{effect}, {rhythm} traffic, saturation {saturation}")
    for strategy in Strategy:
        made = [worth(one, strategy) for one in found]
        close = sum(abs(one.expected_error) <= WITHIN for one in made)
        print(
            f"  {strategy:<13} gain {fmean(one.gain for one in made):+.3f}"
            f" predicted {fmean(one.predicted for one in made):+.3f}"
            f" covered {sum(one.covered for one in made)}/{COUNT} ROAS within 15% {close}/{COUNT}"
            f" share of the oracle's gain {fmean(one.of_best for one in made):.2f}"
        )
        assert close >= COUNT - 2
        assert fmean(one.gain for one in made) >= -0.002
        if effect == 1.0:
            assert fmean(abs(one.gain) for one in made) < 0.005


def test_a_campaign_without_a_pattern_loses_nothing_against_flat() -> None:
    """Two seeded campaigns; either is labelled by chance in less than one world of ten, and this seed is fixed."""
    for one in market(campaign("1"), campaign("2"), seed=11):
        made = worth(one, Strategy.AGGRESSIVE)
        assert abs(made.gain) < 0.001
        assert abs(made.expected_error) <= WITHIN
