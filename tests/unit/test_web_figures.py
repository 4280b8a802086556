"""What the overview says about the facts, and the charts' arrays."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.metrics import ABSENT
from adtempo.domain.panels import QUANTITIES, FactTable, Quantities
from adtempo.web.charts import CHARTS
from adtempo.web.charts.series import NO_FACTS, DailySeries
from adtempo.web.charts.theme import THEMES, finish_chart, picture_png, picture_svg
from adtempo.web.pages.figures import Before, Choice, View, daily_series, format_days, view_currency

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MARCH = Choice(date(2026, 2, 26), date(2026, 3, 4))
EUROS, YEN = AccountRef("meta", "1"), AccountRef("google", "2")
ACCOUNTS = {EUROS: Account(EUROS, "Europe/Berlin", "EUR", "Shop"), YEN: Account(YEN, "Asia/Tokyo", "JPY")}
ONE, TWO = CampaignRef("meta", "1", "c1"), CampaignRef("meta", "1", "c2")
THREE = CampaignRef("google", "2", "c3")
NOTHING_BEFORE = Before({}, same_age=False)


def spent(spend: int, value: int = 0, conversions: int = 0) -> Quantities:
    return Quantities(1000, 10, spend * 1_000_000, conversions * 1_000_000, value * 1_000_000)


def view(figures: dict[CampaignRef, Quantities], before: Before = NOTHING_BEFORE, choice: Choice = MARCH) -> View:
    shown = view_currency(choice, ACCOUNTS, {ONE: "First"}, figures, before, NOW)
    assert shown is not None
    return shown


def tile(shown: View, name: str) -> tuple[str, str, str, str]:
    found = next(tile for tile in shown.tiles if tile.name == name)
    return found.amount, found.unit, found.change, found.tone


def test_each_currency_has_a_total_of_its_own() -> None:
    shown = view({ONE: spent(100, 250), TWO: spent(50, 20), THREE: spent(9000, 9000)})
    assert [(total.currency, total.spend, total.roas) for total in shown.currencies] == [
        ("EUR", "150.00", "1.80"),
        ("JPY", "9,000", "1.00"),
    ]
    assert tile(shown, "Spend") == ("150.00", "EUR", "nothing to compare with", "")
    assert [row.name for row in shown.campaigns] == ["First", "c2"]


def test_a_chosen_currency_is_shown_and_an_unknown_one_is_not() -> None:
    figures = {ONE: spent(100), THREE: spent(9000)}
    assert view(figures, choice=Choice(MARCH.since, MARCH.until, currency="JPY")).currency == "JPY"
    assert view(figures, choice=Choice(MARCH.since, MARCH.until, currency="USD")).currency == "EUR"


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
        assert words in shown.tiles[0].compared
        assert "19 Feb to 25 Feb 2026" in shown.tiles[0].compared


def test_no_conversions_is_no_value_and_sorts_as_none() -> None:
    shown = view({ONE: spent(100)})
    assert tile(shown, "CPA")[0] == ABSENT
    names = [column.name for column in shown.columns]
    assert shown.campaigns[0].cells[names.index("CPA, EUR")].value is None


def test_days_still_arriving_are_announced_only_where_there_are_some() -> None:
    assert "still arriving" in view({ONE: spent(1)}).arriving
    assert view({ONE: spent(1)}, choice=Choice(date(2026, 1, 1), date(2026, 1, 31))).arriving == ""


def test_without_facts_there_is_nothing_to_view() -> None:
    assert view_currency(MARCH, ACCOUNTS, {}, {}, NOTHING_BEFORE, NOW) is None


def test_a_period_across_years_names_both() -> None:
    assert format_days(date(2025, 12, 30), date(2026, 1, 2)) == "30 Dec 2025 to 2 Jan 2026"


def test_daily_series_keep_currencies_apart_and_unseen_days_empty() -> None:
    keys = {
        "platform": np.array(["meta", "google"], dtype=object),
        "account_id": np.array(["1", "2"], dtype=object),
        "day_local": np.array(["2026-02-27", "2026-02-27"], dtype="datetime64[D]"),
    }
    sums = {name: np.array([5_000_000, 9_000_000]) for name in QUANTITIES}
    measured = {name: np.array([True, True]) for name in QUANTITIES}
    choice = Choice(MARCH.since, MARCH.until, currency="EUR")
    series = daily_series(FactTable(keys, sums, measured), ACCOUNTS, choice, NOW)
    assert len(series.days) == 7
    assert series.spend[1] == 5.0
    assert np.isnan(series.spend[[0, 2, 3, 4, 5, 6]]).all()
    assert series.arriving_from == date(2026, 2, 26)


def a_month(spend: float) -> DailySeries:
    days = np.arange(np.datetime64("2026-02-01"), np.datetime64("2026-03-03"))
    amounts = np.full(len(days), spend)
    return DailySeries(days, amounts, 2 * amounts, "EUR", date(2026, 2, 25))


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
@pytest.mark.parametrize("theme", THEMES)
def test_every_chart_is_a_picture_in_every_theme(chart: object, theme: str) -> None:
    document = finish_chart(chart.draw(a_month(100.0)), theme, 480, 200)  # type: ignore[attr-defined]
    assert picture_png(document).startswith(b"\x89PNG")
    svg = picture_svg(document)
    assert "still arriving" in svg
    assert THEMES[theme].series[0] in svg


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_a_chart_without_facts_says_so(chart: object) -> None:
    drawn = chart.draw(a_month(float("nan")))  # type: ignore[attr-defined]
    assert NO_FACTS in picture_svg(finish_chart(drawn, "light", 480, 200))
