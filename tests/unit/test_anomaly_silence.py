"""Events that stopped coming."""

import numpy as np

from adtempo.stats.anomaly_silence import Silence


def scores_of(silence: Silence, trials: np.ndarray, events: np.ndarray) -> np.ndarray:
    return np.array([silence.read(1.0, n, k) for n, k in zip(trials, events, strict=True)])


def test_silence_alerts_once_and_again_only_after_an_event() -> None:
    events = np.tile([1.0, 0.0], 200)
    events[100:160] = events[300:360] = 0
    scores = scores_of(Silence(28.0), np.full(400, 60.0), events)
    alerts = np.flatnonzero(scores >= 0.5)
    assert len(alerts) == 2
    assert 100 < alerts[0] < 130
    assert 300 < alerts[1] < 330


def test_no_trials_no_silence() -> None:
    trials, events = np.full(400, 60.0), np.ones(400)
    trials[200:] = events[200:] = 0
    assert scores_of(Silence(28.0), trials, events).max() < 0.5


def test_too_few_events_say_nothing() -> None:
    events = np.zeros(5000)
    events[[10, 20, 30]] = 1
    assert scores_of(Silence(28.0), np.full(5000, 60.0), events).max() == 0


def test_an_endless_silence_of_a_busy_series_is_certain() -> None:
    silence = Silence(28.0)
    scores_of(silence, np.full(50, 10.0), np.full(50, 100.0))
    assert silence.read(1.0, 1e12, 0.0) == 1.0


def test_ordinary_silences_rarely_alert() -> None:
    """40 series of 26 weeks at one false alarm in 28 days expect 260; more than 350 has a Poisson chance below 1e-6."""
    rng = np.random.default_rng(11)
    trials = np.full(26 * 168, 60.0)
    alerts = sum(int((scores_of(Silence(28.0), trials, rng.poisson(0.5, 26 * 168)) >= 0.5).sum()) for _ in range(40))
    assert alerts <= 350


def test_events_without_trials_start_nothing() -> None:
    silence = Silence(28.0)
    scores_of(silence, np.zeros(50), np.ones(50))
    assert silence.read(1.0, 0.0, 0.0) == 0
