"""Forecasts as arrays: levels agree in every draw, what stopped brings nothing, what is unknown is not made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from adtempo.domain.forecasts import Level
from adtempo.forecasts.estimate import (
    HORIZON,
    SERIES,
    UNKNOWN_SPREAD,
    CampaignPanel,
    Outlook,
    _spread,
    _tell,
    estimate_campaigns,
    estimate_channels,
    estimate_days,
    estimate_mean,
    estimate_ratio,
    estimate_total,
    estimate_windows,
    estimate_within_budget,
)
from adtempo.forecasts.plans import at_todays_budgets
from plain_forecasts import plain_forecasts

__all__ = ["plain_forecasts"]

DAYS = 60


def panel_of(levels: dict[str, float], *, days: int = DAYS, seed: int = 3) -> CampaignPanel:
    """Return campaigns named account:campaign by channel, each with its level of spend."""
    rng = np.random.default_rng(seed)
    names = tuple(levels)
    spend = np.array(list(levels.values()))[:, None] * rng.uniform(0.8, 1.2, (len(names), days))
    series = {
        "spend": spend,
        "value": 3 * spend,
        "conversions": spend / 10,
        "impressions": 100 * spend,
        "clicks": 2 * spend,
    }
    return CampaignPanel(
        days=np.datetime64("2026-01-01") + np.arange(days),
        seen=np.ones(days, np.bool_),
        channels=tuple(name.split(":")[0] for name in names),
        accounts=tuple(":".join(name.split(":")[:2]) for name in names),
        names=names,
        running=np.ones(len(names), np.bool_),
        budgets=np.full((len(names), days + 1), np.inf),
        series={name: series[name] for name in SERIES},
        has_value=True,
        holidays={},
        replanned=np.zeros(len(names), np.bool_),
    )


PANEL = panel_of({"meta:1:a": 100, "meta:1:b": 20, "meta:2:c": 5, "google:3:d": 50})


@pytest.mark.usefixtures("plain_forecasts")
def test_campaigns_add_up_to_their_channel_in_every_draw() -> None:
    outlook = estimate_channels(PANEL, reach={}, chosen=None)["meta"]
    assert outlook.draws is not None
    sums = {name: outlook.draws[name][:, :7].sum(axis=1) for name in SERIES}
    shared = estimate_campaigns(PANEL, "meta", sums, 7, np.random.default_rng(1))
    assert list(shared) == [0, 1, 2]
    for name in ("spend", "value"):
        np.testing.assert_allclose(sum(own[name] for own in shared.values()), sums[name])
    assert shared[0]["spend"].mean() > shared[1]["spend"].mean() > shared[2]["spend"].mean()


@pytest.mark.usefixtures("plain_forecasts")
def test_every_level_expects_the_same_in_all() -> None:
    windows = estimate_windows(PANEL, estimate_channels(PANEL, reach={}, chosen=None), "EUR", seed=1)
    for days in (7, 28):
        sums = dict.fromkeys(Level, 0.0)
        for window in windows:
            spend = window.figures["spend"]
            if window.days == days and spend is not None:
                sums[window.subject.level] += spend.value
        np.testing.assert_allclose(list(sums.values()), sums[Level.TOTAL])


@pytest.mark.parametrize("times", [0.0, 10.0])
def test_one_day_far_from_all_before_is_not_the_level_of_the_next_four_weeks(times: float) -> None:
    """Budgets are unknown, so nothing else would hold the forecast back."""
    usual = panel_of({"meta:1:a": 100})
    spend = usual.series["spend"].copy()
    spend[0, -1] *= times
    odd = replace(usual, series={**usual.series, "spend": spend})
    told, known = (estimate_channels(panel, reach={}, chosen=None)["meta"] for panel in (odd, usual))
    assert told.draws is not None
    assert known.draws is not None
    assert told.draws["spend"].sum(axis=1).mean() == pytest.approx(known.draws["spend"].sum(axis=1).mean(), rel=0.1)
    assert "1 of its last steps stood alone" in told.note
    assert "stood alone" not in known.note


@pytest.mark.usefixtures("plain_forecasts")
def test_a_paused_campaign_takes_nothing_with_it_into_the_future() -> None:
    paused = replace(PANEL, running=np.array([False, True, True, True]))
    before, after = (estimate_channels(panel, reach={}, chosen=None) for panel in (PANEL, paused))
    whole, rest = (np.asarray(found["meta"].draws["spend"]).sum() for found in (before, after) if found["meta"].draws)
    assert rest / whole == pytest.approx(25 / 125, rel=0.1)
    windows = {one.subject.name: one.figures for one in estimate_windows(paused, after, "EUR", seed=1)}
    assert windows["meta:1:a"]["roi"] is None
    spend = windows["meta:1:a"]["spend"]
    assert spend is not None
    assert spend.high95 == 0


@pytest.mark.usefixtures("plain_forecasts")
def test_no_week_spends_more_than_its_budgets_and_what_spend_brings_is_held_back_with_it() -> None:
    free = estimate_channels(PANEL, reach={}, chosen=None)["meta"]
    assert free.draws is not None
    held = estimate_within_budget(free, 100)
    assert held.draws is not None
    assert held.draws["spend"].reshape(-1, 4, 7).sum(axis=2).max() == pytest.approx(700)
    np.testing.assert_allclose(held.draws["value"] / held.draws["spend"], free.draws["value"] / free.draws["spend"])
    assert held.note == "It would spend more than its daily budgets, which hold it back."
    assert estimate_within_budget(free, np.inf) is free


@pytest.mark.usefixtures("plain_forecasts")
def test_budgets_count_where_all_are_known_and_spend_has_kept_to_them() -> None:
    def most(*budgets: float) -> float:
        panel = replace(PANEL, budgets=np.tile(np.array(budgets)[:, None], DAYS + 1))
        found = estimate_channels(panel, reach={}, chosen=None)["meta"]
        assert found.draws is not None
        assert found.note == ""
        return float(found.draws["spend"].reshape(-1, 4, 7).sum(axis=2).max())

    lately = PANEL.series["spend"][:3, -28:].sum(axis=0).mean()
    assert most(108, 20, 7, 50) == pytest.approx(7 * 135)
    assert most(np.inf, 20, 7, 50) > 7 * 150
    assert most(10, 10, 10, 10) == pytest.approx(7 * lately)


@pytest.mark.usefixtures("plain_forecasts")
def test_a_days_figures_are_ratios_of_what_belongs_together() -> None:
    outlook = estimate_channels(PANEL, reach={"google": np.full(DAYS, 900.0)}, chosen=None)["google"]
    days = estimate_days(outlook, has_value=True)
    # Spend and value stray together, so their ratio does not.
    assert all(
        one is not None and one.high95 - one.low95 < 1e-9 and one.value == pytest.approx(2) for one in days["roi"]
    )
    assert all(one is not None and one.value == pytest.approx(2) for one in days["ctr"])
    assert outlook.reach is not None
    assert [one.value for one in outlook.reach] == pytest.approx([900] * HORIZON)
    assert estimate_days(outlook, has_value=False)["roi"] == [None] * HORIZON


@pytest.mark.usefixtures("plain_forecasts")
def test_what_is_too_young_or_over_says_so_and_the_total_says_what_it_lacks() -> None:
    young = panel_of({"meta:1:a": 100, "google:3:d": 50})
    young.series["spend"][1, :-5] = 0
    found = estimate_channels(young, reach={}, chosen=None)
    assert found["google"].draws is None
    assert found["google"].note == "It has 5 days of history; a forecast needs 14."
    assert estimate_days(found["google"], has_value=True) == {}
    assert estimate_total(found).note == "Without google, of which too little is known."
    windows = estimate_windows(young, found, "EUR", seed=1)
    assert {one.subject.name for one in windows if one.subject.level is Level.CHANNEL} == {"meta"}
    ended = panel_of({"meta:1:a": 100})
    ended.series["spend"][0, -30:] = 0
    over = estimate_channels(ended, reach={}, chosen=None)
    assert over["meta"].note == "Nothing was spent by campaigns that run in its last 30 days; it has ended."
    assert [one.figures["roi"] for one in estimate_windows(ended, over, "EUR", seed=1)] == [None] * 4
    nothing = estimate_channels(panel_of({"meta:1:a": 100}, days=3), reach={}, chosen=None)
    assert estimate_windows(PANEL, nothing, "EUR", seed=1) == []


@pytest.mark.usefixtures("plain_forecasts")
def test_days_without_any_fact_are_unknown_not_zero() -> None:
    gap = replace(PANEL, seen=np.arange(DAYS) != 50, series={n: one.copy() for n, one in PANEL.series.items()})
    for series in gap.series.values():
        series[:, 50] = 0
    whole, holed = (estimate_channels(panel, reach={}, chosen=None)["meta"].draws for panel in (PANEL, gap))
    assert whole is not None
    assert holed is not None
    assert holed["spend"].mean() == pytest.approx(whole["spend"].mean(), rel=0.05)


@pytest.mark.usefixtures("plain_forecasts")
def test_forecasters_chosen_earlier_are_used_unless_a_series_is_new() -> None:
    first = estimate_channels(PANEL, reach={}, chosen=None)
    kept = {channel: dict.fromkeys(SERIES, "Kept") for channel in first}
    assert set(estimate_channels(PANEL, reach={}, chosen=kept)["meta"].models.values()) == {"Kept"}
    del kept["google"]
    assert set(estimate_channels(PANEL, reach={}, chosen=kept)["meta"].models.values()) == {"Plain"}


def test_where_nothing_beats_last_week_it_is_said() -> None:
    models = {"spend": "profile and dates", "value": "seasonal naive"}
    assert _tell(models, ["", "two gaps"], np.array([True, False])) == (
        "value: two gaps Public holidays are reckoned with for spend. "
        "Nothing beats the same weekday of the week before for value, so that is used."
    )


def test_a_ratio_with_nothing_to_divide_by_has_no_value() -> None:
    assert estimate_ratio(np.ones(4), np.array([0.0, 0.0, 0.0, 1.0])) is None
    found = estimate_ratio(np.array([1.0, 2.0, 3.0, 9.0]), np.array([1.0, 1.0, 1.0, 0.0]))
    assert found is not None
    assert found.value == 2


def test_the_ends_of_an_interval_hold_its_value_however_skewed_the_draws() -> None:
    skewed = np.r_[np.zeros(980), np.full(20, 1000.0)]
    found = estimate_mean(skewed)
    assert found.low95 <= found.low80 <= found.value <= found.high80 <= found.high95
    assert found.value == skewed.mean()


def test_how_shares_stray_is_learnt_where_there_is_a_past() -> None:
    rng = np.random.default_rng(5)
    level = 100 * np.exp(np.cumsum(0.1 * rng.standard_normal((200, 120)), axis=1))
    assert _spread(level, 7) == pytest.approx(0.1 * np.sqrt(7 + 28 / 3), rel=0.5)
    assert _spread(level[:, :30], 7) == UNKNOWN_SPREAD
    assert _spread(np.full((3, 90), 2.0), 7) == 0.05


def test_a_total_of_nothing_known_is_nothing() -> None:
    found = estimate_total({"meta": Outlook({}, "too young", None)})
    assert (found.draws, found.note) == (None, "too young")


def planned(before: float, now: float, *, days_ago: int = 0) -> CampaignPanel:
    """Return campaigns of which the first, which spends about 100 a day, had its budget changed."""
    budgets = np.full_like(PANEL.budgets, np.inf)
    budgets[0] = before
    budgets[0, DAYS - days_ago :] = now
    return replace(PANEL, budgets=budgets)


def times(before: float, now: float, name: str = "spend", *, days_ago: int = 0) -> list[float]:
    """Return how many times what it was the first campaign's first and last known days count."""
    found = at_todays_budgets(planned(before, now, days_ago=days_ago))
    assert all(np.array_equal(found.series[name][1:], PANEL.series[name][1:]) for name in PANEL.series)
    return [round(float(found.series[name][0, day] / PANEL.series[name][0, day]), 3) for day in (0, -1)]


def test_spend_that_a_changed_budget_held_follows_it() -> None:
    assert times(100, 200) == [2, 2]
    assert times(100, 50) == [0.5, 0.5]
    assert times(100, 200, days_ago=3) == [2, 1]


def test_what_more_spend_buys_grows_by_less() -> None:
    for name in ("clicks", "impressions", "conversions", "value"):
        assert 1.5 < times(100, 200, name)[0] < 2
        assert 0.5 < times(100, 50, name)[0] < 0.7


def test_a_budget_that_was_not_spent_holds_only_from_above() -> None:
    assert times(300, 600) == [1, 1]
    assert times(300, 50)[0] == pytest.approx(0.5, rel=0.05)


def test_a_budget_that_is_spent_far_beyond_is_none() -> None:
    assert times(50, 100) == [1, 1]


def test_budgets_that_never_changed_or_are_not_known_change_nothing() -> None:
    for panel in (planned(100, 100), PANEL, planned(100, np.inf), planned(np.inf, 100), planned(0, 100)):
        found = at_todays_budgets(panel)
        assert all(np.array_equal(found.series[name], PANEL.series[name]) for name in PANEL.series)


def test_a_budget_under_which_nothing_was_spent_tells_nothing() -> None:
    panel = planned(100, 200)
    panel.budgets[0, :5] = 10
    panel = replace(panel, series={name: line.copy() for name, line in panel.series.items()})
    for line in panel.series.values():
        line[0, :5] = 0
    assert not at_todays_budgets(panel).series["spend"][0, :5].any()


@pytest.mark.usefixtures("plain_forecasts")
def test_a_channel_spends_what_its_changed_budgets_let_it_and_says_so() -> None:
    before, after = (
        estimate_channels(panel, reach={}, chosen=None)["meta"]
        for panel in (PANEL, at_todays_budgets(planned(100, 200)))
    )
    assert before.draws is not None
    assert after.draws is not None
    assert after.draws["spend"].mean() / before.draws["spend"].mean() == pytest.approx(225 / 125, rel=0.05)
    assert after.note == "Daily budgets were changed; days before count as they would have been at today's."
