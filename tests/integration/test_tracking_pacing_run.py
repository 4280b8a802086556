"""Month to date against plans, from files: campaigns, accounts, labels; and what is said where nothing is planned."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adtempo.cli.main import app
from adtempo.tracking.pacing import Pace
from adtempo.tracking.run import CampaignTracker
from adtempo.tracking.scope import Scope
from adtempo.workspace import Workspace

HEADER = "platform,account_id,account_timezone,currency,campaign_id,grain,slot_start,impressions,clicks,spend\n"


@pytest.fixture
def run(workspace: Workspace) -> Callable[..., Result]:
    environment = {"DATABASE_URL": workspace.engine.url.render_as_string(hide_password=False)}
    front = ["--home", str(workspace.home), "--now", workspace.now().isoformat()]
    return lambda *words: CliRunner().invoke(app, [*front, *words], env=environment)


@pytest.fixture
def tracker(workspace: Workspace, run: Callable[..., Result], tmp_path: Path) -> CampaignTracker:
    """Two campaigns that spend 10 and 30 a day since February, one of another currency, one without a plan."""
    days = [date(2026, 2, 1) + timedelta(days=number) for number in range(31)]
    campaigns = (("meta,a1,UTC,EUR,c1", 10), ("meta,a1,UTC,EUR,c2", 30), ("google,g1,UTC,USD,c3", 5))
    rows = [f"{key},day,{day},1000,50,{spend}.00" for key, spend in campaigns for day in days]
    (tmp_path / "facts.csv").write_text(HEADER + "\n".join([*rows, "google,g1,UTC,USD,c4,day,2026-03-01,1,1,1.00"]))
    assert run("import", "facts", str(tmp_path / "facts.csv")).exit_code == 0
    for campaign, plan in (("c1", "310"), ("c2", "500"), ("c3", "300")):
        assert run("campaigns", "set", campaign, "--planned-budget", plan, "--label", "spring").exit_code == 0
    return CampaignTracker(workspace)


def test_plans_add_up_to_accounts_and_labels_of_one_currency(tracker: CampaignTracker) -> None:
    budgets = {(one.kind, one.name, one.currency): one for one in tracker.load_budgets()}
    assert [*budgets] == [
        ("account", "google:g1", "USD"),
        ("account", "meta:a1", "EUR"),
        ("label", "spring", "EUR"),
        ("label", "spring", "USD"),
        ("campaign", "google:g1:c3", "USD"),
        ("campaign", "meta:a1:c1", "EUR"),
        ("campaign", "meta:a1:c2", "EUR"),
    ]
    account = budgets["account", "meta:a1", "EUR"]
    assert (account.campaigns, account.pacing.planned_micros) == (2, 810_000_000)
    assert (account.pacing.spent_micros, account.pacing.expected_micros) == (120_000_000, 1_240_000_000)
    assert account.pacing.pace is Pace.OVER
    assert budgets["campaign", "meta:a1:c1", "EUR"].pacing.pace is Pace.ON_TRACK
    assert budgets["campaign", "google:g1:c3", "USD"].pacing.pace is Pace.UNDER


def test_a_scope_shows_what_lies_inside_it(tracker: CampaignTracker) -> None:
    assert [one.kind for one in tracker.load_budgets(Scope(account="a1"))] == ["account", "campaign", "campaign"]
    assert [one.kind for one in tracker.load_budgets(Scope(campaigns=("c1",)))] == ["campaign"]
    labels = tracker.load_budgets(Scope(label="spring"))
    assert [one.kind for one in labels] == ["label", "label", "campaign", "campaign", "campaign"]


def test_the_command_says_where_the_month_will_end(tracker: CampaignTracker, run: Callable[..., Result]) -> None:
    said = run("pacing", "--campaign", "c2").stdout
    assert said == (
        "campaign spring: March is going to end at 930.00 EUR, over its plan of 500.00 EUR "
        "(90.00 EUR spent by Tue 3); 14.64 EUR a day from here would meet it\n"
    )
    (body,) = json.loads(run("pacing", "--campaign", "c2", "--json").stdout)["budgets"]
    assert (body["planned"], body["spent"], body["pace"], body["through"]) == ("500.00", "90.00", "over", "2026-03-03")


def test_the_report_names_plans_that_will_not_be_met_once(tracker: CampaignTracker) -> None:
    report = tracker.generate_daily_report(date(2026, 3, 3))
    assert [one.kind for one in report.around.budgets] == ["account", "label", "campaign", "campaign", "campaign"]
    over = [line for line in report.attention if "over its plan" in line]
    assert [line.split(":")[0] for line in over] == ["meta", "spring"]
    assert not any("c2" in line for line in over), "it does as its whole account does"
    assert any("under its plan of 300.00 USD" in line for line in report.attention)
    some = tracker.generate_daily_report(date(2026, 3, 3), ["c1"])
    assert [one.name for one in some.around.budgets] == ["meta:a1:c1"]
    assert some.around.activity is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--campaign", "c4"], 3, "c4 has no planned budget; say what you plan"),
        (["--campaign", "nosuch"], 3, "there is no campaign 'nosuch'"),
        (["--account", "nosuch"], 3, "there is no account 'nosuch'"),
        (["--label", "nosuch"], 3, "there is no campaign of label nosuch"),
    ],
)
@pytest.mark.usefixtures("tracker")
def test_what_has_no_plan_is_said(run: Callable[..., Result], words: list[str], code: int, said: str) -> None:
    done = run("pacing", *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr


def test_without_any_plan_the_way_to_one_is_said(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text(f"{HEADER}meta,a1,UTC,EUR,c1,day,2026-03-01,1,1,1.00\n")
    run("import", "facts", str(tmp_path / "facts.csv"))
    done = run("pacing")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "--planned-budget" in done.stderr


def test_a_plan_of_nothing_is_refused_in_the_words_it_was_given_in(
    tracker: CampaignTracker, run: Callable[..., Result]
) -> None:
    done = run("campaigns", "set", "c1", "--planned-budget", "-5")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "planned_budget of campaign meta:a1:c1 cannot be -5; give a positive amount" in done.stderr
