"""What comes next: returns, reach, and where money should go; each with how sure that is and what it was said before.

Amounts are micros of the currency, ROI is (value - spend) / spend, CTR is in percent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

WINDOWS = (7, 28)
"""Days over which ROI is forecast."""


class Level(StrEnum):
    """What a forecast is about; campaigns add up to accounts and to channels, and both to the whole of a currency."""

    TOTAL = "total"
    CHANNEL = "channel"
    ACCOUNT = "account"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a forecast is about. Currencies are never mixed.

    Attributes:
        level: How much it takes in.
        name: The channel, platform:account, or platform:account:campaign; empty for the total.
        currency: ISO 4217.
    """

    level: Level
    name: str
    currency: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """One expected number with its central 80% and 95% intervals; the ends rise."""

    value: float
    low80: float
    high80: float
    low95: float
    high95: float


@dataclass(frozen=True, slots=True)
class RoiForecast:
    """What the days to come bring back.

    Attributes:
        subject: Of what.
        days: Length of the window, one of WINDOWS.
        since: Its first local day.
        until: Its last local day, inclusive.
        spend: Expected spend, micros; None where nothing can be said, as below.
        value: Expected final conversion value, micros.
        roi: (value - spend) / spend of the same draws; None also where no spend is expected.
        model: Which forecasters it rests on, in words.
        note: What to know about it; empty if nothing.
        made_at: When it was first said, aware.
    """

    subject: Subject
    days: int
    since: date
    until: date
    spend: Forecast | None
    value: Forecast | None
    roi: Forecast | None
    model: str
    note: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Point:
    """One day of a series.

    Attributes:
        day: The local day.
        reported: What the platform says so far; None for days to come, and where nothing was measured.
        expected: What the day comes to in the end; for days to come, the forecast.
        maturity: Share of it that has been reported, 0 to 1; None where nothing arrives late, and for days to come.
        is_forecast: Whether the day is still to come.
        earlier: What was forecast for this day about a week before it; None where nothing was.
    """

    day: date
    reported: float | None
    expected: Forecast | None
    maturity: float | None
    is_forecast: bool
    earlier: Forecast | None


@dataclass(frozen=True, slots=True)
class RoiSeries:
    """ROI and conversions of a channel, or of everything, day by day: past and to come.

    Attributes:
        subject: Of what: a channel or the total.
        roi: (value - spend) / spend.
        conversions: Counts.
        note: What to know about it; empty if nothing.
        made_at: When its newest row was written, aware.
    """

    subject: Subject
    roi: Sequence[Point]
    conversions: Sequence[Point]
    note: str
    made_at: datetime


class Audience(StrEnum):
    """In what an audience is counted."""

    REACH = "reach"
    IMPRESSIONS = "impressions"


@dataclass(frozen=True, slots=True)
class ReachSeries:
    """How many people, or views, a channel gets and what share clicks, day by day: past and to come.

    Attributes:
        subject: Of what: a channel or the total.
        measure: Reach only where the platform reported it for exactly this; it does not add up over campaigns.
        audience: Counts in that measure.
        ctr: Clicks / impressions x 100, in percent.
        note: What to know about it; empty if nothing.
        made_at: When its newest row was written, aware.
    """

    subject: Subject
    measure: Audience
    audience: Sequence[Point]
    ctr: Sequence[Point]
    note: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """What one channel or campaign gets a day, and should get. A channel's amounts are those of its campaigns.

    Attributes:
        subject: A channel or a campaign.
        channel: The channel that it is, or belongs to.
        title: What people call it.
        today_micros: A day's money today.
        proposed_micros: What it should be.
        lowest_micros: The least that was allowed: a step down, or the platform's minimum.
        highest_micros: The most that was allowed: a step up.
        next_return: Conversion value per unit of money that the next 1,000 would bring here; None where unknown.
        next_micros: How much of the next 1,000 goes here.
        extrapolates: Whether the proposal lies outside of what was ever spent there.
        sentence: What to do and why, for people.
    """

    subject: Subject
    channel: str
    title: str
    today_micros: int
    proposed_micros: int
    lowest_micros: int
    highest_micros: int
    next_return: Forecast | None
    next_micros: int
    extrapolates: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class BudgetRecommendation:
    """How to share out a day's money of one currency, and where the next 1,000 goes. It changes nothing by itself.

    Attributes:
        currency: ISO 4217.
        since: First local day of the facts it was learnt from.
        until: Last local day of them.
        lines: Channels and campaigns; none where nothing can be said.
        total_micros: A day's money, today as proposed.
        today: Expected conversion value of a day as money is shared out today, micros; None as lines.
        proposed: The same as proposed.
        gain: Proposed - today.
        gain_over_equal: Proposed - an equal split over campaigns.
        next_sentence: Where the next 1,000 goes, for people.
        note: What to know about it; empty if nothing.
        made_at: When it was first said, aware.
    """

    currency: str
    since: date
    until: date
    lines: Sequence[BudgetLine]
    total_micros: int
    today: Forecast | None
    proposed: Forecast | None
    gain: Forecast | None
    gain_over_equal: Forecast | None
    next_sentence: str
    note: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class TableStatus:
    """When one of the four tables was last filled.

    Attributes:
        table: Its name.
        filled_at: When a row was last written, aware; None before the first.
        failures: What failed in the newest run, by currency; none where all went well.
    """

    table: str
    filled_at: datetime | None
    failures: dict[str, str]


@dataclass(frozen=True, slots=True)
class ForecastStatus:
    """How forecasting gets on.

    Attributes:
        tables: The four tables.
        facts_until: Last local day that the newest forecasts know, by currency.
        facts_batch: The ledger's newest batch that they know; None before the first.
        models: Which forecasters each series has, by currency and series.
        models_chosen_on: When they were last chosen, by currency.
        run_status: Of the newest run of the job: due, running, done, failed or skipped; None before the first.
        run_slot: The moment that it is for.
        run_detail: How far it is, or what it did.
        run_error: What went wrong last.
    """

    tables: Sequence[TableStatus]
    facts_until: dict[str, date]
    facts_batch: int | None
    models: dict[str, dict[str, str]]
    models_chosen_on: dict[str, date]
    run_status: str | None
    run_slot: datetime | None
    run_detail: dict[str, object] | None
    run_error: str | None
