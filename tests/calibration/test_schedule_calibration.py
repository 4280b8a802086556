"""What schedules are worth in the sandbox market, and how right their predictions are; the table of the docs.

Worlds and seeds are stated; the truth is `platforms.sandbox.truth`. `make calibrate` prints the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
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
SEARCHED = 2
"""Campaigns of a world for which the oracle's schedule is searched; that takes a second each."""

WITHIN = 0.15
"""How close the predicted ROAS must come to what comes."""


@dataclass(frozen=True)
class Worth:
    """One schedule of one campaign, put to work in both ways.

    Attributes:
        over_flat: True gain of its budgets by the hour over even hours.
        over_flat_told: The predicted one.
        covered: Whether the true one lies in its 95% interval.
        error: Of the predicted ROAS, relative.
        budgets: True gain of its budgets over today's rhythm.
        modified: True gain of its multipliers on top of today's rhythm.
        modified_told: The predicted one.
        modified_covered: Whether the true one lies in its 95% interval.
        today: Error of the predicted ROAS of today's rhythm, which no response to other hours enters.
        luck: Error of telling that rhythm's true ROAS in the days learnt for the days after: what nobody can know.
    """

    over_flat: float
    over_flat_told: float
    covered: bool
    error: float
    budgets: float
    modified: float
    modified_told: float
    modified_covered: bool
    today: float
    luck: float


def worth(trial: Trial, strategy: Strategy) -> Worth:
    total = Money(trial.budget // 10_000 * 10_000, "EUR")
    plan = recommend_plan(trial.found, total, strategy, platform="tiktok")
    assert trial.response is not None
    outlook = trial.response.predict(plan)
    planned = trial.worth(np.array([part.micros for part in plan.week_budgets()], float))
    usual = trial.worth(trial.modified())
    over_flat = planned / trial.worth(trial.flat) - 1
    modified = trial.worth(trial.modified(plan.multipliers)) / usual - 1
    return Worth(
        over_flat=over_flat,
        over_flat_told=outlook.uplift,
        covered=plan.flat or outlook.uplift_low <= over_flat <= outlook.uplift_high,
        error=outlook.expected / planned - 1,
        budgets=planned / usual - 1,
        modified=modified,
        modified_told=outlook.modified,
        modified_covered=plan.flat or outlook.modified_low <= modified <= outlook.modified_high,
        today=outlook.expected / (1 + outlook.over_usual) / usual - 1,
        luck=trial.luck(),
    )


def trials(effect: float, traffic: tuple[float, ...], saturation: float, seed: int) -> list[Trial]:
    blocks = (Block(PEAKS, effect),) if effect > 1 else ()
    changes = {"buy_blocks": blocks, "saturation_hour": saturation, "saturation_day": saturation / 2}
    return market(*(campaign(str(number), **changes) for number in range(COUNT)), seed=seed, traffic=traffic)


def best_gains(found: list[Trial]) -> tuple[float, float]:
    """Return what the oracle's schedule brings over even hours, and over today's rhythm."""
    best = [one.worth(one.best()) for one in found[:SEARCHED]]
    flat = fmean(top / one.worth(one.flat) for top, one in zip(best, found, strict=False))
    usual = fmean(top / one.worth(one.modified()) for top, one in zip(best, found, strict=False))
    return flat - 1, usual - 1


@pytest.mark.calibration
def test_schedules_move_money_well() -> None:
    """Prints the table of docs/explain/daypart-schedules.md, and asserts what is promised.

    576 schedules of 192 campaigns in 24 worlds, 30 days learnt and 28 judged; three quarters of a minute. The bounds
    hold with so much to spare that correct code fails with a chance below 1e-4.
    """
    print(
        "\n| peaks | traffic | saturation | strategy | budgets over flat: true, told | share of the oracle's |", end=""
    )
    print(" modifiers over today: true, told | share of the oracle's | budgets over today | ROAS within 15% |")
    print("|---" * 10 + "|")
    made: list[Worth] = []
    worlds = product((1.0, 1.2, 1.5, 2.0), ("flat", "daily"), (0.1, 0.3, 0.8))
    for seed, (effect, rhythm, saturation) in enumerate(worlds, start=7001):
        found = trials(effect, FLAT_TRAFFIC if rhythm == "flat" else DAILY_TRAFFIC, saturation, seed)
        over_flat, over_usual = best_gains(found)
        for strategy in Strategy:
            some = [worth(one, strategy) for one in found]
            made += some
            mean = {name: fmean(getattr(one, name) for one in some) for name in Worth.__match_args__}
            close = sum(abs(one.error) <= WITHIN for one in some)
            captured = (mean["over_flat"] / over_flat, mean["modified"] / over_usual)
            shares = [f"{share:.0%}" if effect > 1 else "" for share in captured]
            print(
                f"| {effect:g} | {rhythm} | {saturation:g} | {strategy} "
                f"| {mean['over_flat']:+.1%}, {mean['over_flat_told']:+.1%} | {shares[0]} "
                f"| {mean['modified']:+.1%}, {mean['modified_told']:+.1%} | {shares[1]} "
                f"| {mean['budgets']:+.1%} | {close} of {COUNT} |",
                flush=True,
            )
            assert effect == 1.0 or min(mean["modified"], mean["over_flat"]) >= -0.002
    harmless = made[: 6 * COUNT * len(Strategy)]
    assert fmean(one.modified == 0.0 for one in harmless) >= 0.9
    assert fmean(abs(one.modified) for one in harmless) < 0.005
    errors = np.abs([one.error for one in made])
    told = {
        "ROAS within 15%": float((errors <= WITHIN).mean()),
        "over flat covered": fmean(one.covered for one in made),
        "modifiers covered": fmean(one.modified_covered for one in made),
    }
    print({name: f"{share:.1%}" for name, share in told.items()}, f"worst error {errors.max():.1%}")
    for name in ("error", "today", "luck"):
        off = np.array([getattr(one, name) for one in made])
        print(f"{name}: spread {off.std():.1%}, within 15% {(np.abs(off) <= WITHIN).mean():.1%}")
    assert all(share >= 0.9 for share in told.values())


def test_a_campaign_without_a_pattern_loses_nothing_against_flat() -> None:
    """Two seeded campaigns; either is labelled by chance in less than one world of ten, and this seed is fixed."""
    for one in market(campaign("1"), campaign("2"), seed=11):
        made = worth(one, Strategy.AGGRESSIVE)
        assert abs(made.over_flat) < 0.001
        assert made.modified == 0.0
        assert abs(made.error) <= WITHIN
