"""The report as a mail: short enough for a phone, true about young days, safe with any name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.panels import Quantities
from adtempo.tracking.activity import Activity, Verdicts
from adtempo.tracking.estimate import (
    Comparison,
    DailyReport,
    DayTotal,
    Expectations,
    Figures,
    Profile,
    Surroundings,
    estimate_daily_report,
)
from adtempo.tracking.expected import NOTHING, ExpectedFigure, ExpectedFigures
from adtempo.tracking.pacing import BudgetPace, estimate_pacing
from adtempo.tracking.report import report_body, report_markdown, report_message
from adtempo.tracking.report_html import report_html

DAY = date(2026, 11, 3)
AS_OF = datetime(2026, 11, 4, 8, tzinfo=UTC)
REFS = {currency: CampaignRef("meta", currency, f"c-{currency}") for currency in ("EUR", "JPY", "USD")}
PROFILES = {ref: Profile(ref, currency, f"{currency} <sale>") for currency, ref in REFS.items()}
ARRIVING = ExpectedFigures(NOTHING, NOTHING, ExpectedFigure(4.0, 3.5, 4.75, 3.0, 5.5), NOTHING, 0.75, "own")
ACTIVITY = Activity(AS_OF, 24, 0, 900, 3, 0, 0, (), Verdicts(0, None, 0, 0))


def did(spend: int, value: int | None) -> Quantities:
    value_micros = None if value is None else value * 1_000_000
    return Quantities(1000, 50, spend * 1_000_000, 2_000_000, value_micros)


def report_of(figures: Figures, before: Figures, *, same_age: bool, around: Surroundings) -> DailyReport:
    yesterday = Comparison(DAY - timedelta(days=1), same_age, before)
    last_week = Comparison(DAY - timedelta(days=7), False, {})
    return estimate_daily_report(DAY, AS_OF, figures, PROFILES, yesterday, last_week, (), around)


def around(*currencies: str, value: int = 50) -> Surroundings:
    days = [DAY - timedelta(days=number) for number in range(9, -1, -1)]
    spend = dict.fromkeys((DAY - timedelta(days=number) for number in range(28)), 10_000_000)
    budget = BudgetPace("campaign", "meta:EUR:c-EUR", "EUR <sale>", "EUR", 1, estimate_pacing(spend, 200_000_000, DAY))
    return Surroundings(
        days=tuple(DayTotal(day, one, did(20, value)) for day in days for one in currencies),
        budgets=(budget,),
        activity=ACTIVITY,
    )


def test_a_page_holds_what_happened_what_needs_a_person_and_what_was_done() -> None:
    eur = REFS["EUR"]
    report = report_of({eur: did(1234, 2468)}, {eur: did(1000, 1234)}, same_age=True, around=around("EUR"))
    page = report_html(report)
    for said in ("Tuesday 3 November 2026", "1,234", "2,468", "+23% vs Mon", "+100% vs Mon", "EUR &lt;sale&gt;"):
        assert said in page
    assert "over its plan of 200.00 EUR" in page
    assert "heading for 300.00 EUR" in page
    assert "24 syncs brought 900 new or changed figures" in page
    assert page.count('width="58"') == 7


def test_late_conversions_are_not_called_a_loss() -> None:
    eur = REFS["EUR"]
    page = report_html(report_of({eur: did(50, 20)}, {eur: did(40, 90)}, same_age=False, around=around("EUR")))
    assert "+25% vs Mon" in page
    assert "-78%" not in page
    assert "Largest changes" not in page
    aged = report_html(report_of({eur: did(50, 20)}, {eur: did(40, 90)}, same_age=True, around=around("EUR")))
    assert aged.count("-78%") == 3


def test_many_currencies_stay_short() -> None:
    figures = {ref: did(10, 30) for ref in REFS.values()}
    page = report_html(report_of(figures, {}, same_age=False, around=around(*REFS)))
    assert [page.count(f"The last 7 days, {currency}") for currency in REFS] == [1, 1, 0]
    assert "JPY, 1 campaign<" in page


def test_what_nobody_measured_is_absent_and_draws_no_bar_of_its_own() -> None:
    eur = REFS["EUR"]
    empty = Surroundings(days=(DayTotal(DAY, "EUR", Quantities()),))
    page = report_html(report_of({eur: did(1, None)}, {}, same_age=False, around=empty))
    assert "n/a" in page
    assert "Top campaigns" not in page
    nothing = report_html(report_of({}, {}, same_age=False, around=Surroundings()))
    assert "No facts are known for this day" in nothing


def test_the_other_forms_say_the_same() -> None:
    eur = REFS["EUR"]
    report = report_of({eur: did(10, 30)}, {}, same_age=False, around=around("EUR"))
    text = report_markdown(report)
    assert "| EUR <sale> | 30.00 EUR | 200.00 EUR | 300.00 EUR | over |" in text
    assert "## What adtempo did, and was it right\n\n- 24 syncs brought" in text
    body = report_body(report)
    assert (len(body["days"]), body["budgets"][0]["pace"], body["activity"]["restated"]) == (10, "over", 3)
    bare = replace(report, around=Surroundings())
    assert (report_body(bare)["activity"], report_body(bare)["budgets"]) == (None, [])
    assert report_message(report)[1].startswith("EUR: spend 10.00 EUR · value 30.00 EUR · ROAS 3.00")
    quiet = report_of({}, {}, same_age=False, around=Surroundings())
    assert report_message(quiet)[1].startswith("No facts are known")


def test_a_return_never_stands_without_what_it_will_be() -> None:
    eur = REFS["EUR"]
    day = DayTotal(DAY, "EUR", did(10, 30), ARRIVING)
    expected = Expectations(campaigns={eur: ARRIVING}, currencies={("EUR", "EUR"): ARRIVING})
    report = report_of({eur: did(10, 30)}, {}, same_age=False, around=Surroundings(expected=expected, days=(day,)))
    page = report_html(report)
    said = "expected 4.00 (3.50 to 4.75), 75% arrived"
    assert page.count(said) == 2
    assert ">4.00</td>" in page
    assert f"ROAS 3.00, {said}" in report_message(report)[1]
    assert "| 3.00 | 4.00 (3.50 to 4.75) | 75% |" in report_markdown(report)
    body = report_body(report)
    for line in (body["totals"][0], body["top_campaigns"][0], body["days"][0]):
        assert (line["roas"], line["expected"]["roas"]["value"], line["maturity"]) == (3.0, 4.0, 0.75)
    assert (body["avg_roas"], body["expected_roas"]["high80"], body["maturity"]) == (3.0, 4.75, 0.75)


def test_a_budget_without_a_day_to_learn_from_promises_nothing() -> None:
    budget = BudgetPace("campaign", "meta:EUR:c-EUR", "New", "EUR", 1, estimate_pacing({}, 200_000_000, DAY))
    page = report_html(report_of({REFS["EUR"]: did(1, 2)}, {}, same_age=False, around=Surroundings(budgets=(budget,))))
    assert "0.00 of 200.00" in page
    assert "heading for" not in page
