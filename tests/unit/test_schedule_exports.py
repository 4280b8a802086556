"""What platforms get: their own words, their own limits, and a clear no to what they would misread."""

from __future__ import annotations

import json
from datetime import date

import pytest

from adtempo.dayparts.exports import EXPORTS, Export, Sheet, find_export
from adtempo.dayparts.exports.google import GOOGLE
from adtempo.dayparts.exports.meta import META
from adtempo.dayparts.exports.tiktok import TIKTOK
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.domain.money import Money
from adtempo.domain.schedules import MULTIPLIER_MAX, WeekPlan, allocate

DAY = (0.0,) * 6 + (1.0,) * 4 + (1.5,) * 3 + (1.0,) * 5 + (1.5,) * 3 + (0.5,) * 3
WEEK = DAY * 7


def sheet(title: str = "Plan", timezone: str = "Europe/Berlin") -> Sheet:
    return Sheet(title, "EUR", timezone, date(2026, 3, 4), WEEK, ("1.00",) * 168)


def text_of(export: Export, week: tuple[float, ...] = WEEK) -> str:
    return export.write(sheet(), export.fit(week))


def test_google_gets_quarter_hours_of_named_days() -> None:
    intervals = json.loads(text_of(GOOGLE))["ad_schedule"]
    assert len(intervals) == 35
    assert intervals[0] == {
        "day_of_week": "MONDAY",
        "start_hour": 6,
        "start_minute": "ZERO",
        "end_hour": 10,
        "end_minute": "ZERO",
        "bid_modifier": 1.0,
    }


def test_meta_gets_whole_hours_with_sunday_first_and_the_pauses_that_do_the_same() -> None:
    document = json.loads(text_of(META))
    assert document["lifetime_budget_needed"]["adset_schedule"] == [
        {"start_minute": 360, "end_minute": 1440, "days": [0, 1, 2, 3, 4, 5, 6], "timezone_type": "ADVERTISER"}
    ]
    changes = document["daily_budget_instead"]["changes"]
    assert changes[:2] == [
        {"day": "monday", "hour": 0, "status": "PAUSED"},
        {"day": "monday", "hour": 6, "status": "ACTIVE"},
    ]
    sunday_only = json.loads(text_of(META, (0.0,) * 144 + (1.0,) * 24))["lifetime_budget_needed"]
    assert sunday_only["adset_schedule"][0]["days"] == [0]


def test_tiktok_gets_half_hours_from_monday_midnight() -> None:
    text = text_of(TIKTOK)
    assert len(text) == 336
    assert text.startswith("0" * 12 + "1" * 36 + "0" * 12)


@pytest.mark.parametrize("export", [GOOGLE, META, TIKTOK], ids=lambda export: export.name)
def test_a_week_in_which_nothing_runs_is_refused(export: Export) -> None:
    with pytest.raises(InvalidInput, match="always on"):
        text_of(export, (0.0,) * 168)


def test_a_calendar_knows_its_clock_changes_and_folds_its_lines() -> None:
    ics = find_export("ics")
    text = ics.write(sheet("Überlang " * 20), WEEK)
    assert text.count("BEGIN:VEVENT") == 4
    assert "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert ": off" in text.replace("\r\n ", "")
    assert ics.read(text) == WEEK
    without = ics.write(sheet(timezone="America/Phoenix"), WEEK)
    assert without.count("BEGIN:STANDARD") == 1
    assert "TZOFFSETTO:-0700" in without


def test_a_flat_week_is_a_calendar_without_events() -> None:
    ics = find_export("ics")
    text = ics.write(sheet(), (1.0,) * 168)
    assert "VEVENT" not in text
    assert ics.read(text) == (1.0,) * 168


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
@pytest.mark.parametrize("text", ["", "nonsense", "{}", "[]", '{"ad_schedule": [{}]}', "a,b\n1,2\n"])
def test_a_file_that_is_no_schedule_is_refused_by_name(export: Export, text: str) -> None:
    with pytest.raises(InvalidInput, match="schedule"):
        export.read(text)


def google(**changes: object) -> str:
    good = {"day_of_week": "MONDAY", "start_hour": 1, "start_minute": "ZERO", "end_hour": 2, "end_minute": "ZERO"}
    return json.dumps({"ad_schedule": [good | {"bid_modifier": 1.0} | changes]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (google(end_hour=25), "within its day"),
        (google(start_hour=3), "within its day"),
        (google(bid_modifier=11), "0.1 to 10"),
        (google(day_of_week="SOMEDAY"), "SOMEDAY. is missing, or is not"),
        (google(start_minute="TWENTY"), "TWENTY"),
        (json.dumps({"ad_schedule": json.loads(google())["ad_schedule"] * 2}), "overlap"),
    ],
)
def test_what_google_would_refuse_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        GOOGLE.read(text)


def test_google_refuses_a_seventh_interval() -> None:
    intervals = [json.loads(google(start_hour=hour, end_hour=hour + 1))["ad_schedule"][0] for hour in range(0, 14, 2)]
    with pytest.raises(InvalidInput, match="more than 6"):
        GOOGLE.read(json.dumps({"ad_schedule": intervals}))


@pytest.mark.parametrize("change", [{"start_minute": 30}, {"end_minute": 1500}, {"days": [7]}, {"days": 3}])
def test_what_meta_would_refuse_is_refused(change: dict[str, object]) -> None:
    document = json.loads(text_of(META))
    document["lifetime_budget_needed"]["adset_schedule"][0].update(change)
    with pytest.raises(InvalidInput, match="Meta"):
        META.read(json.dumps(document))


def test_a_table_that_lacks_an_hour_is_refused() -> None:
    export = find_export("csv")
    lines = text_of(export).splitlines()
    with pytest.raises(InvalidInput, match="each of the 168 hours"):
        export.read("\n".join(lines[:-1]))


def test_a_calendar_event_without_its_multiplier_is_refused() -> None:
    export = find_export("ics")
    with pytest.raises(InvalidInput, match="multiplier"):
        export.read(text_of(export).replace("X-ADTEMPO-MULTIPLIER", "X-OTHER"))


def test_an_export_that_does_not_exist_is_named() -> None:
    with pytest.raises(NotFound, match="google, meta, tiktok, csv, ics"):
        find_export("bing")


# Money


@pytest.mark.parametrize(
    ("micros", "currency", "multipliers", "said"),
    [
        (0, "EUR", (1.0,) * 24, "buys nothing"),
        (-5_000_000, "EUR", (1.0,) * 24, "buys nothing"),
        (230_000, "EUR", (1.0,) * 24, "at least 0.24 EUR"),
        (23_000_000, "JPY", (1.0,) * 24, "at least 24 JPY"),
        (1_005_000, "EUR", (1.0,) * 24, "multiple of 0.01"),
        (1_000_000, "EUR", (0.0,) * 24, "every hour has the multiplier 0"),
        (1_000_000, "EUR", (-1.0,) + (1.0,) * 23, "from 0 to 10"),
        (1_000_000, "EUR", (float("nan"),) * 24, "from 0 to 10"),
        (1_000_000, "EUR", (MULTIPLIER_MAX + 1,) * 24, "from 0 to 10"),
    ],
)
def test_a_budget_that_cannot_be_shared_out_is_refused(
    micros: int, currency: str, multipliers: tuple[float, ...], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        allocate(Money(micros, currency), multipliers)


def test_the_smallest_budget_that_is_named_works() -> None:
    hours = (0.3, 1.0, 2.5) * 8
    with pytest.raises(InvalidInput, match="at least 1.02 EUR"):
        allocate(Money(500_000, "EUR"), hours)
    assert min(part.micros for part in allocate(Money(1_020_000, "EUR"), hours)) == 10_000


def test_a_plan_without_weekdays_is_the_same_every_day() -> None:
    plan = WeekPlan(Money(24_000_000, "EUR"), (1.0,) * 24, None, "meta")
    assert plan.flat
    assert {str(part) for part in plan.week_budgets()} == {"1.00 EUR"}
    assert not WeekPlan(Money(24_000_000, "EUR"), (1.0,) * 24, (0.5,) * 12 + (1.5,) * 156, "meta").flat


def test_each_day_of_a_week_of_its_own_gets_the_whole_total() -> None:
    plan = WeekPlan(Money(100_000_000, "EUR"), (1.0,) * 24, (1.0,) * 24 + DAY * 6, "meta")
    budgets = plan.week_budgets()
    assert [sum(part.micros for part in budgets[day : day + 24]) for day in range(0, 168, 24)] == [100_000_000] * 7
    assert budgets[0].micros > budgets[24].micros == 0
