"""An analyst's first hour with a real export: import, metrics, report, export, undo; every number checked by hand.

The sums here come from Python's own csv and Decimal, from nothing of ours.
"""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adtempo import CampaignTracker, open_workspace
from adtempo.cli.main import app

SHARED = Path(os.environ.get("ADTEMPO_SHARED", Path(__file__).parents[2].parent / "shared"))
DATA = SHARED / "data" / "online_ads_daily" / "online_advertising_performance_data.csv"
KEY = ("month", "day", "campaign_number", "user_engagement", "banner", "placement")
MONTHS = {"April": 4, "May": 5, "June": 6}
OPTIONS = (
    "--format",
    "display-daily",
    "--year",
    "2020",
    "--timezone",
    "UTC",
    "--currency",
    "USD",
    "--account-id",
    "shop",
)
DAY = date(2020, 5, 20)

Run = Callable[..., Result]

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the shared data is not here: {DATA}")


@dataclass
class Sums:
    """Totals of some rows of the file."""

    impressions: Decimal = Decimal(0)
    clicks: Decimal = Decimal(0)
    spend: Decimal = Decimal(0)
    conversions: Decimal = Decimal(0)
    conversion_value: Decimal = Decimal(0)
    days: set[date] = field(default_factory=set)

    def add(self, row: dict[str, str], day: date) -> None:
        self.impressions += Decimal(row["displays"])
        self.clicks += Decimal(row["clicks"])
        self.spend += Decimal(row["cost"])
        self.conversions += Decimal(row["post_click_conversions"])
        self.conversion_value += Decimal(row["post_click_sales_amount"])
        self.days.add(day)


@dataclass
class ByHand:
    """What the file says without the second copies of its repeated rows."""

    campaigns: defaultdict[str, Sums]
    days: defaultdict[tuple[str, date], Sums]
    rows: int
    repeated: int


@pytest.fixture(scope="module")
def by_hand() -> ByHand:
    found = ByHand(defaultdict(Sums), defaultdict(Sums), 0, 0)
    seen = set()
    with DATA.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = tuple(row[name] for name in KEY)
            if key in seen:
                found.repeated += 1
                continue
            seen.add(key)
            found.rows += 1
            day = date(2020, MONTHS[row["month"]], int(row["day"]))
            found.campaigns[row["campaign_number"]].add(row, day)
            found.days[row["campaign_number"], day].add(row, day)
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("first") / "home"


@pytest.fixture(scope="module")
def run(home: Path) -> Run:
    def adtempo(*words: str) -> Result:
        return CliRunner().invoke(app, ["--home", str(home), *words])

    return adtempo


@pytest.fixture(scope="module")
def imported(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Result:
    rejects = tmp_path_factory.mktemp("rejects") / "rejects.csv"
    return run("import", "facts", str(DATA), *OPTIONS, "--skip-bad", str(rejects), "--json")


def said(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def is_amount(text: str | None, exact: Decimal) -> bool:
    """Say whether an amount is a sum to the last micro."""
    return text is not None and Decimal(text) == exact


def test_the_plain_import_is_refused_naming_the_repeated_rows(tmp_path: Path, by_hand: ByHand) -> None:
    result = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "import", "facts", str(DATA), *OPTIONS])
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.startswith(f"error: {by_hand.repeated} problems; nothing was imported.")
    assert result.stderr.count(f"{DATA}:") == by_hand.repeated == 5


def test_the_import_says_what_it_did(imported: Result, by_hand: ByHand) -> None:
    body = said(imported)
    assert (body["rows"], body["posted"], body["restated"], body["unchanged"]) == (by_hand.rows, by_hand.rows, 0, 0)
    assert (body["rejected"], len(body["problems"])) == (by_hand.repeated, by_hand.repeated)


def test_every_total_is_the_files_own_to_the_last_micro(run: Run, imported: Result, by_hand: ByHand) -> None:
    assert imported.exit_code == 0
    assert len(by_hand.campaigns) == 3
    for campaign, sums in by_hand.campaigns.items():
        body = said(run("metrics", campaign, "--json"))
        assert (body["since"], body["until"]) == (min(sums.days).isoformat(), max(sums.days).isoformat())
        reported = body["reported"]
        assert is_amount(reported["spend"], sums.spend)
        assert is_amount(reported["conversion_value"], sums.conversion_value)
        assert (reported["impressions"], reported["clicks"], reported["conversions"]) == (
            sums.impressions,
            sums.clicks,
            sums.conversions,
        )
        assert reported["roas"] == pytest.approx(float(sums.conversion_value / sums.spend), rel=1e-15)
        assert reported["ctr"] == pytest.approx(float(100 * sums.clicks / sums.impressions), rel=1e-15)
        assert is_amount(reported["cpc"], round(sums.spend / sums.clicks, 6))
        assert (reported["reach"], reported["frequency"]) == (None, None)
        assert set(body["expected"]) == {"conversions", "conversion_value", "roas", "cpa"}
        assert body["maturity"] == 1.0
        assert set(body["expected"]["conversions"].values()) == {sums.conversions}


def test_the_report_of_a_day_is_that_days_rows(run: Run, imported: Result, by_hand: ByHand) -> None:
    assert imported.exit_code == 0
    body = said(run("report", "daily", "--date", DAY.isoformat(), "--json"))
    of_day = {campaign: sums for (campaign, day), sums in by_hand.days.items() if day == DAY}
    spend = sum((sums.spend for sums in of_day.values()), Decimal(0))
    value = sum((sums.conversion_value for sums in of_day.values()), Decimal(0))
    assert is_amount(body["total_spend"], spend)
    assert is_amount(body["total_revenue"], value)
    assert body["avg_roas"] == pytest.approx(float(value / spend), rel=1e-15)
    assert [line["campaign_id"] for line in body["top_campaigns"]] == sorted(
        of_day, key=lambda campaign: -of_day[campaign].conversion_value
    )
    (total,) = body["totals"]
    before = sum((sums.spend for (_, day), sums in by_hand.days.items() if day == date(2020, 5, 19)), Decimal(0))
    assert is_amount(total["day_before"]["spend"], before)
    assert body["complete"]
    assert not body["simulated"]


def test_the_report_reads_well(run: Run, imported: Result) -> None:
    assert imported.exit_code == 0
    text = run("report", "daily", "--date", DAY.isoformat()).stdout
    assert text.startswith("Wednesday 20 May 2020\n  As known on ")
    assert "What needs you" in text
    assert run("report", "daily", "--date", DAY.isoformat(), "--markdown").stdout.startswith("# Wednesday 20 May 2020")
    one = said(run("report", "daily", "--date", DAY.isoformat(), "--campaign", "camp 1", "--json"))
    assert [line["campaign_id"] for line in one["top_campaigns"]] == ["camp 1"]
    assert "No facts are known for this day" in run("report", "daily", "--date", "2019-01-01").stdout


def test_the_export_has_every_day_and_its_own_sums(run: Run, imported: Result, by_hand: ByHand, tmp_path: Path) -> None:
    assert imported.exit_code == 0
    path = tmp_path / "camp.csv"
    span = ("--since", "2020-04-10", "--until", "2020-05-09")
    result = run("export", "metrics", "camp 3", *span, "--output", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted = {
        day.isoformat(): sums
        for (campaign, day), sums in by_hand.days.items()
        if campaign == "camp 3" and date(2020, 4, 10) <= day <= date(2020, 5, 9)
    }
    assert [row["date"] for row in rows] == sorted(wanted)
    for row in rows:
        sums = wanted[row["date"]]
        assert is_amount(row["spend"], sums.spend)
        assert is_amount(row["conversion_value"], sums.conversion_value)
        assert Decimal(row["impressions"]) == sums.impressions
    assert run("export", "metrics", "camp 3", *span, "--output", "-").stdout == path.read_text(encoding="utf-8")


def test_before_the_import_nothing_was_known(run: Run, imported: Result) -> None:
    assert imported.exit_code == 0
    result = run("metrics", "camp 1", "--as-of", "2020-07-01")
    assert (result.exit_code, "choose a later --as-of" in result.stderr) == (3, True)
    body = said(
        run("metrics", "camp 1", "--since", "2020-05-01", "--until", "2020-05-02", "--as-of", "2020-07-01", "--json")
    )
    assert set(body["reported"].values()) == {None}


def test_days_the_wrong_way_round_are_invalid(run: Run, imported: Result) -> None:
    assert imported.exit_code == 0
    result = run("metrics", "camp 1", "--since", "2020-05-02", "--until", "2020-05-01")
    assert (result.exit_code, "swap them" in result.stderr) == (4, True)


def test_python_says_the_same(home: Path, imported: Result, by_hand: ByHand) -> None:
    assert imported.exit_code == 0
    with open_workspace(home, now=datetime(2026, 12, 1, tzinfo=UTC)) as workspace:
        tracker = CampaignTracker(workspace)
        sums = by_hand.campaigns["camp 2"]
        assert tracker.calculate_roas("camp 2") == pytest.approx(float(sums.conversion_value / sums.spend), rel=1e-15)
        assert tracker.calculate_ctr("camp 2") == pytest.approx(float(100 * sums.clicks / sums.impressions), rel=1e-15)
        assert tracker.calculate_cpc("camp 2") == round(sums.spend / sums.clicks, 6)
        assert tracker.calculate_cpm("camp 2") == round(1000 * sums.spend / sums.impressions, 6)
        assert tracker.calculate_cpa("other:shop:camp 2") == round(sums.spend / sums.conversions, 6)
        assert len(tracker.load_figures()) == 3
        assert tracker.sync_all_active_campaigns(actor="test") == []


def test_importing_again_changes_nothing_and_undoing_takes_it_back(
    run: Run, imported: Result, by_hand: ByHand, tmp_path: Path
) -> None:
    number = said(imported)["batch"]
    again = said(run("import", "facts", str(DATA), *OPTIONS, "--skip-bad", str(tmp_path / "r.csv"), "--json"))
    assert (again["posted"], again["unchanged"]) == (0, by_hand.rows)
    stats = said(run("facts", "stats", "--json"))
    assert (stats["postings"], stats["first_day"], stats["last_day"]) == (by_hand.rows, "2020-04-01", "2020-06-30")
    assert [one["batch"] for one in said(run("imports", "list", "--json"))["imports"]] == [again["batch"], number]
    assert run("imports", "undo", str(again["batch"])).exit_code == 0
    assert run("imports", "undo", str(number)).exit_code == 0
    assert run("imports", "undo", str(number)).exit_code == 5
    assert run("imports", "undo", "999").exit_code == 3
    assert run("metrics", "camp 1").exit_code == 3


def test_a_dry_run_publishes_nothing(tmp_path: Path) -> None:
    words = ["--home", str(tmp_path / "home"), "import", "facts", str(DATA), *OPTIONS, "--dry-run"]
    result = CliRunner().invoke(app, [*words, "--skip-bad", str(tmp_path / "r.csv")])
    assert result.exit_code == 0
    assert "nothing published (dry run)" in result.stdout
    listed = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "imports", "list", "--json"])
    assert json.loads(listed.stdout) == {"imports": []}
