"""What pages say about figures that are still arriving, and the charts' arrays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import numpy as np
import pytest

from adtempo.charts import DAILY, Chart
from adtempo.charts.calibration import NO_PREDICTIONS, Calibrated, draw_calibration
from adtempo.charts.picture import picture_png, picture_svg
from adtempo.charts.series import NO_FACTS, DailySeries
from adtempo.charts.theme import THEMES, finish_chart
from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.metrics import ABSENT, CONVERSIONS, ROAS
from adtempo.domain.panels import QUANTITIES, Expected, FactTable, MaturedTable, Quantities
from adtempo.tracking.expected import NOTHING, ExpectedFigure, ExpectedFigures
from adtempo.web.pages.choice import Choice
from adtempo.web.pages.figures import Before, View, rank_currencies, view_currency
from adtempo.web.pages.outlook import Matured, Outlook, Shelf, daily_series
from adtempo.web.pages.wording import age_text, campaign_address, expected_text, format_days, number_text

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MARCH = Choice(date(2026, 2, 26), date(2026, 3, 4), currency="EUR")
EUROS, YEN = AccountRef("meta", "1"), AccountRef("google", "2")
ACCOUNTS = {EUROS: Account(EUROS, "Europe/Berlin", "EUR", "Shop"), YEN: Account(YEN, "Asia/Tokyo", "JPY")}
ONE, TWO = CampaignRef("meta", "1", "c1"), CampaignRef("meta", "1", "c2")
THREE = CampaignRef("google", "2", "c3")
NOTHING_BEFORE = Before({}, same_age=False)


def spent(spend: int, value: int = 0, conversions: int = 0) -> Quantities:
    return Quantities(1000, 10, spend * 1_000_000, conversions * 1_000_000, value * 1_000_000)


def will_be(roas: float, maturity: float | None = 0.5) -> ExpectedFigures:
    figure = ExpectedFigure(roas, roas * 0.9, roas * 1.1, roas * 0.8, roas * 1.2)
    return ExpectedFigures(NOTHING, NOTHING, figure, NOTHING, maturity, "own")


def a_month(spend: float = 100.0, late: int = 6) -> DailySeries:
    days = np.arange(np.datetime64("2026-02-01"), np.datetime64("2026-03-03"))
    amounts = np.full(len(days), spend)
    maturity = np.ones(len(days))
    maturity[len(days) - late :] = np.linspace(0.9, 0.3, late)
    return DailySeries(
        days, amounts, 2 * amounts * maturity, 2 * amounts, 1.8 * amounts, 2.2 * amounts, maturity, "EUR"
    )


def view(figures: dict[CampaignRef, Quantities], before: Before = NOTHING_BEFORE, late: int = 6) -> View:
    total = Quantities(
        *(sum(getattr(one, name) for one in figures.values()) for name in ("impressions", "clicks")),
        *(sum(getattr(one, name) for one in figures.values()) for name in QUANTITIES[2:]),
    )
    campaigns = {ref: Matured(one, will_be(2.5)) for ref, one in figures.items()}
    outlook = Outlook(Matured(total, will_be(2.5)), campaigns, {}, a_month(late=late))
    return view_currency(MARCH, ACCOUNTS, {ONE: "First"}, outlook, before, NOW)


def tile(shown: View, name: str) -> tuple[str, str, str, str]:
    found = next(tile for tile in shown.tiles if tile.name == name)
    return found.amount, found.unit, found.change, found.tone


def test_each_currency_has_a_total_of_its_own() -> None:
    figures = {ONE: spent(100, 250), TWO: spent(50, 20), THREE: spent(9000, 9000)}
    totals = rank_currencies(replace(MARCH, currency=None), ACCOUNTS, figures)
    assert [(total.currency, total.spend, total.campaigns) for total in totals] == [
        ("EUR", "150.00", 2),
        ("JPY", "9,000", 1),
    ]
    assert rank_currencies(replace(MARCH, currency="JPY"), ACCOUNTS, figures)[0].currency == "JPY"
    assert rank_currencies(replace(MARCH, currency="USD"), ACCOUNTS, figures)[0].currency == "EUR"


def test_campaigns_are_named_linked_and_ordered_by_spend() -> None:
    shown = view({TWO: spent(50, 20), ONE: spent(100, 250)})
    assert [(row.name, row.address) for row in shown.campaigns] == [
        ("First", "/campaigns/meta/1/c1"),
        ("c2", "/campaigns/meta/1/c2"),
    ]
    assert tile(shown, "Spend") == ("150.00", "EUR", "nothing to compare with", "")


def test_a_return_that_is_still_arriving_never_stands_alone() -> None:
    shown = view({ONE: spent(100, 120)})
    roas = next(tile for tile in shown.tiles if tile.name == "ROAS")
    assert (roas.amount, roas.expected) == ("1.20", "2.50 (2.25 to 2.75)")
    assert any("50% of the expected final figure has been reported" in line for line in roas.explain)
    assert any("the account's own delays" in line for line in roas.explain)
    names = [column.name for column in shown.columns]
    assert names.index("Expected ROAS") == names.index("ROAS") + 1
    assert shown.campaigns[0].cells[names.index("Expected ROAS")].text == "2.50 (2.25 to 2.75)"


def test_a_complete_period_expects_nothing_more() -> None:
    shown = view({ONE: spent(100, 250)}, late=0)
    assert [tile.expected for tile in shown.tiles] == [""] * len(shown.tiles)
    assert shown.arriving == ""


def test_the_tail_begins_where_less_than_95_percent_has_arrived() -> None:
    assert a_month(late=6).arriving_from == 24
    assert a_month(late=0).arriving_from == 30
    assert "from Wed 25 Feb on" in view({ONE: spent(1)}).arriving


def test_a_day_that_comes_to_next_to_nothing_does_not_begin_the_tail() -> None:
    month = a_month(late=3)
    expected, maturity = month.expected.copy(), month.maturity.copy()
    expected[2], maturity[2] = 0.01, 0.0
    assert replace(month, expected=expected, maturity=maturity).arriving_from == 27


def test_better_and_worse_are_told_apart_by_what_the_metric_means() -> None:
    before = Before({ONE: spent(100, 200, 10)}, same_age=True)
    shown = view({ONE: spent(120, 300, 10)}, before)
    assert tile(shown, "Spend")[2:] == ("▲ 20.0%", "")
    assert tile(shown, "ROAS")[2:] == ("▲ 25.0%", "good")
    assert tile(shown, "CPA")[2:] == ("▲ 20.0%", "bad")
    assert tile(shown, "CTR")[2:] == ("unchanged", "")


def test_the_comparison_says_whether_it_is_fair() -> None:
    for same_age, words in ((True, "as it looked at the same age"), (False, "as known now")):
        shown = view({ONE: spent(1)}, Before({ONE: spent(1)}, same_age=same_age))
        assert words in shown.tiles[0].explain[-1]
        assert "19 Feb to 25 Feb 2026" in shown.tiles[0].explain[-1]


def test_no_conversions_is_no_value_and_sorts_as_none() -> None:
    shown = view({ONE: spent(100)})
    assert tile(shown, "CPA")[0] == ABSENT
    names = [column.name for column in shown.columns]
    assert shown.campaigns[0].cells[names.index("CPA, EUR")].value is None


def test_numbers_and_moments_in_words() -> None:
    assert format_days(date(2025, 12, 30), date(2026, 1, 2)) == "30 Dec 2025 to 2 Jan 2026"
    assert format_days(date(2026, 1, 2), date(2026, 1, 2)) == "2 Jan 2026"
    assert number_text(CONVERSIONS, 12.5, "EUR") == "12.5"
    assert number_text(CONVERSIONS, 12, "EUR") == "12"
    assert expected_text(ROAS, ExpectedFigure(2.0, 2.0, 2.0, 2.0, 2.0), "EUR") == "2.00"
    assert expected_text(ROAS, ExpectedFigure(2.0, 1.0, None, 1.0, None), "EUR") == "2.00 (1.00 to ∞)"
    assert expected_text(ROAS, NOTHING, "EUR") == ""
    ages = [timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=30), timedelta(days=3)]
    assert [age_text(NOW - age, NOW) for age in ages] == ["just now", "5 min ago", "30 h ago", "3 days ago"]


def test_an_address_survives_any_id() -> None:
    assert campaign_address(CampaignRef("other", "a b", "name:50% off / all")) == (
        "/campaigns/other/a%20b/name%3A50%25%20off%20%2F%20all"
    )


def test_daily_series_leave_unseen_days_empty() -> None:
    facts = FactTable(
        {"day_local": np.array(["2026-02-27"], dtype="datetime64[D]")},
        {name: np.array([5_000_000]) for name in QUANTITIES},
        {name: np.array([True]) for name in QUANTITIES},
    )
    five = np.array([5.0])
    expected = Expected(five, five, five, five, five, np.array([1.0]), np.array(["own"], object))
    series = daily_series(MaturedTable(facts, expected, expected), MARCH)
    assert len(series.days) == 7
    assert series.spend[1] == 5.0
    assert np.isnan(series.spend[[0, 2, 3, 4, 5, 6]]).all()
    assert series.arriving_from == 7


def test_a_shelf_computes_once_and_forgets_the_oldest() -> None:
    shelf, made = Shelf(), count()
    assert [shelf.take("a", lambda: next(made)) for _ in range(2)] == [0, 0]
    for number in range(100):
        shelf.take(number, lambda: None)
    assert shelf.take("a", lambda: next(made)) == 1


@pytest.mark.parametrize("chart", DAILY, ids=lambda chart: chart.name)
@pytest.mark.parametrize("theme", THEMES)
def test_every_chart_is_a_picture_in_every_theme(chart: Chart, theme: str) -> None:
    document = finish_chart(chart.draw(a_month()), theme, 480, 200)
    assert picture_png(document).startswith(b"\x89PNG")
    svg = picture_svg(document)
    assert "still arriving" in svg
    assert "Expected final" in svg
    assert THEMES[theme].series[0] in svg


@pytest.mark.parametrize("chart", DAILY, ids=lambda chart: chart.name)
def test_a_chart_of_complete_days_shades_nothing(chart: Chart) -> None:
    drawn = chart.draw(a_month(late=0))
    assert "still arriving" not in picture_svg(finish_chart(drawn, "light", 480, 200))


@pytest.mark.parametrize("chart", DAILY, ids=lambda chart: chart.name)
def test_a_chart_without_facts_says_so(chart: Chart) -> None:
    drawn = chart.draw(a_month(float("nan")))
    assert NO_FACTS in picture_svg(finish_chart(drawn, "light", 480, 200))


def test_calibration_is_a_picture_and_says_when_there_is_none() -> None:
    points = [Calibrated(0.1, 0.12, 0.05, 0.2, 60), Calibrated(0.9, 0.85, 0.75, 0.92, 60)]
    assert "Predicted quantile" in picture_svg(finish_chart(draw_calibration(points), "dark", 300, 300))
    assert NO_PREDICTIONS in picture_svg(finish_chart(draw_calibration([]), "light", 300, 300))
