"""Schedules: exact to the minor unit in every currency; what is exported and read back is what it was."""

from __future__ import annotations

from datetime import date
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adtempo.dayparts.exports import EXPORTS, Export, Sheet, by_hour
from adtempo.dayparts.exports.google import GOOGLE, PIECES_MAX, fit_pieces
from adtempo.domain.accounts import Platform
from adtempo.domain.money import Money, minor_unit_micros
from adtempo.domain.schedules import WeekPlan, allocate

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "HUF", "CLF", "INR", "ISK", "TWD"])
MULTIPLIERS = st.sampled_from([0.0, 0.1, 0.5, 1.0, 1.2, 1.5, 2.37, 3.0, 10.0])
DAYS = st.lists(MULTIPLIERS, min_size=24, max_size=24).filter(any)
WEEKS = st.lists(MULTIPLIERS, min_size=168, max_size=168).map(tuple)

SHEET = Sheet("A, plan; of ours", "EUR", "Europe/Berlin", date(2026, 3, 4), (1.0,) * 168, ("1.00",) * 168)


def is_runnable(week: tuple[float, ...]) -> bool:
    return all(any(week[start : start + 24]) for start in range(0, 168, 24))


@given(DAYS, CURRENCIES, st.sampled_from(list(Platform)), st.integers(10_000, 10**9))
def test_hours_sum_to_the_budget_exactly_in_every_currency(
    hours: list[float], currency: str, platform: Platform, units: int
) -> None:
    unit = minor_unit_micros(currency, platform)
    total = Money(units * unit, currency)
    parts = allocate(total, hours, platform)
    assert sum(part.micros for part in parts) == total.micros
    assert all(part.micros % unit == 0 for part in parts)
    assert [part.micros > 0 for part in parts] == [one > 0 for one in hours]
    per_unit = units / sum(hours)
    assert all(abs(part.micros / unit - one * per_unit) < 1 + 1e-6 for part, one in zip(parts, hours, strict=True))


@settings(max_examples=30)
@given(DAYS, WEEKS.filter(is_runnable), CURRENCIES)
def test_each_day_of_a_week_sums_to_the_daily_budget(
    hours: list[float], week: tuple[float, ...], currency: str
) -> None:
    total = Money(50_000 * minor_unit_micros(currency), currency)
    plan = WeekPlan(total, tuple(hours), week, "google")
    amounts = [part.micros for part in plan.week_budgets()]
    assert [sum(amounts[start : start + 24]) for start in range(0, 168, 24)] == [total.micros] * 7
    assert sum(part.micros for part in plan.day_budgets()) == total.micros


@given(DAYS, CURRENCIES, st.integers(2, 50))
def test_a_larger_budget_gives_no_hour_less(hours: list[float], currency: str, times: int) -> None:
    total = 100_000 * minor_unit_micros(currency)
    small, large = (allocate(Money(amount, currency), hours) for amount in (total, total * times))
    assert all(one.micros * times <= more.micros + times * minor_unit_micros(currency)
               for one, more in zip(small, large, strict=True))  # fmt: skip


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
@settings(max_examples=30)
@given(week=WEEKS.filter(any))
def test_what_is_exported_is_read_back(export: Export, week: tuple[float, ...]) -> None:
    grid = export.fit(week)
    text = export.write(SHEET, grid)
    assert export.read(text) == grid
    assert export.write(SHEET, export.read(text)) == text


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
@settings(max_examples=20)
@given(week=WEEKS.filter(any))
def test_what_fits_a_platform_once_fits_it_again(export: Export, week: tuple[float, ...]) -> None:
    once = export.fit(week)
    assert export.fit(by_hour(once)) == once


@settings(max_examples=20)
@given(day=st.lists(MULTIPLIERS, min_size=24, max_size=24))
def test_an_on_off_platform_switches_off_only_what_gets_nothing(day: list[float]) -> None:
    week = (*day, *[1.0] * 144)
    for export in EXPORTS:
        if export.name in {"meta", "tiktok"}:
            assert [one > 0 for one in by_hour(export.fit(week))] == [one > 0 for one in week]


@settings(max_examples=60)
@given(st.lists(MULTIPLIERS, min_size=1, max_size=7), st.integers(1, 3))
def test_no_other_intervals_come_closer_than_the_fitted_ones(hours: list[float], pieces: int) -> None:
    fitted = fit_pieces(hours, pieces)
    assert error(hours, fitted) == pytest.approx(best_by_trying_all(hours, pieces), abs=1e-9)
    assert all(one > 0 for wanted, one in zip(hours, fitted, strict=True) if wanted > 0)


@settings(max_examples=20)
@given(WEEKS.filter(any))
def test_google_never_gets_more_than_six_intervals_a_day(week: tuple[float, ...]) -> None:
    grid = GOOGLE.fit(week)
    for start in range(0, len(grid), 96):
        day = grid[start : start + 96]
        begins = [0, *(place for place in range(1, 96) if day[place] != day[place - 1])]
        assert sum(day[begin] > 0 for begin in begins) <= PIECES_MAX
    assert all(one == 0 or 0.1 <= one <= 10 for one in grid)


def error(hours: list[float], fitted: tuple[float, ...]) -> float:
    return sum((one - other) ** 2 for one, other in zip(hours, fitted, strict=True))


def best_by_trying_all(hours: list[float], pieces: int) -> float:
    """Cut the hours everywhere, leave out every set of stretches of zeros, and take the best."""
    best = float("inf")
    for cuts in range(len(hours)):
        for edges in combinations(range(1, len(hours)), cuts):
            stretches = [hours[begin:end] for begin, end in pairwise((0, *edges, len(hours)))]
            costs = []
            for stretch in stretches:
                value = round(min(max(sum(stretch) / len(stretch), 0.1), 10.0), 2)
                on = sum((one - value) ** 2 for one in stretch)
                costs.append((on, on if any(stretch) else 0.0))
            must = sum(any(stretch) for stretch in stretches)
            spare = pieces - must
            if spare >= 0:
                best = min(best, sum(off for _, off in costs))
    return best
