"""What holds for every series."""

import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adtempo.stats.anomaly import Detector, read_series, score_series

series = arrays(np.float64, st.integers(60, 300), elements=st.floats(-1e6, 1e6, width=32))
STEPS = {"minute": np.timedelta64(60, "s"), "hour": np.timedelta64(3600, "s"), "day": np.timedelta64(86400, "s")}
steps = st.sampled_from(list(STEPS))
few = settings(max_examples=25)


def moments(rows: int, step: str) -> np.ndarray:
    return np.datetime64("2026-01-05T00", "s") + np.arange(rows) * STEPS[step]


@few
@given(series, st.integers(1, 299), steps)
def test_the_future_cannot_change_the_past(values: np.ndarray, cut: int, step: str) -> None:
    times = moments(len(values), step)
    whole = score_series(times, values)
    assert score_series(times[:cut], values[:cut]).tolist() == whole[:cut].tolist()


@few
@given(series, st.booleans(), st.integers(0, 300))
def test_streaming_equals_batch_also_when_the_state_was_stored_in_between(
    values: np.ndarray, counts: bool, stored: int
) -> None:
    hours = np.arange(len(values), dtype=np.float64)
    cells = np.arange(len(values)) % 168
    weights = 1.0 + np.abs(values) % 7
    batch = read_series(Detector(counts=counts), hours, cells, values, weights)
    detector = Detector(counts=counts)
    for row, expected in enumerate(batch):
        if row == stored:
            detector = pickle.loads(pickle.dumps(detector))
        assert detector.read(hours[row], int(cells[row]), values[row], weights[row]) == expected


@few
@given(series, st.integers(-20, 20), st.booleans())
def test_the_unit_of_the_values_does_not_matter(values: np.ndarray, power: int, counts: bool) -> None:
    """Exactly, for factors that doubles multiply exactly: powers of 4; other factors round in the last digits."""
    hours, cells = np.arange(len(values), dtype=np.float64), np.arange(len(values)) % 168
    one = read_series(Detector(counts=counts), hours, cells, values)
    other = read_series(Detector(counts=counts), hours, cells, values * 4.0**power)
    assert [reading.score for reading in one] == [reading.score for reading in other]


@few
@given(st.floats(-1e9, 1e9), st.integers(1, 600), steps)
def test_a_constant_series_never_alerts(value: float, rows: int, step: str) -> None:
    assert (score_series(moments(rows, step), np.full(rows, value)) == 0.0).all()


def test_a_gap_does_not_alert_by_itself() -> None:
    """One gap in 300 is followed by an alert by chance; three of these thirty with a probability of 0.0001."""
    rng, rows = np.random.default_rng(7), np.arange(1700)
    values = 100 + 30 * np.sin(rows / 24 * 2 * np.pi) + rows * 7919.0 % 11
    alerts = 0
    for start, length in zip(rng.integers(300, 1300, 30), rng.integers(1, 300, 30), strict=True):
        kept = np.delete(rows, np.s_[start : start + length])
        scores = score_series(moments(1700, "hour")[kept], values[kept])
        alerts += int(scores[start : start + 24].max() >= 0.5)
    assert alerts < 3


@few
@given(series, steps)
def test_scores_are_between_0_and_1_and_alerts_a_day_apart(values: np.ndarray, step: str) -> None:
    times = moments(len(values), step)
    scores = score_series(times, values)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (np.diff(times[scores >= 0.5]) >= np.timedelta64(24, "h")).all()
