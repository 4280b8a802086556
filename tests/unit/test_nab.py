"""The benchmark's score, against cases worked out by hand."""

from math import exp

import numpy as np
import pytest

from adtempo.stats.nab import count_alerts, nab_score, probation_rows


def sigmoid(position: float) -> float:
    return 2 / (1 + exp(5 * position)) - 1


def points(alerts: list[int]) -> float:
    return count_alerts(100, [(20, 29), (60, 69)], np.array(alerts, dtype=np.int64)).points


def test_silence_scores_zero() -> None:
    assert points([]) == -2
    assert nab_score([count_alerts(100, [(20, 29), (60, 69)], np.array([], dtype=np.int64))]) == 0


def test_an_alert_at_the_first_row_of_each_window_scores_100() -> None:
    assert nab_score([count_alerts(100, [(20, 29), (60, 69)], np.array([20, 60]))]) == pytest.approx(100)


def test_only_the_earliest_alert_of_a_window_counts_and_earlier_is_better() -> None:
    assert points([25, 28, 60]) == pytest.approx(1 + sigmoid(-0.5) / sigmoid(-1))
    assert points([29, 60]) == pytest.approx(1 + sigmoid(-0.1) / sigmoid(-1))


def test_a_false_alarm_costs_less_right_after_a_window() -> None:
    assert points([20, 33, 60]) == pytest.approx(2 + 0.11 * sigmoid(4 / 9))
    assert points([20, 60, 97]) == pytest.approx(2 - 0.11)  # 28 rows are more than three window lengths
    assert points([16, 20, 60]) == pytest.approx(2 - 0.11)  # no window before


def test_the_first_rows_are_not_scored() -> None:
    assert probation_rows(100) == 15
    assert probation_rows(1_000_000) == 750
    assert points([0, 14, 20, 60]) == pytest.approx(2)
    count = count_alerts(100, [(2, 9), (60, 69)], np.array([60]))
    assert (count.windows, count.found, count.false_alarms) == (1, 1, 0)


def test_files_are_added_up_before_they_are_put_on_the_scale() -> None:
    good = count_alerts(100, [(20, 29)], np.array([20]))
    silent = count_alerts(100, [(20, 29)], np.array([], dtype=np.int64))
    assert nab_score([good, silent]) == pytest.approx(50)
