import numpy as np
import pytest

from adtempo.domain.errors import CurrenciesMixed, InvalidInput, Kind
from adtempo.domain.metrics import (
    CLICKS,
    CONVERSIONS,
    CPA,
    CPC,
    CTR,
    FREQUENCY,
    METRICS,
    ROAS,
    SPEND,
    Metric,
    Unit,
    blend,
    cost_per_result,
    find_metric,
    format_value,
    plain_value,
    value_of,
    values_of,
)
from adtempo.domain.panels import Quantities

DAY = Quantities(
    impressions=40_000,
    clicks=500,
    spend_micros=250_000_000,
    conversions_micros=12_500_000,
    conversion_value_micros=1_000_000_000,
    reach=16_000,
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spend", 250_000_000),
        ("impressions", 40_000),
        ("clicks", 500),
        ("conversions", 12.5),
        ("conversion_value", 1_000_000_000),
        ("reach", 16_000),
        ("frequency", 2.5),
        ("roas", 4.0),
        ("ctr", 1.25),
        ("cpc", 500_000.0),
        ("cpm", 6_250_000.0),
        ("cpa", 20_000_000.0),
        ("cvr", 2.5),
    ],
)
def test_a_day_worked_out_by_hand(name: str, value: float) -> None:
    assert value_of(find_metric(name), DAY) == value


def test_reports_show_every_metric_in_one_order() -> None:
    names = [metric.name for metric in METRICS]
    assert names == (
        "spend impressions clicks conversions conversion_value reach frequency roas ctr cpc cpm cpa cvr".split()
    )


def test_every_ratio_states_its_formula() -> None:
    for metric in METRICS:
        assert metric.description.endswith(".")
        assert ("/" in metric.description) == (metric.denominator is not None)


def test_an_unknown_metric_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="there is no metric 'roi'; choose one of spend, impressions"):
        find_metric("roi")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_what_nobody_measured_has_no_value(metric: Metric) -> None:
    assert value_of(metric, Quantities()) is None


@pytest.mark.parametrize("denominator", [0, -5])
def test_without_a_denominator_above_zero_there_is_no_value_and_not_zero(denominator: int) -> None:
    assert value_of(CTR, Quantities(clicks=0, impressions=denominator)) is None


def test_a_measured_zero_is_zero() -> None:
    assert value_of(CTR, Quantities(clicks=0, impressions=10)) == 0
    assert value_of(CLICKS, Quantities(clicks=0)) == 0


def test_sums_too_large_for_a_double_still_divide_exactly() -> None:
    thirds = Quantities(spend_micros=3 * (2**60 + 1), clicks=3)
    assert value_of(CPC, thirds) == float(2**60 + 1)
    assert value_of(SPEND, Quantities(spend_micros=2**53 + 1)) == 2**53 + 1


def test_many_groups_at_once_have_no_value_where_one_group_has_none() -> None:
    sums = {"spend_micros": np.array([10, 10, 10, 2**62]), "clicks": np.array([4, 0, 4, 2**61])}
    measured = {"spend_micros": np.array([True, True, False, True]), "clicks": np.array([True, True, True, True])}
    np.testing.assert_array_equal(values_of(CPC, sums, measured), [2.5, np.nan, np.nan, 2.0])
    np.testing.assert_array_equal(values_of(SPEND, sums, measured), [10, 10, np.nan, 2.0**62])


def test_reach_that_was_never_reported_gives_no_frequency() -> None:
    sums = {"impressions": np.array([7])}
    assert np.isnan(values_of(FREQUENCY, sums, {"impressions": np.array([True])})).all()


def test_no_groups_give_no_values() -> None:
    nothing = {"clicks": np.array([], np.int64), "impressions": np.array([], np.int64)}
    assert values_of(CTR, nothing, {name: np.array([], bool) for name in nothing}).shape == (0,)


def test_cost_per_result_takes_spend_from_the_main_figures_and_count_from_the_type() -> None:
    leads = Quantities(conversions_micros=50_000_000)
    assert cost_per_result(DAY, leads) == 5_000_000
    assert cost_per_result(DAY, Quantities(conversions_micros=0)) is None


def test_a_blend_is_a_ratio_of_sums_and_not_a_mean_of_ratios() -> None:
    small = Quantities(spend_micros=1_000_000, conversion_value_micros=10_000_000)
    large = Quantities(spend_micros=99_000_000, conversion_value_micros=99_000_000)
    currency, both = blend([("EUR", small), ("EUR", large)])
    assert currency == "EUR"
    assert value_of(ROAS, both) == 1.09


def test_a_blend_knows_what_any_part_knows_but_never_reach() -> None:
    _, both = blend([("EUR", DAY), ("EUR", Quantities(clicks=1))])
    assert (both.clicks, both.impressions, both.reach) == (501, 40_000, None)
    assert blend([("EUR", Quantities(clicks=1))])[1].impressions is None


def test_currencies_are_not_blended_without_rates() -> None:
    with pytest.raises(CurrenciesMixed, match="EUR and JPY cannot be added; import exchange rates first") as caught:
        blend([("JPY", DAY), ("EUR", DAY), ("JPY", DAY)])
    assert caught.value.currencies == ("EUR", "JPY")
    assert caught.value.kind is Kind.INVALID


def test_nothing_cannot_be_blended() -> None:
    with pytest.raises(InvalidInput, match="nothing to add up"):
        blend([])


@pytest.mark.parametrize(
    ("name", "value", "currency", "shown"),
    [
        ("spend", 1_234_567_890, "USD", "1234.57 USD"),
        ("spend", 1_234_567_890, "JPY", "1235 JPY"),
        ("spend", 0, "USD", "0.00 USD"),
        ("cpc", 3_400.0, "USD", "0.0034 USD"),
        ("cpc", 345_678.4, "KWD", "0.346 KWD"),
        ("ctr", 1.256, "USD", "1.26%"),
        ("roas", 3.14159, "USD", "3.14"),
        ("impressions", 1_200_300, "USD", "1,200,300"),
        ("conversions", 12.5, "USD", "12.5"),
        ("roas", None, "USD", "n/a"),
        ("roas", float("nan"), "USD", "n/a"),
    ],
)
def test_people_see_values_with_their_units(name: str, value: float | None, currency: str, shown: str) -> None:
    assert format_value(find_metric(name), value, currency) == shown


def test_machines_get_amounts_as_decimal_strings_and_the_rest_as_numbers() -> None:
    assert plain_value(SPEND, 12_340_000) == "12.34"
    assert plain_value(CPA, 1_234_567.0) == "1.234567"
    assert plain_value(CONVERSIONS, 12.5) == 12.5
    assert plain_value(ROAS, float("nan")) is None


def test_units_are_micros_wherever_a_metric_is_an_amount() -> None:
    assert {metric.name for metric in METRICS if metric.unit is Unit.MICROS} == {
        "spend",
        "conversion_value",
        "cpc",
        "cpm",
        "cpa",
    }
