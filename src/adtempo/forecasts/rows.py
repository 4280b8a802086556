"""Forecasts as rows of the four tables, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from adtempo.domain.money import MICROS
from adtempo.domain.panels import Expected
from adtempo.forecasts.estimate import HORIZON, Outlook, WindowForecast, estimate_days
from adtempo.forecasts.load import CurrencyFacts, PastDays
from adtempo.store.forecasts import read_fan, spread_fan

Rows = list[dict[str, Any]]
Known = Mapping[str, Any]

SUMMED = "Impressions are shown: reach of several campaigns does not add up, or the platform reports none."


def roi_rows(facts: CurrencyFacts, outlooks: Mapping[str, Outlook], windows: Sequence[WindowForecast]) -> Rows:
    """Return the rows of ml_roi_forecast: of channels also where nothing can be said."""
    first = last_day(facts) + timedelta(days=1)
    known = {(one.subject, one.days): one.figures for one in windows}
    silent = [
        (Subject(Level.CHANNEL, channel, facts.currency), days)
        for channel, outlook in outlooks.items()
        if outlook.draws is None
        for days in WINDOWS
    ]
    rows = []
    for subject, days in [*known, *silent]:
        figures = known.get((subject, days), {})
        outlook = outlooks.get(subject.name)
        rows.append(
            {
                **_subject(subject),
                "days": days,
                "since": first,
                "until": first + timedelta(days=days - 1),
                **spread_fan("spend_micros", _in_micros(figures.get("spend"))),
                **spread_fan("value_micros", _in_micros(figures.get("value"))),
                **spread_fan("roi", figures.get("roi")),
                "model": "" if outlook is None else _models(outlook, "spend", "value"),
                "note": "" if outlook is None else outlook.note,
            }
        )
    return rows


def series_rows(facts: CurrencyFacts, outlooks: Mapping[str, Outlook]) -> tuple[Rows, Rows]:
    """Return the rows of ml_roi_timeseries and ml_reach_ctr_timeseries: closed days, and days to come.

    Args:
        facts: Of one currency.
        outlooks: By channel, and under the empty name everything.
    """
    roi: Rows = []
    reach: Rows = []
    for name, outlook in outlooks.items():
        subject = _subject(Subject(Level.CHANNEL if name else Level.TOTAL, name, facts.currency))
        past = facts.past[name]
        for place, day in enumerate(facts.panel.days.tolist()):
            said = {**subject, "day_local": day, "horizon_days": 0}
            if not math.isnan(past.reported["spend_micros"][place]):
                roi.append(said | _past_roi(past, place))
                reach.append(said | _past_reach(past, place))
        ahead = estimate_days(outlook, has_value=facts.panel.has_value)
        people = outlook.reach if past.reach is not None else ahead.get("impressions")
        for step in range(HORIZON if ahead else 0):
            day = last_day(facts) + timedelta(days=step + 1)
            said = {**subject, "day_local": day, "horizon_days": step + 1}
            nothing = dict.fromkeys(("spend_reported_micros", "value_reported_micros", "roi_reported"))
            roi.append(
                said
                | nothing
                | spread_fan("roi", ahead["roi"][step])
                | {"conversions_reported": None}
                | spread_fan("conversions", ahead["conversions"][step])
                | {"maturity": None}
            )
            reach.append(
                said
                | {"measure": _measure(past), "audience_reported": None, "ctr_reported": None}
                | spread_fan("audience", people[step] if people else None)
                | spread_fan("ctr", ahead["ctr"][step])
            )
    return roi, reach


def recommendation_rows(answer: BudgetRecommendation) -> Rows:
    """Return the rows of ml_budget_recommendation: the whole, its channels and its campaigns."""
    shared = {"since": answer.since, "until": answer.until, "note": answer.note}
    total = {
        **_subject(Subject(Level.TOTAL, "", answer.currency)),
        "channel": "",
        "title": "",
        **shared,
        **dict.fromkeys(("today_micros", "proposed_micros", "lowest_micros", "highest_micros"), answer.total_micros),
        "next_micros": sum(line.next_micros for line in answer.lines if line.subject.level is Level.CAMPAIGN),
        **spread_fan("next_return", None),
        **spread_fan("value_today_micros", answer.today),
        **spread_fan("value_proposed_micros", answer.proposed),
        **spread_fan("gain_micros", answer.gain),
        **spread_fan("gain_over_equal_micros", answer.gain_over_equal),
        "extrapolates": any(line.extrapolates for line in answer.lines),
        "sentence": answer.next_sentence,
    }
    names = ("channel", "title", "today_micros", "proposed_micros", "lowest_micros", "highest_micros", "next_micros")
    nothing = {
        name: None
        for fan in ("value_today_micros", "value_proposed_micros", "gain_micros", "gain_over_equal_micros")
        for name in spread_fan(fan, None)
    }
    return [
        total,
        *(
            {
                **_subject(line.subject),
                **shared,
                **{name: getattr(line, name) for name in names},
                **spread_fan("next_return", line.next_return),
                **nothing,
                "extrapolates": line.extrapolates,
                "sentence": line.sentence,
            }
            for line in answer.lines
        ),
    ]


def last_day(facts: CurrencyFacts) -> date:
    """Return the last closed day that is known."""
    day: date = facts.panel.days[-1].item()
    return day


def read_roi(row: Known) -> RoiForecast:
    """Return what a row of ml_roi_forecast says."""
    return RoiForecast(
        subject=_read_subject(row),
        days=row["days"],
        since=row["since"],
        until=row["until"],
        spend=read_fan(row, "spend_micros"),
        value=read_fan(row, "value_micros"),
        roi=read_fan(row, "roi"),
        model=row["model"],
        note=row["note"],
        made_at=row["made_at"],
    )


def read_roi_series(rows: Sequence[Known], earlier: Sequence[Known], notes: Mapping[Subject, str]) -> list[RoiSeries]:
    """Return what rows of ml_roi_timeseries say, by subject, with what was said a week before."""
    before = {(_read_subject(row), row["day_local"]): row for row in earlier}
    return [
        RoiSeries(
            subject=subject,
            roi=[_point(row, "roi", row["maturity"], before.get((subject, row["day_local"]))) for row in lines],
            conversions=[
                _point(row, "conversions", row["maturity"], before.get((subject, row["day_local"]))) for row in lines
            ],
            note=notes.get(subject, ""),
            made_at=max(row["made_at"] for row in lines),
        )
        for subject, lines in _by_subject(rows)
    ]


def read_reach_series(
    rows: Sequence[Known], earlier: Sequence[Known], notes: Mapping[Subject, str]
) -> list[ReachSeries]:
    """Return what rows of ml_reach_ctr_timeseries say, by subject, with what was said a week before."""
    before = {(_read_subject(row), row["day_local"]): row for row in earlier}
    found = []
    for subject, lines in _by_subject(rows):
        measure = Audience(lines[-1]["measure"])
        same = [row for row in lines if row["measure"] == measure]
        said = [notes.get(subject, ""), SUMMED if measure is Audience.IMPRESSIONS else ""]
        found.append(
            ReachSeries(
                subject=subject,
                measure=measure,
                audience=[_point(row, "audience", None, before.get((subject, row["day_local"]))) for row in same],
                ctr=[_point(row, "ctr", None, before.get((subject, row["day_local"]))) for row in same],
                note=" ".join(note for note in said if note),
                made_at=max(row["made_at"] for row in lines),
            )
        )
    return found


def read_recommendation(rows: Sequence[Known]) -> BudgetRecommendation:
    """Return the recommendation that rows of one currency and moment say."""
    total = next(row for row in rows if row["level"] == Level.TOTAL)
    lines = [
        BudgetLine(
            subject=_read_subject(row),
            channel=row["channel"],
            title=row["title"],
            today_micros=row["today_micros"],
            proposed_micros=row["proposed_micros"],
            lowest_micros=row["lowest_micros"],
            highest_micros=row["highest_micros"],
            next_return=read_fan(row, "next_return"),
            next_micros=row["next_micros"],
            extrapolates=row["extrapolates"],
            sentence=row["sentence"],
        )
        for row in sorted(rows, key=lambda row: (row["level"] != Level.CHANNEL, -row["today_micros"], row["name"]))
        if row["level"] != Level.TOTAL
    ]
    return BudgetRecommendation(
        currency=total["currency"],
        since=total["since"],
        until=total["until"],
        lines=lines,
        total_micros=total["today_micros"],
        today=read_fan(total, "value_today_micros"),
        proposed=read_fan(total, "value_proposed_micros"),
        gain=read_fan(total, "gain_micros"),
        gain_over_equal=read_fan(total, "gain_over_equal_micros"),
        next_sentence=total["sentence"],
        note=total["note"],
        made_at=total["made_at"],
    )


def _subject(subject: Subject) -> dict[str, Any]:
    return {"level": subject.level.value, "name": subject.name, "currency": subject.currency}


def _read_subject(row: Known) -> Subject:
    return Subject(Level(row["level"]), row["name"], row["currency"])


def _by_subject(rows: Sequence[Known]) -> Iterator[tuple[Subject, list[Known]]]:
    """Yield the rows of each subject by day; the totals first."""
    ordered = sorted(
        rows, key=lambda row: (row["currency"], row["level"] != Level.TOTAL, row["name"], row["day_local"])
    )
    for subject, lines in groupby(ordered, _read_subject):
        yield subject, list(lines)


def _point(row: Known, name: str, maturity: float | None, before: Known | None) -> Point:
    ahead = row["horizon_days"] > 0
    return Point(
        day=row["day_local"],
        reported=row[f"{name}_reported"],
        expected=read_fan(row, name),
        maturity=maturity,
        is_forecast=ahead,
        earlier=None if before is None or ahead else read_fan(before, name),
    )


def _models(outlook: Outlook, *names: str) -> str:
    return ", ".join(f"{name}: {outlook.models[name]}" for name in names if name in outlook.models)


def _in_micros(forecast: Forecast | None) -> Forecast | None:
    if forecast is None:
        return None
    ends = (forecast.value, forecast.low80, forecast.high80, forecast.low95, forecast.high95)
    return Forecast(*(end * MICROS for end in ends))


def _measure(past: PastDays) -> str:
    return (Audience.IMPRESSIONS if past.reach is None else Audience.REACH).value


def _past_roi(past: PastDays, place: int) -> dict[str, Any]:
    spend, value = (_number(past.reported[name], place) for name in ("spend_micros", "conversion_value_micros"))
    conversions = _number(past.reported["conversions_micros"], place)
    divisor = spend / MICROS if spend else None
    returned = None if divisor is None else _ends(past.value, place, 1 / divisor, 1.0)
    return {
        "spend_reported_micros": None if spend is None else int(spend),
        "value_reported_micros": None if value is None else int(value),
        "roi_reported": (value - spend) / spend if spend and value is not None else None,
        **spread_fan("roi", returned),
        "conversions_reported": None if conversions is None else conversions / MICROS,
        **spread_fan("conversions", _ends(past.conversions, place, 1.0, 0.0)),
        "maturity": _number(past.conversions.maturity if value is None else past.value.maturity, place),
    }


def _past_reach(past: PastDays, place: int) -> dict[str, Any]:
    impressions, clicks = (_number(past.reported[name], place) for name in ("impressions", "clicks"))
    audience = impressions if past.reach is None else _number(past.reach, place)
    ctr = 100 * clicks / impressions if impressions and clicks is not None else None
    return {
        "measure": _measure(past),
        "audience_reported": audience,
        "ctr_reported": ctr,
        **spread_fan("audience", _known(audience)),
        **spread_fan("ctr", _known(ctr)),
    }


def _known(number: float | None) -> Forecast | None:
    """Return a number that does not change any more as what is expected."""
    return None if number is None else Forecast(number, number, number, number, number)


def _ends(expected: Expected, place: int, factor: float, less: float) -> Forecast | None:
    ends = (expected.low95, expected.low80, expected.value, expected.high80, expected.high95)
    low95, low80, value, high80, high95 = (float(end[place]) * factor - less for end in ends)
    if math.isnan(value):
        return None
    low80, high80 = min(low80, value), max(high80, value)
    return Forecast(value, low80, high80, min(low95, low80), max(high95, high80))


def _number(line: NDArray[np.float64], place: int) -> float | None:
    number = float(line[place])
    return None if math.isnan(number) else number
