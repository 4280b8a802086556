"""Whether the interval that a replay states holds what the sandbox market would really have brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from adtempo.budgets.replay.course import Fired
from adtempo.budgets.replay.outcome import Likely
from adtempo.budgets.replay.run import Replay, replay_rules
from adtempo.budgets.rules.fields import read_rule
from adtempo.domain.campaigns import Status
from adtempo.facts.sync import sync_accounts
from adtempo.platforms.sandbox.edits import Edit, Field
from adtempo.platforms.sandbox.market import create_market
from adtempo.platforms.sandbox.reader import SandboxReader
from adtempo.platforms.sandbox.spec import AccountSpec, AdSpec, CampaignSpec, WorldSpec
from adtempo.platforms.sandbox.world import World
from adtempo.workspace import open_workspace

pytestmark = pytest.mark.calibration

MARKETS, CAMPAIGNS = 40, 8
START = date(2026, 1, 5)
HISTORY_DAYS, DAYS = 35, 14
BEGIN = datetime(START.year, START.month, START.day, tzinfo=UTC)
RULE = read_rule({"rule_name": "plain", "max_daily_budget": 5_000, "max_daily_spend_limit": 50_000})


@dataclass(frozen=True)
class Judged:
    """What a replay said that rules bring more than doing nothing, and what they would have brought; major units."""

    said: Likely
    true: float


def market_of(seed: int) -> WorldSpec:
    """Eight campaigns that return 0.6 to 6 times their spend, whose prices rise slowly, fast or in between."""
    rng = np.random.default_rng(seed)
    returns = np.clip(np.exp(rng.normal(np.log(2.2), 0.5, CAMPAIGNS)), 0.6, 6.0)
    steep_hour, steep_day = rng.uniform(0.05, 0.8, (2, CAMPAIGNS))
    budgets = rng.uniform(80, 400, CAMPAIGNS)
    click = 8.0 / 1000 / 0.012 / 0.8
    campaigns = tuple(
        CampaignSpec(
            campaign_id=f"c{place}",
            name=f"Campaign {place}",
            ads=(AdSpec(f"c{place}-1", f"creative-{place}"),),
            budget_daily_micros=round(budgets[place]) * 1_000_000,
            cvr=float(returns[place] * click / 40.0),
            value_micros=40_000_000,
            saturation_hour=float(steep_hour[place]),
            saturation_day=float(steep_day[place]),
        )
        for place in range(CAMPAIGNS)
    )
    account = AccountSpec("google", "r1", "Replayed", "UTC", "USD", campaigns)
    return WorldSpec(seed, START, HISTORY_DAYS + DAYS, (account,))


def judge(folder: Path, seed: int) -> Judged:
    """Read a market once a day, replay its last fortnight the day after, and play that again as rules changed it."""
    spec, ends = market_of(seed), BEGIN + timedelta(days=HISTORY_DAYS + DAYS)
    with open_workspace(folder / "home", now=ends + timedelta(days=1)) as workspace:
        reader = SandboxReader(create_market(folder / "market", spec))
        for day in range(HISTORY_DAYS - 14, HISTORY_DAYS + DAYS + 1):
            moment = BEGIN + timedelta(days=day)
            since = START if day == HISTORY_DAYS - 14 else (moment - timedelta(days=9)).date()
            sync_accounts(workspace.ledger, reader, reader.fetch_accounts(), actor="test", now=moment, since=since)
        first = START + timedelta(days=HISTORY_DAYS)
        done = replay_rules(workspace, Replay((RULE,), first, first + timedelta(days=DAYS - 1)))
    (money,) = done.money[0]
    with_rules, without = (brought(World(spec), fired) for fired in (done.courses[0].fired, ()))
    return Judged(money.more_value, with_rules - without)


def brought(world: World, fired: Sequence[Fired]) -> float:
    """Return what the days of the replay bring in the end, with the changes of a course."""
    (account,) = world.spec.accounts
    total = 0
    for campaign in account.campaigns:
        ref = account.campaign_ref(campaign)
        play = world.play(ref, tuple(edit for one in fired if one.campaign == ref for edit in edits_of(one)))
        begins = int(play.stage.clock.day_starts[HISTORY_DAYS])
        total += int(play.final_counts().conversion_value_micros[begins:].sum())
    return total / 1e6


def edits_of(one: Fired) -> list[Edit]:
    """Return a change as the platform's own history would have it."""
    if one.target.status is Status.PAUSED:
        return [Edit(one.at, Field.STATUS, one.prior.status, one.target.status, "replay")]
    before, after = (str(state.budget_daily_micros) for state in (one.prior, one.target))
    return [Edit(one.at, Field.BUDGET, before, after, "replay")]


def test_the_stated_interval_holds_what_the_market_would_have_brought(tmp_path: Path) -> None:
    """Of 40 markets honest 95% intervals miss 12 or more, or 80% ones 23 or more, with probability below 1e-6."""
    judged = [judge(tmp_path / str(seed), 5_000 + seed) for seed in range(MARKETS)]
    held95 = sum(one.said.low95 <= one.true <= one.said.high95 for one in judged)
    held80 = sum(one.said.low80 <= one.true <= one.said.high80 for one in judged)
    said, true = (sum(values) for values in zip(*((one.said.value, one.true) for one in judged), strict=True))
    print(f"| {MARKETS} | {held95} | {held80} | {said / true:.2f} |", flush=True)
    assert held95 > MARKETS - 12
    assert held80 > MARKETS - 23
