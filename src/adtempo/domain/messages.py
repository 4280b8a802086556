"""A creator's page: what it sent, the bank it chooses captions from, and what an analysis says of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]
Names = NDArray[np.str_]
Instants = NDArray[np.datetime64]


class MessageType(StrEnum):
    """What a message asks of its recipients: money, or a look."""

    PPV = "PPV"
    BUMP = "Bump"


class PriceTier(StrEnum):
    """How dear a caption's message is; the captions of Bumps are free."""

    BUDGET = "Budget"
    MID = "Mid"
    PREMIUM = "Premium"
    FREE = "Free"


class Zone(StrEnum):
    """How worn out an audience is."""

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"


class Tier(StrEnum):
    """How much a page earns."""

    MICRO = "MICRO"
    SMALL = "SMALL"
    MEDIUM = "MEDIUM"
    LARGE = "LARGE"
    MEGA = "MEGA"


YELLOW_FROM = 0.30
"""Saturation from which a page is YELLOW, inclusive."""

RED_ABOVE = 0.60
"""Saturation above which a page is RED."""


def zone_of(saturation: float) -> Zone:
    """Return the zone of a saturation, 0 to 1.

    >>> zone_of(0.29), zone_of(0.30), zone_of(0.60), zone_of(0.61)
    (<Zone.GREEN: 'GREEN'>, <Zone.YELLOW: 'YELLOW'>, <Zone.YELLOW: 'YELLOW'>, <Zone.RED: 'RED'>)
    """
    if saturation < YELLOW_FROM:
        return Zone.GREEN
    return Zone.YELLOW if saturation <= RED_ABOVE else Zone.RED


@dataclass(frozen=True, slots=True, eq=False)
class MessageHistory:
    """What one page sent, in order of time, as known at one moment; arrays of shape (messages,).

    Attributes:
        page_name: Whose.
        timezone: The page's own, IANA name.
        sent_at: When, UTC, datetime64[us], rising.
        paid: Whether it was a PPV; otherwise a Bump.
        caption_id: Its caption.
        price_tier: Of the caption, values of PriceTier.
        content_category: Of the caption; empty where nobody said.
        price_micros: Price, micros of the page's currency; 0 for a Bump.
        recipients: Fans who got it.
        views: Fans who saw it.
        purchases: Fans who had bought at that moment.
        revenue_micros: What they had paid, micros.
    """

    page_name: str
    timezone: str
    sent_at: Instants
    paid: Bools
    caption_id: Texts
    price_tier: Texts
    content_category: Texts
    price_micros: Ints
    recipients: Ints
    views: Ints
    purchases: Ints
    revenue_micros: Ints

    def __len__(self) -> int:
        return len(self.sent_at)

    def only(self, chosen: NDArray[Any]) -> MessageHistory:
        """Return some of the messages, chosen by a mask or by rising positions."""
        arrays = {name: getattr(self, name)[chosen] for name in self.__slots__ if name not in {"page_name", "timezone"}}
        return MessageHistory(self.page_name, self.timezone, **arrays)


@dataclass(frozen=True, eq=False)
class CaptionBank:
    """The captions that a page may use, paid and free; arrays of shape (captions,). Texts are not needed to choose.

    Attributes:
        caption_id: Unique.
        price_tier: Values of PriceTier.
        content_category: Empty where nobody said.
        has_urgency: Whether the text presses.
        kind: A number that captions of one price tier and category share.
    """

    caption_id: Texts
    price_tier: Names
    content_category: Texts
    has_urgency: Bools
    kind: Ints

    @classmethod
    def of(cls, caption_id: Texts, price_tier: ArrayLike, content_category: Texts, has_urgency: Bools) -> CaptionBank:
        """Number the kinds of captions; of a large bank once, since `only` keeps the numbers."""
        tiers, categories = np.asarray(price_tier, dtype=np.str_), np.unique(content_category, return_inverse=True)[1]
        kind = np.unique(tiers, return_inverse=True)[1] * (len(caption_id) + 1) + categories
        return cls(caption_id, tiers, content_category, has_urgency, kind)

    def __len__(self) -> int:
        return len(self.caption_id)

    def only(self, chosen: NDArray[Any]) -> CaptionBank:
        """Return some of the captions, chosen by a mask or by positions."""
        return CaptionBank(**{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each caption stands, by its id."""
        return {caption: place for place, caption in enumerate(self.caption_id.tolist())}


@dataclass(frozen=True, slots=True)
class Classification:
    """How much a page earns.

    Attributes:
        tier: Its tier.
        revenue_28_days_micros: Revenue of the trailing 28 days, micros.
        revenue_monthly_micros: The same scaled to a month, micros.
        evidence: Why this tier, in words.
    """

    tier: Tier
    revenue_28_days_micros: int
    revenue_monthly_micros: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Saturation:
    """How far value per recipient has fallen below the page's own baseline because of recent paid volume.

    Attributes:
        score: Expected share that is lost at this moment, 0 to 1.
        low95: Lower end of its 95% interval.
        high95: Upper end.
        zone: What the score means for the week's volume.
        thin: Whether there are too few paid messages to tell; then the score is mostly what is usual elsewhere.
        paid_messages: Paid messages that are old enough to be counted.
        load: Paid messages still felt: each counts 1 when it is sent and fades with the half-life.
        half_life_hours: How long until a message is half forgotten, as far as the page tells.
        evidence: Why, in words.
    """

    score: float
    low95: float
    high95: float
    zone: Zone
    thin: bool
    paid_messages: int
    load: float
    half_life_hours: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Trait:
    """One side of how an audience buys.

    Attributes:
        question: Such as "early or late".
        answer: One of the two, or "no clear sign".
        value: What it was judged by, in the unit that the evidence names; None with too little data.
        low95: Lower end of its 95% interval.
        high95: Upper end.
        evidence: Why, in words.
    """

    question: str
    answer: str
    value: float | None
    low95: float | None
    high95: float | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Segment:
    """How a page's audience buys.

    Attributes:
        name: The clear answers, such as "early, price-sensitive"; "no clear sign" without any.
        traits: Each question.
    """

    name: str
    traits: tuple[Trait, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """One hour, weekday, tier or category beside the page's average.

    Attributes:
        label: Which.
        messages: Paid messages that are old enough to be counted.
        value_micros: Revenue per recipient as measured, micros; None without a recipient.
        factor: Expected value per recipient against the page's average, all else being equal; 1 is average.
        low95: Lower end of its 95% interval; None with too little data.
        high95: Upper end.
    """

    label: str
    messages: int
    value_micros: float | None
    factor: float
    low95: float | None
    high95: float | None


@dataclass(frozen=True, slots=True)
class Pattern:
    """Whether hours, weekdays, tiers or categories differ, and how.

    Attributes:
        levels: Each of them; factors are all 1 where there is no pattern.
        found: Whether they differ beyond what noise explains, allowing for how many were looked at.
        p_value: Probability of as large a difference by chance; None with too little data.
        evidence: In words.
    """

    levels: tuple[Level, ...]
    found: bool
    p_value: float | None
    evidence: str

    @property
    def factors(self) -> Floats:
        """The expected factors in the order of the levels, shape (levels,)."""
        return np.array([level.factor for level in self.levels])


@dataclass(frozen=True, slots=True)
class CaptionResult:
    """What one caption did.

    Attributes:
        caption_id: Which.
        messages: How often it was sent.
        expected_micros: Expected revenue per recipient of its next message, micros.
        low95: Lower end of its 95% interval.
        high95: Upper end.
        performance_score: Probability that it earns more than the page's typical caption, 0 to 1.
    """

    caption_id: str
    messages: int
    expected_micros: float
    low95: float
    high95: float
    performance_score: float


@dataclass(frozen=True, slots=True)
class CaptionReview:
    """How captions did, and where the page is heading.

    Attributes:
        best: The best that were sent, best first.
        weakest: The weakest that were sent, weakest first.
        tried: How many captions were sent.
        trend: Change of value per recipient in 28 days, all else being equal, as a share; None with too little data.
        trend_low95: Lower end of its 95% interval.
        trend_high95: Upper end.
        evidence: In words.
    """

    best: tuple[CaptionResult, ...]
    weakest: tuple[CaptionResult, ...]
    tried: int
    trend: float | None
    trend_low95: float | None
    trend_high95: float | None
    evidence: str


@dataclass(frozen=True, slots=True)
class PageAnalysis:
    """What is known of a page at one moment, in eight sections.

    Attributes:
        page_name: Which page.
        classification: How much it earns.
        saturation: How worn out its audience is.
        segment: How its audience buys.
        hours: The 168 hours of the week, hour 0 being Monday 00:00 in the page's zone.
        weekdays: Monday to Sunday.
        price_tiers: Those of Budget, Mid and Premium that were sent.
        categories: Content categories that were sent, in alphabetical order.
        captions: How captions did, and where the page is heading.
    """

    page_name: str
    classification: Classification
    saturation: Saturation
    segment: Segment
    hours: Pattern
    weekdays: Pattern
    price_tiers: Pattern
    categories: Pattern
    captions: CaptionReview


@dataclass(frozen=True, slots=True, eq=False)
class CaptionPosteriors:
    """What is believed of each caption of a bank; arrays of shape (captions,).

    A recipient buys (of a free caption: looks) at a rate whose distribution is a gamma's; a sale brings the price that
    the page usually takes for the caption's tier.

    Attributes:
        caption_id: In the order of the bank.
        shape: Of the gamma distribution: successes that are known of, and the prior's.
        recipients: Its rate parameter: recipients who were asked, and the prior's, at the page's average conditions.
        price_micros: What a sale brings; 0 for free captions, NaN where the page never sold anything.
        tried: Whether the caption's own evidence outweighs the prior.
        batches: Weeks of feedback that the page has learnt from.
    """

    caption_id: Texts
    shape: Floats
    recipients: Floats
    price_micros: Floats
    tried: Bools
    batches: int

    def __len__(self) -> int:
        return len(self.caption_id)

    @property
    def expected_micros(self) -> Floats:
        """Expected revenue per recipient, micros; 0 for free captions, NaN without a price."""
        return np.asarray(self.shape / self.recipients * self.price_micros)
