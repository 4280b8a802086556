"""Expected figures of a group: returns follow from value and conversions, intervals with them."""

from __future__ import annotations

import numpy as np
import pytest

from adtempo.domain.panels import QUANTITIES, Expected, FactTable, MaturedTable
from adtempo.tracking.expected import NOTHING, ExpectedFigure, estimate_expected


def bounds(figure: ExpectedFigure) -> list[float | None]:
    return [figure.value, figure.low80, figure.high80, figure.low95, figure.high95]


def expected(value: float, basis: str = "own", maturity: float = 0.5) -> Expected:
    centre, low80, high80, low95, high95 = (np.array([factor * value]) for factor in (1.0, 0.8, 1.3, 0.7, 1.5))
    return Expected(centre, low80, high80, low95, high95, np.array([maturity]), np.array([basis], object))


def matured(spend_micros: int | None, conversions: Expected, value: Expected | None = None) -> MaturedTable:
    sums = {name: np.array([0]) for name in QUANTITIES} | {"spend_micros": np.array([spend_micros or 0])}
    measured = {name: np.array([name != "spend_micros" or spend_micros is not None]) for name in QUANTITIES}
    facts = FactTable({"campaign_id": np.array(["c1"], object)}, sums, measured)
    return MaturedTable(facts, conversions, value or expected(np.nan, "none", np.nan))


def test_return_and_cost_follow_from_what_will_come() -> None:
    found = estimate_expected(matured(100_000_000, expected(10.0), expected(400.0, maturity=0.6)), 0)
    assert bounds(found.roas) == pytest.approx([4.0, 3.2, 5.2, 2.8, 6.0])
    assert bounds(found.cpa) == pytest.approx([10, 100 / 13, 12.5, 100 / 15, 100 / 7])
    assert (found.maturity, found.basis) == (0.6, "own")


def test_no_spend_has_no_return_and_costs_nothing() -> None:
    found = estimate_expected(matured(0, expected(10.0), expected(400.0)), 0)
    assert found.roas is NOTHING
    assert found.cpa == ExpectedFigure(0, 0, 0, 0, 0)


def test_spend_that_nobody_measured_gives_neither() -> None:
    found = estimate_expected(matured(None, expected(10.0), expected(400.0)), 0)
    assert found.roas is NOTHING
    assert found.cpa is NOTHING


def test_conversions_without_value_lead() -> None:
    found = estimate_expected(matured(100_000_000, expected(10.0, "platform", 0.3)), 0)
    assert found.conversion_value is NOTHING
    assert (found.maturity, found.basis) == (0.3, "platform")
    assert found.roas == NOTHING


def test_nothing_measured_is_nothing_expected() -> None:
    found = estimate_expected(matured(100_000_000, expected(np.nan, "none", np.nan)), 0)
    assert found.conversions is NOTHING
    assert found.maturity is None


def test_none_expected_has_no_cost() -> None:
    found = estimate_expected(matured(100_000_000, expected(0.0, maturity=1.0)), 0)
    assert found.cpa == NOTHING
