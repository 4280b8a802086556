"""What a `Forecaster` could have said, made by hand: for tests of what draws it and of pages that show it."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

from adtempo.domain.forecasts import (
    WINDOWS,
    Audience,
    BudgetLine,
    BudgetRecommendation,
    Forecast,
    Level,
    Point,
    ReachSeries,
    RoiForecast,
    RoiSeries,
    Subject,
)

TODAY = date(2026, 11, 20)
MADE_AT = datetime(2026, 11, 20, 6, tzinfo=UTC)
TOTAL = Subject(Level.TOTAL, "", "EUR")
ARRIVING = 5
EARLIER_FOR = 14
TO_COME = 28


def fan(value: float, spread: float) -> Forecast:
    """Return a forecast whose 80% interval is as wide as twice its spread."""
    return Forecast(value, value - spread, value + spread, value - 1.6 * spread, value + 1.6 * spread)


def say_points(level: float, days: int, to_come: int = TO_COME) -> list[Point]:
    """Return days that wave about a level: the newest still arriving, some with what was said a week before."""
    points = []
    for place in range(days + to_come):
        day = TODAY - timedelta(days=days) + timedelta(days=place)
        truth = level * (1 + 0.2 * math.sin(place * 2 * math.pi / 7) + 0.06 * math.sin(place * 1.7))
        age = days - place
        if age <= 0:
            points.append(Point(day, None, fan(truth, level * (0.12 - 0.006 * age)), None, True, None))
            continue
        share = 1 - 0.18 * max(0, ARRIVING + 1 - age) / ARRIVING
        earlier = fan(truth * (1 + 0.08 * math.sin(place)), 0.15 * level) if age <= EARLIER_FOR else None
        points.append(Point(day, truth * share, fan(truth, level * (1 - share) * 0.4), share, False, earlier))
    return points


def say_roi_series(days: int = 60, to_come: int = TO_COME) -> RoiSeries:
    """Return ROI and conversions of everything."""
    return RoiSeries(TOTAL, say_points(0.8, days, to_come), say_points(140, days, to_come), "", MADE_AT)


def say_reach_series(days: int = 60, to_come: int = TO_COME) -> ReachSeries:
    """Return impressions and CTR of everything."""
    audience, ctr = say_points(52_000, days, to_come), say_points(1.4, days, to_come)
    return ReachSeries(TOTAL, Audience.IMPRESSIONS, audience, ctr, "reach is not reported", MADE_AT)


def say_roi_forecasts(channels: tuple[str, ...] = ("", "google", "meta", "tiktok")) -> list[RoiForecast]:
    """Return ROI of channels; of the last one nothing can be said."""
    said = []
    for place, name in enumerate(channels):
        for days in WINDOWS:
            spend, roi = 1e9 * days, fan(0.9 - 0.5 * place, 0.25 + 0.05 * place + days / 200)
            value = fan(spend * (1 + roi.value), spend * 0.2)
            known = place < 3
            said.append(
                RoiForecast(
                    subject=Subject(Level.CHANNEL if name else Level.TOTAL, name, "EUR"),
                    days=days,
                    since=TODAY,
                    until=TODAY + timedelta(days=days - 1),
                    spend=fan(spend, spend * 0.1) if known else None,
                    value=value if known else None,
                    roi=roi if known else None,
                    model="AutoETS",
                    note="" if known else "only 2 days of history; 14 are needed",
                    made_at=MADE_AT,
                )
            )
    return said


def say_recommendation(campaigns: int = 6) -> BudgetRecommendation:
    """Return a recommendation over two channels that moves money from the worst campaign to the best one."""
    lines = []
    for place, channel in enumerate(("google", "meta")):
        own = [
            _line(f"{channel}:1:{number}", channel, f"{channel.title()} campaign {number}", number)
            for number in range(place, campaigns, 2)
        ]
        lines += [_sum(channel, own), *own]
    return BudgetRecommendation(
        currency="EUR",
        since=TODAY - timedelta(days=60),
        until=TODAY - timedelta(days=1),
        lines=lines,
        total_micros=sum(line.today_micros for line in lines if line.subject.level is Level.CAMPAIGN),
        today=fan(9e9, 1e9),
        proposed=fan(9.8e9, 1.1e9),
        gain=fan(8e8, 5e8),
        gain_over_equal=fan(1.1e9, 6e8),
        next_sentence="The next 1,000 EUR a day go to Google campaign 0 (600) and Meta campaign 1 (400).",
        note="",
        made_at=MADE_AT,
    )


def _line(name: str, channel: str, title: str, number: int) -> BudgetLine:
    today = 100_000_000 * (1 + number)
    step = (20, 10, -15, 0, -5)[number % 5] * today // 100
    return BudgetLine(
        subject=Subject(Level.CAMPAIGN, name, "EUR"),
        channel=channel,
        title=title,
        today_micros=today,
        proposed_micros=today + step,
        lowest_micros=today * 8 // 10,
        highest_micros=today * 12 // 10,
        next_return=fan(2.1 / (1 + 0.1 * number), 0.5 / (1 + 0.1 * number)),
        next_micros=600_000_000 if number == 0 else 400_000_000 if number == 1 else 0,
        extrapolates=number == 0,
        sentence=f"{title}: from {today // 1_000_000} to {(today + step) // 1_000_000} EUR a day.",
    )


def _sum(channel: str, lines: list[BudgetLine]) -> BudgetLine:
    amounts = {
        field: sum(getattr(line, field) for line in lines)
        for field in ("today_micros", "proposed_micros", "lowest_micros", "highest_micros", "next_micros")
    }
    return BudgetLine(
        subject=Subject(Level.CHANNEL, channel, "EUR"),
        channel=channel,
        title=channel,
        next_return=None,
        extrapolates=False,
        sentence=f"{channel}: as its campaigns.",
        **amounts,
    )
