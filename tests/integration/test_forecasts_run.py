"""Forecasts on both databases: what is kept, what is said again, what is claimed, and what stops nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import NotFound
from adtempo.domain.forecasts import Audience, Level
from adtempo.facts.formats import ImportOptions
from adtempo.facts.imports import import_facts
from adtempo.forecasts import run as forecasts_run
from adtempo.forecasts.estimate import estimate_channels
from adtempo.forecasts.run import Forecaster
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.compare import compare_predictions, load_accuracy
from adtempo.predictions.record import load_predictions
from adtempo.store import forecasts as stored
from adtempo.store.accounts import change_campaign
from adtempo.store.engine import reading, transaction
from adtempo.workspace import Workspace
from plain_forecasts import plain_forecasts

__all__ = ["plain_forecasts"]

pytestmark = pytest.mark.usefixtures("plain_forecasts")

HEADER = (
    "platform,account_id,account_timezone,currency,campaign_id,campaign_name,grain,slot_start,"
    "impressions,clicks,spend,conversions,conversion_value,status,reach"
)
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
TODAY = NOW.date()
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what only reads: one database is enough."""

META = ("meta", "m1", "EUR")
GOOGLE = ("google", "g1", "EUR")
TIKTOK = ("tiktok", "t1", "USD")


def days_of(
    account: tuple[str, str, str],
    campaign: str,
    *,
    spend: float = 100,
    returned: float = 2.0,
    days: Iterable[date] | None = None,
    status: str = "active",
    reach: str = "",
) -> list[str]:
    """A campaign's closed days: weekends bring twice as much, and spend moves a little from day to day."""
    platform, name, currency = account
    rows = []
    for day in days or [TODAY - timedelta(days=back) for back in range(60, 0, -1)]:
        spent = spend * (1 + 0.2 * (day.toordinal() % 3))
        value = spent * returned * (2 if day.weekday() >= 5 else 1)
        figures = f"{spent * 100:.0f},{spent * 3:.0f},{spent:.2f},{value / 50:.2f},{value:.2f},{status},{reach}"
        rows.append(f"{platform},{name},UTC,{currency},{campaign},The {campaign},day,{day},{figures}")
    return rows


def take_in(workspace: Workspace, folder: Path, *lines: str, header: str = HEADER) -> None:
    path = folder / f"facts{len(list(folder.glob('facts*')))}.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    import_facts(workspace.ledger, path, ImportOptions(), actor="test", now=workspace.now())


def count_rows(workspace: Workspace) -> dict[str, int]:
    with reading(workspace.engine) as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in stored.TABLES}


def set_campaign(workspace: Workspace, account: tuple[str, str, str], campaign: str, **said: Any) -> None:
    with transaction(workspace.engine) as connection:
        change_campaign(connection, CampaignRef(account[0], account[1], campaign), **said)


@pytest.fixture
def home(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Two channels in euros and one in dollars."""
    lines = [*days_of(META, "a"), *days_of(META, "b", spend=50), *days_of(GOOGLE, "c", returned=3)]
    take_in(workspace, tmp_path, *lines, *days_of(TIKTOK, "d", reach="700"))
    return workspace


def test_a_run_fills_the_four_tables_and_a_second_one_adds_nothing(home: Workspace) -> None:
    filled = Forecaster(home).run()
    assert (filled.currencies, filled.unchanged, dict(filled.failures)) == (("EUR", "USD"), (), {})
    assert filled.written == count_rows(home)
    # Per currency and window: the total, channels, accounts and campaigns.
    assert filled.written["ml_roi_forecast"] == 2 * (1 + 2 + 2 + 3) + 2 * (1 + 1 + 1 + 1)
    assert filled.written["ml_roi_timeseries"] == 5 * (60 + 28) == filled.written["ml_reach_ctr_timeseries"]
    assert filled.written["ml_budget_recommendation"] == (1 + 2 + 3) + (1 + 1 + 1)
    again = Forecaster(home).run()
    assert (again.currencies, again.unchanged, sum(again.written.values())) == ((), ("EUR", "USD"), 0)
    assert count_rows(home) == filled.written


def test_a_budget_doubled_today_doubles_what_is_going_to_be_spent(workspace: Workspace, tmp_path: Path) -> None:
    header = f"{HEADER},budget_daily"
    take_in(workspace, tmp_path, *(f"{line},120" for line in days_of(META, "a")), header=header)
    Forecaster(workspace).run()
    before = Forecaster(workspace).roi_forecast(Level.TOTAL)[0]
    later = replace(workspace, pretended_now=NOW + timedelta(minutes=30))
    take_in(later, tmp_path, f"{days_of(META, 'a', days=[TODAY])[0]},240", header=header)
    Forecaster(later).run()
    after = Forecaster(later).roi_forecast(Level.TOTAL)[0]
    assert before.spend is not None
    assert after.spend is not None
    assert after.spend.value == pytest.approx(2 * before.spend.value)


@ON_SQLITE
def test_levels_add_up_and_currencies_never_mix(home: Workspace) -> None:
    forecaster = Forecaster(home)
    forecaster.run()
    by_level = {level: forecaster.roi_forecast(level) for level in Level}
    for currency in ("EUR", "USD"):
        for days in (7, 28):
            for name in ("spend", "value"):
                sums = {
                    level: sum(
                        getattr(one, name).value
                        for one in found
                        if (one.subject.currency, one.days) == (currency, days)
                    )
                    for level, found in by_level.items()
                }
                assert sums[Level.TOTAL] > 0
                assert list(sums.values()) == pytest.approx([sums[Level.TOTAL]] * len(sums))
    meta, *_ = forecaster.roi_forecast(channel="meta")
    assert (meta.since, meta.until) == (TODAY, TODAY + timedelta(days=6))
    assert meta.spend is not None
    assert meta.value is not None
    assert meta.roi is not None
    assert meta.roi.low95 <= meta.roi.low80 <= meta.roi.value <= meta.roi.high80 <= meta.roi.high95
    assert meta.roi.value == pytest.approx((meta.value.value - meta.spend.value) / meta.spend.value, rel=0.05)


@ON_SQLITE
def test_a_series_shows_what_was_reported_what_it_comes_to_and_what_follows(home: Workspace) -> None:
    forecaster = Forecaster(home)
    forecaster.run()
    series = forecaster.roi_timeseries(10)
    assert [(one.subject.currency, one.subject.name) for one in series] == [
        *(("EUR", ""), ("EUR", "google"), ("EUR", "meta"), ("USD", ""), ("USD", "tiktok")),
    ]
    past, ahead = series[0].roi[:10], series[0].roi[10:]
    assert [point.day for point in past] == [TODAY - timedelta(days=back) for back in range(10, 0, -1)]
    assert not any(point.is_forecast for point in past)
    assert all(point.is_forecast and point.reported is None and point.maturity is None for point in ahead)
    assert len(ahead) == 28
    yesterday = past[-1]
    assert yesterday.reported is not None
    assert yesterday.expected is not None
    assert yesterday.expected.value > yesterday.reported  # conversions arrive late
    assert yesterday.maturity is not None
    assert 0 < yesterday.maturity < 1


@ON_SQLITE
def test_reach_is_shown_where_one_campaign_is_the_channel_and_impressions_elsewhere(home: Workspace) -> None:
    forecaster = Forecaster(home)
    forecaster.run()
    meta, tiktok = (forecaster.reach_ctr(5, channel)[0] for channel in ("meta", "tiktok"))
    assert (meta.measure, tiktok.measure) == (Audience.IMPRESSIONS, Audience.REACH)
    assert "reach of several campaigns does not add up" in meta.note
    assert [point.reported for point in tiktok.audience[:5]] == [700.0] * 5
    assert tiktok.audience[-1].expected is not None
    assert tiktok.audience[-1].expected.value == pytest.approx(700)
    assert meta.ctr[0].reported == pytest.approx(3.0)


def test_new_facts_write_only_what_they_change_and_nothing_is_overwritten(home: Workspace, tmp_path: Path) -> None:
    Forecaster(home).run()
    before = count_rows(home)
    old = {(one.subject, one.days): one for one in Forecaster(home).roi_forecast(Level.CAMPAIGN)}
    later = replace(home, pretended_now=NOW + timedelta(minutes=30))
    take_in(later, tmp_path, *days_of(TIKTOK, "d", reach="700", days=[TODAY - timedelta(days=1)], spend=400))
    filled = Forecaster(later).run()
    assert (filled.currencies, filled.unchanged) == (("USD",), ("EUR",))
    # Of the channel and the total, days to come, and days whose conversions may still arrive: a look at them is news.
    assert filled.written["ml_roi_timeseries"] == 2 * (28 + 28)
    assert count_rows(home) == {name: before[name] + added for name, added in filled.written.items()}
    for one in Forecaster(later).roi_forecast(Level.CAMPAIGN):
        assert (one == old[one.subject, one.days]) == (one.subject.currency == "EUR")


def test_a_past_day_shows_what_was_said_of_it_a_week_before(home: Workspace, tmp_path: Path) -> None:
    Forecaster(home).run()
    said = Forecaster(home).roi_timeseries(1, "meta")[0].conversions
    later = replace(home, pretended_now=NOW + timedelta(days=10))
    new = [TODAY + timedelta(days=ahead) for ahead in range(10)]
    take_in(later, tmp_path, *days_of(META, "a", days=new), *days_of(META, "b", spend=50, days=new))
    take_in(later, tmp_path, *days_of(GOOGLE, "c", returned=3, days=new))
    Forecaster(later).run()
    points = {point.day: point for point in Forecaster(later).roi_timeseries(20, "meta")[0].conversions}
    assert points[TODAY].earlier is None  # a day's notice is not a week's
    week = TODAY + timedelta(days=6)
    assert points[week].earlier == next(point.expected for point in said if point.day == week)
    assert not points[week].is_forecast


def test_a_forecast_is_claimed_once_for_each_days_facts_and_scored_when_they_are_mature(
    home: Workspace, tmp_path: Path
) -> None:
    filled = Forecaster(home).run()
    claims = load_predictions(home, model="adtempo")
    curves = load_predictions(home, model="adtempo curves")
    assert {str(one.prediction.scope) for one in curves} == {"channel:all:EUR", "channel:all:USD"}
    assert [dict(one.prediction.interval) for one in curves] == [{}, {}]
    assert len(claims) + len(curves) == filled.claimed
    scopes = {str(one.prediction.scope) for one in claims if one.prediction.metric == "roas"}
    assert scopes == {
        *("channel:all:EUR", "channel:meta:EUR", "channel:google:EUR", "channel:all:USD", "channel:tiktok:USD"),
        *("meta:m1", "google:g1", "tiktok:t1"),
        *("meta:m1:a", "meta:m1:b", "google:g1:c", "tiktok:t1:d"),
    }
    assert {one.prediction.metric for one in claims} == {"roas", "conversions", "impressions", "ctr"}
    take_in(home, tmp_path, *days_of(META, "a", days=[TODAY - timedelta(days=2)], spend=150))
    assert Forecaster(home).run().claimed == 0
    later = replace(home, pretended_now=NOW + timedelta(days=60))
    new = [TODAY + timedelta(days=ahead) for ahead in range(28)]
    take_in(later, tmp_path, *days_of(META, "a", days=new), *days_of(META, "b", spend=50, days=new))
    take_in(later, tmp_path, *days_of(GOOGLE, "c", returned=3, days=new), *days_of(TIKTOK, "d", days=new))
    done = compare_predictions(later, actuals_of(later))
    assert len(done.compared) == filled.claimed
    overall = load_accuracy(later, days=1).overall
    assert overall.count == filled.claimed
    assert overall.avg_accuracy is not None
    assert overall.avg_accuracy > 80


@ON_SQLITE
def test_a_campaign_is_counted_under_the_channel_it_carries(home: Workspace) -> None:
    Forecaster(home).run()
    set_campaign(home, META, "b", channel="brand")
    later = replace(home, pretended_now=NOW + timedelta(minutes=30))
    filled = Forecaster(later).run()
    assert filled.currencies == ("EUR",)
    channels = [one.subject.name for one in Forecaster(later).roi_forecast() if one.days == 7]
    assert channels == ["", "brand", "google", "meta", "", "tiktok"]
    assert {str(one.prediction.scope) for one in load_predictions(later)} >= {"channel:brand:EUR"}
    with pytest.raises(NotFound, match="no channel 'radio'; choose one of brand, google, meta, tiktok"):
        Forecaster(later).roi_timeseries(channel="radio")


@ON_SQLITE
def test_a_campaign_that_stopped_is_expected_to_bring_nothing(home: Workspace, tmp_path: Path) -> None:
    lines = days_of(META, "a", days=[TODAY - timedelta(days=1)], status="paused")
    take_in(home, tmp_path, *lines)
    forecaster = Forecaster(home)
    forecaster.run()
    campaigns = {one.subject.name: one for one in forecaster.roi_forecast("campaign") if one.days == 7}
    stopped = campaigns["meta:m1:a"]
    assert stopped.spend is not None
    assert stopped.spend.value == 0
    assert stopped.roi is None
    (answer, _) = forecaster.budget_recommendation()
    assert {line.title for line in answer.lines} == {"google", "meta", "The b", "The c"}


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (days_of(META, "a", days=[TODAY - timedelta(days=2), TODAY - timedelta(days=1)]), "It has 2 days of history"),
        (
            days_of(META, "a")[:20] + days_of(GOOGLE, "c")[-1:],
            "in its last 40 days; it has ended",
        ),
        (days_of(META, "a", spend=0), "in its last 60 days"),
    ],
    ids=["two days", "ended", "no spend"],
)
@ON_SQLITE
def test_what_cannot_be_forecast_says_so(workspace: Workspace, tmp_path: Path, lines: list[str], note: str) -> None:
    take_in(workspace, tmp_path, *lines)
    forecaster = Forecaster(workspace)
    assert not forecaster.run().failures
    found = forecaster.roi_forecast(channel="meta")
    assert [one.days for one in found] == [7, 28]
    assert all(note in one.note and one.roi is None for one in found)
    (answer,) = forecaster.budget_recommendation()
    assert "no curve can be learnt yet" in answer.note
    assert not answer.lines


@ON_SQLITE
def test_without_value_there_is_no_roi_and_no_split(workspace: Workspace, tmp_path: Path) -> None:
    lines = [",".join([*line.split(",")[:12], "", *line.split(",")[13:]]) for line in days_of(META, "a")]
    take_in(workspace, tmp_path, *lines)
    forecaster = Forecaster(workspace)
    forecaster.run()
    found = forecaster.roi_forecast()
    assert all(one.roi is None and one.value is None and one.spend is not None for one in found)
    assert forecaster.roi_timeseries()[0].conversions[-1].expected is not None
    (answer,) = forecaster.budget_recommendation()
    assert answer.note == "No conversion value is measured in EUR, so no split can be called better."


@ON_SQLITE
def test_without_facts_it_says_where_they_come_from(workspace: Workspace) -> None:
    forecaster = Forecaster(workspace)
    with pytest.raises(NotFound, match="no facts to forecast from; `adtempo import facts`"):
        forecaster.run()
    assert (forecaster.roi_forecast(), forecaster.roi_timeseries(), forecaster.budget_recommendation()) == ([], [], [])
    with pytest.raises(NotFound, match="nothing has been forecast yet"):
        forecaster.reach_ctr(channel="meta")
    with pytest.raises(NotFound, match="there is no forecast 'roy'"):
        forecaster.frame("roy")
    assert [one.filled_at for one in forecaster.status().tables] == [None] * 4


@ON_SQLITE
def test_one_tables_failure_stops_no_other_and_is_told(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no curve today")

    monkeypatch.setattr(forecasts_run, "fit_own_responses", broken)
    filled = Forecaster(home).run()
    assert filled.failures["EUR"] == {"ml_budget_recommendation": "RuntimeError: no curve today"}
    assert filled.written["ml_roi_forecast"]
    status = Forecaster(home).status()
    failed = {one.table: one.failures for one in status.tables if one.failures}
    assert failed == {"ml_budget_recommendation": dict.fromkeys(("EUR", "USD"), "RuntimeError: no curve today")}
    assert status.facts_until == dict.fromkeys(("EUR", "USD"), TODAY - timedelta(days=1))


@ON_SQLITE
def test_what_failed_is_tried_again_by_the_next_run(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no curve today")

    later = [replace(home, pretended_now=NOW + timedelta(minutes=30 * one)) for one in range(4)]
    with monkeypatch.context() as patch:
        patch.setattr(forecasts_run, "fit_own_responses", broken)
        for one in later[:2]:
            assert set(Forecaster(one).run().failures) == {"EUR", "USD"}
    again = Forecaster(later[2]).run()
    assert (again.currencies, dict(again.failures), again.claimed) == (("EUR", "USD"), {}, 2)
    assert {table for table, rows in again.written.items() if rows} == {"ml_budget_recommendation"}
    assert not any(one.failures for one in Forecaster(later[2]).status().tables)
    assert Forecaster(later[3]).run().unchanged == ("EUR", "USD")


def test_two_processes_write_one_forecast(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    Forecaster(home).run()
    rows = count_rows(home)
    # The other looked at the runs before this one had written.
    monkeypatch.setattr(stored, "load_runs", lambda _connection: {})
    second = Forecaster(replace(home, pretended_now=NOW + timedelta(seconds=1))).run()
    assert (second.currencies, second.unchanged, sum(second.written.values())) == ((), ("EUR", "USD"), 0)
    assert count_rows(home) == rows


@ON_SQLITE
def test_forecasters_are_chosen_weekly_and_kept_in_between(
    home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []
    forecast = estimate_channels

    def spy(panel: Any, *, reach: Any, chosen: Any) -> Any:
        asked.append(sorted(chosen or ()))
        return forecast(panel, reach=reach, chosen=chosen)

    monkeypatch.setattr(forecasts_run, "estimate_channels", spy)
    for ahead in (0, 1, 7):
        later = replace(home, pretended_now=NOW + timedelta(days=ahead))
        if ahead:
            new = [TODAY + timedelta(days=day) for day in range(ahead)]
            take_in(later, tmp_path, *days_of(TIKTOK, "d", days=new))
        Forecaster(later).run()
    assert asked == [[], [], ["", "tiktok"], []]
    assert Forecaster(later).status().models_chosen_on["USD"] == TODAY + timedelta(days=6)


@ON_SQLITE
def test_a_frame_holds_what_a_table_says_now(home: Workspace) -> None:
    Forecaster(home).run()
    frame = Forecaster(home).frame("roi-forecast")
    assert len(frame) == count_rows(home)["ml_roi_forecast"]
    assert {"level", "name", "currency", "days", "roi", "roi_low80", "made_at"} <= set(frame.columns)
