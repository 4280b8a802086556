"""Days in progress: the share seen follows from the delay behind the curve of whole days."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.stats.maturity import Basis, prior_curve
from adtempo.stats.maturity.partial import arrived_share, cohort_share, prepend_partial_day

KNOTS = np.array([1 / 24, 1.0, 7.0])
SHARES = np.array([0.35, 0.5, 1.0])
AGES = np.array([1.0, 2.0, 4.0, 8.0])
PARTIAL = np.arange(1, 24) / 24


def test_arrivals_pass_through_their_knots() -> None:
    np.testing.assert_allclose(arrived_share(KNOTS, KNOTS, SHARES), SHARES)
    np.testing.assert_allclose(arrived_share([-1.0, 0.0, 1 / 48, 30.0], KNOTS, SHARES), [0, 0, 0.175, 1])


def test_a_whole_day_shows_the_mean_of_its_clicks() -> None:
    """By brute force over a day's clicks, and all of it once the last click is a week old."""
    clicks = (np.arange(5000) + 0.5) / 5000
    expected = arrived_share(2.0 - clicks, KNOTS, SHARES).mean()
    assert cohort_share([2.0], KNOTS, SHARES)[0] == pytest.approx(expected, abs=1e-4)
    assert cohort_share([8.0], KNOTS, SHARES)[0] == pytest.approx(1.0)


def test_the_delay_behind_a_learnt_curve_is_recovered() -> None:
    """A curve made from a slower delay gives that delay's own shares before the day's end."""
    slower = 0.4
    curve = prior_curve(AGES * 3, np.append(cohort_share(AGES[:3] * 1.0, KNOTS, SHARES, slower), 1.0))
    curve = prepend_partial_day(curve, PARTIAL, KNOTS, SHARES)
    np.testing.assert_allclose(curve.mean_share()[:23], cohort_share(PARTIAL, KNOTS, SHARES, slower), atol=1e-3)
    assert len(curve.age_days) == curve.share.shape[-1] == curve.basis.shape[-1] == curve.gross.shape[-1] == 27


@given(st.floats(1e-6, 1.0))
def test_less_of_the_day_never_shows_more_and_never_more_than_its_end(at_end: float) -> None:
    curve = prepend_partial_day(prior_curve([1.0, 2.0], [at_end, 1.0]), PARTIAL, KNOTS, SHARES)
    share = curve.mean_share()
    assert (np.diff(share[:24]) >= -1e-9).all()
    assert (share[:23] > 0).all()
    assert (np.diff(curve.log_variance[0][:23]) <= 1e-9).all()
    assert (curve.gross[0][:23] >= curve.gross[0][23] - 1e-9).all()
    assert (curve.basis[0][:23] >= Basis.SHRUNK).all()
