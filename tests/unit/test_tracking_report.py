import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.metrics import METRICS
from adtempo.domain.panels import Quantities
from adtempo.tracking.estimate import (
    CampaignMetrics,
    Comparison,
    DailyReport,
    Expectations,
    Figures,
    Freshness,
    Profile,
    Surroundings,
    estimate_daily_report,
)
from adtempo.tracking.expected import NOTHING, ExpectedFigure, ExpectedFigures
from adtempo.tracking.report import (
    in_expectation,
    metrics_body,
    report_body,
    report_markdown,
    report_sections,
    roas_body,
)
from adtempo.tracking.roas import ExpectedReturn, OfflinePart, Return, RoasReport

GOLDEN = Path(__file__).parents[1] / "golden" / "daily_report.md"
DAY = date(2026, 11, 3)
ENDED = datetime(2026, 11, 3, 23, tzinfo=UTC)
AS_OF = datetime(2026, 11, 4, 6, tzinfo=UTC)
AUTUMN = CampaignRef("meta", "a1", "c1")
WINTER = CampaignRef("google", "g1", "c2")
TOKYO = CampaignRef("tiktok", "t1", "c3")
PROFILES = {
    AUTUMN: Profile(AUTUMN, "EUR", "Autumn | sale", target_roas=6.0),
    WINTER: Profile(WINTER, "EUR"),
    TOKYO: Profile(TOKYO, "JPY", "Tokyo"),
}

ARRIVING = ExpectedFigures(NOTHING, NOTHING, ExpectedFigure(4.5, 4.0, 5.25, 3.5, 6.0), NOTHING, 0.8, "own")


def did(spend_micros: int, value_micros: int, conversions_micros: int = 3_500_000) -> Quantities:
    return Quantities(20_000, 300, spend_micros, conversions_micros, value_micros)


def report_of(figures: Figures, before: Figures, observed_at: datetime = AS_OF) -> DailyReport:
    return estimate_daily_report(
        DAY,
        AS_OF,
        figures,
        PROFILES,
        Comparison(DAY - timedelta(days=1), True, before),
        Comparison(DAY - timedelta(days=7), False, {}),
        [Freshness(ref.account, observed_at, ENDED) for ref in figures],
        Surroundings(
            expected=Expectations({AUTUMN: ARRIVING}, {("EUR", "EUR"): ARRIVING}, {("meta", "EUR"): ARRIVING})
        ),
    )


@pytest.fixture
def two_currencies() -> DailyReport:
    figures = {
        AUTUMN: did(100_000_000, 350_000_000),
        WINTER: did(50_500_000, 200_000_000),
        TOKYO: did(9_000_000_000, 12_000_000_000),
    }
    return report_of(figures, {AUTUMN: did(80_000_000, 400_000_000), WINTER: did(50_500_000, 100_000_000)})


def test_the_markdown_is_the_golden_one(two_currencies: DailyReport) -> None:
    assert report_markdown(two_currencies) == GOLDEN.read_text(encoding="utf-8")


def test_one_currency_has_overall_figures_that_are_ratios_of_sums() -> None:
    body = report_body(report_of({AUTUMN: did(10_000_000, 30_000_000), WINTER: did(30_000_000, 30_000_000)}, {}))
    assert (body["currency"], body["total_spend"], body["total_revenue"], body["avg_roas"]) == (
        "EUR",
        "40.00",
        "60.00",
        1.5,
    )


def test_several_currencies_have_one_total_each_and_no_overall_figure(two_currencies: DailyReport) -> None:
    body = report_body(two_currencies)
    assert (body["currency"], body["total_spend"], body["total_revenue"], body["avg_roas"]) == (None, None, None, None)
    assert [(total["currency"], total["spend"]) for total in body["totals"]] == [("EUR", "150.50"), ("JPY", "9000.00")]


def test_the_body_is_plain_json_and_names_every_metric(two_currencies: DailyReport) -> None:
    body = json.loads(json.dumps(report_body(two_currencies), allow_nan=False))
    names = {metric.name for metric in METRICS}
    assert names <= body["totals"][0].keys()
    assert names <= body["totals"][0]["day_before"].keys()
    assert body["totals"][1]["day_before"] is None
    assert [line["campaign_id"] for line in body["top_campaigns"]] == ["c1", "c2", "c3"]
    assert body["compared_with"]["day_before"] == {"date": "2026-11-02", "same_age": True}
    assert body["as_of"] == "2026-11-04T06:00:00+00:00"


def test_a_day_without_facts_says_so_and_what_to_do() -> None:
    (section,) = report_sections(report_of({}, {}))
    assert section.title == "Tuesday 3 November 2026"
    assert section.sentences[0].startswith("No facts are known for this day as of 2026-11-04 06:00 UTC. Import some")


def test_an_unfinished_day_says_whose() -> None:
    report = report_of({AUTUMN: did(1, 1)}, {}, observed_at=ENDED - timedelta(hours=2))
    assert not report_body(report)["complete"]
    assert "Not complete: meta:a1 not read since the day ended there." in report_sections(report)[0].sentences[0]


def test_many_unfinished_accounts_are_counted() -> None:
    report = report_of({AUTUMN: did(1, 1)}, {})
    late = [Freshness(AccountRef("meta", f"a{number}"), None, ENDED) for number in range(5)]
    report = estimate_daily_report(
        DAY, AS_OF, {AUTUMN: did(1, 1)}, PROFILES, report.day_before, report.week_before, late
    )
    assert "meta:a0, meta:a1, meta:a2 and 2 more" in report_sections(report)[0].sentences[0]
    assert report_body(report)["freshness"][0]["observed_at"] is None


def test_nothing_to_do_is_said_too() -> None:
    sections = report_sections(report_of({WINTER: did(1_000_000, 0)}, {}))
    assert sections[1].sentences == ("Nothing that these facts show.",)
    assert sections[2].sentences == ("No campaign brought any value on this day.",)


def test_the_text_is_a_page_and_the_body_has_all() -> None:
    refs = [CampaignRef("meta", "a1", f"c{number:02}") for number in range(15)]
    profiles = {ref: Profile(ref, "EUR", target_roas=9.0, simulated=True) for ref in refs}
    nothing = Comparison(DAY, same_age=False, figures={})
    figures = {ref: did(1_000_000, 1_000_000) for ref in refs}
    expected = Surroundings(expected=Expectations(dict.fromkeys(refs, ARRIVING)))
    report = estimate_daily_report(DAY, AS_OF, figures, profiles, nothing, nothing, (), expected)
    sections = report_sections(report)
    assert sections[0].sentences[0].startswith("Simulated market. As known on")
    assert len(sections[1].sentences) == 11
    assert sections[1].sentences[-1] == "... and 5 more."
    assert len(report_body(report)["attention"]) == 15


ROAS_REPORT = RoasReport(
    (WINTER,),
    DAY,
    DAY,
    AS_OF,
    7,
    "EUR",
    Return(
        2_000_000,
        3_000_000,
        ("7d_click",),
        window_matches=True,
        offline=OfflinePart(2, 1_000_000, 1),
        value_micros=4_000_000,
        roas=2.0,
    ),
)


def test_a_return_is_shown_with_what_it_will_come_to() -> None:
    assert roas_body(ROAS_REPORT)["expected_roas"]["value"] is None
    expected = ExpectedReturn(ExpectedFigure(2.5, 2.25, 3.0, 2.0, 4.0), 0.8, "own")
    body = roas_body(replace(ROAS_REPORT, expected=expected))
    assert body["expected_roas"] == {"value": 2.5, "low80": 2.25, "high80": 3.0, "low95": 2.0, "high95": 4.0}
    assert (body["maturity"], body["basis"]) == (0.8, "own")


def test_a_return_shows_both_of_its_parts() -> None:
    body = roas_body(ROAS_REPORT)
    assert body["offline"] == {"conversions": 2, "value": "1.00", "without_click": 1}
    assert (body["platform_value"], body["value"], body["roas"]) == ("3.00", "4.00", 2.0)
    assert (body["campaign_id"], body["attributions"], body["absent_because"]) == ("c2", ["7d_click"], None)


@pytest.mark.parametrize(
    ("spend", "value", "said"),
    [
        (None, 1, "no spend was reported for 2026-11-03 to 2026-11-03"),
        (0, 1, "nothing was spent from 2026-11-03 to 2026-11-03"),
        (1, None, "the platform reports no conversion value"),
    ],
)
def test_an_absent_return_says_why(spend: int | None, value: int | None, said: str) -> None:
    empty = Return(spend, value, (), window_matches=False, offline=None, value_micros=value, roas=None)
    body = roas_body(replace(ROAS_REPORT, campaigns=(WINTER, WINTER), total=empty))
    assert (body["campaign_id"], body["offline"], body["roas"], body["absent_because"]) == (None, None, None, said)


def test_metrics_have_the_promised_shape() -> None:
    metrics = CampaignMetrics(PROFILES[WINTER], DAY, DAY, AS_OF, Quantities(20_000, 300, 1_500_000, reach=10_000))
    body = metrics_body(metrics, ROAS_REPORT)
    promised = ["campaign_id", "since", "until", "as_of", "currency", "reported", "expected", "maturity"]
    assert list(body) == [*promised, "basis", "attributed", "results"]
    assert body["reported"] == {
        "spend": "1.50",
        "impressions": 20_000,
        "clicks": 300,
        "conversions": None,
        "conversion_value": None,
        "reach": 10_000,
        "frequency": 2.0,
        "roas": None,
        "ctr": 1.5,
        "cpc": "0.005",
        "cpm": "0.075",
        "cpa": None,
        "cvr": None,
    }
    interval = {"value": None, "low80": None, "high80": None, "low95": None, "high95": None}
    assert body["expected"] == dict.fromkeys(("conversions", "conversion_value", "roas", "cpa"), interval)
    assert body["maturity"] is None


def test_expected_figures_are_given_with_their_intervals_and_in_words() -> None:
    roas = ExpectedFigure(4.0, 3.0, 5.0, 2.5, 6.0)
    expected = ExpectedFigures(NOTHING, NOTHING, roas, ExpectedFigure(12.5, 10.0, None, 8.0, None), 0.6, "own")
    metrics = CampaignMetrics(PROFILES[WINTER], DAY, DAY, AS_OF, Quantities(spend_micros=100), expected=expected)
    body = metrics_body(metrics, ROAS_REPORT)
    assert body["expected"]["roas"] == {"value": 4.0, "low80": 3.0, "high80": 5.0, "low95": 2.5, "high95": 6.0}
    assert body["expected"]["cpa"]["value"] == "12.50"
    assert body["expected"]["cpa"]["high80"] is None
    assert (body["maturity"], body["basis"]) == (0.6, "own")
    words = in_expectation(metrics)
    assert list(words) == ["roas", "cpa"]
    assert words["roas"] == "expected 4.00 (3.00 to 5.00)"
    assert words["cpa"].startswith("expected 12.50")
