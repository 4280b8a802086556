"""Replaying rules: decisions as they would have been made, by nothing that was not known yet."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from adtempo.budgets.evaluate import evaluate_scene
from adtempo.budgets.load import Scene as Evaluated
from adtempo.budgets.load import load_paces, read_windows, standing_of, windows_needed
from adtempo.budgets.proposals import proposal_of
from adtempo.budgets.replay.course import ACTOR, Course, Fired, Hour
from adtempo.budgets.replay.report import replay_body
from adtempo.budgets.replay.run import Replay, Replayed, replay_rules
from adtempo.budgets.rules.base import Rule
from adtempo.budgets.rules.fields import read_rule
from adtempo.budgets.run import BudgetAutoScaler
from adtempo.changes.assemble import Scene
from adtempo.changes.propose import draft_change
from adtempo.changes.situation import MEMORY, Sent
from adtempo.cli.main import app
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.changes import OPEN, State
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.domain.proposals import BudgetAction
from adtempo.domain.roles import Role
from adtempo.domain.verdicts import Outcome
from adtempo.facts.formats import ImportOptions
from adtempo.facts.history import History, Span, Times, open_history
from adtempo.facts.imports import import_facts
from adtempo.facts.windows import cut_windows, load_window_tables
from adtempo.people.secret_texts import write_secret
from adtempo.store.accounts import change_campaign, load_campaigns
from adtempo.store.engine import reading, transaction
from adtempo.store.readings import Known
from adtempo.workspace import Workspace, open_workspace
from serving import add_people, listening

HEADER = (
    "platform,account_id,account_timezone,currency,campaign_id,campaign_name,grain,slot_start,observed_at,"
    "impressions,clicks,spend,conversions,conversion_value,budget_daily,status"
)
BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
DAYS = 24
NOW = BEGIN + timedelta(days=DAYS)
RETURNS = {"great": 5.0, "slow": 2.2, "losing": 0.5}
ARRIVED = ((2, 0.35), (26, 0.5), (74, 1.0))
SINCE, UNTIL = date(2026, 2, 17), date(2026, 2, 18)
RULES = (read_rule({"rule_name": "plain"}),)
REPORTED = (read_rule({"rule_name": "hasty", "basis": "reported"}),)


def write_facts(path: Path, *, until: datetime = NOW) -> Path:
    """Three campaigns, whose hours are looked at three times: 35%, 50%, then all of their value."""
    rng = np.random.default_rng(4)
    lines = [HEADER]
    for name, returns in RETURNS.items():
        for day in range(DAYS):
            pace = float(np.exp(rng.normal(0, 0.15)))
            for hour in range(24):
                slot = BEGIN + timedelta(days=day, hours=hour)
                spend = 8 * pace
                clicks = round(40 * pace**0.8)
                for age, share in ARRIVED:
                    seen = slot + timedelta(hours=age)
                    value = spend * returns * share
                    if seen <= until:
                        figures = f"1000,{clicks},{spend:.2f},{value / 20:.4f},{value:.2f},200.00,active"
                        moments = f"{slot:%Y-%m-%dT%H:00},{seen:%Y-%m-%dT%H:%M}+00:00"
                        lines.append(f"google,g1,UTC,USD,{name},Brand {name},hour,{moments},{figures}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_home(folder: Path, *, until: datetime = NOW, database_url: str | None = None) -> Path:
    home = folder / "home"
    with open_workspace(home, now=NOW, database_url=database_url) as workspace:
        path = write_facts(folder / "facts.csv", until=until)
        import_facts(workspace.ledger, path, ImportOptions(), actor="test", now=NOW)
        with transaction(workspace.engine) as connection:
            for name in RETURNS:
                change_campaign(connection, CampaignRef("google", "g1", name), planned_budget_micros=6_000 * 10**6)
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is only read."""
    return make_home(tmp_path_factory.mktemp("replay"))


@pytest.fixture
def workspace(home: Path) -> Iterator[Workspace]:
    with open_workspace(home, now=NOW) as opened:
        yield opened


def replay(workspace: Workspace, rules: tuple[Rule, ...] | None = RULES, **asked: Any) -> Replayed:
    return replay_rules(workspace, replace(Replay(rules, SINCE, UNTIL), **asked))


def story(done: Replayed, course: int = 0) -> list[tuple[datetime, str, BudgetAction, int]]:
    return [
        (one.at, one.campaign.campaign_id, one.action, one.target.budget_daily_micros)
        for one in done.courses[course].fired
    ]


# What was known


def test_history_says_what_a_load_as_of_the_same_moment_says(workspace: Workspace) -> None:
    with reading(workspace.engine) as connection:
        refs = [one.ref for one in load_campaigns(connection, at=NOW)]
    begin = BEGIN + timedelta(days=12, hours=5)
    history = open_history(workspace.ledger, refs, Span(begin, NOW, (24, 72)))
    groups = {"campaign": np.arange(len(refs)), "platform": np.zeros(len(refs), np.int64)}
    for hours in (0, 30, 55):  # first moments of their days, at which everything is learnt anew
        moment = begin + timedelta(hours=hours)
        history.go_to(moment)
        lived = cut_windows(history.look().known(), (24, 72), groups)
        loaded = load_window_tables(workspace.ledger, refs, (24, 72), as_of=moment, groups=groups)
        for key, table in loaded.items():
            mine = lived[key]
            assert mine.closed_days.tolist() == table.closed_days.tolist()
            for name, sums in table.matured.facts.sums.items():
                assert mine.matured.facts.sums[name].tolist() == sums.tolist()
                assert mine.matured.facts.measured[name].tolist() == table.matured.facts.measured[name].tolist()
            for late in ("conversions", "conversion_value"):
                for end in ("value", "low95", "high80"):
                    expected = getattr(getattr(table.matured, late), end)
                    assert getattr(getattr(mine.matured, late), end) == pytest.approx(expected, rel=1e-9)


def test_going_hour_by_hour_is_going_to_the_hour(workspace: Workspace) -> None:
    with reading(workspace.engine) as connection:
        refs = [one.ref for one in load_campaigns(connection, at=NOW)]
    begin = BEGIN + timedelta(days=16)
    slow, quick = (open_history(workspace.ledger, refs, Span(begin, NOW, (24,))) for _ in range(2))
    for hour in range(30):
        slow.go_to(begin + timedelta(hours=hour))
    for hour in (24, 29):  # what a day's first hour teaches stays
        quick.go_to(begin + timedelta(hours=hour))
    tables = [
        cut_windows(one.look().known(), (24,), {"campaign": np.arange(3)})["campaign", 24] for one in (slow, quick)
    ]
    for late in ("conversions", "conversion_value"):
        mine, other = (getattr(one.matured, late) for one in tables)
        assert [getattr(mine, name).tolist() for name in ("value", "low80")] == [
            getattr(other, name).tolist() for name in ("value", "low80")
        ]
    assert slow.heard_until(refs[0].account) == quick.heard_until(refs[0].account)


# Decisions


def test_the_first_hour_decides_what_an_evaluation_as_of_it_says(workspace: Workspace) -> None:
    for rules in (RULES, REPORTED):
        first = [one for one in replay(workspace, rules).courses[0].fired if one.at.hour == 0 and one.at.day == 17]
        at = datetime(2026, 2, 17, tzinfo=UTC)
        said = BudgetAutoScaler(workspace).evaluate_all(rules=rules, as_of=at)
        acting = {one.campaign: one for one in said if one.action is not BudgetAction.MAINTAIN}
        assert {one.campaign for one in first} == set(acting)
        for one in first:
            assert (one.action, one.reason.split(" - ")[0]) == (
                acting[one.campaign].action,
                acting[one.campaign].reason.split(" - ")[0],
            )


def plainly(workspace: Workspace, course: Course, hour: Hour) -> tuple[list[Fired], Counter[str], int]:
    """Decide an hour as the live run does: every campaign evaluated in words, every wish drafted as a change.

    Returns:
        What fires, what vetoes how often, and how many campaigns wait since they were changed lately.
    """
    book, at, top = course.book, hour.at, hour.top
    groups, lengths = windows_needed(book.campaigns, course.assigned)
    known = hour.look.known(course.times if course.changed else None)
    tables = cut_windows(known, lengths, {over.value: rows for over, rows in groups.items()})
    paces = load_paces(workspace, book.campaigns, book.accounts, course.assigned, groups, at)
    standing = standing_of(book, at, read_windows(tables), groups, paces)
    asked, failures = evaluate_scene(Evaluated(standing, course._assignments, (), book.accounts))
    assert not failures
    ((ref, account),) = book.accounts.items()
    held = {
        one.ref: Known(CampaignState(budget, Status.ACTIVE if runs else Status.PAUSED), at)
        for one, budget, runs in zip(book.campaigns, book.budgets, book.running, strict=True)
    }
    sent = {one: tuple(made for made in lately if made.at > at - MEMORY) for one, lately in course._sent.items()}
    committed = sum(one.state.committed_micros for one in held.values())
    scene = Scene(at, replace(account, armed=True), held, hour.facts_until[ref], "", committed, {}, sent)
    fired, vetoes, waiting = [], Counter[str](), 0
    for one in asked:
        if not one.choice.acts[one.place]:
            continue
        change = draft_change(
            scene, proposal_of(one.evaluation, one.choice, one.place, window=at), actor=ACTOR, top_spenders=top(ref)
        )
        rule, place = one.choice.rule, int(one.choice.where[one.place])
        blocked = {verdict.guardrail for verdict in change.verdicts if verdict.outcome is Outcome.VETO}
        if blocked & {"cooldown", "daily_changes"}:
            waiting += 1
        elif change.state in OPEN:
            scene = scene.with_change(change)
            asks = change.state is State.AWAITING_APPROVAL
            states = change.prior, change.target, change.currency
            words = change.reason, asks, rule.roas_pause
            fired.append(Fired(at, place, change.campaign, rule.rule_name, change.action, *states, *words))
        else:
            vetoes.update(blocked)
    return fired, vetoes, waiting


@pytest.fixture
def hours(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """Hold every hour that is decided against deciding it plainly; what fired, was vetoed and waited in each."""
    decide, hours = Course.decide, []

    def decide_both_ways(self: Course, hour: Hour, *foreseen: Any) -> bool:
        fired, vetoes, waiting = plainly(workspace, self, hour)
        count, before, rested = len(self.fired), self.vetoes.copy(), self.rested
        changed = decide(self, hour, *foreseen)
        assert changed is bool(fired)
        assert (self.fired[count:], self.vetoes - before, self.rested - rested) == (fired, vetoes, waiting)
        hours.append((len(fired), vetoes.total(), waiting))
        return changed

    monkeypatch.setattr(Course, "decide", decide_both_ways)
    return hours


def test_every_hour_is_decided_as_the_live_run_decides_it(
    workspace: Workspace, hours: list[tuple[int, int, int]]
) -> None:
    limits = {"max_daily_budget": 300, "max_daily_spend_limit": 420}
    once = (read_rule({"rule_name": "once", **limits, "max_changes_per_day": 1}),)
    often = (read_rule({"rule_name": "often", **limits, "cooldown_hours": 2}),)
    replay(workspace, once, against=often)
    assert len(hours) == 2 * 48
    assert all(sum(counted) > 0 for counted in zip(*hours, strict=True))


def test_hours_are_foreseen_with_groups_windows_and_plans(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, hours: list[tuple[int, int, int]]
) -> None:
    """A day in lots of seven hours."""
    rows = [
        {"when": "pace < 0.9 and roas > 1.5", "action": "scale_up", "multiplier": 1.1},
        {"when": "roas(72h) < 4", "action": "scale_down", "multiplier": 0.9},
    ]
    rules = (read_rule({"rule_name": "planned", "over": "platform", "rows": rows, "cooldown_hours": 3}),)
    monkeypatch.setattr("adtempo.budgets.replay.run._ROWS", 7 * len(RETURNS))
    assert story(replay(workspace, rules, until=SINCE))
    assert len(hours) == 24


@pytest.mark.parametrize(
    ("platform", "hours", "changes", "rests"),
    [
        ("google", 5.9, 1, True),
        ("google", 6, 2, False),
        ("google", 6, 3, True),
        ("tiktok", 47.9, 1, True),
        ("tiktok", 48, 3, False),
    ],
)
def test_a_campaign_rests_for_its_cool_down_its_platforms_spacing_and_its_changes_per_day(
    platform: str, hours: float, changes: int, rests: bool
) -> None:
    course, campaign = Course("rules", None, Times.once(1, 1, 1), np.zeros((1, 1))), CampaignRef(platform, "a1", "c1")
    state = CampaignState(10**8, Status.ACTIVE)
    course._sent[campaign] = [Sent(NOW - timedelta(hours=hours), state, state)] * changes
    assert course._rests(read_rule({"rule_name": "r"}), campaign, NOW) is rests


def test_reported_figures_pause_what_expected_ones_let_live(workspace: Workspace) -> None:
    done = replay(workspace, against=REPORTED)
    wise, hasty = ({one[1] for one in story(done, course) if one[2] is BudgetAction.PAUSE} for course in (0, 1))
    assert wise == {"losing"}
    assert hasty == {"losing", "slow"}
    assert (done.pauses[0].met_target, done.pauses[1].met_target) == (0, 1)


def test_pauses_are_judged_by_the_days_after_as_they_really_went(workspace: Workspace) -> None:
    done = replay(workspace, REPORTED, since=date(2026, 2, 14), until=date(2026, 2, 14))
    assert (done.pauses[0].made, done.pauses[0].judged, done.pauses[0].met_target) == (2, 2, 1)


def test_a_rule_that_would_need_the_future_does_not_fire(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The final return of "slow" is above 1, which its last day never shows while it is the last."""
    cheat = (read_rule({"rule_name": "cheat", "basis": "reported", "rows": [CHEAT]}),)
    assert {one[1] for one in story(replay(workspace, cheat))} == {"great"}
    post = History._post

    def look_ahead(self: History, postings: Any, _now_us: int) -> None:
        post(self, postings, 2**62)

    monkeypatch.setattr(History, "_post", look_ahead)
    assert {one[1] for one in story(replay(workspace, cheat))} == {"great", "slow"}


CHEAT = {"when": "roas > 1.0", "action": "scale_up", "multiplier": 1.2}


def test_what_is_learnt_later_changes_no_decision(workspace: Workspace, tmp_path: Path) -> None:
    """Up to its first change of a campaign a replay is about what really was, whatever other budgets would bring."""
    with open_workspace(make_home(tmp_path, until=datetime(2026, 2, 18, 23, tzinfo=UTC)), now=NOW) as ignorant:
        early, late = (
            {name: (at, action, budget) for at, name, action, budget in reversed(story(replay(home)))}
            for home in (ignorant, workspace)
        )
    assert early == late != {}


def test_a_replay_is_the_same_every_time_and_its_seed_moves_only_the_intervals(workspace: Workspace) -> None:
    bodies = [json.dumps(replay_body(replay(workspace, until=SINCE, seed=seed)), sort_keys=True) for seed in (7, 7, 8)]
    assert bodies[0] == bodies[1] != bodies[2]
    assert json.loads(bodies[0])["courses"][0]["fired"] == json.loads(bodies[2])["courses"][0]["fired"]


def test_guardrails_and_limits_hold_in_a_replay(workspace: Workspace) -> None:
    done = replay(workspace, until=date(2026, 2, 19))
    ups = [one for one in done.courses[0].fired if one.campaign.campaign_id == "great"]
    assert len(ups) > 2
    for before, after in pairwise(ups):
        assert after.at - before.at >= timedelta(hours=6)
        assert after.prior.budget_daily_micros == before.target.budget_daily_micros
    for one in ups:
        day = [other for other in ups if one.at - timedelta(days=1) < other.at <= one.at]
        assert len(day) <= 3
        assert one.target.budget_daily_micros <= 1.5 * min(other.prior.budget_daily_micros for other in day)
    assert done.courses[0].rested > 0


# What it comes to


def test_pausing_a_loser_saves_its_spend_and_loses_its_value(workspace: Workspace) -> None:
    (money,) = (
        done := replay(
            workspace, (read_rule({"rule_name": "cut", "roas_scale_up": 90, "roas_scale_up_aggressive": 91}),)
        )
    ).money[0]
    (nothing,) = done.nothing
    assert {one.campaign.campaign_id for one in done.courses[0].fired} == {"losing"}
    assert money.more_spend < 0
    assert money.more_value.low95 < 0.5 * money.more_spend < money.more_value.high95
    assert money.better is not None
    assert money.better > 0.9
    assert money.spend == pytest.approx(nothing.spend + money.more_spend)


def test_more_budget_brings_less_than_in_proportion(workspace: Workspace) -> None:
    done = replay(workspace, (read_rule({"rule_name": "up", "campaign_id": "great"}),))
    (money,) = done.money[0]
    ups = [one for one in done.courses[0].fired if one.campaign.campaign_id == "great"]
    assert ups
    assert money.more_value.low95 < money.more_value.value < money.more_value.high95


def test_without_days_enough_nothing_is_fed_back_and_it_says_so(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "home", now=NOW) as short:
        lines = write_facts(tmp_path / "all.csv").read_text().splitlines()
        kept = [line for line in lines if line.split(",")[7].startswith(("slot", "2026-02-1"))]
        path = tmp_path / "some.csv"
        path.write_text("\n".join(kept) + "\n")
        import_facts(short.ledger, path, ImportOptions(), actor="test", now=NOW)
        done = replay(short)
    assert not done.feedback
    assert any("no money is compared" in one for one in replay_body(done)["sentences"])
    assert done.money[0][0].more_spend == 0
    assert done.money[0][0].better is None


def test_a_budget_that_people_set_is_held_by_the_replay_too(tmp_path: Path) -> None:
    with open_workspace(make_home(tmp_path), now=NOW) as workspace:
        path = tmp_path / "edit.csv"
        slot, seen = "2026-02-18T05:00", "2026-02-18T09:00+00:00"
        row = f"google,g1,UTC,USD,great,Brand great,hour,{slot},{seen},1000,40,8.00,0.7,14.00,333.00,active"
        path.write_text(f"{HEADER}\n{row}\n")
        import_facts(workspace.ledger, path, ImportOptions(), actor="test", now=NOW)
        done = replay(workspace)
    held = [one.prior.budget_daily_micros for one in done.courses[0].fired if one.campaign.campaign_id == "great"]
    assert 333_000_000 in held


def test_a_target_that_people_stated_judges_pauses(tmp_path: Path) -> None:
    with open_workspace(make_home(tmp_path), now=NOW) as workspace:
        with transaction(workspace.engine) as connection:
            change_campaign(connection, CampaignRef("google", "g1", "losing"), target_roas=0.4)
        done = replay(workspace, REPORTED, since=date(2026, 2, 14), until=date(2026, 2, 14))
    assert (done.pauses[0].made, done.pauses[0].met_target) == (2, 2)


# Bad input


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"since": date(2026, 2, 20), "until": date(2026, 2, 19)}, "is after until"),
        ({"since": date(2026, 4, 1), "until": date(2026, 4, 2)}, "in the future"),
        ({"since": date(2025, 1, 1), "until": date(2026, 2, 19)}, "at most 400 days"),
        ({"since": date(2025, 6, 1), "until": date(2025, 6, 2)}, "no facts of 2025-06-01 to 2025-06-02"),
        ({"rules": (read_rule({"rule_name": "x", "campaign_id": "great", "currency": "EUR"}),)}, "EUR"),
    ],
)
def test_what_cannot_be_replayed_is_refused(workspace: Workspace, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        replay(workspace, **asked)


def test_an_unknown_account_is_not_found(workspace: Workspace) -> None:
    with pytest.raises(NotFound):
        replay(workspace, account="nosuch")


def test_an_empty_home_has_nothing_to_replay(tmp_path: Path) -> None:
    with open_workspace(tmp_path / "empty", now=NOW) as empty, pytest.raises(InvalidInput, match="no campaigns"):
        replay(empty)


# Edges


def run_replay(home: Path, *words: str) -> Result:
    days = ("--since", "2026-02-17", "--until", "2026-02-17", "--account", "g1")
    return CliRunner().invoke(app, ["--home", str(home), "--now", NOW.isoformat(), "budgets", "replay", *days, *words])


def test_the_command_prints_sentences_or_the_body(home: Path, tmp_path: Path) -> None:
    rules = tmp_path / "hasty.toml"
    rules.write_text('[[rule]]\nrule_name = "hasty"\nbasis = "reported"\n')
    body = json.loads(run_replay(home, "--against", str(rules), "--json").stdout)
    assert [one["name"] for one in body["courses"]] == ["rules", "against"]
    assert body["seed"] == 7
    printed = run_replay(home, "--rules", str(rules)).stdout
    assert "These rules would have made" in printed
    assert "than doing nothing in" in printed
    missing = run_replay(home, "--rules", str(tmp_path / "none.toml"))
    assert missing.exit_code == 4
    assert "none.toml cannot be read" in missing.stderr


def test_the_command_asks_a_server_for_the_same_body(home: Path, workspace: Workspace, tmp_path: Path) -> None:
    rules, token = tmp_path / "hasty.toml", tmp_path / "token"
    rules.write_text('[[rule]]\nrule_name = "hasty"\nbasis = "reported"\n')
    write_secret(token, add_people(workspace)[Role.OPERATOR])
    local = run_replay(home, "--against", str(rules), "--json")
    with listening(workspace) as address:
        there = run_replay(home, "--against", str(rules), "--json", "--server", address, "--token", str(token))
    assert (there.exit_code, there.stdout) == (0, local.stdout), there.stderr


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_replay_is_the_same_on_both_databases(workspace: Workspace, tmp_path: Path, database_url: str) -> None:
    with open_workspace(make_home(tmp_path, database_url=database_url), now=NOW, database_url=database_url) as other:
        assert replay_body(replay(other, until=SINCE)) == replay_body(replay(workspace, until=SINCE))
