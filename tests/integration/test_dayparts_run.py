"""Dayparts from files to schedules and back: analyses, what is missing said plainly, exports, predictions kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adtempo import DayPartOptimizer
from adtempo.cli.main import app
from adtempo.dayparts import analysis, sources
from adtempo.dayparts.analysis import Niches, Question
from adtempo.dayparts.findings import DaypartSettings
from adtempo.dayparts.scheduling import MODEL, Wish
from adtempo.dayparts.sources import Conversions, load_moment
from adtempo.domain.accounts import Account, AccountRef
from adtempo.domain.errors import CurrenciesMixed, InvalidInput, NotFound
from adtempo.domain.metrics import ROAS
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.facts.load_hours import HourFacts, load_hour_facts
from adtempo.facts.record_imports import import_conversions
from adtempo.predictions.record import load_predictions
from adtempo.store import dayparts as stored
from adtempo.store.engine import reading, transaction
from adtempo.workspace import Workspace, open_workspace
from hourly_files import EVENING, write_hours, write_own

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A home with the files; tests only add to it."""
    folder = tmp_path_factory.mktemp("hours")
    with open_workspace(folder / "home", now=NOW) as workspace:
        import_facts(workspace.ledger, write_hours(folder / "hours.csv"), ImportOptions(), actor="test", now=NOW)
        yield workspace


@pytest.fixture
def optimizer(home: Workspace) -> DayPartOptimizer:
    return DayPartOptimizer(home)


def run(workspace: Workspace, *words: str) -> Result:
    url = workspace.engine.url.render_as_string(hide_password=False)
    front = ["--home", str(workspace.home), "--now", workspace.now().isoformat()]
    return CliRunner().invoke(app, [*front, *words], env={"DATABASE_URL": url})


# Analyses


def test_a_clear_evening_is_found_and_nothing_else(optimizer: DayPartOptimizer) -> None:
    found = optimizer.analyze("evening")
    assert not found.found.abstained
    assert set(found.found.peak_hours) == set(EVENING)
    assert (found.conversions, found.since, found.until) == (Conversions.PLATFORM, date(2026, 2, 2), date(2026, 3, 3))
    assert found.found.samples == 720
    assert found.notes == ()
    assert found.panel.shares is None  # a file is taken at its word


def test_a_campaign_without_a_pattern_abstains_and_says_what_it_would_take(optimizer: DayPartOptimizer) -> None:
    found = optimizer.analyze("flat")
    assert found.found.abstained
    assert "No usable pattern" in found.reason
    assert found.found.hours[3].estimate is not None


def test_too_few_samples_are_said_to_be_too_few(optimizer: DayPartOptimizer) -> None:
    young = optimizer.analyze("young")
    assert young.found.abstained
    assert "72" in young.reason
    assert "100" in young.reason
    assert "reach back only 3 of the 30 days" in young.reason
    assert not optimizer.analyze("evening", Question(settings=DaypartSettings(min_samples=700))).found.abstained
    assert optimizer.analyze("evening", Question(settings=DaypartSettings(min_samples=721))).found.abstained


def test_daily_facts_alone_say_nothing_of_hours(optimizer: DayPartOptimizer) -> None:
    found = optimizer.analyze("daily")
    assert found.found.abstained
    assert found.found.samples == 0
    assert "no hourly facts" in found.reason
    assert "min_samples" not in found.reason  # neither waiting nor looking back further would help
    assert all(one.estimate is None for one in found.found.cells)
    assert found.response is None


def test_a_longer_look_back_than_the_facts_says_how_far_they_reach(optimizer: DayPartOptimizer) -> None:
    assert "reach back only 30 of the 200 days" in optimizer.analyze("evening", Question(200)).reason


def test_hours_without_conversions_are_analysed_by_clicks_and_named(optimizer: DayPartOptimizer) -> None:
    found = optimizer.analyze("blind")
    assert found.metric.name == "cpc"
    assert found.conversions is Conversions.NONE
    assert "CPC is analysed instead of ROAS" in found.reason


def test_the_account_s_own_zone_places_the_hours(optimizer: DayPartOptimizer) -> None:
    found = optimizer.analyze("tokyo")
    assert found.found.hours[0].n == 30
    assert found.account.timezone == "Asia/Tokyo"


def test_all_and_one_say_the_same(optimizer: DayPartOptimizer) -> None:
    every = {one.campaign.ref.campaign_id: one for one in optimizer.analyze_all()}
    assert set(every) == {"evening", "flat", "young", "tokyo", "clips", "blind", "daily"}
    for name in ("evening", "young"):
        alone = optimizer.analyze(name)
        assert alone.analysis_id == every[name].analysis_id
        assert alone.found == every[name].found


def test_a_niche_is_read_once_however_many_young_campaigns_ask(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted(*arguments: Any) -> HourFacts:
        asked.append(arguments[1].campaigns)
        return load_hour_facts(*arguments)

    monkeypatch.setattr(sources, "load_hour_facts", counted)
    found = list(DayPartOptimizer(home).analyze_all(Question(10)))  # ten days: every campaign is young
    assert {one.niche for one in found} == {"fitness", None}
    assert len(asked) == 4 + 2  # one reading per account, and one of the niche per metric: ROAS, and CPC of the blind
    asked.clear()
    DayPartOptimizer(home).analyze("daily")
    assert len(asked) == 1  # what nobody asks for is not read


def test_a_young_campaign_of_no_niche_hears_its_platform(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    monkeypatch.setattr(analysis, "learn_prior", lambda _hours, accounts, *_: heard.append({*map(str, accounts)}))
    niches = Niches(home, load_moment(home, home.now()), Question())
    for platform in ("google", "tiktok"):
        new = Account(AccountRef(platform, "new"), "Europe/Berlin", "EUR")
        assert niches.load_prior(new, ROAS, None) is None
    assert heard == [{"google:g1"}, {"tiktok:t1", "tiktok:t2"}]


def test_another_question_is_another_analysis(optimizer: DayPartOptimizer) -> None:
    ids = {optimizer.analyze("flat", question).analysis_id for question in (None, Question(29), Question(metric="ctr"))}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"lookback_days": 0}, "1 to 730"),
        ({"metric": "spend"}, "by a ratio"),
        ({"metric": "frequency"}, "by a ratio"),
        ({"metric": "profit"}, "there is no metric"),
    ],
)
def test_an_impossible_question_is_refused(question: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Question(**question)


def test_a_campaign_is_found_by_id_by_full_name_and_on_its_platform(optimizer: DayPartOptimizer) -> None:
    for name, platform in (("evening", None), ("google:g1:evening", None), ("evening", "google")):
        assert optimizer.analyze(name, platform=platform).campaign.ref.campaign_id == "evening"
    with pytest.raises(NotFound, match="on meta"):
        optimizer.analyze("evening", platform="meta")
    with pytest.raises(NotFound, match="nosuch"):
        optimizer.analyze("nosuch")


# Schedules


def test_a_schedule_is_exact_kept_versioned_and_predicted(home: Workspace, optimizer: DayPartOptimizer) -> None:
    first = optimizer.build_schedule("evening", "1000.01", "balanced", actor="ann")
    second = optimizer.build_schedule("evening", 1000, "aggressive")
    assert second.version == first.version + 1
    assert optimizer.load_schedule(first.schedule_id) == first
    assert [one.version for one in optimizer.load_schedules("evening")][:2] == [second.version, first.version]
    assert sum(part.micros for part in first.plan.day_budgets()) == 1_000_010_000
    assert {hour for hour, one in enumerate(first.plan.day) if one > 1} == set(EVENING)
    assert first.outlook is not None
    assert first.outlook.uplift > 0.02
    kept = load_predictions(home, campaign="evening", model=MODEL)
    assert f"schedule-{first.schedule_id}" in {one.prediction.prediction_id for one in kept}
    claim = next(one for one in kept if first.schedule_id in one.prediction.prediction_id).prediction
    assert (claim.since, claim.until, claim.metric) == (date(2026, 3, 5), date(2026, 4, 1), "roas")
    assert claim.value == pytest.approx(first.outlook.expected)


def test_without_a_pattern_the_schedule_is_flat_and_promises_nothing(optimizer: DayPartOptimizer) -> None:
    for name in ("flat", "young", "daily"):
        kept = optimizer.build_schedule(name, 100, "aggressive")
        assert kept.plan.flat
        assert kept.outlook is None or kept.outlook.uplift == 0.0
    assert optimizer.build_schedule("daily", 100).outlook is None


@pytest.mark.parametrize(
    ("name", "budget", "said"),
    [
        ("evening", "0", "buys nothing"),
        ("evening", "-5", "buys nothing"),
        ("flat", "0.20", "at least 0.24 EUR"),
        ("evening", "1.005", "multiple of 0.01"),
        ("evening", "ten", "not an amount"),
        ("evening", "nan", "not an amount"),
        ("tokyo", "20", "at least 24 JPY"),
        ("tokyo", "100.50", "multiple of 1"),
    ],
)
def test_a_budget_that_cannot_be_spent_by_the_hour_is_refused(
    optimizer: DayPartOptimizer, name: str, budget: str, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        optimizer.build_schedule(name, budget)


@pytest.mark.parametrize(
    ("name", "multipliers", "said"),
    [
        ("evening", (-1.0, None), "multiplier of peaks must be above 0"),
        ("evening", (0.0, None), "multiplier of peaks must be above 0"),
        ("flat", (11.0, None), "at most 10"),
        ("evening", (None, -0.5), r"from 0 \(off\)"),
        ("evening", (float("nan"), None), "multiplier of peaks"),
    ],
)
def test_impossible_multipliers_are_refused(
    optimizer: DayPartOptimizer, name: str, multipliers: tuple[float | None, float | None], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        optimizer.build_schedule(name, 100, peak_multiplier=multipliers[0], valley_multiplier=multipliers[1])


def test_a_zone_that_there_is_not_is_refused_before_any_hour_is_placed(home: Workspace, tmp_path: Path) -> None:
    text = write_hours(tmp_path / "hours.csv").read_text().splitlines()[:2]
    (tmp_path / "mars.csv").write_text("\n".join(text).replace("Europe/Berlin", "Mars/Olympus"))
    with pytest.raises(InvalidInput, match=r"mars\.csv:2:account_timezone: .*Mars/Olympus"):
        import_facts(home.ledger, tmp_path / "mars.csv", ImportOptions(), actor="test", now=NOW)


def test_unknown_things_are_named(optimizer: DayPartOptimizer) -> None:
    with pytest.raises(InvalidInput, match="conservative, balanced, aggressive"):
        optimizer.build_schedule("evening", 100, "wild")
    with pytest.raises(NotFound, match="no schedule"):
        optimizer.load_schedule("0" * 16)
    with pytest.raises(NotFound, match="no export"):
        optimizer.export_schedule(optimizer.build_schedule("evening", 100).schedule_id, "bing")


@pytest.mark.parametrize(
    ("form", "lost"), [("google", 0.0), ("meta", 1.0), ("tiktok", 1.0), ("csv", 0.0), ("ics", 0.0)]
)
def test_each_export_says_what_it_loses(optimizer: DayPartOptimizer, form: str, lost: float) -> None:
    kept = optimizer.build_schedule("evening", 1000, "balanced")
    done = optimizer.export_schedule(kept.schedule_id, form)
    assert done.lost_share == pytest.approx(lost, abs=0.01)
    assert ("nothing is lost" if lost == 0 else "100% is lost") in done.statement
    assert done.export.read(done.text) == done.export.fit(kept.plan.multipliers)


def test_a_flat_schedule_has_nothing_to_lose(optimizer: DayPartOptimizer) -> None:
    kept = optimizer.build_schedule("flat", 1000)
    done = optimizer.export_schedule(kept.schedule_id, "tiktok")
    assert (done.lost_share, done.text) == (None, "1" * 336)
    assert "nothing is lost" in done.statement


def test_switching_a_valley_off_costs_what_it_would_have_brought(optimizer: DayPartOptimizer) -> None:
    kept = optimizer.build_schedule("evening", 1000, peak_multiplier=0.1)
    assert kept.outlook is not None
    assert kept.outlook.uplift < 0
    assert "No gain over today's rhythm" in optimizer.export_schedule(kept.schedule_id, "meta").statement


def test_one_budget_spans_campaigns_of_several_platforms(optimizer: DayPartOptimizer) -> None:
    kept = optimizer.build_unified_schedule(["evening", "clips"], Wish("500.01"))
    assert {one.campaign.platform for one in kept} == {"google", "tiktok"}
    assert sum(one.plan.total.micros for one in kept) == 500_010_000
    with pytest.raises(CurrenciesMixed):
        optimizer.build_unified_schedule(["evening", "tokyo"], Wish("500"))
    with pytest.raises(InvalidInput, match="once"):
        optimizer.build_unified_schedule(["evening", "evening"], Wish("500"))


# Platforms side by side


def test_platforms_are_compared_on_the_same_hours(optimizer: DayPartOptimizer) -> None:
    compared, left_out = optimizer.compare(["evening", "clips", "blind"])
    assert [one.platform for one in compared.platforms] == ["google", "tiktok"]
    assert set(compared.best) <= {"google", None}
    assert {compared.best[hour] for hour in EVENING} == {"google"}
    assert [one.campaign.ref.campaign_id for one in left_out] == ["blind"]
    with pytest.raises(CurrenciesMixed):
        optimizer.compare((), Question(metric="cpc"))


# On both databases


@pytest.fixture
def filled(workspace: Workspace, tmp_path: Path) -> Workspace:
    import_facts(workspace.ledger, write_hours(tmp_path / "hours.csv"), ImportOptions(), actor="test", now=NOW)
    return workspace


def test_what_is_found_and_planned_is_kept(filled: Workspace) -> None:
    optimizer = DayPartOptimizer(filled)
    assert optimizer.load_clearest() is None
    assert (optimizer.load_standing().analyses, optimizer.load_standing().last_analysis) == (0, None)
    every = list(optimizer.analyze_all())
    optimizer.keep(every)
    assert optimizer.load_clearest() == "google:g1:evening"
    standing = optimizer.load_standing()
    assert (standing.analyses, standing.schedules, standing.last_analysis) == (7, 0, filled.now())
    evening = next(one for one in every if one.campaign.ref.campaign_id == "evening")
    with reading(filled.engine) as connection:
        assert stored.load_analysis(connection, evening.analysis_id) == evening.to_store()
        assert stored.load_analysis(connection, "nosuch") is None
    kept = optimizer.build_schedule("evening", "1000", "balanced")
    assert DayPartOptimizer(replace(filled)).load_schedule(kept.schedule_id) == kept
    assert optimizer.load_standing().schedules == 1


def test_old_analyses_are_forgotten_but_those_of_schedules(filled: Workspace) -> None:
    optimizer = DayPartOptimizer(filled)
    every = list(optimizer.analyze_all())
    kept = optimizer.build_schedule("evening", "1000", "balanced")
    with transaction(filled.engine) as connection:
        assert stored.delete_old_analyses(connection, NOW) == 0
        assert stored.delete_old_analyses(connection, NOW + timedelta(days=1)) == len(every) - 1
    with reading(filled.engine) as connection:
        left = stored.load_analysis(connection, kept.analysis_id)
    assert left is not None
    assert left.patterns
    assert (optimizer.load_standing().analyses, optimizer.load_schedule(kept.schedule_id)) == (1, kept)


def test_own_conversions_by_click_hour_stand_in_for_missing_ones(filled: Workspace, tmp_path: Path) -> None:
    optimizer = DayPartOptimizer(filled)
    assert optimizer.analyze("blind").metric.name == "cpc"
    import_conversions(filled.ledger, write_own(tmp_path / "own.csv"), actor="test", now=NOW)
    found = optimizer.analyze("blind")
    assert (found.metric.name, found.conversions) == ("roas", Conversions.OWN)
    assert set(found.found.peak_hours) == set(EVENING)
    assert "advertiser's own" in found.reason


def test_the_commands_tell_the_story(home: Workspace, tmp_path: Path) -> None:
    told = run(home, "dayparts", "analyze", "--campaign", "evening")
    assert "18:00-22:00 every day" in told.stdout
    lines = run(home, "dayparts", "analyze", "--all", "--json").stdout.splitlines()
    assert len(lines) == 7
    assert [len(json.loads(lines[0])[name]) for name in ("cells", "hours", "days")] == [168, 24, 7]
    assert "flat" in run(home, "dayparts", "analyze", "--all").stdout
    assert "spend more" in run(home, "dayparts", "recommend", "--campaign", "evening").stdout
    made = run(home, "dayparts", "schedule", "--campaign", "evening", "--total-daily-budget", "1000", "--json")
    body = json.loads(made.stdout)
    assert sum(float(one["budget"]) for one in body["hours"]) == pytest.approx(1000)
    shown = run(home, "dayparts", "show", body["schedule_id"]).stdout
    assert "better than flat by" in shown
    assert body["reason"] in shown
    even = run(home, "dayparts", "schedule", "--campaign", "daily", "--total-daily-budget", "10").stdout
    assert "The schedule is flat. No usable pattern: there are no hourly facts" in even
    assert body["schedule_id"] in run(home, "dayparts", "show", "--campaign", "evening").stdout
    target = tmp_path / "google.json"
    words = ["dayparts", "export", body["schedule_id"], "--to", "google"]
    assert "at most six intervals" in run(home, *words, "--output", str(target)).stderr
    assert run(home, *words).stdout == target.read_text()
    assert "clearly best" in run(home, "dayparts", "compare", "--campaign", "evening", "--campaign", "clips").stdout
    both = run(
        home, "dayparts", "schedule", "--campaign", "evening", "--campaign", "clips", "--total-daily-budget", "500"
    )
    assert both.stdout.count("schedule_id") == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["analyze"], 4, "--campaign C"),
        (["analyze", "--campaign", "nosuch"], 3, "nosuch"),
        (["analyze", "--campaign", "evening", "--until", "0001-01-02"], 4, "from 2000-01-01 to 2199-12-31"),
        (["show"], 4, "name a SCHEDULE"),
        (["show", "nosuch"], 3, "no schedule"),
        (["schedule", "--campaign", "evening", "--total-daily-budget", "0"], 4, "buys nothing"),
        (
            ["schedule", "--campaign", "evening", "--total-daily-budget", "9", "--peak-multiplier", "-1"],
            4,
            "multiplier of peaks",
        ),
    ],
)
def test_wrong_words_are_answered_in_one_line(home: Workspace, words: list[str], code: int, said: str) -> None:
    done = run(home, "dayparts", *words)
    assert done.exit_code == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
