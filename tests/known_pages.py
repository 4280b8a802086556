"""Creators' pages whose saturation is known: the sandbox's, of all sizes and habits, some of them bent afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from adtempo.domain.messages import CaptionBank, Classification, MessageHistory, Tier, zone_of
from adtempo.platforms.sandbox.clock import from_us, to_us
from adtempo.platforms.sandbox.pages import CATEGORIES, TIERS, PageHistory, PageSpec, caption_id, simulate_page
from adtempo.platforms.sandbox.spec import Block
from page_beliefs import feel_saturation

Factors = NDArray[np.float64]
Bend = Callable[[MessageHistory, np.random.Generator], MessageHistory]

START = date(2025, 3, 3)
SMALL = Classification(Tier.SMALL, 0, 0, "for tests")
HABITS = (
    (Block((19, 20, 21, 22), 1.6), Block((8, 9, 10), 0.8)),
    (Block((12, 13, 14), 1.5),),
    (),
    (Block((20, 21, 22, 23), 2.0, (4, 5, 6)),),
)


def history_at(played: PageHistory, now: datetime) -> MessageHistory:
    """Return a played page as its history is known at a moment."""
    now_us = to_us(now)
    sent = np.flatnonzero(played.sent_us <= now_us)
    paid, caption = played.paid[sent], played.caption[sent]
    price, purchases = played.price_cents[sent] * 10_000, played.purchases_at(now_us)[sent]
    ids = [caption_id(played.page, int(n), paid=bool(sold)) for n, sold in zip(caption, paid, strict=True)]
    tiers = [TIERS[n % len(TIERS)][0] if sold else "Free" for n, sold in zip(caption, paid, strict=True)]
    return MessageHistory(
        page_name=played.page.page_name,
        timezone=played.page.timezone,
        sent_at=np.datetime64(0, "us") + played.sent_us[sent].astype("timedelta64[us]"),
        paid=paid,
        caption_id=np.array(ids, dtype=object),
        price_tier=np.array(tiers, dtype=object),
        content_category=np.array([CATEGORIES[n // len(TIERS) % len(CATEGORIES)][0] for n in caption], dtype=object),
        price_micros=price,
        recipients=played.recipients[sent],
        views=played.views[sent],
        purchases=purchases,
        revenue_micros=purchases * price,
    )


def bank_of(page: PageSpec) -> CaptionBank:
    """Return a page's bank, paid captions first."""
    number = np.tile(np.arange(page.captions), 2)
    paid = np.arange(2 * page.captions) < page.captions
    return CaptionBank.of(
        caption_id=np.array(
            [caption_id(page, int(n), paid=bool(sold)) for n, sold in zip(number, paid, strict=True)], dtype=object
        ),
        price_tier=[TIERS[n % len(TIERS)][0] if sold else "Free" for n, sold in zip(number, paid, strict=True)],
        content_category=np.array([CATEGORIES[n // len(TIERS) % len(CATEGORIES)][0] for n in number], dtype=object),
        has_urgency=number % 4 == 0,
    )


def true_worth(played: PageHistory) -> Factors:
    """Return what each paid caption brings per recipient at a plain hour, rested, in micros."""
    number = np.arange(played.page.captions)
    kind = np.array([factor for _, factor in CATEGORIES])[number // len(TIERS) % len(CATEGORIES)]
    tier, price = (np.array([row[at] for row in TIERS])[number % len(TIERS)] for at in (2, 1))
    return np.asarray(played.page.appeal * played.quality * kind * tier * price * 1e6)


def some_page(number: int, rng: np.random.Generator) -> PageSpec:
    """Draw a page: its size, appeal, volume, wear, habits and season all vary widely."""

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    return PageSpec(
        f"page{number}",
        ("Europe/Berlin", "America/New_York", "Asia/Tokyo")[number % 3],
        fans=int(between(1_500, 60_000)),
        appeal=between(0.004, 0.02),
        ppv_weekly=int(rng.integers(5, 25)),
        bump_weekly=int(rng.integers(3, 16)),
        wear=between(0.01, 0.2),
        hours=HABITS[int(rng.integers(len(HABITS)))],
        season=float(rng.uniform(0, 0.4)),
        captions=int(rng.integers(60, 200)),
    )


@dataclass(frozen=True)
class Judged:
    """How saturation was judged on many pages, shape (pages,) each."""

    true: Factors
    said: Factors
    low: Factors
    high: Factors
    thin: NDArray[np.bool_]

    @property
    def rank_correlation(self) -> float:
        return float(spearmanr(self.true, self.said)[0])

    @property
    def right_zones(self) -> float:
        return float(np.mean([zone_of(a) == zone_of(b) for a, b in zip(self.true, self.said, strict=True)]))

    @property
    def covered(self) -> float:
        return float(np.mean((self.low <= self.true) & (self.true <= self.high)))


def judge_pages(seed: int, count: int, paid: tuple[int, int], bend: Bend | None = None) -> Judged:
    """Judge many pages that sent between so many paid messages, at a moment in their last week."""
    rng = np.random.default_rng(seed)
    rows = list(_judged(rng, count, paid, bend))
    columns = (np.array(column) for column in zip(*rows, strict=True))
    return Judged(*columns)


def _judged(
    rng: np.random.Generator, count: int, paid: tuple[int, int], bend: Bend | None
) -> Iterator[tuple[float, float, float, float, bool]]:
    done = 0
    while done < count:
        page, wanted = some_page(done, rng), int(rng.integers(paid[0], paid[1] + 1))
        weeks = int(np.ceil(1.6 * wanted / page.ppv_weekly)) + 2
        played = simulate_page(int(rng.integers(2**31)), page, date(2025, int(rng.integers(1, 13)), 1), weeks)
        sent = played.sent_us[played.paid]
        if len(sent) < wanted:
            continue
        now = from_us(sent[wanted - 1]) + timedelta(hours=float(rng.uniform(1, 72)))
        history = history_at(played, now)
        found = feel_saturation(bend(history, rng) if bend else history, now)
        done += 1
        yield played.saturation_at(now), found.score, found.low95, found.high95, found.thin


def sold_times(history: MessageHistory, factor: Factors, rng: np.random.Generator) -> MessageHistory:
    """Return a history in which each message sold so many times as much, factors up to 1."""
    return _with_sales(history, rng.binomial(history.purchases, factor), history.price_micros)


def priced_times(history: MessageHistory, factor: Factors) -> MessageHistory:
    """Return a history in which each message cost so many times as much."""
    return _with_sales(history, history.purchases, np.rint(history.price_micros * factor).astype(np.int64))


def _with_sales(history: MessageHistory, purchases: NDArray[np.int64], prices: NDArray[np.int64]) -> MessageHistory:
    kept = {name: getattr(history, name) for name in MessageHistory.__slots__}
    return MessageHistory(
        **{**kept, "purchases": purchases, "price_micros": prices, "revenue_micros": purchases * prices}
    )


def aged(history: MessageHistory) -> Factors:
    """Return how far into the history each message was sent, 0 to 1."""
    hours = (history.sent_at - history.sent_at[0]) / np.timedelta64(1, "h")
    return np.asarray(hours / max(hours[-1], 1.0))


def dearer_midway(history: MessageHistory, rng: np.random.Generator) -> MessageHistory:
    """Prices rise by half midway, and a quarter of the buyers stay away."""
    later = aged(history) > 0.5
    return priced_times(sold_times(history, np.where(later, 0.75, 1.0), rng), np.where(later, 1.5, 1.0))


def cheaper_lately(history: MessageHistory, rng: np.random.Generator) -> MessageHistory:
    """Prices fall by 40% for the last quarter, and buyers stay as they were."""
    return priced_times(history, np.where(aged(history) > 0.75, 0.6, 1.0))


def weak_captions_lately(history: MessageHistory, rng: np.random.Generator) -> MessageHistory:
    """The captions of the last five days do half as well."""
    late = history.sent_at > history.sent_at[-1] - np.timedelta64(5, "D")
    return sold_times(history, np.where(late, 0.5, 1.0), rng)


def falling_season(history: MessageHistory, rng: np.random.Generator) -> MessageHistory:
    """Interest falls by 40% over the whole history."""
    return sold_times(history, 1 - 0.4 * aged(history), rng)


def growing_audience(history: MessageHistory, rng: np.random.Generator) -> MessageHistory:
    """The audience doubles over the history."""
    share = 0.5 + 0.5 * aged(history)
    kept = {name: getattr(history, name) for name in MessageHistory.__slots__}
    kept["recipients"] = np.rint(history.recipients * share).astype(np.int64)
    kept["purchases"] = np.minimum(rng.binomial(history.purchases, share), kept["recipients"])
    kept["revenue_micros"] = kept["purchases"] * history.price_micros
    return MessageHistory(**kept)


def cut_off(history: MessageHistory, rng: np.random.Generator) -> MessageHistory:
    """The first third is not known."""
    return history.only(aged(history) > 1 / 3)


BENDS: dict[str, Bend | None] = {
    "as played": None,
    "dearer midway": dearer_midway,
    "cheaper lately": cheaper_lately,
    "weak captions lately": weak_captions_lately,
    "falling season": falling_season,
    "growing audience": growing_audience,
    "first third unknown": cut_off,
}
