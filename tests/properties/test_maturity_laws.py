from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from adtempo.stats.maturity import (
    DelayCurve,
    Snapshot,
    Vintages,
    expect_totals,
    fit_curve,
    prior_curve,
    sum_expectations,
)

AGES = np.array([0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0])
PRIOR = prior_curve(AGES, [0.2, 0.3, 0.5, 0.65, 0.75, 0.9, 0.97, 1.0])
NOW = 50.0

seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([0.0, 0.3, 3.0, 60.0])
wider = st.sampled_from([None, PRIOR])
law = settings(max_examples=25)  # each example learns curves


def vintages(seed: int, size: float, now: float = NOW, *, refunds: bool = False, gaps: float = 0.2) -> Vintages:
    """Cohorts of every day up to day 60, seen up to `now`, with looks missing."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(len(AGES)))
    seen = rng.poisson(size * share, (60, len(AGES))).cumsum(axis=1).astype(np.float64)
    if refunds:
        seen[:, 3:] -= rng.binomial(seen[:, 2:3].astype(int), 0.2)
    seen[rng.random(seen.shape) < gaps] = np.nan
    started = np.arange(60.0)
    seen[started[:, None] + AGES > now] = np.nan
    return Vintages(started, AGES, seen)


def snapshot(data: Vintages, series: int, seed: int) -> Snapshot:
    """Several series: the vintages and copies of them with other luck."""
    rng = np.random.default_rng(seed)
    begun = np.isfinite(data.seen).any(axis=1)
    looked = np.isfinite(data.seen[begun])
    age = looked.shape[1] - 1 - np.argmax(looked[:, ::-1], axis=1)
    base = data.seen[begun][np.arange(len(age)), age]
    seen = np.vstack([base, *(rng.poisson(np.maximum(base, 0)).astype(np.float64) for _ in range(series - 1))])
    exposure = rng.uniform(50, 150, seen.shape)
    return Snapshot(data.started[begun], seen, age[None], np.zeros(series, dtype=np.int64), exposure)


def equal_curves(one: DelayCurve, other: DelayCurve) -> bool:
    return one.changed == other.changed and all(
        np.allclose(getattr(one, name), getattr(other, name), rtol=1e-9)
        for name in ("share", "gross", "log_variance", "credibility", "basis", "share_noise")
    )


@law
@given(seeds, sizes, wider)
def test_the_future_cannot_change_the_past(seed: int, size: float, parent: DelayCurve | None) -> None:
    later = vintages(seed, size, now=60.0)
    assert equal_curves(fit_curve(vintages(seed, size), parent, NOW), fit_curve(later, parent, NOW))


@law
@given(seeds, sizes, wider, st.booleans())
def test_answers_are_finite_and_in_order(seed: int, size: float, parent: DelayCurve | None, refunds: bool) -> None:
    data = vintages(seed, size, refunds=refunds)
    answer = expect_totals(snapshot(data, 3, seed), [fit_curve(data, parent, NOW)])
    low95, high95 = answer.interval(0.95)
    low80, high80 = answer.interval(0.80)
    assert np.isfinite(np.stack([answer.value, answer.noise_variance, answer.curve_deviation, low95, high95])).all()
    assert (low95 <= low80).all()
    assert (low80 <= answer.value).all()
    assert (answer.value <= high80).all()
    assert (high80 <= high95).all()
    assert ((answer.maturity >= 0) & (answer.maturity <= 1)).all()


@law
@given(seeds, sizes, wider)
def test_without_refunds_a_total_is_never_below_what_was_seen_and_maturity_never_falls(
    seed: int, size: float, parent: DelayCurve | None
) -> None:
    data = vintages(seed, size)
    curve = fit_curve(data, parent, NOW)
    assert (np.diff(curve.share, axis=2) >= -0.02).all()  # weekdays may cross where they stand close together
    assert (np.diff(curve.gross, axis=1) <= 1e-12).all()
    answer = expect_totals(snapshot(data, 3, seed), [curve])
    assert (answer.value >= answer.seen * (1 - 0.02) - 1e-9).all()


@law
@given(seeds, sizes, wider)
def test_final_cohorts_are_what_was_seen_with_no_width(seed: int, size: float, parent: DelayCurve | None) -> None:
    data = vintages(seed, size, gaps=0.0)
    answer = expect_totals(snapshot(data, 2, seed), [fit_curve(data, parent, NOW)])
    final = np.arange(answer.value.shape[1]) + AGES[-1] <= NOW
    for numbers in (answer.value, answer.median(), *answer.interval(0.8), *answer.interval(0.95)):
        assert np.array_equal(numbers[:, final], answer.seen[:, final])


@law
@given(seeds, st.sampled_from([3.0, 60.0]), st.sampled_from([0.01, 7.0, 1e6]))
def test_other_units_of_measure_give_the_same_answer(seed: int, size: float, factor: float) -> None:
    data = vintages(seed, size)
    scaled = Vintages(data.started, AGES, data.seen * factor, factor)
    shown = snapshot(data, 3, seed)
    large = Snapshot(shown.started, shown.seen * factor, shown.age, shown.group, shown.exposure)
    one = expect_totals(shown, [fit_curve(data, PRIOR, NOW)])
    other = expect_totals(large, [fit_curve(scaled, PRIOR, NOW)])
    assert np.allclose(other.value, one.value * factor, rtol=1e-6)
    assert np.allclose(other.noise_variance, one.noise_variance * factor**2, rtol=1e-5)
    assert np.allclose(other.curve_deviation, one.curve_deviation * factor, rtol=1e-6)


@law
@given(seeds, sizes)
def test_the_order_of_cohorts_and_series_does_not_matter(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    data = vintages(seed, size)
    rows = rng.permutation(len(data.started))
    curve = fit_curve(data, PRIOR, NOW)
    assert equal_curves(curve, fit_curve(Vintages(data.started[rows], AGES, data.seen[rows]), PRIOR, NOW))
    shown, order = snapshot(data, 4, seed), rng.permutation(4)
    columns = rng.permutation(len(shown.started))
    assert shown.exposure is not None
    moved = Snapshot(
        shown.started[columns],
        shown.seen[order][:, columns],
        shown.age[:, columns],
        shown.group[order],
        shown.exposure[order][:, columns],
    )
    one, other = expect_totals(shown, [curve]), expect_totals(moved, [curve])
    assert np.allclose(one.value[order][:, columns], other.value, rtol=1e-6)


@law
@given(seeds, sizes)
def test_groups_do_not_touch_each_other(seed: int, size: float) -> None:
    one, other = vintages(seed, size), vintages(seed + 1, 20.0)
    curves = [fit_curve(one, PRIOR, NOW), fit_curve(other, PRIOR, NOW)]
    alone = snapshot(one, 2, seed)
    rng = np.random.default_rng(seed)
    stranger = rng.poisson(500, alone.seen.shape).astype(np.float64)
    assert alone.exposure is not None
    together = Snapshot(
        alone.started,
        np.vstack([stranger, alone.seen]),
        alone.age,
        np.array([1, 1, 0, 0]),
        np.vstack([np.ones_like(stranger), alone.exposure]),
    )
    expected, found = expect_totals(alone, curves[:1]), expect_totals(together, curves)
    assert np.allclose(found.value[2:], expected.value, rtol=1e-9)
    assert np.allclose(found.curve_deviation[2:], expected.curve_deviation, rtol=1e-9)


@law
@given(seeds, sizes)
def test_a_sum_of_expectations_is_the_expectation_of_the_sum(seed: int, size: float) -> None:
    data = vintages(seed, size)
    cells = expect_totals(snapshot(data, 3, seed), [fit_curve(data, PRIOR, NOW)])
    single = sum_expectations(cells, np.arange(cells.value.size).reshape(cells.value.shape), cells.value.size)
    assert np.allclose(single.value, cells.value.ravel())
    assert np.allclose(single.interval(0.8)[1], cells.interval(0.8)[1].ravel())
    whole = sum_expectations(cells, np.zeros(cells.value.shape, dtype=np.int64), 1)
    assert np.isclose(whole.value[0], cells.value.sum())
    assert whole.noise_variance[0] <= cells.noise_variance.sum() * (1 + 1e-9)


@law
@given(seeds)
def test_more_evidence_is_worth_more(seed: int) -> None:
    few, many = (fit_curve(vintages(seed, size, gaps=0.0), PRIOR, NOW) for size in (1.0, 1000.0))
    assert (few.credibility <= many.credibility + 0.2).all()
    assert many.credibility[0, 0] > 0.8
