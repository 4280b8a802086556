"""Weeks that were planned for the sandbox's pages and then played as planned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from adtempo.domain.hourweek import hour_of_week
from adtempo.domain.messages import MessageType
from adtempo.messages.decide import PageConditions, WeekPlan, recommend_week
from adtempo.platforms.sandbox.clock import to_us
from adtempo.platforms.sandbox.pages import TIERS, PageHistory, rested_chance, simulate_page, true_saturation
from known_pages import bank_of, history_at, some_page

OPEN_HOURS = frozenset(range(8, 24))


@dataclass(frozen=True)
class PlayedWeek:
    """A plan and what it came to, micros."""

    weeks_known: int
    plan: WeekPlan
    earned: float


def play_some_week(number: int, rng: np.random.Generator) -> PlayedWeek:
    """Plan the week after three to 26 known ones, some hours before it begins, and play it."""
    page, weeks = some_page(number, rng), int(rng.choice([3, 6, 12, 26]))
    first, zone = date(2025, 1, 6) + timedelta(days=int(rng.integers(360))), ZoneInfo(page.timezone)
    played, start = simulate_page(int(rng.integers(2**31)), page, first, weeks), first + timedelta(weeks=weeks)
    now = datetime.combine(start, time(), zone).astimezone(UTC) - timedelta(hours=float(rng.uniform(1, 60)))
    conditions = PageConditions(zone, OPEN_HOURS, frozenset(), history_at(played, now), bank_of(page), {}, ())
    plan = recommend_week(conditions, start, now, int(rng.integers(2**31)))
    return PlayedWeek(weeks, plan, _play(replace(played, paid=played.paid & (played.sent_us <= to_us(now))), plan, rng))


def _play(played: PageHistory, plan: WeekPlan, rng: np.random.Generator) -> float:
    """Return what a plan earns after a history, by the truth about the page."""
    page, zone = played.page, ZoneInfo(played.page.timezone)
    slots = zip(plan.slots.slots, plan.captions, strict=True)
    sent = [(slot.at, caption) for slot, caption in slots if slot.kind is MessageType.PPV]
    at, caption = np.array([to_us(moment) for moment, _ in sent]), np.array([caption for _, caption in sent])
    local = [moment.astimezone(zone) for moment, _ in sent]
    saturation = true_saturation(page, np.concatenate([played.sent_us[played.paid], at]), at)
    chance = rested_chance(
        page,
        np.array([hour_of_week(moment, zone) for moment, _ in sent]),
        np.array([moment.timetuple().tm_yday - 1 for moment in local]),
        caption,
        played.quality,
    ) * (1 - saturation)
    recipients = np.rint(page.fans * rng.uniform(0.9, 1.1, len(at))).astype(np.int64)
    prices = np.rint(np.array([price for _, price, _ in TIERS]) * 1e6)[caption % len(TIERS)]
    return float((rng.binomial(recipients, chance) * prices).sum())
