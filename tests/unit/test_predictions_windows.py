"""Sums over windows of days, and how much of a window has arrived: by the account's own delays, or not at all."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.panels import QUANTITIES, Expected, FactTable, MaturedTable, Quantities
from adtempo.predictions.windows import arrivals_by_day, figures_by_day, figures_of, share_arrived

ONE, TWO = CampaignRef("meta", "1", "a"), CampaignRef("meta", "1", "b")
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 9)


def table(
    reported: list[int], final: list[float], basis: tuple[str, str] = ("own", "shrunk"), measured: bool = True
) -> MaturedTable:
    """One day of two campaigns, reported in whole units and expected in whole units."""
    keys = {name: np.array(pair, object) for name, pair in (("platform", ("meta",) * 2), ("account_id", ("1",) * 2))}
    keys["campaign_id"] = np.array(["a", "b"], object)
    keys["day_local"] = np.array([FIRST, FIRST], "datetime64[D]")
    sums = {name: np.array(reported, np.int64) * 1_000_000 for name in QUANTITIES}
    mask = {name: np.array([True, measured]) for name in QUANTITIES}
    value = np.array(final)
    expected = Expected(value, value, value, value, value, value, np.array(basis, object))
    return MaturedTable(FactTable(keys, sums, mask), expected, expected)


def share(found: MaturedTable, campaigns: set[CampaignRef], quantity: str = "conversions_micros") -> float:
    return share_arrived(arrivals_by_day(found).of_campaigns(campaigns).window(FIRST, LAST), quantity)


@pytest.mark.parametrize("quantity", ["conversions_micros", "conversion_value_micros"])
def test_the_share_is_of_sums(quantity: str) -> None:
    found = table([99, 1], [100.0, 4.0])
    assert share(found, {ONE, TWO}, quantity) == 100 / 104
    assert share(found, {ONE}, quantity) == 0.99
    assert share(found, {TWO}, quantity) == 0.25


def test_a_guess_is_no_reason_to_stop_waiting() -> None:
    for basis in ("prior", "platform", "none"):
        assert share(table([100, 100], [100.0, 100.0], ("own", basis)), {ONE, TWO}) == 0
        assert share(table([100, 100], [100.0, 100.0], ("own", basis)), {ONE}) == 1


def test_what_nobody_measured_does_not_count_and_nothing_is_not_all() -> None:
    assert share(table([10, 0], [20.0, np.nan], measured=False), {ONE, TWO}) == 0.5
    assert share(table([0, 0], [0.0, 0.0]), {ONE, TWO}) == 0.0
    assert share(table([11, 0], [10.0, 0.0]), {ONE, TWO}) == 1.0


def test_a_campaign_without_facts_adds_nothing() -> None:
    days = figures_by_day(table([1, 2], [1.0, 2.0]).facts).of_campaigns([CampaignRef("meta", "1", "z")])
    assert figures_of(days.window(FIRST, LAST)) is None
    empty = FactTable(
        {name: np.array([], object) for name in ("platform", "account_id", "campaign_id")}
        | {"day_local": np.array([], "datetime64[D]")},
        {name: np.array([], np.int64) for name in QUANTITIES},
        {name: np.array([], bool) for name in QUANTITIES},
    )
    assert figures_of(figures_by_day(empty).of_campaigns([ONE]).window(FIRST, LAST)) is None


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.integers(0, 8)), st.none() | st.integers(0, 1 << 50), min_size=1
    ),
    st.tuples(st.integers(-2, 10), st.integers(-2, 10)).map(sorted),
    st.sets(st.sampled_from("abcz")),
)
def test_a_window_is_the_sum_of_its_cells(
    cells: dict[tuple[str, int], int | None], window: list[int], wanted: set[str]
) -> None:
    rows = sorted(cells)
    begin = np.datetime64(FIRST)
    keys = {"platform": np.array(["meta"] * len(rows), object), "account_id": np.array(["1"] * len(rows), object)}
    keys["campaign_id"] = np.array([name for name, _ in rows], object)
    keys["day_local"] = np.array([begin + day for _, day in rows], "datetime64[D]")
    clicks = np.array([cells[row] or 0 for row in rows], np.int64)
    measured = np.array([cells[row] is not None for row in rows])
    facts = FactTable(keys, dict.fromkeys(QUANTITIES, clicks), dict.fromkeys(QUANTITIES, measured))
    since, until = ((begin + day).item() for day in window)
    days = figures_by_day(facts).of_campaigns([CampaignRef("meta", "1", name) for name in wanted])
    counted = [
        found
        for (name, day), found in cells.items()
        if name in wanted and window[0] <= day <= window[1] and found is not None
    ]
    expected = Quantities(**dict.fromkeys(QUANTITIES, sum(counted))) if counted else None
    assert figures_of(days.window(since, until)) == expected
