"""Acting on what was reported against acting on what it will come to, in a market that answers.

Each seed is a sandbox account of 16 campaigns whose conversions arrive late: 35% within an hour, 50% within a day, all
within a week. After 35 days of history the shipped rule runs for a week, every six hours, by the whole hourly run:
sync, evaluate, propose, guard, send. It does so three times from the same start: on reported figures, on expected
ones, and not at all. What a person must approve is approved at once. A pause is wrong where the truth, noise aside,
of the 24 hours before it was a return at or above the rule's own threshold; nobody starts a campaign again.

Run ``python benchmarks/bench_expected.py [SEEDS] [FIRST]``; 20 seeds take about 25 minutes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from scipy import stats

from adtempo.accounts.run import add_account, change_account
from adtempo.budgets.rules.base import DEFAULT_RULE
from adtempo.budgets.rules.fields import read_rule
from adtempo.budgets.run import BudgetAutoScaler
from adtempo.changes.run import approve_and_apply, load_changes
from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.campaigns import Status
from adtempo.domain.changes import Change, State
from adtempo.domain.roles import Person, Role
from adtempo.facts.sync import sync_accounts
from adtempo.jobs.deciding import evaluate_again
from adtempo.jobs.scaling import run_budgets
from adtempo.platforms.sandbox.clock import to_us
from adtempo.platforms.sandbox.market import create_market, open_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.platforms.sandbox.spec import AccountSpec, AdSpec, CampaignSpec, WorldSpec
from adtempo.platforms.sandbox.truth import expected_outcome
from adtempo.tracking.sync import FROM_SANDBOX, source_folder
from adtempo.workspace import Workspace, open_workspace

SEEDS = 20
CAMPAIGNS = 16
START = date(2026, 1, 5)
HISTORY_DAYS, TEST_DAYS = 35, 7
STEP_HOURS = 6
ACCOUNT = AccountRef("google", "e1")
BEGIN = datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=HISTORY_DAYS)
WAYS = ("reported", "expected", "nothing")
PERSON = Person(1, "ann", Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Result:
    """What one way of deciding came to.

    Attributes:
        pauses: How many campaigns it stopped.
        wrong: How many of these should not have been.
        missed: Campaigns that truly lost money all the time and were never stopped.
        spend: In the test days.
        value: What that brings in the end, on average.
    """

    pauses: int
    wrong: int
    missed: int
    spend: float
    value: float


def market_spec(seed: int) -> WorldSpec:
    """Return an account whose campaigns return 0.6 to 5 times their spend, twice on average."""
    rng = np.random.default_rng(seed)
    wanted = np.clip(np.exp(rng.normal(np.log(1.9), 0.45, CAMPAIGNS)), 0.6, 5.0)
    click = 8.0 / 1000 / 0.012 / 0.8  # price of a click where a fifth is lost to rising prices
    campaigns = tuple(
        CampaignSpec(
            campaign_id=f"e{place:02}",
            name=f"Experiment {place}",
            ads=(AdSpec(f"e{place:02}-1", f"creative-{place}"),),
            budget_daily_micros=round(200e6),
            cvr=float(wanted[place] * click / 40.0),
            value_micros=40_000_000,
        )
        for place in range(CAMPAIGNS)
    )
    account = AccountSpec(ACCOUNT.platform, ACCOUNT.account_id, "Experiment", "UTC", "USD", campaigns)
    return WorldSpec(seed, START, HISTORY_DAYS + TEST_DAYS + 1, (account,))


def build_history(home: Path, seed: int) -> None:
    """Read the market once a day, as if adtempo had been there, and arm the account."""
    with open_workspace(home, now=BEGIN) as workspace:
        reader = SandboxReader(create_market(source_folder(workspace, FROM_SANDBOX), market_spec(seed)))
        accounts = reader.fetch_accounts()
        add_account(workspace, accounts[0], actor="bench")
        for age in range(HISTORY_DAYS - 1, -1, -1):
            moment = BEGIN - timedelta(days=age)
            since = (moment - timedelta(days=9)).date()
            sync_accounts(workspace.ledger, reader, accounts, actor="bench", now=moment, since=since)
        change_account(workspace, str(ACCOUNT), actor="bench", armed=True)


def play(home: Path, way: str) -> Result:
    """Let one way decide over the test days, and judge it by the truth."""
    for step in range(0 if way == "nothing" else TEST_DAYS * 24 // STEP_HOURS):
        with open_workspace(home, now=BEGIN + timedelta(hours=step * STEP_HOURS)) as workspace:
            if step == 0:
                write_rule(workspace, way)
            run_budgets(workspace, mode="optimize", actor="bench")
            for change in load_changes(workspace, states=[State.AWAITING_APPROVAL]):
                approve_and_apply(workspace, change.id, approver=PERSON, again=evaluate_again(workspace))
    with open_workspace(home, now=BEGIN + timedelta(days=TEST_DAYS)) as workspace:
        return judge(workspace, load_changes(workspace, states=[State.APPLIED]))


def write_rule(workspace: Workspace, basis: str) -> None:
    """Store the shipped rule on one basis."""
    fields = {"rule_name": basis, "basis": basis, "max_daily_spend_limit": "8000"}
    BudgetAutoScaler(workspace).add_rules([read_rule(fields)], actor="bench")


def judge(workspace: Workspace, applied: Sequence[Change]) -> Result:
    """Look at the truth: whether pauses were deserved, and what the test days brought."""
    market = open_market(source_folder(workspace, FROM_SANDBOX))
    edits = market.load_edits(ACCOUNT)
    paused = {change.campaign: change for change in applied if change.target.status is Status.PAUSED}
    spend = value = 0.0
    wrong = missed = 0
    for spec in market.world.spec.accounts[0].campaigns:
        ref = CampaignRef(ACCOUNT.platform, ACCOUNT.account_id, spec.campaign_id)
        played = market.world.play(ref, edits.get(spec.campaign_id, ()))
        spent = played.delivery.spend_micros.sum(axis=1).astype(np.float64)
        brings = expected_outcome(played, spent).value_micros
        first, end = (played.stage.clock.first_hour_from(to_us(BEGIN + timedelta(days=day))) for day in (0, TEST_DAYS))
        spend += spent[first:end].sum() / 1e6
        value += brings[first:end].sum() / 1e6
        if ref in paused:
            at = played.stage.clock.first_hour_from(to_us(paused[ref].window))
            wrong += brings[at - 24 : at].sum() >= DEFAULT_RULE.roas_pause * spent[at - 24 : at].sum()
        else:
            missed += brings[first:end].sum() < DEFAULT_RULE.roas_pause * spent[first:end].sum()
    return Result(len(paused), wrong, missed, spend, value)


def run_seed(seed: int) -> dict[str, Result]:
    """Return what each way comes to in one market."""
    with tempfile.TemporaryDirectory() as folder:
        build_history(Path(folder) / "home", seed)
        found = {}
        for way in WAYS:
            shutil.copytree(Path(folder) / "home", Path(folder) / way)
            found[way] = play(Path(folder) / way, way)
        return found


def interval(differences: Sequence[float]) -> str:
    """Return the mean of paired differences with its 95% interval."""
    low, high = stats.t.interval(0.95, len(differences) - 1, np.mean(differences), stats.sem(differences))
    return f"{np.mean(differences):+,.0f} ({low:+,.0f} to {high:+,.0f})"


def main() -> None:
    """Print the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    begun, used = time.perf_counter(), time.process_time()
    found = []
    for seed in range(first, first + seeds):
        found.append(run_seed(seed))
        counts = ", ".join(f"{way} {one.pauses} ({one.wrong} wrong)" for way, one in found[-1].items())
        print(f"seed {seed}: pauses {counts}", file=sys.stderr, flush=True)
    by_way = {way: [one[way] for one in found] for way in WAYS}
    print(f"\nReported against expected: {seeds} markets (seeds {first} to {first + seeds - 1}), {TEST_DAYS} days\n")
    print(f"{'basis':<10}{'pauses':>8}{'wrong':>8}{'losers left':>13}{'spend':>11}{'value':>11}{'net':>11}{'ROAS':>7}")
    for way, results in by_way.items():
        sums = {name: sum(getattr(one, name) for one in results) for name in Result.__dataclass_fields__}
        spend, value = sums["spend"] / seeds, sums["value"] / seeds
        print(
            f"{way:<10}{sums['pauses']:>8}{sums['wrong']:>8}{sums['missed']:>13}{spend:>11,.0f}{value:>11,.0f}"
            f"{value - spend:>11,.0f}{value / spend:>7.2f}"
        )
    reported, expected = by_way["reported"], by_way["expected"]
    wrong = np.array([(one.wrong, other.wrong) for one, other in zip(reported, expected, strict=True)])
    drawn = wrong[np.random.default_rng(7).integers(0, seeds, (4_000, seeds))].sum(axis=1)
    fewer = np.percentile(1 - drawn[:, 1] / np.maximum(drawn[:, 0], 1), [2.5, 97.5])
    total = wrong.sum(axis=0)
    print(f"\nwrong pauses fewer by {1 - total[1] / max(total[0], 1):.1%} (95%: {fewer[0]:.1%} to {fewer[1]:.1%})")
    for name, of in (("value", lambda one: one.value), ("net of spend", lambda one: one.value - one.spend)):
        apart = [of(one) - of(other) for one, other in zip(expected, reported, strict=True)]
        print(f"final {name}, expected less reported, mean of markets: {interval(apart)} USD")
    print(f"{time.perf_counter() - begun:.0f} s, of CPU {time.process_time() - used:.0f} s")


if __name__ == "__main__":
    main()
