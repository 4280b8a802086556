"""Errors, accuracy, coverage and calibration, on numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.domain.errors import InvalidInput
from adtempo.domain.predictions import Actual, Prediction, RecordedPrediction, Scope
from adtempo.predictions.score import (
    Accuracy,
    Share,
    accuracy_of,
    calibrate,
    compare_value,
    group_of,
    horizon_of,
    score,
    share_of,
    split,
)

T = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = date(2026, 3, 10)
INTERVAL = {"low95": 1.0, "low80": 1.5, "high80": 2.5, "high95": 3.0}
ROAS = Prediction("p", Scope("meta", "1", "c"), "roas", DAY, DAY, 2.0, "m", T, INTERVAL)
numbers = st.floats(-1e12, 1e12)


def actual(value: float | None) -> Actual:
    return Actual(value, 1.0, T, 7)


def compared(prediction: Prediction, value: float | None, horizon_days: int = 6) -> RecordedPrediction:
    comparison = compare_value(prediction, actual(value))
    return RecordedPrediction(prediction, T, "ann", horizon_days, late=False, compared_at=T, comparison=comparison)


def test_a_comparison_says_how_far_off_and_whether_inside() -> None:
    found = compare_value(ROAS, actual(2.8))
    assert (found.inside80, found.inside95) == (False, True)
    assert isclose(found.error or 0, -0.8)
    assert isclose(found.relative_error or 0, -0.8 / 2.8)
    assert isclose(found.accuracy or 0, 100 * (1 - 0.8 / 2.8))


def test_without_an_interval_nothing_is_inside_or_outside() -> None:
    found = compare_value(replace(ROAS, interval={}), actual(2.0))
    assert (found.inside80, found.inside95, found.accuracy) == (None, None, 100.0)


def test_an_actual_of_zero_has_no_relative_error() -> None:
    found = compare_value(ROAS, actual(0.0))
    assert (found.error, found.relative_error, found.accuracy) == (2.0, None, 0.0)


def test_a_window_without_value_is_compared_and_says_nothing() -> None:
    found = compare_value(ROAS, actual(None))
    assert (found.error, found.relative_error, found.inside80, found.accuracy) == (None, None, None, None)
    assert score([compared(ROAS, None)]) == Accuracy(0, 0, None, None, None, None, None, None)
    assert calibrate([compared(ROAS, None), RecordedPrediction(ROAS, T, "ann", 6, late=False)]) == []


def test_the_mean_is_over_forecasts_not_over_numbers() -> None:
    ctr = replace(ROAS, prediction_id="q", metric="ctr", value=1.0, interval={})
    alone = replace(ROAS, prediction_id="r", since=date(2026, 3, 9), interval={})
    found = score([compared(ROAS, 4.0), compared(ctr, 1.0), compared(alone, 2.0)])
    assert (found.count, found.groups) == (3, 2)
    assert found.avg_accuracy == (75.0 + 100.0) / 2
    assert (found.roas_accuracy, found.ctr_accuracy) == (75.0, 100.0)
    assert isclose(found.bias or 0, -0.5 / 3)
    assert found.coverage80 is not None
    assert (found.coverage80.value, found.coverage80.count) == (0.0, 1)


def test_forecasts_of_different_horizons_are_different_forecasts() -> None:
    groups = split([compared(ROAS, 2.0, 1), compared(ROAS, 2.0, 6), compared(ROAS, 2.0, 1)], group_of)
    assert [len(group) for group in groups] == [2, 1]


def test_calibration_counts_the_truth_at_or_below_each_quantile() -> None:
    points = calibrate([compared(ROAS, value) for value in (0.5, 1.0, 2.0, 2.9)])
    assert [(point.predicted, point.observed.value) for point in points] == [
        (0.025, 0.5),
        (0.1, 0.5),
        (0.9, 0.75),
        (0.975, 1.0),
    ]
    assert calibrate([compared(replace(ROAS, interval={}), 2.0)]) == []


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Newcombe (1998), table I: 81 of 263 is 0.2553 to 0.3662; 0 of 20 is 0 to 0.1611."""
    found = share_of([True] * 81 + [False] * 182 + [None])
    assert found is not None
    assert found.count == 263
    assert (round(found.low95, 4), round(found.high95, 4)) == (0.2553, 0.3662)
    nothing = share_of([False] * 20)
    assert nothing is not None
    assert (nothing.low95, round(nothing.high95, 4)) == (0.0, 0.1611)
    assert share_of([None]) is None


def test_horizons_have_names() -> None:
    assert [horizon_of(days) for days in (0, 1, 2, 7, 8, 28, 29)] == [
        *("today", "1 day", "2-7 days", "2-7 days", "8-28 days", "8-28 days", "over 28 days")
    ]


@given(predicted=numbers, real=numbers)
def test_accuracy_lies_between_0_and_100_and_is_100_for_the_truth(predicted: float, real: float) -> None:
    assert 0 <= accuracy_of(predicted, real) <= 100
    assert accuracy_of(real, real) == 100


@given(predicted=st.floats(0.01, 1e6), real=st.floats(0.01, 1e6), power=st.integers(-6, 6))
def test_accuracy_does_not_depend_on_the_unit(predicted: float, real: float, power: int) -> None:
    scale = 2.0**power
    assert isclose(accuracy_of(predicted, real), accuracy_of(predicted * scale, real * scale), abs_tol=1e-9)


@given(hits=st.lists(st.booleans(), min_size=1))
def test_the_interval_of_a_share_holds_the_share(hits: list[bool]) -> None:
    found = share_of(hits)
    assert isinstance(found, Share)
    assert 0 <= found.low95 <= found.value <= found.high95 <= 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metric": "reach"}, "cannot be added up"),
        ({"metric": "frequency"}, "cannot be added up"),
        ({"metric": "luck"}, "there is no metric"),
        ({"prediction_id": ""}, "needs an id"),
        ({"model": ""}, "name of its model"),
        ({"until": date(2026, 3, 9)}, "swap them"),
        ({"value": float("nan")}, "finite"),
        ({"value": float("inf")}, "finite"),
        ({"interval": {"low80": float("nan"), "high80": 1.0}}, "finite"),
        ({"interval": {"low80": 1.0}}, "two ends"),
        ({"interval": {"high95": 1.0}}, "two ends"),
        ({"interval": {"low80": 2.0, "high80": 1.0}}, "must rise"),
        ({"interval": {**INTERVAL, "low95": 1.7}}, "must rise"),
    ],
)
def test_a_prediction_that_says_nothing_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        replace(ROAS, **change)  # type: ignore[arg-type]


def test_a_scope_is_a_campaign_an_account_or_a_channel() -> None:
    campaign, account, channel = Scope("meta", "1", "c"), Scope("meta", "1"), Scope("meta")
    assert [str(scope) for scope in (campaign, account, channel)] == ["meta:1:c", "meta:1", "meta"]
    assert str(campaign.campaign) == "meta:1:c"
    assert (account.campaign, channel.campaign, channel.account) == (None, None, None)
    with pytest.raises(InvalidInput, match="needs its account"):
        Scope("meta", None, "c")
    with pytest.raises(InvalidInput, match="no platform"):
        Scope("myspace")
    with pytest.raises(InvalidInput, match="in one currency; not search None"):
        Scope("meta", channel="search")


def test_a_scope_may_be_a_page_which_belongs_to_no_ad_account() -> None:
    assert str(Scope("other", page_name="ava")) == "page:ava"
    with pytest.raises(InvalidInput, match="page ava belongs to no ad account"):
        Scope("meta", "1", page_name="ava")
