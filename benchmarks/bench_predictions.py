"""Do our own forecasts hold what they claim? Markets like the demo's, other seeds; about 40 CPU seconds each.

`python benchmarks/bench_predictions.py [MARKETS]` (default 8): in each market the days are read as the demo reads them,
forecasts are made 21 and 14 days ago, and every window of seven days is held against what came true.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from adtempo import Forecaster, open_workspace
from adtempo.accounts.run import add_account
from adtempo.domain.predictions import RecordedPrediction
from adtempo.facts.sync import sync_accounts
from adtempo.jobs.demo_claims import claim_next_week
from adtempo.platforms.sandbox.demo import HISTORY_DAYS, demo_world
from adtempo.platforms.sandbox.market import create_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.compare import compare_predictions
from adtempo.predictions.score import score
from adtempo.tracking.sync import FROM_SANDBOX, source_folder

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
FIRST_SEED = 101
"""The demo's own is 7."""

FORECAST_AGES, CLAIM_AGES = (21, 14), (28, 21, 14)
WEEKLY = (53, 46, 39)
AGES = (*WEEKLY, *range(34, 13, -1), 10, 7, 0)
"""Days ago on which the market is looked at; a look reaches eight days back, one a week four weeks."""


def play(seed: int) -> tuple[RecordedPrediction, ...]:
    """Return what was predicted in one market, each beside what came true."""
    with TemporaryDirectory() as folder, open_workspace(Path(folder)) as home:
        market = create_market(source_folder(home, FROM_SANDBOX), demo_world(NOW.date(), seed))
        reader = SandboxReader(market)
        accounts = reader.fetch_accounts()
        then = replace(home, pretended_now=NOW - timedelta(days=HISTORY_DAYS))
        for account in accounts:
            add_account(then, account, actor="bench")
        for age in AGES:
            back = timedelta(days=28 if age in WEEKLY or age % 7 == 0 else 8)
            since = (then.now() - back).date()
            then = replace(home, pretended_now=NOW - timedelta(days=age))
            sync_accounts(home.ledger, reader, accounts, actor="bench", now=then.now(), since=since)
            if age in CLAIM_AGES:
                claim_next_week(then, actor="bench")
            if age in FORECAST_AGES:
                Forecaster(then).run(actor="bench")
        return compare_predictions(then, actuals_of(then)).compared


def main(markets: int) -> None:
    """Print how often the truth lay inside, by model, level and metric."""
    found: defaultdict[tuple[str, str, str], list[RecordedPrediction]] = defaultdict(list)
    for seed in range(FIRST_SEED, FIRST_SEED + markets):
        for one in play(seed):
            claim = one.prediction
            level = "channel" if claim.scope.channel is not None else "campaign" if claim.scope.campaign else "account"
            for key in ((claim.model, level, claim.metric), (claim.model, "all", "all")):
                found[key].append(one)
        print(f"market {seed} is played", file=sys.stderr)
    print("| model | level | metric | windows | accuracy | bias | in 80% | in 95% |\n|---|---|---|---|---|---|---|---|")
    for (model, level, metric), cases in sorted(found.items()):
        got = score(cases)
        inside = ["-" if one is None else f"{one.value:.3f}" for one in (got.coverage80, got.coverage95)]
        print(f"| {model} | {level} | {metric} | {got.count} | {got.avg_accuracy:.1f} | {got.bias:+.3f} | "
              f"{inside[0]} | {inside[1]} |")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
