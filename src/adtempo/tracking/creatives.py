"""From facts per creative and day: which creatives do best, and which have worn out. Pure, like every estimate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isnan
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import CurrenciesMixed, InvalidInput
from adtempo.domain.metrics import CLICKS, CONVERSIONS, Better, Metric, Unit
from adtempo.domain.money import MICROS
from adtempo.domain.panels import QUANTITIES, FactTable, Quantities
from adtempo.stats.shrinkage import shrink_ratios
from adtempo.stats.trend import MATERIAL, Declines, find_declines

Floats = NDArray[np.float64]
Currencies = Mapping[AccountRef, str]

Arrived = Mapping[AccountRef, Mapping[date, float]]

LATE = {"conversions_micros", "conversion_value_micros"}
"""Quantities that arrive late."""

CREATIVE_KEYS = ("platform", "account_id", "campaign_id", "creative_id", "day_local")
"""How facts must be grouped to be read here."""

CLICKS_TO_SETTLE = 7
"""Days until the conversions of a day are taken as complete; younger days say nothing about the conversion rate."""

_WEEK = 7
_HALF = 0.5


class Recommendation(StrEnum):
    """What to do with a creative."""

    KEEP = "keep"
    ROTATE = "rotate"
    REFRESH = "refresh"
    STOP = "stop"


@dataclass(frozen=True, slots=True, order=True)
class CreativeRef:
    """One creative in one campaign."""

    campaign: CampaignRef
    creative_id: str

    def __str__(self) -> str:
        return f"{self.campaign}:{self.creative_id}"


@dataclass(frozen=True, slots=True)
class CreativeFigures:
    """What a creative did.

    Attributes:
        creative: Which one, in which campaign.
        currency: Of its account (ISO 4217).
        first_day: First local day with facts.
        last_day: Last local day with facts.
        figures: Sums over the days; None where nobody measured.
    """

    creative: CreativeRef
    currency: str
    first_day: date
    last_day: date
    figures: Quantities


@dataclass(frozen=True, slots=True)
class RankedCreative:
    """A creative's place by one metric.

    Attributes:
        creative: What it did.
        raw: The metric as reported so far.
        expected: What it is likely to come to, drawn towards its campaign the more, the less is known; what the ranking
            goes by.
        low95: Lower end of the 95% interval of `expected`.
        high95: Its upper end.
    """

    creative: CreativeFigures
    raw: float
    expected: float
    low95: float
    high95: float


@dataclass(frozen=True, slots=True)
class RateFall:
    """Whether one rate has fallen.

    Attributes:
        score: 0 to 1; from 0.5 on it is flagged.
        probability: That it fell by at least a tenth of its healthy level; None with too little data.
        healthy: Rate before it fell, in percent; None with too little data.
        fall: Expected share of the healthy rate that is lost; None with too little data.
    """

    score: float
    probability: float | None
    healthy: float | None
    fall: float | None

    @property
    def flagged(self) -> bool:
        return self.score >= _HALF


@dataclass(frozen=True, slots=True)
class CreativeFatigue:
    """Whether a creative has worn out, what that costs and what to do.

    Attributes:
        creative: What it did.
        ctr: Whether people click less.
        cvr: Whether those who click buy less, on days whose conversions have arrived.
        siblings_fall: Share that the campaign's other creatives lost in their CTR in the last week; None without any.
        frequency: Impressions per person on the campaign's last day with reach; None where it was not reported.
        impressions_daily: Impressions per day in the last week.
        clicks_lost_daily: Expected clicks per day that a healthy creative would get more, if it goes on like this.
        loss_daily_micros: What those clicks would have brought, or, where no value is reported, what they would cost.
        loss_basis: ``value``, ``cpc`` or, without either, ``none``.
        recommendation: What to do.
        reason: Why, in words.
    """

    creative: CreativeFigures
    ctr: RateFall
    cvr: RateFall
    siblings_fall: float | None
    frequency: float | None
    impressions_daily: float
    clicks_lost_daily: float
    loss_daily_micros: int
    loss_basis: str
    recommendation: Recommendation
    reason: str

    @property
    def fatigued(self) -> bool:
        """Whether its CTR is flagged."""
        return self.ctr.flagged

    @property
    def fatigue_score(self) -> float:
        """Evidence of fatigue, 0 to 1; from 0.5 on it is flagged."""
        return self.ctr.score


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """Facts laid out by creative and day: arrays of shape (creatives, days)."""

    refs: tuple[CreativeRef, ...]
    currencies: tuple[str, ...]
    days: NDArray[np.datetime64]
    sums: dict[str, NDArray[np.int64]]
    measured: dict[str, NDArray[np.bool_]]

    @property
    def campaigns(self) -> NDArray[np.str_]:
        return np.array([str(ref.campaign) for ref in self.refs], dtype=np.str_)

    @property
    def accounts(self) -> NDArray[np.str_]:
        return np.array([str(ref.campaign.account) for ref in self.refs], dtype=np.str_)

    def floats(self, name: str) -> Floats:
        return self.sums[name].astype(np.float64)


def estimate_creatives(facts: FactTable, currencies: Currencies) -> tuple[CreativeFigures, ...]:
    """Add up what each creative did, in the order of platform, account, campaign and creative.

    Args:
        facts: Grouped by CREATIVE_KEYS. Facts that no source gave a creative are left out.
    """
    return tuple(_figures(_panel(facts, currencies)))


def estimate_top_creatives(
    facts: FactTable,
    currencies: Currencies,
    metric: Metric,
    *,
    impressions_min: int,
    top: int,
    arrived: Arrived = MappingProxyType({}),
) -> tuple[RankedCreative, ...]:
    """Rank creatives by a metric, the best first; one lucky click makes no winner.

    A ratio is ranked by what it is likely to be, drawn towards its campaign. A sum is what it is. Where conversions are
    still arriving, what they are held against counts by the share of them that has: a young creative is not a bad one.

    Args:
        facts: Grouped by CREATIVE_KEYS.
        metric: What to rank by; where neither direction is better, the largest come first.
        impressions_min: Creatives with fewer impressions are left out.
        top: How many to return at most.
        arrived: Share of the conversions of each account's days that has been reported; a day without one is whole.

    Raises:
        InvalidInput: The metric is not known per creative, or a number is out of range.
        CurrenciesMixed: It is an amount, and accounts have several currencies.
    """
    if top < 1 or impressions_min < 0:
        raise InvalidInput("the number of creatives is at least 1, and the least number of impressions at least 0")
    names = [metric.numerator] if metric.denominator is None else [metric.numerator, metric.denominator]
    if not set(names) <= set(QUANTITIES):
        raise InvalidInput(f"{metric.name} cannot be added up over a creative's days; choose another metric")
    panel = _panel(facts, currencies)
    mixed = sorted(set(panel.currencies))
    if metric.unit is Unit.MICROS and len(mixed) > 1:
        raise CurrenciesMixed(mixed)
    known = np.logical_and.reduce([panel.measured[name].any(axis=1) for name in names])
    known &= panel.sums["impressions"].sum(axis=1) >= impressions_min
    raw, expected, low, high = _ranked_values(panel, metric, arrived)
    known &= ~np.isnan(raw)
    order = np.argsort(expected if metric.better_when is Better.LOWER else -expected, kind="stable")
    figures = list(_figures(panel))
    chosen = [int(place) for place in order if known[place]][:top]
    return tuple(
        RankedCreative(figures[i], float(raw[i]), float(expected[i]), float(low[i]), float(high[i])) for i in chosen
    )


def _ranked_values(panel: _Panel, metric: Metric, arrived: Arrived) -> tuple[Floats, Floats, Floats, Floats]:
    scale = float(metric.scale)
    tops = panel.floats(metric.numerator) * scale
    if metric.denominator is None:
        total = tops.sum(axis=1)
        return total, total, total, total
    bottoms = panel.floats(metric.denominator)
    raw = shrink_ratios(tops, bottoms, panel.campaigns).raw
    late = [name in LATE for name in (metric.numerator, metric.denominator)]
    if any(late) and not all(late):
        share = _shares(panel, arrived)
        tops, bottoms = (tops, bottoms * share) if late[0] else (tops * share, bottoms)
    event = {CLICKS.numerator: scale, CONVERSIONS.numerator: MICROS * scale}.get(metric.numerator)
    found = shrink_ratios(tops, bottoms, panel.campaigns, event)
    return raw, found.value, found.low95, found.high95


def _shares(panel: _Panel, arrived: Arrived) -> Floats:
    days = panel.days.tolist()
    rows = {ref: [shares.get(day, 1.0) for day in days] for ref, shares in arrived.items()}
    whole = [1.0] * len(days)
    return np.array([rows.get(ref.campaign.account, whole) for ref in panel.refs], dtype=np.float64)


def estimate_creative_fatigue(
    facts: FactTable, currencies: Currencies, frequency: Mapping[CampaignRef, float]
) -> tuple[CreativeFatigue, ...]:
    """Say of each creative whether it has worn out, as known at the end of the last day; the most tired come first.

    It may be asked every day: of healthy creatives at most about 5% are ever flagged in eight weeks. Method and
    measured limits: docs/explain/creative-fatigue.md.

    Args:
        facts: Grouped by CREATIVE_KEYS, whole local days; eight to nine weeks are enough. They should hold every
            creative of their campaigns: these are each other's yardstick.
        frequency: Impressions per person on the campaign's last day with reach, where it was reported.
    """
    panel = _panel(facts, currencies)
    if not panel.refs:
        return ()
    clicks, impressions = panel.floats("clicks"), panel.floats("impressions")
    settled = max(clicks.shape[1] - CLICKS_TO_SETTLE, 0)
    ctr = find_declines(clicks, impressions, panel.campaigns, panel.accounts)
    cvr = find_declines(
        panel.floats("conversions_micros")[:, :settled] / MICROS, clicks[:, :settled], panel.campaigns, panel.accounts
    )
    recent = impressions[:, -_WEEK:]
    shown = recent.sum(axis=1) / np.maximum(np.count_nonzero(recent, axis=1), 1)
    lost = shown * np.nan_to_num(ctr.healthy * ctr.fall)
    price, basis = _price_of_click(panel)
    loss = np.rint(lost * price).astype(np.int64)
    found = []
    for i, figures in enumerate(_figures(panel)):
        clicked, bought = _rate_fall(ctr, i), _rate_fall(cvr, i)
        siblings = None if isnan(ctr.siblings_fall[i]) else float(ctr.siblings_fall[i])
        often = frequency.get(figures.creative.campaign)
        what, why = _recommendation(clicked, bought, siblings, often)
        amounts = (float(shown[i]), float(lost[i]), int(loss[i]), basis[i])
        found.append(CreativeFatigue(figures, clicked, bought, siblings, often, *amounts, what, why))
    return tuple(sorted(found, key=lambda one: (-one.fatigue_score, one.creative.creative)))


def _rate_fall(declines: Declines, place: int) -> RateFall:
    if isnan(declines.probability[place]):
        return RateFall(0.0, None, None, None)
    return RateFall(
        score=float(declines.score[place]),
        probability=float(declines.probability[place]),
        healthy=100 * float(declines.healthy[place]),
        fall=float(declines.fall[place]),
    )


def _price_of_click(panel: _Panel) -> tuple[Floats, list[str]]:
    """Return what a click of each creative's campaign brings, or else costs, in micros."""
    labels = np.unique(panel.campaigns, return_inverse=True)[1]

    def campaign_total(name: str) -> Floats:
        return np.asarray(np.bincount(labels, weights=panel.floats(name).sum(axis=1))[labels])

    value, spend = campaign_total("conversion_value_micros"), campaign_total("spend_micros")
    clicks = np.maximum(campaign_total("clicks"), 1.0)
    price = np.where(value > 0, value, spend) / clicks
    basis = np.where(value > 0, "value", np.where(spend > 0, "cpc", "none"))
    return price, [str(name) for name in basis]


def _recommendation(
    ctr: RateFall, cvr: RateFall, siblings: float | None, frequency: float | None
) -> tuple[Recommendation, str]:
    if ctr.fall is None or ctr.probability is None:
        return Recommendation.KEEP, "Too little was shown to say anything."
    seen = "" if frequency is None else f" People saw the campaign {frequency:.1f} times on its last day."
    bought = " Those who click buy less, too." if cvr.flagged else ""
    if not ctr.flagged:
        if cvr.flagged:
            return Recommendation.KEEP, "People click as before but buy less: look at the offer and the landing page."
        if ctr.probability >= _HALF:
            return Recommendation.KEEP, f"CTR may be falling ({ctr.probability:.0%} likely); not enough to act on."
        return Recommendation.KEEP, "No sign of a fall beyond the usual ups and downs."
    fell = f"CTR lost {ctr.fall:.0%} of its healthy {ctr.healthy:.2f}% ({ctr.probability:.0%} sure of {MATERIAL:.0%})."
    if siblings is None:
        return Recommendation.REFRESH, f"{fell}{bought}{seen} There is no other creative here: bring a new one."
    if siblings >= ctr.fall / 2:
        why = "The campaign's other creatives fell as well: the audience may be tired of all; bring new ones."
        return Recommendation.REFRESH, f"{fell}{bought}{seen} {why}"
    if ctr.fall >= _HALF:
        return (
            Recommendation.STOP,
            f"{fell}{bought}{seen} More than half is gone, and the campaign's other creatives hold: stop it.",
        )
    return Recommendation.ROTATE, f"{fell}{bought}{seen} The campaign's other creatives hold: let them take over."


def _panel(facts: FactTable, currencies: Currencies) -> _Panel:
    if tuple(facts.keys) != CREATIVE_KEYS:
        raise InvalidInput(f"facts about creatives are grouped by {', '.join(CREATIVE_KEYS)}")
    ids = facts.keys["creative_id"]
    named = np.array([bool(creative) for creative in ids], dtype=np.bool_)
    rows: list[tuple[Any, ...]] = list(zip(*(facts.keys[key][named] for key in CREATIVE_KEYS[:4]), strict=True))
    places = {row: place for place, row in enumerate(sorted(set(rows)))}
    days = facts.keys["day_local"][named]
    calendar = np.arange(days.min(), days.max() + 1) if len(days) else days
    where = (
        np.array([places[row] for row in rows], dtype=np.int64),
        (days - calendar[:1]).astype(np.int64) if len(days) else days.astype(np.int64),
    )
    shape = len(places), len(calendar)
    sums, measured = {}, {}
    for name in QUANTITIES:
        sums[name] = np.zeros(shape, np.int64)
        measured[name] = np.zeros(shape, np.bool_)
        sums[name][where] = facts.sums[name][named]
        measured[name][where] = facts.measured[name][named]
    refs = tuple(CreativeRef(CampaignRef(*row[:3]), row[3]) for row in places)
    return _Panel(refs, tuple(currencies[ref.campaign.account] for ref in refs), calendar, sums, measured)


def _figures(panel: _Panel) -> Iterator[CreativeFigures]:
    for place, ref in enumerate(panel.refs):
        there = np.logical_or.reduce([panel.measured[name][place] for name in QUANTITIES])
        days: Sequence[date] = panel.days[there].tolist()
        sums = {
            name: int(panel.sums[name][place].sum()) if panel.measured[name][place].any() else None
            for name in QUANTITIES
        }
        yield CreativeFigures(ref, panel.currencies[place], days[0], days[-1], Quantities(**sums))
