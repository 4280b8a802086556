"""Creators' pages: paid messages to an audience that buys, and tires of being asked.

A recipient buys with probability
``appeal x hour x caption x price x season x (1 - saturation)``. Saturation is ``1 - exp(-wear x load)``, the load being
the paid messages sent so far, each fading with a half-life of three days. So the true saturation is the share of value
per recipient that recent volume has cost. Free follow-ups (Bump) earn nothing by themselves and tire nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adtempo.domain.hourweek import HOURS_PER_DAY
from adtempo.platforms.sandbox.clock import HOUR_US, account_clock, from_us, to_us
from adtempo.platforms.sandbox.draws import (
    Floats,
    Ints,
    binomial_quantiles,
    lognormal_factors,
    normals,
    stream_key,
    uniforms,
)
from adtempo.platforms.sandbox.spec import Block, week_factors

PPV, BUMP = "PPV", "Bump"
LOAD_HALF_LIFE_HOURS = 72.0
TIERS = (("Budget", 7.99, 1.3), ("Mid", 14.99, 1.0), ("Premium", 29.99, 0.6))
"""(price tier, price in major units, true factor on the chance of a purchase)."""
CATEGORIES = (("workout", 1.2), ("behind the scenes", 1.0), ("travel", 0.8), ("cooking", 0.9), ("live", 1.4))
"""(content category, true factor on the chance of a purchase)."""

_OPEN_HOURS = tuple(range(8, 24))
_PURCHASE_DELAY_HOURS = 6.0
_VIEW_RATIO = 0.6
_CAPTION_SPREAD = 0.35
_DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One creator's page and the truth about it.

    Attributes:
        page_name: Its name.
        timezone: IANA name.
        fans: Recipients of a message.
        appeal: Chance that a rested fan buys at a plain hour, as a ratio.
        ppv_weekly: Paid messages in a usual week; weeks vary between a fifth of it and nearly twice.
        bump_weekly: Free messages in a week.
        wear: How fast the audience tires, see the module's formula.
        hours: Hours of the week that sell better or worse.
        season: Spread of the yearly swing of buying, as a ratio.
        captions: Captions in its bank.
    """

    page_name: str
    timezone: str = "Europe/Berlin"
    fans: int = 5_000
    appeal: float = 0.01
    ppv_weekly: int = 12
    bump_weekly: int = 8
    wear: float = 0.06
    hours: tuple[Block, ...] = (Block((19, 20, 21, 22), 1.6), Block((8, 9, 10), 0.8))
    season: float = 0.2
    captions: int = 120


@dataclass(frozen=True, slots=True, eq=False)
class PageHistory:
    """One page's messages in order of time, and why they did as they did; arrays of shape (messages,).

    Attributes:
        page: Whose.
        sent_us: When each was sent, microseconds since 1970 UTC.
        paid: Whether it was a PPV.
        caption: Position of its caption in the bank, paid and free captions counted apart.
        recipients: Fans who got it.
        views: Fans who saw it.
        purchases: Fans who bought in the end.
        price_cents: Price; 0 for a Bump.
        saturation: True saturation at that moment, 0 to 1.
        chance: True chance that a recipient buys.
        quality: True factor of each paid caption, shape (captions,).
    """

    page: PageSpec
    sent_us: Ints
    paid: NDArray[np.bool_]
    caption: Ints
    recipients: Ints
    views: Ints
    purchases: Ints
    price_cents: Ints
    saturation: Floats
    chance: Floats
    quality: Floats

    def purchases_at(self, now_us: int) -> Ints:
        """Return purchases made by a moment: they come in over hours, half of them within about four."""
        age_hours = np.maximum(now_us - self.sent_us, 0) / HOUR_US
        made: Ints = np.floor(self.purchases * -np.expm1(-age_hours / _PURCHASE_DELAY_HOURS) + 1e-9).astype(np.int64)
        return made

    def saturation_at(self, now: datetime) -> float:
        """Return the page's true saturation at a moment, 0 to 1."""
        return float(true_saturation(self.page, self.sent_us[self.paid], np.array([to_us(now)]))[0])


def true_saturation(page: PageSpec, paid_us: Ints, at_us: Ints) -> Floats:
    """Return saturation just before each moment.

    Args:
        page: The page.
        paid_us: When paid messages were sent, rising, microseconds since 1970, shape (paid,).
        at_us: Moments, shape (moments,).
    """
    half_life_us = LOAD_HALF_LIFE_HOURS * HOUR_US
    loads, load, before_us = [0.0], 0.0, 0
    for sent_us in paid_us.tolist():
        load = load * 2.0 ** ((before_us - sent_us) / half_life_us) + 1.0
        loads.append(load)
        before_us = sent_us
    sent = np.searchsorted(paid_us, at_us)
    fading = np.exp2((np.concatenate([[0], paid_us])[sent] - at_us) / half_life_us)
    return np.asarray(-np.expm1(-page.wear * np.array(loads)[sent] * fading))


def simulate_page(seed: int, page: PageSpec, start: date, weeks: int) -> PageHistory:
    """Play a page's messages.

    Args:
        seed: Everything random follows from it and the page's name.
        page: The page.
        start: First local day.
        weeks: How long; a longer history begins with the shorter one.
    """

    def luck(purpose: str, counters: Ints) -> Floats:
        return uniforms(stream_key(seed, "page", page.page_name, purpose), counters)

    clock = account_clock(page.timezone, start, weeks * _DAYS_PER_WEEK)
    week = clock.day // _DAYS_PER_WEEK
    busy = 0.2 + 1.6 * luck("week", np.arange(weeks))
    paid_hours = _chosen_hours(
        clock.hour_of_week, week, np.rint(page.ppv_weekly * busy), luck("slot", np.arange(len(clock)))
    )
    free_hours = _chosen_hours(
        clock.hour_of_week, week, np.full(weeks, page.bump_weekly), luck("bump slot", np.arange(len(clock)))
    )
    hour = np.concatenate([paid_hours, free_hours])
    paid = np.arange(len(hour)) < len(paid_hours)
    order = np.lexsort((~paid, hour))
    hour, paid = hour[order], paid[order]
    # A Bump follows on the half hour, so that it never falls on a PPV.
    sent_us = clock.starts_us[hour] + np.where(paid, 0, HOUR_US // 2)
    serial = hour * 2 + ~paid
    caption = np.where(paid, _in_turn(seed, page, paid), np.cumsum(~paid) % page.captions)
    quality = lognormal_factors(
        _CAPTION_SPREAD, normals(stream_key(seed, "page", page.page_name, "quality"), np.arange(page.captions))
    )
    saturation = true_saturation(page, sent_us[paid], sent_us)
    rested = rested_chance(page, clock.hour_of_week[hour], clock.day[hour] + _day_of_year(start), caption, quality)
    chance = paid * rested * (1 - saturation)
    prices = np.rint(np.array([price for _, price, _ in TIERS]) * 100).astype(np.int64)
    recipients = np.rint(page.fans * (0.9 + 0.2 * luck("recipients", serial))).astype(np.int64)
    views = binomial_quantiles(luck("views", serial), recipients, np.full(len(hour), _VIEW_RATIO))
    return PageHistory(
        page=page,
        sent_us=sent_us,
        paid=paid,
        caption=caption,
        recipients=recipients,
        views=views,
        purchases=binomial_quantiles(luck("purchases", serial), views, chance / _VIEW_RATIO),
        price_cents=np.where(paid, prices[caption % len(TIERS)], 0),
        saturation=saturation,
        chance=chance,
        quality=quality,
    )


def rested_chance(page: PageSpec, hour_of_week: Ints, day_of_year: Ints, caption: Ints, quality: Floats) -> Floats:
    """Return the chance that a rested recipient buys, per message, shape (messages,)."""
    tier, category = caption % len(TIERS), caption // len(TIERS) % len(CATEGORIES)
    season = 1 + page.season * np.sin(2 * np.pi * day_of_year / 365.25)
    kind = np.array([factor for _, factor in CATEGORIES])[category] * np.array([factor for _, _, factor in TIERS])[tier]
    return np.asarray(page.appeal * week_factors(page.hours)[hour_of_week] * quality[caption] * kind * season)


def messages_table(history: PageHistory, now: datetime) -> pa.Table:
    """Return a page's messages as the `messages` file has them at a moment, amounts as decimals."""
    now_us = to_us(now)
    sent = np.flatnonzero(history.sent_us <= now_us)
    purchases = history.purchases_at(now_us)
    rows = [
        {
            "page_name": history.page.page_name,
            "page_timezone": history.page.timezone,
            "sent_at": from_us(history.sent_us[at]).isoformat(),
            "message_type": PPV if history.paid[at] else BUMP,
            "caption_id": caption_id(history.page, int(history.caption[at]), paid=bool(history.paid[at])),
            "price": Decimal(int(history.price_cents[at])).scaleb(-2),
            "recipients": int(history.recipients[at]),
            "views": int(history.views[at]),
            "purchases": int(purchases[at]),
            "revenue": Decimal(int(purchases[at] * history.price_cents[at])).scaleb(-2),
        }
        for at in sent
    ]
    return pa.Table.from_pylist(rows, schema=_MESSAGES)


def captions_table(page: PageSpec) -> pa.Table:
    """Return a page's caption bank as the `captions` file has it: paid ones first, then free ones."""
    rows = []
    for paid in (True, False):
        for caption in range(page.captions):
            category = CATEGORIES[caption // len(TIERS) % len(CATEGORIES)][0]
            rows.append(
                {
                    "caption_id": caption_id(page, caption, paid=paid),
                    "caption_text": f"Sample {'offer' if paid else 'reminder'} {caption + 1}: {category}",
                    "price_tier": TIERS[caption % len(TIERS)][0] if paid else "Free",
                    "content_category": category,
                    "has_urgency": caption % 4 == 0,
                    "page_name": page.page_name,
                }
            )
    return pa.Table.from_pylist(rows)


def caption_id(page: PageSpec, caption: int, *, paid: bool) -> str:
    """Return the id of a page's caption by its position in the bank."""
    return f"{page.page_name}-{'P' if paid else 'F'}{caption + 1:04}"


_MESSAGES = pa.schema(
    [
        ("page_name", pa.string()),
        ("page_timezone", pa.string()),
        ("sent_at", pa.string()),
        ("message_type", pa.string()),
        ("caption_id", pa.string()),
        ("price", pa.decimal128(12, 2)),
        ("recipients", pa.int64()),
        ("views", pa.int64()),
        ("purchases", pa.int64()),
        ("revenue", pa.decimal128(14, 2)),
    ]
)


def _chosen_hours(hour_of_week: Ints, week: Ints, counts: Floats, luck: Floats) -> Ints:
    """Return, week by week, the open hours with the smallest draws, in order of time."""
    draws = np.where(np.isin(hour_of_week % HOURS_PER_DAY, _OPEN_HOURS), luck, np.inf)
    order = np.lexsort((draws, week))
    rank = np.arange(len(order)) - np.searchsorted(week, week[order])
    return np.sort(order[rank < counts[week[order]]])


def _in_turn(seed: int, page: PageSpec, paid: NDArray[np.bool_]) -> Ints:
    """Deal the paid captions: the whole bank in a shuffled order, then again in another."""
    nth = np.cumsum(paid) - 1
    rounds, place = np.divmod(np.maximum(nth, 0), page.captions)
    key = stream_key(seed, "page", page.page_name, "deal")
    dealt = np.arange(int(rounds.max(initial=0)) + 1)[:, None] * page.captions + np.arange(page.captions)
    return np.argsort(uniforms(key, dealt), axis=1)[rounds, place]


def _day_of_year(day: date) -> int:
    return (day - date(day.year, 1, 1)) // timedelta(days=1)


def demo_pages() -> tuple[PageSpec, ...]:
    """Return six pages, from fresh to worn out, in three time zones."""
    return (
        PageSpec("ava", fans=1_500, ppv_weekly=6, bump_weekly=4, wear=0.02),
        PageSpec("bruno", "America/New_York", fans=4_000, ppv_weekly=8, bump_weekly=6, wear=0.05),
        PageSpec("chiyo", "Asia/Tokyo", fans=9_000, wear=0.04),
        PageSpec("dana", fans=9_000, wear=0.12),
        PageSpec("emil", "America/New_York", fans=30_000, ppv_weekly=16, bump_weekly=12, wear=0.09),
        PageSpec("fleur", fans=80_000, ppv_weekly=22, bump_weekly=16, wear=0.15),
    )
