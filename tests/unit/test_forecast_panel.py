"""A panel of series in, fans out: what is chosen, how wide the fans are, and what is said where little is known."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from adtempo.stats.backtest import place_origins
from adtempo.stats.forecasters import FORECASTERS, NAIVE, STEPS_MIN, Fans, Forecaster, forecast_panel, past
from adtempo.stats.forecasters.choice import choose
from adtempo.stats.forecasters.models import forecast_naive
from adtempo.stats.forecasters.past import fill_gaps, lift_to_newest_level, without_exceptions

Floats = NDArray[np.float64]

QUICK = tuple(one for one in FORECASTERS if one.season_max > 100)
NAN = np.nan


def noisy_weeks(seed: int, days: int = 84) -> Floats:
    rng = np.random.default_rng(seed)
    return 100 + 30 * np.sin(2 * np.pi * np.arange(days) / 7) + rng.normal(0, 10, days)


def fan(*series: Floats, horizon: int = 7, chosen: Sequence[str] = (), nonnegative: bool = False) -> Fans:
    longest = max(map(len, series))
    panel = np.stack([np.r_[np.full(longest - len(one), NAN), one] for one in series])
    return forecast_panel(panel, QUICK, seasons=(7,), horizon=horizon, chosen=chosen, nonnegative=nonnegative)


def test_noise_around_a_rhythm_is_averaged_and_beats_the_week_before() -> None:
    fans = fan(noisy_weeks(1))
    assert fans.beats_naive.tolist() == [True]
    assert fans.error[0] < 0.9
    assert fans.chosen[0] != NAIVE
    assert fans.note == ("",)


def test_where_nothing_beats_seasonal_naive_it_is_used() -> None:
    def far_off(history: Floats, _seasons: Sequence[int], horizon: int) -> Floats:
        return np.full(horizon, history[-1] + 1000.0)

    candidates = (QUICK[0], Forecaster("far off", far_off))
    fans = forecast_panel(noisy_weeks(1)[None], candidates, seasons=(7,), horizon=7)
    assert fans.chosen == (NAIVE,)
    assert not fans.beats_naive[0]
    assert fans.error[0] == 1.0
    assert fans.expected[0].tolist() == noisy_weeks(1)[-7:].tolist()


def test_a_candidate_sees_nothing_but_what_lay_before() -> None:
    series, seen = noisy_weeks(2), []

    def watch(history: Floats, _seasons: Sequence[int], horizon: int) -> Floats:
        seen.append(history.copy())
        return np.full(horizon, history.mean())

    choose(series, (7,), 7, candidates=(QUICK[0], Forecaster("watch", watch)), kept=["watch"])
    assert len(seen) > 5
    assert all(np.array_equal(history, series[: len(history)]) for history in seen)
    assert sorted({len(history) for history in seen})[-2:] == [len(series) - 7, len(series)]


def test_what_was_chosen_earlier_is_kept() -> None:
    series = noisy_weeks(1)
    first = fan(series)
    again = fan(series, chosen=first.chosen)
    assert again.chosen == first.chosen
    assert again.expected == pytest.approx(first.expected)
    assert fan(series, chosen=["regression"]).chosen == ("regression",)


def test_a_name_that_no_forecaster_has_any_more_is_seasonal_naive() -> None:
    assert fan(noisy_weeks(1), chosen=["oracle"]).chosen == (NAIVE,)


def test_a_series_that_joined_later_is_chosen_anew() -> None:
    kept, new = fan(noisy_weeks(1), noisy_weeks(2), chosen=["regression", ""]).chosen
    assert kept == "regression"
    assert new == fan(noisy_weeks(2)).chosen[0]


def test_a_candidate_without_an_answer_at_the_end_gives_way() -> None:
    def faint(history: Floats, _seasons: Sequence[int], horizon: int) -> Floats:
        return np.full(horizon, NAN if len(history) == 84 else 100.0)

    series = np.where(np.arange(84) % 2, 150.0, 50.0) + np.random.default_rng(3).normal(0, 60, 84)
    found = choose(series, (7,), 7, candidates=(QUICK[0], Forecaster("faint", faint)))
    assert found.names == (NAIVE,)
    assert not found.beats_naive
    assert found.expected.tolist() == forecast_naive(series, (7,), 7).tolist()


def test_paths_have_the_quantiles_of_the_fan() -> None:
    fans = fan(noisy_weeks(1), noisy_weeks(2))
    for level, end in ((0.025, fans.low95), (0.1, fans.low80), (0.9, fans.high80), (0.975, fans.high95)):
        assert np.quantile(fans.paths, level, axis=1) == pytest.approx(end, rel=0.03)


def test_paths_of_series_that_stray_together_stray_together() -> None:
    shared = noisy_weeks(1)
    fans = fan(shared, 2 * shared)
    assert fans.paths[1] == pytest.approx(2 * fans.paths[0], rel=0.05)


def test_the_same_seed_gives_the_same_paths() -> None:
    assert np.array_equal(fan(noisy_weeks(1)).paths, fan(noisy_weeks(1)).paths)


def test_a_series_without_values_says_so_and_hinders_no_other() -> None:
    fans = fan(noisy_weeks(1), np.full(84, NAN), np.r_[np.full(83, NAN), 5.0])
    assert np.isfinite(fans.expected[0]).all()
    assert np.isnan(fans.expected[1:]).all()
    assert np.isnan(fans.paths[1:]).all()
    assert fans.chosen[1:] == ("", "")
    assert fans.note[1:] == (
        f"It has 0 values; a forecast needs {STEPS_MIN}.",
        f"It has 1 values; a forecast needs {STEPS_MIN}.",
    )


def test_a_panel_of_nothing_but_short_series_says_nothing() -> None:
    fans = fan(np.array([NAN, 1.0]))
    assert np.isnan(fans.paths).all()
    assert np.isnan(fans.error).all()


def test_two_values_give_the_last_one_and_a_wide_guess() -> None:
    fans = fan(np.array([100.0, 110.0]), horizon=3)
    assert fans.expected[0].tolist() == [110, 110, 110]
    assert np.all(fans.low80 < 100)
    assert np.all(np.diff(fans.high95 - fans.low95) > 0)
    assert "intervals are a guess" in fans.note[0]


def test_a_series_that_never_changed_stays_and_says_so() -> None:
    fans = fan(np.full(60, 7.0))
    assert fans.expected[0].tolist() == [7.0] * 7
    assert fans.high95[0].tolist() == [7.0] * 7
    assert fans.note == ("It has never changed.",)
    assert not fans.beats_naive[0]


def test_counts_are_never_forecast_below_zero() -> None:
    rare = np.random.default_rng(5).poisson(0.4, 90).astype(float)
    fans = fan(rare, nonnegative=True)
    assert min(fans.low95.min(), fans.paths.min(), fans.expected.min()) >= 0
    assert fan(rare).low95.min() < 0


def test_gaps_are_taken_to_be_like_the_seasons_around_and_said() -> None:
    series = np.tile(np.arange(7.0), 6)
    holed = series.copy()
    holed[[8, 9, 20]] = NAN
    assert fill_gaps(holed, (7,)) == pytest.approx(series)
    assert fan(holed).note[0].startswith("3 of 42 steps are missing")


def test_steps_that_were_filled_count_as_no_evidence() -> None:
    rng = np.random.default_rng(3)
    series = 100 + rng.normal(0, 10, (60, 91))
    came = series[:, -7:]
    holed = np.where(rng.random(series.shape) < 0.3, NAN, series)[:, :-7]
    fans = fan(*holed)
    assert 0.7 < np.mean((came >= fans.low80) & (came <= fans.high80)) < 0.9


def test_a_step_that_no_season_knows_lies_between_its_neighbours() -> None:
    series = np.tile(np.arange(7.0), 4)
    series[2::7] = NAN
    assert fill_gaps(series, (7,))[2::7] == pytest.approx([2.0] * 4)
    assert fill_gaps(np.array([1.0, NAN, 3.0]), (7,)).tolist() == [1, 2, 3]


def test_a_horizon_longer_than_the_past_fans_out_further() -> None:
    fans = fan(noisy_weeks(1, 30), horizon=60)
    width = (fans.high80 - fans.low80)[0]
    assert np.isfinite(width).all()
    assert width[-7:].mean() > width[:7].mean()


def test_origins_need_a_past() -> None:
    assert place_origins(20, 7, least=14) == []


def test_a_step_that_stands_alone_is_as_the_weeks_before_tell() -> None:
    series = noisy_weeks(4)
    for place in (-1, -4):
        odd = series.copy()
        odd[place] += 500
        calm = without_exceptions(odd, (7,))
        assert calm[place] == pytest.approx(series[place], abs=40)
        assert np.delete(calm, place).tolist() == np.delete(odd, place).tolist()


def test_two_days_at_a_new_level_are_believed() -> None:
    series = noisy_weeks(4)
    series[-2:] += 500
    assert without_exceptions(series, (7,)).tolist() == series.tolist()


@pytest.mark.parametrize("seasons", [(), (7,), (12,), (52,)])
@pytest.mark.parametrize("steps", [14, 20, 34, 60])
def test_of_a_short_history_the_steps_just_before_tell_what_stands_alone(steps: int, seasons: tuple[int, ...]) -> None:
    usual = noisy_weeks(4)[:steps]
    odd = usual.copy()
    odd[-1] *= 10
    assert without_exceptions(usual, seasons).tolist() == usual.tolist()
    assert without_exceptions(odd, seasons)[-1] == pytest.approx(100, abs=60)
    assert without_exceptions(odd, seasons)[:-1].tolist() == odd[:-1].tolist()


def test_where_nothing_ever_strayed_nothing_is_called_an_exception() -> None:
    for series in (noisy_weeks(4)[:10], np.r_[np.zeros(60), 5.0]):
        assert without_exceptions(series, (7,)).tolist() == series.tolist()


def test_a_spiked_last_step_is_no_level_and_the_note_says_so() -> None:
    usual = noisy_weeks(4)[:20]
    odd = usual.copy()
    odd[-1] *= 10
    told, known = fan(odd), fan(usual)
    assert told.expected.mean() == pytest.approx(known.expected.mean(), rel=0.2)
    assert "1 of its last steps stood alone" in told.note[0]
    assert "stood alone" not in known.note[0]


@pytest.mark.parametrize("since", [7, 10, 14, 25, 50])
@pytest.mark.parametrize(("factor", "amount"), [(0.3, 0.0), (1.0, 80.0), (-1.0, 0.0)])
def test_what_lay_before_a_lasting_change_of_level_is_taken_at_the_new_one(
    since: int, factor: float, amount: float
) -> None:
    usual = noisy_weeks(4, 120)
    series = usual.copy()
    series[-since:] = series[-since:] * factor + amount
    series = np.maximum(series, 0.0) if factor > 0 else series
    lifted = lift_to_newest_level(series, (7,))
    assert lifted[-since:].tolist() == series[-since:].tolist()
    assert lifted[:-since].mean() == pytest.approx(series[-since:].mean(), abs=25)
    assert series.min() < 0 or lifted.min() >= 0


def test_after_a_change_of_level_forecasts_begin_at_the_new_one_and_say_so() -> None:
    series = noisy_weeks(4, 120)
    series[-10:] += 80
    told = fan(series)
    assert told.expected.mean() == pytest.approx(series[-7:].mean(), rel=0.1)
    assert "Its level changed 10 steps before its end" in told.note[0]


def test_weeks_that_came_and_went_are_two_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    series = noisy_weeks(4, 120)
    series[60:75] += 80
    assert lift_to_newest_level(series, (7,))[60:75].mean() == pytest.approx(noisy_weeks(4, 120).mean(), rel=0.1)
    monkeypatch.setattr(past, "_CHANGES_MAX", 1)
    assert (lift_to_newest_level(series, (7,)) != series).sum() == 60


def test_noise_trends_growth_and_lone_steps_are_no_change_of_level() -> None:
    rng = np.random.default_rng(5)
    steps = np.arange(120)
    lone = noisy_weeks(4, 120)
    lone[[60, 119]] *= 10
    walk: Floats = 1000 + np.cumsum(rng.normal(0, 10, 120))
    grown: Floats = np.exp(0.03 * steps + rng.normal(0, 0.1, 120))
    line = np.arange(100.0, 340.0, 2.0)
    for series in (noisy_weeks(4, 120), walk, line, grown, lone):
        assert lift_to_newest_level(series, (7,)).tolist() == series.tolist()


def test_a_gap_at_the_end_beside_a_lone_step_is_filled_from_the_weeks_before() -> None:
    series = noisy_weeks(4)
    series[-3:] = [NAN, series[-2], 900.0]
    assert without_exceptions(fill_gaps(series, (7,)), (7,))[-3:].max() < 200
