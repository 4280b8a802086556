"""Files of hourly facts: a campaign with a clear evening, one without a pattern, and those of which little is known."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np

EVENING = (18, 19, 20, 21)
SINCE, UNTIL = date(2026, 2, 2), date(2026, 3, 3)
HEADER = (
    *("platform", "account_id", "account_timezone", "currency", "campaign_id", "campaign_name", "niche", "grain"),
    *("slot_start", "impressions", "clicks", "spend", "conversions", "conversion_value"),
)

CAMPAIGNS: tuple[tuple[str, str, str, str, str, Callable[[int], float] | None, int], ...] = (
    ("google", "g1", "Europe/Berlin", "EUR", "evening", lambda hour: 2.2 if hour in EVENING else 1.0, 30),
    ("google", "g1", "Europe/Berlin", "EUR", "flat", lambda _hour: 1.0, 30),
    ("google", "g1", "Europe/Berlin", "EUR", "young", lambda _hour: 1.0, 3),
    ("tiktok", "t1", "Asia/Tokyo", "JPY", "tokyo", lambda _hour: 1.0, 30),
    ("tiktok", "t2", "Europe/Berlin", "EUR", "clips", lambda _hour: 0.5, 30),
    ("meta", "m1", "Europe/Berlin", "EUR", "blind", None, 30),
)
"""Platform, account, zone, currency, campaign, how good each hour is (None: hours carry no conversions), days."""


def write_hours(path: Path, seed: int = 5) -> Path:
    """Write the file; conversions are drawn, everything else is the same every hour."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        rows.writerows(_rows(np.random.default_rng(seed)))
    return path


def _rows(rng: np.random.Generator) -> Iterator[tuple[object, ...]]:
    for platform, account, zone, currency, campaign, good, days in CAMPAIGNS:
        who = (platform, account, zone, currency, campaign, f"{campaign} gym", "")
        for number in range(days):
            day = UNTIL - timedelta(days=number)
            for hour in range(24):
                slot = f"{day}T{hour:02}:00"
                impressions, spend = int(rng.poisson(6000)), 60
                if good is None:
                    yield (*who, "hour", slot, impressions, 60, spend, "", "")
                    continue
                sales = int(rng.poisson(60 * 0.03 * good(hour)))
                yield (*who, "hour", slot, impressions, 60, spend, sales, sales * 60)
        if good is None:
            yield (*who, "day", UNTIL.isoformat(), 144_000, 1440, 1440, 40, 2400)
    daily = ("google", "g1", "Europe/Berlin", "EUR", "daily", "daily", "")
    for number in range(30):
        yield (*daily, "day", (UNTIL - timedelta(days=number)).isoformat(), 1000, 60, 60, 2, 120)


def write_own(path: Path, seed: int = 6) -> Path:
    """Write the advertiser's own conversions of the blind campaign: they come from clicks in the evening."""
    rng = np.random.default_rng(seed)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("conversion_id", "campaign_id", "click_time", "conversion_time", "value", "currency"))
        number = 0
        for back in range(30):
            for hour in range(24):
                for _ in range(int(rng.poisson(5.0 if hour in EVENING else 1.8))):
                    moment = f"{UNTIL - timedelta(days=back)}T{hour:02}:30:00+01:00"
                    rows.writerow((f"o{number}", "blind", moment, moment, "60.00", "EUR"))
                    number += 1
    return path
