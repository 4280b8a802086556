"""What every forecaster keeps to, whichever it is."""

import numpy as np
import pytest

from adtempo.stats.forecasters import FORECASTERS, NAIVE, Forecaster

DAYS = np.arange(42)
HISTORY = 100 + 20 * np.sin(2 * np.pi * DAYS / 7) + DAYS + np.random.default_rng(1).normal(0, 3, len(DAYS))

every_forecaster = pytest.mark.parametrize("one", FORECASTERS, ids=lambda one: one.name)


@every_forecaster
def test_it_has_an_answer_near_what_a_steady_series_does(one: Forecaster) -> None:
    expected = one.model(HISTORY, (7,), 14)
    assert expected.shape == (14,)
    come = 100 + 20 * np.sin(2 * np.pi * np.arange(42, 56) / 7) + np.arange(42, 56)
    assert np.abs(expected - come).mean() < 15


@every_forecaster
def test_the_same_history_gives_the_same_answer_and_stays_as_it_was(one: Forecaster) -> None:
    history = HISTORY.copy()
    first = one.model(history, (7,), 5)
    assert np.array_equal(first, one.model(history, (7,), 5))
    assert np.array_equal(history, HISTORY)


@every_forecaster
def test_what_does_not_fit_gives_an_answer_or_none_but_never_an_error(one: Forecaster) -> None:
    for history in (np.array([3.0, 4.0]), np.zeros(9), np.full(30, 5.0), np.array([-1.0, 1e12, 0.0, 5.0])):
        for seasons in ((), (7,)):
            assert one.model(history, seasons, 3).shape == (3,)


def test_the_yardstick_stands_first_and_names_stand_once() -> None:
    names = [one.name for one in FORECASTERS]
    assert names[0] == NAIVE
    assert len(set(names)) == len(names)
    assert not any("+" in name for name in names)
