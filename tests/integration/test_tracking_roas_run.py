"""Return on spend from files: windows, own conversions, currencies; and what is said where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adtempo.cli.main import app
from adtempo.domain.errors import CurrenciesMixed, InvalidInput, NotFound
from adtempo.tracking.run import CampaignTracker
from adtempo.tracking.scope import Scope, read_scope
from adtempo.workspace import Workspace

DAY = date(2026, 3, 1)
HEADER = (
    "platform,account_id,account_timezone,currency,campaign_id,niche,grain,slot_start,impressions,clicks,spend,"
    "conversions,conversion_value,attribution,conversions:lead,conversion_value:lead\n"
)
FACTS = """meta,a1,Europe/Berlin,EUR,c1,shoes,day,2026-03-01,1000,50,20.00,2,60.00,7d_click,4,8.00
meta,a1,Europe/Berlin,EUR,c1,shoes,day,2026-03-01,1000,50,20.00,1,30.00,1d_click,,
meta,a1,Europe/Berlin,EUR,c1,shoes,day,2026-03-02,1000,50,10.00,1,30.00,7d_click,0,0
google,g1,UTC,USD,c2,shoes,day,2026-03-01,1000,50,12.00,1,24.00,,,
google,g1,UTC,USD,c3,hats,day,2026-03-01,1000,50,0.00,0,0.00,,,
"""
OWN = """conversion_id,campaign_id,click_time,conversion_time,value,currency
o1,c1,2026-03-01T10:00:00Z,2026-03-01T18:00:00Z,15.00,EUR
o2,c1,2026-03-01T10:00:00Z,2026-03-03T18:00:00Z,12.00,USD
o3,c1,,2026-03-02T09:00:00Z,3.00,EUR
"""
RATES = "date,currency,base,rate\n2026-02-28,USD,EUR,1.20\n"


@pytest.fixture
def run(workspace: Workspace) -> Callable[..., Result]:
    """Run a command in the workspace's home."""
    environment = {"DATABASE_URL": workspace.engine.url.render_as_string(hide_password=False)}
    front = ["--home", str(workspace.home), "--now", workspace.now().isoformat()]
    return lambda *words: CliRunner().invoke(app, [*front, *words], env=environment)


@pytest.fixture
def tracker(workspace: Workspace, run: Callable[..., Result], tmp_path: Path) -> CampaignTracker:
    """Two accounts in two currencies; c1 is reported under two settings."""
    (tmp_path / "facts.csv").write_text(HEADER + FACTS)
    (tmp_path / "own.csv").write_text(OWN)
    for words in (["facts", str(tmp_path / "facts.csv")], ["conversions", str(tmp_path / "own.csv")]):
        done = run("import", *words)
        assert done.exit_code == 0, done.stderr
    return CampaignTracker(workspace)


@pytest.fixture
def rates(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text(RATES)
    assert run("import", "rates", str(tmp_path / "rates.csv")).exit_code == 0


def test_the_setting_of_the_window_is_read_where_there_is_one(tracker: CampaignTracker) -> None:
    seven = tracker.load_roas(["c1"], since=DAY, until=DAY)
    assert (seven.roas, seven.total.attributions, seven.total.window_matches) == (3.0, ("7d_click",), True)
    one = tracker.load_roas(["c1"], attribution_window_days=1, since=DAY, until=DAY)
    assert (one.roas, one.total.attributions, one.total.window_matches) == (1.5, ("1d_click",), True)
    mixed = tracker.load_roas(["c1"], attribution_window_days=1)
    assert (mixed.since, mixed.until) == (DAY, date(2026, 3, 2))
    assert mixed.total.spend_micros == 30_000_000
    assert (mixed.roas, mixed.total.attributions, mixed.total.window_matches) == (2.0, ("1d_click", "7d_click"), False)
    assert tracker.calculate_roas("c1", False, 7, DAY, DAY) == 3.0


@pytest.mark.usefixtures("rates")
def test_own_conversions_join_by_click_and_window_and_both_parts_are_shown(
    tracker: CampaignTracker, run: Callable[..., Result]
) -> None:
    day = tracker.load_roas(["c1"], include_offline=True, since=DAY, until=DAY)
    assert day.total.offline is not None
    assert (day.total.offline.conversions, day.total.offline.value_micros) == (2, 25_000_000)
    assert (day.total.platform_value_micros, day.total.value_micros, day.roas) == (60_000_000, 85_000_000, 4.25)
    assert day.expected is not None
    assert day.expected.roas.value is not None
    assert day.expected.roas.value > 4.25
    assert day.expected.maturity is not None
    short = tracker.load_roas(["c1"], include_offline=True, attribution_window_days=1, since=DAY, until=DAY)
    assert short.roas == (30 + 15) / 20
    both = tracker.load_roas(["c1"], include_offline=True).total.offline
    assert both is not None
    assert (both.conversions, both.without_click) == (3, 1)
    assert run("accounts", "set", "a1", "--offline", "replace").exit_code == 0
    replaced = tracker.load_roas(["c1"], include_offline=True, since=DAY, until=DAY)
    assert (replaced.roas, replaced.expected) == (1.25, None)
    said = run("metrics", "c1", "--since", "2026-03-01", "--until", "2026-03-01", "--include-offline").stdout
    assert "their value        25.00 EUR" in said
    assert "roas               1.25, expected n/a: nobody knows how late your own conversions come" in said
    assert "lead              4 at 5.00 EUR" in said


def test_an_earlier_moment_knows_no_later_conversions(
    tracker: CampaignTracker, run: Callable[..., Result], tmp_path: Path, workspace: Workspace
) -> None:
    known = tracker.load_roas(["c1"], include_offline=True, since=date(2026, 3, 2), until=date(2026, 3, 2))
    assert known.total.offline is not None
    assert known.total.offline.conversions == 1
    before = datetime(2026, 3, 3, tzinfo=UTC)
    earlier = tracker.load_roas(
        ["c1"], include_offline=True, since=date(2026, 3, 2), until=date(2026, 3, 2), as_of=before
    )
    assert earlier.total.offline is not None
    assert earlier.total.offline.conversions == 0
    assert earlier.absent_because == "no spend was reported for 2026-03-02 to 2026-03-02"


def test_currencies_are_blended_only_with_rates_into_a_common_one(
    tracker: CampaignTracker, run: Callable[..., Result], tmp_path: Path
) -> None:
    with pytest.raises(CurrenciesMixed, match="EUR and USD cannot be added"):
        tracker.calculate_blended_roas(since=DAY, until=DAY)
    with pytest.raises(InvalidInput, match=r"no exchange rate from USD to EUR on or before 2026-03-01; import it"):
        tracker.calculate_blended_roas(since=DAY, until=DAY, currency="EUR")
    (tmp_path / "rates.csv").write_text(RATES)
    run("import", "rates", str(tmp_path / "rates.csv"))
    blend = tracker.load_roas(since=DAY, until=DAY, currency="EUR")
    assert (blend.total.spend_micros, blend.total.value_micros) == (30_000_000, 80_000_000)
    assert blend.roas == 80 / 30
    assert blend.expected is not None
    assert blend.expected.roas.value is not None
    assert blend.expected.basis == "prior"
    alone = [tracker.load_roas([campaign], since=DAY, until=DAY) for campaign in ("c1", "c2", "c3")]
    coming = [(one.expected.roas.value or 0) - (one.roas or 0) for one in alone if one.expected]
    assert min(coming) - 0.1 <= blend.expected.roas.value - blend.roas <= max(coming) + 0.1
    assert tracker.calculate_blended_roas(Scope(platform="google"), since=DAY, until=DAY) == 2.0
    assert tracker.calculate_blended_roas(Scope(niche="shoes"), since=DAY, until=DAY, currency="USD") == 96 / 36
    assert tracker.calculate_blended_roas(Scope(account="a1"), since=DAY, until=DAY) == 3.0
    assert tracker.calculate_blended_roas(["c2", "c3"], since=DAY, until=DAY) == 2.0


def test_cost_per_result_of_a_named_type(tracker: CampaignTracker, run: Callable[..., Result]) -> None:
    assert str(tracker.get_cost_per_result("c1", "lead", DAY, DAY)) == "5.00"
    assert tracker.get_cost_per_result("c1", "lead", date(2026, 3, 2), date(2026, 3, 2)) is None
    with pytest.raises(NotFound, match=r"c1 has no conversion type 'install'; known: lead"):
        tracker.get_cost_per_result("c1", "install")
    with pytest.raises(NotFound, match="known: none was ever reported"):
        tracker.get_cost_per_result("c2", "lead")
    body = json.loads(run("metrics", "c1", "--since", "2026-03-01", "--until", "2026-03-01", "--json").stdout)
    assert body["results"] == [
        {"conversion_type": "lead", "conversions": 4.0, "conversion_value": "8.00", "cost_per_result": "5.00"}
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["roas", "nosuch"], 3, "there is no campaign 'nosuch'"),
        (["roas", "niche=nosuch"], 3, "there is no campaign of niche nosuch"),
        (["roas", "account=nosuch"], 3, "there is no account 'nosuch'"),
        (["roas", "niche=a", "niche=b"], 4, "niche is said twice"),
        (["roas"], 4, "EUR and USD cannot be added"),
        (["roas", "--currency", "eur"], 4, "'eur' is not a currency"),
        (["roas", "c1", "--window", "14"], 4, "1, 7 or 28 days, not 14"),
        (["metrics", "c1", "--window", "0"], 4, "1, 7 or 28 days, not 0"),
        (["roas", "c1", "--since", "2026-03-02", "--until", "2026-03-01"], 4, "swap them"),
    ],
)
@pytest.mark.usefixtures("tracker")
def test_what_cannot_be_answered_is_said_in_one_line(
    run: Callable[..., Result], words: list[str], code: int, said: str
) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert said in done.stderr


@pytest.mark.usefixtures("tracker")
def test_an_absent_return_is_explained(run: Callable[..., Result]) -> None:
    assert "n/a: nothing was spent from 2026-03-01" in run("roas", "c3").stdout
    empty = run("roas", "c1", "--since", "2026-02-01", "--until", "2026-02-02").stdout
    assert "n/a: no spend was reported for 2026-02-01 to 2026-02-02" in empty
    empty = run("metrics", "c1", "--since", "2026-02-01", "--until", "2026-02-02").stderr
    assert "there is no ROAS: no spend was reported for 2026-02-01 to 2026-02-02" in empty
    assert "(asked: 28d_click)" in run("roas", "c1", "--window", "28").stdout


def test_nothing_known_at_all_is_said(tracker: CampaignTracker) -> None:
    with pytest.raises(NotFound, match="nothing was known of these campaigns"):
        tracker.calculate_roas("c1", as_of=datetime(2020, 1, 1, tzinfo=UTC))


def test_a_scope_reads_as_it_is_typed() -> None:
    assert str(read_scope(["c1", "a=b", "label=x"])) == "c1, a=b, label x"
