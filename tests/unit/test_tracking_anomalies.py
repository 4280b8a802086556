"""What looks wrong in the hours of campaigns, and in how they stand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.alerts import Severity
from adtempo.domain.campaigns import Campaign
from adtempo.domain.metrics import CONVERSIONS, CPC, CTR, IMPRESSIONS, SPEND
from adtempo.platforms.sandbox.world import World
from adtempo.tracking.anomalies import (
    Anomaly,
    AnomalyKind,
    HourlySeries,
    estimate_broken_tracking,
    estimate_incidents,
    estimate_silent_source,
    estimate_unusual_hours,
    judge_severity,
    read_metric,
)
from adtempo.tracking.expected import NOTHING, ExpectedFigure, ExpectedFigures
from adtempo.tracking.standing import Return, Standing, estimate_late, estimate_standing
from worlds import flat

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
ACCOUNT = Account(AccountRef("meta", "1"), "UTC", "EUR")
CAMPAIGN = Campaign(CampaignRef("meta", "1", "c"), BEGIN, name="Shoes", status="active", budget_daily_micros=10**9)
WEEKS = 5


def hourly(weeks: int = WEEKS, seed: int = 1, **changed: np.ndarray) -> HourlySeries:
    """A campaign of about 40 EUR, 4,000 impressions, 60 clicks and 3 conversions an hour."""
    rng, rows = np.random.default_rng(seed), weeks * 168
    clicks = rng.poisson(60, rows).astype(float)
    amounts = {
        "impressions": rng.poisson(4000, rows).astype(float),
        "clicks": clicks,
        "spend_micros": 40e6 * rng.lognormal(0, 0.1, rows),
        "conversions_micros": rng.poisson(3, rows) * 1e6,
        "conversion_value_micros": rng.poisson(3, rows) * 60e6,
    }
    hours = BEGIN.timestamp() / 3600 + np.arange(rows, dtype=np.float64)
    zone = ZoneInfo("UTC")
    return HourlySeries(
        CAMPAIGN.ref, "Shoes", "EUR", zone, hours, np.arange(rows) % 168, amounts | changed, np.ones(rows)
    )


def changed(series: HourlySeries, name: str, rows: slice, factor: float) -> HourlySeries:
    values = series.amounts[name].copy()
    values[rows] *= factor
    return replace(series, amounts={**series.amounts, name: values})


def kinds(found: list[Anomaly]) -> list[AnomalyKind]:
    return [one.kind for one in found]


# Incidents


def test_an_ordinary_campaign_has_no_incident() -> None:
    assert list(estimate_incidents(hourly())) == []
    assert list(estimate_broken_tracking(hourly())) == []
    assert estimate_silent_source([hourly()]) is None
    assert estimate_silent_source([]) is None


def test_a_spike_of_spend_says_what_it_costs_a_day_and_is_over_a_day_later() -> None:
    spiking = changed(hourly(), "spend_micros", slice(-3, None), 3.0)
    (found,) = estimate_incidents(spiking)
    assert (found.kind, found.metric, found.severity) == (AnomalyKind.SPEND_ANOMALY, "spend", Severity.CRITICAL)
    assert (found.since, found.until) == (spiking.at(len(spiking) - 3), spiking.at(len(spiking)))
    assert found.actual == pytest.approx(120e6, rel=0.2)
    assert found.expected == pytest.approx(40e6, rel=0.1)
    assert found.at_stake_micros == pytest.approx(2 * 24 * 40e6, rel=0.3)
    assert found.z is not None
    assert found.z > 3
    assert found.message.startswith("Shoes: spend is 1")
    assert found.message.endswith("check its budget and bids.")
    assert list(estimate_incidents(changed(hourly(), "spend_micros", slice(-30, -27), 3.0))) == []


def test_spend_that_stops_is_a_warning_unless_the_budget_is_used_up() -> None:
    stopped = changed(hourly(), "spend_micros", slice(-4, None), 0.0)
    (found,) = estimate_incidents(stopped)
    assert (found.severity, found.actual) == (Severity.WARNING, 0.0)
    assert found.message.endswith("check its status, budget and payment.")
    assert kinds(list(estimate_incidents(stopped, 2 * 10**9))) == [AnomalyKind.SPEND_ANOMALY]
    assert list(estimate_incidents(stopped, 800_000_000)) == []


def test_a_fallen_ctr_alerts_and_a_risen_one_does_not() -> None:
    (found,) = estimate_incidents(changed(hourly(), "clicks", slice(-8, None), 0.3))
    assert (found.kind, found.severity) == (AnomalyKind.CTR_DROP, Severity.CRITICAL)
    assert found.actual == pytest.approx(0.45, rel=0.2)
    assert found.at_stake_micros is not None
    assert "check its creatives" in found.message
    assert list(estimate_incidents(changed(hourly(), "clicks", slice(-8, None), 3.0))) == []


def test_a_ctr_that_crept_down_is_shown_over_a_day() -> None:
    crept = changed(hourly(9), "clicks", slice(-120, None), 0.6)
    onsets = [row for row, one in enumerate(read_metric(crept, CTR)) if one.score >= 0.5]
    (found,) = estimate_incidents(cut(crept, onsets[-1] + 1))
    assert found.kind is AnomalyKind.CTR_DROP
    assert found.z is not None
    assert abs(found.z) < 3
    assert found.actual is not None
    assert found.expected == pytest.approx(1.5, rel=0.05)
    assert found.actual < 1.3
    assert (found.until - found.since) <= timedelta(hours=3)


def cut(series: HourlySeries, rows: int) -> HourlySeries:
    """The series as it was after so many hours."""
    return replace(
        series,
        hours=series.hours[:rows],
        cells=series.cells[:rows],
        amounts={name: values[:rows] for name, values in series.amounts.items()},
        share=series.share[:rows],
    )


def test_what_cannot_be_compared_with_the_past_is_no_incident() -> None:
    nobody = hourly(impressions=np.full(WEEKS * 168, np.nan))
    assert list(estimate_incidents(changed(nobody, "clicks", slice(-8, None), 0.3))) == []


def test_four_quiet_weeks_of_the_flat_world_alert_no_more_often_than_promised() -> None:
    """Three watches over 20 worlds, 28 days, once in 90 days each: 18.7 expected; beyond 44, by chance 1e-7."""
    alerts = 0
    for seed in range(20):
        world = World(flat(seed))
        account = world.spec.accounts[0]
        play = world.play(account.campaign_ref(account.campaigns[0]))
        counts, clock = play.final_counts(), play.stage.clock
        amounts = {
            "impressions": counts.impressions.sum(axis=1) * 1.0,
            "clicks": counts.clicks.sum(axis=1) * 1.0,
            "spend_micros": counts.spend_micros.sum(axis=1) * 1.0,
            "conversions_micros": counts.conversions.sum(axis=1) * 1e6,
        }
        hours = clock.starts_us / 3.6e9
        series = HourlySeries(
            CAMPAIGN.ref, "flat", "EUR", account.account.zone, hours, clock.hour_of_week, amounts, np.ones(len(hours))
        )
        for metric in (SPEND, CTR):
            alerts += sum(reading.score >= 0.5 for reading in read_metric(series, metric)[-28 * 24 :])
        alerts += sum(bool(list(estimate_broken_tracking(cut(series, end)))) for end in range(28 * 24, len(hours), 24))
    assert alerts <= 44


# Tracking


def test_clicks_without_conversions_are_broken_tracking() -> None:
    silent = changed(hourly(), "conversions_micros", slice(-10, None), 0.0)
    (found,) = estimate_broken_tracking(silent)
    assert (found.kind, found.metric, found.severity) == (
        AnomalyKind.TRACKING_BROKEN,
        "conversions",
        Severity.CRITICAL,
    )
    assert found.since >= silent.at(len(silent) - 11)
    assert "clicks brought no conversion" in found.message
    assert found.at_stake_micros == pytest.approx(24 * 40e6, rel=0.1)


def test_conversions_that_have_not_come_in_yet_are_no_silence() -> None:
    silent = changed(hourly(), "conversions_micros", slice(-10, None), 0.0)
    share = np.ones(len(silent))
    share[-10:] = 0.02
    assert list(estimate_broken_tracking(replace(silent, share=share))) == []


def test_days_without_conversions_are_broken_tracking_where_hours_have_none() -> None:
    blind = hourly(conversions_micros=np.full(WEEKS * 168, np.nan))
    clicks, conversions = np.full(35, 1440.0), np.full(35, 40.0)
    assert list(estimate_broken_tracking(blind, (clicks, conversions))) == []
    conversions[-3:] = 0
    (found,) = estimate_broken_tracking(blind, (clicks, conversions))
    assert found.since == blind.at(len(blind) - 72)


def test_conversions_without_clicks_are_a_warning() -> None:
    (found,) = estimate_broken_tracking(changed(hourly(), "clicks", slice(-24, None), 0.0))
    assert (found.metric, found.severity, found.at_stake_micros) == ("clicks", Severity.WARNING, None)


def test_an_account_that_shows_nothing_is_silent() -> None:
    rows = WEEKS * 168
    off = np.r_[np.full(rows - 15, 4000.0), np.zeros(15)]
    late = hourly(impressions=off)
    other = cut(late, rows - 200)
    found = estimate_silent_source([late, other])
    assert found is not None
    assert (found.account, found.campaign) == (ACCOUNT.ref, None)
    assert found.since == late.at(rows - 15)
    assert "nothing was shown" in found.message


# Hours on request


def test_hours_beyond_a_threshold_are_found_in_the_window_only() -> None:
    series = changed(hourly(), "spend_micros", slice(-5, -4), 3.0)
    window = {"since": series.at(len(series) - 24), "until": series.at(len(series))}
    found = list(estimate_unusual_hours(series, SPEND, threshold_std=4, **window))
    assert [(one.kind, one.since) for one in found] == [(AnomalyKind.SPEND_ANOMALY, series.at(len(series) - 5))]
    assert list(estimate_unusual_hours(series, SPEND, threshold_std=4, since=BEGIN, until=BEGIN)) == []
    many, few = (
        len(list(estimate_unusual_hours(series, SPEND, threshold_std=z, since=BEGIN, until=window["until"])))
        for z in (1, 2)
    )
    assert many > few > 1


@pytest.mark.parametrize(
    ("metric", "name", "factor", "severity", "advice"),
    [
        (IMPRESSIONS, "impressions", 0.2, Severity.CRITICAL, "check its status"),
        (IMPRESSIONS, "impressions", 3.0, Severity.INFO, "nothing to do"),
        (CPC, "spend_micros", 3.0, Severity.CRITICAL, "check its bids"),
        (CPC, "spend_micros", 0.2, Severity.INFO, "nothing to do"),
        (CTR, "clicks", 0.1, Severity.CRITICAL, "check its creatives"),
    ],
)
def test_severity_follows_what_is_lost(
    metric: object, name: str, factor: float, severity: Severity, advice: str
) -> None:
    series = changed(hourly(), name, slice(-1, None), factor)
    window = {"since": series.at(len(series) - 1), "until": series.at(len(series))}
    (found,) = estimate_unusual_hours(series, metric, threshold_std=2, **window)  # type: ignore[arg-type]
    assert found.severity is severity
    assert advice in found.message
    assert (found.at_stake_micros is None) is (severity is Severity.INFO)


def test_hours_whose_conversions_are_still_coming_are_not_judged() -> None:
    share = np.ones(WEEKS * 168)
    share[-12:] = 0.5
    values, _ = replace(hourly(), share=share).values(CONVERSIONS)
    assert np.isnan(values[-12:]).all()
    assert not np.isnan(values[:-12]).any()


def test_a_ratio_without_denominator_has_no_value() -> None:
    values, weights = changed(hourly(), "clicks", slice(0, 3), 0.0).values(CPC)
    assert np.isnan(values[:3]).all()
    assert weights is not None
    assert weights[:3].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("lost", "severity"), [(0.0, Severity.INFO), (0.1, Severity.WARNING), (0.5, Severity.CRITICAL)]
)
def test_severity_steps(lost: float, severity: Severity) -> None:
    assert judge_severity(lost) is severity


# Standing


def standing(**more: object) -> Standing:
    now = BEGIN + timedelta(weeks=WEEKS)
    return Standing(CAMPAIGN, CAMPAIGN, ACCOUNT, now, **more)  # type: ignore[arg-type]


def only(found: Standing) -> Anomaly:
    (anomaly,) = estimate_standing(found)
    return anomaly


def test_a_campaign_in_good_standing_is_no_news() -> None:
    assert list(estimate_standing(standing())) == []
    assert list(estimate_standing(standing(frequency=2.9, series=hourly()))) == []


def test_a_pause_within_a_day_is_a_warning_and_old_ones_are_no_news() -> None:
    paused = replace(CAMPAIGN, status="PAUSED")
    found = only(replace(standing(), campaign=paused))
    assert (found.kind, found.severity) == (AnomalyKind.CAMPAIGN_PAUSED, Severity.WARNING)
    assert list(estimate_standing(replace(standing(), campaign=paused, before=paused))) == []
    assert list(estimate_standing(replace(standing(), campaign=paused, before=replace(CAMPAIGN, status=None)))) == []


@pytest.mark.parametrize(
    ("old", "new", "severity", "at_stake"),
    [
        (1_000, 1_501, Severity.CRITICAL, 501),
        (1_000, 499, Severity.CRITICAL, None),
        (1_000, 1_500, Severity.WARNING, 500),
        (1_000, 1_100, Severity.INFO, 100),
    ],
)
def test_a_changed_budget_is_critical_above_a_set_amount(
    old: int, new: int, severity: Severity, at_stake: int | None
) -> None:
    campaigns = [replace(CAMPAIGN, budget_daily_micros=amount * 10**6) for amount in (old, new)]
    found = only(replace(standing(), before=campaigns[0], campaign=campaigns[1]))
    assert (found.kind, found.severity) == (AnomalyKind.BUDGET_CHANGE, severity)
    assert found.at_stake_micros == (None if at_stake is None else at_stake * 10**6)


def test_a_budget_gone_by_noon_is_depleted_until_the_evening() -> None:
    series = hourly()
    rows = WEEKS * 168
    spend = np.full(rows, 40e6)
    spend[-24:-13] = 90e6
    spend[-13:] = 0
    gone = replace(series, amounts={**series.amounts, "spend_micros": spend})
    noon, evening = (cut(gone, rows - left) for left in (12, 2))
    found = only(standing(series=noon))
    assert (found.kind, found.severity) == (AnomalyKind.BUDGET_DEPLETED, Severity.WARNING)
    assert (found.since, found.actual, found.expected) == (noon.at(len(noon) - 1), 11 * 90e6, 1e9)
    assert list(estimate_standing(standing(series=evening))) == []
    unspent = standing(series=noon)
    richer = replace(CAMPAIGN, budget_daily_micros=2 * 10**9)
    assert list(estimate_standing(replace(unspent, campaign=richer, before=richer))) == []


def returned(roas: ExpectedFigure) -> Return:
    figures = ExpectedFigures(NOTHING, NOTHING, roas, NOTHING, 0.8, "own")
    return Return(date(2026, 1, 5), date(2026, 1, 11), 700_000_000, figures)


@pytest.mark.parametrize(("high80", "alerts"), [(1.9, True), (2.0, False), (None, False)])
def test_a_return_is_below_target_only_when_its_whole_interval_is(high80: float | None, alerts: bool) -> None:
    wanted = replace(CAMPAIGN, target_roas=2.0)
    stands = standing(returned=returned(ExpectedFigure(1.5, 1.2, high80, 1.0, 2.5)))
    found = list(estimate_standing(replace(stands, campaign=wanted)))
    assert kinds(found) == ([AnomalyKind.ROAS_BELOW_TARGET] if alerts else [])
    if alerts:
        assert (found[0].actual, found[0].expected, found[0].high80) == (1.5, 2.0, 1.9)
        assert (found[0].severity, found[0].at_stake_micros) == (Severity.WARNING, 50_000_000)
    assert list(estimate_standing(stands)) == []  # nobody wants a return of it


@pytest.mark.parametrize(("frequency", "severity"), [(3.0, Severity.INFO), (6.5, Severity.WARNING)])
def test_a_high_frequency_is_told(frequency: float, severity: Severity) -> None:
    found = only(standing(frequency=frequency))
    assert (found.kind, found.severity) == (AnomalyKind.HIGH_FREQUENCY, severity)


@pytest.mark.parametrize(("hours", "severity"), [(2, None), (3, Severity.WARNING), (24, Severity.CRITICAL)])
def test_facts_are_late_after_three_hours(hours: int, severity: Severity | None) -> None:
    found = estimate_late(ACCOUNT, BEGIN, BEGIN + timedelta(hours=hours))
    assert (found and found.severity) is severity
    assert estimate_late(ACCOUNT, None, BEGIN) is None


def test_a_jump_at_an_hour_that_was_never_measured_before_has_nothing_to_be_held_against() -> None:
    series = hourly()
    spend = series.amounts["spend_micros"].copy()
    last_hour = series.cells % 24 == series.cells[-1] % 24
    spend[last_hour] = np.nan
    spend[-1] = 1e9
    assert list(estimate_incidents(replace(series, amounts={**series.amounts, "spend_micros": spend}))) == []


def test_hours_that_nobody_saw_do_not_break_a_silence() -> None:
    rows = WEEKS * 168
    conversions, clicks = np.full(rows, 3e6), np.full(rows, 60.0)
    conversions[-30:] = 0.0
    clicks[-10:-5] = np.nan
    (found,) = estimate_broken_tracking(hourly(conversions_micros=conversions, clicks=clicks))
    assert found.kind is AnomalyKind.TRACKING_BROKEN
