"""One model of how a page's audience buys, that every section of its analysis reads.

The chance that a recipient buys is a product: the page's level, slow seasons, the hour and weekday, the price, the
category, the caption's own quality, and what recent paid messages have worn off. All are learnt together, so that none
is blamed for another: a good hour that gets the weak captions is still a good hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from adtempo.domain.hourweek import DAYS_PER_WEEK, HOURS_PER_DAY, HOURS_PER_WEEK
from adtempo.domain.messages import Floats, Instants, Ints, MessageHistory, PriceTier, Texts
from adtempo.stats.mixed import MixedFit, Part
from adtempo.stats.saturation import Sends, Wear, estimate_wear

SETTLED_AFTER = timedelta(hours=48)
"""A younger message may still sell, so it is felt but not judged."""

MEMORY = timedelta(days=365)
"""Older messages say little of today's audience."""

JUDGED_MIN = 8
"""With fewer judged paid messages nothing is learnt."""

WEEK_DOUBT = 0.08
"""Weeks as a whole come out so much better or worse (standard deviation of the logarithm) than all that is known to be
unsure explains; measured on pages of the sandbox."""

PAID_TIERS = (PriceTier.BUDGET, PriceTier.MID, PriceTier.PREMIUM)

_AUDIENCE_DAYS = 14
_SEASON_DAYS = 56.0
_SEASON_STEP_DAYS = 28.0
_DAYPART_HOURS = 4
_SMOOTH_HOURS = 2.0
_CAPTION_SPREAD = 0.35
_CELL_SPREADS = {"hour": 0.2, "weekday": 0.1, "daypart": 0.05}
_HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True, slots=True, eq=False)
class PageResponse:
    """How a page's audience buys, as far as its history tells.

    Attributes:
        judged: The paid messages that were judged.
        hours_local: Hour of the week of each in the page's zone, 0-167.
        categories: Names of categories, in the order of their effects.
        caption_ids: Names of units, in the order of `wear.fit.unit_effects`.
        price_usual_micros: The price that effects are relative to.
        wear: What was learnt.
    """

    judged: MessageHistory
    hours_local: Ints
    categories: tuple[str, ...]
    caption_ids: tuple[str, ...]
    price_usual_micros: float
    wear: Wear

    @property
    def fit(self) -> MixedFit:
        """The effects."""
        return self.wear.fit


def estimate_response(history: MessageHistory, now: datetime) -> PageResponse | None:
    """Take a page's sales apart; None with too few paid messages to try.

    Args:
        history: What the page sent, as known now.
    """
    paid = _recent_paid(history, now)
    judged_at = np.flatnonzero((paid.sent_at <= _utc(now - SETTLED_AFTER)) & (paid.recipients > 0))
    if len(judged_at) < JUDGED_MIN:
        return None
    judged = paid.only(judged_at)
    cells = local_hours(judged.sent_at, judged.timezone)
    categories = tuple(sorted({str(name) for name in judged.content_category}))
    caption_ids, unit = np.unique(judged.caption_id.astype(str), return_inverse=True)
    prices = np.maximum(judged.price_micros.astype(np.float64), 1.0)
    usual = float(np.median(prices))
    wear = estimate_wear(
        Sends(
            hours=_hours(paid.sent_at),
            weights=_reach(paid),
            judged=judged_at,
            counts=judged.purchases.astype(np.float64),
            exposure=judged.recipients.astype(np.float64),
            unit=unit.astype(np.int64),
        ),
        _parts(judged, cells, categories, np.log(prices / usual)),
        _CAPTION_SPREAD,
        float(_hours(np.array([_utc(now)]))[0]),
    )
    return PageResponse(judged, cells, categories, tuple(caption_ids.tolist()), usual, wear)


def usual_conditions(response: PageResponse) -> Floats:
    """Return how well each judged message was placed against the page's average of today, shape (messages,).

    Its hour, its week, its price beside its tier's, and the tiredness it met against the average; its season against
    the latest.
    """
    placed = response.wear.costs + response.fit.fitted("hour", "weekday", "daypart", "price", "week")
    season = response.fit.fitted("season")
    return np.asarray(np.exp(placed - np.average(placed, weights=response.judged.recipients) + season - season[-1]))


def draw_conditions(response: PageResponse, at: Instants, rng: np.random.Generator, draws: int) -> Floats:
    """Draw how well further paid messages are placed against the page's average of today, shape (draws, messages).

    What the volume before them and of their own costs or spares, and how good a week it will be; their hour and price
    are not in it.

    Args:
        at: When they would be sent, UTC, rising, shape (messages,).
        rng: Seeded by the caller.
    """
    sends, fit = response.wear.sends, response.fit
    lately = sends.weights[sends.hours > sends.hours[-1] - _AUDIENCE_DAYS * HOURS_PER_DAY]
    costs = response.wear.draw_costs(_hours(at), np.full(len(at), lately.mean()), rng, draws)
    usual = {part.name: part.design.mean(axis=0, keepdims=True) for part in fit.parts}
    usual |= {"season": fit.part("season").design[-1:], "week": np.zeros_like(usual["week"])}
    _, doubt = fit.combine(usual)
    parts = [part.name for part in fit.parts]
    weeks = max(float((at[-1] - response.judged.sent_at[-1]) / np.timedelta64(1, "D")) / _SEASON_STEP_DAYS, 0.0)
    step = fit.belief.variances[[parts.index("season"), parts.index("week")]] @ [weeks, 1.0]
    spread = (float(doubt[0, 0]) + float(step) + WEEK_DOUBT**2) ** 0.5
    return np.asarray(np.exp(costs + rng.normal(-0.5 * spread**2, spread, (draws, 1))))


@dataclass(frozen=True, slots=True, eq=False)
class TierValues:
    """What paid messages of each price tier bring, all else being equal; arrays of shape (tiers,).

    Attributes:
        tiers: Those that were sent, cheapest first.
        messages: Judged messages of each.
        log_value: Expected logarithm of revenue per recipient, up to a constant.
        covariance: Its uncertainty, shape (tiers, tiers).
    """

    tiers: tuple[str, ...]
    messages: tuple[int, ...]
    log_value: Floats
    covariance: Floats


def tier_values(response: PageResponse) -> TierValues:
    """Return what each tier brings at the price that the page usually takes for it."""
    judged = response.judged
    tiers = tuple(tier.value for tier in PAID_TIERS if (judged.price_tier == tier).any())
    prices = np.array([np.median(judged.price_micros[judged.price_tier == tier]) for tier in tiers])
    log_price = np.log(np.maximum(prices, 1.0) / response.price_usual_micros)
    names = np.array(tiers, dtype=object)
    mean, covariance = response.fit.combine({"tier": _tier_design(names), "price": log_price[:, None]})
    counts = tuple(int((judged.price_tier == tier).sum()) for tier in tiers)
    return TierValues(tiers, counts, mean + log_price, covariance)


def cell_rows(cells: Ints) -> dict[str, Floats]:
    """Return how hours of the week depend on the parts that say what an hour is worth, shape (cells, effects) each."""
    return {
        "hour": _smooth_hours()[cells % HOURS_PER_DAY],
        "weekday": np.eye(DAYS_PER_WEEK)[cells // HOURS_PER_DAY],
        "daypart": np.eye(HOURS_PER_WEEK // _DAYPART_HOURS)[cells // _DAYPART_HOURS],
    }


def _parts(judged: MessageHistory, cells: Ints, categories: tuple[str, ...], log_price: Floats) -> list[Part]:
    ones = np.ones((len(judged), 1))
    return [
        Part("level", ones, 3.0, learnt=False),
        Part("season", _slow_waves(_hours(judged.sent_at) / HOURS_PER_DAY), 0.07),
        Part("week", _weeks(_hours(judged.sent_at) / HOURS_PER_DAY), 0.07),
        *(Part(name, design, _CELL_SPREADS[name]) for name, design in cell_rows(cells).items()),
        Part("tier", _tier_design(judged.price_tier), 0.7, learnt=False),
        Part("price", log_price[:, None], 0.7, learnt=False),
        Part("category", (judged.content_category[:, None] == np.array(categories, dtype=object)).astype(float), 0.2),
    ]


def _recent_paid(history: MessageHistory, now: datetime) -> MessageHistory:
    return history.only(history.paid & (history.sent_at <= _utc(now)) & (history.sent_at > _utc(now - MEMORY)))


def _reach(paid: MessageHistory) -> Floats:
    """Return which share of the audience of its time got each message: one to a few fans wears out a few."""
    days = _hours(paid.sent_at) / HOURS_PER_DAY
    first, end = np.searchsorted(days, days - _AUDIENCE_DAYS), np.searchsorted(days, days + _AUDIENCE_DAYS, "right")
    audience = np.array([paid.recipients[a:b].max(initial=1) for a, b in zip(first, end, strict=True)])
    return np.asarray(paid.recipients / audience)


def _slow_waves(days: Floats) -> Floats:
    """Return a slope, and waves too slow to be taken for weeks of much or little mail, shape (messages, 1 + waves).

    With coefficients of one spread the waves add up to a random walk (Karhunen-Loeve) that moves so far in 28 days.
    They are level at both ends, so the slope is there for what goes on rising or falling.
    """
    span = max(float(days[-1] - days[0]), 1.0)
    waves = np.arange(1, max(int(2 * span / _SEASON_DAYS), 1) + 1)
    steps = (span / _SEASON_STEP_DAYS) ** 0.5
    since = (days - days[0]) / span
    slow = np.cos(np.pi * np.outer(since, waves)) * steps * 2**0.5 / (np.pi * waves)
    return np.column_stack([(since - 0.5) * steps, slow])


def _weeks(days: Floats) -> Floats:
    """Return the week of each message, counted back from the last: good and bad weeks that no cause explains."""
    back = ((days[-1] - days) // DAYS_PER_WEEK).astype(np.int64)
    return np.asarray(np.eye(int(back[0]) + 1)[back])


@lru_cache(maxsize=1)
def _smooth_hours() -> Floats:
    """Return how 24 hours of the day follow from 24 independent causes, neighbours alike."""
    apart = np.abs(np.subtract.outer(np.arange(HOURS_PER_DAY), np.arange(HOURS_PER_DAY)))
    apart = np.minimum(apart, HOURS_PER_DAY - apart)
    alike = np.exp(-0.5 * (apart / _SMOOTH_HOURS) ** 2) + 1e-6 * np.eye(HOURS_PER_DAY)
    return np.asarray(np.linalg.cholesky(alike))


def _tier_design(price_tier: Texts) -> Floats:
    return np.asarray((price_tier[:, None] == np.array(PAID_TIERS, dtype=object)).astype(np.float64))


def local_hours(sent_at: Instants, timezone: str) -> Ints:
    """Return the hour of the week of each moment in a zone, shape (messages,)."""
    zone = ZoneInfo(timezone)
    local = [moment.replace(tzinfo=UTC).astimezone(zone) for moment in sent_at.astype("datetime64[us]").tolist()]
    return np.array([moment.weekday() * HOURS_PER_DAY + moment.hour for moment in local], dtype=np.int64)


def _hours(moments: Instants) -> Floats:
    return np.asarray((moments - np.datetime64(0, "us")) / _HOUR, dtype=np.float64)


def _utc(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def ages_days(messages: MessageHistory, now: datetime) -> Floats:
    """Return how long ago each message was sent, in days, shape (messages,)."""
    return np.asarray(_hours(np.array([_utc(now)])) - _hours(messages.sent_at)) / HOURS_PER_DAY
