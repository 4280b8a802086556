"""The detector: what alerts, what does not, and how often."""

from math import inf, nan

import numpy as np
import pytest

from adtempo.stats.anomaly import WATCHES, Detector, Reading, Watch, read_series, score_series

HOURS = np.arange(24 * 7 * 10)  # ten weeks


def score_hours(values: np.ndarray, **options: object) -> np.ndarray:
    return np.array([reading.score for reading in readings(values, None, **options)])


def readings(values: np.ndarray, weights: np.ndarray | None = None, **options: object) -> list[Reading]:
    hours = np.arange(len(values))
    return read_series(Detector(**options), hours.astype(float), hours % 168, values.astype(float), weights)  # type: ignore[arg-type]


def daily(noise: float = 1.0, seed: int = 1) -> np.ndarray:
    """Ten weeks of hours with a daily rhythm, a quiet weekend and noise."""
    rng = np.random.default_rng(seed)
    rhythm = 100 + 40 * np.sin(HOURS / 24 * 2 * np.pi) - 20 * (HOURS % 168 >= 120)
    return np.asarray(rhythm + noise * rng.normal(size=len(HOURS)))


@pytest.mark.parametrize("change", [60.0, -60.0])
def test_a_jump_alerts_in_its_first_hour_and_only_once(change: float) -> None:
    values = daily()
    values[1000:1012] += change
    alerts = np.flatnonzero(score_hours(values)[900:1100] >= 0.5) + 900
    assert alerts.tolist() == [1000]


def test_quiet_weekends_stop_being_news_once_they_are_known() -> None:
    assert (score_hours(daily(noise=2.0))[24 * 28 :] < 0.5).all()


def test_a_slow_decay_alerts_before_a_third_is_lost() -> None:
    values = daily(noise=3.0)
    values[1100:] *= np.linspace(1, 0.4, len(values) - 1100)
    alerts = np.flatnonzero(score_hours(values) >= 0.5)
    assert 1 - 0.6 * (alerts[alerts >= 1100][0] - 1100) / (len(values) - 1100) > 2 / 3


def test_a_constant_series_never_alerts() -> None:
    assert score_hours(np.full(2000, 0.1)).max() == 0
    assert score_hours(np.full(2000, 0.1), counts=True).max() == 0


def test_rounding_is_no_change() -> None:
    values = np.full(2000, 0.1)
    values[1500:] = np.nextafter(0.1, 1)
    assert score_hours(values).max() == 0


def test_the_first_change_of_a_constant_series_alerts_after_three_weeks_and_not_before() -> None:
    for hour, alerts in ((400, False), (600, True)):
        values = np.zeros(700)
        values[hour] = 1
        assert (score_hours(values).max() >= 0.5) == alerts


def test_what_happens_every_three_days_is_ordinary_in_the_end() -> None:
    values = np.zeros(len(HOURS))
    values[::72] = 5
    assert (score_hours(values)[24 * 42 :] < 0.5).all()


def test_alerts_are_a_day_apart_however_wild_the_series() -> None:
    values = np.exp(np.random.default_rng(3).normal(size=3000) * 4)
    alerts = np.flatnonzero(score_hours(values, once_in_days=0.5) >= 0.5)
    assert len(alerts) > 3
    assert np.diff(alerts).min() >= 24


def test_an_incident_of_days_alerts_once() -> None:
    values = daily()
    values[1000:1072] += 300 * (1 + np.arange(72))  # ever worse
    assert np.flatnonzero(score_hours(values)[1000:1072] >= 0.5).tolist() == [0]


def test_a_series_left_alone_alerts_less_than_once_in_ten_days() -> None:
    """At the promised rate 480 series-weeks bring 336 alerts; over 430 has a Poisson chance below 1e-6."""
    rng = np.random.default_rng(7)
    alerts = 0
    for series in range(48):
        noise = (rng.normal, rng.standard_exponential, rng.standard_cauchy)[series % 3](size=len(HOURS))
        alerts += int((score_hours(noise) >= 0.5).sum())
    assert 0 < alerts <= 430


def test_whoever_asks_for_rarer_alerts_gets_fewer() -> None:
    noise = np.random.default_rng(5).standard_cauchy(size=20_000)
    often, rarely = (int((score_hours(noise, once_in_days=days) >= 0.5).sum()) for days in (3.0, 60.0))
    assert rarely < often / 2


def test_a_thin_ratio_is_no_evidence() -> None:
    rng = np.random.default_rng(2)
    shown = np.where(HOURS % 24 < 6, 100, 10_000)
    clicks = rng.binomial(shown, 0.01)
    clicks[1010], clicks[1020] = 4, 200  # hour 2 of the night, 100 shown; hour 12 of the day, 10,000 shown
    scores = [reading.score for reading in readings(clicks / shown, shown.astype(float))]
    assert scores[1010] < 0.5 <= scores[1020]


def test_roots_make_counts_comparable_over_the_day() -> None:
    rng = np.random.default_rng(4)
    expected = np.where(HOURS % 24 < 8, 4.0, 400.0)
    counts = rng.poisson(expected)
    counts[1011] = 40  # hour 3 of the night
    assert score_hours(counts, counts=True)[1011] >= 0.5
    assert score_hours(counts)[1011] < 0.5
    assert score_hours(-counts, counts=True).max() == 0


def test_readings_show_distance_and_expectation_in_the_unit_of_the_values() -> None:
    rng = np.random.default_rng(4)
    counts = rng.poisson(100, size=1000)
    counts[900] = 160
    reading = readings(counts, counts=True)[900]
    assert reading.z == pytest.approx(6, abs=1.5)
    assert reading.expected == pytest.approx(100, abs=10)
    assert reading.rarity > 1


@pytest.mark.parametrize(("value", "weight"), [(nan, 1.0), (inf, 1.0), (5.0, 0.0), (5.0, nan)])
def test_a_row_without_value_is_as_good_as_no_row(value: float, weight: float) -> None:
    one, other = Detector(), Detector()
    for hour, known in enumerate(daily()[:300]):
        expected = one.read(hour, hour % 168, known)
        assert other.read(hour, hour % 168, known) == expected
        assert other.read(hour + 0.5, hour % 168, value, weight).score == 0


def test_rare_rows_are_judged_by_rows() -> None:
    rng = np.random.default_rng(8)
    days = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
    values = 50 + rng.normal(size=len(days))
    values[300] = 90
    alerts = np.flatnonzero(score_series(days, values) >= 0.5)
    assert 300 in alerts
    assert len(alerts) <= 365 / 28 + 1


def test_a_repeated_hour_and_a_skipped_hour_do_not_alert() -> None:
    hours = np.arange("2026-08-01", "2026-11-20", dtype="datetime64[h]")
    rng = np.random.default_rng(9)
    moment = hours.astype(int)
    values = 100 + 40 * np.sin(moment / 24 * 2 * np.pi) + rng.normal(size=len(hours))
    autumn = int(np.searchsorted(hours, np.datetime64("2026-10-25T02")))
    twice = np.insert(np.arange(len(hours)), autumn, autumn)
    skipped = np.delete(np.arange(len(hours)), autumn)
    for rows in (twice, skipped):
        assert score_series(hours[rows], values[rows])[autumn - 2 : autumn + 30].max() < 0.5


def test_the_shares_of_the_watches_add_to_one() -> None:
    assert sum(watch.share for watch in WATCHES) == pytest.approx(1)


def test_one_watch_alone_works() -> None:
    values = daily()
    values[1000] += 60
    assert score_hours(values, watches=(Watch(1.0, 24.0, 6.0, 8),))[1000] >= 0.5


def test_an_empty_series_has_no_scores() -> None:
    assert score_series(np.array([], dtype="datetime64[s]"), np.array([])).tolist() == []


def test_alerts_as_rare_as_never_and_values_as_wild_as_doubles_are_no_failure() -> None:
    values = np.zeros(2000)
    values[::50] = 10.0 ** np.linspace(-100, 100, 40)
    scores = score_hours(values, once_in_days=1e12)
    assert ((scores >= 0) & (scores <= 1)).all()
