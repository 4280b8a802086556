"""How much of a window has arrived: judged by the account's own learnt delays, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.panels import QUANTITIES, Expected, FactTable, MaturedTable
from adtempo.predictions.actuals import share_arrived

ONE, TWO = CampaignRef("meta", "1", "a"), CampaignRef("meta", "1", "b")


def table(
    reported: list[int], final: list[float], basis: tuple[str, str] = ("own", "shrunk"), measured: bool = True
) -> MaturedTable:
    """Two campaigns, reported in whole units and expected in whole units."""
    keys = {name: np.array(pair, object) for name, pair in (("platform", ("meta",) * 2), ("account_id", ("1",) * 2))}
    keys["campaign_id"] = np.array(["a", "b"], object)
    sums = {name: np.array(reported, np.int64) * 1_000_000 for name in QUANTITIES}
    mask = {name: np.array([True, measured]) for name in QUANTITIES}
    value = np.array(final)
    expected = Expected(value, value, value, value, value, value, np.array(basis, object))
    return MaturedTable(FactTable(keys, sums, mask), expected, expected)


@pytest.mark.parametrize("quantity", ["conversions_micros", "conversion_value_micros"])
def test_the_share_is_of_sums(quantity: str) -> None:
    found = table([99, 1], [100.0, 4.0])
    assert share_arrived(found, {ONE, TWO}, quantity) == 100 / 104
    assert share_arrived(found, {ONE}, quantity) == 0.99
    assert share_arrived(found, {TWO}, quantity) == 0.25


def test_a_guess_is_no_reason_to_stop_waiting() -> None:
    for basis in ("prior", "platform", "none"):
        assert share_arrived(table([100, 100], [100.0, 100.0], ("own", basis)), {ONE, TWO}, "conversions_micros") == 0
        assert share_arrived(table([100, 100], [100.0, 100.0], ("own", basis)), {ONE}, "conversions_micros") == 1


def test_what_nobody_measured_does_not_count_and_nothing_is_not_all() -> None:
    assert share_arrived(table([10, 0], [20.0, np.nan], measured=False), {ONE, TWO}, "conversions_micros") == 0.5
    assert share_arrived(table([0, 0], [0.0, 0.0]), {ONE, TWO}, "conversions_micros") == 0.0
    assert share_arrived(table([11, 0], [10.0, 0.0]), {ONE, TWO}, "conversions_micros") == 1.0
