"""What is said of campaigns whose truth is known; the small, seeded form of `make calibrate`."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from adtempo.dayparts.estimate import estimate_dayparts
from adtempo.dayparts.findings import DaypartSettings, Label
from adtempo.dayparts.panel import HourlyPanel
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import CPA, CPC, SPEND, Metric
from daypart_worlds import MONDAY, HourWorld, play_hours

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def flat_panel(metric: Metric, numerators: Ints, denominators: Ints, shares: Floats | None = None) -> HourlyPanel:
    campaigns = tuple(CampaignRef("other", f"a{place}", "c") for place in range(len(numerators)))
    return HourlyPanel(metric, campaigns, MONDAY + np.arange(numerators.shape[1]), numerators, denominators, shares)


def test_noise_is_not_named() -> None:
    """Some 97.5% of flat campaigns abstain: that 40 of 400 do not has a probability below 1e-12."""
    found = estimate_dayparts(play_hours(HourWorld(factor=1.0), 11).panel)
    assert found.abstained.mean() >= 0.90
    assert (found.figures.hours.label != 0).mean() <= 0.05
    assert (found.figures.cells.label != 0).mean() <= 0.05


def test_peaks_are_found() -> None:
    """Recall is 91% with a standard error of 1% over campaigns, false ones 5%: a miss of either is 5 errors away."""
    played = play_hours(HourWorld(), 12)
    found = estimate_dayparts(played.panel)
    peak = found.figures.hours.label == 1
    assert (peak & played.peaks).sum() / played.peaks.sum() >= 0.85
    assert (peak & ~played.peaks).sum() / peak.sum() <= 0.10
    cells = found.figures.cells
    covered = (cells.estimate_low <= played.cells) & (played.cells <= cells.estimate_high)
    assert 0.93 <= covered.mean() <= 0.99


def test_a_campaign_in_rows_says_what_the_columns_say() -> None:
    found = estimate_dayparts(play_hours(HourWorld(campaigns=3, factor=2.0), 1).panel)
    one = found.campaign(1)
    assert not one.abstained
    assert one.peak_hours == tuple(np.flatnonzero(found.figures.hours.label[1] == 1))
    assert one.valley_hours == ()
    assert len(one.cells) == 168
    assert [len(part) for part in (one.hours, one.days, one.week_parts, one.times_of_day)] == [24, 7, 2, 4]
    assert one.samples == 28 * 24
    assert "stand" in one.reason
    assert {pattern.kind for pattern in one.patterns} == {Label.PEAK}
    assert sum(len(pattern.hours) for pattern in one.patterns) == len(one.peak_hours)
    assert all(0.0 <= pattern.confidence <= 1.0 and pattern.lift > 1.1 for pattern in one.patterns)
    assert [each.campaign for each in found.each()] == list(found.campaigns)


def test_one_pattern_is_one() -> None:
    rng = np.random.default_rng(0)
    clicks = np.full((1, 28, 24), 500)
    factor = np.where(np.isin(np.arange(24), (22, 23, 0)), 2.0, 1.0)
    found = estimate_dayparts(flat_panel(CPA, clicks * 10**6, rng.poisson(clicks * factor * 0.1) * 10**6)).campaign(0)
    assert [pattern.hours for pattern in found.patterns] == [(22, 23, 0)]
    assert found.reason.startswith("1 pattern stands")


def test_of_costs_the_cheap_hours_are_the_peaks() -> None:
    rng = np.random.default_rng(0)
    clicks = np.full((1, 28, 24), 500)
    factor = np.where(np.arange(24) < 4, 0.4, 1.0)
    panel = flat_panel(CPA, clicks * 10**6, rng.poisson(clicks * factor * 0.1) * 10**6)
    one = estimate_dayparts(panel).campaign(0)
    assert one.valley_hours == (0, 1, 2, 3)
    night, noon = one.hours[0], one.hours[12]
    assert night.estimate is not None
    assert noon.estimate is not None
    assert night.estimate > 2 * noon.estimate
    assert night.estimate_low is not None
    assert night.estimate_high is not None
    assert night.estimate_low < night.estimate < night.estimate_high
    assert night.lift is not None
    assert night.lift < 0.6


def test_late_conversions_make_no_pattern() -> None:
    """The last days have reported half of their conversions, more of the morning's than of the evening's."""
    rng = np.random.default_rng(0)
    shares = np.ones((20, 28, 24))
    shares[:, -14:] = np.linspace(0.9, 0.1, 24)
    clicks = np.full(shares.shape, 300)
    conversions = rng.poisson(clicks * 0.05 * shares)
    bare = flat_panel(CPA, clicks * 10**6, conversions * 10**6)
    assert not estimate_dayparts(bare).abstained.any()
    known = estimate_dayparts(replace(bare, shares=shares))
    assert known.abstained.mean() >= 0.9
    np.testing.assert_allclose(known.means, 20e6, rtol=0.05)


def test_a_sum_is_read_per_measured_hour() -> None:
    rng = np.random.default_rng(0)
    spend = rng.poisson(np.where(np.arange(24) >= 18, 60, 30), (1, 28, 24)) * 10**6
    one = estimate_dayparts(flat_panel(SPEND, spend, np.ones_like(spend))).campaign(0)
    assert one.peak_hours == (18, 19, 20, 21, 22, 23)
    assert one.times_of_day[3].label is Label.PEAK


def test_weekends_with_hours_of_their_own_make_a_plan_by_hour_of_the_week() -> None:
    played = play_hours(HourWorld(campaigns=20, weekend_only=True, factor=2.0, clicks=200.0), 3)
    found = estimate_dayparts(played.panel)
    assert found.weekly.mean() >= 0.9
    cells = found.figures.cells.label.reshape(20, 7, 24)
    assert (cells[:, 5:] == 1)[played.peaks[:, None].repeat(2, axis=1)].mean() >= 0.9
    assert (cells[:, :5] == 1).mean() <= 0.05
    patterns = [pattern for one in found.each() for pattern in one.patterns if len(pattern.hours) < 24]
    assert {pattern.days for pattern in patterns if pattern.kind is Label.PEAK} <= {(5, 6), (5,), (6,)}


def test_a_weekday_that_is_better_as_a_whole_is_a_pattern() -> None:
    rng = np.random.default_rng(4)
    clicks = np.full((1, 56, 24), 100)
    factor = np.where(np.arange(56) % 7 == 2, 2.0, 1.0)[:, None]
    one = estimate_dayparts(flat_panel(CPA, clicks * 10**6, rng.poisson(clicks * factor * 0.1) * 10**6)).campaign(0)
    assert not one.abstained
    assert one.weekly
    assert [(pattern.days, len(pattern.hours)) for pattern in one.patterns] == [((2,), 24)]
    assert one.days[2].label is Label.PEAK
    assert one.cells[2 * 24 + 5].label is Label.PEAK


@pytest.mark.parametrize(
    ("world", "settings", "said"),
    [
        (HourWorld(factor=1.0, clicks=300.0), DaypartSettings(), "would probably have been seen"),
        (HourWorld(factor=1.0, clicks=20.0), DaypartSettings(half_life_days=1e6), r"a look-back of \d+ days, or"),
        (HourWorld(factor=1.0, clicks=2.0), DaypartSettings(), r"as good as the others takes [\d.]+ times the spend"),
        (HourWorld(factor=1.0, days=3), DaypartSettings(), r"72 measured hours are fewer than the 100"),
    ],
)
def test_who_abstains_says_what_it_would_take(world: HourWorld, settings: DaypartSettings, said: str) -> None:
    found = estimate_dayparts(play_hours(replace(world, campaigns=10), 5).panel, settings)
    place = int(np.flatnonzero(found.abstained)[0])
    one = found.campaign(place)
    assert one.patterns == ()
    assert one.peak_hours == () or one.samples < settings.min_samples
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(one.reason)


def test_a_campaign_in_which_nothing_happens_has_no_estimates() -> None:
    nothing = np.zeros((1, 28, 24), np.int64)
    one = estimate_dayparts(flat_panel(CPC, nothing, nothing)).campaign(0)
    assert one.abstained
    assert one.mean is None
    assert one.hours[0].estimate is None
    assert one.hours[0].q_value is None
    spent = estimate_dayparts(flat_panel(CPA, nothing + 5, nothing)).campaign(0)
    assert spent.samples == 0
    never = estimate_dayparts(flat_panel(SPEND, nothing, nothing + 1)).campaign(0)
    assert never.samples == 672
    assert "hours in which something happens" in never.reason


def test_nobody_asked_about_is_nobody_answered() -> None:
    panel = play_hours(HourWorld(campaigns=1), 1).panel.part(slice(0, 0))
    assert len(estimate_dayparts(panel)) == 0
    empty = HourlyPanel(CPA, (CampaignRef("other", "a", "c"),), MONDAY + np.arange(0), *[np.zeros((1, 0, 24), int)] * 2)
    assert estimate_dayparts(empty).campaign(0).samples == 0


def test_campaigns_of_an_account_with_common_hours_help_each_other() -> None:
    """Alone some 15% of these peaks are found, together nearly all."""
    world = HourWorld(campaigns=20, accounts=1, same=True, clicks=12.0)
    together = play_hours(world, 8)
    refs = tuple(CampaignRef("other", f"own{place}", "c") for place in range(20))
    shares = []
    for panel in (together.panel, replace(together.panel, campaigns=refs)):
        found = estimate_dayparts(panel)
        shares.append((found.figures.hours.label == 1)[together.peaks].mean())
        assert bool((found.borrowed > 0).all()) is (panel is together.panel)
    assert shares[0] > shares[1] + 0.3


@pytest.mark.parametrize(
    "settings",
    [
        {"min_samples": 0},
        {"peak_percentile": 101.0},
        {"peak_percentile": 20.0},
        {"valley_percentile": -1.0},
        {"half_life_days": 0.0},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        DaypartSettings(**settings)  # type: ignore[arg-type]
