"""How good the choice of captions is, on data that nobody on this project made (../shared/data, or ADTEMPO_SHARED).

Upworthy: real headlines in randomised tests, rates as observed, 40 batches. Settings were chosen on every second test;
the table is of the others. Open Bandit: 80 arms with the production priors. Seeded, so two runs print the same table.

Run with ``make bench`` or ``python benchmarks/bench_captions.py``; about five minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from mabwiser.mab import MAB, LearningPolicy
from numpy.typing import NDArray

from adtempo.stats.arms import Choose, choose_by_thompson, choose_evenly, play_arms
from adtempo.stats.thompson import learn_rates

SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
UPWORTHY = SHARED / "data" / "upworthy" / "upworthy_half.parquet"
PRIORS = SHARED / "data" / "open_bandit" / "prior_bts.yaml"

BROKEN_WEEKS = (201325, 201402)  # randomisation probably failed there
BATCHES = 40
CTR_GUESS = 1 / 30
ROUNDS, BATCH, GAMES = 5_000, 50, 60
ARMS = 80
RATE_GUESS = 0.005

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Test = tuple[Floats, Floats]


def main() -> None:
    if not UPWORTHY.exists():
        print("| captions | skipped: the shared data folder is absent (set ADTEMPO_SHARED) |")
        return
    tests = list(upworthy_tests())
    print(f"{len(tests)} headline tests; settings chosen on every second one, these are the other {len(tests[1::2])}")
    print("| clicks as a share of the best headline's | of all clicks | mean of tests |")
    for name, choose in (
        ("uniform", choose_evenly),
        ("Thompson, Beta(1, 30)", choose_by_beta),
        ("adtempo", choose_by_thompson(CTR_GUESS)),
    ):
        print(f"| {name} | {' | '.join(f'{share:.3f}' for share in shares_of_best(tests[1::2], choose))} |")
    print("| chosen on half of the impressions, clicks on the other half against the test's mean | |")
    for name, choose_one in (("best by half", best_by_half), ("adtempo", best_by_mean)):
        print(f"| {name} | {lift_on_other_half(tests[1::2], choose_one):+.1%} |")
    print(f"| regret of {ROUNDS:,} rounds, {ARMS} arms, feedback one batch late | rates drawn | rates at their mean |")
    for name, begin in policies().items():
        print(f"| {name} | {' | '.join(regrets(begin, drawn=drawn) for drawn in (True, False))} |")


def upworthy_tests() -> Iterator[Test]:
    """Yield clicks and impressions of each test's headlines, in the order of the file."""
    table = pq.read_table(UPWORTHY, columns=["clickability_test_id", "test_week", "impressions", "clicks"])
    test, week, impressions, clicks = (column.to_numpy() for column in table.columns)
    kept = (week < BROKEN_WEEKS[0]) | (week > BROKEN_WEEKS[1])
    _, first, number = np.unique(test[kept].astype(str), return_index=True, return_inverse=True)
    for at in np.argsort(first):
        arms = number == at
        if arms.sum() > 1:
            yield clicks[kept][arms].astype(np.float64), impressions[kept][arms].astype(np.float64)


def shares_of_best(tests: list[Test], choose: Choose) -> tuple[float, float]:
    """Return clicks as a share of the best headline's, of all tests together and as a mean of tests."""
    earned, best = [], []
    for number, (clicks, impressions) in enumerate(tests):
        sizes = np.diff(np.linspace(0, impressions.sum(), BATCHES + 1).astype(np.int64))
        played = play_arms(clicks / impressions, sizes.tolist(), choose, np.random.default_rng([1, number]))
        earned.append(float(played.successes.sum()))
        best.append(played.best)
    each = [a / b for a, b in zip(earned, best, strict=True) if b > 0]
    return sum(earned) / sum(best), float(np.mean(each))


def choose_by_beta(successes: Floats, trials: Floats, batches: int, count: int, rng: np.random.Generator) -> Ints:
    drawn = rng.beta(1 + successes, 30 + trials - successes, (count, len(trials)))
    return np.bincount(drawn.argmax(axis=1), minlength=len(trials))


def best_by_half(clicks: Floats, impressions: Floats) -> int:
    return int((clicks / np.maximum(impressions, 1)).argmax())


def best_by_mean(clicks: Floats, impressions: Floats) -> int:
    return int(learn_rates(clicks, impressions, np.zeros(len(clicks)), CTR_GUESS).mean.argmax())


def lift_on_other_half(tests: list[Test], choose_one: Callable[[Floats, Floats], int]) -> float:
    """Return how much more the chosen headlines were clicked on impressions that did not choose them."""
    got, usual = 0.0, 0.0
    for number, (clicks, impressions) in enumerate(tests):
        rng = np.random.default_rng([2, number])
        half = np.floor(impressions / 2)
        seen = rng.hypergeometric(clicks.astype(int), (impressions - clicks).astype(int), half.astype(int))
        rate = (clicks - seen) / np.maximum(impressions - half, 1)
        got += float(impressions.sum() * rate[choose_one(seen.astype(np.float64), half)])
        usual += float(impressions.sum() * rate.mean())
    return got / usual - 1


def policies() -> dict[str, Callable[[int], Choose]]:
    """Return ways of choosing by name, each begun anew with a seed for every game."""
    return {
        "uniform": lambda _: choose_evenly,
        "adtempo": lambda _: choose_by_thompson(RATE_GUESS),
        "MABWiser Thompson sampling": lambda seed: mabwiser_choice(LearningPolicy.ThompsonSampling(), seed),
        "MABWiser UCB1, which never leaves its first arm": lambda seed: mabwiser_choice(LearningPolicy.UCB1(), seed),
        "MABWiser UCB1 after a trial of each arm": lambda seed: mabwiser_choice(
            LearningPolicy.UCB1(), seed, try_all=True
        ),
    }


def mabwiser_choice(policy: object, seed: int, *, try_all: bool = False) -> Choose:
    """Return MABWiser's choice; what it has not seen of the totals, it learns first.

    Args:
        policy: Its learning policy.
        seed: Its seed.
        try_all: Choose every arm once before it is asked: its UCB1 takes an arm without trials for worthless.
    """
    bandit = MAB(list(range(ARMS)), policy, seed=seed)
    bandit.fit([], [])
    told = np.zeros((2, ARMS))
    waiting = list(range(ARMS)) if try_all else []

    def choose(successes: Floats, trials: Floats, batches: int, count: int, rng: np.random.Generator) -> Ints:
        won, tried = (np.stack([successes, trials]) - told).astype(int)
        told[:] = successes, trials
        if tried.any():
            arms = np.repeat(np.arange(ARMS), tried)
            rewards = np.concatenate([np.arange(tried[arm]) < won[arm] for arm in range(ARMS)]).astype(int)
            bandit.partial_fit(arms.tolist(), rewards.tolist())
        first = [waiting.pop() for _ in range(min(count, len(waiting)))]
        return np.bincount([*first, *(bandit.predict() for _ in range(count - len(first)))], minlength=ARMS)

    return choose


def regrets(begin: Callable[[int], Choose], *, drawn: bool) -> str:
    """Play games, all ways of choosing against the same rates; return the mean regret and its standard error."""
    numbers = [
        float(line.split("-")[1]) for line in PRIORS.read_text("utf-8").splitlines()[: 2 * ARMS + 4] if "- " in line
    ]
    alpha, beta = np.array(numbers[:ARMS]), np.array(numbers[ARMS : 2 * ARMS])
    found = []
    for game in range(GAMES):
        order = np.random.default_rng([3, game])
        rates = order.permutation(order.beta(alpha, beta) if drawn else alpha / (alpha + beta))
        sizes = [BATCH] * (ROUNDS // BATCH)
        found.append(play_arms(rates, sizes, begin(game), np.random.default_rng([4, game]), late=1).regret)
    return f"{np.mean(found):.2f} +- {np.std(found) / len(found) ** 0.5:.2f}"


if __name__ == "__main__":
    main()
